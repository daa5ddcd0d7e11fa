"""daily.py: a report as it is asked for."""

import pytest

import daily
from bot import UserError


def test_a_report_is_kept_as_its_line_and_minute(ctx):
    line = daily.line(["/P@dort5bot", "BTC"])
    push = daily.wanted(ctx(), line, "9.30")
    assert push[:4] == (7, "p btc", 7, 570) and daily.clock(push.minute) == "09:30"


@pytest.mark.parametrize(("line", "when"), [("", "9:00"), ("ayar", "9:00"), ("p", "9"), ("p", "")])
def test_what_is_no_report_or_no_time_is_refused(ctx, line, when):
    with pytest.raises(UserError):
        daily.wanted(ctx(), line, when)
