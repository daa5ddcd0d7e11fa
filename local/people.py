"""The person's side of the local Telegram: writing, pressing buttons, seeing what the bot did."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from local.chats import Chats, Message, Press, User
from local.entities import finish
from local.markup import utf16

TEXT_UNITS = 4096
T = TypeVar("T")


class People:
    """What people do and see. Chats of positive ids are private, negative ones are groups, those
    of -100… supergroups; chats and people are made on first use.
    """

    def __init__(self, chats: Chats):
        self.chats = chats

    def user(self, number: int, name: str | None = None, language: str | None = None) -> User:
        """A person; changes the name or language_code if given."""
        with self.chats.changed:
            person = self.chats.person(number)
            if name is not None or language is not None:
                person.name = name or person.name
                person.language = language or person.language
                self.chats.commands_revision = self.chats.touch()
            return person

    def say(self, chat: int, text: str, user: int | None = None, reply_to: int = 0) -> Message:
        """A person writes in a chat; in a private one it is its person.

        Raises ValueError for a text Telegram would not take and for a person who blocked the bot.
        """
        text, entities = _text(text)
        with self.chats.changed:
            sender = self._sender(chat, user)
            room = self.chats.room(chat)
            if room.keyboard and room.keyboard.get("one_time_keyboard"):
                room.keyboard = None
            content = {"text": text, "entities": entities, "reply_to": reply_to}
            message = self.chats.post(room, sender.id, False, **content)
            self.chats.updates.push("message", self.chats.json(message))
            return replace(message)

    def send(self, chat: int, name: str, data: bytes, caption: str = "") -> Message:
        """A person sends a file with a caption. Raises ValueError as `say` does."""
        with self.chats.changed:
            sender, room = self._sender(chat, None), self.chats.room(chat)
            file = self.chats.files.add("document", name, data)
            text, entities = _text(caption) if caption else ("", [])
            content = {"text": text, "entities": entities, "document": file}
            message = self.chats.post(room, sender.id, False, **content)
            self.chats.updates.push("message", self.chats.json(message))
            return replace(message)

    def edit(self, chat: int, message_id: int, text: str) -> Message:
        """A person edits their own message. Raises LookupError if it is not there."""
        text, entities = _text(text)
        with self.chats.changed:
            message = self._find(chat, message_id)
            message.text, message.entities = text, entities
            message.edit_date = int(self.chats.clock())
            message.revision = self.chats.touch(self.chats.room(chat))
            self.chats.updates.push("edited_message", self.chats.json(message))
            return replace(message)

    def pin(self, chat: int, message_id: int) -> None:
        """A person pins a message, which the bot is not told. Raises LookupError."""
        with self.chats.changed:
            self.chats.room(chat).pinned.add(self._find(chat, message_id).id)

    def pinned(self, chat: int) -> list[int]:
        """The messages that are pinned in a chat, by their ids in order."""
        with self.chats.changed:
            return sorted(self.chats.room(chat).pinned)

    def press(self, chat: int, message_id: int, data: str, user: int | None = None) -> Press:
        """A person presses an inline button; any data goes, as a hostile client could send it.

        The returned press fills in when the bot answers. Raises LookupError without the message.
        """
        with self.chats.changed:
            message, sender = self._find(chat, message_id), self._sender(chat, user)
            return self.chats.press(message, sender.id, data)

    def messages(self, chat: int, deleted: bool = False) -> list[Message]:
        """Copies of what a person sees in a chat, in order; with deleted ones if asked."""
        with self.chats.changed:
            room = self.chats.rooms.get(chat)
            there = list(room.messages.values()) if room else []
            return [replace(message) for message in there if deleted or not message.deleted]

    def wait(
        self,
        chat: int,
        predicate: Callable[[Message], object] = lambda _: True,
        timeout: float = 10,
        after: int | Message = 0,
    ) -> Message:
        """The bot's first message in a chat that satisfies predicate, waiting for it if need be.

        `after` looks only at messages that came after this one. Raises TimeoutError, which tells
        the last texts of the chat.
        """
        first = after.id if isinstance(after, Message) else after

        def found() -> Message | None:
            ours = (m for m in self.messages(chat) if m.bot and m.id > first)
            return next((message for message in ours if predicate(message)), None)

        try:
            return self.until(found, timeout)
        except TimeoutError:
            texts = [message.text for message in self.messages(chat)[-5:]]
            raise TimeoutError(f"not seen in chat {chat}; last there: {texts}") from None

    def until(self, condition: Callable[[], T], timeout: float = 10) -> T:
        """Wait until condition() is true and return its value; raises TimeoutError."""
        with self.chats.changed:
            value = self.chats.changed.wait_for(condition, timeout)
        if not value:
            raise TimeoutError("it did not happen in time")
        return value

    def block(self, number: int) -> None:
        """A person blocks the bot."""
        self._set_blocked(number, True)

    def unblock(self, number: int) -> None:
        """A person takes the bot back."""
        self._set_blocked(number, False)

    def _set_blocked(self, number: int, blocked: bool) -> None:
        with self.chats.changed:
            person = self.chats.person(self.chats.room(number).id)
            if person.blocked == blocked:
                return
            person.blocked = blocked
            self.chats.commands_revision = self.chats.touch()
            self.chats.updates.push("my_chat_member", self._membership(person))

    def _membership(self, person: User) -> dict:
        kicked = {"user": self.chats.bot, "status": "kicked", "until_date": 0}
        member = {"user": self.chats.bot, "status": "member"}
        return {
            "chat": self.chats.chat_json(person.id),
            "from": person.json(),
            "date": int(self.chats.clock()),
            "old_chat_member": member if person.blocked else kicked,
            "new_chat_member": kicked if person.blocked else member,
        }

    def _sender(self, chat: int, user: int | None) -> User:
        person = self.chats.person(user or (chat if chat > 0 else 1))
        if chat > 0 and person.blocked:
            raise ValueError(f"user {person.id} has blocked the bot")
        return person

    def _find(self, chat: int, message_id: int) -> Message:
        message = self.chats.find(chat, message_id)
        if message is None:
            raise LookupError(f"no message {message_id} in chat {chat}")
        return message


def _text(text: str) -> tuple[str, list[dict]]:
    text, entities = finish(text, [])
    if not 1 <= utf16(text) <= TEXT_UNITS:
        raise ValueError(f"a message has 1 to {TEXT_UNITS} characters")
    return text, entities
