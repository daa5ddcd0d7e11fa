"""
Emir defteri: makas, denge, kayma ve duvarlar: /ob coin
Order book: spread, imbalance, slippage and walls: /ob coin
"""

import math

import calc
import flows
from bot import UNKNOWN, coin, links

GROUP = "flow"
ALIASES = ("depth",)
LEVELS, DISTANCES, SIZES = 1000, (0.1, 0.5, 1.0), (10_000, 100_000)
LEANS, EASY = 0.2, 10


def run(ctx):
    symbol = ctx.sources.symbol(ctx.arg(0))
    if not symbol.endswith("USDT"):
        raise ctx.wrong("Yalnız USDT çiftleri.", "USDT pairs only.")
    book = ctx.sources.book(symbol, LEVELS)
    mid, name = flows.middle(book), coin(symbol)
    title = ctx.t(f"<b>📚 {name} emir defteri</b>", f"<b>📚 {name} order book</b>")
    sides = ((book.bids, "🟢", "alış", "bid"), (book.asks, "🔴", "satış", "ask"))
    lines = [
        f"{title}  {ctx.price(mid, symbol)}",
        *balance(ctx, book, mid),
        *(cost(ctx, book, mid, size) for size in SIZES),
        *(wall(ctx, symbol, mid, *side) for side in sides),
    ]
    return ctx.report(lines, comment(ctx, book, mid), [book], links("nls", "whale", "t", of=name))


def balance(ctx, book, mid):
    gap = calc.spread(book.bids[0, 0], book.asks[0, 0]) if math.isfinite(mid) else math.nan
    yield ctx.t(f"Makas: {ctx.num(gap)} bp", f"Spread: {ctx.num(gap)} bp")
    for distance in DISTANCES:
        lean = ctx.num(flows.imbalance(book, distance), sign=True)
        yield f"{ctx.t('Denge', 'Imbalance')} ±{ctx.percent(distance, 1)}: {lean}"
    if flows.reach(book) < DISTANCES[-1]:
        far = ctx.percent(flows.reach(book))
        yield ctx.t(f"Görünen derinlik: ±{far}", f"Seen depth: ±{far}")


def cost(ctx, book, mid, size):
    buy, sell = (ctx.num(calc.slippage(side, size, mid), 1) for side in (book.asks, book.bids))
    label = f"±${size // 1000}K"
    return ctx.t(
        f"Kayma {label}: alış {buy} bp · satış {sell} bp",
        f"Slippage {label}: buy {buy} bp · sell {sell} bp",
    )


def wall(ctx, symbol, mid, side, light, tr, en):
    found = [
        f"{ctx.price(w.price, symbol)} (${ctx.short(w.value)})" for w in flows.walls(side, mid)
    ]
    return f"{light} {ctx.t(f'Duvar, {tr}', f'Walls, {en}')}: {' · '.join(found) or UNKNOWN}"


def comment(ctx, book, mid):
    far = min(DISTANCES[-1], flows.reach(book))
    lean = calc.book_imbalance(book.bids, book.asks, far)
    costs = [calc.slippage(side, SIZES[-1], mid) for side in (book.asks, book.bids)]
    if math.isnan(lean):
        side = ctx.t("denge bilinmiyor", "the balance is unknown")
    elif lean > LEANS:
        side = ctx.t("alıcılar ağır basıyor", "buyers weigh more")
    elif lean < -LEANS:
        side = ctx.t("satıcılar ağır basıyor", "sellers weigh more")
    else:
        side = ctx.t("iki taraf dengede", "both sides are even")
    if all(cost <= EASY for cost in costs):
        size = ctx.t("100 bin dolar rahat işlenir", "100 thousand dollars trade easily")
    else:
        size = ctx.t("büyük emri bölün", "split a big order")
    return f"{side}; {size}"
