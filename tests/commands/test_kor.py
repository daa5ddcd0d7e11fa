import re

import numpy as np
import pytest


def closes(market, *symbols, frame="1h", bars=169):
    return np.stack([market.candles(s, frame).close[-bars:] for s in symbols], axis=1)


def figure(text):
    return float(text.replace(",", "."))


def test_correlations_and_betas_are_those_of_the_last_168_returns(say, market):
    (reply,) = say("/kor btc eth sol")
    moves = np.diff(np.log(closes(market, "BTCUSDT", "ETHUSDT", "SOLUSDT")), axis=0)
    rho, cov = np.corrcoef(moves, rowvar=False), np.cov(moves, rowvar=False)
    for i, name in enumerate(("BTC", "ETH", "SOL")):
        mean, beta = re.search(rf"^{name}: (\S+) \| (\S+)$", reply.text, re.MULTILINE).groups()
        assert figure(mean) == pytest.approx(np.delete(rho[i], i).mean(), abs=0.0051)
        assert figure(beta) == pytest.approx(cov[i, 0] / cov[0, 0], abs=0.0051)
    square = re.search(r"<pre>(.*)</pre>", reply.text, re.DOTALL)[1].splitlines()
    assert square[2].split() == ["ETH", f"{100 * rho[1, 0]:.0f}", "·", f"{100 * rho[1, 2]:.0f}"]
    mean = re.search(r"Ortalama ρ: (\S+) ·", reply.text)[1]
    assert figure(mean) == pytest.approx(rho[np.triu_indices(3, 1)].mean(), abs=0.0051)
    assert "Yorum: " in reply.text


def test_the_ends_are_the_highest_and_the_lowest(say, market):
    (reply,) = say("/kor btc eth sol trx pepe 4h")
    rho = np.corrcoef(np.diff(np.log(closes(market, "BTCUSDT", "ETHUSDT", frame="4h")), axis=0).T)
    strong, value = re.search(
        r"En güçlü: (\S+) (\S+) · En zayıf: \S+–\S+ \S+$", reply.text, 8
    ).groups()
    assert strong == "BTC–ETH" and figure(value) == pytest.approx(rho[0, 1], abs=0.0051)
    assert [line for _, line in reply.buttons[0]][:2] == [
        "/kor btc eth sol trx pepe 4h",
        "/kor btc eth sol trx pepe 15m",
    ]


def test_btc_is_the_measure_even_where_it_was_not_asked_for(say):
    (reply,) = say("/kor eth sol")
    assert "BTC:" not in reply.text and re.search(r"^ETH: \S+ \| 0,[1-9]", reply.text, re.MULTILINE)


def test_many_coins_have_no_square_and_one_line_each(say, settings):
    (reply,) = say("/kor", lang="en")
    assert "<pre>" not in reply.text and "Comment: " in reply.text
    assert len(re.findall(r"^\w+: \S+ \| \S+$", reply.text, re.MULTILINE)) == len(
        settings().scan_symbols
    )


def test_a_coin_too_new_is_named_not_guessed(say, newest):
    (reply,) = say(f"/kor btc eth {newest} 1d")
    assert f"✖️ Verisi yok: {newest}" in reply.text and reply.text.count("ETH") >= 2
    square = re.search(r"<pre>(.*)</pre>", reply.text, re.DOTALL)[1]
    assert "—" in square


@pytest.mark.parametrize("line", ["/kor btc", "/kor btc btc", "/kor 31", "/kor " + "btc " * 40])
def test_one_coin_or_too_many_are_refused(say, line):
    (reply,) = say(line)
    assert reply.failed == 1 and "Kullanım" in reply.text


def test_more_than_a_few_coins_are_a_picture(say, drawn):
    (reply,) = say("/kor 9")
    assert reply.photo and drawn[0].values.shape == (9, 9)
    assert say("/kor btc eth sol")[0].photo is None and len(drawn) == 1
