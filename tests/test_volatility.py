"""volatility.py beside arch and scipy, plain recursions, and made markets."""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import volatility
from shapes import Candles
from workers import Pool

pytestmark = pytest.mark.filterwarnings("error")

STORED = np.load(Path(__file__).parent.parent / "local" / "binance_1h.npz")


def recorded(symbol):
    """The closed bars of the first 1000 recorded hours; what is not needed is NaN."""
    i = STORED["symbols"].tolist().index(symbol)
    rows = [STORED["open_time"][:1000], *(STORED[n][i, :1000] for n in ("open", "high", "low"))]
    table = np.full((11, 1000), np.nan)
    table[:5] = [*rows, STORED["close"][i, :1000]]
    return Candles(table)


def made(returns, scale=100.0):
    """Candles that move by these returns, their wicks a third of the body."""
    close = scale * np.exp(np.cumsum(returns))
    first = np.concatenate([[scale], close[:-1]])
    wick = np.abs(close - first) / 3 + 1e-4 * scale
    table = np.full((11, len(close)), np.nan)
    high, low = np.maximum(first, close) + wick, np.minimum(first, close) - wick
    table[:5] = np.arange(len(close)) * 3_600_000.0, first, high, low, close
    return Candles(table)


def storms(alpha, beta, n=2000, seed=1):
    rng, v, out = np.random.default_rng(seed), 1e-4, []
    for _ in range(n):
        out.append(math.sqrt(v) * rng.normal())
        v = 1e-4 * (1 - alpha - beta) + alpha * out[-1] ** 2 + beta * v
    return np.array(out)


@pytest.mark.parametrize(
    ("symbol", "alpha", "beta", "likelihood", "sigma"),
    [  # scipy.optimize 1.17 on the same likelihood; σ of the next bar by arch 8.0, whose ω is free
        ("BTCUSDT", 0.28218592, 0.58168794, 3919.0335111, 0.0041471472),
        ("ETHUSDT", 0.15781447, 0.7782632, 3882.5221913, 0.0038887849),
        ("SOLUSDT", 0.05007549, 0.93210093, 3167.8202928, 0.0073726634),
    ],
)
def test_garch_is_at_the_top_of_its_likelihood(symbol, alpha, beta, likelihood, sigma):
    returns = np.diff(np.log(recorded(symbol).close))
    found = volatility.garch(returns)
    assert found.likelihood == pytest.approx(likelihood, abs=1e-3)
    assert (found.alpha, found.beta) == pytest.approx((alpha, beta), abs=2e-3)
    assert found.sigma == pytest.approx(sigma, rel=0.04)
    assert found.usual == pytest.approx(returns.std())


def test_garch_follows_its_own_recursion():
    returns = storms(0.1, 0.8, 500)
    found = volatility.garch(returns)
    d, v, likelihood = returns - returns.mean(), found.usual**2, 0.0
    for x in d:
        likelihood -= (math.log(2 * math.pi * v) + x * x / v) / 2
        v = found.omega + found.alpha * x * x + found.beta * v
    assert found.sigma == pytest.approx(math.sqrt(v))
    assert found.likelihood == pytest.approx(likelihood)


@pytest.mark.parametrize(("alpha", "beta"), [(0.05, 0.9), (0.2, 0.7), (0.3, 0.3)])
def test_garch_finds_what_made_the_returns(alpha, beta):
    found = volatility.garch(storms(alpha, beta, 5000))
    assert (found.alpha, found.beta) == pytest.approx((alpha, beta), abs=0.1)


def test_garch_sees_no_storms_in_noise():
    assert volatility.garch(np.random.default_rng(2).normal(size=1000)).alpha < 0.05


def test_models_follow_the_scale_and_know_the_unknown():
    returns = storms(0.1, 0.8, 400)
    one, other = volatility.garch(returns), volatility.garch(1e6 * returns)
    assert (other.alpha, other.beta) == pytest.approx((one.alpha, one.beta), rel=1e-6)
    assert other.sigma == pytest.approx(1e6 * one.sigma, rel=1e-6)
    assert volatility.ewma_volatility(1e6 * returns) == pytest.approx(
        1e6 * volatility.ewma_volatility(returns)
    )
    for bad in (returns[:249], np.zeros(500), np.full(500, 0.01)):
        assert math.isnan(volatility.garch(bad).sigma)
    assert math.isnan(volatility.ewma_volatility(returns[:29]))


def test_ewma_equals_the_recursion_once_its_start_has_faded():
    returns, v = storms(0.1, 0.8, 600), 1e-4
    for x in returns:
        v = 0.94 * v + 0.06 * x * x
    assert volatility.ewma_volatility(returns) == pytest.approx(math.sqrt(v), rel=1e-12)


def calm_then_wild(n=300):
    rng = np.random.default_rng(3)
    return np.concatenate([rng.normal(0, 0.01, n), rng.normal(0, 0.001, 21)])


def test_the_squeeze_is_bollinger_inside_keltner():
    c = made(calm_then_wild())
    on = volatility.squeeze(c.high, c.low, c.close)
    for t in (150, 310, 320):
        part = c.close[t - 19 : t + 1]
        ranges = np.maximum(c.high, np.roll(c.close, 1)) - np.minimum(c.low, np.roll(c.close, 1))
        middle, width = c.close[:20].mean(), ranges[1:21].mean()
        for close in c.close[20 : t + 1]:
            middle += 2 / 21 * (close - middle)
        for span in ranges[21 : t + 1]:
            width += 2 / 21 * (span - width)
        top, bottom = part.mean() + 2 * part.std(), part.mean() - 2 * part.std()
        assert on[t] == (top < middle + 1.5 * width and bottom > middle - 1.5 * width)
    assert on[-1] == 1 and np.isnan(on[:19]).all() and 0 in on


def test_a_state_is_known_in_every_part():
    found = volatility.work_out(recorded("BTCUSDT").table[:5])
    assert all(math.isfinite(value) for value in found) and found.year == 8760
    assert 0 <= found.rank <= 100 and found.garch == pytest.approx(
        100 * 0.004021 * 8760**0.5, rel=0.01
    )
    assert 0.3 < found.ewma / found.realised < 3


def test_what_grows_wild_ranks_high_and_is_forecast_above_the_usual():
    rng = np.random.default_rng(4)
    size = np.concatenate([np.full(500, 0.002), np.full(40, 0.02)])
    wild = volatility.work_out(made(rng.normal(0, size)).table[:5])
    calm = volatility.work_out(made(rng.normal(0, size[::-1])).table[:5])
    assert wild.rank > 90 > 50 > calm.rank
    assert wild.garch > wild.usual and calm.garch < calm.usual and wild.ewma > calm.ewma


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_scale_of_the_price_changes_nothing(scale):
    returns = storms(0.1, 0.8, 400)
    one, other = (volatility.work_out(made(returns, s).table[:5]) for s in (100.0, 100 * scale))
    assert other == pytest.approx(one, rel=1e-6)


def test_a_constant_or_short_price_says_nothing():
    flat, short = made(np.zeros(400)), made(storms(0.1, 0.8, 15))
    for candles in (Candles(np.ones((11, 400))), short, Candles(np.empty((11, 0)))):
        found = volatility.work_out(candles.table[:5])
        assert (
            math.isnan(found.yang_zhang) and math.isnan(found.garch) and math.isnan(found.squeezed)
        )
    assert math.isnan(volatility.work_out(flat.table[:5]).garch)


@pytest.mark.parametrize(
    ("on", "bars"),
    [([0, 0, 1, 1], 2), ([1, 1, 0], -1), ([0, 1, 0, 0], -2), ([1, 1], 2), ([0, 0], math.nan)],
)
def test_how_long_the_squeeze_lasts(on, bars):
    assert volatility.lasted(np.array([math.nan, *on])) == pytest.approx(bars, nan_ok=True)
    assert math.isnan(volatility.lasted(np.full(3, math.nan)))


def test_the_same_candles_are_worked_out_once_and_many_in_the_pool():
    every = [made(storms(0.1, 0.8, 300, seed)) for seed in range(volatility.POOL_PAYS)]
    with ThreadPoolExecutor(1) as pool:
        found = volatility.states(every, pool)
        assert volatility.states(every[:2], None) == found[:2]
        assert volatility.states(every, None)[3] is found[3]
    assert found[5] == volatility.work_out(every[5].table[:5])


@pytest.mark.slow
def test_processes_give_the_same():
    every = [made(storms(0.1, 0.8, 300, 90 + seed)) for seed in range(volatility.POOL_PAYS)]
    pool = Pool(1)
    assert volatility.states(every, pool) == [volatility.work_out(c.table[:5]) for c in every]
    pool.shutdown()
