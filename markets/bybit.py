"""Bybit: spot candles and tickers, perpetual contracts and their history as our shapes.

Its lists come newest first. A change in percent is told as a fraction; ours comes from prices.
"""

from collections.abc import Mapping
from math import nan
from typing import Any

import numpy as np

from net import Endpoint, Route
from shapes import (
    CANDLE_COLUMNS,
    Candles,
    Exchange,
    Funding,
    FundingHistory,
    Interest,
    InterestHistory,
    Ratios,
    Refusal,
    Ticker,
    columns,
    most,
    need,
    number,
    text,
)

from .figures import Params, once
from .names import split, unit
from .shared import candles as made
from .shared import day, listed, moment, points, rate, sides

TOO_MANY, PAYMENTS = 10006, 200
FIGURES = ("lastPrice", "prevPrice24h", "highPrice24h", "lowPrice24h", "volume24h", "turnover24h")
BARS = {
    "1m": "1",
    "3m": "3",
    "5m": "5",
    "15m": "15",
    "30m": "30",
    "1h": "60",
    "2h": "120",
    "4h": "240",
    "6h": "360",
    "12h": "720",
    "1d": "D",
    "1w": "W",
}
PERIODS = {"5m": "5min", "15m": "15min", "30m": "30min", "1h": "1h", "4h": "4h", "1d": "1d"}


def result(body: Any, params: Params, empty: bool = False) -> Mapping[str, Any]:
    """Return what the envelope holds. Raises Refusal for an error, ValueError for nothing.

    Nothing is an answer where it may be `empty`.
    """
    code = body["retCode"]
    need(isinstance(code, int), "not a code")
    if code != 0:
        raise Refusal("limited" if code == TOO_MANY else "refused", body["retMsg"], code)
    found = body["result"]
    need(found.get("category", params["category"]) == params["category"], "another kind")
    need(found.get("symbol", params.get("symbol")) == params.get("symbol"), "another pair")
    need(isinstance(found["list"], list) and (found["list"] or empty), "no rows")
    return found


def own(body: Any, params: Params, empty: bool = False) -> list[Any]:
    """Return rows that are all about the contract asked for. Raises ValueError."""
    rows = result(body, params, empty)["list"]
    need(all(row["symbol"] == params["symbol"] for row in rows), "rows of another contract")
    return rows


def candles(body: Any, served: float, params: Params) -> Candles:
    """Read candles of a spot pair or a perpetual, per coin."""
    table = columns(result(body, params)["list"], 7)[:, ::-1]
    return made(
        table[:6], params["_interval"], served, quote=table[6], multiplier=params["_multiplier"]
    )


def page(body: Any, served: float, params: Params) -> Candles:
    """Read a page of candles, which has no rows from before the first trade."""
    if result(body, params, empty=True)["list"]:
        return candles(body, served, params)
    return Candles(np.empty((CANDLE_COLUMNS, 0)))


def tickers(body: Any, _served: float, params: Params) -> dict[str, Ticker]:
    """Read 24-hour tickers of spot pairs; those never traded are left out."""
    rows = most(result(body, params)["list"], spot)
    found = {symbol: ticker for symbol, ticker, _ in rows if ticker}
    need(found, "no tickers")
    return found


def pairs(body: Any, _served: float, params: Params) -> Exchange:
    """Read the spot pairs that were traded out of their tickers, those with a quote we know."""
    rows = most(result(body, params)["list"], spot)
    known = [(split(symbol), figures[:4]) for symbol, ticker, figures in rows if ticker]
    return listed((*names, prices) for names, prices in known if names)


def spot(row: Mapping[str, Any]) -> tuple[str, Ticker | None, list[str]]:
    """Read one pair's symbol, its ticker, None if it was never traded, and the figures."""
    figures = [row[key] for key in FIGURES]
    return text(row["symbol"]), day(figures), figures


def funding(body: Any, _served: float, params: Params) -> dict[str, Funding]:
    """Read linear tickers: the USDT perpetuals that pay funding and have a price."""
    rows = most(result(body, params)["list"], perpetual)
    found = {name: row for name, row in rows if row}
    need(found, "no perpetual contracts")
    return found


def contracts(body: Any, _served: float, params: Params) -> dict[str, float]:
    """Read instruments: the hours between payments of the USDT perpetuals."""
    rows = most(result(body, params)["list"], instrument)
    found = {name: hours for name, hours in rows if hours and name.endswith("USDT")}
    need(found, "no perpetual contracts")
    return found


def instrument(row: Mapping[str, Any]) -> tuple[str, float]:
    """Read a contract's name and hours between payments, 0 if it is no perpetual."""
    name, kind = text(row["symbol"]), text(row["contractType"])
    if kind != "LinearPerpetual":
        return name, 0.0
    hours = number(row["fundingInterval"]) / 60
    need(1 <= hours <= 24, "not an interval in hours")
    return name, hours


def perpetual(row: Mapping[str, Any]) -> tuple[str, Funding | None]:
    """Read a contract's name, funding, prices and open interest, None if it is no perpetual."""
    name, told = text(row["symbol"]), (row["fundingRate"], row["markPrice"], row["indexPrice"])
    if not (name.endswith("USDT") and "" not in told and number(row["nextFundingTime"])):
        return name, None
    hours = row.get("fundingIntervalHour", "")
    hours = nan if hours == "" else number(hours)
    need(not (hours < 1 or hours > 24), "not an interval in hours")
    mark, index = number(row["markPrice"]), number(row["indexPrice"])
    need(mark and index, "a price of 0")
    paid, due = rate(row["fundingRate"]), moment(row["nextFundingTime"])
    return name, Funding(paid, due, mark, index, hours, number(row["openInterest"]))


def interest(body: Any, _served: float, params: Params) -> Interest:
    """Read one perpetual's open interest in coins and USDT."""
    row = own(body, params)[0]
    coins = number(row["openInterest"]) * params["_multiplier"]
    return Interest(moment(body["time"]), coins, number(row["openInterestValue"]))


def funding_history(body: Any, _served: float, params: Params) -> FundingHistory:
    """Read one perpetual's payments."""
    names = ("fundingRateTimestamp", "fundingRate")
    time, paid = points(own(body, params), names, newest_first=True)
    need((abs(paid) < 1).all(), "not a funding rate")
    return FundingHistory(time, paid, np.full(len(paid), nan))


def payments(body: Any, served: float, params: Params) -> FundingHistory:
    """Read a page of payments. Raises Refusal for a full one: older rows may be left out."""
    rows = own(body, params, empty=True)
    if len(rows) >= PAYMENTS:
        raise Refusal("refused", "more payments than a page holds")
    if rows:
        return funding_history(body, served, params)
    return FundingHistory(*np.empty((3, 0)))


def interest_history(body: Any, _served: float, params: Params) -> InterestHistory:
    """Read one perpetual's open interest over time, in coins only."""
    rows = result(body, params)["list"]
    time, base = points(rows, ("timestamp", "openInterest"), newest_first=True)
    need((base >= 0).all(), "less than no interest")
    return InterestHistory(time, base * params["_multiplier"], np.full(len(base), nan))


def ratios(body: Any, _served: float, params: Params) -> Ratios:
    """Read longs against shorts by accounts."""
    names = ("timestamp", "buyRatio", "sellRatio")
    time, long, short = points(own(body, params), names, newest_first=True)
    return sides(time, long, short)


HOST, PATH, DAY = ("bybit",), "/v5/market/", 86400
HOSTS = {"bybit": ("bybit_url", 7200, "")}
YEAR, HISTORY = 365 * DAY, PATH + "funding/history"
KEPT: Mapping[str, Any] = {"ttl": 30 * DAY, "stale": YEAR, "idle": 0}
ENDPOINTS = (
    Endpoint("bybit_candles", HOST, PATH + "kline", once, candles, 60),
    Endpoint("bybit_tickers", HOST, PATH + "tickers", once, tickers, 15, save_every=60),
    Endpoint("bybit_exchange", HOST, PATH + "tickers", once, pairs, 6 * 3600),
    Endpoint("bybit_funding", HOST, PATH + "tickers", once, funding, 30, DAY / 3, 60),
    Endpoint("bybit_contracts", HOST, PATH + "instruments-info", once, contracts, 3600),
    Endpoint("bybit_interest", HOST, PATH + "tickers", once, interest, 30, 3600, 60),
    Endpoint("bybit_funding_history", HOST, HISTORY, once, funding_history, 600),
    Endpoint(
        "bybit_interest_history", HOST, PATH + "open-interest", once, interest_history, 120, DAY
    ),
    Endpoint("bybit_ratio", HOST, PATH + "account-ratio", once, ratios, 120, DAY),
    Endpoint("bybit_pages", HOST, PATH + "kline", once, page, **KEPT),
    Endpoint("bybit_payments", HOST, HISTORY, once, payments, **KEPT),
)
CANDLES, TICKERS, PAIRS, FUNDING, CONTRACTS, INTEREST, FUNDINGS, INTERESTS, RATIOS = ENDPOINTS[:9]
PAGES, PAID = ENDPOINTS[9:]


def candles_route(symbol: str, interval: str) -> Route | None:
    """Return the way to a spot pair's candles."""
    pair = split(symbol)
    if pair is None or interval not in BARS:
        return None
    coin, count = unit(pair[0])
    params = {"category": "spot", "symbol": coin + pair[1], "interval": BARS[interval]}
    return Route(
        CANDLES, {**params, "limit": 1000, "_interval": interval, "_multiplier": 1 / count}
    )


def tickers_route() -> Route:
    """Return the way to the tickers of every spot pair."""
    return Route(TICKERS, {"category": "spot"})


def exchange_route() -> Route:
    """Return the way to the spot pairs that trade, with the decimals their prices show."""
    return Route(PAIRS, {"category": "spot"})


def funding_route() -> Route:
    """Return the way to every contract's funding, prices and open interest."""
    return Route(FUNDING, {"category": "linear"})


def contracts_route() -> Route:
    """Return the way to the contracts that trade and the hours between their payments."""
    return Route(CONTRACTS, {"category": "linear", "limit": 1000})


def contract_route(name: str, interval: str, multiplier: float = 1.0) -> Route | None:
    """Return the way to a contract's candles."""
    if interval not in BARS:
        return None
    params = {"category": "linear", "symbol": name, "interval": BARS[interval], "limit": 1000}
    return Route(CANDLES, {**params, "_interval": interval, "_multiplier": multiplier})


def page_route(
    name: str, interval: str, start: int, end: int, multiplier: float = 1.0
) -> Route | None:
    """Return the way to a contract's bars that open from `start` to before `end`, ms."""
    found = contract_route(name, interval, multiplier)
    return Route(PAGES, {**found.params, "start": start, "end": end - 1}) if found else None


def payments_route(name: str, start: int, end: int) -> Route:
    """Return the way to what a contract paid from `start` to before `end`, ms."""
    params = {"category": "linear", "symbol": name, "limit": PAYMENTS}
    return Route(PAID, {**params, "startTime": start, "endTime": end - 1})


def interest_route(name: str, multiplier: float = 1.0) -> Route:
    """Return the way to a contract's open interest."""
    params = {"category": "linear", "symbol": name, "_multiplier": multiplier}
    return Route(INTEREST, params)


def funding_history_route(name: str) -> Route:
    """Return the way to a contract's last payments."""
    return Route(FUNDINGS, {"category": "linear", "symbol": name, "limit": 200})


def interest_history_route(name: str, period: str, multiplier: float = 1.0) -> Route | None:
    """Return the way to a contract's open interest over time."""
    if period not in PERIODS:
        return None
    params = {"category": "linear", "symbol": name, "intervalTime": PERIODS[period], "limit": 200}
    return Route(INTERESTS, {**params, "_multiplier": multiplier})


def ratio_route(name: str, period: str) -> Route | None:
    """Return the way to longs against shorts of a contract."""
    if period not in PERIODS:
        return None
    params = {"category": "linear", "symbol": name, "period": PERIODS[period], "limit": 500}
    return Route(RATIOS, params)
