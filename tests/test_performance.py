"""performance.py beside published examples, scipy, López de Prado's code, and sums by hand."""

import math
import statistics
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import performance

pytestmark = pytest.mark.filterwarnings("error")

CANDLES = Path(__file__).parent.parent / "local" / "binance_1h.npz"


@cache
def panel():
    """The log returns of 40 coins over the first 1000 recorded hours."""
    return np.diff(np.log(np.load(CANDLES)["close"][:, :1000]), axis=1).T


def noise(seed, n=999, mean=0.0):
    return np.random.default_rng(seed).normal(mean, 0.01, n)


def test_tail_risk_equals_scipy():
    r = panel()[:, 0]
    # numpy.quantile by hand, and scipy 1.17: norm.ppf and the integral of x·pdf below it.
    assert performance.historical_risk(r) == pytest.approx((0.0076225815, 0.0129217974), rel=1e-8)
    assert performance.normal_risk(r) == pytest.approx((0.0086757759, 0.0109116638), rel=1e-8)


def test_tail_risk_by_hand():
    r = np.arange(-100, 301) / 1000
    found = performance.historical_risk(r, 0.05)
    assert found == pytest.approx((0.08, np.arange(80, 101).mean() / 1000))


@pytest.mark.parametrize("risk", [performance.historical_risk, performance.normal_risk])
def test_tail_risk_grows_with_the_scale_and_the_rarity(risk):
    r = noise(1)
    one, rare, big = risk(r), risk(r, 0.01), risk(1e3 * r)
    assert 0 < one.var < one.es < rare.es and rare.var > one.var
    assert big == pytest.approx(1e3 * np.array(one))
    assert math.isnan(risk(r[:249]).var)


def test_ratios_by_hand():
    r = np.array([0.02, -0.01, 0.03, 0.0, -0.02, 0.04])
    mean, deviation = statistics.fmean(r), statistics.stdev(r)
    assert performance.sharpe(r, 365) == pytest.approx(mean / deviation * math.sqrt(365))
    assert performance.sharpe(r, 365, 0.001) == pytest.approx((mean - 0.001) / deviation * 365**0.5)
    assert performance.sortino(r, 252) == pytest.approx(mean / math.sqrt(5e-4 / 6) * math.sqrt(252))


def test_growth_by_hand():
    equity = np.array([100, 120, 90, 100, 150, 148, 160.0])
    assert performance.cagr(equity, 12) == pytest.approx(100 * (1.6**2 - 1))


def test_what_cannot_be_known_of_returns_and_equity():
    rising = np.arange(1.0, 10)
    assert math.isnan(performance.sortino(np.full(9, 0.01), 365))
    assert math.isnan(performance.sharpe(np.full(9, 0.01), 365))
    for unknown in (
        performance.sharpe(rising[:1], 365),
        performance.sortino(rising[:0], 365),
        performance.cagr(np.array([0.0, 1]), 365),
        performance.cagr(rising[:1], 365),
    ):
        assert math.isnan(unknown)
    assert performance.cagr(np.array([1.0, 0]), 365) == -100


@given(st.integers(0, 99), st.floats(1e-3, 1e3))
def test_ratios_know_no_scale(seed, scale):
    r = noise(seed, 50)
    assert performance.sharpe(scale * r, 365) == pytest.approx(performance.sharpe(r, 365))
    assert performance.sortino(scale * r, 365) == pytest.approx(performance.sortino(r, 365))


def test_trades_by_hand():
    found = performance.record(np.array([10, -5, 20, -10, 5, math.nan]))
    assert found[:4] == (5, 60, pytest.approx(35 / 15), 4)
    assert found.sqn == pytest.approx(math.sqrt(5) * 4 / statistics.stdev([10, -5, 20, -10, 5]))


def test_no_trade_and_no_loss_are_unknown_not_zero():
    assert performance.record(np.empty(0)).closed == 0
    assert all(math.isnan(value) for value in performance.record(np.empty(0))[1:])
    won = performance.record(np.array([1.0]))
    assert won.won == 100 and math.isnan(won.profit_factor) and math.isnan(won.sqn)


def test_the_papers_deflated_sharpe():
    # Bailey and López de Prado (2014), their example: 2.5 a year over 5 years of 250 days, skewness
    # −3, kurtosis 10, the best of 100 trials of variance 1/2 a year; SR0 = 0.1132, DSR = 0.9004.
    luck = performance.expected_best(0.5 / 250, 100)
    assert luck == pytest.approx(0.1132, abs=5e-5)
    found = performance.probabilistic_sharpe(2.5 / math.sqrt(250), 1250, -3, 10, luck)
    assert found == pytest.approx(0.9004, abs=5e-5)


def test_expected_best_is_what_simulation_shows():
    best = np.random.default_rng(1).normal(0, 2, (20_000, 50)).max(axis=1).mean()
    assert performance.expected_best(4, 50) == pytest.approx(best, rel=0.02)
    assert performance.expected_best(4, 1) == 0


def test_the_best_of_many_worthless_is_no_evidence():
    trials = [noise(seed, 500) for seed in range(200)]
    ratios = np.array([r.mean() / r.std(ddof=1) for r in trials])
    best = trials[int(ratios.argmax())]
    alone = performance.deflated_sharpe(best, ratios[:1])
    assert alone > 0.95 > performance.deflated_sharpe(best, ratios)
    good = noise(1, 500, 0.003)
    found = performance.deflated_sharpe(good, np.append(ratios, good.mean() / good.std(ddof=1)))
    assert found > 0.95


def test_deflated_sharpe_knows_no_scale_and_the_unknown():
    r, ratios = noise(1, 300, 0.001), noise(2, 50)
    one = performance.deflated_sharpe(r, ratios)
    assert performance.deflated_sharpe(1e5 * r, ratios) == pytest.approx(one)
    for bad in (r[:20], np.full(300, 0.01)):
        assert math.isnan(performance.deflated_sharpe(bad, ratios))
    assert math.isnan(performance.deflated_sharpe(r, []))


def test_hrp_equals_its_authors_code():
    # The paper's snippets 16.1 to 16.4 with scipy 1.17 on the first eight recorded coins.
    wanted = [0.15144529102, 0.140869528554, 0.036513143112, 0.134661778905, 0.101950358375]
    wanted += [0.342285355236, 0.038358254215, 0.053916290583]
    assert performance.hrp_weights(panel()[:, :8]) == pytest.approx(wanted, abs=1e-11)


def test_two_by_inverse_variance():
    pair = panel()[:, :2]
    inverse = 1 / pair.var(axis=0)
    assert performance.hrp_weights(pair) == pytest.approx(inverse / inverse.sum())


@pytest.mark.parametrize("count", [1, 2, 12, 40])
def test_risk_parity_shares_the_risk_evenly(count):
    moves = panel()[:, :count]
    weights = performance.risk_parity(moves)
    risks = weights * (np.cov(moves, rowvar=False).reshape(count, count) @ weights)
    assert weights.sum() == pytest.approx(1) and (weights > 0).all()
    assert risks / risks.sum() == pytest.approx(np.full(count, 1 / count), abs=1e-9)


@pytest.mark.parametrize("weigh", [performance.hrp_weights, performance.risk_parity])
def test_weights_add_up_know_no_scale_and_the_unknown(weigh):
    moves = panel()[:, 10:30]
    weights = weigh(moves)
    assert weights.sum() == pytest.approx(1) and (weights > 0).all()
    assert weigh(1e6 * moves) == pytest.approx(weights)
    assert weigh(panel()[:, :1]) == pytest.approx([1])
    still = moves.copy()
    still[:, 3] = 0.25
    assert np.isnan(weigh(still)).all() and np.isnan(weigh(moves[:20])).all()
