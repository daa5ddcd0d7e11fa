"""
Tarayıcı: formüle uyan coinler ve değerleri: /sc formül [15m|1h|4h|1d] [N]
Scanner: the coins a formula is true for, with its values: /sc formula [15m|1h|4h|1d] [N]
"""

import html

import numpy as np

import formula
from bot import INTERVALS, Reply, coin

GROUP = "analysis"
ALIASES = ("tara", "scan")
HEAVY = True
USUAL, MOST, SHOWN = 100, 400, 30
FRAMES = ("15m", "1h", "4h", "1d")


def run(ctx):
    if not ctx.args:
        raise ctx.wrong("Hangi formül? rsi < 30 gibi.", "Which formula? Like rsi < 30.")
    first = ctx.args[:1] if ctx.args[0].lower() in INTERVALS else ()
    asked, tail = formula.read(ctx.args[len(first) :] + first, ctx.db.formulas(ctx.user.id))
    frame = ctx.replaced(tail).interval("1h")
    count = ctx.replaced(filter(str.isdecimal, tail)).count(0, USUAL, high=MOST)
    symbols = ctx.sources.top(count)
    here = formula.gather(ctx.sources, asked.needs, symbols, frame)
    found, values = asked.last(here), asked.values(here)
    order = np.flatnonzero(found) if asked.condition else np.argsort(-found)
    chosen = [i for i in order if np.isfinite(found[i])]
    rows = [
        f"{place}. {coin(symbols[i])}: {line(ctx, asked.shown, values, i)}"
        for place, i in enumerate(chosen[:SHOWN], 1)
    ]
    lost = int(np.isnan([values[text] for text in asked.shown]).any(axis=0).sum())
    closed = ctx.clock(here.bars.time[-1] + INTERVALS[frame])
    notes = comment(ctx, asked.condition, len(chosen), lost, len(symbols), f"{closed} {frame}")
    title = f"<b>🔎 {html.escape(asked.text, quote=False)}</b>"
    others = [(tf, f"/sc {asked.text} {tf} {count}") for tf in FRAMES if tf != frame]
    age = ctx.age(*here.bars.reads.values())
    return Reply("\n".join([title, *rows, *notes]) + age, ctx.buttons(others))


def line(ctx, texts, values, i):
    parts = [f"{html.escape(text, quote=False)} {ctx.figure(values[text][i])}" for text in texts]
    return " · ".join(parts)


def comment(ctx, condition, count, lost, total, bar):
    if count > SHOWN:
        yield ctx.t(f"… ve {count - SHOWN} coin daha", f"… and {count - SHOWN} more")
    if lost:
        yield ctx.t(f"{lost} coinin geçmişi yetmedi.", f"{lost} have too short a history.")
    tr, en = f"{bar} kapanışında", f"at the {bar} close"
    matches = (f"{total} coinden {count} tanesi uyuyor", f"{count} of {total} coins match")
    told = matches if condition else ("yüksekten alçağa", "the highest first")
    if not count:
        told = ("uyan yok; koşulu gevşetin", "none matches; loosen the condition")
    yield ctx.t(f"\nYorum: {tr} {told[0]}.", f"\nComment: {en} {told[1]}.")
