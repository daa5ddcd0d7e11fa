"""Bybit's public REST API in front of the tape: spot, perpetual contracts and their history."""

import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np

from local.grid import INTERVALS
from local.pairs import shares_of
from local.perpetuals import HOUR_MS, Perpetuals, due, hours_of, leaning, perpetual_pairs, stamps
from local.tape import Tape
from local.venue import SINGLE, Failure, Listing, Query, Venue, listed, shown, spot_pairs

CONTRACTS = {
    **{base: (f"1000{base}", 1e3) for base in ("PEPE", "BONK", "FLOKI", "LUNC", "XEC")},
    "SHIB": ("SHIB1000", 1e3),
    "1000SATS": ("10000SATS", 10.0),
    "1000CHEEMS": ("1000000CHEEMS", 1e3),
    "1MBABYDOGE": ("1000000BABYDOGE", 1.0),
}
INTERVALS_OF = {
    "1": "1m",
    "3": "3m",
    "5": "5m",
    "15": "15m",
    "30": "30m",
    "60": "1h",
    "120": "2h",
    "240": "4h",
    "360": "6h",
    "720": "12h",
    "D": "1d",
    "W": "1w",
    "M": "1M",
}
PERIODS = {"5min": "5m", "15min": "15m", "30min": "30m", "1h": "1h", "4h": "4h", "1d": "1d"}


def failed(code: int, words: str, now_ms: int) -> Failure:
    """Return an error in the envelope."""
    body = {"retCode": code, "retMsg": words, "result": {}, "retExtInfo": {}, "time": now_ms}
    return Failure(200, body)


def told(query: Query, result: dict[str, Any]) -> dict[str, Any]:
    """Return a result in the envelope."""
    return {
        "retCode": 0,
        "retMsg": "OK",
        "result": result,
        "retExtInfo": {},
        "time": query.now_ms,
    }


class Bybit(Venue):
    """Answer requests to Bybit."""

    hosts = ("api.bybit.com", "api.bytick.com")
    missing = (404, "404 page not found")
    crowded = (403, "access too frequent")

    def __init__(self, tape: Tape, clock: Callable[[], float] = time.time) -> None:
        super().__init__(tape, clock)
        self._people = Perpetuals(tape)

    def lists(self) -> Iterable[Listing]:
        """Return the spot pairs."""
        for pair in spot_pairs(self.tape, ("USDT", "BTC"), "bybit", 2e5):
            coin, scale = SINGLE.get(pair.base, (pair.base, 1))
            yield listed("bybit", coin + pair.quote, pair, scale, 0.2)

    @cached_property
    def contracts(self) -> dict[str, Listing]:
        """Return the perpetual contracts by their names."""
        found = {}
        for pair in perpetual_pairs(self.tape):
            if shares_of(f"bybit {pair.base}")[3] < 0.8 or pair.turnover > 2e7:
                coin, scale = CONTRACTS.get(pair.base, (pair.base, 1))
                found[f"{coin}USDT"] = listed("bybit", f"{coin}USDT", pair, scale, 1)
        return found

    def _rows(self, query: Query, *categories: str) -> dict[str, Listing]:
        """Return what the category asked for holds."""
        category = query.sent.get("category", "")
        if category not in categories:
            raise failed(10001, "Illegal category", query.now_ms)
        return self.listings if category == "spot" else self.contracts

    def _row(self, query: Query, *categories: str) -> Listing:
        row = self._rows(query, *categories).get(query.sent.get("symbol", ""))
        if row is None or row.pair.listed_ms > query.now_ms:
            raise failed(10001, "Not supported symbols", query.now_ms)
        return row

    def kline(self, query: Query) -> Any:
        """Answer candles, newest first."""
        row, interval = self._row(query, "spot", "linear"), query.sent.get("interval", "")
        if interval not in INTERVALS_OF:
            raise failed(10001, "Invalid period!", query.now_ms)
        bounds = {"start_ms": query.number("start"), "end_ms": query.number("end")}
        limit = query.limit(200, 1000)
        bars = self.candles(row, INTERVALS_OF[interval], query.now_ms, limit=limit, **bounds)
        rows = [
            [f"{at:.0f}", *shown(prices, row.digits), f"{volume:.8f}", f"{quote:.8f}"]
            for at, *prices, volume, quote, _ in bars[::-1].tolist()
        ]
        return told(query, {"symbol": row.name, "category": query.sent["category"], "list": rows})

    def tickers(self, query: Query) -> Any:
        """Answer the 24 hours of one pair or all of a category."""
        known = self._rows(query, "spot", "linear")
        rows = [row for row in known.values() if row.pair.listed_ms <= query.now_ms]
        if "symbol" in query.sent:
            rows = [self._row(query, "spot", "linear")]
        figures = self.day(rows, query.now_ms).tolist()
        told_rows = [ticker(*row) for row in zip(rows, figures, strict=True)]
        if known is self.contracts:
            derived = self._derived(rows, query.now_ms)
            for told_row, *more in zip(told_rows, rows, derived, strict=True):
                told_row.update(linear(*more, query.now_ms))
        return told(query, {"category": query.sent["category"], "list": told_rows})

    def _derived(self, rows: list[Listing], now_ms: int) -> list[list[float]]:
        """Return rate, index, mark and open interest in contract units of each contract."""
        symbols = [row.pair.symbol for row in rows]
        rates = self._rates(rows, now_ms)[:, 0]
        premium = self._people.premium(symbols, now_ms)[:, 0]
        index = self.index(rows, now_ms)
        units = self._interests(rows, now_ms)[:, 0]
        return np.stack([rates, index, index * (1 + premium), units]).T.tolist()

    def _rates(self, rows: list[Listing], times: np.ndarray | int) -> np.ndarray:
        bases = [row.pair.base for row in rows]
        lean = np.array([[leaning("bybit", base)[0] * hours_of(base) / 8] for base in bases])
        return self._people.funding([row.pair.symbol for row in rows], times) * lean

    def _interests(self, rows: list[Listing], times: np.ndarray | int) -> np.ndarray:
        part = [leaning("bybit", row.pair.base)[1] / row.scale for row in rows]
        symbols = [row.pair.symbol for row in rows]
        return self._people.interest(symbols, times) * np.array(part)[:, None]

    def instruments(self, query: Query) -> Any:
        """Answer the contracts with the minutes between their payments, and one that ends."""
        rows = [instrument(row) for row in self._rows(query, "linear").values()]
        rows.append(rows[0] | {"symbol": "BTC-25DEC26", "contractType": "LinearFutures"})
        return told(query, {"category": "linear", "list": rows, "nextPageCursor": ""})

    def funding_history(self, query: Query) -> Any:
        """Answer what was paid, newest first."""
        row = self._row(query, "linear")
        hours = hours_of(row.pair.base)
        first = max(query.number("startTime", 0), row.pair.listed_ms)
        last = min(query.number("endTime", query.now_ms), query.now_ms)
        times = stamps(last, hours * HOUR_MS, query.limit(200, 200), first)
        rates = self._rates([row], times)[0] if len(times) else []
        rows = [
            {
                "symbol": row.name,
                "fundingRate": f"{rate:.8f}",
                "fundingRateTimestamp": str(at),
            }
            for at, rate in zip(times.tolist(), rates, strict=True)
        ]
        return told(query, {"category": "linear", "list": rows[::-1]})

    def _stamps(self, query: Query, row: Listing, name: str, limit: int) -> np.ndarray:
        """Return the times of a statistic."""
        period = query.sent.get(name, "")
        if period not in PERIODS:
            raise failed(10001, "params error: period invalid", query.now_ms)
        return stamps(query.now_ms, INTERVALS[PERIODS[period]] * 1000, limit, row.pair.listed_ms)

    def open_interest(self, query: Query) -> Any:
        """Answer open interest at each period, newest first."""
        row = self._row(query, "linear")
        times = self._stamps(query, row, "intervalTime", query.limit(50, 200))
        units = self._interests([row], times)[0] if len(times) else []
        rows = [
            {"openInterest": f"{many:.8f}", "timestamp": str(at)}
            for at, many in zip(times.tolist(), units, strict=True)
        ]
        return told(query, {"symbol": row.name, "category": "linear", "list": rows[::-1]})

    def account_ratio(self, query: Query) -> Any:
        """Answer the shares of longs and shorts by accounts, newest first."""
        row = self._row(query, "linear")
        times = self._stamps(query, row, "period", query.limit(50, 500))
        ratios = self._people.ratio(row.pair.symbol, times, "global") if len(times) else []
        rows = []
        for at, ratio in zip(times.tolist(), ratios, strict=True):
            long = round(ratio / (1 + ratio), 4)
            sides = {"buyRatio": f"{long:.4f}", "sellRatio": f"{1 - long:.4f}"}
            rows.append({"symbol": row.name, **sides, "timestamp": str(at)})
        return told(query, {"list": rows[::-1]})


def ticker(row: Listing, figures: list[float]) -> dict[str, str]:
    """Return a pair's 24 hours."""
    first, high, low, last, volume, quote, _, bid, ask = figures
    names = ("bid1Price", "ask1Price", "lastPrice", "prevPrice24h", "highPrice24h", "lowPrice24h")
    prices = shown((bid, ask, last, first, high, low), row.digits)
    return {
        "symbol": row.name,
        **dict(zip(names, prices, strict=True)),
        "bid1Size": "1",
        "ask1Size": "1",
        "price24hPcnt": f"{last / first - 1:.4f}",
        "turnover24h": f"{quote:.8f}",
        "volume24h": f"{volume:.8f}",
        "usdIndexPrice": "",
    }


def instrument(row: Listing) -> dict[str, Any]:
    """Return a contract's entry among the instruments."""
    return {
        "symbol": row.name,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": row.name.removesuffix("USDT"),
        "quoteCoin": "USDT",
        "settleCoin": "USDT",
        "launchTime": str(row.pair.listed_ms),
        "deliveryTime": "0",
        "fundingInterval": 60 * hours_of(row.pair.base),
    }


def linear(row: Listing, derived: list[float], now_ms: int) -> dict[str, str]:
    """Return what a contract's ticker has besides a spot pair's."""
    rate, index, mark, units = derived
    hours = hours_of(row.pair.base)
    return {
        "indexPrice": f"{index:.{row.digits}f}",
        "markPrice": f"{mark:.{row.digits}f}",
        "openInterest": f"{units:.4f}",
        "openInterestValue": f"{units * mark:.4f}",
        "fundingRate": f"{rate:.8f}",
        "nextFundingTime": str(due(now_ms, hours)),
        "fundingIntervalHour": str(hours),
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
    }


Bybit.limits = {"address": (600, 5)}
Bybit.paths = {
    "/v5/market/kline": (Bybit.kline, "address"),
    "/v5/market/tickers": (Bybit.tickers, "address"),
    "/v5/market/instruments-info": (Bybit.instruments, "address"),
    "/v5/market/funding/history": (Bybit.funding_history, "address"),
    "/v5/market/open-interest": (Bybit.open_interest, "address"),
    "/v5/market/account-ratio": (Bybit.account_ratio, "address"),
}
