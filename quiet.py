"""Hours in which nothing rings, `23:00-07:00` in a person's own time zone."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot import UserError

TIME = r"([01]?[0-9]|2[0-3])(?:[:.]([0-5][0-9]))?"
HOURS = re.compile(f"{TIME}-{TIME}")


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
