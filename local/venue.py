"""What the mock exchanges besides Binance spot share: their lists, their prices, their limits."""

import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from requests import PreparedRequest

from local.markets import Answer, Face, compact
from local.pairs import Pair, shares_of
from local.paths import CLOSE, COUNT, QUOTE, VOLUME, over
from local.tape import Tape, Window

APART = 3e-4
MONEY = {"USDC", "FDUSD", "TUSD", "DAI", "USDT"}
# What Binance counts by the thousand or million and others singly.
SINGLE = {
    "1000SATS": ("SATS", 1e-3),
    "1000CAT": ("CAT", 1e-3),
    "1000CHEEMS": ("CHEEMS", 1e-3),
    "1MBABYDOGE": ("BABYDOGE", 1e-6),
}


class Listing(NamedTuple):
    """Say what an exchange calls a pair of the tape and how it trades there.

    One unit of it is `scale` of the tape's coins; a price is the tape's times `factor`, in which
    `scale` is contained, with `digits` decimals; `share` is the part of the tape's volume.
    """

    name: str
    pair: Pair
    scale: float
    factor: float
    share: float
    digits: int


def listed(venue: str, name: str, pair: Pair, scale: float = 1, share: float = 0.2) -> Listing:
    """Return a listing whose price is up to three basis points off the tape's."""
    u = shares_of(f"{venue} {pair.symbol}")
    digits = min(max(pair.digits - round(math.log10(scale)), 0), 16)
    return Listing(
        name, pair, scale, scale * (1 + APART * (2 * u[0] - 1)), share * (0.5 + u[1]), digits
    )


def spot_pairs(tape: Tape, quotes: Iterable[str], venue: str, least: float) -> list[Pair]:
    """Return the pairs an exchange lists: with enough turnover, and by chance two in three."""
    return [
        pair
        for pair in tape.pairs.values()
        if pair.quote in quotes
        and pair.status == "TRADING"
        and pair.base not in MONEY
        and "LEVERAGED" not in pair.permissions
        and pair.turnover * pair.dollar >= least
        and (pair.turnover * pair.dollar > 2e7 or shares_of(f"{venue} {pair.base}")[2] < 0.67)
    ]


class Quota:
    """Count requests: so many within so many seconds."""

    def __init__(self, count: int, seconds: float) -> None:
        self._seconds, self._lock = seconds, threading.Lock()
        self._times: deque[float] = deque(maxlen=count)

    def wait(self, now: float) -> float:
        """Count a request and return 0, or the seconds after which one may come again."""
        with self._lock:
            if len(self._times) == self._times.maxlen and self._times[0] + self._seconds > now:
                return self._times[0] + self._seconds - now
            self._times.append(now)
            return 0.0


class Failure(Exception):
    """Carry an answer that is no data."""

    def __init__(self, status: int, body: Any, **headers: str) -> None:
        super().__init__(status)
        self.status, self.body = status, body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Query(NamedTuple):
    """What a request says: its parameters, the parts of its path that vary, and the instant."""

    sent: Mapping[str, str]
    parts: tuple[str, ...]
    now_ms: int
    headers: Mapping[str, str]

    def number(self, name: str, default: int | None = None) -> int | None:
        """Return a whole number, the default where it was not sent or is none."""
        found = self.sent.get(name, "")
        return int(found) if re.fullmatch("[0-9]{1,16}", found) else default

    def limit(self, default: int, most: int) -> int:
        """Return how many rows are wanted."""
        return min(max(self.number("limit", default), 1), most)


Run = Callable[[Any, Query], Any]


class Venue:
    """Answer requests to one exchange from a tape, at the clock's time.

    `paths` map a pattern to what answers and to the limit it counts for; `limits` say how many
    requests in how many seconds. `missing` and `crowded` are status and body of the answers to an
    unknown path and to one request too many.
    """

    hosts: tuple[str, ...] = ()
    paths: Mapping[str, tuple[Run, str]] = {}
    limits: Mapping[str, tuple[int, float]] = {}
    missing: tuple[int, Any] = (404, {"message": "Not Found"})
    crowded: tuple[int, Any] = (429, {"message": "Too Many Requests"})
    tells_wait = False

    def __init__(self, tape: Tape, clock: Callable[[], float] = time.time) -> None:
        self.tape, self._clock = tape, clock
        self._quotas = {name: Quota(*limit) for name, limit in self.limits.items()}

    def faces(self) -> dict[str, Face]:
        """Return what answers for each host."""
        return dict.fromkeys(self.hosts, self.answer)

    @cached_property
    def listings(self) -> dict[str, Listing]:
        """Return what the exchange lists by its own names."""
        return {row.name: row for row in self.lists()}

    def lists(self) -> Iterable[Listing]:
        """Return what the exchange lists."""
        raise NotImplementedError

    def too_many(self, wait: float) -> Failure:
        """Return the answer to one request too many."""
        headers = {"Retry_After": str(math.ceil(wait))} if self.tells_wait else {}
        return Failure(*self.crowded, **headers)

    def answer(self, request: PreparedRequest) -> Answer:
        """Return the exchange's answer: data, or its error the way it tells one."""
        now = self._clock()
        headers = {"Date": formatdate(now, usegmt=True), "Content-Type": "application/json"}
        try:
            status, body = 200, self._run(request, now)
        except Failure as error:
            status, body = error.status, error.body
            headers |= error.headers
        return Answer(status, headers, compact(body).encode())

    def _run(self, request: PreparedRequest, now: float) -> Any:
        url = urlsplit(request.url or "")
        for path, (run, limit) in self.paths.items():
            found = re.fullmatch(path, url.path)
            if not found or request.method != "GET":
                continue
            wait = self._quotas[limit].wait(now)
            if wait:
                raise self.too_many(wait)
            sent = dict(parse_qsl(url.query, keep_blank_values=True))
            return run(self, Query(sent, found.groups(), int(now * 1000), request.headers))
        raise Failure(*self.missing)

    def candles(self, row: Listing, interval: str, now_ms: int, **bounds: int | None) -> np.ndarray:
        """Return candles (n, 8), oldest first, the last one open.

        Columns: open time, open, high, low, close, volume, quote volume, trades. Bounds are those
        of the tape.
        """
        return self.own(row, self.tape.candles(row.pair.symbol, interval, now_ms, **bounds))

    def own(self, row: Listing, bars: np.ndarray) -> np.ndarray:
        """Return candles of the tape as they were here."""
        bars = bars.T
        prices = np.round(bars[1:5] * row.factor, row.digits)
        prices = np.maximum(prices, 10.0**-row.digits)
        volume = np.round(bars[5] * row.share / row.scale, 8)
        mean = np.clip(over(bars[7], bars[5]) * row.factor, prices[2], prices[1])
        return np.stack([bars[0], *prices, volume, volume * mean, np.ceil(bars[8] * row.share)]).T

    def _window(self, rows: list[Listing], now_ms: int) -> tuple[Window, list[int]]:
        """Return the tape's last 24 hours and where in them the listings are."""
        some = [row.pair.symbol for row in rows] if len(rows) < 9 else None
        window = self.tape.window(now_ms, some)
        place = {symbol: i for i, symbol in enumerate(window.symbols)}
        return window, [place[row.pair.symbol] for row in rows]

    def index(self, rows: list[Listing], now_ms: int) -> np.ndarray:
        """Return the tape's last prices of one unit of some listings."""
        window, columns = self._window(rows, now_ms)
        return window.bars[CLOSE, columns] * [row.scale for row in rows]

    def day(self, rows: list[Listing], now_ms: int) -> np.ndarray:
        """Return the last 24 hours (P, 9) of some listings.

        Columns: open, high, low, last, volume, quote volume, trades, bid, ask.
        """
        window, columns = self._window(rows, now_ms)
        factor, share, scale, digits = (
            np.array([getattr(row, name) for row in rows])
            for name in ("factor", "share", "scale", "digits")
        )
        tick = 10.0**-digits
        sides = np.stack([window.bid, window.ask])
        prices = np.concatenate([window.bars[: CLOSE + 1], sides])[:, columns] * factor
        prices = np.maximum(np.round(prices / tick), 1) * tick
        prices[5] = np.maximum(prices[5], prices[4] + tick)
        bars = window.bars[:, columns]
        volume = np.round(bars[VOLUME] * share / scale, 8)
        mean = np.clip(over(bars[QUOTE], bars[VOLUME]) * factor, prices[2], prices[1])
        count = np.ceil(bars[COUNT] * share)
        return np.stack([*prices[:4], volume, volume * mean, count, *prices[4:]]).T

    def traded(self, now_ms: int) -> list[Listing]:
        """Return what is listed by now."""
        return [row for row in self.listings.values() if row.pair.listed_ms <= now_ms]


def shown(values: Iterable[float], digits: int) -> list[str]:
    """Return numbers as text with so many decimals."""
    return [f"{value:.{digits}f}" for value in values]
