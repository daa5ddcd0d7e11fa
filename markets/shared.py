"""What the exchanges' files share: bars on time in UTC and without gaps, series, tickers."""

from collections.abc import Iterable, Sequence
from math import nan
from typing import Any

import numpy as np

from bot import INTERVALS
from shapes import (
    CANDLE_COLUMNS,
    Candles,
    Exchange,
    Pair,
    Ratios,
    Ticker,
    check_candles,
    closed,
    decimals,
    instants,
    need,
    number,
)

from .figures import signed

MONDAY, WEEK = 4 * 86_400_000, 604_800_000
MOST = 11_000


def candles(
    rows: np.ndarray,
    interval: str,
    served: float,
    *,
    quote: np.ndarray | float = nan,
    trades: np.ndarray | float = nan,
    grain: int = 0,
    multiplier: float = 1.0,
) -> Candles:
    """Return the closed bars of an interval at `served` (seconds).

    `rows` are time in ms, open, high, low, close, volume. Where `grain` is given, the rows are bars
    of so many ms that lack those in which nothing was traded. Prices are divided by `multiplier`,
    the number of our coins in one of the market's. Raises ValueError.
    """
    step = INTERVALS[interval]
    table = np.full((CANDLE_COLUMNS, rows.shape[1]), nan)
    table[:6], table[7], table[8] = rows, quote, trades
    check(table, grain or step)
    if grain and rows.size:
        table = filled(table, grain)
        table = table if grain == step else coarsened(table, grain, step)
    table[1:5] /= multiplier
    table[5] *= multiplier
    table[6] = table[0] + step - 1
    return closed(table, served)


def origin(step: int) -> int:
    """Return the first opening of a bar of so many ms since 1970: weeks open on Mondays."""
    return MONDAY if step == WEEK else 0


def check(table: np.ndarray, step: int) -> None:
    """Raise ValueError where bars are not on time or their figures contradict."""
    table[6] = instants(table[0]) + step - 1
    need(((table[0] - origin(step)) % step == 0).all(), "bars that do not open on time in UTC")
    check_candles(table)
    low, high, volume, quote = table[[3, 2, 5, 7]]
    need((volume >= 0).all() and np.isfinite(volume).all(), "not a volume")
    wrong = (quote < 0.99 * low * volume) | (quote > 1.01 * high * volume)
    need(not wrong.any(), "a turnover that does not fit the prices")


def filled(table: np.ndarray, step: int) -> np.ndarray:
    """Return bars with one at the last close and without volume wherever nothing was traded."""
    table = table[:, table[0] > table[0, -1] - MOST * step]
    number = (table[0] - table[0, 0]) // step
    every = np.arange(number[-1] + 1)
    last = np.searchsorted(number, every, "right") - 1
    out, idle = table[:, last], number[last] != every
    out[0] = table[0, 0] + every * step
    out[1:4, idle] = out[4, idle]
    out[5:, idle] *= 0
    return out


def coarsened(table: np.ndarray, fine: int, step: int) -> np.ndarray:
    """Return bars of `step` ms out of gapless ones of `fine` ms; incomplete ones are left out."""
    groups = (table[0] - origin(step)) // step
    starts = np.flatnonzero(np.diff(groups, prepend=groups[0] - 1))
    ends = np.append(starts[1:], len(groups)) - 1
    out = np.add.reduceat(table, starts, axis=1)
    out[:2], out[4] = table[:2, starts], table[4, ends]
    out[2] = np.maximum.reduceat(table[2], starts)
    out[3] = np.minimum.reduceat(table[3], starts)
    return out[:, ends - starts + 1 == step // fine]


def points(rows: Any, names: Sequence[str | int], newest_first: bool = False) -> np.ndarray:
    """Return what stands under some names in each row, the time in ms first, oldest row first.

    The shape is (names, rows). Raises ValueError, TypeError or LookupError.
    """
    need(isinstance(rows, list) and rows, "no rows")
    table = np.array([[signed(row[name]) for name in names] for row in rows]).T
    table = table[:, ::-1] if newest_first else table
    instants(table[0])
    return table


def sides(
    time: np.ndarray, long: np.ndarray, short: np.ndarray, ratio: np.ndarray | None = None
) -> Ratios:
    """Return longs against shorts that make up a whole and fit their ratio. Raises ValueError."""
    need((long > 0).all() and (short > 0).all(), "a side without anybody")
    need((abs(long + short - 1) < 0.01).all(), "sides that are not a whole")
    ratio = long / short if ratio is None else ratio
    need((abs(ratio * short / long - 1) < 0.02).all(), "a ratio that does not fit the sides")
    return Ratios(time, ratio, long, short)


def day(figures: Iterable[Any]) -> Ticker | None:
    """Return a ticker of last, open, high, low, volume and, where told, quote volume.

    A figure may be left empty; None if the pair was never traded. Raises ValueError.
    """
    last, first, high, low, volume, *quote = (number("0" if x == "" else x) for x in figures)
    if not (last and first and high):
        return None
    need(0 < low <= last <= high, "last price outside the day's range")
    turnover = quote[0] if quote else nan
    return Ticker(last, first, high, low, volume, turnover, 100 * (last / first - 1))


def listed(rows: Iterable[tuple[str, str, Iterable[str]]]) -> Exchange:
    """Return the pairs of (base, quote, prices shown); their decimals stand in for a tick size."""
    pairs = {
        base + quote: Pair(base + quote, base, quote, max(decimals(price) for price in prices))
        for base, quote, prices in rows
    }
    need(pairs, "no pairs")
    return Exchange(pairs)


def rate(value: Any) -> float:
    """Return a funding rate as a fraction. Raises ValueError."""
    result = signed(value)
    need(abs(result) < 1, "not a funding rate")
    return result


def moment(value: Any) -> float:
    """Return a time in ms. Raises ValueError."""
    return float(instants(np.array([number(value)]))[0])
