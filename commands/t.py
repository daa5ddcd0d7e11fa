"""
Analiz: bir coinin skorları ve kararı ya da coinlerin listesi: /t [coin|coinler|N] [15m|1h|4h|1d]
Analysis: a coin's scores and verdict, or a list of coins: /t [coin|coins|N] [15m|1h|4h|1d]
"""

import math

import scores
from bot import UNKNOWN, Reply, coin

GROUP = "analysis"
ALIASES = ("analiz",)
VERDICTS = {
    "buy": ("🟢 AL", "🟢 BUY"),
    "hold": ("🟡 TUT", "🟡 HOLD"),
    "sell": ("🔴 SAT", "🔴 SELL"),
    "unknown": ("✖️ veri yetersiz", "✖️ not enough data"),
}
REGIMES = {
    "up": ("trend ↑", "trend ↑"),
    "down": ("trend ↓", "trend ↓"),
    "range": ("yatay", "range"),
    "wild": ("oynak", "wild"),
    "unknown": (UNKNOWN, UNKNOWN),
}
FRAMES = ("15m", "1h", "4h", "1d")


def run(ctx):
    frame, symbols = ctx.interval("1h"), ctx.coins()
    named = [word for word in ctx.words() if not word.isdecimal()]
    if len(symbols) == 1 and named:
        return one(ctx, symbols[0], frame)
    return several(ctx, symbols, frame)


def one(ctx, symbol, frame):
    candles, tickers = ctx.sources.candles(symbol, frame), ctx.sources.tickers()
    a, row = scores.analyse(candles.data), tickers.data.get(symbol)
    price = ctx.price(row.last if row else a.close, symbol)
    change = ctx.percent(row.change if row else math.nan, sign=True)
    text = "\n".join(
        [f"<b>🔎 {coin(symbol)} {frame}</b>  {price} ({change})", *parts(ctx, a, symbol)]
    )
    others = [(tf, f"/t {coin(symbol)} {tf}") for tf in FRAMES if tf != frame]
    return Reply(text + ctx.age(candles, tickers), ctx.buttons(others))


def parts(ctx, a, symbol):
    support, resistance = ctx.price(a.support, symbol), ctx.price(a.resistance, symbol)
    sure = ctx.percent(100 * a.confidence, 0)
    yield f"Trend: {ctx.arrow(a.trend)} · {ctx.t(*REGIMES[a.regime])}"
    yield f"Momentum: {ctx.arrow(a.momentum)} · RSI {ctx.num(a.rsi, 1)}"
    yield ctx.t("Hacim/akış: ", "Volume/flow: ") + ctx.arrow(a.flow)
    yield ctx.t("Oynaklık: ", "Volatility: ") + ctx.light(a.volatility, danger=True)
    yield "Risk: " + ctx.light(a.risk, danger=True)
    yield ctx.t(
        f"Destek {support} · Direnç {resistance}", f"Support {support} · Resistance {resistance}"
    )
    yield f"\n<b>{ctx.t(*VERDICTS[a.verdict])}</b> · {ctx.t('güven', 'confidence')} {sure}"
    yield comment(ctx, a, symbol)


def several(ctx, symbols, frame):
    read = ctx.sources.several(symbols, frame)
    found = scores.analyse_all([candles.data for candles in read.values()], ctx.workers.pool)
    rows = list(zip(read, found, strict=True))
    rows.sort(key=lambda row: -row[1].score if math.isfinite(row[1].score) else 9)
    lines = [
        f"{coin(symbol)}: α={ctx.num(a.score)} {ctx.t(*VERDICTS[a.verdict])} | "
        f"{ctx.t(*REGIMES[a.regime])} | {ctx.arrow(a.trend)}"
        for symbol, a in rows
    ]
    lines += ctx.lacking(symbol for symbol in symbols if symbol not in read)
    names = ", ".join([coin(symbol) for symbol, a in rows if a.verdict == "buy"][:5])
    note = ctx.t("Yorum: şu an AL veren coin yok.", "Comment: no coin says BUY now.")
    if names:
        note = ctx.t(f"Yorum: AL verenler: {names}.", f"Comment: these say BUY: {names}.")
    text = "\n".join([f"<b>📊 {ctx.t('Analiz', 'Analysis')} {frame}</b>", *lines, "", note])
    return Reply(text + ctx.age(*read.values()), ctx.buttons())


def comment(ctx, a, symbol):
    if a.verdict == "unknown":
        return ctx.t("Yorum: bu coinin geçmişi kısa.", "Comment: this coin's history is short.")
    if a.verdict == "hold":
        return ctx.t(
            "Yorum: yön belirgin değil; kırılımı bekleyin.",
            "Comment: no clear direction; wait for a break.",
        )
    side = -1 if a.verdict == "buy" else 1
    stop = ctx.price(a.close + side * 2 * a.atr, symbol)
    return ctx.t(
        f"Yorum: {'alıcılar' if side < 0 else 'satıcılar'} önde; stop {stop} (2 ATR).",
        f"Comment: {'buyers' if side < 0 else 'sellers'} lead; stop {stop} (2 ATR).",
    )
