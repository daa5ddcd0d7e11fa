import numpy as np


def test_the_portfolio_says_what_is_held_and_gained(say, drawn):
    (told,) = say("/portfoy")
    assert "💼 KAĞIT · Portföy: 10.000,00 USDT" in told.text and "hepsi nakit" in told.text
    assert not drawn
    say(say("/al btc 500usdt")[0].buttons[0][0][1])
    (told,) = say("/pf", lang="en")
    line = next(row for row in told.text.splitlines() if row.startswith("BTC: "))
    assert "| cost " in line and ", even " in line and told.photo
    assert np.isnan(drawn[0].changes[0]) and np.isfinite(drawn[0].changes[1])
    assert drawn[0].names == ("USDT", "BTC") and "fees 0.50 USDT" in told.text
