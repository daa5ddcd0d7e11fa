"""
Nakit girişi (In-Out): alıcının payı ve paranın hangi coine gittiği: /io [coinler|N]
Cash in and out: the buyers' share, and the coins the money goes to: /io [coins|N]
"""

import math

import numpy as np

import drawings
import strength
from bot import UNKNOWN, coin, links

GROUP = "flow"
ALIASES = ("inout", "nakit")
HEAVY = True
LIST, NAMED, HALF = 25, 5, 50


def run(ctx):
    tickers = ctx.sources.tickers()
    panel = strength.bars(ctx.sources, ctx.dollar_coins() if ctx.words() else ())
    symbols, cash = panel.symbols, strength.cash(panel)
    volume = strength.volumes(tickers.data, ctx.sources.exchange().pairs)
    total, bursts, parts = (
        cash.total(),
        strength.burst(panel.quote),
        strength.migration(cash.net[0]),
    )
    known = [i for i in np.argsort(-cash.net[0], kind="stable") if symbols[i] in panel.reads]
    shown = known if ctx.words() else known[:LIST]
    good = [i for i in shown if cash.net[0, i] > 0 and cash.share[-1, i] >= HALF]
    power = strength.buying_power(total.share[0])
    times = UNKNOWN if math.isnan(power) else f"{ctx.num(power, 1)}X"
    weight = ctx.percent(strength.share_of(symbols, volume), 1)
    lines = [
        ctx.t("<b>💵 Nakit Girişi (In-Out)</b>", "<b>💵 Cash in and out</b>"),
        group(ctx, symbols),
        ctx.t(f"Kısa vadeli alım gücü: {times}", f"Short-term buying power: {times}"),
        ctx.t(f"Hacim payı: {weight}", f"Share of volume: {weight}"),
        *(
            f"{name}=> {ctx.percent(share, 1)} {mark(share)}"
            for name, share in zip(strength.HORIZONS, total.share, strict=True)
        ),
        ctx.t("\n<b>Coin Nakit Göçü</b>", "\n<b>Where the cash goes</b>")
        + f" ({' '.join(strength.HORIZONS)})",
        *(line(ctx, symbols[i], parts[i], cash.share[:, i], bursts[i]) for i in shown),
        *ctx.lacking(symbol for symbol in symbols if symbol not in panel.reads),
    ]
    few = ctx.words() and len(symbols) <= NAMED
    picture = ctx.workers.picture(drawings.cash(ctx, group(ctx, symbols), panel)) if few else None
    words = comment(ctx, total.share[-1], [coin(symbols[i]) for i in good[:NAMED]])
    one = len(symbols) == 1
    more = links("t", "oi", "nls", of=coin(symbols[0])) if one else links("ap", "npr")
    return ctx.report(lines, words, [tickers, *panel.reads.values()], more, picture=picture)


def group(ctx, symbols):
    count = len(symbols)
    if not ctx.words():
        return ctx.t(f"Hacimce ilk {count} coin", f"The top {count} coins by volume")
    if count <= NAMED:
        return ", ".join(map(coin, symbols))
    return ctx.t(f"{count} coin", f"{count} coins")


def mark(share):
    return "✖️" if math.isnan(share) else "🔼" if share >= HALF else "🔻"


def line(ctx, symbol, part, shares, burst):
    head = f"{coin(symbol)} {ctx.t('Nakit', 'Cash')}: {ctx.percent(part, 1)}"
    now, pattern = ctx.percent(shares[0], 0), "".join(map(mark, shares))
    return f"{head} 15m:{now} Mts: {ctx.num(burst, 1)} {pattern}"


def comment(ctx, day, names):
    share, listed = ctx.percent(day, 1), ", ".join(names) or ctx.t("yok", "none")
    if math.isnan(day):
        advice = ctx.t("1d alım payı bilinmiyor: bekle", "the 1d share is unknown: wait")
    elif day < HALF:
        advice = ctx.t(f"1d alım payı {share}: temkinli ol", f"1d share {share}: be careful")
    else:
        advice = ctx.t(f"1d alım payı {share}: alıcılar önde", f"1d share {share}: buyers lead")
    return ctx.t(
        f"🔼 ile biten satırlar daha sağlıklıdır ({listed}); {advice}",
        f"lines that end in 🔼 are healthier ({listed}); {advice}",
    )
