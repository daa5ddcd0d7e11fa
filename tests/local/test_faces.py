import json

import numpy as np
import requests

from local.faces import Meter, answer, call, figure


def prepared(method="GET", url="https://h/a/b%20c/?x=1&y=&z=a,b", **more):
    return requests.Request(method, url, **more).prepare()


def test_a_request_is_taken_apart():
    asked = call(prepared(headers={"Key": "secret"}), lambda: 2.5, "key")
    assert asked == ("GET", "a/b c", {"x": "1", "y": "", "z": "a,b"}, "secret", 2500)
    assert call(prepared("POST", json={"type": 5}), lambda: 0).sent["type"] == "5"


def test_parameters_are_read_with_their_bounds():
    asked = call(prepared(), lambda: 0)
    assert asked.number("x", 9, 5) == 1 and asked.number("y", 9, 5) == 9
    assert asked.number("z", 9, 5) == 9 and asked.number("none", 9, 5) == 9
    assert call(prepared(url="https://h/?n=99"), lambda: 0).number("n", 1, 5) == 5
    assert asked.names("z") == ["a", "b"] and asked.names("y") == []


def test_the_meter_counts_by_the_clocks_minute():
    meter = Meter(2)
    assert [meter.full(ms) for ms in (0, 59_999, 59_999, 60_000)] == [False, False, True, False]


def test_an_answer_is_dated_json():
    said = answer({"a": None}, 1_795_500_123_000, 404, **{"Retry-After": "60"})
    assert (said.status, json.loads(said.body)) == (404, {"a": None})
    assert said.headers["Date"] == "Tue, 24 Nov 2026 06:02:03 GMT"
    assert said.headers["Retry-After"] == "60"


def test_a_figure_is_a_plain_number_or_null():
    assert figure(np.float64(1 / 3), 4) == 0.3333 and type(figure(np.float64(1))) is float
    assert figure(np.nan) is None and figure(np.inf) is None
