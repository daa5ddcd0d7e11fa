"""
Grafik: mumlar, hacim, göstergeler: /grafik coin [4h] [ema50 bb rsi macd seviye formül]
Chart: candles, volume, indicators: /grafik coin [4h] [ema50 bb rsi macd levels formula]
"""

import html
import math

import drawings
import outlook
import overlays
from bot import FRAMES, Reply, coin
from chart import Line, Mark

GROUP = "analysis"
ALIASES = ("g", "chart")
LEAN = {
    1: ("alıcılar üstün", "buyers lead"),
    0: ("yön karışık", "no clear direction"),
    -1: ("satıcılar üstün", "sellers lead"),
}
LEVELS = ("seviye", "levels")
MORE = (("BB", "bb"), ("SuperTrend", "supertrend"), ("RSI MACD", "rsi macd"))


def run(ctx):
    name, *asked = ctx.words() or [ctx.arg(0)]
    words = [word for word in asked if word.lower() not in LEVELS]
    symbol, frame = ctx.sources.symbol(name), ctx.interval("1h")
    wishes = overlays.read(" ".join(words), ctx.db.formulas(ctx.user.id))
    read, context = overlays.gather(ctx.sources, wishes, symbol, frame)
    if len(read.data) < 2:
        raise ctx.wrong("Bu coinin geçmişi çok kısa.", "This coin's history is too short.")
    made, tickers = overlays.drawn(wishes, context), ctx.sources.tickers()
    row, name = tickers.data.get(symbol), coin(symbol)
    if words != asked:
        made = made._replace(marks=(*made.marks, *levels(ctx, symbol, frame)))
    last = row.last if row else math.nan
    title = f"{name} {frame} · {ctx.clock(ctx.now)}"
    drawing = drawings.candles(ctx, title, symbol, read.data, made, last)
    shown = last if row else drawing.close[-1]
    text = "\n".join(
        [
            f"<b>🕯 {name} {frame}</b>  {ctx.price(shown, symbol)} ({change(ctx, row)})",
            *below(ctx, made.panes),
            ctx.t("Yorum: ", "Comment: ") + comment(ctx, made.overlays, shown),
        ]
    )
    picture = ctx.workers.picture(drawing)
    return Reply(text + ctx.age(read, tickers), buttons(ctx, name, frame, asked), picture)


def change(ctx, row):
    return ctx.t("24 sa ", "24 h ") + ctx.percent(row.change if row else math.nan, sign=True)


def buttons(ctx, name, frame, words):
    frames = [(tf, " ".join(("/grafik", name, tf, *words))) for tf in FRAMES if tf != frame]
    kinds = [(label, f"/grafik {name} {frame} {more}") for label, more in MORE]
    return ctx.buttons(frames, [*kinds, ("🔎", f"/t {name} {frame}")])


def levels(ctx, symbol, frame):
    (view,) = outlook.views(ctx, [symbol], frame)
    a, stop = view.analysis, outlook.STOP * view.analysis.atr
    yield Mark("buy", a.support, ctx.t("destek", "support"))
    yield Mark("sell", a.resistance, ctx.t("direnç", "resistance"))
    yield Mark("stop", a.close - stop, "stop long")
    yield Mark("stop", a.close + stop, "stop short")


def below(ctx, panes):
    """Yield the last values of what is drawn below the candles."""
    for pane in panes:
        values = (f"{line.label} {ctx.figure(line.values[-1])}" for line in pane.lines)
        yield html.escape(" · ".join(values), quote=False)


def comment(ctx, overlays, price):
    """Say above and below which lines the price is, and whether within the bands."""
    ends = [(one.label, *edges(one)) for one in overlays]
    over = ", ".join(name for name, low, high in ends if price > high)
    under = ", ".join(name for name, low, high in ends if price < low)
    inside = ", ".join(name for name, low, high in ends if low < price < high)
    told = ((over, "üstünde", "above"), (under, "altında", "below"), (inside, "içinde", "inside"))
    places = ", ".join(ctx.t(f"{who} {tr}", f"{en} {who}") for who, tr, en in told if who)
    if not places:
        return ctx.t("çizgiler için geçmiş kısa.", "the history is too short for the lines.")
    words = html.escape(places, quote=False)
    state = ctx.t(*LEAN[bool(over) - bool(under)])
    return ctx.t(f"fiyat {words}; {state}.", f"the price is {words}; {state}.")


def edges(one):
    """Return the last low and high of a line or a band."""
    both = (one.values, one.values) if isinstance(one, Line) else (one.lower, one.upper)
    return both[0][-1], both[1][-1]
