"""The nodes that formulas share: what they cost, and their values over bars of many coins."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import numpy as np

import calc
from bot import INTERVALS

Array = np.ndarray
EQUAL = 1e-9
YEAR_MS = 365 * 86_400_000
SETTLE = 250
ALL = 10**9
# Past so many bars an average that remembers is quicker by its recursion than by its weights.
FEW_BARS = 8
WORKING_BYTES, SCRATCH = 24_000_000, 12
# Passes over the data: what most indicators take, and what some take for each bar of a window.
PASSES = 150
PASSES_PER_BAR = {
    "rolling_median": 50,
    "relative_volume": 50,
    "hourly_volume": 75,
    "rolling_rank": 3,
    "vol_rank": 3,
    "cci": 2,
    "alma": 1,
}
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
SORTED = ("+", "*", "==", "!=")
SETS = ("and", "or", "min", "max")
LEAVES = ("series", "coin", "out", "shift", "align")


class Item(NamedTuple):
    """A node: an operation on others, and the timeframe its bars are of, "" for the formula's own.

    `op` is num (value), series (its name), coin (coin, series), call (indicator, parameters), out
    (number of the call's output), shift (bars back), align (bars back, to the formula's own bars),
    or an operator of APPLY.
    """

    op: str
    args: tuple[int, ...]
    value: Any
    frame: str | None


def _divide(a: Any, b: Any) -> Any:
    return a / np.where(b == 0, np.nan, b)


def _log(x: Any) -> Any:
    return np.log(np.where(x > 0, x, np.nan))


def _gap(a: Any, b: Any) -> tuple[Any, Any]:
    return np.abs(a - b), EQUAL * np.maximum(np.abs(a), np.abs(b))


def _each(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda *parts: reduce(function, parts)


APPLY: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": _divide,
    "neg": np.negative,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": lambda a, b: np.less_equal(*_gap(a, b)),
    "!=": lambda a, b: np.greater(*_gap(a, b)),
    "and": _each(np.logical_and),
    "or": _each(np.logical_or),
    "min": _each(np.minimum),
    "max": _each(np.maximum),
    "abs": np.abs,
    "sign": np.sign,
    "sqrt": np.sqrt,
    "log": _log,
    "change": calc.change,
}


class Graph:
    """Hold every node once, however often it is added; what it is made of comes before it."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self._ids: dict[Item, int] = {}

    def add(self, op: str, *args: int, value: Any = None, frame: str | None = None) -> int:
        """Return the number of a node, equal ones under one number.

        Constants stand right of comparisons, and what may be swapped stands in order.
        """
        if op in FLIPPED and self._turned(op, args):
            op, args = FLIPPED[op], args[::-1]
        elif op in SORTED or op in SETS:
            args = tuple(sorted(args if op in SORTED else set(args)))
        if op in SETS and len(args) == 1:
            return args[0]
        if frame is None:
            known = (self.items[i].frame for i in args)
            frame = next((name for name in known if name is not None), None)
        item = Item(op, args, value, frame)
        if item not in self._ids:
            self._ids[item] = len(self.items)
            self.items.append(item)
        return self._ids[item]

    def merge(self, items: Iterable[Item]) -> list[int]:
        """Add the nodes of another graph; return their numbers here."""
        here: list[int] = []
        for op, args, value, frame in items:
            here.append(self.add(op, *(here[i] for i in args), value=value, frame=frame))
        return here

    def _turned(self, op: str, args: tuple[int, ...]) -> bool:
        left, right = (self.items[i].op == "num" for i in args)
        return left or (not right and op in ("<", "<="))


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
    def width(self) -> int:
        """Return how many coins there are, 0 where a series is `(bars,)`."""
        return self.bars.close.shape[1] if self.bars.close.ndim == 2 else 0


def reach(item: Item) -> tuple[int, bool]:
    """Return how many bars before the wanted ones a call looks at, and whether all of them."""
    name, params = item.value
    entry = calc.INDICATORS[name]
    return entry.reach(**dict(zip(entry.defaults, params, strict=False))), entry.endless


@lru_cache(maxsize=4096)
def warm_up(name: str, params: tuple[float, ...]) -> int:
    """Return how many bars an indicator has no value for. Raises ValueError for its parameters."""
    entry = calc.INDICATORS[name]
    given = dict(zip(entry.defaults, params, strict=False))
    if name == "hourly_volume":
        return int(given["n"] * given["period"])
    rows = entry.reach(**given)
    rng = np.random.default_rng(1)
    walk = 100 + np.cumsum(rng.uniform(-1, 1, rows)) / 9
    spread = rng.uniform(0.1, 1, (2, rows))
    series = {"high": walk + spread[0], "low": walk - spread[1], "volume": 9 * spread[0]}
    series |= {"time": np.arange(0.0, rows * 3_600_000, 3_600_000), "y": walk * spread[0]}
    found = entry.function(*(series.get(one, walk) for one in entry.inputs), **given)
    parts = found if isinstance(found, tuple) else (found,)
    return max(int(np.isfinite(part).argmax()) for part in parts)


def cost(item: Item) -> int:
    """Return about how many passes over the data a node takes."""
    if item.op != "call":
        return int(item.op not in ("num", "series"))
    name, params = item.value
    whole = sum(n for n in params if isinstance(n, int))
    return PASSES + PASSES_PER_BAR.get(name, 0) * whole


def below(items: Sequence[Item], root: int, ends: Container[str] = ()) -> list[int]:
    """Return a node and what it is made of, in an order to work them out in.

    What nodes of the operations `ends` are made of is left out.
    """
    found, waiting = {root}, [root]
    while waiting:
        item = items[waiting.pop()]
        fresh = () if item.op in ends else set(item.args) - found
        found.update(fresh)
        waiting.extend(fresh)
    return sorted(found)


def look_backs(items: Sequence[Item], root: int) -> dict[int, int]:
    """Return how many bars of each of its nodes the last value of a node wants.

    Averages that remember want the bars until their beginning no longer tells.
    """
    want = {root: 1}
    for i in reversed(below(items, root)):
        item = items[i]
        more = 0
        if item.op == "call":
            more, endless = warm_up(*item.value), reach(item)[1]
            more += max(SETTLE, 2 * reach(item)[0]) * endless
        elif item.op == "shift":
            more = item.value
        for arg in item.args:
            bars = 1 if item.op == "align" else want[i] + more
            want[arg] = max(want.get(arg, 0), bars)
    return want


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
        value, width = self._tail(root, self.bars), self.context.width
        self._release(root)
        shape = (self.bars, len(range(width)[self.columns])) if width else (self.bars,)
        return value if np.shape(value) == shape else np.broadcast_to(value, shape).copy()

    def _work(self, i: int) -> Any:
        item, rows = self.items[i], self.rows[i]
        if item.op == "num":
            return item.value
        if item.op in ("series", "coin"):
            return last(self._series(item), rows)
        if item.op == "align" and not self.parts[i]:
            return np.full((rows, 1) if self.context.width else rows, np.nan)
        parts = [self._tail(part, self._wanted(item, part, rows)) for part in item.args]
        if item.op == "call":
            return self._call(item, parts, rows)
        if item.op in ("out", "shift", "align"):
            return self._placed(item, parts[0], rows)
        return APPLY[item.op](*parts)

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
        return out[:, None] if self.context.width else out

    def _call(self, item: Item, parts: list[Array], rows: int) -> tuple[Array, ...]:
        """Return the outputs of an indicator."""
        name, params = item.value
        entry = calc.INDICATORS[name]
        given = dict(zip(entry.defaults, params, strict=False))
        if "bars_per_year" in entry.defaults:
            given["bars_per_year"] = YEAR_MS / self.context.step(item.frame or "")
        width = max([part.shape[1] for part in parts if part.ndim == 2], default=0)
        series = [np.broadcast_to(p, (len(p), width)) if p.ndim == 2 else p for p in parts]
        if (entry.endless and rows > FEW_BARS) or rows >= len(series[0]):
            found = entry.function(*series, **given)
        else:
            found = calc.last(name, *series, bars=rows, **given)
        return tuple(last(one, rows) for one in (found if isinstance(found, tuple) else (found,)))

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
    most = int(WORKING_BYTES / (8 * max(rows, 1) * (most_alive(items, run) + SCRATCH)))
    width = context.width
    if width <= max(most, 8):
        return run.results(roots, range(len(items)))
    blocks = []
    for start in range(0, width, max(most, 8)):
        run = Run(items, roots, context, bars)
        run.columns = slice(start, start + max(most, 8))
        blocks.append(run.results(roots, range(len(items))))
    return [np.concatenate(parts, axis=1) for parts in zip(*blocks, strict=True)]


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


class Shape(NamedTuple):
    """The steps from leaves and constants to a result; formulas that differ in these share it.

    A step is an operator and the slots it takes: leaves, then constants, then steps before it.
    """

    leaves: int
    constants: int
    steps: tuple[tuple[str, tuple[int, ...]], ...]

    def apply(self, slots: list[Any]) -> Any:
        """Return the result of leaves and constants."""
        for op, args in self.steps:
            slots.append(APPLY[op](*[slots[i] for i in args]))
        return slots[-1]


def outline(items: Sequence[Item], root: int) -> tuple[Shape, list[int], list[float]]:
    """Return the shape of a node over its leaves, the leaves, and the constants.

    What may be swapped is visited by its operation, so that fewer shapes differ.
    """
    leaves: dict[int, None] = {}
    constants: dict[int, None] = {}
    steps: dict[int, tuple[int, ...]] = {}

    def visit(i: int) -> None:
        item = items[i]
        if item.op == "num":
            constants[i] = None
        elif item.op in LEAVES:
            leaves[i] = None
        elif i not in steps:
            swapped = item.op in SETS or item.op in SORTED
            args = sorted(item.args, key=lambda arg: items[arg].op) if swapped else item.args
            for arg in args:
                visit(arg)
            steps[i] = tuple(args)

    visit(root)
    place = {i: slot for slot, i in enumerate([*leaves, *constants, *steps])}
    made = tuple((items[i].op, tuple(place[arg] for arg in args)) for i, args in steps.items())
    values = [items[i].value for i in constants]
    return Shape(len(leaves), len(constants), made), list(leaves), values
