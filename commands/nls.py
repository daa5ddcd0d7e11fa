"""
Net Likidite Skoru ve balina işlemleri: /nls [coinler|N]
Net liquidity score and whale prints: /nls [coins|N]
"""

import flows
from bot import UNKNOWN, coin, links

GROUP = "flow"
MOST = 10
SIGNALS = {
    "buy": ("🟢 AL", "🟢 BUY"),
    "sell": ("🔴 SAT", "🔴 SELL"),
    "wait": ("🟡 BEKLE", "🟡 WAIT"),
    None: (f"✖️ {UNKNOWN}", f"✖️ {UNKNOWN}"),
}


def run(ctx):
    symbols, sources = ctx.dollar_coins(MOST), ctx.sources
    books, trades = sources.each(sources.books, symbols), sources.each(sources.trades, symbols)
    scores = {symbol: flows.liquidity(books[symbol]) for symbol in books}
    lines = [
        ctx.t("<b>💧 Net Likidite Skoru</b>", "<b>💧 Net liquidity score</b>"),
        *(line(ctx, s, *scores[s], len(books[s]), trades.get(s)) for s in scores),
        *ctx.lacking(symbol for symbol in symbols if symbol not in scores),
        ctx.t("🐋 = $50K ve üstü işlemler", "🐋 = prints of $50K or more"),
    ]
    words = comment(ctx, {symbol: flows.signal(score) for symbol, (score, _) in scores.items()})
    reads = [*(kept[-1] for kept in books.values()), *trades.values()]
    return ctx.report(lines, words, reads, links("whale", "fr"))


def line(ctx, symbol, score, percent, count, trades):
    shown = f"{ctx.num(score, 1, sign=True)} {ctx.t(*SIGNALS[flows.signal(score)])}"
    seen = f"±{ctx.percent(percent)}, {ctx.t(f'{count} görüntü', f'snapshots: {count}')}"
    head = f"{coin(symbol)}: {shown} ({seen})\n  🐋 "
    if trades is None:
        return head + UNKNOWN
    whales, span = flows.prints(trades), ctx.num((trades.time[-1] - trades.time[0]) / 60_000, 0)
    words = ctx.t("yok", "none")
    if whales.count:
        sides = f"🔼{ctx.money(whales.bought)} 🔻{ctx.money(whales.sold)}"
        words = f"{whales.count} · {sides} · {ctx.t('pay', 'share')} {ctx.percent(whales.share, 1)}"
    return f"{head}{words} ({ctx.t(f'son {span} dk', f'last {span} min')})"


def comment(ctx, signals):
    words = {
        "buy": ctx.t("alıcı ağır basıyor", "buyers weigh more"),
        "sell": ctx.t("satıcı ağır basıyor", "sellers weigh more"),
        None: ctx.t("ölçülemiyor", "cannot be measured"),
    }
    named = {signal: [coin(s) for s in signals if signals[s] == signal] for signal in words}
    notes = [f"{words[signal]}: {', '.join(names)}" for signal, names in named.items() if names]
    calm = ctx.t("defterler dengede; bekleyin", "the books are even; wait")
    return "; ".join(notes) or calm
