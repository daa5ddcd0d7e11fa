"""The one door to the markets: memory, store, live, stale; one request for all who ask."""

import random
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import requests

from net import (
    DEADLINE,
    GARBAGE,
    LIMIT_WAIT,
    Dated,
    Endpoint,
    Expiry,
    Host,
    NetError,
    Route,
    closing,
    complaint,
    fetch,
    served,
)
from store import Store

MAX_ENTRIES, MAX_HELD = 2000, 64_000_000
RETRIES, HASTE = 2, 5
REST, AGAIN, ABSENT, IDLE = 5, 30, 900, 3600
# A shared store holds what clocks a little ahead of ours have stamped.
SKEW, TIMES = 10, ("fetched", "due", "expires")


@dataclass
class Entry:
    """What the door knows of one key: how to get it, its value, when it was asked for.

    `again` is when the warm thread may try after a failure, `failed` a reader's last failure and
    until when it stands, `absent` until when a fallback route, by its number, is known to have no
    such thing.
    """

    routes: Sequence[Route]
    expiry: Expiry
    value: Dated | None = None
    used: float = 0
    pinned: bool = False
    saved: float = 0
    size: int = 0
    again: float = 0
    failed: tuple[float, NetError] | None = None
    absent: dict[int, float] = field(default_factory=dict)


@dataclass
class Stats:
    """Count how reads were answered, and what the warm thread brought."""

    memory: int = 0
    store: int = 0
    live: int = 0
    warmed: int = 0
    stale: int = 0
    failed: int = 0
    kinds: dict[str, int] = field(default_factory=dict)


class Door:
    """Read every market through one session: fresh in memory or store, else live, else stale.

    A store that is `shared` may hold what another process has read since.
    """

    def __init__(
        self,
        session: requests.Session,
        store: Store,
        hosts: Mapping[str, Host],
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        on_state: Callable[[Host], None],
        shared: bool = False,
    ) -> None:
        self.hosts, self.stats = hosts, Stats()
        self._session, self._store, self._clock, self._sleep = session, store, clock, sleep
        self._on_state, self._shared = on_state, shared
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple, Entry] = OrderedDict()
        self._flights: dict[tuple, Future] = {}
        self._held, self._latest = 0, 0.0

    def read(
        self,
        key: tuple,
        routes: Sequence[Route],
        expiry: Expiry | None = None,
    ) -> Dated:
        """Return the value of a key: fresh, else live by the first route to answer, else stale.

        `expiry` maps (when fetched, data) to (when to refresh, when not fresh). Raises NetError.
        """
        entry = self._entry(key, routes, expiry)
        now = entry.used = self._clock()
        if entry.value and now < entry.value.expires:
            self.stats.memory += 1
            return entry.value

        def fill() -> Dated:
            return self._fill(key, entry)

        try:
            return self._once(key, fill) or self._once(key, fill) or fill()
        except TimeoutError:
            return self._past(entry, NetError("busy", routes[0].endpoint.hosts[0]))

    def fresh(self, key: tuple) -> Dated | None:
        """Return a known key's value while it is fresh in memory."""
        now = self._clock()
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.value is None or now >= entry.value.expires:
                return None
            entry.used = now
            self._entries.move_to_end(key)
            self.stats.memory += 1
            return entry.value

    def refresh(self, key: tuple) -> Dated:
        """Fetch a known key anew, within the warm thread's share of the weight. Raises NetError."""
        entry = self._entries.get(key)
        if entry is None:
            raise NetError("busy", "—")

        def work() -> Dated:
            if entry.value and self._clock() < entry.value.due:
                return entry.value
            value = self._live(key, entry, share=0.6, patience=0)
            self.stats.warmed += 1
            return value

        try:
            value = self._once(key, work, alone=True)
        except NetError as error:
            wait = ABSENT if error.kind == "refused" else AGAIN
            told = error.kind in ("busy", "spent")
            entry.again = error.until if told else self._clock() + wait
            raise
        except TimeoutError:
            value = None
        if value is None:
            raise NetError("busy", entry.routes[0].endpoint.hosts[0])
        return value

    def pin(
        self,
        key: tuple,
        routes: Sequence[Route],
        expiry: Expiry | None = None,
    ) -> None:
        """Keep a key warm whether or not anybody asks for it."""
        self._entry(key, routes, expiry).pinned = True

    def unpin(self, keep: set[tuple]) -> None:
        """Let go of every pinned key that is not among those to keep."""
        with self._lock:
            for key, entry in self._entries.items():
                entry.pinned = entry.pinned and key in keep

    def due(self, kinds: tuple[str, ...] = ("",)) -> list[tuple]:
        """Return the keys to refresh now: pinned or lately used, oldest first.

        `kinds` are what their first words may begin with.
        """
        now = self._clock()
        with self._lock:
            wanted = [
                (entry.value.due if entry.value else 0, key)
                for key, entry in self._entries.items()
                if key[0].startswith(kinds)
                and (entry.pinned or now - entry.used < entry.routes[0].endpoint.idle)
                and now >= entry.again
                and (entry.value is None or now >= entry.value.due)
            ]
        return [key for _, key in sorted(wanted, key=lambda pair: pair[0])]

    def shed(self, idle: float = IDLE) -> None:
        """Forget what nothing pins and nobody has used for so many seconds."""
        now = self._clock()
        with self._lock:
            for key, entry in list(self._entries.items()):
                if not entry.pinned and now - entry.used > idle:
                    self._forget(key)

    def tidy(self) -> None:
        """Delete what the store has held longer than any reader would take it stale."""
        self._store.tidy()

    def _entry(self, key: tuple, routes: Sequence[Route], expiry: Expiry | None) -> Entry:
        now = self._clock()
        with self._lock:
            if now < self._latest - SKEW:
                self._set_back(self._latest - now)
            self._latest = now
            entry = self._entries.get(key)
            if entry is None:
                entry = self._entries[key] = Entry(routes, expiry or usual(routes[0].endpoint))
                if len(self._entries) > MAX_ENTRIES:
                    self._evict()
            if len(routes) > len(entry.routes):
                entry.routes = routes
            self._entries.move_to_end(key)
            return entry

    def _set_back(self, seconds: float) -> None:
        """Take every instant that is noted as much earlier as the clock was set back."""
        for entry in self._entries.values():
            if entry.value:
                times = (getattr(entry.value, name) - seconds for name in TIMES)
                entry.value = replace(entry.value, **dict(zip(TIMES, times, strict=True)))
            if entry.failed:
                entry.failed = entry.failed[0] - seconds, entry.failed[1]
            entry.absent = {rank: until - seconds for rank, until in entry.absent.items()}
            entry.used, entry.saved, entry.again = (
                at - seconds for at in (entry.used, entry.saved, entry.again)
            )
        for host in self.hosts.values():
            host.set_back(seconds)

    def _evict(self) -> None:
        """Forget the key unused for longest that nothing pins."""
        oldest = next((k for k, e in self._entries.items() if not e.pinned), None)
        self._forget(oldest or next(iter(self._entries)))

    def _forget(self, key: tuple) -> None:
        self._held -= self._entries.pop(key).size

    def _hold(self, key: tuple, entry: Entry, value: Dated) -> Dated:
        """Put a value into memory, and what was unused for longest out of it."""
        with self._lock:
            entry.value = value
            if self._entries.get(key) is entry:
                size = heft(value.data)
                self._held += size - entry.size
                entry.size = size
            while self._held > MAX_HELD:
                self._evict()
        return value

    def _once(self, key: tuple, work: Callable[[], Dated], alone: bool = False) -> Dated | None:
        """Let the first caller of a key work and the others wait for its result.

        The failure of one who works `alone` is nobody else's: they get None and try themselves.
        Raises TimeoutError for who waited too long.
        """
        with self._lock:
            flight = self._flights.get(key)
            mine = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if not mine:
            return flight.result(timeout=DEADLINE)
        try:
            value = work()
        except BaseException as error:
            if alone:
                flight.set_result(None)
            else:
                flight.set_exception(error)
            raise
        else:
            flight.set_result(value)
            return value
        finally:
            with self._lock:
                self._flights.pop(key, None)

    def _fill(self, key: tuple, entry: Entry) -> Dated:
        """Answer from the store, else live, else from what is left of the past."""
        now = self._clock()
        if entry.value and now < entry.value.expires:
            return entry.value
        kept = self._stored(entry) if self._shared or not entry.value else None
        # What another host said may be there because something else was asked of it.
        if kept and not kept.source and kept.fetched - SKEW <= now < kept.expires:
            self.stats.store += 1
            return self._hold(key, entry, kept)
        if entry.failed and now < entry.failed[0]:
            return self._past(entry, entry.failed[1], kept)
        try:
            value = self._live(key, entry, share=1.0, patience=2.0)
        except NetError as error:
            entry.failed = min(now + REST, error.until or now + REST), error
            return self._past(entry, error, kept)
        self.stats.live += 1
        return value

    def _past(self, entry: Entry, error: NetError, kept: Dated | None = None) -> Dated:
        """Return what is left of the past, else raise why there is nothing newer."""
        self.stats.kinds[error.kind] = self.stats.kinds.get(error.kind, 0) + 1
        past = max(filter(None, (entry.value, kept)), key=lambda v: v.fetched, default=None)
        if past and self._clock() - past.fetched <= entry.routes[0].endpoint.stale:
            self.stats.stale += 1
            return replace(past, stale=True)
        self.stats.failed += 1
        raise error.with_traceback(None)

    def _stored(self, entry: Entry) -> Dated | None:
        """Return the newest readable answer in the store, whatever its age."""
        found = []
        for rank, route in enumerate(entry.routes):
            response = self._store.get(self._store_key(route))
            if response is None:
                continue
            try:
                stamp = float(response.headers["X-Fetched"])
                data = route.read(response, served(response, stamp))
            except GARBAGE:
                continue
            source = response.headers.get("X-Source", "") or (
                route.endpoint.hosts[0] if rank else ""
            )
            found.append(Dated(data, stamp, *entry.expiry(stamp, data), source))
        return max(found, key=lambda value: value.fetched, default=None)

    def _live(self, key: tuple, entry: Entry, share: float, patience: float) -> Dated:
        """Ask the hosts of every route in order; the first good answer counts. Raises NetError.

        A fallback that has no such thing is left out for a while. Who has no patience does not go
        on from a host that is busy: what is known is worth more than the same from elsewhere.
        """
        first, now = None, self._clock()
        gone = {rank for rank, until in entry.absent.items() if now < until}
        for rank, name in places(entry.routes):
            if rank in gone or self._clock() > now + DEADLINE:
                continue
            route = entry.routes[rank]
            try:
                response, data = self._ask(self.hosts[name], route, share, patience)
            except NetError as error:
                first = first or error
                if error.kind == "busy" and not patience:
                    break
                if error.kind == "refused":
                    gone.add(rank)
                    entry.absent[rank] = now + ABSENT if rank else 0
                continue
            source = name if rank or name != route.endpoint.hosts[0] else ""
            value = self._keep(key, entry, data, source)
            if not self.hosts[name].headers:
                self._save(entry, route, response, value)
            return value
        first = first or NetError("down", "—")
        first.absent = tuple(entry.routes[rank].endpoint.hosts[0] for rank in sorted(gone) if rank)
        raise first

    def _store_key(self, route: Route) -> str:
        """Return the store's key of a route: one for all the hosts that give the same answer."""
        path, params = route.address()
        base = self.hosts[route.endpoint.hosts[0]].base
        return f"{base}{path}?{urlencode(sorted(params.items()))}"

    def _keep(self, key: tuple, entry: Entry, data: Any, source: str) -> Dated:
        """Put a good answer into memory."""
        now = self._clock()
        return self._hold(key, entry, Dated(data, now, *entry.expiry(now, data), source))

    def _save(self, entry: Entry, route: Route, response: requests.Response, value: Dated) -> None:
        """Put an answer got without a key into the store, not more often than wanted."""
        if value.fetched - entry.saved < route.endpoint.save_every:
            return
        entry.saved = value.fetched
        response.headers.update({"X-Source": value.source, "X-Fetched": repr(value.fetched)})
        until = datetime.fromtimestamp(value.fetched + route.endpoint.stale, UTC)
        self._store.save(response, self._store_key(route), until)

    def _ask(
        self, host: Host, route: Route, share: float, patience: float
    ) -> tuple[requests.Response, Any]:
        """Send one read, again after a quick failure of the network or a 5xx; parse the answer."""
        begun = self._clock()
        for attempt in range(RETRIES + 1):
            weight = route.endpoint.weight(route.params)
            host.acquire(weight, share, patience)
            self._sleep(host.pace(weight))
            try:
                response = fetch(self._session, host, route, self._clock())
            except requests.RequestException as error:
                failure = NetError("down", host.name, text=type(error).__name__)
            else:
                host.weigh(response)
                if response.status_code < 500:
                    return response, self._judge(host, route, response)
                failure = NetError("down", host.name, code=response.status_code)
            host.fail()
            quick = self._clock() - begun < HASTE
            if attempt < RETRIES and host.state == "ok" and quick:
                self._sleep(random.uniform(0.1, 0.4) * 2**attempt)
                continue
            raise failure
        raise AssertionError("unreachable")

    def _judge(self, host: Host, route: Route, response: requests.Response) -> Any:
        """Return the parsed answer of a good response; note bans and blocks of a bad one.

        A parser may say by `kind` and `code` what its market refused in an answer of status 200.
        """
        closed = closing(response, self._clock())
        if closed:
            self._shut(host, *closed)
            raise NetError(closed[0], host.name, host.until)
        if response.status_code >= 400:
            self._opened(host)
            raise NetError("refused", host.name, 0, *complaint(response))
        try:
            data = route.read(response, served(response, self._clock()))
        except GARBAGE as error:
            kind, code = getattr(error, "kind", "garbage"), getattr(error, "code", 0)
            if kind == "limited":
                self._shut(host, kind, self._clock() + LIMIT_WAIT)
            elif kind == "garbage":
                host.fail()
            text = f"{route.endpoint.name}: {error}"
            raise NetError(kind, host.name, host.until, code, text) from None
        self._opened(host)
        return data

    def _shut(self, host: Host, state: str, until: float) -> None:
        """Close a host, and those that stand for the same address and key."""
        for other in self.hosts.values():
            same = other.base == host.base and other.headers == host.headers
            if same and other.close(state, until):
                self._on_state(other)

    def _opened(self, host: Host) -> None:
        if host.succeed():
            self._on_state(host)


def heft(data: Any) -> int:
    """Return how many bytes the arrays of a value have, its own or its fields'."""
    fields = getattr(data, "__dict__", {}).values()
    return int(getattr(data, "nbytes", sum(getattr(one, "nbytes", 0) for one in fields)))


def usual(endpoint: Endpoint) -> Expiry:
    """Return the expiry of what an endpoint tells."""
    every = endpoint.every or endpoint.ttl * 0.7
    return lambda now, _: (now + every, now + endpoint.ttl)


def places(routes: Sequence[Route]) -> list[tuple[int, str]]:
    """Return the number of every route with every host that answers it, in order."""
    return [(rank, name) for rank, route in enumerate(routes) for name in route.endpoint.hosts]
