"""Faults on demand: an adapter that breaks chosen requests on their way to another adapter."""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from requests import ConnectionError, ConnectTimeout, PreparedRequest, ReadTimeout, Response
from requests.adapters import BaseAdapter

from local.markets import Answer, Offline, compact

RAISED = {
    "timeout": (ReadTimeout, "Read timed out."),
    "connect_timeout": (ConnectTimeout, "Connection timed out."),
    "refused": (ConnectionError, "Connection refused"),
}
RAISED_AFTER = {
    "timeout_after": RAISED["timeout"],
    "reset_after": (ConnectionError, "Connection aborted: reset by peer"),
}
PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"
WEIGHT = (
    "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
    "Please use WebSocket Streams for live updates to avoid polling the API."
)
BANNED = (
    "Way too much request weight used; IP banned until {until}. "
    "Please use WebSocket Streams for live updates to avoid bans."
)
REGION = (
    "Service unavailable from a restricted location according to 'b. Eligibility' in "
    "https://www.binance.com/en/terms. Please contact customer service if you believe you "
    "received this message in error."
)
ANSWERED: dict[str, tuple[int, int | None, str]] = {
    "429": (429, -1003, WEIGHT),
    "418": (418, -1003, BANNED),
    "451": (451, 0, REGION),
    "403": (403, None, "403 Forbidden"),
    "500": (500, -1000, "An unknown error occurred while processing the request."),
    "502": (502, None, "502 Bad Gateway"),
    "503": (503, -1000, "Unknown error, please check your request or try again later."),
    "html": (200, None, "Just a moment..."),
}
WAITS = {"429": 30, "418": 120}
SECRET = re.compile(
    r"(?i)([?&][^=&]*(?:key|sign|token|secret|pass)[^=&]*=)[^&#]*|(//)[^/@]*(?=@)|(/bot)\d+:[^/]+"
)
NUMBER = re.compile(r"-?\d+(\.\d+)?")
WRONG: tuple[Any, ...] = ("abc", None, {})


def shown(url: str) -> str:
    """Return a URL without the secrets it may hold."""
    return SECRET.sub(lambda found: "".join(filter(None, found.groups())) + "***", url)


def truncated(body: bytes) -> bytes:
    """Return the first half."""
    return body[: len(body) // 2]


def empty(body: bytes) -> bytes:
    """Return an empty list for a list, else an empty object."""
    return b"[]" if body.lstrip().startswith(b"[") else b"{}"


def wrong_types(body: bytes) -> bytes:
    """Return the same JSON with words, nulls and objects in turn where numbers stood.

    A page gets words in their place.
    """
    if not body.lstrip().startswith((b"[", b"{")):
        return NUMBER.sub(WRONG[0], body.decode()).encode()
    turn = count()

    def spoil(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: spoil(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [spoil(inner) for inner in value]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if number or (isinstance(value, str) and NUMBER.fullmatch(value)):
            return WRONG[next(turn) % len(WRONG)]
        return value

    return compact(spoil(json.loads(body))).encode()


CHANGED: dict[str, Callable[[bytes], bytes]] = {
    "truncated": truncated,
    "empty": empty,
    "wrong_types": wrong_types,
}
KINDS = {*RAISED, *RAISED_AFTER, *ANSWERED, *CHANGED, "slow"}


@dataclass
class Fault:
    """Say what breaks requests whose URL contains `where`, and how many times more."""

    where: str
    kind: str
    times: int | None
    seconds: float | None


class Faulty(Offline):
    """Pass requests on to another adapter, except those that were told to fail.

    `seen` holds the last thousand requests as (method, URL without its secrets).
    """

    def __init__(
        self,
        inner: BaseAdapter,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__()
        self._inner, self._clock, self._sleep = inner, clock, sleep
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.seen: deque[tuple[str, str]] = deque(maxlen=1000)

    def on(
        self,
        where: str,
        kind: str | int,
        times: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        """Break requests whose URL contains `where`, the next `times` of them or all.

        Kinds: timeout, connect_timeout, refused; timeout_after and reset_after, which let the
        request through first; 429, 418, 451, 403, 500, 502, 503, html; truncated, wrong_types,
        empty; slow. `retry_after` are the seconds of a Retry-After, or how slow. Faults that match
        the same request take turns in the order they were set. Raises ValueError for other kinds.
        """
        if str(kind) not in KINDS:
            raise ValueError(f"no such fault: {kind}")
        if times == 0:
            return
        with self._lock:
            self._faults.append(Fault(where, str(kind), times, retry_after))

    def off(self, where: str | None = None) -> None:
        """Stop breaking what `where` was given for, or everything."""
        with self._lock:
            self._faults = [f for f in self._faults if where not in (None, f.where)]

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Answer, break or pass on a request."""
        self.seen.append((request.method or "", shown(request.url or "")))
        fault = self._next(request.url or "")
        kind = fault.kind if fault else ""
        if kind in RAISED:
            raise_as(RAISED[kind], request)
        if kind in ANSWERED:
            return self.respond(request, self._answer(fault))
        if kind == "slow":
            self._sleep(5.0 if fault.seconds is None else fault.seconds)
        response = self._inner.send(request, *args, **kwargs)
        if kind in RAISED_AFTER:
            raise_as(RAISED_AFTER[kind], request)
        if kind in CHANGED:
            body = CHANGED[kind](response.content)
            return self.respond(request, Answer(response.status_code, dict(response.headers), body))
        return response

    def _next(self, url: str) -> Fault | None:
        """Return the first fault for a URL that is not used up, and use it once."""
        with self._lock:
            found = next((fault for fault in self._faults if fault.where in url), None)
            if found and found.times is not None:
                found.times -= 1
                self._faults = [fault for fault in self._faults if fault.times != 0]
        return found

    def _answer(self, fault: Fault) -> Answer:
        status, code, text = ANSWERED[fault.kind]
        wait = WAITS.get(fault.kind) if fault.seconds is None else fault.seconds
        headers = {} if wait is None else {"Retry-After": f"{wait:.0f}"}
        if code is None:
            return Answer(
                status, headers | {"Content-Type": "text/html"}, PAGE.format(text).encode()
            )
        text = text.format(until=int((self._clock() + (wait or 0)) * 1000))
        headers["Content-Type"] = "application/json;charset=UTF-8"
        return Answer(status, headers, compact({"code": code, "msg": text}).encode())

    def close(self) -> None:
        """Close the adapter behind."""
        self._inner.close()


def raise_as(kind: tuple[type[Exception], str], request: PreparedRequest) -> None:
    """Raise a fault the way requests does."""
    raise kind[0](kind[1], request=request)
