"""From the tree of a formula to shared nodes: no `not`, no percentages, shifts at the series."""

from collections.abc import Sequence
from typing import NamedTuple

import graph
from graph import Graph
from vocabulary import MIXED, FormulaError, Node, normal

OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
OPPOSITE |= {"and": "or", "or": "and"}
CROSSINGS = {"crossover": (">", "<="), "crossunder": ("<", ">=")}
CROSSES = (*CROSSINGS, "cross")
# What is told in percent or on a scale of 0–100: beside it 30% is 30, else 0.3.
PERCENTS = frozenset(
    (
        *("rsi", "stoch_rsi", "stochastic", "williams_r", "cmo", "tsi", "ppo", "roc", "trix"),
        *("natr", "bandwidth", "adx", "dx", "adxr", "aroon", "chop", "ultimate", "mfi"),
        *("buy_share", "rolling_rank", "ema_distance", "realised_vol", "parkinson", "ulcer"),
        *("garman_klass", "rogers_satchell", "yang_zhang", "vol_rank", "drawdown"),
        *("roll_spread", "corwin_schultz", "relative_strength"),
    )
)
# What keeps the unit of the series it is of.
UNCHANGED = frozenset(
    (
        *("sma", "ema", "rma", "dema", "tema", "wma", "hma", "vwma", "alma", "kama", "mom"),
        *("bollinger", "rolling_max", "rolling_min", "rolling_sum", "rolling_std"),
        *("rolling_median", "linreg", "linreg_slope", "linreg_channel"),
    )
)


class Place(NamedTuple):
    """Where a node is looked at: a timeframe and how many of its bars back.

    `outer` is how many bars back of the formula's own it is aligned to, None where it is not.
    """

    frame: str = ""
    ago: int = 0
    outer: int | None = None


HERE = Place()


class Lowering:
    """Turn a tree into shared nodes, with shifts and timeframes moved down to the series.

    `not` is moved down too and gone, so that what is unknown stays unknown under it.
    """

    def __init__(self) -> None:
        self.graph = Graph()

    def lower(self, node: Node, place: Place = HERE, true: bool = True) -> int:
        """Return the number of a node, or of its contrary. Raises FormulaError."""
        op, args = node.op, node.args
        if op in ("not", "shift", "tf"):
            ((inner, there),) = parts_of(node, place)
            return self.lower(inner, there, true != (op == "not"))
        if op in CROSSES:
            return self.crossing(op, args, place, true)
        if op in ("series", "coin", "call"):
            return self.leaf(node, place)
        if op == "num":
            return self.graph.add("num", value=float(node.value))
        if op == "change":
            args = (args[0], Node("shift", args, node.value))
        op = op if true else OPPOSITE.get(op, op)
        return self.graph.add(op, *(self.lower(arg, place, true) for arg in args))

    def crossing(self, op: str, args: Sequence[Node], place: Place, true: bool) -> int:
        """Return a crossing: on one side now, not on it a bar before."""
        if op == "cross":
            both = (self.crossing(one, args, place, true) for one in CROSSINGS)
            return self.graph.add("or" if true else "and", *both)
        signs = CROSSINGS[op] if true else tuple(OPPOSITE[sign] for sign in CROSSINGS[op])
        before = place._replace(ago=place.ago + 1)
        parts = [
            self.graph.add(sign, *(self.lower(arg, at) for arg in args))
            for sign, at in zip(signs, (place, before), strict=True)
        ]
        return self.graph.add("and" if true else "or", *parts)

    def leaf(self, node: Node, place: Place) -> int:
        """Return a series or an indicator at its place."""
        if node.op == "series" and node.value in MIXED:
            parts = [Node("series", (), name) for name in MIXED[node.value]]
            total = self.lower(parts[0], place)
            for part in parts[1:]:
                total = self.graph.add("+", total, self.lower(part, place))
            return self.graph.add("/", total, self.graph.add("num", value=float(len(parts))))
        if node.op == "call":
            i = self.call(node, place.frame)
        else:
            i = self.graph.add(node.op, value=node.value, frame=place.frame)
        if place.ago:
            i = self.graph.add("shift", i, value=place.ago)
        if place.outer is None:
            return i
        return self.graph.add("align", i, value=place.outer, frame="")

    def call(self, node: Node, frame: str) -> int:
        """Return an output of an indicator. Raises FormulaError for parameters it refuses."""
        name, output, params = node.value
        try:
            graph.warm_up(name, params)
        except ValueError as error:
            raise FormulaError(f"Bu sayılar olmaz: {error}", f"Unfit: {error}", node.at) from None
        parts = [self.lower(arg, Place(frame)) for arg in node.args]
        whole = self.graph.add("call", *parts, value=(name, params))
        return self.graph.add("out", whole, value=output)


def in_percent(node: Node) -> bool:
    """Tell whether a number is in percent or on a scale of 0–100."""
    inner = [in_percent(arg) for arg in node.args]
    if node.op == "call":
        return node.value[0] in PERCENTS or (node.value[0] in UNCHANGED and inner[0])
    if node.op == "/":
        return inner[0] and not inner[1]
    return node.op == "change" or any(inner)


def resolved(node: Node) -> Node:
    """Return a tree with every percentage as the number it is beside its neighbours."""
    args = tuple(resolved(arg) for arg in node.args)
    if not any(arg.op == "percent" for arg in args):
        return Node(node.op, args, node.value, node.at)
    scale = 100 if node.op in ("*", "/") or not any(in_percent(arg) for arg in args) else 1
    if node.op in ("+", "-") and scale == 100:
        share = args[1].value / 100
        factor = 1 + share if node.op == "+" else 1 - share
        return Node("*", (args[0], Node("num", (), factor)), None, node.at)
    plain = (Node("num", (), a.value / scale) if a.op == "percent" else a for a in args)
    return Node(node.op, tuple(plain), node.value, node.at)


def parts_of(node: Node, place: Place) -> list[tuple[Node, Place]]:
    """Return the parts of a node with the places they are looked at."""
    if node.op == "tf":
        place = Place(node.value, 0, place.ago)
    elif node.op == "shift":
        place = place._replace(ago=place.ago + node.value)
    return [(arg, place) for arg in node.args]


def placed_text(node: Node, place: Place) -> str:
    """Return the text of a node and where it is looked at: rsi(14)[1] @4h."""
    past = f"[{place.ago}]" if place.ago else ""
    return normal(node) + past + (f" @{place.frame}" if place.frame else "")
