"""Bars that have closed: whose are there and whose are late, and how far back a gap goes.

A line is what an alarm of a formula waits for: its symbol, then the other timeframes and coins it
names. Marks tell until when (ms) a timeframe, or the prices, were looked at; under `NAME LINE`
they tell since when a line, or a coin's price, that is late was not.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from alarms import MOVES, Formulas, Numbers
from bot import INTERVALS, UserError
from evaluation import Context
from formula import FETCHED, Needs, candles, gather
from history import PAGE
from shapes import Panel

MOST_BARS, PAGES, LONGEST = 400, 240, 10_000
GAP, REPLAYED, FRAMES = 90_000, 900, ("1m", "15m", "1h", "1d")


def unseen(marks: Mapping[str, int], interval: str, symbols: Iterable[str], since: int) -> dict:
    """Return when each line's first bar closed that was not looked at, not before `since` (ms)."""
    step = INTERVALS[interval]
    mark = max(marks.get(interval, 0), since)
    return {s: max(marks.get(f"{interval} {s}", mark + step), since) for s in symbols}


def late(marks: Iterable[str], interval: str, since: Mapping[str, int]) -> dict[str, int | None]:
    """Return the marks of a timeframe's late coins, since when (ms); None for those there again."""
    gone = dict.fromkeys(name for name in list(marks) if name.startswith(f"{interval} "))
    return gone | {f"{interval} {symbol}": at for symbol, at in since.items()}


def priced(kind: str) -> bool:
    """Tell whether alarms of a kind look at prices or their changes."""
    return kind == "price" or kind in MOVES


def until(marks: Mapping[str, int], now: int) -> dict[str, int]:
    """Return marks, none of them after an instant (ms): the clock may have been set back."""
    steps = {name: INTERVALS.get(name.split()[0], 1) for name in marks}
    return {name: min(at, now // steps[name] * steps[name]) for name, at in marks.items()}


def awaited(marks: Mapping[str, int], interval: str) -> dict[str, int]:
    """Return since when (ms) each late coin of a timeframe waits, by its marks."""
    before = f"{interval} "
    every = list(marks.items())
    return {name.removeprefix(before): at for name, at in every if name.startswith(before)}


def lacking(
    marks: Mapping[str, int], key: str, symbols: Iterable[str], there: Container[str], now: int
) -> dict[str, int | None]:
    """Return the marks of coins that have no price at an instant, or wait for a gap's bars."""
    known, since = awaited(marks, key), marks.get(key, now)
    first = {symbol: known.get(symbol, since) for symbol in symbols}
    gone = {s: at for s, at in first.items() if s not in there or (s in known and now - at > GAP)}
    return late(marks, key, gone) if gone != known else {}


def reach(needs: Needs, coins: int, interval: str) -> int:
    """Return how many bars of a gap can be asked for, of so many coins and all they need."""
    step = INTERVALS[interval]
    shortest = min(INTERVALS[frame or interval] for frame in needs.bars)
    one_page = FETCHED[1] - needs.bars[""] if shortest == step else 0
    pages = PAGES // (max(coins, 1) * len(needs.bars)) - 2
    return max(0, one_page, min(pages * PAGE, LONGEST) * shortest // step)


def start(needs: Needs, coins: int, interval: str, mark: int, now: int) -> int | None:
    """Return from when (ms) on bars are asked for; None where the newest of them are enough."""
    step, wanted = INTERVALS[interval], needs.bars[""]
    bars = min((now - mark) // step, reach(needs, coins, interval))
    if bars <= MOST_BARS and not FETCHED[0] < bars + wanted <= FETCHED[1]:
        return None
    return max(mark, now // step * step - bars * step)


def gathered(
    sources: Any,
    needs: Needs,
    symbols: Sequence[str],
    order: Sequence[str],
    interval: str,
    since: int | None,
) -> Context:
    """Fetch what formulas are worked out on; a coin they name that is gone is unknown.

    The bars are asked for in an order, and looked at also where only the first have come. Raises
    UserError, also where there are none since an instant (ms) that was asked for.
    """
    wanted = max(needs.bars[""], needs.bars.get(interval, 0))
    sources.panel(order, interval, FETCHED[since is not None or wanted > FETCHED[0]])
    there = frozenset(one for one in needs.coins if sources.known(one[1]))
    context = gather(sources, needs._replace(coins=there), symbols, interval, since, asked)
    others = {frame: ahead(panel, INTERVALS[frame]) for frame, panel in context.others.items()}
    bars = ahead(context.bars, INTERVALS[interval])
    if since and any(len(one.time) and one.time[0] > since for one in (bars, *others.values())):
        raise UserError("Aradaki mumlar gelmedi.", "The candles of the gap did not come.")
    return replace(context, bars=bars, others=others)


def asked(sources: Any, name: str, interval: str, start: int | None) -> Any:
    """Return the bars of a coin that formulas name, None where they do not come."""
    try:
        return candles(sources, name, interval, start)
    except UserError:
        return None


def ahead(panel: Panel, step: int) -> Panel:
    """Return a panel up to the newest bar that any of its coins has."""
    newest = max((read.data.time[-1] for read in panel.reads.values() if len(read.data)), default=0)
    if not len(panel.time) or newest <= panel.time[-1]:
        return panel
    more = np.arange(panel.time[-1] + step, newest + 1, step)
    return Panel(panel.symbols, np.concatenate([panel.time, more])[len(more) :], panel.reads)


def lines(block: Formulas) -> tuple[str, ...]:
    """Return what each row waits for: its symbol, and the timeframes and coins it names."""
    needs = block.needs
    if len(needs.bars) == 1 and not needs.coins:
        return block.symbols
    return tuple(map(str.__add__, block.symbols, block.verdicts.others))


def coins(lines: Iterable[str]) -> tuple[str, ...]:
    """Return the symbols of lines, each once."""
    return tuple(dict.fromkeys(line.split()[0] for line in lines))


def present(context: Context, lines: Iterable[str]) -> set[str]:
    """Return the lines whose last bars are all there."""
    newest = context.bars.time[-1] + context.step("")
    own = np.isfinite(context.bars.close[-1])
    there = {symbol for symbol, one in zip(context.bars.symbols, own, strict=True) if one}

    def old(bars: Any, frame: str) -> bool:
        return len(bars.time) > 0 and newest - bars.time[-1] >= 2 * context.step(frame)

    lacking = {
        f"{name}@{frame}"
        for (frame, name), bars in context.coins.items()
        if bars is None or old(bars, frame)
    }
    for frame, panel in context.others.items():
        reads = ((symbol, panel.reads.get(symbol)) for symbol in panel.symbols)
        lacking |= {f"{s}@{frame}" for s, read in reads if read is None or old(read.data, frame)}

    def came(line: str) -> bool:
        symbol, *others = line.split()
        words = (f"{symbol}{word}" if word.startswith("@") else word for word in others)
        return symbol in there and lacking.isdisjoint(words)

    return {line for line in lines if came(line)}


def grouped(
    first: Mapping[str, int], newest: int, step: int, most: int
) -> tuple[dict[int, set[str]], Collection[str]]:
    """Return the lines by how many of the last bars they were not looked at on, at most `most`.

    Beside them, those of which there were more.
    """
    out: dict[int, set[str]] = {}
    bars = {symbol: (newest - since) // step + 1 for symbol, since in first.items()}
    for symbol, count in bars.items():
        out.setdefault(min(max(count, 1), most), set()).add(symbol)
    return out, {symbol for symbol, count in bars.items() if count > most}


class Slept(NamedTuple):
    """The bars of a gap, `(4, bars, symbols)` of open, high, low and close, by opening time (ms).

    `rows`, `(bars, symbols)` or `(bars, 1)`, tells which of them are to be looked at.
    """

    symbols: Sequence[str]
    bars: np.ndarray
    opens: np.ndarray
    rows: np.ndarray
    step: int


def slept(sources: Any, since: Mapping[str, int], until: int) -> tuple[list[Slept], dict[str, int]]:
    """Fetch the bars of a gap that began for each coin at its own instant (ms).

    Each coin's are as long as its gap lets them be. Return beside them since when coins wait whose
    bars have not come, or not of its end. Raises UserError where none has come.
    """
    frames, gaps, late = dict[str, dict[str, int]](), list[Slept](), dict(since)
    for symbol, at in since.items():
        fits = (f for f in FRAMES if (until - at) / INTERVALS[f] <= REPLAYED)
        frames.setdefault(next(fits, FRAMES[-1]), {})[symbol] = at
    for frame, some in frames.items():
        with suppress(UserError):
            gaps.append(stretch(sources, frame, some, until))
    if since and not any(gap.symbols for gap in gaps):
        raise UserError("Aradaki mumlar gelmedi.", "The candles of the gap did not come.")
    for gap in gaps:
        closed = until // gap.step * gap.step
        for symbol in gap.symbols:
            if until - closed > GAP:
                late[symbol] = closed
            else:
                del late[symbol]
    return gaps, late


def stretch(sources: Any, frame: str, since: Mapping[str, int], until: int) -> Slept:
    """Fetch bars of a gap of the coins that have them up to its end (ms). Raises UserError."""
    symbols, step = sorted(since), INTERVALS[frame]
    panel, closed = ahead(sources.panel(symbols, frame, 999), step), until // step * step
    came = {
        symbol
        for symbol, read in panel.reads.items()
        if len(read.data) and (not read.stale or read.data.time[-1] + step >= closed)
    }
    there = [i for i, symbol in enumerate(symbols) if symbol in came]
    known = [symbols[i] for i in there]
    closes, begun = panel.time[:, None] + step, np.array([since[symbol] for symbol in known])
    bars = np.array([panel.open, panel.high, panel.low, panel.close])[:, :, there]
    return Slept(known, bars, panel.time, (closes > begun) & (closes <= until), step)


def replayed(key: tuple[str, str], block: Numbers, gap: Slept) -> None:
    """Let a block look at the bars of a gap, as prices went through them."""
    (kind, window), step = key, gap.step
    columns = {symbol: i for i, symbol in enumerate(gap.symbols)}
    at = np.array([columns.get(symbol, -1) for symbol in block.names], np.intp)[block.place]
    bars = np.concatenate([gap.bars, np.full((*gap.bars.shape[:2], 1), np.nan)], axis=2)
    seen = np.zeros(bars.shape[1:], dtype=bool)
    seen[:, :-1] = gap.rows
    wanted = np.flatnonzero(seen.any(axis=1))
    for i, (prices, quarter) in enumerate(path(bars[:, wanted])):
        row = wanted[i // 4]
        values = np.where(seen[row], prices, np.nan)
        if kind in MOVES:
            before = row - INTERVALS[window] // step
            base = bars[3, before] if before >= 0 else np.nan
            values = 100 * (values / base - 1)
            values = np.abs(values) if kind == "move" else values
        opened = int(gap.opens[row])
        block.look(values[at], opened + quarter * step // 4, opened)


def path(bars: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """Yield the prices bars went through, and how many quarters of a bar had passed.

    `bars` is `(4, bars, coins)` of open, high, low and close, taken in the usual order: a rising
    bar went down first.
    """
    first, high, low, last = bars
    rose = last >= first
    for a, b, c, d, up in zip(first, high, low, last, rose, strict=True):
        yield a, 0
        yield np.where(up, c, b), 1
        yield np.where(up, b, c), 2
        yield d, 3
