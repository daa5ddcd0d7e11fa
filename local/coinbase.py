"""Coinbase Exchange's public REST API in front of the tape; the tape's tethers are its dollars."""

from collections.abc import Iterable
from typing import Any

from local.venue import Failure, Listing, Query, Venue, listed, shown, spot_pairs

GRANULARITIES = {60: "1m", 300: "5m", 900: "15m", 3600: "1h", 21600: "6h", 86400: "1d"}
ROWS = 300


class Coinbase(Venue):
    """Answer requests to Coinbase Exchange."""

    hosts = ("api.exchange.coinbase.com",)
    missing = (404, {"message": "NotFound"})
    crowded = (429, {"message": "Public rate limit exceeded"})

    def lists(self) -> Iterable[Listing]:
        """Return the products: against the dollar, bitcoin and ether."""
        for pair in spot_pairs(self.tape, ("USDT", "BTC", "ETH"), "coinbase", 1e5):
            quote = pair.quote.replace("USDT", "USD")
            yield listed("coinbase", f"{pair.base}-{quote}", pair, share=0.12)

    def _row(self, query: Query) -> Listing:
        if not query.headers.get("User-Agent"):
            raise Failure(400, {"message": "User-Agent header is required."})
        row = self.listings.get(query.parts[0])
        if row is None or row.pair.listed_ms > query.now_ms:
            raise Failure(*self.missing)
        return row

    def product_candles(self, query: Query) -> Any:
        """Answer candles, newest first, none where nothing was traded."""
        row, seconds = self._row(query), query.number("granularity", 60)
        if seconds not in GRANULARITIES:
            raise Failure(400, {"message": "Unsupported granularity"})
        bars = self.candles(row, GRANULARITIES[seconds], query.now_ms, limit=ROWS)
        return [
            [int(at / 1000), low, high, first, last, volume]
            for at, first, high, low, last, volume, *_ in bars[::-1].tolist()
            if volume
        ]

    def stats(self, query: Query) -> Any:
        """Answer one product's last 24 hours."""
        row = self._row(query)
        (figures,) = self.day([row], query.now_ms).tolist()
        return {**figured(row, figures), "volume_30day": f"{figures[4] * 30:.8f}"}

    def every(self, query: Query) -> Any:
        """Answer the last 24 hours of every product."""
        rows = self.traded(query.now_ms)
        figures = self.day(rows, query.now_ms).tolist()
        return {
            row.name: {
                "stats_30day": {"volume": f"{found[4] * 30:.8f}"},
                "stats_24hour": figured(row, found),
            }
            for row, found in zip(rows, figures, strict=True)
        }


def figured(row: Listing, figures: list[float]) -> dict[str, str]:
    """Return a product's prices and volume of the last 24 hours."""
    names = ("open", "high", "low", "last")
    prices = dict(zip(names, shown(figures[:4], row.digits), strict=True))
    return {**prices, "volume": f"{figures[4]:.8f}"}


Coinbase.limits = {"address": (10, 1)}
Coinbase.paths = {
    "/products/stats": (Coinbase.every, "address"),
    "/products/([^/]+)/candles": (Coinbase.product_candles, "address"),
    "/products/([^/]+)/stats": (Coinbase.stats, "address"),
}
