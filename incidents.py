"""What is wrong with the bot itself: told to the admins once when it is sure, once when it is over.

What was told stands in the marks beside the alarms, written with the message in one transaction,
so that a restart tells nothing twice.
"""

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple
from zoneinfo import ZoneInfo

import notices
from alarm_rows import Firing
from bot import Ctx
from db import Push
from notices import CLOCK, HOST, JOB, OUTBOX, RIVAL
from workers import Job

EVERY, CALM, NINE, LATEST = 20, 180_000, 9 * 60, 3 * 3_600_000
STUCK, OFF = 600_000, 2.0
# A kind of trouble, and for how long (ms) it must have lasted before it is told.
PATIENCE = {HOST: 120_000, JOB: 0, OUTBOX: 0, CLOCK: 60_000, RIVAL: 0}
SHUT = ("banned", "blocked", "region")
MARK, DAILY = "trouble ", "daily line "


class Trouble(NamedTuple):
    """Something that is wrong: its kind, what it is of, and how it stands."""

    kind: str
    of: str = ""
    state: str = ""

    @property
    def name(self) -> str:
        """Return what it is kept under."""
        return f"{MARK}{self.kind} {self.of}"


class Incidents:
    """See what is wrong and tell it; `rival` tells whether another program polls with our token."""

    def __init__(
        self,
        ctx: Ctx,
        rival: Callable[[float], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ctx, self._rival, self._clock = ctx, rival, clock
        marks = ctx.db.alarms.marks()
        self._told = {k: at for k, at in marks.items() if k.startswith((MARK, DAILY)) and at}
        self._since: dict[str, int] = {}
        self._seen: dict[str, int] = {}

    def jobs(self) -> list[tuple[Job, float]]:
        """Return the job that looks, with the seconds before its first run."""
        return [(Job("incidents", EVERY, self.look), EVERY)]

    def look(self) -> None:
        """Tell what has begun and what is over, and once a day how the bot is."""
        now = int(self._clock() * 1000)
        found = {trouble.name: trouble for trouble in self._found(now)}
        self._seen |= dict.fromkeys(found, now)
        self._since = {name: self._since.get(name, now) for name in found}
        for name, trouble in found.items():
            lasting = now - self._since[name] >= PATIENCE[trouble.kind]
            if name not in self._told and (lasting or trouble.state in SHUT):
                self._write(name, now, trouble.kind, notices.packed(trouble.of, trouble.state))
        for name in [name for name in self._told if name.startswith(MARK) and name not in found]:
            self._end(name, now)
        self._good_morning(now)

    def _end(self, name: str, now: int) -> None:
        """Tell that something is over once it has been for some minutes."""
        last = self._seen.setdefault(name, now)
        if now - last >= CALM:
            kind, _, of = name.removeprefix(MARK).partition(" ")
            lasted = last - self._told[name]
            self._write(name, 0, f"{kind} over", notices.packed(of, max(0, lasted)))

    def _write(self, name: str, mark: int, event: str, about: str) -> None:
        now = int(self._clock() * 1000)
        self._save(notices.rows(self._ctx.config.admins, event, about, now), name, mark)

    def _save(self, rows: list[Firing], name: str, mark: int) -> None:
        self._ctx.db.alarms.save([], rows, marks={name: mark})
        self._told.pop(name, None)
        if mark:
            self._told[name] = mark

    def _found(self, now: int) -> Iterator[Trouble]:
        """Yield what is wrong now."""
        ctx = self._ctx
        for host in ctx.sources.report()["hosts"]:
            if host["state"] in (*SHUT, "down"):
                yield Trouble(HOST, host["name"], host["state"])
        for name in ctx.workers.late():
            yield Trouble(JOB, name)
        behind = [one for one in ctx.db.alarms.outbox() if stuck(one, now)]
        if behind:
            yield Trouble(OUTBOX, state=str(len(behind)))
        if abs(ctx.sources.offset) > OFF:
            yield Trouble(CLOCK, state=f"{ctx.sources.offset:+.1f}")
        if self._rival(now / 1000):
            yield Trouble(RIVAL)

    def _good_morning(self, now: int) -> None:
        """Tell every admin how the bot is at nine in their zone; hours late is not told."""
        for admin in self._ctx.config.admins:
            person = self._ctx.db.person(admin)
            zone = ZoneInfo(person.zone) if person and person.zone else self._ctx.config.timezone
            _, at = Push(admin, "", admin, NINE, "").last(now / 1000, zone)
            due, name = int(at * 1000), f"{DAILY}{admin}"
            if self._told.get(name, 0) < due and now - due <= LATEST:
                wrong = [one.removeprefix(MARK) for one in self._told if one.startswith(MARK)]
                rows = notices.rows({admin}, notices.DAILY, notices.packed(*wrong), now)
                self._save(rows, name, due)


def stuck(firing: Firing, now: int) -> bool:
    """Tell whether something has waited too long to be told; at night what may wait does."""
    tried = firing.tries or firing.severity not in ("normal", notices.SYSTEM)
    return now - firing.made > STUCK and bool(tried)
