"""
TL fiyatları: BtcTurk, Binance ve aralarındaki fark: /try [coinler|N]
Prices in lira: BtcTurk, Binance and the gap between them: /try [coins|N]
"""

from functools import partial
from math import isnan, nan

import calc
from bot import coin, fold, links
from markets import btcturk

GROUP = "prices"
ALIASES = ("tl",)
PLACES, BINANCE, MOST, COSTS = ("BtcTurk", "Binance"), ("", "binance_data"), 30, 0.3
SMALL = ("komisyonu karşılamaz", "fees eat it up")
LARGE = ("çekim ve komisyonu hesaba katın", "reckon with fees and withdrawal")


def run(ctx):
    turkish = partial(ctx.sources.read, btcturk.tickers_route())
    told, lost = ctx.sources.together({"BtcTurk": turkish, "Binance": ctx.sources.tickers})
    told = {k: read for k, read in told.items() if k == "BtcTurk" or read.source in BINANCE}
    if not told:
        raise lost["BtcTurk"]
    markets = [told[place].data if place in told else {} for place in PLACES]
    pairs = {base: [rows.get(f"{base}TRY") for rows in markets] for base in asked(ctx)}
    known = {base: pair for base, pair in pairs.items() if any(pair)}
    above = " · ".join(f"{p} {premium(ctx, rows)}" for p, rows in zip(PLACES, markets, strict=True))
    lines = [
        ctx.t("<b>💱 TL fiyatları</b>", "<b>💱 Prices in lira</b>"),
        ctx.t("Coin: BtcTurk | Binance | fark | 24sa", "Coin: BtcTurk | Binance | gap | 24h"),
        *(line(ctx, base, *pair) for base, pair in known.items()),
        ctx.t(f"BTC'nin dolar primi: {above}", f"Bitcoin's dollar premium: {above}"),
        *ctx.lacking(name for name in (*PLACES, *pairs) if name not in (*told, *known)),
    ]
    words, more = comment(ctx, gap(*pairs["USDT"])), [("/try 10", "/try 10"), *links("p")]
    return ctx.report(lines, words, told.values(), more)


def asked(ctx):
    """Return USDT, and the coins asked for."""
    words = [word for word in ctx.words() if fold(word) not in ("usdt", "usdttry")]
    symbols = ctx.replaced(words).coins(MOST) if words or not ctx.words() else ()
    return ["USDT", *(symbol.removesuffix("USDT").removesuffix("TRY") for symbol in symbols)]


def gap(here, there):
    return calc.change(here.last, there.last) if here and there else nan


def line(ctx, base, *pair):
    prices = " | ".join(ctx.rounded(row.last if row else nan) for row in pair)
    change = next(row.change for row in reversed(pair) if row)
    return f"{coin(base)}: {prices} | {ctx.percent(gap(*pair), sign=True)} | {ctx.move(change)}"


def premium(ctx, rows):
    """Return by how much bitcoin in lira is above bitcoin in USDT times USDT in lira."""
    three = [rows[pair].last if pair in rows else nan for pair in ("BTCTRY", "BTCUSDT", "USDTTRY")]
    return ctx.percent(calc.change(three[0], three[1] * three[2]), sign=True)


def comment(ctx, value):
    if isnan(value):
        return ctx.t("USDT farkı bilinmiyor", "the USDT gap is unknown")
    size, cheap = ctx.percent(abs(value)), PLACES[value > 0]
    words = ctx.t(*(SMALL if abs(value) < COSTS else LARGE))
    return ctx.t(
        f"USDT {cheap} tarafında {size} ucuz; {words}",
        f"USDT is {size} cheaper at {cheap}; {words}",
    )
