"""local/exchange.py: who is let in, by which bytes, and at what weight."""

import hashlib
import hmac
import json
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from local.exchange import genuine, key_pair, main, read
from local.routes import ROUTES
from local.weights import BAN, LIMIT, PATIENCE
from local.world import TESTNET, open_markets
from tests.conftest import Clock
from tests.local.desk import ORDER, Desk

ACCOUNT = "/api/v3/account"
DOCUMENTED = (
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
    "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
    "&timestamp=1499827319559",
    "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
)


@pytest.mark.parametrize("cut", [0, 45, 200])
def test_the_documented_signature_is_genuine_wherever_the_bytes_are(cut):
    secret, payload, signature = DOCUMENTED
    query, body = payload[:cut], payload[cut:]
    body += ("&" if body else "") + f"signature={signature.upper()}"
    assert genuine(secret, query, body.encode())
    assert not genuine(secret, query, body.replace("quantity=1", "quantity=2").encode()[:-1] + b"x")
    assert not genuine(secret + "x", query, body.encode())


def test_a_query_and_a_body_are_signed_together_without_a_separator(desk):
    query = f"symbol=BTCUSDT&side=BUY&type=MARKET&timestamp={desk.now_ms}"
    body = "quoteOrderQty=50"
    signed = desk.signature(query + body)
    assert desk.raw("POST", ORDER, query, f"{body}&signature={signed}".encode()).status == 200
    mixed = desk.signature(f"{query}&{body}")
    refused = desk.raw("POST", ORDER, query, f"{body}&signature={mixed}".encode())
    assert refused.error == (-1022, "Signature for this request is not valid.")


def test_of_a_parameter_in_both_the_query_wins(desk):
    query = f"symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=50&timestamp={desk.now_ms}"
    body = "quoteOrderQty=5000"
    signed = desk.signature(query + body)
    told = desk.raw("POST", ORDER, query, f"{body}&signature={signed}".encode()).body
    assert told["origQuoteOrderQty"] == "50.00000000"


def test_the_signature_is_over_percent_encoded_bytes(desk):
    asked = {"symbol": "币安人生USDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "20"}
    asked["newClientOrderId"] = "a:b/c.d_-"
    told = desk.ask("POST", ORDER, **asked)
    assert told.status == 200 and told.body["symbol"] == "币安人生USDT"
    assert told.body["clientOrderId"] == "a:b/c.d_-"
    plain = f"symbol=币安人生USDT&orderId={told.body['orderId']}&timestamp={desk.now_ms}"
    encoded = requests.Request("GET", f"https://x/?{plain}").prepare().url.partition("?")[2]
    forged = desk.raw("GET", ORDER, f"{encoded}&signature={desk.signature(plain)}")
    assert forged.code == -1022
    assert desk.raw("GET", ORDER, f"{encoded}&signature={desk.signature(encoded)}").status == 200


@pytest.mark.parametrize(
    ("key", "status", "error"),
    [
        ("", 401, (-2014, "API-key format invalid.")),
        ("short", 401, (-2014, "API-key format invalid.")),
        ("k" * 64, 401, (-2015, "Invalid API-key, IP, or permissions for action.")),
    ],
)
def test_a_key_is_well_formed_and_known(desk, key, status, error):
    told = desk.raw("GET", ACCOUNT, desk.payload(), key=key)
    assert told.status == status and told.error == error


@pytest.mark.parametrize(
    ("ahead", "window", "error"),
    [
        (999, None, None),
        (1000, 60000, "Timestamp for this request was 1000ms ahead of the server's time."),
        (-5000, None, None),
        (-5001, None, "Timestamp for this request is outside of the recvWindow."),
        (-5001, "5001.000", None),
        (-60000, 60000, None),
        (-60001, 60000, "Timestamp for this request is outside of the recvWindow."),
    ],
)
def test_a_timestamp_is_near_the_clock(desk, ahead, window, error):
    told = desk.ask("GET", ACCOUNT, timestamp=desk.now_ms + ahead, recvWindow=window)
    assert told.error == (-1021, error) if error else told.status == 200


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"timestamp": None}, -1102),
        ({"timestamp": "x"}, -1100),
        ({"timestamp": "9" * 18}, -1100),
        ({"recvWindow": "-1"}, -1100),
        ({"recvWindow": "60001"}, -1131),
        ({"what": "1"}, -1104),
        ({"omitZeroBalances": ""}, -1105),
    ],
)
def test_what_every_signed_request_says_is_read_with_care(desk, params, code):
    assert desk.ask("GET", ACCOUNT, **params).code == code


def test_a_microsecond_timestamp_is_taken(desk):
    assert desk.ask("GET", ACCOUNT, timestamp=desk.now_ms * 1000).status == 200


def test_parameters_sent_twice_or_in_no_known_letters_are_refused(desk):
    text = f"timestamp={desk.now_ms}&timestamp={desk.now_ms}"
    assert desk.raw("GET", ACCOUNT, f"{text}&signature={desk.signature(text)}").code == -1101
    text = f"timestamp={desk.now_ms}&symbol=%ff"
    assert desk.raw("GET", ORDER, f"{text}&signature={desk.signature(text)}").code == -1100
    assert read("a=1", b"a=2&b=3") == {"a": "1", "b": "3"}
    unsigned = desk.raw("GET", ACCOUNT, f"timestamp={desk.now_ms}")
    assert unsigned.error[0] == -1102 and "signature" in unsigned.error[1]


def test_a_key_trades_only_with_the_right_to(clock):
    desk = Desk(clock, name="read")
    assert desk.ask("GET", ACCOUNT).status == 200
    told = desk.order(type="MARKET", quoteOrderQty="50")
    assert told.status == 401 and told.code == -2015
    desk.exchange.accounts.change(desk.key, reading=False)
    assert desk.ask("GET", ACCOUNT).code == -2015
    desk.exchange.accounts.change(desk.key, reading=True, spot=True, can_trade=False)
    told = desk.order(type="MARKET", quoteOrderQty="50")
    assert told.error == (-2010, "This account may not place or cancel orders.")


def test_orders_that_succeed_weigh_nothing_and_others_their_weight(desk):
    def used():
        return int(desk.raw("GET", "/api/v3/ping").headers["X-MBX-USED-WEIGHT-1M"])

    assert used() == 1
    assert desk.order(type="MARKET", quoteOrderQty="50").status == 200 and used() == 2
    assert desk.order(type="MARKET", quoteOrderQty="1").status == 400 and used() == 4
    assert desk.ask("GET", ACCOUNT).headers["X-MBX-USED-WEIGHT-1M"] == "24"
    assert desk.ask("GET", "/api/v3/openOrders").headers["X-MBX-USED-WEIGHT-1M"] == "104"


def test_too_much_weight_is_429_and_going_on_is_a_ban(desk, clock):
    desk.exchange.weights.charge(LIMIT + 1, desk.now_ms)
    told = desk.ask("GET", ACCOUNT)
    assert told.status == 429 and told.code == -1003
    assert int(told.headers["Retry-After"]) == 60 - int(clock()) % 60
    for _ in range(PATIENCE):
        told = desk.ask("GET", ACCOUNT)
    banned = desk.ask("GET", ACCOUNT)
    assert banned.status == 418 and banned.headers["Retry-After"] == str(BAN)
    assert f"until {desk.now_ms + BAN * 1000}." in banned.error[1]
    clock.now += BAN - 1
    assert desk.ask("GET", ACCOUNT).status == 418
    clock.now += 1
    assert desk.ask("GET", ACCOUNT).status == 200


def test_public_paths_are_those_of_the_mock_market_and_other_methods_are_none(desk):
    told = desk.raw("GET", "/api/v3/time")
    assert told.body == {"serverTime": desk.now_ms}
    info = desk.raw("GET", "/api/v3/exchangeInfo", "symbol=BTCUSDT").body["symbols"][0]
    assert info == desk.exchange.engine.info("BTCUSDT", desk.now_ms)
    assert desk.raw("GET", "/api/v3/nothing").status == 404
    assert desk.raw("PUT", ORDER, desk.payload()).status == 405


def test_in_process_it_answers_a_real_session_on_both_hosts(clock):
    with requests.Session() as session:
        session.mount("https://", open_markets(clock))
        (key, secret), stamp = key_pair("trade"), int(clock() * 1000)
        for host in ("api.binance.com", TESTNET):
            text = f"symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=50&timestamp={stamp}"
            sign = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
            url, headers = f"https://{host}{ORDER}", {"X-MBX-APIKEY": key}
            told = session.post(url, data=f"{text}&signature={sign}", headers=headers)
            assert told.status_code == 200 and told.json()["orderId"] == 1
            rights = f"https://{host}/sapi/v1/account/apiRestrictions"
            assert session.get(rights).status_code == (404 if host == TESTNET else 401)
        assert session.get("https://data-api.binance.vision/api/v3/account").status_code == 404


def test_state_is_in_the_file_at_every_answer(clock, tmp_path):
    path = str(tmp_path / "exchange.db")
    first = Desk(clock, path)
    placed = first.limit("BUY", first.near(0.9))
    told, held = first.query(placed.body["orderId"]), first.balances()
    again = Desk(clock, path)
    assert again.query(placed.body["orderId"]) == told and again.balances() == held


def test_a_request_that_breaks_leaves_nothing(desk, monkeypatch):
    before = desk.sums(), desk.balances()

    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(desk.exchange.accounts, "add_trade", broken)
    with pytest.raises(ZeroDivisionError):
        desk.order(type="MARKET", quoteOrderQty="50")
    assert (desk.sums(), desk.balances()) == before
    assert desk.ask("GET", "/api/v3/allOrders", symbol="BTCUSDT").body == []


def test_the_command_line_tells_the_keys(capsys):
    assert main(["--keys"]) == 0
    assert json.loads(capsys.readouterr().out)["trade"] == list(key_pair("trade"))


WORDS = st.sampled_from(
    ["", "0", "-1", "9" * 25, "1e9", "٣", "NaN", "BTCUSDT", "BUY", "LIMIT", "MARKET", "GTC", "50"]
)
NAMES = st.sampled_from(sorted({name for route in ROUTES.values() for name in route.parameters}))


@given(
    st.sampled_from(sorted(ROUTES)),
    st.dictionaries(NAMES, WORDS | st.text(max_size=5), max_size=8),
)
def test_whatever_is_asked_is_answered_and_nothing_is_lost(where, params):
    desk = Desk(Clock())
    before = desk.sums()
    told = desk.ask(*where, **params)
    assert told.status in (200, 400, 401, 409, 429) and isinstance(told.body, dict | list)
    assert desk.sums() == before
    desk.exchange.close()


@given(
    st.text(max_size=6) | st.sampled_from(["GET", "POST"]),
    st.text(max_size=12) | st.sampled_from(["/api/v3/account", "/api/v3/time"]),
    st.text(max_size=20),
    st.binary(max_size=20),
)
def test_any_bytes_are_answered(method, path, query, body):
    desk = Desk(Clock())
    told = desk.raw(method, path, query, body)
    assert 200 <= told.status < 500
    desk.exchange.close()


@pytest.mark.slow
def test_as_a_process_it_survives_its_own_kill(clock, tmp_path):
    key, secret = key_pair("trade")

    def run():
        command = [
            sys.executable,
            "-m",
            "local.exchange",
            "--port",
            "0",
            "--data",
            str(tmp_path / "x"),
        ]
        root = Path(__file__).parent.parent.parent
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)

    def ask(url, method, path, text):
        stamp = requests.get(f"{url}/api/v3/time", timeout=20).json()["serverTime"]
        text += f"&timestamp={stamp}"
        sign = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        where = f"{url}{path}?{text}&signature={sign}"
        return requests.request(method, where, headers={"X-MBX-APIKEY": key}, timeout=20)

    with run() as first:
        url = first.stdout.readline().strip()
        asked = "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=50&newClientOrderId=mine"
        assert ask(url, "POST", ORDER, asked).status_code == 200
        first.kill()
    with run() as second:
        url = second.stdout.readline().strip()
        told = ask(url, "GET", ORDER, "symbol=BTCUSDT&origClientOrderId=mine").json()
        assert told["status"] == "FILLED"
        second.terminate()
        assert second.wait(20) == 0
