"""What an update says: who typed or pressed what, where; or that a chat has moved."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot import REFRESH, Chat

log = logging.getLogger("dort5bot")

WORDLESS = ("photo", "sticker", "voice", "video", "animation", "document", "audio", "location")


@dataclass(frozen=True)
class Incoming:
    """A message or a pressed button, as far as it concerns us.

    `masked` is one written in the name of a group or a channel, `forwarded` one that was passed
    on; `at` is when it was typed (s).
    """

    update: int
    chat: Chat
    sender: Mapping[str, Any]
    text: str
    message: int
    pressed: str = ""
    refreshed: bool = False
    pictured: bool = False
    file: str = ""
    masked: bool = False
    at: int | None = None
    forwarded: bool = False


def numbered(told: Any) -> list[dict[str, Any]]:
    """Return the updates of an answer. Raises ValueError where it has none and is not empty.

    Half of a surrogate pair is a “?”, for neither databases nor Telegram take one.
    """
    if not isinstance(told, list):
        raise ValueError("no list of updates")
    whole = json.loads(json.dumps(told, ensure_ascii=False).encode(errors="replace"))
    every = [one for one in whole if isinstance(one, dict) and type(one.get("update_id")) is int]
    if told and not every:
        raise ValueError("updates without numbers")
    return every


def read(update: Mapping[str, Any]) -> Incoming | None:
    """Return what an update says; None where it is nothing a person typed or pressed."""
    try:
        return parsed(update)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        log.warning("an update that makes no sense: %s", type(error).__name__)
        return None


def parsed(update: Mapping[str, Any]) -> Incoming | None:
    """Return what a well-formed update says."""
    press = update.get("callback_query")
    message = press.get("message") if press else update.get("message")
    sender = (press or message or {}).get("from")
    masked = not press and "sender_chat" in message if message else False
    if not sender or not message or message.get("is_automatic_forward"):
        return None
    if sender.get("is_bot") and not masked:
        return None
    room = message["chat"]
    text = press.get("data") if press else message.get("text", message.get("caption"))
    if text is None and room.get("type") == "private" and any(map(message.get, WORDLESS)):
        text = ""
    elif not isinstance(text, str) or not text.strip():
        return None
    document = message.get("document")
    topic = message.get("message_thread_id") if message.get("is_topic_message") else None
    return Incoming(
        update["update_id"],
        Chat(int(room["id"]), str(room.get("type", "private")), topic),
        {**sender, "id": int(sender["id"])},
        text,
        int(message["message_id"]),
        press["id"] if press else "",
        bool(press) and refreshes(text, message),
        "photo" in message,
        "" if press or not isinstance(document, dict) else str(document.get("file_id", "")),
        masked,
        None if press else int(message.get("date", 0)),
        not press and any(name.startswith("forward_") for name in message),
    )


def refreshes(line: str, message: Mapping[str, Any]) -> bool:
    """Tell whether a pressed button runs the command that made its message, to be replaced."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    own = [b.get("callback_data", "") for row in rows for b in row if b.get("text") == REFRESH]
    return any(data.split()[:1] == line.split()[:1] for data in own)


def moved(update: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the old and the new id of a group that has become a supergroup, else None."""
    message = update.get("message")
    try:
        room, new = message["chat"]["id"], message.get("migrate_to_chat_id")
        old = message.get("migrate_from_chat_id")
        return (int(room), int(new)) if new else (int(old), int(room)) if old else None
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
