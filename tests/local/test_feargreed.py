from datetime import UTC, datetime

import numpy as np
import pytest

from local.feargreed import DAY, FIRST_DAY, FearGreed, index
from markets import feargreed
from tests.local.aggregators import BASES, COINS, NOW, get, read

TODAY = NOW // DAY


def moods(days, now=NOW):
    return read(FearGreed, feargreed.route(days), now)


def test_days_come_newest_first_from_today():
    found = moods(30)
    assert len(found) == 30
    assert found[0].day == datetime.fromtimestamp(NOW, UTC).date()
    assert (found[0].day - found[-1].day).days == 29


def test_what_was_said_of_a_day_stays():
    later = {mood.day: mood for mood in moods(20, NOW + 9 * DAY)}
    assert all(later[mood.day] == mood for mood in moods(11))
    midnight = TODAY * DAY
    assert moods(1, midnight) == moods(1, midnight + DAY - 1) != moods(1, midnight + DAY)


def test_all_of_history_is_there_and_has_every_class():
    found = moods(0)
    assert len(found) == TODAY - FIRST_DAY + 1
    assert {mood.label for mood in found} == set(feargreed.TURKISH)
    assert found[:30] == moods(30)


def test_it_follows_bitcoins_month():
    first = TODAY - 400
    closes = COINS.closes("BTC", np.arange(first - 30, TODAY + 1) * 24 - 1)
    month = np.log(closes[30:] / closes[:-30])
    values = index(COINS, first, TODAY)
    assert values.min() >= 3 and values.max() <= 97
    assert np.corrcoef(month, values)[0, 1] > 0.8


@pytest.mark.parametrize("query", ["", "?limit=", "?limit=-5", "?limit=x"])
def test_without_a_number_it_is_one_day(query):
    status, body = get(FearGreed, f"{BASES['feargreed']}/fng/{query}")
    assert status == 200 and len(body["data"]) == 1
    assert int(body["data"][0]["time_until_update"]) == DAY - NOW % DAY


def test_another_path_is_not_found():
    assert get(FearGreed, BASES["feargreed"] + "/none")[0] == 404
