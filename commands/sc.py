"""
Tarayıcı: formüle uyan coinler ve değerleri: /sc formül [15m|1h|4h|1d] [N]
Scanner: the coins a formula is true for, with its values: /sc formula [15m|1h|4h|1d] [N]
"""

import html
import math

import numpy as np

import formula
from bot import INTERVALS, UNKNOWN, Reply, coin

GROUP = "analysis"
ALIASES = ("tara", "scan")
HEAVY = True
USUAL, MOST, SHOWN = 100, 400, 30
FRAMES = ("15m", "1h", "4h", "1d")
PRICES = ("open", "high", "low", "close")


def run(ctx):
    if not ctx.args:
        raise ctx.wrong("Hangi formül? rsi < 30 gibi.", "Which formula? Like rsi < 30.")
    asked, tail = read(ctx)
    frame = ctx.replaced(tail).interval("1h")
    count = int(ctx.replaced(filter(str.isdecimal, tail)).number(0, USUAL, 1, MOST))
    symbols = ctx.sources.top(count)
    here = formula.gather(ctx.sources, asked.needs, symbols, frame)
    found, values = asked.last(here), asked.values(here)
    order = np.flatnonzero(found) if asked.condition else np.argsort(-found)
    chosen = [i for i in order if asked.condition or math.isfinite(found[i])]
    rows = [
        f"{place}. {coin(symbols[i])}: {shown(ctx, symbols[i], asked, values, i)}"
        for place, i in enumerate(chosen[:SHOWN], 1)
    ]
    lost = int((~np.isfinite([values[text] for text in asked.shown])).any(axis=0).sum())
    notes = rest(ctx, len(chosen), lost)
    closed = ctx.clock(here.bars.time[-1] + INTERVALS[frame])
    note = comment(ctx, asked, len(chosen), len(symbols), f"{closed} {frame}")
    text = "\n".join([f"<b>🔎 {safe(asked.text)}</b>", *rows, *notes, "", note])
    others = [(tf, f"/sc {asked.text} {tf} {count}") for tf in FRAMES if tf != frame]
    return Reply(text + ctx.age(*here.bars.reads.values()), ctx.buttons(others))


def read(ctx):
    """Return the formula, and the timeframe and number behind it, as it makes sense."""
    names, errors = ctx.db.formulas(ctx.user.id), []
    for cut in range(len(ctx.args), max(0, len(ctx.args) - 3), -1):
        tail = ctx.args[cut:]
        kinds = {"tf" if word.lower() in INTERVALS else word.isdecimal() for word in tail}
        if False in kinds or len(kinds) < len(tail):
            break
        try:
            return formula.compile(" ".join(ctx.args[:cut]), names), tail
        except formula.FormulaError as error:
            errors.append(error)
    raise max(errors, key=lambda error: error.position)


def shown(ctx, symbol, asked, values, i):
    parts = [(text, values[text][i]) for text in asked.shown]
    return " · ".join(f"{safe(text)} {figure(ctx, x, text, symbol)}" for text, x in parts)


def figure(ctx, value, text, symbol):
    if not math.isfinite(value):
        return UNKNOWN
    if text in PRICES:
        return ctx.price(value, symbol)
    if abs(value) >= 1e5:
        return ctx.short(value)
    size = math.floor(math.log10(abs(value))) if value else 0
    return ctx.num(value, max(0, min(10, 3 - size)))


def rest(ctx, count, lost):
    if count > SHOWN:
        yield ctx.t(f"… ve {count - SHOWN} coin daha", f"… and {count - SHOWN} more")
    if lost:
        yield ctx.t(f"{lost} coinin geçmişi yetmedi.", f"{lost} have too short a history.")


def comment(ctx, asked, count, total, bar):
    if not asked.condition:
        return ctx.t(f"Yorum: {bar} kapanışı, yüksekten.", f"Comment: {bar} close, highest first.")
    tr, en = f"Yorum: {bar} kapanışında {total} coinden", f"Comment: at the {bar} close"
    if not count:
        return ctx.t(f"{tr} uyan yok; koşulu gevşetin.", f"{en} none of {total} coins match.")
    return ctx.t(f"{tr} {count} tanesi uyuyor.", f"{en} {count} of {total} coins match.")


def safe(text):
    return html.escape(text, quote=False)
