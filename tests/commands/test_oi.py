import re

import numpy as np

import flows


def rows(text):
    return {
        line.split(":")[0].lstrip("⚡"): line
        for line in text.splitlines()
        if line.count(" | ") == 2
    }


def test_each_coin_with_its_moves_and_what_they_mean(say, market):
    (reply,) = say("/oi btc eth")
    found = rows(reply.text)
    assert list(found) == ["Coin", "BTC", "ETH"]
    past = market.perps.interest_history("BTCUSDT", "15m")
    now = past.base[-1]
    moves = [100 * (now / past.base[-1 - 4 * hours] - 1) for hours in (1, 4, 24)]
    shown = re.findall(r"%([-+]?\d+,\d)", found["BTC"])
    assert [float(x.replace(",", ".")) for x in shown] == [round(m, 1) + 0 for m in moves]
    assert re.search(r"· (GÜÇLÜ|BASKI|TOPLAMA|TAKİP)$", found["BTC"])
    assert re.search(r"Yorum: .*(BTC)", reply.text)


def test_only_those_that_moved_enough(say, market):
    (every,) = say("/oi 8")
    (some,) = say("/oi 8 %3")
    assert say("/oi %3 8")[0].text == say("/oi 8 3%")[0].text == some.text
    assert some.buttons[0][0][1] == "/oi 8 %3"
    assert some.buttons[0][1] == ("%2", "/oi %2")
    assert say("/oi btc", lang="en")[0].buttons[0][1] == ("2%", "/oi %2")
    for name, line in list(rows(every.text).items())[1:]:
        moves = [abs(float(x.replace(",", "."))) for x in re.findall(r"%([-+]?\d+,\d)", line)]
        if max(moves) > 3.1:
            assert name in rows(some.text)
        if max(moves) < 2.9:
            assert name not in rows(some.text)


def test_one_coin_shows_what_its_contract_traded_beside_it(say, market):
    volume = market.perps.traded("BTCUSDT")
    past = market.perps.interest_history("BTCUSDT", "15m")
    times = re.search(r"OI/volume: ([0-9.]+)", say("/oi btc", lang="en")[0].text)[1]
    assert float(times) == round(past.quote[-1] / volume, 2)
    assert "OI/volume" not in say("/oi btc eth", lang="en")[0].text


def test_nothing_moved_is_said(say):
    (reply,) = say("/oi btc %900", lang="en")
    assert "None moved by 900.0% or more." in reply.text and "nothing to tell" in reply.text


def test_a_shock_is_marked(ctx, market, monkeypatch):
    past = market.perps.interest_history("BTCUSDT", "15m")
    base = past.base.copy()
    base[-1] = base[-5] * 1.2
    shocked = flows.InterestHistory(past.time, base, np.full(len(base), np.nan))
    read = type(past)(shocked, past.fetched)
    monkeypatch.setattr(market.perps, "interest_history", lambda *_: read)
    context = ctx("btc")
    text = context.commands["oi"].run(context).text
    assert "\n⚡BTC: 32,4K | %+20,0" in text and "OI/hacim: —" in text


def test_coins_without_a_contract_are_named_or_refused(say):
    (reply,) = say("/oi btc usdc")
    assert list(rows(reply.text)) == ["Coin", "BTC"] and "✖️ Verisi yok: USDC" in reply.text
    assert say("/oi usdc")[0].failed == 1


def test_wrong_percents_are_refused(say):
    for line in ("/oi %x", "/oi %", "/oi %-5", "/oi %1001"):
        assert say(line)[0].failed == 1


def test_another_market_answers_and_is_named(say, market, clock):
    market.hosts["futures_data"].close("region", clock() + 900)
    (reply,) = say("/oi btc")
    assert "Kaynak: Bybit" in reply.text and list(rows(reply.text)) == ["Coin", "BTC"]


def test_it_of_one_coin_is_shown_as_a_picture(say, drawn):
    (reply,) = say("/oi eth")
    assert reply.photo and len(drawn) == 1
    assert say("/oi btc eth")[0].photo is None and len(drawn) == 1
