"""board.py: prices as they come, and changes by what they were."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from board import Board

MINUTE = 60_000


def test_a_change_is_measured_from_the_newest_price_at_least_a_window_old():
    board = Board()
    for i, price in enumerate([100.0, 101.0, 102.0, 103.0, 110.0]):
        board.note(i * 5 * MINUTE, {"A": price, "B": 50.0}, ["15m"])
    assert board.changes(["A", "B", "C"], "15m") == pytest.approx(
        [100 * (110 / 101 - 1), 0, math.nan], nan_ok=True
    )
    board.note(60 * MINUTE, {"A": 110.0}, ["15m"])
    assert np.isnan(board.changes(["A"], "15m")).all()
    assert board.prices(["B", "A"]) == pytest.approx([math.nan, 110], nan_ok=True)


@given(st.lists(st.tuples(st.integers(1, 90), st.floats(1, 1000)), min_size=1, max_size=80))
def test_the_kept_past_gives_what_all_prices_would_within_its_step(ticks):
    board, seen, now = Board(), [], 0
    for seconds, price in ticks:
        now += 1000 * seconds
        seen.append((now, price))
        board.note(now, {"A": price}, ["5m"])
        found = board.changes(["A"], "5m")[0]
        fits = [p for at, p in seen if 300_000 <= now - at <= 330_000]
        assert math.isnan(found) or any(found == pytest.approx(100 * (price / p - 1)) for p in fits)
    assert len(board._past["5m"]) <= 63


def test_candles_before_the_start_are_a_past_too():
    board = Board()
    board.note(30 * MINUTE, {"A": 110.0}, ["15m"])
    board.seed(
        "15m", [14 * MINUTE, 15 * MINUTE, 31 * MINUTE], np.array([[90.0], [100], [1]]), ["A"]
    )
    assert board.changes(["A"], "15m") == pytest.approx([10.0])
    assert board.values("move", "15m", ["A"]) == pytest.approx([10.0])


def test_symbols_that_come_later_are_found_by_the_same_tuple():
    board, asked = Board(), ("A", "B")
    board.note(1, {"A": 1.0}, [])
    assert board.prices(asked) == pytest.approx([1, math.nan], nan_ok=True)
    board.note(2, {"B": 3.0, "A": 2.0}, [])
    assert board.prices(asked).tolist() == board.prices(["A", "B"]).tolist() == [2, 3]
