"""Rules and numbers in, firings out: every alarm against a tick or a closed bar, all at once.

Nothing here reads a clock, a market or the database. What is worked out counts as soon as
`settle` is called, when the rows of `outcome` are written; `revert` takes it back.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

import numpy as np

from alarm_rows import Alarm, Firing, Key, State
from bot import INTERVALS, coin
from evaluation import Context
from formula import Bundle, Formula, Needs, compile
from vocabulary import FormulaError

Array = np.ndarray
NEVER = np.inf
MOVES = ("move", "rise", "fall")
INDICES = ("ap", "fg", "dom")
TURKISH = {"all": "hepsi", "favourites": "favoriler", "top": "ilk"}
MOST_COMPILED, SNAPSHOTS = 20_000, 60
Pair = tuple[Alarm, str]


class Outcome(NamedTuple):
    """What is to be written after some looks: changed states, firings, and alarms that are done."""

    states: list[State]
    firings: list[Firing]
    done: list[int]


def words(alarm: Alarm) -> str:
    """Return an alarm's condition without its targets, as it is typed."""
    if alarm.kind == "formula":
        return f"{alarm.interval} {alarm.text}"
    sign, number = alarm.text.split()
    if alarm.kind in MOVES:
        mark = {"move": "", "rise": "+", "fall": "-"}[alarm.kind]
        return f"%{mark}{number.lstrip('-')} {alarm.interval}"
    return f"{sign} {number}" if alarm.kind == "price" else f"{alarm.kind} {sign} {number}"


def line(alarm: Alarm, lang: str = "en") -> str:
    """Return an alarm's targets and condition as it is typed."""
    names = TURKISH if lang == "tr" else {}
    targets = " ".join(names.get(word, coin(word).lower()) for word in alarm.targets.split())
    if alarm.kind == "fr":
        return f"fr {targets} {alarm.text}"
    return words(alarm) if alarm.kind in INDICES else f"{targets} {words(alarm)}"


def limits(alarms: Sequence[Alarm]) -> tuple[Array, Array, Array]:
    """Return the sign (±1), the number and whether it itself counts, of numeric alarms."""
    texts = [alarm.text.split() for alarm in alarms]
    sign = np.array([1.0 if sign[0] == ">" else -1.0 for sign, _ in texts])
    level = np.array([float(number) for _, number in texts])
    return sign, level, np.array([sign.endswith("=") for sign, _ in texts], dtype=bool)


def times(values: Iterable[int | None], unknown: float) -> Array:
    """Return times in ms as floats."""
    return np.array([unknown if value is None else value for value in values], dtype=float)


class Block:
    """Alarms of one kind and interval with their symbols, one row each, and what they know.

    `armed` and `fired` (ms, NaN for never) are as worked out last, `_saved` as they are written.
    """

    def __init__(self, pairs: Sequence[Pair], states: Mapping[Key, State]) -> None:
        self.alarms = [alarm for alarm, _ in pairs]
        self.symbols = [symbol for _, symbol in pairs]
        known = [states.get((alarm.id, symbol)) for alarm, symbol in pairs]
        self.steady = np.array([alarm.steady for alarm in self.alarms], dtype=bool)
        fresh = self.steady
        self.armed = np.array(
            [one.armed if one else new for one, new in zip(known, fresh, strict=True)], dtype=bool
        )
        self.fired = times((one and one.fired for one in known), np.nan)
        self.cooldown = times((alarm.cooldown for alarm in self.alarms), NEVER)
        self.until = times((alarm.until for alarm in self.alarms), NEVER)
        self.made = times((alarm.made for alarm in self.alarms), 0)
        self.snooze = times((alarm.snooze for alarm in self.alarms), 0)
        self.band = np.array([alarm.band for alarm in self.alarms])
        self.value = np.full(len(pairs), np.nan)
        self.fresh: list[tuple[int, int, float]] = []
        self._saved = self.armed.copy(), self.fired.copy()

    def decide(self, holds: Array, clear: Array, now: int, since: int | None = None) -> Array:
        """Return which rows fire at an instant in ms, and note that they did.

        `clear` tells of which the condition is known to be false, far enough to be armed again;
        `since` is when what was looked at began, where that is before now. What was before an
        alarm was made only tells whether it begins armed; the same instant again changes nothing.
        """
        start, never = now if since is None else since, np.isnan(self.fired)
        later, begun = never | (start > self.fired), self.made <= start
        rested = later & (never | (now >= self.fired + self.cooldown))
        armed = np.where(holds & ~begun, False, self.armed | (clear & later))
        armed |= self.steady & rested
        due = armed & holds & begun & rested & (now < self.until) & (now >= self.snooze)
        self.armed = armed & ~due
        self.fired = np.where(due, now, self.fired)
        self.fresh += [(int(i), now, float(self.value[i])) for i in np.flatnonzero(due)]
        return due

    def outcome(self, now: int) -> Outcome:
        """Return the rows to write for what changed since they were last written."""
        armed, fired = self._saved
        same = (self.fired == fired) | (np.isnan(self.fired) & np.isnan(fired))
        changed = np.flatnonzero((self.armed != armed) | ~same)
        firings = [self._firing(*one) for one in self.fresh]
        return Outcome([self._state(int(i), now) for i in changed], firings, self._done(now))

    def settle(self) -> None:
        """Let what was worked out count."""
        self._saved = self.armed.copy(), self.fired.copy()
        self.fresh = []

    def revert(self) -> None:
        """Take back what was worked out since it last counted."""
        self.armed, self.fired = (one.copy() for one in self._saved)
        self.fresh = []

    def _state(self, i: int, now: int) -> State:
        value, fired = self.value[i], self.fired[i]
        return State(
            self.alarms[i].id,
            self.symbols[i],
            bool(self.armed[i]),
            None if np.isnan(value) else float(value),
            None if np.isnan(fired) else int(fired),
            now,
        )

    def _firing(self, i: int, at: int, value: float) -> Firing:
        alarm, number = self.alarms[i], None if np.isnan(value) else value
        place = (alarm.id, alarm.user_id, alarm.chat_id, self.symbols[i], at, number)
        return Firing(*place, words(alarm), alarm.severity, alarm.topic)

    def _done(self, now: int) -> list[int]:
        """Return the alarms that have expired, or fired once of every symbol they name."""
        over = now >= self.until
        waiting = {
            alarm.id
            for alarm, fired in zip(self.alarms, self.fired, strict=True)
            if alarm.cooldown is not None or np.isnan(fired) or not fixed(alarm)
        }
        ended = {alarm.id for alarm, gone in zip(self.alarms, over, strict=True) if gone}
        return sorted(ended | ({alarm.id for alarm in self.alarms} - waiting))


def fixed(alarm: Alarm) -> bool:
    """Tell whether an alarm's targets stay the same: named symbols, or an index."""
    return alarm.kind in INDICES or bool(alarm.symbols)


class Numbers(Block):
    """Alarms that hold a number against another: prices, changes in percent, indices."""

    def __init__(self, pairs: Sequence[Pair], states: Mapping[Key, State]) -> None:
        super().__init__(pairs, states)
        self.sign, self.level, self.itself = limits(self.alarms)

    def look(self, values: Array, now: int, since: int | None = None) -> Array:
        """Return which rows fire on their numbers, NaN where unknown."""
        self.value = values
        beyond = (values - self.level) * self.sign
        holds = (beyond > 0) | (self.itself & (beyond == 0))
        far = np.isnan(self.fired) | (beyond <= -self.band)
        return self.decide(holds, ~holds & far & np.isfinite(values), now, since)


class Formulas(Block):
    """Alarms of formulas on the bars of one interval.

    Those of one symbol are tested on theirs, those of several on all the symbols together; each
    beside its negation, for what is not known is neither true nor false.
    """

    def __init__(self, pairs: Sequence[Pair], states: Mapping[Key, State]) -> None:
        super().__init__(pairs, states)
        single = np.array([len(alarm.symbols) == 1 for alarm in self.alarms], dtype=bool)
        self.lone, self.wide = np.flatnonzero(single), np.flatnonzero(~single)
        self.bundles = Bundle(), Bundle()
        self.places = np.zeros(len(pairs), dtype=np.intp)
        self._asked: tuple[str, ...] | None = None
        self._at = self.places
        for i in self.lone:
            self.places[i] = self._add(0, self.alarms[i].text)
        known = {
            text: self._add(1, text) for text in sorted({self.alarms[i].text for i in self.wide})
        }
        self.places[self.wide] = [known[self.alarms[i].text] for i in self.wide]

    def _add(self, bundle: int, text: str) -> int:
        yes, no = both(text)
        self.bundles[bundle].add(no)
        return self.bundles[bundle].add(yes)

    @property
    def needs(self) -> Needs:
        """Return what the formulas together are worked out on."""
        every = [bundle.needs for bundle in self.bundles if bundle.roots]
        frames = {frame for needs in every for frame in needs.bars}
        bars = {frame: max(needs.bars.get(frame, 0) for needs in every) for frame in frames}
        return Needs(bars, frozenset().union(*(needs.coins for needs in every)))

    def look(self, context: Context, symbols: Sequence[str], bars: int = 1) -> Array:
        """Return which rows fire on the last bars, one after the other: `(bars, rows)`."""
        if self._asked != symbols:
            columns = {symbol: i for i, symbol in enumerate(symbols)}
            self._at = np.array([columns.get(symbol, -1) for symbol in self.symbols], np.intp)
            self._asked = tuple(symbols)
        at, step, due = self._at, INTERVALS[context.interval], []
        for ago, (holds, clear) in zip(
            range(bars, 0, -1), self._truths(context, at, bars), strict=True
        ):
            close = int(context.bars.time[-ago]) + step
            self.value = np.where(at >= 0, context.bars.close[-ago][at], np.nan)
            due.append(self.decide(holds & (at >= 0), clear & (at >= 0), close))
        return np.array(due)

    def _truths(self, context: Context, at: Array, bars: int) -> Iterator[tuple[Array, Array]]:
        """Yield whether each row is true and whether it is false, bar after bar."""
        out = np.zeros((2, bars, len(self.alarms)), dtype=bool)
        if len(self.lone):
            found = self._lone(context, at[self.lone], bars)
            out[:, :, self.lone] = found
        if len(self.wide):
            for k in (0, 1):
                roots = self.places[self.wide] - k
                every = self._every(context, bars)
                out[k][:, self.wide] = every[roots, :, at[self.wide]].T
        yield from zip(out[0], out[1], strict=True)

    def _lone(self, context: Context, at: Array, bars: int) -> Array:
        bundle, places = self.bundles[0], self.places[self.lone]
        if bars == 1:
            told = bundle.test(bundle.values(context), np.repeat(at, 2))
            return np.array([told[places], told[places - 1]])[:, None]
        told = np.empty((2 * len(at), bars), dtype=bool)
        for root, found in enumerate(bundle.history(context, bars)):
            told[root] = found[:, at[root // 2]]
        return np.array([told[places].T, told[places - 1].T])

    def _every(self, context: Context, bars: int) -> Array:
        bundle = self.bundles[1]
        if bars == 1:
            return bundle.last(context)[:, None]
        return np.array(list(bundle.history(context, bars)))


@lru_cache(MOST_COMPILED)
def both(text: str) -> tuple[Formula, Formula]:
    """Return the formula of a text in normal form and its negation. Raises FormulaError."""
    return compile(text), compile(f"not ({text})")


class Engine:
    """All alarms that are watched, in blocks by kind and interval.

    `targets` gives the symbols of an alarm. Those whose formula is not understood are `broken`.
    """

    def __init__(
        self,
        alarms: Iterable[Alarm],
        targets: Callable[[Alarm], Sequence[str]],
        states: Mapping[Key, State],
    ) -> None:
        self.broken: list[Alarm] = []
        grouped: dict[tuple[str, str], list[Pair]] = {}
        for alarm in alarms:
            if alarm.kind == "formula" and not understood(alarm.text):
                self.broken.append(alarm)
                continue
            symbols = ("",) if alarm.kind in INDICES else targets(alarm)
            rows = grouped.setdefault((alarm.kind, alarm.interval), [])
            rows += [(alarm, symbol) for symbol in symbols]
        known = {key: rows for key, rows in grouped.items() if rows}
        self.numbers = {k: Numbers(v, states) for k, v in known.items() if k[0] != "formula"}
        self.formulas = {k[1]: Formulas(v, states) for k, v in known.items() if k[0] == "formula"}

    @property
    def blocks(self) -> list[Block]:
        """Return every block."""
        return [*self.numbers.values(), *self.formulas.values()]

    def outcome(self, now: int) -> Outcome:
        """Return the rows to write for everything that was looked at."""
        every = [Outcome([], [], []), *(block.outcome(now) for block in self.blocks)]
        states, firings, done = (
            list(chain.from_iterable(part)) for part in zip(*every, strict=True)
        )
        return Outcome(states, firings, done)

    def settle(self) -> None:
        """Let what was worked out count."""
        for block in self.blocks:
            block.settle()

    def revert(self) -> None:
        """Take back what was worked out since it last counted."""
        for block in self.blocks:
            block.revert()


def understood(text: str) -> bool:
    """Tell whether a formula's text is one."""
    try:
        both(text)
    except FormulaError:
        return False
    return True


class Board:
    """The prices of every symbol as last seen, and some of the past to measure changes by.

    A window's past is some sixty snapshots of it. What is unknown is NaN.
    """

    def __init__(self) -> None:
        self.columns: dict[str, int] = {}
        self.last = np.empty(0)
        self.at = 0
        self._past: dict[str, list[tuple[int, Array]]] = {}

    def note(self, at: int, prices: Mapping[str, float], windows: Iterable[str]) -> None:
        """Take in all prices of an instant in ms, and keep what these windows will ask for."""
        for symbol in prices:
            self.columns.setdefault(symbol, len(self.columns))
        now = np.full(len(self.columns), np.nan)
        now[[self.columns[symbol] for symbol in prices]] = list(prices.values())
        self.last, self.at = now, at
        self._past = {window: self._past.get(window, []) for window in windows}
        for window, kept in self._past.items():
            span = INTERVALS[window]
            if not kept or at - kept[-1][0] >= span / SNAPSHOTS:
                kept.append((at, now))
            while len(kept) > 1 and kept[1][0] <= at - span:
                kept.pop(0)

    def seed(
        self, window: str, times: Iterable[float], rows: Array, symbols: Sequence[str]
    ) -> None:
        """Take in prices of the past, `(times, symbols)`, before those that were noted."""
        for symbol in symbols:
            self.columns.setdefault(symbol, len(self.columns))
        at = [self.columns[symbol] for symbol in symbols]
        kept = self._past.setdefault(window, [])
        first = kept[0][0] if kept else NEVER
        past = []
        for time, row in zip(times, rows, strict=True):
            prices = np.full(len(self.columns), np.nan)
            prices[at] = row
            past.append((int(time), prices))
        kept[:0] = [one for one in past if one[0] < first]

    def prices(self, symbols: Sequence[str]) -> Array:
        """Return the last prices."""
        return taken(self.last, [self.columns.get(symbol, -1) for symbol in symbols])

    def changes(self, symbols: Sequence[str], window: str) -> Array:
        """Return the changes in percent over a window, up to a tenth of it longer."""
        span, columns = INTERVALS[window], [self.columns.get(symbol, -1) for symbol in symbols]
        past = [row for at, row in self._past.get(window, ()) if span <= self.at - at <= 1.1 * span]
        if not past:
            return np.full(len(columns), np.nan)
        before = taken(past[-1], columns)
        return 100 * (taken(self.last, columns) / before - 1)

    def values(self, kind: str, interval: str, symbols: Sequence[str]) -> Array:
        """Return what alarms of a kind compare: prices or changes, without a sign for moves."""
        if kind == "price":
            return self.prices(symbols)
        found = self.changes(symbols, interval)
        return np.abs(found) if kind == "move" else found


def taken(row: Array, columns: Sequence[int]) -> Array:
    """Return the numbers at some places, NaN where there is none."""
    at = np.array(columns, dtype=np.intp)
    known = (at >= 0) & (at < len(row))
    return np.where(known, row[np.where(known, at, 0)], np.nan) if len(row) else at * np.nan


def path(bars: Array) -> Iterator[tuple[Array, int]]:
    """Yield the prices bars went through, and how many quarters of a bar had passed.

    `bars` is `(4, bars, rows)` of open, high, low and close, taken in the usual order: a rising
    bar went down first.
    """
    first, high, low, last = bars
    rose = last >= first
    for a, b, c, d, up in zip(first, high, low, last, rose, strict=True):
        yield a, 0
        yield np.where(up, c, b), 1
        yield np.where(up, b, c), 2
        yield d, 3
