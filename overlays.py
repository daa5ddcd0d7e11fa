"""What is asked to be drawn with candles: words and formulas into lines, bands, panes and marks."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

import formula
from bot import UserError
from chart import Band, Line, Mark, Pane
from evaluation import Context
from formula import Formula, Needs
from shapes import Candles, Panel
from vocabulary import CALLS, FormulaError

Array = np.ndarray

BARS, SHOWN, MOST, STRIPS, LETTERS, THOUSAND = 999, 120, 6, 3, 32, 1000.0
USUAL = ("ema(20)", "ema(50)", "ema(200)")
CHANNELS = ("keltner", "donchian", "linreg_channel", "anchored_vwap")
BANDS = {**{name: name for name in CHANNELS}, "bb": "bb", "bollinger": "bb"}
GROUPS = {
    "macd": (("macd", "macd_signal", "macd_hist"), ()),
    "ppo": (("ppo", "ppo_signal", "ppo_hist"), ()),
    "stoch": (("stoch_k", "stoch_d"), (20.0, 80.0)),
    "stoch_rsi": (("stoch_rsi_k", "stoch_rsi_d"), (20.0, 80.0)),
    "di": (("plus_di", "minus_di", "adx"), (25.0,)),
    "ichimoku": (("tenkan", "kijun", "span_a", "span_b"), ()),
    "aroon": (("aroon_up", "aroon_down"), ()),
    "rsi": (("rsi",), (30.0, 70.0)),
    "mfi": (("mfi",), (20.0, 80.0)),
    "cci": (("cci",), (-100.0, 100.0)),
}
SHORT = {"st": "supertrend", "boll": "bb", "dmi": "di", "stochastic": "stoch"}
PRICED = (1, 2, 3, 4, 7, 10)


class Wish(NamedTuple):
    """One thing to draw: its name, its formulas, whether as a band, the levels of its pane."""

    title: str
    formulas: tuple[Formula, ...]
    band: bool = False
    levels: tuple[float, ...] = ()


class Drawn(NamedTuple):
    """What the wishes came to over the shown bars: over the candles, below them, and marks."""

    overlays: tuple[Line | Band, ...]
    panes: tuple[Pane, ...]
    marks: tuple[Mark, ...]


def read(text: str, mine: Mapping[str, str]) -> tuple[Wish, ...]:
    """Return what a text asks for: words and formulas behind spaces or commas. Raises UserError."""
    wishes = [wish for part in parts(text, ",") for wish in wished(part, mine)]
    if len(wishes) > MOST:
        raise UserError(f"En çok {MOST} çizgi.", f"At most {MOST} lines.")
    return tuple(wishes)


def parts(text: str, marks: str) -> list[str]:
    """Return a text cut at marks that stand in no bracket."""
    cuts, deep = [-1], 0
    for i, letter in enumerate(text):
        deep += (letter in "([") - (letter in ")]")
        if letter in marks and not deep:
            cuts.append(i)
    pieces = (text[a + 1 : b].strip() for a, b in zip(cuts, [*cuts[1:], len(text)], strict=True))
    return [piece for piece in pieces if piece]


def wished(part: str, mine: Mapping[str, str]) -> list[Wish]:
    """Return what a part asks for: one word or formula, or several behind spaces."""
    if part.lower() == "ema":
        return [wish(word, mine) for word in USUAL]
    try:
        return [wish(part, mine)]
    except FormulaError:
        words = parts(part, " ")
        if len(words) < 2 or not all(word[0].isalpha() for word in words):
            raise
        return [one for word in words for one in wished(word, mine)]


def wish(word: str, mine: Mapping[str, str]) -> Wish:
    """Return what a word or a formula asks for. Raises FormulaError."""
    glued = re.fullmatch(r"([a-z_]+?)(\d{1,3})", word.lower())
    if glued and glued[1] in {*CALLS, *BANDS, *GROUPS}:
        word = f"{glued[1]}({glued[2]})"
    name, bracket, rest = word.lower().partition("(")
    name, tail = SHORT.get(name, name), bracket + rest
    if name in BANDS and (not tail or tail.endswith(")")):
        both = [formula.compile(f"{BANDS[name]}_{side}{tail}", mine) for side in ("upper", "lower")]
        return Wish(f"{name.upper()}{tail}", tuple(both), band=True)
    if name in GROUPS and (not tail or tail.find(")") == len(tail) - 1):
        lines, levels = GROUPS[name]
        made = tuple(formula.compile(f"{line}{tail}", mine) for line in lines)
        return Wish(f"{name.upper()}{tail}", made, levels=levels)
    only = formula.compile(SHORT.get(word.lower(), word), mine)
    text = word if word in mine else only.text
    return Wish(text if len(text) <= LETTERS else f"{text[: LETTERS - 1]}…", (only,))


def gather(sources: Any, wishes: Iterable[Wish], symbol: str, interval: str) -> tuple[Any, Context]:
    """Return a coin's answer and what formulas are worked out on. Raises UserError."""
    needs = [made.needs for one in wishes for made in one.formulas]
    bars = {frame: count for need in needs for frame, count in need.bars.items()}
    wanted = Needs({**bars, "": BARS}, frozenset(coin for need in needs for coin in need.coins))
    context = formula.gather(sources, wanted, [symbol], interval)
    return context.bars.reads[symbol], context


def enlarged(context: Context) -> Context:
    """Return the same bars with all prices a thousandfold: what is a price is, too."""
    factor = np.ones((11, 1))
    factor[PRICED, :] = THOUSAND

    def times(panel: Panel) -> Panel:
        reads = {
            symbol: replace(told, data=Candles(told.data.table * factor))
            for symbol, told in panel.reads.items()
        }
        return Panel(panel.symbols, panel.time, reads)

    others = {frame: times(panel) for frame, panel in context.others.items()}
    return Context(times(context.bars), context.interval, others, context.coins)


def drawn(wishes: Sequence[Wish], context: Context) -> Drawn:
    """Return the wishes over the last bars; three averages where none lies over the candles."""
    overlays, panes, marks = list[Line | Band](), list[Pane](), list[Mark]()
    large = enlarged(context)
    for one in wishes:
        values = [last(made, context) for made in one.formulas]
        if one.formulas[0].condition:
            marks.extend(turns(values[0], context))
        elif one.band:
            overlays.append(Band(one.title, *values))
        elif not one.levels and over(one, values, context, large):
            overlays.extend(lines(one, values))
        else:
            panes.append(Pane(one.title, tuple(lines(one, values)), one.levels))
    usual = [] if overlays else [wish(word, {}) for word in USUAL]
    overlays += (line for one in usual for line in lines(one, [last(one.formulas[0], context)]))
    return Drawn(tuple(overlays), tuple(panes[:STRIPS]), tuple(marks))


def last(made: Formula, context: Context) -> Array:
    """Return a formula over the last bars."""
    return np.asarray(made.history(context, SHOWN))[:, 0]


def lines(one: Wish, values: Sequence[Array]) -> Iterator[Line]:
    """Yield the lines of a wish under their names, histograms as columns."""
    for made, x in zip(one.formulas, values, strict=True):
        word = made.text.partition("(")[0] if len(values) > 1 else one.title
        yield Line(word, x, word.endswith("_hist"))


def over(one: Wish, values: Sequence[Array], context: Context, large: Context) -> bool:
    """Tell whether lines are prices and near those of the candles."""
    low = float(context.bars.low[-SHOWN:].min()) / 2
    high = float(context.bars.high[-SHOWN:].max()) * 2
    for made, x in zip(one.formulas, values, strict=True):
        known = x[np.isfinite(x)]
        grown = np.allclose(last(made, large), THOUSAND * x, rtol=1e-6, atol=0, equal_nan=True)
        if not grown or (len(known) and not low < float(np.median(known)) < high):
            return False
    return True


def turns(x: Array, context: Context) -> Iterator[Mark]:
    """Yield a mark at each bar where a condition has become true."""
    time, close = context.bars.time[-len(x) :], context.bars.close[-len(x) :, 0]
    for i in np.flatnonzero(x[1:] & ~x[:-1]) + 1:
        yield Mark("alarm", float(close[i]), "", float(time[i]))
