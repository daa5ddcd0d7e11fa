"""The words every command uses: Ctx, Reply, UserError, and answer(), the one way in."""

import difflib
import html
import logging
import math
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import IO, Any

from meters import Meters
from roles import FORWARDED, LACKING, READER, User

log = logging.getLogger("dort5bot")

_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_TIMES = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d", "1w")
INTERVALS = {frame: int(frame[:-1]) * _UNITS[frame[-1]] for frame in _TIMES}
FRAMES = ("15m", "1h", "4h", "1d")
MAX_COINS = 60
UNKNOWN = "—"
REFRESH = "↻"
_GROUPED = re.compile(r"[0-9]{1,3}([.,])[0-9]{3}(?:\1[0-9]{3})*(?:(?!\1)[.,][0-9]{1,15})?")
_FOLD = str.maketrans("ıİşŞğĞüÜöÖçÇ", "iissgguuoocc")


class UserError(Exception):
    """Tell a person what is wrong, in both languages."""

    def __init__(self, tr: str, en: str) -> None:
        super().__init__(en)
        self.tr, self.en = tr, en


@dataclass(frozen=True)
class Reply:
    """Say one thing: HTML text with buttons, a picture or a file; `edit` replaces the one before.

    A button is (label, command line); a `keyboard` without words goes away. `failed` is 1 for a
    refusal, 2 for a failure. A `passing` one is said until the next comes, and need not be; a
    `silent` text or file makes no sound. A big file is an open one; a `pinned` one is found again.
    """

    text: str = ""
    buttons: tuple[tuple[tuple[str, str], ...], ...] | list = ()
    photo: bytes | None = None
    file: tuple[str, bytes | IO[bytes]] | None = None
    keyboard: tuple[tuple[str, ...], ...] = ()
    edit: bool = False
    failed: int = 0
    passing: bool = False
    silent: bool = False
    pinned: bool = False


@dataclass(frozen=True)
class Chat:
    """Where a message came from: private, group, supergroup or channel, and its topic there."""

    id: int = 0
    kind: str = "private"
    topic: int | None = None


@dataclass(frozen=True)
class Command:
    """A loaded command file, `more` its manual as HTML; `error` says why it does not load."""

    name: str
    run: Callable[[Any], Any] | None
    tr: str = ""
    en: str = ""
    aliases: tuple[str, ...] = ()
    group: str = "tools"
    role: str = READER
    secret: bool = False
    heavy: bool = False
    always: bool = False
    more: tuple[str, str] = ("", "")
    error: str = ""

    def about(self, lang: str) -> tuple[str, str]:
        """Return what it does and its usage in a language."""
        what, _, usage = (self.tr if lang == "tr" else self.en).rpartition(": /")
        return what or usage, f"/{usage}" if what else f"/{self.name}"


def fold(word: str) -> str:
    """Return a word in small ASCII letters, Turkish ones folded."""
    return word.translate(_FOLD).lower()


def decimal(word: str) -> str | None:
    """Return a number as typed, its decimals behind a point; None for none, and for 70.000."""
    marks = re.findall("[.,]", word)
    if len(marks) > 1 and _GROUPED.fullmatch(word):
        word = word.replace(marks[0], "")
    elif re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{2}0", word):
        return None
    return word.replace(",", ".") if re.fullmatch(r"[0-9]{1,15}([.,][0-9]{1,15})?", word) else None


def grouped(value: float, digits: int, lang: str) -> str:
    """Return a number with thousands and decimals in the language's marks, — where unknown."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    words = f"{value:,.{digits}f}"
    if not words.strip("-0.,"):
        words = words.lstrip("-")
    return words.translate(str.maketrans(",.", ".,")) if lang == "tr" else words


@dataclass(frozen=True)
class Ctx:
    """What a command is given: what was typed, by whom, when (`asked`), with which file, where.

    What is `forwarded` may be another's words.
    """

    args: tuple[str, ...] = ()
    name: str = ""
    usage: tuple[str, str] = ("", "")
    user: User = User()  # noqa: RUF009 frozen
    chat: Chat = Chat()
    now: int = 0
    sources: Any = None
    db: Any = None
    workers: Any = None
    desk: Any = None
    config: Any = None
    redact: Callable[[str], str] = str
    meters: Meters = field(default_factory=Meters)
    commands: Mapping[str, Command] = field(default_factory=dict)
    said: str = ""
    attached: Callable[[], bytes] | None = None
    telegram: Any = None
    asked: int | None = None
    forwarded: bool = False

    @property
    def lang(self) -> str:
        """Return the user's language, tr or en."""
        return self.user.lang

    @property
    def line(self) -> str:
        """Return what was typed, as a command line."""
        return " ".join((f"/{self.name}", *self.args))

    def t(self, tr: str, en: str) -> str:
        """Return the sentence in the user's language."""
        return tr if self.lang == "tr" else en

    def buttons(self, *rows: Iterable[tuple[str, str]]) -> list[list[tuple[str, str]]]:
        """Return rows of buttons that fit, at their head a ↻ that asks the same again."""
        first, *others = rows or ((),)
        wanted = [[(REFRESH, self.line), *first], *map(list, others)]
        fitting = [[(t, line) for t, line in row if len(line.encode()) <= 64] for row in wanted]
        return [row for row in fitting if row]

    def report(
        self,
        lines: Iterable[str],
        comment: str,
        reads: Iterable[Any],
        *rows: Iterable[tuple[str, str]],
        picture: bytes | None = None,
    ) -> Reply:
        """Return a report: its lines, what they mean, the age of what they rest on, buttons."""
        text = "\n".join([*lines, "", f"{self.t('Yorum', 'Comment')}: {comment}."])
        return Reply(text + self.age(*reads), self.buttons(*rows), picture)

    def frames(self, shown: str) -> list[tuple[str, str]]:
        """Return a row of buttons that ask the same of the other usual timeframes."""
        words = (f"/{self.name}", *self.words())
        return [(tf, " ".join((*words, tf))) for tf in FRAMES if tf != shown]

    def wrong(self, tr: str, en: str) -> UserError:
        """Return an error that shows the command's usage below."""
        return UserError(f"{tr}\nKullanım: {self.usage[0]}", f"{en}\nUsage: {self.usage[1]}")

    def arg(self, i: int, default: str | None = None) -> str:
        """Return the i-th word. Raises UserError where it is missing and has no default."""
        if i < len(self.args):
            return self.args[i]
        if default is None:
            raise self.wrong("Eksik bir şey var.", "Something is missing.")
        return default

    def number(
        self, i: int, default: float | None = None, low: float = -1e15, high: float = 1e15
    ) -> float:
        """Return the i-th word as a number within bounds. Raises UserError."""
        if i >= len(self.args) and default is not None:
            return default
        word = self.arg(i)
        plain = decimal(word[word[:1] in ("+", "-") :])
        if plain is None:
            raise self.wrong(
                f"“{word[:20]}” bir sayı değil: binlik ayırmadan, 70000 ya da 0.5 gibi yazın.",
                f"“{word[:20]}” is not a number: such as 70000 or 0.5, thousands not set apart.",
            )
        value = float(plain) * (-1 if word[:1] == "-" else 1)
        if not low <= value <= high:
            raise self.wrong(
                f"{word[:20]}: {low:g} ile {high:g} arasında olmalı.",
                f"{word[:20]}: must be between {low:g} and {high:g}.",
            )
        return int(value) if value.is_integer() else value

    def count(self, i: int, default: int | None = None, low: int = 1, high: int = 100) -> int:
        """Return the whole part of the i-th word, a number within bounds. Raises UserError."""
        return int(self.number(i, default, low, high))

    def interval(self, default: str) -> str:
        """Return the timeframe typed anywhere in the line, else the default."""
        return next((word.lower() for word in self.args if word.lower() in INTERVALS), default)

    def words(self) -> tuple[str, ...]:
        """Return what was typed without the timeframe."""
        return tuple(word for word in self.args if word.lower() not in INTERVALS)

    def coins(self, limit: int = MAX_COINS) -> list[str]:
        """Return the symbols asked for: named, top N by volume, favourites, or the default list.

        Raises UserError for an unknown coin, too many or none.
        """
        words = tuple(filter(None, ",".join(self.words()).split(",")))
        if len(words) == 1 and re.fullmatch(r"[0-9]{1,4}", words[0]):
            return self.sources.top(self.replaced(words).count(0, high=limit))
        if not words:
            words = tuple(self.db.favourites(self.user.id)) or self.config.scan_symbols
            words = tuple(word for word in words if self.sources.known(word))[:limit]
        if not words:
            raise self.wrong("Gösterilecek coin yok.", "There is no coin to show.")
        if len(words) > limit:
            raise self.wrong(f"En çok {limit} coin.", f"At most {limit} coins.")
        return list(dict.fromkeys(self.sources.symbol(word) for word in words))

    def dollar_coins(self, limit: int = MAX_COINS) -> list[str]:
        """Return the symbols asked for, all of them quoted in USDT. Raises UserError."""
        symbols = self.coins(limit)
        if not all(symbol.endswith("USDT") for symbol in symbols):
            raise self.wrong("Yalnız USDT çiftleri.", "USDT pairs only.")
        return symbols

    def replaced(self, args: Iterable[str]) -> "Ctx":
        """Return the same context with other words."""
        return replace(self, args=tuple(args))

    def num(self, value: float, digits: int = 2, sign: bool = False) -> str:
        """Return a number in the reader's style, with + where asked, — where unknown."""
        words = grouped(value, digits, self.lang)
        return f"+{words}" if sign and words != UNKNOWN and value > 0 else words

    def percent(self, value: float, digits: int = 2, sign: bool = False) -> str:
        """Return a percentage as the reader writes it: %1,2 or 1.2%."""
        words = self.num(value, digits, sign)
        return words if words == UNKNOWN else self.t(f"%{words}", f"{words}%")

    def short(self, value: float) -> str:
        """Return a big amount as 1,2K, 3,4M or 5,6B."""
        for limit, mark in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
            if value is not None and abs(value) >= limit * 0.99995:
                return grouped(value / limit, 1, self.lang) + mark
        return grouped(value, 1, self.lang)

    def figure(self, value: float) -> str:
        """Return a number of any size in four digits, a big one as 1,2K."""
        if not math.isfinite(value) or abs(value) >= 1e5:
            return self.short(value)
        size = math.floor(math.log10(abs(value))) if value else 0
        return self.num(value, max(0, min(10, 3 - size)))

    def money(self, value: float, sign: bool = False) -> str:
        """Return an amount of dollars as $1,2K or -$3,4M, with + where asked."""
        if not math.isfinite(value):
            return UNKNOWN
        words = self.short(abs(value))
        mark = "-" if value < 0 else "+" if sign else ""
        return f"{mark if words.strip('0.,') else ''}${words}"

    def price(self, value: float, symbol: str) -> str:
        """Return a price with the digits its tick size has."""
        return grouped(value, self.sources.digits(symbol), self.lang)

    def chance(self, p: float) -> str:
        """Return a p-value to three decimals, safe in HTML."""
        return self.num(p, 3) if not p < 0.001 else f"&lt;{self.num(0.001, 3)}"

    def rounded(self, value: float, mark: str = "") -> str:
        """Return a price whose tick size is not known in five figures, behind a currency's mark."""
        if not math.isfinite(value):
            return UNKNOWN
        digits = 4 - math.floor(math.log10(abs(value))) if value else 2
        return mark + grouped(value, max(0, min(16, digits)), self.lang)

    def move(self, value: float, digits: int = 2) -> str:
        """Return a price change in percent behind its arrow, — where unknown."""
        if not math.isfinite(value):
            return UNKNOWN
        return f"{'🔺' if value >= 0 else '🔻'}{self.num(abs(value), digits)}%"

    def arrow(self, value: float) -> str:
        """Return a score in [−1, 1] behind its arrow."""
        if not math.isfinite(value):
            return f"✖️ {UNKNOWN}"
        mark = "↗" if value > 0.15 else "↘" if value < -0.15 else "→"
        return f"{mark} {self.num(value, sign=True)}"

    def light(self, value: float, danger: bool = False) -> str:
        """Return a score of 0–100 behind its light, red when high where high means danger."""
        if not math.isfinite(value):
            return f"✖️ {UNKNOWN}"
        lights = "🟢🟡🔴" if danger else "🔴🟡🟢"
        return f"{lights[(value >= 40) + (value >= 60)]} {self.num(value, 0)}/100"

    def clock(self, ms: int, form: str = "%d.%m %H:%M") -> str:
        """Return an instant in the user's time zone."""
        return datetime.fromtimestamp(ms / 1000, self.user.zone).strftime(form)

    def ago(self, ms: int) -> str:
        """Return how long ago an instant was, in words."""
        seconds = max(0, (self.now - ms) // 1000)
        for size, tr, en in ((86400, "gün", "d"), (3600, "sa", "h"), (60, "dk", "min")):
            if seconds >= size:
                return f"{seconds // size} {self.t(tr, en)}"
        return f"{seconds} {self.t('sn', 's')}"

    def lacking(self, symbols: Iterable[str]) -> Iterator[str]:
        """Give a line that names the coins nothing is known of, none where there are none."""
        names = ", ".join(map(coin, symbols))
        if names:
            yield self.t(f"✖️ Verisi yok: {names}", f"✖️ No data: {names}")

    def age(self, *values: Any) -> str:
        """Return a closing line where data is not fresh or not from the first source."""
        stale = [v.at for v in values if v.stale]
        others = sorted({self.sources.called(v.source) for v in values if v.source})
        notes = []
        if stale:
            ago = self.ago(min(stale))
            notes.append(self.t(f"⏳ Veri {ago} önceden", f"⏳ Data is {ago} old"))
        if others:
            notes.append(self.t("Kaynak: ", "Source: ") + ", ".join(others))
        return "\n" + " · ".join(notes) if notes else ""


def coin(symbol: str) -> str:
    """Return a symbol as people say it, USDT hidden and safe in HTML."""
    return html.escape(symbol.removesuffix("USDT") or symbol)


def links(*names: str, of: str = "") -> list[tuple[str, str]]:
    """Return a row of buttons that are commands, all of them of the same coin where one is told."""
    return [(f"/{name}", f"/{name} {of}".strip()) for name in names]


def pick(word: str, commands: Mapping[str, Command]) -> tuple[Command, str, tuple[str, ...]] | None:
    """Return the command a word names, its folded name, and a number glued to it as argument."""
    name = fold(word)
    if name in commands:
        return commands[name], name, ()
    glued = re.fullmatch(r"([a-z_]+)([0-9]{1,9})", name)
    if glued and glued[1] in commands:
        return commands[glued[1]], glued[1], (glued[2],)
    return None


def parse(line: str, me: str = "") -> tuple[str, tuple[str, ...]] | None:
    """Return the command's word and its arguments; None where it is not a command or not for us."""
    words = line.split()
    if not words or not words[0].startswith("/"):
        return None
    word, _, whom = words[0][1:].partition("@")
    if whom and me and whom.lower() != me.lower():
        return None
    return word, tuple(words[1:])


def find(line: str, commands: Mapping[str, Command]) -> Command | None:
    """Return the command a line names, a secret one without its slash too, or None."""
    parsed = parse(line) or parse(f"/{line.lstrip()}")
    found = pick(parsed[0], commands) if parsed else None
    return found[0] if found and (found[0].secret or line.startswith("/")) else None


def cast(result: Any) -> Iterator[Reply]:
    """Turn what a command returned into replies: text, Reply, an iterable of these, or None."""
    if result is None:
        return
    if isinstance(result, str | Reply):
        yield Reply(result) if isinstance(result, str) else result
        return
    for item in result:
        yield from cast(item)


def refusal(ctx: Ctx, error: UserError) -> Reply:
    """Return the sentence of an error, safe in HTML."""
    return Reply(html.escape(ctx.t(error.tr, error.en), quote=False), failed=1)


def unknown(word: str, ctx: Ctx) -> Reply:
    """Return a polite answer to a word that is no command, with the nearest ones."""
    near = difflib.get_close_matches(fold(word)[:32], list(ctx.commands), n=3, cutoff=0.5)
    near = [f"t {word.lower()}"] if ctx.sources.known(word) else near
    names = ", ".join(f"/{name}" for name in near)
    tail = ctx.t(f"Şunu mu demek istediniz: {names}", f"Did you mean: {names}") if names else ""
    text = ctx.t(f"/{word[:32]} diye bir komut yok.", f"There is no command /{word[:32]}.")
    told = f"{html.escape(text, quote=False)} {tail}".strip()
    return Reply(f"{told}\n{ctx.t('/yardim', '/help')}", failed=1)


def stranger(ctx: Ctx) -> Reply:
    """Return the refusal a stranger gets, with the id the owner needs to let them in."""
    text = ctx.t(
        f"Bu bot özel. Kullanmak için kimliğinizi sahibine iletin: <code>{ctx.user.id}</code>",
        f"This bot is private. To use it, give the owner your id: <code>{ctx.user.id}</code>",
    )
    return Reply(text, failed=1)


def run(command: Command, ctx: Ctx) -> Iterator[Reply]:
    """Run a command and turn its exceptions into sentences."""
    try:
        if command.run is None:
            raise UserError(
                f"/{command.name} yüklenemedi; yöneticiye haber verildi.",
                f"/{command.name} failed to load; the admins have been told.",
            )
        yield from cast(command.run(ctx))
    except UserError as error:
        yield refusal(ctx, error)
    except Exception:
        mark = secrets.token_hex(3)
        log.exception("error %s in /%s", mark, command.name)
        text = ctx.t(
            f"Beklenmeyen hata ({mark}); kaydedildi.", f"Unexpected error ({mark}); logged."
        )
        yield Reply(text, failed=2)


def answer(line: str, ctx: Ctx, me: str = "") -> Iterator[Reply]:
    """Turn what a person typed or pressed into replies; the only way into a command."""
    private = ctx.chat.kind == "private"
    if not line.startswith("/") and private and ctx.user.allowed:
        line = bare(line.strip(), ctx)
    parsed = parse(line, me)
    if parsed is None:
        if private:
            yield plain_text(ctx, line) if ctx.user.allowed else stranger(ctx)
        return
    found = pick(parsed[0], ctx.commands)
    if found is None and not private:
        return
    if not ctx.user.allowed:
        yield stranger(ctx)
        return
    if found is None:
        yield unknown(parsed[0], ctx)
        return
    command, name, glued = found
    ctx = replace(
        ctx,
        name=name,
        args=glued + parsed[1],
        said=line,
        usage=(command.about("tr")[1], command.about("en")[1]),
    )
    yield from ctx.meters.answers(command.name, guarded(command, ctx))


def guarded(command: Command, ctx: Ctx) -> Iterator[Reply]:
    """Apply the command's policy, then run it; a heavy one answers at once and edits that."""
    if not ctx.user.may(command.role):
        yield Reply(ctx.t(*LACKING[command.role]), failed=1)
        return
    if command.role != READER and not command.secret and ctx.chat.kind != "private":
        yield Reply(ctx.t("Bu yalnız özel sohbette.", "This is for private chats only."), failed=1)
        return
    if ctx.forwarded and (command.role != READER or command.secret):
        yield Reply(ctx.t(*FORWARDED).format(command.name), failed=1)
        return
    if not command.heavy:
        yield from run(command, ctx)
        return
    yield Reply(ctx.t("hazırlanıyor…", "working on it…"), passing=True)
    for i, reply in enumerate(run(command, ctx)):
        yield replace(reply, edit=True) if i == 0 else reply


def bare(line: str, ctx: Ctx) -> str:
    """Return what a line without a slash stands for, else the line itself.

    It may be a coin's name, maybe with a timeframe, or a secret command.
    """
    if find(line, ctx.commands):
        return f"/{line}"
    word, *frame = line.split(maxsplit=2) or [""]
    framed = not frame or (len(frame) == 1 and frame[0].lower() in INTERVALS)
    known = framed and re.fullmatch(r"\w{2,20}", word) and ctx.sources.known(word)
    return f"/t {line}" if known else line


def plain_text(ctx: Ctx, line: str) -> Reply:
    """Return what to say to a text that is no command, or one without its slash."""
    meant = f"/{line}"
    if len(meant.encode()) <= 64 and find(meant, ctx.commands):
        text = ctx.t("Komutlar / ile başlar:", "Commands begin with /:")
        return Reply(f"{text} {html.escape(meant, quote=False)}", [[(meant, meant)]], failed=1)
    text = ctx.t(
        "Bunu anlamadım. Komutlar için /yardim, bir coin için adını yazın (btc).",
        "I did not get that. Send /help for the commands, or a coin's name (btc).",
    )
    return Reply(text, failed=1)
