"""The words of formulas, what arguments they take, and the tree and normal text they make."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import calc
from bot import UserError

MOST_BARS = 1000
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
LEVELS = {"or": 1, "and": 2, "not": 3, **dict.fromkeys(COMPARISONS, 4)}
LEVELS |= {"+": 5, "-": 5, "*": 6, "/": 6, "neg": 7}
TIGHTEST = 9
CONDITIONS = (*COMPARISONS, "and", "or", "not", "crossover", "crossunder", "cross")

SERIES = ("open", "high", "low", "close", "volume", "quote", "trades", "taker", "taker_quote")
MIXED = {"hl2": ("high", "low"), "hlc3": ("high", "low", "close"), "ohlc4": SERIES[:4]}
RENAMED = {"x": "close", "taker_buy": "taker", "quote_volume": "quote"}
NOT_GUESSED = ("y", "ratio", "anchor")
HIDDEN = ("bars_per_year",)
FUNCTIONS = {
    **dict.fromkeys(("abs", "sqrt", "log", "sign"), (1, 1)),
    **dict.fromkeys(("min", "max"), (2, 8)),
    **dict.fromkeys(("crossover", "crossunder", "cross"), (2, 2)),
    "change": (1, 1),
}
SHORT = {
    "rolling_max": "highest",
    "rolling_min": "lowest",
    "rolling_sum": "sum",
    "rolling_std": "stdev",
    "rolling_median": "median",
    "rolling_rank": "rank",
    "rolling_corr": "corr",
    "bollinger": "bb",
    "stochastic": "stoch",
    "histogram": "hist",
}
ALONE = ("plus_di", "minus_di", "tenkan", "kijun", "span_a", "span_b")
SYNONYMS = {
    "acilis": "open",
    "yuksek": "high",
    "dusuk": "low",
    "kapanis": "close",
    "fiyat": "close",
    "price": "close",
    "hacim": "volume",
    "vol": "volume",
    "ortalama": "sma",
    "en_yuksek": "highest",
    "en_dusuk": "lowest",
    "degisim": "change",
    "mutlak": "abs",
    "karekok": "sqrt",
    "yukari_keser": "crossover",
    "asagi_keser": "crossunder",
    "keser": "cross",
    "std": "stdev",
    "stddev": "stdev",
    "momentum": "mom",
    "bbw": "bandwidth",
    "wpr": "williams_r",
    "willr": "williams_r",
    "sar": "psar",
    "rvol": "relative_volume",
    "stoch": "stoch_k",
    "stochastic": "stoch_k",
    "stoch_rsi": "stoch_rsi_k",
    "stochrsi": "stoch_rsi_k",
}
LOGIC = {
    **dict.fromkeys(("and", "ve", "&", "&&"), "and"),
    **dict.fromkeys(("or", "veya", "|", "||"), "or"),
    **dict.fromkeys(("not", "degil", "!"), "not"),
}


class FormulaError(UserError):
    """Say what is wrong in a formula, and at which letter, counted from 0."""

    def __init__(self, tr: str, en: str, position: int = 0) -> None:
        super().__init__(tr, en)
        self.position = position


@dataclass(frozen=True, slots=True)
class Node:
    """A part of a formula; where it begins in the text does not make two of them differ.

    `op` is num or percent (value: the number), series (its name), coin (coin, series), call
    (indicator, number of the output, parameters), tf (a timeframe), shift or change (bars), a
    function, an operator, neg, and, or, not.
    """

    op: str
    args: tuple["Node", ...] = ()
    value: Any = None
    at: int = field(default=0, compare=False)

    @property
    def condition(self) -> bool:
        """Tell whether it is true or false rather than a number."""
        inner = self.op in ("tf", "shift") and self.args[0].condition
        return inner or self.op in CONDITIONS

    @property
    def fixed(self) -> bool:
        """Tell whether it is a constant."""
        return self.op in ("num", "percent")


def _words() -> dict[str, tuple[str, int]]:
    """Return the words for the outputs of every indicator, each output's own word first."""
    words: dict[str, tuple[str, int]] = {}
    for name, entry in calc.INDICATORS.items():
        bases = dict.fromkeys((SHORT.get(name, name), name))
        for i, output in enumerate(entry.outputs):
            tails = dict.fromkeys((SHORT.get(output, output), output))
            whole = len(entry.outputs) == 1 or output == name
            made = list(bases) if whole else [f"{b}_{t}" for b in bases for t in tails]
            made = [output, *made] if output in ALONE else made
            words.update((word, (name, i)) for word in made)
    return words


CALLS = _words()
WORD: dict[tuple[str, int], str] = {}
for _word, _target in CALLS.items():
    WORD.setdefault(_target, _word)
PATTERNS = frozenset(
    name
    for name, entry in calc.INDICATORS.items()
    if entry.inputs == SERIES[:4] and not entry.defaults and len(entry.outputs) == 1
)
WORDS = (*SERIES, *MIXED, *FUNCTIONS, *CALLS, *SYNONYMS, *(w for w in LOGIC if w.isalpha()))


def groups() -> dict[str, list[str]]:
    """Return the words of the indicators by what they are made of, and the other words."""
    out: dict[str, list[str]] = {"series": [*SERIES, *MIXED], "functions": [*FUNCTIONS]}
    for (name, _), word in WORD.items():
        inputs = calc.INDICATORS[name].inputs
        out.setdefault(_group(name, inputs), []).append(word)
    return out


def _group(name: str, inputs: tuple[str, ...]) -> str:
    if name in PATTERNS:
        return "patterns"
    if {"benchmark", "y", "ratio", "anchor"} & set(inputs):
        return "pairs"
    if {"volume", "quote_volume", "taker_buy"} & set(inputs):
        return "volume"
    return "any" if inputs[0] == "x" else "price"


def unknown(word: str, names: Iterable[str], at: int) -> FormulaError:
    """Return an error about a word nobody knows, with the nearest ones."""
    lines = ", ".join(one for one in WORD.values() if one.startswith(f"{word}_"))
    if lines:
        return FormulaError(f"Hangi çizgisi: {lines}?", f"Which of its lines: {lines}?", at)
    near = ", ".join(difflib.get_close_matches(word, [*WORDS, *names], n=3))
    return FormulaError(
        f"“{word}” diye bir ad yok. "
        + (f"Şunu mu demek istediniz: {near}?" if near else "Bütün adlar: /formul"),
        f"There is no “{word}”. " + (f"Did you mean: {near}?" if near else "All names: /formul"),
        at,
    )


Named = Mapping[str, Node]


def bind(word: str, given: list[Node], named: Named, at: int) -> Node:
    """Return a function or an indicator with its arguments. Raises FormulaError."""
    if word in FUNCTIONS:
        return _function(word, given, dict(named), at)
    name, output = CALLS[word]
    defaults = {k: v for k, v in calc.INDICATORS[name].defaults.items() if k not in HIDDEN}
    first = next((i for i, arg in enumerate(given) if arg.fixed), len(given))
    values = _by_name(word, defaults, given[first:], named)
    params = tuple(_parameter(values.get(key), default) for key, default in defaults.items())
    return Node("call", _inputs(word, name, given[:first], at), (name, output, params), at)


def _function(word: str, given: list[Node], named: dict[str, Node], at: int) -> Node:
    value = None
    if word == "change":
        back = given.pop() if given and given[-1].op == "num" else named.pop("n", None)
        value = bars(back, 1) if back else 1
        given = given or [Node("series", (), "close", at)]
    low, high = FUNCTIONS[word]
    if named or not low <= len(given) <= high:
        count = str(low) if low == high else f"{low}–{high}"
        raise FormulaError(f"{word} {count} seri alır.", f"{word} takes {count} series.", at)
    return Node(word, tuple(given), value, at)


def _by_name(
    word: str, defaults: Mapping[str, float], numbers: list[Node], named: Named
) -> dict[str, Node]:
    """Return the parameters that were given by their names. Raises FormulaError."""
    usage = f"{word}({', '.join(defaults)})"
    for i, node in enumerate(numbers):
        if not node.fixed:
            raise FormulaError(
                f"Seri sayılardan önce gelir: sma(volume, 20). {usage}",
                f"A series comes before the numbers: sma(volume, 20). {usage}",
                node.at,
            )
        if i >= len(defaults):
            raise FormulaError(
                f"Çok sayı var: {usage}. Ondalık sayı noktayla yazılır: 1.5",
                f"Too many numbers: {usage}. Decimals take a point: 1.5",
                node.at,
            )
    values = dict(zip(defaults, numbers, strict=False))
    for key, node in named.items():
        if key not in defaults or key in values:
            raise FormulaError(f"“{key}” olmaz: {usage}", f"“{key}” is wrong: {usage}", node.at)
        values[key] = node
    return values


def bars(node: Node, least: int) -> int:
    """Return a count of bars. Raises FormulaError for another thing or one out of bounds."""
    value = node.value if node.op == "num" else None
    if value is not None and value < 0:
        raise FormulaError(
            "Negatif olamaz: geleceğe bakılmaz.",
            "It cannot be negative: no looking ahead.",
            node.at,
        )
    if value is None or value != int(value) or not least <= value <= MOST_BARS:
        raise FormulaError(
            f"Burada {least}–{MOST_BARS} arası bir tam sayı olur.",
            f"A whole number of {least}–{MOST_BARS} belongs here.",
            node.at,
        )
    return int(value)


def _parameter(node: Node | None, default: float) -> float:
    if node is None:
        return default
    if isinstance(default, int):
        return bars(node, min(1, default))
    if node.op != "num" or not 0 <= node.value <= MOST_BARS:
        raise FormulaError(
            f"Burada 0–{MOST_BARS} arası bir sayı olur.",
            f"A number of 0–{MOST_BARS} belongs here.",
            node.at,
        )
    return float(node.value)


@cache
def usual(name: str) -> tuple[Node | None, ...]:
    """Return the series an indicator is of when none are given, None where one has to be."""
    return tuple(
        None
        if one in NOT_GUESSED
        else Node("coin", (), ("BTC", "close"))
        if one == "benchmark"
        else Node("series", (), RENAMED.get(one, one))
        for one in calc.INDICATORS[name].inputs
    )


def _inputs(word: str, name: str, series: list[Node], at: int) -> tuple[Node, ...]:
    """Return the series an indicator is of; the prices of a bar are given together or not."""
    wanted = calc.INDICATORS[name].inputs
    filled = [*series, *usual(name)[len(series) :]]
    partial = wanted[0] in ("high", "open") and 0 < len(series) < len(wanted)
    if len(series) > len(wanted) or partial or None in filled:
        raise FormulaError(
            f"{word} şu serileri alır: {', '.join(wanted)}",
            f"{word} takes these series: {', '.join(wanted)}",
            at,
        )
    return tuple(node for node in filled if node)


def normal(node: Node, level: int = 0) -> str:
    """Return the text of a tree; parsed again it gives the same tree."""
    own = LEVELS.get(node.op, TIGHTEST)
    text = _text(node, own)
    return f"({text})" if own < level else text


def _text(node: Node, own: int) -> str:
    args = node.args
    if node.op in ("num", "percent"):
        return number_text(node.value) + "%" * (node.op == "percent")
    if node.op == "shift":
        return f"{normal(args[0], TIGHTEST)}[{node.value}]"
    if node.op == "neg":
        return f"-{normal(args[0], own)}"
    if node.op == "not":
        return f"not {normal(args[0], TIGHTEST)}"
    if own == TIGHTEST:
        frame = [f"tf={node.value}"] if node.op == "tf" else []
        word, inner = _call(args[0] if frame else node)
        return f"{word}({', '.join([*inner, *frame])})" if inner or frame else word
    tighter = node.op in COMPARISONS or node.op in ("and", "or")
    first = normal(args[0], own + tighter)
    return f" {node.op} ".join([first, *(normal(arg, own + 1) for arg in args[1:])])


def _call(node: Node) -> tuple[str, list[str]]:
    """Return a word and its arguments: the series that are not the usual ones, then numbers."""
    if node.op == "series":
        return node.value, []
    if node.op == "coin":
        return f"{node.value[0].lower()}.{node.value[1]}", []
    series, params = list(node.args), [node.value] if node.op == "change" else []
    if node.op != "call":
        return node.op, [normal(arg) for arg in series] + [number_text(n) for n in params]
    name, output, given = node.value
    own, params = usual(name), list(given)
    while series and series[-1] == own[len(series) - 1]:
        series.pop()
    while params and params[-1] == 0:
        params.pop()
    return WORD[name, output], [normal(arg) for arg in series] + [number_text(n) for n in params]


def number_text(value: float) -> str:
    """Return a number as short as it can be read back."""
    if value == int(value):
        return str(int(value))
    return format(Decimal(repr(value)), "f") if abs(value) > 1e-12 else repr(value)
