"""local/order_lists.py: pairs of orders, told and refused as documented."""

from decimal import Decimal

import pytest

from tests.local.desk import LIST, ORDER

OPEN = "/api/v3/openOrders"
LIST_KEYS = """orderListId contingencyType listStatusType listOrderStatus listClientOrderId
transactionTime symbol orders"""


def test_an_oco_is_told_as_documented(desk):
    told = desk.oco(
        desk.near(1.1),
        desk.near(0.9),
        desk.near(0.89),
        listClientOrderId="pair",
        aboveClientOrderId="up",
        belowClientOrderId="down",
        newOrderRespType="RESULT",
    ).body
    assert list(told) == [*LIST_KEYS.split(), "orderReports"]
    assert told["listOrderStatus"] == "EXECUTING" and told["listStatusType"] == "EXEC_STARTED"
    assert [row["clientOrderId"] for row in told["orders"]] == ["up", "down"]
    above, below = told["orderReports"]
    assert above["type"] == "LIMIT_MAKER" and above["workingTime"] == desk.now_ms
    assert below["type"] == "STOP_LOSS_LIMIT" and below["workingTime"] == -1
    assert below["stopPrice"] == f"{Decimal(desk.near(0.9)):.8f}"
    assert above["orderListId"] == below["orderListId"] == told["orderListId"]
    assert desk.balances()["BTC"] == (Decimal("0.49"), Decimal("0.01"))
    listed = desk.ask("GET", LIST, orderListId=told["orderListId"]).body
    assert list(listed) == LIST_KEYS.split()
    assert desk.ask("GET", LIST, origClientOrderId="pair").body == listed
    assert desk.ask("GET", "/api/v3/openOrderList").body == [listed]
    ended = desk.ask("DELETE", LIST, symbol="BTCUSDT", listClientOrderId="pair").body
    assert ended["listOrderStatus"] == ended["listStatusType"] == "ALL_DONE"
    assert [row["origClientOrderId"] for row in ended["orderReports"]] == ["up", "down"]
    assert desk.ask("GET", "/api/v3/openOrderList").body == []
    assert len(desk.ask("GET", "/api/v3/allOrderList").body) == 1
    assert desk.ask("DELETE", LIST, symbol="BTCUSDT", listClientOrderId="pair").code == -2011


def test_an_order_of_a_list_takes_the_list_with_it(desk):
    made = desk.oco(desk.near(1.1), desk.near(0.9), desk.near(0.89)).body
    asked = {"symbol": "BTCUSDT", "orderId": made["orders"][0]["orderId"]}
    told = desk.ask("DELETE", ORDER, **asked).body
    assert told["orderListId"] == made["orderListId"] and len(told["orderReports"]) == 2
    assert desk.ask("GET", OPEN).body == []


@pytest.mark.parametrize(
    ("take", "stop", "more", "error"),
    [
        (0.99, 0.9, {}, (-2010, "The relationship of the prices for the orders is not correct.")),
        (1.1, 1.05, {}, -2010),
        (1.1, 0.9, {"aboveType": "STOP_LOSS_LIMIT"}, -1102),
        (1.1, 0.9, {"aboveType": "LIMIT", "aboveTimeInForce": "GTC"}, -1014),
        (1.1, 0.9, {"belowType": None}, -1102),
        (1.1, 0.9, {"quantity": None}, -1102),
        (1.1, 0.9, {"quantity": "0.6"}, -2010),
        (1.1, 0.9, {"aboveClientOrderId": "same", "belowClientOrderId": "same"}, -2010),
        (1.1, 0.9, {"belowTimeInForce": None}, -1102),
    ],
)
def test_an_oco_that_is_not_right_is_refused_whole(desk, take, stop, more, error):
    told = desk.oco(desk.near(take), desk.near(stop), desk.near(stop - 0.01), **more)
    assert told.status == 400
    assert (told.error if isinstance(error, tuple) else told.code) == error
    assert desk.ask("GET", OPEN).body == []


def test_a_lists_name_is_used_once_among_open_lists(desk):
    prices = desk.near(1.1), desk.near(0.9), desk.near(0.89)
    first = desk.oco(*prices, listClientOrderId="pair").body["orderListId"]
    assert desk.oco(*prices, listClientOrderId="pair").error == (-2010, "Duplicate order sent.")
    desk.ask("DELETE", LIST, symbol="BTCUSDT", orderListId=first)
    assert desk.oco(*prices, listClientOrderId="pair").status == 200
    assert desk.ask("GET", LIST, orderListId=99).code == -2018
    assert desk.ask("GET", LIST).code == -1102


def test_an_oco_to_buy_is_the_mirror(desk):
    told = desk.oco(desk.near(0.9), desk.near(1.05), desk.near(1.06), side="BUY").body
    assert [row["status"] for row in map(desk.query, (1, 2))] == ["NEW", "NEW"]
    dearest = Decimal(desk.near(1.06)) * Decimal("0.01")
    assert desk.balances()["USDT"][1] == dearest and told["contingencyType"] == "OCO"
