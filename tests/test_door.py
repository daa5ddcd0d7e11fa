"""The door against a scripted host: every state, fault and order of answers."""

import io
import json
import threading
from dataclasses import replace
from functools import partial

import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse

from door import Door
from net import Endpoint, Host, NetError, Route
from store import File, Store


class Script(BaseAdapter):
    """Answer by a function of the request; remember what was asked."""

    def __init__(self):
        super().__init__()
        self.asked = []
        self.answer = lambda request: (200, {"x": 1}, {})

    def send(self, request, **options):
        self.asked.append(request.url)
        status, body, headers = self.answer(request)
        if isinstance(body, Exception):
            raise body
        words = io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())
        raw = HTTPResponse(words, headers, status, preload_content=False)
        return HTTPAdapter().build_response(request, raw)

    def close(self):
        pass


def number(body, served, params):
    return int(body["x"])


ENDPOINT = Endpoint("x", ("one", "two"), "/x", lambda params: 10, number, ttl=10, stale=1000)
ROUTES = [Route(ENDPOINT, {"a": "b"})]
KEY = ("x",)


@pytest.fixture
def script():
    return Script()


@pytest.fixture
def open_door(script, clock, tmp_path):
    stores = []

    def make(limit=6000, on_state=lambda host: None):
        session = requests.Session()
        session.mount("https://", script)
        store = Store(partial(File, tmp_path / "store.db"))
        stores.append(store)
        hosts = {n: Host(n, f"https://{n}.test", limit, clock) for n in ("one", "two")}
        return Door(session, store, hosts, clock=clock, sleep=clock.sleep, on_state=on_state)

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def door(open_door):
    return open_door()


def test_a_clock_set_back_makes_nothing_fresh_or_closed_for_longer(door, script, clock):
    def answer(request):
        return (200, {"x": 1}, {}) if clock.now < begun else (502, {}, {})

    begun, script.answer = clock.now + 5, answer
    door.read(KEY, ROUTES)
    clock.now += 11
    assert door.read(KEY, ROUTES).stale
    closed = {name: host.until - clock.now for name, host in door.hosts.items()}
    clock.now -= 3600
    begun, asked = clock.now + 3600, len(script.asked)
    assert door.read(KEY, ROUTES).stale and len(script.asked) == asked
    later = [host.until - clock.now - closed[name] for name, host in door.hosts.items()]
    assert all(0 <= one < 3 for one in later)
    clock.now += max(closed.values()) + 9
    assert not door.read(KEY, ROUTES).stale and len(script.asked) == asked + 1
    clock.now += 11
    assert not door.read(KEY, ROUTES).stale and len(script.asked) == asked + 2


def test_a_clock_set_back_keeps_nothing_out_of_the_store(open_door, script, clock):
    routes, door = [Route(replace(ENDPOINT, save_every=60), {})], open_door()
    door.read(KEY, routes)
    clock.now -= 3600
    door.read(KEY, routes)
    clock.now += 61
    door.read(KEY, routes)
    open_door().read(KEY, routes)
    assert len(script.asked) == 2


def test_what_is_stored_of_a_time_still_to_come_is_not_fresh(open_door, script, clock):
    open_door().read(KEY, ROUTES)
    clock.now -= 3600
    open_door().read(KEY, ROUTES)
    assert len(script.asked) == 2
    clock.now -= 5
    open_door().read(KEY, ROUTES)
    assert len(script.asked) == 2


def test_fresh_in_memory_then_live_after_expiry(door, script, clock):
    assert door.read(KEY, ROUTES).data == 1
    clock.now += 9
    assert door.read(KEY, ROUTES).data == 1 and len(script.asked) == 1
    clock.now += 2
    script.answer = lambda request: (200, {"x": 2}, {})
    assert door.read(KEY, ROUTES).data == 2 and len(script.asked) == 2


def test_a_restart_reads_the_store_and_asks_nobody(open_door, script, clock):
    first = open_door().read(KEY, ROUTES)
    clock.now += 5
    again = open_door().read(KEY, ROUTES)
    assert (again.data, again.at, again.stale) == (1, first.at, False)
    assert len(script.asked) == 1


def test_stale_is_served_with_its_age_when_nobody_answers_and_not_for_ever(door, script, clock):
    at = door.read(KEY, ROUTES).at
    clock.now += 100
    script.answer = lambda request: (500, b"", {})
    stale = door.read(KEY, ROUTES)
    assert (stale.data, stale.stale, stale.at) == (1, True, at)
    clock.now += 1000
    with pytest.raises(NetError, match="down"):
        door.read(KEY, ROUTES)


def test_the_second_host_is_named_when_the_first_is_closed_to_the_region(door, script):
    script.answer = lambda r: (451, b"{}", {}) if "one" in r.url else (200, {"x": 7}, {})
    value = door.read(KEY, ROUTES)
    assert (value.data, value.source) == (7, "two")
    assert [url.split("/")[2] for url in script.asked] == ["one.test", "two.test"]


def test_a_region_is_not_asked_again_until_the_probe_which_opens_it(door, script, clock):
    script.answer = lambda r: (451, b"{}", {}) if "one" in r.url else (200, {"x": 7}, {})
    door.read(KEY, ROUTES)
    clock.now += 20
    script.answer = lambda r: (200, {"x": 8}, {})
    assert door.read(KEY, ROUTES).source == "two"
    assert door.hosts["one"].state == "region"
    clock.now += 900
    assert door.read(KEY, ROUTES).source == ""
    assert door.hosts["one"].state == "ok"


@pytest.mark.parametrize(
    ("status", "headers", "body", "state", "wait"),
    [
        (429, {"Retry-After": "7"}, b"{}", "limited", 7),
        (429, {}, b"{}", "limited", 60),
        (418, {"Retry-After": "300"}, b"{}", "banned", 300),
        (403, {}, b"<html>", "blocked", 300),
        (451, {}, b"{}", "region", 900),
    ],
)
def test_a_closed_host_is_left_alone_to_the_second(
    door, script, clock, status, headers, body, state, wait
):
    script.answer = lambda r: (status, body, headers)
    with pytest.raises(NetError) as caught:
        door.read(KEY, ROUTES)
    assert caught.value.kind == state and caught.value.until == clock.now + wait
    asked = len(script.asked)
    clock.now += wait - 0.5
    with pytest.raises(NetError):
        door.read(KEY, ROUTES)
    assert len(script.asked) == asked
    clock.now += 0.5
    script.answer = lambda r: (200, {"x": 3}, {})
    assert door.read(KEY, ROUTES).data == 3


def test_a_ban_lasts_until_the_instant_its_text_names(door, script, clock):
    until = int((clock.now + 500) * 1000)
    text = {"code": -1003, "msg": f"Way too much request weight used; IP banned until {until}. x"}
    script.answer = lambda r: (418, text, {"Retry-After": "1"})
    with pytest.raises(NetError) as caught:
        door.read(KEY, ROUTES)
    assert caught.value.until == until / 1000


def test_states_are_told_when_they_change_and_only_then(open_door, script, clock):
    told = []
    door = open_door(on_state=lambda host: told.append((host.name, host.state)))
    script.answer = lambda r: (451, b"{}", {})
    for _ in range(3):
        with pytest.raises(NetError):
            door.read(KEY, ROUTES)
    assert told == [("one", "region"), ("two", "region")]
    clock.now += 901
    script.answer = lambda r: (200, {"x": 3}, {})
    door.read(KEY, ROUTES)
    assert told[2:] == [("one", "ok")]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b'{"x": 1',
        b"",
        b"[]",
        b"null",
        b'{"x": "abc"}',
        b'{"x": null}',
        b'{"x": Infinity}',
        b"[" * 100_000,
        b"\xff\xfe\x00",
    ],
)
def test_garbage_is_an_error_and_never_stored(open_door, script, body):
    door = open_door()
    script.answer = lambda r: (200, body, {})
    with pytest.raises(NetError) as caught:
        door.read(KEY, ROUTES)
    assert caught.value.kind == "garbage"
    script.answer = lambda r: (500, b"", {})
    with pytest.raises(NetError):
        open_door().read(KEY, ROUTES)


@pytest.mark.parametrize(
    "failure", [requests.ConnectTimeout(), requests.ReadTimeout(), requests.ConnectionError()]
)
def test_a_broken_connection_is_tried_again_with_a_pause(door, script, clock, failure):
    answers = iter([(0, failure, {}), (200, {"x": 5}, {})])
    script.answer = lambda r: next(answers)
    begun = clock.now
    assert door.read(KEY, ROUTES).data == 5
    assert len(script.asked) == 2 and clock.now > begun


def test_a_refusal_is_not_tried_again_nor_on_the_mirror(door, script):
    script.answer = lambda r: (400, {"code": -1121, "msg": "Invalid symbol."}, {})
    with pytest.raises(NetError) as caught:
        door.read(KEY, ROUTES)
    assert (caught.value.kind, caught.value.code) == ("refused", -1121)
    assert len(script.asked) == 1


def test_three_failures_in_a_row_close_a_host_for_a_growing_while(door, script, clock):
    script.answer = lambda r: (500, b"", {})
    with pytest.raises(NetError):
        door.read(KEY, ROUTES)
    host = door.hosts["one"]
    assert host.state == "down" and host.until > clock.now
    first = host.until - clock.now
    clock.now = host.until
    with pytest.raises(NetError):
        door.read(KEY, ROUTES)
    assert host.until - clock.now > first


def test_a_redirect_is_not_followed(door, script):
    script.answer = lambda r: (302, b"", {"Location": "https://evil.test/x"})
    with pytest.raises(NetError):
        door.read(KEY, ROUTES)
    assert not any("evil" in url for url in script.asked)


def test_an_endless_answer_is_cut(door, script, monkeypatch):
    monkeypatch.setattr("net.MAX_BYTES", 1000)
    script.answer = lambda r: (200, b"[" + b"1," * 100_000 + b"1]", {})
    with pytest.raises(NetError, match="down"):
        door.read(KEY, ROUTES)


def test_a_hundred_threads_missing_one_key_make_one_request(door, script):
    gate, results = threading.Event(), []

    def slow(request):
        gate.wait(5)
        return 200, {"x": 9}, {}

    script.answer = slow
    threads = [
        threading.Thread(target=lambda: results.append(door.read(KEY, ROUTES).data))
        for _ in range(100)
    ]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert results == [9] * 100 and len(script.asked) == 1


def test_all_who_wait_get_the_failure_of_the_one_who_asked(door, script):
    gate, errors = threading.Event(), []

    def fail(request):
        gate.wait(5)
        return 400, {"code": -1, "msg": "no"}, {}

    def read():
        try:
            door.read(KEY, ROUTES)
        except NetError as error:
            errors.append(error.kind)

    script.answer = fail
    threads = [threading.Thread(target=read) for _ in range(10)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert errors == ["refused"] * 10


def test_the_weight_header_corrects_our_own_count(door, script, clock):
    script.answer = lambda r: (200, {"x": 1}, {"X-MBX-USED-WEIGHT-1M": "4795"})
    door.read(KEY, ROUTES)
    assert door.hosts["one"].used == 4795
    clock.now += 11
    script.answer = lambda r: (200, {"x": 2}, {})
    assert door.read(KEY, ROUTES).source == "two"
    clock.now += 60
    assert door.read(KEY, ROUTES).source == "" and door.hosts["one"].used == 10


def test_the_warm_thread_leaves_weight_to_people(door, script, clock):
    script.answer = lambda r: (200, {"x": 1}, {"X-MBX-USED-WEIGHT-1M": "2880"})
    door.read(KEY, ROUTES)
    script.answer = lambda r: (200, {"x": 2}, {})
    door.hosts["two"]._used, door.hosts["two"]._slot = 2880, door.hosts["one"]._slot
    clock.now += 8
    with pytest.raises(NetError, match="busy"):
        door.refresh(KEY)


def test_a_refresh_keeps_the_old_value_when_it_fails(door, script, clock):
    door.read(KEY, ROUTES)
    clock.now += 8
    script.answer = lambda r: (500, b"", {})
    with pytest.raises(NetError):
        door.refresh(KEY)
    assert door.read(KEY, ROUTES).data == 1


def test_what_is_used_or_pinned_comes_due_before_it_expires(door, clock):
    door.read(KEY, ROUTES)
    assert door.due() == []
    clock.now += 7.5
    assert door.due() == [KEY]
    clock.now += 1000
    assert door.due() == []
    door.pin(KEY, ROUTES)
    assert door.due() == [KEY]
    door.unpin(set())
    assert door.due() == []


def test_memory_is_bounded_and_pins_stay(door, monkeypatch):
    monkeypatch.setattr("door.MAX_ENTRIES", 5)
    door.pin(("pinned",), ROUTES)
    for i in range(20):
        door.read((i,), ROUTES)
    assert len(door._entries) <= 6 and ("pinned",) in door._entries


class Refused(LookupError):
    def __init__(self, kind):
        super().__init__("no")
        self.kind, self.code = kind, 7


@pytest.mark.parametrize(("kind", "state"), [("limited", "limited"), ("refused", "ok")])
def test_a_refusal_inside_an_answer_of_200_is_no_garbage(door, script, clock, kind, state):
    def refuse(body, served, params):
        raise Refused(kind)

    routes = [Route(replace(ENDPOINT, parse=refuse, hosts=("one",)), {})]
    with pytest.raises(NetError) as caught:
        door.read(("r",), routes)
    assert (caught.value.kind, caught.value.code) == (kind, 7)
    assert door.hosts["one"].state == state and len(script.asked) == 1


def test_a_refusal_goes_on_to_the_next_market(door, script):
    other = Route(replace(ENDPOINT, hosts=("two",), path="/y"), {})
    answers = {"x": (401, {"code": 1, "msg": "no key"}, {}), "y": (200, {"x": 4}, {})}
    script.answer = lambda r: answers[r.url.split("/")[3][:1]]
    value = door.read(KEY, [*ROUTES, other])
    assert (value.data, value.source) == (4, "two")


class Heavy(bytes):
    nbytes = 100


def test_memory_is_bounded_in_bytes_and_what_went_comes_back_from_the_store(
    door, script, monkeypatch
):
    monkeypatch.setattr("door.MAX_HELD", 350)
    heavy = replace(ENDPOINT, parse=lambda body, served, params: Heavy())
    routes = {i: [Route(heavy, {"i": i})] for i in range(6)}
    door.pin((0,), routes[0])
    for i, way in routes.items():
        door.read((i,), way)
    assert door._held == 300 and set(door._entries) == {(0,), (4,), (5,)}
    asked = len(script.asked)
    door.read((3,), routes[3])
    assert len(script.asked) == asked and door._held == 300


def test_a_book_and_prints_weigh_what_their_arrays_do(market):
    one, other = market.book("BTCUSDT"), market.trades("BTCUSDT")
    arrays = [one.bids, one.asks, *vars(other.data).values()]
    assert market.door._held == sum(array.nbytes for array in arrays) > 30_000


def waiting(*calls):
    """Run calls in threads of their own, each begun when the one before stands still."""
    results = []

    def take(call):
        try:
            results.append(call())
        except NetError as error:
            results.append(error.kind)

    threads = [threading.Thread(target=take, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    return threads, results


def held(script, gate, answer):
    """Make a host answer only when a gate opens; return the event that it has been asked."""
    asked = threading.Event()

    def slow(request):
        asked.set()
        assert gate.wait(5)
        return answer

    script.answer = slow
    return asked


def test_a_refresh_and_a_read_at_once_make_one_request(door, script, clock):
    door.read(KEY, ROUTES)
    clock.now += 11
    gate = threading.Event()
    asked = held(script, gate, (200, {"x": 2}, {}))
    first, got = waiting(lambda: door.refresh(KEY).data)
    assert asked.wait(5)
    others, read = waiting(*[lambda: door.read(KEY, ROUTES).data] * 5)
    gate.set()
    for thread in first + others:
        thread.join()
    assert got + read == [2] * 6 and len(script.asked) == 2


def test_a_refresh_asks_nobody_for_what_a_read_has_just_brought(door, script, clock):
    door.read(KEY, ROUTES)
    clock.now += 8
    assert door.due() == [KEY]
    clock.now += 3
    door.read(KEY, ROUTES)
    assert door.refresh(KEY).data == 1 and len(script.asked) == 2


def test_who_waits_for_a_refresh_that_fails_tries_alone(door, script, clock):
    door.read(KEY, ROUTES)
    clock.now += 11
    gate = threading.Event()
    asked = held(script, gate, (400, {"code": -1, "msg": "no"}, {}))
    first, got = waiting(lambda: door.refresh(KEY).data)
    assert asked.wait(5)
    second, read = waiting(lambda: door.read(KEY, ROUTES))
    script.answer = lambda r: (200, {"x": 5}, {})
    gate.set()
    for thread in first + second:
        thread.join()
    assert got == ["refused"] and read[0].data == 5


def test_who_waits_too_long_gets_the_past_or_is_told_so(open_door, script, clock, monkeypatch):
    monkeypatch.setattr("door.DEADLINE", 0.01)
    door = open_door()
    at = door.read(KEY, ROUTES).at
    clock.now += 11
    gate = threading.Event()
    asked = held(script, gate, (200, {"x": 2}, {}))
    new = [Route(ENDPOINT, {"a": "c"})]
    threads, _ = waiting(lambda: door.read(KEY, ROUTES), lambda: door.read(("new",), new))
    assert asked.wait(5)
    while len(script.asked) < 3:
        threading.Event().wait(0.001)
    stale = door.read(KEY, ROUTES)
    assert (stale.data, stale.stale, stale.at) == (1, True, at)
    with pytest.raises(NetError, match="busy"):
        door.read(("new",), new)
    with pytest.raises(NetError, match="busy"):
        door.refresh(KEY)
    gate.set()
    for thread in threads:
        thread.join()


def test_a_refresh_that_failed_waits_before_the_next(door, script, clock):
    door.pin(KEY, ROUTES)
    for answer, wait in (((500, b"", {}), 30), ((400, {"code": -1, "msg": "no"}, {}), 900)):
        script.answer = lambda r, answer=answer: answer
        with pytest.raises(NetError):
            door.refresh(KEY)
        clock.now += wait - 1
        assert door.due() == []
        clock.now += 1
        assert door.due() == [KEY]


def test_a_key_forgotten_before_its_refresh_is_no_error_of_another_kind(door):
    with pytest.raises(NetError):
        door.refresh(("never", "seen"))


def test_an_answer_to_what_was_asked_before_a_ban_does_not_end_it(door, script, clock):
    door.read(KEY, ROUTES)
    clock.now += 11
    host = door.hosts["one"]

    def answer(request):
        host.close("limited", clock.now + 30)
        return 200, {"x": 2}, {}

    script.answer = answer
    assert door.read(KEY, ROUTES).data == 2
    assert (host.state, host.until) == ("limited", clock.now + 30)


def test_failures_and_shorter_bans_do_not_shorten_a_ban(door, clock):
    host, until = door.hosts["one"], clock.now + 300
    host.close("banned", until)
    for _ in range(5):
        host.fail()
    assert not host.close("limited", clock.now + 5)
    assert (host.state, host.until) == ("banned", until)


def test_hosts_of_one_address_and_key_are_closed_together(open_door, script, clock):
    told = []
    door = open_door(on_state=lambda host: told.append(host.name))
    door.hosts["two"].base = door.hosts["one"].base
    script.answer = lambda r: (429, b"{}", {"Retry-After": "9"})
    with pytest.raises(NetError):
        door.read(KEY, ROUTES)
    assert told == ["one", "two"] and len(script.asked) == 1
    assert door.hosts["two"].until == clock.now + 9


def test_a_host_with_a_key_of_its_own_stays_open(door, script):
    door.hosts["two"].base = door.hosts["one"].base
    door.hosts["two"].headers = {"X-Key": "k"}
    answers = iter([(429, b"{}", {}), (200, {"x": 6}, {})])
    script.answer = lambda r: next(answers)
    assert door.read(KEY, ROUTES).source == "two"


def test_a_market_that_has_no_such_thing_is_not_asked_again_soon(door, script, clock):
    other = Route(replace(ENDPOINT, hosts=("two",), path="/y"), {})
    script.answer = lambda r: (
        (404, {"code": 1, "msg": "no"}, {}) if "/y" in r.url else (500, b"", {})
    )
    for wait, asked in ((0, 1), (31, 1), (900, 2)):
        clock.now += wait
        with pytest.raises(NetError) as caught:
            door.read(KEY, [Route(replace(ENDPOINT, hosts=("one",)), {}), other])
        assert caught.value.kind == "down" and caught.value.absent == ("two",)
        assert sum("/y" in url for url in script.asked) == asked


def test_a_slow_host_is_left_for_the_next_without_a_second_try(door, script, clock):
    def answer(request):
        if "two" in request.url:
            return 200, {"x": 4}, {}
        clock.now += 10
        return 0, requests.ReadTimeout(), {}

    script.answer = answer
    assert door.read(KEY, ROUTES).source == "two" and len(script.asked) == 2


def test_nobody_waits_for_every_host_to_be_slow(door, script, clock):
    def answer(request):
        clock.now += 10
        return 0, requests.ReadTimeout(), {}

    script.answer = answer
    others = [Route(replace(ENDPOINT, path=f"/{i}"), {}) for i in range(9)]
    begun = clock.now
    with pytest.raises(NetError, match="down"):
        door.read(KEY, [*ROUTES, *others])
    assert clock.now - begun <= 40


def test_the_end_of_a_block_is_noticed_while_another_host_answers_well(door, script, clock):
    script.answer = lambda r: (403, b"{}", {}) if "one" in r.url else (200, {"x": 7}, {})
    door.pin(KEY, ROUTES)
    for _ in range(40):
        for key in door.due():
            door.refresh(key)
        clock.now += 8
        if clock.now > door.hosts["one"].until - 60:
            script.answer = lambda r: (200, {"x": 8}, {})
    assert door.hosts["one"].state == "ok" and door.read(KEY, ROUTES).source == ""
    assert sum("one.test" in url for url in script.asked) < 10


def test_what_the_warm_thread_brings_is_counted_apart(door, clock):
    door.read(KEY, ROUTES)
    clock.now += 8
    door.refresh(KEY)
    assert (door.stats.live, door.stats.warmed) == (1, 1)


def test_an_endpoint_says_how_often_it_is_read_anew_and_for_how_long(door, clock):
    lazy = [Route(replace(ENDPOINT, every=60, idle=200), {})]
    door.read(("lazy",), lazy)
    clock.now += 59
    assert door.due() == [] and door.due(("laz",)) == []
    clock.now += 1
    assert door.due(("laz",)) == [("lazy",)] and door.due(("x",)) == []
    clock.now += 141
    assert door.due() == []


def test_more_ways_to_a_key_are_taken_when_they_are_told(door, script, clock):
    door.pin(KEY, [Route(replace(ENDPOINT, hosts=("one",)), {})])
    script.answer = lambda r: (500, b"", {}) if "one" in r.url else (200, {"x": 4}, {})
    second = Route(replace(ENDPOINT, hosts=("two",)), {})
    assert door.read(KEY, [*door._entries[KEY].routes, second]).source == "two"


def test_a_failure_stands_for_a_moment_however_many_ask(door, script, clock):
    script.answer = lambda r: (400, {"code": -1, "msg": "no"}, {})
    for _ in range(50):
        with pytest.raises(NetError, match="refused"):
            door.read(KEY, ROUTES)
    assert len(script.asked) == 1
    clock.now += 5
    script.answer = lambda r: (200, {"x": 2}, {})
    assert door.read(KEY, ROUTES).data == 2
    clock.now += 11
    script.answer = lambda r: (400, {"code": -1, "msg": "no"}, {})
    assert all(door.read(KEY, ROUTES).stale for _ in range(50)) and len(script.asked) == 3
