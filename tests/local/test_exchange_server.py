"""local/exchange_server.py: the exchange over a real socket, and its control paths."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from local.exchange_server import LARGEST, Server
from tests.local.desk import ORDER, Desk


@pytest.fixture
def open_desk(desk):
    with Server(desk.exchange) as server:
        desk.url = server.url
        yield desk


def send(desk, method, path, **params):
    text = desk.payload(**params)
    headers = {"X-MBX-APIKEY": desk.key}
    if method == "POST":
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return requests.post(desk.url + path, data=text, headers=headers, timeout=5)
    return requests.request(method, f"{desk.url}{path}?{text}", headers=headers, timeout=5)


def buy(desk, name="mine"):
    asked = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "50"}
    return send(desk, "POST", ORDER, **asked, newClientOrderId=name)


def test_orders_go_over_the_socket(open_desk):
    told = buy(open_desk)
    assert told.status_code == 200 and told.json()["status"] == "FILLED"
    assert told.headers["X-MBX-USED-WEIGHT-1M"] == "0"
    asked = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
    assert send(open_desk, "GET", ORDER, **asked).json()["orderId"] == 1
    assert send(open_desk, "DELETE", ORDER, **asked).json()["code"] == -2011
    assert requests.get(open_desk.url + "/api/v3/time", timeout=5).status_code == 200
    rows = requests.get(open_desk.url + "/_orders", timeout=5).json()
    assert [(row["account"], row["clientOrderId"]) for row in rows] == [(1, "mine")]


@pytest.mark.parametrize("after", ["", "_after"])
def test_a_broken_connection_and_a_silence_reach_the_client(open_desk, after):
    control = open_desk.url + "/_faults"
    fault = {"where": f"POST {ORDER}", "kind": f"drop{after}"}
    assert requests.post(control, json=fault, timeout=5).status_code == 200
    with pytest.raises(requests.ConnectionError):
        buy(open_desk)
    fault = {**fault, "kind": f"timeout{after}", "seconds": 0.2}
    requests.post(control, json=fault, timeout=5)
    with pytest.raises(requests.ConnectionError):
        buy(open_desk, "second")
    rows = requests.get(open_desk.url + "/_orders", timeout=5).json()
    assert len(rows) == (2 if after else 0)
    played = requests.get(control, timeout=5).json()
    assert played == [[f"POST {ORDER}", f"drop{after}"], [f"POST {ORDER}", f"timeout{after}"]]


def test_faults_are_set_and_ended_from_this_machine_only(open_desk):
    control, fault = open_desk.url + "/_faults", {"where": "*", "kind": "500", "times": None}
    for header in ({"Origin": "https://x.y"}, {"Host": "x.y"}, {"Sec-Fetch-Site": "same-site"}):
        told = requests.post(control, json=fault, headers=header, timeout=5)
        assert told.status_code == 403 and not open_desk.exchange.faults.any
    assert requests.post(control, data=b"{", timeout=5).status_code == 400
    told = requests.post(control, json={"where": "*", "kind": "none"}, timeout=5)
    assert told.status_code == 400 and told.json() == {"msg": "no such fault: none"}
    assert requests.get(open_desk.url + "/_nothing", timeout=5).status_code == 404
    requests.post(control, json=fault, timeout=5)
    assert buy(open_desk).status_code == 500
    requests.delete(control, timeout=5)
    assert buy(open_desk).status_code == 200


@pytest.mark.parametrize("length", ["x", str(LARGEST + 1)])
def test_a_body_too_long_is_not_read(open_desk, length):
    told = requests.post(open_desk.url + ORDER, headers={"Content-Length": length}, timeout=5)
    assert told.status_code == 413


def test_many_at_once_are_each_filled_once(open_desk):
    names = [f"n{i}" for i in range(8)]
    with ThreadPoolExecutor(8) as customers:
        told = list(customers.map(lambda name: buy(open_desk, name), names))
    assert [one.status_code for one in told] == [200] * 8
    rows = requests.get(open_desk.url + "/_orders", timeout=5).json()
    assert sorted(row["clientOrderId"] for row in rows) == names


def test_it_listens_on_this_machine_only(clock):
    server = Server(Desk(clock).exchange)
    assert server.server_address[0] == "127.0.0.1" and server.url.startswith("http://127.0.0.1:")
    server.server_close()
