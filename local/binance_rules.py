"""What Binance's exchangeInfo says: limits, and each pair's trading rules."""

from typing import Any

from local.pairs import Pair

LIMIT = 6000
RATE_LIMITS = [
    {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}
    for kind, interval, number, limit in (
        ("REQUEST_WEIGHT", "MINUTE", 1, LIMIT),
        ("ORDERS", "SECOND", 10, 100),
        ("ORDERS", "DAY", 1, 200_000),
        ("RAW_REQUESTS", "MINUTE", 5, 300_000),
    )
]
LEAST_NOTIONAL = {"USDT": 5, "BTC": 0.0001, "ETH": 0.001, "BNB": 0.01, "TRY": 100}
MOST_AT_MARKET = {"BTCUSDT": 128.52621715}
FIXED_FILTERS: list[dict[str, Any]] = [
    {"filterType": "ICEBERG_PARTS", "limit": 100},
    {
        "filterType": "TRAILING_DELTA",
        "minTrailingAboveDelta": 10,
        "maxTrailingAboveDelta": 2000,
        "minTrailingBelowDelta": 10,
        "maxTrailingBelowDelta": 2000,
    },
    {
        "filterType": "PERCENT_PRICE_BY_SIDE",
        "bidMultiplierUp": "5",
        "bidMultiplierDown": "0.2",
        "askMultiplierUp": "5",
        "askMultiplierDown": "0.2",
        "avgPriceMins": 5,
    },
    {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
    {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 20},
    {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
    {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": 10},
]
PRECISIONS = dict.fromkeys(
    (
        "baseAssetPrecision",
        "quotePrecision",
        "quoteAssetPrecision",
        "baseCommissionPrecision",
        "quoteCommissionPrecision",
    ),
    8,
)
ABLE = {
    "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
    "icebergAllowed": True,
    "ocoAllowed": True,
    "otoAllowed": True,
    "opoAllowed": True,
    "quoteOrderQtyMarketAllowed": True,
    "allowTrailingStop": True,
    "cancelReplaceAllowed": True,
    "amendAllowed": True,
    "pegInstructionsAllowed": True,
    "isSpotTradingAllowed": True,
}
SELF_TRADE = {
    "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
    "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH", "DECREMENT"],
}


def sized(kind: str, of: str, low: float, high: float, step: tuple[str, float]) -> dict[str, str]:
    """Return a filter of two bounds and a step."""
    bounds = {f"min{of}": f"{low:.8f}", f"max{of}": f"{high:.8f}"}
    return {"filterType": kind, **bounds, step[0]: f"{step[1]:.8f}"}


def filters(pair: Pair) -> list[dict[str, Any]]:
    """Return a pair's filters; those of BTCUSDT are the exchange's own."""
    tick, step = 10.0**-pair.digits, 10.0**-pair.lot
    market = MOST_AT_MARKET.get(pair.symbol, pair.turnover / pair.price / 410)
    notional = {
        "filterType": "NOTIONAL",
        "minNotional": f"{LEAST_NOTIONAL[pair.quote]:.8f}",
        "applyMinToMarket": True,
        "maxNotional": "9000000.00000000",
        "applyMaxToMarket": False,
        "avgPriceMins": 5,
    }
    return [
        sized("PRICE_FILTER", "Price", tick, tick * 1e8, ("tickSize", tick)),
        sized("LOT_SIZE", "Qty", step, step * 9e8, ("stepSize", step)),
        sized("MARKET_LOT_SIZE", "Qty", 0, market, ("stepSize", 0)),
        notional,
        *FIXED_FILTERS,
    ]


def symbol_info(pair: Pair, sets: bool) -> dict[str, Any]:
    """Return a pair's entry in exchangeInfo."""
    names = {"symbol": pair.symbol, "status": pair.status, "baseAsset": pair.base}
    permitted = {
        "isMarginTradingAllowed": "MARGIN" in pair.permissions,
        "filters": filters(pair),
        "permissions": [],
        "permissionSets": [list(pair.permissions)] if sets else [],
    }
    return {**names, "quoteAsset": pair.quote, **PRECISIONS, **ABLE, **permitted, **SELF_TRADE}


def exchange_info(pairs: list[Pair], now_ms: int, sets: bool) -> dict[str, Any]:
    """Return exchangeInfo of some pairs, with or without their permission sets."""
    return {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": RATE_LIMITS,
        "exchangeFilters": [],
        "symbols": [symbol_info(pair, sets) for pair in pairs],
    }
