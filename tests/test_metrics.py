"""Metrics against other ways to the same numbers, and what they may not know."""

import math
from itertools import permutations

import numpy as np
import pytest

import metrics
import stats
import volatility
from shapes import Candles, FundingHistory, InterestHistory, TakerFlow
from tests.bars import BARS, candles, walk


def panel(seed=3, bars=400, coins=3):
    return np.random.default_rng(seed).normal(size=(bars, coins))


def test_a_mirrored_place_is_the_sign_times_the_share_of_smaller_sizes():
    x = panel(bars=300)
    (found,) = metrics.mirrored(x)
    for row, bar in ((-1, 299), (-100, 200), (0, 50)):
        past = np.abs(x[max(0, bar - 249) : bar + 1, 1])
        share = ((past < past[-1]).sum() + 0.5) / len(past)
        assert found[row, 1] == pytest.approx(np.sign(x[bar, 1]) * share)
    assert np.isnan(metrics.mirrored(x[:49])[0]).all()


def test_a_mirrored_place_counts_equal_ones_half_and_knows_nothing_of_zeros():
    x = np.stack([np.ones(60), np.zeros(60), -np.arange(1.0, 61)], axis=1)
    (found,) = metrics.mirrored(x)
    assert found[-1, 0] == 0.5 and math.isnan(found[-1, 1])
    assert found[-1, 2] == pytest.approx(-59.5 / 60)


def test_a_hole_in_the_past_is_not_counted():
    x = panel(bars=200, coins=1)
    holed = x.copy()
    holed[[20, 90]] = np.nan
    (found,) = metrics.mirrored(holed)
    assert found[-1] == pytest.approx(metrics.mirrored(np.delete(x, [20, 90], axis=0))[0][-1])
    assert np.isnan(found[[20, 90]]).all()


def test_a_percentile_is_the_share_below_and_nothing_where_nothing_changes():
    x = np.stack([np.arange(100.0), -np.arange(100.0), np.ones(100)], axis=1)
    found = metrics.place(x)
    assert found[:2] == pytest.approx([99.5, 0.5]) and math.isnan(found[2])
    assert np.isnan(metrics.place(x[:49])).all()


def test_trailing_counts_reach_back_as_far_as_they_say():
    mask = np.array([1, 0, 1, 1, 1, 0], bool)[:, None]
    assert metrics.trailing(mask, 6, 3)[:, 0].tolist() == [1, 1, 2, 2, 3, 2]
    assert metrics.trailing(mask, 2, 10)[:, 0].tolist() == [4, 4]


def test_the_order_is_one_less_the_permutation_entropy():
    close = np.exp(np.cumsum(panel(bars=420) / 100, axis=0))
    moves = np.diff(np.log(close), axis=0)
    found = metrics.order(close)
    for row in (-1, -60):
        end = len(moves) + row + 1
        for j in range(3):
            window = moves[end - 203 : end, j]
            assert found[row, j] == pytest.approx(1 - stats.permutation_entropy(window))
    assert np.isnan(metrics.order(close[:120])).all()


def test_a_steady_rhythm_has_more_order_than_noise():
    bars = np.arange(400)
    rhythm = np.exp(np.cumsum(0.01 * np.sin(bars)))[:, None]
    noise = np.exp(np.cumsum(panel(coins=1) / 100, axis=0))
    assert metrics.order(rhythm)[-1] > 0.2 > 0.1 > metrics.order(noise)[-1] > 0


def test_equal_returns_count_as_every_order_they_may_be_in():
    close = np.exp(np.cumsum(panel(bars=420) / 100, axis=0))
    close[-100:-90] = close[-101]
    moves = np.round(np.diff(np.log(close), axis=0), 12)[-203:, 0]
    counts = dict.fromkeys(permutations(range(4)), 0.0)
    for window in np.lib.stride_tricks.sliding_window_view(moves, 4):
        may = [p for p in counts if (np.diff(window[list(p)]) >= 0).all()]
        for p in may:
            counts[p] += 1 / len(may)
    p = np.array(list(counts.values())) / 200
    assert metrics.order(close)[-1, 0] == pytest.approx(1 + (p * np.log(p)).sum() / np.log(24))


def test_a_price_that_rests_between_its_ticks_keeps_no_order():
    ticks = np.where(np.random.default_rng(2).random((420, 2)) < 0.95, 1.0, 0.9999)
    assert np.abs(metrics.order(ticks)[-1]).max() < 0.02
    assert stats.permutation_entropy(np.diff(np.log(ticks[-204:, 0]))) < 0.7


def test_memory_is_the_hurst_exponent_less_a_half():
    moves = panel(bars=300)
    gaps, error = metrics.memory(moves)
    expected = [stats.hurst(column[-256:]) for column in moves.T]
    assert gaps == pytest.approx([one.h - 0.5 for one in expected])
    assert error == pytest.approx(expected[0].error)
    assert np.isnan(metrics.memory(moves[:200])[0]).all()


def test_the_forecast_is_that_of_riskmetrics():
    moves = panel(bars=300)
    moves[:40, 2] = np.nan
    found = metrics.forecast(moves)
    for row in (-1, -120):
        past = moves[: len(moves) + row + 1]
        expected = [volatility.ewma_volatility(column) for column in past.T]
        assert found[row] == pytest.approx(expected)


def test_the_shortfall_is_the_mean_of_the_five_worst_of_a_hundred():
    moves = panel(bars=180)
    assert metrics.shortfall(moves)[-1] == pytest.approx(-np.sort(moves[-100:], axis=0)[:5].mean(0))
    assert np.isnan(metrics.shortfall(moves[:99])).all()


def test_robust_z_by_hand():
    values = np.concatenate([np.arange(-30.0, 31), [1000.0, np.nan]])[:, None]
    found = metrics.robust_z(values)[:, 0]
    # The median of −30 … 30 and 1000 is 0.5, their median distance from it 15.5.
    assert found[-2] == pytest.approx((1000 - 0.5) / (1.4826 * 15.5))
    assert math.isnan(found[-1]) and np.isnan(metrics.robust_z(values[:49])).all()
    assert np.isnan(metrics.robust_z(np.ones((99, 1)))).all()


@pytest.mark.parametrize("count", [1, 2, 7, 8])
def test_the_median_leaves_out_what_is_unknown(count):
    column = np.full(20, np.nan)
    column[3 : 3 + count] = np.random.default_rng(count).normal(size=count)
    assert metrics.median(column[:, None])[0] == pytest.approx(np.nanmedian(column))


def test_nothing_is_taken_from_after_a_bar():
    time, values = np.array([10.0, 20, 30]), np.array([1.0, 2, 3])
    since, until = np.array([0.0, 15, 21, 35]), np.array([9.0, 19, 30, 40])
    found = metrics.within(time, values, since, until)
    assert np.isnan(found[[0, 1, 3]]).all() and found[2] == 3
    assert np.isnan(metrics.within(time[:0], values[:0], since, until)).all()


def test_interest_is_that_at_the_end_of_a_bar_and_takers_those_within_it():
    c = candles(walk(0, 0.01)[:40])
    later = np.append(c.time, c.end[-1] + 1)
    interest = InterestHistory(later + 3_600_000, np.arange(41.0) + 5, np.ones(41))
    takers = TakerFlow(later, np.exp(np.arange(41.0)), np.ones(41))
    f = metrics.framed([c], [metrics.Positions(interest, takers)])
    assert f.interest[:, 0] == pytest.approx(np.arange(40.0) + 5)
    assert f.takers[:, 0] == pytest.approx(np.arange(40.0))


def test_a_point_that_is_late_stands_for_one_bar():
    c = candles(walk(0, 0.01)[:40])
    time = c.end[:-1] + 1
    for late, count in ((0, 0), (1, 1)):
        interest = InterestHistory(time[: len(time) - late], np.arange(39.0 - late), np.ones(39))
        f = metrics.framed([c], [metrics.Positions(interest)])
        assert np.isnan(f.interest[-2:]).sum() == count and f.interest[37 - late, 0] == 37 - late


def test_coins_end_together_whatever_they_began_with():
    long, short = candles(walk(0, 0.01, 1), 1), candles(walk(0, 0.01, 2)[-60:], 2)
    f = metrics.framed([long, short], [metrics.NO_POSITIONS] * 2)
    assert f.close.shape == (metrics.BARS, 2) and f.step == 3_600_000
    assert (f.close[:, 0] == long.close[-500:]).all() and (f.close[-60:, 1] == short.close).all()
    assert np.isnan(f.close[:-60, 1]).all()


def test_the_funding_is_measured_by_what_was_paid_before_the_bar_ended():
    c = candles(walk(0, 0.01)[:40])
    paid = np.append(c.end[-1] - 28_800_000 * np.arange(90, 0, -1), c.end[-1] + 5)
    rates = np.append(np.resize([0.0001, 0.0002], 90), 5.0)
    known = metrics.Positions(funding=FundingHistory(paid, rates, rates))
    assert metrics.framed([c], [known]).funding == pytest.approx([1.0])


@pytest.mark.parametrize("parts", [metrics.trend, metrics.momentum])
def test_a_later_bar_changes_no_score_of_an_earlier_one(parts):
    c = candles(walk(0.0002, 0.01)[:480])
    whole = metrics.framed([c], [metrics.NO_POSITIONS])
    early = metrics.framed([Candles(c.table[:, :-30])], [metrics.NO_POSITIONS])
    for name, reading in parts(early).items():
        same = parts(whole)[name].score[: 250 - 30]
        assert reading.score[30:] == pytest.approx(same, nan_ok=True), name
    assert metrics.order(early.close)[30:] == pytest.approx(metrics.order(whole.close)[:220])


def test_every_metric_has_a_unit_a_kind_and_a_count():
    f = metrics.framed([candles(walk(0, 0.01))], [metrics.NO_POSITIONS])
    for reading in (metrics.trend(f) | metrics.dangers(f) | metrics.shocks(f)).values():
        assert reading.kind in (metrics.DIRECTION, metrics.MAGNITUDE, metrics.RISK)
        assert isinstance(reading.unit, str) and 0 <= reading.n[0] <= metrics.WINDOW
    assert metrics.trend(f)["rsi"].n[0] == 250 and metrics.shocks(f)["shock"].n[0] == 0
    assert BARS >= metrics.BARS
