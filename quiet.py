"""A person's time zone, and the hours in it in which nothing rings, `23:00-07:00`."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from bot import UserError, fold

TIME = r"([01]?[0-9]|2[0-3])(?:[:.]([0-5][0-9]))?"
HOURS = re.compile(f"{TIME}-{TIME}")


def zone(words: str) -> ZoneInfo:
    """Return the zone of a name such as Europe/Berlin, or of its city alone. Raises UserError."""
    city = fold(words).replace(" ", "_")
    # Etc/GMT+3 is three hours behind, not what somebody who writes gmt+3 means.
    every = [name for name in available_timezones() if not name.startswith("Etc/")]
    named = max((name for name in every if city in names(name)), default=words)
    try:
        return ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UserError(
            "Böyle bir saat dilimi yok; Europe/Berlin ya da Berlin gibi yazılır.",
            "There is no such time zone; it is like Europe/Berlin or Berlin.",
        ) from None


def names(zone: str) -> tuple[str, str]:
    """Return what a zone may be called: its whole name and its city, in small letters."""
    return zone.lower(), zone.lower().rpartition("/")[2]


def read(word: str) -> str:
    """Return hours such as 23-07 or 22:30-8 in their normal form. Raises UserError."""
    told = HOURS.fullmatch(word)
    if told is None:
        raise UserError("Sessiz saatler 23-07 gibi yazılır.", "Quiet hours are like 23-07.")
    first, last = (f"{int(told[i]):02}:{told[i + 1] or '00'}" for i in (1, 3))
    if first == last:
        raise UserError("Başı ve sonu aynı olamaz.", "They cannot end when they begin.")
    return f"{first}-{last}"


def until(hours: str, zone: ZoneInfo, at: int) -> int | None:
    """Return when the quiet hours around an instant end, both in ms; None outside of them."""
    if not hours:
        return None
    local = datetime.fromtimestamp(at / 1000, zone)
    first, last = hours.split("-")
    inside = (first <= f"{local:%H:%M}") + (f"{local:%H:%M}" < last) + (last < first) == 2
    if not inside:
        return None
    hour, minute = map(int, last.split(":"))
    end = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    if end.timestamp() * 1000 <= at:
        end += timedelta(days=1)
    return int(end.timestamp() * 1000)
