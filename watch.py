"""The loop of the alarms: ticks, closed bars, and the bars of a sleep, written as they are seen."""

import logging
import threading
import time
from collections import ChainMap, Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import closings
from alarm_rows import PAUSED, Alarm, Firing
from alarms import INDICES, MOVES, Block, Engine, Formulas, Numbers, line
from board import Board
from bot import INTERVALS, UserError
from closings import GAP, priced
from evaluation import Context
from gauges import gauge, past
from meters import Meters
from verdicts import understood
from workers import Job

log = logging.getLogger("dort5bot")

TICKS, OLD, TELL, RETRY, SELDOM = "ticks", 60, 300_000, 10_000, 120_000
REBUILD, SLOW, LAG, PATIENCE, AT_ONCE, SKEW = 600, 300, 2000, 60_000, 500, 10
HOUR, MOST_AN_HOUR, TOGETHER = 3_600_000, 500, 120_000
SEEDS = (("15m", "1m"), ("1h", "5m"), ("4h", "15m"), ("1d", "1h"))
Blocks, Since = Mapping[tuple[str, str], Numbers], Mapping[str, int]
Marks = Mapping[str, int | None]
STALE, FRESH, BROKEN, FLOOD, MISSED = "stale", "fresh", "broken", "flood", "missed"


class Gap(NamedTuple):
    """A time that was slept through, in ms."""

    since: int
    until: int


class Watch:
    """Hold the engine of all alarms and let it look at what the markets tell.

    A look and what it changes are written in one transaction, and count only when they are.
    """

    def __init__(
        self,
        sources: Any,
        db: Any,
        clock: Callable[[], float] = time.time,
        meters: Meters | None = None,
    ) -> None:
        self.sources, self.db, self._clock = sources, db, clock
        self.meters = meters or Meters()
        self.board, self.engine = Board(), Engine((), self.targets, {})
        began = int(clock() * 1000)
        self.marks = closings.until(db.alarms.marks(), began)
        self._lock, self._building, self._telling = (threading.Lock() for _ in range(3))
        self._revision, self._built, self._now = -1, 0.0, 0.0
        self._seeded: set[str] = set()
        self._seen: dict[str, tuple[object, int]] = {}
        self._gauged: dict[str, tuple[float, dict[str, float]]] = {}
        self._known: dict[tuple[str, int], tuple[str, ...]] = {}
        self._order: dict[str, list[str]] = {}
        self._tried, self._since, self._stuck = (dict[str, int]() for _ in range(3))
        # Who was told before a restart that data is stale hears of its end too.
        left = (one for one in db.alarms.newest((STALE, FRESH)) if one.text == STALE)
        alarms = (Alarm(one.user_id, one.chat_id, *[""] * 3, topic=one.topic) for one in left)
        self._waiting = {"": {(alarm.chat_id, alarm.topic): alarm for alarm in alarms}}
        self._heard = began + TELL + PATIENCE
        gap = any(began - at > GAP for at in self.marks.values())
        db.alarms.gathering = began + TOGETHER if gap else 0

    def jobs(self) -> list[tuple[Job, float]]:
        """Return the jobs of the alarms, each with the seconds before its first run."""
        return [
            (Job("alarms", 2, self.tick, deadline=90), 6),
            (Job("alarm bars", 2, self.bars, deadline=180), 7),
        ]

    def targets(self, alarm: Alarm) -> Sequence[str]:
        """Return the symbols an alarm watches, the last known where they cannot be told now."""
        asked = alarm.targets, alarm.user_id
        with suppress(UserError):
            self._known[asked] = tuple(targets(self.sources, self.db, alarm))
        before = () if asked in self._known else self.db.alarms.states([alarm.id])
        return self._known.get(asked, [symbol for _, symbol in before])

    def build(self, compare: bool = False) -> Engine:
        """Return the engine with the alarms as they are now; only those that changed are built.

        Now and then all are compared, if wanted, for what `all` or `top 50` mean changes by itself.
        """
        now, other = self._clock(), list[int]()
        if now < self._now - SKEW:
            self._set_back(int(now * 1000), (self._now - now) * 1000)
        self._now = now
        if compare and self._revision >= 0 and now >= self._built + REBUILD:
            other, self._built = self._compared(), now
        with self._building:
            revision = self.db.alarms.revision
            if self._revision < 0:
                changed, self._built = self._compared(), now
            elif revision == self._revision and not other:
                return self.engine
            else:
                changed = list({*other, *self.db.alarms.changed(self._revision)})
            for start in range(0, len(changed), AT_ONCE):
                self._change(changed[start : start + AT_ONCE])
            self._revision = revision
        return self.engine

    def _set_back(self, now: int, by: float) -> None:
        """Begin anew with what is held of a time still to come (ms): the clock was set back."""
        self.board, self._seeded, self._built = Board(), set(), 0.0
        for known in (self._gauged, self._tried, self._since, self._stuck):
            known.clear()
        self.db.alarms.gathering = 0
        with self._lock:
            self.marks.update(closings.until(self.marks, now))
            for block in self.engine.blocks:
                block.set_back(now, by)

    def _compared(self) -> list[int]:
        """Return the alarms that are not watched as they are now."""
        now, known = {}, dict[tuple[str, int], tuple[str, ...]]()
        for alarm in self.db.alarms.active():
            asked = alarm.targets, alarm.user_id
            if asked not in known:
                known[asked] = tuple(self.targets(alarm))
            symbols = ("",) if alarm.kind in INDICES else known[asked]
            now[alarm.id] = alarm._replace(last_fired=None), symbols
        before = dict(self.engine.watched)
        return sorted(i for i in before.keys() | now.keys() if before.get(i) != now.get(i))

    def _change(self, ids: Sequence[int]) -> None:
        """Take some alarms into the engine in the form they have now, or out of it."""
        now, every = int(self._clock() * 1000), self.db.alarms.active(ids)
        alarms = [one._replace(last_fired=None, made=min(one.made, now)) for one in every]
        symbols = {alarm.id: tuple(self.targets(alarm)) for alarm in alarms}
        known = [one for one in alarms if one.kind != "formula" or understood(one.text)]
        with self._lock:
            states = {key: row.by(now) for key, row in self.db.alarms.states(ids).items()}
            self.engine.change(ids, known, lambda alarm: symbols[alarm.id], states)
        for alarm in set(alarms) - set(known):
            self.db.alarms.change(alarm.user_id, alarm.id, state=PAUSED)
            self.db.alarms.save([], [notice(alarm, BROKEN, int(self._clock() * 1000))])

    def tick(self) -> None:
        """Look at the newest prices and indices, after what was missed. Raises UserError."""
        with self._gathered(self.build()):
            self._tick()

    def _tick(self) -> None:
        engine, now = self.engine, int(self._clock() * 1000)
        seen = engine, engine.edition
        if not engine.numbers:
            self.marks[TICKS] = now
            return
        try:
            read = self.sources.tickers()
        except UserError:
            self._old_prices(engine, now, None)
            raise
        if read.stale or now - read.at > OLD * 1000:
            self._old_prices(engine, now, None)
            return
        if read.at <= self.board.at and self._seen.get(TICKS) == seen:
            return
        self._old_prices(engine, now, read.data)
        self._catch_up(engine, read.at, read.data.keys())
        windows = {interval for kind, interval in list(engine.numbers) if kind in MOVES}
        self.board.note(read.at, {s: row.last for s, row in read.data.items()}, windows)
        for window in windows - self._seeded:
            with suppress(UserError):
                self._seed(engine, window)
        for (kind, _), block in list(engine.numbers.items()):
            if not priced(kind):
                self._read(kind, block)
        self._old_indices(engine, now)
        with self._lock:
            for (kind, interval), block in engine.numbers.items():
                block.source = (read.source or "binance") if priced(kind) else None
                block.tick(self._values(kind, interval, block), read.at)
            names = {s for (k, _), one in engine.numbers.items() if priced(k) for s in one.names}
            late = closings.lacking(self.marks, TICKS, names, read.data.keys(), read.at)
            self._commit(engine.numbers.values(), now, {TICKS: read.at} | late)
        self._seen[TICKS] = seen

    def _values(self, kind: str, interval: str, block: Numbers) -> np.ndarray:
        """Return the numbers of a block's symbols as read last."""
        if priced(kind):
            late = closings.awaited(self.marks, TICKS)
            values = self.board.values(kind, interval, block.names)
            return np.where([name in late for name in block.names], np.nan, values)
        known = self._gauged[kind][1] if kind in self._gauged else {}
        return np.array([known.get(symbol, np.nan) for symbol in block.names])

    def _read(self, kind: str, block: Numbers) -> None:
        """Read an index anew, a slow one where it is old or of a symbol not asked for before."""
        now, symbols = self._clock(), sorted(block.names)
        at, known = self._gauged.get(kind, (0.0, {}))
        if kind == "fr" or now - at >= SLOW or not known.keys() >= set(symbols):
            values = gauge(self.sources, kind, symbols, now)
            self._gauged[kind] = now, dict(zip(symbols, values.tolist(), strict=True))

    def _commit(
        self, blocks: Iterable[Block], now: int, marks: Marks, news: Sequence[Firing] = ()
    ) -> None:
        """Write what was seen, all of it or nothing."""
        every = list(blocks)
        told = [block.outcome(now) for block in every]
        states, firings, done = ([row for one in told for row in one[i]] for i in range(3))
        written = False
        try:
            firings = [*self._bounded(firings, now), *news]
            self.db.alarms.settle(self._revision, states, firings, marks, done)
            written = True
        finally:
            for block in every:
                if written:
                    block.settle()
                else:
                    block.revert()
        for name, at in marks.items():
            if at is None:
                self.marks.pop(name, None)
            else:
                self.marks[name] = at
        self.meters.add("alarms_evaluated", sum(len(block.ids) for block in every))
        self.meters.add("alarms_fired", sum(bool(one.alarm_id) for one in firings))

    def _bounded(self, fired: list[Firing], now: int) -> list[Firing]:
        """Return what is to be told of what fired, at most so much of a user in an hour.

        Beyond that alarms that repeat and make no order are left out, and their user is told so
        once.
        """
        before = self.db.alarms.rung(now - HOUR, FLOOD) if fired else {}
        counts, told, left = Counter({user: n for user, (n, _) in before.items()}), [], {}
        for firing in fired:
            alarm, _ = self.engine.watched[firing.alarm_id]
            spared = alarm.cooldown is None or alarm.follow
            if spared or counts[firing.user_id] < MOST_AN_HOUR:
                counts[firing.user_id] += 1
                told.append(firing)
            else:
                left.setdefault(firing.user_id, alarm)
        news = [alarm for user, alarm in left.items() if not before.get(user, (0, 0))[1]]
        return told + [notice(alarm, FLOOD, now) for alarm in news]

    def _old(self, key: str, alarms: Iterable[Alarm], now: int) -> None:
        """Note which alarms wait for fresh data of a kind; tell their chats, and when it is there.

        A chat is told once, however many kinds of data it waits for, and after some minutes only.
        """
        waits = {(alarm.chat_id, alarm.topic): alarm for alarm in alarms}
        with self._telling:
            since = self._since.setdefault(key, now) if waits else self._since.pop(key, now)
            waiting = {**self._waiting, key: waits if now - since >= TELL else {}}
            if now >= self._heard:
                waiting.pop("", None)
            before, after = (ChainMap(*one.values()) for one in (self._waiting, waiting))
            told = [notice(after[one], STALE, now) for one in after.keys() - before.keys()]
            told += [notice(before[one], FRESH, now) for one in before.keys() - after.keys()]
            if told:
                self.db.alarms.save([], told)
            self._waiting = waiting

    def _old_prices(self, engine: Engine, now: int, there: Mapping[str, Any] | None) -> None:
        blocks = [one for (kind, _), one in list(engine.numbers.items()) if priced(kind)]
        self._old(TICKS, [alarm for one in blocks if there is None for alarm in one.alarms], now)
        gone = closings.awaited(self.marks, TICKS).keys() - (there or {}).keys()
        rows = [row for one in blocks if gone for row in zip(one.alarms, one.symbols, strict=False)]
        fresh = {alarm.id for alarm, symbol in rows if symbol not in gone}
        self._old("gone", [alarm for alarm, _ in rows if alarm.id not in fresh], now)

    def _old_indices(self, engine: Engine, now: int) -> None:
        for (kind, _), block in list(engine.numbers.items()):
            if not priced(kind):
                known = np.isfinite(list(self._gauged[kind][1].values())).any()
                self._old(kind, [] if known else block.alarms, now)

    def _old_bars(self, interval: str, block: Formulas, now: int) -> None:
        """Note the alarms none of whose coins has the bar that closed last."""
        step = INTERVALS[interval]
        behind = self.marks.get(interval, 0) < (now - PATIENCE) // step * step
        lines = closings.lines(block)
        first = closings.unseen(self.marks, interval, set(lines), 0)
        late = {one for one, at in first.items() if behind or at <= self.marks[interval]}
        rows = list(zip(block.alarms, lines, strict=False)) if late else []
        fresh = {alarm.id for alarm, one in rows if one not in late}
        self._old(interval, [alarm for alarm, _ in rows if alarm.id not in fresh], now)

    def _catch_up(self, engine: Engine, now: int, there: Container[str]) -> None:
        """Replay what was slept through; after some minutes without its bars say so and go on.

        Coins that have no price, or whose bars have not come yet, are late: their numbers are
        unknown until theirs are replayed.
        """
        since, late = self.marks.get(TICKS, now), closings.awaited(self.marks, TICKS)
        if now - since <= GAP and not late:
            return
        blocks = {key: one for key, one in list(engine.numbers.items()) if priced(key[0])}
        made = (block.made.min(initial=now) for block in list(engine.numbers.values()))
        begun = int(min(made, default=now))
        since, wanted = max(since, begun), {s for one in blocks.values() for s in one.names}
        slept, first = now - since > GAP, {s: max(late.get(s, since), begun) for s in wanted}
        ready = {s: at for s, at in first.items() if s in there and now - at > GAP}
        if not slept and not ready:
            return
        # The wait that began with an outage is over by the time that it ends.
        if TICKS not in self._stuck and slept:
            self.db.alarms.gathering = now + TOGETHER
        waits = {s: at for s, at in first.items() if s not in there}
        try:
            again = self._replay(blocks, ready, waits, now)
        except UserError:
            if now - self._stuck.setdefault(TICKS, now) < TELL:
                if slept:
                    raise
                return
            log.error("alarms go on without the bars from %s to %s", min(ready.values()), now)
            again = self._let_go(blocks, ready, waits, now)
        self._stuck.pop(TICKS, None)
        if again:
            self._catch_up(engine, now, there)
        if slept:
            self._recall(engine, Gap(since, now))

    def _replay(self, blocks: Blocks, ready: Since, waits: Since, now: int) -> bool:
        """Let alarms of prices and changes look at the bars of coins' gaps, by highs and lows.

        Return whether more is to be looked at by finer bars. Raises UserError.
        """
        gaps, late = closings.slept(self.sources, ready, now)
        with self._lock:
            for key, block in blocks.items():
                for gap in gaps:
                    closings.replayed(key, block, gap)
            marks = {TICKS: now} | closings.late(self.marks, TICKS, {**waits, **late})
            self._commit(blocks.values(), now, marks)
        return any(at > ready[symbol] for symbol, at in late.items())

    def _let_go(self, blocks: Blocks, gone: Since, waits: Since, now: int) -> bool:
        """Tell each chat, once, that what its alarms missed is not known; no more is to come."""
        rows = (zip(block.alarms, block.symbols, strict=False) for block in blocks.values())
        told = missed((alarm for some in rows for alarm, symbol in some if symbol in gone), now)
        self._commit([], now, {TICKS: now} | closings.late(self.marks, TICKS, waits), told)
        return False

    def _recall(self, engine: Engine, gap: Gap) -> None:
        """Let the alarms of indices look at what those were in a gap, where anybody tells."""
        for (kind, _), block in list(engine.numbers.items()):
            if priced(kind):
                continue
            try:
                times, values = past(self.sources, kind, block.names, *gap)
            except UserError as error:
                log.warning("what %s was in a gap is not known: %s", kind, error)
                continue
            with self._lock:
                more = np.full((len(times), len(block.names) - values.shape[1]), np.nan)
                for at, row in zip(times, np.hstack([values, more]), strict=True):
                    block.look(row[block.place], int(at))
                self._commit([block], gap.until, {})

    def _seed(self, engine: Engine, window: str) -> None:
        """Take the past of a window from candles, so that changes are known from the start."""
        blocks = [
            block
            for (kind, interval), block in list(engine.numbers.items())
            if kind in MOVES and interval == window
        ]
        symbols = sorted({symbol for block in blocks for symbol in block.symbols})
        frame = next((f for w, f in SEEDS if INTERVALS[window] <= INTERVALS[w]), SEEDS[-1][1])
        panel = self.sources.panel(symbols, frame, 500)
        closes = panel.time + INTERVALS[frame]
        recent = closes > self.board.at - 1.1 * INTERVALS[window]
        self.board.seed(window, closes[recent], panel.close[recent], symbols)
        self._seeded.add(window)

    def bars(self) -> None:
        """Look at every timeframe's bars that have closed. Raises UserError."""
        engine = self.build(compare=True)
        failure = None
        with self._gathered(engine):
            for interval, block in list(engine.formulas.items()):
                try:
                    self._close(engine, interval, block)
                except UserError as error:
                    failure = error
                self._old_bars(interval, block, int(self._clock() * 1000))
        if failure:
            raise failure

    @contextmanager
    def _gathered(self, engine: Engine) -> Iterator[None]:
        """Let what a gap's first look finds wait for what the other looks find, for a while."""
        self._gather_until(engine)
        try:
            yield
        finally:
            self._gather_until(engine)

    def _gather_until(self, engine: Engine) -> None:
        rows, now = self.db.alarms, int(self._clock() * 1000)
        frames = {frame: INTERVALS[frame] for frame in list(engine.formulas)}
        frames |= {TICKS: 0} if engine.numbers else {}
        due = (self.marks.get(name, now) + step for name, step in frames.items())
        if now - min(due, default=now) > GAP:
            rows.gathering = rows.gathering or now + TOGETHER
        elif rows.gathering:
            rows.gathering, rows.fresh = 0, True

    def _close(self, engine: Engine, interval: str, block: Formulas) -> None:
        """Look at the bars of a timeframe that closed since the last look.

        What waits for a bar that has not come yet is late: it is looked at when that comes.
        """
        now, step, seen = int(self._clock() * 1000), INTERVALS[interval], (block, block.edition)
        again = self._seen.get(interval) != seen
        oldest = int(block.made.min(initial=now)) // step * step - step
        mark = max(self.marks.get(interval, 0), oldest)
        first = closings.unseen(self.marks, interval, sorted(set(closings.lines(block))), oldest)
        late = {one for one, at in first.items() if at <= mark}
        wait = max(RETRY, min(SELDOM, (now - mark) // 4))
        retry = late and now - self._tried.get(interval, 0) > wait
        if now - LAG < mark + step and not again and not retry:
            return
        self._tried[interval] = now
        context = self._back(block, interval, first, mark, now)
        newest = int(context.bars.time[-1]) + step if len(context.bars.time) > 1 else 0
        if newest < mark:
            return
        known, symbols = closings.present(context, first), closings.coins(first)
        if newest == mark and not again and not late & known:
            return
        block.read(context, symbols)
        with self._lock:
            if engine.formulas.get(interval) is not block:
                return
            news = self._look(block, context, symbols, {s: first[s] for s in known}, now)
            missing = {s: at for s, at in first.items() if s not in known}
            marks = {interval: max(mark, newest)} | closings.late(self.marks, interval, missing)
            # As with prices, the wait that began with an outage is over by the time that it ends.
            if newest - mark > step + GAP and self.db.alarms.gathering <= now:
                self.db.alarms.gathering = now + TOGETHER
            self._commit([block], now, marks, news)
        self._seen[interval] = seen
        block.follow(context, symbols)
        self._order[interval] = block.nearest(context, symbols)

    def _look(
        self,
        block: Formulas,
        context: Context,
        symbols: tuple[str, ...],
        first: dict[str, int],
        now: int,
    ) -> list[Firing]:
        """Let lines of alarms look at their bars from the first on that they have not seen.

        Return what is to be told of bars that are too long past.
        """
        step, bars = INTERVALS[context.interval], context.bars.time
        back = closings.reach(block.needs, len(symbols), context.interval)
        most = min(max(closings.MOST_BARS, back), len(bars))
        groups, lost = closings.grouped(first, int(bars[-1]) + step, step, most)
        lines = closings.lines(block)
        for count, some in groups.items():
            only = None if some.issuperset(lines) else np.array([one in some for one in lines])
            block.look(context, symbols, count, only)
        return missed((a for a, one in zip(block.alarms, lines, strict=True) if one in lost), now)

    def _back(
        self, block: Formulas, interval: str, first: dict[str, int], mark: int, now: int
    ) -> Context:
        """Fetch the bars since a mark; after some minutes without those long past, the newest.

        For so long those of late coins are asked for too.
        """
        symbols, step = closings.coins(first), INTERVALS[interval]
        rank = {one: i for i, one in enumerate(self._order.get(interval, ()))}
        order = sorted(symbols, key=lambda symbol: rank.get(symbol, len(rank)))
        gather = partial(closings.gathered, self.sources, block.needs, symbols, order, interval)
        start = partial(closings.start, block.needs, len(symbols), interval, now=now)
        since = start(min(first.values()) - step)
        if since is None:
            return gather(None)
        tried = self._stuck.setdefault(interval, now)
        if start(mark) is not None and mark > tried:
            tried = self._stuck[interval] = now
        return gather(since if now - tried < TELL else None)


def targets(sources: Any, db: Any, alarm: Alarm) -> Sequence[str]:
    """Return the symbols an alarm watches now. Raises UserError."""
    words = alarm.targets.split()
    if words[:1] == ["all"]:
        return sorted(sources.universe())
    if words[:1] == ["top"]:
        return sources.top(int(words[1]))
    return db.favourites(alarm.user_id) if words == ["favourites"] else alarm.symbols


def missed(alarms: Iterable[Alarm], now: int) -> list[Firing]:
    """Return what tells each chat of some alarms, once, that what they missed is not known."""
    chats = {(alarm.chat_id, alarm.topic): alarm for alarm in alarms}
    return [notice(alarm, MISSED, now) for alarm in chats.values()]


def notice(alarm: Alarm, what: str, now: int) -> Firing:
    """Return something to be told that is no firing, of an alarm or of all in its chat."""
    place = 0, alarm.user_id, alarm.chat_id, line(alarm) if what == BROKEN else ""
    return Firing(*place, now, None, what, topic=alarm.topic)
