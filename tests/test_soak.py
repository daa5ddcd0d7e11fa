"""A minute of twenty chats and breaking markets: all is answered and nothing piles up."""

import mmap
import os

import pytest

from bench import soak
from bench.soak import Sample

STILL = 12


def test_the_slope_is_megabytes_an_hour():
    samples = [Sample(at, 100 + at / 360, 9, 9) for at in (0, 10, 20, 30)]
    assert soak.slope(samples) == pytest.approx(10)
    assert soak.fifths(samples) == "100 100 100 100"


def test_the_memory_is_the_programs_own_and_not_that_of_files_others_read_too(tmp_path):
    before, file = soak.sampled(os.getpid(), 0.0).memory, tmp_path / "library"
    file.write_bytes(bytes(40_000_000))
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as read:
        assert not any(read[:: mmap.PAGESIZE])
        assert soak.sampled(os.getpid(), 0.0).memory < before + 20
        own = b"\x01" * 40_000_000
        assert soak.sampled(os.getpid(), 0.0).memory > before + 20 and own


@pytest.mark.slow
def test_a_minute_leaves_nobody_unanswered_and_no_thread_or_handle_behind(tmp_path):
    seen = soak.soak(60, 20, str(tmp_path))
    assert seen.sent == seen.answered > 100 and seen.silent == []
    assert seen.alarms and seen.trades and not seen.failures
    first, last = seen.samples[0], seen.samples[-1]
    assert last.threads <= first.threads + STILL
    assert last.handles <= first.handles + STILL
