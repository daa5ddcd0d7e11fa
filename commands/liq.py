"""
Likidasyonlar: en çok likide olan coinler ya da bir coin: /liq [coin]
Liquidations: the coins most liquidated, or one coin: /liq [coin]
"""

import math

from bot import UserError, coin, links
from markets import coinglass
from markets.names import unit

GROUP = "flow"
LIST, DAY, MORE = 10, "24h", ("fr", "oi", "ls")
LOST = {
    1: ("düşüş longları kapattırdı", "the fall closed longs"),
    0: ("iki taraf da kaybetti", "both sides lost"),
    -1: ("yükseliş shortları kapattırdı", "the rise closed shorts"),
}


def run(ctx):
    if not ctx.config.coinglass_key:
        raise UserError(*coinglass.KEY)
    read = ctx.sources.read(coinglass.liquidations_route())
    rows = {f"{unit(name)[0]}USDT": row for name, row in read.data.items()}
    if ctx.args:
        return one(ctx, read, rows)
    day = {s: (row.longs[DAY], row.shorts[DAY]) for s, row in rows.items()}
    known = sorted((s for s in day if math.isfinite(sum(day[s]))), key=lambda s: -sum(day[s]))
    title = ctx.t("Likidasyonlar (24 saat, Binance)", "Liquidations (24 hours, Binance)")
    lines = [f"{i}. {coin(s)}: {sides(ctx, *day[s])}" for i, s in enumerate(known[:LIST], 1)]
    words = comment(ctx, [day[s] for s in known])
    return ctx.report([f"<b>💥 {title}</b>", *lines], words, [read], links("fr", "oi"))


def one(ctx, read, rows):
    symbol = ctx.sources.symbol(ctx.arg(0))
    name, row = coin(symbol), rows.get(symbol)
    if row is None:
        raise UserError(f"{name}: likidasyon verisi yok.", f"{name}: no liquidations known.")
    title = f"<b>💥 {name} {ctx.t('likidasyonlar', 'liquidations')} (Binance)</b>"
    lines = [f"{s}: {sides(ctx, row.longs[s], row.shorts[s])}" for s in coinglass.SPANS]
    words = comment(ctx, [(row.longs[DAY], row.shorts[DAY])])
    return ctx.report([title, *lines], words, [read], links(*MORE, of=name))


def sides(ctx, longs, shorts):
    return f"long ${ctx.short(longs)} | short ${ctx.short(shorts)}"


def comment(ctx, day):
    longs, shorts = (sum(both[i] for both in day) for i in (0, 1))
    if not longs + shorts > 0:
        return ctx.t("söylenecek bir şey yok", "nothing to tell")
    share, size = 100 * longs / (longs + shorts), f"${ctx.short(longs + shorts)}"
    words = f"{ctx.percent(share, 0)}: {ctx.t(*LOST[(share > 60) - (share < 40)])}"
    return ctx.t(
        f"24 saatte {size} likide oldu, longların payı {words}",
        f"{size} liquidated in 24 hours, longs' share {words}",
    )
