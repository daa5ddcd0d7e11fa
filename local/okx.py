"""OKX's public REST API in front of the tape: spot, perpetual swaps and their statistics."""

import math
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np

from local.grid import INTERVALS
from local.pairs import Pair, shares_of
from local.perpetuals import HOUR_MS, Perpetuals, due, hours_of, leaning, perpetual_pairs, stamps
from local.tape import Tape
from local.venue import SINGLE, Failure, Listing, Query, Venue, listed, shown, spot_pairs

# A bar of 6 hours or more without “utc” would begin by Hong Kong's clock; none is stood in for.
BARS = {
    **{name: name for name in ("1m", "3m", "5m", "15m", "30m")},
    "1H": "1h",
    "2H": "2h",
    "4H": "4h",
    "6Hutc": "6h",
    "12Hutc": "12h",
    "1Dutc": "1d",
    "1Wutc": "1w",
    "1Mutc": "1M",
}
PERIODS = ("5m", "15m", "30m", "1H", "2H", "4H", "6Hutc", "12Hutc", "1Dutc")
MONTH_MS = 30 * 24 * HOUR_MS


def coin_of(pair: Pair) -> tuple[str, float]:
    """Return what a coin is called and how many of the tape's coins it is."""
    return SINGLE.get(pair.base, (pair.base, 1))


def told(data: list[Any]) -> dict[str, Any]:
    """Return data in the envelope."""
    return {"code": "0", "msg": "", "data": data}


def failed(code: int, words: str, status: int = 200) -> Failure:
    """Return an error in the envelope."""
    return Failure(status, {"code": str(code), "msg": words, "data": []})


class Okx(Venue):
    """Answer requests to OKX."""

    hosts = ("www.okx.com",)
    missing = (404, {"code": "404", "msg": "Not Found", "data": []})
    crowded = (429, {"code": "50011", "msg": "Too Many Requests", "data": []})

    def __init__(self, tape: Tape, clock: Callable[[], float] = time.time) -> None:
        super().__init__(tape, clock)
        self._people = Perpetuals(tape)

    def lists(self) -> Iterable[Listing]:
        """Return the spot pairs."""
        for pair in spot_pairs(self.tape, ("USDT", "BTC", "ETH"), "okx", 3e5):
            coin, scale = coin_of(pair)
            yield listed("okx", f"{coin}-{pair.quote}", pair, scale, 0.25)

    @cached_property
    def swaps(self) -> dict[str, Listing]:
        """Return the perpetual swaps by their names."""
        swaps = {}
        for pair in perpetual_pairs(self.tape):
            coin, scale = coin_of(pair)
            if shares_of(f"okx {pair.base}")[3] < 0.7 or pair.turnover > 2e7:
                name = f"{coin}-USDT-SWAP"
                swaps[name] = listed("okx", name, pair, scale, 0.8)
        return swaps

    def _needed(self, query: Query, name: str) -> str:
        if not query.sent.get(name):
            raise failed(50014, f"Parameter {name} can not be empty", 400)
        return query.sent[name]

    def _row(self, query: Query, rows: dict[str, Listing]) -> Listing:
        row = rows.get(self._needed(query, "instId"))
        if row is None or row.pair.listed_ms > query.now_ms:
            raise failed(51001, "Instrument ID does not exist")
        return row

    def market_candles(self, query: Query) -> Any:
        """Answer candles, newest first."""
        row, bar = self._row(query, self.listings | self.swaps), query.sent.get("bar", "1m")
        if bar not in BARS:
            raise failed(51000, "Parameter bar error")
        bars = self.candles(row, BARS[bar], query.now_ms, limit=query.limit(100, 300))
        last = bars[-1, 0] if len(bars) else 0
        size = contract_size(row) if row.name in self.swaps else 0
        return told(
            [
                [
                    f"{at:.0f}",
                    *shown(prices, row.digits),
                    *shown((volume / size, volume) if size else (volume, quote), 8),
                    f"{quote:.8f}",
                    "0" if at == last else "1",
                ]
                for at, *prices, volume, quote, _ in bars[::-1].tolist()
            ]
        )

    def tickers(self, query: Query) -> Any:
        """Answer the 24 hours of every spot pair."""
        if self._needed(query, "instType") != "SPOT":
            raise failed(51000, "Parameter instType error")
        rows = self.traded(query.now_ms)
        figures = self.day(rows, query.now_ms).tolist()
        return told([ticker(*row, query.now_ms) for row in zip(rows, figures, strict=True)])

    def funding(self, query: Query) -> Any:
        """Answer the rate that is paid next and the one after it, which is not known yet."""
        row = self._row(query, self.swaps)
        hours = hours_of(row.pair.base)
        rate = self._rate(row, query.now_ms) * hours / 8
        at = due(query.now_ms, hours)
        return told(
            [
                {
                    "fundingRate": f"{rate:.16f}",
                    "fundingTime": str(at),
                    "instId": row.name,
                    "instType": "SWAP",
                    "nextFundingRate": "",
                    "nextFundingTime": str(at + hours * HOUR_MS),
                }
            ]
        )

    def funding_history(self, query: Query) -> Any:
        """Answer what was paid, newest first."""
        row = self._row(query, self.swaps)
        hours = hours_of(row.pair.base)
        times = stamps(query.now_ms, hours * HOUR_MS, query.limit(100, 100), row.pair.listed_ms)
        rates = [f"{self._rate(row, at) * hours / 8:.16f}" for at in times.tolist()]
        told_rows = [
            {
                "fundingRate": rate,
                "fundingTime": str(at),
                "instId": row.name,
                "instType": "SWAP",
                "realizedRate": rate,
            }
            for at, rate in zip(times.tolist(), rates, strict=True)
        ]
        return told(told_rows[::-1])

    def _rate(self, row: Listing, now_ms: int) -> float:
        lean = leaning("okx", row.pair.base)[0]
        return float(self._people.funding([row.pair.symbol], now_ms)[0, 0]) * lean

    def _interest(self, row: Listing, times: np.ndarray | int) -> np.ndarray:
        """Return open interest in the exchange's coins; it is a part of Binance's."""
        part = leaning("okx", row.pair.base)[1]
        return self._people.interest([row.pair.symbol], times)[0] * part / row.scale

    def open_interest(self, query: Query) -> Any:
        """Answer a swap's open interest in contracts, coins and dollars."""
        if self._needed(query, "instType") != "SWAP":
            raise failed(51000, "Parameter instType error")
        row = self._row(query, self.swaps)
        coins = float(self._interest(row, query.now_ms)[0])
        price = float(self.index([row], query.now_ms)[0])
        return told(
            [
                {
                    "instId": row.name,
                    "instType": "SWAP",
                    "oi": f"{coins / contract_size(row):.2f}",
                    "oiCcy": f"{coins:.8f}",
                    "oiUsd": f"{coins * price:.8f}",
                    "ts": str(query.now_ms),
                }
            ]
        )

    def _stamps(self, query: Query, row: Listing) -> np.ndarray:
        """Return the times of a statistic."""
        period = query.sent.get("period", "5m")
        if period not in PERIODS:
            raise failed(51000, "Parameter period error")
        step, first = INTERVALS[BARS[period]] * 1000, query.now_ms - MONTH_MS
        times = stamps(query.now_ms, step, query.limit(100, 100), max(first, row.pair.listed_ms))
        if not len(times):
            raise failed(51001, "Instrument ID does not exist")
        return times

    def _bars(self, query: Query, row: Listing, times: np.ndarray) -> np.ndarray:
        period = BARS[query.sent.get("period", "5m")]
        bounds = {"start_ms": int(times[0]), "limit": len(times)}
        return self.candles(row, period, query.now_ms, **bounds)

    def interest_history(self, query: Query) -> Any:
        """Answer open interest at each period, newest first: contracts, coins, dollars."""
        row = self._row(query, self.swaps)
        times = self._stamps(query, row)
        coins, prices = self._interest(row, times), self._bars(query, row, times)[:, 1]
        size = contract_size(row)
        rows = zip(times.tolist(), coins.tolist(), prices.tolist(), strict=True)
        return told(
            [
                [str(at), f"{many / size:.2f}", f"{many:.8f}", f"{many * price:.8f}"]
                for at, many, price in rows
            ][::-1]
        )

    def _swap_of(self, query: Query) -> Listing:
        """Return the swap on a coin."""
        row = self.swaps.get(f"{self._needed(query, 'ccy')}-USDT-SWAP")
        if row is None:
            raise failed(51000, "Parameter ccy error")
        return row

    def ratio(self, query: Query) -> Any:
        """Answer longs over shorts by accounts, newest first."""
        row = self._swap_of(query)
        times = self._stamps(query, row)
        ratios = self._people.ratio(row.pair.symbol, times, "global")
        rows = zip(times.tolist(), ratios.tolist(), strict=True)
        return told([[str(at), f"{ratio:.16f}"] for at, ratio in rows][::-1])

    def taker(self, query: Query) -> Any:
        """Answer what takers sold and bought, newest first."""
        row = self._swap_of(query)
        times = self._stamps(query, row)
        bars = self.tape.candles(
            row.pair.symbol,
            BARS[query.sent.get("period", "5m")],
            query.now_ms,
            start_ms=int(times[0]),
            limit=len(times),
        )
        volumes = (bars[:, [5, 9]] * row.share / row.scale).tolist()
        rows = zip(times.tolist(), volumes, strict=True)
        columns = [[str(at), *shown((every - buy, buy), 8)] for at, (every, buy) in rows]
        return told(columns[::-1])


def contract_size(row: Listing) -> float:
    """Return how many coins a swap's contract holds: a power of ten worth some ten dollars."""
    return 10.0 ** round(math.log10(10 / (row.pair.price * row.scale)))


def ticker(row: Listing, figures: list[float], now_ms: int) -> dict[str, str]:
    """Return a spot pair's 24 hours."""
    first, high, low, last, volume, quote, _, bid, ask = figures
    names = ("last", "askPx", "bidPx", "open24h", "high24h", "low24h", "sodUtc0", "sodUtc8")
    prices = shown((last, ask, bid, first, high, low, first, first), row.digits)
    return {
        "instType": "SPOT",
        "instId": row.name,
        **dict(zip(names, prices, strict=True)),
        "lastSz": "1",
        "askSz": "1",
        "bidSz": "1",
        "vol24h": f"{volume:.8f}",
        "volCcy24h": f"{quote:.8f}",
        "ts": str(now_ms),
    }


Okx.limits = {
    "candles": (40, 2),
    "tickers": (20, 2),
    "funding": (10, 2),
    "interest": (20, 2),
    **dict.fromkeys(("history", "ratio", "taker"), (5, 2)),
}
Okx.paths = {
    "/api/v5/market/candles": (Okx.market_candles, "candles"),
    "/api/v5/market/tickers": (Okx.tickers, "tickers"),
    "/api/v5/public/funding-rate": (Okx.funding, "funding"),
    "/api/v5/public/funding-rate-history": (Okx.funding_history, "funding"),
    "/api/v5/public/open-interest": (Okx.open_interest, "interest"),
    "/api/v5/rubik/stat/contracts/open-interest-history": (Okx.interest_history, "history"),
    "/api/v5/rubik/stat/contracts/long-short-account-ratio": (Okx.ratio, "ratio"),
    "/api/v5/rubik/stat/taker-volume": (Okx.taker, "taker"),
}
