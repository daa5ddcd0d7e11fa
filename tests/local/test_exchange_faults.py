"""local/exchange_faults.py: what was asked for breaks, and the order is there or is not."""

import json
from decimal import Decimal

import pytest
import requests
from requests import ConnectionError, ReadTimeout
from urllib3.exceptions import ProtocolError

from local.exchange_faults import AFTER, BROKEN, ERRORS, KINDS, Faults, Silence
from local.markets import Markets
from tests.local.desk import ORDER

POST = f"POST {ORDER}"


def buy(desk, name="mine", **more):
    return desk.order(type="MARKET", quoteOrderQty="50", newClientOrderId=name, **more)


def there(desk, name="mine"):
    return desk.ask("GET", ORDER, symbol="BTCUSDT", origClientOrderId=name).status == 200


@pytest.mark.parametrize("kind", sorted(KINDS - {"slow", "hidden", "partial", "duplicate"}))
def test_a_fault_comes_before_or_after_the_order_is_in(desk, kind):
    desk.exchange.faults.on(POST, kind)
    bare = kind.removesuffix(AFTER)
    if bare in BROKEN:
        with pytest.raises(Silence) as silence:
            buy(desk)
        assert (silence.value.seconds > 0) == (bare == "timeout")
    else:
        told = buy(desk)
        status, code, text = ERRORS[bare]
        assert told.status == status
        if code is not None:
            assert told.code == code and told.body["msg"].startswith(text.partition("{")[0])
        assert ("Retry-After" in told.headers) == (bare in ("418", "429"))
    assert there(desk) == kind.endswith(AFTER)
    assert buy(desk, "next").status == 200


def test_a_duplicate_answer_is_of_an_order_made_once(desk):
    desk.exchange.faults.on(POST, "duplicate")
    assert buy(desk).error == (-2010, "Duplicate order sent.")
    assert there(desk)
    assert len(desk.ask("GET", "/api/v3/allOrders", symbol="BTCUSDT").body) == 1


def test_an_order_is_unknown_for_a_while_after_it_is_in(desk, clock):
    desk.exchange.faults.on(POST, "hidden", seconds=8)
    number = buy(desk).body["orderId"]
    lists = ("/api/v3/openOrders", "/api/v3/allOrders", "/api/v3/myTrades")
    assert desk.query(number)["code"] == -2013
    assert all(desk.ask("GET", path, symbol="BTCUSDT").body == [] for path in lists)
    clock.now += 7.9
    assert not there(desk)
    clock.now += 0.1
    assert there(desk) and len(desk.ask("GET", lists[2], symbol="BTCUSDT").body) == 1


def test_a_pair_is_unknown_for_a_while_too(desk, clock):
    desk.exchange.faults.on("POST /api/v3/orderList/*", "hidden", seconds=8)
    made = desk.oco(desk.near(1.1), desk.near(0.9), desk.near(0.89)).body
    asked = {"orderListId": made["orderListId"]}
    assert desk.ask("GET", "/api/v3/orderList", **asked).code == -2018
    clock.now += 8
    assert desk.ask("GET", "/api/v3/orderList", **asked).status == 200


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"type": "MARKET"}, "EXPIRED"),
        ({"type": "LIMIT", "timeInForce": "GTC"}, "PARTIALLY_FILLED"),
        ({"type": "LIMIT", "timeInForce": "IOC"}, "EXPIRED"),
        ({"type": "LIMIT", "timeInForce": "FOK"}, "EXPIRED"),
    ],
)
def test_an_order_is_filled_in_part(desk, params, status):
    desk.exchange.faults.on(POST, "partial", share="0.3")
    price = {"price": desk.near(1.02)} if params["type"] == "LIMIT" else {}
    told = desk.order(quantity="0.01", **params, **price).body
    assert told["status"] == status
    whole = params.get("timeInForce") != "FOK"
    assert Decimal(told["executedQty"]) == (Decimal("0.003") if whole else 0)


def test_slowness_takes_its_time(desk, clock):
    desk.exchange.faults.on("* /api/v3/*", "slow", seconds=3)
    before = clock()
    assert buy(desk).status == 200 and clock() == before + 3


def test_a_fault_comes_so_many_times_where_it_was_set(desk):
    desk.exchange.faults.on("GET /api/v3/account", "503", times=2)
    for status in (503, 503, 200):
        assert desk.ask("GET", "/api/v3/account/commission", symbol="BTCUSDT").status == 200
        assert desk.ask("GET", "/api/v3/account").status == status
    desk.exchange.faults.on("*", "502", times=None)
    assert [desk.ask("GET", "/api/v3/account").status for _ in range(4)] == [502] * 4
    desk.exchange.faults.off()
    assert desk.ask("GET", "/api/v3/account").status == 200 and not desk.exchange.faults.any


def test_chance_is_the_same_for_the_same_seed(clock):
    def played(seed):
        faults = Faults(clock)
        faults.on("*", "500", times=None, chance=0.4, seed=seed)
        return [faults.next("GET", "/x") is not None for _ in range(200)]

    assert played(1) == played(1) != played(2)
    assert 50 < sum(played(1)) < 110


def test_faults_meet_public_paths_too_and_say_that_they_did(desk):
    desk.exchange.faults.on("GET /api/v3/time", "451")
    told = desk.raw("GET", "/api/v3/time")
    assert told.status == 451 and told.code == 0 and "restricted location" in told.body["msg"]
    assert desk.exchange.faults.played == [("GET /api/v3/time", "451")]


def test_a_ban_says_when_it_ends(desk):
    desk.exchange.faults.on("*", "418", seconds=90)
    told = buy(desk)
    assert told.headers["Retry-After"] == "90"
    assert f"until {desk.now_ms + 90_000}." in told.body["msg"]


@pytest.mark.parametrize(
    ("kind", "error"), [("timeout", ReadTimeout), ("drop", ConnectionError), ("drop_after", None)]
)
def test_in_the_process_silence_is_what_the_network_raises(desk, kind, error):
    desk.exchange.faults.on("*", kind)
    with requests.Session() as session:
        session.mount("https://", Markets(desk.exchange.faces()))
        with pytest.raises(error or ConnectionError) as raised:
            session.get("https://api.binance.com/api/v3/time")
        if kind != "timeout":
            assert isinstance(raised.value.args[0], ProtocolError)
        assert session.get("https://api.binance.com/api/v3/time").status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        "x",
        [1],
        {},
        {"where": "*"},
        {"where": "*", "kind": "explode"},
        {"where": 1, "kind": "500"},
        {"where": "*", "kind": "500", "times": -1},
        {"where": "*", "kind": "500", "chance": 2},
        {"where": "*", "kind": "500", "seconds": -1},
        {"where": "*", "kind": "partial", "share": "2"},
        {"where": "*", "kind": "partial", "share": "NaN"},
        {"where": "*", "kind": "500", "dice": 1},
        {"where": "*", "kind": "500", "seed": "1"},
    ],
)
def test_what_is_no_fault_is_refused(clock, asked):
    faults = Faults(clock)
    with pytest.raises(ValueError, match=r"."):
        faults.read(asked)
    assert not faults.any


def test_faults_are_set_by_json(clock):
    faults = Faults(clock)
    faults.read(json.loads('[{"where":"*","kind":"500","times":null},{"where":"*","kind":"451"}]'))
    assert faults.next("GET", "/").kind == "500"
