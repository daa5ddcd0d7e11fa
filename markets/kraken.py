"""Kraken: spot candles and tickers, and its futures' funding and open interest, as our shapes.

Its times are in seconds, its last bar is never finished, and a funding rate is in dollars an hour.
"""

from collections.abc import Mapping
from datetime import datetime
from math import nan
from typing import Any

import numpy as np

from net import Endpoint, Route
from shapes import Candles, Funding, Refusal, Ticker, columns, need, number, text

from .figures import Params, once, signed
from .names import split
from .shared import candles as made
from .shared import rate

HOUR_MS = 3_600_000
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


def ticker(body: Any, _served: float, params: Params) -> dict[str, Ticker]:
    """Read one pair's last 24 hours, of which the opening price and the change are not told."""
    row = only(result(body))
    last = number(row["c"][0])
    volume, mean, low, high = (number(row[key][1]) for key in "vplh")
    need(0 < low <= last <= high and low <= mean <= high, "prices outside the day's range")
    return {params["_symbol"]: Ticker(last, nan, high, low, volume, mean * volume, nan)}


def funding(body: Any, _served: float, _params: Params) -> dict[str, Funding]:
    """Read the futures' tickers: the perpetuals in dollars by our symbol against USDT.

    Funding is paid every hour.
    """
    if body["result"] != "success":
        raise Refusal("refused", body.get("error"))
    now = datetime.fromisoformat(body["serverTime"]).timestamp() * 1000
    due = (now // HOUR_MS + 1) * HOUR_MS
    found = {}
    for row in body["tickers"]:
        name = text(row["symbol"])
        if not (name.startswith("PF_") and name.endswith("USD") and "fundingRate" in row):
            continue
        need(isinstance(row["suspended"], bool), "neither suspended nor not")
        if not row["suspended"]:
            coin = name[3:-3]
            found[OURS.get(coin, coin) + "USDT"] = perpetual(row, due)
    need(found, "no perpetual contracts")
    return found


def perpetual(row: Mapping[str, Any], due: float) -> Funding:
    """Read one perpetual; its rate is in dollars an hour for one coin."""
    mark, index = number(row["markPrice"]), number(row["indexPrice"])
    need(mark > 0 and index > 0, "a price of 0")
    paid = rate(signed(row["fundingRate"]) / mark)
    return Funding(paid, due, mark, index, 1.0, number(row["openInterest"]))


HOSTS = {"kraken": ("kraken_url", 60, ""), "kraken_futures": ("kraken_futures_url", 60, "")}
CANDLES, TICKER, FUNDING = ENDPOINTS = (
    Endpoint("kraken_candles", ("kraken",), "/0/public/OHLC", once, candles, 60),
    Endpoint("kraken_ticker", ("kraken",), "/0/public/Ticker", once, ticker, 15, save_every=60),
    Endpoint(
        "kraken_funding",
        ("kraken_futures",),
        "/derivatives/api/v3/tickers",
        once,
        funding,
        30,
        28800,
        60,
    ),
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


def ticker_route(symbol: str) -> Route | None:
    """Return the way to one pair's ticker."""
    name = pair(symbol)
    return Route(TICKER, {"pair": name, "_symbol": symbol}) if name else None


def funding_route() -> Route:
    """Return the way to every perpetual's funding, prices and open interest."""
    return Route(FUNDING, {})
