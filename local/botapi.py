"""The Bot API's methods over the local chats, with the real server's checks and error texts."""

from collections.abc import Callable
from dataclasses import replace

from local import checks
from local.chats import Chats, Message, Room, file_json
from local.entities import finish, inside
from local.markup import ParseError, parse, utf16
from local.media import PHOTO_BYTES, PHOTO_RATIO, PHOTO_SIDES, File
from local.pace import Pace
from local.people import TEXT_UNITS
from local.query import MAX_TEXT_BYTES, ApiError, Query, bad, integer
from local.updates import KINDS, WEBHOOK_CAME, Conflict

CAPTION_UNITS = 1024
POLL_SECONDS = 50
UPLOAD_BYTES = 50 * 2**20
DOWNLOAD_BYTES = 20 * 2**20
DELETE_SECONDS = 2 * 86_400
ANSWER_UNITS = 200
ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
}
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the "
    "same as a current content and reply markup of the message"
)
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete "
    "the webhook first"
)


class BotApi:
    """Every public method is one Bot API method in snake_case and returns its result."""

    def __init__(self, chats: Chats, pace: Pace | None):
        self._chats = chats
        self._pace = pace
        self._webhook = ""

    def get_me(self, _query: Query) -> dict:
        return self._chats.bot | {
            "can_join_groups": True,
            "can_read_all_group_messages": True,
            "supports_inline_queries": False,
        }

    def get_updates(self, query: Query) -> list[dict]:
        if self._webhook:
            raise ApiError(409, WEBHOOK_ACTIVE)
        self._allow(query)
        offset = query.number("offset")
        limit = query.number("limit", 100, 1, 100)
        timeout = query.number("timeout", 0, 0, POLL_SECONDS)
        try:
            return self._chats.updates.fetch(offset, limit, timeout)
        except Conflict as conflict:
            raise ApiError(409, str(conflict)) from None

    def set_webhook(self, query: Query) -> bool:
        url = query.text("url")
        if url and not url.startswith("https://"):
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if url:
            self._chats.updates.end_poll(WEBHOOK_CAME)
        self._allow(query)
        self._webhook = url
        if query.flag("drop_pending_updates"):
            self._chats.updates.clear()
        return True

    def delete_webhook(self, query: Query) -> bool:
        return self.set_webhook(Query({**query.values, "url": ""}))

    def get_webhook_info(self, _query: Query) -> dict:
        return {
            "url": self._webhook,
            "has_custom_certificate": False,
            "pending_update_count": len(self._chats.updates),
        }

    def send_message(self, query: Query) -> dict:
        text, entities = self._text(query)
        return self._send(query, text=text, entities=entities)

    def send_photo(self, query: Query) -> dict:
        photo = self._file(query, "photo", query.text("photo"))
        text, entities = self._caption(query)
        return self._send(query, text=text, entities=entities, photo=photo)

    def send_document(self, query: Query) -> dict:
        document = self._file(query, "document", query.text("document"))
        text, entities = self._caption(query)
        return self._send(query, text=text, entities=entities, document=document)

    def send_chat_action(self, query: Query) -> bool:
        action = query.text("action").lower()
        if action not in ACTIONS:
            raise bad("wrong parameter action in request")
        room = self._writable(query)
        room.action, room.action_revision = action, self._chats.touch(room)
        return True

    def edit_message_text(self, query: Query) -> dict:
        text, entities = self._text(query)
        markup = checks.inline_keyboard(query)
        message = self._own(query)
        if message.photo or message.document:
            raise bad("there is no text in the message to edit")
        return self._edit(message, text=text, entities=entities, markup=markup)

    def edit_message_caption(self, query: Query) -> dict:
        text, entities = self._caption(query)
        markup = checks.inline_keyboard(query)
        message = self._own(query)
        if not (message.photo or message.document):
            raise bad("there is no caption in the message to edit")
        return self._edit(message, text=text, entities=entities, markup=markup)

    def edit_message_reply_markup(self, query: Query) -> dict:
        markup = checks.inline_keyboard(query)
        return self._edit(self._own(query), markup=markup)

    def edit_message_media(self, query: Query) -> dict:
        markup = checks.inline_keyboard(query)
        media = query.json("media", "input media")
        if not isinstance(media, dict):
            raise bad("can't parse InputMedia: expected an Object")
        kind = media.get("type")
        if kind not in ("photo", "document"):
            raise bad(f'can\'t parse InputMedia: type "{kind}" is unsupported')
        file = self._file(query, kind, str(media.get("media", "")))
        text, entities = self._caption(Query(media))
        message = self._own(query)
        content = {"photo": None, "document": None, kind: file}
        return self._edit(message, text=text, entities=entities, markup=markup, **content)

    def delete_message(self, query: Query) -> bool:
        if not query.text("chat_id"):
            raise bad("chat identifier is not specified")
        if not query.number("message_id"):
            raise bad("message identifier is not specified")
        message = self._message(query, "message to delete not found")
        self._delete(message)
        return True

    def delete_messages(self, query: Query) -> bool:
        ids = query.json("message_ids", "message_ids")
        if not isinstance(ids, list) or not ids:
            raise bad("message identifiers are not specified")
        if len(ids) > 100:
            raise bad("too many message identifiers specified")
        room = self._room(query)
        for number in ids:
            message = self._chats.find(room.id, integer(str(number)) or 0)
            if message:
                self._delete(message)
        return True

    def answer_callback_query(self, query: Query) -> bool:
        press = self._chats.presses.get(query.text("callback_query_id"))
        if press is None:
            raise bad("query is too old and response timeout expired or query ID is invalid")
        text = query.text("text")
        if utf16(text) > ANSWER_UNITS:
            raise bad("MESSAGE_TOO_LONG")
        press.answered, press.text, press.alert = True, text, query.flag("show_alert")
        press.url = query.text("url")
        press.revision = self._chats.touch(self._chats.room(press.chat))
        return True

    def get_file(self, query: Query) -> dict:
        if not query.text("file_id"):
            raise bad("file_id not specified")
        file = self._chats.files.get(query.text("file_id"))
        if file is None:
            raise bad("invalid file_id")
        if len(file.data) > DOWNLOAD_BYTES:
            raise bad("file is too big")
        return {**file_json(file), "file_path": file.path}

    def get_chat(self, query: Query) -> dict:
        room = self._room(query)
        details: dict = {"accent_color_id": 0, "max_reaction_count": 11}
        pinned = self._chats.pinned(room)
        if pinned:
            details["pinned_message"] = self._chats.json(pinned)
        return self._chats.chat_json(room.id) | details

    def pin_chat_message(self, query: Query) -> bool:
        message = self._message(query, "message to pin not found")
        self._writable(query).pinned.add(message.id)
        return True

    def unpin_chat_message(self, query: Query) -> bool:
        room, missing = self._writable(query), "message to unpin not found"
        if query.number("message_id"):
            message = self._message(query, missing)
        elif (newest := self._chats.pinned(room)) is None:
            raise bad(missing)
        else:
            message = newest
        room.pinned.discard(message.id)
        return True

    def unpin_all_chat_messages(self, query: Query) -> bool:
        self._writable(query).pinned.clear()
        return True

    def set_my_commands(self, query: Query) -> bool:
        return self._set_menu(query, checks.command_menu(query))

    def get_my_commands(self, query: Query) -> list[dict]:
        return self._chats.commands.get(checks.command_scope(query), [])

    def delete_my_commands(self, query: Query) -> bool:
        return self._set_menu(query, [])

    def set_my_name(self, query: Query) -> bool:
        return self._set_about(query, "name")

    def get_my_name(self, query: Query) -> dict:
        return self._get_about(query, "name")

    def set_my_description(self, query: Query) -> bool:
        return self._set_about(query, "description")

    def get_my_description(self, query: Query) -> dict:
        return self._get_about(query, "description")

    def set_my_short_description(self, query: Query) -> bool:
        return self._set_about(query, "short_description")

    def get_my_short_description(self, query: Query) -> dict:
        return self._get_about(query, "short_description")

    def _set_menu(self, query: Query, menu: list[dict]) -> bool:
        scope = checks.command_scope(query)
        self._chats.commands[scope] = menu
        if not menu:
            del self._chats.commands[scope]
        self._chats.commands_revision = self._chats.touch()
        return True

    def _set_about(self, query: Query, name: str) -> bool:
        self._chats.about[name, query.text("language_code")] = query.text(name)
        self._chats.commands_revision = self._chats.touch()
        return True

    def _get_about(self, query: Query, name: str) -> dict:
        return {name: self._chats.about.get((name, query.text("language_code")), "")}

    def _allow(self, query: Query) -> None:
        kinds = query.json("allowed_updates", "allowed updates")
        if isinstance(kinds, list):
            self._chats.updates.allowed = set(map(str, kinds)) or set(KINDS)

    def _room(self, query: Query) -> Room:
        chat = query.text("chat_id").strip()
        if not chat:
            raise bad("chat_id is empty")
        room = self._chats.rooms.get(integer(chat) or 0)
        if room is None:
            raise bad("chat not found")
        return room

    def _writable(self, query: Query) -> Room:
        room = self._room(query)
        if room.id > 0 and self._chats.person(room.id).blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        return room

    def _message(self, query: Query, missing: str) -> Message:
        message = self._chats.find(self._room(query).id, query.number("message_id"))
        if message is None:
            raise bad(missing)
        return message

    def _own(self, query: Query) -> Message:
        if not query.text("chat_id") and not query.number("message_id"):
            raise bad("message identifier is not specified")
        message = self._message(query, "message to edit not found")
        if not message.bot or (message.markup and not message.buttons):
            raise bad("message can't be edited")
        return message

    def _text(self, query: Query) -> tuple[str, list[dict]]:
        if not query.text("text"):
            raise bad("message text is empty")
        text, entities = self._formatted(query, "text", "entities")
        if not text:
            raise bad("text must be non-empty")
        if utf16(text) > TEXT_UNITS:
            raise bad("message is too long")
        return text, entities

    def _caption(self, query: Query) -> tuple[str, list[dict]]:
        text, entities = self._formatted(query, "caption", "caption_entities")
        if utf16(text) > CAPTION_UNITS:
            raise bad("message caption is too long")
        return text, entities

    def _formatted(self, query: Query, name: str, entities_name: str) -> tuple[str, list[dict]]:
        text, mode = query.text(name), query.text("parse_mode").lower()
        if len(text.encode()) > MAX_TEXT_BYTES:
            raise bad("text is too long")
        try:
            if text and mode not in ("", "none"):
                text, entities = parse(text, mode)
            else:
                entities = inside(text, checks.entities(query, entities_name))
        except ParseError as error:
            raise bad(_lower(str(error))) from None
        return finish(text, [span for span in map(self._mention, entities) if span])

    def _mention(self, span: dict) -> dict | None:
        user = span.get("user")
        if user is None:
            return span
        number = user.get("id") if isinstance(user, dict) else user
        person = self._chats.people.get(number)
        return {**span, "user": person.json()} if person else None

    def _file(self, query: Query, kind: str, given: str) -> File:
        name = given.removeprefix("attach://") if given.startswith("attach://") else kind
        upload = query.files.get(name)
        if upload is None:
            return self._kept(kind, given)
        size = len(upload.data)
        if not size:
            raise bad("file must be non-empty")
        if size > UPLOAD_BYTES:
            raise ApiError(413, "Request Entity Too Large")
        if kind == "photo" and size > PHOTO_BYTES:
            raise bad(
                f"file of size {size} bytes is too big for a photo; "
                f"the maximum size is {PHOTO_BYTES} bytes"
            )
        file = self._chats.files.add(kind, upload.name, upload.data)
        if kind == "photo":
            _check_photo(file)
        return file

    def _kept(self, kind: str, given: str) -> File:
        if not given:
            raise bad(f"there is no {kind} in the request")
        if given.startswith(("http://", "https://")):
            raise bad("failed to get HTTP URL content")
        file = self._chats.files.get(given)
        if file is None:
            raise bad("wrong file identifier/HTTP URL specified")
        if file.kind != kind:
            raise bad(f"can't use file of type {file.kind.title()} as {kind.title()}")
        return file

    def _send(self, query: Query, **content: object) -> dict:
        markup = checks.reply_markup(query)
        room = self._writable(query)
        reply_to = self._reply_to(query, room)
        self._take(room)
        bot = self._chats.bot["id"]
        message = self._chats.post(room, bot, True, markup=markup, reply_to=reply_to, **content)
        if markup and not message.buttons:
            room.keyboard = None if markup.get("remove_keyboard") else markup
        room.action = ""
        return self._chats.json(message)

    def _reply_to(self, query: Query, room: Room) -> int:
        given = query.json("reply_parameters", "reply parameters")
        given = given if isinstance(given, dict) else {}
        number = integer(str(given.get("message_id", query.number("reply_to_message_id")))) or 0
        relaxed = given.get("allow_sending_without_reply")
        relaxed = relaxed or query.flag("allow_sending_without_reply")
        if number and not self._chats.find(room.id, number):
            if not relaxed:
                raise bad("message to be replied not found")
            number = 0
        return number

    def _take(self, room: Room) -> None:
        if self._pace:
            self._pace.take(room.id)

    def _edit(self, message: Message, **content: object) -> dict:
        changed = replace(message, **content)
        if changed == message:
            raise bad(NOT_MODIFIED)
        room = self._chats.room(message.chat)
        self._take(room)
        only_buttons = replace(changed, markup=message.markup) == message
        if not only_buttons:
            content["edit_date"] = int(self._chats.clock())
        for name, value in content.items():
            setattr(message, name, value)
        message.revision = self._chats.touch(room)
        return self._chats.json(message)

    def _delete(self, message: Message) -> None:
        if not message.bot and message.chat < 0:
            raise bad("message can't be deleted")
        if self._chats.clock() - message.date > DELETE_SECONDS:
            raise bad("message can't be deleted for everyone")
        message.deleted = True
        message.revision = self._chats.touch(self._chats.room(message.chat))


METHODS: dict[str, Callable[[BotApi, Query], object]] = {
    name.replace("_", ""): method
    for name, method in vars(BotApi).items()
    if not name.startswith("_")
}


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]


def _check_photo(photo: File) -> None:
    width, height = photo.width, photo.height
    if not width or not height:
        raise bad("IMAGE_PROCESS_FAILED")
    sides = sorted((width, height))
    if width + height > PHOTO_SIDES or sides[1] > sides[0] * PHOTO_RATIO:
        raise bad("PHOTO_INVALID_DIMENSIONS")
