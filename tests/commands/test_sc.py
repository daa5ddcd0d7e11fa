import re

import pytest

import calc
import commands.sc


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(commands.sc, "USUAL", 12)
    monkeypatch.setattr(commands.sc, "SHOWN", 9)


def last(say, line, **who):
    return say(line, **who)[-1]


def test_the_matches_are_those_of_the_candles(say, market):
    text = last(say, "/sc rsi(14) < 50 and close > sma(50) 4h 12").text
    wanted = []
    for symbol in market.top(12):
        close = market.candles(symbol, "4h").data.close[-500:]
        if calc.rsi(close)[-1] < 50 and close[-1] > calc.sma(close, 50)[-1]:
            wanted.append(symbol.removesuffix("USDT"))
    assert wanted and re.findall(r"^\d+\. (\w+):", text, re.MULTILINE) == wanted[:9]
    assert text.startswith("<b>🔎 rsi(14) &lt; 50 and close &gt; sma(50)</b>")
    assert f"12 coinden {len(wanted)} tanesi" in text and "Yorum:" in text


def test_the_values_are_shown(say, market):
    text = last(say, "/sc rsi > 0 btc.close > 1 5", lang="en").text
    first = market.top(5)[0]
    rsi = calc.rsi(market.candles(first, "1h").data.close[-500:])[-1]
    assert f"1. {first.removesuffix('USDT')}: rsi(14) {rsi:.2f}" in text
    assert "btc.close" in text and "5 of 5 coins" in text


def test_a_timeframe_may_stand_first(say):
    assert last(say, "/sc 4h rsi > 0 5").text == last(say, "/sc rsi > 0 4h 5").text
    assert "Hangi formül" in last(say, "/sc").text and last(say, "/sc 4h").failed == 1


def test_a_number_sorts(say):
    text = last(say, "/sc rsi 7", lang="en").text
    found = [float(value) for value in re.findall(r"rsi\(14\) ([\d.]+)", text)]
    assert found == sorted(found, reverse=True) and len(found) == 7
    assert "highest first" in text


def test_the_timeframe_and_the_number_may_come_in_any_order(say):
    one, other = last(say, "/sc rsi(14) < 60 4h 8"), last(say, "/sc rsi(14) < 60 8 4h")
    assert one.text == other.text and "8 coin" in one.text
    assert "12 coin" in last(say, "/sc rsi(14) < 60").text
    labels = [label for row in one.buttons for label, _ in row]
    assert "15m" in labels and "4h" not in labels


def test_longer_timeframes_and_own_names(say, database):
    database.save_formula(7, "sakin", "rsi(14, tf=4h) < 60")
    named = last(say, "/sc sakin and rsi > 9 9")
    plain = last(say, "/sc rsi(14, tf=4h) < 60 and rsi > 9 9")
    assert named.text == plain.text and not named.failed


def test_none_and_too_many_matches(say):
    assert "uyan yok" in last(say, "/sc close < 0").text
    text = last(say, "/sc close > 0").text
    assert "3 coin daha" in text and text.count("close") == 10


def test_a_short_history_is_told(say):
    assert "geçmişi yetmedi" in last(say, "/sc sma(close, 990) > 1 and sma(990)[40] > 0 5").text


def test_mistakes_are_told(say):
    for line, words in {
        "/sc": "Kullanım",
        "/sc rsii(14) < 30 4h": "rsi?",
        "/sc rsi(14) < 30 4h 9999": "400",
        "/sc nosuchcoin.close > 1": "NOSUCHCOIN",
        "/sc 30": "seri yok",
        "/sc 1d": "tf=1d",
    }.items():
        reply = last(say, line)
        assert reply.failed == 1 and words in reply.text, line


def test_the_last_closed_bar_counts(say, market):
    close = market.candles(market.top(1)[0], "1h").data.close[-1]
    assert f"1. BTC: close {close:,.0f}" in last(say, "/sc close > 0 1", lang="en").text
