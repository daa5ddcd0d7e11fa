import re

import numpy as np
import pytest

import stats

ROW = re.compile(r"^(✅|🔸|➖) (\w+) → (\w+): (\d+) \| ([-+]?\S+) \| (\S+)$", re.MULTILINE)


def test_a_pair_says_who_leads_by_how_many_bars(say, market):
    (reply,) = say("/lider btc eth")
    moves = [np.diff(np.log(market.candles(s, "1h").close)) for s in ("BTCUSDT", "ETHUSDT")]
    lead = stats.lead_lag(*moves)
    ((_, first, then, lag, rho, _),) = ROW.findall(reply.text)
    assert (first, then) == (("BTC", "ETH") if lead.lag > 0 else ("ETH", "BTC"))
    assert int(lag) == abs(lead.lag)
    assert float(rho.replace(",", ".")) == pytest.approx(lead.r, abs=0.0051)
    assert f"±{lead.bound:.3f}".replace(".", ",") in reply.text and "Yorum: " in reply.text


def test_a_list_is_sorted_by_its_certainty_and_marks_it(say):
    (reply,) = say("/lider 8 15m", lang="en")
    rows = ROW.findall(reply.text)
    p = [float(row[5].replace("&lt;", "")) for row in rows]
    assert len(rows) == 12 and p == sorted(p) and "Comment: " in reply.text
    sure = int(re.search(r"\(Holm\) too: (\d+)", reply.text)[1])
    assert sum(row[0] == "✅" for row in rows) == min(sure, 12)
    bound = float(re.search(r"±1\.96/√T = ±(\S+):", reply.text)[1])
    assert all((row[0] == "➖") == (abs(float(row[4])) < bound) for row in rows if row[0] != "✅")
    assert ("these lead" in reply.text) == (sure > 0)


def test_a_coin_too_new_is_named_not_guessed(say, newest):
    (reply,) = say(f"/lider btc eth {newest} 1d")
    assert f"✖️ Verisi yok: {newest}" in reply.text and len(ROW.findall(reply.text)) == 1


@pytest.mark.parametrize("line", ["/lider btc", "/lider btc {newest} 1d", "/lider 21"])
def test_one_coin_or_too_many_are_refused(say, newest, line):
    (reply,) = say(line.format(newest=newest))
    assert reply.failed == 1 and "Kullanım" in reply.text
