"""The panels of many coins' bars: stacked once for the same candles, few of them, not for long."""

import threading
from collections import OrderedDict

import numpy as np

from bot import INTERVALS
from net import Dated
from shapes import Panel, newest

MOST, IDLE = 2, 900
Asked = tuple[tuple[str, ...], str, int]


class Panels:
    """Keep the panels last asked for."""

    def __init__(self) -> None:
        self._made: OrderedDict[Asked, tuple[Panel, float]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, asked: Asked, reads: dict[str, Dated], now: float) -> Panel:
        """Return the panel of (symbols, interval, bars) over these reads, as it was if they are."""
        known = self._made.get(asked)
        if known and same(known[0], reads):
            panel = Panel(asked[0], known[0].time, reads, known[0].made)
        else:
            panel = stack(asked, reads)
        with self._lock:
            self._made[asked] = panel, now
            self._made.move_to_end(asked)
            if len(self._made) > MOST:
                self._made.popitem(last=False)
        return panel

    def shed(self, now: float) -> None:
        """Forget the panels nobody has asked for lately."""
        with self._lock:
            for asked, (_, used) in list(self._made.items()):
                if now - used > IDLE:
                    del self._made[asked]


def same(panel: Panel, reads: dict[str, Dated]) -> bool:
    """Tell whether a panel is made of the very candles read."""
    if panel.reads.keys() != reads.keys():
        return False
    return all(panel.reads[symbol].data is read.data for symbol, read in reads.items())


def stack(asked: Asked, reads: dict[str, Dated]) -> Panel:
    """Return the panel of some coins' candles, at most so many bars of it as the longest has."""
    symbols, interval, bars = asked
    times = [read.data.time for read in reads.values() if len(read.data)]
    step = INTERVALS[interval]
    last = newest((time[-1] for time in times), step)
    time = last - step * np.arange(bars - 1.0, -1, -1)
    return Panel(symbols, time[time >= min((own[0] for own in times), default=last)], reads)
