"""
CoinGecko: piyasa, arananlar, yükselenler, kategoriler ya da bir coin: /cg [coin]
CoinGecko: the market, what is looked for, movers, categories, or one coin: /cg [coin]
"""

import html
from functools import partial
from math import isnan, nan
from operator import attrgetter

from bot import UNKNOWN, links
from markets import coingecko

GROUP = "markets"
ALIASES = ("cko", "cgecko")
LIST, LONGEST, LEAST_CAP, FAR, SCARCE = 5, 60, 1e8, -70, 50
PARTS = (coingecko.rows_route, coingecko.trending_route, coingecko.categories_route)
SPANS = ("1sa", "24sa", "7g", "30g", "1y"), ("1h", "24h", "7d", "30d", "1y")
TRENDS = {
    True: ("hafta ve ay yükselişte", "up on the week and the month"),
    False: ("hafta ve ay düşüşte, acele etmeyin", "down on the week and the month, wait"),
    None: ("yönü belirsiz", "no clear direction"),
}


def run(ctx):
    word = " ".join(ctx.args)[:LONGEST]
    return one(ctx, ctx.sources.gecko(word)) if word else whole(ctx)


def whole(ctx):
    asks = {part: partial(ctx.sources.read, part()) for part in PARTS}
    told, _ = ctx.sources.together({"market": ctx.sources.market, **asks})
    rows, trends, groups = (told[part].data if part in told else () for part in PARTS)
    ranked = sorted((row for row in rows if not isnan(row.day)), key=attrgetter("day"))
    big = [group for group in groups if group.cap >= LEAST_CAP]
    lines = [
        f"<b>🦎 CoinGecko</b> {ctx.clock(min(read.at for read in told.values()), '%H:%M')}",
        *(total(ctx, told["market"]) if "market" in told else ()),
        *block(ctx, ctx.t("🔎 Arananlar", "🔎 Looked for"), trends),
        *block(ctx, ctx.t("🚀 Yükselenler", "🚀 Gainers"), ranked[::-1]),
        *block(ctx, ctx.t("📉 Düşenler", "📉 Losers"), ranked),
        *block(ctx, ctx.t("🏷 Kategoriler", "🏷 Categories"), big),
    ]
    return ctx.report(lines, rose(ctx, ranked), told.values(), links("dom", "cmc", "etf", "fg"))


def rose(ctx, rows):
    if not rows:
        return ctx.t("coinlerin değişimi bilinmiyor", "no changes are known")
    up, count = sum(row.day > 0 for row in rows), len(rows)
    return ctx.t(
        f"en büyük {count} coinin {up} tanesi 24 saatte yükseldi",
        f"{up} of the {count} largest coins rose in 24 hours",
    )


def total(ctx, market):
    yield f"{ctx.t('Değer', 'Cap')}: {ctx.money(market.cap)} {ctx.move(market.change)}"
    yield " · ".join(f"{c} {ctx.percent(market.shares.get(c, nan), 1)}" for c in ("BTC", "ETH"))


def block(ctx, title, rows):
    yield f"<b>{title}</b>"
    for i, row in enumerate(rows[:LIST], 1):
        size = ctx.rounded(row.price, "$") if hasattr(row, "price") else ctx.money(row.cap)
        name = html.escape(getattr(row, "symbol", row.name))
        yield f"{i}. {name}: {ctx.move(row.day)} | {size}"
    if not rows:
        yield UNKNOWN


def one(ctx, same):
    read = ctx.sources.read(coingecko.coin_route(same[0].id))
    coin, name = read.data, html.escape(f"{read.name} ({read.symbol})")
    spans = zip(ctx.t(*SPANS), (coin.hour, coin.day, coin.week, coin.month, coin.year), strict=True)
    day = "" if isnan(coin.ath_at) else f" ({ctx.clock(1000 * coin.ath_at, '%d.%m.%Y')})"
    figures = {
        ("Fiyat", "Price"): f"{ctx.rounded(coin.usd, '$')} · {ctx.rounded(coin.lira, '₺')}",
        ("24 saat", "24 hours"): f"{ctx.rounded(coin.low, '$')} – {ctx.rounded(coin.high, '$')}",
        ("Değer", "Cap"): f"{ctx.money(coin.cap)} · FDV {ctx.money(coin.diluted)}",
        ("Hacim", "Volume"): ctx.money(coin.volume),
        ("Arz", "Supply"): f"{ctx.short(coin.supply)} / {ctx.short(coin.most)}",
        ("Zirve", "ATH"): f"{ctx.rounded(coin.ath, '$')}{day} {ctx.move(coin.below_ath)}",
    }
    lines = [f"<b>🦎 {name}</b> #{ctx.num(coin.rank, 0)} {ctx.clock(read.at, '%H:%M')}"]
    lines += [f"{ctx.t(*words)}: {figure}" for words, figure in figures.items()]
    lines += [" | ".join(f"{span} {ctx.move(move)}" for span, move in spans)]
    if others := ", ".join(html.escape(other.id) for other in same[1:LIST]):
        lines += [ctx.t(f"Aynı adı taşıyanlar: {others}", f"Of the same name: {others}")]
    more = [*links("cg"), *links("t", of=coin.symbol)]
    return ctx.report(lines, comment(ctx, coin), [read], more)


def comment(ctx, coin):
    notes = [ctx.t(*TRENDS[coin.week > 0 if coin.week * coin.month > 0 else None])]
    notes += [ctx.t("zirvesinden çok uzak", "far below its peak")] * (coin.below_ath < FAR)
    if 100 * coin.supply / (coin.most or nan) < SCARCE:
        notes.append(ctx.t("arzın yarısı henüz çıkmadı", "half its supply is still to come"))
    return "; ".join(notes)
