import re

import numpy as np
import pytest

import stats

ROW = re.compile(r"^(✅|➖) (\w+) → (\w+): (\d+) \| (\S+) \| (\S+) \| %?(\S+?)%?$", re.MULTILINE)


def test_a_pair_is_tested_both_ways(say, market):
    begun, reply = say("/granger btc eth")
    assert "hazırlanıyor" in begun.text and reply.edit
    moves = {s: np.diff(np.log(market.candles(f"{s}USDT", "1h").close)) for s in ("BTC", "ETH")}
    rows = {row[1]: row for row in ROW.findall(reply.text)}
    assert set(rows) == {"BTC", "ETH"}
    for cause, (mark, _, effect, lag, f, p, gain) in rows.items():
        test = stats.granger(moves[cause], moves[effect])
        assert int(lag) == test.lag
        assert float(f.replace(",", ".")) == pytest.approx(test.f, abs=0.051)
        assert float(gain.replace(",", ".")) == pytest.approx(100 * test.gain, abs=0.051)
        assert p == ("&lt;0,001" if test.p < 0.001 else f"{test.p:.3f}".replace(".", ","))
        assert mark == "➖" or test.p < 0.05
    assert "Yorum: " in reply.text


def test_what_helps_is_said_with_what_it_does_not_prove(say):
    _, reply = say("/granger btc eth 15m")
    assert ROW.findall(reply.text)[0][:3] == ("✅", "BTC", "ETH")
    assert re.search("öngörmeye yarayan: BTC.*Bu, neden olduğunu kanıtlamaz", reply.text)


def test_what_does_not_help_is_said(say):
    _, reply = say("/granger btc bnb", lang="en")
    assert "✅ BTC" not in reply.text and "none helps" in reply.text


def test_a_matrix_is_corrected_for_its_size(say):
    _, reply = say("/granger 4", lang="en")
    rows = ROW.findall(reply.text)
    assert len(rows) == 12 and "corrected for 12 tests" in reply.text
    for mark, *_, p, _ in rows:
        assert mark == "➖" or float(p.replace("&lt;", "")) <= 0.05


def test_a_coin_too_new_is_named_not_guessed(say, newest):
    _, reply = say(f"/granger btc eth {newest} 1d")
    assert f"✖️ Verisi yok: {newest}" in reply.text and len(ROW.findall(reply.text)) == 2


@pytest.mark.parametrize("line", ["/granger btc", "/granger btc {newest} 1d", "/granger 21"])
def test_one_coin_or_too_many_are_refused(say, newest, line):
    *_, reply = say(line.format(newest=newest))
    assert reply.failed == 1 and "Kullanım" in reply.text
