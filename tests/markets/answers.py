"""Answers in the shape that markets document, and ways to make them half right."""

import copy
import json
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "data" / "answers"
GONE = object()


def answer(name):
    """Return a recorded answer: JSON decoded, a page as text."""
    text = (FOLDER / name).read_text("utf-8")
    return json.loads(text) if name.endswith(".json") else text


def spoiled(body, path, value=GONE):
    """Return a copy in which one place holds another value, or nothing."""
    body = copy.deepcopy(body)
    inner, (*names, last) = body, path
    for name in names:
        inner = inner[name]
    if value is GONE:
        del inner[last]
    else:
        inner[last] = value
    return body


def leaves(body, path=()):
    """Return the path of every value that holds no others."""
    if not isinstance(body, dict | list):
        return [path]
    items = body.items() if isinstance(body, dict) else enumerate(body)
    return [leaf for key, inner in items for leaf in leaves(inner, (*path, key))]
