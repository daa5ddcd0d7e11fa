"""losses.py: the day's loss is measured from how the day began, and told once."""

from dataclasses import replace
from decimal import Decimal

import pytest

import losses
import tickets
from bot import UserError
from orders import LIVE, PAPER, Balance
from tests.test_trade import LIMITS, Accounts, Exchange, rest, told
from trade import Desk

D = Decimal
DAY = 86_400


@pytest.fixture
def desk(market, database, clock):
    broker = Exchange()
    made = Desk(market, database, Accounts(broker), LIMITS, clock)
    made.money = lambda usdt: setattr(broker, "balances", lambda: {"USDT": Balance(D(usdt))})
    rest(made)
    made.money(10_000)
    return made


def test_a_loss_that_nears_the_limit_is_told_once_a_day(desk, clock):
    losses.watch(desk)
    desk.money(9_605)
    losses.watch(desk)
    assert told(desk) == []
    desk.money(9_600)
    losses.watch(desk)
    losses.watch(desk)
    (firing,) = desk.db.alarms.outbox()
    assert (firing.text, firing.value, firing.user_id, firing.chat_id) == ("losing paper", 4, 7, 7)
    clock.now += DAY
    losses.watch(desk)
    assert told(desk) == ["losing"]
    desk.money(9_000)
    losses.watch(desk)
    assert told(desk) == ["losing"] * 2


def test_what_the_day_began_with_is_what_a_ticket_counts_from(desk, clock):
    losses.watch(desk)
    name, _ = losses.risk.day(desk.now(), LIMITS.zone)
    desk.money(1)
    assert desk.rows.opening(7, PAPER, name, D(1)) == 10_000


def test_one_account_that_cannot_be_asked_keeps_no_other_from_being_looked_at(desk, monkeypatch):
    desk.rows.add(
        desk.rows.of(7, PAPER)[0]._replace(user_id=6, mode=LIVE, nonce="x", state="unsure")
    )
    good = desk.accounts.broker

    def opened(user_id, mode):
        if mode == LIVE:
            raise UserError("anahtar yok", "no key")
        return good

    monkeypatch.setattr(desk.accounts, "open", opened)
    assert desk.rows.trading(0) == [(6, LIVE), (7, PAPER)]
    with pytest.raises(UserError):
        losses.watch(desk)
    desk.money(9_000)
    with pytest.raises(UserError):
        losses.watch(desk)
    assert told(desk) == ["losing"]


def test_old_prices_tell_nothing(desk, market, monkeypatch):
    losses.watch(desk)
    desk.money(1)
    old = replace(market.prices(), stale=True)
    monkeypatch.setattr(market, "prices", lambda: old)
    with pytest.raises(UserError):
        losses.watch(desk)
    assert told(desk) == []


def test_the_warning_says_what_it_means(desk, ctx, database):
    losses.watch(desk)
    desk.money(9_500)
    losses.watch(desk)
    text = tickets.told(ctx(), database.alarms.outbox()).text
    assert "KAĞIT" in text and "%5,0" in text and "Sınır %5" in text
    assert "sales and stops go on" in tickets.told(ctx(lang="en"), database.alarms.outbox()).text


def test_an_account_that_may_not_trade_live_any_more_is_let_be(desk, monkeypatch):
    rest(desk, mode=LIVE)
    looked = []
    monkeypatch.setattr(losses, "look", lambda _, user_id, mode: looked.append(mode))
    losses.watch(desk)
    monkeypatch.setattr(desk.accounts, "missing", lambda _: iter([("x", "x")]))
    losses.watch(desk)
    assert looked == [LIVE, PAPER, PAPER]
