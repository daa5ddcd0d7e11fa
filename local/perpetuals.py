"""Perpetual contracts that follow the tape: funding, open interest, longs against shorts.

All are functions of symbol and time alone. They look back on the price's path and never ahead.
"""

import functools
from collections.abc import Sequence

import numpy as np

from local.grid import HOUR
from local.pairs import Pair, seed_of, shares_of
from local.paths import OPEN, noise
from local.tape import Tape
from local.venue import MONEY

HOUR_MS, SLOT_MS = HOUR * 1000, 300_000
UNFOLLOWED = MONEY | {"WBTC", "PAXG"}
# Who is counted: how much they lean with the day's move, and the spread of what they do besides.
CROWDS = {"global": (-2.0, 0.5), "account": (-1.2, 0.6), "position": (0.9, 0.3)}
MAJORS = ("BTC", "ETH", "SOL", "XRP", "DOGE")


def perpetual_pairs(tape: Tape) -> list[Pair]:
    """Return the USDT pairs on whose coins there are perpetual contracts."""
    return [
        pair
        for pair in tape.pairs.values()
        if pair.quote == "USDT"
        and pair.status == "TRADING"
        and pair.base not in UNFOLLOWED
        and "LEVERAGED" not in pair.permissions
        and pair.turnover > 2e5
    ]


@functools.cache
def leaning(venue: str, base: str) -> tuple[float, float]:
    """Return what an exchange's funding and open interest are of Binance's."""
    u = shares_of(f"{venue} {base}")
    return 0.9 + 0.2 * u[4], 0.3 + 0.4 * u[5]


@functools.cache
def hours_of(base: str) -> int:
    """Return the hours between a contract's payments."""
    if base in MAJORS:
        return 8
    return 4 if shares_of(f"funding {base}")[0] < 0.4 else 8


class Perpetuals:
    """Tell what holders of contracts on the tape's coins do; times in ms."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._row = {symbol: i for i, symbol in enumerate(tape.pairs)}
        self._seeds: dict[str, np.ndarray] = {}

    def _moved(self, rows: np.ndarray, ms: np.ndarray, hours: int) -> np.ndarray:
        """Return the log change over so many hours, as known when the hour began."""
        hour, part = np.divmod(ms, HOUR_MS)
        ago = np.array([0, hours, 1, hours + 1])
        logs = np.log(self._tape.hours(rows[..., None], hour[..., None] - ago)[OPEN])
        now, before = logs[..., 0] - logs[..., 1], logs[..., 2] - logs[..., 3]
        return before + (now - before) * part / HOUR_MS

    def _wave(self, kind: str, rows: np.ndarray, ms: np.ndarray, hours: int) -> np.ndarray:
        """Return a number within -1 … 1 that wanders, anew every so many hours."""
        if kind not in self._seeds:
            seeds = [seed_of(f"{kind} {symbol}") for symbol in self._row]
            self._seeds[kind] = np.array(seeds, np.uint64)
        seed = self._seeds[kind][rows]
        knot, part = np.divmod(ms, hours * HOUR_MS)
        part = part / (hours * HOUR_MS)
        ends = [noise(seed, np.asarray(knot + i))[0] for i in (0, 1)]
        return 2 * (ends[0] + (ends[1] - ends[0]) * part * part * (3 - 2 * part)) - 1

    def _grid(self, symbols: Sequence[str], ms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and times that broadcast: symbols first, then times by slots."""
        rows = np.array([self._row[symbol] for symbol in symbols])[:, None]
        return rows, np.atleast_1d(ms) // SLOT_MS * SLOT_MS

    def funding(self, symbols: Sequence[str], ms: np.ndarray | int) -> np.ndarray:
        """Return funding rates (symbols, times) per 8 hours: up after rises, down after falls."""
        rows, ms = self._grid(symbols, ms)
        rate = 1e-4 + 0.003 * self._moved(rows, ms, 24)
        return np.clip(rate + 3e-5 * self._wave("funding", rows, ms, 8), -0.003, 0.003)

    def interest(self, symbols: Sequence[str], ms: np.ndarray | int) -> np.ndarray:
        """Return open interest in coins (symbols, times)."""
        rows, ms = self._grid(symbols, ms)
        level = 0.5 * self._moved(rows, ms, 24) + 0.3 * self._moved(rows, ms, 168)
        level += 0.15 * self._wave("interest", rows, ms, 60)
        level += 0.01 * self._wave("turn", rows, ms, 1)
        usual = [0.5 * pair.turnover / pair.price for pair in map(self._tape.pairs.get, symbols)]
        return np.array(usual)[:, None] * np.exp(level)

    def ratio(self, symbol: str, ms: np.ndarray | int, who: str) -> np.ndarray:
        """Return longs over shorts (times) of a key of CROWDS; it returns to its mean."""
        lean, spread = CROWDS[who]
        rows, ms = self._grid([symbol], ms)
        level = 0.6 * shares_of(f"{who} {symbol}")[0] + lean * self._moved(rows, ms, 24)
        return np.exp(level + spread * self._wave(who, rows, ms, 12))[0]

    def premium(self, symbols: Sequence[str], ms: np.ndarray | int) -> np.ndarray:
        """Return how far marks are above the index (symbols, times), as a fraction."""
        return 0.5 * (self.funding(symbols, ms) - 1e-4)


def due(now_ms: int, hours: int) -> int:
    """Return when funding is paid next."""
    return (now_ms // (hours * HOUR_MS) + 1) * hours * HOUR_MS


def stamps(now_ms: int, step_ms: int, limit: int, first_ms: int) -> np.ndarray:
    """Return the last `limit` multiples of a step until now, none before `first_ms`."""
    last = now_ms // step_ms
    return np.arange(max(last - limit + 1, -(-first_ms // step_ms)), last + 1) * step_ms
