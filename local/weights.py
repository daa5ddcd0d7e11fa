"""The request weight an IP address has used at Binance, and what comes of too much of it."""

import threading

LIMIT, PATIENCE, BAN = 6000, 20, 120


class Weights:
    """Count weight by the clock minute; who goes on after 429 is banned for two minutes."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._minute, self._used, self._ignored, self._banned_ms = 0, 0, 0, 0
        self._lock = threading.Lock()

    def charge(self, weight: int, now_ms: int) -> int:
        """Count a weight and return what the minute has used."""
        with self._lock:
            minute = now_ms // 60_000
            if minute != self._minute:
                self._minute, self._used, self._ignored = minute, 0, 0
            self._used += weight
            return self._used

    def spent(self, now_ms: int) -> bool:
        """Tell whether the minute has used too much; who asks again and again is banned."""
        if self.charge(0, now_ms) <= self.limit:
            return False
        with self._lock:
            self._ignored += 1
            if self._ignored > PATIENCE:
                self._banned_ms = now_ms + BAN * 1000
        return True

    def banned(self, now_ms: int) -> int:
        """Return when a ban ends in ms, 0 where there is none."""
        return self._banned_ms if now_ms < self._banned_ms else 0
