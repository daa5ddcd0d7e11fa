"""Binance USD-M futures' public REST API in front of the tape and its perpetual contracts."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from requests import PreparedRequest

from local.binance_query import ERRORS
from local.grid import INTERVALS
from local.markets import Answer
from local.paths import over
from local.perpetuals import HOUR_MS, Perpetuals, due, hours_of, perpetual_pairs, stamps
from local.tape import Tape
from local.venue import Failure, Listing, Query, Venue, listed, shown

LIMIT = 2400
THOUSANDS = ("PEPE", "SHIB", "BONK", "FLOKI", "LUNC", "XEC")
PERIODS = ("5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d")
MONTH_MS = 30 * 24 * HOUR_MS
CROWDED = f"Too many requests; current limit of IP is {LIMIT} requests per minute."
WEIGHTS = ((99, 1), (499, 2), (1000, 5), (1500, 10))
ADJUSTED = {"adjustedFundingRateCap": "0.02000000", "adjustedFundingRateFloor": "-0.02000000"}
# Since both futures markets became one, lists name other contracts than perpetuals in USDT too.
OTHERS = (("BTCUSDT_261225", "BTCUSDT", "CURRENT_QUARTER"), ("BTCUSD_PERP", "BTCUSD", "PERPETUAL"))


def refused(code: int, *words: object, status: int = 400) -> Failure:
    """Return an error the way Binance tells it."""
    return Failure(status, {"code": code, "msg": ERRORS[code].format(*words)})


class Futures(Venue):
    """Answer requests to Binance's futures; weight is counted per clock minute."""

    hosts = ("fapi.binance.com",)
    crowded = (429, {"code": -1003, "msg": CROWDED})
    tells_wait = True

    def __init__(self, tape: Tape, clock: Callable[[], float] = time.time) -> None:
        super().__init__(tape, clock)
        self._people, self._used = Perpetuals(tape), (0, 0)
        self._lock = threading.Lock()

    def lists(self) -> Iterable[Listing]:
        """Return the perpetual contracts; those on cheap coins hold a thousand of them."""
        for pair in perpetual_pairs(self.tape):
            scale = 1000 if pair.base in THOUSANDS else 1
            name = pair.symbol if scale == 1 else f"1000{pair.symbol}"
            yield listed("futures", name, pair, scale, 3)

    def answer(self, request: PreparedRequest) -> Answer:
        """Return the exchange's answer with the weight that the minute has used."""
        answer = super().answer(request)
        used = self._weigh(0, int(self._clock() // 60))
        return answer._replace(headers=answer.headers | {"X-MBX-USED-WEIGHT-1M": str(used)})

    def _weigh(self, weight: int, minute: int) -> int:
        with self._lock:
            used = weight + (self._used[1] if self._used[0] == minute else 0)
            self._used = (minute, used)
        return used

    def _charge(self, query: Query, weight: int) -> None:
        minute, second = divmod(query.now_ms // 1000, 60)
        if self._weigh(weight, minute) > LIMIT:
            raise self.too_many(60 - second)

    def _row(self, query: Query) -> Listing:
        name = query.sent.get("symbol", "")
        if not name:
            raise refused(-1102, "symbol")
        row = self.listings.get(name)
        if row is None or row.pair.listed_ms > query.now_ms:
            raise refused(-1121)
        return row

    def _rows(self, query: Query, one: int, every: int) -> list[Listing]:
        """Return the listing named, else all; charge the one weight or the other."""
        self._charge(query, one if "symbol" in query.sent else every)
        return [self._row(query)] if "symbol" in query.sent else self.traded(query.now_ms)

    def _told(self, query: Query, rows: list[Any]) -> Any:
        return rows[0] if "symbol" in query.sent else rows

    def exchange_info(self, query: Query) -> Any:
        """Answer the contracts and their rules."""
        self._charge(query, 1)
        rows = [contract_info(row) for row in self.traded(query.now_ms)]
        model = rows[0]
        for name, pair, kind in OTHERS:
            quote = "USD" if kind == "PERPETUAL" else "USDT"
            rows.append(
                model | {"symbol": name, "pair": pair, "contractType": kind, "quoteAsset": quote}
            )
        return {"timezone": "UTC", "serverTime": query.now_ms, "symbols": rows}

    def premium_index(self, query: Query) -> Any:
        """Answer marks, indices and the funding of the running period."""
        rows = self._rows(query, 1, 10)
        symbols = [row.pair.symbol for row in rows]
        rates = self._people.funding(symbols, query.now_ms)[:, 0]
        premium = self._people.premium(symbols, query.now_ms)[:, 0]
        index = self.index(rows, query.now_ms)
        told = []
        for row, rate, price, more in zip(rows, rates, index, premium, strict=True):
            hours = hours_of(row.pair.base)
            prices = shown((price * (1 + more), price), 8)
            told.append(marked(row.name, *prices, f"{rate * hours / 8:.8f}", query.now_ms))
            told[-1]["nextFundingTime"] = due(query.now_ms, hours)
        if "symbol" not in query.sent:
            told += [marked(name, *prices, "", query.now_ms) for name, *_ in OTHERS]
        return self._told(query, told)

    def funding_rate(self, query: Query) -> Any:
        """Answer what was paid, oldest first."""
        row, hours = self._row(query), hours_of(self._row(query).pair.base)
        first = max(query.number("startTime", 0), row.pair.listed_ms)
        last = min(query.number("endTime", query.now_ms), query.now_ms)
        most = query.limit(200, 1000)
        every = stamps(last, hours * HOUR_MS, 10**6 if "startTime" in query.sent else most, first)
        times = every[:most] if "startTime" in query.sent else every
        if not len(times):
            return []
        rates = self._people.funding([row.pair.symbol], times)[0] * hours / 8
        bars = self.tape.candles(
            row.pair.symbol,
            f"{hours}h",
            query.now_ms,
            start_ms=int(times[0]),
            limit=len(times),
        )
        marks = bars[:, 1] * row.scale
        return [
            {
                "symbol": row.name,
                "fundingRate": f"{rate:.8f}",
                "fundingTime": int(at),
                "markPrice": f"{mark:.8f}",
                "rateType": "Regular",
            }
            for at, rate, mark in zip(times, rates, marks, strict=True)
        ]

    def funding_info(self, query: Query) -> Any:
        """Answer the contracts whose interval is not the usual eight hours."""
        hours = [(row.name, hours_of(row.pair.base)) for row in self.traded(query.now_ms)]
        return [
            {"symbol": name, **ADJUSTED, "fundingIntervalHours": number, "disclaimer": False}
            for name, number in hours
            if number != 8
        ]

    def open_interest(self, query: Query) -> Any:
        """Answer a contract's open interest in its own units."""
        self._charge(query, 1)
        row = self._row(query)
        units = self._people.interest([row.pair.symbol], query.now_ms)[0, 0] / row.scale
        return {"openInterest": f"{units:.3f}", "symbol": row.name, "time": query.now_ms}

    def klines(self, query: Query) -> Any:
        """Answer candles."""
        limit = query.limit(500, 1500)
        self._charge(query, next(weight for most, weight in WEIGHTS if limit <= most))
        row, interval = self._row(query), query.sent.get("interval", "")
        if interval not in INTERVALS or interval == "1s":
            raise refused(-1120)
        bounds = {"start_ms": query.number("startTime"), "end_ms": query.number("endTime")}
        spot = self.tape.candles(row.pair.symbol, interval, query.now_ms, limit=limit, **bounds)
        ends, share = spot[:, 6].tolist(), over(spot[:, 9], spot[:, 5]).tolist()
        bars = zip(self.own(row, spot).tolist(), ends, share, strict=True)
        return [kline(*bar, row.digits) for bar in bars]

    def day_tickers(self, query: Query) -> Any:
        """Answer the rolling 24 hours, without best bids and asks."""
        rows = self._rows(query, 1, 40)
        figures = self.day(rows, query.now_ms).tolist()
        told = [day_ticker(*pair, query.now_ms) for pair in zip(rows, figures, strict=True)]
        if "symbol" not in query.sent:
            told += [told[0] | {"symbol": name} for name, *_ in OTHERS]
        return self._told(query, told)

    def _stamps(self, query: Query, name: str) -> tuple[Listing | None, np.ndarray]:
        """Return a contract and the times at which its statistics are told; none if unknown."""
        period = query.sent.get("period", "")
        if period not in PERIODS:
            raise Failure(400, {"code": -1130, "msg": ERRORS[-1130].format("period")})
        row, step = self.listings.get(query.sent.get(name, "")), INTERVALS[period] * 1000
        first = max(query.now_ms - MONTH_MS, row.pair.listed_ms if row else 0)
        times = stamps(query.now_ms, step, query.limit(30, 500), first)
        return (row if len(times) else None), times

    def interest_history(self, query: Query) -> Any:
        """Answer open interest at each period's end."""
        row, times = self._stamps(query, "symbol")
        if row is None:
            return []
        units = self._people.interest([row.pair.symbol], times)[0] / row.scale
        prices = self._index(row, query, times)
        return [
            {
                "symbol": row.name,
                "sumOpenInterest": f"{many:.8f}",
                "sumOpenInterestValue": f"{many * price:.8f}",
                "CMCCirculatingSupply": f"{many * 30:.3f}",
                "timestamp": int(at),
            }
            for at, many, price in zip(times, units, prices, strict=True)
        ]

    def _index(self, row: Listing, query: Query, times: np.ndarray) -> np.ndarray:
        """Return the index at times that open a period's candles."""
        first, last = int(times[0]), int(times[-1])
        bounds = {"start_ms": first, "end_ms": last, "limit": len(times)}
        bars = self.tape.candles(row.pair.symbol, query.sent["period"], query.now_ms, **bounds)
        return bars[:, 1] * row.scale

    def ratio(self, query: Query, who: str) -> Any:
        """Answer one of the long-short ratios."""
        row, times = self._stamps(query, "symbol")
        if row is None:
            return []
        ratios = self._people.ratio(row.pair.symbol, times, who)
        return [
            {
                "symbol": row.name,
                "longShortRatio": f"{ratio:.4f}",
                "longAccount": f"{ratio / (1 + ratio):.4f}",
                "shortAccount": f"{1 / (1 + ratio):.4f}",
                "timestamp": int(at),
            }
            for at, ratio in zip(times, ratios, strict=True)
        ]

    def taker(self, query: Query) -> Any:
        """Answer what takers bought and sold in each period that has begun."""
        row, times = self._stamps(query, "symbol")
        if row is None:
            return []
        bounds = {"start_ms": int(times[0]), "limit": len(times)}
        bars = self.tape.candles(row.pair.symbol, query.sent["period"], query.now_ms, **bounds)
        bought = bars[:, 9] * row.share / row.scale
        sold = np.maximum(bars[:, 5] * row.share / row.scale - bought, 1e-4)
        return [
            {
                "buySellRatio": f"{buy / sell:.4f}",
                "buyVol": f"{buy:.4f}",
                "sellVol": f"{sell:.4f}",
                "timestamp": int(at),
            }
            for at, buy, sell in zip(bars[:, 0], bought, sold, strict=True)
        ]

    def basis(self, query: Query) -> Any:
        """Answer how far a perpetual is above its index."""
        row, times = self._stamps(query, "pair")
        if row is None or query.sent.get("contractType") != "PERPETUAL":
            return []
        index = self._index(row, query, times)
        price = index * (1 + self._people.premium([row.pair.symbol], times)[0])
        return [
            {
                "indexPrice": f"{spot:.8f}",
                "contractType": "PERPETUAL",
                "basisRate": f"{future / spot - 1:.4f}",
                "futuresPrice": f"{future:.8f}",
                "annualizedBasisRate": "",
                "basis": f"{future - spot:.8f}",
                "pair": row.name,
                "timestamp": int(at),
            }
            for at, spot, future in zip(times, index, price, strict=True)
        ]


def marked(name: str, mark: str, index: str, rate: str, now_ms: int) -> dict[str, Any]:
    """Return a contract's entry in premiumIndex; one without funding has no next payment."""
    return {
        "symbol": name,
        "markPrice": mark,
        "indexPrice": index,
        "estimatedSettlePrice": index,
        "lastFundingRate": rate,
        "interestRate": "0.00010000" if rate else "",
        "nextFundingTime": 0,
        "time": now_ms,
    }


def contract_info(row: Listing) -> dict[str, Any]:
    """Return a contract's entry in exchangeInfo."""
    tick = f"{10.0**-row.digits:.{row.digits}f}"
    return {
        "symbol": row.name,
        "pair": row.name,
        "contractType": "PERPETUAL",
        "status": "TRADING",
        "baseAsset": row.name.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": row.digits,
        "quantityPrecision": max(0, row.pair.lot),
        "onboardDate": row.pair.listed_ms,
        "filters": [{"filterType": "PRICE_FILTER", "tickSize": tick}],
    }


def kline(bar: list[float], end: float, share: float, digits: int) -> list[Any]:
    """Return a candle's row; `share` of it was bought by takers."""
    volume, quote = bar[5:7]
    return [
        int(bar[0]),
        *shown(bar[1:5], digits),
        f"{volume:.8f}",
        int(end),
        f"{quote:.8f}",
        int(bar[7]),
        *shown((volume * share, quote * share), 8),
        "0",
    ]


def day_ticker(row: Listing, figures: list[float], now_ms: int) -> dict[str, Any]:
    """Return a contract's 24 hours."""
    first, high, low, last, volume, quote, count = figures[:7]
    mean = quote / volume if volume else last
    names = ("priceChange", "weightedAvgPrice", "lastPrice", "openPrice", "highPrice", "lowPrice")
    prices = shown((last - first, mean, last, first, high, low), row.digits)
    return {
        "symbol": row.name,
        "priceChangePercent": f"{(last / first - 1) * 100:.3f}",
        **dict(zip(names, prices, strict=True)),
        "volume": f"{volume:.8f}",
        "quoteVolume": f"{quote:.8f}",
        "openTime": now_ms - 24 * HOUR_MS,
        "closeTime": now_ms,
        "count": int(count),
    }


def crowd(who: str) -> Callable[[Futures, Query], Any]:
    """Return what answers for one of the long-short ratios."""
    return lambda venue, query: venue.ratio(query, who)


Futures.limits = {"weight": (LIMIT, 60), "funding": (500, 300), "data": (1000, 300)}
Futures.paths = {
    "/fapi/v1/exchangeInfo": (Futures.exchange_info, "weight"),
    "/fapi/v1/premiumIndex": (Futures.premium_index, "weight"),
    "/fapi/v1/fundingRate": (Futures.funding_rate, "funding"),
    "/fapi/v1/fundingInfo": (Futures.funding_info, "funding"),
    "/fapi/v1/openInterest": (Futures.open_interest, "weight"),
    "/fapi/v1/klines": (Futures.klines, "weight"),
    "/fapi/v1/ticker/24hr": (Futures.day_tickers, "weight"),
    "/futures/data/openInterestHist": (Futures.interest_history, "data"),
    "/futures/data/globalLongShortAccountRatio": (crowd("global"), "data"),
    "/futures/data/topLongShortAccountRatio": (crowd("account"), "data"),
    "/futures/data/topLongShortPositionRatio": (crowd("position"), "data"),
    "/futures/data/takerlongshortRatio": (Futures.taker, "data"),
    "/futures/data/basis": (Futures.basis, "data"),
}
