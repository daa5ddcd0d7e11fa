"""What returns were worth: tail losses, ratios of gain to risk, luck in the best of many, weights.

Returns are simple, fractions a bar, oldest first, unless a docstring says otherwise; what is not
finite is left out. NaN where there is too little to tell.
"""

from math import e, nan, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from stats import SPARE, correlations, covariance, flat, known

Array = np.ndarray

NORMAL = NormalDist()
EULER = 0.5772156649015329
TAIL_BARS = 250


class Tail(NamedTuple):
    """A loss, positive, that a share of the bars exceeds, and the mean of the losses beyond it."""

    var: float
    es: float


def historical_risk(returns: Array, share: float = 0.05) -> Tail:
    """Return value at risk and expected shortfall of one bar as they were (Rockafellar 2000).

    −q and −mean(r | r ≤ q) with q the quantile of the returns; at least 250 of them.
    """
    r = known(returns)
    if len(r) < TAIL_BARS:
        return Tail(nan, nan)
    q = float(np.quantile(r, share))
    return Tail(-q, -float(r[r <= q].mean()))


def normal_risk(returns: Array, share: float = 0.05) -> Tail:
    """Return value at risk and expected shortfall of one bar were the returns normal.

    −(μ + zσ) and −(μ − σφ(z)/share); at least 250 returns.
    """
    r = known(returns)
    if len(r) < TAIL_BARS:
        return Tail(nan, nan)
    mean, deviation, z = float(r.mean()), float(r.std(ddof=1)), NORMAL.inv_cdf(share)
    return Tail(-(mean + z * deviation), -(mean - deviation * NORMAL.pdf(z) / share))


def sharpe(returns: Array, per_year: float, free: float = 0.0) -> float:
    """Return the mean over a riskless rate a bar by the deviation, a year (Sharpe 1994)."""
    r = known(returns)
    if len(r) < 2 or flat(r):
        return nan
    return float((r.mean() - free) / r.std(ddof=1) * sqrt(per_year))


def sortino(returns: Array, per_year: float, least: float = 0.0) -> float:
    """Return the mean over a least return a bar by the shortfalls' root mean square, a year (1994).

    NaN where no bar fell short.
    """
    r = known(returns)
    short = np.minimum(r - least, 0)
    down = sqrt(float((short * short).mean())) if len(r) > 1 else 0.0
    return float((r.mean() - least) / down * sqrt(per_year)) if down else nan


def cagr(equity: Array, per_year: float) -> float:
    """Return the yearly growth in percent that leads from the first equity to the last."""
    worth = known(equity)
    if len(worth) < 2 or worth[0] <= 0 or worth[-1] < 0:
        return nan
    return 100 * (float(worth[-1] / worth[0]) ** (per_year / (len(worth) - 1)) - 1)


class Record(NamedTuple):
    """What trades were worth: how many, winners in percent, gains by losses, mean, SQN."""

    closed: int
    won: float
    profit_factor: float
    expectancy: float
    sqn: float


def record(profits: Array) -> Record:
    """Return what the profits of closed trades tell, in any one unit.

    A profit factor without a loss is NaN; SQN is √n·mean/deviation (Tharp 2008), of two at least.
    """
    p = known(profits)
    if not len(p):
        return Record(0, nan, nan, nan, nan)
    lost, mean = -float(p[p < 0].sum()), float(p.mean())
    spread = float(p.std(ddof=1)) if len(p) > 1 and np.ptp(p) > 0 else nan
    factor = float(p[p > 0].sum()) / lost if lost else nan
    return Record(len(p), 100 * float((p > 0).mean()), factor, mean, sqrt(len(p)) * mean / spread)


def probabilistic_sharpe(
    ratio: float, bars: int, skew: float, kurtosis: float, benchmark: float = 0.0
) -> float:
    """Return the probability that a Sharpe ratio a bar is truly above a benchmark.

    Φ((SR − SR*)√(T − 1) / √(1 − γ₃SR + (γ₄ − 1)/4·SR²)) with the full kurtosis, 3 when normal
    (Bailey and López de Prado 2012).
    """
    spread = 1 - skew * ratio + (kurtosis - 1) / 4 * ratio * ratio
    if not spread > 0 or bars < 2:
        return nan
    return NORMAL.cdf((ratio - benchmark) * sqrt((bars - 1) / spread))


def expected_best(variance: float, trials: int) -> float:
    """Return the best Sharpe ratio that so many worthless trials of a variance would show.

    √V·((1 − γ)Φ⁻¹(1 − 1/N) + γΦ⁻¹(1 − 1/(N·e))) (Bailey and López de Prado 2014).
    """
    if trials < 2:
        return 0.0
    upper, farther = NORMAL.inv_cdf(1 - 1 / trials), NORMAL.inv_cdf(1 - 1 / (trials * e))
    return sqrt(variance) * ((1 - EULER) * upper + EULER * farther)


def deflated_sharpe(returns: Array, ratios: Array) -> float:
    """Return the probability that the best of many trials is no luck (Bailey, López de Prado 2014).

    `returns` are the best trial's, `ratios` the Sharpe ratios a bar of every trial, it included.
    """
    r, every = known(returns), known(ratios)
    if len(r) < SPARE or not len(every) or flat(r):
        return nan
    z = (r - r.mean()) / r.std()
    luck = expected_best(float(every.var(ddof=1)) if len(every) > 1 else 0.0, len(every))
    return probabilistic_sharpe(
        float(r.mean() / r.std(ddof=1)), len(r), float((z**3).mean()), float((z**4).mean()), luck
    )


def hrp_weights(moves: Array) -> Array:
    """Return weights by hierarchical risk parity of a (bars, symbols) panel (López de Prado 2016).

    Single linkage on distances of distances √((1 − ρ)/2), then halves weighed against each other
    by the variance of their inverse-variance portfolios. NaN where a symbol is unknown or flat.
    """
    cov = covariance(moves)
    if not np.isfinite(cov).all():
        return np.full(len(cov), nan)
    far = np.sqrt((1 - correlations(cov)) / 2)
    order = _linked(np.sqrt(((far[:, None] - far[None]) ** 2).sum(axis=2)))
    weights, groups = np.ones(len(cov)), [order]
    while groups:
        group = groups.pop()
        halves = [group[: len(group) // 2], group[len(group) // 2 :]]
        if halves[0]:
            risks = [_cluster_variance(cov, half) for half in halves]
            for half, other in zip(halves, risks[::-1], strict=True):
                weights[half] *= other / sum(risks)
            groups += halves
    return weights


def _linked(far: Array) -> list[int]:
    """Return the items in the order of their single-linkage tree, the older branch first."""
    count = len(far)
    gaps = np.full((2 * count, 2 * count), np.inf)
    gaps[:count, :count] = np.where(np.eye(count, dtype=bool), np.inf, far)
    leaves = {i: [i] for i in range(count)}
    for new in range(count, 2 * count - 1):
        a, b = sorted(divmod(int(gaps.argmin()), 2 * count))
        leaves[new] = leaves.pop(a) + leaves.pop(b)
        gaps[new] = np.minimum(gaps[a], gaps[b])
        gaps[:, new] = gaps[new]
        gaps[[a, b, new], [a, b, new]] = np.inf
        gaps[[a, b]] = gaps[:, [a, b]] = np.inf
    return next(iter(leaves.values()))


def _cluster_variance(cov: Array, items: list[int]) -> float:
    """Return the variance of the items weighed by the inverse of theirs."""
    part = cov[np.ix_(items, items)]
    weights = 1 / np.diag(part)
    weights /= weights.sum()
    return float(weights @ part @ weights)


def risk_parity(moves: Array) -> Array:
    """Return weights to which every symbol of a (bars, symbols) panel adds the same risk.

    Cyclical coordinate descent (Griveau-Billion, Richard and Roncalli 2013). NaN where a symbol is
    unknown or flat.
    """
    cov = covariance(moves)
    if not np.isfinite(cov).all():
        return np.full(len(cov), nan)
    corr = correlations(cov)
    x = np.ones(len(corr))
    for _ in range(1000):
        before = x.copy()
        for i in range(len(x)):
            rest = float(corr[i] @ x) - x[i]
            x[i] = (-rest + sqrt(rest * rest + 4)) / 2
        if np.abs(x - before).max() < 1e-12 * x.max():
            break
    weights = x / np.sqrt(np.diag(cov))
    return weights / weights.sum()
