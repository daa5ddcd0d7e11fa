"""
Alarmlarınızdan sonra fiyatlar nasıl gitti: 15 dakika, 1, 4 ve 24 saat: /skor [gün]
How prices went after your alarms: 15 minutes, 1, 4 and 24 hours: /skor [days]
"""

import html

import numpy as np

from bot import Reply, coin

GROUP = "alarms"
ALIASES = ("score",)
DAY, SHOWN = 86_400_000, 20
AFTER = {"15m": 900_000, "1h": 3_600_000, "4h": 14_400_000, "24h": DAY}


def run(ctx):
    days = ctx.count(0, 7, high=9)
    fired = ctx.db.alarms.fired(ctx.user.id, ctx.now - int(days * DAY))
    fired = [firing for firing in fired if firing.symbol and firing.alarm_id][-SHOWN:]
    if not fired:
        return ctx.t("Bu sürede çalan alarmınız yok.", "None of your alarms fired in this time.")
    reads = ctx.sources.several([firing.symbol for firing in fired], "15m")
    moves = np.array([went(reads.get(firing.symbol), firing.at) for firing in fired])
    title = ctx.t("<b>🎯 Alarmlardan sonra</b>", "<b>🎯 After your alarms</b>")
    rows = [row(ctx, firing, move) for firing, move in zip(fired, moves, strict=True)]
    head = f"Alarm | {' | '.join(AFTER)}"
    text = "\n".join([title, head, *rows, "", comment(ctx, moves)])
    return Reply(text + ctx.age(*reads.values()), ctx.buttons([("/alarmlar", "/alarmlar")]))


def went(read, at):
    """Return by how many percent a price moved after an instant, NaN where it is not known."""
    instants = np.array([at, *(at + span for span in AFTER.values())])
    if read is None or not read.data.end[0] <= at:
        return np.full(len(AFTER), np.nan)
    ends, close = read.data.end, read.data.close
    prices = close[np.searchsorted(ends, instants, side="right") - 1]
    return np.where(instants <= ends[-1], 100 * (prices / prices[0] - 1), np.nan)[1:]


def row(ctx, firing, moves):
    told = " | ".join(ctx.percent(move, 1, sign=True) for move in moves)
    what = html.escape(firing.text, quote=False)
    return f"{coin(firing.symbol)} {what} ({ctx.clock(firing.at)}): {told}"


def comment(ctx, moves):
    if not np.isfinite(moves).any():
        return ctx.t(
            "Yorum: sonrası henüz bilinmiyor; ilk ölçüm 15 dakika sonra.",
            "Comment: what came after is not known yet; the first measure is after 15 minutes.",
        )
    told = []
    for name, column in zip(AFTER, moves.T, strict=True):
        known = column[np.isfinite(column)]
        mean = ctx.percent(known.mean() if len(known) else np.nan, 1, sign=True)
        told.append(f"{name} {mean} ({(known > 0).sum()}/{len(known)})")
    words = ctx.t("Yorum: ortalama ve yükselenler: ", "Comment: mean and how many rose: ")
    return f"{words}{' · '.join(told)}."
