"""CoinGecko: the whole market, coins by rank, one coin, trending, categories, search."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from math import isnan, nan
from typing import Any, NamedTuple

from bot import fold
from net import Endpoint, Route
from shapes import need, number

from .figures import Params, known, name, once, signed

HOST = ("coingecko",)
DAY = 86400
KEY = (
    "COINGECKO_KEY isteğe bağlıdır: ücretsiz Demo anahtarı "
    "https://www.coingecko.com/en/developers/dashboard adresinden alınır; "
    "aynı adresi paylaşanlardan bağımsız, dakikada 30 ve ayda 10 000 istek hakkı verir.",
    "COINGECKO_KEY is optional: a free Demo key comes from "
    "https://www.coingecko.com/en/developers/dashboard; "
    "it gives 30 requests a minute and 10 000 a month that no neighbour uses up.",
)


class Market(NamedTuple):
    """The whole market in USD; `change` of the cap in 24 hours and `shares` of it in percent.

    `before` has shares of 24 hours ago where they are told, NaN where not known.
    """

    cap: float
    volume: float
    change: float
    shares: dict[str, float]
    coins: float
    at: float
    before: Mapping[str, float] = {}


class Row(NamedTuple):
    """A coin in the list by rank: USD, changes in percent, NaN where not known."""

    id: str
    symbol: str
    name: str
    rank: float
    price: float
    cap: float
    volume: float
    hour: float
    day: float
    week: float
    month: float
    ath: float
    below_ath: float


class Coin(NamedTuple):
    """One coin in detail: USD unless in lira, changes in percent, NaN where not known."""

    id: str
    symbol: str
    name: str
    rank: float
    usd: float
    lira: float
    cap: float
    diluted: float
    volume: float
    high: float
    low: float
    hour: float
    day: float
    week: float
    month: float
    year: float
    ath: float
    below_ath: float
    ath_at: float
    supply: float
    most: float
    categories: tuple[str, ...]
    at: float


class Trend(NamedTuple):
    """A coin people look for; USD and percent, NaN where not known."""

    id: str
    symbol: str
    name: str
    rank: float
    price: float
    day: float
    cap: float
    volume: float


class Category(NamedTuple):
    """A group of coins: cap and volume in USD, `day` the cap's change in percent."""

    id: str
    name: str
    cap: float
    day: float
    volume: float


class Found(NamedTuple):
    """A coin that a search found; `rank` is NaN where it has none, `exact` if it is the query."""

    id: str
    symbol: str
    name: str
    rank: float
    exact: bool


def moment(value: Any) -> float:
    """Return an ISO time in seconds, NaN for null. Raises ValueError."""
    return nan if value is None else datetime.fromisoformat(value).timestamp()


def last_unknown(rank: float) -> float:
    """Return a sort key that puts coins without a rank behind all others."""
    return float("inf") if isnan(rank) else rank


def market(body: Any, _served: float, _params: Params) -> Market:
    """Read the whole market."""
    data = body["data"]
    shares = {name(k).upper(): number(v) for k, v in data["market_cap_percentage"].items()}
    need("BTC" in shares and sum(shares.values()) <= 101, "not the shares of a whole")
    cap = number(data["total_market_cap"]["usd"])
    need(cap > 0, "a market of nothing")
    return Market(
        cap,
        number(data["total_volume"]["usd"]),
        signed(data["market_cap_change_percentage_24h_usd"]),
        shares,
        number(data["active_cryptocurrencies"]),
        number(data["updated_at"]),
    )


def row(body: Any) -> Row:
    """Read one coin of the list."""
    changes = [
        known(body[f"price_change_percentage_{span}"], signed)
        for span in ("1h_in_currency", "24h", "7d_in_currency", "30d_in_currency")
    ]
    return Row(
        name(body["id"], 200),
        name(body["symbol"]).upper(),
        name(body["name"]),
        known(body["market_cap_rank"]),
        known(body["current_price"]),
        known(body["market_cap"]),
        known(body["total_volume"]),
        *changes,
        known(body["ath"]),
        known(body["ath_change_percentage"], signed),
    )


def rows(body: Any, _served: float, _params: Params) -> tuple[Row, ...]:
    """Read the coins by rank, the largest first, those without a rank last."""
    need(isinstance(body, list) and body, "no coins")
    return tuple(sorted(map(row, body), key=lambda coin: last_unknown(coin.rank)))


def coin(body: Any, _served: float, _params: Params) -> Coin:
    """Read one coin; a currency it has no price in is NaN."""
    data = body["market_data"]
    prices, groups = data["current_price"], body["categories"]
    need(isinstance(groups, list), "no list of categories")
    hourly = data.get("price_change_percentage_1h_in_currency") or {}
    amounts = ("market_cap", "fully_diluted_valuation", "total_volume", "high_24h", "low_24h")
    spans = ("24h", "7d", "30d", "1y")
    return Coin(
        name(body["id"], 200),
        name(body["symbol"]).upper(),
        name(body["name"]),
        known(body["market_cap_rank"]),
        known(prices.get("usd")),
        known(prices.get("try")),
        *(known(data[field].get("usd")) for field in amounts),
        known(hourly.get("usd"), signed),
        *(known(data[f"price_change_percentage_{span}"], signed) for span in spans),
        known(data["ath"].get("usd")),
        known(data["ath_change_percentage"].get("usd"), signed),
        moment(data["ath_date"].get("usd")),
        known(data["circulating_supply"]),
        known(data["max_supply"]),
        tuple(name(word) for word in groups if word),
        moment(data["last_updated"]),
    )


def dollars(value: Any) -> float:
    """Return an amount that may be written as $1,234, NaN for an empty one. Raises ValueError."""
    if value == "":
        return nan
    return number(value.removeprefix("$").replace(",", "") if isinstance(value, str) else value)


def trending(body: Any, _served: float, _params: Params) -> tuple[Trend, ...]:
    """Read the coins people look for most, in CoinGecko's order."""
    items = [entry["item"] for entry in body["coins"]]
    need(items, "nothing trends")
    return tuple(
        Trend(
            name(item["id"], 200),
            name(item["symbol"]).upper(),
            name(item["name"]),
            known(item["market_cap_rank"]),
            known(item["data"]["price"], dollars),
            known(item["data"]["price_change_percentage_24h"].get("usd"), signed),
            known(item["data"]["market_cap"], dollars),
            known(item["data"]["total_volume"], dollars),
        )
        for item in items
    )


def categories(body: Any, _served: float, _params: Params) -> tuple[Category, ...]:
    """Read the categories by 24-hour change, the best first, without those of unknown cap."""
    need(isinstance(body, list), "no list")
    found = [
        Category(
            name(group["id"], 200),
            name(group["name"], 60),
            number(group["market_cap"]),
            signed(group["market_cap_change_24h"]),
            known(group["volume_24h"]),
        )
        for group in body
        if group["market_cap"] is not None and group["market_cap_change_24h"] is not None
    ]
    need(found, "no categories")
    return tuple(sorted(found, key=lambda group: -group.day))


def search(body: Any, _served: float, params: Params) -> tuple[Found, ...]:
    """Read the coins found: those whose symbol, id or name is the query, then others, by rank."""
    word = str(params["query"]).casefold()
    found = [
        Found(
            name(entry["id"], 200),
            name(entry["symbol"]).upper(),
            name(entry["name"]),
            known(entry["market_cap_rank"]),
            word in [entry[field].casefold() for field in ("symbol", "id", "name")],
        )
        for entry in body["coins"]
    ]
    return tuple(sorted(found, key=lambda coin: (not coin.exact, last_unknown(coin.rank))))


def called(word: str, rows: Iterable[Row]) -> list[Row]:
    """Return the coins whose symbol, id or name folds into a word."""
    return [coin for coin in rows if word in map(fold, (coin.symbol, coin.id, coin.name))]


def global_route() -> Route:
    """Return the way to the whole market."""
    return Route(GLOBAL, {})


def rows_route() -> Route:
    """Return the way to the 250 largest coins; one list serves all who ask for fewer."""
    spans = "1h,24h,7d,30d"
    params = {"vs_currency": "usd", "order": "market_cap_desc", "per_page": 250, "page": 1}
    return Route(ROWS, {**params, "price_change_percentage": spans})


def coin_route(coin_id: str) -> Route:
    """Return the way to one coin by CoinGecko's id."""
    unwanted = ("localization", "tickers", "community_data", "developer_data")
    return Route(COIN, {"id": coin_id, **dict.fromkeys(unwanted, "false")})


def trending_route() -> Route:
    """Return the way to the coins people look for."""
    return Route(TRENDING, {})


def categories_route() -> Route:
    """Return the way to the categories."""
    return Route(CATEGORIES, {"order": "market_cap_change_24h_desc"})


def search_route(word: str) -> Route:
    """Return the way to the coins that a symbol, an id or a name stands for."""
    return Route(SEARCH, {"query": word})


HOSTS = {"coingecko": ("coingecko_url", 30, "x-cg-demo-api-key")}
MONTHLY = {"coingecko": 10_000}
ENDPOINTS = (
    Endpoint("coingecko_global", HOST, "/api/v3/global", once, market, 1800),
    Endpoint("coingecko_rows", HOST, "/api/v3/coins/markets", once, rows, 1800),
    Endpoint("coingecko_trending", HOST, "/api/v3/search/trending", once, trending, 2 * 3600),
    Endpoint("coingecko_categories", HOST, "/api/v3/coins/categories", once, categories, 2 * 3600),
    Endpoint("coingecko_coin", HOST, "/api/v3/coins/{id}", once, coin, 900, idle=0),
    Endpoint("coingecko_search", HOST, "/api/v3/search", once, search, 30 * DAY, 60 * DAY),
)
GLOBAL, ROWS, TRENDING, CATEGORIES, COIN, SEARCH = ENDPOINTS
