"""The exchanges' answers as our candles, tickers, books and trades: checked, or a ValueError."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

CANDLE_COLUMNS = 11
STABLE = frozenset(
    (
        *("USDC", "FDUSD", "TUSD", "DAI", "USDP", "BUSD", "USDE", "USD1", "XUSD", "BFUSD"),
        *("RLUSD", "PYUSD", "USDS", "USTC", "SUSD", "EUR", "EURI", "AEUR", "GBP", "TRY", "BRL"),
    )
)


@dataclass(frozen=True, eq=False)
class Candles:
    """Closed bars, oldest first: times in ms, volumes in base and quote, taker = taker buys."""

    table: np.ndarray

    def __len__(self) -> int:
        return self.table.shape[1]

    def _row(self, i: int) -> np.ndarray:
        return self.table[i]

    time = property(lambda self: self._row(0))
    open = property(lambda self: self._row(1))
    high = property(lambda self: self._row(2))
    low = property(lambda self: self._row(3))
    close = property(lambda self: self._row(4))
    volume = property(lambda self: self._row(5))
    end = property(lambda self: self._row(6))
    quote = property(lambda self: self._row(7))
    trades = property(lambda self: self._row(8))
    taker = property(lambda self: self._row(9))
    taker_quote = property(lambda self: self._row(10))


class Ticker(NamedTuple):
    """A pair's last 24 hours; `change` in percent, `quote` the volume in quote units."""

    last: float
    open: float
    high: float
    low: float
    volume: float
    quote: float
    change: float


class Pair(NamedTuple):
    """A traded pair; `digits` are the decimals its tick size has."""

    symbol: str
    base: str
    quote: str
    digits: int


@dataclass(frozen=True, eq=False)
class Book:
    """An order book: bids and asks as (levels, 2) arrays of price and quantity, best first."""

    bids: np.ndarray
    asks: np.ndarray


@dataclass(frozen=True, eq=False)
class Trades:
    """Aggregate trades, oldest first; `sold` where the taker sold."""

    time: np.ndarray
    price: np.ndarray
    quantity: np.ndarray
    sold: np.ndarray


@dataclass(frozen=True, eq=False)
class Exchange:
    """The pairs that trade, by symbol."""

    pairs: Mapping[str, Pair]

    @cached_property
    def universe(self) -> dict[str, Pair]:
        """Return the pairs quoted in USDT whose base is no stablecoin or fiat money."""
        return {
            symbol: pair
            for symbol, pair in self.pairs.items()
            if pair.quote == "USDT" and pair.base not in STABLE
        }


def need(good: Any, what: str) -> None:
    """Raise ValueError unless a condition of the answer's shape holds."""
    if not good:
        raise ValueError(what)


def number(value: Any) -> float:
    """Return a finite number that is not negative. Raises ValueError."""
    need(isinstance(value, str | int | float) and not isinstance(value, bool), "not a number")
    result = float(value)
    need(0 <= result < 1e30, "not a sane number")
    return result


def columns(rows: Any, width: int) -> np.ndarray:
    """Return rows of numbers as a (columns, rows) float array. Raises ValueError."""
    need(isinstance(rows, list) and rows, "no rows")
    need(all(isinstance(row, list) and len(row) >= width for row in rows), "rows of wrong length")
    table = np.array([row[:width] for row in rows], dtype=object)
    table = np.ascontiguousarray(table.astype(float).T)
    need(np.isfinite(table).all() and (table >= 0).all(), "not numbers")
    return table


def candles(rows: Any, served: float) -> Candles:
    """Read Binance klines; the bars not closed at `served` (seconds) are left out."""
    table = columns(rows, CANDLE_COLUMNS)
    check_candles(table)
    closed = table[6] < served * 1000
    return Candles(table[:, : int(closed.sum())])


def check_candles(table: np.ndarray) -> None:
    """Raise ValueError where times do not rise or a bar's prices or volumes contradict."""
    time, first, high, low, last = table[:5]
    need((np.diff(time) > 0).all(), "times do not rise")
    need((low > 0).all(), "a price of 0")
    need((high >= np.maximum(first, last)).all(), "high below open or close")
    need((low <= np.minimum(first, last)).all(), "low above open or close")
    need((table[6] > time).all(), "a bar that ends before it starts")
    need((table[9] <= table[5] * (1 + 1e-9)).all(), "more bought than traded")
    need((table[10] <= table[7] * (1 + 1e-9)).all(), "more bought than traded")


def tickers(rows: Any, _served: float) -> dict[str, Ticker]:
    """Read Binance 24-hour tickers, FULL or MINI, by symbol, without pairs that never traded."""
    need(isinstance(rows, list) and rows, "no tickers")
    found = {}
    for row in rows:
        last, first = number(row["lastPrice"]), number(row["openPrice"])
        high, low = number(row["highPrice"]), number(row["lowPrice"])
        volume, quote = number(row["volume"]), number(row["quoteVolume"])
        if last and first:
            need(low <= last <= high, "last price outside the day's range")
            found[text(row["symbol"])] = Ticker(
                last, first, high, low, volume, quote, 100 * (last / first - 1)
            )
    return found


def decimals(tick: str) -> int:
    """Return how many decimals a tick size has: 2 for 0.01000000."""
    exponent = Decimal(tick).normalize().as_tuple().exponent
    need(isinstance(exponent, int) and -12 <= exponent <= 12, "not a tick size")
    return max(0, -int(exponent))


def text(value: Any) -> str:
    """Return a short text. Raises ValueError."""
    need(isinstance(value, str) and 0 < len(value) <= 40, "not a name")
    return value


def exchange(body: Any, _served: float) -> Exchange:
    """Read Binance's exchangeInfo: the pairs that trade on spot."""
    pairs = {}
    for row in body["symbols"]:
        if row["status"] != "TRADING" or not row["isSpotTradingAllowed"]:
            continue
        ticks = [f["tickSize"] for f in row["filters"] if f["filterType"] == "PRICE_FILTER"]
        digits = decimals(ticks[0])
        symbol = text(row["symbol"])
        pairs[symbol] = Pair(
            symbol, text(row["baseAsset"]), text(row["quoteAsset"]), max(0, digits)
        )
    need(pairs, "no pairs")
    return Exchange(pairs)


def book(body: Any, _served: float) -> Book:
    """Read Binance's order book; a crossed or unsorted one is refused."""
    bids, asks = columns(body["bids"], 2).T, columns(body["asks"], 2).T
    need((np.diff(bids[:, 0]) < 0).all() and (np.diff(asks[:, 0]) > 0).all(), "book not sorted")
    need(0 < bids[0, 0] < asks[0, 0], "book is crossed")
    return Book(bids, asks)


def trades(rows: Any, _served: float) -> Trades:
    """Read Binance's aggregate trades."""
    need(isinstance(rows, list), "no list")
    need(all(isinstance(row["m"], bool) for row in rows), "no side")
    time, price, size = np.array([[number(row[k]) for k in "Tpq"] for row in rows]).reshape(-1, 3).T
    return Trades(time, price, size, np.array([row["m"] for row in rows], dtype=bool))


def prices(rows: Any, _served: float) -> dict[str, float]:
    """Read Binance's last prices by symbol."""
    need(isinstance(rows, list) and rows, "no prices")
    return {text(row["symbol"]): number(row["price"]) for row in rows}


def quotes(rows: Any, _served: float) -> dict[str, tuple[float, float]]:
    """Read Binance's best bids and asks by symbol; pairs without both are left out."""
    need(isinstance(rows, list) and rows, "no quotes")
    found = {
        text(row["symbol"]): (number(row["bidPrice"]), number(row["askPrice"])) for row in rows
    }
    return {symbol: (bid, ask) for symbol, (bid, ask) in found.items() if 0 < bid < ask}


def server_time(body: Any, _served: float) -> float:
    """Return the exchange's clock in seconds."""
    return number(body["serverTime"]) / 1000
