"""
Açık pozisyon: değişimi ve fiyatla birlikte anlamı, en az %5 oynayanlar: /oi [coinler|N] [%5]
Open interest: its change and meaning under the price, those that moved 5%: /oi [coins|N] [5%]
"""

import math

import drawings
import flows
import outlook
from bot import UNKNOWN, coin, links

GROUP = "flow"
MOST, FRAME, SHOCK = 20, "15m", 8
STANDS = {
    "strong": ("GÜÇLÜ", "STRONG", "yükselişe yeni para giriyor", "new money joins the rise"),
    "pressing": ("BASKI", "PRESSURE", "düşüşe yeni para giriyor", "new money joins the fall"),
    "gathering": (
        *("TOPLAMA", "GATHERING"),
        *("fiyat dururken pozisyon birikiyor", "positions build under a still price"),
    ),
    "watch": ("TAKİP", "WATCH", "belirgin yeni pozisyon yok, izleyin", "no new money yet, watch"),
    None: (UNKNOWN, UNKNOWN, "bilinmiyor", "unknown"),
}


def run(ctx):
    least, words = threshold(ctx)
    perps, asked = ctx.sources.perps, ctx.replaced(words).coins(MOST)
    reads = ctx.sources.each(lambda symbol: perps.interest_history(symbol, FRAME), asked)
    candles = ctx.sources.several(reads, FRAME)
    rows = {s: flows.build(reads[s], candles.get(s)) for s in reads}
    shown = {s: row for s, row in rows.items() if not least or moved(row, least)}
    move = ctx.percent(least, 1)
    none = ctx.t(f"En az {move} oynayan yok.", f"None moved by {move} or more.")
    lines = [
        ctx.t("<b>📦 Açık pozisyon</b>", "<b>📦 Open interest</b>"),
        ctx.t("Coin: OI | 1sa 4sa 24sa | 4sa durum", "Coin: OI | 1h 4h 24h | 4h state"),
        *([line(ctx, *row) for row in shown.items()] or [none]),
        *ctx.lacking(symbol for symbol in asked if symbol not in rows),
    ]
    shown_one = picture(ctx, reads, candles) if len(asked) == 1 else None
    lines += [traded(ctx, *row) for row in rows.items() if len(asked) == 1]
    more = [*((ctx.percent(least, 0), f"/oi %{least}") for least in (2, 5)), *links("fr")]
    every = [*reads.values(), *candles.values()]
    return ctx.report(lines, comment(ctx, shown), every, more, picture=shown_one)


def picture(ctx, reads, candles):
    ((symbol, past),) = reads.items()
    title, bars = f"{coin(symbol)} {FRAME}", candles[symbol].data if symbol in candles else None
    return ctx.workers.picture(drawings.interest(ctx, title, past.data, bars))


def threshold(ctx):
    """Return the least move in percent that was typed, else 0, and the other words."""
    typed = next((word for word in ctx.args if "%" in word), None)
    if typed is None:
        return 0, ctx.args
    least = ctx.replaced([typed.strip("%")]).number(0, low=0, high=1000)
    return least, [word for word in ctx.args if word != typed]


def moved(row, least):
    return any(abs(move) >= least for move in row.moves)


def line(ctx, symbol, row):
    size = f"${ctx.short(row.quote)}" if math.isfinite(row.quote) else ctx.short(row.base)
    mark = "⚡" if abs(row.moves[0]) >= SHOCK else ""
    changes = " ".join(ctx.percent(move, 1, sign=True) for move in row.moves)
    state = f"{ctx.t(*outlook.QUADRANTS[row.quadrant])} · {ctx.t(*STANDS[row.stand][:2])}"
    return f"{mark}{coin(symbol)}: {size} | {changes} | {state}"


def traded(ctx, symbol, row):
    volume = ctx.sources.perps.traded(symbol)
    shown, times = ctx.short(volume), ctx.num(row.quote / volume if volume else math.nan)
    return ctx.t(
        f"Vadeli hacim 24sa: ${shown}, OI/hacim: {times}",
        f"Contract volume 24h: ${shown}, OI/volume: {times}",
    )


def comment(ctx, rows):
    words = []
    for stand, (*label, tr, en) in STANDS.items():
        names = ", ".join(coin(symbol) for symbol, row in rows.items() if row.stand == stand)
        if names:
            words.append(f"{ctx.t(*label)} ({names}): {ctx.t(tr, en)}")
    nothing = ctx.t("söylenecek bir şey yok", "nothing to tell")
    return "; ".join(words) or nothing
