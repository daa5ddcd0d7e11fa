import re
from dataclasses import replace

import numpy as np

from shapes import Ratios


def crowded(market, monkeypatch, last):
    """Let every coin's ratio stand near 1 for a month and end at `last`."""
    read = market.perps.ratios("BTCUSDT", "4h")
    ratio = np.where(np.arange(len(read.time)) % 2, 1.01, 0.99)
    ratio[-1] = last
    changed = replace(read, data=Ratios(read.time, ratio, ratio / (1 + ratio), 1 / (1 + ratio)))
    monkeypatch.setattr(market.perps, "ratios", lambda *_: changed)


def test_the_four_ratios_of_a_coin(say, market):
    (reply,) = say("/ls btc")
    names = ("Tüm hesaplar", "Büyük hesaplar", "Büyük pozisyonlar", "Taker alış/satış (24sa)")
    assert [line.split(":")[0] for line in reply.text.splitlines()[1:5]] == list(names)
    read = market.perps.ratios("BTCUSDT", "4h", "position")
    last = f"{read.ratio[-1]:.2f} (long %{100 * read.long[-1]:.1f})".replace(".", ",")
    assert f"Büyük pozisyonlar: {last} | 30g z " in reply.text
    flow = market.perps.taker("BTCUSDT", "4h")
    day = np.exp(np.log(flow.buy[-6:] / flow.sell[-6:]).mean())
    assert f"Taker alış/satış (24sa): {day:.2f} ".replace(".", ",") in reply.text
    assert "Yorum: " in reply.text and ("/oi", "/oi BTC") in reply.buttons[0]


def test_a_table_of_coins(say):
    (reply,) = say("/ls btc eth usdc", lang="en")
    found = re.findall(r"^(\w+): \d+\.\d\d \(long \d+\.\d%\) \| 30d z [-+]", reply.text, re.M)
    assert found == ["BTC", "ETH"] and "✖️ No data: USDC" in reply.text


def test_a_crowd_is_warned_of_on_the_side_it_stands(say, market, monkeypatch):
    crowded(market, monkeypatch, 3.0)
    assert "Yorum: longlar kalabalık, düşüşe dikkat: BTC, ETH." in say("/ls btc eth")[0].text
    crowded(market, monkeypatch, 0.3)
    assert "Yorum: shortlar kalabalık, sıkışmaya dikkat: BTC." in say("/ls btc")[0].text
    crowded(market, monkeypatch, 1.0)
    assert "kalabalık bir taraf yok" in say("/ls btc")[0].text


def test_what_only_a_closed_market_tells_is_a_dash(say, market, clock):
    market.hosts["futures_data"].close("region", clock() + 900)
    (reply,) = say("/ls btc")
    assert "Büyük hesaplar: —" in reply.text and "Büyük pozisyonlar: —" in reply.text
    assert re.search(r"Tüm hesaplar: \d", reply.text) and "Kaynak: " in reply.text


def test_without_a_history_nothing_is_judged(ctx, market, monkeypatch):
    read = market.perps.ratios("BTCUSDT", "4h")
    young = replace(read, data=Ratios(*(row[-20:] for row in vars(read.data).values())))
    monkeypatch.setattr(market.perps, "ratios", lambda *_: young)
    context = ctx("btc")
    text = context.commands["ls"].run(context).text
    assert "30g z —" in text and "ölçülemiyor" in text


def test_a_coin_without_a_contract_is_refused(say):
    (reply,) = say("/ls usdc")
    assert reply.failed == 1 and "USDC" in reply.text
