"""verdicts.py: a row is what its formula alone says, whatever rows came and went before."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import verdicts
from formula import compile
from tests import formulas
from verdicts import Readings, Verdicts

TEXTS = (
    "rsi(14) < 45",
    "rsi(9) > 50 and rsi(9) < 70",
    "close > sma(20) or volume > 2 * sma(volume, 20)",
    "crossover(ema(9), ema(21))",
    "crossover(close, sma(20))",
    "not (close[2] > close)",
    "close > btc.close",
    "rsi(9, tf=4h) > 55",
    "sma(rsi(14), 5) > 50",
    "close > 100 and rsi(14) < 100",
)
BARS = formulas.bars(300)
SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")
CONTEXT = formulas.context(BARS)
WHOLE = {text: [compile(one).history(CONTEXT) for one in (text, f"not ({text})")] for text in TEXTS}
rows = st.lists(st.tuples(st.sampled_from(TEXTS), st.integers(0, 2)), max_size=12)


@given(st.lists(st.tuples(rows, st.integers(0, 2**40)), min_size=1, max_size=5))
def test_rows_come_and_go_and_each_says_what_its_formula_says(steps):
    held, table = [], Verdicts()
    readings = Readings(table.graph.items)
    for more, dropped in steps:
        for text, _ in more:
            table.add(text)
        held += more
        kept = np.array([not dropped >> i & 1 for i in range(len(held))], dtype=bool)
        table.keep(kept)
        held = [one for one, stays in zip(held, kept, strict=True) if stays]
        leaves = tuple(sorted(table.leaves))
        columns = np.array([column for _, column in held], dtype=np.intp)
        values = readings.last(leaves, CONTEXT, SYMBOLS) if held else np.empty((0, 3))
        found = table.tell(leaves, values, columns)
        for k in (0, 1):
            assert found[k].tolist() == [WHOLE[text][k][-1, column] for text, column in held]
        assert len(table) == len(held)


@pytest.mark.parametrize("most", [1, 10**9])
def test_bars_one_after_the_other_are_those_of_the_whole_history(most, monkeypatch):
    monkeypatch.setattr(verdicts, "MOST_HELD", most)
    table = Verdicts()
    for text in TEXTS:
        table.add(text)
    leaves, readings = tuple(sorted(table.leaves)), Readings(table.graph.items)
    for ago, values in zip(range(40, 0, -1), readings.before(leaves, CONTEXT, 40), strict=True):
        found = table.tell(leaves, values, np.zeros(len(TEXTS), dtype=np.intp))
        for k in (0, 1):
            assert found[k].tolist() == [WHOLE[text][k][-ago, 0] for text in TEXTS]


def cut(end):
    return formulas.context(formulas.cut(BARS, end))


def test_a_bar_is_carried_on_from_the_one_before_and_a_late_coin_is_noticed(monkeypatch):
    monkeypatch.setattr(verdicts, "WORTH", 1)
    table = Verdicts()
    for text in TEXTS:
        table.add(text)
    leaves, readings = tuple(sorted(table.leaves)), Readings(table.graph.items)
    readings.follow(leaves, cut(280), SYMBOLS)
    state = readings._state
    for end in (280, 281, 281, 282):
        carried = readings.last(leaves, cut(end), SYMBOLS)
        assert carried == pytest.approx(
            Readings(table.graph.items).last(leaves, cut(end), SYMBOLS), nan_ok=True
        )
        assert readings._time == BARS.time[end - 1] and readings._state is state
    late = cut(283)
    late.bars.close = late.bars.close + np.eye(283, 3, 1 - 281)
    told = readings.last(leaves, late, SYMBOLS)
    assert readings._time == BARS.time[281]
    assert told == pytest.approx(
        Readings(table.graph.items).last(leaves, late, SYMBOLS), nan_ok=True
    )
    readings.follow(leaves, late, SYMBOLS)
    assert readings._state is not state


@pytest.mark.filterwarnings("error")
def test_what_numbers_cannot_hold_is_compared_without_a_word():
    table = Verdicts()
    table.add("rsi(14) < 45"), table.add("close * volume > 2")
    leaves = tuple(sorted(table.leaves))
    values = np.full((len(leaves), 1), 1e200)
    told = table.tell(leaves, values, np.zeros(2, dtype=np.intp))
    assert [one.tolist() for one in told] == [[False, True], [True, False]]


def test_what_the_formulas_need_goes_with_them():
    table = Verdicts()
    table.add("close > sma(20)")
    table.add("rsi(9, tf=4h) > btc.close")
    assert set(table.needs.bars) == {"", "4h"} and len(table.needs.coins) == 1
    table.keep(np.array([True, False]))
    assert set(table.needs.bars) == {""} and not table.needs.coins
    assert table.needs.bars == compile("close > sma(20)").needs.bars
