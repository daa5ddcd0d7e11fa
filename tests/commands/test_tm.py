import re

import numpy as np
import pytest

import outlook


def number(text, label):
    return float(re.search(rf"{label}[^0-9+-]*([-+]?[\d.]+)", text)[1])


@pytest.mark.slow
def test_health_is_counted_over_the_hundred_of_most_volume(say, ctx):
    (reply,) = say("/tm", lang="en")
    asked = ctx(lang="en")
    symbols = asked.sources.top(100)
    views = outlook.views(asked, symbols, "1h")
    assert "(100 coins)" in reply.text
    counts = [int(n) for n in re.findall(r"(?:trend [↑↓]|range|wild|—) (\d+)", reply.text)]
    assert sum(counts) == 100
    ups = sum(view.analysis.regime == "up" for view in views)
    assert f"trend ↑ {ups}" in reply.text or not ups
    closes = [view.reads[0].data.close[-500:] for view in views]
    above = [view.analysis.value("ema50") > 0 for view in views]
    assert number(reply.text, "EMA50") == pytest.approx(100 * np.mean(above), abs=0.51)
    assert len(closes) == 100
    leaders = [v.analysis.trend for v in views if v.symbol in ("BTCUSDT", "ETHUSDT")]
    assert number(reply.text, r"MMI \(BTC, ETH\)") == pytest.approx(np.mean(leaders), abs=0.006)
    alts = [v.analysis.trend for v in views if v.symbol not in ("BTCUSDT", "ETHUSDT")]
    gap = np.nanmean(alts) - np.mean(leaders)
    assert number(reply.text, r"ADI \(alts − MMI\)") == pytest.approx(gap, abs=0.006)


def test_extremes_are_beyond_their_limits(say, ctx):
    (reply,) = say("/tm 20")
    rsi = {
        v.symbol.removesuffix("USDT"): v.analysis.value("rsi")
        for v in outlook.views(ctx(), ctx().sources.top(20), "1h")
    }
    hot, cold = re.search(r"RSI 70 üstü: (.*) · 30 altı: (.*)$", reply.text, re.M).groups()
    assert all(rsi[name] > 70 for name in hot.split(", ") if name != "—")
    assert all(rsi[name] < 30 for name in cold.split(", ") if name != "—")


def test_a_market_without_btc_still_knows_its_leaders(say):
    (reply,) = say("/tm sol ada")
    assert "(2 coin)" in reply.text and not re.search(r"MMI .*—", reply.text)
    assert reply.text.splitlines()[-1].startswith("Yorum: ")
