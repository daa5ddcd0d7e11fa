"""CoinMarketCap, with a key or by its keyless prefix: the whole market, coins by rank."""

from datetime import datetime
from typing import Any, NamedTuple

from markets import coingecko
from net import Endpoint, Route
from shapes import need, number

from .figures import Params, accepted, known, name, once, signed

KEYED, FREE = "coinmarketcap", "coinmarketcap_free"
LIMITS = range(1008, 1012)
KEY = (
    "COINMARKETCAP_KEY isteğe bağlıdır: ücretsiz Basic anahtarı https://pro.coinmarketcap.com "
    "adresinden alınır; anahtarsız yolun bilinmeyen sınırı yerine ayda en az 10 000 istek verir.",
    "COINMARKETCAP_KEY is optional: a free Basic key comes from https://pro.coinmarketcap.com; "
    "it gives at least 10 000 requests a month where the keyless way has an unknown limit.",
)


class Market(NamedTuple):
    """The whole market in USD; changes and shares of the cap in percent, of now and yesterday."""

    cap: float
    volume: float
    change: float
    bitcoin: float
    bitcoin_before: float
    ether: float
    ether_before: float
    alts: float
    stable: float
    defi: float
    coins: float
    at: float


class Row(NamedTuple):
    """A coin in the list by rank: USD, changes and share of the market in percent."""

    symbol: str
    name: str
    rank: float
    price: float
    cap: float
    share: float
    volume: float
    hour: float
    day: float
    week: float
    month: float


def unwrapped(body: Any) -> Any:
    """Return the data of an answer, which may be an error even with status 200."""
    status = body["status"]
    accepted(status["error_code"], status.get("error_message"), LIMITS)
    return body["data"]


def dollars(quote: Any) -> Any:
    """Return the quote in USD: by its name, or from a list."""
    if isinstance(quote, list):
        quote = {one["symbol"]: one for one in quote}
    return quote["USD"]


def share(value: Any) -> float:
    """Return a share in percent. Raises ValueError."""
    result = number(value)
    need(result <= 100, "a share of more than the whole")
    return result


def market(body: Any, _served: float, _params: Params) -> Market:
    """Read the whole market."""
    data = unwrapped(body)
    usd = dollars(data["quote"])
    cap = number(usd["total_market_cap"])
    need(cap > 0, "a market of nothing")
    return Market(
        cap,
        number(usd["total_volume_24h"]),
        signed(usd["total_market_cap_yesterday_percentage_change"]),
        share(data["btc_dominance"]),
        known(data["btc_dominance_yesterday"], share),
        share(data["eth_dominance"]),
        known(data["eth_dominance_yesterday"], share),
        known(usd["altcoin_market_cap"]),
        known(data["stablecoin_market_cap"]),
        known(data["defi_market_cap"]),
        number(data["active_cryptocurrencies"]),
        datetime.fromisoformat(usd["last_updated"]).timestamp(),
    )


def shares(body: Any, served: float, params: Params) -> coingecko.Market:
    """Read the whole market as CoinGecko tells it, with yesterday's shares."""
    told = market(body, served, params)
    now = {"BTC": told.bitcoin, "ETH": told.ether}
    before = {"BTC": told.bitcoin_before, "ETH": told.ether_before}
    return coingecko.Market(told.cap, told.volume, told.change, now, told.coins, told.at, before)


def row(coin: Any) -> Row:
    """Read one coin of the list."""
    usd = dollars(coin["quote"])
    return Row(
        name(coin["symbol"]).upper(),
        name(coin["name"]),
        number(coin["cmc_rank"]),
        number(usd["price"]),
        known(usd["market_cap"]),
        known(usd["market_cap_dominance"], share),
        known(usd["volume_24h"]),
        *(known(usd[f"percent_change_{span}"], signed) for span in ("1h", "24h", "7d", "30d")),
    )


def rows(body: Any, _served: float, _params: Params) -> tuple[Row, ...]:
    """Read the coins by rank, the largest first."""
    coins = unwrapped(body)
    need(isinstance(coins, list) and coins, "no coins")
    return tuple(sorted(map(row, coins), key=lambda coin: coin.rank))


def global_routes(keyed: bool) -> list[Route]:
    """Return the ways to the whole market, the keyed one first where there is a key."""
    return [Route(TABLE[host, "global"], {}) for host in (KEYED, FREE)[not keyed :]]


def shares_routes(keyed: bool) -> list[Route]:
    """Return the ways to the whole market in CoinGecko's shape, the keyed one first."""
    return [Route(TABLE[host, "shares"], {"convert": "USD"}) for host in (KEYED, FREE)[not keyed :]]


def rows_routes(keyed: bool) -> list[Route]:
    """Return the ways to the 100 largest coins, the keyed one first where there is a key."""
    params = {"start": 1, "limit": 100, "convert": "USD"}
    return [Route(TABLE[host, "rows"], params) for host in (KEYED, FREE)[not keyed :]]


HOSTS = {
    KEYED: ("coinmarketcap_url", 30, "X-CMC_PRO_API_KEY"),
    FREE: ("coinmarketcap_url", 30, ""),
}
MONTHLY = {KEYED: 10_000}
PATHS = {
    "global": ("/v1/global-metrics/quotes/latest", market),
    "shares": ("/v1/global-metrics/quotes/latest", shares),
    "rows": ("/v1/cryptocurrency/listings/latest", rows),
}
TABLE = {
    (host, word): Endpoint(f"{host}_{word}", (host,), prefix + path, once, parse, 1260)
    for host, prefix in ((KEYED, ""), (FREE, "/public-api"))
    for word, (path, parse) in PATHS.items()
}
ENDPOINTS = tuple(TABLE.values())
