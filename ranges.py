"""Of which symbols a number may change any row: those whose number has left its range."""

import numpy as np

Array = np.ndarray


class Ranges:
    """Hold, for symbols by their places, the range and time in which none of their rows changes.

    `place` tells the symbol of each row. A symbol without a row never stirs.
    """

    def __init__(self, place: Array, symbols: int) -> None:
        self._order = np.argsort(place, kind="stable")
        self._counts = np.bincount(place, minlength=symbols)
        self._ends = np.cumsum(self._counts)
        self._low, self._high, self._wake = np.array([[-np.inf], [np.inf], [np.inf]]).repeat(
            symbols, axis=1
        )
        self.taken = np.flatnonzero(self._counts)

    def stirred(self, values: Array, now: float) -> Array:
        """Return the symbols whose number left its range, or whose time has come; NaN leaves none.

        `now` is in ms.
        """
        return np.flatnonzero((values <= self._low) | (values >= self._high) | (now >= self._wake))

    def rows(self, symbols: Array) -> Array:
        """Return the rows of some symbols, one symbol after the other."""
        ends = self._ends[symbols]
        parts = zip((ends - self._counts[symbols]).tolist(), ends.tolist(), strict=True)
        return np.concatenate([self._order[:0], *(self._order[a:b] for a, b in parts)])

    def rest(self, symbols: Array, low: Array, high: Array, wake: Array) -> None:
        """Note the ranges of some symbols, each of which has rows, by those of their rows."""
        counts = self._counts[symbols]
        starts = np.cumsum(counts) - counts
        self._low[symbols] = np.maximum.reduceat(low, starts)
        self._high[symbols] = np.minimum.reduceat(high, starts)
        self._wake[symbols] = np.minimum.reduceat(wake, starts)
