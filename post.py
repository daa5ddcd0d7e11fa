"""What goes out to Telegram: one sender with pacing, splitting, fallbacks and patience."""

import html
import io
import logging
import math
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, Any

import requests
from telebot import TeleBot, apihelper, types
from telebot.apihelper import ApiException, ApiTelegramException
from urllib3 import encode_multipart_formdata

from bot import Reply, UserError

log = logging.getLogger("dort5bot")

TEXT_LIMIT, CAPTION_LIMIT, MAX_PARTS = 4096, 1024, 4
CONNECT, READ = 10, 40
GIVE_UP, IN_FLIGHT, FILE_LIMIT, CHUNK = 3600, 0.02, 200_000, 1 << 16
NO_PREVIEW = types.LinkPreviewOptions(is_disabled=True)
TAG = re.compile(r"<(/?)([a-z-]+)[^<>]*>")
UNIT = re.compile(r"<[^<>]*>|&[#\w]+;|.", re.DOTALL)


class Undeliverable(Exception):
    """Say that this message can never reach this chat: blocked, kicked, gone, refused."""


class Stopping(Exception):
    """Say that the bot is stopping, so that what was being sent stays to be done."""


class LostRequest(requests.RequestException):
    """A request to Telegram that failed, with neither the token nor the text in its words."""


def sender(redact: Callable[[str], str]) -> Callable[..., requests.Response]:
    """Return telebot's way to send: everything in a POST body, errors without secrets."""
    local = threading.local()

    def send(
        method: str, url: str, params: Any = None, files: Any = None, **_: Any
    ) -> requests.Response:
        if not hasattr(local, "session"):
            local.session = requests.Session()
        form = streamed(params or {}, files or {})
        told = {"data": form, "headers": {"Content-Type": form.kind}} if form else {"data": params}
        trouble = "not an answer of the Bot API"
        try:
            answer = local.session.post(
                url, **told, files=None if form else files, timeout=(CONNECT, READ)
            )
            if readable(answer):
                return answer
        except requests.RequestException as error:
            trouble = type(error).__name__
        raise LostRequest(redact(f"{method}: {trouble}"))

    return send


def readable(answer: requests.Response) -> bool:
    """Tell whether telebot can read an answer: at other JSON, of a proxy, it breaks."""
    try:
        told = answer.json()
    except ValueError:
        return True
    if not isinstance(told, dict):
        return False
    return ({"result"} if told.get("ok") else {"error_code", "description"}) <= told.keys()


class Form:
    """A form that ends with an open file, which is read while it is sent and never whole."""

    def __init__(self, fields: Mapping[str, Any], name: str, called: str, file: IO[bytes]) -> None:
        boundary = secrets.token_hex(16)
        told = [(key, str(value)) for key, value in fields.items() if value is not None]
        whole, self.kind = encode_multipart_formdata([*told, (name, (called, b""))], boundary)
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._head, self._file = whole.removesuffix(self._tail), file
        self._size = file.seek(0, io.SEEK_END)

    def __len__(self) -> int:
        return len(self._head) + self._size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        yield self._head
        yield from iter(partial(self._file.read, CHUNK), b"")
        yield self._tail


def streamed(fields: Mapping[str, Any], files: Mapping[str, Any]) -> Form | None:
    """Return the form of a call that sends one open file, None for any other."""
    for name, value in files.items():
        if len(files) == 1 and isinstance(value, tuple) and hasattr(value[1], "seek"):
            return Form(fields, name, *value)
    return None


def connect(token: str, api_url: str, redact: Callable[[str], str]) -> TeleBot:
    """Return a client of the Bot API at an address."""
    apihelper.API_URL = api_url + "/bot{0}/{1}"
    apihelper.FILE_URL = api_url + "/file/bot{0}/{1}"
    apihelper.CUSTOM_REQUEST_SENDER = sender(redact)
    return TeleBot(token, threaded=False, skip_pending=False)


class Pacer:
    """Tell how long to wait so that neither the whole bot nor one chat goes over its limits.

    So many places each, within so many seconds. Telegram counts a message somewhere between our
    sending and its answer, so a place is free again when that time has passed since the answer.
    """

    ALL, CHAT, GROUP = (30, 1.0), (3, 3.0), (20, 60.0)

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._places: dict[tuple[int | None, int], list[float]] = {}

    def wait(self, chat: int | None) -> float:
        """Take a place for one message, to a chat or (None) of the bot, or return the wait for one.

        A message takes its chat's place first and the bot's when that has come, so that a chat
        with many messages delays no other.
        """
        now, wait = self._clock(), 0.0
        with self._lock:
            if len(self._places) > 10_000:
                kept = {k: [at for at in rows if at > now] for k, rows in self._places.items()}
                self._places = {key: rows for key, rows in kept.items() if rows}
            for key, (count, _) in self._rules(chat):
                rows = [at for at in self._places.get(key, ()) if at > now]
                self._places[key] = rows
                if len(rows) >= count:
                    wait = max(wait, min(rows) - now)
            if not wait:
                for key, _ in self._rules(chat):
                    self._places[key].append(math.inf)
        return wait if math.isfinite(wait) else IN_FLIGHT

    def answered(self, chat: int | None) -> None:
        """Note that a message that had a place was answered."""
        now = self._clock()
        with self._lock:
            for key, (_, seconds) in self._rules(chat):
                rows = self._places.get(key, [])
                if math.inf in rows:
                    rows[rows.index(math.inf)] = now + seconds

    def hold(self, chat: int, seconds: float) -> None:
        """Send nothing to a chat for so long, as Telegram asked."""
        with self._lock:
            for key, (count, _) in self._rules(chat):
                self._places[key] = [self._clock() + seconds] * count

    def _rules(self, chat: int | None) -> list[tuple[tuple[int | None, int], tuple[int, float]]]:
        if chat is None:
            return [((None, 0), self.ALL)]
        rules = [((chat, 0), self.CHAT)]
        return rules if chat > 0 else [*rules, ((chat, 1), self.GROUP)]


@dataclass
class Thread:
    """Where an answer goes: its chat, and the message that the next edit replaces."""

    chat: int
    message: int | None = None
    pictured: bool = False
    topic: int | None = None


class Post:
    """Send replies to chats, keeping the pace and trying again until they arrive."""

    def __init__(self, api: TeleBot, stop: threading.Event, pacer: Pacer | None = None) -> None:
        self.api, self._stop, self._pacer = api, stop, pacer or Pacer()
        self.moved: Callable[[int, int], Any] | None = None

    def reply(self, thread: Thread, reply: Reply) -> None:
        """Deliver one reply; an edit replaces the thread's message where it can.

        A picture stays until what comes in its place; what goes to a group that has become a
        supergroup follows it. Raises Undeliverable, from Telegram's own refusal where it was one,
        and Stopping.
        """
        try:
            self._reply(thread, reply)
        except Undeliverable as error:
            new = supergroup(error.__cause__)
            if new is None:
                raise
            if self.moved:
                self.moved(thread.chat, new)
            thread.chat, thread.message, thread.topic = new, None, None
            self._reply(thread, reply)

    def _reply(self, thread: Thread, reply: Reply) -> None:
        if reply.edit and reply.passing and thread.pictured:
            return
        if reply.edit and thread.message and self._edit(thread, reply):
            return
        if reply.photo:
            self._photo(thread, reply)
        elif reply.file:
            self._file(thread, reply)
        elif reply.text:
            self._text(thread, reply)

    def call(self, chat: int, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the Bot API in a chat's turn; wait and try again while that can help.

        Raises Undeliverable where it cannot, Stopping when the bot stops first.
        """
        begun, pause = time.monotonic(), 0.5
        while True:
            try:
                return self._paced(chat, method, *args, **kwargs)
            except ApiTelegramException as error:
                wait = patience(error)
                if wait is None:
                    raise Undeliverable(error.description) from error
                if error.error_code == 429:
                    self._pacer.hold(chat, wait)
            except (ApiException, requests.RequestException) as error:
                log.warning("Telegram: %s", type(error).__name__)
                wait = 0
            if time.monotonic() - begun > GIVE_UP:
                raise Undeliverable("Telegram did not answer for an hour")
            pause = min(30, pause * 2)
            self._sleep(max(wait, pause))

    def _paced(self, chat: int, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the Bot API as soon as there is a place in a chat's and in the bot's limits."""
        for key in (chat, None):
            while (wait := self._pacer.wait(key)) > 0:
                self._sleep(wait)
        try:
            if self._stop.is_set():
                raise Stopping
            return method(*args, **kwargs)
        finally:
            for key in (chat, None):
                self._pacer.answered(key)

    def download(self, file_id: str, limit: int = FILE_LIMIT) -> bytes:
        """Return the file somebody sent. Raises UserError where it is too big or does not come."""
        try:
            file = self.api.get_file(file_id)
            if (file.file_size or 0) > limit:
                raise UserError("Dosya çok büyük.", "The file is too big.")
            url = apihelper.FILE_URL.format(self.api.token, file.file_path)
            answer = requests.get(url, timeout=(CONNECT, READ))
        except (ApiException, requests.RequestException) as error:
            log.warning("Telegram: a file did not come: %s", type(error).__name__)
            answer = None
        if answer is None or answer.status_code != 200:
            raise UserError(
                "Dosya alınamadı; yeniden yollayın.", "The file did not come; try again."
            )
        return answer.content

    def quietly(self, method: Callable[..., Any], *args: Any, **kwargs: Any) -> bool:
        """Call the Bot API once for something nobody misses; return whether it worked."""
        try:
            method(*args, **kwargs)
        except (ApiException, requests.RequestException) as error:
            log.info("Telegram: %s", error)
            return False
        return True

    def _sleep(self, seconds: float) -> None:
        if seconds > 0 and self._stop.wait(seconds):
            raise Stopping

    def _text(self, thread: Thread, reply: Reply) -> None:
        parts = list(split(reply.text, TEXT_LIMIT))
        if len(parts) > MAX_PARTS:
            file = ("dort5bot.txt", plain(reply.text).encode())
            self._file(thread, Reply(file=file, buttons=reply.buttons))
            return
        for i, part in enumerate(parts):
            markup = keyboard(reply) if i == len(parts) - 1 else None
            options = {"text": part, "reply_markup": markup, "link_preview_options": NO_PREVIEW}
            options["disable_notification"] = reply.silent
            sent = self._formatted(thread, self.api.send_message, "text", **options)
            thread.message, thread.pictured = sent.message_id, False

    def _photo(self, thread: Thread, reply: Reply) -> None:
        short = length(reply.text) <= CAPTION_LIMIT
        options: dict[str, Any] = {"photo": reply.photo}
        if short:
            options |= {"caption": reply.text, "reply_markup": keyboard(reply)}
        sent = self._formatted(thread, self.api.send_photo, "caption", **options)
        thread.message, thread.pictured = sent.message_id, True
        if not short:
            self._text(thread, Reply(reply.text, buttons=reply.buttons))

    def _file(self, thread: Thread, reply: Reply) -> None:
        name, body = reply.file or ("", b"")
        options = {"caption": next(split(reply.text, CAPTION_LIMIT), None)}
        options |= {"reply_markup": keyboard(reply), "visible_file_name": name}
        options["disable_notification"] = reply.silent
        sent = self._formatted(thread, self.api.send_document, "caption", document=body, **options)
        thread.message, thread.pictured = sent.message_id, False
        if reply.pinned:
            self._pin(thread.chat, sent.message_id)

    def _pin(self, chat: int, message: int) -> None:
        """Pin a message without a sound, in the place of the bot's own file, if that can be."""
        before = self.call(chat, self.api.get_chat, chat).pinned_message
        silent = {"disable_notification": True}
        done = self.quietly(self.api.pin_chat_message, chat, message, **silent)
        if done and before and before.from_user.is_bot and before.document:
            self.quietly(self.api.unpin_chat_message, chat, before.message_id)

    def _formatted(
        self, thread: Thread, method: Callable[..., Any], field: str, **options: Any
    ) -> Any:
        """Send with HTML, and once more as plain text where Telegram cannot parse it."""
        place = {"chat_id": thread.chat}
        if thread.topic:
            place["message_thread_id"] = thread.topic
        try:
            return self.call(thread.chat, method, **place, **options, parse_mode="HTML")
        except Undeliverable as error:
            if "can't parse entities" not in str(error):
                raise
            log.warning("sent as plain text: %s", error)
        options[field] = plain(options[field])
        return self.call(thread.chat, method, **place, **options)

    def _edit(self, thread: Thread, reply: Reply) -> bool:
        """Replace the thread's message; return False where a new one must be sent."""
        parts = list(split(reply.text, CAPTION_LIMIT if reply.photo else TEXT_LIMIT))
        if reply.file or len(parts) > 1 or thread.pictured != bool(reply.photo):
            if not thread.pictured:
                self.quietly(self.api.delete_message, thread.chat, thread.message)
            return False
        place = {"message_id": thread.message, "reply_markup": keyboard(reply)}
        try:
            if reply.photo:
                self.call(thread.chat, self._picture, thread, reply, place)
            else:
                edit = self.api.edit_message_text
                untopical = replace(thread, topic=None)
                self._formatted(untopical, edit, "text", text=reply.text, **place)
        except Undeliverable as error:
            return "message is not modified" in str(error)
        return True

    def _picture(self, thread: Thread, reply: Reply, place: dict[str, Any]) -> None:
        photo = types.InputFile(io.BytesIO(reply.photo or b""))
        media = types.InputMediaPhoto(photo, caption=reply.text, parse_mode="HTML")
        self.api.edit_message_media(media, chat_id=thread.chat, **place)


def files(reply: Reply) -> list[tuple[str, bytes]]:
    """Return a reply's file and picture with their names."""
    name, body = reply.file or ("", b"")
    every = [(name, body if isinstance(body, bytes) else body.read())]
    return [one for one in (*every, ("picture.png", reply.photo or b"")) if one[1]]


def patience(error: ApiTelegramException) -> float | None:
    """Return how long to wait before trying again, None where trying again cannot help."""
    if error.error_code == 429:
        return float((error.result_json.get("parameters") or {}).get("retry_after", 1))
    return 0.0 if error.error_code >= 500 else None


def supergroup(error: BaseException | None) -> int | None:
    """Return the id of what a group has become, where a refusal tells of one."""
    told = error.result_json if isinstance(error, ApiTelegramException) else {}
    return (told.get("parameters") or {}).get("migrate_to_chat_id")


def keyboard(reply: Reply) -> Any:
    """Return a reply's buttons in Telegram's form, or None."""
    if reply.buttons:
        markup = types.InlineKeyboardMarkup()
        for row in reply.buttons:
            markup.row(*(types.InlineKeyboardButton(t, callback_data=line) for t, line in row))
        return markup
    if reply.keyboard and not any(reply.keyboard):
        return types.ReplyKeyboardRemove()
    if reply.keyboard:
        menu = types.ReplyKeyboardMarkup(resize_keyboard=True)
        for words in reply.keyboard:
            menu.row(*(types.KeyboardButton(word) for word in words))
        return menu
    return None


def length(text: str) -> int:
    """Return how long Telegram takes an HTML text to be: UTF-16 units without the tags."""
    return len(plain(text).encode("utf-16-le")) // 2


def plain(text: str) -> str:
    """Return an HTML text without its tags."""
    return html.unescape(re.sub(r"</?[a-z][^<>]*>", "", text))


def split(text: str, limit: int) -> Iterator[str]:
    """Cut an HTML text at line ends into parts that fit, closing and reopening its tags."""
    part, size, tags = "", 0, list[str]()
    for line in pieces(text, limit):
        long = length(line)
        if size and size + long > limit:
            yield part.rstrip("\n") + "".join(f"</{name(tag)}>" for tag in reversed(tags))
            part, size = "".join(tags), 0
        part, size = part + line, size + long
        for match in TAG.finditer(line):
            if not match[1]:
                tags.append(match[0])
            elif tags:
                tags.pop()
    if plain(part).strip():
        yield part.rstrip("\n")


def name(tag: str) -> str:
    """Return the name of an opening tag."""
    return re.split(r"[\s>]", tag[1:])[0]


def pieces(text: str, limit: int) -> Iterator[str]:
    """Return the lines of a text with their ends; one too long is cut between characters."""
    for line in text.splitlines(keepends=True):
        if length(line) <= limit:
            yield line
            continue
        piece, size = "", 0
        for unit in UNIT.findall(line):
            long = length(unit)
            if size + long > limit:
                yield piece
                piece, size = "", 0
            piece, size = piece + unit, size + long
        yield piece
