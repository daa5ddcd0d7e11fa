"""keeper.py against the local Telegram: a backup a day, found again by an empty disk."""

import threading
from dataclasses import replace

import pytest

import backup
import bot
import chat
import db
import keeper
import post
from alarm_rows import Alarm, Firing
from bot import Reply
from tests.bots import halt, texts

TOKEN = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456"
WORD, DAY = "the master password", 86_400


@pytest.fixture
def opened(server, settings, tmp_path, clock):
    """Return a maker of keepers on disks of their own, by the name of the disk."""
    server.token, made = TOKEN, []

    def make(disk="a", **environ):
        known = {"TELEGRAM_TOKEN": TOKEN, "ADMIN_IDS": "1 2", "MASTER_KEY": WORD, "TIMEZONE": "UTC"}
        config = settings(**{**known, **environ})
        store = db.Db(f"sqlite:///{tmp_path / disk}.db", clock)
        api = post.connect(TOKEN, server.url, str)
        sender = post.Post(api, threading.Event())
        base = bot.Ctx(db=store, config=config)
        found = keeper.Keeper(sender, base, clock, clock.sleep)
        made.append(store)
        return found, store

    yield make
    for store in made:
        store.close()


def used(store):
    store.save_person(1, name="Ayşe", lang="en")
    store.alarms.add(Alarm(1, 1, "price", "> 70000", "BTCUSDT"))
    return store


def files(server):
    return [m for m in server.messages(1) if m.document]


def test_a_backup_is_posted_once_a_day_also_over_restarts(opened, server, clock):
    kept, store = opened()
    kept.daily()
    assert files(server) == []
    used(store)
    for _ in range(3):
        kept.daily()
        kept, store = opened()
    (first,) = files(server)
    asked = [r for r in server.requests if r.method == "sendDocument"]
    assert asked[0].parameters["disable_notification"] == "True"
    assert server.pinned(1) == [first.id] and first.document.name.endswith(".d5b")
    assert "3 rows" not in first.text and "2 rows" in first.text
    clock.now += DAY
    for _ in range(2):
        kept.daily()
        kept, store = opened()
    second = files(server)[-1]
    assert len(files(server)) == 2 and server.pinned(1) == [second.id]


def test_nothing_is_posted_without_a_password_or_an_owner(opened, server):
    for lacking in ({"MASTER_KEY": ""}, {"ADMIN_IDS": ""}):
        kept, store = opened(**lacking)
        used(store)
        kept.daily()
        assert files(server) == []


def test_one_whose_sending_was_cut_off_is_sent_again_and_still_known(opened, server, clock):
    kept, store = opened()
    used(store)
    kept.daily()
    clock.now += DAY
    server.fault("unpinChatMessage", kind="hang-after")
    kept_note = store.keep_note

    def killed(name, text):
        if name == backup.LAST:
            raise KeyboardInterrupt
        kept_note(name, text)

    store.keep_note = killed
    with pytest.raises(KeyboardInterrupt):
        kept.daily()
    kept, store = opened()
    clock.now += 60
    kept.daily()
    newest = files(server)[-1]
    assert len(files(server)) == 3 and server.pinned(1)[-1] == newest.id
    assert "not pinned" not in newest.text


def test_an_empty_disk_gets_its_rows_back_by_itself_and_the_owner_is_told(opened, server, clock):
    kept, store = opened()
    used(store).alarms.save([], [Firing(1, 1, 1, "X", 1, None, "> 1")])
    kept.daily()
    clock.now += 3600
    again, fresh = opened("b")
    again.recover()
    assert fresh.person(1).name == "Ayşe" and len(fresh.alarms.active()) == 1
    assert fresh.alarms.outbox() == []
    again.daily()
    told = texts(server)[-1]
    assert "3 rows came back from the backup of 24.11 06:02" in told and "1 waiting" in told
    assert "\n" not in told
    again.daily()
    assert texts(server)[-1] == told and len(files(server)) == 1
    clock.now += DAY
    again.daily()
    assert len(files(server)) == 2 and server.pinned(1) == [files(server)[-1].id]
    again.recover()
    assert fresh.note(keeper.NEWS) == ""


def test_a_file_that_does_not_come_at_once_is_asked_for_again(opened, server):
    kept, store = opened()
    used(store)
    kept.daily()
    server.fault("getFile", 500, times=2)
    again, fresh = opened("b")
    again.recover()
    assert fresh.person(1).name == "Ayşe"


def test_a_clock_that_was_ahead_stops_no_backup(opened, server, clock):
    kept, store = opened()
    used(store)
    clock.now += 400 * DAY
    kept.daily()
    clock.now -= 400 * DAY
    kept.daily()
    kept.daily()
    assert len(files(server)) == 2


def test_a_first_start_with_nothing_pinned_says_nothing(opened, server):
    kept, store = opened()
    kept.recover()
    server.say(1, "mine")
    server.pin(1, server.messages(1)[-1].id)
    kept.recover()
    assert store.unused() and store.note(keeper.NEWS) == ""
    stranger, other = opened("b", ADMIN_IDS="999")
    stranger.recover()
    assert other.note(keeper.NEWS) == ""


def test_no_one_elses_file_is_taken_for_a_backup(opened, server):
    message = server.send(1, "dort5bot-20261124-030000.d5b", b"dort5bot backup 1\nx")
    server.pin(1, message.id)
    kept, store = opened()
    kept.recover()
    assert store.note(keeper.NEWS) == ""


def spoil(server, body):
    file = server.messages(1)[-1].document
    object.__setattr__(file, "data", body)


@pytest.mark.parametrize("how", ["key", "cut", "changed", "big", "gone", "silent"])
def test_what_cannot_be_read_is_told_and_left_pinned(opened, server, clock, how, monkeypatch):
    kept, store = opened()
    used(store)
    kept.daily()
    (message,) = files(server)
    body = message.document.data
    if how in ("cut", "changed"):
        spoil(server, body[:-1] if how == "cut" else body[:-1] + bytes([body[-1] ^ 1]))
    elif how == "big":
        monkeypatch.setattr(backup, "FETCHED", 10)
    elif how in ("gone", "silent"):
        server.fault("getFile" if how == "gone" else "getChat", 500, times=100)
    again, fresh = opened("b", MASTER_KEY="another password" if how == "key" else WORD)
    again.recover()
    assert fresh.unused()
    reason = {
        "key": backup.OTHER_KEY,
        "cut": backup.CUT_OFF,
        "changed": backup.CHANGED,
        "big": keeper.TOO_BIG,
        "silent": keeper.SILENT,
        "gone": ("gelmedi", "did not come"),
    }[how]
    for fault in server._faults:
        fault.times = 0
    again.daily()
    told = texts(server)[-1]
    assert "geri gelmedi" in told and ("alınamadı" if how == "gone" else reason[0]) in told
    used(fresh)
    clock.now += DAY
    again.daily()
    assert server.pinned(1) == [message.id] and "is not pinned" in files(server)[-1].text
    again.daily()
    assert len(files(server)) == 2
    if how == "silent":
        third, empty = opened("c")
        third.recover()
        assert empty.person(1).name == "Ayşe"


def test_a_used_database_is_left_alone(opened, server):
    kept, store = opened()
    used(store)
    kept.daily()
    again, other = opened("b")
    other.save_person(2, name="B")
    again.recover()
    assert other.person(1) is None and other.note(keeper.NEWS) == ""


def test_a_big_one_says_that_it_must_be_brought_back_by_hand(ctx, monkeypatch):
    made = backup.Made(1_795_500_123_000, 5, backup.FETCHED + 1)
    assert "20 MB" in keeper.caption(ctx(), made)
    assert "20 MB" not in keeper.caption(ctx(lang="en"), made._replace(size=backup.FETCHED))


def test_a_full_disk_is_a_sentence(ctx, settings, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "write", full)
    asked = replace(ctx(), config=settings(MASTER_KEY=WORD))
    with pytest.raises(bot.UserError, match="disk may be full"), keeper.saved(asked):
        pass


def test_a_bot_asks_for_its_backup_before_anything_else(opened, server, ctx, clock):
    kept, store = opened()
    used(store)
    kept.daily()
    _, fresh = opened("b")
    config = replace(ctx(), db=fresh, config=kept._config)
    api, stop = post.connect(TOKEN, server.url, str), threading.Event()
    made = chat.Telegram(api, post.Post(api, stop), config, stop)
    server.say(1, "/id")
    made.start()
    try:
        assert fresh.person(1).lang == "en" and len(fresh.alarms.active()) == 1
        assert any(job.name == "backup" for job, _ in made.jobs())
    finally:
        halt(made)


def test_what_is_pinned_takes_the_place_of_the_bots_own_file_only(opened, server):
    kept, _ = opened()
    said = server.say(1, "mine")
    server.pin(1, said.id)
    sender = kept._post
    for name in ("one.d5b", "two.d5b", "three.d5b"):
        sender.reply(post.Thread(1), Reply("x", file=(name, b"abc"), pinned=True))
    assert server.pinned(1) == [said.id, files(server)[-1].id]
    server.fault("pinChatMessage", 400)
    sender.reply(post.Thread(1), Reply("x", file=("four.d5b", b"abc"), pinned=True))
    assert server.pinned(1)[-1] == files(server)[-2].id
