"""What lies beneath a series: its level and slope by Kalman filters, and shifts of its mean."""

from collections.abc import Iterator, Sequence
from math import exp, nan, pi, sqrt
from typing import Any, NamedTuple

import numpy as np

import stats

Array = np.ndarray


class Level(NamedTuple):
    """A filtered level bar by bar, its newest slope, q, the noise's deviation, the likelihood."""

    level: Array
    slope: float
    q: float
    noise: float
    likelihood: float


def local_level(x: Array) -> Level:
    """Return the level beneath noise that wanders as a random walk (Harvey 1989).

    y = μ + ε, μ' = μ + η; q = var η / var ε has the highest prediction-error likelihood, ε's
    variance concentrated out and the first level diffuse. A q at the end of e^±14 is no estimate.
    """
    x = stats.known(x)
    return _hidden(x, (*x[:1], 0.0, 1.0, 0.0, 0.0), 1, (1.0, 0.0))


def local_trend(x: Array) -> Level:
    """Return the level and slope beneath noise where the slope wanders (Harvey 1989).

    y = μ + ε, μ' = μ + β, β' = β + ζ; q = var ζ / var ε, else as `local_level`.
    """
    x = stats.known(x)
    return _hidden(x, (*x[1:2], *np.diff(x[:2]), 1.0, 1.0, 2.0), 2, (0.0, 1.0))


def _hidden(x: Array, start: Sequence[float], begin: int, noise: tuple[float, float]) -> Level:
    """Fit q, then filter with it from what the first `begin` values tell."""
    if len(x) < stats.SPARE or stats.flat(x):
        return Level(np.empty(0), nan, nan, nan, nan)
    seen = x[begin:].tolist()
    n = len(seen)

    def fit(log_q: Array) -> tuple[Array, Array]:
        squares, logs = np.zeros(len(log_q)), np.zeros(len(log_q))
        for error, width, _, _ in _filter(seen, start, noise, np.exp(log_q)):
            squares += error * error / width
            logs += np.log(width)
        spread = squares / n
        return -0.5 * (n * (np.log(2 * pi * np.maximum(spread, stats.TINY)) + 1) + logs), spread

    (log_q,), best = stats.narrow(lambda u: fit(u)[0], (0.0,), (14.0,), 33, 5)
    path = [(level, slope) for _, _, level, slope in _filter(seen, start, noise, exp(log_q))]
    level = np.array([nan] * begin + [level for level, _ in path])
    spread = float(fit(np.array([log_q]))[1][0])
    return Level(level, path[-1][1], exp(log_q), sqrt(spread), best)


def _filter(
    seen: Sequence[float], start: Sequence[float], noise: tuple[float, float], q: Any
) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Yield each value's surprise, its variance, and the level and slope that it leads to."""
    a, b, p, cross, s = start
    s = s + noise[1] * q
    for value in seen:
        a, p, cross, s = a + b, p + 2 * cross + s + noise[0] * q, cross + s, s + noise[1] * q
        error, width = value - a, p + 1
        gain, turn = p / width, cross / width
        a, b = a + gain * error, b + turn * error
        p, cross, s = p - gain * p, cross - gain * cross, s - turn * cross
        yield error, width, a, b


class Cusum(NamedTuple):
    """The sums above and below, bar by bar, and where one has passed the limit."""

    up: Array
    down: Array
    alarm: Array


def cusum(z: Array, k: float = 0.5, h: float = 5.0) -> Cusum:
    """Return Page's cumulative sums of standardised values: S' = max(0, S + z − k) (Page 1954).

    The lower sum mirrors it; over h the mean has moved by about 2k. Unknown values change nothing.
    """
    z = np.asarray(z, dtype=np.float64)
    known = np.isfinite(z)
    up, down = (np.cumsum(np.where(known, side * z - k, 0)) for side in (1, -1))
    up, down = (c - np.minimum.accumulate(np.minimum(c, 0)) for c in (up, down))
    return Cusum(up, down, (up > h) | (down > h))
