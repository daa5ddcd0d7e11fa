"""Binance spot: its endpoints, and its answers as our shapes."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from net import Endpoint, Route
from orders import Rules
from shapes import (
    CANDLE_COLUMNS,
    Book,
    Candles,
    Exchange,
    Pair,
    Ticker,
    Trades,
    closed,
    columns,
    decimals,
    most,
    need,
    number,
    text,
)

Params = Mapping[str, Any]
SPOT = ("binance", "binance_data")
DEPTHS = ((100, 5), (500, 25), (1000, 50), (5000, 250))


def weighs(weight: int) -> Callable[[Params], int]:
    """Return a fixed weight."""
    return lambda _: weight


def depth_weight(params: Params) -> int:
    """Return the weight of an order book by its number of levels."""
    return next(weight for levels, weight in DEPTHS if params["limit"] <= levels)


def candles(rows: Any, served: float, _params: Params) -> Candles:
    """Read Binance klines; the bars not closed at `served` (seconds) are left out."""
    return closed(columns(rows, CANDLE_COLUMNS), served)


def page(rows: Any, served: float, _params: Params) -> Candles:
    """Read a page of Binance klines, which has no rows from before a pair's first trade."""
    if rows == []:
        return Candles(np.empty((CANDLE_COLUMNS, 0)))
    return closed(columns(rows, CANDLE_COLUMNS), served)


def page_route(symbol: str, interval: str, start: int, end: int) -> Route:
    """Return the way to the bars that open from `start` to before `end`, ms, 1000 at most."""
    span = {"startTime": start, "endTime": end - 1}
    return Route(PAGES, {"symbol": symbol, "interval": interval, "limit": 1000, **span})


def tickers(rows: Any, _served: float, _params: Params) -> dict[str, Ticker]:
    """Read Binance 24-hour tickers, FULL or MINI, by symbol, without pairs that never traded."""
    need(isinstance(rows, list), "no tickers")
    return {symbol: row for symbol, row in most(rows, ticker) if row}


def ticker(row: Mapping[str, Any]) -> tuple[str, Ticker | None]:
    """Read one pair's symbol and ticker, None if it never traded."""
    last, first = number(row["lastPrice"]), number(row["openPrice"])
    high, low = number(row["highPrice"]), number(row["lowPrice"])
    volume, quote = number(row["volume"]), number(row["quoteVolume"])
    symbol = text(row["symbol"])
    if not (last and first):
        return symbol, None
    need(low <= last <= high, "last price outside the day's range")
    return symbol, Ticker(last, first, high, low, volume, quote, 100 * (last / first - 1))


def exchange(body: Any, _served: float, _params: Params) -> Exchange:
    """Read Binance's exchangeInfo: the pairs that trade on spot."""
    pairs = {pair.symbol: pair for pair in most(body["symbols"], traded) if pair}
    need(pairs, "no pairs")
    return Exchange(pairs)


def traded(row: Mapping[str, Any]) -> Pair | None:
    """Read one pair, None if it does not trade on spot."""
    if row["status"] != "TRADING" or not row["isSpotTradingAllowed"]:
        return None
    ticks = [f["tickSize"] for f in row["filters"] if f["filterType"] == "PRICE_FILTER"]
    names = (row["symbol"], row["baseAsset"], row["quoteAsset"])
    return Pair(*map(text, names), decimals(ticks[0]))


def book(body: Any, _served: float, _params: Params) -> Book:
    """Read Binance's order book; a crossed or unsorted one is refused."""
    bids, asks = columns(body["bids"], 2).T, columns(body["asks"], 2).T
    need((np.diff(bids[:, 0]) < 0).all() and (np.diff(asks[:, 0]) > 0).all(), "book not sorted")
    need(0 < bids[0, 0] < asks[0, 0], "book is crossed")
    return Book(bids, asks)


def trades(rows: Any, _served: float, _params: Params) -> Trades:
    """Read Binance's aggregate trades."""
    need(isinstance(rows, list) and rows, "no trades")
    need(all(isinstance(row["m"], bool) for row in rows), "no side")
    time, price, size = np.array([[number(row[k]) for k in "Tpq"] for row in rows]).T
    return Trades(time, price, size, np.array([row["m"] for row in rows], dtype=bool))


def prices(rows: Any, _served: float, _params: Params) -> dict[str, float]:
    """Read Binance's last prices by symbol."""
    need(isinstance(rows, list), "no prices")
    return dict(most(rows, lambda row: (text(row["symbol"]), number(row["price"]))))


def quotes(rows: Any, _served: float, _params: Params) -> dict[str, tuple[float, float]]:
    """Read Binance's best bids and asks by symbol; pairs without both are left out."""
    need(isinstance(rows, list), "no quotes")
    names = ("bidPrice", "askPrice")
    found = most(rows, lambda row: (text(row["symbol"]), *(number(row[name]) for name in names)))
    return {symbol: (bid, ask) for symbol, bid, ask in found if 0 < bid < ask}


def rules(body: Any, _served: float, params: Params) -> Rules:
    """Read what exchangeInfo tells of one symbol as the rules of its orders."""
    (row,) = (one for one in body["symbols"] if one["symbol"] == params["symbol"])
    told = {one["filterType"]: one for one in row["filters"]}
    none: Mapping[str, Any] = {}
    price, lot, by_side = (told[k] for k in ("PRICE_FILTER", "LOT_SIZE", "PERCENT_PRICE_BY_SIDE"))
    market, trail = told.get("MARKET_LOT_SIZE", none), told.get("TRAILING_DELTA", none)
    worth = told.get("NOTIONAL") or told["MIN_NOTIONAL"]
    at_market = worth.get("applyMinToMarket", worth.get("applyToMarket", True))
    return Rules(
        *map(text, (row["symbol"], row["baseAsset"], row["quoteAsset"])),
        tick=exact(price["tickSize"]),
        prices=(exact(price["minPrice"]), exact(price["maxPrice"])),
        step=exact(lot["stepSize"]),
        quantities=(exact(lot["minQty"]), exact(lot["maxQty"])),
        market_step=exact(market.get("stepSize", "0")),
        market_quantities=(exact(market.get("minQty", "0")), exact(market.get("maxQty", "0"))),
        worth=(exact(worth["minNotional"]), exact(worth.get("maxNotional", "0"))),
        worth_at_market=(bool(at_market), bool(worth.get("applyMaxToMarket", False))),
        buy_factors=(exact(by_side["bidMultiplierDown"]), exact(by_side["bidMultiplierUp"])),
        sell_factors=(exact(by_side["askMultiplierDown"]), exact(by_side["askMultiplierUp"])),
        most_orders=int(told.get("MAX_NUM_ORDERS", none).get("maxNumOrders", 0)),
        most_stops=int(told.get("MAX_NUM_ALGO_ORDERS", none).get("maxNumAlgoOrders", 0)),
        trails=(
            int(trail.get("minTrailingBelowDelta", 0)),
            int(trail.get("maxTrailingBelowDelta", 0)),
        ),
        types=frozenset(map(text, row["orderTypes"])),
        oco=row["ocoAllowed"] is True,
        trailing=row["allowTrailingStop"] is True,
        by_quote=row["quoteOrderQtyMarketAllowed"] is True,
        digits=(int(row["baseAssetPrecision"]), int(row["quoteAssetPrecision"])),
    )


def exact(words: Any) -> Decimal:
    """Return a bound of a rule exactly as it was told; one below zero or no number raises."""
    value = Decimal(text(words))
    need(value == 0 or Decimal("1e-20") <= value < Decimal("1e30"), "no sane bound")
    return value


def mean(body: Any, _served: float, _params: Params) -> Decimal:
    """Read the average price that rules are measured by."""
    value = exact(body["price"])
    need(value > 0, "no mean price")
    return value


def server_time(body: Any, _served: float, _params: Params) -> float:
    """Return the exchange's clock in seconds."""
    return number(body["serverTime"]) / 1000


HOSTS = {"binance": ("binance_url", 6000, ""), "binance_data": ("binance_data_url", 6000, "")}
PAGES = Endpoint("pages", SPOT, "/api/v3/klines", weighs(2), page, 30 * 86400, 365 * 86400, idle=0)
ENDPOINTS = (
    PAGES,
    Endpoint("klines", SPOT, "/api/v3/klines", weighs(2), candles, 60),
    Endpoint(
        "tickers", SPOT, "/api/v3/ticker/24hr", weighs(80), tickers, 15, save_every=60, every=9
    ),
    Endpoint(
        *("exchange", SPOT, "/api/v3/exchangeInfo", weighs(20), exchange, 6 * 3600, 30 * 86400),
        every=300,
    ),
    Endpoint("prices", SPOT, "/api/v3/ticker/price", weighs(4), prices, 5, 86400, 60),
    Endpoint("quotes", SPOT, "/api/v3/ticker/bookTicker", weighs(4), quotes, 5, 3600, 60),
    Endpoint("book", SPOT, "/api/v3/depth", depth_weight, book, 3, 600, 30, every=30, idle=300),
    Endpoint(
        "trades", SPOT, "/api/v3/aggTrades", weighs(4), trades, 10, 3600, 30, every=60, idle=300
    ),
    Endpoint("rules", SPOT, "/api/v3/exchangeInfo", weighs(20), rules, 3600, 7 * 86400, idle=0),
    Endpoint("mean", SPOT, "/api/v3/avgPrice", weighs(2), mean, 5, 60, 3600, idle=0),
    Endpoint("clock", SPOT, "/api/v3/time", weighs(1), server_time, 3600, 0),
)
