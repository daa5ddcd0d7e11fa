"""local/spot_filters.py: each filter at its bounds, by the documented rules."""

from decimal import Decimal

import pytest

from local.binance_rules import filters
from local.spot_filters import Standing, Wish, failure
from local.tape import catalogue

BTC = filters(catalogue()["BTCUSDT"])
MEAN = Standing(Decimal(50_000))


def limit(side="BUY", quantity="0.01", price="50000", **more):
    named = {name: Decimal(value) for name, value in more.items()}
    return Wish(side, "LIMIT", Decimal(quantity), Decimal(price), **named)


def market(quantity=None, quote=None):
    amounts = [None if value is None else Decimal(value) for value in (quantity, quote)]
    return Wish("BUY", "MARKET", amounts[0], quote=amounts[1])


@pytest.mark.parametrize(
    ("wish", "broken"),
    [
        (limit(), None),
        (limit(price="50000.001"), "PRICE_FILTER"),
        (limit(price="0"), "PRICE_FILTER"),
        (limit(price="1000000.01"), "PRICE_FILTER"),
        (limit(quantity="0.000009"), "LOT_SIZE"),
        (limit(quantity="0.010001"), "LOT_SIZE"),
        (limit(quantity="0"), "LOT_SIZE"),
        (limit(quantity="9000.00001"), "LOT_SIZE"),
        (limit(quantity="0.0001"), None),
        (limit(quantity="0.00009"), "NOTIONAL"),
        (limit(quantity="180", price="50000"), None),
        (limit(quantity="180.00001", price="50000"), "NOTIONAL"),
        (limit(price="250000"), None),
        (limit(price="250000.01"), "PERCENT_PRICE_BY_SIDE"),
        (limit(price="10000"), None),
        (limit("SELL", price="9999.99"), "PERCENT_PRICE_BY_SIDE"),
        (limit(stop="50000.001"), "PRICE_FILTER"),
        (limit(iceberg="0.0001"), None),
        (limit(iceberg="0.00009"), "ICEBERG_PARTS"),
        (market("0.0001"), None),
        (market("0.00009"), "NOTIONAL"),
        (market("128.52621"), None),
        (market("128.52622"), "MARKET_LOT_SIZE"),
        (market(quote="5"), None),
        (market(quote="4.99999999"), "NOTIONAL"),
        (market(quote="9000001"), None),
    ],
)
def test_the_filters_of_bitcoin_at_their_bounds(wish, broken):
    assert failure(wish, BTC, MEAN) == broken


@pytest.mark.parametrize(("delta", "broken"), [(9, "TRAILING_DELTA"), (10, None), (2000, None)])
@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_a_trailing_stop_follows_within_bounds(side, delta, broken):
    wish = limit(side)._replace(type="STOP_LOSS_LIMIT", trailing=delta)
    assert failure(wish, BTC, MEAN) == broken
    assert failure(wish._replace(trailing=2001), BTC, MEAN) == "TRAILING_DELTA"


def test_the_bounds_of_a_trailing_stop_are_those_of_its_way():
    rule = {"filterType": "TRAILING_DELTA", "minTrailingAboveDelta": 10}
    rule |= {"maxTrailingAboveDelta": 20, "minTrailingBelowDelta": 30, "maxTrailingBelowDelta": 40}
    for side, kind, delta in [
        ("BUY", "STOP_LOSS", 15),
        ("SELL", "TAKE_PROFIT_LIMIT", 15),
        ("SELL", "STOP_LOSS_LIMIT", 35),
        ("BUY", "TAKE_PROFIT", 35),
    ]:
        wish = Wish(side, kind, Decimal(1), trailing=delta)
        assert failure(wish, [rule], MEAN) is None
        assert failure(wish._replace(trailing=50 - delta), [rule], MEAN) == "TRAILING_DELTA"


@pytest.mark.parametrize(
    ("standing", "joined", "kind", "broken"),
    [
        ({"orders": 199}, 1, "LIMIT", None),
        ({"orders": 200}, 1, "LIMIT", "MAX_NUM_ORDERS"),
        ({"orders": 199}, 2, "LIMIT", "MAX_NUM_ORDERS"),
        ({"algos": 4}, 1, "STOP_LOSS_LIMIT", None),
        ({"algos": 5}, 1, "STOP_LOSS_LIMIT", "MAX_NUM_ALGO_ORDERS"),
        ({"algos": 5}, 1, "LIMIT", None),
        ({"lists": 20}, 1, "LIMIT", None),
        ({"lists": 20}, 2, "LIMIT_MAKER", "MAX_NUM_ORDER_LISTS"),
    ],
)
def test_open_orders_are_counted(standing, joined, kind, broken):
    wish = limit()._replace(type=kind)
    assert failure(wish, BTC, MEAN._replace(joined=joined, **standing)) == broken


def test_a_step_of_zero_is_no_step():
    rule = {"filterType": "LOT_SIZE", "minQty": "0", "maxQty": "0", "stepSize": "0.00000000"}
    assert failure(limit(quantity="0.0000123"), [rule], MEAN) is None


def test_other_kinds_of_filters():
    least = {"filterType": "MIN_NOTIONAL", "minNotional": "10", "applyToMarket": False}
    assert failure(limit(quantity="0.0001"), [least], MEAN) == "MIN_NOTIONAL"
    assert failure(market("0.0001"), [least], MEAN) is None
    always = {**least, "applyToMarket": True}
    assert failure(market("0.0001"), [always], MEAN) == "MIN_NOTIONAL"
    wide = {"filterType": "PERCENT_PRICE", "multiplierUp": "1.1", "multiplierDown": "0.9"}
    assert failure(limit(price="55000"), [wide], MEAN) is None
    assert failure(limit(price="55000.01"), [wide], MEAN) == "PERCENT_PRICE"
    position = {"filterType": "MAX_POSITION", "maxPosition": "1"}
    held = MEAN._replace(held=Decimal("0.99"))
    assert failure(limit(), [position], held) is None
    assert failure(limit(quantity="0.02"), [position], held) == "MAX_POSITION"
    assert failure(limit("SELL", quantity="0.02"), [position], held) is None
    parts = {"filterType": "MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders": 1}
    assert failure(limit(iceberg="0.001"), [parts], MEAN) is None
    assert (
        failure(limit(iceberg="0.001"), [parts], MEAN._replace(icebergs=1)) == parts["filterType"]
    )
    assert failure(limit(), [{"filterType": "T_PLUS_SELL"}], MEAN) is None


def test_market_bounds_apply_where_the_filter_says():
    rule = {"filterType": "NOTIONAL", "minNotional": "10", "maxNotional": "100"}
    open_ = {**rule, "applyMinToMarket": False, "applyMaxToMarket": False}
    strict = {**rule, "applyMinToMarket": True, "applyMaxToMarket": True}
    for quote, broken in [("9", "NOTIONAL"), ("10", None), ("100", None), ("101", "NOTIONAL")]:
        assert failure(market(quote=quote), [open_], MEAN) is None
        assert failure(market(quote=quote), [strict], MEAN) == broken
