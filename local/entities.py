"""From raw entities to the text a person sees: cleaned, trimmed, settled, with links found."""

import bisect
import re
from collections.abc import Iterable

from local.markup import VERBATIM, ParseError, narrow, utf16, wide

STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
QUOTES = ("blockquote", "expandable_blockquote")
ORDER = (*QUOTES, "pre", "code", "text_link", "text_mention", *STYLES)
MAX_ENTITIES = 100
FOUND = {
    "url": r"(?i:https?)://[^\s<>\"]*[^\s<>\".,:;!?')\]]",
    "email": r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
    "bot_command": r"(?<![\w/<>])/[a-zA-Z0-9_]{1,64}(?:@[a-zA-Z0-9_]{3,32})?(?![\w/<>])",
    "mention": r"(?<!\w)@[a-zA-Z0-9_]{2,32}(?!\w)",
    "hashtag": r"(?<!\w)#\w*[^\W\d]\w*",
    "cashtag": r"(?<![\w$])\$(?:1INCH|[A-Z]{1,8})(?![\w$])",
}
_FINDERS = [(kind, re.compile(pattern)) for kind, pattern in FOUND.items()]
_DROPPED = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")
_CONTROL = re.compile("[\x00-\x09\x0b\x0c\x0e-\x1f]")


def finish(text: str, entities: Iterable[dict]) -> tuple[str, list[dict]]:
    """Clean, trim and complete a text as the server does before it stores a message.

    Control characters become spaces, blank ends are cut, overlaps are settled, links and commands
    are found, and entities past the hundredth are dropped. Unlike the server, a style is not cut
    in pieces where another one begins in its middle.
    """
    plain, spans = _clean(wide(text), [dict(entity) for entity in entities])
    plain, spans = _trim(plain, _settle(spans))
    solid = [span for span in spans if span["type"] not in STYLES + QUOTES]
    found = [span for span in _find(plain) if not any(_overlap(span, other) for other in solid)]
    return narrow(plain), sorted(spans + found, key=_rank)[:MAX_ENTITIES]


def inside(text: str, entities: Iterable[dict]) -> list[dict]:
    """Entities given by the caller with an offset and length inside text; raise ParseError."""
    size = utf16(text)
    kept = []
    for entity in entities:
        offset, length = entity["offset"], entity["length"]
        if offset < 0:
            raise ParseError(f"Receive an entity with incorrect offset {offset}")
        if length < 0:
            raise ParseError(f"Receive an entity with incorrect length {length}")
        if offset + length > size:
            raise ParseError(
                f"Entity beginning at UTF-16 offset {offset} ends after the end of the text at "
                f"UTF-16 offset {offset + length}"
            )
        kept.append(entity)
    return kept


def _end(span: dict) -> int:
    return span["offset"] + span["length"]


def _overlap(one: dict, other: dict) -> bool:
    return one["offset"] < _end(other) and other["offset"] < _end(one)


def _rank(span: dict) -> tuple[int, int, int]:
    kind = span["type"]
    return span["offset"], -span["length"], ORDER.index(kind) if kind in ORDER else len(ORDER)


def _clean(text: str, spans: list[dict]) -> tuple[str, list[dict]]:
    gone = [match.start() for match in _DROPPED.finditer(text)]
    for span in spans:
        start, end = (p - bisect.bisect_left(gone, p) for p in (span["offset"], _end(span)))
        span.update(offset=start, length=end - start)
    return _CONTROL.sub(" ", _DROPPED.sub("", text)), spans


def _trim(text: str, spans: list[dict]) -> tuple[str, list[dict]]:
    text = text.rstrip(" \n")
    first = min((span["offset"] for span in spans), default=len(text))
    cut = min(first, len(text) - len(text.lstrip(" \n")))
    kept = []
    for span in spans:
        length = min(_end(span), len(text)) - span["offset"]
        if length > 0:
            kept.append({**span, "offset": span["offset"] - cut, "length": length})
    return text[cut:], kept


def _settle(spans: list[dict]) -> list[dict]:
    spans = sorted((span for span in spans if span["length"] > 0), key=_rank)
    quotes = _apart(span for span in spans if span["type"] in QUOTES)
    solid = _apart(span for span in spans if span["type"] not in QUOTES + STYLES)
    solid = [span for span in solid if not any(_crosses(quote, span) for quote in quotes)]
    holes = [span for span in solid if span["type"] in VERBATIM]
    styles = [piece for kind in STYLES for piece in _style(kind, spans, holes)]
    return sorted(quotes + solid + styles, key=_rank)


def _apart(spans: Iterable[dict]) -> list[dict]:
    kept: list[dict] = []
    for span in spans:
        if not kept or span["offset"] >= _end(kept[-1]):
            kept.append(span)
    return kept


def _crosses(quote: dict, span: dict) -> bool:
    inside = quote["offset"] <= span["offset"] and _end(span) <= _end(quote)
    return _overlap(quote, span) and not inside


def _style(kind: str, spans: list[dict], holes: list[dict]) -> list[dict]:
    merged: list[list[int]] = []
    for span in spans:
        if span["type"] != kind:
            continue
        if merged and span["offset"] <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], _end(span))
        else:
            merged.append([span["offset"], _end(span)])
    pieces = []
    for start, end in merged:
        edge = start
        for hole in holes:
            pieces.append((edge, min(end, hole["offset"])))
            edge = max(edge, min(end, _end(hole)))
        pieces.append((edge, end))
    return [{"type": kind, "offset": a, "length": b - a} for a, b in pieces if b > a]


def _find(text: str) -> list[dict]:
    spans = [
        {"type": kind, "offset": match.start(), "length": len(match[0])}
        for kind, finder in _FINDERS
        for match in finder.finditer(text)
    ]
    return _apart(sorted(spans, key=_rank))
