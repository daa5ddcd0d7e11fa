import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import shared
from shapes import check_candles

MINUTE, HOUR, DAY, WEEK = 60_000, 3_600_000, 86_400_000, 604_800_000
MONDAY = 1_795_392_000_000 - 1_795_392_000_000 % WEEK + 4 * DAY


def bars(times, price=100.0):
    """Bars that rise by 1 each, with volume 2."""
    first = price + np.arange(len(times))
    return np.array([times, first, first + 2, first - 1, first + 1, np.full(len(times), 2.0)])


def steady(n, step=HOUR, start=MONDAY):
    return bars(start + step * np.arange(n, dtype=float))


def test_only_bars_closed_when_served_are_returned():
    rows = steady(3)
    for late, count in ((0, 0), (HOUR, 1), (2 * HOUR - 1, 1), (3 * HOUR, 3)):
        assert len(shared.candles(rows, "1h", (MONDAY + late) / 1000)) == count


def test_what_is_not_told_is_nan_and_what_is_told_is_not():
    read = shared.candles(steady(3), "1h", 2e9, quote=np.full(3, 202.0), trades=np.arange(3))
    assert read.quote.tolist() == [202.0] * 3 and read.trades.tolist() == [0, 1, 2]
    assert np.isnan(read.taker).all() and np.isnan(read.taker_quote).all()
    assert read.end.tolist() == (read.time + HOUR - 1).tolist()


@pytest.mark.parametrize("interval", ["1d", "1w"])
def test_bars_that_open_by_another_clock_are_refused(interval):
    step = {"1d": DAY, "1w": WEEK}[interval]
    assert len(shared.candles(steady(3, step), interval, 2e9)) == 3
    for late in (-8 * HOUR, 16 * HOUR, 1):
        with pytest.raises(ValueError, match="on time"):
            shared.candles(steady(3, step, MONDAY + late), interval, 2e9)
    with pytest.raises(ValueError, match="on time"):
        shared.candles(steady(3, WEEK, MONDAY + 3 * DAY), "1w", 2e9)


@pytest.mark.parametrize("scale", [1000, 1e-3, 1e3 * 1e3])
def test_times_in_another_unit_are_refused(scale):
    rows = steady(3)
    rows[0] *= scale
    with pytest.raises(ValueError, match="milliseconds"):
        shared.candles(rows, "1h", 2e9)


@pytest.mark.parametrize(
    ("row", "value"), [(2, 50.0), (3, 150.0), (3, 0.0), (5, -1.0), (5, np.nan)]
)
def test_bars_that_contradict_themselves_are_refused(row, value):
    rows = steady(3)
    rows[row, 1] = value
    with pytest.raises(ValueError, match=r"."):
        shared.candles(rows, "1h", 2e9)


def test_a_turnover_in_other_units_than_the_volume_is_refused():
    rows = steady(3)
    for factor in (0.5, 100):
        with pytest.raises(ValueError, match="turnover"):
            shared.candles(rows, "1h", 2e9, quote=rows[5] * rows[4] * factor)


def test_gaps_become_flat_bars_without_volume():
    rows = steady(6)[:, [0, 2, 5]]
    read = shared.candles(rows, "1h", 2e9, grain=HOUR)
    assert read.time.tolist() == (MONDAY + HOUR * np.arange(6)).tolist()
    assert read.close.tolist() == [101, 101, 103, 103, 103, 106]
    for k in (1, 3, 4):
        assert read.open[k] == read.high[k] == read.low[k] == read.close[k - 1]
    assert read.volume.tolist() == [2, 0, 2, 0, 0, 2]
    check_candles(read.table)


def test_a_long_gap_does_not_fill_the_memory():
    rows = bars(np.array([MONDAY - 600_000 * MINUTE, MONDAY]))
    assert len(shared.candles(rows, "1m", 2e9, grain=MINUTE)) == 1


def test_coarse_bars_are_made_of_whole_groups_in_utc():
    rows = steady(11, start=MONDAY + 2 * HOUR)
    read = shared.candles(rows, "4h", 2e9, grain=HOUR)
    assert read.time.tolist() == [MONDAY + 4 * HOUR, MONDAY + 8 * HOUR]
    assert (read.open[0], read.close[0], read.high[0], read.low[0]) == (102, 106, 107, 101)
    assert read.volume.tolist() == [8, 8]
    assert read.end.tolist() == [MONDAY + 8 * HOUR - 1, MONDAY + 12 * HOUR - 1]


def test_weeks_begin_on_mondays():
    read = shared.candles(steady(20, DAY, MONDAY - 3 * DAY), "1w", 2e9, grain=DAY)
    assert read.time.tolist() == [MONDAY, MONDAY + WEEK]


@given(
    st.lists(st.integers(0, 200), min_size=1, max_size=60, unique=True),
    st.sampled_from([("1h", HOUR), ("4h", HOUR), ("1d", HOUR), ("2h", HOUR)]),
)
def test_coarse_bars_keep_prices_and_volume_whatever_is_missing(hours, kind):
    interval, grain = kind
    hours = np.array(sorted(hours))
    rows = bars(MONDAY + HOUR * hours.astype(float))
    read = shared.candles(rows, interval, 2e9, grain=grain)
    if not len(read):
        return
    check_candles(read.table)
    inside = (rows[0] >= read.time[0]) & (rows[0] <= read.end[-1])
    assert read.volume.sum() == rows[5, inside].sum()
    assert (np.diff(read.time) == read.end[0] + 1 - read.time[0]).all()
    if inside.any():
        assert read.high.max() == max(rows[2, inside].max(), read.open[0])


def test_prices_and_volumes_come_out_in_our_coins():
    rows = steady(2)
    read = shared.candles(rows, "1h", 2e9, multiplier=1000.0)
    assert read.close.tolist() == (rows[4] / 1000).tolist()
    assert read.volume.tolist() == (rows[5] * 1000).tolist()


def test_points_come_out_oldest_first():
    rows = [[str(MONDAY + i), "-1.5"] for i in (2, 1)]
    time, value = shared.points(rows, range(2), newest_first=True)
    assert time.tolist() == [MONDAY + 1, MONDAY + 2] and value.tolist() == [-1.5, -1.5]
    for last, low in (("130", 90), (110, 115), (110, 0)):
        with pytest.raises(ValueError, match="range"):
            shared.day([last, 100, 120, low, 1, 1])


def test_sides_make_a_whole_and_fit_their_ratio():
    time, long, short = np.array([1.0]), np.array([0.6]), np.array([0.4])
    assert shared.sides(time, long, short).ratio.tolist() == pytest.approx([1.5])
    for wrong in ((long, long), (long, short, np.array([1.0])), (0 * long, 1 + 0 * short)):
        with pytest.raises(ValueError, match=r"."):
            shared.sides(time, *wrong)


@pytest.mark.parametrize("value", ["1", "-1", "nan", None, True, "x"])
def test_a_rate_is_a_fraction(value):
    assert shared.rate("-0.0375") == -0.0375
    with pytest.raises((ValueError, TypeError)):
        shared.rate(value)


@pytest.mark.parametrize("value", [0, "1795478400", 1795478400000000, None, "x", -1])
def test_a_moment_is_in_milliseconds(value):
    assert shared.moment("1795478400000") == 1795478400000
    with pytest.raises((ValueError, TypeError)):
        shared.moment(value)
