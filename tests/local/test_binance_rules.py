from decimal import Decimal

import pytest

from local.binance_rules import exchange_info, filters
from local.tape import Tape

TAPE = Tape()
NOW = 1_795_490_417_345
DOCUMENTED = {
    "symbol": "ETHBTC",
    "status": "TRADING",
    "baseAsset": "ETH",
    "baseAssetPrecision": 8,
    "quoteAsset": "BTC",
    "quotePrecision": 8,
    "quoteAssetPrecision": 8,
    "baseCommissionPrecision": 8,
    "quoteCommissionPrecision": 8,
    "orderTypes": ["LIMIT"],
    "icebergAllowed": True,
    "ocoAllowed": True,
    "otoAllowed": True,
    "opoAllowed": True,
    "quoteOrderQtyMarketAllowed": True,
    "allowTrailingStop": False,
    "cancelReplaceAllowed": False,
    "amendAllowed": False,
    "pegInstructionsAllowed": True,
    "isSpotTradingAllowed": True,
    "isMarginTradingAllowed": True,
    "filters": [],
    "permissions": [],
    "permissionSets": [["SPOT", "MARGIN"]],
    "defaultSelfTradePreventionMode": "NONE",
    "allowedSelfTradePreventionModes": ["NONE"],
}


def info(*symbols, sets=True):
    return exchange_info([TAPE.pairs[symbol] for symbol in symbols], NOW, sets)


def by_type(symbol):
    return {rule.pop("filterType"): rule for rule in map(dict, filters(TAPE.pairs[symbol]))}


def test_a_symbol_has_the_documented_fields():
    entry = info("ETHBTC")["symbols"][0]
    assert entry.keys() == DOCUMENTED.keys()
    assert {name: type(entry[name]) for name in entry} == {
        name: type(value) for name, value in DOCUMENTED.items()
    }
    assert (entry["baseAsset"], entry["quoteAsset"], entry["status"]) == ("ETH", "BTC", "TRADING")


def test_the_limits_are_the_exchanges():
    told = info()
    assert list(told) == ["timezone", "serverTime", "rateLimits", "exchangeFilters", "symbols"]
    assert told["rateLimits"][0] == {
        "rateLimitType": "REQUEST_WEIGHT",
        "interval": "MINUTE",
        "intervalNum": 1,
        "limit": 6000,
    }
    assert {limit["rateLimitType"] for limit in told["rateLimits"]} == {
        "REQUEST_WEIGHT",
        "ORDERS",
        "RAW_REQUESTS",
    }


def test_bitcoins_filters_are_the_real_ones():
    rules = by_type("BTCUSDT")
    assert rules["PRICE_FILTER"] == {
        "minPrice": "0.01000000",
        "maxPrice": "1000000.00000000",
        "tickSize": "0.01000000",
    }
    assert rules["LOT_SIZE"] == {
        "minQty": "0.00001000",
        "maxQty": "9000.00000000",
        "stepSize": "0.00001000",
    }
    assert rules["MARKET_LOT_SIZE"] == {
        "minQty": "0.00000000",
        "maxQty": "128.52621715",
        "stepSize": "0.00000000",
    }
    assert rules["NOTIONAL"]["minNotional"] == "5.00000000"
    assert rules["NOTIONAL"]["maxNotional"] == "9000000.00000000"
    assert rules["PERCENT_PRICE_BY_SIDE"]["bidMultiplierDown"] == "0.2"
    assert rules["MAX_NUM_ORDERS"] == {"maxNumOrders": 200}
    assert rules["MAX_NUM_ALGO_ORDERS"] == {"maxNumAlgoOrders": 5}
    assert rules["TRAILING_DELTA"]["maxTrailingBelowDelta"] == 2000
    assert rules["ICEBERG_PARTS"] == {"limit": 100}


@pytest.mark.parametrize("symbol", ["PEPEUSDT", "ETHBTC", "BTCTRY", "SOLBNB", "XRPETH", "USDTTRY"])
def test_prices_and_quantities_pass_their_own_filters(symbol):
    rules = by_type(symbol)
    for candle in TAPE.candles(symbol, "1h", NOW, limit=5):
        for price in (Decimal(f"{number:.8f}") for number in candle[1:5]):
            assert price % Decimal(rules["PRICE_FILTER"]["tickSize"]) == 0
            assert Decimal(rules["PRICE_FILTER"]["minPrice"]) <= price
            assert price <= Decimal(rules["PRICE_FILTER"]["maxPrice"])
        assert Decimal(f"{candle[5]:.8f}") % Decimal(rules["LOT_SIZE"]["stepSize"]) == 0


def test_margin_and_leverage_show_in_the_permissions():
    leveraged, normal, tail = info("BTCUPUSDT", "JUPUSDT", "SYRUPUSDT")["symbols"]
    assert (
        leveraged["permissionSets"] == [["LEVERAGED"]] and not leveraged["isMarginTradingAllowed"]
    )
    assert normal["permissionSets"] == [["SPOT", "MARGIN"]] and normal["isMarginTradingAllowed"]
    assert tail["permissionSets"] == [["SPOT"]]
    assert info("BTCUSDT", sets=False)["symbols"][0]["permissionSets"] == []
