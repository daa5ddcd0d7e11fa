"""Telegram end to end: the real client over real HTTP against the local Bot API server."""

import json
import logging
import math
import threading
from dataclasses import replace
from queue import SimpleQueue

import pytest
import requests
from telebot.apihelper import ApiTelegramException

import chat
import logs
import manners
import post
from alarm_rows import Alarm, Firing
from bot import REFRESH, Command, Reply
from db import DbError, Push
from incoming import numbered
from tests.bots import halt, settle, texts
from tests.local.conftest import png

ECHO = Command("echo", lambda ctx: " ".join(ctx.args), "Yankı: /echo", "Echo: /echo")


def test_a_message_gets_its_answer_and_is_forgotten(server, open_bot, database):
    bot = open_bot()
    server.say(1, "/id")
    assert "Kimliğiniz: 1" in server.wait(1).text
    settle(bot)
    assert database.waiting() == []
    assert texts(server) == [server.wait(1).text]


def test_the_language_is_the_persons(server, open_bot):
    open_bot()
    server.user(1, language="en")
    server.say(1, "/id")
    assert "Your id" in server.wait(1).text
    asked = server.say(1, "/dil tr")
    server.wait(1, after=asked)
    asked = server.say(1, "/id")
    assert "Kimliğiniz" in server.wait(1, after=asked).text


def test_what_a_message_leads_to_is_logged_with_its_update_and_its_queue_is_measured(
    server, open_bot, caplog
):
    caplog.handler.setFormatter(logs.JsonFormatter(logs.Redactor()))
    go, seen = threading.Event(), threading.Event()

    def run(ctx):
        seen.set()
        go.wait(10)
        logging.getLogger("dort5bot").warning("worked")
        return "done"

    bot = open_bot(Command("x", run))
    server.say(1, "/x")
    assert seen.wait(10)
    lengths = {labels["queue"]: n for _, labels, n in bot.base.meters.lengths()}
    go.set()
    assert server.wait(1).text == "done"
    settle(bot)
    assert lengths == {"lanes": 1, "heavy": 0, "orders": 0, "bell": 0, "quiet": 0}
    assert bot.base.meters.lengths()[0][2] == 0
    (line,) = (line for line in caplog.text.splitlines() if "worked" in line)
    said = json.loads(line)
    assert said["request"].startswith("update ") and said["request"][7:].isdecimal()


def test_refresh_edits_in_place_and_another_command_is_a_new_message(server, open_bot):
    calls = []

    def run(ctx):
        calls.append(ctx.args)
        return Reply(f"run {len(calls)}", ctx.buttons([("7", "/x 7"), ("id", "/id")]))

    open_bot(Command("x", run))
    server.say(1, "/x")
    first = server.wait(1)
    assert first.buttons[0][0]["text"] == REFRESH
    server.press(1, first.id, "/x 7")
    server.until(lambda: texts(server) == ["run 2"] or None)
    press = server.press(1, first.id, "/id")
    assert "Kimliğiniz" in server.wait(1, after=first).text
    server.until(lambda: press.answered or None)


@pytest.mark.parametrize("heavy", [False, True])
def test_a_refreshed_picture_changes_in_its_place(server, open_bot, heavy):
    def run(ctx):
        wide = int(ctx.arg(0, "10"))
        return Reply(f"run {wide}", ctx.buttons([("20", "/x 20")]), png(wide, 10))

    def shown():
        left = [m for m in server.messages(1) if m.bot and not m.deleted]
        return [(m.text, m.photo.width) for m in left if m.photo] if len(left) == 1 else None

    open_bot(Command("x", run, heavy=heavy))
    server.say(1, "/x")
    server.until(lambda: shown() == [("run 10", 10)])
    (first,) = (m.id for m in server.messages(1) if m.photo)
    server.press(1, first, "/x 20")
    server.until(lambda: shown() == [("run 20", 20)])
    assert [m.id for m in server.messages(1) if m.photo] == [first]


def test_the_menu_comes_and_goes(server, open_bot):
    open_bot()
    asked = server.say(1, "/menu")
    shown = server.wait(1, after=asked)
    room = server.chats.room(1)
    assert room.keyboard["keyboard"][0][0]["text"] == "/p"
    server.wait(1, after=server.say(1, "/menu kapat"))
    assert room.keyboard is None and not shown.buttons


@pytest.mark.slow
def test_a_chat_is_answered_in_its_order(server, open_bot, monkeypatch):
    monkeypatch.setattr(post.Pacer, "CHAT", (3, 0.0))
    open_bot(ECHO)
    for i in range(20):
        server.say(1, f"/echo {i}")
        server.say(2, f"/echo {i}", user=2)
    server.until(lambda: len(texts(server)) + len(texts(server, 2)) == 40 or None)
    assert texts(server) == texts(server, 2) == [str(i) for i in range(20)]


@pytest.mark.slow
def test_an_order_waits_for_no_message_and_is_told_in_its_turn(server, open_bot, monkeypatch):
    made, held, rooms = SimpleQueue(), threading.Event(), range(1, 11)

    def hanging(call):
        return lambda *args, **kwargs: held.wait(30) and call(*args, **kwargs)

    bot = open_bot(
        ECHO,
        Command("card", lambda ctx: Reply("card", [[("yes", "/order")]])),
        Command("order", lambda ctx: made.put(ctx.user.id) or "made", group="trading"),
    )
    for room in rooms:
        server.say(room, "/card", user=room)
    cards = {room: server.wait(room, timeout=20) for room in rooms}
    settle(bot)
    for name in ("send_message", "answer_callback_query"):
        monkeypatch.setattr(bot.api, name, hanging(getattr(bot.api, name)))
    for room in rooms:
        server.say(room, "/echo before", user=room)
    for room, card in cards.items():
        server.press(room, card.id, "/order", user=room)
    assert sorted(made.get(timeout=20) for _ in rooms) == list(rooms)
    held.set()
    server.until(lambda: len([t for room in rooms for t in texts(server, room)]) == 30 or None, 20)
    assert all(texts(server, room) == ["card", "before", "made"] for room in rooms)


@pytest.mark.slow
def test_an_order_whose_answer_a_kill_cut_off_is_made_once(server, open_bot, database, monkeypatch):
    begun, held, first = threading.Event(), threading.Event(), open_bot()
    server.say(1, "/al btc 100usdt")
    card = server.wait(1, timeout=20)
    settle(first)

    def cut(*_, **__):
        begun.set()
        held.wait(30)
        raise requests.ConnectionError

    for name in ("send_message", "edit_message_text"):
        monkeypatch.setattr(first.api, name, cut)
    server.press(1, card.id, card.buttons[0][0]["callback_data"])
    assert begun.wait(20)
    (made,) = database.orders.of(1, "paper")
    halt(first)
    held.set()
    settle(open_bot())
    assert "gerçekleşti" in texts(server)[-1] and database.waiting() == []
    assert database.orders.of(1, "paper") == [made]


@pytest.mark.slow
def test_what_a_killed_bot_had_taken_in_is_answered_by_the_next(server, open_bot, database):
    held, begun = threading.Event(), threading.Event()

    def hang(ctx):
        begun.set()
        held.wait(10)
        return "too late"

    first = open_bot(Command("echo", hang))
    for i in range(5):
        server.say(1, f"/echo {i}")
    assert begun.wait(10)
    server.until(lambda: len(database.waiting()) == 5 or None)
    halt(first)
    held.set()
    open_bot(ECHO)
    server.until(lambda: len(texts(server)) == 5 or None)
    assert texts(server) == ["0", "1", "2", "3", "4"]


def test_an_update_sent_again_is_answered_once(server, open_bot, database):
    first = open_bot(ECHO)
    server.say(1, "/echo once")
    server.wait(1)
    settle(first)
    halt(first)
    second = open_bot(ECHO)
    second._take([{"update_id": first._offset - 1, "message": {}}])
    asked = server.say(1, "/echo twice")
    server.wait(1, after=asked)
    assert texts(server) == ["once", "twice"]


def test_an_update_queued_twice_is_answered_once(server, open_bot, database):
    ran = []
    bot = open_bot(Command("x", lambda ctx: ran.append(1) or "done"))
    server.say(1, "/x")
    server.wait(1)
    settle(bot)
    update = {"update_id": 10**9, "message": server_message("/x")}
    database.receive([(10**9, json.dumps(update))])
    bot._queue(update)
    bot._queue(update)
    settle(bot)
    bot._queue(update)
    settle(bot)
    assert len(ran) == 2 and database.waiting() == []


def server_message(text, room=1):
    who = {"id": room, "is_bot": False, "first_name": "Ayşe"}
    chat = {"id": room, "type": "private"}
    return {"message_id": 1, "date": 0, "chat": chat, "from": who, "text": text}


def test_an_update_that_never_succeeds_is_given_up(server, open_bot, database, caplog):
    bot = open_bot(ECHO)
    database.receive([(1, '{"update_id": 1}')])
    for _ in range(chat.MAX_TRIES):
        database.begin(1)
    incoming = chat.Incoming(1, chat.Chat(1), {"id": 1}, "/echo x", 1)
    bot._handle(incoming)
    assert database.waiting() == [] and texts(server) == [] and "given up" in caplog.text


def test_a_secret_message_is_deleted_first_and_never_written_down(server, open_bot, database):
    seen = []

    def keep(ctx):
        seen.append(([m.text for m in server.messages(1)], database.waiting()))
        return "kept"

    open_bot(Command("key", keep, secret=True))
    server.say(1, "/key SECRETSECRET")
    server.wait(1)
    assert seen == [([], [])] and texts(server) == ["kept"]


def test_a_secret_message_is_deleted_though_nothing_can_be_written_down(
    server, open_bot, monkeypatch
):
    left, bot = [], open_bot(Command("key", lambda ctx: "kept", secret=True))
    receive = bot._db.receive

    def locked(rows):
        rows = list(rows)
        if rows and not left:
            left.append([m.text for m in server.messages(1) if "SECRET" in m.text])
            raise DbError("database is locked")
        return receive(rows)

    monkeypatch.setattr(bot._db, "receive", locked)
    server.say(1, "/key SECRETSECRET")
    server.until(lambda: "kept" in texts(server) or None, 20)
    assert left == [[]]


def test_a_slow_secret_command_delays_no_other_chat(server, open_bot):
    held, begun = threading.Event(), threading.Event()
    bot = open_bot(
        Command("key", lambda ctx: begun.set() or (held.wait(10) and "kept"), secret=True)
    )
    server.say(1, "/key SECRETSECRET")
    assert begun.wait(10) and server.messages(1) == []
    server.say(2, "/id", user=2)
    assert "Kimliğiniz: 2" in server.wait(2).text
    held.set()
    assert server.wait(1).text == "kept"
    settle(bot)


@pytest.mark.parametrize("typed", ["key SECRETSECRET", " KEY  SECRETSECRET", "Key"])
def test_a_secret_command_without_its_slash_is_deleted_first_too(server, open_bot, database, typed):
    seen = []

    def told(ctx):
        seen.append((ctx.args, server.messages(1), database.waiting()))
        return "kept"

    open_bot(Command("key", told, secret=True))
    server.say(1, typed)
    server.wait(1)
    assert seen == [(tuple(typed.split()[1:]), [], [])] and texts(server) == ["kept"]


@pytest.mark.parametrize("typed", ["{} {}", "/apykey {} {}", "API Key: {}\nSecret: {}", "/echo {}"])
def test_what_looks_like_a_key_is_deleted_and_never_written_down(
    server, open_bot, database, monkeypatch, typed
):
    bodies, receive = [], database.receive

    def kept(rows):
        bodies.extend(body for _, body in rows)
        return receive(rows)

    monkeypatch.setattr(database, "receive", kept)
    open_bot(ECHO)
    server.say(1, typed.format("k" * 64, "S" * 64))
    server.wait(1)
    assert bodies == [None] and all(message.bot for message in server.messages(1))


def test_a_forwarded_command_that_orders_is_not_the_forwarders(server, open_bot):
    ran = []
    bot = open_bot(Command("order", ran.append, role="trader"), ECHO)
    sent = {"message_id": 9, "from": {"id": 1}, "chat": {"id": 1, "type": "private"}, "date": 5}
    sent |= {"forward_origin": {"type": "user"}, "text": "/order btc"}
    bot._take([{"update_id": 1, "message": sent}])
    assert "iletilmiş" in server.wait(1).text and "/order" in texts(server)[-1] and not ran
    bot._take([{"update_id": 2, "message": sent | {"text": "/echo heard"}}])
    settle(bot)
    assert "heard" in texts(server)[-1]


def test_a_secret_message_that_cannot_be_deleted_is_refused(server, open_bot):
    ran = []
    open_bot(Command("key", ran.append, secret=True))
    server.fault("deleteMessage", 400, description="Bad Request: message can't be deleted")
    server.say(1, "/key SECRETSECRET")
    assert "silemedim" in server.wait(1).text and not ran


def test_a_heavy_command_does_not_hold_its_chat_up(server, open_bot):
    gate = threading.Event()

    def work(ctx):
        gate.wait(10)
        return "done"

    open_bot(Command("grid", work, heavy=True))
    server.say(1, "/grid")
    first = server.wait(1)
    assert "hazırlanıyor" in first.text
    server.say(1, "/id")
    server.wait(1, after=first)
    gate.set()
    server.until(lambda: texts(server)[0] == "done" or None)


def test_a_stranger_is_refused_and_not_written_down(server, open_bot, settings, database):
    open_bot(settings=settings(ADMIN_IDS="5"))
    server.say(9, "/p btc")
    assert "<code>" not in server.wait(9).text and "9" in server.wait(9).text
    assert database.person(9) is None


def test_with_a_token_and_no_admin_nobody_gets_in(settings, ctx):
    made = settings(TELEGRAM_TOKEN="123456789:AAabcdefghijklmnopqrstuvwxyz0123456")
    stop = threading.Event()
    bot = chat.Telegram(None, post.Post(None, stop), replace(ctx(), config=made), stop)
    assert not bot._user({"id": 1}).allowed


def test_a_group_is_answered_only_when_meant(server, open_bot):
    bot = open_bot()
    for words in ("hello", "btc", "/nosuch", "/id@other_bot", "/id@dort5bot_local"):
        server.say(-100, words, user=1)
    assert "-100" in server.wait(-100).text
    settle(bot)
    assert len(texts(server, -100)) == 1


def test_a_blocked_chat_is_let_go(server, open_bot, database):
    bot = open_bot()
    server.fault("sendMessage", 403)
    server.say(1, "/id")
    server.until(lambda: any(r.method == "sendMessage" for r in server.requests) or None)
    settle(bot)
    assert database.waiting() == [] and texts(server) == []


def test_a_webhook_left_behind_is_taken_away(server, open_bot):
    text = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook"
    server.fault("getUpdates", 409, description=text)
    open_bot()
    server.until(lambda: any(r.method == "deleteWebhook" for r in server.requests) or None)


def test_another_program_that_polls_is_made_way_for(server, open_bot):
    def refused(words):
        told = {"error_code": 409, "description": words}
        return ApiTelegramException("getUpdates", None, told)

    bot = open_bot()
    taken = "Conflict: terminated by other getUpdates request; make sure that only one runs"
    waits = [bot._way(refused(taken)) for _ in range(7)]
    assert waits == [1, 5, 10, 20, 40, 80, 120]
    assert bot.rival.there(bot._clock()) and not bot.job.late(bot._clock() + 150)
    assert bot._way(refused("Conflict: can't use getUpdates method")) == 0


@pytest.mark.slow
def test_a_poll_that_another_ended_is_no_end(server, open_bot):
    server.fault("getUpdates", 409)
    bot = open_bot()
    server.say(1, "/id")
    assert "Kimliğiniz" in server.wait(1, timeout=20).text
    assert not bot.rival.there(bot._clock())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 502}, "Bad Gateway"),
        ({"status": 401}, "Unauthorized"),
        ({"kind": "drop"}, "get: ConnectionError"),
    ],
)
def test_trouble_is_said_once_when_it_starts_and_once_when_it_ends(
    server, open_bot, caplog, fault, words
):
    server.fault("getUpdates", times=2, **fault)
    bot = open_bot()
    server.say(1, "/id")
    server.wait(1, timeout=20)
    server.until(lambda: not bot.trouble or None)
    assert caplog.text.count(words) == 1 and caplog.text.count("answers again") == 1


@pytest.mark.slow
def test_a_bot_that_cannot_poll_is_late(server, open_bot):
    server.fault("getUpdates", 502, times=math.inf)
    bot = open_bot()
    server.until(lambda: sum(r.method == "getUpdates" for r in server.requests) > 2 or None, 20)
    (watched,) = (job for job, _ in bot.jobs() if job.name == "telegram")
    assert watched.last_run is None and watched.last_error
    assert watched.late(bot._clock() + watched.deadline + 1)


def test_the_admins_are_told_once_of_commands_that_did_not_load(server, open_bot, settings):
    broken = [Command(name, None, error="SyntaxError") for name in ("bad", "worse")]
    for room in (1, 2):
        server.say(room, "/start", user=room)
    settled = open_bot(*broken, settings=settings(ADMIN_IDS="1 2"))
    settle(settled)
    for room in (1, 2):
        told = [text for text in texts(server, room) if "/bad, /worse" in text]
        assert len(told) == 1 and "⚠️" in told[0]


def test_the_menu_is_set_in_both_languages_and_only_when_it_changed(server, open_bot):
    bot = open_bot()
    bot.publish()
    bot.publish()
    set_calls = [r for r in server.requests if r.method == "setMyCommands"]
    assert [r.parameters.get("language_code", "") for r in set_calls] == ["", "tr", "en"]
    names = {row["command"] for row in json.loads(set_calls[0].parameters["commands"])}
    assert "dar" not in names and {"p", "t", "yardim"} <= names


def test_the_bots_name_is_set_where_one_is_given_and_only_once(server, open_bot, settings):
    open_bot().publish()
    assert not [r for r in server.requests if r.method == "setMyName"]
    bot = open_bot(settings=settings(TELEGRAM_NAME="Dört"))
    bot.publish()
    bot.publish()
    set_calls = [r for r in server.requests if r.method == "setMyName"]
    assert [r.parameters["name"] for r in set_calls] == ["Dört"]


@pytest.mark.slow
def test_a_database_in_trouble_delays_and_does_not_end_the_polling(server, open_bot, monkeypatch):
    bot, fails = open_bot(ECHO), [1, 1]
    receive, finish = bot._db.receive, bot._db.finish

    def locked(call, *args):
        if fails:
            fails.pop()
            raise DbError("database is locked")
        return call(*args)

    monkeypatch.setattr(bot._db, "receive", lambda rows: locked(receive, list(rows)))
    server.say(1, "/echo later")
    assert server.wait(1, timeout=20).text == "later"
    fails.append(1)
    monkeypatch.setattr(bot._db, "finish", lambda update: locked(finish, update))
    server.say(1, "/echo again")
    server.until(lambda: texts(server)[1:] == ["again"] or None)
    settle(bot)
    bot.catch_up()
    settle(bot)
    assert bot._db.waiting() == []


@pytest.mark.slow
def test_what_nobody_foresaw_does_not_end_the_polling(server, open_bot, monkeypatch, caplog):
    bot, odd = open_bot(ECHO), [RuntimeError("can't start new thread")]
    judged = bot._within_manners

    def failing(batch):
        if odd:
            raise odd.pop()
        if any("poison" in str(update) for update in batch):
            raise ValueError("an update like no other")
        return judged(batch)

    monkeypatch.setattr(bot, "_within_manners", failing)
    server.say(1, "/echo first")
    assert server.wait(1, timeout=20).text == "first"
    server.say(1, "/echo before")
    server.say(1, "/echo poison")
    server.say(1, "/echo after")
    server.until(lambda: texts(server)[1:] == ["before", "after"] or None, 30)
    server.until(lambda: bot.trouble == "" or None, 10)
    assert caplog.text.count("cannot be taken in") == 1


@pytest.mark.slow
@pytest.mark.parametrize("told", [None, {"x": 1}, "x", [None], [{}], [{"update_id": None}]])
def test_an_answer_without_updates_does_not_end_the_polling(server, open_bot, monkeypatch, told):
    bot, real, asked = open_bot(ECHO), chat.apihelper.get_updates, []

    def odd(*args, **options):
        asked.append(told)
        return real(*args, **options) if len(asked) > 1100 else told

    monkeypatch.setattr(bot._stop, "wait", lambda seconds: None)
    monkeypatch.setattr(chat.apihelper, "get_updates", odd)
    server.say(1, "/echo first")
    server.say(1, "/echo second")
    server.until(lambda: texts(server) == ["first", "second"] or None, 30)


@pytest.mark.slow
def test_a_page_of_a_proxy_is_waited_out(server, open_bot):
    server.fault("getUpdates", 502, kind="html")
    open_bot(ECHO)
    server.fault("sendMessage", 502, kind="html")
    server.say(1, "/echo through")
    assert server.wait(1, timeout=20).text == "through"


@pytest.mark.parametrize(
    "update",
    [
        {"message": 5},
        {"message": {"chat": None, "from": {"id": 1}, "text": "x"}},
        {"message": {"chat": {"id": "x"}, "from": {"id": 1}, "text": "x", "message_id": 1}},
        {"message": {"chat": {"id": 1}, "from": [], "text": "x"}},
        {"callback_query": "x"},
        {"callback_query": {"from": {"id": 1}, "message": {"chat": {}}, "data": 5}},
    ],
)
def test_an_update_that_makes_no_sense_is_let_go(server, open_bot, database, update):
    bot = open_bot(ECHO)
    bot._take(numbered([{"update_id": 10**9, **update}, {"update_id": "x"}, {}, None]))
    settle(bot)
    assert database.waiting() == []


def test_half_of_a_surrogate_pair_is_a_question_mark(server, open_bot):
    bot = open_bot(ECHO)
    message = server_message("/echo x\ud800 😀")
    message["from"]["first_name"] = "A\udfff"
    bot._take(numbered([{"update_id": 10**9, "message": message}]))
    assert server.wait(1).text == "x? 😀"
    settle(bot)
    assert bot.base.db.person(1).name == "A?"


@pytest.mark.slow
def test_a_disk_that_stays_full_is_said_once_and_the_message_answered_after(
    server, open_bot, monkeypatch
):
    bot, full = open_bot(ECHO), threading.Event()
    receive = bot._db.receive

    def recorded(rows):
        if not full.is_set():
            raise DbError("database or disk is full")
        return receive(rows)

    monkeypatch.setattr(bot._db, "receive", lambda rows: recorded(list(rows)))
    server.say(-5, "/echo group", user=1)
    server.say(60, "/echo stranger")
    server.say(1, "/echo waited")
    server.say(1, "/echo too")
    assert "kayıt tutamıyorum" in server.wait(1, timeout=20).text
    full.set()
    server.wait(1, lambda m: m.text == "too", timeout=20)
    assert texts(server)[1:] == ["waited", "too"]
    assert [text for text in texts(server, 60) if "kayıt" in text] == []
    assert server.wait(-5, timeout=20).text == "group" and len(texts(server, -5)) == 1


def test_a_photo_is_answered_politely(server, open_bot):
    bot = open_bot()
    person, room = {"id": 1, "first_name": "A"}, {"id": 1, "type": "private"}
    message = {"message_id": 3, "from": person, "chat": room, "sticker": {"file_id": "x"}}
    bot._take([{"update_id": 10**9, "message": message}])
    assert "anlamadım" in server.wait(1).text


@pytest.mark.slow
def test_fifty_chats_typing_at_once_lose_and_reorder_nothing(server, open_bot, monkeypatch):
    monkeypatch.setattr(post.Pacer, "ALL", (30, 0.0))
    monkeypatch.setattr(post.Pacer, "CHAT", (3, 0.0))
    open_bot(ECHO)
    rooms, count = range(1, 51), 10

    def typing(room):
        for i in range(count):
            server.say(room, f"/echo {i}")

    typists = [threading.Thread(target=typing, args=(room,)) for room in rooms]
    for thread in typists:
        thread.start()
    total = len(rooms) * count
    server.until(lambda: sum(len(texts(server, room)) for room in rooms) >= total or None, 60)
    assert all(texts(server, room) == [str(i) for i in range(count)] for room in rooms)


NOON = 1_795_521_600


@pytest.fixture
def daily(open_bot, database, clock):
    """Return a maker of bots with a report for user 1 at a time of the day in UTC."""
    database.save_person(1, name="A", zone="UTC")

    def make(time, *commands, chat=1, line="echo good morning", topic=None):
        hour, minute = map(int, time.split(":"))
        database.save_push(Push(1, line, chat, 60 * hour + minute, "", topic))
        bot = open_bot(ECHO, *commands)
        bot._clock = clock
        return bot

    return make


def pushed(bot, clock, *times):
    """Let the bot look for reports at some times."""
    for now in times:
        clock.now = now
        bot.push()
        settle(bot)


def test_a_daily_report_comes_once_a_day_in_the_users_zone(server, daily, clock):
    bot = daily("12:00")
    pushed(bot, clock, NOON - 1)
    assert texts(server) == []
    pushed(bot, clock, NOON, NOON + 20, NOON + 7200)
    assert texts(server) == ["good morning"]
    pushed(bot, clock, NOON + 86400)
    assert len(texts(server)) == 2


def test_a_report_missed_by_hours_waits_for_the_next_day(server, daily, clock):
    bot = daily("08:59")
    pushed(bot, clock, NOON)
    assert texts(server) == []
    pushed(bot, clock, NOON + 86400 - 3 * 3600)
    assert len(texts(server)) == 1


def test_a_report_missed_by_minutes_comes_late_over_midnight_too(server, daily, clock):
    bot = daily("23:50")
    pushed(bot, clock, NOON + 12 * 3600 + 600)
    assert len(texts(server)) == 1
    pushed(bot, clock, NOON + 36 * 3600 - 601, NOON + 36 * 3600 - 600)
    assert len(texts(server)) == 2


def test_a_report_cut_off_by_the_end_comes_from_the_next_run(server, daily, open_bot, clock):
    bot = daily("12:00")
    bot._stop.set()
    pushed(bot, clock, NOON)
    halt(bot)
    assert texts(server) == []
    again = open_bot(ECHO)
    again._clock = clock
    pushed(again, clock, NOON + 60, NOON + 120)
    assert texts(server) == ["good morning"]


def test_a_report_on_its_way_is_not_sent_again(server, daily, clock):
    gate, calls = threading.Event(), []

    def slow(ctx):
        calls.append(1)
        gate.wait(10)
        return "slow"

    bot = daily("12:00", Command("slow", slow), line="slow")
    clock.now = NOON
    bot.push()
    server.until(lambda: calls or None)
    bot.push()
    gate.set()
    settle(bot)
    bot.push()
    settle(bot)
    assert texts(server) == ["slow"] and calls == [1]


def test_a_report_turned_off_while_on_its_way_stays_off(server, daily, database, clock):
    def leave(ctx):
        ctx.db.remove_push(1, "leave")
        return "gone"

    bot = daily("12:00", Command("leave", leave), line="leave")
    pushed(bot, clock, NOON)
    assert texts(server) == ["gone"] and database.pushes() == []


def test_a_report_that_fails_or_lacks_a_key_says_so_once(server, daily, clock):
    bot = daily("12:00", line="liq")
    pushed(bot, clock, NOON, NOON + 20)
    (text,) = texts(server)
    assert "COINGLASS_KEY" in text


def test_a_group_s_report_goes_to_the_group_and_its_topic(server, daily, clock):
    bot = daily("12:00", chat=-100, topic=9)
    server.say(-100, "hello", user=1)
    pushed(bot, clock, NOON)
    assert texts(server, -100) == ["good morning"] and texts(server) == []
    (sent,) = [r for r in server.requests if r.method == "sendMessage"]
    assert sent.parameters["message_thread_id"] == "9"


def test_who_may_no_longer_use_the_bot_gets_no_report(server, database, open_bot, settings, clock):
    database.save_push(Push(1, "echo x", 1, 12 * 60, ""))
    bot = open_bot(ECHO, settings=settings(ADMIN_IDS="5"))
    bot._clock = clock
    pushed(bot, clock, NOON)
    assert texts(server) == []


def test_a_report_set_in_the_chat_comes_in_its_zone_and_language(server, open_bot, clock):
    daily = replace(ECHO, group="prices", run=lambda ctx: ctx.t("Her gün", "Every day"))
    bot = open_bot(daily)
    bot._clock = clock
    clock.now = NOON
    server.user(1, language="en")
    for line in ("/ayar zone America/New_York", "/ayar report echo 09:00"):
        asked = server.say(1, line)
        last = server.wait(1, after=asked)
    assert last.text == "/echo comes daily: 09:00 (America/New_York)"
    pushed(bot, clock, NOON + 2 * 3600 - 1)
    assert server.messages(1)[-1].text == last.text
    pushed(bot, clock, NOON + 2 * 3600)
    assert server.messages(1)[-1].text == "Every day"


def test_a_topic_is_answered_in_it(server, open_bot):
    bot = open_bot(ECHO)
    server.say(-100, "hello", user=1)
    message = {"message_id": 1, "chat": {"id": -100, "type": "supergroup"}, "text": "/echo here"}
    message |= {"from": {"id": 1}, "message_thread_id": 9, "is_topic_message": True}
    bot._take([{"update_id": 10**9, "message": message}])
    settle(bot)
    (sent,) = [r for r in server.requests if r.method == "sendMessage"]
    assert sent.parameters["message_thread_id"] == "9"


def test_a_user_s_theme_is_theirs_when_they_speak(open_bot, database):
    database.save_person(1, name="A", theme="light")
    bot = open_bot(ECHO)
    assert bot._user({"id": 1}).theme == "light" and bot._user({"id": 2}).theme == "dark"


def raw(text, number=10**9, sender=1, room=-100, **more):
    """Return an update of a group's message as Telegram sends it."""
    message = {"message_id": number % 1000, "date": 1, "chat": {"id": room, "type": "supergroup"}}
    message |= {"from": {"id": sender, "first_name": "Ayşe"}, "text": text, **more}
    return {"update_id": number, "message": message}


def sent(server, method="sendMessage"):
    return [r.parameters for r in server.requests if r.method == method]


def test_a_person_who_floods_hears_it_once_and_the_kill_switch_still_works(
    server, open_bot, monkeypatch, database
):
    monkeypatch.setattr(post.Pacer, "CHAT", (3, 0.0))
    ran = []
    stop = Command("dead", lambda ctx: ran.append(1) or "stopped", always=True)
    bot = open_bot(ECHO, stop)
    server.say(1, "/id")
    first = server.wait(1)
    settle(bot)
    batch = [server_update(f"/echo {i}", 10**9 + i) for i in range(100)]
    bot._take([*batch, server_update("/dead", 10**9 + 100)])
    settle(bot)
    said = [m.text for m in server.messages(1) if m.bot and m.id > first.id]
    assert sum("Çok hızlısınız" in text for text in said) == 1
    assert sum(text.isdecimal() for text in said) == manners.OWNER.most and ran == [1]
    assert database.waiting() == []


def server_update(text, number):
    return {"update_id": number, "message": server_message(text)}


def test_a_batch_that_comes_again_is_counted_once(server, open_bot, monkeypatch):
    monkeypatch.setattr(post.Pacer, "CHAT", (3, 0.0))
    bot, receive, fails = open_bot(ECHO), None, [1] * 5
    receive = bot._db.receive
    server.say(1, "/id")
    server.wait(1)
    settle(bot)

    def locked(rows):
        if fails:
            fails.pop()
            raise DbError("database is locked")
        return receive(rows)

    monkeypatch.setattr(bot._db, "receive", lambda rows: locked(list(rows)))
    batch = [server_update(f"/echo {i}", 10**9 + i) for i in range(40)]
    for _ in range(5):
        with pytest.raises(DbError):
            bot._take(batch)
    bot._take(batch)
    settle(bot)
    assert [text for text in texts(server) if text.isdecimal()] == [str(i) for i in range(40)]


def test_a_group_s_talk_is_neither_counted_nor_written_down(server, open_bot, database, settings):
    bot = open_bot(ECHO, settings=settings(ADMIN_IDS="5"))
    database.members.decide(1, "reader", 5)
    server.say(-100, "hello", user=1)
    bot._take([raw("only talk", 10**9 + i) for i in range(100)])
    assert database.waiting() == []
    bot._take([raw("/echo heard", 10**9 + 100)])
    settle(bot)
    assert texts(server, -100) == ["heard"]


def test_strangers_cannot_make_the_bot_talk(server, open_bot, settings, monkeypatch):
    monkeypatch.setattr(post.Pacer, "CHAT", (30, 0.0))
    monkeypatch.setattr(post.Pacer, "GROUP", (30, 0.0))
    bot = open_bot(ECHO, settings=settings(ADMIN_IDS="5"))
    server.say(-100, "hello", user=1)
    batch = [raw("/echo x", 10**9 + i, sender=1000 + i % 7) for i in range(100)]
    bot._take(batch)
    settle(bot)
    assert len(texts(server, -100)) == manners.ALL_STRANGERS.most
    assert set(texts(server, -100)) == {texts(server, -100)[0]}


def test_who_writes_as_the_group_is_nobody_even_where_the_group_s_id_is_let_in(
    server, open_bot, settings
):
    ran = []
    config = settings(ADMIN_IDS="5 1087968824 -100", ALLOWED_IDS="136817688 777000")
    bot = open_bot(Command("x", ran.append), settings=config)
    server.say(-100, "hello", user=1)
    for i, shared in enumerate((1087968824, 136817688, 777000)):
        who = {"id": shared, "is_bot": True, "first_name": "Group"}
        update = raw("/x@dort5bot_local", 10**9 + i, sender_chat={"id": -100}, **{"from": who})
        bot._take([update])
    settle(bot)
    assert not ran and all("kendi adınızla" in text for text in texts(server, -100))
    assert len(texts(server, -100)) == 3


def test_a_topic_is_kept_through_long_work_files_and_buttons(server, open_bot):
    def work(ctx):
        yield Reply(f"done in {ctx.chat.topic}", ctx.buttons())
        yield Reply("a file", file=("a.txt", b"x"))

    bot = open_bot(Command("grid", work, heavy=True))
    server.say(-100, "hello", user=1)
    topic = {"message_thread_id": 9, "is_topic_message": True}
    bot._take([raw("/grid", **topic)])
    assert bot._heavy.drain(10)
    assert [one["message_thread_id"] for one in sent(server)] == ["9"]
    assert sent(server, "sendDocument")[0]["message_thread_id"] == "9"
    (edit,) = sent(server, "editMessageText")
    assert edit["text"] == "done in 9" and "message_thread_id" not in edit
    shown = next(m for m in server.messages(-100) if m.text == "done in 9")
    message = {**raw("", **topic)["message"], "message_id": shown.id}
    press = {"id": "1", "from": {"id": 1}, "message": message, "data": "/grid"}
    bot._take([{"update_id": 10**9 + 1, "callback_query": press}])
    assert bot._heavy.drain(10)
    assert {one["message_thread_id"] for one in sent(server)} == {"9"} and len(sent(server)) == 2


def test_an_alarm_set_in_a_topic_rings_in_it(server, open_bot, database, clock):
    bot = open_bot()
    server.say(-100, "hello", user=1)
    topic = {"message_thread_id": 9, "is_topic_message": True}
    bot._take([raw("/alarm btc > 1", **topic)])
    settle(bot)
    shown = server.messages(-100)[-1]
    message = {**raw("", **topic)["message"], "message_id": shown.id}
    data = shown.buttons[0][0]["callback_data"]
    press = {"id": "1", "from": {"id": 1}, "message": message, "data": data}
    bot._take([{"update_id": 10**9 + 1, "callback_query": press}])
    settle(bot)
    (alarm,) = database.alarms.of(1)
    assert (alarm.chat_id, alarm.topic) == (-100, 9)
    now = int(clock() * 1000)
    fired = Firing(alarm.id, 1, alarm.chat_id, "BTCUSDT", now, 2.0, "> 1", topic=alarm.topic)
    database.alarms.save([], [fired])
    bot.ring()
    settle(bot)
    assert "BTC > 1" in server.messages(-100)[-1].text
    every = [*sent(server), *sent(server, "sendPhoto")]
    assert {one["message_thread_id"] for one in every} == {"9"}


@pytest.mark.parametrize("said_of", ["the old", "the new"])
def test_a_group_that_becomes_a_supergroup_takes_its_alarms_and_reports_along(
    server, open_bot, database, said_of
):
    bot = open_bot(ECHO)
    database.alarms.add(Alarm(1, -5, "price", "> 1", "BTCUSDT"))
    database.alarms.add(Alarm(1, 1, "price", "> 2", "BTCUSDT"))
    database.alarms.save([], [Firing(1, 1, -5, "BTCUSDT", 1, 2.0, "> 1")])
    database.save_push(Push(1, "echo x", -5, 60, ""))
    room = {"id": -5, "type": "group"} if said_of == "the old" else {"id": -1005, "type": "x"}
    key, other = ("to", -1005) if said_of == "the old" else ("from", -5)
    message = {"message_id": 1, "chat": room, "from": {"id": 1}, f"migrate_{key}_chat_id": other}
    bot._take([{"update_id": 10**9, "message": message}])
    assert [alarm.chat_id for alarm in database.alarms.of(1)] == [-1005, 1]
    assert [firing.chat_id for firing in database.alarms.outbox()] == [-1005]
    assert [push.chat_id for push in database.pushes()] == [-1005]
    assert texts(server, -5) == [] and database.waiting() == []


def test_what_is_sent_to_a_group_that_has_moved_follows_it(server, open_bot, database):
    bot = open_bot(ECHO)
    for room in (-5, -1_000_000_000_005):
        server.say(room, "hello", user=1)
    database.alarms.add(Alarm(1, -5, "price", "> 1", "BTCUSDT"))
    database.alarms.save([], [Firing(1, 1, -5, "BTCUSDT", 1, 2.0, "> 1")])
    server.fault("sendMessage", migrate_to=-1_000_000_000_005)
    bot.ring()
    settle(bot)
    (told,) = texts(server, -1_000_000_000_005)
    assert "BTC > 1" in told and texts(server, -5) == []
    assert database.alarms.of(1)[0].chat_id == -1_000_000_000_005
    assert database.alarms.outbox() == [] and len(database.alarms.active()) == 1
