import math
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from urllib.parse import urlsplit

import pytest
import requests
import telebot
from telebot import apihelper, types
from telebot.apihelper import ApiHTTPException, ApiTelegramException

from local.pace import Pace
from local.query import ApiError
from local.telegram import Server
from tests.local.conftest import png


class Clock:
    def __init__(self, now=1_800_000_000.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def echo(server, monkeypatch):
    """A telebot that polls in a thread and says everything back in bold."""
    monkeypatch.setattr(apihelper, "API_URL", server.url + "/bot{0}/{1}")
    bot = telebot.TeleBot(server.token, threaded=False)

    @bot.message_handler(func=lambda _: True)
    def _(message):
        bot.send_message(message.chat.id, f"<b>{message.text}</b>", parse_mode="HTML")

    with polling(bot, server):
        yield bot


class polling:
    def __init__(self, bot, server):
        self.bot, self.server = bot, server
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.stopped:
            for update in self.bot.get_updates(
                self.bot.last_update_id + 1, long_polling_timeout=20
            ):
                self.bot.process_new_updates([update])

    def __enter__(self):
        self.stopped = False
        self.thread.start()

    def __exit__(self, *_):
        self.stopped = True
        self.server.say(7_777, "son")
        self.thread.join(5)


def in_thread(call, *args, **kwargs):
    pool = ThreadPoolExecutor(1)
    future = pool.submit(call, *args, **kwargs)
    pool.shutdown(wait=False)
    return future


def waiting(server):
    return server.until(lambda: server.chats.updates._poller is not None, 5)


def test_an_unmodified_telebot_answers(echo, server):
    asked = server.say(1, "merhaba")
    answer = server.wait(1, after=asked)
    assert (answer.text, answer.entities[0]["type"]) == ("merhaba", "bold")
    with pytest.raises(TimeoutError, match="merhaba"):
        server.wait(1, lambda m: m.text == "yok", timeout=0.01)


@pytest.mark.parametrize("each", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_fifty_chats_at_once_lose_and_reorder_nothing(echo, server, each):
    chats = range(101, 151)

    def talk(chat):
        for number in range(each):
            server.say(chat, f"{chat}.{number}")

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(talk, chats))
    rooms = [server.chats.room(chat) for chat in chats]
    server.until(lambda: sum(len(room.messages) for room in rooms) == 100 * each, 120)
    for chat in chats:
        answers = [message.text for message in server.messages(chat) if message.bot]
        assert answers == [f"{chat}.{number}" for number in range(each)]


def test_what_people_do_arrives_as_updates(bot, server):
    bot.get_updates(offset=-1, long_polling_timeout=0.001)
    server.user(2, name="Ayşe", language="en")
    asked = server.say(2, "/p@dort5bot_local btc")
    server.edit(2, asked.id, "/p eth")
    sent = bot.send_message(2, "a").message_id
    server.press(2, sent, "/p 7")
    server.block(2)
    server.unblock(2)
    server.say(-5, "grup", user=2)
    updates = bot.get_updates(long_polling_timeout=0.001)[1:]
    message, edited, press = (
        updates[0].message,
        updates[1].edited_message,
        updates[2].callback_query,
    )
    assert (message.text, message.chat.type) == ("/p@dort5bot_local btc", "private")
    assert message.entities[0].type == "bot_command"
    assert (message.from_user.first_name, message.from_user.language_code) == ("Ayşe", "en")
    assert (edited.text, edited.message_id) == ("/p eth", asked.id)
    assert (press.data, press.from_user.id, press.message.message_id) == ("/p 7", 2, sent)
    states = [u.my_chat_member.new_chat_member.status for u in updates[3:5]]
    assert states == ["kicked", "member"]
    assert (updates[5].message.chat.type, updates[5].message.from_user.id) == ("group", 2)
    ids = [update.update_id for update in updates]
    assert ids == list(range(ids[0], ids[0] + 6))


def test_people_cannot_do_the_impossible(server):
    with pytest.raises(ValueError, match="characters"):
        server.say(1, " ")
    with pytest.raises(ValueError, match="characters"):
        server.say(1, "😀" * 2049)
    with pytest.raises(LookupError):
        server.press(1, 5, "x")
    server.block(1)
    with pytest.raises(ValueError, match="blocked"):
        server.say(1, "a")


def test_a_higher_offset_confirms_and_forgets(bot, server):
    server.say(1, "b")
    first, second = bot.get_updates(long_polling_timeout=0.001)
    assert bot.get_updates(limit=1)[0].update_id == first.update_id
    assert [u.update_id for u in bot.get_updates(second.update_id)] == [second.update_id]
    server.say(1, "c")
    server.say(1, "d")
    assert [u.message.text for u in bot.get_updates(offset=-2)] == ["c", "d"]
    assert len(bot.get_updates(offset=10**9 * 2)) == 2
    assert (
        bot.get_updates(offset=bot.get_updates()[-1].update_id + 1, long_polling_timeout=0.01) == []
    )


def test_open_pages_do_not_use_up_the_threads_the_bot_needs(server, bot):
    query = {"chat": 1, "user": 1, "after": 10**9, "epoch": server.chats.epoch}
    pages = [
        in_thread(requests.get, f"{server.url}/page/news", query, timeout=60) for _ in range(48)
    ]
    wait(pages, 10, FIRST_COMPLETED)
    started = time.perf_counter()
    for _ in range(10):
        bot.send_message(1, "a")
    assert time.perf_counter() - started < 20


def test_updates_wait_a_day_at_most():
    clock = Clock()
    with Server(clock=clock) as server:
        server.say(1, "a")
        clock.now += 86_401
        server.say(1, "b")
        with server.chats.changed:
            texts = [u["message"]["text"] for u in server.chats.updates.fetch(0, 100, 0)]
    assert texts == ["b"]


def test_a_restarted_server_repeats_no_update_id():
    clock = Clock()
    ids = []
    for _ in range(2):
        server = Server(clock=clock)
        server.say(1, "a")
        clock.now += 5
        ids += [u["update_id"] for u in server.chats.updates.fetch(0, 100, 0)]
    assert ids[1] > ids[0]


def test_a_new_update_ends_a_long_poll_at_once(bot, server):
    bot.get_updates(offset=-1)
    last = bot.get_updates()[-1].update_id
    future = in_thread(bot.get_updates, last + 1, long_polling_timeout=30)
    waiting(server)
    started = time.perf_counter()
    server.say(1, "şimdi")
    assert future.result(5)[0].message.text == "şimdi"
    assert time.perf_counter() - started < 20


def test_a_second_poller_ends_the_first(bot, server):
    last = bot.get_updates()[-1].update_id
    first = in_thread(bot.get_updates, last + 1, long_polling_timeout=30)
    waiting(server)
    second = in_thread(bot.get_updates, last + 1, long_polling_timeout=30)
    error = first.exception(5)
    assert error.error_code == 409
    assert error.description == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance "
        "is running"
    )
    server.say(1, "a")
    assert second.result(5)[0].message.text == "a"


def test_a_webhook_ends_a_poll(bot, server):
    last = bot.get_updates()[-1].update_id
    poll = in_thread(bot.get_updates, last + 1, long_polling_timeout=30)
    waiting(server)
    bot.set_webhook("https://a.co/x")
    assert poll.exception(5).description == "Conflict: terminated by setWebhook request"


def test_allowed_updates_are_remembered(bot, server):
    bot.get_updates(offset=-1, allowed_updates=["callback_query"], long_polling_timeout=0.001)
    sent = bot.send_message(1, "a").message_id
    server.say(1, "görülmez")
    server.press(1, sent, "x")
    kinds = [u.callback_query is not None for u in bot.get_updates()[1:]]
    assert kinds == [True]


def sent(pace, chats):
    """How many messages pass, and after how long the first refused one may come again."""
    for number, chat in enumerate(chats):
        try:
            pace.take(chat)
        except ApiError as error:
            return number, error.parameters["retry_after"]
    return len(chats), 0


def test_limits_as_telegram_has_them():
    clock = Clock()
    pace = Pace(clock)
    assert sent(pace, [1] * 5) == (3, 3)
    clock.now += 3
    assert sent(pace, [1] * 5) == (3, 3)
    clock.now += 10
    assert sent(pace, range(100, 140)) == (30, 1)
    clock.now += 10
    for _ in range(20):
        clock.now += 1.5
        pace.take(-5)
    assert sent(pace, [-5]) == (0, 32)
    assert sent(pace, [1]) == (1, 0)


def test_a_flood_is_answered_with_retry_after(monkeypatch):
    with Server(clock=Clock(), limits=True) as server:
        monkeypatch.setattr(apihelper, "API_URL", server.url + "/bot{0}/{1}")
        bot = telebot.TeleBot(server.token, threaded=False)
        sent = [bot.send_message(1, str(number)) for number in range(3)]
        with pytest.raises(ApiTelegramException) as caught:
            bot.edit_message_text("a", 1, sent[0].message_id)
        url = f"{server.url}/bot{server.token}/sendMessage"
        answer = requests.post(url, data={"chat_id": 1, "text": "a"}, timeout=5)
    assert caught.value.result_json == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 3",
        "parameters": {"retry_after": 3},
    }
    assert answer.headers["Retry-After"] == "3"


@pytest.mark.parametrize("status", [400, 401, 403, 409, 500, 502])
def test_faults_answer_as_asked(bot, server, status):
    server.fault("sendMessage", status, times=2)
    for _ in range(2):
        with pytest.raises(ApiTelegramException) as caught:
            bot.send_message(1, "a")
        assert caught.value.error_code == status
    bot.get_me()
    bot.send_message(1, "b")
    assert [m.text for m in server.messages(1) if m.bot] == ["b"]


def test_a_fault_can_name_its_words_and_its_wait(bot, server):
    server.fault("*", 429, retry_after=35)
    with pytest.raises(ApiTelegramException) as caught:
        bot.get_me()
    assert caught.value.result_json["parameters"] == {"retry_after": 35}
    server.fault("sendMessage", 400, description="Bad Request: chat not found")
    with pytest.raises(ApiTelegramException, match="chat not found"):
        bot.send_message(1, "a")
    server.fault("sendMessage", 502, kind="html")
    with pytest.raises(ApiHTTPException):
        bot.send_message(1, "a")
    with pytest.raises(ValueError, match="unknown kind"):
        server.fault(kind="explode")


def test_a_lasting_fault_ends_when_told(bot, server):
    fault = server.fault("getMe", 500, times=math.inf)
    for _ in range(3):
        with pytest.raises(ApiTelegramException):
            bot.get_me()
    fault.times = 0
    assert bot.get_me()


def test_a_dropped_call_is_not_executed_and_a_hung_one_is(bot, server):
    server.fault("sendMessage", kind="drop")
    server.fault("sendMessage", kind="hang-after")
    for text in ("a", "b"):
        with pytest.raises(requests.ConnectionError):
            bot.send_message(1, text)
    assert [m.text for m in server.messages(1) if m.bot] == ["b"]
    server.until(lambda: len(server.requests) == 2)
    assert [request.status for request in server.requests] == [0, 0]


def test_calls_are_logged(bot, server):
    bot.send_message(1, "ğ", parse_mode="HTML")
    bot.send_document(1, ("ad.txt", b"x"))
    with pytest.raises(ApiTelegramException):
        bot.send_message(999, "a")
    text, document, lost = server.until(lambda: len(server.requests) == 3 and server.requests)
    assert (text.method, text.parameters["text"], text.status) == ("sendMessage", "ğ", 200)
    assert (document.files, lost.status) == ({"document": "ad.txt"}, 400)


def test_it_listens_on_this_machine_only():
    with pytest.raises(ValueError, match="this machine only"):
        Server(host="0.0.0.0")
    with pytest.raises(ValueError, match=r"not on 'example\.com'"):
        Server(host="example.com")
    for host in ("localhost", "127.0.0.1"):
        with Server(host=host) as server:
            assert urlsplit(server.url).hostname == "127.0.0.1"


@pytest.mark.parametrize("path", ["/page/news?chat=1&user=1", "/bot{token}/getMe", "/chat.js"])
def test_other_sites_are_refused(server, path):
    url = server.url + path.format(token=server.token)
    origins = ("https://evil.example", "null", "http://127.0.0.1:1", server.url + "0")
    foreign = [{"Host": "evil.example"}, *({"Origin": origin} for origin in origins)]
    foreign += [{"Sec-Fetch-Site": site} for site in ("cross-site", "same-site")]
    for headers in foreign:
        assert requests.get(url, headers=headers, timeout=5).status_code == 403
    for headers in ({}, {"Origin": server.url}, {"Sec-Fetch-Site": "same-origin"}):
        assert requests.get(url, headers=headers, timeout=5).status_code == 200


def test_a_stopped_server_drops_what_waits_and_starts_again(bot, server):
    last = bot.get_updates()[-1].update_id
    poll = in_thread(bot.get_updates, last + 1, long_polling_timeout=30)
    waiting(server)
    port = server.port
    server.stop()
    assert isinstance(poll.exception(5), requests.ConnectionError)
    with pytest.raises(requests.ConnectionError):
        bot.get_me()
    server.start()
    assert (server.port, bot.get_me().is_bot) == (port, True)


def test_a_poll_that_comes_while_the_server_closes_does_not_hold_it_up(bot, server):
    last = bot.get_updates()[-1].update_id
    server.chats.closing = True
    started = time.perf_counter()
    with pytest.raises(requests.ConnectionError):
        bot.get_updates(last + 1, long_polling_timeout=30)
    assert time.perf_counter() - started < 20


def test_memory_is_bounded(server, monkeypatch):
    monkeypatch.setattr("local.chats.MESSAGES_KEPT", 5)
    monkeypatch.setattr("local.media.KEPT_BYTES", 10)
    for number in range(8):
        server.say(1, str(number))
    assert [m.text for m in server.messages(1)] == ["3", "4", "5", "6", "7"]
    first = server.chats.files.add("document", "a", b"123456")
    second = server.chats.files.add("document", "b", b"123456")
    assert (server.chats.files.get(first.id), server.chats.files.get(second.id)) == (None, second)


def test_a_huge_upload_is_refused(monkeypatch):
    monkeypatch.setattr("local.telegram.UPLOAD_BYTES", 0)
    with Server() as server:
        url = f"{server.url}/bot{server.token}/sendDocument"
        answer = requests.post(url, files={"document": bytes(2**20)}, timeout=20)
    assert answer.json()["description"] == "Request Entity Too Large"


def test_message_ids_are_shared_but_for_supergroups(bot, server):
    one, two = server.say(1, "a").id, server.say(2, "a").id
    group = server.say(-1_001_234_567_890, "a").id
    assert two == one + 1
    assert group <= one


def test_two_markups_of_telebot_reach_the_person(bot, server):
    markup = types.InlineKeyboardMarkup()
    markup.row(types.InlineKeyboardButton("site", url="https://a.co"))
    bot.send_message(1, "a", reply_markup=markup)
    assert server.messages(1)[-1].buttons == [[{"text": "site", "url": "https://a.co"}]]


def test_every_answer_of_the_page_and_the_api_is_guarded(server):
    server.say(1, "hello")
    photo = server.chats.files.add("photo", "a.png", png(10, 10))
    paths = ("", "chat.js", "chat.css", "nothing", f"page/file/{photo.id}", "page/file/nothing")
    paths += ("page/news?chat=1&user=1", "page/news", "botx/getMe", f"bot{server.token}/getMe")
    answers = [requests.get(server.page + path, timeout=5) for path in paths]
    answers.append(requests.get(server.page, headers={"Host": "evil.example"}, timeout=5))
    assert {answer.status_code for answer in answers} == {200, 400, 401, 403, 404}
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
