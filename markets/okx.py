"""OKX: spot candles and tickers, perpetual swaps, and their statistics as our shapes.

Its lists come newest first. A swap's contracts hold many coins, so only figures in coins are read.
"""

from math import nan
from typing import Any

import numpy as np

from net import Endpoint, Route
from shapes import (
    Candles,
    Exchange,
    Funding,
    FundingHistory,
    Interest,
    InterestHistory,
    Ratios,
    Refusal,
    TakerFlow,
    Ticker,
    columns,
    most,
    need,
    number,
    text,
)

from .binance import weighs
from .figures import Params, once
from .names import split, unit
from .shared import candles as made
from .shared import day, listed, moment, points, rate, sides

TOO_MANY = "50011"
FIGURES = ("last", "open24h", "high24h", "low24h", "vol24h", "volCcy24h")
BARS = {
    **{name: name for name in ("1m", "3m", "5m", "15m", "30m")},
    "1h": "1H",
    "2h": "2H",
    "4h": "4H",
    "6h": "6Hutc",
    "12h": "12Hutc",
    "1d": "1Dutc",
    "1w": "1Wutc",
}
PERIODS = {name: bar for name, bar in BARS.items() if name not in ("1m", "3m", "1w")}
RATIO_PERIODS = ("5m", "1h")


def data(body: Any) -> list[Any]:
    """Return what the envelope holds. Raises Refusal for an error, ValueError for nothing."""
    code = text(body["code"])
    if code != "0":
        raise Refusal("limited" if code == TOO_MANY else "refused", body["msg"], int(code))
    need(isinstance(body["data"], list) and body["data"], "no data")
    return body["data"]


def candles(body: Any, served: float, params: Params) -> Candles:
    """Read candles of a spot pair or a swap; those not confirmed are left out."""
    table = columns(data(body), 9)[:, ::-1]
    done = table[8]
    need((done[:-1] == 1).all() and done[-1] in (0, 1), "an open bar among closed ones")
    table = table[:, done == 1]
    table[5] = table[params.get("_volume", 5)]
    return made(
        table[:6], params["_interval"], served, quote=table[7], multiplier=params["_multiplier"]
    )


def tickers(body: Any, _served: float, _params: Params) -> dict[str, Ticker]:
    """Read 24-hour tickers of spot pairs; those never traded are left out."""
    found = {"".join(names): ticker for names, ticker, _ in most(data(body), spot) if ticker}
    need(found, "no tickers")
    return found


def pairs(body: Any, _served: float, _params: Params) -> Exchange:
    """Read the spot pairs that were traded out of their tickers."""
    rows = most(data(body), spot)
    return listed((*names, figures[:4]) for names, ticker, figures in rows if ticker)


def spot(row: Any) -> tuple[tuple[str, str], Ticker | None, list[str]]:
    """Read one pair's base and quote, its ticker, None if it was never traded, and the figures."""
    base, quote = text(row["instId"]).split("-")
    need(row["instType"] == "SPOT", "not a spot pair")
    figures = [row[key] for key in FIGURES]
    return (text(base), text(quote)), day(figures), figures


def only(body: Any, params: Params) -> Any:
    """Return the one row about the instrument asked for. Raises ValueError."""
    rows = data(body)
    need(len(rows) == 1 and rows[0]["instId"] == params["instId"], "another instrument")
    return rows[0]


def funding(body: Any, _served: float, params: Params) -> dict[str, Funding]:
    """Read one swap's funding; the rate is the one paid at fundingTime."""
    row = only(body, params)
    paid, due = rate(row["fundingRate"]), moment(row["fundingTime"])
    after = row["nextFundingTime"]
    hours = nan if after == "" else (moment(after) - due) / 3_600_000
    need(not (hours < 1 or hours > 24), "not an interval in hours")
    return {params["_symbol"]: Funding(paid, due, hours=hours)}


def funding_history(body: Any, _served: float, params: Params) -> FundingHistory:
    """Read one swap's payments: the rates that were paid, not those foreseen."""
    rows = data(body)
    need(all(row["instId"] == params["instId"] for row in rows), "another instrument")
    time, paid = points(rows, ("fundingTime", "realizedRate"), newest_first=True)
    need((abs(paid) < 1).all(), "not a funding rate")
    return FundingHistory(time, paid, np.full(len(paid), nan))


def interest(body: Any, _served: float, params: Params) -> Interest:
    """Read one swap's open interest in coins and dollars."""
    row = only(body, params)
    coins = number(row["oiCcy"]) * params["_multiplier"]
    return Interest(moment(row["ts"]), coins, number(row["oiUsd"]) if "oiUsd" in row else nan)


def interest_history(body: Any, _served: float, params: Params) -> InterestHistory:
    """Read one swap's open interest over time: rows of time, contracts, coins, dollars."""
    time, _, base, quote = points(data(body), range(4), newest_first=True)
    need((base >= 0).all() and (quote >= 0).all(), "less than no interest")
    return InterestHistory(time, base * params["_multiplier"], quote)


def ratios(body: Any, _served: float, _params: Params) -> Ratios:
    """Read longs against shorts by accounts: rows of time and ratio."""
    time, ratio = points(data(body), range(2), newest_first=True)
    return sides(time, ratio / (1 + ratio), 1 / (1 + ratio))


def taker(body: Any, _served: float, _params: Params) -> TakerFlow:
    """Read what takers sold and bought: rows of time, sold, bought."""
    time, sell, buy = points(data(body), range(3), newest_first=True)
    need((buy >= 0).all() and (sell >= 0).all(), "less than nothing traded")
    return TakerFlow(time, buy, sell)


HOST, PATH, RUBIK = ("okx",), "/api/v5/", "/api/v5/rubik/stat/"
# A minute holds 600 of 20 in two seconds; what may be asked less often weighs more.
HOSTS = {"okx": ("okx_url", 600, "", 2)}
CANDLES, TICKERS, PAIRS, FUNDING, FUNDINGS, INTEREST, HISTORY, RATIOS, TAKER = ENDPOINTS = (
    Endpoint("okx_candles", HOST, PATH + "market/candles", once, candles, 60),
    Endpoint("okx_tickers", HOST, PATH + "market/tickers", once, tickers, 15, save_every=60),
    Endpoint("okx_exchange", HOST, PATH + "market/tickers", once, pairs, 6 * 3600),
    Endpoint("okx_funding", HOST, PATH + "public/funding-rate", weighs(2), funding, 30, 28800, 60),
    Endpoint(
        "okx_funding_history",
        HOST,
        PATH + "public/funding-rate-history",
        weighs(2),
        funding_history,
        600,
        86400,
    ),
    Endpoint("okx_interest", HOST, PATH + "public/open-interest", once, interest, 30, 3600, 60),
    Endpoint(
        "okx_interest_history",
        HOST,
        RUBIK + "contracts/open-interest-history",
        weighs(4),
        interest_history,
        120,
        86400,
    ),
    Endpoint(
        "okx_ratio",
        HOST,
        RUBIK + "contracts/long-short-account-ratio",
        weighs(4),
        ratios,
        120,
        86400,
    ),
    Endpoint("okx_taker", HOST, RUBIK + "taker-volume", weighs(4), taker, 120, 86400),
)


def candles_route(symbol: str, interval: str) -> Route | None:
    """Return the way to a spot pair's candles."""
    pair = split(symbol)
    if pair is None or interval not in BARS:
        return None
    coin, count = unit(pair[0])
    params = {"instId": f"{coin}-{pair[1]}", "bar": BARS[interval], "limit": 300}
    return Route(CANDLES, {**params, "_interval": interval, "_multiplier": 1 / count})


def exchange_route() -> Route:
    """Return the way to the spot pairs that trade, with the decimals their prices show."""
    return Route(PAIRS, {"instType": "SPOT"})


def tickers_route() -> Route:
    """Return the way to the tickers of every spot pair."""
    return Route(TICKERS, {"instType": "SPOT"})


def swap(symbol: str) -> dict[str, Any] | None:
    """Return the parameters of the swap on a symbol's coin against USDT."""
    pair = split(symbol)
    if pair is None or pair[1] != "USDT":
        return None
    coin, count = unit(pair[0])
    return {"instId": f"{coin}-USDT-SWAP", "_multiplier": 1 / count, "_symbol": symbol}


def contract_route(symbol: str, interval: str) -> Route | None:
    """Return the way to the candles of the swap on a symbol's coin."""
    found, params = candles_route(symbol, interval), swap(symbol)
    return Route(CANDLES, {**found.params, **params, "_volume": 6}) if found and params else None


def funding_route(symbol: str) -> Route | None:
    """Return the way to one swap's funding."""
    params = swap(symbol)
    return Route(FUNDING, params) if params else None


def funding_history_route(symbol: str) -> Route | None:
    """Return the way to one swap's last payments."""
    params = swap(symbol)
    return Route(FUNDINGS, {**params, "limit": 100}) if params else None


def interest_route(symbol: str) -> Route | None:
    """Return the way to one swap's open interest."""
    params = swap(symbol)
    return Route(INTEREST, {"instType": "SWAP", **params}) if params else None


def interest_history_route(symbol: str, period: str) -> Route | None:
    """Return the way to one swap's open interest over time."""
    params = swap(symbol)
    if params is None or period not in PERIODS:
        return None
    return Route(HISTORY, {**params, "period": PERIODS[period]})


def ratio_route(symbol: str, period: str) -> Route | None:
    """Return the way to longs against shorts in a coin."""
    params = swap(symbol)
    if params is None or period not in RATIO_PERIODS:
        return None
    coin = params["instId"].split("-")[0]
    return Route(RATIOS, {"ccy": coin, "period": BARS[period]})


def taker_route(symbol: str, period: str) -> Route | None:
    """Return the way to what takers bought and sold of a coin."""
    found = ratio_route(symbol, period)
    return Route(TAKER, {**found.params, "instType": "CONTRACTS"}) if found else None
