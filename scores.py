"""From metrics to verdicts: trend, momentum, sentiment, risk and α of coins, all in one pass."""

import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np

import calc
import metrics
import stats
from metrics import NO_POSITIONS, Array, Frame, Positions, Readings
from shapes import Candles, FundingHistory, InterestHistory, TakerFlow

Scores = dict[str, Array]

COVERAGE = 0.6
SUM_BARS, WILD = 4, 80.0
# What is usual in the recorded candles, as bench/scores.py prints it: the size of direction ×
# confidence, and how far what speaks for buying is from 50.
USUAL, BAND, SPREAD = 0.0027, 1.5, 7.0
BEGIN, HOLD_ON = math.tanh(0.5), math.tanh(0.25)


def weights(**parts: float) -> dict[str, float]:
    """Return weights by name. Raises ValueError where they do not add up to 1."""
    if min(parts.values()) <= 0 or abs(sum(parts.values()) - 1) > 1e-9:
        raise ValueError(f"weights must be above 0 and add up to 1: {parts}")
    return parts


WEIGHTS = {
    "trend": weights(ribbon=0.3, histogram=0.3, rsi=0.2, stochastic=0.2),
    "momentum": weights(roc=0.45, adx=0.35, cvd=0.2),
    "sentiment": weights(interest=0.4, takers=0.35, follow=0.25),
    "volume": weights(cvd=0.4, cmf=0.3, obv=0.3),
    "volatility": weights(yang_zhang=1),
    "unrest": weights(yang_zhang=1 / 3, vol_of_vol=1 / 3, forecast=1 / 3),
    "stress": weights(funding=1 / 3, shock=1 / 3, spread=1 / 3),
    "risk": weights(yang_zhang=0.4, impact=0.35, loss=0.25),
    "alpha": weights(trend=0.35 / 0.85, momentum=0.25 / 0.85, sentiment=0.25 / 0.85),
    "core": weights(trend=0.35, momentum=0.25, sentiment=0.25, safety=0.15),
    "oversold": weights(rsi=0.6, stochastic=0.4),
    "buying": weights(trend=0.45, sentiment=0.2, oversold=0.1, safety=0.15, turnover=0.1),
}


class Metric(NamedTuple):
    """A metric of a coin: its newest value, how many are known, its score or NaN.

    A score is in [−1, 1] where the kind is direction, else 0–100.
    """

    value: float
    unit: str
    n: int
    score: float
    kind: str


class Analysis(NamedTuple):
    """What the bars of a coin say: scores in [−1, 1] or 0–100, NaN where unknown.

    `alpha` is direction × confidence on the scale of the past; `confidence` is `order`, which is
    1 − permutation entropy, × `coverage`; `steadiness` the percentile of order in its own past.
    `regime` is up, down, range, wild or unknown; `verdict` buy, hold, sell or unknown.
    """

    trend: float
    momentum: float
    sentiment: float
    volume: float
    volatility: float
    unrest: float
    stress: float
    risk: float
    core: float
    oversold: float
    buying: float
    alpha: float
    direction: float
    coverage: float
    order: float
    steadiness: float
    confidence: float
    support: float
    resistance: float
    atr: float
    close: float
    regime: str
    verdict: str
    metrics: Mapping[str, Metric]

    def value(self, name: str) -> float:
        """Return a metric's newest value."""
        return self.metrics[name].value


_seen: WeakKeyDictionary[Candles, tuple[tuple, Analysis]] = WeakKeyDictionary()
_lock = threading.Lock()


def analyse(candles: Candles, positions: Positions = NO_POSITIONS) -> Analysis:
    """Return the analysis of a coin's closed bars."""
    return analyse_all([candles], [positions])[0]


def analyse_all(every: Sequence[Candles], positions: Sequence[Positions]) -> list[Analysis]:
    """Return the analyses of coins' bars of one length, in order.

    What is new is worked out together, in this thread; the rest is remembered.
    """
    keys = [tuple(map(newest, known)) for known in positions]
    with _lock:
        rows = zip(every, positions, keys, strict=True)
        fresh = [row for row in rows if _seen.get(row[0], ((),))[0] != row[2]]
        if fresh:
            found = work_out([row[0] for row in fresh], [row[1] for row in fresh])
            _seen.update((row[0], (row[2], one)) for row, one in zip(fresh, found, strict=True))
        return [_seen[candles][1] for candles in every]


def newest(series: InterestHistory | TakerFlow | FundingHistory | None) -> float:
    """Return when a series' newest value was, 0 for none."""
    return float(series.time[-1]) if series is not None and len(series.time) else 0.0


def work_out(every: Sequence[Candles], positions: Sequence[Positions]) -> list[Analysis]:
    """Work the analyses out; a short history or a constant price leaves everything unknown."""
    with np.errstate(all="ignore"):
        f = metrics.framed(every, positions)
        parts = {
            "trend": metrics.trend(f),
            "momentum": metrics.momentum(f),
            "sentiment": metrics.sentiment(f),
        }
        blends = {name: blend(name, scores_of(part)) for name, part in parts.items()}
        blends["trend"] = blends["trend"][0] * f.strength[-f.rows :], blends["trend"][1]
        alphas = alpha(blends, metrics.order(f.close))
        found = {name: series[-1] for name, series in alphas.items()}
        found |= {name: score[-1] for name, (score, _) in blends.items()}
        readings = parts["trend"] | parts["momentum"] | parts["sentiment"]
        readings |= metrics.volumes(f, readings["cvd"]) | metrics.dangers(f)
        readings |= metrics.shocks(f) | metrics.distances(f)
        now = {name: np.atleast_2d(score)[-1] for name, score in scores_of(readings).items()}
        for name in ("volume", "volatility", "unrest", "stress", "risk"):
            found[name], _ = blend(name, now)
        found |= summaries(found, now)
        found |= metrics.levels(f) | {"steadiness": metrics.place(alphas["order"])}
        return named(found, regimes(f, found["volatility"]), verdicts(alphas["alpha"]), readings)


def summaries(found: Scores, now: Scores) -> Scores:
    """Return the core in [−1, 1], how oversold a coin is and how much speaks for buying, 0–100.

    RSI from 70 to 30 and the stochastic from 80 to 20 are 0 to 100 of oversold. What is for buying
    excludes itself in part: it is put on the scale of the recorded candles, 50 + 50·tanh(z/2).
    """
    core, _ = blend("core", found | {"safety": 1 - found["risk"] / 50})
    low = {
        "rsi": calc.lin(-now["rsi"], -0.4, 0.4),
        "stochastic": calc.lin(-now["stochastic"], -0.6, 0.6),
    }
    oversold, _ = blend("oversold", low)
    sides = {name: 50 + 50 * found[name] for name in ("trend", "sentiment")}
    rest = {"oversold": oversold, "safety": 100 - found["risk"], "turnover": now["turnover"]}
    z = (blend("buying", sides | rest)[0] - 50) / SPREAD
    return {"core": core, "oversold": oversold, "buying": 50 + 50 * np.tanh(z / 2)}


def scores_of(readings: Readings) -> Scores:
    """Return the scores of metrics by name."""
    return {name: one.score for name, one in readings.items()}


def named(
    found: Scores, regimes: Iterable[str], verdicts: Iterable[str], readings: Readings
) -> list[Analysis]:
    """Return every coin's analysis from the arrays of all."""
    numbers = np.stack([found[name] for name in Analysis._fields[:-3]], axis=1).tolist()
    columns = [
        [Metric(value, one.unit, n, score, one.kind) for value, n, score in zip(*rows, strict=True)]
        for one in readings.values()
        for rows in [[x.tolist() for x in (one.value, one.n, np.atleast_2d(one.score)[-1])]]
    ]
    every = zip(numbers, regimes, verdicts, zip(*columns, strict=True), strict=True)
    return [
        Analysis(*row, regime, verdict, dict(zip(readings, own, strict=True)))
        for row, regime, verdict, own in every
    ]


def blend(name: str, scores: Scores) -> tuple[Array, Array]:
    """Return the mean by the weights of a name over what is known, and the share they weigh.

    NaN where less than 60 % of the weight is known.
    """
    table = np.stack([scores[part] for part in WEIGHTS[name]])
    weight = np.array([*WEIGHTS[name].values()]).reshape(-1, *[1] * (table.ndim - 1))
    known = np.isfinite(table)
    share = (weight * known).sum(axis=0)
    mean = np.where(known, weight * table, 0).sum(axis=0) / share
    return np.where(share >= COVERAGE - 1e-9, mean, np.nan), share


def alpha(blends: Mapping[str, tuple[Array, Array]], order: Array) -> Scores:
    """Return direction, coverage, order, confidence and α over the last bars.

    Coverage counts what is known within each part. α = direction × confidence in units of its
    robust deviation from 0, as tanh(z/2). The unit is of the coin's own last 250 values, held near
    what was usual in the recorded candles, so that a flat coin's noise is no signal.
    """
    direction, _ = blend("alpha", {name: score for name, (score, _) in blends.items()})
    coverage = np.zeros(direction.shape)
    for name, (score, share) in blends.items():
        coverage += WEIGHTS["alpha"][name] * np.where(np.isfinite(score), share, 0)
    direction = np.where(coverage >= COVERAGE - 1e-9, direction, np.nan)
    confidence = order * coverage
    product = direction * confidence
    unit = np.clip(1.4826 * metrics.median(np.abs(product)), USUAL / BAND, USUAL * BAND)
    found = direction, coverage, order, confidence, np.tanh(product / unit / 2)
    return dict(zip(("direction", "coverage", "order", "confidence", "alpha"), found, strict=True))


def verdicts(alpha: Array) -> list[str]:
    """Return every coin's verdict from α over the last bars.

    It is buy from where α passes one unit until it falls below half of one, and sell alike.
    """
    bars = np.arange(1, len(alpha) + 1)[:, None]

    def since(held: Array) -> Array:
        return (held * bars).max(axis=0)

    buy, sell = (since(way >= BEGIN) > since(~(way >= HOLD_ON)) for way in (alpha, -alpha))
    known = np.isfinite(alpha[-1])
    return np.select([~known, buy, sell], ["unknown", "buy", "sell"], "hold").tolist()


def regimes(f: Frame, volatility: Array) -> list[str]:
    """Return every coin's regime: a trend by the most votes, else wild or range by the volatility.

    The votes are efficiency over 0.5 or under 0.25, choppiness under 38.2 or over 61.8, a Hurst
    exponent one standard error from 0.5, and a variance ratio with |z*| over 1.96; as many for as
    against, an ADX over 25 decides.
    """
    moves = metrics.growth(f.close)
    efficiency = metrics.on(calc.efficiency, f.close)[-1]
    chop = metrics.on(calc.chop, f.high, f.low, f.close)[-1]
    gap, error = metrics.memory(moves)
    ratios = [stats.variance_ratio(column, SUM_BARS).z for column in moves[-metrics.WINDOW :].T]
    votes = [
        side(efficiency, 0.25, 0.5),
        -side(chop, 38.2, 61.8),
        side(gap, -error, error),
        side(np.array(ratios), -stats.NORMAL_95, stats.NORMAL_95),
    ]
    adx, plus, minus = (series[-1] for series in f.directional)
    trending = sum(votes) + 0.5 * (adx > 25) > 0
    known = np.isfinite(efficiency + chop + plus)
    rules = {
        "unknown": ~known,
        "up": trending & (plus > minus),
        "down": trending,
        "wild": volatility >= WILD,
    }
    return np.select([*rules.values()], [*rules], "range").tolist()


def side(values: Array, low: float, high: float) -> Array:
    """Return 1 above the band, −1 below it, 0 within it or where unknown."""
    return (values > high) * 1 - (values < low)
