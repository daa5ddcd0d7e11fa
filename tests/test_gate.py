"""gate.py: a stranger is told once and politely, the owners are asked once, the answer arrives."""

import pytest

import gate
from alarm_rows import Firing
from bot import answer, replace
from roles import ASKED, LIVE, READER, REFUSED, SHARED, TRADER
from tests.bots import settle, texts


@pytest.fixture
def strange(ctx, settings):
    """Return a maker of strangers' contexts: strange(9, "Ayşe")."""
    config = settings(ADMIN_IDS="1 2")

    def make(user_id=9, name="Ayşe", kind="private", lang="tr"):
        base = ctx(kind=kind, lang=lang, role="")
        return replace(base, user=replace(base.user, id=user_id, name=name), config=config)

    return make


def asked(database):
    return [(one.user_id, one.chat_id, one.text) for one in database.alarms.outbox()]


def test_a_stranger_is_answered_and_the_owners_are_asked_once_each(strange, database):
    first = gate.met(strange(), False)
    again = gate.met(strange(lang="en"), False)
    assert "haber verdim" in first.text and "<code>9</code>" in first.text and first.failed == 1
    assert "told its owner" in again.text
    assert asked(database) == [(1, 1, "knock 9"), (2, 2, "knock 9")]


def test_a_refusal_is_remembered_and_nobody_is_asked_again(strange, database):
    gate.met(strange(), False)
    database.members.decide(9, REFUSED, 1)
    assert "izin vermedi" in gate.met(strange(), False).text
    assert len(asked(database)) == 2


def test_strangers_cannot_flood_the_owners(strange, database, clock):
    told = [gate.met(strange(100 + i), False).text for i in range(gate.KNOCKS + 20)]
    assert sum("haber verdim" in text for text in told) == gate.KNOCKS
    assert all("sahibine iletin" in text for text in told[gate.KNOCKS :])
    assert len(asked(database)) == 2 * gate.KNOCKS
    assert len(database.members.every()) == gate.KNOCKS


def test_a_group_and_what_writes_in_its_name_ask_for_nothing(strange, database):
    assert "özelden" in gate.met(strange(kind="supergroup"), False).text
    assert "kendi adınızla" in gate.met(strange(kind="supergroup"), True).text
    for shared in SHARED:
        assert "kendi adınızla" in gate.met(strange(shared), False).text
    assert asked(database) == [] and database.members.every() == []


def test_without_an_owner_nobody_can_be_asked(ctx, settings, database):
    config = settings(TELEGRAM_TOKEN="123456789:AAabcdefghijklmnopqrstuvwxyz0123456")
    reply = gate.met(replace(ctx(role=""), config=config), False)
    assert "<code>7</code>" in reply.text and database.members.every() == []


def test_the_question_has_a_button_for_each_answer_and_a_harmless_name(ctx, strange, database):
    gate.met(strange(name="<b>\u202eeva\n\x00 & co" + "x" * 100), False)
    reply = gate.told(ctx(), database.alarms.outbox()[:1])
    assert "&lt;b&gt; eva &amp; co" in reply.text and "\u202e" not in reply.text
    assert len(reply.text) < 250
    (row,) = reply.buttons
    assert [line for _, line in row] == ["/izin 9 reader", "/izin 9 trader", "/izin 9 sil"]
    database.members.decide(9, READER, 1)
    later = gate.told(ctx(), database.alarms.outbox()[:1])
    assert later.buttons == [] and later.text.endswith("okur")


def test_a_question_about_somebody_forgotten_still_has_words(ctx):
    reply = gate.told(ctx(), [Firing(0, 1, 1, "", 1, None, "knock 5", gate.GATE)])
    assert "<code>5</code>" in reply.text and not reply.buttons


@pytest.mark.parametrize("role", [READER, TRADER, LIVE])
def test_who_is_let_in_is_told_in_their_language_the_latest_only(ctx, strange, database, role):
    gate.met(strange(lang="en"), False)
    gate.decide(ctx(), 9, READER)
    gate.decide(ctx(), 9, role)
    told = [one for one in database.alarms.outbox() if one.user_id == 9]
    assert [one.severity for one in told] == [gate.GATE] * 2
    text = gate.told(ctx(lang="en"), told).text
    assert text.count("let you in") == 1 and gate.NAMES[role][1] in text
    assert (database.person(9).lang, database.members.find(9).decider) == ("en", 7)


def test_who_is_refused_is_told_nothing(ctx, strange, database):
    gate.met(strange(), False)
    gate.decide(ctx(), 9, REFUSED)
    assert [one.user_id for one in database.alarms.outbox()] == [1, 2]
    assert database.person(9) is None


def test_everybody_is_listed_once(ctx, settings, database):
    database.save_person(1, name="Owner")
    for user_id, role in ((5, READER), (3, REFUSED)):
        database.members.decide(user_id, role, 1)
    database.members.ask(gate.Member(9, "", "Nine"), [], 5)
    base = replace(ctx(), config=settings(ADMIN_IDS="1", ALLOWED_IDS="1 2 3"))
    assert sorted(gate.everybody(base)) == [
        *((1, "Owner", "admin"), (2, "", TRADER), (3, "", REFUSED)),
        *((5, "", READER), (9, "Nine", ASKED)),
    ]


def test_a_stranger_asks_an_owner_presses_and_both_are_told(server, open_bot, settings):
    server.say(1, "/start")
    bot = open_bot(settings=settings(ADMIN_IDS="1"))
    server.wait(1)
    for words in ("hello", "/p btc"):
        server.say(9, words)
    server.wait(9, lambda m: "haber verdim" in m.text)
    settle(bot)
    bot.ring()
    settle(bot)
    question = server.messages(1)[-1]
    assert "İzin istiyor: Kişi 9 (9)" in question.text
    assert sum("İzin istiyor" in text for text in texts(server, 1)) == 1
    press = next(b["callback_data"] for b in question.buttons[0] if "reader" in b["callback_data"])
    server.press(1, question.id, press, user=1)
    server.wait(1, lambda m: "okur" in m.text and m.id > question.id)
    settle(bot)
    bot.ring()
    settle(bot)
    assert "izin verdi" in texts(server, 9)[-1]
    server.say(9, "/id")
    server.wait(9, lambda m: "Kimliğiniz: 9\n" in m.text)
    server.say(9, "/al btc 100usdt")
    server.wait(9, lambda m: "izniniz yok" in m.text)
    server.say(9, "/izin 9 trader")
    server.wait(9, lambda m: "yöneticiler" in m.text)


def test_a_stranger_s_press_of_the_owner_s_button_lets_nobody_in(server, open_bot, settings):
    server.say(1, "/start")
    bot = open_bot(settings=settings(ADMIN_IDS="1"))
    first = server.wait(1)
    server.press(1, first.id, "/izin 9 trader", user=9)
    settle(bot)
    list(answer("/id", bot.base))
    server.until(lambda: any("özel" in text for text in texts(server, 1)) or None)
    assert bot._user({"id": 9}).role == ""
