"""order_rows.py: an intent is claimed once, a fill booked once, all or nothing."""

import re
from decimal import Decimal

import pytest
from sqlalchemy import text

import order_rows
from alarm_rows import Firing
from db import Db
from order_rows import DONE, MOVED, PENDING, READY, SENDING, WORKING, Key, Opening, Trader, meant
from orders import BUY, LIVE, MARKET, OCO, PAPER, SELL, Draft, Fill, Seen
from tests.test_db import url  # noqa: F401

D = Decimal
DRAFT = Draft("BTCUSDT", BUY, MARKET, spend=D("100.10"), target=D(5), loss=D(2))


@pytest.fixture
def opened(url, clock):  # noqa: F811
    made = Db(url, clock)
    yield made
    made.close()


def seen(intent, state="FILLED", trades=(), at=0):
    fills = tuple(
        Fill(str(one), D("60000.10"), D("0.001"), D("0.000001"), "BTC", at) for one in trades
    )
    quantity = D("0.001") * len(trades)
    names = (intent.client_ids[0], "77", intent.symbol, intent.side, "MARKET", state)
    return Seen(*names, quantity, quantity, quantity * 60000, fills=fills)


def test_a_token_makes_one_intent(opened):
    token = opened.keep_token(7, "x")
    assert opened.token(7, token) == ("x", opened.now()) and opened.token(8, token) is None
    assert opened.orders.claim(token, meant(8, 8, PAPER, DRAFT)) is None
    made = opened.orders.claim(token, meant(7, 7, PAPER, DRAFT))
    assert made.state == READY and made.draft == DRAFT and made.made == opened.now()
    assert opened.orders.claim(token, meant(7, 7, PAPER, DRAFT)) is None
    assert opened.orders.living() == [made] == opened.orders.of(7, PAPER)
    assert opened.orders.find(8, made.id) is None and opened.orders.find(7, made.id) == made


def test_an_intent_is_sent_once(opened):
    made = opened.orders.add(meant(7, 7, PAPER, DRAFT))
    assert opened.orders.begin(made.id) and not opened.orders.begin(made.id)
    now = opened.orders.find(7, made.id)
    assert now.state == SENDING and now.sent == opened.now() and now.state in PENDING


def test_client_ids_are_of_the_alphabet_and_never_the_same(opened):
    every = [
        opened.orders.add(meant(7, 7, LIVE, DRAFT._replace(kind=k))) for k in (MARKET, OCO) * 20
    ]
    names = [name for one in every for name in (*one.client_ids, one.list_id)]
    assert len(set(names)) == len(names) and {len(one.client_ids) for one in every} == {1, 2}
    far = every[0]._replace(id=2**31 - 1, kind=OCO)
    assert all(len(name) <= 32 and re.fullmatch(r"[A-Za-z0-9_-]+", name) for name in far.client_ids)


def test_a_fill_is_booked_once_however_often_it_is_told(opened):
    rows = opened.orders
    made = rows.add(meant(7, 9, PAPER, DRAFT))
    rows.book(made, WORKING, [seen(made, "PARTIALLY_FILLED", [1])])
    rows.book(made, DONE, [seen(made, "FILLED", [1, 2])])
    assert [trade.trade for trade in rows.filled(made.id)] == ["1", "2"]
    (order,) = rows.orders(made.id)
    assert order.state == "FILLED" and order.executed == D("0.002") and order.exchange_id == "77"
    assert rows.find(7, made.id).closed == opened.now() and rows.living() == []
    assert rows.trades(7, PAPER)[0].price == D("60000.10")
    assert rows.trades(7, LIVE) == [] == rows.trades(7, PAPER, "ETHUSDT")


def test_what_follows_is_written_with_what_it_follows_or_not_at_all(opened, monkeypatch):
    rows = opened.orders
    made = rows.add(meant(7, 9, PAPER, DRAFT))
    child = meant(
        7, 9, PAPER, Draft("BTCUSDT", SELL, OCO, D(1), None, D(2), D(1), D(1)), parent=made.id
    )
    told = Firing(0, 7, 9, "", opened.now(), None, "x", "order")
    (kept,) = rows.book(made, DONE, [seen(made, trades=[1])], follow=[child], tell=[told])
    assert rows.children(made.id) == [kept] and opened.alarms.outbox()[0].text == "x"
    other = rows.add(meant(7, 9, PAPER, DRAFT))
    monkeypatch.setattr(order_rows, "told_row", lambda *_: {"nothing": 1})
    with pytest.raises(Exception, match="nothing"):
        rows.book(other, DONE, [seen(other, trades=[3])], follow=[child], tell=[told])
    assert rows.find(7, other.id).state == READY and rows.filled(other.id) == []
    assert rows.children(made.id) == [kept] and rows.children(other.id) == []


def test_amounts_are_kept_to_the_last_digit(opened):
    tiny = D("0.000000000000000001")
    made = opened.orders.add(meant(7, 7, PAPER, DRAFT._replace(spend=D("1e9") + tiny)))
    assert opened.orders.find(7, made.id).spend == D("1000000000.000000000000000001")


def test_how_somebody_trades_is_kept(opened):
    rows = opened.orders
    assert rows.trader(7) == Trader(7) and rows.traders() == []
    rows.save_trader(7, stopped=5)
    rows.save_trader(7, mode=LIVE)
    assert rows.trader(7) == Trader(7, LIVE, 5) == rows.traders()[0]


def test_a_day_begins_once_in_each_mode(opened):
    rows = opened.orders
    held = {"USDT": D("100.5"), "BTC": D("0.00000001")}
    first = rows.opening(7, PAPER, "2026-11-26", D("100.5"), held)
    assert (first.worth, first.held) == (D("100.5"), held) and first.at
    assert rows.opening(7, LIVE, "2026-11-26", D(7), {}).worth == 7
    assert rows.opening(7, PAPER, "2026-11-26", D(50), {}) == first
    assert rows.opening(7, PAPER, "2026-11-27", D(50), {}).held == {}
    told = Firing(0, 7, 7, "", 1, 4.0, "losing paper", "order")
    assert rows.warn(PAPER, "2026-11-26", told) and not rows.warn(PAPER, "2026-11-26", told)
    assert rows.warn(LIVE, "2026-11-26", told)
    assert not rows.warn(LIVE, "2026-11-26", told._replace(user_id=8))
    assert [one.text for one in opened.alarms.outbox()] == ["losing paper"] * 2


def test_keys_are_kept_and_forgotten(opened):
    rows = opened.orders
    rows.save_keys([Key(7, "ab…", "sealed", 1), Key(8, "cd…", "other", 1)])
    rows.save_keys([Key(7, "ef…", "anew", 2)])
    assert rows.key(7) == Key(7, "ef…", "anew", 2) and len(rows.keys()) == 2
    assert rows.remove_key(7) and not rows.remove_key(7) and rows.key(7) is None


def test_the_coins_of_living_orders_are_watched(opened):
    for symbol in ("ETHUSDT", "BTCUSDT", "BTCUSDT"):
        opened.orders.add(meant(7, 7, PAPER, DRAFT._replace(symbol=symbol)))
    assert opened.orders.watched() == ["BTCUSDT", "ETHUSDT"]


def traded(rows, mode=LIVE, state=WORKING, nonce=""):
    """Write an order of somebody who trades live, with a fill."""
    made = rows.add(meant(7, 7, mode, DRAFT, nonce=nonce))
    rows.book(made, state, [seen(made, trades=[1])], again=1)
    rows.opening(7, mode, "2026-11-26", D(100), {"USDT": D(100)})
    rows.save_trader(7, mode=mode, approved=99)
    return made


def test_the_live_rows_of_a_testnet_are_never_those_of_the_exchange(opened):
    rows = opened.orders
    rows.claim_venue("testnet")
    rows.claim_venue("binance")
    assert rows.venue() == "testnet"
    toy, paper = traded(rows), rows.add(meant(7, 7, PAPER, DRAFT))
    kept = opened.keep_token(7, LIVE)
    rows.move_venue("testnet")
    assert rows.living() == [rows.find(7, toy.id), paper] and rows.trader(7).mode == LIVE
    assert opened.token(7, kept)
    rows.move_venue("binance")
    assert not opened.take_token(7, kept)
    assert rows.trader(7) == Trader(7) and rows.living() == [paper] == rows.of(7, PAPER)
    assert not rows.find(7, toy.id) and not rows.of(7, LIVE) and not rows.trades(7, LIVE)
    assert rows.trading(0) == [(7, PAPER)] and rows.counted() == [(PAPER, READY, 1)]
    assert rows.opening(7, LIVE, "2026-11-26", D(5), {}).worth == 5
    assert [one.text for one in opened.alarms.outbox()] == [MOVED]
    real = traded(rows)
    assert len(rows.trades(7, LIVE)) == 1
    rows.move_venue("testnet")
    assert [one.id for one in rows.living(7, LIVE)] == [toy.id] and not rows.find(7, real.id)
    assert rows.opening(7, LIVE, "2026-11-26", D(5), {}).worth == 100
    rows.move_venue("binance")
    assert [one.id for one in rows.living(7, LIVE)] == [real.id]
    rows.change(real.id, state=DONE)
    rows.move_venue("testnet")
    assert rows.watched() == ["BTCUSDT"]


def test_nobody_is_told_of_another_venue_who_never_traded_live(opened):
    opened.orders.claim_venue("mock binance")
    traded(opened.orders, PAPER)
    opened.orders.move_venue("binance")
    assert opened.orders.venue() == "binance" and not opened.alarms.outbox()
    assert opened.orders.trader(7) == Trader(7)


@pytest.mark.parametrize("version", range(9, 18))
def test_live_rows_of_every_earlier_version_are_of_where_they_are_first_met(
    url,  # noqa: F811
    clock,
    version,
):
    old = Db(url, clock)
    made = traded(old.orders)
    with old._write() as connection:
        for name in ("at", "held"):
            connection.execute(text(f"ALTER TABLE openings DROP COLUMN {name}"))
        if version < 15:
            connection.execute(text("DROP TABLE notes"))
        connection.execute(text(f"UPDATE meta SET version = {version}"))
    old.close()
    new = Db(url, clock)
    rows = new.orders
    rows.claim_venue("mock testnet")
    assert rows.venue() is None
    assert rows.opening(7, LIVE, "2026-11-26", D(5), {}) == Opening(D(100), None, None)
    rows.move_venue("testnet")
    assert [one.id for one in rows.living(7, LIVE)] == [made.id] and rows.venue() == "testnet"
    rows.move_venue("binance")
    assert not rows.living() and not rows.trades(7, LIVE)
    new.close()
