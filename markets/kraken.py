"""Kraken: spot candles and tickers, and its futures' funding and open interest, as our shapes.

Its times are in seconds, its last bar is never finished, and a funding rate is in dollars an hour.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from math import nan
from typing import Any

import numpy as np

from net import Endpoint, Route
from shapes import (
    Candles,
    Exchange,
    Funding,
    Interest,
    Refusal,
    Ticker,
    columns,
    most,
    need,
    number,
    text,
)

from .figures import Params, once, signed
from .names import split
from .shared import candles as made
from .shared import listed, rate

HOUR_MS, USDT = 3_600_000, "USDT"
COINS = {"BTC": "XBT", "DOGE": "XDG", "LUNA": "LUNA2", "LUNC": "LUNA"}
OURS = {theirs: ours for ours, theirs in COINS.items()}
# Its weeks open on Thursdays.
MINUTES = {
    "1m": 1,
    "3m": 1,
    "5m": 5,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 60,
    "4h": 240,
    "6h": 60,
    "8h": 240,
    "12h": 240,
    "1d": 1440,
    "1w": 1440,
}


def result(body: Any) -> Mapping[str, Any]:
    """Return what the envelope holds. Raises Refusal for an error, ValueError for nothing."""
    need(isinstance(body["error"], list), "no list of errors")
    if body["error"]:
        words = " ".join(map(str, body["error"]))
        raise Refusal("limited" if "Too many requests" in words else "refused", words)
    return body["result"]


def only(found: Mapping[str, Any]) -> Any:
    """Return what stands under the one key that names a pair. Raises ValueError."""
    pairs = [key for key in found if key != "last"]
    need(len(pairs) == 1, "not one pair")
    return found[pairs[0]]


def candles(body: Any, served: float, params: Params) -> Candles:
    """Read candles: rows of time, open, high, low, close, mean price, volume, trades."""
    table = columns(only(result(body)), 8)[:, :-1]
    return made(
        np.stack([table[0] * 1000, *table[1:5], table[6]]),
        params["_interval"],
        served,
        quote=table[5] * table[6],
        trades=table[7],
        grain=params["interval"] * 60_000,
    )


def tickers(body: Any, _served: float, _params: Params) -> dict[str, Ticker]:
    """Read the last 24 hours of every pair against USDT that was traded in them."""
    found = {symbol: ticker for symbol, ticker, _ in spot(body) if ticker}
    need(found, "no tickers")
    return found


def pairs(body: Any, _served: float, _params: Params) -> Exchange:
    """Read the pairs against USDT that were traded out of their tickers."""
    rows = [(symbol, prices) for symbol, ticker, prices in spot(body) if ticker]
    return listed((symbol.removesuffix(USDT), USDT, prices) for symbol, prices in rows)


def spot(body: Any) -> list[tuple[str, Ticker | None, list[str]]]:
    """Read the symbol, the ticker and some prices of every pair against USDT."""
    rows = result(body)
    need(isinstance(rows, dict), "no pairs")
    return most([pair for pair in rows.items() if pair[0].endswith(USDT)], traded)


def traded(pair: tuple[str, Any]) -> tuple[str, Ticker | None, list[str]]:
    """Read one pair's symbol, its ticker, None if nothing was traded, and some prices."""
    name, row = pair[0].removesuffix(USDT), pair[1]
    symbol = OURS.get(name, name) + USDT
    return symbol, day(row) if number(row["v"][1]) else None, [row["c"][0], *row["h"]]


def day(row: Any) -> Ticker:
    """Read a pair's last 24 hours. Raises ValueError where the prices contradict."""
    last = number(row["c"][0])
    volume, mean, low, high = (number(row[key][1]) for key in "vplh")
    need(0 < low <= last <= high and low <= mean <= high, "prices outside the day's range")
    return Ticker(last, nan, high, low, volume, mean * volume, nan)


def funding(body: Any, _served: float, _params: Params) -> dict[str, Funding]:
    """Read the futures' tickers: the perpetuals in dollars by our symbol against USDT.

    Funding is paid every hour.
    """
    if body["result"] != "success":
        raise Refusal("refused", body.get("error"))
    now = datetime.fromisoformat(body["serverTime"]).timestamp() * 1000
    due = (now // HOUR_MS + 1) * HOUR_MS
    found = {name: row for name, row in most(body["tickers"], partial(perpetual, due)) if row}
    need(found, "no perpetual contracts")
    return found


def interest(body: Any, served: float, params: Params) -> Interest:
    """Read the open interest in a coin and in dollars out of the futures' tickers."""
    row = funding(body, served, params).get(params["_symbol"])
    if row is None:
        raise Refusal("refused", "no such contract")
    when = datetime.fromisoformat(body["serverTime"]).timestamp() * 1000
    return Interest(when, row.interest, row.interest * row.mark)


def perpetual(due: float, row: Mapping[str, Any]) -> tuple[str, Funding | None]:
    """Read one contract's symbol and funding, None if it is no perpetual that trades.

    Its rate is in dollars an hour for one coin.
    """
    name = text(row["symbol"])
    if not (name.startswith("PF_") and name.endswith("USD") and "fundingRate" in row):
        return name, None
    need(isinstance(row["suspended"], bool), "neither suspended nor not")
    coin = name[3:-3]
    symbol = OURS.get(coin, coin) + USDT
    if row["suspended"]:
        return symbol, None
    mark, index = number(row["markPrice"]), number(row["indexPrice"])
    need(mark > 0 and index > 0, "a price of 0")
    paid = rate(signed(row["fundingRate"]) / mark)
    return symbol, Funding(paid, due, mark, index, 1.0, number(row["openInterest"]))


HOSTS = {
    "kraken": ("kraken_url", 60, "", 60),
    "kraken_futures": ("kraken_futures_url", 60, "", 60),
}
HOST, FUTURES, PATH = ("kraken",), ("kraken_futures",), "/0/public/"
PERPETUALS, HOURS_8 = "/derivatives/api/v3/tickers", 28800
CANDLES, TICKERS, PAIRS, FUNDING, INTEREST = ENDPOINTS = (
    Endpoint("kraken_candles", HOST, PATH + "OHLC", once, candles, 60),
    Endpoint("kraken_tickers", HOST, PATH + "Ticker", once, tickers, 15, save_every=60),
    Endpoint("kraken_exchange", HOST, PATH + "Ticker", once, pairs, 6 * 3600),
    Endpoint("kraken_funding", FUTURES, PERPETUALS, once, funding, 30, HOURS_8, 60),
    Endpoint("kraken_interest", FUTURES, PERPETUALS, once, interest, 30, 3600, 60),
)


def pair(symbol: str) -> str | None:
    """Return Kraken's name of a pair: XBTUSDT for BTCUSDT."""
    found = split(symbol)
    return "".join(COINS.get(name, name) for name in found) if found else None


def candles_route(symbol: str, interval: str) -> Route | None:
    """Return the way to a pair's candles."""
    name = pair(symbol)
    if name is None or interval not in MINUTES:
        return None
    return Route(CANDLES, {"pair": name, "interval": MINUTES[interval], "_interval": interval})


def tickers_route() -> Route:
    """Return the way to the tickers of every pair."""
    return Route(TICKERS, {})


def exchange_route() -> Route:
    """Return the way to the pairs that trade, with the decimals their prices show."""
    return Route(PAIRS, {})


def funding_route() -> Route:
    """Return the way to every perpetual's funding, prices and open interest."""
    return Route(FUNDING, {})


def interest_route(symbol: str) -> Route:
    """Return the way to the open interest in a symbol's coin."""
    return Route(INTEREST, {"_symbol": symbol})
