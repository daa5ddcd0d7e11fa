"""The nodes that formulas share: what they are, what they cost, how far they look back."""

from collections.abc import Callable, Container, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

import calc

Array = np.ndarray
EQUAL = 1e-9
SETTLE = 250
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
QUIET = ("<", "<=", ">", ">=", "and", "or")
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


Function = Callable[..., Any]
APPLY: dict[str, Function] = {
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
    "and": np.logical_and,
    "or": np.logical_or,
    "min": np.minimum,
    "max": np.maximum,
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


class Shape(NamedTuple):
    """The steps from leaves and constants to a result; formulas that differ in these share it.

    A step is a function and the slots it takes: leaves, then constants, then steps before it.
    `quiet` says that none of them can warn.
    """

    leaves: int
    constants: int
    quiet: bool
    steps: tuple[tuple[Function, tuple[int, ...]], ...]

    def apply(self, slots: list[Any]) -> Any:
        """Return the result of leaves and constants."""
        slot = slots.__getitem__
        for function, args in self.steps:
            slots.append(function(*map(slot, args)))
        return slots[-1]


def outline(items: Sequence[Item], root: int) -> tuple[Shape, list[int], list[float]]:
    """Return the shape of a node over its leaves, the leaves, and the constants.

    What may be swapped is visited by its operation, so that fewer shapes differ.
    """
    leaves: dict[int, None] = {}
    constants: dict[int, None] = {}
    steps: dict[int, tuple[Function, tuple[int, ...]]] = {}

    def visit(i: int) -> None:
        item = items[i]
        if item.op == "num":
            constants[i] = None
        elif item.op in LEAVES:
            leaves[i] = None
        elif i not in steps:
            op, args = item.op, item.args
            if op in SETS or op in SORTED:
                args = tuple(sorted(args, key=lambda arg: items[arg].op))
            elif op in (">", ">=") and items[args[1]].op != "num":
                op, args = FLIPPED[op], args[::-1]
            for arg in args:
                visit(arg)
            steps[i] = APPLY[op], args

    visit(root)
    place = {i: slot for slot, i in enumerate([*leaves, *constants])}
    start, made = len(place), list[tuple[Function, tuple[int, ...]]]()
    for i, (function, args) in steps.items():
        slots = [place[arg] for arg in args]
        made.append((function, tuple(slots[:2])))
        for more in slots[2:]:
            made.append((function, (start + len(made) - 1, more)))
        place[i] = start + len(made) - 1
    quiet = all(items[i].op in QUIET for i in steps)
    values = [items[i].value for i in constants]
    return Shape(len(leaves), len(constants), quiet, tuple(made)), list(leaves), values
