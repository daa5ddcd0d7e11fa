"""The words of the network: endpoints, routes, and hosts with their weights and bans."""

import calendar
import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

import requests

TIMEOUT = (3.05, 10)
DEADLINE = 30
MAX_BYTES = 24_000_000
KEEP = 0.2
GARBAGE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError)
REGION_PROBE, BLOCK_WAIT, BAN_WAIT, LIMIT_WAIT = 900, 300, 120, 60
LONGEST_TURN = 5
LONGEST_BAN, CLOCK_TRUST = 3 * 86400, 86400
AHEAD = 0.1

Expiry = Callable[[float, Any], tuple[float, float]]
Spend = Callable[[str, str, int, int], int | None]


class NetError(Exception):
    """Say why a host gave no answer.

    `kind`: region, banned, limited, blocked, down, garbage, busy, spent (the month's budget),
    halted (another instance acts), or refused with the host's code.
    `absent` names the hosts that were asked instead and have no such thing.
    """

    absent: tuple[str, ...] = ()

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
    What is used is read anew `every` so many seconds, until `idle` seconds after its last use.
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
    every: float = 0
    idle: float = 900


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


class Host:
    """Keep one host's used weight and state: ok, limited, banned, blocked, region or down.

    The weight is corrected by what the host itself tells where it is `metered`. Where the host
    counts by spans of `seconds`, none sees more than four fifths of its part of the limit.
    Where it has a `monthly` budget, `spend` takes weight of a host's month up to a sum and tells
    the new count, None where it refuses.
    """

    def __init__(
        self,
        name: str,
        base: str,
        limit: int,
        clock: Callable[[], float],
        headers: Mapping[str, str] | None = None,
        metered: bool = True,
        monthly: int = 0,
        spend: Spend = lambda *_: 0,
        seconds: float = 0,
    ) -> None:
        self.name, self.base, self.limit, self.clock = name, base, limit, clock
        self.monthly, self._spend, self._month = monthly, spend, ("", 0)
        self.headers, self.metered = dict(headers or {}), metered
        self._gap = 60 / (limit * (1 - 2 * KEEP)) if seconds else 0.0
        self._credit, self._next = limit * KEEP * seconds / 60 * self._gap, 0.0
        self.state, self.until = "ok", 0.0
        self._cv, self._slot, self._used, self._failures = threading.Condition(), 0, 0, 0
        self._probing = 0.0

    @property
    def used(self) -> int:
        """Return the weight used in the running minute."""
        return self._used if int(self.clock() // 60) == self._slot else 0

    @property
    def spent(self) -> int:
        """Return the weight used in the running month, as far as this process knows."""
        month, used = self._month
        return used if month == allowance(1, self.clock())[0] else 0

    def count(self, month: str, used: int) -> None:
        """Note what is used of a month."""
        self._month = month, used

    def acquire(self, weight: int, share: float, patience: float) -> None:
        """Take weight from both budgets, waiting up to `patience` s. Raises NetError."""
        self._take(weight, share, patience)
        if self.monthly:
            month, most, until = allowance(self.monthly, self.clock())
            used = self._spend(self.name, month, weight, int(most * share))
            if used is None:
                raise NetError("spent", self.name, until)
            self.count(month, used)

    def _take(self, weight: int, share: float, patience: float) -> None:
        """Take weight from the minute's budget."""
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

    def pace(self, weight: int) -> float:
        """Take a turn and return in how many seconds it comes. Raises NetError if that is long."""
        with self._cv:
            now = self.clock()
            wait = max(0.0, self._next - now - self._credit)
            if wait > LONGEST_TURN:
                raise NetError("busy", self.name, now + wait)
            self._next = max(self._next, now) + weight * self._gap
            return wait

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
            if self.metered and used.isdecimal() and int(self.clock() // 60) == self._slot:
                self._used = max(self._used, int(used))

    def close(self, state: str, until: float) -> bool:
        """Close the host until an instant, never for less than before; return if that is news."""
        with self._cv:
            if self._held() and until <= self.until:
                return False
            news = self.state != state or until > self.until
            self.state, self.until, self._probing = state, until, 0.0
            return news

    def succeed(self) -> bool:
        """Open the host again, unless it is closed for longer; return whether it was closed.

        An answer to what was asked before a ban does not end the ban.
        """
        with self._cv:
            if self._held():
                return False
            news = self.state != "ok"
            self.state, self.until, self._failures, self._probing = "ok", 0.0, 0, 0.0
            return news

    def fail(self) -> None:
        """Count a failure; the third in a row closes the host for a growing while."""
        with self._cv:
            self._failures += 1
            if not self._held() and (self._failures >= 3 or self.state == "down"):
                wait = min(300, 5 * 2 ** min(self._failures - 3, 6))
                self.state, self.until, self._probing = "down", self.clock() + wait, 0.0

    def set_back(self, seconds: float) -> None:
        """Take every instant that is noted as much earlier as the clock was set back."""
        with self._cv:
            self.until -= seconds
            self._probing -= seconds
            self._next -= seconds

    def _held(self) -> bool:
        return self.state != "ok" and self.clock() < self.until


def allowance(monthly: int, now: float) -> tuple[str, float, float]:
    """Return the UTC month, how much of its budget may be spent by now, and when it will be more.

    It grows with the days, a tenth of the month ahead, so that no day uses up the others' part.
    """
    day = datetime.fromtimestamp(now, UTC)
    first = datetime(day.year, day.month, 1, tzinfo=UTC).timestamp()
    span = 86400 * calendar.monthrange(day.year, day.month)[1]
    part = (now - first) / span + AHEAD
    until = first + span if part >= 1 else now + span / monthly
    return f"{day:%Y-%m}", monthly * min(1, part), until


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
    whole(response, end)
    if 300 <= response.status_code < 400:
        response.status_code = 502
    return response


def whole(response: requests.Response, end: float) -> None:
    """Read a streamed answer to its end, of bounded size and by a monotonic second."""
    with response:
        body = bytearray()
        for chunk in response.iter_content(65536):
            body += chunk
            if len(body) > MAX_BYTES or time.monotonic() > end:
                raise requests.ReadTimeout("the answer is too long or too slow")
        response._content = bytes(body)


def closing(response: requests.Response, now: float) -> tuple[str, float] | None:
    """Return the state an answer puts its host into and until when, or None."""
    after = response.headers.get("Retry-After", "")
    wait = min(float(after), LONGEST_BAN) if re.fullmatch(r"[0-9]{1,15}", after) else None
    status = response.status_code
    if status == 418:
        until = re.search(rb"until (\d{13})", response.content or b"")
        told = int(until[1]) / 1000 if until else 0
        return "banned", min(max(now + (wait or BAN_WAIT), told), now + LONGEST_BAN)
    if status == 429:
        return "limited", now + (LIMIT_WAIT if wait is None else wait)
    if status == 451:
        return "region", now + REGION_PROBE
    if status == 403:
        return "blocked", now + (BLOCK_WAIT if wait is None else wait)
    return None


def complaint(response: requests.Response) -> tuple[int, str]:
    """Return an exchange's own error code and text, the status where it has none."""
    try:
        body = json.loads(response.content)
        return int(body["code"]), str(body["msg"])
    except (ValueError, TypeError, KeyError):
        return response.status_code, f"HTTP {response.status_code}"


def served(response: Any, fallback: float) -> float:
    """Return the second a host says it answered, so that a wrong clock here closes no bar."""
    try:
        told = parsedate_to_datetime(response.headers["Date"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        return fallback
    return told if abs(told - fallback) < CLOCK_TRUST else fallback
