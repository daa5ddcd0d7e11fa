import io
import json
import threading

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from telebot import apihelper
from telebot.apihelper import ApiException, ApiTelegramException

import post
from bot import Reply


def failure(code, description, **parameters):
    body = {"ok": False, "error_code": code, "description": description, "parameters": parameters}
    return ApiTelegramException("sendMessage", None, body)


class Sent:
    message_id = 77


class Api:
    """Answer calls by a list of outcomes; remember them."""

    def __init__(self, *outcomes):
        self.outcomes, self.calls = list(outcomes), []

    def __getattr__(self, name):
        def call(*args, **options):
            self.calls.append((name, options))
            outcome = self.outcomes.pop(0) if self.outcomes else Sent()
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return call


class Hurry(post.Post):
    """Wait for nothing and remember how long it would have been."""

    def __init__(self, api):
        super().__init__(api, threading.Event(), post.Pacer(lambda: sum(self.slept)))
        self.slept = []

    def _sleep(self, seconds):
        self.slept.append(seconds)


def test_a_text_goes_out_as_html_with_its_buttons():
    api, thread = Api(), post.Thread(5)
    Hurry(api).reply(thread, Reply("<b>hi</b>", [[("go", "/p btc")]]))
    name, options = api.calls[0]
    assert name == "send_message" and options["chat_id"] == 5 and options["parse_mode"] == "HTML"
    assert options["reply_markup"].keyboard[0][0].callback_data == "/p btc"
    assert thread.message == 77


def test_html_telegram_cannot_parse_goes_out_once_more_as_plain_text():
    api = Api(failure(400, "Bad Request: can't parse entities: x"))
    Hurry(api).reply(post.Thread(5), Reply("<b>a &amp; b</b>"))
    assert [options["text"] for _, options in api.calls] == ["<b>a &amp; b</b>", "a & b"]
    assert "parse_mode" not in api.calls[1][1]


def test_a_flood_answer_is_waited_for_and_the_message_sent_again():
    api = Api(failure(429, "Too Many Requests: retry after 9", retry_after=9))
    sender = Hurry(api)
    sender.reply(post.Thread(5), Reply("x"))
    assert len(api.calls) == 2 and max(sender.slept) >= 9


@pytest.mark.parametrize("outcome", [failure(502, "Bad Gateway"), post.LostRequest("x")])
def test_trouble_on_the_way_is_tried_again(outcome):
    api = Api(outcome, outcome)
    Hurry(api).reply(post.Thread(5), Reply("x"))
    assert len(api.calls) == 3


@pytest.mark.parametrize("body", [{"message": "no route"}, [], "x", {"ok": False}])
def test_what_no_bot_api_would_say_is_trouble_on_the_way(body, monkeypatch):
    class Session:
        def post(self, *_, **__):
            answer = requests.Response()
            answer.status_code, answer._content = 502, json.dumps(body).encode()
            return answer

    monkeypatch.setattr("requests.Session", Session)
    monkeypatch.setattr("telebot.apihelper.CUSTOM_REQUEST_SENDER", post.sender(str))
    with pytest.raises((ApiException, requests.RequestException)):
        apihelper.get_updates("1:a")


@pytest.mark.parametrize("code", [400, 403])
def test_what_cannot_arrive_is_given_up(code):
    api = Api(failure(code, "Forbidden: bot was blocked by the user"))
    with pytest.raises(post.Undeliverable):
        Hurry(api).reply(post.Thread(5), Reply("x"))
    assert len(api.calls) == 1


def test_an_edit_replaces_and_no_change_is_no_error():
    api = Api(failure(400, "Bad Request: message is not modified: x"))
    Hurry(api).reply(post.Thread(5, message=9), Reply("x", edit=True))
    assert [name for name, _ in api.calls] == ["edit_message_text"]


def test_an_edit_of_a_vanished_message_becomes_a_new_one():
    api = Api(failure(400, "Bad Request: message to edit not found"))
    Hurry(api).reply(post.Thread(5, message=9), Reply("x", edit=True))
    assert [name for name, _ in api.calls] == ["edit_message_text", "send_message"]


def test_a_picture_carries_a_short_text_and_is_followed_by_a_long_one():
    api = Api()
    Hurry(api).reply(post.Thread(5), Reply("short", photo=b"png"))
    Hurry(api).reply(post.Thread(5), Reply("long " * 400, photo=b"png"))
    assert [name for name, _ in api.calls] == ["send_photo", "send_photo", "send_message"]


def test_a_picture_is_edited_and_takes_the_place_of_a_text():
    api = Api()
    pictured = post.Thread(5, message=9, pictured=True)
    Hurry(api).reply(pictured, Reply("new", photo=b"png", edit=True))
    Hurry(api).reply(post.Thread(5, message=9), Reply("new", photo=b"png", edit=True))
    names = [name for name, _ in api.calls]
    assert names == ["edit_message_media", "delete_message", "send_photo"]
    assert api.calls[0][1]["message_id"] == 9


def test_a_picture_stays_while_its_successor_is_made():
    api, thread = Api(), post.Thread(5, message=9, pictured=True)
    for reply in (Reply("working", edit=True, passing=True), Reply("x", photo=b"png", edit=True)):
        Hurry(api).reply(thread, reply)
    assert [name for name, _ in api.calls] == ["edit_message_media"]


def test_a_text_of_many_parts_becomes_a_file():
    api = Api()
    Hurry(api).reply(post.Thread(5), Reply("line of text\n" * 3000))
    assert [name for name, _ in api.calls] == ["send_document"]
    assert api.calls[0][1]["document"].startswith(b"line of text\n")


def test_stopping_leaves_what_was_waiting():
    stop = threading.Event()
    sender = post.Post(Api(failure(429, "x", retry_after=60)), stop)
    stop.set()
    with pytest.raises(post.Stopping):
        sender.reply(post.Thread(5), Reply("x"))


def test_the_sender_hides_token_and_text(monkeypatch):
    secret = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456"
    send = post.sender(lambda words: words.replace(secret, "***"))
    with pytest.raises(post.LostRequest) as caught:
        send("post", f"http://127.0.0.1:9/bot{secret}/sendMessage", {"text": "private words"})
    shown = repr(caught.value) + repr(caught.value.__context__) + repr(caught.value.__cause__)
    assert secret not in shown and "private" not in shown


def run(pacer, clock, chats, lag=0.0):
    """Send to the chats one after another, answers late by `lag`; return when each went out."""
    times = []
    for chat in chats:
        for key in (chat, None):
            while (wait := pacer.wait(key)) > 0:
                clock.now += wait
        times.append(clock.now)
        clock.now += lag
        for key in (chat, None):
            pacer.answered(key)
    return times


def busiest(times, span):
    return max(sum(t <= u < t + span for u in times) for t in times)


def test_one_chat_gets_three_in_three_seconds(clock):
    times = run(post.Pacer(clock), clock, [1] * 12)
    assert times[2] == times[0] and busiest(times, 2.99) == 3 and times[-1] - times[0] < 9.1


def test_a_group_gets_no_more_than_twenty_a_minute(clock):
    times = run(post.Pacer(clock), clock, [-1] * 60)
    assert busiest(times, 59.9) == 20 and busiest(times, 2.99) == 3


@pytest.mark.parametrize("lag", [0, 0.02, 0.5])
def test_the_whole_bot_never_sends_over_thirty_within_a_second(clock, lag):
    times = run(post.Pacer(clock), clock, list(range(1, 301)), lag)
    # Whenever it was counted between sending and answer, so that either end is within limits.
    assert busiest(times, 1) <= 30 and busiest([t + lag for t in times], 1) <= 30
    assert lag > 0.02 or times[-1] - times[0] < 11


def test_places_of_messages_on_their_way_are_taken_until_their_answers(clock):
    pacer = post.Pacer(clock)
    assert [pacer.wait(7) for _ in range(4)] == [0, 0, 0, post.IN_FLIGHT]
    clock.now += 100
    assert pacer.wait(7) == post.IN_FLIGHT
    pacer.answered(7)
    assert pacer.wait(7) == pytest.approx(3)


def test_a_chat_that_telegram_holds_back_waits_alone(clock):
    pacer = post.Pacer(clock)
    pacer.hold(7, 9)
    assert pacer.wait(7) == pytest.approx(9) and pacer.wait(8) == 0


def test_places_of_chats_long_silent_are_forgotten_and_others_kept(clock):
    pacer = post.Pacer(clock)
    pacer.hold(-9, 60)
    for chat in range(1, 10_001):
        pacer.wait(chat)
        pacer.answered(chat)
    assert pacer.wait(-8) == 0 and pacer.wait(-9) == pytest.approx(60)
    clock.now += 4
    assert pacer.wait(7) == 0 and len(pacer._places) < 10 and pacer.wait(-9) == pytest.approx(56)


@given(st.integers(1, 10_000), st.integers(1, 40))
def test_no_chat_is_delayed_by_another(first, count):
    pacer = post.Pacer(lambda: 0.0)
    for _ in range(min(count, 10)):
        pacer.wait(first)
    assert pacer.wait(first + 1) == 0


HTML = st.lists(
    st.sampled_from(["<b>bold</b>", "<i>x", "</i>", "plain words ", "\n", "&amp;", "🔼", "ı" * 40]),
    max_size=80,
).map("".join)


@given(HTML, st.integers(10, 120))
def test_split_fits_and_loses_no_words(text, limit):
    parts = list(post.split(text, limit))
    assert all(post.length(part) <= limit for part in parts)
    assert "".join("".join(map(post.plain, parts)).split()) == "".join(post.plain(text).split())


@given(HTML, st.integers(10, 120))
def test_split_closes_in_each_part_what_it_opens(text, limit):
    balanced = text.replace("<i>x", "<i>x</i>").replace("</i></i>", "</i>")
    for part in post.split(balanced, limit):
        assert part.count("<b>") == part.count("</b>")


def test_lengths_are_telegrams():
    assert post.length("<b>a</b>&lt;") == 2 and post.length("🔼") == 2


def test_an_open_file_goes_out_in_pieces_and_again_from_its_start(server, tmp_path):
    body = bytes(range(256)) * 4096
    with open(tmp_path / "x", "wb+") as file:
        file.write(body)
        api = post.connect(server.token, server.url, str)
        server.fault("sendDocument", 500)
        sender = Hurry(api)
        named = ("şubat.d5b", file)
        sender.reply(post.Thread(1), Reply("<b>ğ</b>", file=named, silent=True))
    (message,) = [m for m in server.messages(1) if m.document]
    assert message.document.data == body and message.text == "ğ"
    assert message.document.name == "şubat.d5b"
    asked = server.requests[-1].parameters
    assert asked["disable_notification"] == "True" and asked["parse_mode"] == "HTML"


def test_a_form_is_as_long_as_it_says_and_never_whole():
    file = io.BytesIO(bytes(300_000))
    form = post.streamed({"chat_id": 1, "caption": None}, {"document": ("a", file)})
    pieces = list(form)
    assert sum(map(len, pieces)) == len(form) and max(map(len, pieces)) == post.CHUNK
    assert b"caption" not in pieces[0]
    assert post.streamed({}, {"document": ("a", b"x")}) is None and post.streamed({}, {}) is None


def test_a_files_and_a_pictures_bytes_are_told_with_their_names():
    both = Reply(file=("a", io.BytesIO(b"x")), photo=b"y")
    assert post.files(both) == [("a", b"x"), ("picture.png", b"y")] and post.files(Reply()) == []
