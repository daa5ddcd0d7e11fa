"""
CoinMarketCap: piyasanın toplamı ve en büyük coinler: /cmc [N]
CoinMarketCap: the whole market and the largest coins: /cmc [N]
"""

import html
from math import isnan

from bot import links
from markets import coinmarketcap

GROUP = "markets"
LIST, MOST = 10, 50
WORDS = ("Toplam değer", "Hacim", "Altlar", "Stabil"), ("Total cap", "Volume", "Alts", "Stables")
RISING = ("büyükler yükseliyor", "the large ones rise")
FALLING = ("büyükler düşüyor, acele etmeyin", "the large ones fall, take your time")
MIXED = ("yön karışık", "no clear direction")


def run(ctx):
    count = ctx.count(0, LIST, high=MOST)
    keyed = bool(ctx.config.coinmarketcap_key)
    ways = {"market": coinmarketcap.global_routes(keyed), "rows": coinmarketcap.rows_routes(keyed)}
    reads = ctx.sources.each(lambda part: ctx.sources.read(*ways[part]), ways)
    rows = reads["rows"].data[:count] if "rows" in reads else ()
    names = {"market": ctx.t("toplamlar", "totals"), "rows": ctx.t("coinler", "coins")}
    lines = [
        f"<b>🔷 CoinMarketCap</b> {ctx.clock(min(r.at for r in reads.values()), '%H:%M')}",
        *(totals(ctx, reads["market"].data) if "market" in reads else ()),
        ctx.t("Coin: fiyat | 24sa | 7g | değer", "Coin: price | 24h | 7d | cap"),
        *(line(ctx, row) for row in rows),
        *ctx.lacking(names[part] for part in ways if part not in reads),
    ]
    return ctx.report(
        lines, comment(ctx, [row.day for row in rows]), reads.values(), links("cg", "dom")
    )


def totals(ctx, market):
    cap, volume, alts, stable = ctx.t(*WORDS)
    yield f"{cap}: {ctx.money(market.cap)} {ctx.move(market.change)}"
    yield f"{volume}: {ctx.money(market.volume)} · {alts}: {ctx.money(market.alts)}"
    yield f"{stable}: {ctx.money(market.stable)} · DeFi: {ctx.money(market.defi)}"
    for coin, now, before in (("BTC", *market[3:5]), ("ETH", *market[5:7])):
        yield f"{coin}: {ctx.percent(now)} ({ctx.t('dün', 'yesterday')} {ctx.percent(before)})"


def line(ctx, row):
    moves = f"{ctx.move(row.day)} | {ctx.move(row.week)}"
    head = f"{row.rank:.0f}. {html.escape(row.symbol)}: {ctx.rounded(row.price, '$')}"
    return f"{head} | {moves} | {ctx.money(row.cap)}"


def comment(ctx, days):
    if all(map(isnan, days)):
        return ctx.t("coinlerin değişimi bilinmiyor", "no changes are known")
    up, down = sum(day > 0 for day in days), sum(day < 0 for day in days)
    words = RISING if up > down else FALLING if down > up else MIXED
    count = ctx.t(f"{up} yükselen, {down} düşen", f"{up} rise, {down} fall")
    return f"{count}; {ctx.t(*words)}"
