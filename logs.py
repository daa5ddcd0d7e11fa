"""The log: plain lines or JSON, no secret in any of them, and what each was written about."""

import json
import logging
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from urllib.parse import quote

TOKEN_SHAPE = re.compile(r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{30,}")
MASK = "***"
QUIET = ("urllib3", "TeleBot", "waitress", "requests_cache")
REQUEST: ContextVar[str] = ContextVar("request", default="")


@contextmanager
def about(what: str) -> Iterator[None]:
    """Let every line written meanwhile in this thread name what it is about."""
    before = REQUEST.set(what)
    try:
        yield
    finally:
        REQUEST.reset(before)


class Redactor:
    """Replace every known secret, and whatever looks like a bot token, in a text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: set[str] = set()
        for value in secrets:
            self.add(value)

    def add(self, value: str) -> None:
        """Hide this value from now on, percent-encoded too."""
        if len(value) >= 4:
            self._secrets |= {value, quote(value, safe="")}

    def secrets(self) -> frozenset[str]:
        """Return what is hidden."""
        return frozenset(self._secrets)

    def __call__(self, words: str) -> str:
        for value in sorted(self._secrets, key=len, reverse=True):
            words = words.replace(value, MASK)
        return TOKEN_SHAPE.sub(MASK, words)


class PlainFormatter(logging.Formatter):
    """Format a record with its traceback and what it is about, and hide the secrets in it."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s%(request)s: %(message)s")
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        record.request = f" [{REQUEST.get()}]" if REQUEST.get() else ""
        return self._redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """Format a record as one line of JSON, the secrets hidden in every value.

    `request` is what the line is about: an update, a job; `intent` the order it tells of.
    """

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        error = self.formatException(record.exc_info) if record.exc_info else None
        line = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": record.threadName,
            "request": REQUEST.get() or None,
            "intent": getattr(record, "intent", None),
            "message": record.getMessage(),
            "error": error,
        }
        hidden = {k: self._redact(v) if isinstance(v, str) else v for k, v in line.items()}
        return json.dumps({k: v for k, v in hidden.items() if v is not None}, ensure_ascii=False)


FORMATTERS = {"text": PlainFormatter, "json": JsonFormatter}


def start_logging(level: str, form: str, secrets: Iterable[str]) -> Redactor:
    """Send every record and uncaught exception to standard error, as text or json.

    Return what hides the secrets in them, so that more can be added.
    """
    redact, handler = Redactor(secrets), logging.StreamHandler()
    handler.setFormatter(FORMATTERS[form](redact))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    log = logging.getLogger("dort5bot")
    sys.excepthook = lambda *error: log.critical("uncaught", exc_info=error)
    threading.excepthook = lambda args: log.critical(
        "uncaught in %s", args.thread, exc_info=args.exc_value
    )
    return redact
