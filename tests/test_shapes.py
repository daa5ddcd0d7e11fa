import numpy as np
import pytest

import shapes


def bars(n=3):
    one = np.array([0, 10, 12, 9, 11, 100, 3_599_999, 1000, 5, 60, 600], dtype=float)
    table = np.repeat(one[:, None], n, axis=1)
    table[0] += np.arange(n) * 3_600_000
    table[6] += np.arange(n) * 3_600_000
    return table


def test_only_closed_bars_are_kept():
    assert len(shapes.closed(bars(), 2 * 3600)) == 2
    assert len(shapes.closed(bars(), 2 * 3600 - 0.001)) == 1


@pytest.mark.parametrize(
    ("row", "value"), [(0, 0), (1, 13), (2, 10), (3, 11), (4, 8), (6, -1), (9, 101), (10, 1001)]
)
def test_bars_that_contradict_themselves_are_refused(row, value):
    table = bars()
    table[row, 1] = value
    with pytest.raises(ValueError):
        shapes.check_candles(table)


def test_what_a_market_does_not_tell_may_be_unknown():
    table = bars()
    table[8:] = np.nan
    shapes.check_candles(table)


@pytest.mark.parametrize("value", [-1, "x", "nan", "inf", "1e31", None, True, [], "9" * 400])
def test_a_number_is_finite_sane_and_not_negative(value):
    with pytest.raises((ValueError, OverflowError)):
        shapes.number(value)


@pytest.mark.parametrize(
    ("tick", "digits"), [("0.01000000", 2), ("1.00000000", 0), ("100", 0), ("0.00000001", 8)]
)
def test_decimals_of_a_tick(tick, digits):
    assert shapes.decimals(tick) == digits


@pytest.mark.parametrize("tick", ["x", "NaN", "1e-30"])
def test_no_tick_is_refused(tick):
    with pytest.raises((ValueError, ArithmeticError)):
        shapes.decimals(tick)
