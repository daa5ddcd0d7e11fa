import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.paths import (
    CLOSE,
    COUNT,
    HIGH,
    LOW,
    OPEN,
    QUOTE,
    TAKER,
    TAKER_QUOTE,
    VOLUME,
    dealt,
    executions,
    fold,
    ladder,
    noise,
    running,
    split,
    touch,
)

SEED, PULL = np.array([77], np.uint64), np.array([0.7])


@st.composite
def bars(draw):
    """One bar as the exchange could tell it, down to a single trade and a single tick."""
    low = draw(st.integers(1, 10**7))
    high = low + draw(st.sampled_from([0, 1, 2, 3, 10, 1000]))
    inside = st.integers(low, high)
    open_, close = draw(inside), draw(inside)
    count = draw(st.sampled_from([1, 2, 3, 10, 59, 60, 61, 500, 20_000]))
    volume = count + draw(st.sampled_from([0, 1, 5, 1000, 10**6, 10**12]))
    if high > low:
        count, volume = max(count, 4), max(volume, 10**7)
    share = draw(st.floats(0.2, 0.8))
    quote = volume * (open_ + high + low + close) / 4
    return np.array(
        [[open_, high, low, close, volume, quote, count, volume * share, quote * share]], float
    ).T


@given(bars(), st.integers(0, 10**8))
def test_the_parts_make_the_bar(bar, number):
    parts = split(bar, SEED, PULL, np.array([number]))
    assert parts.shape == (9, 1, 60)
    whole = fold(parts)
    assert np.array_equal(whole[: CLOSE + 1], bar[: CLOSE + 1])
    assert np.array_equal(whole[[VOLUME, COUNT]], bar[[VOLUME, COUNT]])
    rest = [QUOTE, TAKER, TAKER_QUOTE]
    assert np.allclose(whole[rest], bar[rest], rtol=1e-8, atol=0)
    assert np.array_equal(parts[OPEN, 0, 1:], parts[CLOSE, 0, :-1])


@given(bars(), st.integers(0, 10**8))
def test_each_part_makes_sense(bar, number):
    parts = split(bar, SEED, PULL, np.array([number]))[:, 0]
    body = parts[[OPEN, CLOSE]]
    assert (parts[HIGH] >= body.max(axis=0)).all() and (parts[LOW] <= body.min(axis=0)).all()
    assert (parts[HIGH] <= bar[HIGH]).all() and (parts[LOW] >= bar[LOW]).all()
    traded = parts[COUNT] > 0
    assert np.array_equal(traded, parts[VOLUME] > 0)
    assert (parts[VOLUME] >= parts[COUNT]).all()
    assert (parts[HIGH, ~traded] == parts[LOW, ~traded]).all()
    share = parts[TAKER, traded] / parts[VOLUME, traded]
    assert (share > 0.2 - 1e-9).all() and (share < 0.8 + 1e-9).all()
    for row in (VOLUME, COUNT, OPEN, HIGH, LOW, CLOSE):
        assert (parts[row] == np.rint(parts[row])).all()


@given(bars(), st.integers(0, 10**8))
def test_company_and_missing_rows_change_nothing(bar, number):
    alone = split(bar, SEED, PULL, np.array([number]))
    among = split(np.repeat(bar, 5, axis=1), SEED, PULL, number + np.arange(-2, 3))
    assert np.array_equal(alone[:, 0], among[:, 2])
    assert np.array_equal(alone[:TAKER], split(bar[:TAKER], SEED, PULL, np.array([number])))


@pytest.mark.parametrize("high", [9810, 9811, 9812])
def test_few_trades_over_few_ticks_still_add_up(high):
    quote = 704 * (9810 + 0.3 * (high - 9810))
    bar = np.array([[9810, high, 9810, 9810, 704, quote, 2, 320, 0]], float).T
    bar[TAKER_QUOTE] = bar[QUOTE] * bar[TAKER] / bar[VOLUME]
    many = np.repeat(bar, 2000, axis=1)
    whole = fold(split(many, SEED, PULL, np.arange(2000)))
    assert np.array_equal(whole[: VOLUME + 1], many[: VOLUME + 1])
    assert np.allclose(whole, many, rtol=1e-9, atol=0)


def test_noise_is_even_and_depends_on_seed_and_counter():
    u = noise(SEED, np.arange(20_000))
    assert u.shape == (4, 20_000) and u.min() >= 0 and u.max() < 1
    assert np.allclose(u.mean(axis=1), 0.5, atol=0.01)
    assert np.abs(np.corrcoef(u) - np.eye(4)).max() < 0.03
    assert np.abs(np.corrcoef(u[0, 1:], u[0, :-1])[0, 1]) < 0.03
    assert not np.array_equal(u, noise(SEED + np.uint64(1), np.arange(20_000)))


def test_shares_run_from_nothing_to_exactly_everything():
    parts = np.array([[1.0, 0, 3], [0, 0, 0]])
    assert running(parts).tolist() == [[0, 0.25, 0.25, 1], [0, 0, 0, 0]]
    assert dealt(parts, np.array([10.0, 0])).tolist() == [[2, 0, 8], [0, 0, 0]]
    assert dealt(parts, np.array([10.5, 0]))[0].tolist() == [2, 0, 8.5]


@given(bars())
def test_trades_make_their_second(bar):
    bar[COUNT], bar[VOLUME] = min(bar[COUNT, 0], 500), bar[VOLUME] + 0.25
    ids, ticks, lots, ms, maker = executions(bar, np.array([1000]), np.array([50]), SEED)
    assert ids.tolist() == list(range(50, 50 + int(bar[COUNT, 0])))
    assert lots.sum() == bar[VOLUME, 0] and lots.min() >= 1
    assert ticks.min() >= bar[LOW, 0] and ticks.max() <= bar[HIGH, 0]
    assert ticks[-1] == bar[CLOSE, 0]
    assert (np.diff(ms) >= 0).all() and ms[0] >= 1_000_000 and ms[-1] < 1_001_000
    assert maker.dtype == bool


def test_best_prices_are_around_the_last():
    last = np.array([1.0, 2.0, 500.0, 10.0**7])
    for u in (0.0, 0.49, 0.5, 0.99):
        bid, ask = touch(last, np.full(4, 0.003), np.full((2, 4), u))
        assert (bid >= 1).all() and (ask > bid).all() and (bid <= last).all()
        assert (ask - bid <= np.maximum(0.0046 * last + 1, 1)).all()


def test_a_ladder_leads_away_from_the_best_price():
    best, density = np.array([5e6, 300.0]), np.array([1e12, 1e9])
    seeds = np.array([1, 2], np.uint64)
    for side in (-1, 1):
        ticks, lots = ladder(best, side, density, seeds, np.arange(1000))
        assert np.array_equal(ticks[:, 0], best) and (lots >= 1).all()
        assert (np.diff(ticks, axis=1) * side >= 1).all()
