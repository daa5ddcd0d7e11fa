"""watch.py: ticks, closed bars, gaps and restarts, on markets made by hand and on the mock ones."""

from contextlib import suppress

import numpy as np
import pytest

import history
import watch
from alarm_rows import DONE, PAUSED, Alarm
from bot import UserError
from formula import compile
from meters import Meters
from net import Dated
from shapes import Candles, Panel, Ticker
from watch import BROKEN, FLOOD, FRESH, MISSED, STALE, Watch

MINUTE = 60_000
ONE = Alarm(1, 10, "price", "> 100", "AUSDT")


class Markets:
    """Coins whose prices a test sets; candles as it lists them by interval and coin."""

    def __init__(self, clock):
        self.clock, self.prices, self.bars, self.stale = clock, {"AUSDT": 99.0}, {}, False
        self.unread = set()

    def tickers(self):
        rows = {s: Ticker(p, p, p, p, 1.0, 1.0, 0.0) for s, p in self.prices.items()}
        return Dated(rows, self.clock() - 3, stale=self.stale)

    def panel(self, symbols, interval, bars=500):
        known = {s: rows for s in symbols if (rows := self.bars.get((interval, s))) is not None}
        if not known:
            raise UserError("yok", "none")
        now, old = self.clock(), self.unread
        reads = {s: Dated(Candles(table(r)), now, stale=s in old) for s, r in known.items()}
        longest = max((read.data.time for read in reads.values()), key=lambda x: (x[-1], len(x)))
        return Panel(tuple(symbols), longest, reads)

    def known(self, word):
        return word if word in self.prices else None

    def top(self, n):
        return sorted(self.prices)[:n]


def table(rows):
    """Rows of (open time, open, high, low, close) as candles have them."""
    rows = np.array(rows, dtype=float).T
    return np.concatenate([rows, np.ones((6, rows.shape[1]))])


@pytest.fixture
def venue(clock):
    clock.now = 1_795_500_000.0
    return Markets(clock)


@pytest.fixture
def go(venue, database, clock):
    """Let a watch look at one price after the other, ten seconds apart; return what was fired."""

    def look(seen, *prices):
        before = len(database.alarms.outbox())
        for price in prices:
            clock.now += 10
            venue.prices["AUSDT"] = price
            seen.tick()
        return [(f.alarm_id, f.value) for f in database.alarms.outbox()[before:]]

    return look


def test_a_crossing_is_a_row_once_and_a_restart_in_between_changes_nothing(
    venue, database, clock, go
):
    database.alarms.add(ONE)
    again = database.alarms.add(ONE._replace(cooldown=0, band=2.0))
    seen = Watch(venue, database, clock)
    assert go(seen, 99, 99.9, 101, 99.5, 102) == [(1, 101.0), (2, 101.0)]
    assert database.alarms.find(1, 1).state == DONE
    seen = Watch(venue, database, clock)
    assert go(seen, 103, 97, 99, 101) == [(again, 101.0)]


def test_what_is_evaluated_and_fired_is_counted(venue, database, clock, go):
    database.alarms.add(ONE), database.alarms.add(ONE._replace(text="> 200"))
    meters = Meters()
    go(Watch(venue, database, clock, meters), 99, 101, 99)
    counted = [meters.counted(f"alarms_{name}")[0][2] for name in ("evaluated", "fired")]
    assert counted == [2 + 2 + 1, 1]


def test_alarms_come_and_go_while_the_others_stay_as_they_are(venue, database, clock, go):
    first = database.alarms.add(ONE)
    seen = Watch(venue, database, clock)
    go(seen, 99)
    block = seen.engine.numbers["price", ""]
    second = database.alarms.add(ONE._replace(text="> 101"))
    rule = ONE._replace(kind="formula", text="close > 100", interval="1h")
    database.alarms.add(rule)
    assert go(seen, 99) == [] and seen.engine.numbers["price", ""] is block
    assert [alarm.id for alarm in block.alarms] == [first, second]
    database.alarms.change(1, second, state=PAUSED)
    assert go(seen, 102) == [(first, 102.0)]
    database.alarms.change(1, second, state="active")
    assert go(seen, 99, 102) == [(second, 102.0)]
    seen.tick()
    assert not seen.engine.numbers and list(seen.engine.formulas) == ["1h"]


def test_what_a_word_for_coins_means_is_asked_again_after_a_while(venue, database, clock):
    made = database.alarms.add(ONE._replace(targets="top 9"))
    seen = Watch(venue, database, clock)
    seen.build(compare=True)
    venue.prices |= {"BUSDT": 1.0}
    seen.build(compare=True)
    assert seen.engine.watched[made][1] == ("AUSDT",)
    clock.now += watch.REBUILD
    seen.build()
    assert seen.engine.watched[made][1] == ("AUSDT",)
    seen.build(compare=True)
    assert seen.engine.watched[made][1] == ("AUSDT", "BUSDT")
    assert seen.engine.numbers["price", ""].symbols == ("AUSDT", "BUSDT")


def test_a_tick_does_not_wait_while_all_alarms_are_compared(venue, database, clock, monkeypatch):
    database.alarms.add(ONE)
    seen = Watch(venue, database, clock)
    seen.build(compare=True)
    clock.now += watch.REBUILD
    compared, found = seen._compared, []

    def during():
        added = database.alarms.add(ONE)
        found.append([alarm.id for alarm in seen.build().numbers["price", ""].alarms][-1] == added)
        return compared()

    monkeypatch.setattr(seen, "_compared", during)
    seen.build(compare=True)
    assert found == [True]


def test_a_write_that_fails_is_looked_at_again(venue, database, clock, go, monkeypatch):
    database.alarms.add(ONE)
    seen = Watch(venue, database, clock)
    go(seen, 99)
    with monkeypatch.context() as patch:
        patch.setattr(database.alarms, "save", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            go(seen, 101)
    assert go(seen, 101.5) == [(1, 101.5)]


def test_a_clock_set_back_by_an_hour_silences_no_alarm(venue, database, clock, go, monkeypatch):
    told = {"ap": 74.0}
    monkeypatch.setattr("watch.gauge", lambda _, kind, symbols, now: np.array([told[kind]]))
    database.alarms.add(ONE._replace(cooldown=60_000, steady=True))
    database.alarms.add(ONE._replace(kind="ap", text="> 75", targets=""))
    rule = ONE._replace(kind="formula", text="close > 100", interval="15m", cooldown=0)
    database.alarms.add(rule)
    quarter = clock.now // 900 * 900_000
    venue.bars["15m", "AUSDT"] = [(quarter - n * 900_000, *[99] * 4) for n in (2, 1)]
    seen = Watch(venue, database, clock)
    assert go(seen, 99, 101, 101) == [(1, 101.0)]
    seen.bars()
    clock.now -= 3600
    told["ap"] = 76.0
    assert go(seen, 101, 101) == [(2, 76.0)]
    clock.now += 60
    assert go(seen, 101) == [(1, 101.0)]
    clock.now = quarter / 1000 - 3600 + 905
    venue.bars["15m", "AUSDT"] = [(quarter - n * 900_000, *[v] * 4) for n, v in ((5, 99), (4, 101))]
    seen.bars()
    assert database.alarms.outbox()[-1].at == quarter - 3 * 900_000


def test_stale_prices_never_fire_and_are_told_once_and_so_is_their_end(venue, database, clock, go):
    database.alarms.add(ONE)
    seen = Watch(venue, database, clock)
    go(seen, 99)
    venue.stale = True
    go(seen, *[150.0] * 70)
    assert [f.text for f in database.alarms.outbox()] == [STALE]
    venue.stale, database.alarms.marks()
    venue.stale = False
    venue.bars["1m", "AUSDT"] = [(clock.now * 1000 - MINUTE, 99, 99, 99, 99)]
    go(seen, 99)
    assert [f.text for f in database.alarms.outbox()] == [STALE, FRESH]


def test_a_coin_that_nobody_prices_any_more_is_told_where_an_alarm_has_no_other(
    venue, database, clock, go
):
    venue.prices |= {"BUSDT": 5.0, "CUSDT": 5.0}
    database.alarms.add(ONE._replace(targets="AUSDT BUSDT"))
    database.alarms.add(ONE._replace(targets="BUSDT", chat_id=20))
    seen = Watch(venue, database, clock)
    go(seen, 99)
    del venue.prices["BUSDT"]
    go(seen, *[99] * 20)
    assert not database.alarms.outbox()
    go(seen, *[99] * 20)
    assert [(f.chat_id, f.text) for f in database.alarms.outbox()] == [(20, STALE)]
    venue.prices["BUSDT"] = 5.0
    venue.bars["1m", "BUSDT"] = minutes(clock, *[(5, 5, 5, 5)] * 30)
    go(seen, 99, 99)
    assert [(f.chat_id, f.text) for f in database.alarms.outbox()[1:]] == [(20, FRESH)]


def test_a_flood_leaves_out_repeats_and_tells_so_once_an_hour(
    venue, database, clock, go, monkeypatch
):
    monkeypatch.setattr(watch, "MOST_AN_HOUR", 3)
    flood = ONE._replace(text="> 1", cooldown=0, steady=True)
    again, other = database.alarms.add(flood), database.alarms.add(flood._replace(user_id=2))
    seen = Watch(venue, database, clock)
    assert [i for i, _ in go(seen, 99, 99)] == [again, other] * 2
    once = database.alarms.add(ONE._replace(text="> 100", targets="AUSDT"))
    order = database.alarms.add(flood._replace(follow="buy"))
    assert [i for i, _ in go(seen, 99)] == [again, other, order]
    told = [i for i, _ in go(seen, 101, 102)]
    assert sorted(told) == [0, 0, once, order, order]
    assert database.alarms.states()[again, "AUSDT"].fired == venue.tickers().at
    news = [(f.user_id, f.text) for f in database.alarms.outbox() if not f.alarm_id]
    assert news == [(1, FLOOD), (2, FLOOD)]
    go(Watch(venue, database, clock), 103)
    clock.now += 3600
    venue.bars["1m", "AUSDT"] = [(clock.now * 1000 - 9 * MINUTE, 99, 99, 99, 99)]
    database.alarms.change(1, order, state=PAUSED)
    assert [i for i, _ in go(Watch(venue, database, clock), *[99] * 5)].count(again) == 3
    assert [f.text for f in database.alarms.outbox() if not f.alarm_id] == [FLOOD] * 4


def minutes(clock, *rows):
    """Bars of a minute that end now."""
    last = int(clock.now // 60 * MINUTE)
    return [(last - (len(rows) - i) * MINUTE, *row) for i, row in enumerate(rows)]


def test_a_sleep_is_replayed_by_highs_and_lows_with_the_time_it_happened(
    venue, database, clock, go
):
    once, again = database.alarms.add(ONE), database.alarms.add(ONE._replace(cooldown=0, band=1.0))
    low = database.alarms.add(ONE._replace(text="< 90"))
    go(Watch(venue, database, clock), 99, 99.5)
    slept = clock.now * 1000
    clock.now += 600
    venue.bars["1m", "AUSDT"] = rows = minutes(
        clock,
        *[(95, 150, 50, 95)] * 3,
        (95, 101, 94, 98),
        (98, 99.5, 97, 98),
        (98, 102, 97, 101),
        *[(98, 99, 97, 98)] * 4,
    )
    venue.bars["1m", "AUSDT"][:3] = [(t - 3600_000, *row) for t, *row in rows[:3]]
    go(Watch(venue, database, clock), 98)
    told = [(f.alarm_id, f.value, (f.at - rows[3][0]) // MINUTE) for f in database.alarms.outbox()]
    assert told == [(once, 101.0, 0), (again, 101.0, 0), (again, 102.0, 2)]
    assert all(slept < f.at < clock.now * 1000 for f in database.alarms.outbox())
    assert database.alarms.find(1, low).state == "active"
    go(Watch(venue, database, clock), 98)
    assert len(database.alarms.outbox()) == 3


def test_a_gap_without_bars_is_waited_for_and_then_let_go_which_is_told_once(
    venue, database, clock, go
):
    database.alarms.add(ONE), database.alarms.add(ONE._replace(text="> 900"))
    seen = Watch(venue, database, clock)
    go(seen, 99)
    clock.now += 600
    with pytest.raises(UserError):
        go(seen, 101)
    clock.now += 301
    assert go(seen, 101, 102) == [(0, None), (1, 101.0)]
    assert database.alarms.outbox()[0].text == MISSED


def test_changes_are_known_from_the_start_by_candles(venue, database, clock, go):
    database.alarms.add(ONE._replace(kind="rise", text="> 5", interval="5m"))
    venue.bars["1m", "AUSDT"] = minutes(clock, *[(100, 100, 100, 100)] * 9)
    assert go(Watch(venue, database, clock), 101, 104) == []
    assert go(Watch(venue, database, clock), 105.5) == [(1, pytest.approx(5.5))]


def test_changes_within_a_gap_are_found(venue, database, clock, go):
    database.alarms.add(ONE._replace(kind="move", text="> 5", interval="5m"))
    venue.bars["1m", "AUSDT"] = minutes(clock, *[(100, 100, 100, 100)] * 9)
    go(Watch(venue, database, clock), 100)
    clock.now += 600
    venue.bars["1m", "AUSDT"] = minutes(
        clock, *[(100, 100, 100, 100)] * 12, (100, 100, 94, 99), *[(99, 99, 99, 99)] * 3
    )
    go(Watch(venue, database, clock), 99)
    assert [f.value for f in database.alarms.outbox()] == [pytest.approx(6.0)]


def hours(clock, *closes):
    last = int(clock.now // 3600 * 3_600_000)
    n = len(closes)
    return [(last - (n - i) * 3_600_000, c, c, c, c) for i, c in enumerate(closes)]


def test_a_formula_is_looked_at_when_its_bar_closes_and_missed_bars_after_a_sleep(
    venue, database, clock
):
    made = ONE._replace(kind="formula", text="close > 100", interval="1h", cooldown=0)
    database.alarms.add(made)
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 99, 99)
    seen = Watch(venue, database, clock)
    seen.bars()
    clock.now = clock.now // 3600 * 3600 + 3600
    seen.bars()
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 99, 101)
    clock.now += 3
    seen.bars(), seen.bars()
    close = int(clock.now // 3600 * 3_600_000)
    assert [(f.at, f.value) for f in database.alarms.outbox()] == [(close, 101.0)]
    clock.now += 4 * 3600
    venue.bars["1h", "AUSDT"] = hours(clock, 101, 102, 99, 103, 104)
    Watch(venue, database, clock).bars()
    Watch(venue, database, clock).bars()
    assert [f.value for f in database.alarms.outbox()] == [101.0, 103.0]


def test_after_a_gap_what_is_found_first_waits_for_prices_and_every_timeframe(
    venue, database, clock, go
):
    rule = ONE._replace(kind="formula", text="close > 100", cooldown=0)
    database.alarms.add(ONE), database.alarms.add(rule._replace(interval="1h"))
    database.alarms.add(rule._replace(interval="15m"))
    last = int(clock.now // 900 * 900_000)
    quarters = [(last - i * 900_000, *[99] * 4) for i in (2, 1)]
    venue.bars |= {("1h", "AUSDT"): hours(clock, 99, 99), ("15m", "AUSDT"): quarters}
    seen = Watch(venue, database, clock)
    assert database.alarms.gathering == 0
    go(seen, 99), seen.bars()
    assert database.alarms.gathering == 0
    clock.now = clock.now // 3600 * 3600 + 3 * 3600 + 5
    venue.bars["1m", "AUSDT"] = minutes(clock, *[(99, 101, 98, 99)] * 200)
    seen = Watch(venue, database, clock)
    assert database.alarms.gathering == clock.now * 1000 + watch.TOGETHER
    assert go(seen, 99) == [(1, 101.0)] and database.alarms.gathering > clock.now * 1000
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 101, 99, 101)
    seen.bars()
    assert database.alarms.gathering > clock.now * 1000
    last = int(clock.now // 900 * 900_000)
    venue.bars["15m", "AUSDT"] = [(last - i * 900_000, *[99] * 4) for i in range(20, 0, -1)]
    database.alarms.fresh = False
    seen.bars()
    assert database.alarms.gathering == 0 and database.alarms.fresh


def test_who_waits_for_a_gaps_rest_does_so_for_a_while_only(venue, database, clock, go):
    rule = ONE._replace(kind="formula", text="close > 100", interval="1h")
    database.alarms.add(ONE), database.alarms.add(rule)
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 99)
    seen = Watch(venue, database, clock)
    go(seen, 99), seen.bars()
    clock.now += 3 * 3600
    venue.bars["1m", "AUSDT"] = minutes(clock, *[(99, 99, 98, 99)] * 200)
    go(seen, 99)
    until = database.alarms.gathering
    assert clock.now * 1000 < until <= clock.now * 1000 + watch.TOGETHER
    go(seen, *[99] * 13)
    assert database.alarms.gathering == until < clock.now * 1000


@pytest.mark.parametrize("first", ["prices", "bars"])
def test_after_an_outage_what_is_found_first_waits_from_its_end_on(
    venue, database, clock, go, first
):
    rule = ONE._replace(kind="formula", text="close > 100", interval="1h")
    database.alarms.add(ONE), database.alarms.add(rule)
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 99)
    seen = Watch(venue, database, clock)
    go(seen, 99), seen.bars()
    venue.stale = True
    go(seen, *[99] * 720)
    assert 0 < database.alarms.gathering < clock.now * 1000
    venue.stale, venue.bars["1m", "AUSDT"] = False, minutes(clock, *[(99, 101, 98, 99)] * 200)
    if first == "bars":
        venue.bars["1h", "AUSDT"] = hours(clock, 99, 101, 99)
        seen.bars()
    else:
        assert (1, 101.0) in go(seen, 99)
    assert clock.now * 1000 < database.alarms.gathering <= clock.now * 1000 + watch.TOGETHER


def test_a_bar_that_is_not_over_and_a_tick_a_minute_late_are_no_gap(venue, database, clock, go):
    rule = ONE._replace(kind="formula", text="close > 100", interval="1h")
    database.alarms.add(ONE), database.alarms.add(rule)
    clock.now = clock.now // 3600 * 3600 + 1805
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 99)
    seen = Watch(venue, database, clock)
    go(seen, 99), seen.bars()
    for late, gathers in ((50, False), (80, True)):
        database.alarms.gathering, venue.stale = 0, True
        clock.now += late
        seen.tick()
        assert bool(database.alarms.gathering) == gathers


def test_what_an_index_was_in_a_gap_fires_its_alarms(venue, database, clock, go, monkeypatch):
    monkeypatch.setattr(watch, "gauge", lambda _, kind, symbols, now: np.array([40.0]))
    asked = []

    def past(_, kind, symbols, since, until):
        asked.append((kind, symbols, until - since))
        return np.array([since + MINUTE, since + 2 * MINUTE]), np.array([[80.0], [40.0]])

    monkeypatch.setattr(watch, "past", past)
    database.alarms.add(ONE._replace(kind="fg", text="> 75", targets=""))
    seen = Watch(venue, database, clock)
    go(seen, 1)
    began = clock.now * 1000 - 3000
    clock.now += 600
    assert go(seen, 1) == [(1, 80.0)] and database.alarms.outbox()[0].at == began + MINUTE
    assert asked == [("fg", ("",), 610_000)]


def test_what_an_index_was_is_looked_at_once_however_late_the_bars_of_a_gap_come(
    venue, database, clock, go, monkeypatch
):
    monkeypatch.setattr(watch, "gauge", lambda _, kind, symbols, now: np.array([80.0]))
    database.alarms.add(ONE._replace(kind="fg", text="> 75", targets="", cooldown=0, band=1.0))
    database.alarms.add(ONE._replace(text="> 1000"))
    seen = Watch(venue, database, clock)
    assert go(seen, 99) == []
    since = clock.now * 1000

    def past(*_):
        return np.array([since + MINUTE, since + 2 * MINUTE]), np.array([[80.0], [40.0]])

    monkeypatch.setattr(watch, "past", past)
    monkeypatch.setattr(watch, "gauge", lambda _, kind, symbols, now: np.array([40.0]))
    clock.now += 600
    for _ in range(3):
        with pytest.raises(UserError):
            go(seen, 99)
    venue.bars["1m", "AUSDT"] = minutes(clock, *[(99, 99, 98, 99)] * 20)
    assert go(seen, 99) == [] and database.alarms.outbox() == []


def test_a_coin_taken_in_while_the_past_of_others_is_asked_for_has_none(
    venue, database, clock, go, monkeypatch
):
    rate = ONE._replace(kind="fr", text="> 0.05")
    monkeypatch.setattr(watch, "gauge", lambda _, kind, symbols, now: np.zeros(len(symbols)))
    database.alarms.add(rate)
    seen = Watch(venue, database, clock)
    go(seen, 1)

    def past(_, kind, symbols, since, until):
        database.alarms.add(rate._replace(targets="BUSDT")), seen.build()
        return np.array([since + MINUTE]), np.array([[0.06]])

    monkeypatch.setattr(watch, "past", past)
    clock.now += 600
    assert go(seen, 1) == [(1, 0.06)]


def test_a_coin_whose_bar_comes_late_is_looked_at_when_it_comes_and_the_others_before(
    venue, database, clock
):
    rule = ONE._replace(kind="formula", text="close > 100", interval="1h", cooldown=0)
    database.alarms.add(rule._replace(targets="AUSDT BUSDT"))
    clock.now = clock.now // 3600 * 3600 + 5
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 99, 99)
    venue.bars["1h", "BUSDT"] = hours(clock, 99, 99, 99)
    seen = Watch(venue, database, clock)
    seen.bars()
    clock.now += 3600
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 99, 101)
    seen.bars()
    assert [f.symbol for f in database.alarms.outbox()] == ["AUSDT"]
    closed = clock.now // 3600 * 3_600_000
    clock.now += 3600
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 101, 102)
    seen.bars()
    clock.now += 600
    venue.bars["1h", "BUSDT"] = hours(clock, 99, 102, 99)
    seen.bars(), seen.bars()
    assert [(f.symbol, f.at) for f in database.alarms.outbox()[1:]] == [("BUSDT", closed)]


def test_a_late_coins_bars_are_looked_at_after_a_restart_too(venue, database, clock):
    rule = ONE._replace(kind="formula", text="close > 100", interval="1h", cooldown=0)
    database.alarms.add(rule._replace(targets="AUSDT BUSDT"))
    clock.now = clock.now // 3600 * 3600 + 5
    venue.bars |= {("1h", "AUSDT"): hours(clock, 99, 99), ("1h", "BUSDT"): hours(clock, 99, 99)}
    Watch(venue, database, clock).bars()
    for closes in ((99, 99, 99), (99, 99, 99, 99), (99, 99, 99, 99, 99)):
        clock.now += 3600
        venue.bars["1h", "AUSDT"] = hours(clock, *closes)
        Watch(venue, database, clock).bars()
    assert not database.alarms.outbox()
    venue.bars["1h", "BUSDT"] = hours(clock, 99, 99, 101, 99, 102)
    Watch(venue, database, clock).bars(), Watch(venue, database, clock).bars()
    closed = int(clock.now // 3600 * 3_600_000)
    told = [(f.symbol, f.at) for f in database.alarms.outbox()]
    assert told == [("BUSDT", closed - 2 * 3_600_000), ("BUSDT", closed)]
    assert list(database.alarms.marks()) == ["1h"]


def test_a_late_coin_is_asked_for_again_within_minutes_however_long_its_bars(
    venue, database, clock
):
    rule = ONE._replace(kind="formula", text="close > 100", interval="1d", cooldown=0)
    database.alarms.add(rule._replace(targets="AUSDT BUSDT"))
    days = [(clock.now // 86_400 * 86_400_000 - n * 86_400_000, *[99] * 4) for n in (2, 1)]
    venue.bars |= {("1d", "AUSDT"): days, ("1d", "BUSDT"): days[:1]}
    clock.now = clock.now // 86_400 * 86_400 + 43_200
    seen = Watch(venue, database, clock)
    seen.bars()
    venue.bars["1d", "BUSDT"] = [*days[:1], (days[1][0], *[101] * 4)]
    clock.now += watch.RETRY / 1000 + 1
    seen.bars()
    assert not database.alarms.outbox()
    clock.now += watch.SELDOM / 1000 + 1
    seen.bars()
    assert list(database.alarms.marks()) == ["1d"]


def test_a_gap_of_many_bars_is_looked_at_from_its_beginning(market, database, clock):
    rule = ONE._replace(kind="formula", interval="1m", cooldown=0, targets="BTCUSDT")
    database.alarms.add(rule._replace(text=compile("close > sma(20)").text))
    clock.now = clock.now // 60 * 60 + 5
    began = int(clock.now * 1000)
    Watch(market, database, clock).bars()
    clock.now += 26 * 3600
    Watch(market, database, clock).bars()
    bars = history.candles(market, "BTCUSDT", "1m", began - 30 * MINUTE).data
    above = bars.close > np.convolve(bars.close, np.full(20, 1 / 20))[: len(bars)]
    rose = np.flatnonzero(above[1:] & ~above[:-1]) + 1
    closes = bars.time[rose] + MINUTE
    assert [f.at for f in database.alarms.outbox()] == list(closes[closes > began])
    assert len(database.alarms.outbox()) > 20


def test_bars_long_past_are_waited_for_and_then_let_go_which_is_told_once(
    venue, database, clock, monkeypatch
):
    def failing(asks):
        assert len(asks) == 2 * 11
        raise UserError("yok", "none")

    monkeypatch.setattr(venue, "together", failing, raising=False)
    rule = ONE._replace(kind="formula", text="close > 100", interval="1m", cooldown=0)
    database.alarms.add(rule._replace(targets="AUSDT BUSDT"))
    venue.bars |= {("1m", s): minutes(clock, *[[99] * 4] * 9) for s in ("AUSDT", "BUSDT")}
    Watch(venue, database, clock).bars()
    clock.now += 8 * 86_400
    seen, rows = Watch(venue, database, clock), [*[[99] * 4] * 998, [101] * 4]
    venue.bars |= {("1m", s): minutes(clock, *rows) for s in ("AUSDT", "BUSDT")}
    with pytest.raises(UserError):
        seen.bars()
    assert not database.alarms.outbox()
    clock.now += watch.TELL / 1000
    venue.bars |= {("1m", s): minutes(clock, *rows) for s in ("AUSDT", "BUSDT")}
    seen.bars(), seen.bars()
    told = [(f.symbol, f.text) for f in database.alarms.outbox()]
    assert sorted(told) == [("", MISSED), ("AUSDT", "1m close > 100"), ("BUSDT", "1m close > 100")]
    clock.now += 8 * 86_400
    venue.bars |= {("1m", s): minutes(clock, *rows) for s in ("AUSDT", "BUSDT")}
    with pytest.raises(UserError):
        seen.bars()


def test_a_coin_that_lacks_a_page_of_a_gap_is_looked_at_from_its_beginning_too(
    market, database, clock, monkeypatch
):
    rule = ONE._replace(kind="formula", interval="1m", cooldown=0, targets="BTCUSDT ETHUSDT")
    database.alarms.add(rule._replace(text=compile("close > sma(20)").text))
    clock.now = clock.now // 60 * 60 + 5
    Watch(market, database, clock).bars()
    together, lacks = market.together, {"ETHUSDT"}

    def partly(asks):
        found, failures = together({ask: how for ask, how in asks.items() if ask[0] not in lacks})
        return found, failures | {ask: UserError("", "") for ask in asks if ask[0] in lacks}

    monkeypatch.setattr(market, "together", partly)
    clock.now += 26 * 3600
    Watch(market, database, clock).bars()
    told = database.alarms.outbox()
    assert {f.symbol for f in told} == {"BTCUSDT"}
    lacks.clear()
    clock.now += 60
    Watch(market, database, clock).bars()
    later = [f.at for f in database.alarms.outbox() if f.symbol == "ETHUSDT"]
    assert len(later) > 20 and later[0] < told[5].at


def test_a_coin_whose_longer_bar_could_not_be_read_waits_for_it(venue, database, clock):
    rule = ONE._replace(kind="formula", interval="1h", cooldown=0)
    text = compile("close > 100 and sma(1, tf=4h) > 50").text
    database.alarms.add(rule._replace(text=text, targets="AUSDT BUSDT"))
    clock.now = clock.now // 14_400 * 14_400 + 10_805
    closed = clock.now // 3600 * 3_600_000 + 3_600_000
    old, new = (
        [(closed - n * 14_400_000, 1, 1, 1, c) for n, c in rows]
        for rows in ([(3, 60), (2, 60)], [(3, 60), (2, 60), (1, 70)])
    )
    for symbol in ("AUSDT", "BUSDT"):
        venue.bars["1h", symbol], venue.bars["4h", symbol] = hours(clock, 99, 99, 99), old
    seen = Watch(venue, database, clock)
    seen.bars()
    clock.now += 3600
    for symbol in ("AUSDT", "BUSDT"):
        venue.bars["1h", symbol] = hours(clock, 99, 99, 101)
    venue.bars["4h", "AUSDT"], venue.unread = new, {"BUSDT"}
    seen.bars()
    assert [(f.symbol, f.at) for f in database.alarms.outbox()] == [("AUSDT", closed)]
    clock.now += 60
    venue.bars["4h", "BUSDT"], venue.unread = new, set()
    seen.bars(), seen.bars()
    assert [(f.symbol, f.at) for f in database.alarms.outbox()[1:]] == [("BUSDT", closed)]


def test_coins_whose_alarms_are_nearest_to_their_line_are_asked_for_first(
    venue, database, clock, monkeypatch
):
    for symbol, text in (("AUSDT", "close > 200"), ("BUSDT", "close > 105"), ("CUSDT", "close<9")):
        rule = ONE._replace(kind="formula", text=compile(text).text, interval="1h", cooldown=0)
        database.alarms.add(rule._replace(targets=symbol))
        venue.bars["1h", symbol] = hours(clock, 99, 99, 100)
    asked, panel = [], venue.panel
    monkeypatch.setattr(venue, "panel", lambda s, *_: asked.append(list(s)) or panel(s, *_))
    seen = Watch(venue, database, clock)
    seen.bars()
    clock.now += 3605
    seen.bars()
    assert asked[2] == ["BUSDT", "AUSDT", "CUSDT"] and asked[0] == asked[1] == sorted(asked[2])


def test_bars_that_do_not_come_never_fire_and_are_told_once_and_so_is_their_end(
    venue, database, clock
):
    rule = ONE._replace(kind="formula", text="close > 100", interval="1h", cooldown=0)
    database.alarms.add(rule), database.alarms.add(rule._replace(text="close > 100.5"))
    database.alarms.add(rule._replace(user_id=2, chat_id=20, targets="BUSDT"))
    clock.now = clock.now // 3600 * 3600 + 5
    for symbol in ("AUSDT", "BUSDT"):
        venue.bars["1h", symbol] = hours(clock, 99, 99, 99)
    seen = Watch(venue, database, clock)
    seen.bars()
    clock.now += 3600
    venue.bars["1h", "BUSDT"] = hours(clock, 99, 99, 99)
    for _ in range(40):
        clock.now += 20
        seen.bars()
    assert [(f.text, f.chat_id) for f in database.alarms.outbox()] == [(STALE, ONE.chat_id)]
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 99, 99)
    clock.now += 600
    seen.bars(), seen.bars()
    assert [f.text for f in database.alarms.outbox()] == [STALE, FRESH]
    clock.now += 3 * 3600
    for _ in range(20):
        clock.now += 20
        seen.bars()
    assert sorted((f.text, f.chat_id) for f in database.alarms.outbox()[2:]) == [
        (STALE, 10),
        (STALE, 20),
    ]


def test_an_index_that_nobody_tells_is_told_to_be_stale(venue, database, clock, go, monkeypatch):
    told = {"ap": 70.0}
    monkeypatch.setattr(watch, "gauge", lambda _, kind, symbols, now: np.array([told[kind]]))
    database.alarms.add(ONE._replace(kind="ap", text="> 75", targets=""))
    seen = Watch(venue, database, clock)
    go(seen, 1, 1)
    told["ap"] = np.nan
    go(seen, *[1] * 90)
    told["ap"] = 70.0
    go(seen, *[1] * 40)
    assert [f.text for f in database.alarms.outbox()] == [STALE, FRESH]


def test_a_formula_nobody_understands_any_more_pauses_and_is_told(venue, database, clock):
    database.alarms.add(ONE._replace(kind="formula", text="nosuch > 1", interval="1h"))
    Watch(venue, database, clock).tick()
    (told,) = database.alarms.outbox()
    assert (told.text, told.symbol) == (BROKEN, "a 1h nosuch > 1")
    assert database.alarms.find(1, 1).state == PAUSED


def test_targets_are_words_for_symbols_and_the_last_known_ones_where_nobody_answers(
    venue, database, clock, monkeypatch
):
    seen = Watch(venue, database, clock)
    venue.prices |= {"BUSDT": 1.0}
    top = ONE._replace(targets="top 2")
    assert seen.targets(top) == ("AUSDT", "BUSDT")
    database.add_favourites(1, ["CUSDT"])
    assert seen.targets(ONE._replace(targets="favourites")) == ("CUSDT",)

    def refuse(n):
        raise UserError("yok", "none")

    monkeypatch.setattr(venue, "top", refuse)
    assert seen.targets(top) == ("AUSDT", "BUSDT")


def test_what_was_watched_before_is_watched_where_nobody_tells_what_all_means(
    venue, database, clock, monkeypatch
):
    rule = ONE._replace(kind="formula", text="close > 100", interval="1h", cooldown=0)
    database.alarms.add(rule._replace(targets="top 9"))
    database.alarms.add(rule._replace(targets="favourites"))
    database.add_favourites(1, ["AUSDT"])
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 99, 99)
    Watch(venue, database, clock).bars()

    def silent(n):
        raise UserError("yok", "none")

    monkeypatch.setattr(venue, "top", silent)
    database.remove_favourites(1, ["AUSDT"])
    clock.now += 3600
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 99, 101)
    Watch(venue, database, clock).bars()
    assert [(f.alarm_id, f.value) for f in database.alarms.outbox()] == [(1, 101.0)]


def test_indices_are_watched_like_prices(venue, database, clock, go, monkeypatch):
    told = {"ap": 70.0}
    monkeypatch.setattr(watch, "gauge", lambda _, kind, symbols, now: np.array([told[kind]]))
    database.alarms.add(ONE._replace(kind="ap", text="> 75", targets=""))
    seen = Watch(venue, database, clock)
    assert go(seen, 1, 1) == []
    told["ap"] = 80.0
    assert go(seen, *[1] * 30) == [(1, 80.0)]


def test_on_the_mock_markets_ticks_and_bars_come_to_firings(market, database, clock):
    price = market.tickers().data["BTCUSDT"].last
    database.alarms.add(ONE._replace(targets="BTCUSDT", text=f"> {price * 0.9}", steady=True))
    database.alarms.add(
        ONE._replace(
            targets="top 12", kind="formula", text="close > sma(20)", interval="4h", steady=True
        )
    )
    clock.now = clock.now // 14_400 * 14_400 + 14_400 + 30
    seen = Watch(market, database, clock)
    seen.tick(), seen.bars()
    told = database.alarms.outbox()
    assert {f.alarm_id for f in told} == {1, 2}
    panel = market.panel(market.top(12), "4h", 500)
    mean = np.array([panel.close[-20:, i].mean() for i in range(len(panel.symbols))])
    above = {s for s, c, m in zip(panel.symbols, panel.close[-1], mean, strict=True) if c > m}
    assert {f.symbol for f in told if f.alarm_id == 2} == above


def test_a_firing_says_which_market_told_the_price(market, database, clock):
    price = market.tickers().data["BTCUSDT"].last
    often = ONE._replace(targets="BTCUSDT", steady=True, cooldown=1000)
    database.alarms.add(often._replace(text=f"> {price * 0.5}"))
    seen = Watch(market, database, clock)
    seen.tick()
    for host in ("binance", "binance_data"):
        market.hosts[host].close("region", clock() + 900)
    clock.now += 60
    market.tickers()
    seen.tick()
    assert [f.source for f in database.alarms.outbox()] == ["binance", market.tickers().source]
    assert market.tickers().source not in ("", "binance")


def test_no_one_market_tells_an_index(venue, database, clock, go, monkeypatch):
    told = {"ap": 74.0}
    monkeypatch.setattr("watch.gauge", lambda _, kind, symbols, now: np.array([told[kind]]))
    database.alarms.add(ONE._replace(kind="ap", text="> 75", targets=""))
    seen = Watch(venue, database, clock)
    go(seen, 1)
    told["ap"] = 80.0
    go(seen, *[1] * 31)
    assert [f.source for f in database.alarms.outbox()] == [None]


def test_what_candles_of_a_sleep_tell_is_not_said_to_be_of_the_last_ticks_market(
    venue, database, clock, go
):
    database.alarms.add(ONE)
    seen = Watch(venue, database, clock)
    go(seen, 99, 99)
    clock.now += 600
    venue.bars["1m", "AUSDT"] = minutes(clock, *[(98, 99, 97, 98)] * 5, (98, 101, 97, 98))
    go(seen, 98)
    assert [(f.value, f.source) for f in database.alarms.outbox()] == [(101.0, None)]


def test_a_coin_whose_bars_of_a_gap_come_late_fires_for_them_and_for_no_price_before(
    venue, database, clock, go
):
    again = ONE._replace(cooldown=0, band=1.0, targets="AUSDT BUSDT")
    database.alarms.add(again)
    venue.prices["BUSDT"] = 99.0
    go(Watch(venue, database, clock), 99)
    clock.now += 600
    calm = [(99, 99, 98, 99)] * 3
    venue.prices["BUSDT"] = 150.0
    venue.bars["1m", "AUSDT"] = minutes(clock, *calm, (99, 101, 98, 99), *calm)
    venue.bars["1m", "BUSDT"] = [
        (at - 3_600_000, 99, 99, 99, 99) for at, *_ in minutes(clock, *calm)
    ]
    venue.unread = {"BUSDT"}
    go(Watch(venue, database, clock), 99, 99)
    assert [f.symbol for f in database.alarms.outbox()] == ["AUSDT"]
    assert "ticks BUSDT" in database.alarms.marks()
    seen = Watch(venue, database, clock)
    venue.bars["1m", "BUSDT"] = minutes(clock, *calm, (99, 105, 98, 99), *calm)
    venue.unread = set()
    go(seen, 99, 99)
    told = [(f.symbol, f.value) for f in database.alarms.outbox()]
    assert told == [("AUSDT", 101.0), ("BUSDT", 105.0), ("BUSDT", 150.0)]
    assert list(database.alarms.marks()) == ["ticks"]


def test_bars_of_before_a_gap_are_not_taken_for_those_of_it(venue, database, clock, go):
    database.alarms.add(ONE)
    seen = Watch(venue, database, clock)
    venue.bars["1m", "AUSDT"] = minutes(clock, *[(99, 99, 98, 99)] * 3)
    go(seen, 99)
    clock.now += 600
    venue.unread = {"AUSDT"}
    with pytest.raises(UserError):
        go(seen, 99)
    venue.bars["1m", "AUSDT"], venue.unread = minutes(clock, *[(99, 101, 98, 99)] * 9), set()
    assert go(seen, 99) == [(1, 101.0)]


def test_a_late_coins_gap_is_let_go_after_a_while_which_is_told_to_its_chats(
    venue, database, clock, go
):
    database.alarms.add(ONE), database.alarms.add(ONE._replace(chat_id=11, targets="BUSDT"))
    venue.prices["BUSDT"] = 99.0
    seen = Watch(venue, database, clock)
    go(seen, 99)
    clock.now += 600
    venue.bars["1m", "AUSDT"] = minutes(clock, *[(99, 99, 98, 99)] * 9)
    go(seen, *[99] * 40)
    told = [(f.text, f.chat_id) for f in database.alarms.outbox()]
    assert told == [(MISSED, 11)]
    assert list(database.alarms.marks()) == ["ticks"]


def test_a_coin_without_a_price_for_a_while_is_looked_at_from_then_on(venue, database, clock, go):
    database.alarms.add(ONE), database.alarms.add(ONE._replace(targets="BUSDT"))
    venue.prices["BUSDT"] = 99.0
    seen = Watch(venue, database, clock)
    go(seen, 99)
    del venue.prices["BUSDT"]
    go(seen, *[99] * 30)
    assert list(database.alarms.marks()) == ["ticks", "ticks BUSDT"]
    venue.prices["BUSDT"] = 99.0
    venue.bars["1m", "BUSDT"] = minutes(clock, *[(99, 99, 98, 99)] * 3, (99, 103, 98, 99))
    go(Watch(venue, database, clock), 99)
    assert [(f.symbol, f.value) for f in database.alarms.outbox()] == [("BUSDT", 103.0)]


def test_the_end_of_a_long_gap_is_looked_at_by_finer_bars(venue, database, clock, go):
    database.alarms.add(ONE)
    clock.now = clock.now // 900 * 900 + 5
    go(Watch(venue, database, clock), 99)
    clock.now += 20 * 3600 + 600
    last = int(clock.now // 900 * 900_000)
    venue.bars["15m", "AUSDT"] = [(last - i * 900_000, *[99] * 4) for i in range(80, 0, -1)]
    venue.bars["1m", "AUSDT"] = minutes(clock, *[(99, 99, 98, 99)] * 6, (99, 104, 98, 99))
    assert go(Watch(venue, database, clock), 99) == [(1, 104.0)]
    assert list(database.alarms.marks()) == ["ticks"]


def test_an_alarm_whose_longer_bar_is_read_later_waits_for_it_and_no_other_does(
    venue, database, clock
):
    rule = ONE._replace(kind="formula", interval="1h", cooldown=0)
    database.alarms.add(rule._replace(text=compile("close > 100 and sma(1, tf=4h) > 50").text))
    database.alarms.add(rule._replace(text="close > 100"))
    clock.now = clock.now // 14_400 * 14_400 + 10_805
    closed = clock.now // 3600 * 3_600_000 + 3_600_000
    longer = [(closed - n * 14_400_000, 1, 1, 1, 60) for n in (3, 2, 1)]
    venue.bars |= {("1h", "AUSDT"): hours(clock, 99, 99), ("4h", "AUSDT"): longer[:2]}
    seen = Watch(venue, database, clock)
    seen.bars()
    clock.now += 3600
    venue.bars["1h", "AUSDT"] = hours(clock, 99, 99, 101)
    seen.bars()
    assert [(f.alarm_id, f.at) for f in database.alarms.outbox()] == [(2, closed)]
    clock.now += 60
    venue.bars["4h", "AUSDT"] = longer
    seen.bars(), seen.bars()
    assert [(f.alarm_id, f.at) for f in database.alarms.outbox()[1:]] == [(1, closed)]
    assert list(database.alarms.marks()) == ["1h"]


@pytest.mark.parametrize("fails", [True, False])
def test_an_alarm_that_names_a_coin_waits_for_its_bar_and_no_other_does(
    venue, database, clock, monkeypatch, fails
):
    def candles(symbol, interval):
        if venue.bars.get((interval, symbol)) is None:
            raise UserError("yok", "none")
        return Dated(Candles(table(venue.bars[interval, symbol])), clock())

    monkeypatch.setattr(Markets, "candles", staticmethod(candles), raising=False)
    monkeypatch.setattr(Markets, "symbol", lambda _, name: f"{name}USDT", raising=False)
    monkeypatch.setattr(Markets, "known", lambda _, name: f"{name}USDT")
    rule = ONE._replace(kind="formula", interval="1h", cooldown=0)
    database.alarms.add(rule._replace(text=compile("b.close > 100").text))
    database.alarms.add(rule._replace(text="close > 100"))
    clock.now = clock.now // 3600 * 3600 + 5
    venue.bars |= {("1h", "AUSDT"): hours(clock, 99, 99), ("1h", "BUSDT"): hours(clock, 99, 99)}
    seen = Watch(venue, database, clock)
    seen.bars()
    for closes in ((99, 99, 101), (99, 99, 101, 99)):
        clock.now += 3600
        venue.bars["1h", "AUSDT"] = hours(clock, *closes)
        venue.bars["1h", "BUSDT"] = None if fails else venue.bars["1h", "BUSDT"]
        seen.bars()
    assert [f.text for f in database.alarms.outbox()] == ["1h close > 100", STALE]
    venue.bars["1h", "BUSDT"] = hours(clock, 99, 99, 101, 99)
    Watch(venue, database, clock).bars(), Watch(venue, database, clock).bars()
    told = [(f.alarm_id, f.at) for f in database.alarms.outbox() if f.alarm_id]
    assert told == [(2, told[0][1]), (1, told[0][1])]
    assert list(database.alarms.marks()) == ["1h"]


def test_a_clock_that_is_set_back_between_two_runs_silences_no_alarm(venue, database, clock, go):
    clock.now = clock.now // 60 * 60 + 5
    database.alarms.add(ONE._replace(cooldown=0, band=1.0, made=int(clock.now * 1000)))
    rule = ONE._replace(kind="formula", text="close > 100", interval="1m", cooldown=0)
    database.alarms.add(rule._replace(made=int(clock.now * 1000)))
    venue.bars["1m", "AUSDT"] = minutes(clock, *[(99, 101, 99, 101)] * 2)
    seen = Watch(venue, database, clock)
    seen.bars(), go(seen, 99, 101, 98)
    clock.now -= 3600
    seen, before = Watch(venue, database, clock), len(database.alarms.outbox())
    for close in (99, 101, 99, 101):
        clock.now += 60
        venue.bars["1m", "AUSDT"] = minutes(clock, *[(close,) * 4] * 2)
        seen.bars(), go(seen, close)
    told = [f.alarm_id for f in database.alarms.outbox()[before:]]
    assert told == [2, 1, 2, 1]
    assert all(at <= clock.now * 1000 for at in database.alarms.marks().values())


def test_what_changes_while_it_is_looked_at_is_not_done_by_what_it_was(
    venue, database, clock, go, monkeypatch
):
    first, second = (database.alarms.add(ONE._replace(made=1)) for _ in range(2))
    seen = Watch(venue, database, clock)
    go(seen, 99)
    tickers, edited = venue.tickers, ONE._replace(id=first, text="> 200", made=int(clock() * 1000))

    def meanwhile():
        database.alarms.revise(edited, [])
        database.alarms.remove(1, second)
        return tickers()

    monkeypatch.setattr(venue, "tickers", meanwhile)
    assert go(seen, 101) == []
    monkeypatch.setattr(venue, "tickers", tickers)
    assert database.alarms.find(1, first).state == "active" and not database.alarms.states()
    assert go(seen, 150, 201) == [(first, 201.0)]


def test_who_was_told_of_stale_data_before_a_restart_is_told_once_and_of_its_end_too(
    venue, database, clock, go
):
    database.alarms.add(ONE), database.alarms.add(ONE._replace(user_id=2, chat_id=20, topic=3))
    go(Watch(venue, database, clock), 99)
    venue.stale = True
    go(Watch(venue, database, clock), *[99] * 35)
    go(Watch(venue, database, clock), *[99] * 75)
    news = [(f.text, f.user_id, f.chat_id, f.topic) for f in database.alarms.outbox()]
    assert sorted(news) == [(STALE, 1, 10, None), (STALE, 2, 20, 3)]
    venue.stale, venue.bars["1m", "AUSDT"] = False, minutes(clock, *[(99, 99, 98, 99)] * 30)
    go(Watch(venue, database, clock), *[99] * 40)
    again = [(f.text, f.user_id, f.chat_id, f.topic) for f in database.alarms.outbox()[2:]]
    assert sorted(again) == [(FRESH, 1, 10, None), (FRESH, 2, 20, 3)]
    go(Watch(venue, database, clock), *[99] * 40)
    assert len(database.alarms.outbox()) == 4


def test_news_that_could_not_be_written_are_told_later(venue, database, clock, go, monkeypatch):
    database.alarms.add(ONE)
    seen = Watch(venue, database, clock)
    go(seen, 99)
    venue.stale, save = True, database.alarms.save
    monkeypatch.setattr(database.alarms, "save", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        go(seen, *[99] * 35)
    monkeypatch.setattr(database.alarms, "save", save)
    go(seen, 99, 99)
    assert [f.text for f in database.alarms.outbox()] == [STALE]


def test_prices_that_nobody_tells_from_the_start_are_told_to_be_stale(
    venue, database, clock, go, monkeypatch
):
    def silent():
        raise UserError("yok", "none")

    database.alarms.add(ONE)
    seen, tickers = Watch(venue, database, clock), venue.tickers
    monkeypatch.setattr(venue, "tickers", silent)
    for _ in range(35):
        with pytest.raises(UserError):
            go(seen, 99)
    assert [f.text for f in database.alarms.outbox()] == [STALE]
    monkeypatch.setattr(venue, "tickers", tickers)
    go(seen, 99)
    assert [f.text for f in database.alarms.outbox()] == [STALE, FRESH]


def test_a_coin_whose_bars_of_a_long_gap_do_not_come_holds_up_no_other(venue, database, clock, go):
    database.alarms.add(ONE), database.alarms.add(ONE._replace(chat_id=11, targets="BUSDT"))
    venue.prices["BUSDT"] = 99.0
    clock.now = clock.now // 900 * 900 + 5
    go(Watch(venue, database, clock), 99)
    clock.now += 20 * 3600 + 200
    last = int(clock.now // 900 * 900_000)
    venue.bars["15m", "AUSDT"] = [(last - i * 900_000, *[99] * 4) for i in range(80, 0, -1)]
    venue.bars["1m", "AUSDT"] = minutes(clock, (99, 99, 98, 99), (99, 104, 98, 99))
    seen = Watch(venue, database, clock)
    assert go(seen, 99) == [(1, 104.0)]
    assert sorted(database.alarms.marks()) == ["ticks", "ticks BUSDT"]
    go(seen, *[99] * 31)
    assert [(f.text, f.chat_id) for f in database.alarms.outbox()[1:]] == [(MISSED, 11)]


@pytest.mark.parametrize("come", [True, False])
def test_a_coin_without_a_price_after_a_sleep_is_looked_at_from_its_beginning(
    venue, database, clock, go, come
):
    database.alarms.add(ONE), database.alarms.add(ONE._replace(targets="BUSDT"))
    venue.prices["BUSDT"] = 99.0
    go(Watch(venue, database, clock), 99)
    clock.now += 600
    slept, _ = minutes(clock, *[(99, 103, 98, 99)] * 2), venue.prices.pop("BUSDT")
    seen = Watch(venue, database, clock)
    if come:
        venue.bars["1m", "AUSDT"] = minutes(clock, *[(99, 99, 98, 99)] * 9)
    for _ in range(31):
        with suppress(UserError):
            go(seen, 99)
    assert [f.text for f in database.alarms.outbox()] == [MISSED] * (not come)
    venue.prices["BUSDT"] = 99.0
    venue.bars["1m", "BUSDT"] = [*slept, *minutes(clock, *[(99, 99, 98, 99)] * 3)]
    assert (2, 103.0) in go(seen, 99)


def test_each_gap_waits_for_its_own_bars_as_long_as_any_other(venue, database, clock, go):
    database.alarms.add(ONE)
    seen = Watch(venue, database, clock)
    go(seen, 99)
    for _ in range(2):
        clock.now += 600
        began = clock.now * 1000
        for _ in range(25):
            with pytest.raises(UserError):
                go(seen, 99)
        assert database.alarms.gathering <= began + 10_000 + watch.TOGETHER
        venue.bars["1m", "AUSDT"] = minutes(clock, *[(99, 99, 98, 99)] * 20)
        go(seen, 99)
        venue.bars.clear()
    assert not database.alarms.outbox()


def test_a_clock_set_back_lets_nothing_wait_for_longer(venue, database, clock, go):
    database.alarms.add(ONE)
    rule = ONE._replace(kind="formula", text="close > 100", interval="1d", chat_id=11)
    database.alarms.add(rule._replace(targets="AUSDT BUSDT"))
    clock.now = clock.now // 86_400 * 86_400 + 43_200
    days = [(clock.now // 86_400 * 86_400_000 - n * 86_400_000, *[99] * 4) for n in (2, 1)]
    venue.bars |= {("1d", "AUSDT"): days, ("1d", "BUSDT"): days[:1]}
    seen = Watch(venue, database, clock)
    go(seen, 99), seen.bars()
    clock.now += 600
    with pytest.raises(UserError):
        go(seen, 99)
    assert database.alarms.gathering > clock.now * 1000
    clock.now -= 3600
    venue.bars["1d", "BUSDT"] = days
    seen.build()
    assert not database.alarms.gathering
    clock.now += watch.SELDOM / 1000 + 1
    seen.bars()
    assert "1d BUSDT" not in database.alarms.marks()
    venue.stale = True
    go(seen, *[99] * 3)
    clock.now -= 3600
    go(seen, *[99] * 31)
    assert [f.text for f in database.alarms.outbox()] == [STALE]
    venue.stale = False
    for _ in range(31):
        with suppress(UserError):
            go(seen, 99)
    assert [f.text for f in database.alarms.outbox() if f.chat_id == 10] == [STALE, FRESH, MISSED]


def test_an_alarm_that_is_made_after_a_long_pause_waits_for_no_bars_of_it(
    venue, database, clock, go
):
    made = database.alarms.add(ONE)
    go(Watch(venue, database, clock), 99)
    database.alarms.remove(1, made)
    clock.now += 600
    again = database.alarms.add(ONE._replace(made=int(clock.now * 1000)))
    assert go(Watch(venue, database, clock), 99, 101) == [(again, 101.0)]
