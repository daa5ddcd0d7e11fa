"""
Piyasa sağlığı: trendler, genişlik, dağılım, en güçlü sinyaller, RSI uçları: /tm [N|coinler] [4h]
Market health: trends, breadth, dispersion, strongest signals, RSI extremes: /tm [N|coins] [4h]
"""

from collections import Counter
from math import isfinite, nan
from statistics import fmean

import numpy as np

import calc
import outlook
from bot import links

GROUP = "analysis"
LEADERS, EMAS, HOT, COLD = ("BTCUSDT", "ETHUSDT"), (50, 200), 70, 30
HEALTH = (
    (60, "piyasa sağlıklı, çoğu coin ortalamasının üstünde", "healthy, most coins above average"),
    (40, "piyasa kararsız, seçici olun", "undecided, be selective"),
    (-1, "piyasa zayıf, korunun", "weak, protect yourself"),
)


def run(ctx):
    frame, symbols = ctx.interval("1h"), outlook.many(ctx)
    every = outlook.views(ctx, dict.fromkeys([*LEADERS, *symbols]), frame)
    shown, tickers = [view for view in every if view.symbol in symbols], ctx.sources.tickers()
    moves = [tickers.data[v.symbol].change for v in shown if v.symbol in tickers.data]
    leaders = mean(view.analysis.trend for view in every if view.symbol in LEADERS)
    alts = mean(view.analysis.trend for view in shown if view.symbol not in LEADERS)
    wide = {n: mean(50 + 50 * np.sign(v.analysis.value(f"ema{n}")) for v in shown) for n in EMAS}
    coins = ctx.t(f"{len(shown)} coin", f"{len(shown)} coins")
    lines = [
        f"<b>🩺 {ctx.t('Piyasa sağlığı', 'Market health')} {frame}</b> ({coins})",
        *counts(ctx, shown),
        f"MMI (BTC, ETH): {ctx.arrow(leaders)}",
        ctx.t("ADI (altlar − MMI): ", "ADI (alts − MMI): ") + ctx.arrow(alts - leaders),
        *breadth(ctx, wide, np.array(moves)),
        *signals(ctx, shown),
    ]
    reads, words = [*outlook.ages(every), tickers], comment(ctx, alts - leaders, wide[50])
    return ctx.report(lines, words, reads, links("t", "tb", "ta"))


def mean(values):
    """Return the mean of what is known, NaN for nothing."""
    known = [value for value in values if isfinite(value)]
    return fmean(known) if known else nan


def counts(ctx, every):
    found = [Counter((v.analysis.regime, v.analysis.verdict)[i] for v in every) for i in (0, 1)]
    for words, count in zip((outlook.REGIMES, outlook.VERDICTS), found, strict=True):
        yield " · ".join(f"{ctx.t(*words[key])} {count[key]}" for key in words if count[key])


def breadth(ctx, wide, moves):
    shares = " · ".join(f"EMA{n} {ctx.percent(share, 0)}" for n, share in wide.items())
    spread = ctx.percent(calc.dispersion(moves), 1)
    balance = ctx.num(calc.advance_decline(moves), sign=True)
    yield ctx.t(f"Genişlik: {shares} üstünde", f"Breadth: above {shares}")
    yield ctx.t(
        f"24 saat: yükselen−düşen {balance} · dağılım {spread}",
        f"24 hours: advance−decline {balance} · dispersion {spread}",
    )


def signals(ctx, every):
    buys, sells = outlook.strongest(every)
    hot = [view for view in every if view.analysis.value("rsi") > HOT][:5]
    cold = [view for view in every if view.analysis.value("rsi") < COLD][:5]
    yield ctx.t("En güçlü AL: ", "Strongest BUY: ") + outlook.names(buys)
    yield ctx.t("En güçlü SAT: ", "Strongest SELL: ") + outlook.names(sells)
    over, under = outlook.names(hot), outlook.names(cold)
    yield ctx.t(
        f"RSI {HOT} üstü: {over} · {COLD} altı: {under}",
        f"RSI over {HOT}: {over} · under {COLD}: {under}",
    )


def comment(ctx, lead, wide):
    tr, en = next(((tr, en) for least, tr, en in HEALTH if wide >= least), ("veri yok", "no data"))
    words = {1: ("; altlar önde", "; alts lead"), -1: ("; BTC ve ETH önde", "; BTC and ETH lead")}
    side = words.get(int(np.sign(lead)) if isfinite(lead) else 0, ("", ""))
    return ctx.t(f"{tr}{side[0]}", f"{en}{side[1]}")
