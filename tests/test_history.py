from dataclasses import replace

import numpy as np
import pytest

import history
from bot import UserError
from local.faults import Faulty
from local.tape import Tape
from shapes import FundingHistory, Panel
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


def test_a_panel_goes_back_as_far_as_each_of_its_coins(market):
    symbols = ["BTCUSDT", "ETHUSDT"]
    start = int(market.candles("BTCUSDT", "1h").time[0]) - 2500 * HOUR
    found = history.panel(market, symbols, "1h", start)
    assert found.time[0] == start and (np.diff(found.time) == HOUR).all()
    for i, symbol in enumerate(symbols):
        alone = history.candles(market, symbol, "1h", start).data
        assert np.array_equal(found.close[:, i], alone.close)
    near = history.panel(market, symbols, "1h", int(found.time[-1]) - 5 * HOUR)
    assert np.array_equal(near.close, found.close[-len(near.time) :]) and len(near.time) >= 6


def test_a_coin_that_lacks_a_page_is_left_out_of_a_panel(market, faulty):
    symbols = ["BTCUSDT", "ETHUSDT"]
    recent = market.panel(symbols, "1h", 999)
    start = int(recent.time[0]) - 2500 * HOUR
    faulty.on("symbol=ETHUSDT&interval=1h&limit=1000&startTime", "500")
    found = history.panel(market, symbols, "1h", start)
    assert list(found.reads) == ["BTCUSDT"] and found.time[0] == start
    assert np.isnan(found.close[:, 1]).all() and np.isfinite(found.close[:, 0]).all()
    faulty.on("startTime", "500")
    assert history.panel(market, ["ETHUSDT"], "1h", start).time[0] == recent.time[0]


def test_of_a_lone_coin_that_lacks_one_page_of_several_the_newest_are_told(market, faulty):
    recent = market.panel(["ETHUSDT"], "1h", 999)
    start = int(recent.time[0]) - 2500 * HOUR
    faulty.on(f"startTime={start // (900 * HOUR) * 900 * HOUR}", "500")
    found = history.panel(market, ["ETHUSDT"], "1h", start)
    assert found.time[0] == recent.time[0] and np.isfinite(found.close).all()


def test_a_panel_begins_with_its_oldest_coin_and_a_young_one_is_unknown_before(market, monkeypatch):
    whole = market.panel(["BTCUSDT", "ETHUSDT"], "1h", 999)
    born, young = int(whole.time[-500]), whole.reads["ETHUSDT"]
    cut = {**whole.reads, "ETHUSDT": replace(young, data=history.since(young.data, born))}
    monkeypatch.setattr(market, "panel", lambda *_: Panel(whole.symbols, whole.time, cut))
    start = int(whole.time[0]) - 1000 * HOUR
    found = history.panel(market, whole.symbols, "1h", start)
    assert found.time[0] == start and np.isfinite(found.close[:, 0]).all()
    assert (np.isfinite(found.close[:, 1]) == (found.time >= born)).all()


def test_too_many_bars_are_refused(market):
    with pytest.raises(UserError, match="60000"):
        history.candles(market, "BTCUSDT", "1m", 1_700_000_000_000)


def test_a_contracts_pages_join_per_coin_and_are_read_once(market, faulty, clock):
    recent = market.perps.candles("PEPEUSDT", "1h").data
    start = int(recent.time[0]) - 2500 * HOUR
    found = history.candles(market, "PEPEUSDT", "1h", start, perpetual=True).data
    assert found.time[0] == start and (np.diff(found.time) == HOUR).all()
    spot = history.candles(market, "PEPEUSDT", "1h", start).data
    assert found.close == pytest.approx(spot.close, rel=0.01)
    assert not np.array_equal(found.close, spot.close)
    asked = len(faulty.seen)
    again = history.candles(market, "PEPEUSDT", "1h", start, perpetual=True).data
    assert np.array_equal(again.table, found.table) and len(faulty.seen) == asked


def test_pages_of_contracts_come_from_bybit_by_name_where_binance_is_shut(market, faulty):
    faulty.on("fapi.binance.com", "451")
    start = int(market.perps.candles("SHIBUSDT", "1h").time[0]) - 1200 * HOUR
    found = history.candles(market, "SHIBUSDT", "1h", start, perpetual=True)
    assert found.source == "bybit" and found.time[0] == start
    assert (np.diff(found.time) == HOUR).all()
    paid = history.payments(market, "SHIBUSDT", start, int(found.end[-1]))
    assert paid.source == "bybit" and paid.time[0] >= start


def test_a_coin_without_a_contract_has_no_such_history(market):
    with pytest.raises(UserError, match="no perpetual"):
        history.candles(market, "USDCUSDT", "1h", perpetual=True)


@pytest.mark.parametrize(("symbol", "step"), [("BTCUSDT", 8), ("PEPEUSDT", 4)])
def test_all_payments_of_a_span_are_known_and_the_last_ones_read_anew(
    market, faulty, clock, symbol, step
):
    end = int(clock() * 1000) // (24 * HOUR) * 24 * HOUR
    found = history.payments(market, symbol, end - 100 * 24 * HOUR, end)
    assert found.time[0] == end - 100 * 24 * HOUR and found.time[-1] == end - step * HOUR
    assert (np.diff(found.time) == step * HOUR).all() and (abs(found.rate) < 0.01).all()
    asked = payments_asked(faulty)
    clock.now += 4000
    again = history.payments(market, symbol, end - 100 * 24 * HOUR, end + step * HOUR)
    assert len(again.time) == len(found.time) + 1 and payments_asked(faulty) == asked + 1


def payments_asked(faulty):
    return sum("fundingRate" in url for _, url in faulty.seen)


def test_payments_with_a_hole_are_not_told(market, clock, monkeypatch):
    end, whole = int(clock() * 1000), market.perps.payments

    def holed(*args):
        read = whole(*args)
        kept = FundingHistory(*(x[::5] for x in (read.time, read.rate, read.mark)))
        return replace(read, data=kept)

    monkeypatch.setattr(market.perps, "payments", holed)
    with pytest.raises(UserError, match="gaps"):
        history.payments(market, "BTCUSDT", end - 100 * 24 * HOUR, end)
