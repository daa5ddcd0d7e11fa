def test_the_report_counts_what_was_sold(say, drawn, clock):
    assert "Henüz işlem yok" in say("/raporum")[0].text
    say(say("/al btc 500usdt")[0].buttons[0][0][1])
    say(say("/sat btc %100")[0].buttons[0][0][1])
    clock.now += 4 * 3600
    told, file = say("/raporum")
    assert "Satış 1, isabet %0,0, kâr faktörü 0,00" in told.text and "ücret 1,00 USDT" in told.text
    assert "1 satış bir şey söylemek için az" in told.text and len(drawn[0].panes[0].lines) == 1
    name, body = file.file
    rows = body.decode().splitlines()
    assert name == "paper.csv" and len(rows) == 3 and rows[0].startswith("time,symbol,side,price")


def test_a_purchase_alone_has_no_win_rate(say, drawn):
    say(say("/al btc 500usdt")[0].buttons[0][0][1])
    assert "Sales 0, win rate —, profit factor —" in say("/report", lang="en")[0].text
