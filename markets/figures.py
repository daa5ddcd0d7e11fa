"""What markets' files share: figures that may be null or negative, names, refusals."""

from collections.abc import Callable, Container, Mapping
from math import nan
from typing import Any

from shapes import Refusal, need, number

Params = Mapping[str, Any]


def once(_params: Params) -> int:
    """Return what a call counts where every call counts the same."""
    return 1


def accepted(code: Any, words: Any, limits: Container[int] = (429,)) -> None:
    """Raise Refusal for an error that a market tells by a code of its own; 0 is none."""
    own = int(code)
    if own:
        raise Refusal("limited" if own in limits else "refused", words, own)


def signed(value: Any) -> float:
    """Return a finite number of either sign. Raises ValueError."""
    need(isinstance(value, str | int | float) and not isinstance(value, bool), "not a number")
    result = float(value)
    need(abs(result) < 1e30, "not a sane number")
    return result


def known(value: Any, read: Callable[[Any], float] = number) -> float:
    """Return a number, NaN for null. Raises ValueError."""
    return nan if value is None else read(value)


def name(value: Any, most: int = 40) -> str:
    """Return a name without what goes beyond `most` letters. Raises ValueError."""
    need(isinstance(value, str) and value.strip(), "not a name")
    return value.strip()[:most]
