"""Coinbase Exchange: candles and tickers against the dollar as our shapes.

A candle is time in seconds, low, high, open, close, volume, newest first; none where nothing was
traded. Turnover is not told.
"""

from typing import Any

import numpy as np

from net import Endpoint, Route
from shapes import Candles, Exchange, Ticker, columns, most, need, number, text

from .figures import Params, once
from .names import split
from .shared import candles as made
from .shared import day, listed

FIGURES = ("last", "open", "high", "low", "volume")
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


def tickers(body: Any, _served: float, _params: Params) -> dict[str, Ticker]:
    """Read the last 24 hours of every product against the dollar that was traded in them."""
    found = {f"{coin}USDT": ticker for coin, ticker, _ in spot(body) if ticker}
    need(found, "no tickers")
    return found


def pairs(body: Any, _served: float, _params: Params) -> Exchange:
    """Read the products against the dollar that were traded, as pairs against USDT."""
    return listed((coin, "USDT", prices) for coin, ticker, prices in spot(body) if ticker)


def spot(body: Any) -> list[tuple[str, Ticker | None, list[str]]]:
    """Read the coin, the ticker and the prices of every product against the dollar."""
    need(isinstance(body, dict), "no products")
    return most([row for row in body.items() if row[0].endswith("-USD")], traded)


def traded(product: tuple[str, Any]) -> tuple[str, Ticker | None, list[str]]:
    """Read one product's coin, its ticker, None if nothing was traded, and its prices."""
    row = product[1]["stats_24hour"]
    figures = [row[key] for key in FIGURES]
    idle = row["volume"] == "" or not number(row["volume"])
    return text(product[0].removesuffix("-USD")), None if idle else day(figures), figures[:4]


HOST, EVERY = ("coinbase",), "/products/stats"
HOSTS = {"coinbase": ("coinbase_url", 600, "", 1)}
CANDLES, TICKERS, PAIRS = ENDPOINTS = (
    Endpoint("coinbase_candles", HOST, "/products/{product}/candles", once, candles, 60),
    Endpoint("coinbase_tickers", HOST, EVERY, once, tickers, 15, save_every=60),
    Endpoint("coinbase_exchange", HOST, EVERY, once, pairs, 6 * 3600),
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


def tickers_route() -> Route:
    """Return the way to the last 24 hours of every product."""
    return Route(TICKERS, {})


def exchange_route() -> Route:
    """Return the way to the products that trade, with the decimals their prices show."""
    return Route(PAIRS, {})
