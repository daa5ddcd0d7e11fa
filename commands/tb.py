"""
Alım sıralaması: trend, dip, risk, duyarlılık, hacim, 10 üzerinden puan: /tb [coinler|N] [4h]
Buy ranking: trend, oversold, risk, sentiment, volume, score of 10: /tb [coins|N] [4h]
"""

import outlook
from bot import coin

GROUP = "analysis"
STRONG, LOW = 60, 60
WORDS = {
    "strong": ("GÜÇLÜ AL", "STRONG BUY"),
    "buy": ("AL", "BUY"),
    "hold": ("TUT", "HOLD"),
    "sell": ("SAT", "SELL"),
    "unknown": ("veri yetersiz", "not enough data"),
}


def run(ctx):
    frame, symbols = ctx.interval("1h"), ctx.coins(outlook.MOST)
    every = outlook.ranked(outlook.views(ctx, symbols, frame), "buying")
    head = ctx.t(
        "Coin: trend · dip · risk · duyarlılık · hacim · puan",
        "Coin: trend · oversold · risk · sentiment · volume · score",
    )
    title = f"<b>🛒 {ctx.t('Alım sıralaması', 'Buy ranking')} {frame}</b>"
    rows = [line(ctx, coin(view.symbol), view.analysis) for view in every]
    lacking = ctx.lacking(outlook.missing(symbols, every))
    lines = [title, head, *rows, *lacking]
    best = [(f"/t {coin(view.symbol)}",) * 2 for view in every[:3]]
    return ctx.report(lines, comment(ctx, every), outlook.ages(every), best)


def line(ctx, name, a):
    dip = f"{'✅' if a.oversold >= LOW else '➖'} {ctx.num(a.oversold / 100)}"
    trend, sentiment = (outlook.way(ctx, score, "↗→↘") for score in (a.trend, a.sentiment))
    risk = outlook.way(ctx, a.risk / 100, "↗→↘", 0.4, 0.6)
    volume, score = ctx.num(a.value("turnover"), 1), ctx.num(a.buying / 10, 1)
    marked = f"{ctx.light(a.buying).split()[0]} {score} {ctx.t(*WORDS[word(a)])}"
    return f"{name} {trend} {dip} {risk} {sentiment} {volume}x {marked}"


def word(a):
    return "strong" if a.verdict == "buy" and a.buying >= STRONG else a.verdict


def comment(ctx, every):
    for kind, tr, en in (
        ("strong", "önce bunlara bakın", "look at these first"),
        ("buy", "AL diyenler, puanları orta", "these say BUY, their scores are fair"),
    ):
        found = [view for view in every if word(view.analysis) == kind][:5]
        if found:
            return ctx.t(f"{tr}: ", f"{en}: ") + outlook.names(found)
    return ctx.t("şu an alım için coin yok; bekleyin", "nothing to buy now; wait")
