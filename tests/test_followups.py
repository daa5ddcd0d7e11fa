"""followups.py: a firing makes its order once, soon, where its user may, or says why not."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

import followups
from alarm_rows import Alarm, Firing
from bot import UserError
from order_rows import DONE, REFUSED
from orders import LIVE, PAPER

D = Decimal
FOLLOW = "BUY 100 - 5 2"


@pytest.fixture
def desk(ctx, settings, monkeypatch):
    made = ctx().desk
    monkeypatch.setattr(made.accounts, "config", settings(ADMIN_IDS="7"))
    return made


def fire(desk, follow=FOLLOW, ago=0, symbol="BTCUSDT", cooldown=None):
    """Write an alarm with an order behind it that has fired, and return the firing."""
    now, rows = desk.now(), desk.db.alarms
    alarm = Alarm(7, 7, "price", "> 1", symbol, made=now - ago - 1, follow=follow)
    number = rows.add(alarm._replace(cooldown=cooldown))
    rows.save([], [Firing(number, 7, 7, symbol, now - ago, 2.0, "> 1")], done=[number])
    return rows.fired(7)[-1]


def intents(desk, mode=PAPER):
    return desk.rows.of(7, mode)


def told(desk):
    return [one.text.split()[0] for one in desk.db.alarms.outbox() if not one.alarm_id]


def test_a_firing_buys_once_protects_what_it_bought_and_is_told(desk):
    fire(desk)
    followups.follow(desk)
    bought, guard = intents(desk)
    assert (bought.state, bought.spend, bought.target, bought.loss) == (DONE, 100, 5, 2)
    assert guard.parent == bought.id and guard.kind == "oco"
    assert told(desk) == ["filled"]
    followups.follow(desk)
    assert len(intents(desk)) == 2


def test_two_processes_that_see_a_firing_make_one_order(desk):
    fire(desk)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: followups.follow(desk), range(8)))
    assert len(intents(desk)) == 2


def test_the_row_of_an_order_is_written_once_whoever_writes_it(desk):
    fire(desk)
    ((firing, wanted),) = desk.rows.awaited(0)
    made = followups.ordered(desk, firing, followups.followed(wanted))
    assert made and followups.ordered(desk, firing, followups.followed(wanted)) is None


def test_a_sale_sells_a_share_of_what_there_is(desk):
    fire(desk)
    followups.follow(desk)
    for guard in desk.rows.living(7):
        desk.cancel(guard)
    fire(desk, "SELL 50 % - -")
    followups.follow(desk)
    sold = intents(desk)[-1]
    whole = sum(fill.quantity for fill in desk.rows.filled(1))
    assert sold.side == "SELL" and sold.state == DONE
    assert sold.quantity == pytest.approx(whole / 2, rel=D("0.02"))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"ago": followups.LATE + 1}, "geç görüldü"),
        ({"follow": "BUY 5000 - - -"}, "Sınır aşılıyor"),
        ({"follow": "SELL 50 % - -"}, "Boşta BTC yok"),
        ({"follow": "BUY 1 - - -"}, "çok küçük"),
    ],
)
def test_an_order_that_may_not_be_made_is_told_with_its_reason_and_never_tried_again(
    desk, changes, word
):
    fire(desk, **changes)
    followups.follow(desk)
    followups.follow(desk)
    (refused,) = intents(desk)
    assert refused.state == REFUSED and refused.closed and word in refused.reason
    assert told(desk) == ["declined"]


def test_the_kill_switch_and_a_lost_leave_hold_for_alarms_too(desk, settings, monkeypatch):
    desk.rows.save_trader(7, stopped=desk.now())
    fire(desk)
    followups.follow(desk)
    monkeypatch.setattr(desk.accounts, "config", settings(ADMIN_IDS="8"))
    fire(desk, symbol="ETHUSDT")
    followups.follow(desk)
    assert [one.state for one in intents(desk)] == [REFUSED, REFUSED]
    assert "izniniz yok" in intents(desk)[1].reason


@pytest.mark.parametrize(
    ("role", "mode", "made"),
    [("reader", PAPER, 0), ("trader", PAPER, 1), ("trader", LIVE, 0), ("refused", PAPER, 0)],
)
def test_an_order_needs_the_role_its_user_has_when_the_alarm_fires(
    desk, settings, monkeypatch, role, mode, made
):
    monkeypatch.setattr(desk.accounts, "config", settings(ADMIN_IDS="8"))
    desk.db.members.decide(7, role, 8)
    desk.rows.save_trader(7, mode=mode, approved=desk.now() + 9999)
    fire(desk)
    followups.follow(desk)
    done = intents(desk, mode)[0]
    assert (done.state == DONE) == bool(made) and made == ("izniniz yok" not in done.reason)


def test_live_an_order_needs_a_leave_that_has_not_ended(desk, monkeypatch):
    reached = []
    monkeypatch.setattr(
        desk, "broker", lambda *_: reached.append(1) or desk.accounts.open(7, PAPER)
    )
    desk.rows.save_trader(7, mode=LIVE, approved=desk.now())
    fire(desk)
    followups.follow(desk)
    (refused,) = intents(desk, LIVE)
    assert refused.state == REFUSED and "/canli izin" in refused.reason and not reached


def test_alarms_without_an_order_and_those_changed_since_order_nothing(desk):
    fire(desk, follow="")
    firing = fire(desk)
    desk.db.alarms.change(7, firing.alarm_id, made=firing.made + 1)
    followups.follow(desk)
    assert not intents(desk)


def test_an_order_whose_exchange_fails_is_asked_about_as_any_other(desk, monkeypatch):
    def broken(*_):
        raise UserError("ağ yok", "no network")

    fire(desk)
    monkeypatch.setattr(type(desk.accounts.open(7, PAPER)), "balances", broken)
    followups.follow(desk)
    assert intents(desk)[0].reason == "ağ yok"
