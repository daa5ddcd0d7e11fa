import threading

import numpy as np
import pytest

import chart
import drawings
import trials
from evaluation import Context
from tests.test_trials import Inline


@pytest.fixture
def context(market):
    return Context(market.candles("BTCUSDT", "1h").data, "1h")


def test_equity_stands_beside_holding_and_above_its_falls(context):
    plan, _ = trials.read("close > sma(20) : close < sma(20)")
    result = trials.once(plan, context, {})
    drawn = drawings.tested("x", context.bars, result, chart.Look(), lambda tr, _: tr)
    (rule, hold), (fall,) = (pane.lines for pane in drawn.panes)
    assert np.array_equal(rule.values, result.equity) and hold.values[0] == 1
    assert fall.values.max() == 0 and fall.values.min() < 0
    assert chart.png(drawn)[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("ranges", "shape"),
    [("n=5..9", (1, 5)), ("n=5..9 m=2..3", (5, 2)), ("n=5..9 m=2..3 k=1..4", (5, 2))],
)
def test_a_search_is_a_map_of_its_numbers(context, ranges, shape):
    text = "close > sma(n) and sma(m) > 0 and sma(k) > 0 : close < sma(n)"
    text = text if "k=" in ranges else text.replace("(k)", "(2)")
    text = text if "m=" in ranges else text.replace("(m)", "(2)")
    plan, _ = trials.read(f"{text} opt {ranges}")
    ((_, grid),) = list(trials.search(plan, context, {}, Inline(), 8, threading.Event()))
    drawn = drawings.searched("x", plan, grid, chart.Look(), lambda _, en: en)
    assert drawn.values.shape == shape == (len(drawn.rows), len(drawn.columns))
    assert drawn.values.max() == grid.gain.max()
    assert chart.png(drawn)[:4] == b"\x89PNG"
