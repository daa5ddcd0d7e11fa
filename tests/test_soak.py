"""A minute of twenty chats and breaking markets: all is answered and nothing piles up."""

import pytest

from bench import soak
from bench.soak import Sample

STILL = 12


def test_the_slope_is_megabytes_an_hour():
    samples = [Sample(at, 100 + at / 360, 9, 9) for at in (0, 10, 20, 30)]
    assert soak.slope(samples) == pytest.approx(10)
    assert soak.fifths(samples) == "100 100 100 100"


@pytest.mark.slow
def test_a_minute_leaves_nobody_unanswered_and_no_thread_or_handle_behind(tmp_path):
    seen = soak.soak(60, 20, str(tmp_path))
    assert seen.sent == seen.answered > 100 and seen.silent == []
    assert seen.alarms and seen.trades and not seen.failures
    first, last = seen.samples[0], seen.samples[-1]
    assert last.threads <= first.threads + STILL
    assert last.handles <= first.handles + STILL
