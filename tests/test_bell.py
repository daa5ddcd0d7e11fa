"""bell.py: what fired reaches its chat, over real HTTP through the local Bot API server."""

from decimal import Decimal

import pytest
from sqlalchemy.exc import OperationalError

import bell
import post
from alarm_rows import PAUSED, Alarm, Firing
from order_rows import meant
from orders import BUY, MARKET, PAPER, Draft
from tests.bots import settle, texts
from tickets import ORDER

RISE = Alarm(1, 1, "price", "> 100", "BTCUSDT")
FIRED = Firing(1, 1, 1, "BTCUSDT", 1_795_500_100_000, 101.0, "> 100")


@pytest.fixture
def rung(server, open_bot, database, clock):
    """Return a way to fire and let a bot, each on the test's clock, tell it."""
    for room in (1, 2):
        server.say(room, "/id", user=room)
    made = open_bot()
    for room in (1, 2):
        server.wait(room)
    settle(made)
    made._clock = clock

    def ring(*firings):
        database.alarms.save([], firings)
        made.ring()
        settle(made)
        return [t for room in (1, 2) for t in texts(server, room) if "🔔" in t]

    ring.meters, ring.bell = made.base.meters, made.bell
    return ring


def test_a_firing_is_told_once_and_delivered_means_its_message(server, rung, database):
    database.alarms.add(RISE)
    (said,) = rung(FIRED)
    assert "BTC > 100" in said and "101" in said and "Geç" not in said
    (row,) = database.alarms.fired(1)
    assert row.message_id == server.messages(1)[-1].id and row.delivered and row.tries == 1
    assert len(rung()) == 1
    data = [b["callback_data"] for line in server.messages(1)[-1].buttons for b in line]
    assert data == [
        "/alarm ertele 1",
        "/alarm kur 1",
        f"/alarm grafik {row.id}",
        f"/alarm neden {row.id}",
        "/alarm sil 1",
    ]


def test_a_database_that_fails_for_a_moment_delays_and_keeps_nothing_back(
    rung, database, monkeypatch
):
    def fail():
        raise OperationalError("x", {}, Exception("locked"))

    with monkeypatch.context() as patch:
        patch.setattr(database.alarms, "outbox", fail)
        with pytest.raises(OperationalError):
            rung(FIRED)
    assert len(rung()) == 1


def test_what_nobody_was_woken_for_is_told_within_a_minute(rung, database, clock):
    rung()
    database.alarms.save([], [FIRED])
    database.alarms.fresh = False
    assert rung() == []
    clock.now += bell.ANYWAY / 1000
    assert len(rung()) == 1


def test_a_clock_set_back_makes_nobody_wait(rung, database, clock):
    rung()
    clock.now -= 3600
    database.alarms.save([], [FIRED])
    database.alarms.fresh = False
    assert len(rung()) == 1


def test_what_is_told_and_dropped_is_counted(server, rung):
    rung(FIRED, FIRED._replace(at=FIRED.at + 1))
    server.fault("sendMessage", 403)
    rung(FIRED._replace(user_id=2, chat_id=2))
    counted = {labels["outcome"]: n for _, labels, n in rung.meters.counted("told", outcome="")}
    assert counted == {"delivered": 2, "dropped": 1}


def test_many_for_one_chat_are_one_message_and_late_ones_say_how_late(rung, clock):
    clock.now += 600
    told = rung(*[FIRED._replace(alarm_id=i, at=FIRED.at + i) for i in range(1, 41)])
    assert len(told) == 1 and "40 alarm" in told[0] and told[0].count("10 dk") == 40
    (_, late) = rung(FIRED._replace(user_id=2, chat_id=2))
    assert "Geç geldi: 10 dk önce" in late


def test_what_was_missed_waits_for_the_rest_and_comes_in_one_message(rung, database, clock):
    clock.now += 600
    database.alarms.gathering = clock.now * 1000 + 60_000
    live = FIRED._replace(alarm_id=2, at=clock.now * 1000 - 1000, text="> 5")
    assert len(rung(FIRED, live)) == 1
    later = FIRED._replace(alarm_id=3, text="1h close > 7", severity="urgent")
    assert len(rung(later)) == 1 and len(database.alarms.outbox()) == 2
    database.alarms.gathering, database.alarms.fresh = 0, True
    _, told = rung()
    assert "Bu arada 2 alarm çaldı" in told and "> 100" in told and "🚨 BTC 1h close > 7" in told


def test_what_was_missed_does_not_wait_for_ever(rung, database, clock):
    clock.now += 600
    database.alarms.gathering = clock.now * 1000 + 20_000
    assert rung(FIRED) == []
    clock.now += 20
    assert len(rung()) == 1


def test_a_blocked_user_is_left_in_peace_and_the_alarms_pause(server, rung, database):
    database.alarms.add(RISE), database.alarms.add(RISE._replace(user_id=2, chat_id=2))
    server.fault("sendMessage", 403)
    assert rung(FIRED) == [] and database.alarms.outbox() == []
    assert database.alarms.find(1, 1).state == PAUSED
    assert len(database.alarms.active()) == 1


def test_what_telegram_refuses_for_another_reason_is_dropped_and_pauses_nothing(
    server, rung, database, caplog
):
    database.alarms.add(RISE)
    server.fault("sendMessage", 400, description="Bad Request: something odd")
    assert rung(FIRED) == [] and len(database.alarms.active()) == 1
    assert "something odd" in caplog.text


def test_who_may_no_longer_use_the_bot_is_told_nothing(server, open_bot, settings, database):
    bot = open_bot(settings=settings(ADMIN_IDS="5"))
    database.alarms.add(RISE)
    database.alarms.save([], [FIRED])
    bot.ring()
    settle(bot)
    assert texts(server) == [] and database.alarms.find(1, 1).state == PAUSED


def test_what_a_stopping_bot_could_not_tell_stays(server, rung, open_bot, database, monkeypatch):
    monkeypatch.setattr(post, "GIVE_UP", -1)
    server.fault("sendMessage", 502)
    assert rung(FIRED) == [] and len(database.alarms.outbox()) == 1
    assert len(rung()) == 1 and database.alarms.outbox() == []


NIGHT, HOUR = 1_795_559_400_000, 3_600_000  # 01:30 in Istanbul


@pytest.fixture
def night(rung, database, clock):
    """Return a way to fire in user 1's quiet hours, 23–07 in Istanbul."""
    database.save_person(1, quiet="23:00-07:00")
    clock.now = NIGHT / 1000
    return rung


def test_at_night_only_urgent_ones_ring_and_silent_ones_come_without_a_sound(server, night):
    at = FIRED._replace(at=NIGHT)
    night(at, at._replace(severity="urgent", text="> 7"), at._replace(severity="silent"))
    night(at._replace(user_id=2, chat_id=2))
    sent = [r.parameters for r in server.requests if r.method == "sendMessage"][2:]
    assert [one["text"].split()[0] for one in sent] == ["<b>🚨", "<b>🔕", "<b>🔔"]
    assert [one["disable_notification"] for one in sent] == ["False", "True", "False"]
    assert sent[2]["chat_id"] == "2"


def test_in_the_morning_one_message_tells_what_fired_when(server, night, database, clock):
    for i in range(3):
        night(FIRED._replace(alarm_id=i + 1, at=NIGHT + i * HOUR, text=f"> {i}"))
        clock.now += 3600
    assert len(database.alarms.outbox()) == night.bell.kept == 3
    clock.now = NIGHT / 1000 + 5.5 * 3600 - 1
    night()
    assert len(database.alarms.outbox()) == 3 and "☀️" not in "".join(texts(server))
    clock.now += 1
    night()
    last = texts(server)[-1]
    assert last.startswith("☀️ Sessiz saatlerde 3 alarm çaldı") and "⏳" not in last
    assert [f"{hour}:30" in last for hour in ("01", "02", "03")] == [True] * 3
    assert database.alarms.outbox() == [] and night.bell.kept == 0


def test_what_waits_survives_a_restart_and_comes_when_quiet_hours_are_taken_away(
    server, night, open_bot, database, clock
):
    night(FIRED._replace(at=NIGHT))
    second = open_bot()
    second._clock = clock
    second.ring()
    settle(second)
    assert len(database.alarms.outbox()) == 1
    database.save_person(1, quiet="")
    second.ring()
    settle(second)
    assert database.alarms.outbox() == [] and "BTC > 100" in texts(server)[-1]


def test_rapid_repeats_change_the_first_message(server, rung, clock, database):
    for i in range(4):
        shown = rung(FIRED._replace(at=FIRED.at + i * 60_000, value=101.0 + i))
        clock.now += 60
    assert len(shown) == 1 and "BTC > 100 ×4" in shown[0] and "104" in shown[0]
    assert len({row.message_id for row in database.alarms.fired(1)}) == 1
    other = rung(FIRED._replace(at=FIRED.at + 240_000, symbol="ETHUSDT"))
    assert len(other) == 2
    clock.now += 60
    assert len(rung(FIRED._replace(at=FIRED.at + 300_000))) == 3


def test_a_repeat_of_a_message_that_is_gone_is_a_new_one(server, rung, database):
    rung(FIRED)
    gone = server.messages(1)[-1].id
    server.chats.find(1, gone).deleted = True
    rung(FIRED._replace(at=FIRED.at + 1000), FIRED._replace(alarm_id=2, text="> 99"))
    assert [t.splitlines()[0] for t in texts(server)[-2:]] == ["🔔 BTC > 100 ×2", "🔔 BTC > 99"]
    assert database.alarms.outbox() == []


def test_people_are_answered_while_many_chats_are_rung(server, open_bot, database, monkeypatch):
    queued = []
    bot = open_bot()
    monkeypatch.setattr(bot.bell, "_put", lambda chat, work: queued.append((chat, work)))
    rooms = range(1, 21)
    for room in rooms:
        server.chats.room(room)
    database.alarms.save([], [FIRED._replace(user_id=room, chat_id=room) for room in rooms])
    bot.ring()
    assert [chat for chat, _ in queued] == list(rooms)[: bell.RINGERS]
    for i, room in enumerate(rooms):
        assert len(queued) <= i + bell.RINGERS
        queued[i][1]()
        assert "BTC > 100" in texts(server, room)[-1]
    assert len(queued) == 20 and database.alarms.outbox() == []


def bare(database, user_id):
    """Return the firing that tells of somebody's position without its stop."""
    draft = Draft("BTCUSDT", BUY, MARKET, spend=Decimal(100))
    made = database.orders.add(meant(user_id, user_id, PAPER, draft))
    place = 0, user_id, user_id, "BTCUSDT", FIRED.at
    return Firing(*place, None, f"bare {made.id}", ORDER), made


def test_who_lost_their_leave_is_still_told_of_a_position_without_its_stop(server, rung, database):
    server.say(60, "/id", user=60)
    server.wait(60)
    firing, made = bare(database, 60)
    rung(firing, FIRED._replace(user_id=60, chat_id=60))
    told = server.messages(60)[-1]
    assert "KORUMASIZ" in told.text and f"#{made.id}" in told.text and not told.buttons
    assert not [one for one in texts(server, 60) if "🔔" in one]


def test_the_owners_hear_of_a_position_without_its_stop_whose_user_cannot_be_told(
    server, rung, database
):
    firing, made = bare(database, 2)
    server.fault("sendMessage", 403)
    rung(firing)
    rung()
    assert "2 numaralı kullanıcıya ulaşılamıyor" in texts(server)[-1]
    assert f"#{made.id}" in texts(server)[-1]
