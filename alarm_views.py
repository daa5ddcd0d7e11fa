"""What an alarm would have done, how near it is, and why one fired."""

import html
import operator
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from math import isfinite, nan
from typing import NamedTuple

import numpy as np

import alarm_grammar
import calc
import formula
import gauges
import history
import rings
import tickets
from alarm_rows import Alarm, Firing, State
from alarms import INDICES, MOVES, Block, Formulas, Numbers, line
from bot import INTERVALS, Ctx, UserError, coin
from closings import Slept, replayed
from evaluation import Context
from formula import Needs, Part
from orders import followed
from shapes import Panel
from watch import targets

DAY, DAYS, BARS, PAGES, FUNDED = 86_400_000, 30, 999, 240, 20
FRAMES = ("1h", "15m", "5m", "1m")
CLOSES = re.compile(r"close [<>]=? ([0-9.]+)")
SIGNS = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
INDEXED = ("fr", *INDICES)
TRUTH = {"true": ("doğru", "true"), "false": ("yanlış", "false")}


class Rehearsal(NamedTuple):
    """Where an alarm would have fired, of how many coins, in how many days (NaN: unknown).

    `fired` are symbols, times in ms, and what was seen.
    """

    fired: tuple[tuple[str, int, float], ...]
    coins: int
    days: float
    holds: bool

    @property
    def count(self) -> int:
        """Return how often it would have fired."""
        return len(self.fired)


def rehearse(ctx: Ctx, alarm: Alarm) -> Rehearsal:
    """Return how often an alarm would have fired in the last days, by closed bars.

    Of many coins only so many are looked at as can be asked for at once: those named first, or
    traded most. Raises UserError.
    """
    if alarm.kind in INDEXED:
        return of_index(ctx, alarm)
    symbols = list(targets(ctx.sources, ctx.db, alarm))
    if not symbols:
        raise UserError("Favoriniz yok: /fav ekle btc", "You have no favourites: /fav add btc")
    if alarm.targets == "all":
        symbols = ctx.sources.top(len(symbols))
    symbols = symbols[: most(alarm)]
    pairs = [(often(alarm), symbol) for symbol in symbols]
    if alarm.kind == "formula":
        return of_formula(ctx, pairs, symbols)
    return of_prices(ctx, pairs, symbols)


def often(alarm: Alarm) -> Alarm:
    """Return an alarm as it is counted: from the start of the days on, and not once only."""
    again = alarm.steady and alarm.cooldown is not None
    return alarm._replace(made=0, until=None, cooldown=alarm.cooldown or 0, steady=again)


def most(alarm: Alarm) -> int:
    """Return of how many coins an alarm's days can be asked for."""
    bars = {frame_of(alarm): 1}
    if alarm.kind == "formula":
        bars = dict(formula.compile(alarm.text).needs.bars)
    spans = ((DAYS * DAY // INTERVALS[one or alarm.interval] + n) for one, n in bars.items())
    return max(1, PAGES // sum(2 + span // history.PAGE if span > BARS else 1 for span in spans))


def of_index(ctx: Ctx, alarm: Alarm) -> Rehearsal:
    """Return how often an index would have fired, where its past is told."""
    every = targets(ctx.sources, ctx.db, alarm) if alarm.kind == "fr" else ("",)
    symbols = list(every)[:FUNDED]
    times, values = np.empty(0), np.empty((0, len(symbols)))
    since = ctx.now - DAYS * DAY
    with suppress(UserError):
        times, values = gauges.past(ctx.sources, alarm.kind, symbols, since - DAY, ctx.now)
    counted = often(alarm)._replace(made=since)
    block = Numbers([(counted, symbol) for symbol in symbols], {})
    for at, row in zip(times, values, strict=True):
        block.look(row, int(at))
    coins = int(np.isfinite(values).any(axis=0).sum())
    days = min(DAYS, (ctx.now - times[0]) / DAY) if len(times) else nan
    return Rehearsal(seen(block), coins, days, holds(ctx, alarm, symbols))


def of_formula(ctx: Ctx, pairs: list[tuple[Alarm, str]], symbols: list[str]) -> Rehearsal:
    """Return how often a formula would have fired at the closes of its bars."""
    interval, block = pairs[0][0].interval, Formulas(pairs, {})
    step, needs = INTERVALS[interval], block.needs
    since = ctx.now - DAYS * DAY - 2 * step
    try:
        context = formula.gather(ctx.sources, needs, symbols, interval, since)
    except UserError:
        near = needs._replace(bars=dict.fromkeys(needs.bars, BARS))
        context = formula.gather(ctx.sources, near, symbols, interval)
    bars = min(DAYS * DAY // step, told(context, needs))
    if bars < 1:
        return Rehearsal((), len(symbols), nan, False)
    block.look(context, symbols, bars)
    truth = formula.compile(pairs[0][0].text).last(context)
    return Rehearsal(seen(block), len(context.bars.reads), bars * step / DAY, bool(truth.any()))


def told(context: Context, needs: Needs) -> int:
    """Return of how many of a context's last bars all is known that formulas want."""
    frames = {"": context.bars, **context.others}
    every = [*frames.items(), *((frame, bars) for (frame, _), bars in context.coins.items())]
    starts = [
        bars.time[0] + needs.bars.get(frame, 1) * context.step(frame) if len(bars.time) else np.inf
        for frame, bars in every
    ]
    return int((context.bars.time >= max(starts)).sum())


def of_prices(ctx: Ctx, pairs: list[tuple[Alarm, str]], symbols: list[str]) -> Rehearsal:
    """Return how often prices or their changes would have fired, by highs and lows."""
    alarm, block = pairs[0][0], Numbers(pairs, {})
    frame, since = frame_of(alarm), ctx.now - DAYS * DAY
    step = INTERVALS[frame]
    panel = history.panel(ctx.sources, symbols, frame, since - INTERVALS.get(alarm.interval, 0))
    wanted = panel.time > since
    bars = np.array([panel.open, panel.high, panel.low, panel.close])
    past = Slept(symbols, bars, panel.time, wanted[:, None], step)
    replayed((alarm.kind, alarm.interval), block, past)
    days = min(DAYS, len(panel.time) * step / DAY)
    return Rehearsal(seen(block), len(panel.reads), days, holds(ctx, alarm, symbols))


def frame_of(alarm: Alarm) -> str:
    """Return the timeframe whose bars an alarm's days are gone through by."""
    window = INTERVALS.get(alarm.interval, DAY)
    return next(frame for frame in FRAMES if INTERVALS[frame] <= window)


def seen(block: Block) -> tuple[tuple[str, int, float], ...]:
    """Return what the alarms of a block fired."""
    return tuple((block.symbols[i], at, value) for i, at, value in block.fresh)


def holds(ctx: Ctx, alarm: Alarm, symbols: Sequence[str]) -> bool:
    """Tell whether the prices of any coin are beyond an alarm's line now."""
    if alarm.kind != "price" and alarm.kind not in INDEXED:
        return False
    sign, level = alarm.text.split()
    return any(SIGNS[sign](number(ctx, alarm, symbol), float(level)) for symbol in symbols)


def number(ctx: Ctx, alarm: Alarm, symbol: str) -> float:
    """Return what an alarm holds against its line now, NaN where unknown."""
    if alarm.kind == "price":
        row = ctx.sources.tickers().data.get(symbol)
        return row.last if row else nan
    if alarm.kind in MOVES or alarm.kind == "formula":
        return nan
    return float(gauges.gauge(ctx.sources, alarm.kind, [symbol], ctx.now / 1000)[0])


def first_states(ctx: Ctx, alarm: Alarm) -> list[State]:
    """Return what is known of a new alarm of prices, so that the next tick may fire it."""
    if alarm.kind != "price" or ctx.sources.tickers().stale:
        return []
    every = {symbol: number(ctx, alarm, symbol) for symbol in alarm.symbols}
    return [
        State(alarm.id, symbol, True, price, None, ctx.now)
        for symbol, price in every.items()
        if isfinite(price) and not holds(ctx, alarm, [symbol])
    ]


def span(ctx: Ctx, symbol: str) -> float:
    """Return a coin's ATR(14) on hours, NaN where unknown."""
    try:
        bars = ctx.sources.candles(symbol, "1h").data
    except UserError:
        return nan
    return float(calc.atr(bars.high, bars.low, bars.close, 14)[-1]) if len(bars) > 14 else nan


def distance(ctx: Ctx, alarm: Alarm) -> str:
    """Return how far an alarm is from its line, in percent and ATR, or its number now."""
    if closed := CLOSES.fullmatch(alarm.text) if alarm.kind == "formula" else None:
        alarm = alarm._replace(kind="price", text=f"> {closed[1]}")
    one = alarm.kind in INDICES or len(alarm.symbols) == 1
    if alarm.kind == "formula" or alarm.kind in MOVES or not one:
        return ""
    symbol = next(iter(alarm.symbols), "")
    now = number(ctx, alarm, symbol)
    if alarm.kind != "price":
        digits = 0 if alarm.kind == "fg" else 1
        told = ctx.percent(now, 4) if alarm.kind == "fr" else ctx.num(now, digits)
        return ctx.t("şimdi ", "now ") + told
    gap = float(alarm.text.split()[1]) - now
    away = ctx.percent(100 * gap / now, 2, sign=True)
    return f"{away}, {ctx.num(gap / span(ctx, symbol), 1, sign=True)} ATR"


def away(ctx: Ctx, alarm: Alarm) -> str:
    """Return how far an alarm is from its line, or that nobody tells."""
    try:
        return distance(ctx, alarm)
    except UserError:
        return ctx.t("uzaklığı bilinmiyor", "how far is not known")


def reasons(ctx: Ctx, alarm: Alarm, firing: Firing) -> Iterator[str]:
    """Yield the lines that tell why an alarm fired: its values then, their time, the delay."""
    name = f"{coin(firing.symbol)} " if firing.symbol else ""
    yield f"<b>❓ {name}{html.escape(firing.text, quote=False)}</b>"
    if alarm.kind == "formula":
        yield from tree(ctx, alarm, firing)
    else:
        yield ctx.t("Görülen değer: ", "Seen: ") + rings.value(ctx, firing)
    if firing.source:
        yield ctx.t("Kaynak: ", "Source: ") + ctx.sources.called(firing.source)
    yield ctx.t("Zamanı: ", "At: ") + ctx.clock(firing.at, "%d.%m %H:%M:%S")
    if firing.delivered:
        late = (firing.delivered - firing.at) / 1000
        yield (
            ctx.t("Olaydan mesaja: ", "From event to message: ")
            + ctx.num(late, 1)
            + ctx.t(" sn", " s")
        )


def tree(ctx: Ctx, alarm: Alarm, firing: Firing) -> Iterator[str]:
    """Yield a formula's parts with their values at the close it fired on."""
    made, step = formula.compile(alarm.text), INTERVALS[alarm.interval]
    try:
        context = formula.gather(ctx.sources, made.needs, [firing.symbol], alarm.interval)
    except UserError as error:
        yield ctx.t(error.tr, error.en)
        return
    panel = context.bars
    if firing.at - step not in panel.time:
        yield ctx.t("O günün mumları artık elde değil.", "Its candles are no longer at hand.")
        return
    rows = panel.time + step <= firing.at
    then = replace(context, bars=Panel(panel.symbols, panel.time[rows], panel.reads))
    yield from branches(ctx, formula.explain(made, then), 0)
    yield ctx.t("Mum: ", "Candle: ") + f"{ctx.clock(firing.at - step)} {alarm.interval}"
    read = panel.reads[firing.symbol]
    source, ago = ctx.sources.called(read.source or "binance"), ctx.ago(read.at)
    yield ctx.t(f"Kaynak: {source}, {ago} önce okundu", f"Source: {source}, read {ago} ago")


def branches(ctx: Ctx, part: Part, depth: int) -> Iterator[str]:
    """Yield a part of a formula with its value, and below it those it is made of."""
    known = isinstance(part.value, bool)
    shown = ctx.t(*TRUTH[str(part.value).lower()]) if known else ctx.figure(float(part.value))
    yield f"{'  ' * depth}{'└ ' * (depth > 0)}{html.escape(part.text, quote=False)} = {shown}"
    for inner in part.parts:
        yield from branches(ctx, inner, depth + 1)


def preview(ctx: Ctx, alarm: Alarm, seen: Rehearsal) -> list[str]:
    """Return the lines that show an alarm before it is saved, and what it would have done."""
    lines = [f"<b>⏰ {html.escape(line(alarm, ctx.lang), quote=False)}</b>"]
    if far := distance(ctx, alarm):
        lines.append(far if alarm.kind in INDEXED else ctx.t("Sınıra: ", "To the line: ") + far)
    lines.append(ctx.t("Bir kez çalar", "Fires once"))
    if alarm.cooldown is not None:
        lines[-1] = ctx.t("Tekrar eder", "Repeats") + f" ({lasting(ctx, alarm.cooldown)})"
    if alarm.kind not in INDICES and len(alarm.symbols) != 1:
        lines[-1] += ctx.t(", her coin için", ", for each coin")
    lines[-1] += "".join(f" · {word}" for word in manner(ctx, alarm))
    if alarm.follow:
        lines.append(tickets.unasked(ctx))
    if alarm.until:
        lines.append(ctx.t("Bitiş: ", "Until: ") + ctx.clock(alarm.until))
    return [*lines, "", comment(ctx, seen) + expected(ctx, alarm) * seen.holds]


def expected(ctx: Ctx, alarm: Alarm) -> str:
    """Return the sentence that tells when an alarm fires whose condition is true already."""
    if not alarm.steady:
        return ctx.t(" Yeniden sağlanınca çalar.", " It fires when it comes true anew.")
    if alarm.kind != "formula":
        return ctx.t(" Kurulunca çalar.", " It fires once it is set.")
    return ctx.t(" Mum böyle kapanırsa çalar.", " It fires if the candle closes so.")


def described(ctx: Ctx, alarm: Alarm, *more: str) -> str:
    """Return an alarm as a line with its options and more about it, safe in HTML."""
    notes = list(more)
    if alarm.cooldown is not None:
        notes.append(ctx.t("tekrar ", "repeats ") + lasting(ctx, alarm.cooldown))
    notes += [ctx.t("bitiş ", "until ") + ctx.clock(alarm.until)] if alarm.until else []
    told = " · ".join(filter(None, [*notes, *manner(ctx, alarm)]))
    return html.escape(line(alarm, ctx.lang), quote=False) + f" ({told})" * bool(told)


def lasting(ctx: Ctx, span: int) -> str:
    """Return a time in ms in the longest unit that tells it whole, as it is typed."""
    for mark, tr in (("d", "g"), ("h", "sa")):
        if span and span % alarm_grammar.UNITS[mark] == 0:
            return f"{span // alarm_grammar.UNITS[mark]}{ctx.t(tr, mark)}"
    return f"{span // alarm_grammar.UNITS['m']}{ctx.t('dk', 'm')}"


def manner(ctx: Ctx, alarm: Alarm) -> list[str]:
    """Return in words how an alarm rings where that is not the usual way."""
    severe = {"urgent": ("acil", "urgent"), "silent": ("sessiz", "silent")}.get(alarm.severity)
    told = [ctx.t(*severe)] if severe else []
    if alarm.steady:
        told.append(ctx.t("seviye", "level"))
    usual = alarm_grammar.band(alarm, None, float)
    if alarm.band != usual:
        told.append(ctx.t("bant ", "band ") + banded(ctx, alarm))
    if alarm.follow:
        told.append(tickets.following(ctx, followed(alarm.follow)))
    return told


def banded(ctx: Ctx, alarm: Alarm) -> str:
    """Return an alarm's band, that of a price also in percent of its level."""
    level = float(alarm.text.split()[1]) if alarm.kind == "price" else 0
    share = f"{ctx.percent(100 * alarm.band / level, 2)} " if level else ""
    size = ctx.figure(alarm.band)
    return f"{share}({size})" if share else size


def comment(ctx: Ctx, seen: Rehearsal) -> str:
    """Return how often an alarm would have fired, in words."""
    if not isfinite(seen.days):
        return ctx.t(
            "Yorum: geçmişi elde yok, sayılamadı.", "Comment: no past at hand to count in."
        )
    days = ctx.num(seen.days, 0 if seen.days >= 2 else 1)
    told = ctx.t(
        f"Yorum: son {days} günde {seen.count} kez çalardı",
        f"Comment: in the last {days} days it would have fired {seen.count}"
        f" {'time' if seen.count == 1 else 'times'}",
    )
    if seen.coins > 1:
        told += ctx.t(f" (bakılan coin: {seen.coins})", f" (coins looked at: {seen.coins})")
    if seen.holds:
        told += ctx.t("; koşul şu an doğru", "; the condition is true now")
    return told + "."
