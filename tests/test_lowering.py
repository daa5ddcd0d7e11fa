"""lowering.py: what percentages mean, where shifts, timeframes and `not` go."""

import re

import numpy as np
import pytest

import calc
import lowering
from formula import compile
from lowering import HERE as NOW
from lowering import Lowering, Place, placed_text, resolved
from syntax import parse
from tests.formulas import bars, context
from vocabulary import FormulaError, normal

HERE = context(bars())


def test_what_says_percent_or_0_to_100_is_known_to_be_so():
    said = {
        name
        for name, entry in calc.INDICATORS.items()
        if re.search(r"percent|0–100|100 for", entry.function.__doc__.splitlines()[0])
    }
    assert said - {"linreg_channel"} <= lowering.PERCENTS, said - lowering.PERCENTS
    assert calc.INDICATORS.keys() >= lowering.PERCENTS | lowering.UNCHANGED
    assert not lowering.PERCENTS & lowering.UNCHANGED


def test_percentages_take_the_scale_of_what_they_stand_beside():
    pairs = {
        "rsi > 30%": "rsi > 30",
        "sma(rsi(14), 3) < 30%": "sma(rsi(14), 3) < 30",
        "cmf > 10%": "cmf > 0.1",
        "close > sma50 * 102%": "close > sma50 * 1.02",
        "close > sma50 - 2%": "close > sma50 * 0.98",
        "rsi > rsi[1] + 5%": "rsi > rsi[1] + 5",
        "crossover(change(close, 4), 3%)": "crossover(change(close, 4), 3)",
        "2 * natr > 3%": "2 * natr > 3",
        "atr / close > 3%": "atr / close > 0.03",
        "rsi / rsi[5] > 120%": "rsi / rsi[5] > 1.2",
        "percent_b > 80%": "percent_b > 0.8",
    }
    for text, plain in pairs.items():
        one, same = compile(text).history(HERE), compile(plain).history(HERE)
        np.testing.assert_array_equal(one, same, err_msg=text)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("close > open + 2%", "close > open * 1.02"),
        ("rsi > 30%", "rsi(14) > 30"),
        ("cmf > 5%", "cmf(20) > 0.05"),
        ("rsi - 10% > 25% * rsi", "rsi(14) - 10 > 0.25 * rsi(14)"),
    ],
)
def test_percentages_are_written_out(text, plain):
    assert normal(resolved(parse(text))) == plain


def test_shifts_and_timeframes_stand_at_the_series():
    low = Lowering()
    low.lower(parse("((close + open)[2] - high)[1] > 0"))
    shifts = [
        (low.graph.items[i.args[0]].value, i.value) for i in low.graph.items if i.op == "shift"
    ]
    assert sorted(shifts) == [("close", 3), ("high", 1), ("open", 3)]
    low = Lowering()
    low.lower(parse("crossover(close, open, tf=4h)[2] and close > 1"))
    found = [(item.op, item.value, item.frame) for item in low.graph.items]
    assert found.count(("align", 2, "")) == 4 and ("shift", 1, "4h") in found
    assert ("series", "close", "") in found and ("series", "close", "4h") in found


def test_not_is_gone():
    low = Lowering()
    low.lower(parse("not (close > open and not (cross(close, 5) or high == low))"))
    assert {item.op for item in low.graph.items} <= {
        *("series", "num", "shift", "and", "or", ">", ">=", "<", "<=", "==", "!=")
    }
    one, same = Lowering(), Lowering()
    one.lower(parse("not (close > open and rsi < 3)"))
    same.lower(parse("close <= open or rsi >= 3"))
    assert one.graph.items == same.graph.items


def test_the_place_is_told():
    node = parse("close > 1").args[0]
    assert placed_text(node, NOW) == "close"
    assert placed_text(node, Place("4h", 2, 0)) == "close[2] @4h"


def test_what_an_indicator_refuses_is_refused_at_its_place():
    with pytest.raises(FormulaError) as caught:
        Lowering().lower(parse("close > alma(9, 0.5, 0)"))
    assert caught.value.position == 8 and calc.INDICATORS["alma"].defaults["sigma"] == 6
