import re

import pytest

RULE = "/bt btc 4h crossover(ema(9), ema(21)) : crossunder(ema(9), ema(21))"


@pytest.mark.slow
def test_a_rule_is_told_with_its_trades_and_a_picture(say):
    begun, told, table = say(f"{RULE} stop 5", lang="en")
    assert "working" in begun.text and told.edit and told.photo[:4] == b"\x89PNG"
    for word in ("Return", "buy and hold", "in position", "Worst fall", "Sharpe", "SQN", "Comment"):
        assert word in told.text
    count = int(re.search(r"\(n=(\d+)\)", told.text)[1])
    name, body = table.file
    assert name.endswith(".csv") and count <= len(body.splitlines()) - 1 <= count + 1


@pytest.mark.slow
def test_a_search_shows_the_best_and_what_it_is_worth(say):
    *_, told = say("/bt eth 1h close > sma(n) : close < sma(n) opt n=5..60")
    assert told.edit and told.photo and not told.failed
    for word in ("56 kombinasyonun en iyisi n=", "İleri yürüyüş", "DSR", "kanıt değildir"):
        assert word in told.text


@pytest.mark.parametrize(
    "line",
    [
        "/bt",
        "/bt nosuch 1h rsi<30 : rsi>60",
        "/bt btc",
        "/bt btc rsi<30",
        "/bt btc rsii<30 : rsi>60",
        "/bt btc rsi(14) : rsi>60",
        "/bt btc 1m rsi<30 : rsi>60 2019-01-01",
    ],
)
def test_what_is_no_rule_is_refused(say, line):
    *_, reply = say(line)
    assert reply.failed == 1 and reply.text


@pytest.mark.slow
def test_few_trades_prove_nothing_and_a_formula_by_name_works(say, database):
    database.save_formula(7, "dip", "rsi(14) < 20")
    _, told, *_ = say("/bt btc 1d dip : rsi(14) > 60", lang="en")
    assert "prove nothing" in told.text or "beat" in told.text
