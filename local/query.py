"""One call of the Bot API: its parameters as the real server reads them, and its errors."""

import io
import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from flask import Request
from werkzeug.formparser import parse_form_data

MAX_TEXT_BYTES = 1 << 15
YES = ("true", "yes", "1")
BARE_FILE_NAME = (
    rb'(--%s\r\nContent-Disposition: form-data; name="[^"\r\n]*"; filename=)'
    rb'([^"\r\n][^\r\n]*)'
)


class ApiError(Exception):
    """An answer with ok = false."""

    def __init__(self, code: int, description: str, **parameters: int):
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def json(self) -> dict:
        """The body of the answer."""
        body = {"ok": False, "error_code": self.code, "description": self.description}
        return {**body, "parameters": self.parameters} if self.parameters else body


class Upload(NamedTuple):
    """A file part of a multipart request."""

    name: str
    data: bytes


class Query:
    """Parameters and files of one call; every parameter is text, as on the wire."""

    def __init__(self, values: Mapping[str, object], files: Mapping[str, Upload] | None = None):
        self.values = {key: _wire(value) for key, value in values.items() if value is not None}
        self.files = dict(files or {})

    def text(self, name: str) -> str:
        """A parameter, or ""; raises ApiError for text that is not Unicode."""
        value = self.values.get(name, "")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise bad("strings must be encoded in UTF-8") from None
        return value

    def number(
        self, name: str, default: int = 0, low: int = -(1 << 31), high: int = 1 << 31
    ) -> int:
        """An integer parameter brought between low and high; anything else counts as 0."""
        value = self.text(name).strip()
        if not value:
            return default
        return min(max(integer(value) or 0, low), high)

    def flag(self, name: str) -> bool:
        """A boolean parameter."""
        return self.text(name).lower() in YES

    def json(self, name: str, what: str) -> object:
        """A parameter in JSON, None if it is missing; raises ApiError naming what it should be."""
        value = self.text(name)
        if not value:
            return None
        try:
            given = json.loads(value)
            json.dumps(given, ensure_ascii=False, allow_nan=False).encode()
            return given
        except (ValueError, RecursionError):
            raise bad(f"can't parse {what} JSON object") from None


def read(request: Request) -> Query:
    """The call in an HTTP request: query string, then a form, multipart or JSON body over it."""
    values: dict[str, object] = {**request.args}
    if request.is_json:
        body = request.get_json(silent=True)
        return Query(values | body if isinstance(body, dict) else values)
    body = request.get_data(cache=False)
    boundary = request.mimetype_params.get("boundary", "").encode()
    if boundary:
        body = re.sub(BARE_FILE_NAME % re.escape(boundary), rb'\1"\2"', body)
    environ = {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    _, form, files = parse_form_data(request.environ | environ)
    uploads = {name: Upload(part.filename or name, part.read()) for name, part in files.items()}
    return Query(values | form.to_dict(), uploads)


def bad(description: str) -> ApiError:
    """The 400 answer with this text."""
    return ApiError(400, f"Bad Request: {description}")


def integer(text: str) -> int | None:
    """A whole number of at most 18 digits, or None."""
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18):
        return None
    return int(text)


def _wire(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
