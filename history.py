"""A coin's candles as far back as asked, page by page; pages long past are read once and kept."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from bot import INTERVALS, UserError
from markets.binance import page_route
from net import Dated
from shapes import Candles, FundingHistory

# A page must be past before the newest 999 bars begin, or it would be kept half full.
PAGE, MOST = 900, 60_000
DAY = 86_400_000
# Bybit tells 200 payments at once: every four hours.
PAID, GAP = 33 * DAY, DAY + DAY // 24


def candles(
    sources: Any, symbol: str, interval: str, start: int | None = None, perpetual: bool = False
) -> Dated:
    """Return a coin's closed bars from `start` (ms) on, without it the newest 999.

    They are of spot or of the coin's perpetual contract, per coin. `sources` is a sources.Sources.
    Raises UserError, also for more than 60 000 bars.
    """
    ask, turn = sources.candles, partial(page, sources)
    if perpetual:
        ask, turn = sources.perps.candles, sources.perps.page
    recent, step = ask(symbol, interval), INTERVALS[interval]
    if start is None or not len(recent.data) or start >= recent.time[0] or len(recent.data) < PAGE:
        return recent if start is None else replace(recent, data=since(recent.data, start))
    if (recent.time[-1] - start) // step > MOST:
        raise UserError(
            f"Bu aralıkta en çok {MOST} bar; daha yeni bir tarih ya da daha uzun barlar seçin.",
            f"At most {MOST} bars of this timeframe; choose a later date or longer bars.",
        )
    size, first = PAGE * step, int(recent.time[0])
    asks = {
        str(begin): partial(turn, symbol, interval, begin, begin + size)
        for begin in range(start // size * size, first, size)
    }
    pages = every(sources, asks)
    table = np.concatenate([page.table for page in pages], axis=1)
    table = np.concatenate([table[:, table[0] < first], recent.table], axis=1)
    other = next((read.source for read in (recent, *pages) if read.source), "")
    return replace(recent, data=since(Candles(table), start), source=other)


def page(sources: Any, symbol: str, interval: str, start: int, end: int) -> Dated:
    """Return the bars of a spot pair that open from `start` to before `end`, ms."""
    return sources.read(page_route(symbol, interval, start, end))


def every(sources: Any, asks: dict[str, Any]) -> list[Dated]:
    """Return the answers to all that is asked. Raises UserError where one is missing."""
    pages, failures = sources.together(asks)
    for failure in failures.values():
        raise failure
    return [pages[begin] for begin in asks]


def payments(sources: Any, symbol: str, start: int, end: int) -> Dated:
    """Return all that a coin's contract paid between two instants in ms, oldest first.

    Raises UserError, also where payments are missing.
    """
    asks = {
        str(begin): partial(sources.perps.payments, symbol, begin, begin + PAID)
        for begin in range(start // PAID * PAID, end, PAID)
    }
    pages = every(sources, asks)
    time, rate, mark = (
        np.concatenate([getattr(page, name) for page in pages]) for name in ("time", "rate", "mark")
    )
    inside = (time >= start) & (time < end)
    if np.diff(time[inside], prepend=start, append=end).max() > GAP:
        raise UserError("Ödemelerin geçmişi eksik.", "The history of payments has gaps.")
    other = next((read.source for read in pages if read.source), "")
    kept = FundingHistory(time[inside], rate[inside], mark[inside])
    return replace(pages[-1], data=kept, source=other)


def since(bars: Candles, start: int) -> Candles:
    """Return the bars that open at an instant or later."""
    return Candles(bars.table[:, bars.time >= start])
