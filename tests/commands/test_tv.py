import re

import pytest

import volatility

ROW = re.compile(r"^(\w+): (\S+) → (\S+) \| (\S+) (\S+) \| (\S+)$", re.MULTILINE)


def test_one_coin_in_detail(say, market):
    begun, reply = say("/tv btc 4h")
    assert "hazırlanıyor" in begun.text and reply.edit
    s = volatility.work_out(market.candles("BTCUSDT", "4h").data.table[:5])
    assert s.year == 2190
    shown = dict(re.findall(r"^(.+): ±%(\S+) \(%\S+\)", reply.text, re.MULTILINE))
    wanted = {
        "Yang–Zhang, 20 bar": s.yang_zhang,
        "Gerçekleşen, 30 bar": s.realised,
        "Sonraki bar, EWMA": s.ewma,
        "Sonraki bar, GARCH": s.garch,
        "GARCH'ın uzun dönemi": s.usual,
    }
    assert set(shown) == set(wanted)
    for name, value in wanted.items():
        assert float(shown[name].replace(",", ".")) == pytest.approx(value / 2190**0.5, abs=0.0051)
    assert f"{s.rank:.0f}/100" in reply.text and "Sıkışma: " in reply.text
    assert "Yorum: " in reply.text
    assert [label for label, _ in reply.buttons[0]] == ["↻", "15m", "1h", "1d"]


def test_a_table_is_sorted_by_how_unusual_it_is(say):
    _, reply = say("/tv 10", lang="en")
    rows = ROW.findall(reply.text)
    ranks = [float(row[4].split("/")[0]) for row in rows if row[4] != "—"]
    assert len(rows) == 10 and ranks == sorted(ranks, reverse=True) and len(ranks) > 5


def test_the_comment_names_who_is_squeezed_wild_or_calm(say):
    _, reply = say("/tv")
    rows, note = ROW.findall(reply.text), reply.text.split("Yorum: ")[1]
    squeezed = [row[0] for row in rows if row[5] != "—"]
    wild = [row[0] for row in rows if row[4] != "—" and float(row[4].split("/")[0]) > 80]
    for names, word in ((squeezed, "sıkışma var"), (wild, "alışılmıştan oynak")):
        part = next((part for part in note.split("; ") if word in part), "")
        assert all(re.search(rf"\b{name}\b", part) for name in names)


def test_a_coin_too_new_shows_dashes_not_numbers(say, newest):
    _, reply = say(f"/tv {newest} 1d")
    assert "Sonraki bar, GARCH: ±— (—)" in reply.text and "✖️ —" in reply.text
    assert "geçmiş yetmiyor" in reply.text
    _, both = say(f"/tv btc {newest} 1d")
    assert ROW.findall(both.text)[-1][0] == newest


@pytest.mark.parametrize("line", ["/tv nosuchcoin", "/tv 41"])
def test_what_is_no_coin_is_refused(say, line):
    *_, reply = say(line)
    assert reply.failed == 1
