"""Nothing is lost on the way to people: a thousand firings at once, and a hundred kills."""

import pytest

from bench import delivery
from tests.test_db import url  # noqa: F401 fixture

pytestmark = pytest.mark.slow


def test_a_thousand_firings_to_300_chats_arrive_once_and_by_telegrams_limits(url):  # noqa: F811
    seen = delivery.flood(url)
    assert (seen.messages, seen.lost, seen.doubled, seen.limited) == (1000, 0, 0, 0)


def test_a_hundred_kills_lose_nothing_and_double_only_what_was_in_flight(url):  # noqa: F811
    seen = delivery.chaos(url)
    assert seen.between == 100 and seen.lost == 0
    assert seen.doubled <= seen.in_flight
