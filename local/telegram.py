"""A Bot API server on this machine, with a chat page: Telegram without Telegram.

An unmodified bot library talks to it over HTTP; a person, or a test, uses `Server`'s methods or
the page. Everything is kept in memory.
"""

import ipaddress
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import Flask, Response, abort, jsonify, request
from waitress import create_server, wasyncore
from waitress.channel import ClientDisconnected
from waitress.server import BaseWSGIServer

from local.botapi import METHODS, UPLOAD_BYTES, BotApi
from local.chats import Chats
from local.pace import Pace
from local.page import Page
from local.people import People
from local.query import ApiError, Query, read

THREADS = 32
CONNECTIONS = 1000
LOG_KEPT = 10_000
QUIET = logging.getLogger("waitress.queue.local")
QUIET.setLevel(logging.ERROR)
WHY = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot "
    "instance is running",
    500: "Internal Server Error",
    502: "Bad Gateway",
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
REFUSALS = {403: "Forbidden", 404: "Not Found", 413: "Request Entity Too Large"}


@dataclass
class Request:
    """One logged call; status 0 is a connection closed without an answer."""

    method: str
    parameters: dict[str, str]
    files: dict[str, str]
    status: int
    time: float


@dataclass
class Fault:
    """What shall go wrong with the next `times` calls of a method ("*" is any)."""

    method: str
    kind: str
    status: int
    times: float
    error: ApiError = field(repr=False)


class Server(People):
    """The local Telegram: start() it, point the bot's API_URL at `url`, open `page`.

    Attributes: token (what the bot must use), requests (the calls received, oldest first), chats
    (all state). Tests pass a clock and turn on Telegram's sending limits with limits=True.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str | None = None,
        clock: Callable[[], float] = time.time,
        limits: bool = False,
    ):
        self.host = _loopback(host)
        self.port = port
        self.token = token or f"5:{secrets.token_urlsafe(24)}"
        self.requests: deque[Request] = deque(maxlen=LOG_KEPT)
        super().__init__(Chats(_bot_user(self.token), clock))
        self._api = BotApi(self.chats, Pace(clock) if limits else None)
        self._faults: list[Fault] = []
        self._app = self._make_app()
        self._http: BaseWSGIServer | None = None
        self._sockets: dict[int, object] = {}
        self._thread: threading.Thread | None = None
        self._listening = False

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the bot's API_URL and FILE_URL begin."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def page(self) -> str:
        """The address of the chat page."""
        return self.url + "/"

    def start(self) -> "Server":
        """Listen; a free port is chosen once if none was given. Raises OSError if it is taken."""
        self.chats.closing = False
        self._sockets = {}
        self._http = create_server(
            self._app,
            map=self._sockets,
            listen=self.url.removeprefix("http://"),
            threads=THREADS,
            connection_limit=CONNECTIONS,
            ident=None,
        )
        workers = self._http.task_dispatcher
        workers.logger = workers.queue_logger = QUIET
        self.port = int(self._http.effective_port)
        self._listening = True
        self._thread = threading.Thread(target=self._listen, name="telegram", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close every connection; what is waiting gets no answer. start() works again after."""
        if self._thread is None:
            return
        with self.chats.changed:
            self.chats.closing = True
            self.chats.updates.end_poll("")
        self._http.task_dispatcher.shutdown()
        self._listening = False
        self._http.pull_trigger()
        self._thread.join()
        wasyncore.close_all(self._sockets, ignore_all=True)
        self._thread = None

    def fault(
        self,
        method: str = "*",
        status: int = 500,
        times: float = 1,
        *,
        kind: str = "status",
        retry_after: int = 1,
        description: str | None = None,
        migrate_to: int = 0,
    ) -> Fault:
        """Spoil the next calls of a method; math.inf times means until `times` is set to 0.

        Kinds: status (an error answer), html (the same as a proxy's page), drop (closed without
        an answer, not executed), hang-after (executed, then closed without an answer).
        With migrate_to, what is said of a group that has become that supergroup.
        """
        if kind not in ("status", "html", "drop", "hang-after"):
            raise ValueError(f"unknown kind of fault: {kind}")
        error = ApiError(status, description or WHY.get(status, "Error"))
        if status == 429:
            text = description or f"Too Many Requests: retry after {retry_after}"
            error = ApiError(status, text, retry_after=retry_after)
        if migrate_to:
            text = "Bad Request: group chat was upgraded to a supergroup chat"
            error = ApiError(400, text, migrate_to_chat_id=migrate_to)
        fault = Fault(method.lower(), kind, status, times, error)
        with self.chats.changed:
            self._faults = [old for old in self._faults if old.times > 0] + [fault]
        return fault

    def _listen(self) -> None:
        while self._listening:
            wasyncore.loop(timeout=1, use_poll=True, map=self._sockets, count=1)

    def _make_app(self) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.json.sort_keys = False
        app.json.ensure_ascii = False
        app.config["PROPAGATE_EXCEPTIONS"] = True
        app.config["MAX_CONTENT_LENGTH"] = UPLOAD_BYTES + 2**20
        app.before_request(_guard)
        app.after_request(_harden)
        for code, why in REFUSALS.items():
            error = ApiError(code, why)
            app.register_error_handler(code, lambda _, error=error: _answer_error(error))
        route = {"methods": ["GET", "POST"]}
        app.add_url_rule("/bot<token>/<method>", "bot", self._bot, **route)
        app.add_url_rule("/file/bot<token>/<path:path>", "file", self._download)
        app.register_blueprint(Page(self).blueprint())
        return app

    def _bot(self, token: str, method: str) -> Response:
        if not secrets.compare_digest(token.encode(), self.token.encode()):
            return _answer_error(ApiError(401, "Unauthorized"))
        query = read(request)
        with self._logged(method, query) as entry:
            fault = self._next_fault(method)
            if fault and fault.kind == "drop":
                raise ClientDisconnected
            if fault and fault.kind != "hang-after":
                answer = _answer_error(fault.error, html=fault.kind == "html")
            else:
                answer = self._call(method, query)
            if self.chats.closing or (fault and fault.kind == "hang-after"):
                raise ClientDisconnected
            entry.status = answer.status_code
        return answer

    def _call(self, method: str, query: Query) -> Response:
        handler = METHODS.get(method.lower())
        try:
            if handler is None:
                raise ApiError(404, "Not Found: method not found")
            with self.chats.changed:
                if self.chats.closing:
                    raise ClientDisconnected
                return jsonify({"ok": True, "result": handler(self._api, query)})
        except ApiError as error:
            return _answer_error(error)

    @contextmanager
    def _logged(self, method: str, query: Query) -> Iterator[Request]:
        files = {name: upload.name for name, upload in query.files.items()}
        entry = Request(method, query.values, files, 0, self.chats.clock())
        try:
            yield entry
        finally:
            with self.chats.changed:
                self.requests.append(entry)
                self.chats.changed.notify_all()

    def _next_fault(self, method: str) -> Fault | None:
        with self.chats.changed:
            for fault in self._faults:
                if fault.times > 0 and fault.method in ("*", method.lower()):
                    fault.times -= 1
                    return fault
        return None

    def _download(self, token: str, path: str) -> Response:
        if not secrets.compare_digest(token.encode(), self.token.encode()):
            return _answer_error(ApiError(401, "Unauthorized"))
        file = self.chats.files.at(path)
        if file is None:
            return _answer_error(ApiError(404, "Not Found"))
        return Response(file.data, mimetype="application/octet-stream")


def _bot_user(token: str) -> dict:
    number = token.split(":", maxsplit=1)[0]
    return {
        "id": int(number) if number.isdecimal() else 5,
        "is_bot": True,
        "first_name": "dort5bot",
        "username": "dort5bot_local",
    }


def _loopback(host: str) -> str:
    name = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(name).is_loopback:
            return name
    except ValueError:
        pass
    raise ValueError(f"The local Telegram listens on this machine only, so not on {host!r}.")


def _is_local(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _guard() -> None:
    """Refuse other sites' pages: a foreign Host (DNS rebinding), Origin or fetch site."""
    origin = request.headers.get("Origin")
    site = request.headers.get("Sec-Fetch-Site", "none")
    foreign = site not in ("none", "same-origin") and request.path != "/"
    if not _is_local(request.host) or foreign or (origin and origin + "/" != request.host_url):
        abort(403)


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _answer_error(error: ApiError, html: bool = False) -> Response:
    if html:
        text = f"<html><head><title>{error.code} {error.description}</title></head></html>"
        return Response(text, error.code, mimetype="text/html")
    answer = jsonify(error.json())
    answer.status_code = error.code
    if "retry_after" in error.parameters:
        answer.headers["Retry-After"] = str(error.parameters["retry_after"])
    return answer
