"""closings.py: which bars of which coins are still to be looked at, and from when on to ask."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import closings
from alarm_rows import Alarm
from alarms import Numbers
from bot import INTERVALS, UserError
from evaluation import Context
from formula import FETCHED, Needs, compile
from history import PAGE
from net import Dated
from shapes import Candles, Panel

MINUTE, HOUR = 60_000, 3_600_000
NOW = 500_000 * HOUR
ONE = Needs({"": 1}, frozenset())


def panel(bars, symbols=(), stale=()):
    """Bars by coin, each (opening time, price), as sources have them."""
    reads = {}
    for symbol, rows in bars.items():
        table = np.array([[time, *[price] * 4, *[1] * 6] for time, price in rows], dtype=float).T
        reads[symbol] = Dated(Candles(table), 0.0, stale=symbol in stale)
    longest = max((read.data.time for read in reads.values()), key=len)
    return Panel(tuple(symbols or bars), longest, reads)


class Market:
    """Bars of one timeframe, some of them stale."""

    def __init__(self, bars, stale=()):
        self.bars, self.stale = bars, stale

    def panel(self, symbols, interval, bars):
        return panel(self.bars, symbols, self.stale)


def every(step, first, last):
    return [(NOW + n * step, 99.0) for n in range(first, last)]


def test_a_coin_is_unseen_from_the_bar_after_the_mark_on_a_late_one_since_it_was_late():
    marks = {"1h": 10 * HOUR, "1h AUSDT": 4 * HOUR, "4h BUSDT": HOUR, "ticks": 0}
    known = closings.unseen(marks, "1h", ["AUSDT", "BUSDT"], 0)
    assert known == {"AUSDT": 4 * HOUR, "BUSDT": 11 * HOUR}
    assert closings.unseen(marks, "1h", ["AUSDT"], 7 * HOUR) == {"AUSDT": 7 * HOUR}
    assert closings.unseen({}, "1h", ["AUSDT"], 7 * HOUR) == {"AUSDT": 8 * HOUR}


def test_marks_of_late_coins_go_when_their_bars_are_there_and_only_of_that_timeframe():
    marks = {"1h": 9, "1h AUSDT": 4, "1h BUSDT": 5, "4h AUSDT": 1}
    assert closings.late(marks, "1h", {"BUSDT": 5, "CUSDT": 9}) == {
        "1h AUSDT": None,
        "1h BUSDT": 5,
        "1h CUSDT": 9,
    }


@given(
    st.dictionaries(st.sampled_from("ABCDEF"), st.integers(0, 30), min_size=1),
    st.integers(1, 20),
)
def test_every_coin_is_in_one_group_of_as_many_bars_as_it_lacks(lacks, most):
    newest = 100 * HOUR
    first = {symbol: newest - (n - 1) * HOUR for symbol, n in lacks.items()}
    groups, lost = closings.grouped(first, newest, HOUR, most)
    found = {symbol: count for count, some in groups.items() for symbol in some}
    assert found == {symbol: min(max(n, 1), most) for symbol, n in lacks.items()}
    assert sum(map(len, groups.values())) == len(lacks)
    assert lost == {symbol for symbol, n in lacks.items() if n > most}


FORMULAS = ("close > 1", "rsi(14) < 30", "ema(200) > 1", "sma(3, tf=1m) > 1", "rsi(9, tf=4h) > 50")


@given(
    st.sampled_from(FORMULAS),
    st.integers(1, 500),
    st.sampled_from(["1m", "15m", "1h", "1d"]),
    st.integers(0, 30_000),
)
def test_what_is_asked_for_is_bounded_and_never_before_the_mark(text, coins, interval, bars):
    if text == FORMULAS[3] and interval == "1m":
        text = FORMULAS[0]
    needs, step = compile(text).needs, INTERVALS[interval]
    now = NOW // step * step + 7
    mark = now // step * step - bars * step
    since = closings.start(needs, coins, interval, mark, now)
    if since is None:
        return
    assert since >= mark and (now - since) // step <= closings.LONGEST
    spans = [(now - since) // INTERVALS[f or interval] + n for f, n in needs.bars.items()]
    pages = coins * sum(1 + span // PAGE for span in spans if span > FETCHED[1])
    assert pages <= closings.PAGES


@pytest.mark.parametrize(
    ("text", "coins", "bars", "asked"),
    [
        ("close > 1", 400, 2, None),
        ("close > 1", 400, 400, None),
        ("close > 1", 400, 401, 401),
        ("close > 1", 400, 5000, 998),
        ("rsi(14) < 30", 400, 200, None),
        ("rsi(14) < 30", 400, 236, 236),
        ("rsi(14) < 30", 400, 5000, 734),
        ("ema(200) > 1", 400, 300, None),
        ("close > 1", 10, 5000, 5000),
        ("close > 1", 1, 50_000, 10_000),
        ("sma(3, tf=1m) > 1", 1, 401, None),
    ],
)
def test_a_gap_that_the_newest_bars_cover_asks_for_no_more(text, coins, bars, asked):
    mark = NOW - bars * HOUR
    since = closings.start(compile(text).needs, coins, "1h", mark, NOW + 5)
    assert since == (asked and NOW - asked * HOUR)


def test_a_rising_bar_goes_down_first_and_a_falling_one_up():
    bars = np.array([[[10.0, 10.0]], [[13.0, 13.0]], [[8.0, 8.0]], [[12.0, 9.0]]])
    went = np.array([prices for prices, _ in closings.path(bars)])
    assert went.T.tolist() == [[10, 8, 13, 12], [10, 13, 8, 9]]


def test_a_gap_of_many_alarms_takes_the_memory_of_its_coins_only():
    alarms = [Alarm(1, 1, "price", "> 100", "AUSDT", id=i, cooldown=0) for i in range(5000)]
    block = Numbers([(alarm, "AUSDT") for alarm in alarms], {})
    bars = np.full((4, 300, 1), 99.0)
    bars[1, 299] = 101
    opens = NOW + 60_000 * np.arange(300.0)
    tracemalloc.start()
    gap = closings.Slept(["AUSDT"], bars, opens, np.ones((300, 1), dtype=bool), 60_000)
    closings.replayed(("price", ""), block, gap)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(list(block.fresh)) == 5000 and most < 5_000_000


def test_a_coin_that_is_gone_for_a_moment_waits_for_no_bars_one_gone_for_longer_does():
    marks = {"ticks": NOW, "ticks AUSDT": NOW - 50_000, "ticks BUSDT": NOW - 100_000}
    names, there, now = ["AUSDT", "BUSDT", "CUSDT", "DUSDT"], {"AUSDT", "BUSDT", "DUSDT"}, NOW + 10
    found = closings.lacking(marks, "ticks", names, there, now)
    assert found == {"ticks AUSDT": None, "ticks BUSDT": NOW - 100_000, "ticks CUSDT": NOW}
    marks = {"ticks": NOW, "ticks BUSDT": NOW - 100_000, "ticks CUSDT": NOW}
    assert closings.lacking(marks, "ticks", names, there, now) == {}
    assert closings.lacking({"ticks": NOW - 100_000}, "ticks", names, names, now) == {}


def test_coins_of_a_gap_are_looked_at_each_from_its_own_beginning_to_its_end():
    bars = every(MINUTE, -40, 3)
    coins = {"AUSDT": bars, "BUSDT": bars, "CUSDT": bars[:-3], "DUSDT": bars}
    market = Market(coins, {"CUSDT", "DUSDT"})
    since = dict.fromkeys(coins, NOW - 20 * MINUTE) | {"BUSDT": NOW - 4 * MINUTE}
    (gap,), late = closings.slept(market, since, NOW + 2 * MINUTE + 30_000)
    assert late == {"CUSDT": NOW - 20 * MINUTE} and list(gap.symbols) == ["AUSDT", "BUSDT", "DUSDT"]
    assert gap.rows.sum(axis=0).tolist() == [22, 6, 22]
    assert {int(gap.opens[rows].max()) for rows in gap.rows.T} == {NOW + MINUTE}


def test_bars_before_a_coins_gap_fire_nothing():
    alarm = Alarm(1, 1, "price", "> 98", "AUSDT BUSDT", cooldown=0, steady=True, id=1)
    block = Numbers([(alarm, symbol) for symbol in ("AUSDT", "BUSDT")], {})
    market = Market({s: every(MINUTE, -9, 0) for s in ("AUSDT", "BUSDT")})
    since = {"AUSDT": NOW - 6 * MINUTE, "BUSDT": NOW - 2 * MINUTE}
    (gap,), _ = closings.slept(market, since, NOW)
    closings.replayed(("price", ""), block, gap)
    first = {block.symbols[i]: at for i, at, _ in reversed(list(block.fresh))}
    assert first == {"AUSDT": NOW - 6 * MINUTE, "BUSDT": NOW - 2 * MINUTE}


@pytest.mark.parametrize(("after", "late"), [(60_000, {}), (200_000, {"AUSDT": NOW})])
def test_the_end_of_a_gap_of_long_bars_waits_for_finer_ones_where_it_is_long_itself(after, late):
    quarter = INTERVALS["15m"]
    market = Market({"AUSDT": every(quarter, -99, 0)})
    gaps, waits = closings.slept(market, {"AUSDT": NOW - 90 * quarter}, NOW + after)
    assert waits == late and gaps[0].step == quarter


def test_a_line_waits_for_the_longer_bars_that_nobody_told_and_no_other_does():
    bars = panel({s: every(HOUR, -9, 0) for s in ("AUSDT", "BUSDT", "CUSDT")})
    longer = {"AUSDT": every(4 * HOUR, -9, 0), "CUSDT": every(4 * HOUR, -9, -1)}
    context = Context(bars, "1h", {"4h": panel(longer, bars.symbols)})
    lines = ["AUSDT", "BUSDT", "AUSDT @4h", "BUSDT @4h", "CUSDT @4h"]
    assert closings.present(context, lines) == {"AUSDT", "BUSDT", "AUSDT @4h"}


@pytest.mark.parametrize("short", ["", "4h"])
def test_a_gap_whose_bars_do_not_reach_back_is_not_looked_at(monkeypatch, short):
    since = NOW - 5 * HOUR
    rows = {name: every(HOUR, -2 if name == short else -9, 0) for name in ("", "4h")}
    panels = {name: panel({"AUSDT": some}) for name, some in rows.items()}
    context = Context(panels[""], "1h", {"4h": panels["4h"]})
    monkeypatch.setattr(closings, "gather", lambda *_: context)
    market, names = Market({"AUSDT": rows[""]}), ("AUSDT",)
    with pytest.raises(UserError):
        closings.gathered(market, ONE, names, names, "1h", since)
    assert closings.gathered(market, ONE, names, names, "1h", None).bars.symbols == names
