"""
Long/short oranları: coinlerin ya da bir coinin dört oranı: /ls [coinler|N]
Long/short ratios: of coins, or the four ratios of one coin: /ls [coins|N]
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

import flows
from bot import Reply, coin

GROUP = "flow"
MOST, AT_ONCE, CROWDED, PERIOD = 20, 8, 2, "4h"
WHO = {
    "global": ("Tüm hesaplar", "All accounts"),
    "account": ("Büyük hesaplar", "Top accounts"),
    "position": ("Büyük pozisyonlar", "Top positions"),
}


def run(ctx):
    symbols, perps = ctx.coins(MOST), ctx.sources.perps
    if len(symbols) == 1:
        return one(ctx, symbols[0])
    _, funding = perps.funding()
    asked = [symbol for symbol in symbols if symbol in funding]
    missing = ", ".join(coin(symbol) for symbol in symbols if symbol not in funding)
    if not asked:
        raise ctx.wrong(
            "Bu coinlerin vadeli işlemi yok.", "These coins have no perpetual contract."
        )
    with ThreadPoolExecutor(AT_ONCE) as threads:
        reads = list(threads.map(lambda symbol: perps.ratios(symbol, PERIOD), asked))
    scores = {s: flows.crowd_z(r.time, r.ratio) for s, r in zip(asked, reads, strict=True)}
    rows = [
        f"{coin(symbol)}: {ctx.num(read.ratio[-1])} | {z_words(ctx, scores[symbol])}"
        for symbol, read in zip(asked, reads, strict=True)
    ]
    if missing:
        rows.append(ctx.t(f"Vadeli işlemi yok: {missing}", f"No perpetual contract: {missing}"))
    title = ctx.t("<b>⚖️ Long/short (tüm hesaplar)</b>", "<b>⚖️ Long/short (all accounts)</b>")
    text = "\n".join([title, *rows, "", comment(ctx, scores)])
    return Reply(text + ctx.age(*reads), ctx.buttons([("/fr", "/fr"), ("/oi", "/oi")]))


def one(ctx, symbol):
    perps, name = ctx.sources.perps, coin(symbol)
    reads = {who: perps.ratios(symbol, PERIOD, who) for who in WHO}
    scores = {who: flows.crowd_z(read.time, read.ratio) for who, read in reads.items()}
    flow = perps.taker(symbol, PERIOD)
    taker, z = flows.taker_day(flow.time, flow.buy, flow.sell)
    rows = [
        f"{ctx.t(*WHO[who])}: {ctx.num(read.ratio[-1])} "
        f"(long {ctx.percent(100 * read.long[-1], 1)}) | {z_words(ctx, scores[who])}"
        for who, read in reads.items()
    ]
    word = ctx.t("Taker alış/satış (24s)", "Taker buys/sells (24h)")
    rows.append(f"{word}: {ctx.num(np.exp(taker))} | {z_words(ctx, z)}")
    note = comment(ctx, {symbol: scores["global"]})
    text = "\n".join([f"<b>⚖️ {name} long/short</b>", *rows, "", note])
    more = [(f"/{command}", f"/{command} {name}") for command in ("fr", "oi", "nls")]
    return Reply(text + ctx.age(*reads.values(), flow), ctx.buttons(more))


def z_words(ctx, z):
    return f"{ctx.t('30g', '30d')} z {ctx.num(z, sign=True)}"


def comment(ctx, scores):
    longs = ", ".join(coin(symbol) for symbol, z in scores.items() if z > CROWDED)
    shorts = ", ".join(coin(symbol) for symbol, z in scores.items() if z < -CROWDED)
    notes = []
    if longs:
        notes.append(
            ctx.t(f"kalabalık long tarafta, düşüşe dikkat: {longs}", f"crowded long: {longs}")
        )
    if shorts:
        notes.append(
            ctx.t(
                f"kalabalık short tarafta, sıkışmaya dikkat: {shorts}", f"crowded short: {shorts}"
            )
        )
    if not notes and not any(map(np.isfinite, scores.values())):
        notes.append(ctx.t("30 günlük geçmiş yok, ölçülemiyor", "no 30-day history to judge by"))
    calm = ctx.t("kalabalık bir taraf yok (|z| 2'nin altında)", "no side is crowded (|z| below 2)")
    return ctx.t("Yorum: ", "Comment: ") + ("; ".join(notes) or calm) + "."
