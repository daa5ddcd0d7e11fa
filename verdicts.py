"""Whether formulas are true and whether they are false, thousands at once, each of one coin.

A formula stands beside its negation, for what is not known is neither. Those that differ in
series, windows and constants only are compared in one step, and rows come and go in milliseconds.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from functools import lru_cache
from itertools import compress
from typing import Any, NamedTuple

import numpy as np

from evaluation import Context, Ends, history
from formula import Formula, Needs, begun, compile
from graph import APPLY, Graph, Item, Shape, below, outline
from live import Live
from vocabulary import FormulaError

Array = np.ndarray
MOST_COMPILED, MOST_HELD, WORTH = 20_000, 3_000_000, 1000


def _over(a: Any, b: Any) -> Any:
    return (a - b) / (np.abs(a) + np.abs(b))


def _under(a: Any, b: Any) -> Any:
    return _over(b, a)


def _apart(a: Any, b: Any) -> Any:
    return -np.abs(_over(a, b))


MARGINS: dict[Any, Any] = {
    np.less: _under,
    np.less_equal: _under,
    np.greater: _over,
    np.greater_equal: _over,
    APPLY["=="]: _apart,
    APPLY["!="]: lambda a, b: -_apart(a, b),
    np.logical_and: np.minimum,
    np.logical_or: np.maximum,
}


@lru_cache(MOST_COMPILED)
def both(text: str) -> tuple[Formula, Formula]:
    """Return the formula of a text in normal form and its negation. Raises FormulaError."""
    return compile(text), compile(f"not ({text})")


def understood(text: str) -> bool:
    """Tell whether a formula's text is one."""
    try:
        both(text)
    except FormulaError:
        return False
    return True


class Pattern(NamedTuple):
    """The steps to a formula and to its negation, and which of the slots each of them takes."""

    holds: Shape
    clear: Shape
    slots: tuple[int, ...]
    negated: tuple[int, ...]


class Entry(NamedTuple):
    """A formula as a row of its pattern: its leaves, its constants, what it is worked out on.

    `others` are the timeframes and coins it names beside its own, as words: ` @4h BTC@ ETH@1d`.
    """

    pattern: Pattern
    leaves: tuple[int, ...]
    constants: tuple[float, ...]
    needs: tuple[frozenset[tuple[str, int]], frozenset[tuple[str, str]]]
    others: str


class Group:
    """The rows of one pattern, their leaves and constants by slot."""

    def __init__(self) -> None:
        self.rows = np.empty(0, np.intp)
        self.leaves: Array = np.empty((0, 0), np.intp)
        self.constants: Array = np.empty((0, 0))
        self._more: list[tuple[int, Entry]] = []

    def add(self, row: int, entry: Entry) -> None:
        """Take in a row."""
        self._more.append((row, entry))

    def bake(self) -> None:
        """Let the rows taken in last stand beside the others."""
        if not self._more:
            return
        rows = np.array([row for row, _ in self._more], np.intp)
        leaves = np.array([one.leaves for _, one in self._more], np.intp).T
        constants = np.array([one.constants for _, one in self._more], np.float64).T
        old, self._more = len(self.rows), []
        self.rows = np.concatenate([self.rows, rows])
        self.leaves = np.concatenate([self.leaves, leaves], axis=1) if old else leaves
        self.constants = np.concatenate([self.constants, constants], axis=1) if old else constants

    def keep(self, kept: Array, renumbered: Array) -> None:
        """Forget rows, and number the others anew."""
        self.bake()
        here = kept[self.rows]
        if not here.all():
            self.leaves, self.constants = self.leaves[:, here], self.constants[:, here]
        self.rows = renumbered[self.rows[here]]


class Verdicts:
    """Hold the formulas of rows, and tell of each whether it is true and whether it is false."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.leaves: Counter[int] = Counter()
        self._groups: dict[Pattern, Group] = {}
        self._entries: list[Entry] = []
        self._needs: Counter[Any] = Counter()
        self._known: dict[str, Entry] = {}
        self._indexed: tuple[tuple[int, ...], int, Array] | None = None
        self._index, self._order = np.empty(0, np.intp), np.empty(0, np.intp)
        self._quiet = True

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def needs(self) -> Needs:
        """Return what the formulas together are worked out on."""
        bars: dict[str, int] = {}
        for every, _ in self._needs:
            for frame, count in every:
                bars[frame] = max(bars.get(frame, 0), count)
        return Needs(bars, frozenset().union(*(coins for _, coins in self._needs)))

    @property
    def others(self) -> list[str]:
        """Return the timeframes and coins that each row names beside its own, as words."""
        return [entry.others for entry in self._entries]

    def add(self, text: str) -> None:
        """Take in the formula of one more row. Raises FormulaError."""
        entry = self._entry(text)
        self._groups.setdefault(entry.pattern, Group()).add(len(self._entries), entry)
        self._entries.append(entry)
        self.leaves.update(entry.leaves)
        self._needs[entry.needs] += 1
        self._indexed = None

    def keep(self, kept: Array) -> None:
        """Forget the rows that are not kept, `(rows,)` of truths."""
        renumbered = np.cumsum(kept) - 1
        for i in np.flatnonzero(~kept):
            entry = self._entries[i]
            self.leaves.subtract(entry.leaves)
            self._needs[entry.needs] -= 1
        self._entries = list(compress(self._entries, kept))
        self.leaves, self._needs = +self.leaves, +self._needs
        for group in self._groups.values():
            group.keep(kept, renumbered)
        self._groups = {pattern: one for pattern, one in self._groups.items() if len(one.rows)}
        self._known, self._indexed = {}, None

    def tell(self, leaves: Sequence[int], values: Array, columns: Array) -> tuple[Array, Array]:
        """Return of each row whether it is true and whether it is false, `(rows,)` each.

        `values` are those of leaves, `(leaves, coins)`, `columns` the coin of each row.
        """
        told = np.empty((2, len(self._entries)), dtype=bool)
        self._place(tuple(leaves), values.shape[-1], columns)
        with nullcontext() if self._quiet else np.errstate(all="ignore"):
            for pattern, rows, slots in self._slots(values):
                told[0, rows] = pattern.holds.apply([slots[i] for i in pattern.slots])
                told[1, rows] = pattern.clear.apply([slots[i] for i in pattern.negated])
        return told[0].take(self._order), told[1].take(self._order)

    def margins(self, leaves: Sequence[int], values: Array, columns: Array) -> Array:
        """Return how far each row is beyond its line, relative to it, negative before it."""
        out = np.empty(len(self._entries))
        self._place(tuple(leaves), values.shape[-1], columns)
        with np.errstate(all="ignore"):
            for pattern, rows, slots in self._slots(values):
                steps = [(MARGINS.get(f, f), args) for f, args in pattern.holds.steps]
                shape = pattern.holds._replace(steps=tuple(steps))
                out[rows] = shape.apply([slots[i] for i in pattern.slots])
        return out.take(self._order)

    def _slots(self, values: Array) -> Iterator[tuple[Pattern, slice, list[Array]]]:
        """Yield what each pattern's rows are worked out on, and where they stand in `_order`."""
        found, taken, row = values.ravel().take(self._index), 0, 0
        for pattern, group in self._groups.items():
            count, rows = group.leaves.size, len(group.rows)
            here = found[taken : taken + count].reshape(-1, rows)
            yield pattern, slice(row, row + rows), [*here, *group.constants]
            taken, row = taken + count, row + rows

    def _place(self, leaves: tuple[int, ...], coins: int, columns: Array) -> None:
        """Note where in the values every group's leaves stand, worked out once for as long."""
        known = self._indexed
        if known and known[:2] == (leaves, coins) and known[2] is columns:
            return
        place = np.empty(len(self.graph.items), dtype=np.intp)
        place[list(leaves)] = np.arange(len(leaves))
        for group in self._groups.values():
            group.bake()
        every = list(self._groups.values())
        at = [(place[one.leaves] * coins + columns[one.rows]).ravel() for one in every]
        self._index = np.concatenate([np.empty(0, np.intp), *at])
        self._order = np.argsort(
            np.concatenate([np.empty(0, np.intp), *(one.rows for one in every)])
        )
        self._quiet = all(one.holds.quiet and one.clear.quiet for one in self._groups)
        self._indexed = leaves, coins, columns

    def _entry(self, text: str) -> Entry:
        if text not in self._known:
            yes, no = both(text)
            holds, leaves, constants = self._outline(yes)
            clear, others, numbers = self._outline(no)
            every = tuple(dict.fromkeys([*leaves, *others]))
            fixed = tuple(dict.fromkeys([*constants, *numbers]))
            slots = [every.index(i) for i in leaves]
            slots += [len(every) + fixed.index(x) for x in constants]
            negated = [every.index(i) for i in others]
            negated += [len(every) + fixed.index(x) for x in numbers]
            pattern = Pattern(holds, clear, tuple(slots), tuple(negated))
            needs = frozenset(yes.needs.bars.items()), yes.needs.coins
            named = [("", frame) for frame in yes.needs.bars if frame]
            named += [(coin, frame) for frame, coin in yes.needs.coins]
            others = "".join(f" {coin}@{frame}" for coin, frame in sorted(named))
            self._known[text] = Entry(pattern, every, fixed, needs, others)
        return self._known[text]

    def _outline(self, formula: Formula) -> tuple[Shape, list[int], list[float]]:
        shape, leaves, constants = outline(formula.items, formula.root)
        return shape, [self._merged(formula.items, leaf) for leaf in leaves], constants

    def _merged(self, items: Sequence[Item], leaf: int) -> int:
        """Return the number here of a leaf of another graph."""
        here: dict[int, int] = {}
        for i in below(items, leaf):
            op, args, value, frame = items[i]
            here[i] = self.graph.add(op, *(here[arg] for arg in args), value=value, frame=frame)
        return here[leaf]


class Readings:
    """The values of leaves over a panel: a closed bar is carried on from the one before.

    What is not followed, or not as it was followed, is worked out from all bars.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items
        self._followed: frozenset[int] = frozenset()
        self._symbols: tuple[str, ...] = ()
        self._ends: tuple[tuple[int, ...], Ends] | None = None
        self._state: Live | None = None
        self._time = 0.0
        self._tail: dict[str, bytes] = {}

    def last(self, leaves: tuple[int, ...], context: Context, symbols: tuple[str, ...]) -> Array:
        """Return the leaves on the last bar, `(leaves, coins)`."""
        ends = self._leaves(leaves)
        state = self._state if self._carried(leaves, context, symbols) else None
        # What cannot warn is not asked to be silent: after other work that costs as much as a step.
        with nullcontext() if state and not ends.others else np.errstate(all="ignore"):
            found = ends.values(context, state)
        return np.asarray(found).reshape(len(leaves), -1)

    def follow(self, leaves: tuple[int, ...], context: Context, symbols: tuple[str, ...]) -> None:
        """Be ready to carry on from a context's last bar, where that is worth its while."""
        if len(leaves) * len(symbols) < WORTH:
            self._state = None
        elif not self._carried(leaves, context, symbols):
            self._state = begun(self._leaves(leaves), context)
            self._followed, self._symbols = frozenset(leaves), symbols
            self._note(context)

    def before(self, leaves: tuple[int, ...], context: Context, bars: int) -> Iterator[Array]:
        """Yield the leaves on the last bars, one after the other, as `last` has them."""
        coins = context.shape[0]
        most = max(1, MOST_HELD // (1 + len(leaves) * coins))
        for left in range(bars, 0, -most):
            some = min(most, left)
            bars_then = Until(context.bars, left - some)
            then = Context(bars_then, context.interval, context.others, context.coins)
            with np.errstate(all="ignore"):
                found = history(self._items, leaves, then, some)
            for i in range(some):
                yield np.array([one[i] for one in found])

    def _leaves(self, leaves: tuple[int, ...]) -> Ends:
        if self._ends is None or self._ends[0] != leaves:
            self._ends = leaves, Ends(self._items, leaves)
        return self._ends[1]

    def _carried(self, leaves: tuple[int, ...], context: Context, symbols: tuple[str, ...]) -> bool:
        """Tell whether the state is that of a context's last bar, after a step if it takes one."""
        time, state = context.bars.time, self._state
        if state is None or self._symbols != symbols or not self._followed.issuperset(leaves):
            return False
        ago = next((n for n in (1, 2) if n <= len(time) and time[-n] == self._time), 0)
        if not ago or not self._seen(context, ago):
            return False
        if ago == 2:
            state.commit({name: getattr(context.bars, name)[-1] for name in state.inputs})
            self._note(context)
        return True

    def _seen(self, context: Context, ago: int) -> bool:
        """Tell whether a bar is the one taken in last, for a late coin changes it."""
        bars = context.bars
        return all(getattr(bars, name)[-ago].tobytes() == row for name, row in self._tail.items())

    def _note(self, context: Context) -> None:
        names = self._state.inputs if self._state else ()
        self._time = float(context.bars.time[-1])
        self._tail = {name: getattr(context.bars, name)[-1].tobytes() for name in names}


class Until:
    """Bars without the last few."""

    def __init__(self, bars: Any, without: int) -> None:
        self._bars, self._end = bars, len(bars.time) - without

    def __getattr__(self, name: str) -> Array:
        series: Array = getattr(self._bars, name)
        return series[: self._end]
