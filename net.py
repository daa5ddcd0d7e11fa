"""The one HTTP door to the markets: memory, store, live, stale; weights and bans per host."""

import json
import random
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

import requests
from requests_cache.backends.base import BaseCache

TIMEOUT = (3.05, 10)
DEADLINE = 30
MAX_BYTES = 24_000_000
MAX_ENTRIES = 600
RETRIES = 2
KEEP = 0.2
GARBAGE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
REGION_PROBE, BLOCK_WAIT, BAN_WAIT, LIMIT_WAIT = 900, 300, 120, 60

Expiry = Callable[[float, Any], tuple[float, float]]


class NetError(Exception):
    """Say why a host gave no answer.

    `kind`: region, banned, limited, blocked, down, garbage, busy, or refused with the host's code.
    """

    def __init__(
        self, kind: str, host: str, until: float = 0, code: int = 0, text: str = ""
    ) -> None:
        super().__init__(f"{host}: {kind} {code or ''} {text[:200]}".strip())
        self.kind, self.host, self.until, self.code = kind, host, until, code


@dataclass(frozen=True)
class Dated:
    """Hold a value with the second it was fetched; `source` is set when not the first choice.

    The value's own attributes are reached through it: `candles.close`, `candles.at`.
    """

    data: Any
    fetched: float
    due: float = 0
    expires: float = 0
    source: str = ""
    stale: bool = False

    @property
    def at(self) -> int:
        """Return the time of the value in milliseconds."""
        return int(self.fetched * 1000)

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "data"), name)


@dataclass(frozen=True)
class Endpoint:
    """Describe one path of a market: who answers it, what it weighs, how it is read.

    `path` may name parameters in braces. `parse` takes the decoded body, the second it was served
    and the parameters; bad bodies make it raise. A `post` sends the parameters as a JSON body.
    """

    name: str
    hosts: tuple[str, ...]
    path: str
    weight: Callable[[Mapping[str, Any]], int]
    parse: Callable[[Any, float, Mapping[str, Any]], Any]
    ttl: float
    stale: float = 7 * 86400
    save_every: float = 0
    post: bool = False
    decode: Callable[[bytes], Any] = json.loads


@dataclass(frozen=True)
class Route:
    """An endpoint with its parameters: one way to get a value.

    A parameter may be a function of the time; one that begins with _ is for `parse` only.
    """

    endpoint: Endpoint
    params: Mapping[str, Any]

    def address(self, now: float | None = None) -> tuple[str, dict[str, Any]]:
        """Return the path and the parameters to send; without a time, those that stay the same."""
        known = {k: v for k, v in self.params.items() if not k.startswith("_")}
        if now is None:
            known = {k: v for k, v in known.items() if not callable(v)}
        known = {k: v(now) if callable(v) else v for k, v in known.items()}
        path = self.endpoint.path
        rest = {k: v for k, v in known.items() if f"{{{k}}}" not in path}
        return path.format(**{k: quote(str(v), safe="") for k, v in known.items()}), rest

    def read(self, response: Any, served: float) -> Any:
        """Return the parsed body of an answer. Raises one of GARBAGE."""
        return self.endpoint.parse(self.endpoint.decode(response.content), served, self.params)


@dataclass
class Entry:
    """What the door knows of one key: how to get it, its value, when it was asked for."""

    routes: Sequence[Route]
    expiry: Expiry
    value: Dated | None = None
    used: float = 0
    pinned: bool = False
    saved: float = 0


class Host:
    """Keep one host's used weight and state: ok, limited, banned, blocked, region or down."""

    def __init__(
        self,
        name: str,
        base: str,
        limit: int,
        clock: Callable[[], float],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.name, self.base, self.limit, self.clock = name, base, limit, clock
        self.headers = dict(headers or {})
        self.state, self.until = "ok", 0.0
        self._cv, self._slot, self._used, self._failures = threading.Condition(), 0, 0, 0
        self._probing = 0.0

    @property
    def used(self) -> int:
        """Return the weight used in the running minute."""
        return self._used if int(self.clock() // 60) == self._slot else 0

    def acquire(self, weight: int, share: float, patience: float) -> None:
        """Take weight from the minute's budget, waiting up to `patience` s. Raises NetError."""
        budget = max(self.limit * (1 - KEEP) * share, weight)
        end = self.clock() + patience
        with self._cv:
            while True:
                now = self.clock()
                self._admit(now)
                slot = int(now // 60)
                if slot != self._slot:
                    self._slot, self._used = slot, 0
                if self._used + weight <= budget:
                    self._used += weight
                    return
                free = (slot + 1) * 60
                if free > end:
                    raise NetError("busy", self.name, free)
                self._cv.wait(min(free - now + 0.01, 1.0))

    def _admit(self, now: float) -> None:
        """Refuse while the host is closed; after that let one probe through at a time."""
        if self.state == "ok":
            return
        if now < self.until or now < self._probing:
            raise NetError(self.state, self.name, max(self.until, self._probing))
        self._probing = now + TIMEOUT[0] + TIMEOUT[1]

    def weigh(self, response: requests.Response) -> None:
        """Correct the used weight by the host's own header."""
        used = response.headers.get("X-MBX-USED-WEIGHT-1M", "")
        with self._cv:
            if used.isdecimal() and int(self.clock() // 60) == self._slot:
                self._used = max(self._used, int(used))

    def close(self, state: str, until: float) -> bool:
        """Close the host until an instant; return whether that is news."""
        with self._cv:
            news = self.state != state or until > self.until
            self.state, self.until, self._probing = state, until, 0.0
            return news

    def succeed(self) -> bool:
        """Open the host again; return whether it was closed."""
        with self._cv:
            news = self.state != "ok"
            self.state, self.until, self._failures, self._probing = "ok", 0.0, 0, 0.0
            return news

    def fail(self) -> None:
        """Count a failure; the third in a row closes the host for a growing while."""
        with self._cv:
            self._failures += 1
            if self._failures >= 3 or self.state == "down":
                wait = min(300, 5 * 2 ** min(self._failures - 3, 6))
                self.state, self.until, self._probing = "down", self.clock() + wait, 0.0


@dataclass
class Stats:
    """Count how reads were answered."""

    memory: int = 0
    store: int = 0
    live: int = 0
    stale: int = 0
    failed: int = 0
    kinds: dict[str, int] = field(default_factory=dict)


class Door:
    """Read every market through one session: fresh in memory or store, else live, else stale."""

    def __init__(
        self,
        session: requests.Session,
        store: BaseCache,
        hosts: Mapping[str, Host],
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        on_state: Callable[[Host], None],
    ) -> None:
        self.hosts, self.stats = hosts, Stats()
        self._session, self._store, self._clock, self._sleep = session, store, clock, sleep
        self._on_state = on_state
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple, Entry] = OrderedDict()
        self._flights: dict[tuple, Future] = {}

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
        return self._once(key, lambda: self._fill(entry))

    def refresh(self, key: tuple) -> Dated:
        """Fetch a known key anew, within the warm thread's share of the weight. Raises NetError."""
        entry = self._entries[key]
        return self._once(key, lambda: self._live(entry, share=0.6, patience=0))

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

    def due(self, idle: float = 900) -> list[tuple]:
        """Return the keys to refresh now: pinned or used within `idle` seconds, oldest first."""
        now = self._clock()
        with self._lock:
            wanted = [
                (entry.value.due if entry.value else 0, key)
                for key, entry in self._entries.items()
                if (entry.pinned or now - entry.used < idle)
                and (entry.value is None or now >= entry.value.due)
            ]
        return [key for _, key in sorted(wanted, key=lambda pair: pair[0])]

    def tidy(self) -> None:
        """Delete what the store has held longer than any reader would take it stale."""
        self._store.delete(expired=True)

    def _entry(self, key: tuple, routes: Sequence[Route], expiry: Expiry | None) -> Entry:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                ttl = routes[0].endpoint.ttl
                expiry = expiry or (lambda now, _: (now + ttl * 0.7, now + ttl))
                entry = self._entries[key] = Entry(routes, expiry)
                if len(self._entries) > MAX_ENTRIES:
                    self._evict()
            self._entries.move_to_end(key)
            return entry

    def _evict(self) -> None:
        """Forget the key unused for longest that nothing pins."""
        oldest = next((k for k, e in self._entries.items() if not e.pinned), None)
        self._entries.pop(oldest or next(iter(self._entries)))

    def _once(self, key: tuple, work: Callable[[], Dated]) -> Dated:
        """Let the first caller of a key work and the others wait for its result."""
        with self._lock:
            flight = self._flights.get(key)
            mine = flight is None
            if flight is None:
                flight = self._flights[key] = Future()
        if not mine:
            return self._wait(key, flight)
        try:
            value = work()
        except BaseException as error:
            flight.set_exception(error)
            raise
        else:
            flight.set_result(value)
            return value
        finally:
            with self._lock:
                self._flights.pop(key, None)

    def _wait(self, key: tuple, flight: Future) -> Dated:
        try:
            return flight.result(timeout=DEADLINE)
        except TimeoutError:
            raise NetError("busy", self._entries[key].routes[0].endpoint.hosts[0]) from None

    def _fill(self, entry: Entry) -> Dated:
        """Answer from the store, else live, else from what is left of the past."""
        now = self._clock()
        if entry.value and now < entry.value.expires:
            return entry.value
        kept = self._stored(entry)
        if kept and now < kept.expires:
            self.stats.store += 1
            entry.value = kept
            return kept
        try:
            return self._live(entry, share=1.0, patience=2.0)
        except NetError as error:
            self.stats.kinds[error.kind] = self.stats.kinds.get(error.kind, 0) + 1
            past = max(filter(None, (entry.value, kept)), key=lambda v: v.fetched, default=None)
            if past and now - past.fetched <= entry.routes[0].endpoint.stale:
                self.stats.stale += 1
                return replace(past, stale=True)
            self.stats.failed += 1
            raise

    def _stored(self, entry: Entry) -> Dated | None:
        """Return the newest readable answer in the store, whatever its age."""
        found = []
        for rank, route in enumerate(entry.routes):
            response = self._store.get_response(self._store_key(route))
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

    def _live(self, entry: Entry, share: float, patience: float) -> Dated:
        """Ask the hosts of every route in order; the first good answer counts."""
        first: NetError | None = None
        for rank, route in enumerate(entry.routes):
            for name in route.endpoint.hosts:
                try:
                    host = self.hosts[name]
                    response, data = self._ask(host, route, share, patience)
                except NetError as error:
                    first = first or error
                    if error.kind == "refused":
                        raise
                    continue
                value = self._keep(
                    entry, data, name if rank or name != route.endpoint.hosts[0] else ""
                )
                if not host.headers:
                    self._save(entry, route, response, value)
                return value
        raise first or NetError("down", "—")

    def _store_key(self, route: Route) -> str:
        """Return the store's key of a route: one for all the hosts that give the same answer."""
        path, params = route.address()
        base = self.hosts[route.endpoint.hosts[0]].base
        return f"{base}{path}?{urlencode(sorted(params.items()))}"

    def _keep(self, entry: Entry, data: Any, source: str) -> Dated:
        """Put a good answer into memory."""
        self.stats.live += 1
        now = self._clock()
        entry.value = Dated(data, now, *entry.expiry(now, data), source)
        return entry.value

    def _save(self, entry: Entry, route: Route, response: requests.Response, value: Dated) -> None:
        """Put an answer got without a key into the store, not more often than wanted."""
        if value.fetched - entry.saved < route.endpoint.save_every:
            return
        entry.saved = value.fetched
        response.headers.update({"X-Source": value.source, "X-Fetched": repr(value.fetched)})
        until = datetime.fromtimestamp(value.fetched + route.endpoint.stale, UTC)
        self._store.save_response(response, self._store_key(route), until)

    def _ask(
        self, host: Host, route: Route, share: float, patience: float
    ) -> tuple[requests.Response, Any]:
        """Send one read, again after a broken connection or a 5xx, and parse the answer."""
        for attempt in range(RETRIES + 1):
            host.acquire(route.endpoint.weight(route.params), share, patience)
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
            if attempt < RETRIES and host.state == "ok":
                self._sleep(random.uniform(0.1, 0.4) * 2**attempt)
                continue
            raise failure
        raise AssertionError("unreachable")

    def _judge(self, host: Host, route: Route, response: requests.Response) -> Any:
        """Return the parsed answer of a good response; note bans and blocks of a bad one."""
        closed = closing(response, self._clock())
        if closed:
            state, until = closed
            if host.close(state, until):
                self._on_state(host)
            raise NetError(state, host.name, until)
        if response.status_code >= 400:
            host.succeed()
            raise NetError("refused", host.name, 0, *complaint(response))
        try:
            data = route.read(response, served(response, self._clock()))
        except GARBAGE as error:
            host.fail()
            raise NetError("garbage", host.name, text=f"{route.endpoint.name}: {error}") from None
        if host.succeed():
            self._on_state(host)
        return data


def fetch(session: requests.Session, host: Host, route: Route, now: float) -> requests.Response:
    """Read a route from a host with every timeout set and the body's size and duration bounded."""
    end = time.monotonic() + DEADLINE
    path, params = route.address(now)
    post = route.endpoint.post
    response = session.request(
        "POST" if post else "GET",
        host.base + path + (f"?{urlencode(params)}" if params and not post else ""),
        json=params if post else None,
        timeout=TIMEOUT,
        stream=True,
        allow_redirects=False,
        headers={"Accept": "application/json", **host.headers},
    )
    with response:
        body = bytearray()
        for chunk in response.iter_content(65536):
            body += chunk
            if len(body) > MAX_BYTES or time.monotonic() > end:
                raise requests.ReadTimeout("the answer is too long or too slow")
        response._content = bytes(body)
    if 300 <= response.status_code < 400:
        response.status_code = 502
    return response


def closing(response: requests.Response, now: float) -> tuple[str, float] | None:
    """Return the state an answer puts its host into and until when, or None."""
    after = response.headers.get("Retry-After", "")
    wait = float(after) if re.fullmatch(r"[0-9]{1,7}", after) else None
    status = response.status_code
    if status == 418:
        until = re.search(rb"until (\d{13})", response.content or b"")
        return "banned", max(now + (wait or BAN_WAIT), int(until[1]) / 1000 if until else 0)
    if status == 429:
        return "limited", now + (LIMIT_WAIT if wait is None else wait)
    if status == 451:
        return "region", now + REGION_PROBE
    if status == 403:
        return "blocked", now + (BLOCK_WAIT if wait is None else wait)
    return None


def complaint(response: requests.Response) -> tuple[int, str]:
    """Return an exchange's own error code and text, 0 and the status where it has none."""
    try:
        body = json.loads(response.content)
        return int(body["code"]), str(body["msg"])
    except (ValueError, TypeError, KeyError):
        return 0, f"HTTP {response.status_code}"


def served(response: Any, fallback: float) -> float:
    """Return the second a host says it answered, so that a wrong clock here closes no bar."""
    try:
        return parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError):
        return fallback
