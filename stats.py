"""The slower statistics: who moves with and before whom, memory, disorder.

A series is a float array, oldest first. What is not finite in it is left out, and a series that is
too short or stands still gives NaN. The scale of a series changes nothing but what is measured in
its unit.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from itertools import combinations
from math import erfc, exp, factorial, inf, isfinite, lgamma, log, nan, pi, sqrt
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray

FLAT, SINGULAR, TINY = 1e-10, 1e-9, 1e-300
NORMAL_95 = 1.959963984540054
SPARE, LAGS, POOL_PAYS = 30, 10, 12


def known(x: Any) -> Array:
    """Return the finite values of a series as floats."""
    x = np.asarray(x, dtype=np.float64).ravel()
    return x[np.isfinite(x)]


def flat(x: Array) -> bool:
    """Tell whether values do not differ but by rounding."""
    return not len(x) or bool(np.ptp(x) <= FLAT * np.abs(x).max())


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b); NaN outside 0 ≤ x ≤ 1, a, b > 0.

    The continued fraction of DLMF 8.17.22 by Lentz's method (Numerical Recipes 6.4).
    """
    if not (a > 0 and b > 0 and 0 <= x <= 1):
        return nan
    if x in (0, 1):
        return float(x)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = exp(a * log(x) + b * np.log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a
    c, d = 1.0, 1 / max(1 - (a + b) * x / (a + 1), TINY)
    total = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / (1 + step * d or TINY)
            c = 1 + step / c or TINY
            total *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return float(front * total)


def f_tail(f: float, p: float, q: float) -> float:
    """Return the probability that an F with p and q degrees of freedom exceeds f."""
    return incomplete_beta(q / 2, p / 2, q / (q + p * f)) if f >= 0 else nan


def holm(p: Any) -> Array:
    """Return p-values adjusted for their number, step by step (Holm 1979); NaN are not counted."""
    p = np.asarray(p, dtype=np.float64)
    out, kept = np.full(p.shape, nan), np.isfinite(p)
    values = p[kept]
    order = np.argsort(values, kind="stable")
    stepped = np.maximum.accumulate(values[order] * (len(values) - np.arange(len(values))))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(stepped, 1)
    out[kept] = adjusted
    return out


def together(close: Array, least: int) -> tuple[list[int], Array]:
    """Return which symbols of a (bars, symbols) panel have enough log returns, and theirs.

    A return beside a missing bar is NaN.
    """
    moves = np.diff(np.log(close), axis=0)
    kept = np.flatnonzero(np.isfinite(moves).sum(axis=0) >= least)
    return kept.tolist(), moves[:, kept]


def covariance(moves: Array) -> Array:
    """Return the covariance, ddof 1, of a (bars, symbols) panel's whole rows.

    NaN beside a column that stands still, and everywhere with fewer than 30 rows.
    """
    rows = moves[np.isfinite(moves).all(axis=1)]
    if len(rows) < SPARE:
        return np.full((moves.shape[1],) * 2, nan)
    still = [flat(column) for column in rows.T]
    found = np.cov(rows, rowvar=False).reshape((moves.shape[1],) * 2)
    found[still], found[:, still] = nan, nan
    return found


def correlations(cov: Array) -> Array:
    """Return the correlations of a covariance matrix."""
    spread = np.sqrt(np.diag(cov))
    return np.clip(cov / np.outer(spread, spread), -1, 1)


def comovement(close: Array, least: int) -> tuple[Array, Array]:
    """Return the correlations and betas of the log returns of a (bars, symbols) panel of prices.

    beta[i, j] is how far symbol i goes when j goes 1. NaN for a symbol that stands still or has
    fewer than `least` returns.
    """
    kept, moves = together(close, least)
    rho, beta = (np.full((close.shape[1],) * 2, nan) for _ in range(2))
    cov, place = covariance(moves), np.ix_(kept, kept)
    rho[place], beta[place] = correlations(cov), cov / np.diag(cov)
    return rho, beta


def pairs(rho: Array) -> list[tuple[float, int, int]]:
    """Return the known pairs of a matrix with their value, the lowest first."""
    rows, columns = np.triu_indices(len(rho), 1)
    every = zip(rho[rows, columns].tolist(), rows.tolist(), columns.tolist(), strict=True)
    return sorted(pair for pair in every if isfinite(pair[0]))


class Granger(NamedTuple):
    """A Granger test: the lag chosen, F, its p-value, what it explains of the rest, the bars used.

    `gain` is the share of the variance left by the effect's own past, 0–1.
    """

    lag: float
    f: float
    p: float
    gain: float
    bars: int


def granger(cause: Array, effect: Array, most: int = LAGS, criterion: str = "bic") -> Granger:
    """Test whether a series' past helps to foretell another beyond the other's own (Granger 1969).

    Both are stationary, as returns are. The lag, 1 to `most`, has the least BIC or AIC of the full
    regression over the same bars (AIC finds too much: one in ten where nothing is, at p < 0.05);
    F = ((RSSr − RSSu)/p) / (RSSu/(T − 2p − 1)), with intercept; it takes an even volatility for
    granted.
    """
    if len(cause) <= most or flat(known(cause)) or flat(known(effect)):
        return Granger(nan, nan, nan, nan, 0)
    x, y = ((s - known(s).mean()) / known(s).std() for s in (cause, effect))
    both = np.stack([_past(y, most), _past(x, most)], axis=2).reshape(-1, 2 * most)
    rest, n = _residuals(y[most:], both)
    if n < 2 * most + 1 + SPARE or not np.isfinite(rest).all():
        return Granger(nan, nan, nan, nan, n)
    count = 2 * np.arange(1, most + 1)
    cost = log(n) if criterion == "bic" else 2.0
    p = 1 + int(np.argmin(n * np.log(np.maximum(rest[count], TINY)) + count * cost))
    rest, n = _residuals(y[p:], np.concatenate([_past(y, p), _past(x, p)], axis=1))
    free = n - 2 * p - 1
    gain, left = max(float(rest[p] - rest[2 * p]), 0.0), max(float(rest[2 * p]), 0.0)
    f = gain / p / (left / free) if left else inf
    return Granger(p, f, f_tail(f, p, free), gain / (gain + left or TINY), n)


def _past(x: Array, lags: int) -> Array:
    """Return the values 1 to `lags` bars before each from the lags-th on, as columns."""
    return np.stack([x[lags - k : len(x) - k] for k in range(1, lags + 1)], axis=1)


def _residuals(target: Array, columns: Array) -> tuple[Array, int]:
    """Return the sums of squares left by 0, 1, 2 … columns and an intercept, and the rows used.

    One QR serves all; NaN where a column depends on the others.
    """
    kept = np.isfinite(target) & np.isfinite(columns).all(axis=1)
    n, columns = int(kept.sum()), columns[kept]
    if n <= columns.shape[1]:
        return np.full(columns.shape[1] + 1, nan), n
    columns = np.concatenate([np.ones((n, 1)), columns], axis=1)
    q, r = np.linalg.qr(columns)
    if (np.abs(np.diag(r)) <= SINGULAR * np.sqrt((columns * columns).sum(axis=0))).any():
        return np.full(columns.shape[1], nan), n
    y = target[kept]
    return float(y @ y) - np.cumsum((q.T @ y) ** 2), n


class Link(NamedTuple):
    """Two symbols of a panel, the first moving before the second, the test and its Holm p."""

    first: int
    then: int
    test: Any
    p: float


def granger_all(moves: Array, pool: Executor, most: int = LAGS) -> list[Link]:
    """Test every ordered pair of a (bars, symbols) panel; the known ones, the surest first.

    A pair takes 0.7 ms and the pool 0.2 s to start: from a dozen symbols, 0.1 s, on it keeps the
    other chats' answers quick, and 20 are done in 0.2 s for 0.35.
    """
    work, causes = partial(_granger_row, moves, most), range(moves.shape[1])
    rows = pool.map(work, causes) if len(causes) >= POOL_PAYS else map(work, causes)
    return _ranked([(i, j, row[j]) for i, row in enumerate(rows) for j in causes if i != j])


def _granger_row(moves: Array, most: int, i: int) -> list[Granger]:
    """Test one column as the cause of every one; a pool child's part."""
    return [granger(moves[:, i], effect, most) for effect in moves.T]


def _ranked(found: Sequence[tuple[int, int, Any]]) -> list[Link]:
    """Return the known links by their p, adjusted for the number of them."""
    adjusted = holm([test.p for _, _, test in found]).tolist()
    links = [Link(*one, p) for one, p in zip(found, adjusted, strict=True) if isfinite(p)]
    return sorted(links, key=lambda link: (link.test.p, link.first, link.then))


class Lead(NamedTuple):
    """A lead: `lag` > 0 where the first series leads by so many bars, and the correlation there.

    `bound` is ±1.96/√T, `p` the chance that the best of all lags tried is so far from 0; `curve`
    are the correlations from −most to +most.
    """

    lag: float
    r: float
    bound: float
    p: float
    curve: Array


def lead_lag(x: Array, y: Array, most: int = LAGS) -> Lead:
    """Return the lag, not 0, at which x some bars ago and y now correlate most.

    ρ(k) = corr(x_{t−k}, y_t), |k| ≤ most; where two series have no memory and nothing to do with
    each other, each lies within ±1.96/√T with 95 % (Bartlett 1946), but the best of 20 beyond it
    twice in three. So p is Bonferroni's over the lags, with White's error (1980), for common storms
    of volatility widen the bound.
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    found = [_correlation(*_shifted(x, y, k)) for k in range(-most, most + 1)]
    curve = np.array([r for r, _ in found])
    others = np.abs(np.delete(curve, most))
    if not np.isfinite(others).all():
        return Lead(nan, nan, nan, nan, curve)
    i = int(others.argmax())
    lag = i - most + (i >= most)
    bars = int((np.isfinite(x) & np.isfinite(y)).sum())
    r, z = found[lag + most]
    p = min(1.0, 2 * most * erfc(abs(z) / sqrt(2)))
    return Lead(lag, r, NORMAL_95 / sqrt(bars), p, curve)


def lead_all(moves: Array, most: int = LAGS) -> list[Link]:
    """Return who leads whom of every pair of a (bars, symbols) panel, the surest first.

    In each link the first leads, so its lag is positive.
    """
    found = []
    for i, j in combinations(range(moves.shape[1]), 2):
        lead = lead_lag(moves[:, i], moves[:, j], most)
        ahead = (i, j) if lead.lag > 0 else (j, i)
        found.append((*ahead, lead._replace(lag=abs(lead.lag))))
    return _ranked(found)


def _shifted(x: Array, y: Array, k: int) -> tuple[Array, Array]:
    """Return x from k bars before beside y."""
    return (x[: len(x) - k], y[k:]) if k >= 0 else (x[-k:], y[: len(y) + k])


def _correlation(x: Array, y: Array) -> tuple[float, float]:
    """Return Pearson's correlation of the whole pairs and its z by White's error, or NaN."""
    kept = np.isfinite(x) & np.isfinite(y)
    x, y = x[kept], y[kept]
    if len(x) < SPARE or flat(x) or flat(y):
        return nan, nan
    x, y = x - x.mean(), y - y.mean()
    product = x * y
    total = float(product.sum())
    return total / sqrt(x @ x) / sqrt(y @ y), total / sqrt(product @ product)


class Hurst(NamedTuple):
    """A Hurst exponent, 0.5 without memory, and its standard error."""

    h: float
    error: float


def hurst(returns: Array) -> Hurst:
    """Return the Hurst exponent of returns by rescaled range, corrected for small samples.

    0.5 plus the slope of ln(R/S) less ln(E[R/S]) on ln of 12 block sizes from 8 to n/4; E[R/S] of
    independent normal values (Anis and Lloyd 1976). At least 256 returns. The error is that of
    independent returns, 0.43·n^−0.375 in simulations; the regression's own is far too small, for
    its points are not independent.
    """
    r = known(returns)
    if len(r) < 256 or flat(r):
        return Hurst(nan, nan)
    sizes = np.unique(np.geomspace(8, len(r) // 4, 12).astype(int))
    gap = np.array([log(_rescaled_range(r, n) / expected_range(n)) for n in sizes])
    x = np.log(sizes) - np.log(sizes).mean()
    slope = float(x @ gap / (x @ x))
    return Hurst(0.5 + slope, 0.43 * len(r) ** -0.375)


def _rescaled_range(x: Array, n: int) -> float:
    """Return the mean range of the running sums of blocks of n over their deviation."""
    blocks = x[len(x) % n :].reshape(-1, n)
    blocks = blocks[np.ptp(blocks, axis=1) > 0]
    paths = np.cumsum(blocks - blocks.mean(axis=1, keepdims=True), axis=1)
    return float((np.ptp(paths, axis=1) / blocks.std(axis=1)).mean())


def expected_range(n: int) -> float:
    """Return the R/S that n independent normal values have on average (Anis and Lloyd 1976)."""
    i = np.arange(1, n)
    return exp(lgamma((n - 1) / 2) - lgamma(n / 2)) / sqrt(pi) * float(np.sqrt((n - i) / i).sum())


class Ratio(NamedTuple):
    """A variance ratio, over 1 in a trend, and its z* that allows for changing volatility."""

    ratio: float
    z: float


def variance_ratio(returns: Array, q: int = 2) -> Ratio:
    """Return the variance of q-bar returns over q times that of one bar (Lo and MacKinlay 1988).

    Overlapping and unbiased; z* is standard normal for a random walk, whatever its volatility does.
    """
    r = known(returns)
    n = len(r)
    if n < max(SPARE, 4 * q) or flat(r):
        return Ratio(nan, nan)
    d = r - r.mean()
    square = float(d @ d)
    sums = np.concatenate([[0.0], np.cumsum(d)])
    far = sums[q:] - sums[:-q]
    size = q * (n - q + 1) * (1 - q / n)
    ratio = float(far @ far) / size / (square / (n - 1))
    spread = 0.0
    for j in range(1, q):
        spread += (2 * (q - j) / q) ** 2 * float((d[j:] ** 2) @ (d[:-j] ** 2)) / square**2
    return Ratio(ratio, (ratio - 1) / sqrt(spread) if spread else nan)


def permutation_entropy(x: Array, m: int = 4) -> float:
    """Return how evenly the orders of m neighbours occur: 0 one only, 1 noise (Bandt, Pompe 2002).

    Equal values count as rising; at least five windows for each of the m! orders.
    """
    x = np.asarray(x, dtype=np.float64)
    if len(x) < m or flat(known(x)):
        return nan
    windows = np.lib.stride_tricks.sliding_window_view(x, m)
    orders = np.argsort(windows[np.isfinite(windows).all(axis=1)], axis=1, kind="stable")
    if len(orders) < 5 * factorial(m):
        return nan
    _, counts = np.unique(orders @ m ** np.arange(m), return_counts=True)
    share = counts / len(orders)
    return float(-(share * np.log(share)).sum() / log(factorial(m)))


def sample_entropy(x: Array, m: int = 2, r: float = 0.2) -> float:
    """Return −ln of how often m alike neighbours stay alike for one more (Richman, Moorman 2000).

    Alike is within r standard deviations (ddof 1) in every place. NaN where none stays alike.
    """
    x = known(x)
    n = len(x)
    if n < 100 or flat(x):
        return nan
    near, counts = r * x.std(ddof=1), np.zeros(2, dtype=np.int64)
    for lag in range(1, n - m):
        alike = np.abs(x[lag:] - x[:-lag]) <= near
        run = alike[: n - m - lag].copy()
        for k in range(1, m):
            run &= alike[k : n - m - lag + k]
        counts += np.count_nonzero(run), np.count_nonzero(run & alike[m:])
    return -log(counts[1] / counts[0]) if counts.all() else nan


def higuchi(x: Array, most: int = 10) -> float:
    """Return the fractal dimension of a path: 1 a line, 1.5 a random walk, 2 noise (Higuchi 1988).

    Minus the slope of ln of the mean length in steps of k = 1 … `most` on ln k.
    """
    x = known(x)
    n = len(x)
    if n < 10 * most or flat(x):
        return nan
    lengths = []
    for k in range(1, most + 1):
        counts = (n - 1 - np.arange(k)) // k
        moves = np.array([np.abs(np.diff(x[m::k])).sum() for m in range(k)])
        lengths.append(float((moves * (n - 1) / (counts * k)).mean() / k))
    steps = np.log(np.arange(1, most + 1))
    steps -= steps.mean()
    if min(lengths) <= 0:
        return nan
    return float(-(steps @ np.log(lengths)) / (steps @ steps))


def narrow(
    worth: Callable[..., Array],
    middle: Sequence[float],
    half: Sequence[float],
    points: int = 9,
    rounds: int = 9,
) -> tuple[list[float], float]:
    """Return where a function of some variables is highest, on grids two steps around the best."""
    place, best = list(middle), nan
    for i in range(rounds):
        reach = (4 / (points - 1)) ** i * np.linspace(-1, 1, points)
        axes = [m + h * reach for m, h in zip(place, half, strict=True)]
        grid = [axis.ravel() for axis in np.meshgrid(*axes, indexing="ij")]
        worths = worth(*grid)
        at = int(np.argmax(worths))
        place, best = [float(axis[at]) for axis in grid], float(worths[at])
    return place, best
