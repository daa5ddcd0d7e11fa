"""How much each person may ask: so many at once, so many over time; then one sentence, then quiet.

Telegram tells when a message was sent, so what waited while the bot slept is not taken for haste.
"""

import math
import threading
from collections.abc import Hashable
from typing import NamedTuple

from roles import ADMIN, STRANGER

PASS, SAY, QUIET = "pass", "say", "quiet"
KEPT, SAID_AGAIN = 10_000, 60.0


class Rate(NamedTuple):
    """So many at once; each gives its place back after so many seconds, one by one."""

    most: int
    seconds: float


PERSON, OWNER = Rate(20, 3), Rate(60, 1)
ONE_STRANGER, ALL_STRANGERS = Rate(3, 900), Rate(20, 3)


class Manners:
    """Count what people ask, each kind of it apart, in bounded memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: dict[Hashable, float] = {}
        self._said: dict[int, float] = {}

    def judge(self, user_id: int, role: str, kind: str, at: float) -> tuple[str, int]:
        """Count one more asking at an instant (s) of one clock for each kind.

        Return whether it is to be answered, refused by a sentence or left, and the wait in seconds.
        Strangers, whose answer is a refusal anyway, get no other sentence.
        """
        with self._lock:
            if role == STRANGER:
                mine, every = ("stranger", user_id, kind), ("strangers", 0, kind)
                late = self._late(mine, ONE_STRANGER, at) or self._late(every, ALL_STRANGERS, at)
                return (QUIET if late else PASS), 0
            late = self._late(("known", user_id, kind), OWNER if role == ADMIN else PERSON, at)
            if not late:
                return PASS, 0
            if abs(at - self._said.get(user_id, -math.inf)) < SAID_AGAIN:
                return QUIET, math.ceil(late)
            trim(self._said)
            self._said[user_id] = at
            return SAY, math.ceil(late)

    def _late(self, key: Hashable, rate: Rate, at: float) -> float:
        """Take a place and return 0, or return how many seconds there is none.

        What is further ahead than it can be is left from a clock that has gone back since.
        """
        free = max(self._free.get(key, at), at)
        if free - at > rate.most * rate.seconds:
            free = at
        late = free - at - (rate.most - 1) * rate.seconds
        if late > 0:
            return late
        trim(self._free)
        self._free[key] = free + rate.seconds
        return 0.0


def trim(kept: dict) -> None:
    """Forget the oldest half of what is kept where it is too much."""
    if len(kept) >= KEPT:
        for key in list(kept)[: KEPT // 2]:
            del kept[key]
