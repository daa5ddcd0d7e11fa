import re

import pytest

from bot import UserError

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
    assert "Süren bir iş yok" in say("/dur")[0].text


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


SHORT = "/bt pepe 1h close < sma(50) : close > sma(50) short"


@pytest.mark.slow
def test_a_short_is_told_with_its_funding(say):
    _, told, table = say(SHORT, lang="en")
    assert re.search(
        r"Short, on the perpetual's candles; funding counted \S+% \(2\d\d payments\)", told.text
    )
    head, *rows = table.file[1].decode().splitlines()
    sums = sum(float(row.split(",")[-1]) for row in rows)
    assert head.endswith("funding_percent") and f"{sums:+.2f}%" in told.text and told.photo
    *_, told = say(f"{SHORT.replace('50', 'n')} opt n=5..40")
    assert "Açığa, vadeli mumlarla; fonlama sayıldı (2" in told.text and told.photo


@pytest.mark.slow
def test_a_short_whose_funding_is_not_known_says_so(say, market, clock, monkeypatch):
    def refuse(*_):
        raise UserError("yok & yok", "none")

    monkeypatch.setattr(market.perps, "payments", refuse)
    _, told, table = say(SHORT)
    assert "fonlama sayılmadı: yok &amp; yok" in told.text
    assert b"funding" not in table.file[1]
    market.hosts["futures"].close("region", clock() + 900)
    _, told, _ = say("/bt btc 4h rsi < 40 : rsi > 50 short", lang="en")
    assert told.text.endswith("Source: Bybit")


@pytest.mark.slow
def test_a_coin_without_a_perpetual_cannot_be_sold_short(say):
    *_, reply = say("/bt usdc 1h close > 1 : close < 1 short", lang="en")
    assert reply.failed == 1 and "USDC has no perpetual contract." in reply.text


@pytest.mark.slow
def test_few_trades_prove_nothing_and_a_formula_by_name_works(say, database):
    database.save_formula(7, "dip", "rsi(14) < 20")
    _, told, *_ = say("/bt btc 1d dip : rsi(14) > 60", lang="en")
    assert " bars\n" in told.text and ("prove nothing" in told.text or "beat" in told.text)
