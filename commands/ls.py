"""
Long/short oranları: coinlerin ya da bir coinin dört oranı: /ls [coinler|N]
Long/short ratios: of coins, or the four ratios of one coin: /ls [coins|N]
"""

import math

import flows
from bot import UNKNOWN, coin, links

GROUP = "flow"
MOST, CROWDED, PERIOD = 20, 2, "4h"
FOUR = {
    "global": ("Tüm hesaplar", "All accounts"),
    "account": ("Büyük hesaplar", "Top accounts"),
    "position": ("Büyük pozisyonlar", "Top positions"),
    "taker": ("Taker alış/satış (24sa)", "Taker buys/sells (24h)"),
}


def run(ctx):
    symbols, perps = ctx.coins(MOST), ctx.sources.perps
    if len(symbols) == 1:
        return one(ctx, *symbols)
    reads = ctx.sources.each(lambda symbol: perps.ratios(symbol, PERIOD), symbols)
    lines = [
        ctx.t("<b>⚖️ Long/short (tüm hesaplar)</b>", "<b>⚖️ Long/short (all accounts)</b>"),
        *(f"{coin(s)}: {figures(ctx, 'global', read)}" for s, read in reads.items()),
        *ctx.lacking(symbol for symbol in symbols if symbol not in reads),
    ]
    return ctx.report(lines, comment(ctx, reads), reads.values(), links("fr", "oi"))


def one(ctx, symbol):
    perps, name = ctx.sources.perps, coin(symbol)

    def ask(who):
        return perps.taker(symbol, PERIOD) if who == "taker" else perps.ratios(symbol, PERIOD, who)

    reads = ctx.sources.each(ask, FOUR)
    rows = [f"{ctx.t(*FOUR[who])}: {figures(ctx, who, reads.get(who))}" for who in FOUR]
    crowd = {symbol: reads["global"]} if "global" in reads else {}
    lines = [f"<b>⚖️ {name} long/short</b>", *rows]
    more = links("fr", "oi", "nls", of=name)
    return ctx.report(lines, comment(ctx, crowd), reads.values(), more)


def figures(ctx, who, read):
    if read is None:
        return UNKNOWN
    if who == "taker":
        day, z = flows.taker_day(read.time, read.buy, read.sell)
        words = ctx.num(math.exp(day))
    else:
        z = flows.crowd_z(read.time, read.ratio)
        words = f"{ctx.num(read.ratio[-1])} (long {ctx.percent(100 * read.long[-1], 1)})"
    return f"{words} | {ctx.t('30g', '30d')} z {ctx.num(z, sign=True)}"


def comment(ctx, reads):
    scores = {symbol: flows.crowd_z(read.time, read.ratio) for symbol, read in reads.items()}
    longs = ", ".join(coin(symbol) for symbol, z in scores.items() if z > CROWDED)
    shorts = ", ".join(coin(symbol) for symbol, z in scores.items() if z < -CROWDED)
    notes = []
    if longs:
        notes.append(ctx.t(f"longlar kalabalık, düşüşe dikkat: {longs}", f"crowded longs: {longs}"))
    if shorts:
        notes.append(
            ctx.t(f"shortlar kalabalık, sıkışmaya dikkat: {shorts}", f"crowded shorts: {shorts}")
        )
    if all(map(math.isnan, scores.values())):
        notes.append(ctx.t("30 günlük geçmiş yok, ölçülemiyor", "no 30-day history to judge by"))
    calm = ctx.t("kalabalık bir taraf yok (|z| 2'nin altında)", "no side is crowded (|z| below 2)")
    return "; ".join(notes) or calm
