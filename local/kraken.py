"""Kraken's public REST API in front of the tape, spot and futures; errors come with status 200."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from local.perpetuals import Perpetuals, perpetual_pairs
from local.tape import Tape
from local.venue import Failure, Listing, Query, Venue, listed, shown, spot_pairs

COINS = {"BTC": "XBT", "DOGE": "XDG", "LUNA": "LUNA2", "LUNC": "LUNA"}
MINUTES = {1: "1m", 5: "5m", 15: "15m", 30: "30m", 60: "1h", 240: "4h", 1440: "1d"}
ROWS = 720


def failed(words: str) -> Failure:
    """Return an error the way Kraken tells it."""
    return Failure(200, {"error": [words]})


def told(result: Any) -> dict[str, Any]:
    """Return a result in the envelope."""
    return {"error": [], "result": result}


class Kraken(Venue):
    """Answer requests to Kraken's spot market."""

    hosts = ("api.kraken.com",)
    missing = (200, {"error": ["EGeneral:Unknown method"]})
    crowded = (200, {"error": ["EGeneral:Too many requests"]})

    def lists(self) -> Iterable[Listing]:
        """Return the pairs against USDT, bitcoin and ether."""
        for pair in spot_pairs(self.tape, ("USDT", "BTC", "ETH"), "kraken", 5e6):
            base, quote = (COINS.get(name, name) for name in (pair.base, pair.quote))
            yield listed("kraken", base + quote, pair, share=0.03)

    def _row(self, query: Query) -> Listing:
        if not query.sent.get("pair"):
            raise failed("EGeneral:Invalid arguments")
        row = self.listings.get(query.sent["pair"])
        if row is None or row.pair.listed_ms > query.now_ms:
            raise failed("EQuery:Unknown asset pair")
        return row

    def ohlc(self, query: Query) -> Any:
        """Answer the last 720 candles, the running one among them."""
        row, minutes = self._row(query), query.number("interval", 1)
        if minutes not in MINUTES:
            raise failed("EGeneral:Invalid arguments:interval")
        bars = self.candles(row, MINUTES[minutes], query.now_ms, limit=ROWS).tolist()
        rows = [
            [
                int(at / 1000),
                *shown(prices, row.digits),
                f"{quote / volume if volume else 0:.{row.digits + 2}f}",
                f"{volume:.8f}",
                int(count),
            ]
            for at, *prices, volume, quote, count in bars
        ]
        return told({row.name: rows, "last": rows[-2][0] if len(rows) > 1 else 0})

    def ticker(self, query: Query) -> Any:
        """Answer the day since midnight and the last 24 hours of one pair, or of every one."""
        one = query.sent.get("pair")
        rows = [self._row(query)] if one else self.traded(query.now_ms)
        figures = self.day(rows, query.now_ms).tolist()
        today = [self.candles(row, "1d", query.now_ms, limit=1)[0].tolist() for row in rows]
        told_rows = map(ticker, rows, figures, today)
        return told({row.name: found for row, found in zip(rows, told_rows, strict=True)})


def ticker(row: Listing, figures: list[float], today: list[float]) -> dict[str, Any]:
    """Return one pair's entry."""
    _, high, low, last, volume, quote, count, bid, ask = figures
    mean = quote / volume if volume else last
    so_far = today[6] / today[5] if today[5] else last

    def both(now: float, day: float, digits: int = row.digits) -> list[str]:
        return shown((now, day), digits)

    return {
        "a": [*shown((ask,), row.digits), "1", "1.000"],
        "b": [*shown((bid,), row.digits), "1", "1.000"],
        "c": [*shown((last,), row.digits), "0.01"],
        "v": both(today[5], volume, 8),
        "p": both(so_far, mean, row.digits + 2),
        "t": [int(today[7]), int(count)],
        "l": both(today[3], low),
        "h": both(today[2], high),
        "o": f"{today[1]:.{row.digits}f}",
    }


class KrakenFutures(Venue):
    """Answer requests to Kraken's futures: perpetual contracts in dollars."""

    hosts = ("futures.kraken.com",)
    missing = (404, {"result": "error", "error": "notFound"})
    crowded = (429, {"result": "error", "error": "apiLimitExceeded"})

    def __init__(self, tape: Tape, clock: Callable[[], float] = time.time) -> None:
        super().__init__(tape, clock)
        self._people = Perpetuals(tape)

    def lists(self) -> Iterable[Listing]:
        """Return the perpetual contracts."""
        for pair in perpetual_pairs(self.tape):
            if pair.turnover > 1e7:
                coin = "XBT" if pair.base == "BTC" else pair.base
                yield listed("kraken futures", f"PF_{coin}USD", pair, share=0.02)

    def tickers(self, query: Query) -> Any:
        """Answer every contract; a rate is in dollars an hour for one coin."""
        rows, now = self.traded(query.now_ms), query.now_ms
        symbols = [row.pair.symbol for row in rows]
        rates = self._people.funding(symbols, now)[:, 0] / 8
        last, index = self.day(rows, now)[:, 3], self.index(rows, now)
        marks = index * (1 + self._people.premium(symbols, now)[:, 0])
        coins = self._people.interest(symbols, now)[:, 0] * 0.05
        figures = np.stack([rates, index, marks, coins, last]).T.tolist()
        told_rows = [contract(*pair) for pair in zip(rows, figures, strict=True)]
        told_rows.append({"symbol": "in_xbtusd", "last": index[0], "lastTime": iso(now)})
        return {"result": "success", "tickers": told_rows, "serverTime": iso(now)}


def iso(now_ms: int) -> str:
    """Return an instant as text."""
    moment = datetime.fromtimestamp(now_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def contract(row: Listing, figures: list[float]) -> dict[str, Any]:
    """Return a contract's entry."""
    rate, index, mark, coins, last = figures
    return {
        "tag": "perpetual",
        "pair": f"{row.name[3:-3]}:USD",
        "symbol": row.name,
        "markPrice": mark,
        "indexPrice": index,
        "last": last,
        "openInterest": coins,
        "fundingRate": rate * mark,
        "fundingRatePrediction": rate * mark,
        "suspended": False,
        "postOnly": False,
    }


Kraken.limits = KrakenFutures.limits = {"address": (60, 60)}
Kraken.paths = {
    "/0/public/OHLC": (Kraken.ohlc, "address"),
    "/0/public/Ticker": (Kraken.ticker, "address"),
}
KrakenFutures.paths = {"/derivatives/api/v3/tickers": (KrakenFutures.tickers, "address")}
