"""Technical indicators by TradingView's conventions: numpy arrays in, numpy arrays out.

Every input is a series whose first axis is time, `(bars,)` or a panel `(bars, symbols)`; every
output has its shape, with NaN where a window is not full or meets a hole. Averages that remember
(EMA, Wilder) start at the mean of their first n values and wait through holes. No bar knows a
later one. TA-Lib differs where a docstring says so, and everywhere in two things: it gives 0 where
nothing moves or trades, which here is NaN, and one hole is its end.
"""

from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache, singledispatch, wraps
from itertools import pairwise
from math import inf, isqrt, prod
from typing import Any, NamedTuple, ParamSpec, TypeVar, overload

import numpy as np

Array = np.ndarray
Parts = Sequence[Array]
P = ParamSpec("P")
R = TypeVar("R")

# Sums of decimals such as (high + low + close) / 3 may differ in the last bit where prices do not.
TIE = 1e-12
DAY_MS = 86_400_000
BLOCK = 16
# Values an array may have for the dozen of a window's arrays to stay in a core's cache (2 MB).
CACHED = 2**15
MOST_BARS, LONG = 10**9, 4096
UNKNOWN = np.full(LONG, np.nan)
BARS_PER_YEAR = {"1m": 525_600, "15m": 35_040, "1h": 8_760, "4h": 2_190, "1d": 365}

# glibc gives freed memory back to the system above twice the largest block it saw freed; unless it
# has seen a large one, every temporary of a panel costs its page faults anew (3 × the time).
np.empty(4_000_000)


class Indicator(NamedTuple):
    """Describe one indicator: its function, input series, default parameters and outputs.

    `endless` says that every bar since the first counts; else the last `reach` bars are enough.
    """

    function: Callable[..., Any]
    inputs: tuple[str, ...]
    defaults: dict[str, int | float]
    outputs: tuple[str, ...]
    endless: bool

    def reach(self, **params: float) -> int:
        """Return how many bars one value may need, an upper bound from the whole parameters."""
        counts = (
            {**self.defaults, **params}[n] for n, v in self.defaults.items() if isinstance(v, int)
        )
        return 2 * int(sum(counts)) + 16


INDICATORS: dict[str, Indicator] = {}


def _indicator(*outputs: str, endless: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Enter a function into INDICATORS and check what it is called with."""

    def register(function: Callable[P, R]) -> Callable[P, R]:
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        values = function.__defaults__ or ()
        inputs = names[: len(names) - len(values)]
        defaults = dict(zip(names[len(inputs) :], values, strict=True))

        @wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            given: dict[str, Any] = {**dict(zip(names, args, strict=False)), **kwargs}
            if len(given) < len(args) + len(kwargs) or not given.keys() >= set(inputs):
                return function(*args, **kwargs)
            for name in given.keys() & defaults.keys():
                given[name] = _checked(function.__name__, name, given[name], defaults[name])
            given.update(zip(inputs, _aligned([given[name] for name in inputs]), strict=True))
            with np.errstate(all="ignore"):
                return function(**given)  # type: ignore[call-arg]

        INDICATORS[function.__name__] = Indicator(
            checked, inputs, defaults, outputs or (function.__name__,), endless
        )
        return checked

    return register


def _checked(function: str, name: str, value: Any, default: int | float) -> int | float:
    """Return a parameter: finite, and a whole number from 1 (from 0 if that is the default)."""
    real = not isinstance(value, bool | np.bool_)
    if isinstance(default, int):
        least = min(1, default)
        if not (real and isinstance(value, int | np.integer) and value >= least):
            raise ValueError(f"{function}: {name} must be a whole number from {least} up")
        return min(int(value), MOST_BARS)
    if not (real and isinstance(value, int | float | np.number) and np.isfinite(value)):
        raise ValueError(f"{function}: {name} must be a finite number")
    return float(value)


def _aligned(series: list[Any]) -> list[Array]:
    """Return float64 series of one shape, a single one repeated beside a panel."""
    arrays = [np.asarray(one, dtype=np.float64) for one in series]
    shape = max((one.shape for one in arrays), key=len)
    if len(shape) not in (1, 2) or min(one.ndim for one in arrays) == 0:
        raise ValueError("a series is (bars,) or (bars, symbols)")
    if all(one.shape == shape for one in arrays):
        return arrays
    if any(one.shape not in (shape, shape[:1]) for one in arrays):
        raise ValueError("the series differ in shape")
    return [np.broadcast_to(one if one.shape == shape else one[:, None], shape) for one in arrays]


def _late(x: Array, rows: int) -> Array:
    """Return x moved to the end of that many rows, NaN before it."""
    if x.ndim == 1 and rows - len(x) <= LONG:
        return np.concatenate((UNKNOWN[: rows - len(x)], x))
    out = np.empty((rows, *x.shape[1:]))
    out[: rows - len(x)] = np.nan
    out[rows - len(x) :] = x
    return out


@singledispatch
def _before(x: Array, n: int = 1) -> Array:
    """Return x as it was n bars ago, NaN at the start."""
    return _late(x[: max(len(x) - n, 0)], len(x))


class _Doubling:
    """Hold blocks of 1, 2, 4 … neighbouring rows and join them to windows of any length.

    `join(older, newer, older_size, newer_size)` merges two adjacent blocks. Unlike a running sum,
    nothing drifts, and a hole spoils only the windows it lies in.
    """

    def __init__(self, parts: Parts, join: Callable[..., Parts]) -> None:
        self.blocks, self.join = [parts], join

    def block(self, level: int) -> Parts:
        """Return the blocks of 2^level rows."""
        while len(self.blocks) <= level:
            half, last = 2 ** (len(self.blocks) - 1), self.blocks[-1]
            older, newer = [p[:-half] for p in last], [p[half:] for p in last]
            self.blocks.append(self.join(older, newer, half, half))
        return self.blocks[level]

    def window(self, n: int) -> Parts:
        """Return every window of n rows, n − 1 fewer than there are rows."""
        rows, filled = len(self.blocks[0][0]), 0
        done: Parts = [part[:0] for part in self.blocks[0]]
        if n > rows:
            return done
        for level in range(n.bit_length()):
            size = 2**level
            if n & size:
                older = [p[: rows - filled - size + 1] for p in self.block(level)]
                newer = [p[size:] for p in done]
                done = self.join(older, newer, size, filled) if filled else older
                filled += size
        return done


def _in_strips(function: Callable[..., Parts], n: int, *series: Array) -> Parts:
    """Run a function of all windows of n rows on so few rows at a time that the cache holds them.

    It is called with the series and n, and returns results of n − 1 fewer rows.
    """
    rows, step = len(series[0]) - n + 1, CACHED // max(1, prod(series[0].shape[1:]))
    if rows <= step or step < 2 * n:
        return function(*series, n)
    out: Parts = ()
    for row in range(0, rows, step):
        parts = function(*(x[row : row + step + n - 1] for x in series), n)
        out = out or [np.empty((rows, *part.shape[1:])) for part in parts]
        for whole, part in zip(out, parts, strict=True):
            whole[row : row + step] = part
    return out


@singledispatch
def _windows(x: Array, n: int, join: Callable[..., Parts], *more: Array) -> Parts:
    """Return all windows in the shape of their input, NaN before the first full one."""
    parts = _in_strips(lambda *some: _Doubling(some[:-1], join).window(n), n, x, *more)
    return tuple(_late(part, len(x)) for part in parts)


def _join_weighted(older: Parts, newer: Parts, i: int, _j: int) -> Parts:
    return older[0] + newer[0], older[1] + newer[1] + i * newer[0]


def _join_moments(older: Parts, newer: Parts, i: int, j: int) -> Parts:
    """Merge means and sums of squared deviations (Chan, Golub and LeVeque 1979)."""
    gap = newer[0] - older[0]
    mean = older[0] + gap * (j / (i + j))
    return mean, older[1] + newer[1] + gap * gap * (i * j / (i + j))


def _join_trends(older: Parts, newer: Parts, i: int, j: int) -> Parts:
    """Merge means, squared deviations and the sums of their products with time."""
    gap = newer[0] - older[0]
    mean, square = _join_moments(older[:2], newer[:2], i, j)
    return mean, square, older[2] + newer[2] + gap * (i * j / 2)


def _join_pairs(older: Parts, newer: Parts, i: int, j: int) -> Parts:
    """Merge the means of two series, their squared deviations and their products."""
    mean_x, square_x = _join_moments(older[:2], newer[:2], i, j)
    mean_y, square_y = _join_moments(older[2:4], newer[2:4], i, j)
    gap = (newer[0] - older[0]) * (newer[2] - older[2]) * (i * j / (i + j))
    return mean_x, square_x, mean_y, square_y, older[4] + newer[4] + gap


def _lags(x: Array, n: int, step: int = 1) -> Array:
    """Return a view of the n rows, so many apart, that each window has, the oldest first."""
    rows, back = len(x) - (n - 1) * step, x.strides[0] * step
    return np.ndarray((n, rows, *x.shape[1:]), x.dtype, x, 0, (back, *x.strides))


def _sums(x: Array, *sizes: int) -> list[Array]:
    """Return the sums of all full windows of each size, by doubling as in `_Doubling`."""
    blocks, out, rows = [x], [], len(x)
    for n in sizes:
        done, filled = x[:0], 0
        for level in range(n.bit_length() if n <= rows else 0):
            size = 2**level
            if level == len(blocks):
                half = blocks[-1]
                blocks.append(half[: -size // 2] + half[size // 2 :])
            if n & size:
                older = blocks[level]
                done = older[: rows - filled - size + 1] + done[size:] if filled else older
                filled += size
        out.append(done)
    return out


@singledispatch
def _sum(x: Array, n: int) -> Array:
    return _late(_sums(x, n)[0], len(x))


def _mean(x: Array, n: int) -> Array:
    return _sum(x, n) / n


def _moments(x: Array, n: int) -> tuple[Array, Array]:
    """Return the mean and the sum of squared deviations of each window."""
    mean, square = _windows(x, n, _join_moments, x - x)
    return mean, square


def _deviation(x: Array, n: int, less: int = 0) -> Array:
    """Return the standard deviation of each window with n − less degrees of freedom."""
    return np.sqrt(_moments(x, n)[1] / (n - less)) if n > less else np.nan * x


def _pairs(x: Array, y: Array, n: int) -> Parts:
    """Return the squared deviations of x, those of y and their products in each window."""
    zero = (x - x) + (y - y)
    _, square_x, _, square_y, product = _windows(x, n, _join_pairs, zero, y, zero, zero)
    return square_x, square_y, product


def _extremes(x: Array, sizes: tuple[int, ...], pick: np.ufunc) -> list[Array]:
    """Return the maxima or minima of windows of rising sizes; merged blocks may overlap."""
    out, size, rows = [], 1, len(x)
    for n in sizes:
        while size < n <= rows:
            step = min(size, n - size)
            x, size = pick(x[:-step], x[step:]), size + step
        out.append(x if n <= rows else x[:0])
    return out


@singledispatch
def _extreme(x: Array, n: int, pick: np.ufunc) -> Array:
    return _late(_extremes(x, (n,), pick)[0], len(x))


def _highest(x: Array, n: int) -> Array:
    return _extreme(x, n, np.maximum)


def _lowest(x: Array, n: int) -> Array:
    return _extreme(x, n, np.minimum)


@singledispatch
def _ago(x: Array, n: int) -> Array:
    """Return how many bars ago each window had its maximum, the more recent of equals."""
    return _late(_ages(x, n), len(x)) if n <= len(x) else np.full(x.shape, np.nan)


def _ages(x: Array, n: int) -> Array:
    # Small numbers are quick: a byte takes an eighth of the time of a price.
    age: Array = np.zeros_like(x, dtype=np.int8 if n < 128 else np.int32)
    size = 1
    while size < n:
        step = min(size, n - size)
        gap = age[:-step] - age[step:]
        gap += step
        gap *= (x[:-step] > x[step:]).view(np.int8)
        gap += age[step:]
        age, x, size = gap, np.maximum(x[:-step], x[step:]), size + step
    return age + (x - x)


@singledispatch
def _by_window(x: Array, n: int, function: Callable[..., Array]) -> Array:
    """Apply a function of whole windows, (rows, …, n) in and (rows, …) out, in bounded memory."""
    rows = len(x)
    if n > rows:
        return np.full(x.shape, np.nan)
    views = np.lib.stride_tricks.sliding_window_view(x, n, axis=0)
    step = max(1, 2**18 // max(1, views[0].size))
    parts = [function(views[row : row + step]) for row in range(0, len(views), step)]
    return _late(np.concatenate(parts), rows)


def _skipping(function: Callable[..., Parts], *series: Array) -> Parts:
    """Run a recursion over the complete bars only; the others get NaN and leave no trace."""
    whole = np.isfinite(series[0])
    for one in series[1:]:
        whole &= np.isfinite(one)
    if whole.all():
        return function(*series)
    start = int(whole.reshape(len(whole), -1).all(axis=1).argmax())
    if whole[start:].all() and not whole[:start].any():
        return tuple(_late(part, len(whole)) for part in function(*(s[start:] for s in series)))
    order = np.argsort(~whole, axis=0, kind="stable")
    hole = np.take_along_axis(~whole, order, 0)
    packed = (np.where(hole, np.nan, np.take_along_axis(one, order, 0)) for one in series)
    results = []
    for part in function(*packed):
        out = np.empty(part.shape)
        np.put_along_axis(out, order, np.where(hole, np.nan, part), 0)
        results.append(out)
    return tuple(results)


@singledispatch
def _smooth(x: Array, n: int, alpha: float) -> Array:
    """Run y += alpha·(x − y) from the mean of the first n values."""
    return _skipping(lambda whole: (_recur(whole, n, alpha),), x)[0]


def _recur(x: Array, n: int, alpha: float) -> Array:
    out = np.full(x.shape, np.nan)
    if n > len(x):
        return out
    # From the first value on, so that of a price at rest nothing is made by rounding.
    out[n - 1] = x[0] + _sums(x[:n] - x[0], n)[0][0] / n
    if x.ndim == 1:
        done = n
        if len(x) - n > LONG:
            done += len(blocks := _recur_blocks(x[n:], float(out[n - 1]), alpha))
            out[n:done] = blocks
        y = float(out[done - 1])
        out[done:] = [y := y + alpha * (value - y) for value in x[done:].tolist()]
        return out
    _follow_rows(x[n:], out[n:], out[n - 1], alpha)
    return out


def _follow_rows(x: Array, out: Array, before: Array, alpha: float) -> None:
    """Fill `out` row by row with before + alpha·(x − before)."""
    step = np.empty(x.shape[1:])
    for value, row in zip(x, out, strict=True):
        np.subtract(value, before, out=step)
        np.multiply(step, alpha, out=step)
        np.add(before, step, out=row)
        before = row


def _recur_blocks(x: Array, y: float, alpha: float) -> Array:
    """Return the recursion over the most equal blocks of a long series, each begun at 0.

    What a block inherits fades by 1 − alpha a bar and is added afterwards.
    """
    size = isqrt(len(x))
    count = len(x) // size
    own, fading = np.empty((size, count)), (1 - alpha) ** np.arange(1.0, size + 1)
    blocks = np.ascontiguousarray(x[: size * count].reshape(count, size).T)
    _follow_rows(blocks, own, np.zeros(count), alpha)
    left, starts = float(fading[-1]), [y]
    for end in own[-1, :-1].tolist():
        starts.append(end + left * starts[-1])
    own += fading[:, None] * starts
    return own.T.ravel()


def _ema(x: Array, n: int) -> Array:
    return _smooth(x, n, 2 / (n + 1))


def _rma(x: Array, n: int) -> Array:
    return _smooth(x, n, 1 / n)


def _rmas(n: int, *series: Array) -> list[Array]:
    """Smooth several series of one shape: panels side by side, for a row costs little more then."""
    if series[0].ndim < 2:
        return [_rma(one, n) for one in series]
    return np.split(_rma(np.concatenate(series, axis=1), n), len(series), axis=1)


@singledispatch
def _total(x: Array) -> Array:
    """Return the running sum, NaN at holes and carried past them."""
    out, hole = x.copy(), np.isnan(x)
    out[hole] = 0
    if x.ndim == 1:
        np.cumsum(out, out=out)
    else:
        for before, row in pairwise(out):
            np.add(before, row, out=row)
    out[hole] = np.nan
    return out


@singledispatch
def _total_from(x: Array, starts: Array) -> Array:
    """Return the running sum that begins anew at every start; NaN before the first."""
    if x.ndim == 2 and (not x.shape[1] or (starts != starts[:, :1]).any()):
        hole = np.isnan(x)
        out = np.where(hole, 0.0, x)
        for (before, row), start in zip(pairwise(out), starts[1:], strict=True):
            np.add(row, before, out=row, where=~start)
        out[hole | ~np.logical_or.accumulate(starts)] = np.nan
        return out
    edges = np.flatnonzero(starts[:, 0] if x.ndim == 2 else starts).tolist()
    out = np.full(x.shape, np.nan)
    for start, end in pairwise([*edges, len(x)]):
        out[start:end] = _total(x[start:end])
    return out


@singledispatch
def _put(x: Array, where: Array, value: float) -> Array:
    """Set a fresh array to a value where a condition holds, and return it."""
    if np.count_nonzero(where):
        x[where] = value
    return x


@singledispatch
def _masked(x: Array, unknown: Array) -> Array:
    """Return x with NaN where it is unknown; x itself where nothing is."""
    if not np.count_nonzero(unknown):
        return x
    out = x.copy()
    out[unknown] = np.nan
    return out


def _log(x: Array) -> Array:
    """Return the logarithm, NaN where there is none."""
    return np.log(_masked(x, x <= 0))


def _returns(x: Array) -> Array:
    logs = _log(x)
    return logs - _before(logs)


def _over(part: Array, whole: Array) -> Array:
    """Return part/whole, NaN where the whole is 0."""
    return part / _masked(whole, whole == 0)


def _ratio(part: Array, whole: Array) -> Array:
    return 100 * _over(part, whole)


@overload
def change(value: float | None, before: float | None) -> float: ...
@overload
def change(value: Array, before: Array | float) -> Array: ...
def change(value: Any, before: Any) -> Any:
    """Return the percent change from before to value; NaN where before is 0 or one is unknown."""
    new, old = np.asarray(value, dtype=np.float64), np.asarray(before, dtype=np.float64)
    with np.errstate(all="ignore"):
        out = 100 * (new - old) / np.where(old == 0, np.nan, np.abs(old))
    return out if out.ndim else float(out)


@overload
def lin(x: float | None, a: float, b: float) -> float: ...
@overload
def lin(x: Array, a: float, b: float) -> Array: ...
def lin(x: Any, a: float, b: float) -> Any:
    """Map a…b onto 0…100 and hold what lies outside at the ends; NaN stays NaN."""
    if a == b:
        raise ValueError("lin: a and b must differ")
    out = np.clip((np.asarray(x, dtype=np.float64) - a) / (b - a) * 100, 0, 100)
    return out if out.ndim else float(out)


@_indicator()
def sma(x: Array, n: int = 20) -> Array:
    """Return the mean of the last n values."""
    return _mean(x, n)


@_indicator(endless=True)
def ema(x: Array, n: int = 20) -> Array:
    """Return the exponential average, α = 2/(n+1), seeded with the mean of the first n values."""
    return _ema(x, n)


@_indicator(endless=True)
def rma(x: Array, n: int = 14) -> Array:
    """Return Wilder's average, α = 1/n, seeded with the mean of the first n (Wilder 1978)."""
    return _rma(x, n)


@_indicator(endless=True)
def dema(x: Array, n: int = 20) -> Array:
    """Return the double exponential average, 2·EMA − EMA of EMA (Mulloy 1994)."""
    once = _ema(x, n)
    return 2 * once - _ema(once, n)


@_indicator(endless=True)
def tema(x: Array, n: int = 20) -> Array:
    """Return the triple exponential average, 3·EMA − 3·EMA² + EMA³ (Mulloy 1994)."""
    once = _ema(x, n)
    twice = _ema(once, n)
    return 3 * once - 3 * twice + _ema(twice, n)


@_indicator()
def wma(x: Array, n: int = 20) -> Array:
    """Return the average with weights 1…n, the newest heaviest."""
    return _wma(x, n)


def _wma(x: Array, n: int) -> Array:
    return _windows(x, n, _join_weighted, x)[1] / (n * (n + 1) / 2)


@_indicator()
def hma(x: Array, n: int = 20) -> Array:
    """Return Hull's average, WMA(2·WMA(n/2) − WMA(n), √n) (Hull 2005)."""
    return _wma(2 * _wma(x, max(1, n // 2)) - _wma(x, n), isqrt(n))


@_indicator()
def vwma(x: Array, volume: Array, n: int = 20) -> Array:
    """Return the mean of n values weighted by volume; NaN without volume."""
    return _over(_sum(x * volume, n), _sum(volume, n))


@_indicator()
def alma(x: Array, n: int = 9, offset: float = 0.85, sigma: float = 6.0) -> Array:
    """Return the average under a Gaussian bell, Legoux and Kouzis-Loukas 2009."""
    if sigma <= 0:
        raise ValueError("alma: sigma must be above 0")
    return _by_window(x, n, lambda windows: windows @ _bell(n, offset, sigma))


@lru_cache(maxsize=64)
def _bell(n: int, offset: float, sigma: float) -> Array:
    weights = np.exp(-((np.arange(n) - offset * (n - 1)) ** 2) * (sigma / n) ** 2 / 2)
    return weights / weights.sum()


@_indicator(endless=True)
def kama(x: Array, n: int = 10, fast: int = 2, slow: int = 30) -> Array:
    """Return Kaufman's adaptive average, started at the value before its first (Kaufman 1995)."""
    quick, lazy = 2 / (fast + 1), 2 / (slow + 1)
    path = _sum(np.abs(x - _before(x)), n)
    ratio = _put(np.minimum(np.abs(x - _before(x, n)) / path, 1.0), path == 0, 1.0)
    return _follow(x, (ratio * (quick - lazy) + lazy) ** 2)


@singledispatch
def _follow(x: Array, rate: Array) -> Array:
    """Run y += rate·(x − y) where the rate is known, from the value before the first."""
    known = np.isfinite(rate)
    steps, values = rate.copy(), x.copy()
    steps[~known], values[~np.isfinite(x)] = 0.0, 0.0
    if len(x):
        start = np.maximum(known.argmax(axis=0) - 1, 0)
        steps[(start, *np.indices(start.shape))] = 1.0
    out = np.zeros(x.shape)
    if x.ndim == 1:
        y = 0.0
        pairs = zip(steps.tolist(), values.tolist(), strict=True)
        out[:] = [y := y + step * (value - y) for step, value in pairs]
    else:
        before, gap = np.zeros(x.shape[1:]), np.empty(x.shape[1:])
        for step, value, row in zip(steps, values, out, strict=True):
            np.subtract(value, before, out=gap)
            np.multiply(gap, step, out=gap)
            np.add(before, gap, out=row)
            before = row
    out[~known] = np.nan
    return out


@_indicator(endless=True)
def ema_distance(close: Array, n: int = 50) -> Array:
    """Return how far the price is above its EMA, in percent of the EMA."""
    base = _ema(close, n)
    return _ratio(close - base, base)


@_indicator(endless=True)
def ribbon(close: Array, fast: int = 20, middle: int = 50, slow: int = 200) -> Array:
    """Return 1 where the EMAs stand fast over middle over slow, −1 reversed, 0 mixed."""
    a, b, c = _ema(close, fast), _ema(close, middle), _ema(close, slow)
    order = 1.0 * ((a > b) & (b > c)) - 1.0 * ((a < b) & (b < c))
    return _masked(order, np.isnan(a + b + c))


@_indicator()
def roc(x: Array, n: int = 10) -> Array:
    """Return the percent change over n bars; NaN from 0."""
    old = _before(x, n)
    return _ratio(x - old, old)


@_indicator()
def mom(x: Array, n: int = 10) -> Array:
    """Return the difference over n bars."""
    return x - _before(x, n)


@_indicator(endless=True)
def rsi(close: Array, n: int = 14) -> Array:
    """Return Wilder's relative strength, 0–100; NaN while nothing has moved (Wilder 1978).

    TA-Lib answers 0 for a series that has not moved.
    """
    return _rsi(close, n)


def _rsi(close: Array, n: int) -> Array:
    move = close - _before(close)
    up, down = _rmas(n, np.maximum(move, 0), np.maximum(-move, 0))
    return 100 * up / (up + down)


@_indicator("k", "d", endless=True)
def stoch_rsi(
    close: Array, n: int = 14, length: int = 14, smooth: int = 3, d: int = 3
) -> tuple[Array, Array]:
    """Return the slow stochastic of the RSI, 0–100 (Chande and Kroll 1994).

    TA-Lib's %K is not smoothed: smooth=1.
    """
    strength = _rsi(close, n)
    return _slow(_position(strength, strength, strength, length), smooth, d)


def _position(high: Array, low: Array, close: Array, n: int) -> Array:
    """Return where the close stands between the lowest low and the highest high, 0–100."""
    return _place(close, _highest(high, n), _lowest(low, n))


def _place(x: Array, top: Array, bottom: Array) -> Array:
    """Return where x stands between two lines, 0–100; NaN where they differ by rounding only."""
    span = top - bottom
    return 100 * (x - bottom) / _masked(span, span <= TIE * np.abs(top))


def _slow(fast: Array, smooth: int, d: int) -> tuple[Array, Array]:
    k = _mean(fast, smooth)
    return k, _mean(k, d)


@_indicator("k", "d")
def stochastic(
    high: Array, low: Array, close: Array, n: int = 14, smooth: int = 3, d: int = 3
) -> tuple[Array, Array]:
    """Return slow %K and %D, 0–100; NaN where the range is flat (Lane)."""
    return _slow(_position(high, low, close, n), smooth, d)


@_indicator()
def williams_r(high: Array, low: Array, close: Array, n: int = 14) -> Array:
    """Return %R, −100–0; NaN where the range is flat (Williams 1973)."""
    return _position(high, low, close, n) - 100


@_indicator()
def cci(high: Array, low: Array, close: Array, n: int = 20) -> Array:
    """Return the commodity channel index of the typical price; NaN when flat (Lambert 1980)."""
    return _channel_index((high + low + close) / 3, n)


@singledispatch
def _channel_index(typical: Array, n: int) -> Array:
    return _late(_cci(typical, n), len(typical))


def _cci(typical: Array, n: int) -> Array:
    return _in_strips(_deviations, n, typical)[0]


def _deviations(typical: Array, n: int) -> Parts:
    mean = _short_sum(typical, n) / n
    away = _mean_deviation(typical, mean, n)
    away = _masked(away, away <= TIE * np.abs(mean))
    return ((_tail(typical, mean) - mean) / (0.015 * away),)


def _mean_deviation(x: Array, mean: Array, n: int) -> Array:
    """Return the mean distance of each window's n values from its mean; rows as many as means.

    What is above the mean is as far from it as what is below.
    """
    rows = len(mean)
    if not rows:
        return mean
    x = x[len(x) - rows - n + 1 :]
    if x.ndim == 1:
        total = np.add.reduce(np.maximum(_lags(np.ascontiguousarray(x), n), mean))
    else:
        total, more = np.maximum(x[:rows], mean), np.empty(mean.shape)
        for start in range(1, n):
            total += np.maximum(x[start : start + rows], mean, out=more)
    total -= n * mean
    total *= 2 / n
    return total


@_indicator()
def cmo(x: Array, n: int = 9) -> Array:
    """Return Chande's momentum oscillator, −100–100; NaN while nothing moves (Chande 1994).

    TA-Lib smooths the sums by Wilder's average and never agrees; its CMOU does.
    """
    move = x - _before(x)
    return 100 * _sum(move, n) / _sum(np.abs(move), n)


@_indicator("tsi", "signal", endless=True)
def tsi(close: Array, fast: int = 13, slow: int = 25, signal: int = 13) -> tuple[Array, Array]:
    """Return the true strength index, −100–100, and its EMA (Blau 1991)."""
    move = close - _before(close)
    line = 100 * _ema(_ema(move, slow), fast) / _ema(_ema(np.abs(move), slow), fast)
    return line, _ema(line, signal)


@_indicator("macd", "signal", "histogram", endless=True)
def macd(
    close: Array, fast: int = 12, slow: int = 26, signal: int = 9
) -> tuple[Array, Array, Array]:
    """Return EMA(fast) − EMA(slow), its EMA and their difference (Appel; Aspray 1986).

    Each EMA has its own seed; TA-Lib starts the fast one late and agrees after some 300 bars.
    """
    return _with_signal(_ema(close, fast) - _ema(close, slow), signal)


def _with_signal(line: Array, n: int) -> tuple[Array, Array, Array]:
    trigger = _ema(line, n)
    return line, trigger, line - trigger


@_indicator("ppo", "signal", "histogram", endless=True)
def ppo(
    close: Array, fast: int = 12, slow: int = 26, signal: int = 9
) -> tuple[Array, Array, Array]:
    """Return MACD in percent of the slow EMA, its EMA and their difference (Appel)."""
    base = _ema(close, slow)
    return _with_signal(_ratio(_ema(close, fast) - base, base), signal)


@_indicator(endless=True)
def trix(close: Array, n: int = 15) -> Array:
    """Return the percent change of a triple EMA (Hutson 1983).

    TradingView's built-in takes the logarithm of the price first and multiplies by 10 000.
    """
    triple = _ema(_ema(_ema(close, n), n), n)
    old = _before(triple)
    return _ratio(triple - old, old)


@_indicator()
def ultimate(
    high: Array, low: Array, close: Array, short: int = 7, middle: int = 14, long: int = 28
) -> Array:
    """Return the ultimate oscillator, 0–100 (Williams 1976)."""
    old = _before(close)
    bottom = np.minimum(low, old)
    pressure, span = close - bottom, np.maximum(high, old) - bottom
    parts = [_sum(pressure, n) / _sum(span, n) for n in (short, middle, long)]
    return 100 * (4 * parts[0] + 2 * parts[1] + parts[2]) / 7


@_indicator()
def awesome(high: Array, low: Array, fast: int = 5, slow: int = 34) -> Array:
    """Return SMA(fast) − SMA(slow) of the middle price (Williams 1998)."""
    middle = (high + low) / 2
    return _mean(middle, fast) - _mean(middle, slow)


@_indicator()
def tr(high: Array, low: Array, close: Array) -> Array:
    """Return the true range, high − low where the close before is unknown (Wilder 1978)."""
    return _true_range(high, low, close)


@singledispatch
def _true_range(high: Array, low: Array, close: Array) -> Array:
    span, old = high - low, close[:-1]
    gone = np.isnan(old)
    if gone.any():
        old = np.where(gone, low[1:], old)
    np.subtract(np.maximum(high[1:], old), np.minimum(low[1:], old), out=span[1:])
    return span


@singledispatch
def _later_range(high: Array, low: Array, close: Array) -> Array:
    """Return the true range without the first bar, whose close before is unknown."""
    span = _true_range(high, low, close)
    span[:1] = np.nan
    return span


@_indicator(endless=True)
def atr(high: Array, low: Array, close: Array, n: int = 14) -> Array:
    """Return Wilder's average of the true range (Wilder 1978).

    TA-Lib leaves the first bar out and agrees after some 300 bars.
    """
    return _rma(_true_range(high, low, close), n)


@_indicator(endless=True)
def natr(high: Array, low: Array, close: Array, n: int = 14) -> Array:
    """Return the ATR in percent of the close; TA-Lib agrees after some 300 bars as for the ATR."""
    return _ratio(_rma(_true_range(high, low, close), n), close)


@_indicator("upper", "middle", "lower")
def bollinger(x: Array, n: int = 20, k: float = 2.0) -> tuple[Array, Array, Array]:
    """Return the mean and k population deviations around it (Bollinger 2001)."""
    mean, square = _moments(x, n)
    width = k * np.sqrt(square / n)
    return mean + width, mean, mean - width


@_indicator()
def percent_b(x: Array, n: int = 20, k: float = 2.0) -> Array:
    """Return the place between the Bollinger bands, 0 at the lower, 1 at the upper one."""
    mean, square = _moments(x, n)
    return (x - mean) / (2 * k * np.sqrt(square / n)) + 0.5


@_indicator()
def bandwidth(x: Array, n: int = 20, k: float = 2.0) -> Array:
    """Return the width of the Bollinger bands in percent of the mean."""
    mean, square = _moments(x, n)
    return _ratio(2 * k * np.sqrt(square / n), mean)


@_indicator("upper", "middle", "lower", endless=True)
def keltner(
    high: Array, low: Array, close: Array, n: int = 20, k: float = 2.0
) -> tuple[Array, Array, Array]:
    """Return the EMA and k EMAs of the true range around it (Keltner 1960; Raschke).

    TA-Lib's KC takes the EMA of the typical price and the ATR of 10 bars.
    """
    middle, width = _ema(close, n), k * _ema(_later_range(high, low, close), n)
    return middle + width, middle, middle - width


@_indicator("upper", "middle", "lower")
def donchian(high: Array, low: Array, n: int = 20) -> tuple[Array, Array, Array]:
    """Return the highest high, the middle and the lowest low of n bars, this one included.

    A close leaves the channel of the bar before, never its own: see `breakout`.
    """
    upper, lower = _highest(high, n), _lowest(low, n)
    return upper, (upper + lower) / 2, lower


@_indicator()
def breakout(high: Array, low: Array, close: Array, n: int = 20) -> Array:
    """Return the place of the close in the channel of the n bars before; it leaves beyond 0–1."""
    lower = _before(_lowest(low, n))
    return _over(close - lower, _before(_highest(high, n)) - lower)


@_indicator("adx", "plus_di", "minus_di", endless=True)
def adx(
    high: Array, low: Array, close: Array, n: int = 14, smooth: int = 0
) -> tuple[Array, Array, Array]:
    """Return ADX and the directional indicators, 0–100 (Wilder 1978).

    The ADX is smoothed over n bars too unless `smooth` says otherwise. TA-Lib seeds with n − 1
    bars and agrees after some 300.
    """
    plus, minus = _directional(high, low, close, n)
    return _rma(_imbalance(plus, minus), smooth or n), plus, minus


@_indicator(endless=True)
def dx(high: Array, low: Array, close: Array, n: int = 14) -> Array:
    """Return the directional movement index, 0–100, the ADX before smoothing (Wilder 1978)."""
    return _imbalance(*_directional(high, low, close, n))


@_indicator(endless=True)
def adxr(high: Array, low: Array, close: Array, n: int = 14) -> Array:
    """Return the mean of the ADX now and n − 1 bars ago (Wilder 1978)."""
    now = _rma(_imbalance(*_directional(high, low, close, n)), n)
    return (now + _before(now, n - 1)) / 2


def _imbalance(plus: Array, minus: Array) -> Array:
    return 100 * np.abs(plus - minus) / (plus + minus)


def _directional(high: Array, low: Array, close: Array, n: int) -> tuple[Array, Array]:
    """Return +DI and −DI; two moves equal but for rounding cancel."""
    span, *moves = _rmas(n, *_wilder_moves(high, low, close))
    up, down = (_ratio(one, span) for one in moves)
    return up, down


@singledispatch
def _wilder_moves(high: Array, low: Array, close: Array) -> Parts:
    """Return the true range, +DM and −DM where the bar before is known."""
    plus, minus = _directional_moves(high, low)
    gone = high[1:] - high[:-1] - (low[1:] - low[:-1])
    gone -= gone
    span = _true_range(high, low, close)[1:]
    return tuple(_late(one + gone, len(high)) for one in (span, plus, minus))


def _directional_moves(high: Array, low: Array) -> tuple[Array, Array]:
    """Return how far each bar after the first reaches above or below the one before."""
    up, down = high[1:] - high[:-1], low[:-1] - low[1:]
    lead, least = up - down, TIE * np.abs(high[1:])
    np.maximum(up, 0, out=up)
    np.maximum(down, 0, out=down)
    up *= lead > least
    down *= lead < -least
    return up, down


@_indicator("up", "down", "oscillator")
def aroon(high: Array, low: Array, n: int = 14) -> tuple[Array, Array, Array]:
    """Return how recent the extremes of n + 1 bars are, 100 for this bar (Chande 1995).

    Of equal extremes the most recent counts; TradingView takes the oldest.
    """
    up, down = 100 - _ago(high, n + 1) * (100 / n), 100 - _ago(-low, n + 1) * (100 / n)
    return up, down, up - down


@_indicator(endless=True)
def psar(
    high: Array, low: Array, start: float = 0.02, step: float = 0.02, most: float = 0.2
) -> Array:
    """Return the parabolic stop and reverse as TradingView runs it (Wilder 1978).

    TA-Lib picks another first side, and on a turn looks back one bar less.
    """
    if not 0 < start <= most or step < 0:
        raise ValueError("psar: 0 < start <= most and step >= 0")
    return _sar(high, low, start, step, most)


@singledispatch
def _sar(high: Array, low: Array, start: float, step: float, most: float) -> Array:
    run = _psar if high.ndim == 1 else _psar_panel
    return _skipping(lambda h, lo: (run(h, lo, start, step, most),), high, low)[0]


def _psar(high: Array, low: Array, start: float, step: float, most: float) -> Array:
    """Follow one series; in a fall prices are mirrored, so that the stop is always below."""
    if len(high) < 2:
        return np.full(high.shape, np.nan)
    sides = {1: (low.tolist(), high.tolist()), -1: ((-high).tolist(), (-low).tolist())}
    side = -1 if high[0] > high[1] else 1
    near, far = sides[side]
    stop, best, speed = near[0], far[1], start
    out = [np.nan, side * stop]
    for t in range(2, len(high)):
        stop += speed * (best - stop)
        top = max(best, far[t])
        if near[t] <= stop:
            stop, best, speed, side = -top, -near[t], start, -side
            near, far = sides[side]
        elif top > best:
            best, speed = top, min(speed + step, most)
        stop = min(stop, near[t - 1], near[t - 2])
        out.append(side * stop)
    return np.array(out)


def _psar_panel(high: Array, low: Array, start: float, step: float, most: float) -> Array:
    """Follow all columns at once; `place` points at the side of each in the mirrored prices."""
    if len(high) < 2:
        return np.full(high.shape, np.nan)
    rows, columns = high.shape
    near = np.stack([low, -high], axis=2).reshape(rows, -1)
    limit = np.minimum(near[1:-1], near[:-2])
    short = high[0] > high[1]
    place = 2 * np.arange(columns) + short
    stop = near[0][place]
    best = -near[1][place ^ 1]
    speed = np.full(columns, start)
    stops, places = np.full((rows, columns), np.nan), np.zeros((rows, columns), dtype=np.int64)
    stops[1], places[1] = stop, place
    for t in range(2, rows):
        close_by, top = near[t][place], np.maximum(best, -near[t][place ^ 1])
        stop = stop + speed * (best - stop)
        turn = close_by <= stop
        speed = np.where(turn, start, np.where(top > best, np.minimum(speed + step, most), speed))
        best = np.where(turn, -close_by, top)
        place ^= turn
        stop = np.minimum(np.where(turn, -top, stop), limit[t - 2][place])
        stops[t], places[t] = stop, place
    return np.where(places & 1, -stops, stops)


@_indicator("supertrend", "direction", endless=True)
def supertrend(
    high: Array, low: Array, close: Array, n: int = 10, k: float = 3.0
) -> tuple[Array, Array]:
    """Return the trailing line and its direction: 1 below a rising price, −1 above (Seban).

    TradingView's direction has the other sign. TA-Lib agrees after some 300 bars as for the ATR.
    """
    width, middle = k * _rma(_true_range(high, low, close), n), (high + low) / 2
    return _ratchet(middle - width, middle + width, close)


@singledispatch
def _ratchet(low: Array, high: Array, close: Array) -> tuple[Array, Array]:
    """Return the line that trails the close, and the direction, from both its bands."""
    line, way = _skipping(_supertrend if low.ndim == 1 else _supertrend_panel, low, high, close)
    return line, way


def _supertrend(low: Array, high: Array, close: Array) -> Parts:
    floor, ceiling, up = -inf, inf, False
    line, turns = array("d"), array("l")
    for lower, upper, price in zip(low.tolist(), high.tolist(), close.tolist(), strict=True):
        # Not max and min: a call takes as long as all the rest of this loop.
        floor, ceiling = lower if lower > floor else floor, upper if upper < ceiling else ceiling
        if not floor <= price <= ceiling:
            below, above = price < floor, price > ceiling
            if line and (below if up else above):
                up = not up
                turns.append(len(line))
            line.append(floor if up else ceiling)
            floor, ceiling = -inf if below else floor, inf if above else ceiling
        else:
            line.append(floor if up else ceiling)
    way = np.full(len(line), -1.0)
    for start, end in zip(turns[::2], [*turns[1::2], len(line)], strict=False):
        way[start:end] = 1
    return np.array(line), way


def _supertrend_panel(low: Array, high: Array, close: Array, bars: int = 0) -> Parts:
    """Ratchet both bands of all columns at once, the upper one mirrored; 0 bars are all."""
    edges, prices, bands = (np.empty((len(low), 2, low.shape[1])) for _ in range(3))
    edges[:, 0], prices[:, 0] = low, close
    np.negative(high, out=edges[:, 1])
    np.negative(close, out=prices[:, 1])
    bands[:1], broken = edges[:1], np.empty(edges.shape[1:], dtype=bool)
    for price, edge, (before, band) in zip(prices, edges[1:], pairwise(bands), strict=False):
        np.less(price, before, out=broken)
        np.maximum(edge, before, out=band)
        np.copyto(band, edge, where=broken)
    rise, stay = prices[:, 1] < bands[:, 1], prices[:, 0] >= bands[:, 0]
    rise[:1] = stay[:1] = False
    stay ^= rise
    for turn, (before, row) in zip(stay[1:], pairwise(rise), strict=True):
        np.bitwise_xor(row, before & turn, out=row)
    up, bands = rise[-bars:].astype(np.float64), bands[-bars:]
    return bands[:, 0] * up - bands[:, 1] * (1 - up), 2 * up - 1


@_indicator("tenkan", "kijun", "span_a", "span_b")
def ichimoku(
    high: Array, low: Array, fast: int = 9, middle: int = 26, slow: int = 52
) -> tuple[Array, Array, Array, Array]:
    """Return conversion, base and the cloud drawn over this bar, computed middle − 1 bars ago.

    TradingView shifts by 25 for 26; other libraries by 26 (Hosoda 1969).
    """
    tenkan, kijun, base = [(_highest(high, n) + _lowest(low, n)) / 2 for n in (fast, middle, slow)]
    return tenkan, kijun, _before((tenkan + kijun) / 2, middle - 1), _before(base, middle - 1)


@_indicator("plus", "minus")
def vortex(high: Array, low: Array, close: Array, n: int = 14) -> tuple[Array, Array]:
    """Return the positive and the negative vortex (Botes and Siepman 2010)."""
    span = _sum(_later_range(high, low, close), n)
    up, down = np.abs(high - _before(low)), np.abs(low - _before(high))
    return _over(_sum(up, n), span), _over(_sum(down, n), span)


@_indicator()
def chop(high: Array, low: Array, close: Array, n: int = 14) -> Array:
    """Return the choppiness index, 0–100: above 61.8 a range, below 38.2 a trend (Dreiss)."""
    if n == 1:
        return np.nan * close
    path, span = _sum(_true_range(high, low, close), n), _highest(high, n) - _lowest(low, n)
    return 100 * np.log10(path / _masked(span, span <= 0)) / np.log10(n)


@_indicator()
def efficiency(x: Array, n: int = 10) -> Array:
    """Return the net move over the path of n bars, 0–1; NaN while nothing moves (Kaufman 1995)."""
    path = _sum(np.abs(x - _before(x)), n)
    return np.minimum(np.abs(x - _before(x, n)) / path, 1.0)


@_indicator(endless=True)
def obv(close: Array, volume: Array) -> Array:
    """Return on-balance volume, begun at 0; an unchanged close adds nothing (Granville 1963).

    TA-Lib begins with the first bar's volume.
    """
    return _total(_signed_volume(close, volume))


def _signed_volume(close: Array, volume: Array) -> Array:
    way = np.sign(close - _before(close))
    way = _put(way, np.isnan(way), 0)
    return way * volume + (close - close)


@_indicator()
def obv_slope(close: Array, volume: Array, n: int = 20) -> Array:
    """Return the rise per bar of n bars' on-balance volume over their mean volume, about −1–1."""
    signed = _signed_volume(close, volume)
    slope = _by_window(signed, n, lambda windows: windows @ _slope_of_sums(n))
    return _over(slope, _mean(volume, n))


@lru_cache(maxsize=64)
def _slope_of_sums(n: int) -> Array:
    """Return the weights of n changes in the slope of the least-squares line of their sums."""
    place = np.arange(n)
    return place * (n - place) * 6 / (n * (n * n - 1) or 1)


@_indicator(endless=True)
def ad(high: Array, low: Array, close: Array, volume: Array) -> Array:
    """Return accumulation/distribution; a bar without range adds nothing (Chaikin)."""
    return _total(_money_flow(high, low, close, volume))


def _money_flow(high: Array, low: Array, close: Array, volume: Array) -> Array:
    span = high - low
    return _put(((close - low) - (high - close)) / span, span == 0, 0) * volume


@_indicator()
def cmf(high: Array, low: Array, close: Array, volume: Array, n: int = 20) -> Array:
    """Return Chaikin's money flow, −1–1; NaN without volume."""
    return _sum(_money_flow(high, low, close, volume), n) / _sum(volume, n)


@_indicator()
def mfi(high: Array, low: Array, close: Array, volume: Array, n: int = 14) -> Array:
    """Return the money flow index, 0–100; NaN while nothing flows (Quong and Soudack 1989).

    Where the bar before is unknown the flow counts on both sides, as TradingView has it; TA-Lib
    begins a bar later.
    """
    rise, fall = _split_flow((high + low + close) / 3, volume)
    up, down = _sum(rise, n), _sum(fall, n)
    return 100 * up / (up + down)


def _split_flow(typical: Array, volume: Array) -> tuple[Array, Array]:
    """Return the typical price times volume of bars that rose, and of those that fell."""
    move, small = typical - _before(typical), TIE * typical
    flow = typical * volume
    return flow * ~(move <= small), flow * ~(move >= -small)


@_indicator(endless=True)
def vwap(high: Array, low: Array, close: Array, volume: Array, time: Array) -> Array:
    """Return the average typical price weighted by volume since 00:00 UTC; time in ms.

    NaN before the first midnight: that day's beginning is unknown.
    """
    return _vwap((high + low + close) / 3, volume, _midnights(time))


@singledispatch
def _midnights(time: Array) -> Array:
    day = np.floor_divide(time, DAY_MS)
    starts = day != _before(day)
    starts[:1] = np.mod(time[:1], DAY_MS) == 0
    return starts


def _vwap(x: Array, volume: Array, starts: Array) -> Array:
    return _total_from(x * volume, starts) / _total_from(volume + 0 * x, starts)


@_indicator(endless=True)
def quote_vwap(quote_volume: Array, volume: Array, time: Array) -> Array:
    """Return the exact average trade price since 00:00 UTC, quote over base volume; time in ms."""
    starts = _midnights(time)
    return _over(_total_from(quote_volume, starts), _total_from(volume, starts))


@_indicator("upper", "middle", "lower", endless=True)
def anchored_vwap(
    x: Array, volume: Array, anchor: Array, k: float = 1.0
) -> tuple[Array, Array, Array]:
    """Return the VWAP since the last bar whose anchor is not 0, and k deviations around it."""
    middle, size = _vwap_bands(x, volume, (anchor != 0) & ~np.isnan(anchor))
    return middle + k * size, middle, middle - k * size


def _vwap_bands(x: Array, volume: Array, starts: Array) -> tuple[Array, Array]:
    """Return the VWAP and the deviation around it, both weighted by volume."""
    middle = _vwap(x, volume, starts)
    base = _total_from(_put(1 * x, ~starts, 0), starts)
    away = x - base
    square = _vwap(away * away, volume, starts) - (middle - base) ** 2
    return middle, np.sqrt(np.maximum(square, 0))


@_indicator(endless=True)
def vwap_z(high: Array, low: Array, close: Array, volume: Array, time: Array) -> Array:
    """Return how many deviations, weighted by volume, the close is from the VWAP of the UTC day."""
    middle, size = _vwap_bands((high + low + close) / 3, volume, _midnights(time))
    return _over(close - middle, size)


@_indicator(endless=True)
def pvt(close: Array, volume: Array) -> Array:
    """Return the price volume trend, begun at 0: Σ volume · relative change."""
    old = _before(close)
    move = _put(_over(close - old, old), np.isnan(old), 0)
    return _total(move * volume + (close - close))


@_indicator(endless=True)
def force(close: Array, volume: Array, n: int = 13) -> Array:
    """Return the EMA of the move times volume (Elder 1993)."""
    return _ema((close - _before(close)) * volume, n)


@_indicator()
def relative_volume(volume: Array, n: int = 20) -> Array:
    """Return the volume over the median of the n bars before; 2 and more is a spike.

    TA-Lib's RVOL takes their mean.
    """
    usual = _before(_median(volume, n))
    return volume / _masked(usual, usual <= 0)


@_indicator(endless=True)
def hourly_volume(volume: Array, n: int = 10, period: int = 24) -> Array:
    """Return the volume over its median at the n times one period (a day of hours) apart before."""
    span = (n - 1) * period + 1
    hours = _by_window(volume, span, lambda windows: np.median(windows[..., ::period], axis=-1))
    usual = _before(hours, period)
    return volume / _masked(usual, usual <= 0)


@_indicator()
def volume_z(volume: Array, n: int = 20) -> Array:
    """Return the z-score of the logarithm of the volume; NaN without volume."""
    return _zscore(_log(volume), n)


@_indicator()
def taker_delta(volume: Array, taker_buy: Array) -> Array:
    """Return bought minus sold by takers, 2·taker_buy − volume."""
    return 2 * taker_buy - volume


@_indicator(endless=True)
def cvd(volume: Array, taker_buy: Array) -> Array:
    """Return the cumulative taker delta."""
    return _total(2 * taker_buy - volume)


@_indicator()
def cvd_slope(volume: Array, taker_buy: Array, n: int = 20) -> Array:
    """Return the taker delta of n bars over their volume, −1–1; NaN without volume."""
    return _over(_sum(2 * taker_buy - volume, n), _sum(volume, n))


@_indicator()
def buy_share(volume: Array, taker_buy: Array, n: int = 1) -> Array:
    """Return what takers bought of the volume of n bars, in percent; NaN without volume."""
    return _ratio(_sum(taker_buy, n), _sum(volume, n))


@_indicator()
def rolling_sum(x: Array, n: int = 20) -> Array:
    """Return the sum of the last n values."""
    return _sum(x, n)


@_indicator()
def rolling_max(x: Array, n: int = 20) -> Array:
    """Return the highest of the last n values."""
    return _highest(x, n)


@_indicator()
def rolling_min(x: Array, n: int = 20) -> Array:
    """Return the lowest of the last n values."""
    return _lowest(x, n)


@_indicator()
def bars_since_max(x: Array, n: int = 20) -> Array:
    """Return how many bars ago the highest of n values was, the more recent of equals.

    TradingView and TA-Lib's MAXINDEX take an older one.
    """
    return _ago(x, n)


@_indicator()
def bars_since_min(x: Array, n: int = 20) -> Array:
    """Return how many bars ago the lowest of n values was, the more recent of equals."""
    return _ago(-x, n)


@_indicator()
def rolling_std(x: Array, n: int = 20) -> Array:
    """Return the population standard deviation of the last n values."""
    return _deviation(x, n)


@_indicator()
def rolling_median(x: Array, n: int = 20) -> Array:
    """Return the median of the last n values."""
    return _median(x, n)


def _median(x: Array, n: int) -> Array:
    return _by_window(x, n, lambda windows: np.median(windows, axis=-1))


@_indicator()
def rolling_rank(x: Array, n: int = 100) -> Array:
    """Return what percentage of the n values before are not above this one, 0–100."""
    return _rank(x, n)


@singledispatch
def _rank(x: Array, n: int) -> Array:
    total = 0 * _sum(x, n + 1)
    for lag in range(1, min(n, len(x) - 1) + 1):
        total[lag:] += x[:-lag] <= x[lag:]
    return 100 * total / n


@_indicator()
def zscore(x: Array, n: int = 20) -> Array:
    """Return the distance from the mean of n values in population deviations; NaN when flat."""
    return _zscore(x, n)


def _zscore(x: Array, n: int) -> Array:
    mean, square = _moments(x, n)
    return (x - mean) / np.sqrt(square / n)


@_indicator()
def rolling_corr(x: Array, y: Array, n: int = 20) -> Array:
    """Return Pearson's correlation of n pairs, −1–1; NaN where one is flat."""
    return _corr(x, y, n)


def _corr(x: Array, y: Array, n: int) -> Array:
    square_x, square_y, product = _pairs(x, y, n)
    return np.minimum(np.maximum(product / (np.sqrt(square_x) * np.sqrt(square_y)), -1), 1)


@_indicator()
def rolling_beta(x: Array, y: Array, n: int = 20) -> Array:
    """Return the slope of x on y over n pairs, cov/var(y); NaN where y is flat.

    TA-Lib's BETA is that of the second series on the first, of their relative changes.
    """
    _, square, product = _pairs(x, y, n)
    return product / square


@_indicator()
def correlation(close: Array, benchmark: Array, n: int = 168) -> Array:
    """Return the correlation of the log returns of two prices over n bars."""
    return _corr(_returns(close), _returns(benchmark), n)


@_indicator()
def beta(close: Array, benchmark: Array, n: int = 168) -> Array:
    """Return how much of a benchmark's log return a price takes, cov/var over n bars."""
    _, square, product = _pairs(_returns(close), _returns(benchmark), n)
    return product / square


@_indicator()
def relative_strength(close: Array, benchmark: Array, n: int = 24) -> Array:
    """Return 100·Δln(close/benchmark) over n bars: percent gained on the benchmark."""
    ratio = _log(close) - _log(benchmark)
    return 100 * (ratio - _before(ratio, n))


def _trend(x: Array, n: int) -> tuple[Array, Array, Array]:
    """Return the mean, the slope and the residual sum of squares of each window's line."""
    zero = x - x
    mean, square, product = _windows(x, n, _join_trends, zero, zero)
    slope = product / (n * (n * n - 1) / 12) if n > 1 else 0 * mean
    return mean, slope, np.maximum(square - slope * product, 0)


@_indicator()
def linreg(x: Array, n: int = 14, offset: int = 0) -> Array:
    """Return the end of the least-squares line of n values, or its place `offset` bars before."""
    mean, slope, _ = _trend(x, n)
    return mean + slope * ((n - 1) / 2 - offset)


@_indicator()
def linreg_slope(x: Array, n: int = 14) -> Array:
    """Return the rise per bar of the least-squares line of n values."""
    return _trend(x, n)[1]


@_indicator("upper", "middle", "lower")
def linreg_channel(x: Array, n: int = 100, k: float = 2.0) -> tuple[Array, Array, Array]:
    """Return the end of the least-squares line and k deviations of its residuals around it."""
    mean, slope, rest = _trend(x, n)
    middle, width = mean + slope * ((n - 1) / 2), k * np.sqrt(rest / n)
    return middle + width, middle, middle - width


def _annual(variance: Array, bars_per_year: float) -> Array:
    return 100 * np.sqrt(variance * bars_per_year)


@_indicator()
def realised_vol(close: Array, n: int = 30, bars_per_year: float = 8760.0) -> Array:
    """Return the deviation of n log returns, ddof 1, in percent a year."""
    return _realised(close, n, bars_per_year)


def _realised(close: Array, n: int, bars_per_year: float) -> Array:
    return _annual(_deviation(_returns(close), n, 1) ** 2, bars_per_year)


@_indicator()
def parkinson(high: Array, low: Array, n: int = 20, bars_per_year: float = 8760.0) -> Array:
    """Return the volatility from high and low, in percent a year (Parkinson 1980)."""
    h, lo = _log(high), _log(low)
    return _annual(_mean((h - lo) ** 2, n) / (4 * np.log(2)), bars_per_year)


@_indicator()
def garman_klass(
    open: Array, high: Array, low: Array, close: Array, n: int = 20, bars_per_year: float = 8760.0
) -> Array:
    """Return the volatility from whole candles, in percent a year (Garman and Klass 1980)."""
    o, h, lo, c = _log(open), _log(high), _log(low), _log(close)
    variance = _mean((h - lo) ** 2 / 2 - (2 * np.log(2) - 1) * (c - o) ** 2, n)
    return _annual(variance, bars_per_year)


def _rogers_satchell(o: Array, h: Array, lo: Array, c: Array, n: int) -> Array:
    return _mean((h - c) * (h - o) + (lo - c) * (lo - o), n)


@_indicator()
def rogers_satchell(
    open: Array, high: Array, low: Array, close: Array, n: int = 20, bars_per_year: float = 8760.0
) -> Array:
    """Return the volatility that allows for drift, in percent a year (Rogers, Satchell 1991)."""
    o, h, lo, c = _log(open), _log(high), _log(low), _log(close)
    return _annual(_rogers_satchell(o, h, lo, c, n), bars_per_year)


@_indicator()
def yang_zhang(
    open: Array, high: Array, low: Array, close: Array, n: int = 20, bars_per_year: float = 8760.0
) -> Array:
    """Return the volatility allowing for drift and gaps, in percent a year (Yang, Zhang 2000)."""
    if n == 1:
        return np.nan * close
    o, h, lo, c = _log(open), _log(high), _log(low), _log(close)
    gap, body = (_deviation(move, n, 1) ** 2 for move in (o - _before(c), c - o))
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    return _annual(gap + k * body + (1 - k) * _rogers_satchell(o, h, lo, c, n), bars_per_year)


@_indicator()
def vol_rank(close: Array, n: int = 20, window: int = 250) -> Array:
    """Return the percent rank of the realised volatility among the `window` before it, 0–100."""
    return _rank(_realised(close, n, 1), window)


@_indicator()
def vol_of_vol(close: Array, n: int = 20, window: int = 20) -> Array:
    """Return the deviation, ddof 1, of the changes of the logarithm of realised volatility."""
    return _deviation(_returns(_realised(close, n, 1)), window, 1)


@_indicator("drawdown", "worst", "bars", endless=True)
def drawdown(close: Array) -> tuple[Array, Array, Array]:
    """Return percent below the highest close so far, the worst such, and bars since that close."""
    peak = _so_far(close, np.fmax)
    fall = _ratio(close - peak, peak)
    return fall, _so_far(fall, np.fmin) + (fall - fall), _since(close >= peak) + (fall - fall)


@singledispatch
def _so_far(x: Array, pick: np.ufunc) -> Array:
    return pick.accumulate(x, axis=0) if len(x) else x


@singledispatch
def _since(event: Array) -> Array:
    """Return how many bars ago a condition last held."""
    row = np.arange(1.0 * len(event)).reshape(-1, *([1] * (event.ndim - 1)))
    return row - np.maximum.accumulate(row * event, axis=0)


@_indicator()
def ulcer(close: Array, n: int = 14) -> Array:
    """Return the root mean square of the percent below the highest of n closes (Martin 1987)."""
    peak = _highest(close, n)
    fall = _ratio(close - peak, peak)
    return np.sqrt(_mean(fall * fall, n))


@_indicator()
def amihud(close: Array, quote_volume: Array, n: int = 30) -> Array:
    """Return the mean of |log return| per million of quote volume (Amihud 2002)."""
    cost = np.abs(_returns(close)) / _masked(quote_volume, quote_volume <= 0)
    return _mean(cost, n) * 1e6


@_indicator()
def roll_spread(close: Array, n: int = 100) -> Array:
    """Return 2√−cov of successive moves in percent of the close; NaN if cov > 0 (Roll 1984)."""
    move = close - _before(close)
    product = _pairs(move, _before(move), n)[2] / n
    return _ratio(2 * np.sqrt(-product), close)


@_indicator()
def corwin_schultz(high: Array, low: Array, n: int = 20) -> Array:
    """Return the mean spread in percent that two bars' highs and lows imply (2012)."""
    h, lo = _log(high), _log(low)
    span = (h - lo) ** 2
    both = span + _before(span)
    wide = (np.maximum(h, _before(h)) - np.minimum(lo, _before(lo))) ** 2
    root = 3 - 2 * np.sqrt(2)
    a = (np.sqrt(2 * both) - np.sqrt(both)) / root - np.sqrt(wide / root)
    return _mean(np.maximum(100 * 2 * np.tanh(a / 2), 0), n)


@_indicator()
def crowding(ratio: Array, n: int = 30) -> Array:
    """Return the z-score of the logarithm of a long/short ratio; beyond ±2 the crowd leans."""
    return _zscore(_log(ratio), n)


@_indicator()
def log_mean(ratio: Array, n: int = 24) -> Array:
    """Return the mean logarithm of a ratio over n bars, such as taker buy/sell: 0 is balance."""
    return _mean(_log(ratio), n)


@_indicator("open", "high", "low", "close", endless=True)
def heikin_ashi(
    open: Array, high: Array, low: Array, close: Array
) -> tuple[Array, Array, Array, Array]:
    """Return averaged candles: the open is the middle of the body before."""
    body, middle = _bodies(open, high, low, close)
    top, bottom = np.maximum(body, middle), np.minimum(body, middle)
    return body, np.maximum(high, top), np.minimum(low, bottom), middle


@singledispatch
def _bodies(open: Array, high: Array, low: Array, close: Array) -> Parts:
    """Return the averaged open and close."""

    def run(o: Array, h: Array, lo: Array, c: Array) -> Parts:
        middle = (o + h + lo + c) / 4
        return _recur(np.concatenate([(o[:1] + c[:1]) / 2, middle[:-1]]), 1, 0.5), middle

    return _skipping(run, open, high, low, close)


@_indicator("high", "low")
def pivots(high: Array, low: Array, left: int = 10, right: int = 5) -> tuple[Array, Array]:
    """Return the price of a swing high or low on the bar that confirms it, else NaN.

    A high is confirmed `right` bars later: none of the `left` bars before is higher and none of
    those after as high.
    """
    return _pivot(high, left, right), -_pivot(-low, left, right)


def _pivot(x: Array, left: int, right: int) -> Array:
    middle = _before(x, right)
    top = (middle >= _before(_highest(x, left), right + 1)) & (middle > _highest(x, right))
    return _masked(middle, ~top)


@_indicator("pivot", "r1", "s1", "r2", "s2", "r3", "s3")
def pivot_points(high: Array, low: Array, close: Array) -> tuple[Array, ...]:
    """Return the floor traders' levels from the bar before (a day before, on daily bars)."""
    h, lo, c = _before(high), _before(low), _before(close)
    p = (h + lo + c) / 3
    return p, 2 * p - lo, 2 * p - h, p + h - lo, p - h + lo, 2 * p + h - 2 * lo, 2 * p - 2 * h + lo


class _Candles:
    """Hold candles as pattern rules speak of them, with TA-Lib's usual sizes of ten bars."""

    def __init__(self, open: Array, high: Array, low: Array, close: Array) -> None:
        self.open, self.high, self.low, self.close = open, high, low, close
        self.white, self.black = close >= open, close < open
        self.top, self.bottom = np.maximum(open, close), np.minimum(open, close)
        self.body, self.span = self.top - self.bottom, high - low
        self.upper, self.lower = high - self.top, self.bottom - low
        usual = _before(_mean(self.body, 10))
        self.long, self.short, self.small = self.body > usual, self.body < usual, self.body <= usual
        self.tiny = 0.1 * _before(_mean(self.span, 10))
        self.doji = self.body <= self.tiny
        self.near = 0.2 * _before(_mean(self.span, 5))
        self.known = np.isfinite(_sum(open + high + low + close, 13))

    def found(self, rise: Any, fall: Any = False) -> Array:
        """Return 1 or −1 where a rule holds, else 0; NaN where thirteen bars are not known."""
        return _masked(1.0 * rise - 1.0 * fall, ~self.known)


def _pattern(rule: Callable[[_Candles], Array]) -> Callable[..., Array]:
    """Make an indicator of a rule about candles: 1 bullish, −1 bearish, 0 not there."""

    @wraps(rule)
    def found(open: Array, high: Array, low: Array, close: Array) -> Array:
        return rule(_Candles(open, high, low, close))

    del found.__wrapped__
    return _indicator()(found)


@_pattern
def doji(bar: _Candles) -> Array:
    """Return 1 where open and close nearly meet."""
    return bar.found(bar.doji)


@_pattern
def dragonfly_doji(bar: _Candles) -> Array:
    """Return 1 for a doji with a lower shadow only."""
    return bar.found(bar.doji & (bar.upper < bar.tiny) & (bar.lower > bar.tiny))


@_pattern
def gravestone_doji(bar: _Candles) -> Array:
    """Return 1 for a doji with an upper shadow only."""
    return bar.found(bar.doji & (bar.lower < bar.tiny) & (bar.upper > bar.tiny))


@_pattern
def spinning_top(bar: _Candles) -> Array:
    """Return the colour of a short body between longer shadows."""
    top = bar.short & (bar.upper > bar.body) & (bar.lower > bar.body)
    return bar.found(top & bar.white, top & bar.black)


@_pattern
def marubozu(bar: _Candles) -> Array:
    """Return the colour of a long body nearly without shadows."""
    bare = bar.long & (bar.upper < bar.tiny) & (bar.lower < bar.tiny)
    return bar.found(bare & bar.white, bare & bar.black)


@_pattern
def hammer(bar: _Candles) -> Array:
    """Return 1 for a short body on a long lower shadow, near or below the low before."""
    shape = bar.short & (bar.lower > bar.body) & (bar.upper < bar.tiny)
    return bar.found(shape & (bar.bottom <= _before(bar.low) + _before(bar.near)))


@_pattern
def hanging_man(bar: _Candles) -> Array:
    """Return −1 for a short body on a long lower shadow, near or above the high before."""
    shape = bar.short & (bar.lower > bar.body) & (bar.upper < bar.tiny)
    return bar.found(False, shape & (bar.bottom >= _before(bar.high) - _before(bar.near)))


@_pattern
def inverted_hammer(bar: _Candles) -> Array:
    """Return 1 for a short body under a long upper shadow, a gap below the body before."""
    shape = bar.short & (bar.upper > bar.body) & (bar.lower < bar.tiny)
    return bar.found(shape & (bar.top < _before(bar.bottom)))


@_pattern
def shooting_star(bar: _Candles) -> Array:
    """Return −1 for a short body under a long upper shadow, a gap above the body before."""
    shape = bar.short & (bar.upper > bar.body) & (bar.lower < bar.tiny)
    return bar.found(False, shape & (bar.bottom > _before(bar.top)))


def _engulfed(bar: _Candles) -> Array:
    """Tell where a body covers the one before, at most one end shared."""
    top, bottom = _before(bar.top), _before(bar.bottom)
    inside = (bar.top >= top) & (bar.bottom <= bottom)
    return inside & ((bar.top > top) | (bar.bottom < bottom))


@_pattern
def engulfing(bar: _Candles) -> Array:
    """Return the colour of a body that covers one of the other colour."""
    cover = _engulfed(bar)
    return bar.found(cover & bar.white & _was(bar.black), cover & bar.black & _was(bar.white))


def _was(x: Array, n: int = 1) -> Array:
    """Return a condition as it was n bars ago, false at the start."""
    return _before(x, n) == 1


def _inside(bar: _Candles) -> Array:
    """Tell where a body lies within the one before, ends shared or not."""
    return (bar.top <= _before(bar.top)) & (bar.bottom >= _before(bar.bottom))


@_pattern
def harami(bar: _Candles) -> Array:
    """Return 1 or −1 for a short body within a long one, against the colour of the long one."""
    found = _was(bar.long) & bar.small & _inside(bar)
    return bar.found(found & _was(bar.black), found & _was(bar.white))


@_pattern
def harami_cross(bar: _Candles) -> Array:
    """Return 1 or −1 for a doji within a long body, against the colour of the long one."""
    found = _was(bar.long) & bar.doji & _inside(bar)
    return bar.found(found & _was(bar.black), found & _was(bar.white))


@_pattern
def piercing(bar: _Candles) -> Array:
    """Return 1 for a long white bar opened below a long black one, closed in its upper half."""
    first = _was(bar.black & bar.long)
    close, body, top = _before(bar.close), _before(bar.body), _before(bar.open)
    turn = (bar.open < _before(bar.low)) & (bar.close < top) & (bar.close > close + body / 2)
    return bar.found(first & bar.white & bar.long & turn)


@_pattern
def dark_cloud(bar: _Candles) -> Array:
    """Return −1 for a black bar opened above a long white one, closed in its lower half."""
    first = _was(bar.white & bar.long)
    close, body, bottom = _before(bar.close), _before(bar.body), _before(bar.open)
    turn = (bar.open > _before(bar.high)) & (bar.close > bottom) & (bar.close < close - body / 2)
    return bar.found(False, first & bar.black & turn)


@_pattern
def morning_star(bar: _Candles) -> Array:
    """Return 1 for a long black body, a small one a gap below, and a white one well into it."""
    first, star = _was(bar.black & bar.long, 2), _was(bar.small & (bar.top < _before(bar.bottom)))
    well = bar.close > _before(bar.close + 0.3 * bar.body, 2)
    return bar.found(first & star & bar.white & bar.long & well)


@_pattern
def evening_star(bar: _Candles) -> Array:
    """Return −1 for a long white body, a small one a gap above, and a black one well into it."""
    first, star = _was(bar.white & bar.long, 2), _was(bar.small & (bar.bottom > _before(bar.top)))
    well = bar.close < _before(bar.close - 0.3 * bar.body, 2)
    return bar.found(False, first & star & bar.black & bar.long & well)


@_pattern
def white_soldiers(bar: _Candles) -> Array:
    """Return 1 for three white bars rising from within each other, with hardly a shadow above."""
    bare = bar.white & (bar.upper < bar.tiny)
    far = 3 * bar.near
    step = (
        (bar.close > _before(bar.close))
        & (bar.open > _before(bar.open))
        & (bar.open <= _before(bar.close + bar.near))
        & (bar.body > _before(bar.body - far))
    )
    return bar.found(bare & _was(bare) & _was(bare, 2) & step & _was(step) & bar.long)


@_pattern
def black_crows(bar: _Candles) -> Array:
    """Return −1 for three black bars falling from within each other, with hardly a shadow below."""
    bare = bar.black & (bar.lower < bar.tiny)
    step = (
        (bar.close < _before(bar.close))
        & (bar.open < _before(bar.open))
        & (bar.open > _before(bar.close))
    )
    start = _was(bar.white, 3) & (_before(bar.high, 3) > _before(bar.close, 2))
    return bar.found(False, start & bare & _was(bare) & _was(bare, 2) & step & _was(step))


@_pattern
def three_inside(bar: _Candles) -> Array:
    """Return 1 or −1 for a harami that the next close confirms."""
    within = (bar.top < _before(bar.top)) & (bar.bottom > _before(bar.bottom))
    inner = _was(bar.long, 2) & _was(bar.small & within)
    rise = _was(bar.black, 2) & bar.white & (bar.close > _before(bar.open, 2))
    fall = _was(bar.white, 2) & bar.black & (bar.close < _before(bar.open, 2))
    return bar.found(inner & rise, inner & fall)


@_pattern
def three_outside(bar: _Candles) -> Array:
    """Return 1 or −1 for an engulfing that the next close confirms."""
    cover = (bar.top > _before(bar.top)) & (bar.bottom < _before(bar.bottom))
    rise = _was(cover & bar.white & _was(bar.black)) & (bar.close > _before(bar.close))
    fall = _was(cover & bar.black & _was(bar.white)) & (bar.close < _before(bar.close))
    return bar.found(rise, fall)


def crossover(x: Array, y: Array | float) -> Array:
    """Tell where x rises above y: above it now, not above it a bar before."""
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    above, before = x > y, x <= y
    out = np.zeros(above.shape, dtype=bool)
    out[1:] = above[1:] & before[:-1]
    return out


def crossunder(x: Array, y: Array | float) -> Array:
    """Tell where x falls below y: below it now, not below it a bar before."""
    return crossover(-np.asarray(x), -np.asarray(y))


def breadth(close: Array, n: int = 50) -> Array:
    """Return the percentage of a panel's symbols above their EMA, `(bars,)`."""
    line = ema(close, n)
    known = np.isfinite(line) & np.isfinite(close)
    return _share((close > line) & known, known)


def _share(part: Array, whole: Array) -> Array:
    count = whole.sum(axis=-1)
    return 100 * part.sum(axis=-1) / np.where(count > 0, count, np.nan)


def advance_decline(moves: Array) -> Array:
    """Return (rising − falling) / (rising + falling) over the last axis, −1–1."""
    up, down = np.sum(np.asarray(moves) > 0, axis=-1), np.sum(np.asarray(moves) < 0, axis=-1)
    return (up - down) / np.where(up + down > 0, up + down, np.nan)


def dispersion(moves: Array) -> Array:
    """Return the deviation, ddof 1, across the symbols of the last axis; unknown ones left out."""
    moves = np.asarray(moves, dtype=np.float64)
    known = np.isfinite(moves)
    count = known.sum(axis=-1)
    mean = np.where(known, moves, 0).sum(axis=-1) / np.where(count > 1, count, np.nan)
    square = np.where(known, moves - mean[..., None], 0) ** 2
    return np.sqrt(square.sum(axis=-1) / np.where(count > 1, count - 1, np.nan))


def mean_correlation(moves: Array) -> float:
    """Return the mean correlation of all pairs of the columns of a `(bars, symbols)` panel."""
    moves = np.asarray(moves, dtype=np.float64)
    moves = moves[:, np.isfinite(moves).all(axis=0)]
    moves = moves - moves.mean(axis=0)
    size = np.sqrt((moves * moves).sum(axis=0))
    unit = (moves / np.where(size > 0, size, 1))[:, size > 0]
    count = unit.shape[1]
    total = (unit.sum(axis=1) ** 2).sum()
    return float((total - count) / (count * (count - 1))) if count > 1 else float("nan")


def _near(levels: Array, middle: float, percent: float) -> float:
    """Return the notional of the `(levels, 2)` prices and quantities within a distance."""
    levels = np.asarray(levels, dtype=np.float64).reshape(-1, 2)
    inside = np.abs(levels[:, 0] - middle) <= middle * percent / 100
    return float((levels[inside, 0] * levels[inside, 1]).sum())


def _middle(bids: Array, asks: Array) -> float:
    """Return the middle between the best bid and the best ask, NaN if a side is empty."""
    if not len(bids) or not len(asks):
        return float("nan")
    return (max(float(row[0]) for row in bids) + min(float(row[0]) for row in asks)) / 2


def depth(bids: Array, asks: Array, percent: float = 1.0) -> tuple[float, float]:
    """Return the notional of bids and of asks within that distance of the middle."""
    middle = _middle(bids, asks)
    return _near(bids, middle, percent), _near(asks, middle, percent)


def book_imbalance(bids: Array, asks: Array, percent: float = 1.0) -> float:
    """Return (bids − asks) / (bids + asks) of the notional near the middle, −1–1."""
    buy, sell = depth(bids, asks, percent)
    return (buy - sell) / (buy + sell) if buy + sell else float("nan")


def spread(bid: float, ask: float) -> float:
    """Return the spread in basis points of the middle."""
    return 1e4 * (ask - bid) / ((ask + bid) / 2) if bid > 0 and ask > 0 else float("nan")


def weighted_middle(bid: float, bid_size: float, ask: float, ask_size: float) -> float:
    """Return the middle weighted by the other side's size, where the next price leans."""
    size = bid_size + ask_size
    return (bid * ask_size + ask * bid_size) / size if size > 0 else float("nan")


def slippage(levels: Array, notional: float, middle: float) -> float:
    """Return how far from the middle a market order fills, in basis points; NaN if it cannot.

    `levels` are prices and quantities of one side, the best first.
    """
    price, size = np.asarray(levels, dtype=np.float64).reshape(-1, 2).T
    value = np.cumsum(price * size)
    last = int(np.searchsorted(value, notional))
    if not notional > 0 or last == len(value) or not middle > 0:
        return float("nan")
    before = value[last - 1] if last else 0.0
    filled = size[:last].sum() + (notional - before) / price[last]
    return float(1e4 * abs(notional / filled / middle - 1))


def funding_year(rate: Any, hours: float = 8.0) -> Any:
    """Return a funding rate, a fraction paid every so many hours, in percent a year."""
    return rate * (24 / hours) * 365 * 100


QUADRANTS = {
    (1, 1): "long_build",
    (-1, 1): "short_build",
    (-1, -1): "long_unwind",
    (1, -1): "short_cover",
}


def quadrant(price_change: float, interest_change: float) -> str | None:
    """Name what open interest does under a price move; None where either stands still."""
    signs = (np.sign(price_change), np.sign(interest_change))
    return QUADRANTS.get(signs)


def kyle(move: Array, signed_volume: Array) -> tuple[float, float]:
    """Return the slope of price moves on signed volume and its t-statistic (Kyle 1985)."""
    x, y = np.asarray(signed_volume, dtype=np.float64), np.asarray(move, dtype=np.float64)
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known] - x[known].mean(), y[known] - y[known].mean()
    square, count = float(x @ x), len(x)
    if count < 3 or square == 0:
        return float("nan"), float("nan")
    slope = float(x @ y) / square
    rest = float(((y - slope * x) ** 2).sum())
    return slope, slope / (rest / (count - 2) / square) ** 0.5 if rest else float("inf")


@lru_cache(maxsize=64)
def _weights(rows: int, bars: int, *stages: tuple[int, float, int]) -> Array:
    """Return the `(bars, rows)` matrix whose product with a series is its smoothed end.

    A stage is the n of an average, its alpha and the row it begins at; each smooths the one before.
    """
    bars = min(bars, rows)
    times, seed = np.arange(rows - bars, rows), 0
    out = np.zeros((bars, rows))
    out[np.arange(bars), times] = 1
    for n, alpha, begin in reversed(stages):
        seed = begin + n - 1
        if seed >= rows:
            return np.full((bars, rows), np.nan)
        for row in range(rows - 2, seed - 1, -1):
            out[:, row] += (1 - alpha) * out[:, row + 1]
        start = out[:, seed : seed + 1] / n
        out *= alpha
        out[:, :begin] = 0
        out[:, begin : seed + 1] = start
    out[times < stages[-1][0] + stages[-1][2] - 1] = np.nan
    out.flags.writeable = False
    return out


def _end(x: Array, bars: int, *stages: tuple[int, float, int]) -> Array:
    return _weights(len(x), bars, *stages) @ x


def _price_end(x: Array, bars: int, *stages: tuple[int, float, int]) -> Array:
    """Return `_end` of a price: where it is the last price but for rounding, that very price."""
    out = _end(x, bars, *stages)
    np.copyto(out, x[-1], where=np.abs(out - x[-1]) <= TIE * np.abs(x[-1]))
    return out


def _ema_stage(n: int, begin: int = 0) -> tuple[int, float, int]:
    return n, 2 / (n + 1), begin


def _ema_end(x: Array, bars: int, n: int = 20) -> Array:
    return _price_end(x, bars, _ema_stage(n))


def _rma_end(x: Array, bars: int, n: int = 14) -> Array:
    return _price_end(x, bars, (n, 1 / n, 0))


def _rsi_end(close: Array, bars: int, n: int = 14) -> Array:
    move = close[1:] - close[:-1]
    net = _end(move, bars, (n, 1 / n, 0))
    return 50 + 50 * net / _end(np.abs(move, out=move), bars, (n, 1 / n, 0))


def _macd_end(close: Array, bars: int, fast: int = 12, slow: int = 26, signal: int = 9) -> Parts:
    line = _ema_end(close, bars, fast) - _ema_end(close, bars, slow)
    start = _ema_stage(signal, max(fast, slow) - 1)
    ends = [_price_end(close, bars, _ema_stage(n), start) for n in (fast, slow)]
    return line, ends[0] - ends[1], line - (ends[0] - ends[1])


def _atr_end(high: Array, low: Array, close: Array, bars: int, n: int = 14) -> Array:
    return _rma_end(_true_range(high, low, close), bars, n)


def _natr_end(high: Array, low: Array, close: Array, bars: int, n: int = 14) -> Array:
    return _ratio(_atr_end(high, low, close, bars, n), close[-bars:])


_ENDS: dict[str, Callable[..., Any]] = {
    "ema": _ema_end,
    "rma": _rma_end,
    "rsi": _rsi_end,
    "macd": _macd_end,
    "atr": _atr_end,
    "natr": _natr_end,
}


def last(name: str, *series: Any, bars: int = 2, **params: float) -> Any:
    """Return only the last bars of an indicator, `(bars,)` or `(bars, symbols)`, quickly.

    They are the end of the whole history but for rounding: windows see no more than they need, and
    an average that forgets slowly is one product with its weights, whatever the number of symbols.
    """
    entry = INDICATORS[name]
    for key in params.keys() & entry.defaults.keys():
        params[key] = _checked(name, key, params[key], entry.defaults[key])
    bars = int(_checked("last", "bars", bars, 1))
    arrays = _aligned(list(series))
    if not entry.endless:
        arrays = [one[-bars - entry.reach(**params) :] for one in arrays]
    elif name in _ENDS and len(arrays[0]) > 1:
        with np.errstate(all="ignore"):
            ends = _ENDS[name](*arrays, bars=bars, **params)
        return _mended(ends, lambda *some: entry.function(*some, **params), arrays, bars)
    return _cut(entry.function(*arrays, **params), bars)


def _parts(result: Any) -> Parts:
    return result if isinstance(result, tuple) else (result,)


def _cut(result: Any, bars: int) -> Any:
    return tuple(p[-bars:] for p in result) if isinstance(result, tuple) else result[-bars:]


def _mended(ends: Any, function: Callable[..., Any], arrays: list[Array], bars: int) -> Any:
    """Replace what is not finite, for a hole spoils a product, by the end of the whole history."""
    if all(np.isfinite(part).all() for part in _parts(ends)):
        return ends
    bad = ~np.isfinite(np.sum([part.sum(axis=0) for part in _parts(ends)], axis=0))
    if not bad.ndim:
        return _cut(function(*arrays), bars)
    whole = _cut(function(*(one[:, bad] for one in arrays)), bars)
    for part, right in zip(_parts(ends), _parts(whole), strict=True):
        part[:, bad] = right
    return ends


REPORT: dict[str, tuple[str, dict[str, int]]] = {
    f"{name}{n}": (name, {"n": n}) for name in ("sma", "ema") for n in (20, 50, 200)
} | {
    name: (name, {})
    for name in (
        "wma", "macd", "ppo", "trix", "rsi", "stoch_rsi", "stochastic", "williams_r", "cci",
        "roc", "mom", "bollinger", "percent_b", "bandwidth", "keltner", "donchian", "atr", "natr",
        "supertrend", "adx", "aroon", "ichimoku", "efficiency", "chop", "obv", "ad", "cmf", "mfi",
    )
}  # fmt: skip


def report(high: Any, low: Any, close: Any, volume: Any, last: int = 0) -> dict[str, Any]:
    """Return every indicator of REPORT by its name, the whole history or only the last bars.

    Each value is what its function returns, but for rounding. Computed together they share their
    windows and averages: several times faster than one after the other. Results may share memory.
    """
    arrays = [np.ascontiguousarray(one) for one in _aligned([high, low, close, volume])]
    rows = len(arrays[0])
    bars = min(int(_checked("report", "last", last, 0)) or rows, rows)
    if not _Frame.LEAST <= rows <= _Frame.MOST:
        return _one_by_one(arrays, bars)
    with np.errstate(all="ignore"):
        frame = _Frame(arrays, bars)
        groups = (_averages, _oscillators, _trends, _flows)
        found = {name: value for group in groups for name, value in group(frame).items()}
        out = {name: found[name] for name in REPORT}
        ends = out["adx"][0][-1] + out["macd"][1][-1] + out["obv"][-1] + out["ad"][-1]
        bad = ~(np.isfinite(ends) & (frame.lows > 0))
    return _repaired(out, bad, arrays, bars) if bad.any() else out


def _repaired(out: dict[str, Any], bad: Array, arrays: list[Array], bars: int) -> dict[str, Any]:
    """Do again, one by one, the columns a hole or a price at rest has spoiled to their ends."""
    if not bad.ndim:
        return _one_by_one(arrays, bars)
    right = _one_by_one([one[:, bad] for one in arrays], bars)
    for name, value in out.items():
        for part, other in zip(_parts(value), _parts(right[name]), strict=True):
            part[:, bad] = other
    return out


def _one_by_one(arrays: list[Array], bars: int) -> dict[str, Any]:
    high, low, close, volume = arrays
    series = {"high": high, "low": low, "close": close, "volume": volume, "x": close}
    out = {}
    for key, (name, params) in REPORT.items():
        entry = INDICATORS[name]
        whole = entry.function(*(series[one] for one in entry.inputs), **params)
        out[key] = _cut(whole, bars)
    return out


Step = tuple[int, float, int]
_SOURCES = ("range", "plus", "minus", "gain", "loss")
_TOPS = (9, 14, 20, 26, 52)
_WHOLE: dict[str, tuple[str, Step]] = {
    "ema12": ("close", (12, 2 / 13, 0)),
    "ema26": ("close", (26, 2 / 27, 0)),
    "atr10": ("range", (10, 1 / 10, 0)),
    "plus": ("plus", (14, 1 / 14, 1)),
    "minus": ("minus", (14, 1 / 14, 1)),
}
_LINES = _WHOLE | {
    "ema15": ("close", (15, 1 / 8, 0)),
    "ema20": ("close", (20, 2 / 21, 0)),
    "ema50": ("close", (50, 2 / 51, 0)),
    "ema200": ("close", (200, 2 / 201, 0)),
    "atr": ("range", (14, 1 / 14, 0)),
    "span": ("range", (14, 1 / 14, 1)),
    "width": ("range", (20, 2 / 21, 1)),
    "gain": ("gain", (14, 1 / 14, 1)),
    "loss": ("loss", (14, 1 / 14, 1)),
}


def _side_by_side(sources: Parts, steps: tuple[Step, ...]) -> Parts:
    """Smooth several series; see `_weights` for steps. Holes spoil the rest of their column."""
    if sources[0].ndim == 2:
        return [_by_blocks(x, *step) for x, step in zip(sources, steps, strict=True)]
    x = np.array(sources)
    for row, (_, _, begin) in zip(x, steps, strict=True):
        if begin:
            row[:begin] = 0
    up, down = _scales(x.shape[1], steps)
    x *= up
    np.add.accumulate(x, axis=1, out=x)
    x *= down
    return list(x)


@lru_cache(maxsize=16)
def _scales(rows: int, steps: tuple[Step, ...]) -> tuple[Array, Array]:
    """Return the factors that make a running sum an average that forgets, and those that undo."""
    up, down = np.zeros((len(steps), rows)), np.full((len(steps), rows), np.nan)
    for k, (n, alpha, begin) in enumerate(steps):
        seed = begin + n - 1
        power = (1 - alpha) ** np.arange(0.0, max(rows - seed, 0))
        up[k, begin : seed + 1] = 1 / n
        up[k, seed + 1 :] = alpha / power[1:]
        down[k, seed:] = power
    return up, down


def _by_blocks(x: Array, n: int, alpha: float, begin: int) -> Array:
    """Smooth a panel: so many bars at once are a product with the average before and themselves."""
    out, seed = np.empty(x.shape), begin + n - 1
    out[:seed] = np.nan
    if seed < len(x):
        out[seed] = x[begin : begin + n].mean(axis=0)
    block, weights = np.empty((BLOCK + 1, x.shape[1])), _block_weights(alpha)
    for row in range(seed + 1, len(x), BLOCK):
        size = min(BLOCK, len(x) - row)
        block[0], block[1 : size + 1] = out[row - 1], x[row : row + size]
        np.matmul(weights[:size, : size + 1], block[: size + 1], out=out[row : row + size])
    return out


@lru_cache(maxsize=64)
def _block_weights(alpha: float) -> Array:
    back = np.arange(BLOCK)[:, None] - np.arange(-1, BLOCK)
    weights = np.where(back < 0, 0, alpha * (1 - alpha) ** np.maximum(back, 0))
    weights[:, 0] /= alpha
    return weights


class _Frame:
    """Hold what the indicators of a report share; of each result the last `bars` rows count.

    Windows reach back into rows of NaN, so that one which is not full comes out as NaN.
    """

    LEAST, MOST = 64, 2048

    def __init__(self, arrays: list[Array], bars: int) -> None:
        self.high, self.low, self.close, self.volume = arrays
        self.bars, self.whole = bars, bars == len(self.close) or self.close.ndim == 1
        self.lows = self.low.min(axis=0)
        self.move = self.close[1:] - self.close[:-1]
        high, low = self.reach(self.high, 77), self.reach(self.low, 77)
        self.near = self.reach(self.close, 200)
        self.tops = dict(zip(_TOPS, _extremes(high, _TOPS, np.maximum), strict=True))
        self.bottoms = dict(zip(_TOPS, _extremes(low, _TOPS, np.minimum), strict=True))
        self.now = self.near[199:]
        self.typical = (high[57:] + low[57:] + self.near[180:]) / 3
        self.source = self._sources()
        self.lines = self._lines()
        self._later_lines()

    def reach(self, x: Array, n: int) -> Array:
        """Return what windows of n need of a series that ends now, NaN where it began later."""
        rows = self.bars + n - 1
        return x[len(x) - rows :] if len(x) >= rows else _late(x, rows)

    def line(self, name: str, n: int = 1) -> Array:
        """Return what windows of n need of a smoothed series."""
        if name in self.lines:
            return self.reach(self.lines[name], n)
        source, step = _LINES[name]
        return self.reach(self.end(source, n, step), n)

    def end(self, source: str, n: int, *steps: Step) -> Array:
        """Return the end of a smoothed source."""
        return _price_end(self.source[source], self.bars + n - 1, *steps)

    def total(self, x: Array) -> Array:
        """Return the running sum since the first bar for the wanted bars."""
        end = x[len(x) - self.bars :]
        if self.bars < len(x):
            end = end.copy()
            end[0] += x[: len(x) - self.bars].sum(axis=0)
        if x.ndim == 1:
            return np.add.accumulate(end)
        for before, row in pairwise(end):
            np.add(before, row, out=row)
        return end

    def place(self, x: Array, top: Array, bottom: Array) -> tuple[Array, tuple[Array, Array]]:
        """Return where a series stands in its range, 0–100, and its slow %K and %D."""
        fast = _place(*(one[-self.bars - 4 :] for one in (x, top, bottom)))
        k = _short_sum(fast, 3) / 3
        return fast[4:], (k[2:], _short_sum(k, 3) / 3)

    def middle(self, n: int) -> Array:
        """Return the middle between the highest and the lowest price of n bars, 25 bars more."""
        top, bottom = self.tops[n], self.bottoms[n]
        return (top[-self.bars - 25 :] + bottom[-self.bars - 25 :]) / 2

    def _sources(self) -> dict[str, Array]:
        """Return what is smoothed; what begins with the second bar has 0 in the first."""
        x, old = np.empty((5, *self.close.shape)), self.close[:-1]
        np.subtract(self.high, self.low, out=x[0])
        np.subtract(np.maximum(self.high[1:], old), np.minimum(self.low[1:], old), out=x[0, 1:])
        x[1:, 0] = 0
        x[1, 1:], x[2, 1:] = _directional_moves(self.high, self.low)
        np.maximum(self.move, 0, out=x[3, 1:])
        np.subtract(x[3, 1:], self.move, out=x[4, 1:])
        return {"close": self.close, **dict(zip(_SOURCES, x, strict=True))}

    def _lines(self) -> dict[str, Array]:
        lines = _LINES if self.whole else _WHOLE
        sources = [self.source[source] for source, _ in lines.values()]
        steps = tuple(step for _, step in lines.values())
        return dict(zip(lines, _side_by_side(sources, steps), strict=True))

    def _later_lines(self) -> None:
        """Smooth what is made of smoothed lines: the signals, the ADX and the triple EMA."""
        lines = self.lines
        near = slice(None) if self.whole else slice(-256, None)
        lines["macd"] = lines["ema12"][near] - lines["ema26"][near]
        lines["ppo"] = 100 * lines["macd"] / lines["ema26"][near]
        dx = _imbalance(lines["plus"], lines["minus"])
        if self.whole:
            sources = lines["macd"], lines["ppo"], dx, lines["ema15"]
            steps = (_ema_stage(9, 25), _ema_stage(9, 25), (14, 1 / 14, 14), _ema_stage(15, 14))
            smooth = _side_by_side(sources, steps)
            lines.update(zip(("macd_signal", "ppo_signal", "adx"), smooth, strict=False))
            lines["triple"] = _side_by_side(smooth[3:], (_ema_stage(15, 28),))[0]
            return
        for name in ("macd", "ppo"):
            known = lines[name][max(0, 25 - len(self.close) + len(lines[name])) :]
            lines[f"{name}_signal"] = _end(known, self.bars, _ema_stage(9))
        lines["adx"] = _end(dx[14:], self.bars, (14, 1 / 14, 0))
        triple = (_ema_stage(15), _ema_stage(15, 14), _ema_stage(15, 28))
        lines["triple"] = self.end("close", 2, *triple)


def _tail(x: Array, like: Array) -> Array:
    return x[len(x) - len(like) :]


def _short_sum(x: Array, n: int) -> Array:
    """Return the sums of all full windows of a few values, of a single series in one sweep."""
    single = x.ndim == 1 and n <= len(x)
    return np.add.reduce(_lags(x, n)) if single else _sums(x, n)[0]


def _averages(frame: _Frame) -> dict[str, Any]:
    out: dict[str, Any] = {f"ema{n}": frame.line(f"ema{n}") for n in (20, 50, 200)}
    fifty = np.add.reduce(_lags(_short_sum(frame.near, 10), 5, 10))
    triple = frame.line("triple", 2)
    for name in ("macd", "ppo"):
        line, signal = frame.line(name), frame.line(f"{name}_signal")
        out[name] = line, signal, line - signal
    return out | {
        "sma50": fifty[150:] / 50,
        "sma200": np.add.reduce(_lags(fifty, 4, 50)) / 200,
        "trix": 100 * (triple[1:] - triple[:-1]) / triple[:-1],
        **_bands(frame),
    }


def _bands(frame: _Frame) -> dict[str, Any]:
    mean, weighted, square = _spread(frame.near[180:], 20)
    width = np.sqrt(square / 5)
    middle, reach = frame.line("ema20"), 2 * frame.line("width")
    return {
        "sma20": mean,
        "wma": weighted,
        "bollinger": (mean + width, mean, mean - width),
        "percent_b": (frame.now - mean) / (2 * width) + 0.5,
        "bandwidth": 200 * width / mean,
        "keltner": (middle + reach, middle, middle - reach),
    }


def _spread(x: Array, n: int) -> Parts:
    """Return the mean, the weighted mean and the squared deviations of all full windows."""
    if x.ndim == 1:
        lags, weights = _lags(x, n), np.arange(1.0, n + 1) / (n * (n + 1) / 2)
        mean = np.add.reduce(lags) / n
        gaps = lags - mean
        return mean, mean + weights @ gaps, np.add.reduce(np.square(gaps, out=gaps))
    return _in_strips(_joined_spread, n, x)


def _joined_spread(x: Array, n: int) -> Parts:
    total, weighted, square = _Doubling((x, x, np.zeros(x.shape)), _join_spread).window(n)
    return total / n, weighted / (n * (n + 1) / 2), square


def _join_spread(older: Parts, newer: Parts, i: int, j: int) -> Parts:
    """Merge sums, weighted sums and sums of squared deviations."""
    gap = newer[0] - older[0] if i == j else newer[0] * (i / j) - older[0]
    gap *= gap
    gap *= j / i / (i + j)
    gap += older[2]
    gap += newer[2]
    weighted = i * newer[0]
    weighted += older[1]
    weighted += newer[1]
    return older[0] + newer[0], weighted, gap


def _oscillators(frame: _Frame) -> dict[str, Any]:
    gain, loss = frame.line("gain", 18), frame.line("loss", 18)
    strength = 100 * gain / (gain + loss)
    top, bottom = (_extremes(strength, (14,), pick)[0] for pick in (np.maximum, np.minimum))
    place, slow = frame.place(frame.near, frame.tops[14], frame.bottoms[14])
    near = frame.near[189:]
    move = near[10:] - near[:-10]
    path = _short_sum(np.abs(near[1:] - near[:-1]), 10)
    return {
        "rsi": strength[17:],
        "stoch_rsi": frame.place(strength, top, bottom)[1],
        "stochastic": slow,
        "williams_r": place - 100,
        "cci": _cci(frame.typical, 20),
        "mom": move,
        "roc": 100 * move / near[:-10],
        "efficiency": np.minimum(np.abs(move) / path, 1.0),
    }


def _trends(frame: _Frame) -> dict[str, Any]:
    middle, width = (frame.high[9:] + frame.low[9:]) / 2, 3 * frame.lines["atr10"][9:]
    edges = middle - width, middle + width, frame.close[9:]
    if frame.close.ndim == 1:
        line, way = _supertrend(*edges)
    else:
        line, way = _supertrend_panel(*edges, frame.bars)
    span = 100 / frame.line("span")
    top, bottom = frame.tops[20][-frame.bars :], frame.bottoms[20][-frame.bars :]
    both = np.array((frame.reach(frame.high, 15), -frame.reach(frame.low, 15))).swapaxes(0, 1)
    up, down = (100 - _ages(both, 15) * (100 / 14)).swapaxes(0, 1)
    tenkan, kijun, base = (frame.middle(n) for n in (9, 26, 52))
    lead = (tenkan[:-25] + kijun[:-25]) / 2
    atr = frame.line("atr")
    return {
        "supertrend": (frame.reach(line, 1), frame.reach(way, 1)),
        "adx": (frame.line("adx"), frame.line("plus") * span, frame.line("minus") * span),
        "aroon": (up, down, up - down),
        "ichimoku": (tenkan[25:], kijun[25:], lead, base[:-25]),
        "donchian": (top, (top + bottom) / 2, bottom),
        "atr": atr,
        "natr": 100 * atr / frame.now,
    }


def _flows(frame: _Frame) -> dict[str, Any]:
    signed = np.zeros(frame.close.shape)
    np.sign(frame.move, out=signed[1:])
    signed *= frame.volume
    flow = _money_flow(frame.high, frame.low, frame.close, frame.volume)
    volume = frame.reach(frame.volume, 20)
    money = _short_sum(frame.reach(flow, 20), 20)
    span = frame.tops[14][-frame.bars :] - frame.bottoms[14][-frame.bars :]
    path = _short_sum(frame.reach(frame.source["range"], 14), 14)
    return {
        "obv": frame.total(signed),
        "ad": frame.total(flow),
        "cmf": money / _short_sum(volume, 20),
        "mfi": _in_strips(_money_index, 15, frame.typical[5:], volume[5:])[0],
        "chop": np.log(path / _masked(span, span <= 0)) * (100 / np.log(14)),
    }


def _money_index(typical: Array, volume: Array, n: int) -> Parts:
    """Return the money flow index of all full windows of n bars, the first only compared with."""
    rise, fall = _split_flow(typical, volume)
    up, down = _short_sum(rise[1:], n - 1), _short_sum(fall[1:], n - 1)
    return (100 * up / (up + down),)
