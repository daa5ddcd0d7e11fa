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


class Answer:
    def __init__(self, data):
        self.data = data


def answer(times, step=60):
    """Return an answer whose closing prices are the times and whose volumes ten times that."""
    table = np.full((shapes.CANDLE_COLUMNS, len(times)), np.nan)
    table[0], table[4] = times, times
    table[5], table[6] = table[4] * 10, table[0] + step - 1
    return Answer(shapes.Candles(table))


def test_a_panel_puts_every_bar_at_its_time_and_nan_where_there_is_none():
    reads = {
        "WHOLE": answer([0, 60, 120, 180, 240]),
        "YOUNG": answer([180, 240]),
        "HOLED": answer([60, 180, 240]),
        "HALTED": answer([0, 60]),
        "AHEAD": answer([120, 180, 240, 300]),
        "CROOKED": answer([61, 121]),
        "EMPTY": answer([]),
    }
    panel = shapes.Panel((*reads, "GONE"), np.array([60.0, 120, 180, 240]), reads)
    nan = np.nan
    expected = {
        "WHOLE": [60, 120, 180, 240],
        "YOUNG": [nan, nan, 180, 240],
        "HOLED": [60, nan, 180, 240],
        "HALTED": [60, nan, nan, nan],
        "AHEAD": [nan, 120, 180, 240],
        "CROOKED": [nan] * 4,
        "EMPTY": [nan] * 4,
        "GONE": [nan] * 4,
    }
    np.testing.assert_array_equal(panel.close, np.array(list(expected.values())).T)
    np.testing.assert_array_equal(panel.volume, panel.close * 10)
    assert panel.close is panel.close
    with pytest.raises(ValueError, match="read-only"):
        panel.close[0, 0] = 1


@pytest.mark.parametrize(
    ("last", "upto"),
    [
        ([300] * 10, 300),
        ([300] * 9 + [240], 300),
        ([300] * 8 + [240] * 2, 240),
        ([300] + [240] * 9, 240),
        ([300] + [0] * 9, 300),
        ([300, 0], 300),
        ([300, 240], 240),
    ],
)
def test_a_panel_waits_for_a_bar_until_nine_in_ten_have_it(last, upto):
    assert shapes.newest(last, 60) == upto


def test_a_panel_of_nothing_ends_nowhere():
    assert np.isnan(shapes.newest([], 60))


def test_a_turnover_is_what_is_told_else_about_what_it_is():
    told = shapes.Ticker(10, 9, 11, 8, 5, 48, 0)
    assert told.turnover == 48 and told._replace(quote=np.nan).turnover == 50
