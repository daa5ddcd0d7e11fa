"""ranges.py: what leaves its range stirs, and only that."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ranges import Ranges

ANY = st.floats(-100, 100) | st.sampled_from([-math.inf, math.inf])
ROWS = st.lists(st.tuples(st.integers(0, 4), ANY, ANY, st.integers(0, 9)), max_size=20)
NUMBERS = st.lists(st.floats(-100, 100) | st.just(math.nan), min_size=5, max_size=5)


@given(ROWS, NUMBERS, st.integers(0, 9))
def test_a_symbol_stirs_where_one_of_its_rows_would(rows, values, now):
    place, low, high, wake = (np.array([row[i] for row in rows]) for i in range(4))
    ranges = Ranges(place.astype(np.intp), 5)
    assert ranges.taken.tolist() == sorted(set(place.tolist()))
    assert ranges.stirred(np.array(values), 1e18).tolist() == []
    order = ranges.rows(ranges.taken)
    assert sorted(order.tolist()) == list(range(len(rows)))
    if len(order):
        ranges.rest(ranges.taken, low[order], high[order], wake[order])
    wanted = {at for at, a, b, time in rows if values[at] <= a or values[at] >= b or now >= time}
    assert ranges.stirred(np.array(values), now).tolist() == sorted(wanted)


def test_the_ranges_of_some_symbols_change_alone():
    ranges = Ranges(np.array([2, 0, 2, 0]), 3)
    assert ranges.rows(np.array([0, 2])).tolist() == [1, 3, 0, 2]
    side = np.array([1.0, 2, 3, 4])
    ranges.rest(np.array([0, 2]), side, side + 10, np.full(4, math.inf))
    ranges.rest(np.array([2]), np.array([0.0, 0]), np.array([9.0, 8]), np.array([5.0, 7]))
    assert ranges.stirred(np.array([2, 50, 1.0]), 4).tolist() == [0]
    assert ranges.stirred(np.array([3, 50, 8.0]), 4).tolist() == [2]
    assert ranges.stirred(np.array([3, 50, 1.0]), 5).tolist() == [2]
