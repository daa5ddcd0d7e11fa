"""losses.py: the day's loss is measured from how the day began, and told once."""

import threading
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal

import pytest

import losses
import tickets
from bot import UserError
from orders import LIVE, PAPER, Balance
from tests.test_trade import LIMITS, Accounts, Exchange, rest, told
from trade import Desk
from workers import Beside

D = Decimal
DAY = 86_400


def watch(desk):
    losses.watch(desk, Beside("losses", 20))


@pytest.fixture
def desk(market, database, clock):
    broker = Exchange()
    made = Desk(market, database, Accounts(broker), LIMITS, clock)
    made.money = lambda usdt: setattr(broker, "balances", lambda: {"USDT": Balance(D(usdt))})
    rest(made)
    made.money(10_000)
    return made


def test_a_loss_that_nears_the_limit_is_told_once_a_day(desk, clock):
    watch(desk)
    desk.money(9_605)
    watch(desk)
    assert told(desk) == []
    desk.money(9_600)
    watch(desk)
    watch(desk)
    (firing,) = desk.db.alarms.outbox()
    assert (firing.text, firing.value, firing.user_id, firing.chat_id) == ("losing paper", 4, 7, 7)
    clock.now += DAY
    watch(desk)
    assert told(desk) == ["losing"]
    desk.money(9_000)
    watch(desk)
    assert told(desk) == ["losing"] * 2


def test_what_the_day_began_with_is_what_a_ticket_counts_from(desk, clock):
    watch(desk)
    name, _ = losses.risk.day(desk.now(), LIMITS.zone)
    desk.money(1)
    assert desk.rows.opening(7, PAPER, name, D(1), {}).worth == 10_000


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
        watch(desk)
    desk.money(9_000)
    with pytest.raises(UserError):
        watch(desk)
    assert told(desk) == ["losing"]


def test_old_prices_tell_nothing(desk, market, monkeypatch):
    watch(desk)
    desk.money(1)
    old = replace(market.prices(), stale=True)
    monkeypatch.setattr(market, "prices", lambda: old)
    with pytest.raises(UserError):
        watch(desk)
    assert told(desk) == []


def test_the_warning_says_what_it_means(desk, ctx, database):
    watch(desk)
    desk.money(9_500)
    watch(desk)
    text = tickets.told(ctx(), database.alarms.outbox()).text
    assert "KAĞIT" in text and "%5,0" in text and "Sınır %5" in text
    assert "sales and stops go on" in tickets.told(ctx(lang="en"), database.alarms.outbox()).text


def test_an_account_that_may_not_trade_live_any_more_is_let_be(desk, monkeypatch):
    rest(desk, mode=LIVE)
    looked = []
    monkeypatch.setattr(losses, "measure", lambda _, user_id, mode: looked.append(mode))
    watch(desk)
    monkeypatch.setattr(desk.accounts, "missing", lambda _: iter([("x", "x")]))
    watch(desk)
    assert sorted(looked) == [LIVE, PAPER, PAPER]


def test_a_hanging_account_delays_no_other(desk, monkeypatch):
    rest(desk, mode=LIVE)
    go_on, looked = threading.Event(), []

    def measured(_, user_id, mode):
        looked.append(mode)
        if mode == LIVE:
            go_on.wait(20)

    monkeypatch.setattr(losses, "measure", measured)
    monkeypatch.setattr(desk, "lock", lambda _: nullcontext())
    beside = Beside("losses", 0.05)
    for _ in range(2):
        losses.watch(desk, beside)
        beside.patience = 20
    assert sorted(looked) == [LIVE, PAPER, PAPER] and beside.going.keys() == {(7, LIVE)}
    go_on.set()


@pytest.mark.parametrize(
    ("usdt", "flows", "told_", "words"),
    [
        (12_000, {"USDT": D(2_000)}, [], ""),
        (8_000, {"USDT": D(-2_000)}, [], ""),
        (11_500, {"USDT": D(2_000)}, ["losing live 500.00"], "500,00 USDT"),
        (9_000, {}, ["losing live 1000.00"], "1.000,00 USDT"),
    ],
)
def test_a_live_account_is_asked_what_came_and_went_where_orders_do_not_say(
    desk, ctx, monkeypatch, usdt, flows, told_, words
):
    broker, asked = desk.accounts.broker, []
    broker.mode = LIVE
    rest(desk, mode=LIVE)
    monkeypatch.setattr(broker, "flows", lambda since: asked.append(since) or flows)
    losses.measure(desk, 7, LIVE)
    assert not asked
    desk.money(usdt)
    losses.measure(desk, 7, LIVE)
    assert asked == [desk.now()]
    firings = desk.db.alarms.outbox()
    assert [one.text for one in firings] == told_
    assert not told_ or words in tickets.told(ctx(), firings).text


def test_what_the_exchange_does_not_tell_blocks(desk, monkeypatch):
    def fail(_since):
        raise UserError("yok", "no answer")

    desk.accounts.broker.mode = LIVE
    losses.measure(desk, 7, LIVE)
    monkeypatch.setattr(desk.accounts.broker, "flows", fail)
    losses.measure(desk, 7, LIVE)
    desk.money(11_000)
    with pytest.raises(UserError, match="no answer"):
        losses.measure(desk, 7, LIVE)
