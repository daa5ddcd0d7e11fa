"""Telegram's parse modes: HTML, MarkdownV2 and legacy Markdown into plain text and entities.

Rules and error texts follow TDLib's MessageEntity.cpp, which the real Bot API server runs.
"""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
MARKS = {"*": "bold", "_": "italic", "~": "strikethrough", "[": "text_link", "`": "code"}
DOUBLE_MARKS = {"__": "underline", "||": "spoiler", "![": "custom_emoji"}
CLOSING = {
    "bold": "*",
    "italic": "_",
    "underline": "__",
    "strikethrough": "~",
    "spoiler": "||",
    "code": "`",
    "pre": "```",
    "text_link": "]",
    "custom_emoji": "]",
}
NAMES = {"text_link": "TextUrl", "custom_emoji": "CustomEmoji", "blockquote": "BlockQuote"}
VERBATIM = ("code", "pre")
SPACES = " \t\r\n\0\v"
RESERVED = "_*[]()~`>#+-=|{}.!\n"
LITERALS = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_CHARACTER = re.compile(r"&(?:#x([0-9a-fA-F]*)|#([0-9]*)|([a-zA-Z]*));?")
_TOKEN = re.compile(r"[A-Za-z0-9.-]*")
_WEB = re.compile(r"https?://", re.I)
_INNER = re.compile(r"tg:(?://)?[\w-]+", re.I)
_USER = re.compile(r"tg:(?://)?user/?\?id=([0-9]{1,18})", re.I)
_EMOJI = re.compile(r"tg://emoji\?id=([1-9][0-9]*)")


class ParseError(ValueError):
    """A text the real server refuses, with its words."""


class _Open(NamedTuple):
    kind: str
    argument: str
    offset: int
    source: int


def wide(text: str) -> str:
    """Spell every character beyond U+FFFF as two, so that indexes are UTF-16 offsets."""
    return _ASTRAL.sub(_surrogates, text)


def narrow(text: str) -> str:
    """Undo wide()."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def utf16(text: str) -> int:
    """Length in UTF-16 code units, the way Telegram counts."""
    return len(wide(text))


def parse(text: str, mode: str) -> tuple[str, list[dict]]:
    """Turn marked-up text into plain text and raw entities; raise ParseError."""
    parsers = {"html": _Html, "markdownv2": _MarkdownV2, "markdown": _Markdown}
    if mode.lower() not in parsers:
        raise ParseError("Unsupported parse_mode")
    try:
        plain, entities = parsers[mode.lower()](wide(text)).parse()
        return narrow(plain), entities
    except UnicodeDecodeError:
        raise ParseError(
            "Can't parse entities: Text contains invalid Unicode characters after decoding HTML "
            "entities, check for unmatched surrogate code units"
        ) from None
    except ParseError as error:
        raise ParseError(f"Can't parse entities: {error}") from None


def _surrogates(match: re.Match) -> str:
    code = ord(match[0]) - 0x10000
    return chr(0xD800 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))


def _character(text: str, start: int) -> tuple[str, int]:
    """Decode the HTML character reference at start: the character, or "" if it is none."""
    match = _CHARACTER.match(text, start)
    if match is None:
        return "", start
    hexadecimal, decimal, name = match.groups()
    if name is not None:
        return LITERALS.get(name, ""), match.end()
    if len(match[0].rstrip(";")) >= 10:
        return "", start
    code = int(hexadecimal or "0", 16) if decimal is None else int(decimal or "0")
    return (wide(chr(code)), match.end()) if 0 < code < 0x10FFFF else ("", start)


def _link(url: str, inner: str) -> dict | None:
    """The entity fields of a link, or None where the server silently drops it."""
    url = url or inner
    user = _USER.match(url)
    if user:
        return {"type": "text_mention", "user": int(user[1])}
    if _INNER.match(url):
        return {"type": "text_link", "url": url}
    try:
        parts = urlsplit(url if _WEB.match(url) else f"http://{url}")
    except ValueError:
        return None
    host = parts.hostname or ""
    if not ("." in host or ":" in host) or any(c in SPACES for c in url):
        return None
    return {"type": "text_link", "url": parts._replace(path=parts.path or "/").geturl()}


class _Parser:
    """What the three parse modes share: the source, the plain text so far, open entities."""

    def __init__(self, text: str):
        self.size = len(text)
        self.text = text + "\0\0\0"
        self.plain: list[str] = []
        self.length = 0
        self.entities: list[dict] = []
        self.open: list[_Open] = []

    def put(self, text: str) -> None:
        self.plain.append(text)
        self.length += len(text)

    def since(self, offset: int) -> str:
        return "".join(self.plain)[offset:]

    def at(self, index: int) -> int:
        """Byte offset in UTF-8 of an index of the source: what error texts speak of."""
        return len(narrow(self.text[:index]).encode())

    def add(self, offset: int, fields: dict | None) -> None:
        if fields and self.length > offset:
            self.entities.append({"offset": offset, "length": self.length - offset, **fields})

    def done(self) -> tuple[str, list[dict]]:
        return "".join(self.plain), self.entities

    def skip(self, index: int, stop: str) -> int:
        while index < self.size and self.text[index] not in stop:
            index += 1
        return index

    def space(self, index: int) -> int:
        while index < self.size and self.text[index] in SPACES:
            index += 1
        return index

    def language(self, start: int) -> tuple[str, int]:
        """The language after three back-quotes, and where the code begins."""
        end = self.skip(start, SPACES + "`")
        if end > start and end < self.size and self.text[end] != "`":
            language, start = self.text[start:end], end
        else:
            language = ""
        if self.text[start] in "\r\n":
            pair = self.text[start + 1] in "\r\n" and self.text[start + 1] != self.text[start]
            start += 2 if pair else 1
        return language, start


class _Html(_Parser):
    def parse(self) -> tuple[str, list[dict]]:
        i = 0
        while i < self.size:
            plain = self.skip(i, "&<")
            self.put(self.text[i:plain])
            i = plain
            if i < self.size:
                i = self.reference(i) if self.text[i] == "&" else self.tag(i)
        if self.open:
            name = self.open[-1].kind
            raise ParseError(f'Can\'t find end tag corresponding to start tag "{name}"')
        return self.done()

    def reference(self, i: int) -> int:
        decoded, after = _character(self.text, i)
        self.put(decoded or "&")
        return after if decoded else i + 1

    def tag(self, i: int) -> int:
        return self.close_tag(i) if self.text[i + 1] == "/" else self.open_tag(i)

    def open_tag(self, begin: int) -> int:
        i = self.skip(begin + 1, SPACES + ">")
        if i >= self.size:
            raise ParseError(f"Unclosed start tag at byte offset {self.at(begin)}")
        name = self.text[begin + 1 : i].lower()
        if name not in TAGS:
            where = self.at(begin)
            raise ParseError(f'Unsupported start tag "{narrow(name)}" at byte offset {where}')
        attributes: dict[str, str] = {}
        i = self.space(i)
        while self.text[i] != ">":
            i = self.space(self.attribute(i, name, begin, attributes))
        argument = _argument(name, attributes)
        if name == "span" and argument != "spoiler":
            where = self.at(begin)
            raise ParseError(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
        self.open.append(_Open(name, argument, self.length, begin))
        return i + 1

    def attribute(self, i: int, tag: str, begin: int, attributes: dict[str, str]) -> int:
        start, i = i, self.skip(i, SPACES + "=>/\"'")
        name = self.text[start:i]
        if not name:
            where = self.at(begin)
            raise ParseError(f'Empty attribute name in the tag "{tag}" at byte offset {where}')
        i = self.space(i)
        if self.text[i] == "=":
            i = self.space(i + 1)
            if i < self.size:
                attributes[name], i = self.value(i)
                if i >= self.size:
                    raise ParseError(f"Unclosed start tag at byte offset {self.at(begin)}")
                return i
        else:
            attributes.setdefault(name, "")
        if i >= self.size:
            raise ParseError(f'Unclosed start tag "{tag}" at byte offset {self.at(begin)}')
        return i

    def value(self, i: int) -> tuple[str, int]:
        quote = self.text[i]
        if quote not in "\"'":
            end = _TOKEN.match(self.text, i).end()
            if self.text[end] not in SPACES + ">":
                raise ParseError(f"Unexpected end of name token at byte offset {self.at(i)}")
            return self.text[i:end].lower(), end
        end = self.skip(i + 1, quote)
        value = self.text[i + 1 : end]
        decoded = re.sub(r"&[^&]*", lambda m: _unescape(m[0]), value)
        return decoded, end + 1

    def close_tag(self, begin: int) -> int:
        if not self.open:
            raise ParseError(f"Unexpected end tag at byte offset {self.at(begin)}")
        i = self.skip(begin + 2, SPACES + ">")
        name = self.text[begin + 2 : i].lower()
        i = self.space(i)
        if self.text[i] != ">":
            raise ParseError(f"Unclosed end tag at byte offset {self.at(begin)}")
        tag = self.open.pop()
        if name and name != tag.kind:
            raise ParseError(
                f"Unmatched end tag at byte offset {self.at(begin)}, "
                f'expected "</{tag.kind}>", found "</{narrow(name)}>"'
            )
        if self.length > tag.offset:
            self.add(tag.offset, self.fields(tag))
        return i + 1

    def fields(self, tag: _Open) -> dict | None:
        kind = TAGS[tag.kind]
        if kind == "text_link":
            return _link(narrow(tag.argument), narrow(self.since(tag.offset)))
        if kind == "custom_emoji":
            if not tag.argument.isdecimal() or not int(tag.argument):
                raise ParseError("Invalid custom emoji identifier specified")
            return {"type": kind, "custom_emoji_id": tag.argument}
        if kind == "blockquote":
            return {"type": "expandable_blockquote" if tag.argument else kind}
        if kind in VERBATIM:
            return self.code(kind, tag)
        return {"type": kind}

    def code(self, kind: str, tag: _Open) -> dict | None:
        """A code inside a pre of the same extent makes one pre, with the code's language."""
        span = {"offset": tag.offset, "length": self.length - tag.offset}
        inner = self.entities[-1] if self.entities else {}
        other = "code" if kind == "pre" else "pre"
        same = inner.get("type") == other and span.items() <= inner.items()
        language = inner.pop("tongue", "") if same and kind == "pre" else tag.argument
        if same and language:
            inner.update(type="pre", language=narrow(language))
            return None
        return {"type": kind, "tongue": language} if kind == "code" and language else {"type": kind}

    def done(self) -> tuple[str, list[dict]]:
        for entity in self.entities:
            entity.pop("tongue", None)
        return super().done()


def _argument(tag: str, attributes: dict[str, str]) -> str:
    css = attributes.get("class", "")
    if tag == "a":
        return attributes.get("href", "")
    if tag == "code":
        return css[9:] if css.startswith("language-") else ""
    if tag == "span":
        return css[3:] if css.startswith("tg-") else ""
    if tag == "tg-emoji":
        return attributes.get("emoji-id", "")
    return "1" if tag == "blockquote" and "expandable" in attributes else ""


def _unescape(text: str) -> str:
    decoded, after = _character(text, 0)
    return decoded + text[after:] if decoded else text


class _Markdown(_Parser):
    """The legacy mode: no nesting, four marks."""

    def parse(self) -> tuple[str, list[dict]]:
        i = 0
        while i < self.size:
            c = self.text[i]
            if c == "\\" and self.text[i + 1] in "_*`[":
                self.put(self.text[i + 1])
                i += 2
            elif c in "_*`[":
                i = self.entity(i)
            else:
                self.put(c)
                i += 1
        return self.done()

    def entity(self, begin: int) -> int:
        mark, i, language = self.text[begin], begin + 1, ""
        fence = self.text.startswith("```", begin)
        if fence:
            language, i = self.language(begin + 3)
        close = "```" if fence else "]" if mark == "[" else mark
        end = self.text.find(close, i, self.size)
        if end < 0:
            where = self.at(begin)
            raise ParseError(f"Can't find end of the entity starting at byte offset {where}")
        offset, inner = self.length, self.text[i:end]
        self.put(inner)
        if fence:
            self.add(offset, {"type": "pre", **({"language": language} if language else {})})
        elif mark == "[":
            return self.link(offset, inner, end + 1)
        else:
            self.add(offset, {"type": MARKS[mark]})
        return end + len(close)

    def link(self, offset: int, inner: str, i: int) -> int:
        url = inner
        if self.text[i] == "(":
            end = self.skip(i, ")")
            url, i = self.text[i + 1 : end], end + 1
        self.add(offset, _link(narrow(url), ""))
        return i


class _MarkdownV2(_Parser):
    def __init__(self, text: str):
        super().__init__(text)
        self.quote = False
        self.line_start = True

    def parse(self) -> tuple[str, list[dict]]:
        i = 0
        while i < self.size:
            c = self.text[i]
            inside = bool(self.open) and self.open[-1].kind in VERBATIM
            if c == "\\" and 0 < ord(self.text[i + 1]) <= 126:
                i = self.plain_character(i + 1)
            elif c not in ("`" if inside else RESERVED):
                i = self.plain_character(i)
            elif self.ends(i):
                i = self.close(i)
            else:
                i = self.begin(i)
        self.last_quote()
        if self.open:
            raise self.unended(self.open[-1])
        return self.done()

    def plain_character(self, i: int) -> int:
        c = self.text[i]
        self.put(c)
        if c != "\r":
            self.line_start = c == "\n"
        return i + 1

    def ends(self, i: int) -> bool:
        if not self.open:
            return False
        if self.quote and self.text[i] == "\n" and self.text[i + 1] != ">":
            return True
        return self.text.startswith(_closing(self.open[-1]), i) and not (
            self.open[-1].kind == "italic" and self.text[i + 1] == "_"
        )

    def begin(self, i: int) -> int:
        c, follow = self.text[i], self.text[i + 1]
        kind, argument, after = MARKS.get(c), "", i + 1
        if c == "\n":
            return self.plain_character(i)
        if c == ">" and self.line_start:
            if self.quote:
                return after
            kind, self.quote = "blockquote", True
        elif c + follow in DOUBLE_MARKS:
            kind, after = DOUBLE_MARKS[c + follow], i + 2
        elif self.text.startswith("```", i):
            kind = "pre"
            argument, after = self.language(i + 3)
        if kind is None:
            raise ParseError(
                f"Character '{c}' is reserved and must be escaped with the preceding '\\'"
            )
        self.open.append(_Open(kind, argument, self.length, i))
        return after

    def close(self, i: int) -> int:
        if self.text[i] == "\n":
            return self.close_quote(i)
        entity = self.open.pop()
        after = i + len(_closing(entity))
        if entity.kind in ("text_link", "custom_emoji"):
            return self.link(entity, after)
        fields = {"type": entity.kind}
        if entity.argument:
            fields["language"] = entity.argument
        self.add(entity.offset, fields)
        return after

    def link(self, entity: _Open, i: int) -> int:
        url = self.since(entity.offset)
        emoji = entity.kind == "custom_emoji"
        if self.text[i] == "(":
            end = i + 1
            while end < self.size and self.text[end] != ")":
                end += 2 if self.text[end] == "\\" else 1
            if end >= self.size:
                raise ParseError(f"Can't find end of a URL at byte offset {self.at(i + 1)}")
            url = re.sub(r"\\([\x01-\x7e])", r"\1", self.text[i + 1 : end])
            i = end + 1
        elif emoji:
            raise ParseError("The entity must contain a tg://emoji or tg://time URL")
        self.add(entity.offset, _emoji(url) if emoji else _link(narrow(url), ""))
        return i

    def close_quote(self, i: int) -> int:
        kind, mark = "blockquote", self.open[-1]
        if mark.kind == "spoiler" and mark.source == len(self.text[:i].rstrip("\r")) - 2:
            self.open.pop()
            kind = "expandable_blockquote"
        entity = self.open.pop()
        if entity.kind != "blockquote":
            raise self.unended(entity)
        self.quote = False
        self.plain_character(i)
        self.add(entity.offset, {"type": kind})
        return i + 1

    def last_quote(self) -> None:
        if not self.quote:
            return
        kind, mark = "blockquote", self.open[-1]
        if mark.kind == "spoiler" and mark.source == self.size - 2:
            self.open.pop()
            kind = "expandable_blockquote"
        if self.open[-1].kind == "blockquote":
            self.add(self.open.pop().offset, {"type": kind})

    def unended(self, entity: _Open) -> ParseError:
        name = "PreCode" if entity.argument else NAMES.get(entity.kind, entity.kind.title())
        where = self.at(entity.source)
        return ParseError(f"Can't find end of {name} entity at byte offset {where}")


def _closing(entity: _Open) -> str:
    return CLOSING.get(entity.kind, "\0\0\0\0")


def _emoji(url: str) -> dict:
    match = _EMOJI.fullmatch(url)
    if not match:
        raise ParseError("Invalid tg://emoji or tg://time URL specified")
    return {"type": "custom_emoji", "custom_emoji_id": match[1]}
