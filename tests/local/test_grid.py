import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.grid import INTERVALS, Grid

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


def opened(interval, moment, offset_ms=0):
    grid = Grid.of(interval, offset_ms)
    number = grid.number(int(np.datetime64(moment, "ms").astype(np.int64)))
    return str(grid.opens(number, number + 1).astype("M8[ms]")[0])[:16]


@pytest.mark.parametrize(
    ("interval", "open_"),
    [
        ("1m", "2026-11-24T03:20"),
        ("15m", "2026-11-24T03:15"),
        ("8h", "2026-11-24T00:00"),
        ("12h", "2026-11-24T00:00"),
        ("1d", "2026-11-24T00:00"),
        ("1w", "2026-11-23T00:00"),
        ("1M", "2026-11-01T00:00"),
    ],
)
def test_candles_open_where_the_exchange_opens_them(interval, open_):
    assert opened(interval, "2026-11-24T03:20:17") == open_


def test_weeks_begin_on_mondays_and_months_by_the_calendar():
    assert opened("1w", "2026-11-22T23:59:59") == "2026-11-16T00:00"
    assert opened("1M", "2024-02-29T12:00:00") == "2024-02-01T00:00"
    assert opened("1M", "1969-12-31T12:00:00") == "1969-12-01T00:00"


def test_a_time_zone_moves_days_weeks_and_months():
    assert opened("1d", "2026-11-23T22:00:00", 3 * HOUR_MS) == "2026-11-23T21:00"
    assert opened("1w", "2026-11-22T22:00:00", 3 * HOUR_MS) == "2026-11-22T21:00"
    assert opened("1M", "2026-10-31T22:00:00", 3 * HOUR_MS) == "2026-10-31T21:00"
    assert opened("1h", "2026-10-31T22:10:00", 3 * HOUR_MS) == "2026-10-31T22:00"


@given(st.sampled_from(sorted(INTERVALS)), st.integers(0, 4 * 10**12), st.integers(-12, 14))
def test_every_instant_belongs_to_one_candle(interval, moment, hours):
    grid = Grid.of(interval, hours * HOUR_MS)
    number = grid.number(moment)
    start, end = grid.opens(number, number + 2).tolist()
    assert start <= moment < end
    assert grid.number(start) == number == grid.number(end - 1)


def test_a_span_keeps_to_limit_start_and_end():
    grid, first, last = Grid.of("1d"), 5 * DAY_MS + 7, 20 * DAY_MS + 7
    days = [(edge / DAY_MS) for edge in grid.span(first, last, None, None, 3)]
    assert days == [18, 19, 20, 21]
    assert (grid.span(first, last, 6 * DAY_MS, None, 2) / DAY_MS).tolist() == [6, 7, 8]
    assert (grid.span(first, last, 6 * DAY_MS + 1, 7 * DAY_MS, 9) / DAY_MS).tolist() == [7, 8]
    assert (grid.span(first, last, 0, None, 1) / DAY_MS).tolist() == [5, 6]
    assert len(grid.span(first, last, 30 * DAY_MS, None, 2)) == 0
    assert len(grid.span(first, last, None, 4 * DAY_MS, 2)) == 0


def test_the_finest_unit_divides_the_candle():
    assert [Grid.of(i).finest for i in ("1s", "1m", "30m", "1h", "3d", "1w", "1M")] == [
        *(1, 60, 60, 3600, 3600, 3600, 3600),
    ]
