"""gauges.py: the indices alarms watch are those the reports tell, unknown where they are old."""

from dataclasses import replace

import numpy as np
import pytest

import strength
from gauges import gauge


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
