"""Pictures of alarms: the price with the line, and where it fired or would have."""

from collections import Counter
from collections.abc import Sequence
from math import nan

import numpy as np

from alarm_rows import Alarm, Firing
from alarm_views import DAY, DAYS, Rehearsal
from bot import INTERVALS, Ctx, UserError, coin
from chart import Candlesticks, Mark, look_of
from rings import kind
from shapes import Candles

SHOWN, AFTER, FRAME = 120, 40, "4h"
SEEN = ("price", "formula")


def rehearsed(ctx: Ctx, alarm: Alarm, seen: Rehearsal) -> bytes | None:
    """Return the last 30 days of a coin with where its alarm would have fired, None without."""
    fired = Counter(symbol for symbol, _, _ in seen.fired)
    symbol = next(iter([*(name for name, _ in fired.most_common(1)), *alarm.symbols]), "")
    if not symbol:
        return None
    try:
        bars = ctx.sources.candles(symbol, FRAME).data
    except UserError:
        return None
    rows = slice(int(np.searchsorted(bars.time, ctx.now - DAYS * DAY)), None)
    told = [(at, value) for name, at, value in seen.fired if name == symbol]
    return drawn(ctx, f"{coin(symbol)} {FRAME}", symbol, bars, rows, alarm.kind, alarm.text, told)


def fired(ctx: Ctx, firing: Firing) -> bytes | None:
    """Return the candles around a firing, with it and its line. Raises UserError."""
    of = kind(firing)
    frame = firing.text.split()[0] if of == "formula" else "1h"
    bars = ctx.sources.candles(firing.symbol, frame).data
    place = int(np.searchsorted(bars.time, firing.at, "right"))
    last = min(len(bars), max(place + AFTER, SHOWN))
    title = f"{coin(firing.symbol)} {frame} · {ctx.clock(firing.at)}"
    told = [(firing.at, nan if firing.value is None else firing.value)][: place > 0]
    rows = slice(max(0, last - SHOWN), last)
    return drawn(ctx, title, firing.symbol, bars, rows, of, firing.text, told)


def since(ctx: Ctx, firing: Firing) -> str:
    """Return a line that tells the price now, and how far it went where it was seen then."""
    row = ctx.sources.tickers().data.get(firing.symbol)
    if row is None:
        return ""
    told = ctx.t("\nŞimdi: ", "\nNow: ") + ctx.price(row.last, firing.symbol)
    if kind(firing) not in SEEN or not firing.value:
        return told
    moved = ctx.percent(100 * (row.last / firing.value - 1), 2, sign=True)
    return told + ctx.t(f" (çaldığından beri {moved})", f" ({moved} since it fired)")


def drawn(
    ctx: Ctx,
    title: str,
    symbol: str,
    bars: Candles,
    rows: slice,
    of: str,
    text: str,
    fired: Sequence[tuple[int, float]],
) -> bytes | None:
    """Return some bars as a picture with an alarm's line and where it fired, None without bars."""
    part = [
        one[rows] for one in (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
    ]
    if len(part[0]) < 2:
        return None
    marks = [Mark("alarm", float(text.split()[1]), text)] if of == "price" else []
    marks += [Mark("alarm", price(bars, of, at, value), "", at) for at, value in fired]
    digits = ctx.sources.digits(symbol)
    picture = Candlesticks(title, *part, marks=tuple(marks), digits=digits, look=look_of(ctx.user))
    return ctx.workers.picture(picture)


def price(bars: Candles, of: str, at: int, value: float) -> float:
    """Return the price at which an alarm fired: what it saw, or the close of the bar then."""
    if of in SEEN and np.isfinite(value):
        return value
    step = bars.time[1] - bars.time[0] if len(bars) > 1 else INTERVALS[FRAME]
    return float(bars.close[max(0, int(np.searchsorted(bars.time, at - step, "right")) - 1)])
