"""Rules and numbers in, firings out: every alarm against a tick or a closed bar, all at once.

Nothing here reads a clock, a market or the database. What is worked out counts as soon as
`settle` is called, when the rows of `outcome` are written; `revert` takes it back.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import NamedTuple

import numpy as np

from alarm_rows import Alarm, Firing, Key, State
from bot import INTERVALS, coin
from evaluation import Context
from formula import Needs
from ranges import Ranges
from verdicts import Readings, Verdicts, understood
from vocabulary import number_text

Array = np.ndarray
Rows = slice | Array
NEVER, EVERY, ROUNDED = np.inf, slice(None), 1e-12
MOVES = ("move", "rise", "fall")
INDICES = ("ap", "fg", "dom")
TURKISH = {"all": "hepsi", "favourites": "favoriler", "top": "ilk"}
Pair = tuple[Alarm, str]
Kind = tuple[str, str]


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
    number = number_text(float(number)) if "e" in number else number
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

    `armed` and `fired` (ms, NaN for never) are as worked out last, `_saved` as they are written;
    `ready` is from when (ms) one that fired may again.
    Rows are added and dropped between a write and the next look only. `source` is the market whose
    numbers are looked at, where that is one.
    """

    ids: Array
    steady: Array
    armed: Array
    fired: Array
    ready: Array
    cooldown: Array
    until: Array
    made: Array
    snooze: Array
    band: Array
    value: Array
    lasting: Array

    def __init__(self, pairs: Sequence[Pair], states: Mapping[Key, State]) -> None:
        self.alarms = [alarm for alarm, _ in pairs]
        self.symbols = tuple(symbol for _, symbol in pairs)
        self._fresh: list[tuple[Array, int, Array]] = []
        self.source: str | None = None
        self._looked: list[Array] | None = []
        self.edition = 0
        self._names: tuple[str, ...] = ()
        columns = self._columns(pairs, states)
        self._names = tuple(columns)
        self._set(columns)

    def _columns(self, pairs: Sequence[Pair], states: Mapping[Key, State]) -> dict[str, Array]:
        """Return what is known of rows, by its name."""
        alarms = [alarm for alarm, _ in pairs]
        known = [states.get((alarm.id, symbol)) for alarm, symbol in pairs]
        steady = np.array([alarm.steady for alarm in alarms], dtype=bool)
        armed = [one.armed if one else new for one, new in zip(known, steady, strict=True)]
        ends = [a.cooldown is None and bool(a.kind in INDICES or a.symbols) for a in alarms]
        return {
            "ids": np.array([alarm.id for alarm in alarms], dtype=np.int64),
            "steady": steady,
            "armed": np.array(armed, dtype=bool),
            "fired": times((one and one.fired for one in known), np.nan),
            "cooldown": times((alarm.cooldown for alarm in alarms), NEVER),
            "until": times((alarm.until for alarm in alarms), NEVER),
            "made": times((alarm.made for alarm in alarms), 0),
            "snooze": times((alarm.snooze for alarm in alarms), 0),
            "band": np.array([alarm.band for alarm in alarms], dtype=float),
            "value": np.full(len(pairs), np.nan),
            "lasting": ~np.array(ends, dtype=bool),
        }

    def _set(self, columns: Mapping[str, Array]) -> None:
        for name, column in columns.items():
            setattr(self, name, column)
        self._saved = self.armed.copy(), self.fired.copy()
        self.ready = self.fired + self.cooldown
        self._end = self.until.min(initial=NEVER)
        self._begun = max(self.made.max(initial=0), self.snooze.max(initial=0))
        self._last = np.fmax.reduce(self.fired, initial=-NEVER)
        self.edition += 1

    def add(self, pairs: Sequence[Pair], states: Mapping[Key, State]) -> None:
        """Take in more rows."""
        self.alarms += [alarm for alarm, _ in pairs]
        self.symbols += tuple(symbol for _, symbol in pairs)
        more = self._columns(pairs, states)
        self._set({k: np.concatenate([getattr(self, k), more[k]]) for k in self._names})

    def keep(self, kept: Array) -> None:
        """Drop the rows that are not kept, `(rows,)` of truths."""
        self.alarms = list(compress(self.alarms, kept))
        self.symbols = tuple(compress(self.symbols, kept))
        self._set({name: getattr(self, name)[kept] for name in self._names})

    def decide(
        self, holds: Array, clear: Array, now: int, since: int | None = None, rows: Rows = EVERY
    ) -> Array:
        """Return which of some rows fire at an instant in ms, and note that they did.

        `clear` tells of which the condition is known to be false, far enough to be armed again;
        `since` is when what was looked at began, where that is before now. What was before an
        alarm was made only tells whether it begins armed; the same instant again changes nothing.
        """
        start, rested = now if since is None else since, ~(self.ready[rows] > now)
        armed, may = self.armed[rows] | clear, holds
        if start <= self._last or start < self._begun or now >= self._end:
            later, begun = ~(self.fired[rows] >= start), self.made[rows] <= start
            armed = (self.armed[rows] | (clear & later)) & ~(holds & ~begun)
            may = holds & begun & (now < self.until[rows]) & (now >= self.snooze[rows])
            rested &= later
        armed |= self.steady[rows] & rested
        due = armed & may & rested
        self.armed[rows] = armed ^ due
        self._note(rows)
        which = due.nonzero()[0] if isinstance(rows, slice) else rows[due]
        if len(which):
            self.fired[which], self.ready[which] = now, now + self.cooldown.take(which)
            self._last = max(self._last, now)
            self._fresh.append((which, now, self.value.take(which)))
        return due

    def _note(self, rows: Rows) -> None:
        """Note which rows were looked at; None stands for all."""
        if isinstance(rows, slice):
            self._looked = None
        elif self._looked is not None:
            self._looked.append(rows)

    def _rows(self) -> Rows:
        """Return the rows looked at since they last counted."""
        if self._looked is None:
            return EVERY
        if len(self._looked) == 1:
            return self._looked[0]
        return np.unique(np.concatenate([np.empty(0, np.intp), *self._looked]))

    def _numbers(self, rows: Rows) -> Array:
        return np.arange(len(self.ids)) if isinstance(rows, slice) else rows

    @property
    def fresh(self) -> Iterator[tuple[int, int, float]]:
        """Yield what fired since it last counted: its row, when (ms), and the number it saw."""
        for rows, now, values in self._fresh:
            for i, value in zip(rows.tolist(), values.tolist(), strict=True):
                yield i, now, value

    def outcome(self, now: int) -> Outcome:
        """Return the rows to write for what changed since they were last written."""
        if self._looked == [] and now < self._end:
            return Outcome([], [], [])
        rows = self._rows()
        here, fired = self.fired[rows], self._saved[1][rows]
        same = (here == fired) | (np.isnan(here) & np.isnan(fired))
        changed = np.flatnonzero((self.armed[rows] != self._saved[0][rows]) | ~same)
        states = [self._state(int(i), now) for i in self._numbers(rows)[changed]]
        return Outcome(states, [self._firing(*one) for one in self.fresh], self._done(now, rows))

    def settle(self) -> None:
        """Let what was worked out count."""
        self.source = None
        if self._looked == []:
            return
        rows = self._rows()
        for saved, one in zip(self._saved, (self.armed, self.fired), strict=True):
            saved[rows] = one[rows]
        self._fresh, self._looked = [], []

    def revert(self) -> None:
        """Take back what was worked out since it last counted."""
        self.armed, self.fired = (one.copy() for one in self._saved)
        self.ready = self.fired + self.cooldown
        self._fresh, self._looked, self.source = [], [], None

    def set_back(self, now: int, by: float) -> None:
        """Take what has not counted back, and what is still to come (ms) as so much earlier."""
        self.revert()
        for times in (self.fired, self.made):
            times[times > now] -= by
        self.ready = self.fired + self.cooldown

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
        return Firing(*place, words(alarm), alarm.severity, alarm.topic, source=self.source)

    def _done(self, now: int, rows: Rows) -> list[int]:
        """Return the alarms that have expired, or fired once of every symbol they name."""
        ended = self.ids[now >= self.until] if now >= self._end else self.ids[:0]
        spent = self.ids[rows][~self.lasting[rows] & ~np.isnan(self.fired[rows])]
        if len(spent):
            spent = np.unique(spent)
            waits = self.ids[np.isin(self.ids, spent) & np.isnan(self.fired)]
            ended = np.union1d(ended, np.setdiff1d(spent, waits))
        return [int(one) for one in np.unique(ended)]


class Numbers(Block):
    """Alarms that hold a number against another: prices, changes in percent, indices.

    `names` are their symbols, each once.
    """

    sign: Array
    level: Array
    itself: Array
    place: Array

    def __init__(self, pairs: Sequence[Pair], states: Mapping[Key, State]) -> None:
        self.names: tuple[str, ...] = ()
        self._index: dict[str, int] = {}
        super().__init__(pairs, states)

    def _columns(self, pairs: Sequence[Pair], states: Mapping[Key, State]) -> dict[str, Array]:
        index = self._index
        own = zip(("sign", "level", "itself"), limits([one for one, _ in pairs]), strict=True)
        place = [index.setdefault(symbol, len(index)) for _, symbol in pairs]
        return super()._columns(pairs, states) | dict(own) | {"place": np.array(place, np.intp)}

    def _set(self, columns: Mapping[str, Array]) -> None:
        super()._set(columns)
        self._ranges: Ranges | None = None
        if len(self.names) < len(self._index):
            self.names = tuple(self._index)

    def revert(self) -> None:
        """Take back what was worked out since it last counted."""
        super().revert()
        self._ranges = None

    def look(self, values: Array, now: int, since: int | None = None) -> Array:
        """Return which rows fire on their numbers, NaN where unknown."""
        self._ranges = None
        return self._look(values, now, since, EVERY)

    def _look(self, values: Array, now: int, since: int | None, rows: Rows) -> Array:
        self.value[rows] = values
        beyond, holds = self._beyond(rows)
        far = np.isnan(self.fired[rows]) | (beyond <= -self.band[rows])
        return self.decide(holds, ~holds & far & np.isfinite(values), now, since, rows)

    def _beyond(self, rows: Rows) -> tuple[Array, Array]:
        """Return how far numbers are beyond their level, and of which rows that holds."""
        beyond = (self.value[rows] - self.level[rows]) * self.sign[rows]
        return beyond, (beyond > 0) | (self.itself[rows] & (beyond == 0))

    def tick(self, values: Array, now: int) -> Array:
        """Return the rows that fire on the newest number of each of `names`, NaN where unknown.

        It comes to what a look at every row would, and looks only at those that may change.
        """
        if self._ranges is None:
            due = np.flatnonzero(self.look(values[self.place], now))
            self._ranges = Ranges(self.place, len(self.names))
            stirred = self._ranges.taken
        else:
            stirred = self._ranges.stirred(values, now)
            if not len(stirred):
                return stirred
            rows = self._ranges.rows(stirred)
            due = rows[self._look(values[self.place[rows]], now, None, rows)]
        self._ranges.rest(stirred, *self._still(self._ranges.rows(stirred)))
        return due

    def _still(self, rows: Array) -> tuple[Array, Array, Array]:
        """Return between which numbers, and until when (ms), each of some rows stays as it is.

        One that is armed waits for its level or, where it holds already, for its time; one that
        is not waits to go back over its band, a steady one for its time too.
        """
        level, armed, fired = self.level[rows], self.armed[rows], self.fired[rows]
        held, rising = armed & self._beyond(rows)[1], self.sign[rows] > 0
        band = np.where(np.isnan(fired), 0, self.band[rows])
        room = band - ROUNDED * (np.abs(level) + band)
        edge = np.where(armed, level, np.where(rising, level - room, level + room))
        rested = np.maximum(fired + self.cooldown[rows], fired + 1)
        ready = np.fmax(np.fmax(rested, self.snooze[rows]), self.made[rows])
        wake = np.where(held & (ready < self.until[rows]), ready, NEVER)
        return (
            np.where(held | (rising == armed), -NEVER, edge),
            np.where(~held & (rising == armed), edge, NEVER),
            np.where(self.steady[rows] & ~armed, np.fmin(rested, wake), wake),
        )


class Formulas(Block):
    """Alarms of formulas on the bars of one interval."""

    def __init__(self, pairs: Sequence[Pair], states: Mapping[Key, State]) -> None:
        super().__init__(pairs, states)
        self._columned: tuple[int, tuple[str, ...], Array, Array, bool] | None = None
        self._read: tuple[Context, tuple[int, ...], Array] | None = None
        self.verdicts = Verdicts()
        self.readings = Readings(self.verdicts.graph.items)
        for alarm in self.alarms:
            self.verdicts.add(alarm.text)

    def add(self, pairs: Sequence[Pair], states: Mapping[Key, State]) -> None:
        """Take in more rows."""
        super().add(pairs, states)
        for alarm, _ in pairs:
            self.verdicts.add(alarm.text)

    def keep(self, kept: Array) -> None:
        """Drop the rows that are not kept, `(rows,)` of truths."""
        super().keep(kept)
        self.verdicts.keep(kept)

    @property
    def needs(self) -> Needs:
        """Return what the formulas together are worked out on."""
        return self.verdicts.needs

    @property
    def leaves(self) -> tuple[int, ...]:
        """Return the series and indicators the formulas compare, by their numbers."""
        return tuple(sorted(self.verdicts.leaves))

    def read(self, context: Context, symbols: Sequence[str]) -> None:
        """Work out what the formulas compare on the last bar, before a look that may not wait."""
        leaves = self.leaves
        self._read = context, leaves, self.readings.last(leaves, context, tuple(symbols))

    def follow(self, context: Context, symbols: Sequence[str]) -> None:
        """Be ready to carry on from the last bar."""
        self.readings.follow(self.leaves, context, tuple(symbols))

    def nearest(self, context: Context, symbols: Sequence[str]) -> list[str]:
        """Return the symbols, those first whose alarms are nearest to their line."""
        leaves, (there, place, _) = self.leaves, self._at(symbols)
        values = self.readings.last(leaves, context, tuple(symbols))
        far = np.abs(self.verdicts.margins(leaves, values, place))
        least = np.full(len(symbols), np.inf)
        np.fmin.at(least, place[there], far[there])
        return [symbols[i] for i in np.argsort(least, kind="stable")]

    def look(
        self,
        context: Context,
        symbols: Sequence[str],
        bars: int = 1,
        only: Array | None = None,
    ) -> Array:
        """Return which rows fire on the last bars, one after the other: `(bars, rows)`.

        Where `only` is given, `(rows,)` of truths, the other rows are left as they are.
        """
        (there, place, every), step, due = self._at(symbols), INTERVALS[context.interval], []
        if only is not None:
            every = False
            there = there & only
        for ago, (leaves, values) in zip(
            range(bars, 0, -1), self._values(context, symbols, bars), strict=True
        ):
            close = context.bars.close[-ago]
            holds, clear = self.verdicts.tell(leaves, values, place)
            self.value, now = close.take(place), int(context.bars.time[-ago]) + step
            if not every:
                holds, clear = holds & there, clear & there
                self.value[~there] = np.nan
            due.append(self.decide(holds, clear, now))
        return np.array(due)

    def _values(
        self, context: Context, symbols: Sequence[str], bars: int
    ) -> Iterator[tuple[tuple[int, ...], Array]]:
        if bars > 1:
            leaves = self.leaves
            yield from ((leaves, one) for one in self.readings.before(leaves, context, bars))
            return
        known, self._read = self._read, None
        if known and known[0] is context and known[1] == self.leaves:
            yield known[1:]
        else:
            yield self.leaves, self.readings.last(self.leaves, context, tuple(symbols))

    def _at(self, symbols: Sequence[str]) -> tuple[Array, Array, bool]:
        """Return whether each row's symbol is there, its column, and whether all are there."""
        asked = self.edition, tuple(symbols)
        if self._columned is None or self._columned[:2] != asked:
            columns = {symbol: i for i, symbol in enumerate(symbols)}
            at = np.array([columns.get(symbol, -1) for symbol in self.symbols], np.intp)
            self._columned = *asked, at >= 0, np.maximum(at, 0), bool((at >= 0).all())
        return self._columned[2:]


class Engine:
    """All alarms that are watched, in blocks by kind and interval.

    `targets` gives the symbols of an alarm. Those whose formula is not understood are `broken`.
    `edition` rises with each change.
    """

    def __init__(
        self,
        alarms: Iterable[Alarm],
        targets: Callable[[Alarm], Sequence[str]],
        states: Mapping[Key, State],
    ) -> None:
        self.broken: list[Alarm] = []
        self.watched: dict[int, tuple[Alarm, tuple[str, ...]]] = {}
        self.numbers: dict[Kind, Numbers] = {}
        self.formulas: dict[str, Formulas] = {}
        self.edition = 0
        self.change((), alarms, targets, states)

    def change(
        self,
        gone: Iterable[int],
        alarms: Iterable[Alarm],
        targets: Callable[[Alarm], Sequence[str]],
        states: Mapping[Key, State],
    ) -> None:
        """Forget some alarms by their numbers, and take in others or their new form."""
        self.edition += 1
        self._forget(gone)
        self.broken, grouped = [], dict[Kind, list[Pair]]()
        for alarm in alarms:
            if alarm.kind == "formula" and not understood(alarm.text):
                self.broken.append(alarm)
                continue
            symbols = ("",) if alarm.kind in INDICES else tuple(targets(alarm))
            self.watched[alarm.id] = alarm, symbols
            rows = grouped.setdefault((alarm.kind, alarm.interval), [])
            rows += [(alarm, symbol) for symbol in symbols]
        for kind, rows in grouped.items():
            if rows:
                self._take(kind, rows, states)

    def _take(self, kind: Kind, rows: list[Pair], states: Mapping[Key, State]) -> None:
        known: Block | None = self.numbers.get(kind)
        if kind[0] == "formula":
            known = self.formulas.get(kind[1])
        if known:
            known.add(rows, states)
        elif kind[0] == "formula":
            self.formulas[kind[1]] = Formulas(rows, states)
        else:
            self.numbers[kind] = Numbers(rows, states)

    def _forget(self, gone: Iterable[int]) -> None:
        known = [one for one in gone if self.watched.pop(one, None)]
        for block in self.blocks if known else ():
            kept = ~np.isin(block.ids, known)
            if not kept.all():
                block.keep(kept)
        self.numbers = {kind: one for kind, one in self.numbers.items() if one.alarms}
        self.formulas = {name: one for name, one in self.formulas.items() if one.alarms}

    @property
    def blocks(self) -> list[Block]:
        """Return every block."""
        return [*self.numbers.values(), *self.formulas.values()]
