"""Metrics of coins from closed bars and perpetuals: value, unit, how many are known, score.

All coins in one pass, and no bar knows a later one. A directional metric becomes a score in
[−1, 1] by its place among its coin's own last 250 values and their mirror image, so that zero stays
zero; what is bounded keeps its own scale. Magnitudes become percentiles of their own last 250.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations, pairwise, permutations
from typing import Any, NamedTuple

import numpy as np

import calc
import stats
from shapes import Candles, FundingHistory, InterestHistory, TakerFlow

Array = np.ndarray

BARS, WINDOW, LEAST_BARS, LEAST_VALUES = 500, 250, 30, 50
DAY_MS, YEAR, MOST_DAY = 86_400_000, 365, 96
INTEREST_BARS, FLOW_BARS, FOLLOW_BARS, PAYMENTS = 4, 20, 24, 90
NEIGHBOURS, ORDERS, LEAST_ORDERS = 4, 200, 120
MEMORY_BARS, LOSS_BARS, LOSSES, DECAY = 256, 100, 5, 0.94
SHOCK = 3.0
DIRECTION, MAGNITUDE, RISK = "direction", "magnitude", "risk"


class Positions(NamedTuple):
    """What is known of a coin's perpetual: histories of open interest, takers and funding."""

    interest: InterestHistory | None = None
    takers: TakerFlow | None = None
    funding: FundingHistory | None = None


NO_POSITIONS = Positions()


class Reading(NamedTuple):
    """A metric of every coin: newest values, their unit, how many are known, scores, the kind.

    Scores are those of the last bars, (bars, coins), or the newest alone, (coins,).
    """

    value: Array
    unit: str
    n: Array
    score: Array
    kind: str


Readings = dict[str, Reading]


@dataclass(frozen=True, eq=False)
class Frame:
    """Closed bars of coins side by side, (bars, coins), each coin's ending with its own newest.

    `interest` is in coins and `takers` ln(bought / sold), both of the perpetual; `funding` is every
    coin's z of its newest payment, `step` the length of a bar in ms.
    """

    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array
    quote: Array
    taker: Array
    interest: Array
    takers: Array
    funding: Array
    step: float

    @cached_property
    def rows(self) -> int:
        """Return of how many bars scores are kept."""
        return min(WINDOW, len(self.close))

    @cached_property
    def day(self) -> int:
        """Return how many bars make 24 hours, 96 at most."""
        return int(np.clip(DAY_MS / self.step, 1, MOST_DAY))

    @cached_property
    def atr(self) -> Array:
        """Return the average true range."""
        return on(calc.atr, self.high, self.low, self.close)

    @cached_property
    def directional(self) -> tuple[Array, Array, Array]:
        """Return the ADX and both directional indicators."""
        return on(calc.adx, self.high, self.low, self.close)

    @cached_property
    def strength(self) -> Array:
        """Return the weight of a trend, 0–1: ADX from 15 to 40."""
        return np.clip((self.directional[0] - 15) / 25, 0, 1)

    @cached_property
    def averages(self) -> dict[int, Array]:
        """Return the exponential averages of the ribbon."""
        return {n: on(calc.ema, self.close, n=n) for n in (20, 50, 200)}


def framed(every: Sequence[Candles], positions: Sequence[Positions]) -> Frame:
    """Return the last bars of coins side by side, each with what its perpetual had by their ends.

    A coin with less than 30 bars or a constant price is left out as unknown.
    """
    bars = min(BARS, max(LEAST_BARS, *map(len, every)))
    table = np.full((11, bars, len(every)), np.nan)
    later = np.full((2, bars, len(every)), np.nan)
    for j, (candles, known) in enumerate(zip(every, positions, strict=True)):
        own = candles.table[:, -bars:]
        if own.shape[1] < LEAST_BARS or np.ptp(own[4, -WINDOW:]) == 0:
            continue
        table[:, bars - own.shape[1] :, j] = own
        later[:, bars - own.shape[1] :, j] = beside(own[0], own[6], known)
    step = float(np.fmin.reduce(np.diff(table[0], axis=0), axis=None, initial=np.inf))
    paid = [payment_z(known, end) for known, end in zip(positions, table[6, -1], strict=True)]
    return Frame(*table[[1, 2, 3, 4, 5, 7, 9]], *later, np.array(paid), step)


def beside(opens: Array, ends: Array, known: Positions) -> Array:
    """Return the open interest at the ends of bars, and ln(bought / sold) by takers within them.

    Markets tell a point some while after its bar has ended: until then the one before stands.
    """
    out, since = np.full((2, len(opens)), np.nan), 2 * opens - ends - 1
    if known.interest is not None:
        out[0] = within(known.interest.time, known.interest.base, since + 1, ends + 1)
    if known.takers is not None:
        ratio = np.log(known.takers.buy / known.takers.sell)
        out[1] = within(known.takers.time, ratio, since, ends)
    return np.where(np.isfinite(out), out, np.nan)


def within(time: Array, values: Array, since: Array, until: Array) -> Array:
    """Return the newest value of a rising series in each span of time, NaN for none."""
    if not len(time):
        return np.full(len(until), np.nan)
    at = np.searchsorted(time, until, "right") - 1
    return np.where((at >= 0) & (time[at] >= since), values[at], np.nan)


def payment_z(known: Positions, end: float) -> float:
    """Return the z of the newest funding paid by an instant among the last 90."""
    if known.funding is None or not math.isfinite(end):
        return math.nan
    rates = known.funding.rate[known.funding.time <= end + 1]
    return float(calc.zscore(rates, PAYMENTS)[-1]) if len(rates) else math.nan


def on(function: Callable[..., Any], *series: Array, **params: Any) -> Any:
    """Run an indicator on series side by side; those of a single coin in its quicker form."""
    if series[0].shape[1] > 1:
        return function(*series, **params)
    found = function(*(one[:, 0] for one in series), **params)
    return tuple(x[:, None] for x in found) if isinstance(found, tuple) else found[:, None]


def growth(series: Array, bars: int = 1) -> Array:
    """Return 100·Δln over bars, NaN where unknown."""
    out, logs = np.full(series.shape, np.nan), np.log(series)
    out[bars:] = 100 * (logs[bars:] - logs[:-bars])
    return np.where(np.isfinite(out), out, np.nan)


def trailing(values: Array, rows: int, window: int) -> Array:
    """Return at each of the last rows the sum of the `window` values up to it."""
    total = np.zeros((rows + window, *values.shape[1:]))
    kept = values[-len(total) :]
    np.cumsum(kept, axis=0, out=total[len(total) - len(kept) :])
    return total[window:] - total[:-window]


def median(series: Array) -> Array:
    """Return the median of what is known in each column, NaN for nothing."""
    ordered, count = np.sort(series, axis=0), np.isfinite(series).sum(axis=0)
    middle = np.stack([np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(series) - 1)])
    return np.take_along_axis(ordered, middle, axis=0).mean(axis=0)


def place(series: Array) -> Array:
    """Return the percentile of the newest value in its last 250, equal ones counted half.

    NaN where fewer than 50 are known or nothing changes.
    """
    past = series[-WINDOW:].astype(np.float32)
    known = np.isfinite(past)
    count = known.sum(axis=0)
    share = 50 * ((past < past[-1]).sum(axis=0) + (past <= past[-1]).sum(axis=0)) / count
    moved = np.fmax.reduce(past) > np.fmin.reduce(past)
    return np.where(known[-1] & moved & (count >= LEAST_VALUES), share, np.nan)


def mirrored(*every: Array) -> list[Array]:
    """Return the scores in [−1, 1] of series over the last 250 bars.

    It is the value's sign times the share of the last 250 absolute values below its own, equal ones
    counted half. NaN where fewer than 50 are known or all are 0.
    """
    series = np.stack(every, axis=1)
    # In single precision what differs by rounding only is equal, at any scale of the price.
    size = np.abs(series).astype(np.float32)
    rows = min(WINDOW, len(size))
    now, known = size[-rows:], np.isfinite(size)
    found = np.zeros(now.shape, np.int16)
    for lag in range(min(WINDOW, len(size))):
        past = size[max(0, len(size) - rows - lag) : len(size) - lag]
        here = now[-len(past) :]
        found[-len(past) :] += past < here
        found[-len(past) :] += past <= here
    count = trailing(known, rows, WINDOW)
    enough = (count >= LEAST_VALUES) & (trailing(size > 0, rows, WINDOW) > 0) & known[-rows:]
    scores = np.where(enough, np.sign(series[-rows:]) * found / (2 * count), np.nan)
    return [scores[:, i] for i in range(len(every))]


def reading(series: Array, unit: str, score: Array, kind: str = DIRECTION) -> Reading:
    """Return a metric of every coin from its values over time."""
    return Reading(series[-1], unit, np.isfinite(series[-WINDOW:]).sum(axis=0), score, kind)


def magnitude(series: Array, unit: str, kind: str = MAGNITUDE) -> Reading:
    """Return a metric of every coin whose score is its percentile."""
    return reading(series, unit, place(series), kind)


def trend(f: Frame) -> Readings:
    """Return the EMA ribbon and the PPO's histogram in ATRs, the RSI and the slow stochastic."""
    lines = [f.close, *f.averages.values()]
    gaps = np.stack([np.tanh((a - b) / f.atr / 2)[-f.rows :] for a, b in pairwise(lines)])
    known = np.isfinite(gaps)
    ribbon = np.where(known, gaps, 0).sum(axis=0) / known.sum(axis=0)
    histogram = on(calc.ppo, f.close)[2] / on(calc.natr, f.high, f.low, f.close)
    rsi, slow = on(calc.rsi, f.close), on(calc.stochastic, f.high, f.low, f.close)[0]
    return {
        "ribbon": reading((f.close - f.averages[50]) / f.atr, "ATR", ribbon),
        "histogram": reading(histogram, "ATR", *mirrored(histogram)),
        "rsi": reading(rsi, "", (rsi[-f.rows :] - 50) / 50),
        "stochastic": reading(slow, "", (slow[-f.rows :] - 50) / 50),
    }


def momentum(f: Frame) -> Readings:
    """Return the rate of change, the ADX with the sign of the DI, and the slope of the CVD."""
    roc, cvd = on(calc.roc, f.close), on(calc.cvd_slope, f.volume, f.taker, n=FLOW_BARS)
    adx, plus, minus = f.directional
    fast, flow = mirrored(roc, cvd)
    return {
        "roc": reading(roc, "%", fast),
        "adx": reading(adx, "", (f.strength * np.sign(plus - minus))[-f.rows :]),
        "cvd": reading(100 * cvd, "%", flow),
    }


def sentiment(f: Frame) -> Readings:
    """Return how open interest moves with the price, its correlation, and what takers do."""
    moves, interest = growth(f.close, INTEREST_BARS), growth(f.interest, INTEREST_BARS)
    takers = on(calc.sma, f.takers, n=f.day)
    follow = on(calc.rolling_corr, growth(f.close), growth(f.interest), n=FOLLOW_BARS)
    built, bought = mirrored(interest * np.sign(moves), takers)
    return {
        "interest": reading(interest, "%", built),
        "takers": reading(takers, "ln", bought),
        "follow": reading(follow, "", follow[-f.rows :]),
    }


def volumes(f: Frame, cvd: Reading) -> Readings:
    """Return what is traded on the spot market: money flow, on-balance volume, and how much."""
    cmf = on(calc.cmf, f.high, f.low, f.close, f.volume, n=FLOW_BARS)
    obv = on(calc.mom, on(calc.obv, f.close, f.volume), n=FLOW_BARS)
    obv /= on(calc.rolling_sum, f.volume, n=FLOW_BARS)
    return {
        "cvd": cvd,
        "cmf": reading(cmf, "", np.sign(cmf[-1]) * place(np.abs(cmf)) / 100),
        "obv": reading(obv, "", np.sign(obv[-1]) * place(np.abs(obv)) / 100),
        "turnover": magnitude(on(calc.relative_volume, f.quote), "×"),
    }


def dangers(f: Frame) -> Readings:
    """Return the magnitudes: volatility and its unrest, what trading costs, losses.

    Past order books are not known: impact (Amihud) stands for slippage, and the spread is the one
    that highs and lows imply (Corwin and Schultz).
    """
    moves, bars = growth(f.close), YEAR * DAY_MS / f.step
    ohlc = f.open, f.high, f.low, f.close
    return {
        "yang_zhang": magnitude(on(calc.yang_zhang, *ohlc, bars_per_year=bars), "%/y", RISK),
        "vol_of_vol": magnitude(on(calc.vol_of_vol, f.close), "", RISK),
        "forecast": magnitude(forecast(moves) / on(calc.rolling_std, moves), "×", RISK),
        "impact": magnitude(on(calc.amihud, f.close, f.quote), "/M", RISK),
        "spread": magnitude(on(calc.corwin_schultz, f.high, f.low), "%", RISK),
        "loss": magnitude(shortfall(moves), "%", RISK),
    }


def shocks(f: Frame) -> Readings:
    """Return how unusual the newest return, turnover and growth of interest are, and the funding.

    The values are robust z of the last 250, of the last 90 payments for funding; 3 scores 100.
    """
    turnover = np.log(f.quote)
    series = {
        "jump": growth(f.close),
        "burst": np.where(np.isfinite(turnover), turnover, np.nan),
        "shock": growth(f.interest),
    }
    every = {name: robust_z(values[-WINDOW:]) for name, values in series.items()}
    every["funding"] = f.funding[None]
    return {
        name: reading(z, "z", calc.lin(np.abs(z[-1]), 0, SHOCK), RISK) for name, z in every.items()
    }


def distances(f: Frame) -> Readings:
    """Return how far the price is from its averages, in percent."""
    none = np.full(f.close.shape[1], np.nan)
    lines = {f"ema{n}": 100 * (f.close / line - 1) for n, line in f.averages.items() if n > 20}
    return {name: reading(series, "%", none) for name, series in lines.items()}


def forecast(moves: Array) -> Array:
    """Return the deviation RiskMetrics expects of the next bar, over the last 250 bars."""
    square = moves * moves
    known, decay = np.isfinite(square), decaying(len(square))
    share = decay @ known
    out = np.full(moves.shape, np.nan)
    out[-len(decay) :] = np.sqrt(decay @ np.where(known, square, 0) / share)
    out[np.cumsum(known, axis=0) < LEAST_BARS] = np.nan
    return out


@lru_cache(maxsize=8)
def decaying(bars: int) -> Array:
    """Return the weights of the bars up to each of the last 250, (250, bars)."""
    ages = np.arange(max(0, bars - WINDOW), bars)[:, None] - np.arange(bars)
    return np.where(ages >= 0, DECAY ** np.maximum(ages, 0), 0.0)


def shortfall(moves: Array) -> Array:
    """Return the mean of the worst 5 % of a hundred moves, as a loss, over the last 250 bars."""
    out = np.full(moves.shape, np.nan)
    if len(moves) >= LOSS_BARS:
        windows = np.lib.stride_tricks.sliding_window_view(moves, LOSS_BARS, axis=0)[-WINDOW:]
        worst = np.partition(windows, LOSSES - 1, axis=-1)[..., :LOSSES].mean(axis=-1)
        out[-len(worst) :] = np.where(np.isnan(windows).any(axis=-1), np.nan, -worst)
    return out


def robust_z(values: Array) -> Array:
    """Return how far values are from the median of all in their column, in robust deviations.

    By 1.4826 · MAD; NaN where fewer than 50 are known or half of them are equal.
    """
    away = values - median(values)
    spread = 1.4826 * median(np.abs(away))
    enough = (np.isfinite(values).sum(axis=0) >= LEAST_VALUES) & (spread > 0)
    return away / np.where(enough, spread, np.nan)


def order(close: Array) -> Array:
    """Return 1 − permutation entropy of the last 200 orders of 4 returns, over the last 250 bars.

    As stats.permutation_entropy, but that equal returns count as every order they may be in: a
    price that rests between its ticks keeps no order. A bar costs one step here, not a window.
    """
    moves = growth(close)
    rows = min(WINDOW, len(moves))
    lags = [moves[i : len(moves) - NEIGHBOURS + 1 + i] for i in range(NEIGHBOURS)]
    pairs = list(combinations(lags, 2))
    falls, rises = (
        sum(compare(a, b).astype(np.int8) << bit for bit, (a, b) in enumerate(pairs))
        for compare in (np.greater, np.less)
    )
    known = np.isfinite(sum(lags))
    may = [known & (falls & ~p == 0) & (rises & p == 0) for p in patterns()]
    share = 1 / np.maximum(sum(one.astype(np.int8) for one in may), 1)
    counts = (trailing(one * share, rows, ORDERS) for one in may)
    total = sum(count * np.log(np.maximum(count, 1e-9)) for count in counts)
    count = trailing(known, rows, ORDERS)
    count = np.where(count >= LEAST_ORDERS, count, np.nan)
    return 1 - (np.log(count) - total / count) / math.log(math.factorial(NEIGHBOURS))


@lru_cache(maxsize=1)
def patterns() -> list[int]:
    """Return the codes of every order of neighbours: which earlier one is above which later."""
    return [
        sum((a > b) << bit for bit, (a, b) in enumerate(combinations(ranks, 2)))
        for ranks in permutations(range(NEIGHBOURS))
    ]


def memory(moves: Array) -> tuple[Array, float]:
    """Return how far the Hurst exponents of the last 256 moves are from 0.5, and their error.

    As stats.hurst, of all coins at once.
    """
    past = moves[-MEMORY_BARS:]
    error = 0.43 * MEMORY_BARS**-0.375
    if len(past) < MEMORY_BARS:
        return np.full(moves.shape[1], np.nan), error
    sizes = np.unique(np.geomspace(8, MEMORY_BARS // 4, 12).astype(int))
    gaps = []
    for n in sizes:
        blocks = past[MEMORY_BARS % n :].reshape(-1, n, past.shape[1])
        paths = np.cumsum(blocks - blocks.mean(axis=1, keepdims=True), axis=1)
        ranges = (np.ptp(paths, axis=1) / blocks.std(axis=1)).mean(axis=0)
        gaps.append(np.log(ranges / stats.expected_range(n)))
    x = np.log(sizes) - np.log(sizes).mean()
    return x @ np.stack(gaps) / (x @ x), error


def levels(f: Frame) -> dict[str, Array]:
    """Return the nearest pivots of the last 250 bars around the last close, the ATR, the close."""
    tops, bottoms = calc.pivots(f.high[-WINDOW:], f.low[-WINDOW:])
    now = f.close[-1]
    return {
        "support": np.fmax.reduce(np.where(bottoms < now, bottoms, np.nan)),
        "resistance": np.fmin.reduce(np.where(tops > now, tops, np.nan)),
        "atr": f.atr[-1],
        "close": now,
    }
