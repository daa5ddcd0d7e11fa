"""Rehearsals: what a scenario does, from the start on, to the mock markets' prices and answers.

Every market reads one tape, so a shape laid over its minutes is the same in all of them.
"""

import math
import time
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
from requests.adapters import BaseAdapter

from local.faults import Fault, Faulty
from local.pairs import STABLE, Pair, dollar_pair, rows, shares_of
from local.paths import CLOSE, COUNT, HIGH, LOW, OPEN, QUOTE, TAKER_QUOTE, VOLUME, fold, over
from local.tape import FOREVER, Tape

MINUTE_MS = 60_000
NEWCOMER, PUMPED = "YENICOIN", "CAKE"
WAVE, PERIOD = 0.0013, 8
WORTH = [VOLUME, QUOTE, *range(TAKER_QUOTE - 1, TAKER_QUOTE + 1)]
MONEY = {"USDT", "TRY", "PAXG", *(name for name, *_ in rows(STABLE))}
Line = tuple[tuple[float, float], ...]


class Scene(NamedTuple):
    """Say what happens at which minute since the start; between two of them it is a line.

    `moves` are factors of prices, of all coins or of `coin`; `calm` is the share of their own
    moves that they lose to a small wave. `busy` multiplies volumes meanwhile. `listed` is when a
    new coin comes, `closed` are spans in which hosts with a word in their names fail: "" is all.
    """

    moves: Line = ((0, 1.0),)
    coin: str = ""
    calm: Line = ((0, 0.0),)
    busy: int = 1
    listed: int | None = None
    closed: tuple[tuple[float, float, str, str], ...] = ()

    @property
    def end(self) -> int:
        """Return the minute after which its prices follow the tape again."""
        return math.ceil(max(self.moves[-1][0], self.calm[-1][0], (self.listed or -1) + 1))

    @property
    def shapes(self) -> bool:
        """Tell whether it changes prices or pairs."""
        return self.end > 0

    def factor(self, minutes: np.ndarray | float) -> np.ndarray:
        """Return the log of its factor at minutes since the start."""
        at, factors = zip(*self.moves, strict=True)
        return np.interp(minutes, at, np.log(factors))

    def lost(self, minutes: np.ndarray) -> np.ndarray:
        """Return the share of their own moves that prices lose at minutes since the start."""
        return np.interp(minutes, *zip(*self.calm, strict=True))


SCENES = {
    "crash": Scene(moves=((2, 1), (22, 0.7), (30, 0.72), (60, 0.85)), busy=3),
    "pump": Scene(moves=((3, 1), (18, 1.8), (25, 1.75), (60, 1.3)), coin=PUMPED, busy=4),
    "chop": Scene(calm=((0, 0), (1, 0.99), (150, 0.99), (180, 0))),
    "listing": Scene(listed=5),
    "outage": Scene(
        closed=((2, 5, "binance", "503"), (5, 8, "binance", "451"), (8, 18, "", "refused"))
    ),
    "storm": Scene(
        closed=((2, 4, "binance", "429"), (6, 8, "", "timeout"), (9, 10, "binance", "html"))
    ),
}


def force(coin: str, only: str) -> float:
    """Return the power of a scene's factor in a coin's price in dollars."""
    if coin in MONEY or only not in ("", coin):
        return 0.0
    if coin == "BTC" or only:
        return 1.0
    return (-1 if coin.endswith("DOWN") else 1) * (0.9 + 0.2 * shares_of(coin)[6])


class Staged(Tape):
    """A tape that a scene shapes from a minute (since 1970) on.

    The hours it touches are made of their shaped minutes; later ones keep its last factor.
    """

    def __init__(self, scene: Scene, begin: int) -> None:
        self._scene, self._begin = scene, begin
        self._arrival = begin + scene.listed if scene.listed is not None else -1
        super().__init__(self._newcomers())
        self._span = begin // 60, (begin + scene.end - 1) // 60
        self._power = np.array([self._reach(pair) for pair in self.pairs.values()])
        every, hour = np.arange(len(self.pairs)), np.array([begin // 60])
        parts = super()._split(super().hours(every, hour), every, hour)
        self._anchor = np.log(parts[CLOSE, :, begin % 60])

    def _newcomers(self) -> dict[str, Pair]:
        if self._scene.listed is None:
            return {}
        pair = dollar_pair(NEWCOMER, 0.5, 4e7, listed_ms=self._arrival * MINUTE_MS)
        return {pair.symbol: pair}

    def _reach(self, pair: Pair) -> float:
        """Return the power of the factor in a pair's price; a quotient's is a difference."""
        return force(pair.base, self._scene.coin) - force(pair.quote, self._scene.coin)

    def hours(self, rows: np.ndarray, hours: np.ndarray) -> np.ndarray:
        """Return bars (9, …) of pairs by row at hours since 1970, as the scene shapes them."""
        bars = super().hours(rows, hours)
        rows, hours = np.broadcast_arrays(rows, hours)
        first, last = self._span
        rest = np.where(hours > last, self._power[rows] * self._scene.factor(self._scene.end), 0.0)
        if rest.any():
            scale = np.exp(rest)
            bars[: CLOSE + 1] = np.maximum(np.rint(bars[: CLOSE + 1] * scale), 1)
            bars[[QUOTE, TAKER_QUOTE]] *= scale
        touched = (hours >= first) & (hours <= last)
        if touched.any():
            bars[:, touched] = fold(self._minutes(rows[touched], hours[touched]))
        return bars

    def _split(self, bars: np.ndarray, rows: np.ndarray, index: np.ndarray) -> np.ndarray:
        """Return the parts of bars; a touched hour's are its shaped minutes.

        Minutes since 1970 are too many for hours, so that the index tells which it numbers.
        """
        parts = super()._split(bars, rows, index)
        if index[0] >= FOREVER:
            return parts
        rows, hours = np.broadcast_arrays(rows, index)
        first, last = self._span
        touched = (hours >= np.maximum(first, self._listed[rows])) & (hours <= last)
        if touched.any():
            parts[:, touched] = self._minutes(rows[touched], hours[touched])[: len(bars)]
        return parts

    def _minutes(self, rows: np.ndarray, hours: np.ndarray) -> np.ndarray:
        """Return the shaped minutes (9, R, 60) of hours."""
        parts = super()._split(super().hours(rows, hours), rows, hours)
        minutes = hours[:, None] * 60 + np.arange(60) - self._begin
        parts = self._shaped(parts, rows, minutes)
        for k in np.flatnonzero(rows == self._row.get(f"{NEWCOMER}USDT", -1)):
            arrive(parts[:, k], minutes[k] + self._begin - self._arrival)
        return parts

    def _shaped(self, parts: np.ndarray, rows: np.ndarray, minutes: np.ndarray) -> np.ndarray:
        def bent(prices: np.ndarray, at: np.ndarray) -> np.ndarray:
            lost = self._scene.lost(at)
            wave = lost * WAVE * np.sin(2 * np.pi * at / PERIOD)
            shift = self._power[rows, None] * (self._scene.factor(at) + wave)
            own = np.log(np.maximum(prices, 1e-9))
            return np.exp(own + lost * (self._anchor[rows, None] - own) + shift)

        out, middle = parts.copy(), minutes + 0.5
        out[OPEN], out[CLOSE] = bent(parts[OPEN], minutes), bent(parts[CLOSE], minutes + 1)
        high, low = bent(parts[HIGH], middle), bent(parts[LOW], middle)
        out[HIGH] = np.maximum(high, np.maximum(out[OPEN], out[CLOSE]))
        out[LOW] = np.minimum(low, np.minimum(out[OPEN], out[CLOSE]))
        out[: CLOSE + 1] = np.maximum(np.rint(out[: CLOSE + 1]), 1)
        for quote in (QUOTE, TAKER_QUOTE):
            mean = bent(over(parts[quote], parts[quote - QUOTE + VOLUME]), middle)
            mean = np.clip(mean, out[LOW], out[HIGH])
            out[quote] = parts[quote - QUOTE + VOLUME] * mean
        moving = (minutes >= 0) & (minutes < self._scene.end)
        out[WORTH] *= np.where(moving, self._scene.busy, 1)
        return np.where(minutes < 0, parts, out)


def arrive(bars: np.ndarray, minutes: np.ndarray) -> None:
    """Leave a coin's hour (9, 60) untraded until its minute 0, which gets the trades of before."""
    if not minutes[0] < 0 <= minutes[-1]:
        return
    before, first = minutes < 0, int(np.flatnonzero(minutes == 0)[0])
    trades, volume = bars[COUNT, before].sum(), bars[VOLUME, before].sum()
    bars[WORTH, first] *= over(bars[VOLUME, first] + volume, bars[VOLUME, first])
    bars[COUNT, first] += trades
    bars[: CLOSE + 1, before] = bars[OPEN, first]
    bars[VOLUME:, before] = 0


class Closed(Faulty):
    """Break the answers of hosts in the spans of a scene."""

    def __init__(self, inner: BaseAdapter, scene: Scene, clock: Callable[[], float]) -> None:
        super().__init__(inner, clock)
        self._spans, self._start = scene.closed, clock()

    def _next(self, url: str) -> Fault | None:
        minute, host = (self._clock() - self._start) / 60, urlsplit(url).hostname or ""
        for first, stop, where, kind in self._spans:
            if first <= minute < stop and where in host:
                return Fault(host, kind, None, None)
        return super()._next(url)


def staged(name: str, clock: Callable[[], float] = time.time) -> Tape:
    """Return the tape of a scenario that begins now; a plain one for none."""
    scene = SCENES.get(name, Scene())
    return Staged(scene, int(clock() // 60)) if scene.shapes else Tape()


def closed(name: str, markets: BaseAdapter, clock: Callable[[], float] = time.time) -> BaseAdapter:
    """Return the markets as a scenario that begins now lets them answer."""
    scene = SCENES.get(name, Scene())
    return Closed(markets, scene, clock) if scene.closed else markets
