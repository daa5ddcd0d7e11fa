import re
from dataclasses import replace

import numpy as np
import pytest

from shapes import Book


def standing(market, monkeypatch, bids, asks):
    read = market.book("BTCUSDT", 1000)
    made = Book(np.array(bids, float), np.array(asks, float))
    monkeypatch.setattr(market, "book", lambda *_: replace(read, data=made))


def test_a_book_worked_out_by_hand(say, market, monkeypatch):
    bids = [(99.95, 400), (99.9, 400), (99.8, 8000), (99.7, 400)]
    standing(market, monkeypatch, bids, [(100.05, 1000), (100.1, 9000)])
    for line in ("/ob btc", "/depth BTC"):
        lines = say(line)[0].text.splitlines()
        assert lines[0].startswith("<b>📚 BTC emir defteri</b>  100,00")
        assert lines[1] == "Makas: 10,00 bp"
        near = 99.95 * 400 + 99.9 * 400, 100.05 * 1000 + 100.1 * 9000
        lean = (near[0] - near[1]) / sum(near)
        assert lines[2] == f"Denge ±%0,1: {lean:+.2f}".replace("0.", "0,")
        assert lines[5] == "Kayma ±$10K: alış 5,0 bp · satış 5,0 bp"
        left = 100_000 - near[0]
        filled = 800 + left / 99.8
        sell = 1e4 * (1 - 100_000 / filled / 100)
        assert lines[6] == f"Kayma ±$100K: alış 5,0 bp · satış {sell:.1f} bp".replace("10.", "10,")
        assert lines[7] == "🟢 Duvar, alış: 99,80 ($798,4K)" and lines[8] == "🔴 Duvar, satış: —"
        assert lines[-1] == "Yorum: iki taraf dengede; büyük emri bölün."


@pytest.mark.parametrize(
    ("bids", "asks", "words"),
    [
        ([(99.99, 9e4)], [(100.01, 3e4)], "alıcılar ağır basıyor; 100 bin dolar rahat işlenir"),
        ([(99.99, 3e4)], [(100.01, 9e4)], "satıcılar ağır basıyor; 100 bin dolar rahat işlenir"),
        ([(99.99, 9e4)], [(100.01, 1.0)], "alıcılar ağır basıyor; büyük emri bölün"),
        ([(90, 9e4)], [(110, 9e4)], "denge bilinmiyor; büyük emri bölün"),
    ],
)
def test_the_comment(say, market, monkeypatch, bids, asks, words):
    standing(market, monkeypatch, bids, asks)
    assert f"Yorum: {words}." in say("/ob btc")[0].text


def test_what_lies_beyond_the_seen_depth_is_a_dash(say):
    text = say("/ob btc", lang="en")[0].text
    assert re.search(r"^Imbalance ±0\.1%: [-+]", text, re.M) and "Imbalance ±1.0%: —" in text
    assert "Seen depth: ±0." in text and "Comment: " in text


@pytest.mark.parametrize("line", ["/ob", "/ob btctry", "/ob nosuchcoin"])
def test_what_it_cannot_show_is_refused(say, line):
    assert say(line)[0].failed == 1


def test_the_mirror_answers(say, market, clock):
    market.hosts["binance"].close("region", clock() + 900)
    assert "Kaynak: Binance Vision" in say("/ob btc")[0].text
