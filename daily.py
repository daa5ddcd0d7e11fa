"""The reports that come every day, as people ask for them."""

import html
import re
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bot import Ctx, UserError, answer, find
from db import Push

MOST, LONGEST = 10, 200
REPORTS, LISTS = ("prices", "flow", "analysis", "markets"), ("fav", "formul")
TIME = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])")


def line(words: Sequence[str]) -> str:
    """Return the command line of a report as it is kept: small, without the bot's name."""
    return re.sub(r"^(\S*?)@\S*", r"\1", " ".join(words).lstrip("/").lower())


def wanted(ctx: Ctx, line: str, when: str) -> Push:
    """Return a report of a line at a time such as 09:00. Raises UserError."""
    command = find(f"/{line}", ctx.commands) if line else None
    if not command or command.group not in REPORTS or command.name in LISTS or command.secret:
        raise ctx.wrong("Hangi rapor, saat kaçta?", "Which report, at what time?")
    if not (told := TIME.fullmatch(when)):
        raise ctx.wrong("Saat 09:00 gibi yazılır.", "The time is written like 09:00.")
    others = [push for push in ctx.db.pushes(ctx.user.id) if push.line != line]
    if len(others) >= MOST or len(line) > LONGEST:
        raise ctx.wrong(f"En çok {MOST} rapor, {LONGEST} harf.", f"At most {MOST}, {LONGEST} long.")
    tried(ctx, line)
    minute = 60 * int(told[1]) + int(told[2])
    return Push(ctx.user.id, line, ctx.chat.id, minute, "", ctx.chat.topic)


def tried(ctx: Ctx, line: str) -> None:
    """Raise UserError with what a line is refused for."""
    for reply in answer(f"/{line}", ctx):
        if reply.failed == 1:
            told = html.unescape(reply.text)
            raise UserError(told, told)


def ask(ctx: Ctx, line: str, when: str) -> Push:
    """Keep a report of a line at a time, in the language it was asked in. Raises UserError."""
    push = wanted(ctx, line, when)
    begin(ctx, push, ctx.user.zone)
    ctx.db.save_person(ctx.user.id, lang=ctx.lang)
    return push


def move(ctx: Ctx, zone: ZoneInfo) -> None:
    """Let every report of a user come by the clock of another zone."""
    for push in ctx.db.pushes(ctx.user.id):
        begin(ctx, push, zone)


def begin(ctx: Ctx, push: Push, zone: ZoneInfo) -> None:
    """Keep a report so that it comes when its time comes next in the zone."""
    day, _ = push.last(ctx.now / 1000, zone)
    ctx.db.save_push(push._replace(day=day))


def clock(minute: int) -> str:
    """Return a minute of the day as 09:00."""
    return f"{minute // 60:02}:{minute % 60:02}"
