"""BtcTurk's public REST API in front of the tape: pairs in lira and USDT."""

from collections.abc import Iterable
from typing import Any

from local.grid import INTERVALS
from local.pairs import Pair
from local.venue import Listing, Query, Venue, listed, shown

RESOLUTIONS = {
    "1": "1m",
    "15": "15m",
    "30": "30m",
    "60": "1h",
    "240": "4h",
    "1 d": "1d",
    "1 w": "1w",
}
MOST = 11_000


def told(data: Any, code: Any = 0) -> dict[str, Any]:
    """Return data in the envelope."""
    return {"data": data, "success": True, "message": "", "code": code}


class BtcTurk(Venue):
    """Answer requests to BtcTurk and to its charts."""

    hosts = ("api.btcturk.com", "graph-api.btcturk.com")
    crowded = (429, {"data": None, "success": False, "message": "TOO_MANY_REQUESTS", "code": 429})
    tells_wait = True

    def lists(self) -> Iterable[Listing]:
        """Return the dollar and the lira pairs, and the same coins in USDT."""
        lira = [pair for pair in self.tape.pairs.values() if pair.quote == "TRY"]
        coins = [self.tape.pairs[pair.parent] for pair in lira if pair.parent]
        for pair in (*lira, *coins):
            yield listed("btcturk", pair.symbol, pair, share=0.6 if pair.quote == "TRY" else 0.01)

    def tickers(self, query: Query) -> Any:
        """Answer the 24 hours of all pairs or one; an unknown one is an empty list."""
        rows = self.traded(query.now_ms)
        if "pairSymbol" in query.sent:
            rows = [row for row in rows if row.name == query.sent["pairSymbol"]]
        figures = self.day(rows, query.now_ms).tolist() if rows else []
        pairs = enumerate(zip(rows, figures, strict=True))
        return told([ticker(*pair, 1000 + i, query.now_ms) for i, pair in pairs])

    def klines(self, query: Query) -> Any:
        """Answer candles as columns, none where nothing was traded."""
        row = self.listings.get(query.sent.get("symbol", ""))
        resolution = RESOLUTIONS.get(query.sent.get("resolution", ""))
        start, end = query.number("from"), query.number("to")
        if None in (row, resolution, start, end):
            return {"s": "no_data", **{name: [] for name in "tholcv"}}
        bars = self.candles(
            row,
            resolution,
            query.now_ms,
            start_ms=start * 1000,
            end_ms=end * 1000,
            limit=min((end - start) // INTERVALS[resolution] + 1, MOST),
        )
        bars = bars[bars[:, 5] > 0].T
        times = [int(at / 1000) for at in bars[0]]
        columns = {name: bars[i].tolist() for name, i in zip("holcv", (2, 1, 3, 4, 5), strict=True)}
        return {"s": "ok" if times else "no_data", "t": times, **columns}


def ticker(row: Listing, figures: list[float], order: int, now_ms: int) -> dict[str, Any]:
    """Return a pair's 24 hours."""
    first, high, low, last, volume, quote, _, bid, ask = figures
    names = ("last", "high", "low", "bid", "ask", "open", "average", "daily")
    mean = quote / volume if volume else last
    prices = map(float, shown((last, high, low, bid, ask, first, mean, last - first), row.digits))
    pair: Pair = row.pair
    return {
        "pair": row.name,
        "pairNormalized": f"{pair.base}_{pair.quote}",
        "timestamp": now_ms,
        **dict(zip(names, prices, strict=True)),
        "volume": round(volume, 8),
        "dailyPercent": round(100 * (last / first - 1), 2),
        "denominatorSymbol": pair.quote,
        "numeratorSymbol": pair.base,
        "order": order,
    }


BtcTurk.limits = {"tickers": (600, 60), "charts": (600, 600)}
BtcTurk.paths = {
    "/api/v2/ticker": (BtcTurk.tickers, "tickers"),
    "/v1/klines/history": (BtcTurk.klines, "charts"),
}
