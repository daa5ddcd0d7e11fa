import re
from dataclasses import replace

import numpy as np
import pytest

import flows
from shapes import Book, Trades


def books(market, monkeypatch, bid, ask):
    read = market.book("BTCUSDT")
    made = Book(np.array([[99.5, bid]]), np.array([[100.5, ask]]))
    monkeypatch.setattr(market, "books", lambda _: [replace(read, data=made)] * 3)


def test_each_coin_has_its_score_and_its_whales(say, market):
    (reply,) = say("/nls arpa sui")
    rows = reply.text.splitlines()
    assert re.fullmatch(r"ARPA: [-+]?\d+,\d \S+ (AL|SAT|BEKLE) \(±%1,00, 1 görüntü\)", rows[1])
    assert re.fullmatch(r"  🐋 (yok|\d+ · .*) \(son \d+ dk\)", rows[2])
    score, percent = flows.liquidity(market.books("ARPAUSDT"))
    assert f"{score:+.1f}".replace(".", ",") in rows[1] and percent == 1
    assert rows[3].startswith("SUI: ") and rows[-1].startswith("Yorum: ")


@pytest.mark.parametrize(
    ("bid", "ask", "words"),
    [
        (3, 1, "🟢 AL (±%1,00, 3 görüntü)"),
        (1, 3, "🔴 SAT (±%1,00, 3 görüntü)"),
        (1, 1, "🟡 BEKLE (±%1,00, 3 görüntü)"),
    ],
)
def test_the_verdict_and_its_comment(say, market, monkeypatch, bid, ask, words):
    books(market, monkeypatch, bid, ask)
    text = say("/nls btc")[0].text
    assert words in text
    told = {3: "alıcı ağır basıyor: BTC", 1 / 3: "satıcı ağır basıyor: BTC", 1: "defterler dengede"}
    assert f"Yorum: {told[bid / ask]}" in text


def test_an_unknown_score_is_a_dash(say, market, monkeypatch):
    read = market.book("BTCUSDT")
    wide = Book(np.array([[50.0, 1.0]]), np.array([[150.0, 1.0]]))
    monkeypatch.setattr(market, "books", lambda _: [replace(read, data=wide)])
    text = say("/nls btc", lang="en")[0].text
    assert "BTC: — ✖️ —" in text and "Comment: cannot be measured: BTC." in text


def test_big_prints_are_counted_by_side(say, market, monkeypatch):
    read = market.trades("BTCUSDT")
    time = np.array([0.0, 60_000, 120_000])
    sold = np.array([False, True, True])
    made = Trades(time, np.array([1e5, 1e5, 100]), np.array([3.0, 1, 1]), sold)
    monkeypatch.setattr(market, "trades", lambda _: replace(read, data=made))
    share = 100 * 400_000 / 400_100
    assert f"  🐋 2 · 🔼$300,0K 🔻$100,0K · pay %{share:.1f}".replace("0.", "0,") in (
        say("/nls btc")[0].text
    )


def test_snapshots_of_five_minutes_are_averaged(say, clock):
    say("/nls btc")
    for _ in range(3):
        clock.now += 60
        say("/nls btc")
    assert "4 görüntü" in say("/nls btc")[0].text
    clock.now += 290
    assert "2 görüntü" in say("/nls btc")[0].text


def test_only_usdt_pairs(say):
    assert say("/nls btctry")[0].failed == 1


def test_with_binance_gone_the_old_book_says_its_age(say, market, clock):
    say("/nls btc")
    for name in ("binance", "binance_data"):
        market.hosts[name].close("region", clock() + 900)
    clock.now += 400
    (reply,) = say("/nls btc")
    assert "⏳ Veri 6 dk önceden" in reply.text and "1 görüntü" in reply.text
