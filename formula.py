"""Formulas such as `rsi(14) < 30 and close > sma(200)`: check, compile, and evaluate in bulk.

`compile(text)` gives a Formula. It is worked out over all bars (`history`), on the last one
(`last`), or thousands at a time (Bundle), everywhere with the same meaning: closed bars only, and
what is not known makes no condition true, not even behind `not`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

import graph
import history as past
from bot import INTERVALS
from evaluation import Array, Context, Ends, Run, history, newest
from graph import Graph, Item, Shape
from live import Live
from lowering import CROSSES, HERE, Lowering, Place, parts_of, placed_text, resolved
from shapes import Panel
from syntax import parse, pointing
from vocabulary import COMPARISONS, WORDS, FormulaError, Node, normal, usual

MOST_BARS, MOST_COST, MOST_COST_OF_USER, MOST_NAMED = 3000, 20_000, 200_000, 30
FETCHED = (500, 999)
CHUNK = 2**18


class Needs(NamedTuple):
    """What a formula is worked out on: how many bars of which timeframe, "" for its own.

    `coins` are other coins by (timeframe, coin). Averages that remember want more bars than their
    warm-up: with fewer their value still tells where they began.
    """

    bars: Mapping[str, int]
    coins: frozenset[tuple[str, str]]


class Condition(NamedTuple):
    """A comparison or crossing of a formula, its sides by their texts in `Formula.values`."""

    text: str
    left: str
    sign: str
    right: str


class Part(NamedTuple):
    """A part of a formula with its value on the last bar, and the parts it is made of."""

    text: str
    value: float | bool
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, eq=False)
class Formula:
    """A compiled formula: its normal text, its tree, its nodes and which of them it is.

    `cost` counts passes over the data: times bars times coins they take about a third of a
    nanosecond.
    """

    text: str
    tree: Node
    items: tuple[Item, ...]
    root: int
    cost: int

    @property
    def condition(self) -> bool:
        """Tell whether it is true or false rather than a number."""
        return self.tree.condition

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Return its comparisons and crossings, in their order."""
        return self._compared[0]

    @property
    def shown(self) -> tuple[str, ...]:
        """Return the texts of what it compares without the constants, itself if it is a number."""
        _, sides, items = self._compared
        return tuple(text for text, i in sides.items() if items[i].op != "num")

    @cached_property
    def needs(self) -> Needs:
        """Return what it is worked out on."""
        return Needs(_bars(self.items, self.root), frozenset(_coins(self.items)))

    @cached_property
    def _outline(self) -> tuple[Shape, list[float], Ends]:
        shape, leaves, constants = graph.outline(self.items, self.root)
        return shape, constants, Ends(self.items, leaves)

    @cached_property
    def _compared(self) -> tuple[tuple[Condition, ...], dict[str, int], list[Item]]:
        lowering = Lowering()
        conditions, sides = _conditions(self.tree, lowering)
        sides = sides or {self.text: lowering.lower(resolved(self.tree))}
        return conditions, sides, lowering.graph.items

    def history(self, context: Context, bars: int | None = None) -> Array:
        """Return the last bars, all where not told, `(bars,)` or `(bars, coins)`."""
        return _worked_out(self.items, [self.root], context, bars)[0]

    def last(self, context: Context, state: Any = None) -> Array:
        """Return the last bar of every coin, what `history` ends with but for rounding.

        What an incremental state from `begin` holds is taken from there.
        """
        shape, constants, leaves = self._outline
        if shape.quiet and state is not None and not leaves.others:
            return shape.apply([*leaves.values(context, state), *constants])
        with np.errstate(all="ignore"):
            return np.asarray(shape.apply([*leaves.values(context, state), *constants]))

    def begin(self, context: Context) -> Live | None:
        """Return the incremental state of what it looks at, None if that is all of other make."""
        return begun(self._outline[2], context)

    def values(self, context: Context) -> dict[str, Array]:
        """Return what the conditions compare on the last bar of every coin, by its text."""
        _, sides, items = self._compared
        found = _worked_out(items, list(sides.values()), context, 1)
        return {text: newest(one) for text, one in zip(sides, found, strict=True)}


def begun(leaves: Ends, context: Context) -> Live | None:
    """Return the incremental state of leaves, with the bars of a context behind it."""
    wants = leaves.wants(context.interval)
    if not wants:
        return None
    state = Live({want for want, _, _ in wants}, 1 + max(ago for _, _, ago in wants))
    state.load({name: getattr(context.bars, name) for name in state.inputs})
    return state


def compile(text: str, names: Mapping[str, str] | None = None) -> Formula:
    """Compile a formula; `names` are the user's own formulas by their names.

    Raises FormulaError, whose sentence shows the place of the mistake.
    """
    with pointing(text):
        tree = parse(text, names)
        if tree.fixed:
            raise FormulaError("Formülde bir seri yok.", "There is no series in the formula.")
        lowering = Lowering()
        root = lowering.lower(resolved(tree))
        items = tuple(lowering.graph.items)
        return Formula(normal(tree), tree, items, root, _affordable(items))


def _affordable(items: Iterable[Item]) -> int:
    """Return the cost of nodes. Raises FormulaError for too many bars or too high a cost."""
    bars = cost = 0
    for item in items:
        cost += graph.cost(item)
        if item.op == "call":
            bars += graph.warm_up(*item.value)
        elif item.op in ("shift", "align"):
            bars += item.value
    if bars > MOST_BARS:
        raise FormulaError(
            f"Pencereler toplam {bars} bar; en çok {MOST_BARS} olur.",
            f"The windows come to {bars} bars; {MOST_BARS} at most.",
        )
    if cost > MOST_COST:
        raise FormulaError(
            f"Çok ağır bir formül: {cost} adım, en çok {MOST_COST} olur.",
            f"Too heavy a formula: {cost} steps, {MOST_COST} at most.",
        )
    return cost


def check_named(name: str, text: str, mine: Mapping[str, str]) -> Formula:
    """Return a user's own formula that goes by its name beside the others. Raises FormulaError."""
    every = {**mine, name: text}
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,19}", name) or name in WORDS:
        raise FormulaError(
            "Ad 2–20 harf, rakam ya da _ olur ve başka bir anlamı olmaz.",
            "A name is 2–20 letters, digits or _ and means nothing else.",
        )
    if len(every) > MOST_NAMED:
        raise FormulaError(f"En çok {MOST_NAMED} formül.", f"At most {MOST_NAMED} formulas.")
    made, others = compile(text, every), list[Formula]()
    for other in mine:
        with suppress(FormulaError):
            others.append(compile(other, every))
    check_together([made, *others])
    return made


def check_together(formulas: Iterable[Formula]) -> None:
    """Raise FormulaError where one user's formulas together cost too much."""
    cost = sum(formula.cost for formula in formulas)
    if cost > MOST_COST_OF_USER:
        raise FormulaError(
            f"Formülleriniz birlikte çok ağır: {cost} adım, en çok {MOST_COST_OF_USER} olur.",
            f"Your formulas are too heavy together: {cost} steps, {MOST_COST_OF_USER} at most.",
        )


def read(words: Sequence[str], mine: Mapping[str, str]) -> tuple[Formula, tuple[str, ...]]:
    """Return the formula that words are, and a timeframe and a number that may stand behind it.

    Raises FormulaError.
    """
    errors = []
    for cut in range(len(words), max(0, len(words) - 3), -1):
        tail = tuple(words[cut:])
        kinds = {"tf" if word.lower() in INTERVALS else word.isdecimal() for word in tail}
        if False in kinds or len(kinds) < len(tail):
            break
        try:
            return compile(" ".join(words[:cut]), mine), tail
        except FormulaError as error:
            errors.append(error)
    raise max(errors, key=lambda error: error.position)


def candles(sources: Any, name: str, interval: str, start: int | None) -> Any:
    """Return the bars of a coin that a formula names, from `start` (ms). Raises UserError."""
    return past.candles(sources, sources.symbol(name), interval, start).data


def gather(
    sources: Any,
    needs: Needs,
    symbols: Iterable[str],
    interval: str,
    since: int | None = None,
    ask: Callable[..., Any] = candles,
) -> Context:
    """Fetch the closed bars that formulas are worked out on, the panel of `symbols` foremost.

    With `since` (ms) they go as far back as it takes to know the formulas from then on, where the
    market tells. `sources` is a sources.Sources. Raises UserError, also for a coin that nobody
    trades. `ask` fetches the bars of one that formulas name, as `candles` does.
    """
    names, wanted = tuple(symbols), {"": needs.bars[""]}
    for frame, bars in needs.bars.items():
        key = "" if frame == interval else frame
        wanted[key] = max(wanted.get(key, 0), bars)

    def start(frame: str) -> int | None:
        bars = wanted.get(frame, wanted[""])
        return since and since - bars * INTERVALS[frame or interval]

    def panel(frame: str) -> Panel:
        first = start(frame)
        if first is None:
            return sources.panel(names, frame or interval, FETCHED[wanted[frame] > FETCHED[0]])
        return past.panel(sources, names, frame or interval, first)

    panels = {frame: panel(frame) for frame in wanted}

    coins = {
        (frame, name): ask(sources, name, frame or interval, start(frame))
        for frame, name in needs.coins
    }
    return Context(panels.pop(""), interval, panels, coins)


def _bars(items: Sequence[Item], root: int) -> dict[str, int]:
    """Return how many bars of each timeframe a node wants."""
    bars = {"": 1}
    for i, count in graph.look_backs(items, root).items():
        frame = items[i].frame or ""
        bars[frame] = max(bars.get(frame, 0), count)
    return bars


def _coins(items: Iterable[Item]) -> Iterator[tuple[str, str]]:
    return ((item.frame or "", item.value[0]) for item in items if item.op == "coin")


def _worked_out(
    items: Sequence[Item], roots: list[int], context: Context, bars: int | None
) -> list[Array]:
    with np.errstate(all="ignore"):
        return history(items, roots, context, bars)


def _conditions(tree: Node, lowering: Lowering) -> tuple[tuple[Condition, ...], dict[str, int]]:
    """Return the conditions of a tree and the nodes of their sides by their texts."""
    found: list[Condition] = []
    sides: dict[str, int] = {}

    def visit(node: Node, place: Place) -> None:
        if node.op not in COMPARISONS and node.op not in CROSSES:
            for part, there in parts_of(node, place):
                visit(part, there)
            return
        texts = [placed_text(side, place) for side in resolved(node).args]
        for text, side in zip(texts, resolved(node).args, strict=True):
            sides[text] = lowering.lower(side, place)
        found.append(Condition(placed_text(node, place), texts[0], node.op, texts[1]))

    if tree.condition:
        visit(tree, HERE)
    return tuple(found), sides


def explain(formula: Formula, context: Context, column: int = 0) -> Part:
    """Return a formula as a tree with the values of one coin, by its column, on the last bar."""
    lowering = Lowering()
    texts: list[str] = []
    roots: list[int] = []

    def sketch(node: Node, place: Place) -> list[Any]:
        texts.append(placed_text(node, place))
        roots.append(lowering.lower(resolved(node), place))
        return [len(texts) - 1, [sketch(arg, inner) for arg, inner in _explained(node, place)]]

    def filled(i: int, inner: list[Any]) -> Part:
        return Part(texts[i], newest(values[i]).item(), tuple(filled(*one) for one in inner))

    plan = sketch(formula.tree, HERE)
    with np.errstate(all="ignore"):
        run = Run(lowering.graph.items, roots, context, 1)
        run.columns = slice(column, column + 1)
        values = run.results(roots, range(len(lowering.graph.items)))
    return filled(*plan)


def _explained(node: Node, place: Place) -> list[tuple[Node, Place]]:
    """Return the parts of a node worth telling: no constants, and no series it usually is of."""
    if node.op in ("tf", "shift"):
        ((inner, there),) = parts_of(node, place)
        return _explained(inner, there)
    own = usual(node.value[0]) if node.op == "call" else ()
    if node.op == "call" and node.args == own:
        return []
    parts = [(arg, there) for arg, there in parts_of(node, place) if not arg.fixed]
    if node.op == "call":
        return [(arg, Place(there.frame, 0, there.outer)) for arg, there in parts if arg not in own]
    before = place._replace(ago=place.ago + 1)
    return parts + [(arg, before) for arg, _ in parts] * (node.op in CROSSES)


class Bundle:
    """Hold many formulas over shared nodes, and test them all at once.

    Formulas that differ in series, windows and constants only are compared together, so that ten
    thousand cost some dozens of steps.
    """

    def __init__(self, formulas: Iterable[Formula] = ()) -> None:
        self.graph = Graph()
        self.roots: list[int] = []
        self.leaves: dict[int, int] = {}
        self._groups: dict[Shape, list[tuple[int, list[int], list[float]]]] = {}
        self._baked: list[tuple[Shape, Array, Array, Array]] | None = None
        self._ends: Ends | None = None
        for formula in formulas:
            self.add(formula)

    @property
    def items(self) -> list[Item]:
        """Return the shared nodes."""
        return self.graph.items

    @property
    def needs(self) -> Needs:
        """Return what all formulas together are worked out on."""
        bars: dict[str, int] = {}
        for root in set(self.roots):
            for frame, count in _bars(self.items, root).items():
                bars[frame] = max(bars.get(frame, 0), count)
        return Needs(bars, frozenset(_coins(self.items)))

    def add(self, formula: Formula) -> int:
        """Take in a formula, a condition; return its number. Raises ValueError."""
        if not formula.condition:
            raise ValueError(f"no condition: {formula.text}")
        root = self.graph.merge(formula.items)[formula.root]
        shape, leaves, constants = graph.outline(self.items, root)
        places = [self.leaves.setdefault(i, len(self.leaves)) for i in leaves]
        self._groups.setdefault(shape, []).append((len(self.roots), places, constants))
        self._baked = self._ends = None
        self.roots.append(root)
        return len(self.roots) - 1

    def history(self, context: Context, bars: int | None = None) -> Iterator[Array]:
        """Return each formula's last bars, all where not told, in their order.

        What several share is worked out once and forgotten after the last of them.
        """
        run = Run(self.items, self.roots, context, bars)
        for root in self.roots:
            with np.errstate(all="ignore"):
                (found,) = run.results([root], graph.below(self.items, root))
            yield found

    def begin(self, context: Context) -> Live | None:
        """Return the incremental state of what they look at, None if that is all of other make.

        It ends with the context's last bar; its `inputs` name the series of a bar to commit. A
        formula added later wants another.
        """
        return begun(self._leaves(), context)

    def values(self, context: Context, state: Any = None) -> Array:
        """Return what `test` compares, of the last bar: `(leaves, coins)`.

        What an incremental state from `begin`, or its open bar, holds is taken from there.
        """
        with np.errstate(all="ignore"):
            found = self._leaves().values(context, state)
        return np.array(found).reshape(len(found), -1)

    def _leaves(self) -> Ends:
        if self._ends is None:
            self._ends = Ends(self.items, list(self.leaves))
        return self._ends

    def last(self, context: Context, state: Any = None) -> Array:
        """Return every formula's result on the last bar of every coin, `(formulas, coins)`."""
        return self.test(self.values(context, state))

    def test(self, values: Array, columns: Array | None = None) -> Array:
        """Return every formula's result from its leaves: `(formulas, coins)`.

        Where `columns` tells which coin each formula is of, `(formulas,)`.
        """
        shape = values.shape[1:] if columns is None else ()
        out = np.zeros((len(self.roots), *shape), dtype=bool)
        step = max(1, CHUNK // (shape[0] or 1 if shape else 1))
        with np.errstate(all="ignore"):
            for outline, numbers, leaves, constants in self._bake():
                for start in range(0, len(numbers), step):
                    some = slice(start, start + step)
                    which = () if columns is None else (columns[numbers[some]],)
                    slots = [values[(leaf[some], *which)] for leaf in leaves]
                    slots += [one[some].reshape(-1, *(1 for _ in shape)) for one in constants]
                    out[numbers[some]] = outline.apply(slots)
        return out

    def _bake(self) -> list[tuple[Shape, Array, Array, Array]]:
        """Return the formulas of each shape: their numbers, leaves and constants by slot."""
        if self._baked is None:
            self._baked = [
                (
                    shape,
                    np.array([number for number, _, _ in group]),
                    np.array([leaves for _, leaves, _ in group], dtype=np.int64).T,
                    np.array([constants for _, _, constants in group], dtype=np.float64).T,
                )
                for shape, group in self._groups.items()
            ]
        return self._baked
