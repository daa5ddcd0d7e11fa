"""Telegram's sending limits: 30 a second for the bot, 1 a second a chat, 20 a minute a group."""

import math
from collections import deque
from collections.abc import Callable

from local.query import ApiError

OVERALL = (30, 1)
CHAT = (3, 3)
GROUP = (20, 60)


class Pace:
    """Counts messages: so many within so many seconds; three at once are a chat's burst."""

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock
        self._times: dict[tuple[str, int], deque[float]] = {}

    def take(self, chat: int) -> None:
        """Count one message to this chat; raises ApiError 429 if a limit is reached."""
        rules = {("all", 0): OVERALL, ("chat", chat): CHAT}
        if chat < 0:
            rules["group", chat] = GROUP
        now = self._clock()
        wait = max(self._wait(key, *rule, now) for key, rule in rules.items())
        if wait > 0:
            seconds = math.ceil(wait)
            raise ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
        for key in rules:
            self._times[key].append(now)

    def _wait(self, key: tuple[str, int], count: int, seconds: int, now: float) -> float:
        times = self._times.setdefault(key, deque(maxlen=count))
        return times[0] + seconds - now if len(times) == count else 0
