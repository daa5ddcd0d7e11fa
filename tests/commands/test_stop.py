from orders import OCO, PAPER, STOP


def test_a_stop_is_set_then_moved_and_keeps_the_target(say, database, clock):
    say(say("/al btc 100usdt")[0].buttons[0][0][1])
    (card,) = say("/stop btc %3")
    assert "stop-limit" in card.text
    assert "⏳ bekliyor" in say(card.buttons[0][0][1])[0].text
    (second,) = say("/stop btc %2")
    say(second.buttons[0][0][1])
    _, old, new = database.orders.of(7, PAPER)
    assert (old.kind, new.kind) == (STOP, STOP) and old.closed and new.closed is None
    assert new.stop > old.stop and new.after == old.id
    say("/iptal hepsi")
    clock.now += 60
    say(say("/al eth 100usdt %5 %2")[0].buttons[0][0][1])
    say(say("/stop eth %1")[0].buttons[0][0][1])
    moved = database.orders.of(7, PAPER)[-1]
    assert moved.kind == OCO and moved.price == database.orders.of(7, PAPER)[-2].price


def test_without_the_coin_there_is_nothing_to_protect(say):
    assert "Boşta BTC yok" in say("/stop btc %2")[0].text
    assert say("/stop btc")[0].failed == 1
