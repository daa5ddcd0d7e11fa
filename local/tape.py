"""The price process behind the mock markets: a function of (symbol, instant) and of nothing else.

`binance_1h.npz` holds real Binance spot candles (open, high, low, close and base volume), 40 USDT
pairs for 2000 hours from 2024-01-01. They are played forward, then backward, and so on. Quote
volume, number of trades and taker-buy volume were not recorded: they are derived here.
"""

import bisect
import functools
import math
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from local import pairs
from local.grid import HOUR, MINUTE, Grid
from local.paths import (
    CLOSE,
    COUNT,
    HIGH,
    LOW,
    OPEN,
    QUOTE,
    TAKER,
    TAKER_QUOTE,
    VOLUME,
    executions,
    fold,
    grouped,
    ladder,
    noise,
    over,
    split,
    touch,
)

SPAN, PERIOD = 2000, 4000
# The forward part starts on a Monday at 00:00 UTC, like the recording, so hours and weekdays agree.
START = int(np.datetime64("2026-10-12T00", "h").astype(np.int64))
INVERSE = [OPEN, LOW, HIGH, CLOSE]
BACKWARD = [CLOSE, HIGH, LOW, OPEN]
CHUNK, BATCH = 3840, 128
FOREVER = 2_000_000


class Recording(NamedTuple):
    """Hold what was recorded: logs of prices (4, 40, 2000) and volumes (40, 2000).

    `pace` is the root of the volume over its mean and paces what was not recorded, `traded` its
    running sum (40, 2001). `means` are mean prices and daily turnovers by coin.
    """

    logs: np.ndarray
    volume: np.ndarray
    pace: np.ndarray
    traded: np.ndarray
    means: dict[str, tuple[float, float]]


@functools.cache
def recording() -> Recording:
    """Read the recorded candles."""
    with np.load(Path(__file__).with_name("binance_1h.npz")) as data:
        names = [str(symbol).removesuffix("USDT") for symbol in data["symbols"]]
        logs = np.stack([data[k] for k in ("open", "high", "low", "close")])
        volume = data["volume"]
    turnover = 24 * (volume * logs[CLOSE]).mean(axis=1)
    np.log(logs, out=logs)
    price = np.exp(logs[CLOSE].mean(axis=1))
    pace = np.sqrt(volume)
    pace /= pace.mean(axis=1, keepdims=True)
    traded = np.concatenate([np.zeros((len(names), 1)), pace.cumsum(axis=1)], axis=1)
    means = dict(zip(names, zip(price.tolist(), turnover.tolist(), strict=True), strict=True))
    return Recording(logs, volume, pace, traded, means)


@functools.cache
def catalogue() -> Mapping[str, pairs.Pair]:
    """Return the pairs by symbol; every Tape has the same."""
    return MappingProxyType(pairs.listing(recording().means))


class Window(NamedTuple):
    """Hold what happened to pairs in a rolling window, one entry a pair; times in ms.

    `bars` are (7, P): open, high, low, last, volume, quote volume, trades; the rest are the first
    trade's id, the last trade's quantity, the best bid and ask, when the window opened and the
    last trade was.
    """

    symbols: list[str]
    bars: np.ndarray
    first_id: np.ndarray
    quantity: np.ndarray
    bid: np.ndarray
    bid_quantity: np.ndarray
    ask: np.ndarray
    ask_quantity: np.ndarray
    open_ms: np.ndarray
    close_ms: np.ndarray


class Tape:
    """Answer what every pair's market looks like at an instant; times are given, never read.

    Everything follows from `hours`: finer bars are parts of its bars, coarser ones their sums.
    """

    def __init__(self, more: Mapping[str, pairs.Pair] = MappingProxyType({})) -> None:
        self._data, self.pairs = recording(), catalogue() | more
        every = list(self.pairs.values())
        self._row = {symbol: i for i, symbol in enumerate(self.pairs)}
        self._digits = np.array([p.digits for p in every])
        self._lot = np.array([p.lot for p in every])
        self._listed = np.array([p.listed_ms // 3_600_000 for p in every])
        self._stopped = np.array([p.stopped_ms or 2**53 for p in every])
        self._seed = np.array([p.seed for p in every], np.uint64)
        self._wick = np.array([p.blend.wick for p in every])
        self._pull = np.array([p.blend.pull for p in every])
        self._set_prices(every)
        self._set_volumes(every)
        self._market: tuple = ((), ())
        self._stale: dict[tuple[int, int], np.ndarray] = {}

    def _set_prices(self, every: list[pairs.Pair]) -> None:
        terms = [(p.blend.first, p.blend.second, (0, p.blend.bitcoin, 0)) for p in every]
        self._terms = [
            tuple(map(np.array, zip(*term, strict=True))) for term in zip(*terms, strict=True)
        ]
        whole = [self.pairs[p.parent or p.symbol] for p in every]
        level = [math.log(p.price) + p.digits * math.log(10) for p in whole]
        mean = np.log([price for price, _ in self._data.means.values()])
        self._level = np.array(level) - sum(power * mean[j] for j, power, _ in self._terms)
        self._lira = np.array([p.parent != "" for p in every])
        premium = [1 + 0.003 * (pairs.shares_of(p.symbol)[6] - 0.5) for p in every]
        self._premium = premium * 10.0 ** (self._digits - np.array([p.digits for p in whole]))

    def _set_volumes(self, every: list[pairs.Pair]) -> None:
        dollars = np.array([p.turnover * p.dollar for p in every])
        hourly = np.array([p.turnover / p.price for p in every]) / 24
        recorded = np.arange(len(every)) < len(self._data.means)
        self._lots = np.where(recorded, 1, hourly) * 10.0**self._lot
        size = np.maximum(40 * (dollars / 1e6) ** 0.45, 8)
        self._counts = dollars / 24 / size
        self._depth = 15_000 * (dollars / 1e6) ** 0.83 / np.array([p.dollar for p in every])
        self._spread = np.minimum(1e-4 * (1e7 / dollars) ** 0.9, 0.003)

    def listed(self, now_ms: int) -> list[str]:
        """Return the symbols that exist at an instant, whatever their status."""
        return [symbol for symbol, pair in self.pairs.items() if pair.listed_ms <= now_ms]

    def _place(self, term: int, rows: np.ndarray, hours: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the recorded pair that a term follows, the hour played and whether backward."""
        j, _, shift = self._terms[term]
        at = (hours + shift[rows] - START) % PERIOD
        back = at >= SPAN
        return j[rows], np.where(back, PERIOD - 1 - at, at), back

    def _logs(self, rows: np.ndarray, hours: np.ndarray) -> np.ndarray:
        total = self._level[rows] + np.zeros((4, *np.broadcast_shapes(rows.shape, hours.shape)))
        for term in range(3):
            power = self._terms[term][1][rows]
            if not power.any():
                continue
            j, at, back = self._place(term, rows, hours)
            part = self._data.logs[:, j, at]
            part = np.where(back, part[BACKWARD], part)
            if (power < 0).any():
                part = np.where(power < 0, part[INVERSE], part)
            total += power * part
        body = np.maximum(total[OPEN], total[CLOSE])
        total[HIGH] = body + self._wick[rows] * (total[HIGH] - body)
        body = np.minimum(total[OPEN], total[CLOSE])
        total[LOW] = body + self._wick[rows] * (total[LOW] - body)
        return total

    def _trades_before(self, rows: np.ndarray, hours: np.ndarray) -> np.ndarray:
        """Return a running number of trades: six an hour and one for so much recorded volume."""
        j, _, shift = (column[rows] for column in self._terms[0])
        rounds, at = np.divmod(hours + shift - START, PERIOD)
        whole, part = self._data.traded[j, -1], self._data.traded[j, np.minimum(at, PERIOD - at)]
        traded = 2 * rounds * whole + np.where(at > SPAN, 2 * whole - part, part)
        return 6 * hours + np.floor(self._counts[rows] * traded)

    def hours(self, rows: np.ndarray, hours: np.ndarray) -> np.ndarray:
        """Return bars (9, …) of pairs by row at hours since 1970, in parents' ticks and lots."""
        ohlc = np.maximum(np.rint(np.exp(self._logs(rows, hours))), 1)
        j, at, _ = self._place(0, rows, hours)
        count = self._trades_before(rows, hours + 1) - self._trades_before(rows, hours)
        volume = np.rint(self._data.pace[j, at] * self._lots[rows])
        if (recorded := rows < len(self._data.means)).any():
            exact = np.round(self._data.volume[j, at] * self._lots[rows], 3)
            volume = np.where(recorded, exact, volume)
        quote = volume * ohlc.sum(axis=0) / 4
        share = 0.5 + 0.1 * over(ohlc[CLOSE] - ohlc[OPEN], ohlc[HIGH] - ohlc[LOW])
        share += 0.2 * (noise(self._seed[rows], hours)[0] - 0.5)
        return np.concatenate([ohlc, [volume, quote, count, volume * share, quote * share]])

    def _split(self, bars: np.ndarray, rows: np.ndarray, index: np.ndarray) -> np.ndarray:
        return split(bars, self._seed[rows], self._pull[rows], index)

    def _bars(self, rows: np.ndarray, unit: int, first: int, stop: int) -> np.ndarray:
        """Return one pair's whole bars (9, n) of hours, minutes or seconds first … stop - 1."""
        if unit == HOUR:
            return self.hours(rows, np.arange(first, stop))
        index = np.arange(first // 60, -(-stop // 60))
        whole = self._bars(rows, unit * 60, index[0], index[-1] + 1)
        parts = self._split(whole, rows, index).reshape(9, -1)
        return parts[:, first - index[0] * 60 : stop - index[0] * 60]

    def _so_far(self, bars: np.ndarray, rows: np.ndarray, unit: int, second: int) -> np.ndarray:
        """Return what running bars (9, R) of a unit have come to, the given second included."""
        if unit == 1:
            return bars
        number = second // unit
        parts = self._split(bars, rows, np.array([number]))
        k = second // (unit // 60) - number * 60
        parts[..., k] = self._so_far(parts[..., k], rows, unit // 60, second)
        return fold(parts[..., : k + 1])

    def _rate(self, rows: np.ndarray, hours: np.ndarray) -> np.ndarray:
        """Return what turns the parents' ticks into the pairs' own: 1, or the hour's lira rate."""
        dollar = np.array([self._row["USDTTRY"]])
        rate = np.exp(self._logs(dollar, hours)[OPEN]) / 10.0 ** self._digits[dollar]
        return np.where(self._lira[rows], rate * self._premium[rows], 1.0)

    def _ticks(self, bars: np.ndarray, rows: np.ndarray, hours: np.ndarray) -> np.ndarray:
        """Return bars in the pairs' own ticks; the rate holds for an hour, so order is kept."""
        if not self._lira[rows].any():
            return bars
        rate = self._rate(rows, hours)
        bars = bars.copy()
        bars[: CLOSE + 1] = np.rint(bars[: CLOSE + 1] * rate)
        bars[QUOTE] *= rate
        bars[TAKER_QUOTE:] *= rate
        return bars

    def _units(self, bars: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return bars in units of the quote and base assets."""
        tick, lot = 10.0 ** self._digits[rows], 10.0 ** self._lot[rows]
        bars = bars.copy()
        bars[: CLOSE + 1] /= tick
        bars[VOLUME : QUOTE + 1] /= lot
        bars[TAKER:] /= lot
        bars[[QUOTE, *range(TAKER_QUOTE, len(bars))]] /= tick
        return bars

    def _now(self, row: int, now_ms: int) -> int:
        """Return the last instant at which the pair was traded, in ms."""
        return min(now_ms, int(self._stopped[row]) - 1)

    def candles(
        self,
        symbol: str,
        interval: str,
        now_ms: int,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
        offset_ms: int = 0,
    ) -> np.ndarray:
        """Return candles (n, 11): a Binance kline's columns without the unused one, oldest first.

        Columns: open time, open, high, low, close, volume, close time, quote volume, trades,
        taker-buy volume, taker-buy quote volume. The last one is open if it closes after now.
        `offset_ms` is a time zone's lead on UTC in whole hours. Raises KeyError for an unknown
        symbol or interval.
        """
        row, grid = self._row[symbol], Grid.of(interval, offset_ms)
        listed, second = self.pairs[symbol].listed_ms, self._now(row, now_ms) // 1000
        edges = grid.span(listed, second * 1000, start_ms, end_ms, limit)
        if len(edges) == 0:
            return np.zeros((0, 11))
        unit = grid.finest
        stops = np.clip(edges // 1000, listed // 1000 // unit * unit, second + 1)
        bars = self._grouped(row, unit, stops, second)
        return np.stack([edges[:-1], *bars[: VOLUME + 1], edges[1:] - 1, *bars[QUOTE:]], axis=1)

    def _grouped(self, row: int, unit: int, stops: np.ndarray, second: int) -> np.ndarray:
        """Return bars (9, n) between n + 1 edges in seconds, some thousand units at a time."""
        stops = -(-stops // unit)
        out, first, rows = [], 0, np.array([row])
        while first < len(stops) - 1:
            last = int(np.searchsorted(stops, stops[first] + CHUNK, "right")) - 1
            last = max(last, first + 1)
            bars = self._bars(rows, unit, stops[first], stops[last])
            if (stops[last] - 1) == second // unit:
                bars[:, -1:] = self._so_far(bars[:, -1:], rows, unit, second)
            hours = np.arange(stops[first], stops[last]) * unit // HOUR
            out.append(grouped(self._ticks(bars, rows, hours), stops[first:last] - stops[first]))
            first = last
        return self._units(np.concatenate(out, axis=1), rows)

    def _alive(self, rows: np.ndarray, hours: np.ndarray) -> np.ndarray:
        """Return bars (7, P, n) of hours; before the listing flat ones at its price, untraded."""
        alive = np.maximum(hours, self._listed[rows][:, None])
        bars = self.hours(rows[:, None], alive)[:TAKER]
        bars[HIGH : CLOSE + 1] = np.where(alive > hours, bars[OPEN], bars[HIGH : CLOSE + 1])
        bars[VOLUME:] *= alive == hours
        return bars

    def _state(self, rows: np.ndarray, first: int, minute: int) -> tuple[np.ndarray, ...]:
        """Return what the running minute does not change in a window that began with `first`.

        That is bars (7, P) of all minutes before it, the first trade's id (1, P), its seconds
        (7, P, 60).
        """
        hours = np.arange(first // 60, minute // 60 + 1)
        bars = self._alive(rows, hours)
        head = tail = self._split(bars[..., 0], rows, hours[:1])
        if len(hours) > 1:
            tail = self._split(bars[..., -1], rows, hours[-1:])
            bars[..., 0] = fold(head[..., first % 60 :])
        skipped = head[COUNT, :, : first % 60].sum(axis=1)
        seconds = self._split(tail[..., minute % 60], rows, np.array([minute]))
        if minute % 60:
            bars[..., -1] = fold(tail[..., first % 60 if len(hours) == 1 else 0 : minute % 60])
        past = self._ticks(bars, rows[:, None], hours)[..., : len(hours) - (minute % 60 == 0)]
        ids = (self._ids(rows, hours[0]) + skipped)[None]
        return fold(past), ids, self._ticks(seconds, rows[:, None], hours[-1:])

    def _kept(self, rows: np.ndarray, first: int, minute: int) -> tuple[np.ndarray, ...]:
        """Return the state of a window; the whole market's last one is kept."""
        key = (first, minute, rows.tobytes())
        kept, state = self._market
        if kept != key:
            some = [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]
            parts = zip(*(self._state(batch, first, minute) for batch in some), strict=True)
            state = tuple(np.concatenate(part, axis=1) for part in parts)
            if len(rows) > BATCH:
                self._market = key, state
        return state

    def _figures(self, rows: np.ndarray, minutes: int, now_ms: int) -> np.ndarray:
        """Return a Window's numbers (15, P) for pairs that are traded now."""
        minute, k = divmod(now_ms // 1000, 60)
        past, first_id, seconds = self._kept(rows, minute - minutes, minute)
        recent = fold(seconds[..., : k + 1])
        bars = fold(np.stack([past, recent], axis=-1))
        lots = np.where(recent[COUNT] > 0, over(recent[VOLUME], recent[COUNT]), 1)
        sides = [x for side in self._book(rows, bars[CLOSE], now_ms, 1) for x in side]
        tick, lot = 10.0 ** self._digits[rows], 10.0 ** self._lot[rows]
        sides = [x[:, 0] / unit for x, unit in zip(sides, (tick, lot) * 2, strict=True)]
        times = np.multiply.outer([(minute - minutes) * 60_000, now_ms], np.ones(len(rows)))
        return np.stack([*self._units(bars, rows), *first_id, np.ceil(lots) / lot, *sides, *times])

    def window(self, now_ms: int, symbols: list[str] | None = None, minutes: int = 1440) -> Window:
        """Return the window from the minute that was `minutes` ago to now, of all pairs or some.

        A stopped pair's window ends when it was stopped. Raises KeyError for an unknown symbol.
        """
        symbols = self.listed(now_ms) if symbols is None else symbols
        rows = np.array([self._row[symbol] for symbol in symbols], int)
        live = self._stopped[rows] > now_ms
        out = np.empty((15, len(rows)))
        if live.any():
            out[:, live] = self._figures(rows[live], minutes, now_ms)
        for k in np.flatnonzero(~live):
            key = int(rows[k]), minutes
            if key not in self._stale:
                self._stale[key] = self._figures(
                    rows[k : k + 1], minutes, self._now(rows[k], now_ms)
                )
            out[:, k] = self._stale[key][:, 0]
        return Window(symbols, out[:TAKER], *out[TAKER:])

    def last(self, symbols: list[str], now_ms: int) -> np.ndarray:
        """Return the last prices of pairs. Raises KeyError for an unknown symbol."""
        return self.window(now_ms, symbols, 1).bars[CLOSE]

    def _book(self, rows: np.ndarray, last: np.ndarray, now_ms: int, levels: int) -> list[tuple]:
        """Return bids and asks, each ticks and lots (P, levels), around last prices in ticks."""
        seed, second = self._seed[rows], now_ms // 1000
        knot, share = divmod(second, 600)
        lean = [noise(seed, np.array([knot + i]))[3] - 0.5 for i in (0, 1)]
        lean = 0.8 * (lean[0] + (lean[1] - lean[0]) * share / 600)
        density = 100 * self._depth[rows] * 10.0 ** (self._digits[rows] + self._lot[rows])
        best = touch(last, self._spread[rows], noise(seed, np.array([second])))
        out = []
        for side, price in zip((-1, 1), best, strict=True):
            counter = (2 * second + (side > 0)) * 8192 + np.arange(levels)
            out.append(ladder(price, side, density * (1 - side * lean), seed, counter))
        return out

    def book(self, symbol: str, now_ms: int, levels: int = 100) -> tuple[np.ndarray, np.ndarray]:
        """Return bids and asks (n, 2), price and quantity, the best first; anew every second.

        Raises KeyError for an unknown symbol.
        """
        rows, pair = np.array([self._row[symbol]]), self.pairs[symbol]
        now_ms = self._now(rows[0], now_ms)
        minute, k = divmod(now_ms // 1000, 60)
        last = self._kept(rows, minute - 1, minute)[2][CLOSE, :, k]
        unit = [10.0**pair.digits, 10.0**pair.lot]
        sides = (np.concatenate(side).T for side in self._book(rows, last, now_ms, levels))
        bids, asks = (side[side[:, 0] >= 1] / unit for side in sides)
        return bids, asks

    def _first_id(self, rows: np.ndarray, second: int) -> int:
        """Return the id of the first trade in or after a second."""
        hour, rest = divmod(second, HOUR)
        minute, k = divmod(rest, 60)
        minutes = self._bars(rows, MINUTE, hour * 60, hour * 60 + 60)
        seconds = self._split(minutes[:, minute : minute + 1], rows, np.array([second // 60]))
        done = minutes[COUNT, :minute].sum() + seconds[COUNT, 0, :k].sum()
        return int(self._ids(rows, hour)[0] + done)

    def _ids(self, rows: np.ndarray, hour: int) -> np.ndarray:
        """Return the ids (P,) of the first trades in or after an hour."""
        listed = self._listed[rows]
        now = self._trades_before(rows, np.maximum(hour, listed))
        return now - self._trades_before(rows, listed)

    def _between(self, rows: np.ndarray, first: int, stop: int) -> np.ndarray:
        """Return trades first … stop - 1 by id and what else fell into their seconds, (5, n)."""
        listed = int(self._listed[rows[0]])
        hours = range(listed, FOREVER)
        begin, end = (
            listed + bisect.bisect_right(hours, i, key=lambda hour: self._ids(rows, hour)[0]) - 1
            for i in (first, stop - 1)
        )
        index = np.arange(begin * 60, end * 60 + 60)
        bars = self._bars(rows, MINUTE, index[0], index[-1] + 1)
        ids = self._ids(rows, begin) + np.cumsum(bars[COUNT]) - bars[COUNT]
        kept = (bars[COUNT] > 0) & (ids + bars[COUNT] > first) & (ids < stop)
        bars = self._split(bars[:, kept], rows, index[kept]).reshape(9, -1)
        index = (index[kept, None] * 60 + np.arange(60)).ravel()
        ids = ids[kept][0] + np.cumsum(bars[COUNT]) - bars[COUNT]
        kept = (bars[COUNT] > 0) & (ids + bars[COUNT] > first) & (ids < stop)
        bars = self._ticks(bars[:, kept], rows, index[kept] // HOUR)
        trades = executions(bars, index[kept], ids[kept].astype(np.int64), self._seed[rows])
        return np.stack([np.asarray(x, float) for x in trades])

    def trades(
        self,
        symbol: str,
        now_ms: int,
        *,
        from_id: int | None = None,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 500,
    ) -> np.ndarray:
        """Return trades (n, 5), oldest first: id, price, quantity, time, was the buyer the maker.

        From an id or a start on the oldest `limit`, otherwise the newest. Ids count up from 0 at
        the listing. Raises KeyError for an unknown symbol.
        """
        rows, pair = np.array([self._row[symbol]]), self.pairs[symbol]
        low = pair.listed_ms if start_ms is None else max(start_ms, pair.listed_ms)
        high = min(self._now(rows[0], now_ms), now_ms if end_ms is None else end_ms)
        if high < low:
            return np.zeros((0, 5))
        forward = from_id is not None or start_ms is not None
        edge = low // 1000 if forward else high // 1000
        seconds = (low // 1000, edge, edge + 1, high // 1000 + 1)
        first, begin, end, stop = (self._first_id(rows, second) for second in seconds)
        first, some = max(first, from_id or 0), limit + end - begin
        first, stop = (
            (first, min(stop, first + some)) if forward else (max(first, stop - some), stop)
        )
        if first >= stop:
            return np.zeros((0, 5))
        out = self._between(rows, first, stop)
        asked = (out[0] >= first) & (out[3] >= low) & (out[3] <= high)
        out = out[:, asked][:, :limit] if forward else out[:, asked][:, -limit:]
        unit = np.array([1, 10.0**pair.digits, 10.0**pair.lot, 1, 1])
        return (out / unit[:, None]).T
