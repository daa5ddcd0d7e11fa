def test_paper_says_what_there_is_and_begins_anew_by_a_button(say):
    assert "10.000 USDT" in say("/kagit")[0].text
    say(say("/al btc 500usdt %5 %2")[0].buttons[0][0][1])
    (asked,) = say("/kagit sıfırla")
    assert "Emin misiniz" in asked.text and "BTC" in say("/kagit")[0].text
    assert "sıfırlandı" in say(asked.buttons[0][0][1])[0].text
    assert say("/paper", lang="en")[0].text.endswith("10,000 USDT")
    assert say(asked.buttons[0][0][1])[0].failed == 1


def test_back_on_paper_the_leave_of_alarms_has_ended(say, database):
    rows = database.orders
    rows.save_trader(7, mode="live", approved=int(9e15))
    say("/kagit")
    assert (rows.trader(7).mode, rows.trader(7).approved) == ("paper", None)
