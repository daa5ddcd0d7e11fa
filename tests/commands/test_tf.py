import re

import numpy as np
import pytest

import calc
from commands import tf


def test_one_coin_shows_every_flow(say, market):
    (reply,) = say("/tf btc", lang="en")
    c = market.panel(["BTCUSDT"], "1h").reads["BTCUSDT"].data
    shown = float(re.search(r"CMF\(20\): . ([-+\d.]+)", reply.text)[1])
    assert shown == pytest.approx(calc.cmf(c.high, c.low, c.close, c.volume)[-1], abs=0.006)
    share = 100 * c.taker_quote[-24:].sum() / c.quote[-24:].sum()
    assert f"Taker buys (24h): {share:.1f}%" in reply.text
    today = c.time // 86_400_000 == c.time[-1] // 86_400_000
    vwap = c.quote[today].sum() / c.volume[today].sum()
    assert f"VWAP (UTC day): {vwap:,.2f}" in reply.text
    for word in ("OBV(20)", "CVD(20)", "MFI(14)", "Open interest (4 bars)", "Comment: "):
        assert word in reply.text


def test_the_quadrant_is_that_of_price_and_interest(say, market):
    (reply,) = say("/tf eth", lang="en")
    c = market.panel(["ETHUSDT"], "1h").reads["ETHUSDT"].data
    past = market.perps.interest_history("ETHUSDT", "1h")
    at = np.searchsorted(past.time, c.end[-1] + 1)
    grown = past.base[at] - past.base[at - 4]
    words = {
        (1, 1): "new longs",
        (-1, 1): "new shorts",
        (-1, -1): "longs leave",
        (1, -1): "shorts cover",
    }
    sides = int(np.sign(c.close[-1] - c.close[-5])), int(np.sign(grown))
    assert words[sides] in reply.text


def test_a_list_marks_who_gains_and_who_loses(say, settings):
    (reply,) = say("/tf")
    rows = re.findall(r"^(🔼|🔻|➖) (\w+): CMF", reply.text, re.M)
    assert len(rows) == len(settings().scan_symbols)
    note = reply.text.splitlines()[-1]
    assert all(name in note for mark, name in rows if mark != "➖")


def test_too_many_are_refused(say):
    (reply,) = say("/tf 21")
    assert reply.failed == 1 and tf.MOST == 20
