"""A coin's candles as far back as asked, page by page; pages long past are read once and kept."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from bot import INTERVALS, UserError
from markets.binance import page_route
from net import Dated
from shapes import Candles, FundingHistory, Panel

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
    asks = older(turn, symbol, interval, start, int(recent.time[0]))
    return joined(recent, every(sources, asks), start)


def panel(sources: Any, symbols: Sequence[str], interval: str, start: int) -> Panel:
    """Return closed bars of many coins side by side, from `start` (ms) on where they come.

    A coin that lacks a page is left out; where every one does, the newest 999 are told. Raises
    UserError.
    """
    recent, turn = sources.panel(symbols, interval, 999), partial(page, sources)
    if not len(recent.time):
        return recent
    long = {s: read for s, read in recent.reads.items() if len(read.data) >= PAGE}
    asks = {
        (symbol, begin): ask
        for symbol, read in long.items()
        for begin, ask in older(turn, symbol, interval, start, int(read.time[0])).items()
    }
    try:
        told, lost = sources.together(asks)
    except UserError:
        return recent
    gone = {symbol for symbol, _ in lost}
    reads = {
        symbol: joined(read, [told[ask] for ask in asks if ask[0] == symbol], start)
        for symbol, read in recent.reads.items()
        if symbol not in gone
    }
    firsts = [int(read.time[0]) for read in reads.values() if len(read.data)]
    if not firsts:
        return recent
    times = np.arange(min(firsts), recent.time[-1] + 1, INTERVALS[interval])
    return Panel(recent.symbols, times, reads)


def older(turn: Any, symbol: str, interval: str, start: int, first: int) -> dict[int, Any]:
    """Return how to ask for each page of a coin's bars from `start` to before `first`, ms."""
    size = PAGE * INTERVALS[interval]
    return {
        begin: partial(turn, symbol, interval, begin, begin + size)
        for begin in range(start // size * size, first, size)
    }


def joined(recent: Dated, pages: Sequence[Dated], start: int) -> Dated:
    """Return a coin's newest bars behind the pages before them, from `start` (ms) on."""
    before = [one.table[:, one.time < recent.time[0]] for one in pages]
    bars = Candles(np.concatenate([*before, recent.table], axis=1))
    other = next((read.source for read in (recent, *pages) if read.source), "")
    return replace(recent, data=since(bars, start), source=other)


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
