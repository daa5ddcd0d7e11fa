"""Every row that must survive: SQLite in WAL mode, or PostgreSQL by its address."""

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from alarm_rows import AlarmRows
from member_rows import MemberRows
from order_rows import OrderRows
from paper_rows import PaperRows
from schema import (
    MIGRATIONS,
    alarm_states,
    favourites,
    formulas,
    hosts,
    leases,
    meta,
    notes,
    pushes,
    readings,
    spending,
    tables,
    tokens,
    updates,
    users,
)

DbError = SQLAlchemyError

MEMO_SECONDS = 5.0
KEEP_UPDATES = 2 * 86_400_000
KEEP_READINGS = 40 * 86_400_000
KEEP_TOKENS = 3_600_000
MAX_FAVOURITES = 50
WAL_BYTES, CACHE_KB = 4_000_000, 512
STILL_MS = 10_000
# A network that swallows everything is found out in seconds, not in the quarter of an hour of TCP.
REACH = {"connect_timeout": 10, "tcp_user_timeout": 15_000}
REACH |= {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 2}
STORED = tuple(table for table in tables.sorted_tables if table not in (meta, leases))
ITSELF = (alarm_states, hosts, notes, readings, spending)


class Used(ValueError):
    """Say that a database is in use already, so that nothing is filled in."""


class Person(NamedTuple):
    """A user's row: what they are called and what they chose; None where they chose nothing."""

    name: str
    lang: str | None
    zone: str | None
    theme: str | None = None
    quiet: str | None = None
    band: str | None = None


class Push(NamedTuple):
    """A report sent every day: the command line, the minute of the local day, the last day."""

    user_id: int
    line: str
    chat_id: int
    minute: int
    day: str
    topic: int | None = None

    def last(self, now: float, zone: ZoneInfo) -> tuple[str, float]:
        """Return the local day on which it came due last, and the second at which it did."""
        local = datetime.fromtimestamp(now, zone)
        hour, minute = divmod(self.minute, 60)
        due = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
        if due.timestamp() > now:
            due -= timedelta(days=1)
        return f"{due:%F}", due.timestamp()


# Names the lock that two bots starting on one database take in turn.
MIGRATING = 4595


class Db:
    """Hold the connections and every read and write of rows; opening it migrates.

    `guard` is asked at the end of every writing transaction and raises where it may not be.
    """

    def __init__(
        self,
        url: str,
        clock: Callable[[], float] = time.time,
        guard: Callable[[Connection], None] | None = None,
    ) -> None:
        self._clock, self._lock, self._guard = clock, threading.Lock(), guard
        self._memo: dict[tuple, tuple[float, Any]] = {}
        self._changes = 0
        self._engine = open_engine(url, alive=guard is not None)
        self._dialect: Any = sqlite if url.startswith("sqlite") else postgresql
        parts = (self._read, self._write, self._dialect, self.now)
        self.alarms, self.orders = AlarmRows(*parts), OrderRows(*parts)
        self.paper = PaperRows(*parts)
        self.members = MemberRows(*parts, self._remembered, self._forget)
        with ExitStack() as unless_migrated:
            unless_migrated.callback(self.close)
            self.migrate()
            unless_migrated.pop_all()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def migrate(self) -> None:
        """Bring the schema to the newest version. Raises RuntimeError on a newer one than ours."""
        with self._write() as db:
            if db.dialect.name == "postgresql":
                db.execute(select(func.pg_advisory_xact_lock(MIGRATING)))
            there = inspect(db).has_table("meta")
            version = db.scalar(select(func.max(meta.c.version))) or 0 if there else 0
            if version > len(MIGRATIONS):
                raise RuntimeError(f"the database has version {version}, newer than this bot")
            for step in MIGRATIONS[version:]:
                step(db)
            db.execute(delete(meta))
            db.execute(insert(meta).values(version=len(MIGRATIONS)))

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        connection = self._engine.connect().execution_options(immediate=True)
        with connection, connection.begin():
            yield connection
            if self._guard:
                self._guard(connection)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Open a read in which every table is as at one instant, whatever is written meanwhile."""
        same = {"isolation_level": "REPEATABLE READ", "stream_results": True}
        options = same if self._dialect is postgresql else {}
        with self._engine.connect() as connection:
            yield connection.execution_options(**options)

    @contextmanager
    def filling(self) -> Iterator[Connection]:
        """Open a transaction that fills a database nobody has used. Raises Used.

        What the bot has noted in it by itself goes.
        """
        with self._write() as here:
            if not unused(here):
                raise Used("hedef boş değil / the target is not empty")
            for table in ITSELF:
                here.execute(delete(table))
            yield here
        with self._lock:
            self._memo.clear()

    def unused(self) -> bool:
        """Tell whether nobody has left a row."""
        with self._read() as db:
            return unused(db)

    def _remembered(self, key: tuple, look: Callable[[], Any]) -> Any:
        """Return what was read a moment ago, for a reply may ask for the same row many times."""
        now = self._clock()
        with self._lock:
            (until, value), changes = self._memo.get(key, (0.0, None)), self._changes
        if now < until:
            return value
        value = look()
        with self._lock:
            if len(self._memo) > 5000:
                self._memo.clear()
            if changes == self._changes:
                self._memo[key] = (now + MEMO_SECONDS, value)
        return value

    def _forget(self, *keys: tuple) -> None:
        with self._lock:
            self._changes += 1
            for key in keys:
                self._memo.pop(key, None)

    def now(self) -> int:
        """Return the time in milliseconds."""
        return int(self._clock() * 1000)

    def person(self, user_id: int) -> Person | None:
        """Return a user's row, None for one never seen."""

        def look() -> Person | None:
            wanted = (users.c[name] for name in Person._fields)
            query = select(*wanted).where(users.c.id == user_id)
            with self._read() as db:
                row = db.execute(query).first()
            return Person(*row) if row else None

        return self._remembered(("person", user_id), look)

    def save_person(self, user_id: int, **values: str | None) -> None:
        """Write some of a user's row, making it where it is missing; firings may wait no longer."""
        made = self._dialect.insert(users)
        row = {"id": user_id, "name": "", "since": self.now(), **values}
        with self._write() as db:
            db.execute(
                made.values(**row).on_conflict_do_update(index_elements=[users.c.id], set_=values)
            )
        self._forget(("person", user_id))
        if values.keys() & {"zone", "quiet"}:
            self.alarms.fresh = True

    def favourites(self, user_id: int) -> tuple[str, ...]:
        """Return a user's favourite symbols in their order."""

        def look() -> tuple[str, ...]:
            query = select(favourites.c.symbol).where(favourites.c.user_id == user_id)
            with self._read() as db:
                return tuple(db.scalars(query.order_by(favourites.c.place)))

        return self._remembered(("favourites", user_id), look)

    def add_favourites(self, user_id: int, symbols: Sequence[str]) -> int:
        """Put symbols behind a user's favourites, up to the limit; return how many are new."""
        mine = favourites.c.user_id == user_id
        with self._write() as db:
            there = set(db.scalars(select(favourites.c.symbol).where(mine)))
            place = db.scalar(select(func.max(favourites.c.place)).where(mine)) or 0
            fresh = [s for s in dict.fromkeys(symbols) if s not in there]
            fresh = fresh[: max(0, MAX_FAVOURITES - len(there))]
            for i, symbol in enumerate(fresh, place + 1):
                db.execute(insert(favourites).values(user_id=user_id, symbol=symbol, place=i))
        self._forget(("favourites", user_id))
        return len(fresh)

    def remove_favourites(self, user_id: int, symbols: Iterable[str]) -> int:
        """Take symbols out of a user's favourites; return how many were there."""
        mine = favourites.c.user_id == user_id
        with self._write() as db:
            done = db.execute(
                delete(favourites).where(mine, favourites.c.symbol.in_(list(symbols)))
            ).rowcount
        self._forget(("favourites", user_id))
        return done

    def pushes(self, user_id: int | None = None) -> list[Push]:
        """Return the daily reports, everybody's or one user's, by their time of day."""
        query = select(pushes).order_by(pushes.c.minute, pushes.c.line)
        if user_id is not None:
            query = query.where(pushes.c.user_id == user_id)
        with self._read() as db:
            return [Push(**row._mapping) for row in db.execute(query)]

    def save_push(self, push: Push) -> None:
        """Write a daily report, in place of one with the same line."""
        made, place = self._dialect.insert(pushes), [pushes.c.user_id, pushes.c.line]
        row = made.values(**push._asdict())
        with self._write() as db:
            db.execute(row.on_conflict_do_update(index_elements=place, set_=push._asdict()))

    def mark_push(self, user_id: int, line: str, day: str) -> None:
        """Note that a daily report, if it is still wanted, was sent for a day."""
        mine = (pushes.c.user_id == user_id) & (pushes.c.line == line)
        with self._write() as db:
            db.execute(update(pushes).where(mine).values(day=day))

    def remove_push(self, user_id: int, line: str) -> bool:
        """Delete a daily report; return whether it was there."""
        mine = (pushes.c.user_id == user_id) & (pushes.c.line == line)
        with self._write() as db:
            return db.execute(delete(pushes).where(mine)).rowcount > 0

    def move_chat(self, old: int, new: int) -> None:
        """Let the alarms and daily reports of a group belong to the supergroup it has become."""
        self.alarms.move(old, new)
        here = update(pushes).where(pushes.c.chat_id == old)
        with self._write() as db:
            db.execute(here.values(chat_id=new, topic=None))

    def formulas(self, user_id: int) -> dict[str, str]:
        """Return a user's own formulas by their names."""

        def look() -> dict[str, str]:
            query = select(formulas.c.name, formulas.c.text).where(formulas.c.user_id == user_id)
            with self._read() as db:
                return {row.name: row.text for row in db.execute(query.order_by(formulas.c.name))}

        return dict(self._remembered(("formulas", user_id), look))

    def save_formula(self, user_id: int, name: str, text: str) -> None:
        """Write a user's own formula, in place of one with the same name."""
        made = self._dialect.insert(formulas).values(user_id=user_id, name=name, text=text)
        place = [formulas.c.user_id, formulas.c.name]
        with self._write() as db:
            db.execute(made.on_conflict_do_update(index_elements=place, set_={"text": text}))
        self._forget(("formulas", user_id))

    def remove_formula(self, user_id: int, name: str) -> bool:
        """Delete a user's own formula; return whether it was there."""
        mine = (formulas.c.user_id == user_id) & (formulas.c.name == name)
        with self._write() as db:
            done = db.execute(delete(formulas).where(mine)).rowcount > 0
        self._forget(("formulas", user_id))
        return done

    def watched(self) -> list[str]:
        """Return every symbol that is somebody's favourite, the most wanted first."""
        count = func.count()
        query = select(favourites.c.symbol).group_by(favourites.c.symbol).order_by(count.desc())
        with self._read() as db:
            return list(db.scalars(query))

    def receive(self, arrived: Iterable[tuple[int, str | None]]) -> set[int]:
        """Record updates (id, body) before they are acknowledged; return the ids that are new."""
        bodies, now = dict(arrived), self.now()
        if not bodies:
            return set()
        with self._write() as db:
            old = set(db.scalars(select(updates.c.id).where(updates.c.id.in_(bodies))))
            rows = [
                {"id": i, "body": body, "received": now, "tries": 0}
                for i, body in bodies.items()
                if i not in old
            ]
            if rows:
                db.execute(insert(updates), rows)
        return bodies.keys() - old

    def begin(self, update_id: int) -> int | None:
        """Count one more try to answer an update; return the count, None for an answered one."""
        change = update(updates).where(updates.c.id == update_id, updates.c.done.is_(None))
        with self._write() as db:
            return db.scalar(change.values(tries=updates.c.tries + 1).returning(updates.c.tries))

    def finish(self, update_id: int) -> None:
        """Mark an update as answered and forget what it said."""
        with self._write() as db:
            change = update(updates).where(updates.c.id == update_id)
            db.execute(change.values(done=self.now(), body=None))

    def waiting(self) -> list[tuple[int, str]]:
        """Return the ids and bodies of recorded updates without an answer, oldest first."""
        query = select(updates.c.id, updates.c.body).where(updates.c.done.is_(None))
        with self._read() as db:
            rows = db.execute(query.where(updates.c.body.is_not(None)).order_by(updates.c.id))
            return [(row.id, row.body) for row in rows]

    def save_reading(self, name: str, at: int, value: float) -> None:
        """Keep what a figure was at an instant (ms), so that later ones can be held against it."""
        made = self._dialect.insert(readings).values(name=name, at=at, value=value)
        with self._write() as db:
            db.execute(made.on_conflict_do_nothing())

    def reading(self, name: str, instant: int, slack: int) -> float | None:
        """Return a figure's newest reading at an instant or up to `slack` ms before it, or None."""
        fits = (readings.c.name == name) & readings.c.at.between(instant - slack, instant)
        query = select(readings.c.value).where(fits).order_by(readings.c.at.desc()).limit(1)
        with self._read() as db:
            return db.scalar(query)

    def prune(self) -> int:
        """Delete answered updates older than Telegram could send again, old readings and tokens.

        Return how many there were.
        """
        now = self.now()
        old = (
            delete(updates).where(updates.c.done < now - KEEP_UPDATES),
            delete(readings).where(readings.c.at < now - KEEP_READINGS),
            delete(tokens).where(tokens.c.made < now - KEEP_TOKENS),
        )
        with self._write() as db:
            gone = sum(db.execute(one).rowcount for one in old)
        return gone + self.members.prune()

    def keep_token(self, user_id: int, body: str) -> str:
        """Keep what a user may confirm within the hour; return the token that names it."""
        token = secrets.token_urlsafe(9)
        row = insert(tokens).values(token=token, user_id=user_id, body=body, made=self.now())
        with self._write() as db:
            db.execute(row)
        return token

    def token(self, user_id: int, token: str) -> tuple[str, int] | None:
        """Return what a user's token names and when it was made in ms, without using it up."""
        mine = (tokens.c.token == token) & (tokens.c.user_id == user_id)
        with self._read() as db:
            row = db.execute(select(tokens.c.body, tokens.c.made).where(mine)).first()
        return (row.body, row.made) if row else None

    def take_token(self, user_id: int, token: str) -> str | None:
        """Return what a user's token names, once; None where it is used, old or another's."""
        mine = (tokens.c.token == token) & (tokens.c.user_id == user_id)
        fresh = tokens.c.made >= self.now() - KEEP_TOKENS
        with self._write() as db:
            return db.scalar(delete(tokens).where(mine, fresh).returning(tokens.c.body))

    def note(self, name: str) -> str:
        """Return what the bot has noted under a name, "" for nothing."""
        with self._read() as db:
            return db.scalar(select(notes.c.text).where(notes.c.name == name)) or ""

    def keep_note(self, name: str, text: str) -> None:
        """Note something under a name, in place of what was there."""
        made = self._dialect.insert(notes).values(name=name, text=text)
        with self._write() as db:
            db.execute(
                made.on_conflict_do_update(index_elements=[notes.c.name], set_={"text": text})
            )

    def host_states(self) -> list[tuple[str, str, int]]:
        """Return the markets that are closed: name, state, until when in ms."""
        with self._read() as db:
            rows = db.execute(select(hosts).where(hosts.c.state != "ok"))
            return [(row.name, row.state, row.until) for row in rows]

    def save_host(self, name: str, state: str, until: int) -> None:
        """Keep a market's state, so that a ban is obeyed after a restart too."""
        values = {"state": state, "until": until}
        made = self._dialect.insert(hosts).values(name=name, **values)
        with self._write() as db:
            db.execute(made.on_conflict_do_update(index_elements=[hosts.c.name], set_=values))

    def spend(self, name: str, month: str, weight: int, most: int) -> int | None:
        """Add weight to what a market's month has used; return the sum, None if above `most`."""
        made = self._dialect.insert(spending).values(name=name, month=month, used=weight)
        total = spending.c.used + weight
        place = [spending.c.name, spending.c.month]
        row = made.on_conflict_do_update(
            index_elements=place, set_={"used": total}, where=total <= most
        )
        if weight > most:
            return None
        with self._write() as db:
            return db.scalar(row.returning(spending.c.used))

    def spent(self, month: str) -> dict[str, int]:
        """Return what every market with a budget has used of a month."""
        query = select(spending.c.name, spending.c.used).where(spending.c.month == month)
        with self._read() as db:
            return {row.name: row.used for row in db.execute(query)}


def unused(db: Connection) -> bool:
    """Tell whether nobody has left a row: what the bot notes by itself does not count."""
    wanted = (table for table in STORED if table not in ITSELF)
    return not any(db.scalar(select(func.count()).select_from(table)) for table in wanted)


def hush(context: Any) -> None:
    """Leave in an error what the database says of it, and not the row it was about."""
    said = getattr(getattr(context.original_exception, "diag", None), "message_primary", None)
    if said and context.sqlalchemy_exception:
        context.original_exception.args = (said,)
        context.sqlalchemy_exception.args = (said,)


def open_engine(url: str, patience: float = 10, alive: bool = False) -> Engine:
    """Return what connects to a database and waits so many seconds for its locks.

    Where others wait for them only somebody `alive` keeps locks: a transaction may not stand still.
    """
    local = url.startswith("sqlite")
    options: dict[str, Any] = {"connect_args": {"timeout": patience} if local else REACH}
    # Errors stand in the log and on the status page; people's words do not.
    options["hide_parameters"] = True
    engine = create_engine(url, pool_size=8, pool_pre_ping=not local, **options)
    event.listen(engine, "handle_error", hush)
    if local:
        event.listen(engine, "connect", prepare_sqlite)
        event.listen(engine, "begin", begin_sqlite)
    elif alive:
        event.listen(engine, "connect", prepare_postgresql)
    return engine


def prepare_sqlite(connection: Any, _record: Any) -> None:
    """Set a new SQLite connection to WAL, of bounded sizes, and leave transactions to us."""
    connection.isolation_level = None
    sizes = f"journal_size_limit={WAL_BYTES}", f"cache_size=-{CACHE_KB}"
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", *sizes):
        connection.execute(f"PRAGMA {pragma}")


def prepare_postgresql(connection: Any, _record: Any) -> None:
    """Let a new connection end, with its locks, when its transaction stands still."""
    connection.autocommit = True
    connection.execute(f"SET idle_in_transaction_session_timeout = {STILL_MS}")
    connection.autocommit = False


def begin_sqlite(connection: Connection) -> None:
    """Begin a transaction; a writing one takes the lock at once, so that it never has to retry."""
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
