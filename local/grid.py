"""When candles open: from midnight UTC, weeks on Mondays, months by the calendar."""

from typing import NamedTuple

import numpy as np

HOUR, MINUTE = 3600, 60
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 0}
NAMES = ("1s", "1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d")
INTERVALS = {name: int(name[:-1]) * UNITS[name[-1]] for name in (*NAMES, "1w", "1M")}
MONDAY_MS = 4 * 86_400_000


class Grid(NamedTuple):
    """Number an interval's candles: fixed lengths from an origin in ms, or months (length 0)."""

    length: int
    origin: int

    @classmethod
    def of(cls, interval: str, offset_ms: int = 0) -> "Grid":
        """Return the grid of Binance's interval in a time zone ahead of UTC by `offset_ms`.

        Raises KeyError if there is no such interval.
        """
        return cls(INTERVALS[interval] * 1000, (MONDAY_MS if interval == "1w" else 0) - offset_ms)

    def number(self, ms: int) -> int:
        """Return the number of the candle that an instant belongs to."""
        if self.length:
            return (ms - self.origin) // self.length
        return int(np.datetime64(ms - self.origin, "ms").astype("M8[M]").astype(np.int64))

    def opens(self, first: int, stop: int) -> np.ndarray:
        """Return the opening times in ms of candles first … stop - 1."""
        numbers = np.arange(first, stop)
        if self.length:
            return numbers * self.length + self.origin
        return numbers.astype("M8[M]").astype("M8[ms]").astype(np.int64) + self.origin

    def span(
        self, first_ms: int, last_ms: int, start_ms: int | None, end_ms: int | None, limit: int
    ) -> np.ndarray:
        """Return the edges in ms of the candles asked for, among those of first_ms … last_ms.

        With a start the oldest `limit`, otherwise the newest; both ends are inclusive.
        """
        low, high = self.number(first_ms), self.number(last_ms)
        if end_ms is not None:
            high = min(high, self.number(end_ms))
        if start_ms is None:
            low = max(low, high - limit + 1)
        else:
            low = max(low, self.number(start_ms - 1) + 1)
            high = min(high, low + limit - 1)
        return self.opens(low, high + 2) if low <= high else np.zeros(0, np.int64)

    @property
    def finest(self) -> int:
        """Return the seconds of the largest unit that the candles are whole numbers of."""
        return next(unit for unit in (HOUR, MINUTE, 1) if self.length % (unit * 1000) == 0)
