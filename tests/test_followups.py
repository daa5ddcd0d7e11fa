"""followups.py: a firing makes its order once, soon, where its user may, or says why not."""

import threading
from concurrent.futures import ThreadPoolExecutor, wait
from decimal import Decimal

import pytest

import followups
from alarm_rows import PAUSED, Alarm, Firing
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


def fire(desk, follow=FOLLOW, ago=0, symbol="BTCUSDT", cooldown=None, user_id=7):
    """Write an alarm with an order behind it that has fired, and return the firing."""
    now, rows = desk.now(), desk.db.alarms
    alarm = Alarm(user_id, user_id, "price", "> 1", symbol, made=now - ago - 1, follow=follow)
    number = rows.add(alarm._replace(cooldown=cooldown))
    rows.save([], [Firing(number, user_id, user_id, symbol, now - ago, 2.0, "> 1")], done=[number])
    return rows.fired(user_id)[-1]


def intents(desk, mode=PAPER, user_id=7):
    return desk.rows.of(user_id, mode)


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


def test_an_order_that_a_slow_exchange_makes_late_is_not_made(desk, clock, monkeypatch):
    ticket = desk.ticket
    monkeypatch.setattr(desk, "ticket", lambda *told: (ticket(*told), clock.sleep(121))[0])
    fire(desk)
    followups.follow(desk)
    (refused,) = intents(desk)
    assert refused.state == REFUSED and "geç görüldü" in refused.reason


def test_a_clock_that_goes_back_leaves_no_firing_without_its_order(desk, clock):
    clock.now += 7200
    followups.follow(desk)
    clock.now -= 7200
    fire(desk)
    followups.follow(desk)
    assert intents(desk)[0].state == DONE


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


def test_alarms_without_an_order_and_those_changed_paused_or_gone_since_order_nothing(desk):
    fire(desk, follow="")
    firing = fire(desk)
    desk.db.alarms.change(7, firing.alarm_id, made=firing.made + 1)
    desk.db.alarms.change(7, fire(desk).alarm_id, state=PAUSED)
    desk.db.alarms.remove(7, fire(desk).alarm_id)
    followups.follow(desk)
    assert not intents(desk)


def test_an_order_whose_exchange_fails_is_asked_about_as_any_other(desk, monkeypatch):
    def broken(*_):
        raise UserError("ağ yok", "no network")

    fire(desk)
    monkeypatch.setattr(type(desk.accounts.open(7, PAPER)), "balances", broken)
    followups.follow(desk)
    assert intents(desk)[0].reason == "ağ yok"


def both(desk, settings, monkeypatch):
    """Let two people's alarms fire, the first one's before the other's."""
    monkeypatch.setattr(desk.accounts, "config", settings(ADMIN_IDS="7 8"))
    for user_id in (7, 8):
        fire(desk, user_id=user_id)
    return desk.broker


def served(desk, user_id):
    """Let orders follow; wait where somebody's take longer than the patience."""
    followups.follow(desk)
    wait(one for key, one in desk.serving.going.items() if key == user_id)


def test_an_account_that_hangs_holds_up_nobody_elses_orders(desk, settings, monkeypatch):
    open_, go_on = both(desk, settings, monkeypatch), threading.Event()

    def hung(user, mode):
        assert user != 7 or go_on.wait(20)
        return open_(user, mode)

    monkeypatch.setattr(desk, "broker", hung)
    monkeypatch.setattr(desk.serving, "patience", 0.2)
    served(desk, 8)
    assert [one.state for one in intents(desk, user_id=8)][:1] == [DONE] and not intents(desk)
    fire(desk, symbol="ETHUSDT", user_id=8)
    served(desk, 8)
    assert len(intents(desk, user_id=8)) == 4
    go_on.set()
    wait(desk.serving.going.values())
    followups.follow(desk)
    assert len(intents(desk)) == 2 and not desk.serving.going


def test_an_account_that_fails_as_nobody_thought_fails_alone(desk, settings, monkeypatch):
    open_ = both(desk, settings, monkeypatch)
    monkeypatch.setattr(desk, "broker", lambda user, mode: 1 / (user - 7) and open_(user, mode))
    with pytest.raises(ZeroDivisionError):
        followups.follow(desk)
    assert intents(desk, user_id=8)[0].state == DONE and not intents(desk)


def test_firings_that_have_their_orders_are_not_read_all_day(desk, clock, monkeypatch):
    fire(desk)
    followups.follow(desk)
    read, awaited = [], desk.rows.awaited
    monkeypatch.setattr(desk.rows, "awaited", lambda since: read.append(since) or awaited(since))
    clock.now += 3600
    followups.follow(desk)
    followups.follow(desk)
    assert read[1] == desk.now() - followups.AGAIN
