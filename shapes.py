"""Our candles, tickers, books and trades, and the checks that every answer must pass."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np

CANDLE_COLUMNS = 11
BROKEN = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
STABLE = frozenset(
    (
        *("USDC", "FDUSD", "TUSD", "DAI", "USDP", "BUSD", "USDE", "USD1", "XUSD", "BFUSD"),
        *("RLUSD", "PYUSD", "USDS", "USTC", "SUSD", "EURI", "AEUR"),
    )
)
MONEY = STABLE | {"EUR", "GBP", "TRY", "BRL"}


@dataclass(frozen=True, eq=False)
class Candles:
    """Closed bars, oldest first: times in ms, volumes in base and quote, taker = taker buys.

    `table` has the columns below as rows; what a market does not tell is NaN.
    """

    table: np.ndarray

    def __len__(self) -> int:
        return self.table.shape[1]

    def _row(self, i: int) -> np.ndarray:
        return self.table[i]

    nbytes = property(lambda self: self.table.nbytes)
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


@dataclass(frozen=True, eq=False)
class Panel:
    """Closed bars of many coins side by side, oldest first; each column is (bars, symbols).

    `time` in ms as (bars,). NaN where a coin has no bar. `reads` holds every coin's answer with
    its age and source by symbol; a coin without an answer is not in it. Columns are read-only.
    """

    symbols: tuple[str, ...]
    time: np.ndarray
    reads: Mapping[str, Any]
    made: dict[int | str, Any] = field(default_factory=dict, repr=False)

    open = property(lambda self: self._column(1))
    high = property(lambda self: self._column(2))
    low = property(lambda self: self._column(3))
    close = property(lambda self: self._column(4))
    volume = property(lambda self: self._column(5))
    quote = property(lambda self: self._column(7))
    trades = property(lambda self: self._column(8))
    taker = property(lambda self: self._column(9))
    taker_quote = property(lambda self: self._column(10))

    def _column(self, i: int) -> np.ndarray:
        """Return a column, stacked when it is first asked for."""
        if i not in self.made:
            table = np.full((len(self.time), len(self.symbols)), np.nan)
            for j, (rows, cells) in self._places().items():
                table[rows, j] = self.reads[self.symbols[j]].data.table[i, cells]
            table.flags.writeable = False
            self.made[i] = table
        return self.made[i]

    def _places(self) -> dict[int, tuple[Any, Any]]:
        """Return by a coin's number which of the panel's rows its bars fill, and which bars."""
        if "places" not in self.made:
            known = [(j, s) for j, s in enumerate(self.symbols) if s in self.reads]
            self.made["places"] = {j: meet(self.time, self.reads[s].data.time) for j, s in known}
        return self.made["places"]


class Ticker(NamedTuple):
    """A pair's last 24 hours; `change` in percent, `quote` the volume in quote units."""

    last: float
    open: float
    high: float
    low: float
    volume: float
    quote: float
    change: float

    @property
    def turnover(self) -> float:
        """Return the quote volume, about what it is where a market tells only coins."""
        return self.volume * self.last if isnan(self.quote) else self.quote


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


class Funding(NamedTuple):
    """A perpetual contract: `rate` a fraction paid every `hours`, `next` when it is paid in ms.

    `mark` and `index` are prices of one contract unit, `interest` the open interest in such units.
    What a market does not tell is NaN.
    """

    rate: float
    next: float
    mark: float = nan
    index: float = nan
    hours: float = nan
    interest: float = nan

    def per_coin(self, multiplier: float) -> "Funding":
        """Return the same per coin, for a contract on `multiplier` coins."""
        prices = {"mark": self.mark / multiplier, "index": self.index / multiplier}
        return self._replace(**prices, interest=self.interest * multiplier)


@dataclass(frozen=True, eq=False)
class FundingHistory:
    """Funding that was paid, oldest first: time in ms, rate as a fraction, mark price."""

    time: np.ndarray
    rate: np.ndarray
    mark: np.ndarray


class Interest(NamedTuple):
    """A perpetual's open interest at a time in ms: in coins, and in dollars where told."""

    time: float
    base: float
    quote: float = nan


@dataclass(frozen=True, eq=False)
class InterestHistory:
    """Open interest, oldest first: time in ms, coins, dollars."""

    time: np.ndarray
    base: np.ndarray
    quote: np.ndarray


@dataclass(frozen=True, eq=False)
class Ratios:
    """Longs against shorts, oldest first: time in ms, long / short, each side's share of 1."""

    time: np.ndarray
    ratio: np.ndarray
    long: np.ndarray
    short: np.ndarray


@dataclass(frozen=True, eq=False)
class TakerFlow:
    """What takers bought and sold, oldest first, in the unit of the market; time in ms."""

    time: np.ndarray
    buy: np.ndarray
    sell: np.ndarray


@dataclass(frozen=True, eq=False)
class Basis:
    """A future against its index, oldest first: time in ms, prices, their gap as a share of it."""

    time: np.ndarray
    price: np.ndarray
    index: np.ndarray
    rate: np.ndarray


class Refusal(LookupError):
    """Say that a market refused a request in an answer of status 200.

    `kind` is limited or refused, `code` the market's own number, 0 where it has none.
    """

    def __init__(self, kind: str, words: Any, code: int = 0) -> None:
        super().__init__(f"{kind} {code or ''} {str(words)[:200]}")
        self.kind, self.code = kind, code


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
            if pair.quote == "USDT" and pair.base not in MONEY
        }


def most(rows: Iterable[Any], read: Callable[[Any], Any]) -> list[Any]:
    """Return what `read` makes of each row, without the few of which it can make nothing.

    Raises ValueError where more than one row in fifty is broken: then the answer is.
    """
    found, broken, error = [], 0, None
    for row in rows:
        try:
            found.append(read(row))
        except BROKEN as reason:
            broken, error = broken + 1, reason
    need(found and broken * 50 <= len(found), f"{broken} broken rows, like: {error}")
    return found


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


def closed(table: np.ndarray, served: float) -> Candles:
    """Return the checked bars that had closed at `served` (seconds)."""
    check_candles(table)
    return Candles(table[:, : int((table[6] < served * 1000).sum())])


def check_candles(table: np.ndarray) -> None:
    """Raise ValueError where times do not rise or a bar's prices or volumes contradict."""
    time, first, high, low, last = table[:5]
    need((np.diff(time) > 0).all(), "times do not rise")
    need((low > 0).all(), "a price of 0")
    need((high >= np.maximum(first, last)).all(), "high below open or close")
    need((low <= np.minimum(first, last)).all(), "low above open or close")
    need((table[6] > time).all(), "a bar that ends before it starts")
    need(not (table[9] > table[5] * (1 + 1e-9)).any(), "more bought than traded")
    need(not (table[10] > table[7] * (1 + 1e-9)).any(), "more bought than traded")


def instants(times: np.ndarray) -> np.ndarray:
    """Return times that are in ms and rise. Raises ValueError."""
    need((times > 1e12).all() and (times < 1e13).all(), "times not in milliseconds")
    need((np.diff(times) > 0).all(), "times do not rise")
    return times


def next_close(fetched: float, candles: Candles) -> tuple[float, float]:
    """Return when candles want refreshing, a second after the open bar closes, and expire."""
    step = 60.0
    if len(candles):
        bar = (candles.end[-1] + 1 - candles.time[-1]) / 1000
        step = (candles.end[-1] + 1) / 1000 + bar - fetched
    due = fetched + max(step + 1, 20)
    return due, due + 20


def meet(time: np.ndarray, own: np.ndarray) -> tuple[Any, Any]:
    """Return the places in both of the times that two rising series share, slices if gapless."""
    if not len(time):
        return slice(0), slice(0)
    first, last = np.searchsorted(own, time[0]), np.searchsorted(own, time[-1], "right")
    row = int(np.searchsorted(time, own[first])) if first < last else 0
    rows = slice(row, row + int(last - first))
    if np.array_equal(time[rows], own[first:last]):
        return rows, slice(int(first), int(last))
    _, at, of = np.intersect1d(time, own, assume_unique=True, return_indices=True)
    return at, of


def newest(ends: Iterable[float], step: float) -> float:
    """Return up to which opening time a panel goes: the newest bar that nine coins in ten have.

    Right after a close it is the bar before until they are all fetched; a coin that stopped
    trading holds nobody back.
    """
    known = np.fromiter(ends, float)
    if not len(known):
        return np.nan
    late = (known > known.max() - 2 * step) & (known < known.max())
    return float(known.max() - step * (late.sum() > 0.1 * len(known)))


def decimals(tick: str) -> int:
    """Return how many decimals a tick size has: 2 for 0.01000000. Raises ValueError."""
    number(tick)
    exponent = Decimal(tick).normalize().as_tuple().exponent
    need(isinstance(exponent, int) and -12 <= exponent <= 12, "not a tick size")
    return max(0, -int(exponent))


def text(value: Any) -> str:
    """Return a short text. Raises ValueError."""
    need(isinstance(value, str) and 0 < len(value) <= 40, "not a name")
    return value
