from decimal import Decimal

from orders import LIVE, Seen


def test_open_orders_are_listed_with_buttons(say):
    assert "Açık emir yok" in say("/emirler")[0].text
    say(say("/al btc 100usdt %5 %2")[0].buttons[0][0][1])
    (told,) = say("/aktif")
    assert "#2 SAT BTC 0,0" in told.text and "1 emriniz açık" in told.text
    assert told.buttons[1][0] == ("✖️ #2", "/iptal 2")


def test_foreign_orders_of_the_live_account_are_shown_and_not_offered(ctx, database, registry):
    database.orders.save_trader(7, mode=LIVE)
    one = Seen("web_1", "9", "ETHUSDT", "BUY", "LIMIT", "NEW", *[Decimal(1)] * 3)
    made = ctx("", lang="en", name="emirler")
    made.desk.foreign[7] = [one]
    told = registry["emirler"].run(made)
    assert "(foreign) BUY ETHUSDT 1" in told.text and "1 foreign, left alone" in told.text
    assert [line for row in told.buttons for _, line in row] == ["/emirler"]
