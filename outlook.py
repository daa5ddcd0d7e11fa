"""What the commands of verdicts share: the analyses of coins from the sources, and their words."""

from collections.abc import Iterable, Mapping
from math import exp, isfinite
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import metrics
import scores
from bot import UNKNOWN, Ctx, Reply, UserError, coin, links
from markets.futures import PERIODS
from metrics import Positions
from scores import Analysis, Metric

STOP, MOST, ASKED, WHILE = 2, 100, 20, 5000
FRAMES = ("15m", "1h", "4h", "1d")
VERDICTS = {
    "buy": ("🟢 AL", "🟢 BUY"),
    "hold": ("🟡 TUT", "🟡 HOLD"),
    "sell": ("🔴 SAT", "🔴 SELL"),
    "unknown": ("✖️ veri yetersiz", "✖️ not enough data"),
}
SIDES = {
    "buy": ("LONG", "LONG"),
    "hold": ("BEKLE", "WAIT"),
    "sell": ("SHORT", "SHORT"),
    "unknown": (UNKNOWN, UNKNOWN),
}
REGIMES = {
    "up": ("trend ↑", "trend ↑"),
    "down": ("trend ↓", "trend ↓"),
    "range": ("yatay", "range"),
    "wild": ("oynak", "wild"),
    "unknown": (UNKNOWN, UNKNOWN),
}
QUADRANTS = {
    "long_build": ("yeni long", "new longs"),
    "short_build": ("yeni short", "new shorts"),
    "long_unwind": ("long çıkışı", "longs leave"),
    "short_cover": ("short kapama", "shorts cover"),
    None: (UNKNOWN, UNKNOWN),
}


_kept: WeakKeyDictionary[Any, dict[tuple, tuple[int, dict]]] = WeakKeyDictionary()


class View(NamedTuple):
    """A coin's analysis and the answers it rests on."""

    symbol: str
    analysis: Analysis
    reads: tuple[Any, ...]


def many(ctx: Ctx) -> list[str]:
    """Return the symbols asked for, else the hundred of the most volume. Raises UserError."""
    return (ctx if ctx.words() else ctx.replaced([str(MOST)])).coins(MOST)


def views(ctx: Ctx, symbols: Iterable[str], frame: str, funding: bool = False) -> list[View]:
    """Return the analyses of the coins that have candles, in order. Raises UserError for none.

    Perpetuals are asked about for the first 20 coins; beyond, only what is at hand is used.
    """
    panel = ctx.sources.panel(symbols, frame, metrics.BARS)
    held = positions(ctx, tuple(panel.reads), frame, funding)
    candles = [read.data for read in panel.reads.values()]
    found = scores.analyse_all(candles, [as_positions(held[symbol]) for symbol in panel.reads])
    return [
        View(symbol, analysis, (read, *held[symbol].values()))
        for (symbol, read), analysis in zip(panel.reads.items(), found, strict=True)
    ]


def positions(
    ctx: Ctx, symbols: tuple[str, ...], frame: str, funding: bool
) -> dict[str, dict[str, Any]]:
    """Return what is known of the coins' perpetuals by coin and kind, as it was within 5 seconds.

    To look it up costs ten times the rest of a warm answer.
    """
    kept, key = _kept.setdefault(ctx.sources, {}), (symbols, frame, funding)
    at, found = kept.get(key, (-WHILE, {}))
    if not 0 <= ctx.now - at < WHILE:
        found = looked_up(ctx.sources, symbols, frame, funding)
        for old in [one for one, (at, _) in list(kept.items()) if not 0 <= ctx.now - at < WHILE]:
            kept.pop(old, None)
        kept[key] = ctx.now, found
    return found


def looked_up(
    sources: Any, symbols: Iterable[str], frame: str, funding: bool
) -> dict[str, dict[str, Any]]:
    """Return what is known of the coins' perpetuals by coin and kind; nothing without one."""
    every = ["interest", "takers", "funding"] if frame in PERIODS else ["funding"]
    needed = every if funding else every[:-1]
    found = {symbol: asked(sources.recalled, symbol, frame, every) for symbol in symbols}
    lacking = [symbol for symbol in list(found)[:ASKED] if not found[symbol].keys() >= {*needed}]
    lacking = [symbol for symbol in lacking if tradable(sources.perps, symbol)]
    more = sources.each(lambda s: asked(sources.perps, s, frame, needed), lacking)
    return {symbol: held | more.get(symbol, {}) for symbol, held in found.items()}


def asked(perps: Any, symbol: str, frame: str, kinds: Iterable[str]) -> dict[str, Any]:
    """Return the histories of a coin's perpetual that are answered, by kind."""
    ways = {
        "interest": lambda: perps.interest_history(symbol, frame),
        "takers": lambda: perps.taker(symbol, frame),
        "funding": lambda: perps.funding_history(symbol),
    }
    found = {}
    for kind in kinds:
        try:
            found[kind] = ways[kind]()
        except UserError:
            continue
    return found


def tradable(perps: Any, symbol: str) -> bool:
    """Tell whether a coin has a perpetual."""
    try:
        return bool(perps.contract(symbol))
    except UserError:
        return False


def as_positions(held: Mapping[str, Any]) -> Positions:
    """Return positions without their ages."""
    return Positions(**{kind: read.data for kind, read in held.items()})


def missing(symbols: Iterable[str], every: Iterable[View]) -> list[str]:
    """Return the symbols that have no analysis."""
    seen = {view.symbol for view in every}
    return [symbol for symbol in symbols if symbol not in seen]


def ages(every: Iterable[View]) -> list[Any]:
    """Return all answers that analyses rest on."""
    return [read for view in every for read in view.reads]


def table(ctx: Ctx, title: str, every: Iterable[View], missing: Iterable[str] = ()) -> Reply:
    """Return a report of one coin a line, the highest α first, with who is to buy and to sell."""
    rows = ranked(every, "alpha")
    lines = [line(ctx, view) for view in rows]
    note = comment(ctx, rows) if rows else ctx.t("böyle coin yok", "none is so")
    lines += ctx.lacking(missing)
    return ctx.report([title, *lines], note, ages(rows), links("tb", "tm", "ta"))


def line(ctx: Ctx, view: View) -> str:
    """Return a coin's line: α, side, regime, trend."""
    a = view.analysis
    side, regime = ctx.t(*SIDES[a.verdict]), ctx.t(*REGIMES[a.regime]).split()[0]
    return f"{coin(view.symbol)}: α={ctx.num(a.alpha)} [{side}] | {regime} | {way(ctx, a.trend)}"


def way(ctx: Ctx, score: float, marks: str = "↑→↓", low: float = -0.15, high: float = 0.15) -> str:
    """Return a score behind where it points."""
    if not isfinite(score):
        return f"✖️ {UNKNOWN}"
    return f"{marks[1 - (score > high) + (score < low)]} {ctx.num(score)}"


def number(ctx: Ctx, metric: Metric) -> str:
    """Return a metric's value with its unit, signed where it has a direction and is no index."""
    value, unit = metric.value, metric.unit
    if unit == "ln":
        value, unit = exp(value), ""
    digits = 2 if abs(value) < 10 else 0
    signed = bool(unit) and metric.kind == metrics.DIRECTION
    if unit.startswith("%"):
        return ctx.percent(value, digits, sign=signed)
    return ctx.num(value, digits, sign=signed) + {"ATR": " ATR", "×": "×"}.get(unit, "")


def comment(ctx: Ctx, every: Iterable[View]) -> str:
    """Return who says buy and who says sell, the strongest first."""
    buys, sells = strongest(every)
    if not buys and not sells:
        return ctx.t(
            "şu an AL ya da SAT veren coin yok; bekleyin",
            "no coin says BUY or SELL now; wait",
        )
    return ctx.t(
        f"AL verenler: {names(buys)}; SAT verenler: {names(sells)}",
        f"these say BUY: {names(buys)}; these SELL: {names(sells)}",
    )


def ranked(every: Iterable[View], field: str) -> list[View]:
    """Return coins by a number of their analyses, the highest first, the unknown last."""

    def key(view: View) -> tuple[bool, float]:
        value = getattr(view.analysis, field)
        return not isfinite(value), -value if isfinite(value) else 0

    return sorted(every, key=key)


def strongest(every: Iterable[View], most: int = 5) -> tuple[list[View], list[View]]:
    """Return the coins to buy and those to sell, the strongest α first."""
    rows = ranked(every, "alpha")
    buys = [view for view in rows if view.analysis.verdict == "buy"]
    sells = [view for view in reversed(rows) if view.analysis.verdict == "sell"]
    return buys[:most], sells[:most]


def names(every: Iterable[View]) -> str:
    """Return the names of coins, — for none."""
    return ", ".join(coin(view.symbol) for view in every) or UNKNOWN
