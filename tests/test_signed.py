"""signed.py: what is signed is what is sent, and every answer has one of four ends."""

import hashlib
import hmac
import json
import logging
from decimal import Decimal
from urllib.parse import parse_qs

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError, ProtocolError

import signed
from bot import UserError
from net import Host
from orders import ACCEPTED, NOT_SENT, REFUSED, UNSURE
from signed import Signed
from vault import Pair

PAIR = Pair(
    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
    "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j",
)
UNREACHED = requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(None, "no route")))
BROKEN = requests.ConnectionError(ProtocolError("Connection aborted."))


class Wire(BaseAdapter):
    """A transport that answers what it is told to and keeps what it was sent."""

    def __init__(self, clock):
        super().__init__()
        self.clock, self.asked, self.say, self.ahead = clock, [], [], 0.0

    def send(self, request, **_):
        if request.url.endswith(signed.TIME):
            return answered(200, {"serverTime": int((self.clock() + self.ahead) * 1000)})
        self.asked.append(request)
        what = self.say.pop(0) if self.say else (200, {})
        if isinstance(what, Exception):
            raise what
        return answered(*what)

    def close(self):
        pass


def answered(status, body, headers=()):
    made = requests.Response()
    made.status_code = status
    made._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    made.raw, made._content_consumed = None, True
    made.headers.update(headers)
    return made


@pytest.fixture
def wire(clock):
    return Wire(clock)


@pytest.fixture
def client(wire, clock):
    session = requests.Session()
    session.mount("https://", wire)
    host = Host("binance", "https://api.binance.com", 6000, clock)
    return Signed(host, PAIR, session, clock=clock, sleep=clock.sleep)


def test_the_documented_example_has_its_published_signature(client, wire, clock):
    clock.now = 1_499_827_319.559 + signed.BEHIND / 1000
    asked = {"symbol": "LTCBTC", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    client.send("POST", "/api/v3/order", 1, **asked, quantity=Decimal(1), price=Decimal("0.1"))
    (sent,) = wire.asked
    assert sent.body.endswith(
        "timestamp=1499827319559&signature="
        "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    )
    assert sent.headers["X-MBX-APIKEY"] == PAIR.key and "?" not in sent.url


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_bytes_sent_are_the_bytes_signed(client, wire, method):
    client.send(method, "/api/v3/order", 1, symbol="币安USDT", name="a b:c/d~-_.", none=None)
    (sent,) = wire.asked
    payload = sent.body if method == "POST" else sent.url.partition("?")[2]
    plain, _, signature = payload.rpartition("&signature=")
    assert hmac.new(PAIR.secret.encode(), plain.encode(), hashlib.sha256).hexdigest() == signature
    assert plain.isascii() and " " not in plain and "%E5%B8%81" in plain
    read = parse_qs(plain)
    assert read["symbol"] == ["币安USDT"] and read["name"] == ["a b:c/d~-_."] and "none" not in read


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        ((200, {"orderId": 1}), ACCEPTED, 0),
        ((400, {"code": -2010, "msg": "Account has insufficient balance."}), REFUSED, -2010),
        ((400, {"code": -1013, "msg": "Filter failure: LOT_SIZE"}), REFUSED, -1013),
        ((401, {"code": -2015, "msg": "Invalid API-key"}), REFUSED, -2015),
        ((429, {"code": -1015, "msg": "Too many new orders"}), REFUSED, -1015),
        ((403, b"<html>"), REFUSED, 403),
        ((451, {"code": 0, "msg": "restricted location"}), REFUSED, 451),
        ((418, b""), REFUSED, 418),
        ((400, {"code": -1000, "msg": "unknown"}), UNSURE, -1000),
        ((400, {"code": -1001, "msg": "Internal error"}), UNSURE, -1001),
        ((500, {"code": -1006, "msg": "unknown"}), UNSURE, -1006),
        ((504, {"code": -1007, "msg": "Timeout"}), UNSURE, -1007),
        ((503, b"Unknown error"), UNSURE, 503),
        ((502, b"<html>"), UNSURE, 502),
        ((404, b"<html>"), UNSURE, 404),
        ((302, b""), UNSURE, 302),
        ((200, b"{"), UNSURE, 0),
        (requests.ReadTimeout(), UNSURE, 0),
        (BROKEN, UNSURE, 0),
        (requests.exceptions.ChunkedEncodingError(), UNSURE, 0),
        (UNREACHED, NOT_SENT, 0),
        (requests.ConnectTimeout(), NOT_SENT, 0),
    ],
)
def test_every_end_of_an_order_is_one_of_four(client, wire, answer, outcome, code):
    wire.say = [answer]
    result = client.send("POST", "/api/v3/order", 1, symbol="BTCUSDT")
    assert (result.outcome, result.code) == (outcome, code) and len(wire.asked) == 1


def test_a_clock_that_is_off_is_corrected_and_the_order_sent_once_more(client, wire, clock):
    late = (400, {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."})
    wire.ahead, wire.say = 90, [late, (200, {})]
    assert client.send("POST", "/api/v3/order", 1).outcome == ACCEPTED
    stamps = [int(parse_qs(one.body)["timestamp"][0]) for one in wire.asked]
    assert len(stamps) == 2 and abs(stamps[1] - int((clock() + 90) * 1000)) <= signed.BEHIND
    wire.say = [late, late, (200, {})]
    assert client.send("POST", "/api/v3/order", 1).outcome == REFUSED


def test_a_ban_is_obeyed_to_the_second_and_nothing_is_sent(client, wire, clock):
    wire.say = [(418, b"", {"Retry-After": "120"})]
    client.send("GET", "/api/v3/order", 4)
    assert client.send("POST", "/api/v3/order", 1).outcome == NOT_SENT and len(wire.asked) == 1
    clock.now += 121
    assert client.send("POST", "/api/v3/order", 1).outcome == ACCEPTED


def test_a_host_that_answers_again_is_open_to_all_that_wait(client, wire, clock):
    wire.say = [BROKEN, BROKEN, BROKEN]
    for _ in range(3):
        client.send("GET", "/api/v3/order", 4)
    assert client.send("GET", "/api/v3/order", 4).outcome == NOT_SENT
    clock.now += 400
    ends = {client.send("POST", "/api/v3/order", 1).outcome for _ in range(4)}
    assert ends == {ACCEPTED} and client.host.state == "ok"


def test_the_weight_kept_for_exits_is_not_spent_on_entries(client, wire):
    wire.say = [(200, {}, {"X-MBX-USED-WEIGHT-1M": "4990"})]
    client.send("GET", "/api/v3/order", 4)
    assert client.send("POST", "/api/v3/order", 20).outcome == NOT_SENT
    assert client.send("DELETE", "/api/v3/order", 1, urgent=True).outcome == ACCEPTED


def test_a_question_is_asked_again_and_then_told(client, wire):
    wire.say = [BROKEN, (502, b""), (200, [1])]
    assert client.read("/api/v3/account", 20) == [1]
    wire.say = [(502, b"")] * 3
    with pytest.raises(UserError, match="does not answer"):
        client.read("/api/v3/account", 20)


@pytest.mark.parametrize(
    ("code", "words"), [(-2015, "not allowed"), (-1022, "secret"), (-5, "told")]
)
def test_a_refused_question_says_why(client, wire, code, words):
    wire.say = [(401, {"code": code, "msg": "told"})]
    with pytest.raises(UserError, match=words):
        client.read("/api/v3/account", 20)


def test_no_secret_is_in_what_can_be_seen(client, wire, caplog):
    caplog.set_level(logging.DEBUG)
    wire.say = [BROKEN] * 3
    with pytest.raises(UserError) as told:
        client.read("/api/v3/account", 20)
    seen = f"{client!r} {told.value!r} {told.value.__context__!r} {caplog.text} {vars(client)}"
    assert PAIR.secret not in seen and PAIR.key not in seen
