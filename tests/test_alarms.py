"""alarms.py: each decision is what the alarm alone would come to, whatever happens between."""

import math
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verdicts
from alarm_rows import Alarm
from alarms import Engine, Formulas, Numbers, line, words
from formula import compile
from tests import formulas

ONE = Alarm(1, 10, "price", "> 100.0", "BTCUSDT", id=1)


class Alone:
    """One alarm of one symbol as one would write it down: a few variables and ifs."""

    def __init__(self, alarm):
        self.alarm, self.armed, self.fired = alarm, alarm.steady, None

    def number(self, value, now):
        a, (sign, level) = self.alarm, self.alarm.text.split()
        level = float(level)
        known = not math.isnan(value)
        holds = known and eval(f"value {sign} level")
        back = level - value if sign[0] == ">" else value - level
        return self.truth(
            holds, known and not holds and (self.fired is None or back >= a.band), now
        )

    def truth(self, holds, clear, now):
        a = self.alarm
        if now < a.made:
            self.armed = a.steady or clear or (self.armed and not holds)
            return False
        if a.until is not None and now >= a.until:
            return False
        if self.fired is None:
            rested = True
        else:
            rested = a.cooldown is not None and now > self.fired and now >= self.fired + a.cooldown
        if clear or (a.steady and rested):
            self.armed = True
        if not (self.armed and holds and rested and now >= (a.snooze or 0)):
            return False
        self.armed, self.fired = False, now
        return True


moments = st.one_of(st.none(), st.integers(0, 40))
numeric = st.builds(
    lambda sign, level, band, steady, cooldown, until, snooze, made: Alarm(
        1, 10, "price", f"{sign} {level}", "X", "", band, steady, cooldown, until, snooze, made=made
    ),
    st.sampled_from([">", ">=", "<", "<="]),
    st.sampled_from([99.0, 100.0, 101.0]),
    st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    st.booleans(),
    st.one_of(st.none(), st.integers(0, 9)),
    moments,
    moments,
    st.integers(0, 20),
)
price = st.sampled_from([97.0, 98.0, 98.5, 99.0, 99.5, 100.0, 100.5, 101.0, 102.0, math.nan])


def kept(block, states):
    """Write what a block has worked out, as the database would."""
    told = block.outcome(0)
    states |= {(row.alarm_id, row.symbol): row for row in told.states}
    block.settle()
    return [firing.alarm_id for firing in told.firings]


@given(
    st.lists(numeric, min_size=1, max_size=8),
    st.lists(st.tuples(price, st.sampled_from(["", "restart", "lost"])), max_size=45),
)
def test_decisions_are_those_of_each_alarm_alone_also_over_restarts_and_lost_writes(many, steps):
    many = [alarm._replace(id=i, made=alarm.made) for i, alarm in enumerate(many, 1)]
    alone, states = [Alone(alarm) for alarm in many], {}
    block = Numbers([(alarm, "X") for alarm in many], states)
    for now, (value, event) in enumerate(steps):
        wanted = [one.alarm.id for one in alone if one.number(value, now)]
        values = np.full(len(many), value)
        if event == "lost":
            block.look(values, now)
            block.revert()
        found = block.look(values, now)
        assert [many[i].id for i in np.flatnonzero(found)] == wanted
        assert kept(block, states) == wanted
        if event == "restart":
            block = Numbers([(alarm, "X") for alarm in many], states)


COINS = ("X", "Y")
many_coins = st.lists(st.tuples(numeric, st.sampled_from(COINS)), min_size=1, max_size=5)
happens = st.sampled_from(["", "", "", "again", "restart", "lost", "gone", "new"])
moves = st.tuples(st.sampled_from(COINS), price | st.floats(96, 103), happens, st.integers(0, 9))


def of_each(known, names):
    return np.array([known[name] for name in names])


@settings(max_examples=400)
@given(many_coins, st.lists(moves, max_size=40))
def test_a_tick_comes_to_what_a_look_at_every_row_would(many, ticks):
    every = [(alarm._replace(id=i, targets=coin), coin) for i, (alarm, coin) in enumerate(many)]
    both, states, now = [Numbers(every[1:], {}) for _ in range(2)], {}, 0
    seen, done = dict.fromkeys(COINS, 100.0), [set(), set()]
    for coin, value, event, later in ticks:
        now, seen[coin] = now + later, value
        if event == "restart":
            rows = list(zip(both[0].alarms, both[0].symbols, strict=True))
            both = [Numbers(rows, states) for _ in both]
        for one in both:
            if event == "gone":
                one.keep(np.arange(len(one.ids)) != 1)
            if event == "new":
                one.add(every[:1], states)
        bulk, block = both
        for turn in range(1 + (event in ("again", "lost"))):
            if turn and event == "lost":
                bulk.revert(), block.revert()
            wanted = np.flatnonzero(bulk.look(of_each(seen, bulk.symbols), now))
            assert sorted(block.tick(of_each(seen, block.names), now)) == wanted.tolist()
        told = [one.outcome(now) for one in both]
        assert sorted(told[0].states) == sorted(told[1].states)
        assert sorted(told[0].firings) == sorted(told[1].firings)
        states |= {(row.alarm_id, row.symbol): row for row in told[0].states}
        for one, outcome, over in zip(both, told, done, strict=True):
            over |= set(outcome.done)
            one.settle()
        assert done[0] == done[1]


def test_a_tick_looks_only_at_the_symbols_that_may_change(monkeypatch):
    texts = {"X": "> 100", "Y": "< 90", "Z": "> 100"}
    block = Numbers([(ONE._replace(text=text), coin) for coin, text in texts.items()], {})
    asked, decide = [], Numbers.decide
    monkeypatch.setattr(Numbers, "decide", lambda self, *a: asked.append(a[-1]) or decide(self, *a))
    block.tick(np.array([99.0, 99.0, 99.0]), 0)
    for i, prices in enumerate([(99.9, 90.1, 99), (101, 95, 50), (102, math.nan, 99.5)], 1):
        block.tick(np.array(prices, float), i)
    assert asked[0] == slice(None) and [rows.tolist() for rows in asked[1:]] == [[0]]


@given(st.lists(price, max_size=60), st.sampled_from([0.0, 1.0]))
def test_between_two_firings_of_a_crossing_the_number_went_back_over_the_band(values, band):
    block = Numbers([(ONE._replace(cooldown=0, band=band), "X")], {})
    fired = [i for i, value in enumerate(values) if block.look(np.array([value]), i)[0]]
    for before, after in pairwise(fired):
        least = np.nanmin([100.0, *values[before:after]])
        assert least <= 100 - band and values[after] > 100


def test_the_same_look_again_changes_nothing():
    block = Numbers([(ONE._replace(cooldown=0, steady=True), "X")], {})
    assert block.look(np.array([101.0]), 5)[0] and not block.look(np.array([101.0]), 5)[0]
    assert block.look(np.array([101.0]), 6)[0]


def test_the_same_look_after_a_restart_changes_nothing():
    pairs = [(ONE._replace(cooldown=0, steady=True, id=i), "X") for i in (1, 2)]
    block, states = Numbers(pairs, {}), {}
    for now, values in ((5, [101.0, 99.0]), (6, [99.0, 101.0])):
        block.look(np.array(values), now)
        kept(block, states)
    assert not Numbers(pairs, states).look(np.array(values), 6).any()


def test_what_was_before_an_alarm_was_made_arms_it_but_never_fires():
    for values, fires in (([99, 101], False), ([101, 99], True), ([99, math.nan], True)):
        block = Numbers([(ONE._replace(made=10), "X")], {})
        assert not any(block.look(np.array([float(v)]), t)[0] for t, v in enumerate(values))
        assert block.look(np.array([102.0]), 11)[0] == fires


def test_a_crossing_in_the_cooldown_is_told_at_its_end_if_it_still_holds():
    block = Numbers([(ONE._replace(cooldown=10), "X")], {})
    found = [
        bool(block.look(np.array([v]), t)[0]) for t, v in ((0, 99), (1, 101), (2, 99), (3, 101))
    ]
    assert found == [False, True, False, False]
    assert block.look(np.array([102.0]), 11)[0]


def test_one_that_fired_of_every_symbol_it_names_is_done_and_so_is_an_expired_one():
    two = ONE._replace(targets="AUSDT BUSDT", steady=True)
    wide = ONE._replace(id=2, targets="all", steady=True)
    late = ONE._replace(id=3, until=5)
    pairs = [(two, "AUSDT"), (two, "BUSDT"), (wide, "AUSDT"), (late, "AUSDT")]
    block = Numbers(pairs, {})
    block.look(np.array([101, 99, 101, 99.0]), 1)
    assert block.outcome(1).done == []
    block.settle()
    block.look(np.array([101, 101, 101, 101.0]), 5)
    told = block.outcome(5)
    assert [(f.alarm_id, f.symbol, f.value, f.text) for f in told.firings] == [
        (1, "BUSDT", 101.0, "> 100.0")
    ]
    assert told.done == [1, 3]


RULES = (
    "rsi(14) < 45",
    "close > sma(20)",
    "crossover(ema(9), ema(21))",
    "close > btc.close",
    "rsi(9, tf=4h) > 55",
    "not (volume > sma(volume, 20))",
)
BARS = formulas.bars(260)
SYMBOLS = ("AUSDT", "BUSDT", "CUSDT")


def watched():
    """Alarms of one symbol and of all three, once and again and again, as they hold or come."""
    many = []
    for text in RULES:
        normal = compile(text).text
        for targets in (*SYMBOLS, "BUSDT CUSDT", "all"):
            for cooldown, steady in ((None, False), (0, False), (9 * formulas.HOUR, True)):
                alarm = Alarm(1, 10, "formula", normal, targets, "1h", 0.0, steady, cooldown)
                many.append(alarm._replace(id=len(many) + 1))
    return many


def pairs(many):
    return [(alarm, symbol) for alarm in many for symbol in alarm.symbols or SYMBOLS]


def expected(rows, start):
    """When each row fires, by its formula over all bars alone."""
    whole, found = formulas.context(BARS), []
    for alarm, symbol in rows:
        truth = compile(alarm.text).history(whole)[:, SYMBOLS.index(symbol)]
        false = compile(f"not ({alarm.text})").history(whole)[:, SYMBOLS.index(symbol)]
        one = Alone(alarm)
        closes = BARS.time + formulas.HOUR
        found += [
            (alarm.id, symbol, int(closes[i]))
            for i in range(start, len(closes))
            if one.truth(bool(truth[i]), bool(false[i]), closes[i])
        ]
    return sorted(found)


@pytest.mark.parametrize("at_once", [1, 7])
def test_formulas_fire_as_each_does_alone_bar_by_bar_or_several_at_once(at_once):
    rows, start, states, found = pairs(watched()), 239, {}, []
    block = Formulas(rows, states)
    for end in range(start + at_once, 261, at_once):
        block.look(formulas.context(formulas.cut(BARS, end)), SYMBOLS, at_once)
        told = block.outcome(0)
        found += [(f.alarm_id, f.symbol, f.at) for f in told.firings]
        kept(block, states)
        if end % 5 == 0:
            block = Formulas(rows, states)
    assert sorted(found) == expected(rows, start) and len(found) > 50


def test_what_is_not_known_neither_fires_nor_arms():
    lone = Alarm(1, 10, "formula", "close > 100", "AUSDT", "1h", cooldown=0, id=1)
    rows = pairs([lone, lone._replace(id=2, targets="all"), lone._replace(id=3, steady=True)])
    block = Formulas(rows, {})
    nothing = formulas.blank(formulas.bars(30))
    assert not block.look(formulas.context(nothing), SYMBOLS).any()
    assert list(block.armed) == [alarm.steady for alarm, _ in rows]
    assert not block.look(formulas.context(formulas.bars(30)), ()).any()


def test_the_engine_sorts_alarms_into_blocks_and_names_what_it_does_not_understand():
    many = [
        ONE,
        ONE._replace(id=2, kind="move", text="> 5", interval="15m", targets="top 2"),
        ONE._replace(id=3, kind="formula", text="rsi(14) < 30", interval="4h"),
        ONE._replace(id=4, kind="formula", text="nosuch(14) < 30", interval="4h"),
        ONE._replace(id=5, kind="ap", text="> 75", targets=""),
    ]
    engine = Engine(many, lambda alarm: alarm.symbols or SYMBOLS[:2], {})
    assert [alarm.id for alarm in engine.broken] == [4]
    assert {key: len(block.alarms) for key, block in engine.numbers.items()} == {
        ("price", ""): 1,
        ("move", "15m"): 2,
        ("ap", ""): 1,
    }
    assert list(engine.formulas) == ["4h"]
    engine.numbers["ap", ""].look(np.array([70.0]), 1)
    engine.numbers["ap", ""].look(np.array([80.0]), 2)
    told = engine.numbers["ap", ""].outcome(2)
    assert told.done == [5] and told.firings[0].text == "ap > 75"
    engine.numbers["ap", ""].revert()
    assert engine.numbers["ap", ""].outcome(2) == ([], [], [])


MIXED = [
    *watched(),
    *(ONE._replace(id=200 + i, targets=coin) for i, coin in enumerate(SYMBOLS)),
    ONE._replace(id=210, targets="AUSDT CUSDT", text="< 95", cooldown=2 * formulas.HOUR),
    ONE._replace(id=211, targets="all", text=">= 105", cooldown=0, band=1.0),
    ONE._replace(id=212, kind="move", text="> 2", interval="1h", targets="all", cooldown=0),
    ONE._replace(id=213, kind="ap", text="> 50", targets="", cooldown=0, steady=True),
]


def active(running):
    return [alarm for alarm in MIXED if alarm.id in running]


def looked(engine, end, numbers):
    """Let an engine look at a bar and some numbers; return what is to be written."""
    context = formulas.context(formulas.cut(BARS, end))
    now = int(context.bars.time[-1]) + formulas.HOUR
    for block in engine.formulas.values():
        block.look(context, SYMBOLS)
        block.follow(context, SYMBOLS)
    prices = dict(zip((*SYMBOLS, ""), numbers, strict=True))
    for block in engine.numbers.values():
        block.look(np.array([prices[symbol] for symbol in block.symbols]), now)
    told = [block.outcome(now) for block in engine.blocks]
    states, firings, done = ([row for one in told for row in one[i]] for i in range(3))
    return sorted(states), sorted(firings, key=str), sorted(done)


toggles = st.sets(st.sampled_from([alarm.id for alarm in MIXED]), max_size=40)
steps = st.lists(st.tuples(toggles, st.lists(price, min_size=4, max_size=4)), max_size=6)


@settings(max_examples=25)
@given(toggles, steps)
def test_an_engine_that_alarms_come_to_and_go_from_is_as_one_made_anew(running, steps):
    states, running = {}, set(running)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdicts, "WORTH", 1)
        engine = Engine(active(running), targets_of, {})
        for end, (toggled, numbers) in enumerate(steps, 240):
            running ^= toggled
            rows = {key: row for key, row in states.items() if key[0] in toggled}
            engine.change(toggled, active(running & toggled), targets_of, rows)
            fresh = Engine(active(running), targets_of, states)
            found = looked(engine, end, numbers)
            assert found == looked(fresh, end, numbers)
            assert engine.watched == fresh.watched
            states |= {(row.alarm_id, row.symbol): row for row in found[0]}
            for block in engine.blocks:
                block.settle()


def targets_of(alarm):
    return alarm.symbols or SYMBOLS


def test_one_alarm_comes_and_goes_in_milliseconds_among_thousands():
    texts = [compile(f"rsi(14) < {n / 100}").text for n in range(2000, 2400)]
    many = [
        Alarm(1, 10, "formula", text, SYMBOLS[i % 3], "1h", id=10 * i + j)
        for i, text in enumerate(texts, 1)
        for j in range(10)
    ]
    engine = Engine(many, targets_of, {})
    context = formulas.context(BARS)
    engine.formulas["1h"].look(context, SYMBOLS)
    took = []
    for i in range(9):
        begun = time.thread_time()
        engine.change([many[i].id], [many[i]], targets_of, {})
        took.append(time.thread_time() - begun)
    assert min(took) < 0.02 and len(engine.formulas["1h"].alarms) == len(many)


def test_an_alarm_is_written_as_it_is_typed():
    typed = {
        "btc > 100.0": ONE,
        "btc eth %-5 15m": ONE._replace(
            kind="fall", text="< -5", interval="15m", targets="BTCUSDT ETHUSDT"
        ),
        "all %+5 1h": ONE._replace(kind="rise", text="> 5", interval="1h", targets="all"),
        "top 50 %3 5m": ONE._replace(kind="move", text="> 3", interval="5m", targets="top 50"),
        "eth 4h rsi(14) < 30": ONE._replace(
            kind="formula", text="rsi(14) < 30", interval="4h", targets="ETHUSDT"
        ),
        "ap > 75": ONE._replace(kind="ap", text="> 75", targets=""),
        "fr btc > 0.05": ONE._replace(kind="fr", text="> 0.05"),
    }
    assert {text: line(alarm) for text, alarm in typed.items()} == {text: text for text in typed}
    assert words(typed["fr btc > 0.05"]) == "fr > 0.05"
    assert line(typed["top 50 %3 5m"], "tr") == "ilk 50 %3 5m"


def test_compiled_formulas_are_shared():
    assert verdicts.both("rsi(14) < 30")[0] is verdicts.both("rsi(14) < 30")[0]
