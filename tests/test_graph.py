"""graph.py: nodes once each, what they cost, how far they look back, what stays in memory."""

import numpy as np
import pytest

import calc
import graph
from formula import compile
from graph import Graph, Item


def series(made, name="close"):
    return made.add("series", value=name, frame="")


def test_equal_nodes_have_one_number():
    made = Graph()
    a, b, n = series(made), series(made, "open"), made.add("num", value=5.0)
    assert series(made) == a != made.add("series", value="close", frame="4h")
    assert made.add("+", a, b) == made.add("+", b, a)
    assert made.add("-", a, b) != made.add("-", b, a)
    assert made.add("<", n, a) == made.add(">", a, n) != made.add("<", a, n)
    assert made.add("<=", a, b) == made.add(">=", b, a)
    assert made.add("and", a, b, a) == made.add("and", b, a) != made.add("and", a)
    assert made.add("and", a) == a and made.items[made.add("-", n, b)].frame == ""


def test_a_merged_graph_keeps_the_meaning():
    made = Graph()
    series(made, "volume")
    one = compile("close > open and 2 < volume")
    here = made.merge(one.items)
    assert made.items[here[one.root]].op == "and"
    assert sum(item.value == "volume" for item in made.items) == 1


def test_the_warm_up_is_where_the_values_begin():
    rng = np.random.default_rng(3)
    walk = 50 + np.cumsum(rng.normal(0, 1, (400, 2)), axis=0)
    for name, params, first in (
        ("sma", (20,), 19),
        ("rsi", (14,), 14),
        ("macd", (12, 26, 9), 33),
        ("hma", (16,), 18),
        ("mom", (10,), 10),
    ):
        assert graph.warm_up(name, params) == first
        found = calc.INDICATORS[name].function(walk, *params)
        last = found[-1] if isinstance(found, tuple) else found
        assert np.isfinite(last).argmax(axis=0).tolist() == [first, first]
    assert graph.warm_up("hourly_volume", (10, 24)) == 240
    with pytest.raises(ValueError, match="sigma"):
        graph.warm_up("alma", (9, 0.85, 0.0))


def test_every_indicator_has_a_warm_up_within_its_reach():
    for name, entry in calc.INDICATORS.items():
        params = tuple(v for k, v in entry.defaults.items() if k != "bars_per_year")
        assert 0 <= graph.warm_up(name, params) <= max(240, entry.reach())


def test_how_far_a_formula_looks_back():
    one = compile("highest(sma(close, 10), 5)[3] < close and close(tf=4h)[2] > 1")
    assert one.needs.bars == {"": 1 + 3 + 4 + 9, "4h": 1}
    wanted = graph.look_backs(one.items, one.root)
    assert wanted[one.root] == 1


def test_what_looks_at_each_bar_of_a_window_costs_by_its_length():
    def cost(name, *params):
        return graph.cost(Item("call", (), (name, params), ""))

    for name, entry in calc.INDICATORS.items():
        usual = tuple(entry.defaults.values())
        longer = tuple(2 * n if isinstance(n, int) else n for n in usual)
        grows = cost(name, *longer) > cost(name, *usual)
        assert grows == (name in graph.PASSES_PER_BAR), name
    assert graph.PASSES_PER_BAR.keys() <= calc.INDICATORS.keys()
    assert cost("rolling_median", 50) > 10 * cost("sma", 50) == 10 * cost("sma", 500)
