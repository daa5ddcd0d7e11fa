"""local/routes.py: every signed path's shape and errors, by the documented examples."""

from decimal import Decimal

import pytest

from local.routes import PATHS, ROUTES
from tests.local.desk import ORDER, Desk

REPLACE, OPEN, ALL = "/api/v3/order/cancelReplace", "/api/v3/openOrders", "/api/v3/allOrders"
TRADES, TEST = "/api/v3/myTrades", "/api/v3/order/test"
DAY_MS = 86_400_000
MANDATORY = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
ACCOUNT_KEYS = """makerCommission takerCommission buyerCommission sellerCommission commissionRates
canTrade canWithdraw canDeposit brokered requireSelfTradePrevention preventSor updateTime
accountType balances permissions uid"""
ORDER_KEYS = """symbol orderId orderListId clientOrderId price origQty executedQty
cummulativeQuoteQty status timeInForce type side stopPrice icebergQty time updateTime isWorking
workingTime origQuoteOrderQty selfTradePreventionMode"""
FULL_KEYS = """symbol orderId orderListId clientOrderId transactTime price origQty executedQty
origQuoteOrderQty cummulativeQuoteQty status timeInForce type side workingTime
selfTradePreventionMode fills"""
CANCEL_KEYS = """symbol origClientOrderId orderId orderListId clientOrderId transactTime price
origQty executedQty origQuoteOrderQty cummulativeQuoteQty status timeInForce type side
selfTradePreventionMode"""
TRADE_KEYS = """symbol id orderId orderListId price qty quoteQty commission commissionAsset time
isBuyer isMaker isBestMatch"""


def keys(text):
    return text.split()


def market(desk, **params):
    return desk.order(type="MARKET", **{"quoteOrderQty": "50", **params})


def test_the_account_is_told_as_documented(desk):
    body = desk.ask("GET", "/api/v3/account").body
    assert list(body) == keys(ACCOUNT_KEYS)
    assert body["commissionRates"]["maker"] == "0.00100000" and body["makerCommission"] == 10
    row = {"asset": "USDT", "free": "10000.00000000", "locked": "0.00000000"}
    assert row in body["balances"]
    market(desk, side="SELL", symbol="ETHUSDT", quantity="5", quoteOrderQty=None)
    told = desk.ask("GET", "/api/v3/account", omitZeroBalances="true").body["balances"]
    assert "ETH" not in {one["asset"] for one in told}


def test_an_open_order_locks_what_it_may_spend(desk):
    price = desk.near(0.9)
    desk.limit("BUY", price, "0.01")
    desk.limit("SELL", desk.near(1.1), "0.2")
    held = desk.balances()
    spent = Decimal(price) * Decimal("0.01")
    assert held["USDT"] == (10_000 - spent, spent)
    assert held["BTC"] == (Decimal("0.3"), Decimal("0.2"))


def test_the_commission_of_a_symbol(desk):
    body = desk.ask("GET", "/api/v3/account/commission", symbol="BTCUSDT").body
    assert body["symbol"] == "BTCUSDT" and body["discount"]["discountAsset"] == "BNB"
    assert body["standardCommission"]["taker"] == "0.00100000"
    assert set(body) == {
        *("symbol", "standardCommission", "specialCommission", "taxCommission", "discount"),
    }
    assert desk.ask("GET", "/api/v3/account/commission").code == -1102


@pytest.mark.parametrize(
    ("name", "rights"),
    [("trade", (True, False)), ("read", (False, False)), ("withdraw", (True, True))],
)
def test_a_key_says_what_it_may_do(clock, name, rights):
    body = Desk(clock, name=name).ask("GET", "/sapi/v1/account/apiRestrictions").body
    assert (body["enableSpotAndMarginTrading"], body["enableWithdrawals"]) == rights
    assert body["enableReading"] is True and body["ipRestrict"] is False


def test_a_market_order_is_told_in_full(desk):
    told = market(desk)
    assert list(told.body) == keys(FULL_KEYS)
    (fill,) = told.body["fills"]
    assert set(fill) == {"price", "qty", "commission", "commissionAsset", "tradeId"}
    assert told.body["status"] == "FILLED" and told.body["orderListId"] == -1
    assert fill["commissionAsset"] == "BTC"
    assert Decimal(fill["commission"]) == (Decimal(fill["qty"]) / 1000).quantize(Decimal("1e-8"))
    assert Decimal(told.body["cummulativeQuoteQty"]) <= 50
    assert told.headers["X-MBX-ORDER-COUNT-10S"] == "0"


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"newOrderRespType": "ACK"}, keys(FULL_KEYS)[:5]),
        ({"newOrderRespType": "RESULT"}, keys(FULL_KEYS)[:-1]),
        ({"newOrderRespType": "FULL"}, keys(FULL_KEYS)),
    ],
)
def test_as_much_of_an_order_is_told_as_is_wanted(desk, params, told):
    assert list(market(desk, **params).body) == told


def test_other_kinds_than_limit_and_market_are_only_acknowledged(desk):
    told = desk.stop("SELL", desk.near(0.95), desk.near(0.94))
    assert list(told.body) == keys(FULL_KEYS)[:5]
    whole = desk.stop("SELL", desk.near(0.95), desk.near(0.94), newOrderRespType="FULL").body
    assert whole["stopPrice"] == f"{Decimal(desk.near(0.95)):.8f}" and whole["workingTime"] == -1
    assert desk.query(whole["orderId"])["isWorking"] is False


def test_an_order_is_told_by_its_number_or_its_name(desk):
    made = desk.limit("BUY", desk.near(0.9), newClientOrderId="mine").body
    asked = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
    told = desk.ask("GET", ORDER, **asked).body
    assert list(told) == keys(ORDER_KEYS) and told == desk.query(made["orderId"])
    assert told["status"] == "NEW" and told["time"] == told["workingTime"] == desk.now_ms
    both = desk.ask("GET", ORDER, **{**asked, "orderId": made["orderId"]})
    assert both.status == 200
    wrong = {"origClientOrderId": "other", "orderId": made["orderId"]}
    assert desk.ask("GET", ORDER, symbol="BTCUSDT", **wrong).code == -2039
    none = desk.ask("GET", ORDER, symbol="BTCUSDT", orderId=77)
    assert none.status == 400 and none.error == (-2013, "Order does not exist.")
    assert desk.ask("GET", ORDER, symbol="ETHUSDT", origClientOrderId="mine").code == -2013
    assert desk.ask("GET", ORDER, symbol="BTCUSDT").error == (
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    )


def test_nobody_is_told_of_another_account(desk):
    made = desk.limit("BUY", desk.near(0.9)).body
    stranger = Desk(desk.clock, name="withdraw")
    stranger.exchange = desk.exchange
    asked = {"symbol": "BTCUSDT", "orderId": made["orderId"]}
    assert stranger.ask("GET", ORDER, **asked).code == -2013
    assert stranger.ask("DELETE", ORDER, **asked).code == -2011
    assert stranger.ask("GET", OPEN).body == []
    assert stranger.ask("GET", TRADES, symbol="BTCUSDT").body == []


def test_a_cancel_is_told_under_its_own_name(desk):
    made = desk.limit("BUY", desk.near(0.9), newClientOrderId="mine").body
    asked = {"symbol": "BTCUSDT", "orderId": made["orderId"], "newClientOrderId": "the-cancel"}
    told = desk.ask("DELETE", ORDER, **asked)
    assert list(told.body) == keys(CANCEL_KEYS) and told.body["status"] == "CANCELED"
    assert told.body["origClientOrderId"] == "mine" and told.body["clientOrderId"] == "the-cancel"
    assert desk.query(made["orderId"])["clientOrderId"] == "mine"
    again = desk.ask("DELETE", ORDER, **asked)
    assert again.status == 400 and again.error == (-2011, "Unknown order sent.")
    assert desk.balances()["USDT"] == (10_000, 0)


def test_cancel_restrictions_hold(desk):
    number = desk.limit("BUY", desk.near(0.9)).body["orderId"]
    asked = {"symbol": "BTCUSDT", "orderId": number}
    told = desk.ask("DELETE", ORDER, **asked, cancelRestrictions="ONLY_PARTIALLY_FILLED")
    assert told.error == (-2011, "Order was not canceled due to cancel restrictions.")
    assert desk.ask("DELETE", ORDER, **asked, cancelRestrictions="NEVER").code == -1130
    assert desk.ask("DELETE", ORDER, **asked, cancelRestrictions="ONLY_NEW").status == 200


def test_all_that_is_open_of_a_symbol_is_told_and_cancelled(desk):
    first = desk.limit("BUY", desk.near(0.9)).body["orderId"]
    second = desk.oco(desk.near(1.1), desk.near(0.9), desk.near(0.89)).body
    other = desk.limit("BUY", desk.near(0.9, "ETHUSDT"), symbol="ETHUSDT").body["orderId"]
    told = desk.ask("GET", OPEN).body
    assert [row["orderId"] for row in told] == [first, first + 1, first + 2, other]
    assert [row["symbol"] for row in desk.ask("GET", OPEN, symbol="ETHUSDT").body] == ["ETHUSDT"]
    ended = desk.ask("DELETE", OPEN, symbol="BTCUSDT").body
    assert ended[0]["orderId"] == first and ended[1]["orderListId"] == second["orderListId"]
    assert {row["status"] for row in ended[1]["orderReports"]} == {"CANCELED"}
    assert desk.ask("DELETE", OPEN, symbol="BTCUSDT").code == -2011
    assert [row["orderId"] for row in desk.ask("GET", OPEN).body] == [other]


def test_orders_and_trades_are_listed_by_number_time_and_limit(desk, clock):
    numbers = []
    for _ in range(4):
        numbers.append(market(desk).body["orderId"])
        clock.now += 60
    start = desk.now_ms - 240_000

    def listed(path, key, **asked):
        return [row[key] for row in desk.ask("GET", path, symbol="BTCUSDT", **asked).body]

    for path, key, first in [(ALL, "orderId", "orderId"), (TRADES, "orderId", "fromId")]:
        assert listed(path, key) == numbers
        assert listed(path, key, limit=2) == numbers[2:]
        assert listed(path, key, **{first: numbers[1]}, limit=2) == numbers[1:3]
        assert listed(path, key, startTime=start + 60_000, limit=2) == numbers[1:3]
        assert listed(path, key, endTime=start + 60_000) == numbers[:2]
        wide = {"startTime": start, "endTime": start + DAY_MS + 1}
        assert desk.ask("GET", path, symbol="BTCUSDT", **wide).code == -1127
        assert desk.ask("GET", path, symbol="BTCUSDT", startTime=2, endTime=1).code == -1128
        assert desk.ask("GET", path, symbol="BTCUSDT", limit=0).code == -1130
    assert listed(TRADES, "orderId", orderId=numbers[2]) == [numbers[2]]
    trade = desk.ask("GET", TRADES, symbol="BTCUSDT", limit=1).body[0]
    assert list(trade) == keys(TRADE_KEYS) and trade["isBuyer"] and not trade["isMaker"]
    assert trade["commissionAsset"] == "BTC"


def test_a_test_checks_and_does_nothing(desk):
    asked = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "50000"}
    assert desk.ask("POST", TEST, **asked).body == {}
    assert desk.ask("POST", TEST, **{**asked, "quoteOrderQty": "1"}).code == -1013
    told = desk.ask("POST", TEST, **asked, computeCommissionRates="true").body
    assert told["standardCommissionForOrder"] == {"maker": "0.00100000", "taker": "0.00100000"}
    assert {"specialCommissionForOrder", "taxCommissionForOrder", "discount"} < set(told)
    assert desk.ask("GET", ALL, symbol="BTCUSDT").body == []


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"symbol": "NOPEUSDT"}, (-1121, "Invalid symbol.")),
        ({"symbol": "btcusdt"}, -1100),
        ({"symbol": None}, -1102),
        ({"side": "HOLD"}, (-1117, "Invalid side.")),
        ({"type": "STOP"}, (-1116, "Invalid orderType.")),
        ({"timeInForce": "DAY"}, (-1115, "Invalid timeInForce.")),
        (
            {"timeInForce": None},
            (
                -1102,
                "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed.",
            ),
        ),
        ({"quantity": ""}, -1102),
        ({"price": None}, -1102),
        ({"quantity": "-1"}, -1100),
        ({"quantity": "1e-3"}, -1100),
        ({"quantity": "0.010000001"}, (-1111, "Parameter 'quantity' has too much precision.")),
        ({"quantity": "0.010000000"}, None),
        ({"stopPrice": "1"}, (-1106, "Parameter 'stopPrice' sent when not required.")),
        ({"quoteOrderQty": "1"}, -1106),
        ({"newClientOrderId": "x" * 37}, -1100),
        ({"newClientOrderId": "a b"}, -1100),
        ({"newOrderRespType": "ALL"}, -1130),
        ({"strategyType": "999999"}, -1130),
        ({"strategyType": "1000000", "strategyId": "7"}, None),
        ({"selfTradePreventionMode": "MAYBE"}, -1130),
        ({"icebergQty": "0.001", "timeInForce": "IOC"}, -1128),
        ({"icebergQty": "0.001"}, None),
        ({"surprise": "1"}, -1104),
        ({"quantity": "0.0000001"}, (-1013, "Filter failure: LOT_SIZE")),
        ({"price": "0.001"}, (-1013, "Filter failure: PRICE_FILTER")),
        ({"price": "1.00"}, (-1013, "Filter failure: NOTIONAL")),
        ({"price": "1000.00"}, (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE")),
        (
            {"quantity": "100"},
            (-2010, "Account has insufficient balance for requested action."),
        ),
    ],
)
def test_a_limit_order_that_is_not_right_is_refused(desk, params, error):
    asked = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    asked |= {"quantity": "0.01", "price": desk.near(0.9)}
    told = desk.ask("POST", ORDER, **{**asked, **params})
    if error is None:
        assert told.status == 200
    else:
        assert told.status == 400
        assert (told.error if isinstance(error, tuple) else told.code) == error
        assert desk.ask("GET", OPEN).body == []


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"type": "MARKET"}, -1102),
        ({"type": "MARKET", "quantity": "1", "quoteOrderQty": "1"}, -1128),
        ({"type": "MARKET", "quantity": "1", "price": "1"}, -1106),
        ({"type": "MARKET", "quantity": "1", "timeInForce": "GTC"}, -1106),
        ({"type": "MARKET", "quantity": "129"}, (-1013, "Filter failure: MARKET_LOT_SIZE")),
        ({"type": "LIMIT_MAKER", "quantity": "1", "price": "1", "timeInForce": "GTC"}, -1106),
        ({"type": "STOP_LOSS_LIMIT", "quantity": "1", "price": "1", "timeInForce": "GTC"}, -1102),
        (
            {"type": "STOP_LOSS", "quantity": "0.01", "stopPrice": "60000"},
            (-2010, "Stop loss orders are not supported for this symbol."),
        ),
    ],
)
def test_other_orders_that_are_not_right_are_refused(desk, params, error):
    told = desk.order(**params)
    assert told.status == 400
    assert (told.error if isinstance(error, tuple) else told.code) == error


def test_a_halted_market_takes_no_orders(desk):
    told = market(desk, symbol="SRMUSDT")
    assert told.error == (-1013, "Market is closed.")


def test_what_an_account_has_no_permission_for_is_refused(desk):
    told = market(desk, symbol="BTCUPUSDT")
    assert told.error == (-2010, "This symbol is not permitted for this account.")


def test_too_many_open_orders_are_refused(desk):
    for _ in range(5):
        assert desk.stop("SELL", desk.near(0.95), desk.near(0.94)).status == 200
    told = desk.stop("SELL", desk.near(0.95), desk.near(0.94))
    assert told.error == (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")


def test_a_name_is_used_once_among_open_orders(desk):
    price = desk.near(0.9)
    first = desk.limit("BUY", price, newClientOrderId="mine").body["orderId"]
    told = desk.limit("BUY", price, newClientOrderId="mine")
    assert told.status == 400 and told.error == (-2010, "Duplicate order sent.")
    desk.ask("DELETE", ORDER, symbol="BTCUSDT", orderId=first)
    assert desk.limit("BUY", price, newClientOrderId="mine").status == 200


@pytest.mark.slow
def test_unfilled_orders_are_counted_and_too_many_wait(desk, clock):
    limits = desk.ask("GET", "/api/v3/rateLimit/order").body
    assert [row["limit"] for row in limits] == [100, 200_000] and limits[0]["count"] == 0
    assert set(limits[0]) == {"rateLimitType", "interval", "intervalNum", "limit", "count"}
    market(desk)
    for _ in range(100):
        made = desk.limit("BUY", desk.near(0.5), "0.0005")
    assert made.headers["X-MBX-ORDER-COUNT-10S"] == made.headers["X-MBX-ORDER-COUNT-1D"] == "100"
    told = desk.limit("BUY", desk.near(0.5), "0.0005")
    assert told.status == 429 and told.headers["Retry-After"] == str(10 - int(clock()) % 10)
    assert told.error == (-1015, "Too many new orders; current limit is 100 orders per 10 SECOND.")
    clock.now += 10
    assert desk.limit("BUY", desk.near(0.5), "0.0005").status == 200


def replace(desk, old, mode="STOP_ON_FAILURE", **params):
    asked = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    asked |= {"quantity": "0.01", "price": desk.near(0.8), "cancelReplaceMode": mode}
    return desk.ask("POST", REPLACE, **{**asked, "cancelOrderId": old, **params})


def test_an_order_is_replaced_by_another(desk):
    old = desk.limit("BUY", desk.near(0.9)).body["orderId"]
    told = replace(desk, old, newClientOrderId="next")
    assert told.status == 200
    assert told.body["cancelResult"] == told.body["newOrderResult"] == "SUCCESS"
    assert told.body["cancelResponse"]["status"] == "CANCELED"
    assert told.body["newOrderResponse"]["clientOrderId"] == "next"
    assert [row["clientOrderId"] for row in desk.ask("GET", OPEN).body] == ["next"]


def test_a_cancel_that_succeeds_before_a_failure_stays(desk):
    old = desk.limit("BUY", desk.near(0.9)).body["orderId"]
    told = replace(desk, old, type="LIMIT_MAKER", timeInForce=None, price=desk.near(1.1))
    assert told.status == 409
    assert told.error == (-2021, "Order cancel-replace partially failed.")
    data = told.body["data"]
    assert (data["cancelResult"], data["newOrderResult"]) == ("SUCCESS", "FAILURE")
    assert data["cancelResponse"]["status"] == "CANCELED"
    assert data["newOrderResponse"] == {
        "code": -2010,
        "msg": "Order would immediately match and take.",
    }
    assert desk.query(old)["status"] == "CANCELED"


def test_without_its_cancel_a_replacement_is_not_tried(desk):
    told = replace(desk, 99)
    assert told.status == 400 and told.error == (-2022, "Order cancel-replace failed.")
    assert told.body["data"] == {
        "cancelResult": "FAILURE",
        "newOrderResult": "NOT_ATTEMPTED",
        "cancelResponse": {"code": -2011, "msg": "Unknown order sent."},
        "newOrderResponse": None,
    }
    assert desk.ask("GET", OPEN).body == []


def test_a_replacement_may_be_placed_though_the_cancel_failed(desk):
    told = replace(desk, 99, "ALLOW_FAILURE")
    assert told.status == 409 and told.code == -2021
    data = told.body["data"]
    assert (data["cancelResult"], data["newOrderResult"]) == ("FAILURE", "SUCCESS")
    both = replace(desk, 99, "ALLOW_FAILURE", quantity="0.5", price=desk.near(0.99))
    assert both.status == 400 and both.code == -2022
    assert both.body["data"]["newOrderResult"] == "FAILURE"
    assert replace(desk, 99, "SOMEHOW").code == -1130
    assert replace(desk, None).code == -1102
    assert replace(desk, 99, quantity=None).code == -1102


@pytest.mark.slow
def test_filters_and_counts_are_looked_at_before_the_cancel(desk, clock):
    old = desk.limit("BUY", desk.near(0.9)).body["orderId"]
    assert replace(desk, old, quantity="0.00001").error == (-1013, "Filter failure: NOTIONAL")
    for _ in range(99):
        desk.limit("BUY", desk.near(0.5), "0.0005")
    told = replace(desk, old)
    assert told.status == 429 and told.code == -1015
    assert desk.query(old)["status"] == "NEW"
    assert replace(desk, old, orderRateLimitExceededMode="NEVER").code == -1130
    told = replace(desk, old, orderRateLimitExceededMode="CANCEL_ONLY")
    assert told.status == 429 and told.code == -2021
    assert told.body["data"]["newOrderResponse"]["code"] == -1015
    assert desk.query(old)["status"] == "CANCELED"


def test_an_accounts_filters(desk):
    told = desk.ask("GET", "/api/v3/myFilters", symbol="BTCUSDT").body
    assert told["symbolFilters"] == desk.exchange.engine.info("BTCUSDT", desk.now_ms)["filters"]


@pytest.mark.parametrize(("method", "path"), sorted(ROUTES), ids=str)
def test_every_path_wants_a_signature(desk, method, path):
    told = desk.raw(method, path, f"timestamp={desk.now_ms}&signature={'0' * 64}")
    assert told.status == 400 and told.code in (-1022, -1102)
    assert path in PATHS


def test_what_was_paid_in_and_out_is_told_apart(desk):
    for asset, amount in (("USDT", "250"), ("BTC", "-0.1"), ("USDT", "-40")):
        desk.exchange.pay(desk.key, asset, amount)
    (came,) = desk.ask("GET", "/sapi/v1/capital/deposit/hisrec", startTime=desk.now_ms).body
    assert (came["coin"], came["amount"], came["status"]) == ("USDT", "250.00000000", 1)
    went = desk.ask("GET", "/sapi/v1/capital/withdraw/history").body
    assert [row["coin"] for row in went] == ["USDT", "BTC"] and went[0]["status"] == 6
    later = desk.ask("GET", "/sapi/v1/capital/withdraw/history", startTime=desk.now_ms + 1)
    assert later.body == []
    balances = desk.ask("GET", "/api/v3/account").body["balances"]
    assert {"asset": "USDT", "free": "10210.00000000", "locked": "0.00000000"} in balances
