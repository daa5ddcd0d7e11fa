"""What the numbers of the upper rooms look like: their results as drawings for chart.py."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from backtest import Grid, Result
from bot import Ctx
from chart import Candlesticks, Curves, Line, Look, Map, Mark, Pane, Table, look_of
from orders import BUY, SELL
from overlays import SHOWN, Drawn
from shapes import Candles, Panel, meet
from trials import Plan

Words = Callable[[str, str], str]
POINTS, PAYMENTS, MONTH, TRADES, EXTREMES = 1200, 90, 31, 40, (25.0, 50.0, 75.0)
MOODS = ("Korku ve açgözlülük", "Fear and greed")
EPOCH, DAY = date(1970, 1, 1).toordinal(), 86_400_000


def candles(
    ctx: Ctx, title: str, symbol: str, bars: Candles, made: Drawn, last: float
) -> Candlesticks:
    """Return the last bars as candles with what lies over and below them, and the last price.

    The user's alarms of the coin's price are marked; in private their orders and trades too.
    """
    digits, mine = ctx.sources.digits(symbol), ctx.db.alarms.of(ctx.user.id)
    alarms = [one for one in mine if one.kind == "price" and symbol in one.symbols]
    rows = (Mark("alarm", float(one.text.split()[-1]), f"alarm {one.id}") for one in alarms)
    mine = orders(ctx, symbol, int(bars.time[-SHOWN:][0])) if ctx.chat.kind == "private" else ()
    made = made._replace(marks=(*made.marks, *rows, *mine))
    *series, volume = (
        x[-SHOWN:] for x in (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)
    )
    return Candlesticks(title, *series, volume, *made, digits, look_of(ctx.user), last)


def orders(ctx: Ctx, symbol: str, since: int) -> Iterator[Mark]:
    """Yield marks of a user's open orders of a coin, and of their last trades since (ms)."""
    rows = ctx.db.orders
    mode = rows.trader(ctx.user.id).mode
    for intent in rows.living(ctx.user.id, mode):
        if intent.symbol == symbol:
            wait = "target" if intent.side == SELL else "buy"
            prices = ((wait, intent.price), ("stop", intent.stop))
            yield from (Mark(kind, float(at), f"#{intent.id}") for kind, at in prices if at)
    for trade in rows.trades(ctx.user.id, mode, symbol, since)[-TRADES:]:
        yield Mark("buy" if trade.side == BUY else "sell", float(trade.price), "", trade.at)


def moods(ctx: Ctx, days: Sequence[Any]) -> Curves:
    """Return the fear and greed index (days newest first) and where its extremes begin."""
    values = np.array([day.value for day in days[::-1]], float)
    title, panes = ctx.t(*MOODS), (Pane("", (Line("", values),), EXTREMES),)
    return Curves(title, noons(days), panes, look_of(ctx.user))


def day_flows(ctx: Ctx, title: str, days: Sequence[Any]) -> Curves:
    """Return the flows of whole days (newest first) in millions, and their sum."""
    whole = [day for day in days if day.complete]
    flows = np.array([day.total for day in whole[::-1]]) / 1e6
    panes = (
        Pane(ctx.t("Günlük, milyon $", "Daily, $ million"), (Line("", flows, True),)),
        Pane(ctx.t("Toplam", "Sum"), (Line("", np.nancumsum(flows), fill=True),)),
    )
    return Curves(title, noons(whole), panes, look_of(ctx.user))


def noons(days: Sequence[Any]) -> np.ndarray:
    """Return the noons of dates (newest first) in ms: the same day in every zone."""
    return np.array([day.day.toordinal() - EPOCH + 0.5 for day in days[::-1]]) * DAY


def payments(ctx: Ctx, title: str, past: Any) -> Curves:
    """Return the funding that was paid, in percent, below the price it was paid at."""
    some = slice(-PAYMENTS, None)
    price = Pane(ctx.t("Fiyat", "Price"), (Line("", past.mark[some]),))
    rate = Pane(ctx.t("Fonlama %", "Funding %"), (Line("", 100 * past.rate[some], True),))
    known = np.isfinite(past.mark[some]).any()
    return Curves(title, past.time[some], (price, rate) if known else (rate,), look_of(ctx.user))


def interest(ctx: Ctx, title: str, past: Any, bars: Any) -> Curves:
    """Return open interest in coins above the price of the same times, where that is known."""
    price = np.full(len(past.time), np.nan)
    rows, cells = meet(past.time, bars.end + 1) if bars else (slice(0), slice(0))
    price[rows] = bars.close[cells] if bars else 0
    panes = (
        Pane(ctx.t("Açık pozisyon, coin", "Open interest, coins"), (Line("", past.base),)),
        Pane(ctx.t("Fiyat", "Price"), (Line("", price),)),
    )
    known = panes if np.isfinite(price).any() else panes[:1]
    return Curves(title, past.time, known, look_of(ctx.user))


def cash(ctx: Ctx, title: str, panel: Panel) -> Curves:
    """Return what takers bought more than they sold in dollars: each bar, and all so far."""
    net = gapless(2 * panel.taker_quote - panel.quote).sum(axis=1)
    panes = (
        Pane(
            ctx.t("Net nakit, toplam $", "Net cash, sum $"), (Line("", np.cumsum(net), fill=True),)
        ),
        Pane(ctx.t("Her 15 dk, $", "Each 15 min, $"), (Line("", net, True),)),
    )
    return Curves(title, panel.time, panes, look_of(ctx.user))


def altcoins(ctx: Ctx, days: Panel) -> Curves:
    """Return how coins did in 30 days in percent, and the share of them above their beginning."""
    past = gapless(days.close[-MONTH:])
    moves = 100 * (past / past[0] - 1)
    names = ctx.t("ortalama", "mean"), ctx.t("medyan", "median")
    lines = (Line(names[0], moves.mean(axis=1)), Line(names[1], np.median(moves, axis=1)))
    up = Line("", 100 * np.where(np.isnan(moves), np.nan, moves > 0).mean(axis=1), fill=True)
    panes = (
        Pane(ctx.t("30 günde %", "% in 30 days"), lines, (0.0,)),
        Pane(ctx.t("Yükselenlerin payı %", "Share that rose %"), (up,), (50.0,)),
    )
    title = ctx.t("Altlar", "Altcoins")
    return Curves(title, days.time[-MONTH:], panes, look_of(ctx.user))


def gapless(table: np.ndarray) -> np.ndarray:
    """Return the coins of a panel's column of which every bar is known, else one unknown."""
    known = np.isfinite(table).all(axis=0)
    return table[:, known] if known.any() else np.full((len(table), 1), np.nan)


def square(ctx: Ctx, title: str, names: Sequence[str], rho: np.ndarray) -> Table:
    """Return correlations as a heat map, the diagonal left out."""
    shown = np.where(np.eye(len(names), dtype=bool), np.nan, rho)
    return Table(title, tuple(names), tuple(names), shown, look=look_of(ctx.user))


def tested(title: str, bars: Any, result: Result, look: Look, t: Words) -> Curves:
    """Return the equity of a rule beside buying and holding, and its falls from a high."""
    some = np.unique(np.linspace(0, len(bars.close) - 1, POINTS).astype(int))
    worth, hold = result.equity, bars.close / bars.close[0]
    fall = 100 * (worth / np.maximum.accumulate(worth) - 1)
    lines = (Line(t("kural", "rule"), worth[some]), Line(t("al-tut", "buy and hold"), hold[some]))
    falls = (Line(t("düşüş", "fall"), fall[some], fill=True),)
    panes = (Pane(t("Sermaye", "Equity"), lines, (1.0,)), Pane(t("Düşüş %", "Fall %"), falls))
    return Curves(title, bars.time[some], panes, look)


def gained(ctx: Ctx, title: str, times: np.ndarray, gains: np.ndarray) -> Curves:
    """Return what trades had gained at some times (ms), in USDT."""
    pane = Pane("USDT", (Line("", gains, fill=True),), (0.0,))
    return Curves(title, times, (pane,), look_of(ctx.user))


def held(ctx: Ctx, title: str, sizes: Mapping[str, float], moves: Mapping[str, float]) -> Map:
    """Return what is held as a map: its area what it is worth, its colour its gain in percent."""
    names = tuple(sizes)
    gains = np.array([moves.get(name, np.nan) for name in names])
    return Map(title, names, np.array(list(sizes.values())), gains, look_of(ctx.user))


def searched(title: str, plan: Plan, grid: Grid, look: Look, t: Words) -> Table:
    """Return the gains of all combinations as a heat map, of more than two numbers the best."""
    names, sizes = zip(*((letter, len(values)) for letter, values in plan.ranges), strict=True)
    gains = grid.gain.reshape(sizes)
    while gains.ndim > 2:
        gains = gains.max(axis=-1)
    gains = gains[None] if gains.ndim == 1 else gains
    down = plan.ranges[0][1] if len(names) > 1 else (t("getiri %", "return %"),)
    along = plan.ranges[len(names) > 1][1]
    most = float(np.nanmax(np.abs(gains))) or 1.0
    texts = (tuple(map(str, down)), tuple(map(str, along)))
    marks = (names[0] if len(names) > 1 else "", names[len(names) > 1])
    head = f"{title} · {t('getiri %', 'return %')}"
    return Table(head, *texts, gains, -most, most, 0, look, *marks)
