"""lease.py: one holder at a time, whoever dies, sleeps or is asked to go, and no other writes."""

import os
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

import lease
from alarm_rows import Firing
from db import Db, DbError
from lease import BEAT, MARGIN, PEACE, SILENCE, TTL, Fenced, Lease
from tests.conftest import Clock
from tests.test_db import fresh_postgres, url  # noqa: F401 fixture


@pytest.fixture
def made(url):  # noqa: F811
    """Return a maker of instances on one database, each with its own clock."""
    opened = []

    def make(name, clock):
        one = Lease(url, f"host {name}", clock, name)
        opened.append(one)
        return one

    yield make
    for one in opened:
        one.close()


def words(how, before):
    return [Firing(0, 7, 7, before, 1, None, how, "system")]


def told(url):  # noqa: F811
    with closing(Db(url)) as opened, opened._read() as db:
        return [tuple(row) for row in db.execute(text("SELECT text, symbol FROM firings"))]


def pair(made):
    """Return a holder and one that waits, and their clocks."""
    first, second = Clock(0.0), Clock(1000.0)
    a, b = made("a", first), made("b", second)
    a.look()
    b.look()
    assert a.held and not b.held
    return a, b, first, second


def pass_(seconds, *clocks):
    for clock in clocks:
        clock.now += seconds


def test_the_first_to_come_holds_it_and_keeps_it_by_renewing(made):
    a, b, first, second = pair(made)
    for _ in range(20):
        pass_(BEAT, first, second)
        a.look()
        b.look()
        assert a.held and not b.held
    assert a.wanted and a.fence == 1


def test_one_that_comes_asks_and_has_it_as_soon_as_it_is_let_go(made):
    a, b, *clocks = pair(made)
    assert not a.wanted
    a.look()
    assert a.wanted
    a.release()
    assert not a.held
    a.look()
    assert not a.held, "it is for who asked"
    b.look()
    assert b.held and b.fence == 2
    pass_(BEAT, *clocks)
    a.look()
    b.look()
    assert b.held and not b.wanted, "one asks when it comes, and never again"


def test_what_was_let_go_for_somebody_who_never_comes_is_taken_back(made):
    a, b, first, _ = pair(made)
    a.look()
    a.release()
    b.close()
    for _ in range(int(TTL / BEAT) + 2):
        first.now += BEAT
        a.look()
    assert a.held


def test_a_dead_holder_is_followed_after_the_expiry_and_not_before(made):
    _, b, _, second = pair(made)
    second.now += TTL - 0.1
    b.look()
    assert not b.held
    second.now += 0.2
    b.look()
    assert b.held and b.fence == 2


def test_a_holder_that_cannot_renew_stops_a_margin_before_others_may_act(made):
    a, b, first, second = pair(made)
    pass_(TTL - MARGIN - 0.1, first, second)
    assert a.held
    pass_(0.2, first, second)
    b.look()
    assert not a.held and not b.held
    pass_(MARGIN, first, second)
    b.look()
    assert b.held


def test_the_wait_counts_from_when_the_last_sign_of_life_was_seen(made):
    a, b, first, second = pair(made)
    first.now += 1
    a.look()
    second.now += TTL - 1
    b.look()
    second.now += 2
    b.look()
    assert not b.held, "it saw a renewal in between"


def test_two_that_wait_never_both_take_it(made):
    a, b, first, second = pair(made)
    c = made("c", second)
    c.look()
    row = b.row
    second.now += TTL + 1
    b._take(row)
    c._take(row)
    assert b.held and not c.held
    assert not a.held or first.now < TTL


def test_one_that_slept_finds_it_lost_and_its_writes_refused(url, made, clock):  # noqa: F811
    a, b, first, second = pair(made)
    store = Db(url, clock, a.guard())
    store.save_person(1, name="before")
    second.now += TTL + 1
    b.look()
    assert b.held
    with pytest.raises(Fenced):
        store.save_person(1, name="after")
    first.now += 8 * 3600
    assert not a.held
    a.look()
    assert not a.held
    fresh = Db(url, clock)
    assert fresh.person(1).name == "before"
    fresh.close()
    store.close()


def test_a_late_thread_of_an_earlier_holding_writes_nothing_either(url, made, clock):  # noqa: F811
    a, _, first, _ = pair(made)
    store = Db(url, clock, a.guard())
    first.now += 60
    a.look()
    assert a.held and a.fence == 2
    with pytest.raises(Fenced):
        store.save_person(1, name="late")
    newer = Db(url, clock, a.guard())
    newer.save_person(1, name="in time")
    newer.close()
    store.close()


def test_a_write_that_has_passed_the_fence_is_done_before_another_holds(url, made, clock):  # noqa: F811
    a, b, _, second = pair(made)
    reached, go = threading.Event(), threading.Event()
    guard = a.guard()

    def slowly(db):
        guard(db)
        reached.set()
        go.wait(5)

    store = Db(url, clock)
    store._guard = slowly
    writing = threading.Thread(target=store.save_person, args=(1,), kwargs={"name": "last"})
    writing.start()
    assert reached.wait(5)
    second.now += TTL + 1
    taking = threading.Thread(target=b.look)
    taking.start()
    taking.join(0.3)
    assert taking.is_alive() and not b.held
    go.set()
    writing.join(5)
    taking.join(5)
    assert b.held and store.person(1).name == "last"
    store._guard = None
    store.close()


def test_a_change_is_told_once_by_whoever_holds_it(url, made):  # noqa: F811
    a, b, *_ = pair(made)
    Db(url).close()
    a.announce(words)
    assert told(url) == [], "nobody was before"
    a.release()
    b.look()
    for _ in range(3):
        b.announce(words)
        a.announce(words)
    assert told(url) == [(PEACE, "host a")]


def test_a_change_by_force_is_told_as_one_even_if_the_taker_dies_first(url, made):  # noqa: F811
    _, b, _, second = pair(made)
    Db(url).close()
    second.now += TTL + 1
    b.look()
    second.now += 60
    b.look()
    assert b.fence == 3
    b.announce(words)
    assert told(url) == [(SILENCE, "host a")]


def test_a_quiet_end_and_a_start_are_no_change(url, made):  # noqa: F811
    a, first = made("a", Clock(0.0)), Clock(0.0)
    Db(url).close()
    a.look()
    a.release()
    b = made("b", first)
    b.look()
    assert b.held
    b.announce(words)
    assert told(url) == []


def test_the_holder_on_this_machine_that_has_ended_is_followed_at_once(made, monkeypatch):
    ended = subprocess.run(
        [sys.executable, "-c", "import lease; print(lease.identity())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    if not lease.world():
        pytest.skip("this system does not tell processes apart")
    assert lease.gone(ended) and not lease.gone(lease.identity())
    mine = f"{lease.world()}/{os.getpid()}/1"
    assert lease.gone(mine), "the number is another process's now"
    monkeypatch.setattr(lease, "world", lambda: "elsewhere")
    assert not lease.gone(ended)


@pytest.mark.parametrize("owner", ["", "a", "//", "x/1/2", "/0/"])
def test_of_what_it_cannot_know_it_says_nothing(owner):
    assert not lease.gone(owner)


def test_somebody_else_s_process_is_there(monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert not lease.gone(f"{lease.world()}/1/1")


def test_the_clock_runs_on():
    before = lease.running()
    assert 0 <= lease.running() - before < 5


def test_a_database_that_is_away_lets_the_lease_run_out(made, monkeypatch, caplog):
    a, _, first, _ = pair(made)

    def fail():
        raise OperationalError("x", {}, Exception("gone"))

    monkeypatch.setattr(a, "look", fail)
    for _ in range(3):
        a.beat()
    assert caplog.text.count("cannot be kept") == 1
    first.now += TTL - MARGIN
    assert not a.held


def test_a_database_that_never_answers_is_away_and_holds_nobody_up(made, monkeypatch):
    a, _, first, _ = pair(made)
    asked, answered = threading.Event(), threading.Event()

    def hang():
        asked.set()
        answered.wait(10)

    monkeypatch.setattr(a, "_renew", hang)
    looking = threading.Thread(target=a.look)
    looking.start()
    assert asked.wait(5) and not a.away
    first.now += TTL
    assert a.away
    monkeypatch.setattr(lease, "PATIENCE", 0.01)
    with pytest.raises(DbError, match="does not answer"):
        a.release()
    answered.set()
    looking.join(5)
    assert not a.away
    a.release()


@pytest.mark.service
def test_a_transaction_that_stands_still_loses_its_locks(monkeypatch, clock):
    monkeypatch.setattr("db.STILL_MS", 200)
    where = fresh_postgres()
    a = Lease(where, "a", Clock(0.0), "a")
    a.look()
    store = Db(where, clock, a.guard())
    with store._engine.connect() as still:
        still.execute(text("SELECT * FROM leases FOR UPDATE"))
        other = create_engine(where)
        with other.begin() as db:
            db.execute(text("SET LOCAL lock_timeout = 5000"))
            db.execute(text("UPDATE leases SET beat = beat + 1"))
        other.dispose()
        still.invalidate()
    store.close()
    a.close()
