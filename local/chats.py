"""What the local Telegram knows: people, chats, messages, button presses and commands."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition

from local.media import File, Files
from local.updates import Updates

MESSAGES_KEPT = 2000
PRESSES_KEPT = 1000
PEOPLE = {1: "Sen", 2: "Ayşe", 3: "Mehmet"}
FIRST_SUPERGROUP = -1_000_000_000_000
EPOCH = 1_700_000_000


@dataclass
class User:
    """A person; language is Telegram's language_code."""

    id: int
    name: str
    language: str = "tr"
    blocked: bool = False

    def json(self) -> dict:
        """The Bot API's User."""
        return {
            "id": self.id,
            "is_bot": False,
            "first_name": self.name,
            "language_code": self.language,
        }


@dataclass
class Message:
    """One message as a person sees it; text is the caption where there is a file."""

    id: int
    chat: int
    user: int
    bot: bool
    date: int
    text: str = ""
    entities: list[dict] = field(default_factory=list)
    photo: File | None = None
    document: File | None = None
    markup: dict | None = None
    reply_to: int = 0
    edit_date: int = 0
    deleted: bool = False
    revision: int = 0

    @property
    def edited(self) -> bool:
        return self.edit_date > 0

    @property
    def buttons(self) -> list[list[dict]]:
        """Rows of inline buttons: text with callback_data or url."""
        return (self.markup or {}).get("inline_keyboard", [])


@dataclass
class Press:
    """A person's press of an inline button, and the bot's answer to it."""

    id: str
    chat: int
    message: int
    user: int
    data: str
    answered: bool = False
    text: str = ""
    alert: bool = False
    url: str = ""
    revision: int = 0


@dataclass
class Room:
    """A chat: its messages by id, the pinned, the keyboard shown in it, what the bot is doing."""

    id: int
    messages: dict[int, Message] = field(default_factory=dict)
    pinned: set[int] = field(default_factory=set)
    keyboard: dict | None = None
    action: str = ""
    action_revision: int = 0
    revision: int = 0

    @property
    def kind(self) -> str:
        if self.id > 0:
            return "private"
        return "supergroup" if self.id <= FIRST_SUPERGROUP else "group"


class Chats:
    """All state, guarded by the condition `changed`, which every change notifies.

    `revision` grows with each change, so that an open page can ask for what is newer than what
    it has; `epoch` tells it that the server was started anew.
    """

    def __init__(self, bot: dict, clock: Callable[[], float] = time.time):
        self.bot = bot
        self.clock = clock
        self.changed = Condition()
        self.updates = Updates(self.changed, clock)
        self.files = Files()
        self.epoch = secrets.token_hex(8)
        self.revision = 1
        self.people = {number: User(number, name) for number, name in PEOPLE.items()}
        self.rooms = {number: Room(number) for number in PEOPLE}
        self.presses: dict[str, Press] = {}
        self.commands: dict[tuple[str, str], list[dict]] = {}
        self.commands_revision = 0
        self.about: dict[tuple[str, str], str] = {}
        self.closing = False
        self._first_id = max(int(clock()) - EPOCH, 0)
        self._ids: dict[int, int] = {}

    def touch(self, room: Room | None = None) -> int:
        """Count one change, wake everybody who waits, and return its revision."""
        self.revision += 1
        if room:
            room.revision = self.revision
        self.changed.notify_all()
        return self.revision

    def person(self, number: int) -> User:
        """The user of this id, made on first use."""
        return self.people.setdefault(number, User(number, f"Kişi {number}"))

    def room(self, number: int) -> Room:
        """The chat of this id, made on first use."""
        if number > 0:
            self.person(number)
        return self.rooms.setdefault(number, Room(number))

    def find(self, chat: int, message: int) -> Message | None:
        """A message that is there and not deleted."""
        room = self.rooms.get(chat)
        found = room.messages.get(message) if room else None
        return None if found is None or found.deleted else found

    def pinned(self, room: Room) -> Message | None:
        """The pinned message that was sent last, as getChat tells it."""
        there = (self.find(room.id, number) for number in sorted(room.pinned, reverse=True))
        return next(filter(None, there), None)

    def post(self, room: Room, user: int, bot: bool, **content: object) -> Message:
        """Append a message; ids are shared by all chats but supergroups, as in Telegram."""
        counter = room.id if room.kind == "supergroup" else 0
        self._ids[counter] = number = self._ids.get(counter, self._first_id) + 1
        message = Message(number, room.id, user, bot, int(self.clock()), **content)
        message.revision = self.touch(room)
        room.messages[number] = message
        if len(room.messages) > MESSAGES_KEPT:
            del room.messages[next(iter(room.messages))]
        return message

    def press(self, message: Message, user: int, data: str) -> Press:
        """Record the press of a button and queue its callback_query."""
        press = Press(str(secrets.randbits(62)), message.chat, message.id, user, data)
        self.presses[press.id] = press
        if len(self.presses) > PRESSES_KEPT:
            del self.presses[next(iter(self.presses))]
        query = {
            "id": press.id,
            "from": self.person(user).json(),
            "message": self.json(message),
            "chat_instance": str(message.chat),
            "data": data,
        }
        self.updates.push("callback_query", query)
        return press

    def menu(self, user: int, chat: int) -> list[dict]:
        """The commands this user is shown in this chat: the narrowest scope that has any."""
        kind = "all_private_chats" if chat > 0 else "all_group_chats"
        scopes = [f"chat_member {chat} {user}", f"chat {chat}", kind, "default"]
        languages = (self.person(user).language, "")
        keys = [(scope, language) for scope in scopes for language in languages]
        return next((self.commands[key] for key in keys if key in self.commands), [])

    def chat_json(self, number: int) -> dict:
        """The Bot API's Chat."""
        kind = self.room(number).kind
        if kind == "private":
            return {"id": number, "type": kind, "first_name": self.person(number).name}
        return {"id": number, "type": kind, "title": f"Grup {-number}"}

    def json(self, message: Message, nested: bool = True) -> dict:
        """The Bot API's Message."""
        sender = self.bot if message.bot else self.person(message.user).json()
        fields = {
            "message_id": message.id,
            "from": sender,
            "chat": self.chat_json(message.chat),
            "date": message.date,
        }
        if message.edited:
            fields["edit_date"] = message.edit_date
        replied = self.find(message.chat, message.reply_to) if nested else None
        if replied:
            fields["reply_to_message"] = self.json(replied, nested=False)
        fields |= _content(message)
        if message.buttons:
            fields["reply_markup"] = message.markup
        return fields


def _content(message: Message) -> dict:
    fields: dict = {}
    if photo := message.photo:
        fields["photo"] = [file_json(photo) | {"width": photo.width, "height": photo.height}]
    if document := message.document:
        named = {"file_name": document.name, "mime_type": document.mime}
        fields["document"] = file_json(document) | named
    text, entities = ("caption", "caption_entities") if fields else ("text", "entities")
    if message.text:
        fields[text] = message.text
    if message.entities:
        fields[entities] = message.entities
    return fields


def file_json(file: File) -> dict:
    """The fields every kind of file has in the Bot API."""
    return {"file_id": file.id, "file_unique_id": file.id[:12], "file_size": len(file.data)}
