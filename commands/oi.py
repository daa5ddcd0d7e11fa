"""
Açık pozisyon: değişimi ve fiyatla birlikte anlamı, en az %5 oynayanlar: /oi [coinler|N] [%5]
Open interest: its change and meaning under the price, those that moved 5%: /oi [coins|N] [5%]
"""

import re
from concurrent.futures import ThreadPoolExecutor

import calc
import flows
from bot import UNKNOWN, Reply, coin

GROUP = "flow"
MOST, AT_ONCE, HOURS, SHOCK = 20, 8, (1, 4, 24), 8
QUADRANTS = {
    "long_build": ("yeni long", "new longs"),
    "short_build": ("yeni short", "new shorts"),
    "long_unwind": ("long çıkışı", "longs leave"),
    "short_cover": ("short kapama", "shorts cover"),
    None: (UNKNOWN, UNKNOWN),
}
STANDS = {
    "strong": ("GÜÇLÜ", "STRONG"),
    "pressing": ("BASKI", "PRESSURE"),
    "gathering": ("TOPLAMA", "GATHERING"),
    "watch": ("TAKİP", "WATCH"),
    None: (UNKNOWN, UNKNOWN),
}


def run(ctx):
    least, ctx = threshold(ctx)
    symbols, (_, funding) = ctx.coins(MOST), ctx.sources.perps.funding()
    if len(symbols) == 1:
        ctx.sources.perps.contract(symbols[0])
    asked = [symbol for symbol in symbols if symbol in funding or len(symbols) == 1]
    missing = [coin(symbol) for symbol in symbols if symbol not in asked]
    if not asked:
        raise ctx.wrong(
            "Bu coinlerin vadeli işlemi yok.", "These coins have no perpetual contract."
        )
    with ThreadPoolExecutor(AT_ONCE) as threads:
        reads = list(threads.map(lambda s: ctx.sources.perps.interest_history(s, "1h"), asked))
    candles = ctx.sources.several(asked, "1h")
    found = [(s, read, *work_out(read, candles[s])) for s, read in zip(asked, reads, strict=True)]
    shown = [row for row in found if any(abs(move) >= least for move in row[2])] if least else found
    text = "\n".join(
        [
            ctx.t("<b>📦 Açık pozisyon</b>", "<b>📦 Open interest</b>"),
            ctx.t("Coin: OI | 1s 4s 24s | 4 saatlik durum", "Coin: OI | 1h 4h 24h | state in 4h"),
            *(line(ctx, *row) for row in shown),
            *notes(ctx, missing, least, shown),
            "",
            comment(ctx, shown),
        ]
    )
    age = ctx.age(*reads, *candles.values())
    return Reply(text + age, ctx.buttons([("%2", "/oi %2"), ("%5", "/oi %5"), ("/fr", "/fr")]))


def threshold(ctx):
    """Return the least move in percent that was typed, else 0, and the context without it."""
    typed = [word for word in ctx.args if "%" in word]
    if not typed:
        return 0, ctx
    number = re.sub(r"^%|%$", "", typed[0])
    rest = [word for word in ctx.args if word not in typed]
    return ctx.replaced([number]).number(0, low=0, high=1000), ctx.replaced(rest)


def work_out(past, candles):
    now = past.time[-1]
    price = flows.moves(candles.end + 1, candles.close, now, HOURS)
    return flows.moves(past.time, past.base, now, HOURS), price


def line(ctx, symbol, past, moves, prices):
    known = past.quote[-1] == past.quote[-1]
    size = f"${ctx.short(past.quote[-1])}" if known else ctx.short(past.base[-1])
    mark = "⚡" if abs(moves[0]) >= SHOCK else ""
    changes = " ".join(ctx.percent(move, 1, sign=True) for move in moves)
    what = ctx.t(*QUADRANTS[calc.quadrant(prices[1], moves[1])])
    label = ctx.t(*STANDS[flows.stand(prices[1], moves[1])])
    return f"{mark}{coin(symbol)}: {size} | {changes} | {what} · {label}"


def notes(ctx, missing, least, shown):
    if missing:
        names = ", ".join(missing)
        yield ctx.t(f"Vadeli işlemi yok: {names}", f"No perpetual contract: {names}")
    if least and not shown:
        move = ctx.percent(least, 1)
        yield ctx.t(f"En az {move} oynayan yok.", f"None moved by {move} or more.")


def comment(ctx, shown):
    named = {flows.stand(prices[1], moves[1]): [] for _, _, moves, prices in shown}
    for symbol, _, moves, prices in shown:
        named[flows.stand(prices[1], moves[1])].append(coin(symbol))
    words = [f"{ctx.t(*STANDS[s])}: {', '.join(named[s])}" for s in STANDS if s and s in named]
    if not words:
        return ctx.t("Yorum: söylenecek bir şey yok.", "Comment: nothing to tell.")
    return ctx.t("Yorum: ", "Comment: ") + "; ".join(words) + "."
