"""alarm_rows.py: what is kept of alarms, on SQLite and on PostgreSQL."""

import pytest

import alarm_rows
from alarm_rows import DONE, MAX_ALARMS, PAUSED, Alarm, Firing, State
from tests.test_db import store, url  # noqa: F401 fixtures

ONE = Alarm(1, 10, "price", "> 70000", "BTCUSDT", band=210.0)


@pytest.fixture
def rows(store):  # noqa: F811
    return store.alarms


def test_an_alarm_is_kept_as_it_was_made(rows, clock):
    made = rows.add(ONE._replace(topic=3, until=2**41, cooldown=5, steady=True))
    assert rows.find(1, made) == ONE._replace(
        topic=3, until=2**41, cooldown=5, steady=True, id=made, made=int(clock() * 1000)
    )
    assert rows.find(2, made) is None
    assert [alarm.id for alarm in rows.active()] == [made]


def test_only_its_user_changes_or_deletes_an_alarm(rows):
    made, before = rows.add(ONE), rows.revision
    assert not rows.change(2, made, state=PAUSED) and not rows.remove(2, made)
    assert rows.change(1, made, state=PAUSED) and rows.active() == []
    assert rows.of(1)[0].state == PAUSED and rows.revision > before
    assert rows.remove(1, made) and not rows.remove(1, made) and rows.of(1) == []


def test_a_user_has_so_many_alarms_and_no_more(rows):
    assert all(rows.add(ONE) for _ in range(MAX_ALARMS))
    assert rows.add(ONE) is None and rows.add(ONE._replace(user_id=2))
    rows.change(1, 1, state=DONE)
    assert rows.add(ONE)


def test_what_is_watched_are_the_named_symbols_of_active_alarms(rows):
    rows.add(ONE._replace(targets="ETHUSDT BTCUSDT"))
    rows.add(ONE), rows.add(ONE), rows.add(ONE._replace(targets="top 50"))
    gone = rows.add(ONE._replace(targets="SOLUSDT"))
    rows.change(1, gone, state=DONE)
    assert rows.watched() == ["BTCUSDT", "ETHUSDT"]


def test_state_firing_and_end_are_written_together_or_not_at_all(rows):
    made = rows.add(ONE)
    state = State(made, "BTCUSDT", False, 70001.0, 50, 60)
    with pytest.raises(Exception, match=r"NOT NULL|not-null"):
        rows.save(
            [state], [Firing(made, 1, 10, "BTCUSDT", 50, 70001.0, None)], {"ticks": 60}, [made]
        )
    assert rows.states() == {} and rows.marks() == {} and len(rows.active()) == 1
    rows.save([state], [Firing(made, 1, 10, "BTCUSDT", 50, 70001.0, "x")], {"ticks": 60}, [made])
    assert rows.states() == {(made, "BTCUSDT"): state} and rows.marks() == {"ticks": 60}
    assert rows.active() == [] and rows.find(1, made).last_fired == 50
    rows.save([state._replace(armed=True)], (), {"ticks": 70})
    assert rows.states()[made, "BTCUSDT"].armed and rows.marks() == {"ticks": 70}
    rows.save([], [], {"1h": 5, "1h BTCUSDT": 4, "1h ETHUSDT": 3})
    rows.save([], [], {"1h": 6, "1h BTCUSDT": None, "1h NOSUCH": None})
    assert rows.marks() == {"ticks": 70, "1h": 6, "1h ETHUSDT": 3} and len(rows.states()) == 1


def test_a_firing_stays_in_the_outbox_until_told_or_dropped(rows, clock):
    rows.save([], [Firing(1, 1, 10, s, 50, 1.0, "x") for s in "ABC"])
    first, second, _ = rows.outbox()
    rows.begin([first.id, second.id])
    assert [firing.tries for firing in rows.outbox()] == [1, 1, 0]
    rows.told([first.id], 77)
    rows.drop([second.id])
    assert [firing.symbol for firing in rows.outbox()] == ["C"]
    told = rows.fired(1)
    assert (told[0].message_id, told[0].delivered) == (77, int(clock() * 1000))
    assert rows.fired(1, 51) == [] and rows.fired(2) == []


def test_the_alarms_of_a_lost_chat_pause(rows):
    (
        rows.add(ONE),
        rows.add(ONE),
        rows.add(ONE._replace(chat_id=11)),
        rows.add(ONE._replace(user_id=2)),
    )
    assert rows.pause(1, 10) == 2 and len(rows.active()) == 2


def test_arming_sets_every_symbol_or_forgets_all(rows):
    rows.save([State(4, s, False, 1.0, 9, 9) for s in "AB"])
    rows.arm(4, True)
    assert [(row.armed, row.fired) for row in rows.states().values()] == [(True, None)] * 2
    rows.arm(4, None)
    assert rows.states() == {}


def test_pruning_takes_what_was_told_and_done_long_ago_and_nothing_waiting(rows, clock):
    made = rows.add(ONE)
    rows.save(
        [State(made, "A", True, 1.0, 9, 9)], [Firing(made, 1, 10, s, 50, 1.0, "x") for s in "AB"]
    )
    rows.told([rows.outbox()[0].id], 7)
    assert rows.prune(90) == 0
    clock.now += 91 * 86400
    rows.change(1, made, state=DONE)
    assert rows.prune(90) == 2
    assert [firing.symbol for firing in rows.outbox()] == ["B"]
    assert rows.states() == {} and rows.find(1, made) is None


def test_of_each_user_a_bounded_number_of_firings_is_kept(rows, monkeypatch):
    monkeypatch.setattr(alarm_rows, "MOST_KEPT", 2)
    rows.save([], [Firing(4, i % 2, 10, str(i), 50, 1.0, "x") for i in range(9)])
    rows.told([firing.id for firing in rows.outbox()[1:]], 7)
    assert rows.prune(90) == 4
    kept = [[firing.symbol for firing in rows.fired(user)] for user in (0, 1)]
    assert kept == [["0", "6", "8"], ["5", "7"]]


def test_what_was_written_of_late_is_counted_by_user(rows, clock):
    rows.save([], [Firing(4, 1, 10, "A", 50, 1.0, "x")])
    clock.now += 60
    news = Firing(0, 2, 10, "", 50, None, "flood")
    rows.save([], [Firing(4, user, 10, "A", 50, 1.0, "x") for user in (1, 1, 2)] + [news])
    now = int(clock.now * 1000)
    assert rows.rung(now - 59_000, "flood") == {1: (2, 0), 2: (1, 1)}
    assert rows.rung(now - 60_000, "flood")[1] == (3, 0)


def test_the_alarms_that_changed_since_are_told(rows):
    one, two, three = (rows.add(ONE) for _ in range(3))
    before = rows.revision
    rows.change(1, one, state=PAUSED)
    rows.save([], [], {}, [three])
    assert sorted(rows.changed(before)) == [one, three]
    middle = rows.revision
    rows.pause(1, ONE.chat_id), rows.remove(1, one)
    assert sorted(rows.changed(middle)) == [one, two] and rows.changed(rows.revision) == []
    assert [alarm.id for alarm in rows.active([one, two, three])] == []


def test_more_firings_than_a_statement_takes_are_told(rows):
    rows.save([], [Firing(1, 1, 10, "BTCUSDT", 5, 1.0, "> 1")] * 3)
    first, *_, last = (firing.id for firing in rows.outbox())
    rows.told([first, *range(10**6, 10**6 + 70_000), last], 99)
    assert [firing.id for firing in rows.outbox()] == [first + 1]
