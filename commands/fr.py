"""
Fonlama oranları: en yüksek on, coinler ya da bir coinin ayrıntısı: /fr [coinler|N]
Funding rates: the ten highest, coins, or one coin in detail: /fr [coins|N]
"""

import statistics
from functools import partial
from math import nan

import calc
import drawings
import flows
from bot import Reply, coin, links

GROUP = "flow"
ALIASES = ("funding", "f")
LIST, MORE, BASIS = 10, ("oi", "ls", "nls"), "4h"
LEANS = {
    "long": ("Long yönlü baskı artıyor", "pressure grows on the long side"),
    "short": ("Short yönlü baskı artıyor", "pressure grows on the short side"),
    "neutral": ("Tarafsız", "neutral"),
    None: ("ödeme aralığı bilinmiyor, ölçülemiyor", "unknown payment interval, cannot be judged"),
}


def run(ctx):
    named = ctx.coins() if ctx.words() else []
    read, funding = ctx.sources.perps.funding(*named if len(named) == 1 else ())
    asked = named or list(funding)
    rows = {symbol: funding[symbol] for symbol in asked if symbol in funding}
    if not rows:
        raise ctx.wrong("Vadeli işlemi yok.", "There is no perpetual contract.")
    if len(asked) == 1:
        return one(ctx, read, *rows.popitem())
    ranked = sorted(rows, key=lambda symbol: -abs(rows[symbol].rate))
    shown = ranked if ctx.words() else ranked[:LIST]
    text = "\n".join(
        [
            ctx.t("<b>💸 Fonlama oranları</b>", "<b>💸 Funding rates</b>"),
            *(f"{coin(symbol)}: {rate(ctx, rows[symbol])}" for symbol in shown),
            *ctx.lacking(symbol for symbol in asked if symbol not in rows),
            "",
            comment(ctx, rows.values()),
        ]
    )
    return Reply(text + ctx.age(read), ctx.buttons(links("oi", "ls")))


def rate(ctx, row):
    arrow = "🔼" if row.rate > 0 else "🔻" if row.rate < 0 else "➖"
    year = ctx.percent(calc.funding_year(row.rate, row.hours), 1)
    when = ctx.clock(row.next, "%H:%M")
    note = ctx.t(f"(yıllık {year}; {when}'de)", f"({year} a year; at {when})")
    return f"{ctx.percent(100 * row.rate, 3)} {arrow} {note}"


def comment(ctx, rows):
    mean = statistics.fmean(flows.eight_hourly(row.rate, row.hours) for row in rows)
    words, shown = ctx.t(*LEANS[flows.lean(mean)]), ctx.percent(100 * mean, 3)
    return ctx.t(
        f"Ortalama: {shown} (8 saatlik, {len(rows)} coin)\nYorum: {words}.",
        f"Mean: {shown} (per 8 hours, {len(rows)} coins)\nComment: {words}.",
    )


def one(ctx, read, symbol, row):
    perps, name = ctx.sources.perps, coin(symbol)
    asks = {"past": perps.funding_history, "basis": partial(perps.basis, period=BASIS)}
    told, lost = ctx.sources.together({k: partial(ask, symbol) for k, ask in asks.items()})
    if "past" in lost:
        raise lost["past"]
    past, basis = told["past"], told.get("basis")
    usual = ctx.num(flows.month_z(basis.time, basis.rate) if basis else nan, sign=True)
    week = ctx.percent(100 * flows.recent_mean(past.time, past.rate, 7), 4)
    z = ctx.num(calc.zscore(past.rate, 90)[-1], sign=True)
    gap = ctx.percent(calc.change(row.mark, row.index), 3, sign=True)
    words = ctx.t(*LEANS[flows.lean(flows.eight_hourly(row.rate, row.hours))])
    every = ctx.num(row.hours, 0)
    lines = ctx.t(
        f"<b>💸 {name} fonlama</b>\n{name}: {rate(ctx, row)}\nÖdeme aralığı: {every} saat\n"
        f"7 günlük ortalama: {week}\nz (son 90 ödeme): {z}\nVadeli − endeks: {gap} (30g z {usual})",
        f"<b>💸 {name} funding</b>\n{name}: {rate(ctx, row)}\nPaid every: {every} hours\n"
        f"7-day mean: {week}\nz (last 90 payments): {z}\nMark − index: {gap} (30d z {usual})",
    )
    picture = ctx.workers.picture(drawings.payments(ctx, name, past))
    reads = [read, past, *filter(None, [basis])]
    return ctx.report([lines], words, reads, links(*MORE, of=name), picture=picture)
