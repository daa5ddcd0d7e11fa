"""What the aggregators' faces share: a request's parts, a minute's limit, an answer in JSON."""

import json
import math
import threading
from collections.abc import Callable
from email.utils import formatdate
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from requests import PreparedRequest

from local.markets import Answer, compact


class Call(NamedTuple):
    """Hold a request's method, path without the slashes around it, parameters, key and instant."""

    method: str
    path: str
    sent: dict[str, str]
    key: str
    now_ms: int

    def number(self, name: str, default: int, most: int) -> int:
        """Return a whole number from 1 up, the default where none is sent, never above the most."""
        word = self.sent.get(name, "")
        return min(max(int(word), 1), most) if word.isdecimal() else default

    def names(self, name: str) -> list[str]:
        """Return the words between commas."""
        return [word for word in self.sent.get(name, "").split(",") if word]


class Meter:
    """Count calls in each clock minute."""

    def __init__(self, limit: int) -> None:
        self._limit, self._used = limit, (0, 0)
        self._lock = threading.Lock()

    def full(self, now_ms: int) -> bool:
        """Count a call and tell whether it is one too many."""
        minute = now_ms // 60_000
        with self._lock:
            used = 1 + (self._used[1] if self._used[0] == minute else 0)
            self._used = (minute, used)
        return used > self._limit


def call(request: PreparedRequest, clock: Callable[[], float], header: str = "") -> Call:
    """Return a request's parts; those of a POST come from its JSON body."""
    url = urlsplit(request.url or "")
    sent = dict(parse_qsl(url.query, keep_blank_values=True))
    if request.method == "POST":
        sent |= {k: str(v) for k, v in json.loads(request.body or b"{}").items()}
    key = request.headers.get(header, "") if header else ""
    return Call(request.method or "", unquote(url.path).strip("/"), sent, key, int(clock() * 1000))


def answer(body: Any, now_ms: int, status: int = 200, **headers: str) -> Answer:
    """Return a value as a market's answer in JSON, what is not finite as null."""
    kind = {"Content-Type": "application/json; charset=utf-8"}
    return Answer(status, dated(now_ms) | kind | headers, compact(body).encode())


def dated(now_ms: int) -> dict[str, str]:
    """Return the header that tells when the answer was given."""
    return {"Date": formatdate(now_ms / 1000, usegmt=True)}


def figure(value: float, digits: int = 12) -> float | None:
    """Return a number of so many digits, None where it is not known."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None
