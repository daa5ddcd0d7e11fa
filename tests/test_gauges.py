"""gauges.py: the indices alarms watch are those the reports tell, unknown where they are old."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

import history
import strength
from gauges import MOST, gauge, past

DAY = 86_400_000


def test_gauges_are_what_the_reports_tell(market, clock):
    rows = market.perps.funding()[1]
    found = gauge(market, "fr", ["BTCUSDT", "NOSUCH"], clock())
    assert found == pytest.approx([100 * rows["BTCUSDT"].rate, np.nan], nan_ok=True)
    assert gauge(market, "dom", [""], clock()) == [market.market().shares["BTC"]]
    assert gauge(market, "fg", [""], clock()) == [market.fear_greed(1).data[0].value]


@pytest.mark.slow
def test_the_power_is_that_of_its_report(market, clock):
    told, _ = market.together(strength.parts(market))
    assert gauge(market, "ap", [""], clock()) == [strength.powers(told).against_btc]


@pytest.mark.parametrize("kind", ["fr", "dom", "fg"])
def test_what_is_old_is_unknown(market, clock, markets, monkeypatch, kind):
    gauge(market, kind, ["BTCUSDT"], clock())
    read = market.door.read
    monkeypatch.setattr(market.door, "read", lambda *a, **k: replace(read(*a, **k), stale=True))
    monkeypatch.setattr(market.door, "fresh", lambda key: None)
    assert np.isnan(gauge(market, kind, ["BTCUSDT"], clock() + 3 * 86400)).all()


def test_the_past_of_fear_and_greed_is_its_days_and_that_of_funding_what_was_paid(market, clock):
    now = int(clock() * 1000)
    times, values = past(market, "fg", ["", ""], now - 5 * DAY, now)
    moods = market.fear_greed(5).data[::-1]
    assert values.tolist() == [[mood.value] * 2 for mood in moods]
    assert [datetime.fromtimestamp(at / 1000, UTC).date() for at in times] == [m.day for m in moods]
    times, values = past(market, "fr", ["BTCUSDT", "PEPEUSDT"], now - 5 * DAY, now)
    paid = history.payments(market, "BTCUSDT", now - 5 * DAY, now)
    known = np.isfinite(values[:, 0])
    assert np.array_equal(times[known], paid.time)
    assert np.array_equal(values[known, 0], 100 * paid.rate)
    assert len(times) == np.isfinite(values[:, 1]).sum() == 2 * known.sum()


@pytest.mark.parametrize(("kind", "symbol"), [("fg", ""), ("fr", "BTCUSDT")])
def test_the_past_begins_after_its_first_instant_and_takes_in_its_last(market, clock, kind, symbol):
    now = int(clock() * 1000)
    every, _ = past(market, kind, [symbol], now - 9 * DAY, now)
    first, last = int(every[2]), int(every[5])
    assert list(past(market, kind, [symbol], first, last)[0]) == list(every[3:6])
    assert list(past(market, kind, [symbol], first - 1, last - 1)[0]) == list(every[2:5])


def test_the_past_of_funding_is_asked_for_a_bounded_number_of_coins(market, clock, monkeypatch):
    asked, together = [], market.together
    monkeypatch.setattr(market, "together", lambda asks: asked.extend(asks) or together(asks))
    now, symbols = int(clock() * 1000), sorted(market.universe())[: MOST + 9]
    _, values = past(market, "fr", symbols, now - DAY, now)
    assert [one for one in asked if one in symbols] == symbols[:MOST] and values.shape[1] == len(
        symbols
    ) > MOST
    assert np.isnan(values[:, MOST:]).all()


@pytest.mark.parametrize("kind", ["ap", "dom"])
def test_of_other_indices_nobody_tells_the_past(market, clock, kind):
    times, values = past(market, kind, [""], 0, int(clock() * 1000))
    assert len(times) == len(values) == 0
