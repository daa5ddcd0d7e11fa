"""What is counted while the bot runs, and the text Prometheus reads it as."""

import math
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

COUNTER, GAUGE, HISTOGRAM = "counter", "gauge", "histogram"
SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
Labels = tuple[tuple[str, str], ...]
Sample = tuple[str, Mapping[str, str], float]


@dataclass(frozen=True)
class Family:
    """A metric: its name, kind and help, and its samples: (suffix, labels, value)."""

    name: str
    kind: str
    about: str
    samples: tuple[Sample, ...]


class Meters:
    """Count what happens, by labels of few values, and ask for lengths when they are wanted."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._counts: dict[tuple[str, Labels], float] = {}
        self._times: dict[str, list[float]] = {}
        self._lengths: dict[str, Callable[[], float]] = {}

    def add(self, name: str, by: float = 1, **labels: str) -> None:
        """Count something once more, or so many times."""
        key = name, tuple(labels.items())
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + by

    def counted(self, name: str, **labels: str) -> list[Sample]:
        """Return a counter's samples; what was never counted of one without labels is 0."""
        with self._lock:
            found = [(dict(key[1]), n) for key, n in self._counts.items() if key[0] == name]
        return [("", *one) for one in found or ([] if labels else [({}, 0.0)])]

    def answers(self, command: str, replies: Iterable[Any]) -> Iterator[Any]:
        """Pass replies on; count their command by its worst outcome and time it to the last one."""
        begun, worst = self._clock(), 0
        try:
            for reply in replies:
                worst = max(worst, reply.failed)
                yield reply
        finally:
            self.add("commands", command=command, outcome=str(worst))
            self._time(command, self._clock() - begun)

    def _time(self, command: str, seconds: float) -> None:
        with self._lock:
            row = self._times.setdefault(command, [0.0] * (len(SECONDS) + 2))
            row[bisect_left(SECONDS, seconds)] += 1
            row[-1] += seconds

    def timed(self) -> list[Sample]:
        """Return the samples of the histogram of how long commands took."""
        with self._lock:
            rows = [(command, list(row)) for command, row in self._times.items()]
        return [sample for row in rows for sample in buckets(*row)]

    def length(self, queue: str, ask: Callable[[], float]) -> None:
        """Let a queue's length be asked for when it is wanted."""
        self._lengths[queue] = ask

    def lengths(self) -> list[Sample]:
        """Return how long every queue is now."""
        return [("", {"queue": name}, ask()) for name, ask in list(self._lengths.items())]


def buckets(command: str, row: list[float]) -> Iterator[Sample]:
    """Return a histogram's samples of a command from its counts by bucket and its sum."""
    label = {"command": command}
    bounds = [f"{bound:g}" for bound in SECONDS] + ["+Inf"]
    for bound, count in zip(bounds, accumulate(row[:-1]), strict=True):
        yield "_bucket", {**label, "le": bound}, count
    yield "_count", label, sum(row[:-1])
    yield "_sum", label, row[-1]


def text(families: Iterable[Family]) -> str:
    """Return metrics in Prometheus's text format 0.0.4."""
    return "".join(line for family in families for line in lines(family))


def lines(family: Family) -> Iterator[str]:
    """Return the lines of a metric, none where it has no samples."""
    if family.samples:
        yield f"# HELP {family.name} {family.about}\n# TYPE {family.name} {family.kind}\n"
    for suffix, labels, value in family.samples:
        pairs = ",".join(f'{name}="{word.translate(ESCAPES)}"' for name, word in labels.items())
        yield f"{family.name}{suffix}{f'{{{pairs}}}' if pairs else ''} {number(value)}\n"


def number(value: float) -> str:
    """Return a value as Prometheus reads it."""
    if math.isfinite(value):
        return repr(int(value)) if value == int(value) else repr(float(value))
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
