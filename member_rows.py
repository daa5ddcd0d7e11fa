"""The rows of people who are not in the settings: who asked to come in, and what was decided."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select

from alarm_rows import Firing, told_row
from roles import ASKED
from schema import firings, members

HOUR = 3_600_000
KEEP_ASKED = 30 * 24 * HOUR
Opened = Callable[[], AbstractContextManager[Connection]]


class Member(NamedTuple):
    """Somebody who asked or was decided about, by which admin; times in ms."""

    user_id: int
    role: str
    name: str = ""
    lang: str | None = None
    asked: int | None = None
    decided: int | None = None
    decider: int | None = None


class MemberRows:
    """Read and write who may use the bot; `remembered` and `forget` keep what was read lately."""

    def __init__(
        self,
        read: Opened,
        write: Opened,
        dialect: Any,
        now: Callable[[], int],
        remembered: Callable[[tuple, Callable[[], Any]], Any],
        forget: Callable[..., None],
    ) -> None:
        self._read, self._write, self._dialect, self._now = read, write, dialect, now
        self._remembered, self._forget = remembered, forget

    def find(self, user_id: int) -> Member | None:
        """Return somebody's row, None for one who never asked."""

        def look() -> Member | None:
            with self._read() as db:
                row = db.execute(select(members).where(members.c.user_id == user_id)).first()
            return Member(**row._mapping) if row else None

        return self._remembered(("member", user_id), look)

    def every(self) -> list[Member]:
        """Return everybody, the latest who asked or were decided about first."""
        latest = func.coalesce(members.c.decided, members.c.asked).desc()
        with self._read() as db:
            rows = db.execute(select(members).order_by(latest, members.c.user_id))
            return [Member(**row._mapping) for row in rows]

    def ask(self, member: Member, tell: Iterable[Firing], most: int) -> str:
        """Note once that somebody asks to come in, and what is to be told of it.

        Return their role; none where already so many have asked within the hour.
        """
        now, mine = self._now(), members.c.user_id == member.user_id
        row = member._replace(role=ASKED, asked=now)
        with self._write() as db:
            there = db.scalar(select(members.c.role).where(mine))
            if there is not None:
                return there
            lately = select(func.count()).where(members.c.asked > now - HOUR)
            if (db.scalar(lately) or 0) >= most:
                return ""
            db.execute(insert(members).values(**row._asdict()))
            for firing in tell:
                db.execute(insert(firings).values(**told_row(firing, now)))
        self._forget(("member", member.user_id))
        return ASKED

    def decide(self, user_id: int, role: str, decider: int, tell: Iterable[Firing] = ()) -> None:
        """Write what was decided about somebody, and what is to be told of it."""
        now = self._now()
        values = {"role": role, "decided": now, "decider": decider}
        made = self._dialect.insert(members).values(user_id=user_id, name="", **values)
        place = [members.c.user_id]
        with self._write() as db:
            db.execute(made.on_conflict_do_update(index_elements=place, set_=values))
            for firing in tell:
                db.execute(insert(firings).values(**told_row(firing, now)))
        self._forget(("member", user_id))

    def prune(self) -> int:
        """Forget who asked long ago and was never answered; return how many there were."""
        old = members.c.asked < self._now() - KEEP_ASKED
        with self._write() as db:
            return db.execute(delete(members).where(old, members.c.role == ASKED)).rowcount
