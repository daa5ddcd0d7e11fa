import re
from dataclasses import replace

import numpy as np

from shapes import Trades

HOUR = 3_600_000


def traded(market, clock, monkeypatch, *rows):
    """Let every coin have traded rows of (ms ago, price, quantity, sold)."""
    read = market.trades("BTCUSDT")
    ago, price, size, sold = zip(*rows, strict=True)
    time = clock() * 1000 - np.array(ago, float)
    made = Trades(time, np.array(price, float), np.array(size, float), np.array(sold))
    monkeypatch.setattr(market, "trades", lambda _: replace(read, data=made))


def test_the_biggest_of_the_last_hour_come_first(say, market, clock, monkeypatch):
    rows = [
        (HOUR + 1, 1e5, 90, True),
        (HOUR, 1e5, 2, False),
        (60_000, 1e5, 3, True),
        (0, 1e5, 0.5, True),
    ]
    traded(market, clock, monkeypatch, *rows)
    (reply,) = say("/whale btc")
    lines = reply.text.splitlines()
    assert [line.split(" | ")[0] for line in lines[1:4]] == [
        "1. BTC: 🔻 $300,0K",
        "2. BTC: 🔼 $200,0K",
        "3. BTC: 🔻 $50,0K",
    ]
    assert lines[1].endswith(" | 100.000,00 | 09:01:03")
    assert lines[-1] == "Yorum: 100 bin dolar ve üstü 2 işlem, net $100,0K satış."


def test_no_big_print_is_said(say, market, clock, monkeypatch):
    traded(market, clock, monkeypatch, (5, 100, 1, False))
    assert "no print above 100 thousand" in say("/balina btc", lang="en")[0].text


def test_it_says_how_far_back_the_prints_go(say):
    (reply,) = say("/whale btc arpa")
    assert re.search(r"Görülen süre: BTC \d+ (sn|dk), ARPA \d+ dk", reply.text)
    values = re.findall(r"\$(\S+)K? \|", reply.text)
    assert len(values) == 15


def test_with_nothing_named_it_looks_at_what_is_kept_warm(say, database, settings, market):
    database.add_favourites(7, ["LTCUSDT"])
    asked = []
    trades = market.trades
    market.trades = lambda symbol: asked.append(symbol) or trades(symbol)
    say("/whale")
    wanted = {f"{word}USDT" for word in settings().scan_symbols} | {"LTCUSDT"}
    assert set(asked) == wanted


def test_only_usdt_pairs(say):
    assert say("/whale btctry")[0].failed == 1
