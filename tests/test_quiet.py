"""quiet.py: hours of silence in a zone, over midnight and over changes of the clock."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import quiet
from bot import UserError

ZONES = st.sampled_from(["Europe/Istanbul", "Europe/Berlin", "America/New_York", "Asia/Kolkata"])
TIMES = st.times().map(lambda t: f"{t:%H:%M}")


def at(words, zone):
    return int(datetime.fromisoformat(words).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("word", "hours"),
    [("23-07", "23:00-07:00"), ("22:30-8", "22:30-08:00"), ("1.15-2.45", "01:15-02:45")],
)
def test_hours_have_one_form(word, hours):
    assert quiet.read(word) == hours


@pytest.mark.parametrize("word", ["", "23", "24-7", "23-07-1", "7-7", "x", "23:60-7", "-1-7"])
def test_what_is_no_hours_is_refused(word):
    with pytest.raises(UserError):
        quiet.read(word)


def test_the_end_is_the_next_one_in_the_zone():
    berlin = ZoneInfo("Europe/Berlin")
    for time, end in (
        ("2026-03-28T23:00", "2026-03-29T07:00"),
        ("2026-03-29T06:59", "2026-03-29T07:00"),
        ("2026-10-24T23:30", "2026-10-25T07:00"),
    ):
        found = quiet.until("23:00-07:00", berlin, at(time, "Europe/Berlin"))
        assert found == at(end, "Europe/Berlin")
    for time in ("2026-03-29T07:00", "2026-03-29T22:59"):
        assert quiet.until("23:00-07:00", berlin, at(time, "Europe/Berlin")) is None
    assert quiet.until("09:00-10:00", berlin, at("2026-03-29T09:59", "Europe/Berlin"))
    assert quiet.until("", berlin, 0) is None


@given(TIMES, TIMES, ZONES, st.integers(1_700_000_000, 1_900_000_000))
def test_the_end_comes_within_a_day_or_so_and_is_outside(first, last, zone, second):
    if first == last:
        return
    hours, now = f"{first}-{last}", second * 1000
    end = quiet.until(hours, ZoneInfo(zone), now)
    if end is not None:
        assert now < end <= now + 25 * 3_600_000
        assert quiet.until(hours, ZoneInfo(zone), end) is None
