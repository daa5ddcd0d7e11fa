"""Faults of the local exchange on demand: what happens to a request in place of its answer."""

import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from local.faults import BANNED, PAGE, REGION, WEIGHT
from local.markets import Answer, compact

RETRY = "Unknown error, please check your request or try again later."
TIMEOUT = "Timeout waiting for response from backend server. Send status unknown; "
BUS = "An unexpected response was received from the message bus. Execution status unknown."
INTERNAL = "Internal error; unable to process your request. Please try again."
LATE = "Timestamp for this request is outside of the recvWindow."
POOR = "Account has insufficient balance for requested action."
BUSY = "Server is currently overloaded with other requests. Please try again in a few minutes."
ERRORS: dict[str, tuple[int, int | None, str]] = {
    "500": (500, -1000, "An unknown error occurred while processing the request."),
    "502": (502, None, "502 Bad Gateway"),
    "503": (503, -1000, RETRY),
    "504": (504, -1007, TIMEOUT + "execution status unknown."),
    "-1001": (500, -1001, INTERNAL),
    "-1006": (500, -1006, BUS),
    "-1008": (503, -1008, BUSY),
    "-1021": (400, -1021, LATE),
    "-2010": (400, -2010, POOR),
    "-2013": (400, -2013, "Order does not exist."),
    "-2015": (401, -2015, "Invalid API-key, IP, or permissions for action."),
    "duplicate": (400, -2010, "Duplicate order sent."),
    "403": (403, None, "403 Forbidden"),
    "418": (418, -1003, BANNED),
    "429": (429, -1003, WEIGHT),
    "451": (451, 0, REGION),
    "html": (200, None, "Just a moment..."),
    "garbage": (200, None, ""),
}
WAITS = {"418": 120, "429": 30}
BROKEN = ("timeout", "drop")
TWISTS = ("hidden", "partial", "slow")
AFTER = "_after"
KINDS = frozenset(
    (*ERRORS, *BROKEN, *TWISTS, *(kind + AFTER for kind in (*ERRORS, *BROKEN) if kind != "-1021"))
)
GARBAGE = b'{"symbol":"BTCUSDT","orderId":'


class Silence(Exception):
    """Say that the client gets no answer: after a while, or as the connection breaks at once."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer for {seconds} s")
        self.seconds = seconds


@dataclass
class Twist:
    """What a fault changes in how a request is handled."""

    hidden: float = 0.0
    share: Decimal = Decimal(1)


@dataclass
class Fault:
    """A fault for the requests that `where` matches, `times` of them or all, each by `chance`."""

    where: str
    kind: str
    times: int | None = 1
    chance: float = 1.0
    seconds: float | None = None
    share: str = "0.5"
    seed: int = 0
    dice: random.Random = field(default_factory=random.Random)


class Faults:
    """Hold the faults that are set and play them.

    `where` is a pattern for a method and a path, as in "POST /api/v3/order" or "* /api/v3/*".
    A kind that ends in `_after` comes once the request was carried out; "duplicate" is only the
    answer to an order that was carried out once. "hidden" lets an order be unknown for `seconds`,
    "partial" fills a `share` of what it would have got.
    """

    def __init__(self, clock: Callable[[], float], sleep: Callable[[float], None] = time.sleep):
        self._clock, self._sleep = clock, sleep
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.played: list[tuple[str, str]] = []

    def on(self, where: str, kind: str, **more: Any) -> None:
        """Break requests. Raises ValueError for a kind or a number that there is none of."""
        if kind not in KINDS:
            raise ValueError(f"no such fault: {kind}")
        fault = Fault(where, kind, **more)
        sane = 0 <= fault.chance <= 1 and 0 <= Decimal(fault.share) <= 1
        if not sane or (fault.seconds or 0) < 0 or (fault.times or 0) < 0:
            raise ValueError("a fault's numbers are not negative, its chance and share at most 1")
        fault.dice.seed(fault.seed)
        with self._lock:
            self._faults.append(fault)

    def off(self) -> None:
        """Stop breaking requests."""
        with self._lock:
            self._faults.clear()

    def read(self, asked: Any) -> None:
        """Set what a JSON object or a list of them asks for. Raises ValueError."""
        for row in asked if isinstance(asked, list) else [asked]:
            if not isinstance(row, Mapping) or not isinstance(row.get("where"), str):
                raise ValueError("a fault is an object with where and kind")
            kinds = {"times": int | None, "chance": int | float, "seconds": int | float | None}
            kinds |= {"share": str, "seed": int, "where": str, "kind": str}
            for name, value in row.items():
                if name not in kinds or not isinstance(value, kinds[name]):
                    raise ValueError(f"{name} is not what it should be")
            if not re.fullmatch(r"[01](\.\d{1,9})?", str(row.get("share", "1"))):
                raise ValueError("share is a decimal of at most 1")
            self.on(**{"kind": "", **row})

    @property
    def any(self) -> bool:
        """Tell whether a fault is set."""
        return bool(self._faults)

    def next(self, method: str, path: str) -> Fault | None:
        """Return the fault a request meets, and use it once."""
        with self._lock:
            for fault in self._faults:
                if not fnmatchcase(f"{method} {path}", fault.where):
                    continue
                if fault.times == 0 or fault.dice.random() >= fault.chance:
                    continue
                if fault.times is not None:
                    fault.times -= 1
                self.played.append((f"{method} {path}", fault.kind))
                return fault
        return None

    def play(self, fault: Fault, serve: Callable[[Twist], Answer]) -> Answer:
        """Return what a request is answered with that met a fault. Raises Silence."""
        kind = fault.kind.removesuffix(AFTER)
        if kind in TWISTS:
            return self._twisted(fault, serve)
        if fault.kind.endswith(AFTER) or kind == "duplicate":
            serve(Twist())
        if kind in BROKEN:
            raise Silence((30 if fault.seconds is None else fault.seconds) * (kind == "timeout"))
        return self._error(fault, kind)

    def _twisted(self, fault: Fault, serve: Callable[[Twist], Answer]) -> Answer:
        seconds = 5.0 if fault.seconds is None else fault.seconds
        if fault.kind == "slow":
            self._sleep(seconds)
            return serve(Twist())
        if fault.kind == "partial":
            return serve(Twist(share=Decimal(fault.share)))
        return serve(Twist(hidden=seconds))

    def _error(self, fault: Fault, kind: str) -> Answer:
        status, code, text = ERRORS[kind]
        wait = WAITS.get(kind) if fault.seconds is None else fault.seconds
        headers = {"Retry-After": f"{wait:.0f}"} if kind in WAITS and wait is not None else {}
        if kind == "garbage":
            return Answer(status, {"Content-Type": "application/json"}, GARBAGE)
        if code is None:
            page = PAGE.format(text).encode()
            return Answer(status, headers | {"Content-Type": "text/html"}, page)
        text = text.format(until=int((self._clock() + (wait or 0)) * 1000))
        headers["Content-Type"] = "application/json;charset=UTF-8"
        return Answer(status, headers, compact({"code": code, "msg": text}).encode())
