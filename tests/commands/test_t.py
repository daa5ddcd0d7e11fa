import re

import numpy as np

import scores
from local.tape import Tape
from shapes import Candles


def test_one_coin_shows_its_parts_verdict_and_levels(say):
    (reply,) = say("/t btc 4h")
    text = reply.text
    for word in ("BTC 4h", "Trend: ", "Momentum: ", "Hacim/akış: ", "Oynaklık: ", "Risk: "):
        assert word in text
    assert re.search(r"AL|TUT|SAT", text) and "Destek" in text and "Yorum: " in text
    assert [label for label, _ in reply.buttons[0]] == ["↻", "15m", "1h", "1d"]


def test_a_list_is_sorted_by_its_score(say):
    (reply,) = say("/t 12")
    values = re.findall(r"α=([-0-9,]+|—)", reply.text)
    known = [float(v.replace(",", ".")) for v in values if v != "—"]
    assert len(values) == 12 and known == sorted(known, reverse=True) and len(known) > 8


def test_the_default_list_and_english(say, settings):
    (reply,) = say("/t", lang="en")
    assert reply.text.count("α=") == len(settings().scan_symbols) and "Comment: " in reply.text


def test_a_coin_with_a_short_history_shows_dashes_not_numbers(say, market):
    universe, pairs = market.universe(), Tape().pairs
    newest = max(universe, key=lambda symbol: pairs[symbol].listed_ms)
    assert len(market.candles(newest, "1d").data) < 30
    (reply,) = say(f"/t {newest} 1d")
    assert "veri yetersiz" in reply.text and "—" in reply.text


def test_unknown_coins_are_refused(say):
    (reply,) = say("/t nosuchcoin")
    assert reply.failed == 1


def test_an_unknown_analysis_has_no_price_levels():
    flat = np.ones((11, 100))
    assert scores.analyse(Candles(flat)).verdict == "unknown"
