import re

import numpy as np
import pytest

import calc
import metrics
from commands import ta


def rows(text):
    found = {}
    for label, count, names in re.findall(r"^([A-Z][\w ]+) \((\d+)/\d+\): (.*)$", text, re.M):
        pairs = re.findall(r"(\w+) ([-+][\d.]+)", names)
        found[label] = int(count), {name: float(z) for name, z in pairs}
    return found


@pytest.mark.slow
def test_every_measure_lists_what_is_beyond_three(say):
    (reply,) = say("/ta", lang="en")
    found = rows(reply.text)
    assert list(found) == ["Return", "Volume", "Open interest", "Funding", "Spread"]
    for label, (count, shown) in found.items():
        assert len(shown) == min(count, ta.SHOWN)
        values = list(shown.values())
        assert all(abs(z) >= 3 for z in values), label
        assert [abs(z) for z in values] == sorted((abs(z) for z in values), reverse=True)
    assert "Comment: " in reply.text and re.search(r"^Return \(\d+/100\)", reply.text, re.M)


def test_a_return_is_measured_by_the_coins_own_past(say, market):
    (reply,) = say("/ta 15", lang="en")
    shown = rows(reply.text)["Return"][1]
    for symbol in market.top(15):
        close = market.panel([symbol], "1h").reads[symbol].data.close[-251:]
        moves = np.diff(np.log(close))
        middle = np.median(moves)
        z = (moves[-1] - middle) / (1.4826 * np.median(np.abs(moves - middle)))
        name = symbol.removesuffix("USDT")
        if name in shown:
            assert shown[name] == pytest.approx(z, abs=0.06)
        elif len(shown) < ta.SHOWN:
            assert abs(z) <= 3 + 1e-9, name


def test_funding_and_spread_are_measured_among_all_and_shown_of_the_asked(say, market):
    z = ta.among({s: np.log(calc.spread(*q)) for s, q in market.quotes().data.items()})
    assert len(z) > metrics.LEAST_VALUES and abs(np.median(list(z.values()))) < 1e-9
    (reply,) = say("/ta btc eth", lang="en")
    named = {name for _, shown in rows(reply.text).values() for name in shown}
    assert named <= {"BTC", "ETH"}


def test_markets_that_are_down_cost_their_own_lines_only(say, market, clock):
    say("/p btc")
    for name in ("futures", "futures_data", "bybit", "kraken_futures", "okx"):
        market.hosts[name].close("down", clock() + 900)
    (reply,) = say("/ta btc eth")
    assert not reply.failed and "Fonlama (0/0): ✖️ veri yok" in reply.text
    assert re.search(r"Getiri \(\d/2\)", reply.text) and "Açık pozisyon (0/0)" in reply.text


def test_of_volume_and_spread_only_the_high_ones_stand_out():
    z = {"A": 4.0, "B": -5.0, "C": 2.9, "D": 3.5}
    assert list(ta.unusual("jump", z, z)) == ["B", "A", "D"]
    assert list(ta.unusual("burst", z, z)) == ["A", "D"]
    assert list(ta.unusual("spread", z, ["D"])) == ["D"]


def test_what_stands_out_twice_is_named(ctx):
    found = {"jump": {"AUSDT": 5.0}, "burst": {"AUSDT": 4.0, "BUSDT": 4.0}}
    assert "A (2)" in ta.comment(ctx(), found) and "B" not in ta.comment(ctx(), found)
    assert "single deviations" in ta.comment(ctx(lang="en"), {"jump": {"AUSDT": 5.0}})
    assert "nothing unusual" in ta.comment(ctx(lang="en"), {"jump": {}})
