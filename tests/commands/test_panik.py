from dataclasses import replace
from decimal import Decimal as D

import pytest

import bot
from order_rows import meant
from orders import BUY, LIMIT, LIVE, PAPER, Draft


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


def test_it_is_on_even_where_an_order_cannot_be_canceled(say, database, ctx):
    live = meant(7, 7, LIVE, Draft("BTCUSDT", BUY, LIMIT, D("0.01"), price=D(50000)))
    database.orders.change(database.orders.add(live).id, state="working")
    say(say("/emir al eth 100usdt limit 1500")[0].buttons[0][0][1])
    (told,) = say("/panik")
    assert "Acil durdurma açık" in told.text and "İptal edilemedi: Canlı işlem kapalı" in told.text
    assert database.orders.trader(7).stopped and not database.orders.living(7, PAPER)


@pytest.mark.parametrize("word", ["durum", "?", "status"])
def test_to_ask_how_it_stands_changes_nothing(say, database, word):
    assert "kapalı" in say(f"/panik {word}")[0].text
    assert database.orders.trader(7).stopped is None
    say("/panik")
    since = database.orders.trader(7).stopped
    assert "açık" in say(f"/panik {word}")[0].text
    assert database.orders.trader(7).stopped == since


@pytest.mark.parametrize("word", ["kapt", "ac", "on", "durdur"])
def test_a_slip_of_the_pen_turns_it_on(say, database, word):
    say(f"/panik {word}")
    assert database.orders.trader(7).stopped is not None


def test_it_outlives_a_restart(say, database):
    say("/panik")
    assert database.orders.trader(7).stopped is not None


def test_it_is_not_lifted_by_words_that_waited_for_the_bot(say, ctx, database):
    say("/panik")
    asking = ctx()
    for ago, lifted in ((61_000, False), (5000, True)):
        (told,) = bot.answer("/panik kapat", replace(asking, asked=asking.now - ago))
        assert bool(told.failed) is not lifted
        assert (database.orders.trader(7).stopped is None) is lifted
