"""incoming.py: who said what, where; nobody where nobody can be known."""

import pytest

import incoming


def group(**more):
    message = {"message_id": 3, "from": {"id": 1}, "text": "/p", "date": 50}
    return {"update_id": 1, "message": {**message, "chat": {"id": -5, "type": "group"}, **more}}


@pytest.mark.parametrize("what", incoming.WORDLESS)
def test_what_has_no_words_gets_an_answer_in_private_only(what):
    message = {"message_id": 3, "from": {"id": 1}, what: [{"file_id": "x"}]}
    update = {"update_id": 1, "message": message}
    message["chat"] = {"id": 1, "type": "private"}
    assert incoming.read(update).text == ""
    message["chat"] = {"id": -5, "type": "group"}
    assert incoming.read(update) is None
    message["caption"] = "/p btc"
    assert incoming.read(update).text == "/p btc"


def test_what_nobody_typed_is_ignored():
    assert incoming.read({"update_id": 1}) is None
    assert incoming.read({"update_id": 1, "message": {"chat": {}, "from": {"id": 1}}}) is None
    assert (
        incoming.read({"update_id": 1, "message": {"chat": {"id": 1}, "from": {"id": 1}}}) is None
    )


def test_who_writes_in_the_name_of_a_chat_is_masked_and_bots_are_not_heard():
    anonymous = {"id": 1087968824, "is_bot": True}
    assert incoming.read(group(**{"from": anonymous, "sender_chat": {"id": -5}})).masked
    assert incoming.read(group(**{"from": anonymous})) is None
    assert incoming.read(group(**{"from": {"id": 777000}, "is_automatic_forward": True})) is None
    assert not incoming.read(group()).masked
    assert incoming.read({"update_id": 1, "channel_post": group()["message"]}) is None


def test_a_press_is_the_presser_s_whoever_the_message_is_of():
    message = group(**{"from": {"id": 9, "is_bot": True}, "sender_chat": {"id": -5}})["message"]
    press = {"id": "x", "from": {"id": 4}, "message": message, "data": "/id"}
    heard = incoming.read({"update_id": 1, "callback_query": press})
    assert (heard.sender["id"], heard.masked, heard.at) == (4, False, None)


def test_only_a_topic_s_message_has_a_topic():
    assert incoming.read(group(message_thread_id=9, is_topic_message=True)).chat.topic == 9
    assert incoming.read(group(message_thread_id=9)).chat.topic is None


def test_when_it_was_typed_is_telegram_s_time():
    assert incoming.read(group()).at == 50
    assert incoming.read(group(date="x")) is None


def test_what_was_passed_on_is_forwarded_and_a_press_never_is():
    assert incoming.read(group(forward_origin={"type": "hidden_user"})).forwarded
    assert incoming.read(group(forward_date=5)).forwarded
    assert not incoming.read(group()).forwarded
    press = {"id": "x", "from": {"id": 4}, "message": group(forward_date=5)["message"]}
    assert not incoming.read({"update_id": 1, "callback_query": {**press, "data": "/id"}}).forwarded


@pytest.mark.parametrize(
    ("message", "places"),
    [
        ({"chat": {"id": -5}, "migrate_to_chat_id": -1005}, (-5, -1005)),
        ({"chat": {"id": -1005}, "migrate_from_chat_id": -5}, (-5, -1005)),
        ({"chat": {"id": -5}, "text": "migrate_to_chat_id"}, None),
        ({"chat": {"id": -5}, "migrate_to_chat_id": "x"}, None),
        ({"chat": 5, "migrate_to_chat_id": -1005}, None),
        (5, None),
        (None, None),
    ],
)
def test_a_chat_that_moves_tells_from_where_to_where(message, places):
    assert incoming.moved({"update_id": 1, "message": message}) == places
