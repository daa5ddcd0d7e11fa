def test_orders_are_canceled_one_or_all(say):
    say(say("/al btc 100usdt %5 %2")[0].buttons[0][0][1])
    (told,) = say("/iptal #2")
    assert "gerçekleşmeden bitti" in told.text and "KORUMASIZ" in told.text
    assert "KORUMASIZ" not in say("/iptal 2")[0].text
    say(say("/emir al eth 100usdt limit 1500")[0].buttons[0][0][1])
    assert len(say("/iptal hepsi")) == 1
    assert "no open orders" in say("/iptal all", lang="en")[0].text


def test_what_is_not_mine_is_not_there(say, ctx):
    say(say("/al btc 100usdt %5 %2")[0].buttons[0][0][1])
    for line in ("/iptal 99", "/iptal 0", "/iptal x", "/iptal"):
        assert say(line)[0].failed == 1
