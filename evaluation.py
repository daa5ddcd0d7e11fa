"""The values of formulas' nodes over closed bars of one or many coins, and on the last bar."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np

import calc
from bot import INTERVALS
from graph import APPLY, LEAVES, Item, reach
from live import Asked, Want

Array = np.ndarray
YEAR_MS = 365 * 86_400_000
BARS_PER_YEAR = "bars_per_year"
ALL, MOST_AGO = 10**9, 15
# Past so many bars an average that remembers is quicker by its recursion than by its weights.
FEW_BARS = 8
WORKING_BYTES, SCRATCH, HEAVY = 24_000_000, 12, "hourly_volume"


@dataclass(frozen=True, eq=False)
class Context:
    """What formulas are worked out on: closed bars, oldest first, of one or many coins.

    Bars have `time` (opening, ms) and the series as `(bars,)` (shapes.Candles) or `(bars, symbols)`
    (shapes.Panel). `others` holds the same coins' bars by timeframe, `coins` the candles of single
    coins by (timeframe, coin), "" for the timeframe of `bars`. What is not there is unknown.
    """

    bars: Any
    interval: str
    others: Mapping[str, Any] = field(default_factory=dict)
    coins: Mapping[tuple[str, str], Any] = field(default_factory=dict)

    def frame(self, name: str) -> Any:
        """Return the bars of a timeframe, None where they are not there."""
        return self.bars if name in ("", self.interval) else self.others.get(name)

    def step(self, name: str) -> int:
        """Return how long a timeframe's bar lasts in ms."""
        return INTERVALS[name or self.interval]

    @property
    def shape(self) -> tuple[int, ...]:
        """Return `(coins,)`, or () where a series is `(bars,)`."""
        return tuple(self.bars.close.shape[1:])


class Run:
    """Work out nodes on one context, each once, and forget what nobody wants any more."""

    def __init__(
        self,
        items: Sequence[Item],
        roots: Iterable[int],
        context: Context,
        bars: int | None = None,
    ) -> None:
        self.items, self.context, self.columns = items, context, slice(None)
        self.maps: dict[str, Array] = {}
        self.rows: dict[int, int] = {}
        self.parts: dict[int, tuple[int, ...]] = {}
        self.values: dict[int, Any] = {}
        self.uses = Counter(roots)
        self.bars = min(bars or ALL, len(context.bars.time))
        for root in self.uses:
            self._want(root, self.bars)
        for i in range(max(self.uses, default=-1), -1, -1):
            if i in self.rows:
                self._demand(i)

    def _demand(self, i: int) -> None:
        """Note how many of the last rows of its parts a node wants."""
        item = self.items[i]
        source = self.context.frame(self.items[item.args[0]].frame or "") if item.args else None
        lost = item.op == "align" and (source is None or not len(source.time))
        self.parts[i] = () if lost else tuple(dict.fromkeys(item.args))
        for part in self.parts[i]:
            self.uses[part] += 1
            self._want(part, self._wanted(item, part, self.rows[i]))

    def _want(self, i: int, bars: int) -> None:
        have = len(self._bars(i).time)
        self.rows[i] = max(self.rows.get(i, 0), min(bars, have))

    def _bars(self, i: int) -> Any:
        return self.context.frame(self.items[i].frame or "")

    def _wanted(self, item: Item, part: int, rows: int) -> int:
        """Return how many rows of a part so many rows of a node take."""
        if item.op == "call":
            before, endless = reach(item)
            return ALL if endless else rows + before
        if item.op == "align":
            place = self._map(self.items[part].frame or "")
            known = place[max(0, len(place) - rows - item.value) :]
            known = known[known >= 0]
            return len(self._bars(part).time) - int(known[0]) if len(known) else 1
        return rows + (item.value if item.op == "shift" else 0)

    def _map(self, frame: str) -> Array:
        """Return which bar of a timeframe was the last to close at each bar's close, else −1.

        A bar that closed longer ago than it lasted is not the last one: that one is missing.
        """
        if frame not in self.maps:
            step = self.context.step(frame)
            closes = self.context.frame(frame).time + step
            now = self.context.bars.time + self.context.step("")
            place = np.searchsorted(closes, now, side="right") - 1
            self.maps[frame] = np.where(now - closes[place] < step, place, -1)
        return self.maps[frame]

    def results(self, roots: Iterable[int], order: Iterable[int]) -> list[Array]:
        """Return the wanted rows of roots; `order` are the nodes they are made of, rising."""
        for i in order:
            if i in self.parts:
                self.values[i] = self._work(i)
                for part in self.parts.pop(i):
                    self._release(part)
        return [self._whole(root) for root in roots]

    def _release(self, i: int) -> None:
        self.uses[i] -= 1
        if not self.uses[i]:
            del self.values[i]

    def _whole(self, root: int) -> Array:
        """Return a root's rows for every coin."""
        value = self._tail(root, self.bars)
        self._release(root)
        shape = (self.bars, *(len(range(n)[self.columns]) for n in self.context.shape))
        return value if np.shape(value) == shape else np.broadcast_to(value, shape).copy()

    def _work(self, i: int) -> Any:
        item, rows = self.items[i], self.rows[i]
        if item.op == "num":
            return item.value
        if item.op in ("series", "coin"):
            return last(self._series(item), rows)
        if item.op == "align" and not self.parts[i]:
            return np.full((rows, *(1 for _ in self.context.shape)), np.nan)
        parts = [self._tail(part, self._wanted(item, part, rows)) for part in item.args]
        if item.op == "call":
            return self._call(item, parts, rows)
        if item.op in ("out", "shift", "align"):
            return self._placed(item, parts[0], rows)
        function = APPLY[item.op]
        return reduce(function, parts) if len(parts) > 2 else function(*parts)

    def _tail(self, part: int, rows: int) -> Any:
        """Return the last rows of a node's value."""
        value = self.values[part]
        if isinstance(value, float):
            return value
        if isinstance(value, tuple):
            return tuple(last(one, rows) for one in value)
        return last(value, rows)

    def _series(self, item: Item) -> Array:
        """Return a whole series, another coin's where this one has bars."""
        bars = self.context.frame(item.frame or "")
        if item.op == "series":
            x = getattr(bars, item.value)
            return x[:, self.columns] if x.ndim == 2 else x
        coin, name = item.value
        candles = self.context.coins.get((item.frame or "", coin))
        out = np.full(len(bars.time), np.nan)
        if candles is not None and len(candles.time):
            place = np.minimum(np.searchsorted(candles.time, bars.time), len(candles.time) - 1)
            there = candles.time[place] == bars.time
            out[there] = getattr(candles, name)[place[there]]
        return out[:, None] if self.context.shape else out

    def _call(self, item: Item, parts: list[Array], rows: int) -> tuple[Array, ...]:
        """Return the outputs of an indicator."""
        width = max([part.shape[1] for part in parts if part.ndim == 2], default=0)
        series = [np.broadcast_to(p, (len(p), width)) if p.ndim == 2 else p for p in parts]
        return ends(item, series, rows, self.context)

    def _placed(self, item: Item, x: Any, rows: int) -> Array:
        """Return one output of a call, or a series further back or at other bars."""
        if item.op == "out":
            return x[item.value]
        if item.op == "align":
            frame = self.items[item.args[0]].frame or ""
            place = self._map(frame)[-rows - item.value :]
            at = place - (len(self.context.frame(frame).time) - len(x))
            unknown = (place < 0) | (at < 0)
            x = x[np.maximum(at, 0)]
            x[unknown] = np.nan
        return padded(x[: max(0, len(x) - item.value)], rows)


def ends(item: Item, series: Sequence[Array], rows: int, context: Context) -> tuple[Array, ...]:
    """Return the last rows of every output of an indicator."""
    name, params = item.value
    entry = calc.INDICATORS[name]
    given = dict(zip(entry.defaults, params, strict=False))
    if BARS_PER_YEAR in entry.defaults:
        given[BARS_PER_YEAR] = YEAR_MS / context.step(item.frame or "")
    if (entry.endless and rows > FEW_BARS) or rows >= len(series[0]):
        found = entry.function(*series, **given)
    else:
        found = calc.last(name, *series, bars=rows, **given)
    return tuple(last(one, rows) for one in (found if isinstance(found, tuple) else (found,)))


class Ends:
    """Give the last bar of leaves, quickly where they are indicators of plain series."""

    def __init__(self, items: Sequence[Item], leaves: Sequence[int]) -> None:
        self.items, self.leaves = items, leaves
        self.bars: dict[int, int] = {}
        self.places = [self._place(leaf) for leaf in leaves]
        self.plain = [place for place in self.places if place]
        self.others = [leaf for leaf, place in zip(leaves, self.places, strict=True) if not place]
        self._wants: dict[str, list[Asked]] = {}

    def _place(self, leaf: int) -> tuple[int, int, int] | None:
        """Return a series or a call, its output and bars back; None for a leaf of other make."""
        item, ago, output = self.items[leaf], 0, 0
        if item.op == "shift":
            (leaf,), ago = item.args, item.value
            item = self.items[leaf]
        if item.op == "out":
            (leaf,), output = item.args, item.value
            item = self.items[leaf]
        plain = item.op == "series" or all(self.items[arg].op == "series" for arg in item.args)
        if item.frame != "" or item.op not in ("series", "call") or not plain or ago > MOST_AGO:
            return None
        self.bars[leaf] = max(self.bars.get(leaf, 0), ago + 1)
        return leaf, output, ago

    def wants(self, interval: str) -> list[Asked]:
        """Return the plain leaves as live.Live knows them: the want, its output, bars back."""
        if interval not in self._wants:
            self._wants[interval] = [
                (self._want(leaf, interval), output, ago) for leaf, output, ago in self.plain
            ]
        return self._wants[interval]

    def _want(self, leaf: int, interval: str) -> Want:
        op, args, value, _ = self.items[leaf]
        if op == "series":
            return "sma", (1,), (value,)
        name, params = value
        yearly = (
            (YEAR_MS / INTERVALS[interval],)
            if BARS_PER_YEAR in calc.INDICATORS[name].defaults
            else ()
        )
        return name, params + yearly, tuple(self.items[arg].value for arg in args)

    def values(self, context: Context, state: Any = None) -> Sequence[Array]:
        """Return the last bar of each leaf, `(coins,)` or a number.

        The plain ones are those of `state`, a live.Live or its open bar, where it is given.
        """
        if state is None:
            known = self._known(context)
        else:
            known = state.several(self.wants(context.interval))
        if not self.others:
            return known
        others = iter(history(self.items, self.others, context, 1))
        place = iter(known)
        return [next(place) if one else newest(next(others)) for one in self.places]

    def _known(self, context: Context) -> list[Array]:
        rows, calls = len(context.bars.time), [self.items[i] for i in self.bars]
        blocks = some_coins(context.shape, rows * scratch(calls))
        parts = [self._block(context, block) for block in blocks]
        return parts[0] if len(parts) == 1 else list(map(np.concatenate, zip(*parts, strict=True)))

    def _block(self, context: Context, columns: slice) -> list[Array]:
        """Return the plain leaves of some coins."""
        made: dict[int, tuple[Array, ...]] = {}
        for i, bars in self.bars.items():
            item = self.items[i]
            names = [self.items[arg].value for arg in item.args] or [item.value]
            series = [getattr(context.bars, name) for name in names]
            series = [x[:, columns] if x.ndim == 2 else x for x in series]
            whole = item.op == "series"
            made[i] = (series[0],) if whole else ends(item, series, bars, context)
        return [self._taken(made[i][output], ago) for i, output, ago in self.plain]

    def _taken(self, x: Array, ago: int) -> Array:
        return x[-1 - ago] if ago < len(x) else np.full(x.shape[1:], np.nan)


def newest(x: Array) -> Array:
    """Return the last bar, unknown where there is none."""
    return x[-1] if len(x) else np.full(x.shape[1:], False if x.dtype == bool else np.nan)


def last(x: Array, rows: int) -> Array:
    """Return the last rows, none for 0."""
    return x[max(0, len(x) - rows) :]


def padded(x: Array, rows: int) -> Array:
    """Return x at the end of so many rows, unknown before, or its last rows."""
    if len(x) >= rows:
        return last(x, rows)
    out = np.full((rows, *x.shape[1:]), np.nan)
    out[rows - len(x) :] = x
    return out


def history(
    items: Sequence[Item], roots: Sequence[int], context: Context, bars: int | None = None
) -> list[Array]:
    """Return the last bars of nodes, all where not told, a few coins at a time where many."""
    run = Run(items, roots, context, bars)
    rows = max((run.rows[i] for i in run.rows if items[i].op not in LEAVES[:2]), default=0)
    held = most_alive(items, run) + scratch(items)
    blocks = some_coins(context.shape, rows * held)
    parts = []
    for block in blocks:
        run = Run(items, roots, context, bars)
        run.columns = block
        parts.append(run.results(roots, range(len(items))))
    if len(parts) == 1:
        return parts[0]
    return [np.concatenate(several, axis=1) for several in zip(*parts, strict=True)]


def some_coins(shape: tuple[int, ...], held: int) -> list[slice]:
    """Return blocks of coins of which so many values each fit into the working memory."""
    most = max(4, int(WORKING_BYTES / (8 * max(held, 1))))
    starts = range(0, shape[0], most) if shape else range(0)
    return [slice(start, start + most) for start in starts] or [slice(None)]


def scratch(items: Sequence[Item]) -> int:
    """Return how many arrays the heaviest indicator makes for itself, about."""
    calls = [item.value for item in items if item.op == "call"]
    heavy = [3 * params[0] for name, params in calls if name == HEAVY]
    return max([SCRATCH, *heavy])


def most_alive(items: Sequence[Item], run: Run) -> int:
    """Return how many arrays are held at once at most."""
    uses, alive, most = Counter(run.uses), 0, 0
    for i, parts in sorted(run.parts.items()):
        alive += items[i].op not in ("num", "series", "out")
        most = max(most, alive)
        for part in parts:
            uses[part] -= 1
            alive -= not uses[part] and items[part].op not in ("num", "series", "out")
    return most
