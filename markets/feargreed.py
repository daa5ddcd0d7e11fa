"""alternative.me's fear and greed index, one value a day."""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any, NamedTuple

from net import Endpoint, Route
from shapes import need, text

from .figures import Params, once

TURKISH = {
    "Extreme Fear": "Aşırı Korku",
    "Fear": "Korku",
    "Neutral": "Nötr",
    "Greed": "Açgözlülük",
    "Extreme Greed": "Aşırı Açgözlülük",
}


class Mood(NamedTuple):
    """The index of a day, 0 (fear) to 100 (greed), and the class the source puts it in."""

    day: date
    value: int
    label: str


def whole(value: Any) -> int:
    """Return a whole number that may be written as text. Raises ValueError."""
    need(isinstance(value, str | int) and not isinstance(value, bool), "not a whole number")
    return int(value)


def mood(row: Any) -> Mood:
    """Read the index of one day."""
    value = whole(row["value"])
    need(0 <= value <= 100, "an index beyond its scale")
    second = whole(row["timestamp"])
    need(0 < second < 1e11, "no instant")
    day = datetime.fromtimestamp(second, UTC).date()
    return Mood(day, value, text(row["value_classification"]))


def moods(body: Any, _served: float, _params: Params) -> tuple[Mood, ...]:
    """Read the index, the newest day first."""
    need(body["metadata"]["error"] is None, f"{body['metadata']['error']}")
    found = tuple(map(mood, body["data"]))
    need(found, "no days")
    need(all(a.day > b.day for a, b in pairwise(found)), "days do not fall")
    return found


def route(days: int) -> Route:
    """Return the way to the index of the last days, all of its history for 0."""
    return Route(FEAR_GREED, {"limit": days})


HOSTS = {"feargreed": ("fear_greed_url", 30, "")}
ENDPOINTS = (Endpoint("feargreed", ("feargreed",), "/fng/", once, moods, 1800),)
(FEAR_GREED,) = ENDPOINTS
