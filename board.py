"""The prices of every symbol as they come, and the past that changes are measured by."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from bot import INTERVALS

Array = np.ndarray
SNAPSHOTS, MOST = 60, 50


class Board:
    """The prices of every symbol as last seen, and some of the past to measure changes by.

    A window's past is some sixty snapshots of it. What is unknown is NaN.
    """

    def __init__(self) -> None:
        self.columns: dict[str, int] = {}
        self.last = np.empty(0)
        self.at = 0
        self._places: dict[int, tuple[Sequence[str], int, Array]] = {}
        self._past: dict[str, list[tuple[int, Array]]] = {}

    def note(self, at: int, prices: Mapping[str, float], windows: Iterable[str]) -> None:
        """Take in all prices of an instant in ms, and keep what these windows will ask for."""
        for symbol in prices:
            self.columns.setdefault(symbol, len(self.columns))
        now = np.full(len(self.columns), np.nan)
        now[[self.columns[symbol] for symbol in prices]] = list(prices.values())
        self.last, self.at = now, at
        self._past = {window: self._past.get(window, []) for window in windows}
        for window, kept in self._past.items():
            span = INTERVALS[window]
            if not kept or at - kept[-1][0] >= span / SNAPSHOTS:
                kept.append((at, now))
            while len(kept) > 1 and kept[1][0] <= at - span:
                kept.pop(0)

    def seed(
        self, window: str, times: Iterable[float], rows: Array, symbols: Sequence[str]
    ) -> None:
        """Take in prices of the past, `(times, symbols)`, before those that were noted."""
        for symbol in symbols:
            self.columns.setdefault(symbol, len(self.columns))
        at = [self.columns[symbol] for symbol in symbols]
        kept = self._past.setdefault(window, [])
        first = kept[0][0] if kept else np.inf
        past = []
        for time, row in zip(times, rows, strict=True):
            prices = np.full(len(self.columns), np.nan)
            prices[at] = row
            past.append((int(time), prices))
        kept[:0] = [one for one in past if one[0] < first]

    def prices(self, symbols: Sequence[str]) -> Array:
        """Return the last prices."""
        return taken(self.last, self._at(symbols))

    def changes(self, symbols: Sequence[str], window: str) -> Array:
        """Return the changes in percent over a window, up to a tenth of it longer."""
        span, columns = INTERVALS[window], self._at(symbols)
        past = [row for at, row in self._past.get(window, ()) if span <= self.at - at <= 1.1 * span]
        if not past:
            return np.full(len(columns), np.nan)
        before = taken(past[-1], columns)
        return 100 * (taken(self.last, columns) / before - 1)

    def _at(self, symbols: Sequence[str]) -> Array:
        """Return the columns of symbols, -1 for unknown ones; those of a tuple are kept."""
        known = self._places.get(id(symbols))
        if known and known[0] is symbols and known[1] == len(self.columns):
            return known[2]
        at = np.array([self.columns.get(symbol, -1) for symbol in symbols], dtype=np.intp)
        if isinstance(symbols, tuple):
            if len(self._places) >= MOST:
                self._places.clear()
            self._places[id(symbols)] = symbols, len(self.columns), at
        return at

    def values(self, kind: str, interval: str, symbols: Sequence[str]) -> Array:
        """Return what alarms of a kind compare: prices or changes, without a sign for moves."""
        if kind == "price":
            return self.prices(symbols)
        found = self.changes(symbols, interval)
        return np.abs(found) if kind == "move" else found


def taken(row: Array, columns: Array) -> Array:
    """Return the numbers at some places, NaN where there is none."""
    known = (columns >= 0) & (columns < len(row))
    return (
        np.where(known, row[np.where(known, columns, 0)], np.nan) if len(row) else columns * np.nan
    )
