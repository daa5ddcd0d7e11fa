"""lines.py: formulas are noted down once, and as few cells as they need."""

import numpy as np
import pytest

import calc
from lines import Line, Notes, noted


def test_equal_parts_are_one_cell():
    notes = Notes()
    first = noted(notes, "macd", (12, 26, 9))
    cells = len(notes.cells)
    assert noted(notes, "macd", (12, 26, 9)) == first and len(notes.cells) == cells
    noted(notes, "ema", (26,))
    noted(notes, "ppo", (12, 26, 9))
    averages = [one.what for one in notes.cells if one.kind == "average"]
    assert averages == [(12, 2 / 13), (26, 2 / 27), (9, 0.2), (9, 0.2)]


def test_a_number_and_a_truth_of_one_value_differ():
    notes = Notes()
    one, true = notes.line(1.0), notes.line(True)
    assert one.i != true.i and notes.line(1).i == one.i
    assert notes.truth(true.i) and not notes.truth(one.i)


def test_windows_of_any_length_grow_by_doubling():
    """A sum of n values is some joins of blocks, not n additions."""
    for n in (1, 2, 3, 20, 64, 200, 1000):
        notes = Notes()
        noted(notes, "rolling_sum", (n,))
        adds = [one for one in notes.cells if one.what is np.add]
        assert len(adds) <= 2 * n.bit_length()


def test_whatever_is_not_arithmetic_of_one_bar_is_refused():
    x = Notes().add("input", "close")
    assert isinstance(np.sqrt(x + 1) ** 2 > 0, Line)
    for wrong in (lambda: np.add.reduce(x), lambda: np.add(x, 1, where=True), lambda: len(x)):
        with pytest.raises(TypeError):
            wrong()


def test_every_indicator_can_be_noted():
    notes = Notes()
    for name, entry in calc.INDICATORS.items():
        assert len(noted(notes, name)) == len(entry.outputs), name
