"""
Balina işlemleri: son saatin en büyük işlemleri: /whale [coinler|N]
Whale prints: the biggest trades of the last hour: /whale [coins|N]
"""

import flows
from bot import coin, links

GROUP = "flow"
ALIASES = ("balina",)
MOST, LIST, PRINTS = 30, 15, 1000


def run(ctx):
    symbols = asked(ctx)
    reads, start = ctx.sources.each(ctx.sources.trades, symbols), ctx.now - flows.HOUR
    recent = {symbol: flows.since(read.data, start) for symbol, read in reads.items()}
    rows = [
        (price * size, price, at, sold, symbol)
        for symbol, t in recent.items()
        for at, price, size, sold in zip(t.time, t.price, t.quantity, t.sold, strict=True)
    ]
    rows = sorted(rows, reverse=True)[:LIST]
    lines = [
        ctx.t("<b>🐋 Son saatin en büyükleri</b>", "<b>🐋 The biggest of the last hour</b>"),
        *(line(ctx, i, *row) for i, row in enumerate(rows, 1)),
        *covered(ctx, reads, start),
        *ctx.lacking(symbol for symbol in symbols if symbol not in reads),
    ]
    return ctx.report(lines, comment(ctx, recent.values()), reads.values(), links("nls", "io"))


def asked(ctx):
    """Return the coins named, else those kept warm: the default list and the favourites."""
    if ctx.words():
        return ctx.dollar_coins(MOST)
    words = [*ctx.config.scan_symbols, *ctx.db.favourites(ctx.user.id)]
    known = filter(None, map(ctx.sources.known, words))
    return [symbol for symbol in dict.fromkeys(known) if symbol.endswith("USDT")][:MOST]


def line(ctx, i, value, price, at, sold, symbol):
    arrow, when = "🔻" if sold else "🔼", ctx.clock(at, "%H:%M:%S")
    return f"{i}. {coin(symbol)}: {arrow} ${ctx.short(value)} | {ctx.price(price, symbol)} | {when}"


def covered(ctx, reads, start):
    """Say how far back the last 1000 prints go where that is less than the hour."""
    short = {s: r.time[0] for s, r in reads.items() if len(r.time) >= PRINTS and r.time[0] > start}
    if short:
        spans = ", ".join(f"{coin(s)} {ctx.ago(int(first))}" for s, first in short.items())
        yield ctx.t(f"Görülen süre: {spans}", f"Time seen: {spans}")


def comment(ctx, recent):
    big = [flows.prints(trades, flows.BIG_WHALE) for trades in recent]
    count = sum(row.count for row in big)
    if not count:
        return ctx.t(
            "100 bin doların üstünde işlem görülmedi",
            "no print above 100 thousand dollars was seen",
        )
    net = sum(row.bought - row.sold for row in big)
    size = f"${ctx.short(abs(net))}"
    side = ctx.t("alış" if net > 0 else "satış", "bought" if net > 0 else "sold")
    return ctx.t(
        f"100 bin dolar ve üstü {count} işlem, net {size} {side}",
        f"{count} prints of 100 thousand dollars or more, net {size} {side}",
    )
