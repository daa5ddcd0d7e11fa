"""Binance USD-M futures: its endpoints, and its answers as our shapes.

Contracts keep their own names, like 1000PEPEUSDT; `names.contract` finds them. Where a route takes
a multiplier, prices come out per coin and quantities in coins.
"""

from collections.abc import Mapping
from math import nan
from typing import Any

import numpy as np

from bot import INTERVALS
from markets import binance
from net import Endpoint, Route
from shapes import (
    Basis,
    Candles,
    Exchange,
    Funding,
    FundingHistory,
    Interest,
    InterestHistory,
    Pair,
    Ratios,
    Refusal,
    TakerFlow,
    Ticker,
    decimals,
    most,
    need,
    number,
    text,
)

from .binance import weighs
from .figures import Params, once
from .shared import moment, points, rate, sides

PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")
KLINES = ((99, 1), (499, 2), (1000, 5), (1500, 10))
BARS, POINTS, PAYMENTS = 1000, 500, 1000


def klines_weight(params: Params) -> int:
    """Return the weight of candles by their number."""
    return next(weight for bars, weight in KLINES if params["limit"] <= bars)


def own(rows: Any, params: Params) -> list[Mapping[str, Any]]:
    """Return rows that are all about the contract asked for. Raises ValueError."""
    need(isinstance(rows, list) and rows, "no rows")
    need(all(row["symbol"] == params["symbol"] for row in rows), "rows of another contract")
    return rows


def funding(rows: Any, _served: float, _params: Params) -> dict[str, Funding]:
    """Read premiumIndex: the USDT perpetuals that pay funding and have a price."""
    need(isinstance(rows, list), "no contracts")
    found = {name: row for name, row in most(rows, perpetual) if row}
    need(found, "no perpetual contracts")
    return found


def perpetual(row: Mapping[str, Any]) -> tuple[str, Funding | None]:
    """Read a contract's name and funding, None if it is no perpetual or has no price."""
    name, paid = text(row["symbol"]), row["lastFundingRate"]
    if not name.endswith("USDT") or paid == "" or not number(row["nextFundingTime"]):
        return name, None
    mark, index = number(row["markPrice"]), number(row["indexPrice"])
    found = mark and index
    return name, Funding(rate(paid), moment(row["nextFundingTime"]), mark, index) if found else None


def hours(rows: Any, _served: float, _params: Params) -> dict[str, float]:
    """Read fundingInfo: the hours between payments of the contracts for which they are not 8."""
    need(isinstance(rows, list) and rows, "no contracts")
    found = {text(row["symbol"]): number(row["fundingIntervalHours"]) for row in rows}
    need(all(1 <= value <= 24 for value in found.values()), "not an interval in hours")
    return found


def history(rows: Any, _served: float, params: Params) -> FundingHistory:
    """Read fundingRate; old rows have no mark price."""
    rows = own(rows, params)
    time, paid = points(rows, ("fundingTime", "fundingRate"))
    need((abs(paid) < 1).all(), "not a funding rate")
    mark = [nan if row["markPrice"] == "" else number(row["markPrice"]) for row in rows]
    return FundingHistory(time, paid, np.array(mark))


def payments(rows: Any, served: float, params: Params) -> FundingHistory:
    """Read a page of fundingRate. Raises Refusal for a full one: newer rows may be left out."""
    if rows == []:
        return FundingHistory(*np.empty((3, 0)))
    found = history(rows, served, params)
    if len(found.time) >= PAYMENTS:
        raise Refusal("refused", "more payments than a page holds")
    return found


def interest(body: Any, _served: float, params: Params) -> Interest:
    """Read openInterest in coins."""
    need(body["symbol"] == params["symbol"], "another contract")
    return Interest(
        moment(body["time"]), number(body["openInterest"]) * params.get("_multiplier", 1)
    )


def interest_history(rows: Any, _served: float, params: Params) -> InterestHistory:
    """Read openInterestHist in coins and USDT."""
    names = ("timestamp", "sumOpenInterest", "sumOpenInterestValue")
    time, base, quote = points(own(rows, params), names)
    need((base >= 0).all() and (quote >= 0).all(), "less than no interest")
    return InterestHistory(time, base * params.get("_multiplier", 1), quote)


def ratios(rows: Any, _served: float, params: Params) -> Ratios:
    """Read one of the three long-short ratios."""
    names = ("timestamp", "longShortRatio", "longAccount", "shortAccount")
    time, ratio, long, short = points(own(rows, params), names)
    return sides(time, long, short, ratio)


def taker(rows: Any, _served: float, params: Params) -> TakerFlow:
    """Read takerlongshortRatio: what takers bought and sold, in coins."""
    time, ratio, buy, sell = points(rows, ("timestamp", "buySellRatio", "buyVol", "sellVol"))
    need((buy >= 0).all() and (sell >= 0).all(), "less than nothing traded")
    need((abs(ratio * sell - buy) <= 0.02 * buy + 0.001).all(), "a ratio that does not fit")
    multiplier = params.get("_multiplier", 1)
    return TakerFlow(time, buy * multiplier, sell * multiplier)


def basis(rows: Any, _served: float, params: Params) -> Basis:
    """Read basis: prices per coin and their difference as a fraction of the index."""
    names = ("timestamp", "futuresPrice", "indexPrice", "basisRate")
    need(isinstance(rows, list) and rows, "no rows")
    need(all(row["pair"] == params["pair"] for row in rows), "rows of another contract")
    time, price, index, gap = points(rows, names)
    need((price > 0).all() and (index > 0).all(), "a price of 0")
    need((abs(price / index - 1 - gap) < 0.001).all(), "a basis that does not fit the prices")
    multiplier = params.get("_multiplier", 1)
    return Basis(time, price / multiplier, index / multiplier, price / index - 1)


def candles(rows: Any, served: float, params: Params) -> Candles:
    """Read klines per coin; the bars not closed at `served` (seconds) are left out."""
    return per_coin(binance.candles(rows, served, params), params)


def page(rows: Any, served: float, params: Params) -> Candles:
    """Read a page of klines per coin, which has no rows from before the first trade."""
    return per_coin(binance.page(rows, served, params), params)


def per_coin(read: Candles, params: Params) -> Candles:
    """Return candles of a contract as candles of one of its coins."""
    multiplier = params.get("_multiplier", 1)
    read.table[1:5] /= multiplier
    read.table[[5, 9]] *= multiplier
    return read


def tickers(rows: Any, served: float, params: Params) -> dict[str, Ticker]:
    """Read 24-hour tickers of the USDT perpetuals, per contract."""
    found = binance.tickers(rows, served, params)
    found = {name: row for name, row in found.items() if name.endswith("USDT")}
    need(found, "no perpetual contracts")
    return found


def exchange(body: Any, _served: float, _params: Params) -> Exchange:
    """Read exchangeInfo: the perpetuals that trade in USDT."""
    pairs = {pair.symbol: pair for pair in most(body["symbols"], traded) if pair}
    need(pairs, "no perpetual contracts")
    return Exchange(pairs)


def traded(row: Mapping[str, Any]) -> Pair | None:
    """Read one contract, None if it is no perpetual that trades in USDT."""
    kind = row["contractType"], row["quoteAsset"], row["status"]
    need(all(isinstance(word, str) for word in kind), "not a kind of contract")
    if kind != ("PERPETUAL", "USDT", "TRADING"):
        return None
    ticks = [f["tickSize"] for f in row["filters"] if f["filterType"] == "PRICE_FILTER"]
    return Pair(text(row["symbol"]), text(row["baseAsset"]), "USDT", decimals(ticks[0]))


HOSTS = {
    "futures": ("binance_futures_url", 2400, ""),
    "futures_data": ("binance_futures_url", 200, ""),
}
HOST, PATH, DAY = ("futures",), "/fapi/v1/", 86400
STATISTICS = {
    "interest_history": ("openInterestHist", interest_history),
    "ratio_global": ("globalLongShortAccountRatio", ratios),
    "ratio_account": ("topLongShortAccountRatio", ratios),
    "ratio_position": ("topLongShortPositionRatio", ratios),
    "taker": ("takerlongshortRatio", taker),
    "basis": ("basis", basis),
}
KEPT: Mapping[str, Any] = {"ttl": 30 * DAY, "stale": 365 * DAY, "idle": 0}
# fundingRate and fundingInfo share 500 requests in five minutes: one in 24 of the weight a minute.
ENDPOINTS = (
    Endpoint(
        "futures_funding",
        HOST,
        PATH + "premiumIndex",
        weighs(10),
        funding,
        90,
        DAY / 3,
        60,
        every=60,
    ),
    Endpoint("futures_hours", HOST, PATH + "fundingInfo", weighs(24), hours, 3600),
    Endpoint("futures_funding_history", HOST, PATH + "fundingRate", weighs(24), history, 600, DAY),
    Endpoint(
        "futures_interest", HOST, PATH + "openInterest", once, interest, 90, 3600, 60, every=60
    ),
    Endpoint("futures_klines", HOST, PATH + "klines", klines_weight, candles, 60, idle=0),
    Endpoint("futures_pages", HOST, PATH + "klines", klines_weight, page, **KEPT),
    Endpoint("futures_payments", HOST, PATH + "fundingRate", weighs(24), payments, **KEPT),
    Endpoint("futures_tickers", HOST, PATH + "ticker/24hr", weighs(40), tickers, 45, save_every=60),
    Endpoint("futures_exchange", HOST, PATH + "exchangeInfo", once, exchange, 6 * 3600),
    *(
        Endpoint(
            f"futures_{name}", ("futures_data",), f"/futures/data/{path}", once, read, 120, DAY
        )
        for name, (path, read) in STATISTICS.items()
    ),
)
TABLE = {row.name.removeprefix("futures_"): row for row in ENDPOINTS}


def funding_route() -> Route:
    """Return the way to the funding of every contract."""
    return Route(TABLE["funding"], {})


def hours_route() -> Route:
    """Return the way to the hours between payments where they are not 8."""
    return Route(TABLE["hours"], {})


def tickers_route() -> Route:
    """Return the way to the 24-hour tickers of every contract."""
    return Route(TABLE["tickers"], {})


def exchange_route() -> Route:
    """Return the way to the contracts that trade."""
    return Route(TABLE["exchange"], {})


def funding_history_route(name: str) -> Route:
    """Return the way to a contract's last payments."""
    return Route(TABLE["funding_history"], {"symbol": name, "limit": POINTS})


def interest_route(name: str, multiplier: float = 1.0) -> Route:
    """Return the way to a contract's open interest."""
    return Route(TABLE["interest"], {"symbol": name, "_multiplier": multiplier})


def candles_route(name: str, interval: str, multiplier: float = 1.0) -> Route | None:
    """Return the way to a contract's candles."""
    params = {"symbol": name, "interval": interval, "limit": BARS, "_multiplier": multiplier}
    return Route(TABLE["klines"], params) if interval in INTERVALS else None


def page_route(
    name: str, interval: str, start: int, end: int, multiplier: float = 1.0
) -> Route | None:
    """Return the way to a contract's bars that open from `start` to before `end`, ms."""
    found = candles_route(name, interval, multiplier)
    span = {"startTime": start, "endTime": end - 1}
    return Route(TABLE["pages"], {**found.params, **span}) if found else None


def payments_route(name: str, start: int, end: int) -> Route:
    """Return the way to what a contract paid from `start` to before `end`, ms."""
    span = {"startTime": start, "endTime": end - 1}
    return Route(TABLE["payments"], {"symbol": name, "limit": PAYMENTS, **span})


def statistic_route(kind: str, name: str, period: str, multiplier: float = 1.0) -> Route | None:
    """Return the way to a series of a contract; `kind` is a key of STATISTICS."""
    params = {"symbol": name, "period": period, "limit": POINTS, "_multiplier": multiplier}
    return Route(TABLE[kind], params) if period in PERIODS else None


def interest_history_route(name: str, period: str, multiplier: float = 1.0) -> Route | None:
    """Return the way to a contract's open interest over the last month."""
    return statistic_route("interest_history", name, period, multiplier)


def ratio_route(name: str, period: str, who: str = "global") -> Route | None:
    """Return the way to longs against shorts: global, or the top traders' account or position."""
    return statistic_route(f"ratio_{who}", name, period)


def taker_route(name: str, period: str, multiplier: float = 1.0) -> Route | None:
    """Return the way to what takers bought and sold."""
    return statistic_route("taker", name, period, multiplier)


def basis_route(name: str, period: str, multiplier: float = 1.0) -> Route | None:
    """Return the way to a contract's price against its index."""
    params = {"pair": name, "contractType": "PERPETUAL", "period": period, "limit": POINTS}
    params["_multiplier"] = multiplier
    return Route(TABLE["basis"], params) if period in PERIODS else None
