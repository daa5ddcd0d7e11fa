"""CoinGlass, for which a key is paid: liquidations by coin; its ETF flows are in etf.py."""

from typing import Any, NamedTuple

from net import Endpoint, Route
from shapes import need, text

from .figures import Params, accepted, known, once

SPANS = ("1h", "4h", "12h", "24h")
KEY = (
    "COINGLASS_KEY ayarlı değil. Anahtar https://www.coinglass.com/pricing adresinden alınır "
    "(ücretli; likidasyonlar Startup ve üstünde). Coinlerin long ve short likidasyonlarını, "
    "ETF akışlarının fonlara dağılımını ekler.",
    "COINGLASS_KEY is not set. A key comes from https://www.coinglass.com/pricing "
    "(paid; liquidations from Startup up). It adds long and short liquidations by coin "
    "and ETF flows by fund.",
)


class Liquidated(NamedTuple):
    """What was liquidated of a coin in USD, by span; NaN where not known."""

    symbol: str
    longs: dict[str, float]
    shorts: dict[str, float]


def liquidated(row: Any) -> Liquidated:
    """Read one coin; sides that do not make the total are refused."""
    sides = {
        side: {span: known(row[f"{side}liquidation_usd_{span}"]) for span in SPANS}
        for side in ("", "long_", "short_")
    }
    total, longs, shorts = sides.values()
    for span in SPANS:
        gap = abs(longs[span] + shorts[span] - total[span])
        need(not gap > 1 + 0.01 * total[span], "sides that do not make the total")
    return Liquidated(text(row["symbol"]), longs, shorts)


def liquidations(body: Any, _served: float, _params: Params) -> dict[str, Liquidated]:
    """Read the liquidations by coin; an error comes as a code, even with status 200."""
    accepted(body["code"], body.get("msg"))
    need(isinstance(body["data"], list) and body["data"], "no coins")
    found = map(liquidated, body["data"])
    return {coin.symbol: coin for coin in found}


def liquidations_route(exchange: str = "Binance") -> Route:
    """Return the way to the liquidations of every coin on one exchange."""
    return Route(LIQUIDATIONS, {"exchange": exchange})


HOSTS = {"coinglass": ("coinglass_url", 30, "CG-API-KEY")}
ENDPOINTS = (
    Endpoint(
        "coinglass_liquidations",
        ("coinglass",),
        "/api/futures/liquidation/coin-list",
        once,
        liquidations,
        60,
    ),
)
(LIQUIDATIONS,) = ENDPOINTS
