"""What the numbers of the upper rooms look like: their results as drawings for chart.py."""

from collections.abc import Callable
from typing import Any

import numpy as np

from backtest import Grid, Result
from chart import Candlesticks, Curves, Line, Look, Pane, Table
from overlays import SHOWN, Drawn
from shapes import Candles
from trials import Plan

Words = Callable[[str, str], str]
POINTS = 1200


def candles(
    title: str, bars: Candles, made: Drawn, digits: int, look: Look, last: float
) -> Candlesticks:
    """Return the last bars as candles with what lies over and below them, and the last price."""
    *series, volume = (
        x[-SHOWN:] for x in (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
    )
    return Candlesticks(title, *series, volume, *made, digits, look, last)


def tested(title: str, bars: Any, result: Result, look: Look, t: Words) -> Curves:
    """Return the equity of a rule beside buying and holding, and its falls from a high."""
    some = np.unique(np.linspace(0, len(bars.close) - 1, POINTS).astype(int))
    worth, hold = result.equity, bars.close / bars.close[0]
    fall = 100 * (worth / np.maximum.accumulate(worth) - 1)
    lines = (Line(t("kural", "rule"), worth[some]), Line(t("al-tut", "buy and hold"), hold[some]))
    falls = (Line(t("düşüş", "fall"), fall[some], fill=True),)
    panes = (Pane(t("Sermaye", "Equity"), lines, (1.0,)), Pane(t("Düşüş %", "Fall %"), falls))
    return Curves(title, bars.time[some], panes, look)


def searched(title: str, plan: Plan, grid: Grid, look: Look, t: Words) -> Table:
    """Return the gains of all combinations as a heat map, of more than two numbers the best."""
    names, sizes = zip(*((letter, len(values)) for letter, values in plan.ranges), strict=True)
    gains = grid.gain.reshape(sizes)
    while gains.ndim > 2:
        gains = gains.max(axis=-1)
    gains = gains[None] if gains.ndim == 1 else gains
    down = plan.ranges[0][1] if len(names) > 1 else (t("getiri %", "return %"),)
    along = plan.ranges[len(names) > 1][1]
    most = float(np.nanmax(np.abs(gains))) or 1.0
    texts = (tuple(map(str, down)), tuple(map(str, along)))
    marks = (names[0] if len(names) > 1 else "", names[len(names) > 1])
    head = f"{title} · {t('getiri %', 'return %')}"
    return Table(head, *texts, gains, -most, most, 0, look, *marks)
