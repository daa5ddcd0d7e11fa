"""CoinGecko's public API in front of the tape: its paths, its JSON and its ways to refuse."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from requests import PreparedRequest

from local.coins import Coins, Snapshot, iso, totals
from local.faces import Call, Meter, answer, call, figure
from local.markets import Answer, Face

HOST = "api.coingecko.com"
ROOT = "api/v3/"
LIMIT = 30
TOO_MANY = (
    "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to "
    "subscribe to our API plans for higher rate limits."
)
CLONES = (("batcat", "BTC", "batcat"), ("the-ticker-is-eth", "ETH", "THE TICKER IS ETH"))
IMAGE = "https://coin-images.coingecko.com/coins/images/{0}/large/{1}.png"
Body = dict[str, Any] | list[Any]


class Refused(Exception):
    """Carry the status and the body of a refusal."""

    def __init__(self, status: int, body: Body) -> None:
        super().__init__(str(body))
        self.status, self.body = status, body


class CoinGecko:
    """Answer what CoinGecko would say of the tape's coins, at the clock's time."""

    def __init__(self, coins: Coins, clock: Callable[[], float] = time.time) -> None:
        self._coins, self._clock, self._meter = coins, clock, Meter(LIMIT)

    def faces(self) -> dict[str, Face]:
        """Return what answers for the host."""
        return {HOST: self.answer}

    def answer(self, request: PreparedRequest) -> Answer:
        """Return the answer to a request: data, or an error in JSON with its status."""
        asked = call(request, self._clock)
        if self._meter.full(asked.now_ms):
            body = {"status": {"error_code": 429, "error_message": TOO_MANY}}
            return answer(body, asked.now_ms, 429, **{"Retry-After": "60"})
        try:
            return answer(self._run(asked), asked.now_ms)
        except Refused as error:
            return answer(error.body, asked.now_ms, error.status)

    def _run(self, asked: Call) -> Body:
        path = asked.path.removeprefix(ROOT)
        market = self._coins.snapshot(asked.now_ms)
        if path in PATHS:
            return PATHS[path](self, asked, market)
        if path.startswith("coins/"):
            return self.coin(path.removeprefix("coins/"), market)
        raise Refused(404, {"error": "Incorrect path. Please check https://docs.coingecko.com/"})

    def everything(self, _: Call, market: Snapshot) -> Body:
        """Answer the whole market."""
        total, before = totals(market, self._coins.supply)
        price, cap = market.price[self._place("BTC")], float(total)
        shares = {
            self._coins.coins[i].symbol.lower(): figure(100 * market.cap[i] / total)
            for i in market.order[:10]
        }
        volume = float(np.nansum(market.volume[market.order]))
        return {
            "data": {
                "active_cryptocurrencies": len(market.order),
                "upcoming_icos": 0,
                "ongoing_icos": 49,
                "ended_icos": 3376,
                "markets": 1,
                "total_market_cap": {"btc": cap / price, "usd": cap},
                "total_volume": {"btc": volume / price, "usd": volume},
                "market_cap_percentage": shares,
                "market_cap_change_percentage_24h_usd": 100 * (total / before - 1),
                "updated_at": market.at_ms // 1000,
            }
        }

    def rows(self, asked: Call, market: Snapshot) -> Body:
        """Answer the coins by rank, a page of them or those of some ids."""
        if asked.sent.get("vs_currency") != "usd":
            raise Refused(422, {"error": "invalid vs_currency"})
        size, page = asked.number("per_page", 100, 250), asked.number("page", 1, 10_000)
        places = market.order
        if ids := asked.names("ids"):
            places = places[np.isin(places, [self._coins.by_id.get(one, -1) for one in ids])]
        places = places[(page - 1) * size : page * size]
        if not len(places):
            return []
        spans = asked.names("price_change_percentage")
        changes = {span: market.change(span) for span in ("1h", "24h", "7d", "30d", "1y")}
        peaks = zip(*self._coins.peaks(places), strict=True)
        rows = [self._row(i, market, peak) for i, peak in zip(places, peaks, strict=True)]
        for i, row in zip(places, rows, strict=True):
            row["price_change_percentage_24h"] = figure(changes["24h"][i], 6)
            for span in spans:
                row[f"price_change_percentage_{span}_in_currency"] = figure(changes[span][i])
        return rows

    def _row(self, i: int, market: Snapshot, peak: tuple[float, str]) -> dict[str, Any]:
        coin, price = self._coins.coins[i], market.price[i]
        cap, rank = figure(market.cap[i]), ranked(market, i)
        return {
            "id": coin.id,
            "symbol": coin.symbol.lower(),
            "name": coin.name,
            "image": IMAGE.format(i + 1, coin.id),
            "current_price": figure(price),
            "market_cap": cap,
            "market_cap_rank": rank,
            "fully_diluted_valuation": figure(price * (coin.most or coin.supply)),
            "total_volume": figure(market.volume[i]),
            "high_24h": figure(market.high[i]),
            "low_24h": figure(market.low[i]),
            "price_change_24h": figure(price - market.past["24h"][i]),
            "circulating_supply": figure(coin.supply),
            "max_supply": coin.most,
            "ath": figure(peak[0]),
            "ath_change_percentage": figure(100 * (price / peak[0] - 1), 7),
            "ath_date": peak[1],
            "roi": None,
            "last_updated": iso(market.at_ms),
        }

    def coin(self, coin_id: str, market: Snapshot) -> Body:
        """Answer one coin in detail."""
        i = self._coins.by_id.get(coin_id, -1)
        if i < 0 or i not in market.order:
            raise Refused(404, {"error": "coin not found"})
        ((peak,), (day,)) = self._coins.peaks(np.array([i]))
        row = self._row(i, market, (peak, day))
        lira = self._coins.lira(market.at_ms)
        return {
            **{field: row[field] for field in ("id", "symbol", "name", "market_cap_rank")},
            "categories": [name for _, name, places in self._coins.groups() if i in places],
            "description": {"en": ""},
            "links": {"homepage": []},
            "image": {"large": row["image"]},
            "market_data": self._figures(i, market, row, lira),
            "last_updated": row["last_updated"],
        }

    def _figures(self, i: int, market: Snapshot, row: dict[str, Any], lira: float) -> Body:
        """Return a coin's figures in both currencies."""
        both = {
            field: {"usd": value, "try": None if value is None else figure(value * lira)}
            for field, value in row.items()
            if field in ("market_cap", "fully_diluted_valuation", "total_volume", "high_24h")
            or field in ("low_24h", "ath")
        }
        changes = {
            f"price_change_percentage_{span}": figure(market.change(span)[i])
            for span in ("24h", "7d", "30d", "1y")
        }
        hour = figure(market.change("1h")[i])
        return {
            "current_price": {"usd": row["current_price"], "try": figure(market.price[i] * lira)},
            **both,
            "ath_change_percentage": {"usd": row["ath_change_percentage"]},
            "ath_date": {"usd": row["ath_date"]},
            "price_change_percentage_1h_in_currency": {} if hour is None else {"usd": hour},
            **changes,
            "circulating_supply": row["circulating_supply"],
            "max_supply": row["max_supply"],
            "last_updated": row["last_updated"],
        }

    def trending(self, _: Call, market: Snapshot) -> Body:
        """Answer the fifteen coins of some size that moved most in a day."""
        some = market.order[20:300]
        moved = some[np.argsort(-np.abs(np.nan_to_num(market.change("24h")[some])))][:15]
        bitcoin = market.price[self._place("BTC")]
        day = market.change("24h")
        items = [self._trend(i, market, day, bitcoin, score) for score, i in enumerate(moved)]
        return {"coins": [{"item": item} for item in items], "nfts": [], "categories": []}

    def _trend(
        self, i: int, market: Snapshot, day: np.ndarray, bitcoin: float, score: int
    ) -> dict[str, Any]:
        coin, price = self._coins.coins[i], float(market.price[i])
        cap, volume = (f"${column[i]:,.0f}" for column in (market.cap, market.volume))
        data = {
            "price": price,
            "price_btc": f"{price / bitcoin:.16f}",
            "price_change_percentage_24h": {"usd": figure(day[i])},
            "market_cap": cap,
            "total_volume": volume,
            "content": None,
        }
        return {
            "id": coin.id,
            "coin_id": int(i) + 1,
            "name": coin.name,
            "symbol": coin.symbol,
            "market_cap_rank": ranked(market, i),
            "slug": coin.id,
            "price_btc": price / bitcoin,
            "score": score,
            "data": data,
        }

    def categories(self, asked: Call, market: Snapshot) -> Body:
        """Answer the groups of coins, by cap or by its change; one group has figures of none."""
        out = []
        for group, name, places in self._coins.groups():
            before = np.nansum(market.past["24h"][places] * self._coins.supply[places])
            cap = np.nansum(market.cap[places])
            top = [self._coins.coins[i].id for i in places[np.argsort(-market.cap[places])][:3]]
            out.append(group_row(group, name, float(cap), float(100 * (cap / before - 1)), top))
            out[-1]["volume_24h"] = figure(np.nansum(market.volume[places]))
            out[-1]["updated_at"] = iso(market.at_ms)
        field, _, way = asked.sent.get("order", "market_cap_desc").rpartition("_")
        out.sort(key=lambda row: row[field], reverse=way == "desc")
        empty = group_row("no-figures-yet", "No Figures Yet", None, None, [])
        return [*out, {**empty, "volume_24h": None, "updated_at": iso(market.at_ms)}]

    def search(self, asked: Call, market: Snapshot) -> Body:
        """Answer the coins whose symbol, id or name has the query in it, the largest first."""
        word = asked.sent.get("query", "").lower()
        coins = [(self._coins.coins[i], ranked(market, i)) for i in market.order]
        known = [(coin.id, coin.symbol, coin.name, rank) for coin, rank in coins]
        every = [*known, *((*clone, None) for clone in CLONES)]
        found = [one for one in every if any(word in field.lower() for field in one[:3])]
        rows = [found_row(*one) for one in found[:25]]
        return {"coins": rows, "exchanges": [], "icos": [], "categories": [], "nfts": []}

    def price(self, asked: Call, market: Snapshot) -> Body:
        """Answer the prices of ids; one that is not known is left out."""
        lira = self._coins.lira(market.at_ms)
        rates = {"usd": 1.0, "try": lira}
        places = {one: self._coins.by_id.get(one, -1) for one in asked.names("ids")}
        return {
            one: {
                money: figure(market.price[i] * rates[money])
                for money in asked.names("vs_currencies")
                if money in rates
            }
            for one, i in places.items()
            if i >= 0
        }

    def ping(self, _call: Call, _market: Snapshot) -> Body:
        """Answer that CoinGecko is there."""
        return {"gecko_says": "(V3) To the Moon!"}

    def _place(self, symbol: str) -> int:
        return self._coins.by_symbol[symbol]


def ranked(market: Snapshot, i: int) -> int | None:
    """Return a coin's rank by cap, None where the cap is not known."""
    return None if np.isnan(market.rank[i]) else int(market.rank[i])


def group_row(
    group: str, name: str, cap: float | None, day: float | None, top: list[str]
) -> dict[str, Any]:
    """Return a category without its volume."""
    row = {"id": group, "name": name, "market_cap": cap, "market_cap_change_24h": day}
    return {**row, "content": "", "top_3_coins_id": top, "top_3_coins": []}


def found_row(coin_id: str, symbol: str, name: str, rank: int | None) -> dict[str, Any]:
    """Return a coin that a search found."""
    row = {"id": coin_id, "name": name, "api_symbol": coin_id, "symbol": symbol}
    return {**row, "market_cap_rank": rank, "thumb": "", "large": ""}


PATHS: dict[str, Callable[[CoinGecko, Call, Snapshot], Body]] = {
    "ping": CoinGecko.ping,
    "global": CoinGecko.everything,
    "coins/markets": CoinGecko.rows,
    "coins/categories": CoinGecko.categories,
    "search": CoinGecko.search,
    "search/trending": CoinGecko.trending,
    "simple/price": CoinGecko.price,
}
