"""How much prices will move: EWMA and GARCH forecasts, the squeeze, and one coin's state of all."""

from collections.abc import Sequence
from concurrent.futures import Executor
from itertools import pairwise
from math import log, nan, pi, sqrt
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

import calc
import stats
from shapes import Candles

Array = np.ndarray

YEAR_MS = 365 * 86_400_000
WINDOW, RANKED = 20, 250
POOL_PAYS, BLOCK = 12, 128
_seen: WeakKeyDictionary[Candles, "State"] = WeakKeyDictionary()


def ewma_volatility(returns: Array, decay: float = 0.94) -> float:
    """Return the next bar's deviation by weights that decay, of mean 0 (RiskMetrics 1996).

    The weights add up to 1 over the returns known, at least 30 of them.
    """
    r = stats.known(returns)
    if len(r) < stats.SPARE or stats.flat(r):
        return nan
    weights = decay ** np.arange(len(r) - 1, -1, -1.0)
    return sqrt(float(weights @ (r * r) / weights.sum()))


class Garch(NamedTuple):
    """A GARCH(1,1): σ² = omega + alpha·r² + beta·σ², the next bar's σ and the long run's."""

    omega: float
    alpha: float
    beta: float
    sigma: float
    usual: float
    likelihood: float


def garch(returns: Array) -> Garch:
    """Return the GARCH(1,1) of returns (Bollerslev 1986), at least 250.

    Omega follows from the sample's variance s², (1 − α − β)s²; α and β have the highest normal
    likelihood, on a grid of their logits that narrows around the best. The first σ² is s².
    """
    r = stats.known(returns)
    if len(r) < 250 or stats.flat(r):
        return Garch(*[nan] * 6)
    d = r - r.mean()
    s = float(d.std())
    square = (d / s) ** 2
    (share, lasting), best = stats.narrow(
        lambda u, v: _garch_likelihood(square, *_parts_of(u, v))[0], (-2.0, 2.0), (4.0, 5.0)
    )
    alpha, beta = _parts_of(np.array([share]), np.array([lasting]))
    _, last = _garch_likelihood(square, alpha, beta)
    a, b = float(alpha[0]), float(beta[0])
    n = len(r)
    level = best - n * (log(s) + log(2 * pi) / 2)
    return Garch((1 - a - b) * s * s, a, b, s * sqrt(float(last[0])), s, level)


def _parts_of(share: Array, lasting: Array) -> tuple[Array, Array]:
    """Return alpha and beta from the logits of alpha's share and of the sum."""
    total = 1 / (1 + np.exp(-lasting))
    alpha = total / (1 + np.exp(-share))
    return alpha, total - alpha


def _garch_likelihood(square: Array, alpha: Array, beta: Array) -> tuple[Array, Array]:
    """Return the likelihoods of unit-variance GARCHs side by side, and each one's next variance."""
    omega, now, total = 1 - alpha - beta, np.ones(len(alpha)), np.zeros(len(alpha))
    for start in range(0, len(square), BLOCK):
        part = square[start : start + BLOCK, None]
        paths = np.concatenate([now[None], omega + part * alpha])
        for before, row in pairwise(paths):
            np.add(row, beta * before, out=row)
        total -= 0.5 * (np.log(paths[:-1]) + part / paths[:-1]).sum(axis=0)
        now = paths[-1]
    return total, now


def squeeze(high: Array, low: Array, close: Array, n: int = 20, width: float = 1.5) -> Array:
    """Return 1 where the Bollinger bands lie inside the Keltner channel, else 0 (Carter 2005).

    Both of n bars, two deviations against `width` average true ranges; NaN in the warm-up.
    """
    upper, _, lower = calc.bollinger(close, n)
    top, _, bottom = calc.keltner(high, low, close, n, width)
    inside = ((upper < top) & (lower > bottom)).astype(float)
    return inside + 0 * (upper + top)


class State(NamedTuple):
    """A coin's volatility; deviations in percent a year, NaN where unknown.

    `yang_zhang` of 20 bars and its percentile in the 250 before, what was `realised` in 30 bars,
    the `unrest` of the volatility itself, the next bar's by EWMA and by GARCH, GARCH's long run, α
    and β; for how many bars the squeeze is on, below 0 how many ago it ended; the bars of a year.
    """

    yang_zhang: float
    rank: float
    realised: float
    unrest: float
    ewma: float
    garch: float
    usual: float
    alpha: float
    beta: float
    squeezed: float
    year: float


def states(every: Sequence[Candles], pool: Executor) -> list[State]:
    """Return the states in order, the same candles worked out once; many new ones in the pool.

    One takes 14 ms, most of it GARCH's, and the pool 0.2 s to start: from a dozen on it keeps the
    other chats' answers quick.
    """
    fresh = [candles for candles in every if candles not in _seen]
    tables = [candles.table[:5] for candles in fresh]
    done = pool.map(work_out, tables) if len(fresh) >= POOL_PAYS else map(work_out, tables)
    _seen.update(zip(fresh, done, strict=True))
    return [_seen[candles] for candles in every]


def work_out(table: Array) -> State:
    """Work out the state from the times and prices of closed bars; a pool child's part."""
    time, first, high, low, close = table
    if len(close) < 2 or close.min() == close.max():
        return State(*[nan] * 11)
    year = YEAR_MS / float(np.diff(time).min())
    spread = calc.yang_zhang(first, high, low, close, WINDOW, year)
    returns = np.diff(np.log(close))
    model, scale = garch(returns), 100 * sqrt(year)
    return State(
        float(spread[-1]),
        float(calc.rolling_rank(spread, RANKED)[-1]),
        float(calc.realised_vol(close, bars_per_year=year)[-1]),
        float(calc.vol_of_vol(close)[-1]),
        scale * ewma_volatility(returns),
        scale * model.sigma,
        scale * model.usual,
        model.alpha,
        model.beta,
        lasted(squeeze(high, low, close)),
        year,
    )


def lasted(on: Array) -> float:
    """Return for how many bars it is on, or minus how many ago it ended; NaN if it never was."""
    known = on[np.isfinite(on)]
    turns = np.flatnonzero(np.diff(known))
    if not len(known) or not len(turns):
        return float(len(known)) if known.all() and len(known) else nan
    bars = len(known) - 1 - int(turns[-1])
    return float(bars if known[-1] else -bars)
