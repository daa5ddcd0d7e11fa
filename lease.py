"""Which of several instances acts: one row that its holder renews, and a fence round every write.

No wall clock is asked: the others count from when they last saw the row change, by a clock that
runs on in sleep, and the holder stops a margin earlier, counting from before it renewed. Whoever
was paused in between is kept from writing by the fence, a number that rises with every holder.
"""

import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from alarm_rows import Firing, told_row
from db import DbError, open_engine
from schema import firings, leases

log = logging.getLogger("dort5bot")

NAME = "bot"
TTL, MARGIN, BEAT, PATIENCE = 15.0, 3.0, 2.0, 2.0
PEACE, SILENCE = "peace", "silence"


class Fenced(DbError):
    """Say that nothing may be written any more, for this instance has lost the lease."""


class Row(NamedTuple):
    """The lease as it stands: who holds it ("" for nobody), who asks for it, what is untold."""

    owner: str
    label: str
    fence: int
    beat: int
    wanted: str
    change: str


def running() -> float:
    """Return seconds that pass in sleep too and that nobody can set."""
    if not hasattr(time, "clock_gettime"):
        return time.monotonic()
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Lease:
    """Hold the row, or wait for it; `look` does the one or the other and is called every beat.

    `label` is what people are told of this instance. `wanted` tells that another one asks, `away`
    that the database did not answer.
    """

    def __init__(
        self,
        url: str,
        label: str,
        clock: Callable[[], float] = running,
        me: str = "",
    ) -> None:
        self.me, self.label, self._clock = me or identity(), label, clock
        self.fence, self.wanted = 0, False
        self.row = Row("", "", 0, 0, "", "")
        self._since, self._until = clock(), -1.0
        self._asked = self._waited = self._failed = False
        self._begun: float | None = None
        self._engine = open_engine(url, PATIENCE, alive=True)
        self._lock = threading.Lock()
        made = (sqlite if url.startswith("sqlite") else postgresql).insert(leases)
        with self._write() as db:
            leases.create(db, checkfirst=True)
            empty = self.row._asdict() | {"name": NAME}
            db.execute(made.values(**empty).on_conflict_do_nothing())

    @property
    def held(self) -> bool:
        """Tell whether this instance may act now."""
        return self._clock() < self._until

    @property
    def away(self) -> bool:
        """Tell whether the database failed when it was asked last, or lets us wait for too long."""
        begun = self._begun
        return self._failed or (begun is not None and self._clock() - begun >= TTL - MARGIN)

    def beat(self) -> None:
        """Look; of a database that is away for a while it is said once."""
        try:
            self.look()
            self._failed = False
        except DbError as error:
            if not self._failed:
                log.warning("the lease cannot be kept: %s", type(error).__name__)
            self._failed = True

    def look(self) -> None:
        """Renew the lease, or see whether it can be had and ask for it, once. Raises DbError."""
        with self._lock:
            self._begun = self._clock()
            try:
                (self._renew if self.held else self._seek)()
            finally:
                self._begun = None

    def release(self) -> None:
        """Let another instance have the lease at once. Raises DbError."""
        if not self._lock.acquire(timeout=PATIENCE):
            raise DbError("the database does not answer")
        try:
            self._until = -1.0
            with self._write() as db:
                db.execute(update(leases).where(*self._mine()).values(owner=""))
        finally:
            self._lock.release()

    def guard(self) -> Callable[[Connection], None]:
        """Return what a writing transaction asks last; it raises Fenced once the lease is lost.

        Nobody takes the lease between that and the end of the transaction, whoever is paused there.
        """
        query = select(leases.c.fence).where(*self._mine())
        query = query.with_for_update(read=True, key_share=True)

        def check(db: Connection) -> None:
            if db.scalar(query) is None:
                raise Fenced("the lease is lost")

        return check

    def announce(self, words: Callable[[str, str], Iterable[Firing]]) -> None:
        """Put into the outbox, once, that another instance holds the lease now and why.

        `words` makes the messages from how it came (PEACE, SILENCE) and who it was before.
        """
        with self._write() as db:
            change = db.scalar(select(leases.c.change).where(*self._mine()).with_for_update())
            if not change:
                return
            how, _, before = change.partition(" ")
            rows = [told_row(one, int(time.time() * 1000)) for one in words(how, before)]
            if rows:
                db.execute(insert(firings), rows)
            db.execute(update(leases).where(*self._mine()).values(change=""))

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _mine(self) -> tuple:
        return leases.c.name == NAME, leases.c.owner == self.me, leases.c.fence == self.fence

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        connection = self._engine.connect().execution_options(immediate=True)
        with connection, connection.begin():
            yield connection

    def _renew(self) -> None:
        begun = self._clock()
        change = update(leases).where(*self._mine()).values(beat=leases.c.beat + 1)
        with self._write() as db:
            wanted = db.scalar(change.returning(leases.c.wanted))
        self._until = -1.0 if wanted is None else begun + TTL - MARGIN
        self.wanted = bool(wanted) and wanted != self.me

    def _seek(self) -> None:
        with self._engine.connect() as db:
            columns = (leases.c[name] for name in Row._fields)
            row = Row(*db.execute(select(*columns).where(leases.c.name == NAME)).one())
        # Only a clock read after the row was makes the wait long enough.
        now, before, self.row = self._clock(), self.row, row
        if (row.owner, row.fence, row.beat) != (before.owner, before.fence, before.beat):
            self._since = now
        if self._free(row, now):
            self._take(row)
            return
        self._waited |= bool(row.owner)
        if not self._asked:
            here = leases.c.name == NAME
            with self._write() as db:
                db.execute(update(leases).where(here).values(wanted=self.me))
            self._asked = True

    def _free(self, row: Row, now: float) -> bool:
        """Tell whether the row may be taken: left to us, ours, its holder gone or silent."""
        if row.owner == self.me or now - self._since >= TTL:
            return True
        if row.owner:
            return gone(row.owner)
        return row.wanted in ("", self.me) or gone(row.wanted)

    def _take(self, row: Row) -> None:
        begun, here = self._clock(), leases.c.name == NAME
        known = {name: getattr(row, name) for name in ("owner", "fence", "beat")}
        same = (here, *(leases.c[name] == value for name, value in known.items()))
        taken = Row(self.me, self.label, row.fence + 1, row.beat + 1, "", self._news(row))
        with self._write() as db:
            there = db.scalar(select(leases.c.fence).where(*same).with_for_update())
            if there is None:
                return
            db.execute(update(leases).where(*same).values(**taken._asdict()))
        self.fence, self.wanted, self._asked = row.fence + 1, False, True
        self._waited, self._until = False, begun + TTL - MARGIN

    def _news(self, row: Row) -> str:
        """Return what is to be told of the change, with what is still untold of one before."""
        if row.owner and row.owner != self.me:
            return f"{SILENCE} {row.label}"
        return f"{PEACE} {row.label}" if self._waited and not row.owner else row.change


def identity() -> str:
    """Return what names this process among all, so that its own machine can tell it has ended."""
    pid = os.getpid()
    return f"{world() or secrets.token_hex(8)}/{pid}/{born(pid)}"


def world() -> str:
    """Return what names the processes that can see each other, "" where that is not known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}.{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def born(pid: int) -> str:
    """Return when a process began, "" where it has ended or that is not known."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2]
    except OSError:
        return ""
    state, *fields = told.split()
    return "" if state in "ZX" else fields[18]


def gone(owner: str) -> bool:
    """Tell whether an instance has surely ended: of this machine, and no such process runs."""
    where, _, rest = owner.partition("/")
    pid, _, begun = rest.partition("/")
    if where != world() or not where or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return born(int(pid)) != begun
