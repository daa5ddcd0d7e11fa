"""
Oynaklık: yıllık, yüzdelik, sonraki bar tahmini (EWMA, GARCH), sıkışma: /tv [coin|coinler|N] [4h]
Volatility: yearly, percentile, next bar's forecast (EWMA, GARCH), squeeze: /tv [coin|coins|N] [4h]
"""

import math

import numpy as np

import volatility
from bot import UNKNOWN, coin

GROUP = "analysis"
ALIASES = ("oynaklik",)
HEAVY = True
MOST = 40
MOODS = (
    (
        ("sıkışma var, yönü belirsiz sert bir çıkış gelebilir", "squeezed, a break may come"),
        lambda state: state.squeezed > 0,
    ),
    (
        ("alışılmıştan oynak, küçük pozisyon, geniş stop", "wild, trade less, stops wider"),
        lambda state: state.rank >= 80,
    ),
    (("alışılmıştan sakin", "calmer than usual"), lambda state: state.rank <= 20),
)


def run(ctx):
    frame, asked = ctx.interval("1h"), ctx.coins(MOST)
    reads = ctx.sources.several(asked, frame)
    states = volatility.states([read.data for read in reads.values()], ctx.workers.pool)
    found = dict(zip(reads, states, strict=True))
    title, name = ctx.t("Oynaklık", "Volatility"), f" {coin(asked[0])}" if len(asked) == 1 else ""
    lines = [
        f"<b>🌊 {title}{name} {frame}</b>",
        *(one(ctx, *found.values()) if name else table(ctx, found)),
        *ctx.lacking(symbol for symbol in asked if symbol not in found),
    ]
    return ctx.report(lines, comment(ctx, found), reads.values(), ctx.frames(frame))


def table(ctx, found):
    yield ctx.t(
        "Coin: yıllık → GARCH | 250 barda yeri | 🗜", "Coin: a year → GARCH | in 250 bars | 🗜"
    )
    for symbol in sorted(found, key=lambda symbol: -np.nan_to_num(found[symbol].rank, nan=-1)):
        s = found[symbol]
        year, garch = ctx.percent(s.yang_zhang, 0), ctx.percent(s.garch, 0)
        tight = ctx.num(s.squeezed, 0) if s.squeezed > 0 else UNKNOWN
        yield f"{coin(symbol)}: {year} → {garch} | {ctx.light(s.rank, danger=True)} | {tight}"


def one(ctx, s):
    def size(value):
        return f"±{ctx.percent(value / math.sqrt(s.year))} ({ctx.percent(value, 0)})"

    kept = s.alpha + s.beta
    half = ctx.num(math.log(0.5) / math.log(kept) if kept < 1 else math.nan, 0)
    yield ctx.t("Bir barda (yılda):", "In a bar (a year):")
    yield ctx.t("Yang–Zhang, 20 bar: ", "Yang–Zhang, 20 bars: ") + size(s.yang_zhang)
    yield ctx.t("Gerçekleşen, 30 bar: ", "Realised, 30 bars: ") + size(s.realised)
    yield ctx.t("Sonraki bar, EWMA: ", "Next bar, EWMA: ") + size(s.ewma)
    yield ctx.t("Sonraki bar, GARCH: ", "Next bar, GARCH: ") + size(s.garch)
    yield ctx.t(
        f"GARCH'ın uzun dönemi: {size(s.usual)}; sapma {half} barda yarılanır",
        f"GARCH's long run: {size(s.usual)}; half the way back in {half} bars",
    )
    yield ctx.t("250 bar içinde yeri: ", "Rank in 250 bars: ") + ctx.light(s.rank, danger=True)
    yield ctx.t("Oynaklığın oynaklığı: ", "Vol of vol: ") + ctx.num(s.unrest)
    bars, many = ctx.num(abs(s.squeezed), 0), "s" * (abs(s.squeezed) != 1)
    if s.squeezed > 0:
        yield ctx.t(f"Sıkışma: 🗜 {bars} bardır", f"Squeeze: 🗜 for {bars} bar{many}")
    else:
        yield ctx.t(f"Sıkışma: {bars} bar önce bitti", f"Squeeze: ended {bars} bar{many} ago")


def comment(ctx, found):
    if not any(math.isfinite(state.rank) for state in found.values()):
        return ctx.t("geçmiş yetmiyor", "there is not enough history")
    named = [
        (mood, ", ".join(coin(symbol) for symbol, state in found.items() if fits(state)))
        for mood, fits in MOODS
    ]
    notes = "; ".join(f"{ctx.t(*mood)}: {names}" for mood, names in named if names)
    calm = ctx.t("oynaklık olağan, sıkışma yok", "volatility is as usual, no squeeze")
    return notes or calm
