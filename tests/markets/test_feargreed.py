from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import feargreed
from net import GARBAGE
from tests.markets.answers import GONE, answer, spoiled


def read(body=None):
    return feargreed.moods(answer("feargreed/history.json") if body is None else body, 2e9, {})


def test_days_are_read_newest_first_with_the_sources_own_class():
    assert read() == (
        (date(2019, 2, 26), 47, "Neutral"),
        (date(2019, 2, 25), 46, "Fear"),
        (date(2019, 2, 24), 24, "Extreme Fear"),
    )


def test_every_class_has_a_turkish_name():
    assert set(feargreed.TURKISH) == {
        *("Extreme Fear", "Fear", "Neutral", "Greed", "Extreme Greed"),
    }
    assert len(set(feargreed.TURKISH.values())) == 5


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *((("data", 1, "value"), value) for value in ("101", "-1", "4.5", 4.5, True, None, GONE)),
        *((("data", 1, "timestamp"), value) for value in ("1551139200", "0", "x", 10**13, GONE)),
        *((("data", 1, "value_classification"), value) for value in ("", 5, None, "x" * 50, GONE)),
        (("data", 1), None),
        *((("data",), value) for value in ([], {}, None, 5, GONE)),
        (("metadata", "error"), "limit is wrong"),
        (("metadata",), GONE),
    ],
)
def test_a_half_right_answer_is_refused(path, value):
    with pytest.raises(GARBAGE):
        read(spoiled(answer("feargreed/history.json"), path, value))


@pytest.mark.parametrize("body", [None, 5, "x", [], {}])
def test_other_answers_are_refused(body):
    with pytest.raises(GARBAGE):
        feargreed.moods(body, 0, {})


@given(st.lists(st.integers(0, 100), min_size=1, max_size=20))
def test_any_index_of_the_scale_is_read_as_it_is(values):
    rows = [
        {"value": str(v), "value_classification": "Greed", "timestamp": str(86400 * (900 - i))}
        for i, v in enumerate(values)
    ]
    found = read({"data": rows, "metadata": {"error": None}})
    assert [mood.value for mood in found] == values


def test_the_route_asks_for_so_many_days():
    assert feargreed.route(30).address() == ("/fng/", {"limit": 30})
