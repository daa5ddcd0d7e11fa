"""What people type to be told something, `hepsi 1h rsi < 30 tekrar 4h`, as an alarm."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from math import isfinite
from typing import Any, NamedTuple

import formula
from alarm_rows import Alarm
from alarms import INDICES
from bot import INTERVALS, UserError, coin, decimal, fold
from orders import BUY, SELL, ZERO, Follow, amount, followed
from verdicts import both
from vocabulary import WORDS, FormulaError, number_text

DAY, MOST_COINS, LEAST, MOST_LOSS = 86_400_000, 50, Decimal("0.1"), Decimal(90)
UNITS = {"m": 60_000, "dk": 60_000, "h": 3_600_000, "sa": 3_600_000, "d": DAY, "g": DAY}
UNITS |= {"gun": DAY, "w": 7 * DAY, "hf": 7 * DAY}
SIZES = {"": 1.0, "k": 1e3, "m": 1e6}
NUMBER = r"([0-9]{1,12}(?:[.,][0-9]{1,12}){0,4})"
COMPARED = re.compile(rf"(>=|<=|>|<)\s*(-?){NUMBER}([km]?)")
LONE = re.compile(rf"[%+-]*{NUMBER}[km%]?(?:\s+[^\W\d].*)?")
THOUSANDS = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
SIGN = re.compile(r"([<>]=?)")
MOVED = re.compile(rf"(?:%([+-]?){NUMBER}|([+-]?){NUMBER}%)\s+(\w+)")
EVERYBODY = {"hepsi": "all", "all": "all", "tumu": "all"}
EVERYBODY |= dict.fromkeys(("favoriler", "favori", "fav", "favourites"), "favourites")
NAMED = {**{name: name for name in INDICES}, "korku": "fg", "dominans": "dom", "btc.d": "dom"}
# How far a number must go back before it fires again, as a share of the line or in points.
PRICE_BAND, MOVE_BAND, RATE_BAND, POINTS = 0.003, 0.1, 0.05, 1.0


class Options(NamedTuple):
    """What is asked for beside the condition; `band` as typed: a share, or so many ATR.

    `follow` is an orders.Follow as text, "" for none, None where nothing is said of it.
    """

    cooldown: int | None = None
    until: int | None = None
    severity: str = "normal"
    confirm: bool = False
    steady: bool = False
    band: tuple[float, str] | None = None
    follow: str | None = None


USUAL = Options()._asdict()


def read(
    words: Sequence[str],
    blank: Alarm,
    mine: Mapping[str, str],
    sources: Any,
    atr: Callable[[str], float],
    usual: str = "",
) -> Alarm:
    """Return the alarm that words ask for, in the place of `blank`, whose `made` is now.

    Options that are not named stay as they are there; `usual` is the band of a price without one.
    `mine` are the user's own formulas, `sources` a sources.Sources, `atr` tells a coin's range.
    Raises UserError.
    """
    rest, asked = options(words, blank.made)
    alarm = condition(rest, blank, mine, sources, asked.confirm)
    named = ("cooldown", "until", "severity", "steady", "follow")
    own = {name: value for name in named if (value := getattr(asked, name)) != USUAL[name]}
    alarm = alarm._replace(snooze=None, **own)
    if alarm.follow:
        followable(alarm)
    chosen = asked.band or (banded(usual) if usual and fitting(alarm, usual) else None)
    return alarm._replace(band=band(alarm, chosen, atr))


def fitting(alarm: Alarm, usual: str) -> bool:
    """Tell whether a person's usual band is one for this alarm."""
    return alarm.kind == "price" and (len(alarm.symbols) == 1 or not usual.endswith("atr"))


def affordable(every: Iterable[Alarm]) -> None:
    """Raise FormulaError where one user's alarms together cost too much."""
    texts = {alarm.text for alarm in every if alarm.kind == "formula"}
    found = list[formula.Formula]()
    for text in texts:
        with suppress(FormulaError):
            found.append(both(text)[0])
    formula.check_together(found)


def options(words: Sequence[str], now: int) -> tuple[list[str], Options]:
    """Return the words without the options among them, and these. Raises UserError."""
    rest, found, waiting = list[str](), Options(), list(words)
    while waiting:
        word = fold(waiting.pop(0))
        following = fold(waiting[0]) if waiting else ""
        if word in ("tekrar", "repeat"):
            again = duration(following)
            found = found._replace(cooldown=again or UNITS["h"])
            del waiting[: again is not None]
        elif word in ("bitis", "until"):
            found = found._replace(until=now + needed(duration(waiting.pop(0) if waiting else "")))
        elif word in ("bant", "band"):
            found = found._replace(band=banded(waiting.pop(0) if waiting else ""))
        elif word in ("sonra", "then"):
            found = found._replace(follow=ordered(waiting))
        elif word in FLAGS:
            found = flagged(found, *FLAGS[word])
        else:
            rest.append(words[len(words) - len(waiting) - 1])
    return rest, found


FLAGS: Mapping[str, tuple[str, Any]] = {
    **dict.fromkeys(("sessiz", "silent"), ("severity", "silent")),
    **dict.fromkeys(("acil", "urgent"), ("severity", "urgent")),
    **dict.fromkeys(("onay:kapanis", "confirm:close"), ("confirm", True)),
    **dict.fromkeys(("seviye", "level"), ("steady", True)),
}


def flagged(found: Options, name: str, value: Any) -> Options:
    """Return options with one more word among them. Raises UserError where two contradict."""
    if name == "severity" and found.severity not in (Options().severity, value):
        raise UserError(
            "Bir alarm ya acil ya sessiz olur; birini yazın.",
            "An alarm is either urgent or silent; say one.",
        )
    return found._replace(**{name: value})


def ordered(waiting: list[str]) -> str:
    """Take the words of a following order off a list; return it as text. Raises UserError."""
    verb = fold(waiting.pop(0)) if waiting else ""
    if verb in ("yok", "none"):
        return ""
    much, guards = amount(waiting.pop(0) if waiting else ""), list[Decimal]()
    if verb not in SIDES or much is None:
        raise UserError(
            "Alarmın emri sonra al 100 %5 %2 ya da sonra sat %50 gibi yazılır.",
            "An alarm's order is like then buy 100 %5 %2 or then sell %50.",
        )
    while waiting and len(guards) < 2 and SIDES[verb] == BUY:
        share = amount(waiting[0])
        if share is None or share.unit != "%":
            break
        guards.append(share.number)
        waiting.pop(0)
    return Follow(SIDES[verb], much, *guards).text


SIDES = {"al": BUY, "buy": BUY, "sat": SELL, "sell": SELL}


def followable(alarm: Alarm) -> None:
    """Raise UserError where an alarm cannot make the order that shall follow it."""
    wanted = followed(alarm.follow)
    if not alarm.symbols or alarm.kind in INDICES:
        raise UserError(
            "Emri izleyecek alarm adı yazılan coinler için olmalı: /alarm btc > 70000 sonra al 100",
            "An order follows an alarm of named coins only: /alarm btc > 70000 then buy 100",
        )
    units = {"", "%", "USDT"} | ({coin(alarm.symbols[0])} if len(alarm.symbols) == 1 else set())
    guards = [one for one in (wanted.target, wanted.loss) if one is not None]
    near = min(guards, default=LEAST) < LEAST
    if wanted.amount.unit not in units or near or (wanted.loss or ZERO) > MOST_LOSS:
        raise UserError(
            "Emrin miktarı 100, %50 ya da 0.5btc gibi, hedefi en az %0.1, zararı %0.1–%90 olur.",
            "The order's amount is like 100, %50 or 0.5btc, its target 0.1% or more, its loss "
            "0.1% to 90%.",
        )


def duration(word: str) -> int | None:
    """Return how long a word such as 15m, 1sa or 7g is in ms, None for another word."""
    told = re.fullmatch(r"([0-9]{1,4})([a-z]{1,3})", fold(word))
    return int(told[1]) * UNITS[told[2]] if told and told[2] in UNITS and int(told[1]) else None


def needed(span: int | None) -> int:
    """Return a duration. Raises UserError where there is none or it is over a year."""
    if span is None or span > 366 * DAY:
        raise UserError("Süre 15m, 4h ya da 7g gibi yazılır.", "Say how long like 15m, 4h or 7d.")
    return span


def banded(word: str) -> tuple[float, str]:
    """Return a band as typed: %0.5 or 0.5atr. Raises UserError."""
    told = re.fullmatch(rf"%?{NUMBER}(%|atr)?", fold(word))
    size = value(told[1]) if told else 0.0
    if told is None or not 0 < size <= 50:
        raise UserError("Bant %0.5 ya da 0.5atr gibi yazılır.", "A band is like %0.5 or 0.5atr.")
    return (size, "atr") if told[2] == "atr" else (size / 100, "share")


def band_text(word: str) -> str:
    """Return a band as typed in its normal form. Raises UserError."""
    size, unit = banded(word)
    return f"{size:g}atr" if unit == "atr" else f"%{100 * size:g}"


def value(word: str) -> float:
    """Return a number written with a point or a comma. Raises UserError."""
    plain = decimal(word)
    if plain is None:
        raise UserError(
            f"“{word[:20]}” bir sayı değil: binlik ayırmadan, 70000 ya da 0.5 gibi yazın.",
            f"“{word[:20]}” is not a number: such as 70000 or 0.5, thousands not set apart.",
        )
    return float(plain)


def condition(
    words: Sequence[str], blank: Alarm, mine: Mapping[str, str], sources: Any, confirm: bool
) -> Alarm:
    """Return what words without options ask for. Raises UserError."""
    words = SIGN.sub(r" \1 ", " ".join(words)).split()
    first = fold(words[0]) if words else ""
    if first in NAMED:
        return blank._replace(kind=NAMED[first], targets="", text=compared(" ".join(words[1:])))
    fr = first == "fr"
    targets, rest = targeted(words[fr:], sources)
    blank, text = blank._replace(targets=targets), " ".join(rest)
    if fr:
        return blank._replace(kind="fr", text=compared(text))
    if (told := COMPARED.fullmatch(fold(text))) and not confirm:
        unmistaken(told[3] + told[4], blank.symbols, sources)
        return blank._replace(kind="price", text=compared(text))
    if moved := MOVED.fullmatch(fold(text)):
        return changed(blank, moved)
    interval, text = framed(rest)
    if COMPARED.fullmatch(fold(text)):
        text = compared(text)
    return of_formula(blank, text, interval, mine)


def unmistaken(word: str, symbols: Iterable[str], sources: Any) -> None:
    """Raise UserError for 52.028 where no coin's price has thousandths: it may be thousands."""
    digits = [sources.digits(symbol) for symbol in symbols]
    if THOUSANDS.fullmatch(word) and digits and max(digits) < 3:
        whole, part = re.sub("[.,]", "", word), f"{value(word):.2f}"
        raise UserError(
            f"“{word}” iki türlü okunur: {whole} ya da {part} yazın.",
            f"“{word}” may mean two numbers: write {whole} or {part}.",
        )


def framed(words: Sequence[str]) -> tuple[str, str]:
    """Return the timeframe that words begin or end with, else 1h, and the rest as a text."""
    for place, rest in ((0, words[1:]), (-1, words[:-1])):
        if words and words[place].lower() in INTERVALS:
            return words[place].lower(), " ".join(rest)
    return "1h", " ".join(words)


def of_formula(blank: Alarm, text: str, interval: str, mine: Mapping[str, str]) -> Alarm:
    """Return an alarm of a formula. Raises UserError."""
    lone = LONE.fullmatch(fold(text))
    whole = f"close {text}" if text.startswith((">", "<")) else text
    made = formula.compile(whole, mine) if text and not lone else None
    if made is None or not made.condition:
        raise UserError(
            "Koşul > 70000, %5 15m ya da 4h rsi < 30 gibi yazılır.",
            "A condition is like > 70000, %5 15m or 4h rsi < 30.",
        )
    return blank._replace(kind="formula", text=made.text, interval=interval)


def compared(text: str) -> str:
    """Return a sign and a number in their normal form. Raises UserError."""
    told = COMPARED.fullmatch(fold(text.strip()))
    if told is None:
        raise UserError("Sınır > 75 gibi yazılır.", "A line is written like > 75.")
    number = value(told[3]) * SIZES[told[4]]
    return f"{told[1]} {told[2]}{number_text(float(f'{number:.12g}'))}"


def changed(blank: Alarm, moved: re.Match[str]) -> Alarm:
    """Return an alarm of a change in percent over a window. Raises UserError."""
    sign, size = moved[1] or moved[3] or "", value(moved[2] or moved[4])
    if moved[5] not in INTERVALS or INTERVALS[moved[5]] > DAY or not 0 < size <= 1000:
        raise UserError(
            "Değişim %5 15m gibi yazılır; süre 1m–1d olur.",
            "A change is written like %5 15m; the time is 1m to 1d.",
        )
    kind = {"": "move", "+": "rise", "-": "fall"}[sign]
    text = f"< -{size:.12g}" if kind == "fall" else f"> {size:.12g}"
    return blank._replace(kind=kind, text=text, interval=moved[5])


def targeted(words: Sequence[str], sources: Any) -> tuple[str, Sequence[str]]:
    """Return the targets that words begin with, and what follows. Raises UserError."""
    first = fold(words[0]) if words else ""
    if first in EVERYBODY:
        return EVERYBODY[first], words[1:]
    if first in ("top", "ilk"):
        if len(words) < 2 or not re.fullmatch(r"[1-9][0-9]{0,2}", words[1]):
            raise UserError("İlk kaç coin? top 50 gibi.", "The top how many? Like top 50.")
        return f"top {words[1]}", words[2:]
    if words:
        words = [*filter(None, words[0].split(",")), *words[1:]]
    if not words or not re.fullmatch(r"[\w/-]{1,20}", words[0]):
        raise UserError("Hangi coin?", "Which coin?")
    symbols, place = [sources.symbol(words[0])], 1
    while place < len(words) and place < MOST_COINS and also(words[place], sources):
        symbols.append(sources.symbol(words[place]))
        place += 1
    return " ".join(dict.fromkeys(symbols)), words[place:]


def also(word: str, sources: Any) -> bool:
    """Tell whether a word behind a coin is another coin rather than of a condition."""
    if word.lower() in INTERVALS or fold(word) in WORDS or not re.fullmatch(r"\w{2,20}", word):
        return False
    return not word.isdecimal() and sources.known(word) is not None


def band(alarm: Alarm, asked: tuple[float, str] | None, atr: Callable[[str], float]) -> float:
    """Return how far an alarm's number must go back before it fires again. Raises UserError."""
    if alarm.kind == "formula":
        return 0.0
    level = abs(float(alarm.text.split()[1]))
    if asked and asked[1] == "atr":
        if alarm.kind != "price" or len(alarm.symbols) != 1:
            raise UserError("ATR bandı tek coinin fiyatı içindir.", "An ATR band is for one price.")
        size = asked[0] * atr(alarm.symbols[0])
        if not isfinite(size):
            raise UserError(
                "ATR'si bilinmiyor; bandı %0.5 gibi verin.",
                "Its ATR is not known; give a band like %0.5.",
            )
        return size
    if asked:
        return asked[0] * level
    shares = {"price": PRICE_BAND, "fr": RATE_BAND}
    return POINTS if alarm.kind in INDICES else shares.get(alarm.kind, MOVE_BAND) * level
