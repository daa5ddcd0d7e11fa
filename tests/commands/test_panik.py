from orders import PAPER


def test_the_kill_switch_cancels_purchases_and_keeps_guards(say, database):
    say(say("/al btc 100usdt %5 %2")[0].buttons[0][0][1])
    say(say("/emir al eth 100usdt limit 1500")[0].buttons[0][0][1])
    (told,) = say("/panik")
    assert "Acil durdurma açık" in told.text and "Yapmadığı:" in told.text and "AL ETH" in told.text
    states = {
        one.symbol: one.closed for one in database.orders.of(7, PAPER) if one.kind != "market"
    }
    assert states["BTCUSDT"] is None and states["ETHUSDT"] is not None
    assert "Acil durdurma açık" in say("/al btc 100usdt")[0].text
    assert say("/sat eth %50")[0].text.startswith("Boşta ETH yok")
    assert "lifted" in say("/panic off", lang="en")[0].text
    assert "SOL" in say("/al sol 50usdt")[0].text


def test_it_outlives_a_restart(say, database):
    say("/panik")
    assert database.orders.trader(7).stopped is not None
