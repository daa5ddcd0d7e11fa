"""Alarms as text: as they are typed, and as short codes that others can take.

A code holds what is typed and nothing else: no ids, no chat, no name of whose it was.
"""

import base64
import binascii
import itertools
import re
import zlib

import alarm_grammar
from alarm_grammar import DAY, UNITS
from alarm_rows import Alarm
from alarms import line
from bot import UserError
from vault import LIKE_A_KEY

CODE = re.compile(r"[A-Za-z0-9_-]{12,2000}")
LONGEST, CHECK, MOST = 2000, 3, 9999
TURKISH = {"repeat": "tekrar", "until": "bitiş", "band": "bant", "level": "seviye"}
TURKISH |= {"urgent": "acil", "silent": "sessiz"}
BROKEN = ("Bu kod bozuk ya da eksik.", "This code is broken or incomplete.")


def written(alarm: Alarm, now: int, lang: str = "en") -> str:
    """Return an alarm as it is typed, with its options, what is left until its end included."""
    words = ["repeat", spelled(alarm.cooldown)] if alarm.cooldown is not None else []
    words += ["until", spelled(alarm.until - now)] if alarm.until else []
    words += [alarm.severity] * (alarm.severity != "normal") + ["level"] * alarm.steady
    names = TURKISH if lang == "tr" else {}
    told = (names.get(word, word) for word in words + banded(alarm))
    return " ".join([line(alarm, lang), *told])


def spelled(span: int) -> str:
    """Return a time in ms as 15m, 36h or 20d, at least a minute and never shorter."""
    for mark in "mh" if span % UNITS["h"] else "h":
        size = max(1, -(-span // UNITS[mark]))
        if size <= MOST:
            return f"{size}{mark}"
    return f"{-(-span // DAY)}d"


def banded(alarm: Alarm) -> list[str]:
    """Return a band as it is typed, nothing where it is the usual one."""
    usual = alarm_grammar.band(alarm, None, float)
    level = abs(float(alarm.text.split()[1])) if alarm.kind != "formula" else 0.0
    if not level or abs(alarm.band - usual) <= 1e-9 * level:
        return []
    share = f"{min(50.0, 100 * alarm.band / level):.10f}".rstrip("0").rstrip(".")
    return ["band", f"%{share}"] if float(share) > 0 else []


def code(alarm: Alarm, now: int) -> str:
    """Return an alarm as a code in one word that nobody takes for a key of an exchange."""
    text = written(alarm, now).encode()
    words = (packed(text + b" " * more) for more in itertools.count())
    return next(word for word in words if not LIKE_A_KEY.search(word))


def packed(text: bytes) -> str:
    """Return a text as a code."""
    squeezed = zlib.compressobj(9, wbits=-15)
    body = squeezed.compress(text) + squeezed.flush()
    return base64.urlsafe_b64encode(checked(body) + body).decode().rstrip("=")


def checked(body: bytes) -> bytes:
    """Return the bytes that tell whether a code came whole."""
    return zlib.crc32(body).to_bytes(4, "big")[:CHECK]


def decoded(word: str) -> str:
    """Return what was typed for the alarm of a code. Raises UserError."""
    try:
        if not CODE.fullmatch(word):
            raise ValueError
        raw = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
        check, body = raw[:CHECK], raw[CHECK:]
        opened = zlib.decompressobj(wbits=-15)
        text = opened.decompress(body, LONGEST).decode()
        if check != checked(body) or not opened.eof or opened.unused_data or not text.isprintable():
            raise ValueError
    except (ValueError, binascii.Error, zlib.error):
        raise UserError(*BROKEN) from None
    return text


def lines(text: str) -> list[str]:
    """Return what a file or a message asks for, an alarm or a code each; `#` begins a remark."""
    rows = (row.split(" #")[0].strip() for row in text.lstrip("\ufeff").splitlines())
    return [row for row in rows if row and not row.startswith("#")]


def typed(row: str) -> str:
    """Return a line as it was typed, that of a code too. Raises UserError."""
    return decoded(row) if CODE.fullmatch(row) else row
