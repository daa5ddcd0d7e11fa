"""Coinbase Exchange: candles and tickers against the dollar as our shapes.

A candle is time in seconds, low, high, open, close, volume, newest first; none where nothing was
traded. Turnover is not told.
"""

from typing import Any

import numpy as np

from net import Endpoint, Route
from shapes import Candles, Ticker, columns, need, number

from .figures import Params, once
from .names import split
from .shared import candles as made
from .shared import day

QUOTES = {"USDT": "USD", "USDC": "USD", "EUR": "EUR", "BTC": "BTC", "ETH": "ETH"}
SECONDS = {
    "1m": 60,
    "3m": 60,
    "5m": 300,
    "15m": 900,
    "30m": 900,
    "1h": 3600,
    "2h": 3600,
    "4h": 3600,
    "6h": 21600,
    "8h": 3600,
    "12h": 21600,
    "1d": 86400,
    "1w": 86400,
}


def candles(rows: Any, served: float, params: Params) -> Candles:
    """Read candles, those of intervals it lacks made of finer ones."""
    time, low, high, first, last, volume = columns(rows, 6)[:, ::-1]
    return made(
        np.stack([time * 1000, first, high, low, last, volume]),
        params["_interval"],
        served,
        grain=params["granularity"] * 1000,
    )


def stats(body: Any, _served: float, params: Params) -> dict[str, Ticker]:
    """Read one pair's last 24 hours; turnover is not told."""
    ticker = day([body[key] for key in ("last", "open", "high", "low", "volume")])
    need(ticker, "never traded")
    return {params["_symbol"]: ticker}


def price(body: Any, _served: float, params: Params) -> dict[str, float]:
    """Read one pair's last price."""
    bid, ask, last = (number(body[key]) for key in ("bid", "ask", "price"))
    need(0 < bid < ask and last, "book is crossed")
    return {params["_symbol"]: last}


HOST, PATH = ("coinbase",), "/products/{product}/"
HOSTS = {"coinbase": ("coinbase_url", 600, "")}
CANDLES, STATS, PRICE = ENDPOINTS = (
    Endpoint("coinbase_candles", HOST, PATH + "candles", once, candles, 60),
    Endpoint("coinbase_stats", HOST, PATH + "stats", once, stats, 15, save_every=60),
    Endpoint("coinbase_price", HOST, PATH + "ticker", once, price, 5, 86400, 60),
)


def product(symbol: str) -> str | None:
    """Return Coinbase's name of a pair: BTC-USD for BTCUSDT."""
    pair = split(symbol)
    return f"{pair[0]}-{QUOTES[pair[1]]}" if pair and pair[1] in QUOTES else None


def candles_route(symbol: str, interval: str) -> Route | None:
    """Return the way to a pair's candles."""
    name = product(symbol)
    if name is None or interval not in SECONDS:
        return None
    return Route(
        CANDLES, {"product": name, "granularity": SECONDS[interval], "_interval": interval}
    )


def ticker_route(symbol: str) -> Route | None:
    """Return the way to a pair's last 24 hours."""
    name = product(symbol)
    return Route(STATS, {"product": name, "_symbol": symbol}) if name else None


def price_route(symbol: str) -> Route | None:
    """Return the way to a pair's last price."""
    name = product(symbol)
    return Route(PRICE, {"product": name, "_symbol": symbol}) if name else None
