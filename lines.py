"""The formulas of calc.py as the steps one bar takes.

They are run once over Lines instead of arrays, which note down what is done to them. How a Line
does what looks across bars in calc.py is told here; the rest is arithmetic of one bar.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import calc

Array = np.ndarray
LONGEST = 5000
TRUTHS = frozenset(
    (
        *(np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal),
        *(np.isnan, np.isfinite, np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.invert),
    )
)


class Cell(NamedTuple):
    """A value per symbol and bar: how it comes about and from which other cells.

    `kind` is input, constant, lag, hold, average, choice, window or apply.
    """

    kind: str
    what: Any
    args: tuple[int, ...] = ()


class Line(np.lib.mixins.NDArrayOperatorsMixin):
    """Stand for a series in a formula of calc.py: what is done to it is noted down as cells."""

    ndim = 0

    def __init__(self, notes: "Notes", i: int) -> None:
        self.notes, self.i = notes, i

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **options: Any) -> Any:
        if method != "__call__" or options:
            return NotImplemented
        if ufunc is np.power and args[1] == 2:
            ufunc, args = np.square, args[:1]
        return self.notes.add("apply", ufunc, *args)


class Notes:
    """Hold the cells formulas are made of, each once, and what the held ones become next."""

    def __init__(self) -> None:
        self.cells: list[Cell] = []
        self.ids: dict[tuple[Any, ...], int] = {}
        self.next: dict[int, int] = {}

    def add(self, kind: str, what: Any, *args: Any) -> Line:
        """Return the line of a cell, an equal one where there is one."""
        return self._enter(Cell(kind, what, tuple(self.line(one).i for one in args)))

    def line(self, value: Any) -> Line:
        """Return a line as it is, a number as a constant."""
        if isinstance(value, Line):
            return value
        number = np.asarray(value)
        number = number if number.dtype == bool else number.astype(np.float64)
        return self._enter(Cell("constant", number), (number.dtype.char, number.tobytes()))

    def hold(self, start: float = np.nan) -> Line:
        """Return a line that is what it was told to become a bar before; see `become`."""
        return self._enter(Cell("hold", start), object())

    def become(self, held: Line, value: Any) -> None:
        """Tell what a held line is on the next bar."""
        self.next[held.i] = self.line(value).i

    def truth(self, i: int) -> bool:
        """Tell whether a cell is true or false rather than a number."""
        kind, what, args = self.cells[i]
        if kind == "choice":
            return self.truth(args[1]) and self.truth(args[2])
        return what in TRUTHS if kind == "apply" else kind == "constant" and what.dtype == bool

    def _enter(self, cell: Cell, key: Any = None) -> Line:
        i = self.ids.setdefault(key or cell, len(self.cells))
        if i == len(self.cells):
            self.cells.append(cell)
        return Line(self, i)


def _choose(where: Any, value: Any, other: Any) -> Line:
    notes = next(one.notes for one in (where, value, other) if isinstance(one, Line))
    return notes.add("choice", None, where, value, other)


def _first(x: Line) -> Line:
    """Return NaN on the first bar, then 0."""
    key = ("first",)
    if key not in x.notes.ids:
        held = x.notes.hold()
        x.notes.ids[key] = held.i
        x.notes.become(held, 0.0)
    return Line(x.notes, x.notes.ids[key])


@calc._before.register
def _(x: Line, n: int = 1) -> Line:
    if not n:
        return x
    return x.notes.add("lag", _bounded(n), 1.0 * x if x.notes.truth(x.i) else x)


def _bounded(n: int) -> int:
    if n > LONGEST:
        raise ValueError(f"a window of {n} bars is too long: {LONGEST} at most")
    return n


@calc._windows.register
def _(x: Line, n: int, join: Callable[..., Any], *more: Line) -> tuple[Line, ...]:
    block, done, filled, size = (x, *more), (), 0, 1
    while size <= _bounded(n):
        if n & size:
            older = tuple(calc._before(one, filled) for one in block)
            done = tuple(join(older, done, size, filled)) if filled else older
            filled += size
        older = tuple(calc._before(one, size) for one in block)
        block, size = tuple(join(older, block, size, size)), 2 * size
    return done


def _join_sums(older: Sequence[Line], newer: Sequence[Line], _i: int, _j: int) -> list[Line]:
    return [older[0] + newer[0]]


@calc._sum.register
def _(x: Line, n: int) -> Line:
    return calc._windows(x, n, _join_sums)[0]


@calc._extreme.register
def _(x: Line, n: int, pick: np.ufunc) -> Line:
    size = 1
    while 2 * size <= _bounded(n):
        x, size = pick(calc._before(x, size), x), 2 * size
    return pick(calc._before(x, n - size), x) if size < n else x


@calc._ago.register
def _(x: Line, n: int) -> Line:
    age, size = x.notes.line(0.0), 1
    while size < _bounded(n):
        step = min(size, n - size)
        old = calc._before(x, step)
        past = age if size == 1 else calc._before(age, step)
        age, x, size = _choose(old > x, past + step, age), np.maximum(old, x), size + step
    return age + (x - x)


@calc._smooth.register
def _(x: Line, n: int, alpha: float) -> Line:
    return x.notes.add("average", (n, alpha), x)


@calc._by_window.register
def _(x: Line, n: int, function: Callable[..., Array]) -> Line:
    def newest(rows: Array, out: Array) -> None:
        out[:] = function(rows.T[None])[0]

    return x.notes.add("window", (_bounded(n), newest), x)


@calc._rank.register
def _(x: Line, n: int) -> Line:
    def share(rows: Array, out: Array) -> None:
        np.sum(rows[:-1] <= rows[-1], axis=0, out=out)
        out *= 100 / n

    return x.notes.add("window", (_bounded(n + 1), share), x) + 0 * calc._sum(x, n + 1)


@calc._channel_index.register
def _(typical: Line, n: int) -> Line:
    def spread(rows: Array, mean: Array, out: Array) -> None:
        gap = rows - mean
        np.add.reduce(np.abs(gap, out=gap), axis=0, out=out)

    mean = calc._mean(typical, n)
    away = typical.notes.add("window", (_bounded(n), spread), typical, mean) / n
    away = calc._masked(away, away <= calc.TIE * np.abs(mean))
    return (typical - mean) / (0.015 * away)


@calc._total.register
def _(x: Line) -> Line:
    return _running(x, x.notes.hold(0.0), None)


@calc._total_from.register
def _(x: Line, starts: Line) -> Line:
    return _running(x, x.notes.hold(), starts)


def _running(x: Line, sum_: Line, starts: Line | None) -> Line:
    base = sum_ if starts is None else _choose(starts, 0.0, sum_)
    x.notes.become(sum_, _choose(np.isnan(x), base, base + x))
    return base + x


@calc._put.register
def _(x: Line, where: Any, value: float) -> Line:
    return _choose(where, value, x)


@calc._masked.register
def _(x: Line, unknown: Any) -> Line:
    return _choose(unknown, np.nan, x)


@calc._true_range.register
def _(high: Line, low: Line, close: Line) -> Line:
    old = calc._before(close)
    old = _choose(np.isnan(old), low, old)
    return np.maximum(high, old) - np.minimum(low, old)


@calc._later_range.register
def _(high: Line, low: Line, close: Line) -> Line:
    return calc._true_range(high, low, close) + _first(close)


@calc._wilder_moves.register
def _(high: Line, low: Line, close: Line) -> tuple[Line, ...]:
    up, down = high - calc._before(high), calc._before(low) - low
    lead, least, gone = up - down, calc.TIE * np.abs(high), up - up + (down - down)
    plus = np.maximum(up, 0.0) * (lead > least)
    minus = np.maximum(down, 0.0) * (lead < -least)
    span = calc._true_range(high, low, close)
    return span + gone, plus + gone, minus + gone


@calc._follow.register
def _(x: Line, rate: Line) -> Line:
    held = x.notes.hold()
    base = _choose(np.isnan(held), calc._before(x), held)
    now = base + rate * (x - base)
    x.notes.become(held, _choose(np.isnan(rate), held, now))
    return now


@calc._midnights.register
def _(time: Line) -> Line:
    day = np.floor_divide(time, calc.DAY_MS)
    begun = np.mod(time, calc.DAY_MS) == 0
    return _choose(np.isnan(_first(time)), begun, day != calc._before(day))


@calc._so_far.register
def _(x: Line, pick: np.ufunc) -> Line:
    held = x.notes.hold()
    now = pick(held, x)
    x.notes.become(held, now)
    return now


@calc._since.register
def _(event: Line) -> Line:
    held = event.notes.hold(0.0)
    now = _choose(event, 0.0, held)
    event.notes.become(held, now + 1)
    return now


@calc._bodies.register
def _(open: Line, high: Line, low: Line, close: Line) -> tuple[Line, Line]:
    middle = (open + high + low + close) / 4
    body, last = open.notes.hold(), open.notes.hold()
    now = _choose(np.isnan(body), (open + close) / 2, body + (last - body) * 0.5)
    gone = np.isnan(middle)
    open.notes.become(body, _choose(gone, body, now))
    open.notes.become(last, _choose(gone, last, middle))
    return now + (middle - middle), middle


@calc._ratchet.register
def _(low: Line, high: Line, close: Line) -> tuple[Line, Line]:
    notes, gone = low.notes, np.isnan(low + high + close)
    floor, ceiling, last, way = (notes.hold() for _ in range(4))
    bottom = _choose(last >= floor, np.maximum(low, floor), low)
    top = _choose(last <= ceiling, np.minimum(high, ceiling), high)
    up = _choose(way > 0, close >= bottom, (close > top) & ~np.isnan(floor))
    now = 2.0 * up - 1
    pairs = (floor, bottom), (ceiling, top), (last, close), (way, now)
    for held, value in pairs:
        notes.become(held, _choose(gone, held, value))
    line = _choose(up, bottom, top)
    return calc._masked(line, gone), calc._masked(now, gone)


@calc._sar.register
def _(high: Line, low: Line, start: float, step: float, most: float) -> Line:
    notes, gone = high.notes, np.isnan(high + low)
    stop, best, speed, short, high1, low1, high2, low2 = (notes.hold() for _ in range(8))
    first, down = np.isnan(stop), short > 0
    near, far = _choose(down, -high, low), _choose(down, -low, high)
    raised, top = stop + speed * (best - stop), np.maximum(best, far)
    turn = near <= raised
    faster = _choose(top > best, np.minimum(speed + step, most), speed)
    down = _choose(first, high1 > high, down ^ turn)
    before, older = _choose(down, -high1, low1), _choose(down, -high2, low2)
    raised = np.minimum(_choose(turn, -top, raised), np.minimum(before, older))
    now = _choose(first, before, raised)
    pairs = (
        (stop, now),
        (best, _choose(first, _choose(down, -low, high), _choose(turn, -near, top))),
        (speed, _choose(first | turn, start, faster)),
        (short, 1.0 * down),
        *((high2, high1), (low2, low1), (high1, high), (low1, low)),
    )
    for held, value in pairs:
        notes.become(held, _choose(gone, held, value))
    return calc._masked(_choose(down, -now, now), gone)


def noted(
    notes: Notes, name: str, params: Sequence[float] = (), inputs: Sequence[str] = ()
) -> list[int]:
    """Run an indicator's formula over lines; return its outputs. Raises ValueError."""
    if name not in calc.INDICATORS:
        raise ValueError(f"no such indicator: {name}")
    entry = calc.INDICATORS[name]
    inputs = inputs or ["close" if one == "x" else one for one in entry.inputs]
    if len(inputs) != len(entry.inputs) or len(params) > len(entry.defaults):
        raise ValueError(
            f"{name} takes {len(entry.inputs)} series and {len(entry.defaults)} numbers"
        )
    given = {**entry.defaults, **dict(zip(entry.defaults, params, strict=False))}
    numbers = [calc._checked(name, key, one, entry.defaults[key]) for key, one in given.items()]
    lines = [notes.add("input", one) for one in inputs]
    formula: Any = entry.function
    with np.errstate(all="ignore"):
        found = formula.__wrapped__(*lines, *numbers)
    parts = found if isinstance(found, tuple) else (found,)
    return [one.i for one in parts]
