"""
Likidasyonlar: en çok likide olan coinler ya da bir coin: /liq [coin]
Liquidations: the coins most liquidated, or one coin: /liq [coin]
"""

from math import isnan

from bot import Reply, UserError, coin
from markets import coinglass
from markets.names import unit

GROUP = "flow"
LIST, DAY = 10, "24h"


def run(ctx):
    if not ctx.config.coinglass_key:
        raise UserError(*coinglass.KEY)
    symbol = ctx.sources.symbol(ctx.arg(0)) if ctx.args else ""
    read = ctx.sources.read(coinglass.liquidations_route())
    rows = {f"{unit(name)[0]}USDT": row for name, row in read.data.items()}
    if symbol:
        return one(ctx, read, symbol, rows.get(symbol))
    ranked = sorted(rows, key=lambda name: -total(rows[name]))[:LIST]
    lines = [
        f"{i}. {coin(name)}: {sides(ctx, rows[name], DAY)}" for i, name in enumerate(ranked, 1)
    ]
    title = ctx.t("<b>💥 Likidasyonlar (24s)</b>", "<b>💥 Liquidations (24h)</b>")
    longs, shorts = (
        sum(known(side(row)) for row in rows.values()) for side in (longs_of, shorts_of)
    )
    text = "\n".join([title, *lines, "", comment(ctx, longs, shorts)])
    return Reply(text + ctx.age(read), ctx.buttons([("/fr", "/fr"), ("/oi", "/oi")]))


def one(ctx, read, symbol, row):
    name = coin(symbol)
    if row is None:
        raise UserError(
            f"{name} için likidasyon verisi yok.", f"No liquidations of {name} are known."
        )
    lines = [f"{span}: {sides(ctx, row, span)}" for span in coinglass.SPANS]
    title = ctx.t(f"<b>💥 {name} likidasyonlar</b>", f"<b>💥 {name} liquidations</b>")
    text = "\n".join([title, *lines, "", comment(ctx, row.longs[DAY], row.shorts[DAY])])
    more = [(f"/{command}", f"/{command} {name}") for command in ("fr", "oi", "ls")]
    return Reply(text + ctx.age(read), ctx.buttons(more))


def longs_of(row):
    return row.longs[DAY]


def shorts_of(row):
    return row.shorts[DAY]


def known(value):
    return 0.0 if isnan(value) else value


def total(row):
    return known(longs_of(row) + shorts_of(row))


def sides(ctx, row, span):
    return f"long ${ctx.short(row.longs[span])} | short ${ctx.short(row.shorts[span])}"


def comment(ctx, longs, shorts):
    if not longs + shorts > 0:
        return ctx.t("Yorum: söylenecek bir şey yok.", "Comment: nothing to tell.")
    share = ctx.percent(100 * max(longs, shorts) / (longs + shorts), 0)
    side = "long" if longs >= shorts else "short"
    return ctx.t(
        f"Yorum: 24 saatte likide olanların {share} kadarı {side}.",
        f"Comment: {share} of what was liquidated in 24 hours was {side}.",
    )
