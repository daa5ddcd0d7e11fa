"""The market the local exchange's orders meet: the tape's books, means and price paths."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from local.binance_rules import symbol_info
from local.paths import CLOSE, QUOTE, VOLUME
from local.tape import Tape

DEEPEST, LONG = 1000, 900


class Point(NamedTuple):
    """A price the market came to, when (ms), and the quantity traded there."""

    at: int
    price: Decimal
    volume: Decimal


def exact(value: float) -> Decimal:
    """Return a number of the tape with the decimals it is told with."""
    return Decimal(f"{value:.8f}")


class Market:
    """Answer what orders ask of the tape."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._infos: dict[str, dict[str, Any]] = {}

    def info(self, symbol: str, now_ms: int) -> dict[str, Any] | None:
        """Return a symbol's entry in exchangeInfo, None where it is not listed."""
        pair = self._tape.pairs.get(symbol)
        if pair is None or pair.listed_ms > now_ms:
            return None
        if symbol not in self._infos:
            self._infos[symbol] = symbol_info(pair, True)
        return self._infos[symbol]

    def book(self, symbol: str, side: str, now_ms: int) -> list[tuple[Decimal, Decimal]]:
        """Return prices and quantities that an order of a side takes from, the best first."""
        bids, asks = self._tape.book(symbol, now_ms, DEEPEST)
        rows = asks if side == "BUY" else bids
        return [(exact(price), exact(quantity)) for price, quantity in rows.tolist()]

    def last(self, symbol: str, now_ms: int) -> Decimal:
        """Return the last price."""
        return exact(float(self._tape.last([symbol], now_ms)[0]))

    def mean(self, symbol: str, now_ms: int) -> Decimal:
        """Return the mean price of five minutes, the last one where nothing was traded."""
        bars = self._tape.window(now_ms, [symbol], 5).bars[:, 0]
        return exact(bars[QUOTE] / bars[VOLUME] if bars[VOLUME] > 0 else bars[CLOSE])

    def price_in(self, asset: str, quote: str, now_ms: int) -> Decimal | None:
        """Return what one unit of an asset is worth in another, None where no pair says."""
        if asset == quote:
            return Decimal(1)
        if self.info(asset + quote, now_ms):
            return self.last(asset + quote, now_ms)
        if self.info(quote + asset, now_ms):
            return 1 / self.last(quote + asset, now_ms)
        return None

    def points(
        self, symbol: str, since_ms: int, now_ms: int, meets: Callable[[Decimal, Decimal], bool]
    ) -> Iterator[Point]:
        """Return the way of the price in the seconds after one instant, up to another.

        Of a long way only those minutes are told whose lowest and highest price `meets` wants.
        """
        first, stop = since_ms // 1000 + 1, now_ms // 1000 + 1
        if stop - first <= LONG:
            yield from self._seconds(symbol, first, stop, now_ms)
            return
        head, tail = -(-first // 60) * 60, stop // 60 * 60
        yield from self._seconds(symbol, first, head, now_ms)
        for row in self._bars(symbol, "1m", head, tail, now_ms):
            if meets(exact(row[3]), exact(row[2])):
                minute = int(row[0]) // 1000
                yield from self._seconds(symbol, minute, minute + 60, now_ms)
        yield from self._seconds(symbol, tail, stop, now_ms)

    def _bars(self, symbol: str, interval: str, first: int, stop: int, now_ms: int) -> np.ndarray:
        if stop <= first:
            return np.zeros((0, 11))
        bounds = {"start_ms": first * 1000, "end_ms": stop * 1000 - 1, "limit": stop - first}
        return self._tape.candles(symbol, interval, now_ms, **bounds)

    def _seconds(self, symbol: str, first: int, stop: int, now_ms: int) -> Iterator[Point]:
        for row in self._bars(symbol, "1s", first, stop, now_ms):
            at, opened, high, low, close = int(row[0]), *row[1:5]
            ends = (low, high) if close >= opened else (high, low)
            for price in (opened, *ends, close):
                yield Point(at, exact(price), exact(row[5] / 4))
