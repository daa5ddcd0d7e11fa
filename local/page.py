"""The chat page's own addresses: the page itself, what is new, and what its person does."""

import io
from dataclasses import asdict
from pathlib import Path

from flask import Blueprint, Response, abort, jsonify, request, send_file

from local.chats import Message, Press, Room
from local.people import People

FOLDER = Path(__file__).parent
KINDS = {"chat.html": "text/html", "chat.js": "text/javascript", "chat.css": "text/css"}
FIRST_MESSAGES = 300
POLL_SECONDS = 25
WAITING_PAGES = 16
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
FILE_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


class Page:
    """One open page is one person in one chat; it asks for what is newer than what it has."""

    def __init__(self, people: People):
        self._people = people
        self._chats = people.chats
        self._waiting = 0

    def blueprint(self) -> Blueprint:
        """The routes, for the server's application."""
        page = Blueprint("page", __name__)
        page.add_url_rule("/", "index", lambda: self.asset("chat.html"))
        page.add_url_rule("/<name>", "asset", self.asset)
        page.add_url_rule("/page/news", "news", self.news)
        page.add_url_rule("/page/file/<file_id>", "file", self.file)
        for name in ("say", "press", "user"):
            page.add_url_rule(f"/page/{name}", name, getattr(self, name), methods=["POST"])
        page.register_error_handler(ValueError, _refuse)
        page.register_error_handler(LookupError, _refuse)
        return page

    def asset(self, name: str) -> Response:
        """The page, its script or its style; nothing else of this folder."""
        if name not in KINDS:
            abort(404)
        answer = Response((FOLDER / name).read_bytes(), mimetype=KINDS[name])
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    def news(self) -> Response:
        """What changed in a chat after a revision; waits for something for POLL_SECONDS.

        Past WAITING_PAGES open pages it does not wait, so that polls never use up the threads the
        bot's calls need.
        """
        chat, user = int(request.args["chat"]), int(request.args["user"])
        with self._chats.changed:
            known = request.args.get("epoch") == self._chats.epoch
            after = int(request.args.get("after", 0)) if known else 0
            room = self._chats.room(chat)
            if after and self._waiting < WAITING_PAGES:
                self._wait(room, after)
            return jsonify(self._news(room, user, after))

    def say(self) -> Response:
        """The person's message."""
        given = request.get_json()
        message = self._people.say(int(given["chat"]), str(given["text"]), int(given["user"]))
        return jsonify({"id": message.id})

    def press(self) -> Response:
        """The person's press of an inline button."""
        given = request.get_json()
        where = int(given["chat"]), int(given["message"])
        press = self._people.press(*where, str(given["data"]), int(given["user"]))
        return jsonify({"id": press.id})

    def user(self) -> Response:
        """The person's language, and whether the bot is blocked."""
        given = request.get_json()
        number = int(given["user"])
        if "language" in given:
            self._people.user(number, language="tr" if given["language"] == "tr" else "en")
        if "blocked" in given:
            (self._people.block if given["blocked"] else self._people.unblock)(number)
        return jsonify({})

    def file(self, file_id: str) -> Response:
        """A photo to show, or a document to download, never to open on this origin."""
        file = self._chats.files.get(file_id)
        if file is None:
            abort(404)
        shown = file.kind == "photo"
        kind = file.mime if shown else "application/octet-stream"
        name = file.name.replace("\n", " ").replace("\r", " ")
        data = io.BytesIO(file.data)
        answer = send_file(data, kind, as_attachment=not shown, download_name=name, max_age=86_400)
        answer.headers["Content-Security-Policy"] = FILE_POLICY
        return answer

    def _wait(self, room: Room, after: int) -> None:
        self._waiting += 1
        try:
            self._chats.changed.wait_for(lambda: self._is_newer(room, after), POLL_SECONDS)
        finally:
            self._waiting -= 1

    def _is_newer(self, room: Room, after: int) -> bool:
        newest = max(room.revision, self._chats.commands_revision)
        return newest > after or self._chats.closing

    def _news(self, room: Room, user: int, after: int) -> dict:
        person = self._chats.person(user)
        changed = [m for m in room.messages.values() if m.revision > after]
        if not after:
            changed = [m for m in changed if not m.deleted][-FIRST_MESSAGES:]
        answers = [p for p in self._chats.presses.values() if _is_answer(p, room, user, after)]
        return {
            "epoch": self._chats.epoch,
            "revision": self._chats.revision,
            "reset": not after,
            "bot": self._chats.bot["first_name"],
            "person": {"name": person.name, "language": person.language, "blocked": person.blocked},
            "about": self._about(person.language),
            "menu": self._chats.menu(user, room.id),
            "messages": [self._view(message, user) for message in changed],
            "keyboard": room.keyboard,
            "action": room.action if room.action_revision > after else "",
            "answers": [asdict(press) for press in answers],
        }

    def _about(self, language: str) -> str:
        texts = self._chats.about
        return texts.get(("description", language)) or texts.get(("description", ""), "")

    def _view(self, message: Message, user: int) -> dict:
        if message.deleted:
            return {"id": message.id, "deleted": True}
        view = {
            "id": message.id,
            "mine": not message.bot and message.user == user,
            "name": "" if message.bot else self._chats.person(message.user).name,
            "date": message.date,
            "edited": message.edited,
            "text": message.text,
            "entities": message.entities,
            "buttons": message.buttons,
        }
        file = message.photo or message.document
        if file:
            size = {"width": file.width, "height": file.height, "size": len(file.data)}
            view[file.kind] = {"url": f"/page/file/{file.id}", "name": file.name, **size}
        replied = self._chats.find(message.chat, message.reply_to)
        return view | ({"reply": replied.text[:200]} if replied else {})


def _is_answer(press: Press, room: Room, user: int, after: int) -> bool:
    return (
        press.answered
        and press.revision > after > 0
        and (press.chat, press.user) == (room.id, user)
    )


def _refuse(error: Exception) -> tuple[str, int]:
    return str(error), 400
