"""Hosts, routes and what an answer's status means, without a network."""

from datetime import UTC, datetime

import pytest
import requests

import net


def host(clock, limit=100):
    return net.Host("one", "https://one.test", limit, clock)


def answer(status, body=b"", **headers):
    response = requests.Response()
    response.status_code, response._content = status, body
    response.headers.update({key.replace("_", "-"): value for key, value in headers.items()})
    return response


def route(path, params):
    endpoint = net.Endpoint("x", ("one",), path, lambda _: 1, lambda *_: None, 1)
    return net.Route(endpoint, params)


def test_weight_is_taken_minute_by_minute_and_a_fifth_is_kept_back(clock):
    one = host(clock)
    one.acquire(80, 1.0, 0)
    with pytest.raises(net.NetError, match="busy") as caught:
        one.acquire(1, 1.0, 0)
    assert caught.value.until == (clock.now // 60 + 1) * 60
    clock.now = caught.value.until
    one.acquire(80, 1.0, 0)


def at(*moment):
    return datetime(*moment, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "month", "most", "until"),
    [
        (at(2026, 11, 1), "2026-11", 1000, at(2026, 11, 1, 0, 4, 19)),
        (at(2026, 11, 16), "2026-11", 6000, at(2026, 11, 16, 0, 4, 19)),
        (at(2026, 11, 28), "2026-11", 10_000, at(2026, 12, 1)),
        (at(2026, 11, 30, 23, 59, 59), "2026-11", 10_000, at(2026, 12, 1)),
        (at(2027, 2, 15), "2027-02", 6000, at(2027, 2, 15, 0, 4, 2)),
    ],
)
def test_a_months_budget_grows_with_its_days(now, month, most, until):
    told = net.allowance(10_000, now)
    assert told == (month, pytest.approx(most), pytest.approx(until, abs=1))


def test_a_month_is_asked_for_its_weight_and_its_refusal_is_an_error_of_its_own(clock):
    asked, answers = [], iter([7, None])

    def spend(*what):
        asked.append(what)
        return next(answers)

    clock.now = at(2026, 11, 16)
    one = net.Host("one", "https://one.test", 100, clock, monthly=1000, spend=spend)
    one.acquire(2, 0.6, 0)
    assert one.spent == 7
    with pytest.raises(net.NetError, match="spent") as caught:
        one.acquire(2, 1.0, 0)
    assert asked == [("one", "2026-11", 2, 360), ("one", "2026-11", 2, 600)]
    assert caught.value.until == pytest.approx(clock.now + 2592)
    clock.now = at(2026, 12, 1)
    assert one.spent == 0


def test_a_minute_that_is_full_costs_nothing_of_the_month(clock):
    asked = []
    one = net.Host("one", "", 10, clock, monthly=99, spend=lambda *what: asked.append(what) or 1)
    one.acquire(8, 1.0, 0)
    with pytest.raises(net.NetError, match="busy"):
        one.acquire(1, 1.0, 0)
    assert len(asked) == 1


def test_a_read_heavier_than_the_budget_still_goes_when_nothing_else_did(clock):
    host(clock, limit=10).acquire(80, 0.6, 0)


def test_only_one_probe_goes_through_a_closed_host(clock):
    one = host(clock)
    one.close("region", clock.now + 10)
    clock.now += 10
    one.acquire(1, 1.0, 0)
    with pytest.raises(net.NetError, match="region"):
        one.acquire(1, 1.0, 0)
    assert one.succeed() and not one.succeed()
    one.acquire(1, 1.0, 0)


def test_a_route_fills_its_path_and_keeps_private_and_moving_parameters_apart():
    made = route("/a/{coin}/b", {"coin": "x/y", "n": 5, "_own": 1, "at": int})
    assert made.address(7.9) == ("/a/x%2Fy/b", {"n": 5, "at": 7})
    assert made.address() == ("/a/x%2Fy/b", {"n": 5})


@pytest.mark.parametrize(
    ("response", "state"),
    [
        (answer(200), None),
        (answer(500), None),
        (answer(429, Retry_After="5"), ("limited", 105)),
        (answer(429, Retry_After="soon"), ("limited", 160)),
        (answer(418, b"IP banned until 0000000200000."), ("banned", 220)),
        (answer(418, b"IP banned until 0000000500000."), ("banned", 500)),
        (answer(418, b"IP banned until 9999999999999."), ("banned", 100 + 3 * 86400)),
        (answer(429, Retry_After="99999999"), ("limited", 100 + 3 * 86400)),
        (answer(418), ("banned", 220)),
        (answer(451), ("region", 1000)),
        (answer(403), ("blocked", 400)),
    ],
)
def test_what_a_status_means(response, state):
    assert net.closing(response, 100) == state


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"code": -1121, "msg": "Invalid symbol."}', (-1121, "Invalid symbol.")),
        (b"<html>", (400, "HTTP 400")),
        (b"[]", (400, "HTTP 400")),
        (b'{"code": "x"}', (400, "HTTP 400")),
    ],
)
def test_an_exchanges_complaint(body, said):
    assert net.complaint(answer(400, body)) == said


def test_the_hosts_clock_is_believed_where_it_tells_one():
    told = answer(200, Date="Tue, 24 Nov 2026 00:00:00 GMT")
    assert net.served(told, 1795478400 + 600) == 1795478400
    assert net.served(told, 5) == 5
    assert net.served(answer(200, Date="yesterday"), 5) == 5
    assert net.served(answer(200), 5) == 5


@pytest.mark.parametrize(("limit", "seconds"), [(600, 1), (600, 2), (60, 60)])
def test_no_span_that_a_host_counts_sees_more_than_its_limit(clock, limit, seconds):
    paced = net.Host("one", "https://one.test", limit, clock, seconds=seconds)
    most, times = limit * seconds / 60, []
    while len(times) < 5 * most:
        try:
            clock.now += paced.pace(1)
        except net.NetError as error:
            clock.now = error.until
        else:
            times.append(clock.now)
        clock.now += 0.001
    assert all(sum(t <= at < t + seconds for at in times) <= 0.8 * most + 1 for t in times)
    assert len(times) / (times[-1] - times[0]) > 0.5 * limit / 60


def test_a_turn_that_comes_late_is_refused_and_others_wait_for_none(clock):
    slow = net.Host("one", "https://one.test", 60, clock, seconds=60)
    waits = []
    with pytest.raises(net.NetError, match="busy"):
        waits.extend(slow.pace(1) for _ in range(100))
    assert [host(clock).pace(5) for _ in range(9)] == [0] * 9
