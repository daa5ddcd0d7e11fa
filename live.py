"""The incremental state of the indicators: a closed bar of a whole panel at a time.

The formulas are calc.py's own, taken down by lines.py as the steps one bar takes. A step works on
all symbols at once, and averages that remember are advanced side by side.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

import calc
from lines import Notes, noted

Array = np.ndarray
Step = Callable[[], object]
Want = tuple[Any, ...]
Asked = tuple[Want, int | str, int]


def _grouped(cells: Iterable[int], key: Callable[[int], Any]) -> dict[Any, list[int]]:
    groups: dict[Any, list[int]] = {}
    for i in cells:
        groups.setdefault(key(i), []).append(i)
    return groups


class _Layout:
    """Say in which order cells are worked out, and which rows of two matrices they fill.

    Averages of one rank do not need each other. A ring keeps so many last bars of its cells, and
    lags are fetched together by their ring and how many bars they go back.
    """

    KINDS = ("input", "lag", "hold", "constant", "average")

    def __init__(self, notes: Notes, roots: Iterable[int]) -> None:
        self.cells, self.next = notes.cells, notes.next
        needed, self.rank = self._needed(list(roots)), [0] * len(notes.cells)
        for i in sorted(needed):
            kind, _, args = self.cells[i]
            if kind not in self.KINDS[:4]:
                self.rank[i] = max(self.rank[one] for one in args) + (kind == "average")
        self.kept = self._kept(needed)
        self.order = sorted(needed, key=self._place)
        self.truths = {i for i in needed if notes.truth(i)}
        self.rows: dict[int, int] = {}
        for some in (self.truths, needed - self.truths):
            self.rows.update((i, row) for row, i in enumerate(j for j in self.order if j in some))

        self.rings = _grouped(self.kept, self.kept.__getitem__)
        self.lags = _grouped(self.of("lag"), lambda i: self._place(i)[2:4])
        self.averages = _grouped(self.of("average"), self.rank.__getitem__)

    def of(self, kind: str) -> list[int]:
        """Return the cells of a kind in their order."""
        return [i for i in self.order if self.cells[i].kind == kind]

    def _needed(self, waiting: list[int]) -> set[int]:
        """Return the cells that tell, directly or by what a held one becomes."""
        found: set[int] = set()
        while waiting:
            i = waiting.pop()
            if i not in found:
                found.add(i)
                waiting += [*self.cells[i].args, self.next.get(i, i)]
        return found

    def _kept(self, needed: set[int]) -> dict[int, int]:
        """Return how many of its last bars each cell is kept for, a power of two."""
        sizes: dict[int, int] = {}
        for i in needed:
            kind, back, args = self.cells[i]
            if kind == "lag":
                sizes[args[0]] = max(sizes.get(args[0], 0), 1 << (back - 1).bit_length())
        return sizes

    def _place(self, i: int) -> tuple[int, ...]:
        kind, what, args = self.cells[i]
        if kind == "lag":
            return 0, 1, self.kept[args[0]], what, i
        return self.rank[i], self.KINDS.index(kind) if kind in self.KINDS else 5, i


class _Averages:
    """Run y += alpha·(x − y) for several averages at once, each from the mean of its first n."""

    def __init__(
        self, sources: partial[None], out: Array, state: Array, n: Array, alpha: Array
    ) -> None:
        self.sources, self.out, self.state, self.n, self.alpha = sources, out, state, n, alpha
        self.x = np.empty(out.shape)
        self.fresh = state[1:].copy()
        self.young = bool((state[1] < n).any())

    def run(self) -> None:
        """Work out the bar's values."""
        y, x, out = self.state[0], self.x, self.out
        self.sources(x)
        np.subtract(x, y, out=out)
        np.multiply(out, self.alpha, out=out)
        np.add(y, out, out=out)
        if self.young:
            self._seed(np.isfinite(x))

    def _seed(self, known: Array) -> None:
        """Count and add up first values, as distances from the very first."""
        count, total, first = self.fresh
        np.copyto(self.fresh, self.state[1:])
        np.copyto(first, self.x, where=known & (count == 0))
        np.add(count, known, out=count)
        np.add(total, self.x - first, out=total, where=known)
        np.copyto(self.out, first + total / self.n, where=known & (count == self.n))

    def settle(self) -> None:
        """Keep the bar's values."""
        np.copyto(self.state[0], self.out, where=np.isfinite(self.out))
        if self.young:
            self.state[1:] = self.fresh
            self.young = bool((self.state[1] < self.n).any())


def _select(where: Array, value: Array, other: Array, out: Array) -> None:
    np.copyto(out, other)
    np.copyto(out, value, where=where)


def _gather(rows: Array, which: Array, out: Array) -> None:
    rows.take(which, axis=0, out=out, mode="clip")


class Live:
    """Hold the state of indicators for a panel of symbols, and their values of the last bars.

    A want is an indicator of calc.INDICATORS with its parameters in their order, such as
    `("rsi", (14,))`, and the names of its series where they are not the usual ones:
    `("sma", (20,), ("volume",))`. `inputs` are the series a bar must have, `depth` is how many bars
    of values are kept. Values are those of calc.py over all bars since `load`; what is not finite
    in a series counts as a hole.
    """

    def __init__(self, wants: Iterable[Want], depth: int = 2) -> None:
        self.notes, self.depth = Notes(), depth
        self._places: dict[tuple[Want, int | str], int] = {}
        roots: list[int] = []
        for want in wants:
            found = noted(self.notes, *want)
            places = range(len(roots), len(roots) + len(found))
            for names in (range(len(found)), calc.INDICATORS[want[0]].outputs):
                self._places.update(zip(((want, name) for name in names), places, strict=True))
            roots += found
        self._layout, self._roots = _Layout(self.notes, roots), roots
        self.inputs = tuple(self.notes.cells[i].what for i in self._layout.of("input"))
        self._arrays: dict[Any, Array] = {}
        self._time = 0
        self._asked: tuple[Sequence[Asked], list[Array]] | None = None
        self._allocate(0)
        self._bind()

    @property
    def width(self) -> int:
        """Return how many symbols there are."""
        return self._history.shape[-1]

    @property
    def nbytes(self) -> int:
        """Return how much memory the state takes."""
        return sum(one.nbytes for one in self._arrays.values())

    def load(self, series: Mapping[str, Array]) -> None:
        """Begin anew with the history of a panel, `(bars, symbols)` or `(bars,)`, oldest first.

        Raises ValueError if a series is missing or of another shape.
        """
        self._replay(series, 0)

    def commit(self, bar: Mapping[str, Array]) -> None:
        """Take in a closed bar, `(symbols,)` of each series."""
        with np.errstate(all="ignore"):
            self._work_out(bar)
        self._settle()

    def peek(self, bar: Mapping[str, Array]) -> "Peek":
        """Return the values as if this bar had closed, and keep nothing of it."""
        with np.errstate(all="ignore"):
            self._work_out(bar)
        return Peek(self, self._arrays["floats"].take(self._output_rows, axis=0))

    def value(self, want: Want, output: int | str = 0, ago: int = 0) -> Array:
        """Return an output of the last closed bar, or of one so many bars before: `(symbols,)`."""
        return self._kept_bar(ago)[self.row(want, output)].copy()

    def several(self, asked: Sequence[Asked]) -> Array:
        """Return some outputs, each of so many bars ago: `(outputs, symbols)`.

        The same list again is found at once. Raises ValueError as `value` does.
        """
        if self._asked is None or self._asked[0] is not asked:
            rows = np.array([self.row(want, output) for want, output, _ in asked], dtype=np.intp)
            ago = np.array([bars for *_, bars in asked], dtype=np.intp)
            self._kept_bar(ago.max(initial=0))
            bars = ((time - 1 - ago) % self.depth for time in range(self.depth))
            self._asked = asked, [bar * len(self._roots) + rows for bar in bars]
        places = self._asked[1][self._time % self.depth]
        return self._history.reshape(-1, self.width).take(places, axis=0)

    def row(self, want: Want, output: int | str = 0) -> int:
        """Return which row of `values` an output is, by its number or name. Raises ValueError."""
        place = self._places.get((want, output))
        if place is None:
            raise ValueError(f"not among the wants: {output} of {want}")
        return place

    def values(self, ago: int = 0) -> Array:
        """Return every output, `(outputs, symbols)`, in the order of the wants."""
        return self._kept_bar(ago).copy()

    def _kept_bar(self, ago: int) -> Array:
        if not 0 <= ago < self.depth:
            raise ValueError(f"{ago} bars ago is not kept: {self.depth} are")
        return self._history[(self._time - 1 - ago) % self.depth]

    def add(self, series: Mapping[str, Array]) -> None:
        """Append symbols with their history, which ends with the last bar taken in."""
        more = object.__new__(Live)
        more.__dict__.update(self.__dict__)
        more._arrays = {}
        more._replay(series, self._time)
        for key, one in self._arrays.items():
            self._arrays[key] = np.concatenate([one, more._arrays[key]], axis=-1)
        self._bind()

    def keep(self, columns: Sequence[int]) -> None:
        """Keep only these symbols, in this order."""
        for key, one in self._arrays.items():
            self._arrays[key] = np.ascontiguousarray(one[..., list(columns)])
        self._bind()

    def _replay(self, series: Mapping[str, Array], end: int) -> None:
        missing = [name for name in self.inputs if name not in series]
        if missing:
            raise ValueError(f"series are missing: {', '.join(missing)}")
        names = self.inputs
        panels = calc._aligned([series[name] for name in names])
        panels = [one if one.ndim == 2 else one[:, None] for one in panels]
        self._allocate(panels[0].shape[1])
        self._time = end - len(panels[0])
        self._bind()
        for rows in zip(*panels, strict=True):
            self.commit(dict(zip(names, rows, strict=True)))

    def _allocate(self, width: int) -> None:
        """Make the state as it is before the first bar."""
        layout, cells = self._layout, self.notes.cells
        shape = len(layout.order) - len(layout.truths), width
        self._arrays = {
            "floats": np.full(shape, np.nan),
            "truths": np.zeros((len(layout.truths), width), dtype=bool),
            "history": np.full((self.depth, len(self._roots), width), np.nan),
        }
        for size, sources in layout.rings.items():
            self._arrays["ring", size] = np.full((size, len(sources), width), np.nan)
        for rank, group in layout.averages.items():
            state = np.zeros((4, len(group), width))
            state[0] = np.nan
            self._arrays["average", rank] = state
        for i in layout.of("window"):
            self._arrays["window", i] = np.full((2 * cells[i].what[0], width), np.nan)
        for i in (*layout.of("hold"), *layout.of("constant")):
            self._view(i)[:] = cells[i].what

    def _view(self, i: int) -> Array:
        """Return the row a cell's value of the bar stands in."""
        matrix = self._arrays["truths" if i in self._layout.truths else "floats"]
        return matrix[self._layout.rows[i]]

    def _bind(self) -> None:
        """Tie every step to the rows it reads and writes."""
        layout, floats = self._layout, self._arrays["floats"]
        self._history = self._arrays["history"]
        self._output_rows = self._rows(self._roots)
        self._entry = floats[: len(self.inputs)]
        self._held = floats[self._block(layout.of("hold"))]
        self._next = self._rows(self.notes.next[i] for i in layout.of("hold"))
        self._kept = [
            (size, self._rows(sources), self._arrays["ring", size])
            for size, sources in layout.rings.items()
        ]
        self._lags = [self._lag(size, back, g) for (size, back), g in layout.lags.items()]
        self._averages = {g[0]: self._average(rank, g) for rank, g in layout.averages.items()}
        self._steps = [step for i in layout.order if (step := self._step(i))]
        self._recall()

    def _rows(self, cells: Iterable[int]) -> Array:
        return np.array([self._layout.rows[i] for i in cells], dtype=np.intp)

    def _block(self, cells: list[int]) -> slice:
        rows = [self._layout.rows[i] for i in cells]
        return slice(rows[0], rows[-1] + 1) if rows else slice(0)

    def _lag(self, size: int, back: int, group: list[int]) -> tuple[int, int, Array, Array, Array]:
        ring, sources = self._arrays["ring", size], self._layout.rings[size]
        which = [sources.index(self.notes.cells[i].args[0]) for i in group]
        return size, back, ring, np.array(which), self._arrays["floats"][self._block(group)]

    def _average(self, rank: int, group: list[int]) -> _Averages:
        cells, floats = [self.notes.cells[i] for i in group], self._arrays["floats"]
        n, alpha = (np.array([[float(one.what[k])] for one in cells]) for k in (0, 1))
        sources = partial(_gather, floats, self._rows(one.args[0] for one in cells))
        out = floats[self._block(group)]
        return _Averages(sources, out, self._arrays["average", rank], n, alpha)

    def _step(self, i: int) -> Step | None:
        """Return what works out a cell; the first average of a rank works out all of them."""
        kind, what, args = self.notes.cells[i]
        out, views = self._view(i), [self._operand(one) for one in args]
        if kind == "apply":
            return partial(what, *views, out=out)
        if kind == "choice":
            where, value, other = views
            return partial(_select, where, value, other, out)
        if kind == "window":
            n, function = what
            return partial(self._slide, self._arrays["window", i], n, function, views, out)
        return self._averages[i].run if i in self._averages else None

    def _operand(self, i: int) -> Array:
        kind, what, _ = self.notes.cells[i]
        return what if kind == "constant" else self._view(i)

    def _slide(
        self, ring: Array, n: int, function: Callable[..., None], views: list[Array], out: Array
    ) -> None:
        """Work out a cell from the last n values of its first argument, kept twice in a row."""
        slot = self._time % n
        ring[slot] = ring[slot + n] = views[0]
        function(ring[slot + 1 : slot + n + 1], *views[1:], out=out)

    def _work_out(self, bar: Mapping[str, Array]) -> None:
        for name, row in zip(self.inputs, self._entry, strict=True):
            x = bar[name]
            # NaN for what is not finite, by steps the processor has at hand anyway.
            np.add(x, np.subtract(x, x, out=row), out=row)
        for step in self._steps:
            step()

    def _settle(self) -> None:
        """Keep what was worked out, and fetch what the next bar looks back at."""
        floats = self._arrays["floats"]
        for size, rows, ring in self._kept:
            _gather(floats, rows, ring[self._time % size])
        for averages in self._averages.values():
            averages.settle()
        _gather(floats, self._output_rows, self._history[self._time % self.depth])
        if len(self._next):
            self._held[:] = floats.take(self._next, axis=0)
        self._time += 1
        self._recall()

    def _recall(self) -> None:
        for size, back, ring, which, out in self._lags:
            _gather(ring[(self._time - back) % size], which, out)


class Peek:
    """The values of an open bar and of the closed ones before it, until the next is closed."""

    def __init__(self, live: Live, values: Array) -> None:
        self.live, self.values = live, values

    def value(self, want: Want, output: int | str = 0, ago: int = 0) -> Array:
        """Return an output of the open bar, or of one so many bars before it: `(symbols,)`."""
        if ago:
            return self.live.value(want, output, ago - 1)
        return self.values[self.live.row(want, output)]

    def several(self, asked: Sequence[Asked]) -> Array:
        """Return some outputs, each of so many bars before the open one: `(outputs, symbols)`."""
        return np.array([self.value(*one) for one in asked])
