"""interim.py: a message that an answer is being made outlives no answer and no kill."""

import threading

from bot import Command, Reply
from interim import LEFT, Interim
from post import Thread
from tests.bots import halt, texts

PASSING, ANSWER = Reply("…", passing=True), Reply("42", edit=True)


class Api:
    def __init__(self):
        self.gone = []

    def delete_message(self, chat, message):
        self.gone.append((chat, message))


class Silent:
    """A sender that only knows how to call once."""

    def __init__(self):
        self.api = Api()

    def quietly(self, method, *args):
        method(*args)


def test_only_what_was_left_without_its_answer_is_deleted(database):
    first = Interim(Silent(), database)
    for chat, replies in ((1, [PASSING, ANSWER]), (2, [PASSING]), (3, [ANSWER])):
        thread = Thread(chat, 10 + chat)
        for reply in replies:
            first.note(thread, reply)
    second = Interim(Silent(), database)
    second.sweep()
    assert second._post.api.gone == [(2, 12)] and database.note(LEFT) == ""
    second.sweep()
    assert second._post.api.gone == [(2, 12)]


def test_a_message_that_was_there_before_is_never_noted(database):
    left = Interim(Silent(), database)
    left.note(Thread(1, 5, pictured=True), Reply("…", passing=True, edit=True))
    left.note(Thread(2), PASSING)
    assert database.note(LEFT) in ("", "{}")


def test_a_quick_answer_between_takes_no_note_of_another_away(database):
    first = Interim(Silent(), database)
    slow = Thread(1, 11)
    first.note(slow, PASSING)
    first.note(Thread(1, 12), Reply("quick"))
    second = Interim(Silent(), database)
    second.sweep()
    assert second._post.api.gone == [(1, 11)]
    first.note(slow, ANSWER)
    second.sweep()
    assert second._post.api.gone == [(1, 11)]


def test_after_a_kill_the_old_one_goes_and_the_answer_comes(server, open_bot):
    killed = threading.Event()

    def slow(ctx):
        killed.wait(10)
        return "done"

    command = Command("slow", slow, "Yavaş: /slow", "Slow: /slow", heavy=True)
    first = open_bot(command)
    server.say(1, "/slow")
    assert server.wait(1).text == "hazırlanıyor…"
    server.until(lambda: first.base.db.note(LEFT) or None)
    halt(first)
    killed.set()
    open_bot(command)
    server.until(lambda: "done" in texts(server) or None)
    assert texts(server) == ["done"]
