import re

import pytest
import requests

from local.faults import KINDS, Faulty, shown, wrong_types
from local.markets import Answer, Markets, compact

NOW = 1_795_490_417.345
DATA = {"symbol": "BTCUSDT", "price": "49828.67", "rows": [[1, "2.5", True, "x"]], "n": 3}
URL = "https://one.example/api/v3/ticker"


class Place:
    """A session at a market that counts what reaches it, behind faults."""

    def __init__(self):
        self.asked, self.slept = 0, []
        self.data = DATA
        inner = Markets({"one.example": self.face, "two.example": self.face})
        self.faults = Faulty(inner, clock=lambda: NOW, sleep=self.slept.append)
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount("https://", self.faults)

    def face(self, request):
        self.asked += 1
        return Answer(
            200, {"Content-Type": "application/json", "X-A": "1"}, compact(self.data).encode()
        )

    def get(self, url=URL, **params):
        return self.session.get(url, params=params)


@pytest.fixture
def place():
    return Place()


def test_without_faults_everything_passes(place):
    assert place.get().json() == DATA and place.asked == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("timeout", requests.ReadTimeout),
        ("connect_timeout", requests.ConnectTimeout),
        ("refused", requests.ConnectionError),
    ],
)
def test_what_fails_on_the_way_never_arrives(place, kind, error):
    place.faults.on("one.example", kind)
    with pytest.raises(error) as caught:
        place.get()
    assert place.asked == 0 and caught.value.request.url == URL


@pytest.mark.parametrize(
    ("kind", "error"),
    [("timeout_after", requests.ReadTimeout), ("reset_after", requests.ConnectionError)],
)
def test_what_fails_on_the_way_back_has_arrived(place, kind, error):
    place.faults.on("one.example", kind, times=1)
    with pytest.raises(error):
        place.get()
    assert place.asked == 1 and place.get().status_code == 200


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("429", -1003, "Too much request weight used"),
        ("418", -1003, "IP banned until"),
        ("451", 0, "Service unavailable from a restricted location"),
        ("500", -1000, "unknown error"),
        ("503", -1000, "Unknown error, please check your request or try again later."),
    ],
)
def test_a_status_has_the_exchanges_body(place, kind, code, words):
    place.faults.on("one.example", kind)
    answer = place.get()
    assert answer.status_code == int(kind) and place.asked == 0
    assert answer.json()["code"] == code and words in answer.json()["msg"]


@pytest.mark.parametrize(("kind", "status"), [("403", 403), ("502", 502), ("html", 200)])
def test_some_answers_are_pages(place, kind, status):
    place.faults.on("one.example", kind)
    answer = place.get()
    assert answer.status_code == status and answer.headers["Content-Type"] == "text/html"
    assert answer.text.startswith("<!DOCTYPE html>")
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_a_ban_says_when_it_ends(place):
    place.faults.on("one.example", 418, retry_after=300)
    answer = place.get()
    assert answer.headers["Retry-After"] == "300"
    until = re.search(r"until (\d{13})\.", answer.json()["msg"])
    assert int(until[1]) == int((NOW + 300) * 1000)


@pytest.mark.parametrize(("kind", "wait"), [("429", "30"), ("418", "120"), ("503", None)])
def test_a_wait_is_told_where_the_exchange_tells_one(place, kind, wait):
    place.faults.on("one.example", kind)
    assert place.get().headers.get("Retry-After") == wait


def test_a_truncated_answer_is_cut_in_the_middle(place):
    place.faults.on("one.example", "truncated")
    answer = place.get()
    assert compact(DATA).startswith(answer.text) and 0 < len(answer.text) < len(compact(DATA))
    assert answer.status_code == 200 and answer.headers["X-A"] == "1" and place.asked == 1
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_wrong_types_stand_where_numbers_stood(place):
    place.faults.on("one.example", "wrong_types")
    assert place.get().json() == {
        "symbol": "BTCUSDT",
        "price": "abc",
        "rows": [[None, {}, True, "x"]],
        "n": "abc",
    }
    assert place.get().json() == place.get().json()


def test_words_stand_where_a_page_had_numbers():
    page = b"<td>08 Sep 2026</td><td>(1,119.9)</td>"
    assert wrong_types(page) == b"<td>abc Sep abc</td><td>(abc,abc)</td>"


@pytest.mark.parametrize(("data", "empty"), [(DATA, {}), ([1, 2], []), ({}, {})])
def test_an_empty_answer_keeps_its_kind(place, data, empty):
    place.data = data
    place.faults.on("one.example", "empty")
    assert place.get().json() == empty


def test_slow_sleeps_by_the_sleeper_it_was_given(place):
    place.faults.on("one.example", "slow", times=1)
    place.faults.on("one.example", "slow", times=1, retry_after=0.5)
    assert place.get().json() == place.get().json() == place.get().json() == DATA
    assert place.slept == [5.0, 0.5]


def test_only_what_was_named_breaks_and_only_so_often(place):
    place.faults.on("two.example", "500", times=2)
    place.faults.on("ticker?symbol=BTC", "403", times=1)
    two = "https://two.example/"
    seen = [place.get().status_code, place.get(symbol="BTCUSDT").status_code]
    seen += [place.get(symbol="BTCUSDT").status_code]
    seen += [place.get(two).status_code for _ in range(3)]
    assert seen == [200, 403, 200, 500, 500, 200]


def test_faults_of_one_place_take_turns(place):
    for kind in (429, 418, "502"):
        place.faults.on("one.example", kind, times=1)
    assert [place.get().status_code for _ in range(4)] == [429, 418, 502, 200]


def test_faults_can_be_turned_off(place):
    place.faults.on("one.example", "500")
    place.faults.on("two.example", "500")
    place.faults.off("one.example")
    assert place.get().status_code == 200
    assert place.get("https://two.example/").status_code == 500
    place.faults.off()
    assert place.get("https://two.example/").status_code == 200
    place.faults.on("one.example", "500", times=0)
    assert place.get().status_code == 200


def test_an_unknown_kind_is_an_error(place):
    with pytest.raises(ValueError, match="no such fault: gremlin"):
        place.faults.on("one.example", "gremlin")


def test_every_kind_breaks_something(place):
    for kind in KINDS:
        place.slept.clear()
        place.faults.on("one.example", kind, times=1)
        try:
            broken = place.get().text != compact(DATA) or place.slept
        except requests.RequestException:
            broken = True
        assert broken, kind


def test_requests_are_seen_in_order_without_their_secrets(place):
    place.faults.on("one.example", "timeout", times=1)
    with pytest.raises(requests.ReadTimeout):
        place.session.post(f"{URL}?symbol=BTCUSDT&timestamp=1&signature=abcdef")
    place.get()
    assert list(place.faults.seen) == [
        ("POST", f"{URL}?symbol=BTCUSDT&timestamp=1&signature=***"),
        ("GET", URL),
    ]


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        (
            "https://a.b/c?x_cg_demo_api_key=secret&ids=1",
            "https://a.b/c?x_cg_demo_api_key=***&ids=1",
        ),
        ("https://a.b/c?listenKey=secret#x", "https://a.b/c?listenKey=***#x"),
        ("https://me:secret@a.b/c?q=d@e", "https://***@a.b/c?q=d@e"),
        ("https://a.b/bot123456:secret/getMe", "https://a.b/bot***/getMe"),
        ("https://a.b/c?symbol=BTCUSDT", "https://a.b/c?symbol=BTCUSDT"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url, safe):
    assert shown(url) == safe


def test_closing_closes_the_adapter_behind():
    closed = []
    inner = Markets({})
    inner.close = lambda: closed.append(True)
    Faulty(inner).close()
    assert closed == [True]
