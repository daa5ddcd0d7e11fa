"""The local chat at the terminal prompt: lines in, the bot's messages out as plain text."""

import io
import re
import sys
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from local.chats import Message, Press
from local.markup import narrow, wide
from local.media import File
from local.people import People

TEXTS = {
    "tr": {
        "hello": "Yazıp Enter'a basın; #1 birinci düğmeye basar; Ctrl-D yalnız bu ekranı kapatır.",
        "edited": "(düzenlendi)",
        "deleted": "(mesaj silindi)",
        "no button": "Böyle bir düğme yok.",
        "refused": "Gönderilemedi: 1–4096 karakter olmalı, bot engellenmemiş olmalı.",
    },
    "en": {
        "hello": "Type, then press Enter; #1 presses the first button; Ctrl-D closes this screen.",
        "edited": "(edited)",
        "deleted": "(message deleted)",
        "no button": "There is no such button.",
        "refused": "Not sent: it takes 1–4096 characters and a bot that is not blocked.",
    },
}
BOLD, PLAIN = "\x1b[1m", "\x1b[0m"
_UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_UNSAFE_IN_NAME = re.compile(r"[^\w.\- ]")


def run(
    people: People,
    chat: int = 1,
    stdin: TextIO | None = None,
    stdout: TextIO | None = None,
    folder: Path | None = None,
) -> None:
    """Show a chat on stdout and send what is typed on stdin, until stdin ends.

    Files the bot sends are saved in folder, by default a new temporary one. After the end of
    stdin, or without one, messages go on being printed for as long as the server runs.
    """
    stdin, stdout = stdin or sys.stdin, stdout or sys.stdout
    if stdout is None:
        return
    for stream in (stdin, stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    terminal = Terminal(people, chat, stdout, folder)
    threading.Thread(target=terminal.show, name="terminal", daemon=True).start()
    try:
        terminal.greet()
        for line in stdin or ():
            terminal.read(line.strip())
    except (OSError, ValueError):
        return


class Terminal:
    """One chat on one text stream."""

    def __init__(self, people: People, chat: int, stdout: TextIO, folder: Path | None = None):
        self._people = people
        self._chats = people.chats
        self._room = people.chats.room(chat)
        self._stdout = stdout
        self._folder = folder
        self._tty = stdout.isatty()
        self._seen = people.chats.revision
        self._typed: set[int] = set()
        self._presses: list[Press] = []
        self._message = 0
        self._buttons: list[dict] = []

    def greet(self) -> None:
        """Tell a person, but not a file, how it works."""
        if self._tty:
            self._write(self._text("hello"))

    def read(self, line: str) -> None:
        """Send a line, or press the button of the last message that `#1` numbers."""
        number = re.fullmatch(r"#([1-9][0-9]?)", line)
        try:
            if number:
                self._press(int(number[1]))
            elif line:
                self._say(line)
        except LookupError:
            self._write(self._text("no button"))
        except ValueError:
            self._write(self._text("refused"))

    def show(self) -> None:
        """Print what happens in the chat until the server stops or the stream is closed."""
        while not self._chats.closing:
            with self._chats.changed:
                self._chats.changed.wait_for(self._has_news)
            try:
                self.print_news()
            except (OSError, ValueError):
                return

    def print_news(self) -> None:
        """Print what changed in the chat since the last time."""
        with self._chats.changed:
            news = [replace(m) for m in self._room.messages.values() if m.revision > self._seen]
            answered = [press for press in self._presses if press.answered]
            self._presses = [press for press in self._presses if not press.answered]
            self._seen = self._room.revision
        for message in sorted(news, key=lambda message: message.revision):
            self._show(message)
        for press in answered:
            if press.text:
                self._write(f"» {_UNSAFE.sub('?', press.text)}")

    def _has_news(self) -> bool:
        return self._room.revision > self._seen or self._chats.closing

    def _text(self, name: str) -> str:
        person = self._chats.person(max(self._room.id, 1))
        return TEXTS["tr" if person.language == "tr" else "en"][name]

    def _write(self, text: str) -> None:
        self._stdout.write(text + "\n")
        self._stdout.flush()

    def _say(self, text: str) -> None:
        with self._chats.changed:
            self._typed.add(self._people.say(self._room.id, text).id)

    def _press(self, number: int) -> None:
        button = self._buttons[number - 1]
        if "url" in button:
            self._write(_UNSAFE.sub("?", str(button["url"])))
        elif "callback_data" in button:
            with self._chats.changed:
                data = str(button["callback_data"])
                self._presses.append(self._people.press(self._room.id, self._message, data))
        else:
            self._say(button["text"])

    def _show(self, message: Message) -> None:
        if not message.bot:
            if not (self._tty and message.id in self._typed) and not message.deleted:
                self._write("> " + self._plain(message))
            return
        if message.deleted:
            self._write(self._text("deleted"))
            return
        lines = [self._text("edited")] if message.edited else []
        lines += [str(self._save(message, f)) for f in (message.photo, message.document) if f]
        lines += [self._plain(message)] if message.text else []
        self._write("\n".join(lines + self._keys(message)))

    def _plain(self, message: Message) -> str:
        text = _UNSAFE.sub("?", wide(message.text))
        marks = []
        for entity in message.entities:
            start, end = entity["offset"], entity["offset"] + entity["length"]
            if entity["type"] == "bold" and self._tty:
                marks += [(start, 1, BOLD), (end, 0, PLAIN)]
            elif entity["type"] == "text_link":
                marks.append((end, 0, f" ({_UNSAFE.sub('?', entity['url'])})"))
        pieces, at = [], 0
        for where, _, mark in sorted(marks):
            pieces += [text[at:where], mark]
            at = where
        return narrow("".join([*pieces, text[at:]]))

    def _keys(self, message: Message) -> list[str]:
        rows = message.buttons or (message.markup or {}).get("keyboard", [])
        if rows:
            self._message, self._buttons = message.id, [button for row in rows for button in row]
        lines, number = [], 0
        for row in rows:
            labels = []
            for button in row:
                number += 1
                labels.append(f"[{number}] {_UNSAFE.sub('?', button['text'])}")
            lines.append("  ".join(labels))
        return lines

    def _save(self, message: Message, file: File) -> Path:
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="dort5bot-"))
        self._folder.mkdir(parents=True, exist_ok=True)
        name = _UNSAFE_IN_NAME.sub("_", file.name.removesuffix(file.suffix) + file.suffix)
        path = self._folder / f"{message.id}-{name[-100:]}"
        path.write_bytes(file.data)
        return path
