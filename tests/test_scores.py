"""The scores order as their names say, and say nothing where nothing is known."""

import math

import numpy as np
import pytest

import scores
from shapes import Candles
from workers import Pool

BARS = 600
SHOWN = ("trend", "momentum", "flow", "volatility", "risk", "score")


def candles(close, seed=1, scale=1.0, buy=0.5):
    rng = np.random.default_rng(seed)
    close = np.asarray(close) * scale
    first = np.concatenate([[close[0]], close[:-1]])
    spread = 1 + np.abs(rng.normal(0, 0.002, len(close)))
    high, low = np.maximum(first, close) * spread, np.minimum(first, close) / spread
    volume = rng.uniform(90, 110, len(close))
    taker = volume * np.clip(buy + rng.normal(0, 0.03, len(close)), 0, 1)
    time = np.arange(len(close)) * 3_600_000.0
    quote = volume * close
    rows = [
        time,
        first,
        high,
        low,
        close,
        volume,
        time + 3_599_999,
        quote,
        volume,
        taker,
        taker * close,
    ]
    return Candles(np.array(rows))


def walk(drift, noise, seed=1):
    rng = np.random.default_rng(seed)
    return 100 * np.exp(np.cumsum(drift + rng.normal(0, noise, BARS)))


def turning(drift, noise, seed=1):
    rng = np.random.default_rng(seed)
    steps = np.where(np.arange(BARS) < BARS * 0.8, 0, drift)
    return 100 * np.exp(np.cumsum(steps + rng.normal(0, noise, BARS)))


@pytest.mark.parametrize("seed", range(5))
def test_rising_is_above_flat_is_above_falling(seed):
    up = scores.analyse(candles(turning(0.004, 0.004, seed), seed))
    flat = scores.analyse(candles(walk(0, 0.004, seed) ** 0.1, seed))
    down = scores.analyse(candles(turning(-0.004, 0.004, seed), seed))
    assert up.trend > flat.trend > down.trend
    assert up.momentum > down.momentum and up.score > down.score
    assert (up.regime, down.regime) == ("up", "down")


@pytest.mark.parametrize("seed", range(5))
def test_a_market_gone_wild_is_riskier_than_one_gone_quiet(seed):
    rng = np.random.default_rng(seed)
    sizes = np.linspace(0.001, 0.02, BARS)
    wild = scores.analyse(candles(100 * np.exp(np.cumsum(rng.normal(0, sizes))), seed))
    quiet = scores.analyse(candles(100 * np.exp(np.cumsum(rng.normal(0, sizes[::-1]))), seed))
    assert wild.volatility > quiet.volatility and wild.risk > quiet.risk


def test_more_taker_buying_is_more_flow():
    rng = np.random.default_rng(0)
    close = walk(0, 0.004)
    share = 0.5 + np.where(np.arange(BARS) > BARS - 30, 0.1, 0)
    bought = scores.analyse(candles(close, buy=share))
    sold = scores.analyse(candles(close, buy=1 - share + rng.normal(0, 0.01, BARS)))
    assert bought.flow > 0 > sold.flow


@pytest.mark.parametrize("close", [np.full(BARS, 5.0), np.full(10, 5.0), walk(0, 0.01)[:20]])
def test_a_constant_or_short_price_says_nothing(close):
    found = scores.analyse(candles(close))
    assert found.verdict == "unknown" and all(math.isnan(getattr(found, name)) for name in SHOWN)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_scale_of_the_price_changes_nothing(scale):
    one, other = (scores.analyse(candles(walk(0.001, 0.01), scale=s)) for s in (1.0, scale))
    for name in SHOWN:
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-6, abs=1e-9)


def test_scores_stay_in_their_ranges_and_vary(market):
    found = [scores.analyse(market.candles(s, "1h").data) for s in market.top(30)]
    for a in found:
        assert all(abs(x) <= 1 or math.isnan(x) for x in (a.trend, a.momentum, a.flow, a.score))
        assert all(0 <= x <= 100 or math.isnan(x) for x in (a.volatility, a.risk))
        assert math.isnan(a.support) or a.support < a.close
        assert math.isnan(a.resistance) or a.resistance > a.close
    assert len({a.score for a in found}) > 25
    assert len({a.verdict for a in found}) >= 2


def test_the_same_candles_are_worked_out_once():
    given = candles(walk(0, 0.01))
    assert scores.analyse(given) is scores.analyse(given)


def test_too_little_coverage_is_unknown():
    value, share = scores.weighted([(1.0, 0.5), (math.nan, 0.5)])
    assert math.isnan(value) and share == 0.5
    assert scores.weighted([(1.0, 0.6), (math.nan, 0.4)]) == (1.0, 0.6)


@pytest.mark.slow
def test_the_pool_gives_the_same_answers():
    made = [candles(walk(0, 0.01, seed), seed) for seed in range(scores.POOL_PAYS)]
    pool = Pool(1)
    assert repr(scores.analyse_all(made, pool)) == repr([scores.work_out(c) for c in made])
    pool.shutdown()
