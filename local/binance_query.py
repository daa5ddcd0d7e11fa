"""What Binance's requests say and how it refuses them: parameters, error codes and texts."""

import json
import re
from collections.abc import Iterable
from typing import NamedTuple

from local.markets import compact

ERRORS = {
    -1003: "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
    "Please use WebSocket Streams for live updates to avoid polling the API.",
    -1020: "This operation is not supported.",
    -1100: "Illegal characters found in parameter '{}'; legal range is '{}'.",
    -1101: "Duplicate values for a parameter detected.",
    -1102: "Mandatory parameter '{}' was not sent, was empty/null, or malformed.",
    -1104: "Not all sent parameters were read; read '{}' parameter(s) but was sent '{}'.",
    -1105: "Parameter '{}' was empty.",
    -1120: "Invalid interval.",
    -1121: "Invalid symbol.",
    -1122: "Invalid symbolStatus.",
    -1128: "Combination of optional parameters invalid.",
    -1130: "Data sent for parameter '{}' is not valid.",
    -1139: "Invalid ticker type.",
    -1151: "Symbol is present multiple times in the list.",
    -1220: "The symbol's status does not match the requested symbolStatus.",
    -2014: "API-key format invalid.",
    -2015: "Invalid API-key, IP, or permissions for action.",
}
LEGAL_SYMBOL = r"^[\w\-._&&[^a-z]]{1,50}$"
LEGAL_NUMBER = "^[0-9]{1,20}$"


class Refused(Exception):
    """Carry the status and body of an error answer."""

    def __init__(self, code: int, *words: object, status: int = 400) -> None:
        super().__init__(ERRORS[code].format(*words))
        self.code = code
        self.status, self.body = status, compact({"code": code, "msg": str(self)})


class Query(NamedTuple):
    """Read a request's parameters as the exchange does."""

    sent: dict[str, str]
    now_ms: int

    def text(self, name: str) -> str | None:
        """Return a parameter or None where it was not sent."""
        if self.sent.get(name) == "":
            raise Refused(-1105, name)
        return self.sent.get(name)

    def number(self, name: str, default: int | None = None) -> int | None:
        """Return a whole number."""
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch("[0-9]{1,20}", value):
            raise Refused(-1100, name, LEGAL_NUMBER)
        return int(value)

    def limit(self, default: int, most: int) -> int:
        """Return how many rows are wanted; too many are cut, none are refused."""
        value = self.number("limit", default)
        if not value:
            raise Refused(-1130, "limit")
        return min(value, most)

    def time(self, name: str) -> int | None:
        """Return an instant in ms; one in microseconds is taken too."""
        value = self.number(name)
        return value // 1000 if value and value >= 10**14 else value

    def choice(self, name: str, known: Iterable[str], code: int) -> str | None:
        """Return one of the known words or None where none was sent."""
        value = self.text(name)
        if value is not None and value not in known:
            raise Refused(code, name)
        return value

    def symbol(self) -> str | None:
        """Return the symbol, not yet known to exist."""
        value = self.text("symbol")
        if value is not None and (
            not re.fullmatch(r"[\w\-.]{1,50}", value) or re.search("[a-z]", value)
        ):
            raise Refused(-1100, "symbol", LEGAL_SYMBOL)
        return value

    def names(self, name: str) -> list[str] | None:
        """Return a compact JSON list of names, or None where it was not sent."""
        value = self.text(name)
        if value is None:
            return None
        name_ = r'"[^\Wa-z][\w\-.]{0,49}"'
        if not re.fullmatch(rf"\[({name_}(,{name_})*)?\]", value):
            raise Refused(-1100, name, r'^\[("[\w\-._&&[^a-z]]{1,50}"(,"...")*)?\]$')
        return json.loads(value)

    def zone(self) -> int:
        """Return a time zone's lead on UTC in ms; only whole hours are stood in for."""
        value = self.text("timeZone") or "0"
        found = re.fullmatch(r"([+-]?)(\d{1,2})(:00)?", value)
        hours = int(found[1] + found[2]) if found else 99
        if not -12 <= hours <= 14:
            raise Refused(-1130, "timeZone")
        return hours * 3_600_000

    def window(self) -> int:
        """Return the minutes of a window: 1m … 59m, 1h … 23h, 1d … 7d."""
        value = self.text("windowSize") or "1d"
        found = re.fullmatch(r"([1-9]\d?)([mhd])", value)
        most, minutes = {"m": (59, 1), "h": (23, 60), "d": (7, 1440)}[found[2] if found else "m"]
        if not found or int(found[1]) > most:
            raise Refused(-1130, "windowSize")
        return int(found[1]) * minutes
