"""
Fiyatlar: favoriler, coinler ya da ilk N; /pv hacim, /pg yükselen, /pl düşen: /p [coinler|N]
Prices: favourites, coins or top N; /pv volume, /pg gainers, /pl losers: /p [coins|N]
"""

import statistics
from math import isfinite

from bot import UNKNOWN, coin, links

GROUP = "prices"
ALIASES = ("fiyat", "price", "pv", "pg", "pl", "pd")
MIN_VOLUME = 1e6
NOTHING = ("Gösterilecek coin yok.", "There is no coin to show.")
RANKED = {"pg": -1, "pl": 1, "pd": 1}
TITLES = {
    "pv": ("📊 Hacim sıralaması", "📊 By volume"),
    "pg": ("🚀 En çok yükselenler", "🚀 Top gainers"),
    "pl": ("📉 En çok düşenler", "📉 Top losers"),
    "pd": ("📉 En çok düşenler", "📉 Top losers"),
    "p": ("📈 Fiyatlar", "📈 Prices"),
}


def run(ctx):
    tickers = ctx.sources.tickers()
    asked = chosen(ctx, tickers.data)
    symbols = [s for s in asked if s in tickers.data]
    lacking = list(ctx.lacking(s for s in asked if s not in tickers.data))
    if not symbols:
        raise ctx.wrong(*(lacking * 2 or NOTHING))
    title = ctx.t(*TITLES.get(ctx.name, TITLES["p"]))
    head = ctx.t("⚡Coin | Değişim | Hacim | Fiyat", "⚡Coin | Change | Volume | Price")
    rows = [line(ctx, i, s, tickers.data[s]) for i, s in enumerate(symbols, 1)]
    rows += lacking
    changes = {s: tickers.data[s].change for s in symbols if isfinite(tickers.data[s].change)}
    lines = [f"<b>{title}</b>", head, *rows]
    more = links(*(name for name in ("pv", "pg", "pl") if name != ctx.name))
    return ctx.report(lines, comment(ctx, changes), [tickers], more)


def chosen(ctx, tickers):
    """Return the symbols to show: a ranking for /pv, /pg and /pl, else what was asked for."""
    if ctx.name == "pv":
        return ctx.sources.top(ctx.count(0, 20))
    if ctx.name not in RANKED:
        return ctx.coins(100)
    known = ctx.sources.universe()
    busy = [s for s, row in tickers.items() if row.turnover > MIN_VOLUME and s in known]
    moved = [s for s in busy if isfinite(tickers[s].change)]
    ranked = sorted(moved, key=lambda s: RANKED[ctx.name] * tickers[s].change)
    return ranked[: ctx.count(0, 20)]


def line(ctx, i, symbol, row):
    arrow = "🔺" if row.change >= 0 else "🔻"
    change = f"{arrow}{ctx.num(abs(row.change))}%" if isfinite(row.change) else f"✖️ {UNKNOWN}"
    money = "$" if symbol.endswith("USDT") and isfinite(row.quote) else ""
    price = ctx.price(row.last, symbol)
    return f"{i}. {coin(symbol)}: {change} | {money}{ctx.short(row.quote)} | {price}"


def comment(ctx, changes):
    if not changes:
        return ctx.t(
            "bu kaynak 24 saatlik değişimi söylemiyor",
            "this source does not tell the change over 24 hours",
        )
    up = sum(change > 0 for change in changes.values())
    middle = ctx.percent(statistics.median(changes.values()), sign=True)
    if len(changes) == 1:
        return ctx.t(f"24 saatlik değişim {middle}", f"its change over 24 hours is {middle}")
    best, worst = max(changes, key=changes.get), min(changes, key=changes.get)
    return ctx.t(
        f"{len(changes)} coinin {up} tanesi 24 saatte yükseldi, ortanca değişim {middle}; "
        f"en güçlü {coin(best)}, en zayıf {coin(worst)}",
        f"{up} of {len(changes)} coins rose in 24 hours, median change {middle}; "
        f"strongest {coin(best)}, weakest {coin(worst)}",
    )
