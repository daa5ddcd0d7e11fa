"""
Analiz: bir coinin skorları ve kararı ya da coinlerin listesi: /t [coin|coinler|N] [15m|1h|4h|1d]
Analysis: a coin's scores and verdict, or a list of coins: /t [coin|coins|N] [15m|1h|4h|1d]
"""

import math

import outlook
from bot import Reply, coin, links

GROUP = "analysis"
ALIASES = ("analiz",)
RISKY = 60
PARTS = {
    "trend": ("Trend", "Trend", "EMA50 ribbon, RSI rsi, %K stochastic, PPO histogram"),
    "momentum": ("Momentum", "Momentum", "ROC roc, ADX adx, CVD cvd"),
    "volume": ("Hacim/akış", "Volume/flow", "V turnover, CMF cmf, OBV obv"),
    "volatility": ("Oynaklık", "Volatility", "YZ yang_zhang, EWMA forecast, VoV vol_of_vol"),
    "risk": ("Risk", "Risk", "ES loss, HL-spread spread"),
    "sentiment": ("Duyarlılık", "Sentiment", "OI interest, OI~P follow, taker takers, FRz funding"),
}


def run(ctx):
    frame, symbols = ctx.interval("1h"), ctx.coins(outlook.MOST)
    if len(symbols) == 1 and ctx.words() and not ctx.words()[0].isdecimal():
        return one(ctx, symbols[0], frame)
    title, every = ctx.t("📊 Analiz", "📊 Analysis"), outlook.views(ctx, symbols, frame)
    return outlook.table(ctx, f"<b>{title} {frame}</b>", every, outlook.missing(symbols, every))


def one(ctx, symbol, frame):
    (view,) = outlook.views(ctx, [symbol], frame, funding=True)
    tickers, a, name = ctx.sources.tickers(), view.analysis, coin(symbol)
    row = tickers.data.get(symbol)
    last = row.last if row else a.close
    change = ctx.percent(row.change if row else math.nan, sign=True)
    title = f"<b>🔎 {name} {frame}</b>  {ctx.price(last, symbol)} ({change})"
    said = f"{ctx.t('Yorum', 'Comment')}: {comment(ctx, a, symbol, last)}."
    lines = [*(part(ctx, a, key) for key in PARTS), levels(ctx, a, symbol)]
    text = "\n".join([title, *lines, "", verdict(ctx, a), said])
    frames = [(tf, f"/t {name} {tf}") for tf in outlook.FRAMES if tf != frame]
    more = [("📈", f"/grafik {name} {frame} {ctx.t('seviye', 'levels')}")]
    more += links("tf", "tb", "oi", "ob", of=name)
    return Reply(text + ctx.age(*view.reads, tickers), ctx.buttons(frames, more))


def part(ctx, a, key):
    """Return a part: its score, what goes with it, and below the numbers it rests on."""
    tr, en, rests = PARTS[key]
    score, danger = getattr(a, key), key in ("volatility", "risk")
    shown = ctx.light(score, danger=True) if danger else ctx.arrow(score)
    beside = {
        "trend": ctx.t(*outlook.REGIMES[a.regime]),
        "volatility": ctx.t("huzursuzluk ", "unrest ") + ctx.num(a.unrest, 0),
        "sentiment": ctx.t("stres ", "stress ") + ctx.num(a.stress, 0)
        if a.metrics["interest"].n
        else ctx.t("vadeli verisi yok", "no futures data"),
    }
    more = f" · {beside[key]}" if key in beside else ""
    named = [word.split() for word in rests.split(", ")]
    numbers = [f"{label} {outlook.number(ctx, a.metrics[name])}" for label, name in named]
    return f"{ctx.t(tr, en)}: {shown}{more}\n  {' · '.join(numbers)}"


def levels(ctx, a, symbol):
    edges = a.support, a.resistance, a.close - outlook.STOP * a.atr, a.close + outlook.STOP * a.atr
    support, resistance, below, above = (ctx.price(edge, symbol) for edge in edges)
    stops = f"Stop ({outlook.STOP} ATR): long {below} · short {above}"
    near = f"Destek {support} · Direnç {resistance}", f"Support {support} · Resistance {resistance}"
    return f"{ctx.t(*near)}\n{stops}"


def verdict(ctx, a):
    sure, known = ctx.percent(100 * a.confidence, 1), ctx.percent(100 * a.coverage, 0)
    word, place = ctx.t(*outlook.VERDICTS[a.verdict]), ctx.num(a.steadiness, 0)
    how = ctx.t(
        f"güven {sure} (kendi geçmişinde {place}/100) · kapsam {known}",
        f"confidence {sure} ({place}/100 in its past) · coverage {known}",
    )
    return f"<b>{word}</b> · α={ctx.num(a.alpha, sign=True)} · {how}"


def comment(ctx, a, symbol, last):
    support, resistance = ctx.price(a.support, symbol), ctx.price(a.resistance, symbol)
    if a.verdict == "unknown":
        return ctx.t("karar için bilinenler az", "too little is known")
    if a.verdict == "hold":
        edges = ctx.t("üstte {}, altta {}", "{} above, {} below").format(resistance, support)
        if last > a.resistance or last < a.support:
            edges = ctx.t("açık bar aştı, kapanışı önemli", "the open bar is beyond, see it close")
        tr, en = "yön belirgin değil; kırılımı bekleyin", "no clear direction; wait for a break"
        return f"{ctx.t(tr, en)} ({edges})"
    way = 1 if a.verdict == "buy" else -1
    led = max(("trend", "momentum", "sentiment"), key=lambda key: way * getattr(a, key))
    stop = ctx.price(a.close - way * outlook.STOP * a.atr, symbol)
    risk = ctx.t("; risk yüksek, küçük girin", "; the risk is high, stay small")
    end = f"{ctx.t(*PARTS[led][:2]).lower()}; stop {stop}{risk if a.risk >= RISKY else ''}"
    who = ("alıcılar", "buyers") if way > 0 else ("satıcılar", "sellers")
    return ctx.t(f"{who[0]} önde, en çok {end}", f"{who[1]} lead, most by {end}")
