import re


def test_the_size_loses_what_may_be_lost(say):
    (told,) = say("/boyut btc %1 %3")
    assert "Sermaye 10.000,00 USDT, risk 100,00 USDT" in told.text and "(%3,00 uzakta)" in told.text
    worth = float(re.search(r"≈ ([0-9.,]+) USDT", told.text)[1].replace(".", "").replace(",", "."))
    assert 3050 < worth < 3250
    assert "KAĞIT" in told.text
    assert re.fullmatch(r"/al btc 3[0-9]{3}\.[0-9]{2}usdt", told.buttons[0][1][1])


def test_a_stop_above_the_price_is_refused(say, market):
    above = market.prices().data["BTCUSDT"] * 1.1
    assert "below the price" in say(f"/size btc 1% {above:.0f}", lang="en")[0].text
    assert say("/boyut btc %1")[0].failed == 1
