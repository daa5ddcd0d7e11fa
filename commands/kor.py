"""
Korelasyon: coinler ne kadar birlikte hareket ediyor, BTC'ye göre betaları: /kor [coinler|N] [4h]
Correlation: how much coins move together, and their beta to BTC: /kor [coins|N] [4h]
"""

from math import isnan
from statistics import fmean

import calc
import drawings
import stats
from bot import UNKNOWN, coin

GROUP = "analysis"
ALIASES = ("korelasyon", "corr")
MOST, WIDE, BARS, LEAST, BTC = 30, 7, 168, 150, "BTCUSDT"
MOODS = (
    ("her biri kendi yolunda; birlikte tutmak riski dağıtır", "apart: together they spread risk"),
    ("kısmen birlikteler; riski en zayıf çift dağıtır", "partly as one: the weakest pair spreads"),
    ("birlikte gidiyorlar; çok coin riski pek dağıtmaz", "as one: many coins spread little risk"),
)


def run(ctx):
    frame, asked = ctx.interval("1h"), ctx.coins(MOST)
    panel, tickers = ctx.sources.panel([*asked, BTC], frame, BARS + 1), ctx.sources.tickers()
    rho, beta = stats.comovement(panel.close, LEAST)
    pairs = stats.pairs(rho[: len(asked), : len(asked)])
    if not pairs:
        raise ctx.wrong("Geçmişi yeten iki coin gerek.", "Two coins with enough history needed.")
    own = {s: [r for r, *two in pairs if i in two] for i, s in enumerate(asked)}
    to_btc = dict(zip(panel.symbols, beta[:, panel.symbols.index(BTC)], strict=True))
    known = [symbol for symbol in asked if own[symbol]]
    changes = [tickers.data[s].change for s in known if s in tickers.data]
    lines = [
        f"<b>🔗 {ctx.t('Korelasyon', 'Correlation')} {frame}</b> ({BARS} {ctx.t('bar', 'bars')})",
        *square([coin(s)[:5] for s in asked], rho),
        ctx.t("Coin: ötekilerle ρ | BTC'ye β", "Coin: ρ with the others | β to BTC"),
        *(f"{coin(s)}: {ctx.num(fmean(own[s]))} | {ctx.num(to_btc[s])}" for s in known),
        *ctx.lacking(symbol for symbol in asked if not own[symbol]),
        note(ctx, asked, pairs, calc.dispersion(changes)),
    ]
    shown = picture(ctx, frame, asked, rho) if len(asked) > WIDE else None
    mean, reads = fmean(r for r, *_ in pairs), [tickers, *panel.reads.values()]
    mood = ctx.t(*MOODS[(mean > 0.3) + (mean > 0.6)])
    return ctx.report(lines, mood, reads, ctx.frames(frame), picture=shown)


def picture(ctx, frame, asked, rho):
    title, names = f"{ctx.t('Korelasyon', 'Correlation')} {frame}", [coin(s) for s in asked]
    return ctx.workers.picture(drawings.square(ctx, title, names, rho[: len(asked), : len(asked)]))


def square(names, rho):
    """Give the correlations in hundredths as a square where a phone has room for it."""
    if len(names) <= WIDE:
        rows = [["", *(name[:3] for name in names)]]
        for i, name in enumerate(names):
            known = [UNKNOWN if isnan(r) else f"{100 * r:.0f}" for r in rho[i, : len(names)]]
            rows.append([name, *known[:i], "·", *known[i + 1 :]])
        lines = (f"{name:5}" + "".join(f"{cell:>4}" for cell in cells) for name, *cells in rows)
        yield "<pre>" + "\n".join(lines) + "</pre>"


def note(ctx, asked, pairs, apart):
    mean, size = fmean(r for r, *_ in pairs), ctx.percent(apart, 1)
    weak, strong = (
        f"{coin(asked[i])}–{coin(asked[j])} {ctx.num(r)}" for r, i, j in (pairs[0], pairs[-1])
    )
    return ctx.t(
        f"En güçlü: {strong} · En zayıf: {weak}\n"
        f"Ortalama ρ: {ctx.num(mean)} · 24 saatlik değişimlerin dağılımı: {size}",
        f"Strongest: {strong} · weakest: {weak}\n"
        f"Mean ρ: {ctx.num(mean)} · spread of the 24-hour changes: {size}",
    )
