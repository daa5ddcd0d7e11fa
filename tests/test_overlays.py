from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import overlays
from bot import UserError
from chart import Band
from evaluation import Context
from shapes import Candles, Panel


@dataclass(frozen=True)
class Told:
    data: Candles


def context(start=60.0, bars=400):
    close = start * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, bars)))
    table = np.ones((11, bars)) * 1000.0
    table[0] = 1_795_000_000_000 + 3_600_000 * np.arange(bars)
    table[1:5] = [close, close * 1.01, close * 0.99, close]
    return Context(Panel(("XUSDT",), table[0], {"XUSDT": Told(Candles(table))}), "1h")


@pytest.mark.parametrize(
    ("text", "over", "below"),
    [
        ("sma(10)", ["sma(10)"], []),
        ("st", ["supertrend(10, 3)"], []),
        ("ema rsi", ["ema(20)", "ema(50)", "ema(200)"], ["RSI"]),
        ("ichimoku", ["tenkan", "kijun", "span_a", "span_b"], []),
        ("rsi", ["ema(20)", "ema(50)", "ema(200)"], ["RSI"]),
        ("mfi(10) ema50", ["ema(50)"], ["MFI(10)"]),
        ("atr(14)", ["ema(20)", "ema(50)", "ema(200)"], ["atr(14)"]),
        ("close - sma(10), bb", ["BB"], ["close - sma(10)"]),
        ("50 + rsi(14) / 10", ["ema(20)", "ema(50)", "ema(200)"], ["50 + rsi(14) / 10"]),
        ("highest(50) donchian(30)", ["highest(50)", "DONCHIAN(30)"], []),
    ],
)
def test_prices_lie_over_the_candles_and_all_else_below(text, over, below):
    made = overlays.drawn(overlays.read(text, {}), context())
    assert [one.label for one in made.overlays] == over
    assert [pane.title for pane in made.panes] == below


def test_values_are_those_of_the_formula_on_the_last_bars():
    here = context()
    made = overlays.drawn(overlays.read("sma(3) bb(20, 2)", {}), here)
    close = here.bars.close[:, 0]
    line, band = made.overlays
    assert line.values[-1] == pytest.approx(close[-3:].mean()) and len(line.values) == 120
    assert isinstance(band, Band)
    assert band.upper[-1] == pytest.approx(close[-20:].mean() + 2 * close[-20:].std())


def test_a_condition_marks_the_bars_where_it_becomes_true():
    here = context()
    made = overlays.drawn(overlays.read("close > sma(20)", {}), here)
    close = here.bars.close[:, 0]
    above = close[19:] > np.convolve(close, np.ones(20) / 20, "valid")
    starts = np.flatnonzero(above[1:] & ~above[:-1]) + 20
    times = here.bars.time[starts[starts > 400 - 120]]
    assert [mark.time for mark in made.marks] == list(times) and len(times) > 2


def test_a_text_is_cut_outside_of_brackets_only():
    assert overlays.parts("a(b, c) d, e[1, 2] ,, f", ",") == ["a(b, c) d", "e[1, 2]", "f"]


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text):
    try:
        assert len(overlays.read(text, {})) <= overlays.MOST
    except UserError as error:
        assert error.tr and error.en
