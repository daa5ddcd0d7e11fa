"""Parameters in JSON as the real server checks them: keyboards, commands, scopes, entities."""

import re
from urllib.parse import urlsplit

from local.query import ApiError, Query, bad

BUTTONS = 100
BUTTON_BYTES = 64
COMMANDS = 100
COMMAND_LETTERS = 32
DESCRIPTION_LETTERS = 256
COMMAND_NAME = re.compile(r"[a-z0-9_]+")
LANGUAGE = re.compile(r"(?:[a-z]{2})?")
SCOPES = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}
OTHER_BUTTONS = {
    "web_app",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "login_url",
    "pay",
}


def reply_markup(query: Query) -> dict | None:
    """The keyboard of a message, or the wish to remove or force one."""
    given = query.json("reply_markup", "reply keyboard markup")
    if given is None:
        return None
    if not isinstance(given, dict):
        raise bad("object expected as reply markup")
    if rows := _rows(given, "keyboard", ""):
        return given | {"keyboard": [[_key(key) for key in row] for row in rows]}
    if rows := _rows(given, "inline_keyboard", " of the InlineKeyboardMarkup"):
        buttons = [[_button(button) for button in row] for row in rows]
        if sum(map(len, buttons)) > BUTTONS:
            raise bad("reply markup is too long")
        return {"inline_keyboard": buttons}
    if given.get("remove_keyboard"):
        return {"remove_keyboard": True}
    return given if given.get("force_reply") else None


def inline_keyboard(query: Query) -> dict | None:
    """The keyboard of an edited message, which must be an inline one."""
    markup = reply_markup(query)
    if markup and "inline_keyboard" not in markup:
        raise bad("inline keyboard expected")
    return markup


def command_menu(query: Query) -> list[dict]:
    """The commands of setMyCommands."""
    given = query.json("commands", "commands") or []
    if not isinstance(given, list):
        raise bad("expected an Array of BotCommand")
    menu = [_command(command) for command in given]
    if len(menu) > COMMANDS:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    return menu


def command_scope(query: Query) -> tuple[str, str]:
    """Scope and language of a command menu as a key: ("chat 5", "tr"), ("default", "")."""
    given = query.json("scope", "BotCommandScope") or {"type": "default"}
    kind = given.get("type") if isinstance(given, dict) else None
    if not isinstance(kind, str) or kind not in SCOPES:
        raise bad("can't parse BotCommandScope: Unsupported type specified")
    language = query.text("language_code")
    if not LANGUAGE.fullmatch(language):
        raise bad("invalid language code specified")
    return " ".join([kind, *(str(given.get(name, "")) for name in SCOPES[kind])]), language


def entities(query: Query, name: str) -> list[dict]:
    """Entities given instead of a parse mode; JSON that is not an array counts as none."""
    try:
        given = query.json(name, name)
    except ApiError:
        return []
    return [_entity(entity) for entity in given] if isinstance(given, list) else []


def _entity(entity: object) -> dict:
    prefix = "can't parse MessageEntity: "
    if not isinstance(entity, dict):
        raise bad(prefix + "expected an Object")
    for name, kind in (("offset", int), ("length", int), ("type", str)):
        if name not in entity:
            raise bad(f'{prefix}Can\'t find field "{name}"')
        if not isinstance(entity[name], kind):
            wanted = "Number" if kind is int else "String"
            raise bad(f'{prefix}Field "{name}" must be of type {wanted}')
    return entity


def _rows(markup: dict, name: str, owner: str) -> list[list]:
    rows = markup.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad(f'field "{name}"{owner} must be an Array of Arrays')
    return [row for row in rows if row]


def _key(key: object) -> dict:
    if isinstance(key, str):
        key = {"text": key}
    if not isinstance(key, dict):
        raise bad("can't parse keyboard button: KeyboardButton must be a String or an Object")
    if not isinstance(key.get("text"), str) or not key["text"].strip():
        raise bad("keyboard button text must be non-empty")
    return key


def _button(button: object) -> dict:
    prefix = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad(prefix + "InlineKeyboardButton must be an Object")
    if not isinstance(button.get("text"), str):
        raise bad(prefix + 'Can\'t find field "text"')
    if not button["text"].strip():
        raise bad("inline keyboard button text must be non-empty")
    url, data = str(button.get("url") or ""), str(button.get("callback_data") or "")
    if url:
        _check_url(url)
    elif len(data.encode(errors="replace")) > BUTTON_BYTES:
        raise bad("BUTTON_DATA_INVALID")
    elif not data and not OTHER_BUTTONS & button.keys():
        raise bad(prefix + "Text buttons are unallowed in the inline keyboard")
    return button


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
    except ValueError as error:
        raise bad(f"inline keyboard button URL '{url}' is invalid: {error}") from None
    if parts.scheme != "tg" and "." not in (parts.hostname or ""):
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


def _command(command: object) -> dict:
    prefix = "can't parse BotCommand: "
    if not isinstance(command, dict):
        raise bad(prefix + "expected an Object")
    for field in ("command", "description"):
        if not isinstance(command.get(field), str):
            raise bad(f'{prefix}Can\'t find field "{field}"')
    name = command["command"].strip().removeprefix("/")
    description = command["description"].strip()
    _check_length("command", name, COMMAND_LETTERS)
    _check_length("command description", description, DESCRIPTION_LETTERS)
    if not COMMAND_NAME.fullmatch(name):
        raise bad("BOT_COMMAND_INVALID")
    return {"command": name, "description": description}


def _check_length(what: str, text: str, most: int) -> None:
    if not text:
        raise bad(f"{what} must be non-empty")
    if len(text) > most:
        raise bad(f"{what} length must not exceed {most}")
