"""The rows of alarms: what is watched for, what it last was, and what was fired but not told."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, func, insert, select, update

from schema import alarm_states, alarms, firings

ACTIVE, PAUSED, DONE = "active", "paused", "done"
MARKS = 0
MAX_ALARMS, MOST_KEPT, AT_ONCE = 200, 20_000, 10_000
DAY = 86_400_000
Opened = Callable[[], AbstractContextManager[Connection]]
Key = tuple[int, str]


class Alarm(NamedTuple):
    """What somebody wants to be told: a condition in its normal form, of some targets.

    `kind` is formula, price, move, rise, fall, or an index: ap, fg, dom, fr. All but a formula's
    text is a sign and a number. `targets` are symbols, or one word: favourites, all, `top 50`.
    A `steady` one fires while it is true, others when it comes true. `cooldown` is None for one
    that fires once. Times are in ms; `band` is how far a number must go back to fire again;
    `follow` an orders.Follow as text, the order that each firing makes.
    """

    user_id: int
    chat_id: int
    kind: str
    text: str
    targets: str
    interval: str = ""
    band: float = 0.0
    steady: bool = False
    cooldown: int | None = None
    until: int | None = None
    snooze: int | None = None
    severity: str = "normal"
    state: str = ACTIVE
    made: int = 0
    last_fired: int | None = None
    topic: int | None = None
    follow: str = ""
    id: int = 0

    @property
    def symbols(self) -> tuple[str, ...]:
        """Return the symbols it names, none where the targets are a word for them."""
        return tuple(word for word in self.targets.split() if word.isupper())


ALARM = tuple(alarms.c[name] for name in Alarm._fields)


class State(NamedTuple):
    """What an alarm knows of a symbol: whether it may fire, its last value, when it last did."""

    alarm_id: int
    symbol: str
    armed: bool
    value: float | None
    fired: int | None
    checked: int

    def by(self, now: int) -> "State":
        """Return what may be known at an instant (ms): the clock may have been set back."""
        return self if (self.fired or 0) <= now else self._replace(fired=now)


class Firing(NamedTuple):
    """A thing to be told: what came true of which symbol, when, and whether it was told."""

    alarm_id: int
    user_id: int
    chat_id: int
    symbol: str
    at: int
    value: float | None
    text: str
    severity: str = "normal"
    topic: int | None = None
    made: int = 0
    tries: int = 0
    message_id: int | None = None
    delivered: int | None = None
    dropped: int | None = None
    source: str | None = None
    id: int = 0


class AlarmRows:
    """Read and write the rows of alarms.

    `revision` rises when what is to be watched changes, and `changed` tells which alarms; `fresh`
    that something is to be told; `gathering` until when (ms) more of a gap may be found to tell.
    """

    def __init__(self, read: Opened, write: Opened, dialect: Any, now: Callable[[], int]) -> None:
        self._read, self._write, self._dialect, self._now = read, write, dialect, now
        self.revision, self.fresh, self.gathering = 0, True, 0
        self._changed: dict[int, int] = {}
        self._lock = threading.Lock()

    def _touch(self, ids: Iterable[int]) -> None:
        """Note that alarms have changed, after they are written."""
        with self._lock:
            self.revision += 1
            self._changed.update(dict.fromkeys(ids, self.revision))

    def changed(self, since: int) -> list[int]:
        """Return the alarms that changed after a revision."""
        if since == self.revision:
            return []
        with self._lock:
            return [one for one, revision in self._changed.items() if revision > since]

    def add(self, alarm: Alarm) -> int | None:
        """Write a new alarm; return its number, None where its user has too many."""
        row = alarm._asdict() | {"made": alarm.made or self._now()}
        row.pop("id")
        mine = (alarms.c.user_id == alarm.user_id) & (alarms.c.state != DONE)
        with self._write() as db:
            if (db.scalar(select(func.count()).where(mine)) or 0) >= MAX_ALARMS:
                return None
            made = db.scalar(insert(alarms).values(**row).returning(alarms.c.id))
        self._touch([made] if made else ())
        return made

    def find(self, user_id: int, alarm_id: int) -> Alarm | None:
        """Return a user's alarm by its number."""
        return next(self._alarms(alarms.c.id == alarm_id, alarms.c.user_id == user_id), None)

    def of(self, user_id: int) -> list[Alarm]:
        """Return a user's alarms that are not done, the oldest first."""
        return list(self._alarms(alarms.c.user_id == user_id, alarms.c.state != DONE))

    def active(self, ids: Iterable[int] | None = None) -> list[Alarm]:
        """Return everybody's alarms that are to be watched, or those of some, the oldest first."""
        some = () if ids is None else (alarms.c.id.in_(list(ids)),)
        return list(self._alarms(alarms.c.state == ACTIVE, *some))

    def _alarms(self, *where: Any) -> Iterator[Alarm]:
        with self._read() as db:
            rows = db.execute(select(*ALARM).where(*where).order_by(alarms.c.id)).all()
        return (Alarm(*row) for row in rows)

    def change(self, user_id: int, alarm_id: int, **values: Any) -> bool:
        """Change a user's alarm; return whether it was there."""
        mine = (alarms.c.id == alarm_id) & (alarms.c.user_id == user_id)
        with self._write() as db:
            there = db.execute(update(alarms).where(mine).values(**values)).rowcount > 0
        self._touch([alarm_id])
        return there

    def revise(self, alarm: Alarm, states: Iterable[State]) -> bool:
        """Write a user's alarm in the place of its old form, and what it knows from the start.

        Return whether it was there.
        """
        mine = (alarms.c.id == alarm.id) & (alarms.c.user_id == alarm.user_id)
        row = alarm._replace(state=ACTIVE, snooze=None)._asdict()
        rows = [state._asdict() for state in states]
        with self._write() as db:
            there = db.execute(update(alarms).where(mine).values(**row)).rowcount > 0
            if there:
                db.execute(delete(alarm_states).where(alarm_states.c.alarm_id == alarm.id))
            if there and rows:
                db.execute(insert(alarm_states), rows)
        self._touch([alarm.id])
        return there

    def arm(self, alarm_id: int, armed: bool | None) -> None:
        """Set whether an alarm may fire at once, of every symbol; None forgets what it knew."""
        mine = alarm_states.c.alarm_id == alarm_id
        change = update(alarm_states).where(mine).values(armed=bool(armed), fired=None)
        with self._write() as db:
            db.execute(delete(alarm_states).where(mine) if armed is None else change)
        self._touch([alarm_id])

    def remove(self, user_id: int, alarm_id: int) -> bool:
        """Delete a user's alarm with what it knew; return whether it was there."""
        mine = (alarms.c.id == alarm_id) & (alarms.c.user_id == user_id)
        with self._write() as db:
            there = db.execute(delete(alarms).where(mine)).rowcount > 0
            if there:
                db.execute(delete(alarm_states).where(alarm_states.c.alarm_id == alarm_id))
        self._touch([alarm_id])
        return there

    def pause(self, user_id: int, chat_id: int) -> int:
        """Pause a user's alarms of a chat that cannot be reached; return how many there were."""
        mine = (alarms.c.user_id == user_id) & (alarms.c.chat_id == chat_id)
        there = mine & (alarms.c.state == ACTIVE)
        with self._write() as db:
            query = update(alarms).where(there).values(state=PAUSED).returning(alarms.c.id)
            ids = db.scalars(query).all()
        self._touch(ids)
        return len(ids)

    def move(self, old: int, new: int) -> None:
        """Let what belongs to a chat and is still to be told belong to what it became."""
        untold = firings.c.delivered.is_(None) & firings.c.dropped.is_(None)
        here = update(alarms).where(alarms.c.chat_id == old).values(chat_id=new, topic=None)
        with self._write() as db:
            ids = db.scalars(here.returning(alarms.c.id)).all()
            waiting = update(firings).where(firings.c.chat_id == old, untold)
            db.execute(waiting.values(chat_id=new, topic=None))
        self._touch(ids)
        self.fresh = True

    def watched(self) -> list[str]:
        """Return the symbols that active alarms name, the most wanted first."""
        query = select(alarms.c.targets, func.count()).where(alarms.c.state == ACTIVE)
        query = query.group_by(alarms.c.targets).order_by(func.count().desc())
        with self._read() as db:
            rows = db.scalars(query).all()
        words = (word for targets in rows for word in targets.split())
        return list(dict.fromkeys(word for word in words if word.isupper()))

    def states(self, ids: Iterable[int] | None = None) -> dict[Key, State]:
        """Return what all alarms know, or some, by (alarm, symbol)."""
        query = select(alarm_states)
        if ids is not None:
            query = query.where(alarm_states.c.alarm_id.in_(list(ids)))
        with self._read() as db:
            rows = [State(*row) for row in db.execute(query)]
        return {(row.alarm_id, row.symbol): row for row in rows if row.alarm_id != MARKS}

    def marks(self) -> dict[str, int]:
        """Return until when (ms) each thing that is looked at was looked at, by its name."""
        query = select(alarm_states.c.symbol, alarm_states.c.checked)
        with self._read() as db:
            rows = db.execute(query.where(alarm_states.c.alarm_id == MARKS))
            return {row.symbol: row.checked for row in rows}

    def save(
        self,
        states: Iterable[State],
        fired: Iterable[Firing] = (),
        marks: Mapping[str, int | None] | None = None,
        done: Iterable[int] = (),
    ) -> None:
        """Write in one transaction what changed, what is to be told, and which alarms are done.

        A mark that is None is deleted.
        """
        known = (marks or {}).items()
        gone = [name for name, at in known if at is None]
        seen = [State(MARKS, name, False, None, None, at) for name, at in known if at is not None]
        rows = [state._asdict() for state in (*states, *seen)]
        told = [told_row(firing, self._now()) for firing in fired]
        ended = [{"which": alarm_id} for alarm_id in done]
        made = self._dialect.insert(alarm_states)
        place = [alarm_states.c.alarm_id, alarm_states.c.symbol]
        set_ = {name: made.excluded[name] for name in ("armed", "value", "fired", "checked")}
        chosen = alarms.c.id == bindparam("which")
        with self._write() as db:
            if rows:
                db.execute(made.on_conflict_do_update(index_elements=place, set_=set_), rows)
            if gone:
                mine = (alarm_states.c.alarm_id == MARKS) & alarm_states.c.symbol.in_(gone)
                db.execute(delete(alarm_states).where(mine))
            if told:
                db.execute(insert(firings), told)
                last = [{"which": row["alarm_id"], "last": row["at"]} for row in told]
                db.execute(update(alarms).where(chosen).values(last_fired=bindparam("last")), last)
            if ended:
                db.execute(update(alarms).where(chosen).values(state=DONE), ended)
        if told:
            self.fresh = True
        if ended:
            self._touch(one["which"] for one in ended)

    def settle(
        self,
        revision: int,
        states: Iterable[State],
        fired: Iterable[Firing],
        marks: Mapping[str, int | None],
        done: Iterable[int],
    ) -> None:
        """Save what came of alarms as they were at a revision, but of none that changed since."""
        other = set(self.changed(revision))
        self.save(
            [state for state in states if state.alarm_id not in other],
            [firing for firing in fired if firing.alarm_id not in other],
            marks,
            [alarm_id for alarm_id in done if alarm_id not in other],
        )

    def begin_with(self, states: Iterable[State]) -> None:
        """Write what a new alarm knows from the start."""
        rows = list(states)
        self.save(rows)
        self._touch(row.alarm_id for row in rows)

    def outbox(self) -> list[Firing]:
        """Return what is still to be told, the oldest first."""
        return self._firings(firings.c.delivered.is_(None), firings.c.dropped.is_(None))

    def waiting(self) -> int:
        """Return how much is still to be told."""
        still = firings.c.delivered.is_(None) & firings.c.dropped.is_(None)
        with self._read() as db:
            return db.scalar(select(func.count()).where(still)) or 0

    def newest(self, texts: Iterable[str]) -> list[Firing]:
        """Return of each chat and topic the newest notice that says one of some things."""
        said = (firings.c.alarm_id == 0) & firings.c.text.in_(list(texts))
        place = firings.c.chat_id, firings.c.topic
        return self._firings(
            firings.c.id.in_(select(func.max(firings.c.id)).where(said).group_by(*place))
        )

    def fired(self, user_id: int, since: int = 0) -> list[Firing]:
        """Return what a user's alarms fired since an instant (ms), the oldest first."""
        return self._firings(firings.c.user_id == user_id, firings.c.at >= since)

    def counted(self, since: int) -> int:
        """Return how often alarms fired since an instant (ms)."""
        rang = (firings.c.at >= since) & (firings.c.alarm_id != 0)
        with self._read() as db:
            return db.scalar(select(func.count()).where(rang)) or 0

    def rung(self, since: int, what: str) -> dict[int, tuple[int, int]]:
        """Return of each user how many firings were written since an instant (ms).

        Beside it how many notices that say `what` were.
        """
        sums = (
            func.sum(case((wanted, 1), else_=0))
            for wanted in (firings.c.alarm_id != 0, firings.c.text == what)
        )
        query = select(firings.c.user_id, *sums).where(firings.c.made >= since)
        with self._read() as db:
            rows = db.execute(query.group_by(firings.c.user_id)).all()
        return {user: (fired, told) for user, fired, told in rows}

    def told_since(self, chat_id: int, since: int) -> list[Firing]:
        """Return what a chat was told since an instant (ms), the oldest first."""
        return self._firings(firings.c.chat_id == chat_id, firings.c.delivered >= since)

    def _firings(self, *where: Any) -> list[Firing]:
        query = select(firings).where(*where).order_by(firings.c.id)
        with self._read() as db:
            return [Firing(**row._mapping) for row in db.execute(query)]

    def begin(self, ids: Iterable[int]) -> None:
        """Count one more try to tell some firings."""
        self._mark(ids, tries=firings.c.tries + 1)

    def told(self, ids: Iterable[int], message_id: int) -> None:
        """Note by which message some firings were told."""
        self._mark(ids, message_id=message_id, delivered=self._now())

    def drop(self, ids: Iterable[int]) -> None:
        """Give up on telling some firings."""
        self._mark(ids, dropped=self._now())

    def _mark(self, ids: Iterable[int], **values: Any) -> None:
        every = list(ids)
        with self._write() as db:
            for start in range(0, len(every), AT_ONCE):
                some = firings.c.id.in_(every[start : start + AT_ONCE])
                db.execute(update(firings).where(some).values(**values))

    def prune(self, days: int) -> int:
        """Delete what was told or dropped so many days ago, and alarms done as long.

        Of each user a bounded number of firings is kept. Return how many there were.
        """
        old = self._now() - days * DAY
        ended = firings.c.delivered.is_not(None) | firings.c.dropped.is_not(None)
        place = func.row_number().over(partition_by=firings.c.user_id, order_by=firings.c.id.desc())
        ranked = select(firings.c.id, place.label("place")).where(ended).subquery()
        many = firings.c.id.in_(select(ranked.c.id).where(ranked.c.place > MOST_KEPT))
        past = (firings.c.delivered < old) | (firings.c.dropped < old) | many
        over = (alarms.c.state == DONE) & (func.coalesce(alarms.c.last_fired, alarms.c.made) < old)
        with self._write() as db:
            gone = db.execute(delete(firings).where(past)).rowcount
            ids = db.scalars(delete(alarms).where(over).returning(alarms.c.id)).all()
            db.execute(delete(alarm_states).where(alarm_states.c.alarm_id.in_(ids)))
        return gone + len(ids)


def told_row(firing: Firing, now: int) -> dict[str, Any]:
    """Return a firing as a new row."""
    row = firing._asdict() | {"made": firing.made or now}
    row.pop("id")
    return row
