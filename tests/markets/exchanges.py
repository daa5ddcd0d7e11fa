"""Spoil every value of an exchange's answer in turn: it is refused, or it was never read."""

from math import inf, nan

import numpy as np
import pytest

from shapes import Candles
from tests.markets.answers import GONE, answer, leaves, spoiled

REFUSED = (ValueError, TypeError, LookupError)
T, HOUR = 1_795_478_400_000, 3_600_000
SERVED = (T + 100 * HOUR) / 1000
NUMBERS = (None, {}, [], "abc", nan, inf, "NaN", "1e999")
TEXTS = (None, {}, [], 5)
LEFT_EMPTY = (None, {}, [])
OPTIONAL = {
    ("bybit/tickers_linear", "fundingIntervalHour"),
    ("kraken/futures_tickers", "fundingRate"),
    ("okx/open-interest", "oiUsd"),
}


def is_number(value):
    try:
        return float(value) is not None and not isinstance(value, bool)
    except (TypeError, ValueError):
        return False


def value_at(body, path):
    for name in path:
        body = body[name]
    return body


def variants(name, body):
    """Return copies of a body in each of which one value is of the wrong type or gone."""
    for path in leaves(body):
        right = value_at(body, path)
        wrong = NUMBERS if is_number(right) else LEFT_EMPTY if right == "" else TEXTS
        gone = () if isinstance(path[-1], int) or (name, path[-1]) in OPTIONAL else (GONE,)
        for value in (*wrong, *gone):
            yield path, value, spoiled(body, path, value)


def plain(result):
    """Return a result as values that compare, NaN equal to NaN."""
    if isinstance(result, Candles):
        return repr(result.table.tolist())
    if isinstance(result, dict):
        return {key: plain(value) for key, value in result.items()}
    if hasattr(result, "__dict__"):
        return {key: plain(value) for key, value in vars(result).items()}
    return repr(result.tolist() if isinstance(result, np.ndarray) else result)


def whole_or_nothing(parse, name, params):
    """Check that a translator refuses an answer wherever it is half right."""
    body = answer(f"{name}.json")
    right = plain(parse(body, SERVED, params))
    refused = 0
    for path, value, wrong in variants(name, body):
        try:
            got = plain(parse(wrong, SERVED, params))
        except REFUSED:
            refused += 1
            continue
        assert got == right, (path, value)
    assert refused


def refuses(parse, body, params):
    with pytest.raises(REFUSED):
        parse(body, SERVED, params)
