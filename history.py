"""A coin's candles as far back as asked, page by page; pages long past are read once and kept."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from bot import INTERVALS, UserError
from markets.binance import page_route
from net import Dated
from shapes import Candles

# A page must be past before the newest 999 bars begin, or it would be kept half full.
PAGE, MOST = 900, 60_000


def candles(sources: Any, symbol: str, interval: str, start: int | None = None) -> Dated:
    """Return a coin's closed bars from `start` (ms) on, without it the newest 999.

    `sources` is a sources.Sources. Raises UserError, also for more than 60 000 bars.
    """
    recent, step = sources.candles(symbol, interval), INTERVALS[interval]
    if start is None or not len(recent.data) or start >= recent.time[0] or len(recent.data) < PAGE:
        return recent if start is None else replace(recent, data=since(recent.data, start))
    if (recent.time[-1] - start) // step > MOST:
        raise UserError(
            f"Bu aralıkta en çok {MOST} bar; daha yeni bir tarih ya da daha uzun barlar seçin.",
            f"At most {MOST} bars of this timeframe; choose a later date or longer bars.",
        )
    size, first = PAGE * step, int(recent.time[0])
    asks = {
        str(begin): partial(sources.read, page_route(symbol, interval, begin, begin + size))
        for begin in range(start // size * size, first, size)
    }
    pages, failures = sources.together(asks)
    for failure in failures.values():
        raise failure
    table = np.concatenate([pages[begin].table for begin in asks], axis=1)
    table = np.concatenate([table[:, table[0] < first], recent.table], axis=1)
    return replace(recent, data=since(Candles(table), start))


def since(bars: Candles, start: int) -> Candles:
    """Return the bars that open at an instant or later."""
    return Candles(bars.table[:, bars.time >= start])
