def test_what_was_bought_is_sold(say):
    say(say("/al btc 200usdt")[0].buttons[0][0][1])
    (card,) = say("/sat btc %50")
    assert (
        card.text.startswith("<b>KAĞIT · SAT BTC</b> (piyasa)\n0,00") and "En kötü" not in card.text
    )
    (done,) = say(card.buttons[0][0][1])
    assert "✅ gerçekleşti: 0,00" in done.text and "USDT)" in done.text


def test_nothing_to_sell_is_told(say):
    assert "Boşta BTC yok" in say("/sat btc %50")[0].text
    assert "Not enough" in say("/sell btc 1", lang="en")[0].text
