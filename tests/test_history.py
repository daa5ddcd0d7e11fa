import numpy as np
import pytest

import history
from bot import UserError
from local.faults import Faulty
from local.tape import Tape
from sources import Sources

HOUR = 3_600_000


@pytest.fixture
def faulty(markets, clock):
    return Faulty(markets, clock, clock.sleep)


@pytest.fixture
def market(settings, database, faulty, clock):
    opened = Sources(settings(), database, markets=faulty, clock=clock, sleep=clock.sleep)
    yield opened
    opened.close()


def test_pages_join_without_a_gap_and_end_with_the_newest_bars(market, faulty, clock):
    recent = market.candles("BTCUSDT", "1h").data
    start = int(recent.time[0]) - 2500 * HOUR
    found = history.candles(market, "BTCUSDT", "1h", start).data
    assert found.time[0] == start and (np.diff(found.time) == HOUR).all()
    assert np.array_equal(found.table[:, -len(recent) :], recent.table)
    asked = len(faulty.seen)
    again = history.candles(market, "BTCUSDT", "1h", start).data
    assert np.array_equal(again.table, found.table) and len(faulty.seen) == asked


def test_what_is_long_past_is_read_once_and_outlives_a_restart(
    market, faulty, settings, database, clock
):
    start = int(market.candles("BTCUSDT", "1h").time[0]) - 2000 * HOUR
    found = history.candles(market, "BTCUSDT", "1h", start).data
    clock.now += 5 * 3600
    asked = len(faulty.seen)
    again = Sources(settings(), database, markets=faulty, clock=clock, sleep=clock.sleep)
    later = history.candles(again, "BTCUSDT", "1h", start).data
    new = [url for _, url in list(faulty.seen)[asked:] if "klines" in url]
    assert len(later) == len(found) + 5 and len(new) == 1
    assert np.array_equal(later.table[:, : len(found)], found.table)
    again.close()


def test_without_a_start_or_with_a_late_one_the_newest_bars_are_enough(market):
    recent = market.candles("ETHUSDT", "4h").data
    assert history.candles(market, "ETHUSDT", "4h").data is recent
    late = history.candles(market, "ETHUSDT", "4h", int(recent.time[-10])).data
    assert np.array_equal(late.table, recent.table[:, -10:])


def test_a_young_coin_has_all_its_bars_and_no_more(market):
    pairs, known = Tape().pairs, market.universe()
    young = max(known, key=lambda symbol: pairs[symbol].listed_ms)
    listed = pairs[young].listed_ms
    found = history.candles(market, young, "1h", listed - 9000 * HOUR).data
    assert listed <= found.time[0] <= listed + HOUR


def test_a_listing_between_the_pages_starts_the_history(market):
    pairs, now = Tape().pairs, market.candles("BTCUSDT", "15m").time[-1]
    aged = next(s for s in market.universe() if 12 < (now - pairs[s].listed_ms) / 86_400_000 < 60)
    found = history.candles(market, aged, "15m", int(now) - 90 * 86_400_000).data
    assert (np.diff(found.time) == 900_000).all()
    assert abs(found.time[0] - pairs[aged].listed_ms) <= 3_600_000


def test_a_missing_page_is_an_error_not_a_gap(market, faulty):
    start = int(market.candles("BTCUSDT", "1h").time[0]) - 2500 * HOUR
    faulty.on("startTime", "500")
    with pytest.raises(UserError):
        history.candles(market, "BTCUSDT", "1h", start)


def test_too_many_bars_are_refused(market):
    with pytest.raises(UserError, match="60000"):
        history.candles(market, "BTCUSDT", "1m", 1_700_000_000_000)
