"""
Net Likidite Skoru ve balina işlemleri: /nls [coinler|N]
Net liquidity score and whale prints: /nls [coins|N]
"""

import flows
from bot import UNKNOWN, Reply, coin

GROUP = "flow"
MOST = 10
SIGNALS = {
    "buy": ("🟢 AL", "🟢 BUY"),
    "sell": ("🔴 SAT", "🔴 SELL"),
    "wait": ("🟡 BEKLE", "🟡 WAIT"),
    None: (f"✖️ {UNKNOWN}", f"✖️ {UNKNOWN}"),
}


def run(ctx):
    symbols = ctx.coins(MOST)
    if not symbols or not all(symbol.endswith("USDT") for symbol in symbols):
        raise ctx.wrong("Yalnız USDT çiftleri.", "USDT pairs only.")
    rows, reads = [], []
    for symbol in symbols:
        books, trades = ctx.sources.books(symbol), ctx.sources.trades(symbol)
        # With no fresh snapshot in the window, the stale one is what is known, and says its age.
        books = books or [ctx.sources.book(symbol)]
        rows.append((symbol, *flows.liquidity(books), len(books), trades))
        reads += [books[-1], trades]
    title = ctx.t("<b>💧 Net Likidite Skoru</b>", "<b>💧 Net liquidity score</b>")
    note = ctx.t(
        "🐋 = 50 bin dolar ve üstü işlemler, son 1000 işlemin içinde.",
        "🐋 = prints of 50 thousand dollars or more among the last 1000.",
    )
    lines = [line(ctx, *row) for row in rows]
    text = "\n".join([title, *lines, note, "", comment(ctx, rows)])
    return Reply(text + ctx.age(*reads), ctx.buttons([("/whale", "/whale"), ("/fr", "/fr")]))


def line(ctx, symbol, score, percent, count, trades):
    whales = flows.prints(trades)
    verdict, shown = ctx.t(*SIGNALS[flows.signal(score)]), ctx.num(score, 1, sign=True)
    span = ctx.num((trades.time[-1] - trades.time[0]) / 60_000, 0)
    buys, sells = f"🔼${ctx.short(whales.bought)}", f"🔻${ctx.short(whales.sold)}"
    return ctx.t(
        f"{coin(symbol)}: {shown} {verdict} (±{ctx.percent(percent)}, {count} görüntü)\n"
        f"  🐋 {whales.count} · {buys} {sells} · pay {ctx.percent(whales.share, 1)} ({span} dk)",
        f"{coin(symbol)}: {shown} {verdict} (±{ctx.percent(percent)}, snapshots: {count})\n"
        f"  🐋 {whales.count} · {buys} {sells} · share {ctx.percent(whales.share, 1)} ({span} min)",
    )


def comment(ctx, rows):
    named = {"buy": [], "sell": [], "wait": [], None: []}
    for symbol, score, *_ in rows:
        named[flows.signal(score)].append(coin(symbol))
    buys, sells = ", ".join(named["buy"]), ", ".join(named["sell"])
    if not buys and not sells:
        return ctx.t("Yorum: defterler dengede; bekleyin.", "Comment: the books are even; wait.")
    return ctx.t(
        f"Yorum: alıcı ağır: {buys or UNKNOWN}; satıcı ağır: {sells or UNKNOWN}.",
        f"Comment: buyers weigh more: {buys or UNKNOWN}; sellers: {sells or UNKNOWN}.",
    )
