"""CoinMarketCap's API in front of the tape, keyed and keyless: its JSON and its error codes."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from requests import PreparedRequest

from local.coins import STABLE, Coins, Snapshot, iso, totals
from local.faces import Call, Meter, answer, call, figure
from local.markets import Answer, Face

HOST = "pro-api.coinmarketcap.com"
FREE = "public-api/"
LIMIT = 30
DEFI = "decentralized-finance-defi"
ERRORS = {
    400: (400, "Invalid value for a parameter."),
    404: (404, "The requested path does not exist."),
    1002: (401, "API key missing."),
    1008: (
        429,
        "You've exceeded your API Key's HTTP request rate limit. Rate limits reset every minute.",
    ),
}


class CoinMarketCap:
    """Answer what CoinMarketCap would say of the tape's coins, at the clock's time."""

    def __init__(self, coins: Coins, clock: Callable[[], float] = time.time) -> None:
        self._coins, self._clock = coins, clock
        self._meters = {"keyed": Meter(LIMIT), "free": Meter(LIMIT)}

    def faces(self) -> dict[str, Face]:
        """Return what answers for the host."""
        return {HOST: self.answer}

    def answer(self, request: PreparedRequest) -> Answer:
        """Return the answer to a request: data or nothing, and a status that says which."""
        asked = call(request, self._clock, "X-CMC_PRO_API_KEY")
        free = asked.path.startswith(FREE)
        code, data = self._run(asked, free)
        status, text = ERRORS.get(code, (200, None))
        told: dict[str, Any] = {
            "timestamp": iso(asked.now_ms),
            "error_code": str(code) if free else code,
            "error_message": text,
            "elapsed": 10,
            "credit_count": int(not code),
        }
        body = {"status": told} if code else {"status": told, "data": data}
        return answer(body, asked.now_ms, status)

    def _run(self, asked: Call, free: bool) -> tuple[int, Any]:
        """Return the error code and the data."""
        if not free and not asked.key:
            return 1002, None
        if self._meters["free" if free else "keyed"].full(asked.now_ms):
            return 1008, None
        path = asked.path.removeprefix(FREE)
        if path not in PATHS:
            return 404, None
        if asked.sent.get("convert", "USD") != "USD":
            return 400, None
        return 0, PATHS[path](self, asked, self._coins.snapshot(asked.now_ms))

    def everything(self, _: Call, market: Snapshot) -> Any:
        """Answer the whole market and what of it was different yesterday."""
        coins = self._coins
        places = [coins.by_symbol[one] for one in STABLE]
        defi = next(places for group, _, places in coins.groups() if group == DEFI)
        return {
            "active_cryptocurrencies": len(market.order),
            "total_cryptocurrencies": len(coins.coins),
            "active_exchanges": 1,
            **self._share("BTC", market),
            **self._share("ETH", market),
            "stablecoin_market_cap": float(market.cap[places].sum()),
            "stablecoin_volume_24h": float(market.volume[places].sum()),
            "defi_market_cap": float(np.nansum(market.cap[defi])),
            "quote": {"USD": self._dollars(market)},
            "last_updated": iso(market.at_ms),
        }

    def _share(self, symbol: str, market: Snapshot) -> dict[str, float]:
        """Return a coin's share of the market now and yesterday."""
        place, name = self._coins.by_symbol[symbol], f"{symbol.lower()}_dominance"
        now, then = (
            100 * float(cap[place] / np.nansum(cap))
            for cap in (market.cap, market.past["24h"] * self._coins.supply)
        )
        change = f"{name}_24h_percentage_change"
        return {name: now, f"{name}_yesterday": then, change: now - then}

    def _dollars(self, market: Snapshot) -> dict[str, Any]:
        """Return the market's totals in USD."""
        bitcoin = self._coins.by_symbol["BTC"]
        now, then = totals(market, self._coins.supply)
        volume = float(np.nansum(market.volume[market.order]))
        return {
            "total_market_cap": now,
            "total_volume_24h": volume,
            "altcoin_market_cap": now - float(market.cap[bitcoin]),
            "altcoin_volume_24h": volume - float(market.volume[bitcoin]),
            "total_market_cap_yesterday": then,
            "total_market_cap_yesterday_percentage_change": 100 * (now / then - 1),
            "last_updated": iso(market.at_ms),
        }

    def rows(self, asked: Call, market: Snapshot) -> Any:
        """Answer the coins by rank, each with its quote by currency."""
        first, limit = asked.number("start", 1, 10_000), asked.number("limit", 100, 5000)
        known = market.order[np.isfinite(market.cap[market.order])]
        whole, spans = float(np.nansum(market.cap)), ("1h", "24h", "7d", "30d")
        changes = {span: market.change(span) for span in spans}
        return [
            self._row(int(i), market, changes, whole) for i in known[first - 1 : first - 1 + limit]
        ]

    def _row(
        self, i: int, market: Snapshot, changes: dict[str, np.ndarray], whole: float
    ) -> dict[str, Any]:
        coin = self._coins.coins[i]
        usd = {
            "price": figure(market.price[i]),
            "volume_24h": figure(market.volume[i]),
            **{f"percent_change_{span}": figure(past[i]) for span, past in changes.items()},
            "market_cap": figure(market.cap[i]),
            "market_cap_dominance": figure(100 * market.cap[i] / whole, 6),
            "fully_diluted_market_cap": figure(market.price[i] * (coin.most or coin.supply)),
            "last_updated": iso(market.at_ms),
        }
        return {
            "id": i + 1,
            "name": coin.name,
            "symbol": coin.symbol,
            "slug": coin.id,
            "cmc_rank": int(market.rank[i]),
            "circulating_supply": figure(coin.supply),
            "max_supply": coin.most,
            "date_added": iso(coin.listed_ms),
            "last_updated": iso(market.at_ms),
            "quote": {"USD": usd},
        }

    def listed(self, asked: Call, market: Snapshot) -> Any:
        """Answer the coins by rank, each with a list of quotes, as the third version does."""
        rows = self.rows(asked, market)
        return [{**row, "quote": [{"symbol": "USD", **row["quote"]["USD"]}]} for row in rows]


PATHS: dict[str, Callable[[CoinMarketCap, Call, Snapshot], Any]] = {
    "v1/global-metrics/quotes/latest": CoinMarketCap.everything,
    "v1/cryptocurrency/listings/latest": CoinMarketCap.rows,
    "v3/cryptocurrency/listings/latest": CoinMarketCap.listed,
}
