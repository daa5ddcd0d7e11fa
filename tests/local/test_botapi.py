import io
import json

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from telebot import types
from telebot.apihelper import ApiTelegramException

from local.botapi import METHODS
from local.query import ApiError, Query, Upload
from local.telegram import Server
from tests.local.conftest import png

NAMES = (
    "chat_id message_id message_ids text caption parse_mode entities caption_entities reply_markup "
    "reply_parameters reply_to_message_id photo document media file_id action callback_query_id "
    "offset limit allowed_updates url commands scope language_code description"
)
KEYS = ["type", "text", "callback_data", "url", "keyboard", "inline_keyboard", "offset", "length"]
KEYS += ["media", "command", "description", "chat_id", "user_id", "message_id", "user", "caption"]
LONE = '{"inline_keyboard": [[{"text": "\\ud800", "callback_data": "a"}]]}'
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 2**70) | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
VALUES = (
    st.sampled_from(["1", "-5", "photo", "HTML", "attach://f", LONE])
    | st.text()
    | JSON.map(json.dumps)
)


HOSTILE = Server()


@pytest.fixture(scope="module")
def server():
    """One server for all tests here: each looks only at what it has just done."""
    with Server() as running:
        yield running


def keyboard(**button):
    markup = types.InlineKeyboardMarkup()
    markup.row(types.InlineKeyboardButton(**button))
    return markup


def refused(call, *args, **kwargs):
    with pytest.raises(ApiTelegramException) as caught:
        call(*args, **kwargs)
    return caught.value.error_code, caught.value.description


def bad(text):
    return 400, f"Bad Request: {text}"


def raw(server, method, **body):
    return requests.post(f"{server.url}/bot{server.token}/{method}", json=body, timeout=5).json()


def test_get_me(either_bot):
    me = either_bot.get_me()
    assert (me.is_bot, me.first_name, me.username) == (True, "dort5bot", "dort5bot_local")
    assert me.id == either_bot.bot_id


def test_a_message_arrives_with_its_text_entities_and_buttons(either_bot, server):
    markup = keyboard(text="7", callback_data="/fg 7")
    sent = either_bot.send_message(1, "<b>ığ😀</b> & /fg", parse_mode="HTML", reply_markup=markup)
    seen = server.messages(1)[-1]
    assert (seen.id, seen.text, seen.bot) == (sent.message_id, "ığ😀 & /fg", True)
    assert [(e["type"], e["offset"], e["length"]) for e in seen.entities] == [
        ("bold", 0, 4),
        ("bot_command", 7, 3),
    ]
    assert seen.buttons == [[{"text": "7", "callback_data": "/fg 7"}]]
    assert sent.html_text == "<b>ığ😀</b> &amp; /fg"
    assert (sent.chat.type, sent.chat.id, sent.from_user.is_bot) == ("private", 1, True)


def test_markdown_and_given_entities(either_bot, server):
    either_bot.send_message(1, "*a*\\.", parse_mode="MarkdownV2")
    either_bot.send_message(1, "ab", entities=[types.MessageEntity("italic", 0, 1)])
    first, second = server.messages(1)[-2:]
    assert (first.text, first.entities[0]["type"]) == ("a.", "bold")
    assert second.entities == [{"type": "italic", "offset": 0, "length": 1}]


@pytest.mark.parametrize(
    ("text", "mode", "error"),
    [
        ("", None, "message text is empty"),
        (" \n", None, "text must be non-empty"),
        ("<b></b>", "HTML", "text must be non-empty"),
        ("x" * 4097, None, "message is too long"),
        ("😀" * 2049, None, "message is too long"),
        ("x" * 32769, None, "text is too long"),
        ("<x>", "HTML", 'can\'t parse entities: Unsupported start tag "x" at byte offset 0'),
        (
            "a.",
            "MarkdownV2",
            "can't parse entities: Character '.' is reserved and must be escaped "
            "with the preceding '\\'",
        ),
        ("a", "rtf", "unsupported parse_mode"),
    ],
)
def test_texts_the_server_refuses(bot, text, mode, error):
    assert refused(bot.send_message, 1, text, parse_mode=mode) == bad(error)


def test_the_longest_text_counts_after_parsing(bot, server):
    bot.send_message(1, f"<b>{'😀' * 2048}</b>", parse_mode="HTML")
    assert len(server.messages(1)[-1].text) == 2048


def test_unknown_chats_and_people_who_blocked_the_bot(bot, server):
    assert refused(bot.send_message, 999, "a") == bad("chat not found")
    assert refused(bot.send_message, "@kanal", "a") == bad("chat not found")
    server.block(1)
    forbidden = 403, "Forbidden: bot was blocked by the user"
    assert refused(bot.send_message, 1, "a") == forbidden
    assert refused(bot.send_chat_action, 1, "typing") == forbidden
    server.unblock(1)
    bot.send_message(1, "a")


def test_wrong_token_and_unknown_method(server):
    answer = requests.get(f"{server.url}/bot5:wrong/getMe", timeout=5)
    assert (answer.status_code, answer.json()) == (
        401,
        {"ok": False, "error_code": 401, "description": "Unauthorized"},
    )
    assert raw(server, "sendPigeon")["error_code"] == 404
    assert raw(server, "sendPigeon")["description"].startswith("Not Found")
    assert raw(server, "GETME")["ok"]


def test_json_bodies(server):
    server.say(1, "a")
    rows = [[{"text": "b", "callback_data": "c"}]]
    answer = raw(server, "sendMessage", chat_id=1, text="d", reply_markup={"inline_keyboard": rows})
    assert answer["result"]["reply_markup"]["inline_keyboard"] == rows


@pytest.mark.parametrize(
    ("markup", "error"),
    [
        ("{", "can't parse reply keyboard markup JSON object"),
        ("[]", "object expected as reply markup"),
        (
            {"inline_keyboard": [{}]},
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays',
        ),
        ({"inline_keyboard": [[{"text": "a", "callback_data": "ş" * 33}]]}, "BUTTON_DATA_INVALID"),
        (
            {"inline_keyboard": [[{"text": "a", "callback_data": ""}]]},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            {"inline_keyboard": [[{"callback_data": "b"}]]},
            "can't parse inline keyboard button: Can't find field \"text\"",
        ),
        (
            {"inline_keyboard": [[{"text": " ", "callback_data": "b"}]]},
            "inline keyboard button text must be non-empty",
        ),
        (
            {"inline_keyboard": [[{"text": "a", "url": "x"}]]},
            "inline keyboard button URL 'x' is invalid: Wrong HTTP URL",
        ),
        (
            {"inline_keyboard": [[{"text": "a", "callback_data": "b"}]] * 101},
            "reply markup is too long",
        ),
        (
            {"keyboard": [[1]]},
            "can't parse keyboard button: KeyboardButton must be a String or an Object",
        ),
    ],
)
def test_keyboards_the_server_refuses(bot, server, markup, error):
    answer = raw(server, "sendMessage", chat_id=1, text="b", reply_markup=markup)
    assert answer["description"] == f"Bad Request: {error}"


def test_64_bytes_of_callback_data_are_allowed(bot, server):
    bot.send_message(1, "a", reply_markup=keyboard(text="b", callback_data="ş" * 32))
    assert server.messages(1)[-1].buttons[0][0]["callback_data"] == "ş" * 32


def test_reply_keyboards_stay_until_removed(bot, server):
    markup = types.ReplyKeyboardMarkup(one_time_keyboard=True)
    markup.row("/p", "/t")
    bot.send_message(1, "a", reply_markup=markup)
    assert server.chats.room(1).keyboard["keyboard"] == [[{"text": "/p"}, {"text": "/t"}]]
    server.say(1, "/p")
    assert server.chats.room(1).keyboard is None
    bot.send_message(1, "a", reply_markup=types.ForceReply())
    bot.send_message(1, "b", reply_markup=types.ReplyKeyboardRemove())
    assert server.chats.room(1).keyboard is None


def test_editing(either_bot, server):
    sent = either_bot.send_message(1, "a", reply_markup=keyboard(text="b", callback_data="c"))
    edited = either_bot.edit_message_text("<i>d</i>", 1, sent.message_id, parse_mode="HTML")
    seen = server.messages(1)[-1]
    assert (seen.text, seen.buttons, seen.edited) == ("d", [], True)
    assert edited.edit_date
    either_bot.edit_message_reply_markup(
        1, sent.message_id, reply_markup=keyboard(text="e", callback_data="f")
    )
    assert server.messages(1)[-1].buttons == [[{"text": "e", "callback_data": "f"}]]


def test_edits_the_server_refuses(bot, server):
    markup = keyboard(text="b", callback_data="c")
    sent = bot.send_message(1, "a", reply_markup=markup).message_id
    same = "message is not modified: specified new message content and reply markup are exactly "
    same += "the same as a current content and reply markup of the message"
    edit = bot.edit_message_text
    assert refused(edit, " a ", 1, sent, reply_markup=markup) == bad(same)
    assert refused(bot.edit_message_reply_markup, 1, sent, reply_markup=markup) == bad(same)
    assert refused(edit, "b", 1, sent + 99) == bad("message to edit not found")
    theirs = server.say(1, "benim").id
    assert refused(edit, "b", 1, theirs) == bad("message can't be edited")
    assert refused(bot.edit_message_caption, "b", 1, sent) == bad(
        "there is no caption in the message to edit"
    )
    keys = types.ReplyKeyboardMarkup()
    keys.row("/p")
    with_keys = bot.send_message(1, "a", reply_markup=keys).message_id
    assert refused(edit, "b", 1, with_keys) == bad("message can't be edited")


def test_deleting(bot, server):
    asked = server.say(1, "/key gizli")
    sent = bot.send_message(1, "a").message_id
    assert bot.delete_message(1, asked.id)
    assert bot.delete_messages(1, [sent, sent + 50])
    assert [m.id for m in server.messages(1, deleted=True) if m.deleted] == [asked.id, sent]
    assert not {asked.id, sent} & {m.id for m in server.messages(1)}
    assert refused(bot.delete_message, 1, sent) == bad("message to delete not found")
    theirs = server.say(-5, "grup")
    assert refused(bot.delete_message, -5, theirs.id) == bad("message can't be deleted")


def test_photos(either_bot, server):
    sent = either_bot.send_photo(1, png(40, 20), caption="<b>c</b>", parse_mode="HTML")
    photo = sent.photo[-1]
    assert (photo.width, photo.height, photo.file_size) == (40, 20, len(png(40, 20)))
    seen = server.messages(1)[-1]
    assert (seen.text, seen.entities[0]["type"], seen.photo.width) == ("c", "bold", 40)
    assert either_bot.download_file(either_bot.get_file(photo.file_id).file_path) == png(40, 20)
    again = either_bot.send_photo(1, photo.file_id)
    assert again.photo[0].file_id == photo.file_id
    either_bot.edit_message_caption("d", 1, again.message_id)
    assert server.messages(1)[-1].text == "d"
    assert refused(either_bot.edit_message_text, "e", 1, again.message_id) == bad(
        "there is no text in the message to edit"
    )


def test_a_jpeg_has_a_size_too(bot):
    frame = b"\xff\xc0\x00\x11\x08" + (20).to_bytes(2, "big") + (40).to_bytes(2, "big") + bytes(10)
    data = b"\xff\xd8" + b"\xff\xe0\x00\x04ab" + b"\xff" + frame + b"\xff\xd9"
    assert bot.send_photo(1, data).photo[0].width == 40


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"GIF89a" + bytes(20), "IMAGE_PROCESS_FAILED"),
        (b"\xff\xd8\xff", "IMAGE_PROCESS_FAILED"),
        (png(1, 30), "PHOTO_INVALID_DIMENSIONS"),
        (png(9_000, 1_001), "PHOTO_INVALID_DIMENSIONS"),
    ],
)
def test_photos_the_server_refuses(bot, data, error):
    assert refused(bot.send_photo, 1, data) == bad(error)


def test_a_photo_of_too_many_bytes(bot, monkeypatch):
    monkeypatch.setattr("local.botapi.PHOTO_BYTES", 50)
    size = len(png(9, 9))
    assert refused(bot.send_photo, 1, png(9, 9)) == bad(
        f"file of size {size} bytes is too big for a photo; the maximum size is 50 bytes"
    )


def test_documents_keep_their_turkish_name(either_bot, server):
    data = io.BytesIO(b"\x00a;b\r\n--x\r\n")
    sent = either_bot.send_document(1, data, visible_file_name="şubat dağılımı.csv", caption="c")
    assert (sent.document.file_name, sent.document.mime_type) == ("şubat dağılımı.csv", "text/csv")
    seen = server.messages(1)[-1].document
    assert (seen.name, seen.data) == ("şubat dağılımı.csv", data.getvalue())
    assert (
        either_bot.download_file(either_bot.get_file(sent.document.file_id).file_path)
        == data.getvalue()
    )


def test_files_the_server_refuses(bot):
    assert refused(bot.send_document, 1, "yok") == bad("wrong file identifier/HTTP URL specified")
    assert refused(bot.get_file, "yok") == bad("invalid file_id")
    assert refused(bot.send_document, 1, io.BytesIO(b"")) == bad("file must be non-empty")
    assert refused(bot.send_photo, 1, "http://a.co/b.png") == bad("failed to get HTTP URL content")
    document = bot.send_document(1, io.BytesIO(b"a"), visible_file_name="a.txt").document.file_id
    assert refused(bot.send_photo, 1, document) == bad("can't use file of type Document as Photo")
    caption = refused(bot.send_photo, 1, png(9, 9), caption="x" * 1025)
    assert caption == bad("message caption is too long")


def test_a_photo_can_be_exchanged(url_bot, server):
    bot = url_bot
    sent = bot.send_photo(1, png(40, 20), caption="c").message_id
    media = types.InputMediaPhoto(io.BytesIO(png(30, 30)), caption="<b>d</b>", parse_mode="HTML")
    bot.edit_message_media(media, 1, sent)
    seen = server.messages(1)[-1]
    assert (seen.text, seen.photo.width, seen.edited) == ("d", 30, True)


def test_replies(bot, server):
    asked = server.say(1, "soru")
    message = server.chats.json(asked)
    answer = bot.reply_to(types.Message.de_json(message), "cevap")
    assert answer.reply_to_message.text == "soru"
    assert server.messages(1)[-1].reply_to == asked.id
    gone = types.ReplyParameters(asked.id + 99)
    error = refused(bot.send_message, 1, "a", reply_parameters=gone)
    assert error == bad("message to be replied not found")
    gone.allow_sending_without_reply = True
    assert bot.send_message(1, "a", reply_parameters=gone).reply_to_message is None


def test_callback_answers(bot, server):
    sent = bot.send_message(1, "a", reply_markup=keyboard(text="b", callback_data="c"))
    press = server.press(1, sent.message_id, "c")
    assert bot.answer_callback_query(press.id, "tamam", show_alert=True)
    assert (press.answered, press.text, press.alert) == (True, "tamam", True)
    assert refused(bot.answer_callback_query, "1") == bad(
        "query is too old and response timeout expired or query ID is invalid"
    )
    assert refused(bot.answer_callback_query, press.id, "x" * 201) == bad("MESSAGE_TOO_LONG")


def test_chat_actions(bot, server):
    assert bot.send_chat_action(1, "upload_photo")
    assert server.chats.room(1).action == "upload_photo"
    assert refused(bot.send_chat_action, 1, "dans") == bad("wrong parameter action in request")
    bot.send_message(1, "a")
    assert server.chats.room(1).action == ""


def test_command_menus_by_scope_and_language(bot, server):
    def menu(description):
        return [types.BotCommand("p", description)]

    bot.set_my_commands(menu("price"))
    bot.set_my_commands(menu("fiyat"), language_code="tr")
    bot.set_my_commands(menu("özel"), scope=types.BotCommandScopeChat(2), language_code="tr")
    assert [c.description for c in bot.get_my_commands(language_code="tr")] == ["fiyat"]
    server.user(3, language="en")
    shown = [server.chats.menu(user, user)[0]["description"] for user in (1, 2, 3)]
    assert shown == ["fiyat", "özel", "price"]
    bot.delete_my_commands(language_code="tr")
    assert server.chats.menu(1, 1)[0]["description"] == "price"
    assert bot.get_my_commands(language_code="tr") == []


@pytest.mark.parametrize(
    ("commands", "error"),
    [
        ([("Fiyat", "a")], "BOT_COMMAND_INVALID"),
        ([("ş", "a")], "BOT_COMMAND_INVALID"),
        ([("", "a")], "command must be non-empty"),
        ([("a" * 33, "a")], "command length must not exceed 32"),
        ([("a", " ")], "command description must be non-empty"),
        ([("a", "a" * 257)], "command description length must not exceed 256"),
        ([(f"c{i}", "a") for i in range(101)], "BOT_COMMANDS_TOO_MUCH"),
    ],
)
def test_commands_the_server_refuses(bot, commands, error):
    menu = [types.BotCommand(name, description) for name, description in commands]
    assert refused(bot.set_my_commands, menu) == bad(error)


def test_wrong_scopes(url_bot, server):
    answer = raw(server, "getMyCommands", scope=json.dumps({"type": "ay"}))
    assert answer["description"].endswith("Unsupported type specified")
    refusal = refused(url_bot.get_my_commands, language_code="turkish")
    assert refusal == bad("invalid language code specified")


def test_descriptions(bot):
    assert bot.set_my_description("uzun", "tr")
    assert bot.set_my_short_description("kısa")
    assert bot.get_my_description("tr").description == "uzun"
    assert bot.get_my_short_description().short_description == "kısa"


def test_get_chat(bot, server):
    server.say(-1_001_234_567_890, "a")
    assert bot.get_chat(1).first_name == "Sen"
    assert bot.get_chat(-1_001_234_567_890).type == "supergroup"
    assert refused(bot.get_chat, 999) == bad("chat not found")


def test_pins_and_the_newest_of_them(bot, server):
    assert bot.get_chat(1).pinned_message is None
    first, second = (bot.send_message(1, word).message_id for word in "ab")
    assert bot.pin_chat_message(1, second) and bot.pin_chat_message(1, first, True)
    assert bot.get_chat(1).pinned_message.message_id == second
    mine = server.say(1, "c")
    server.pin(1, mine.id)
    assert bot.get_chat(1).pinned_message.text == "c" and server.pinned(1) == [
        first,
        second,
        mine.id,
    ]
    assert bot.unpin_chat_message(1) and bot.get_chat(1).pinned_message.message_id == second
    bot.delete_message(1, second)
    assert bot.get_chat(1).pinned_message.message_id == first
    assert bot.unpin_chat_message(1, first) and bot.get_chat(1).pinned_message is None
    assert refused(bot.unpin_chat_message, 1) == bad("message to unpin not found")
    assert refused(bot.unpin_chat_message, 1, 10**6) == bad("message to unpin not found")
    assert refused(bot.pin_chat_message, 1, second) == bad("message to pin not found")
    bot.pin_chat_message(1, first)
    assert bot.unpin_all_chat_messages(1) and server.pinned(1) == []


def test_the_webhook_excludes_polling(bot):
    assert refused(bot.set_webhook, "http://a.co") == bad(
        "bad webhook: An HTTPS URL must be provided for webhook"
    )
    bot.set_webhook("https://a.co/x")
    assert bot.get_webhook_info().url == "https://a.co/x"
    code, text = refused(bot.get_updates)
    assert (code, text[:47]) == (409, "Conflict: can't use getUpdates method while web")
    assert bot.get_webhook_info().pending_update_count > 0
    bot.delete_webhook(drop_pending_updates=True)
    assert bot.get_updates(long_polling_timeout=0.001) == []


@given(
    st.sampled_from(sorted(METHODS)),
    st.dictionaries(st.sampled_from(NAMES.split()), VALUES, max_size=6),
    st.binary(max_size=30),
)
def test_any_call_is_answered_or_refused(method, values, data):
    HOSTILE.say(1, "/start")
    query = Query({"chat_id": "1", "text": "a", **values}, {"f": Upload("f", data)})
    try:
        with HOSTILE.chats.changed:
            answer = METHODS[method](HOSTILE._api, query)
            json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
    except ApiError as error:
        assert error.code in (400, 403, 409, 413)
        assert error.description
