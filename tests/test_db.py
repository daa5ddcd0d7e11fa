import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, make_url, text

import db

POSTGRES = os.environ.get("TEST_DATABASE_URL", "postgresql+psycopg://root@127.0.0.1/test")


def fresh_postgres():
    """Return the address of an empty schema of this process's own."""
    engine, name = create_engine(POSTGRES), f"test_{os.getpid()}"
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {name} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {name}"))
    engine.dispose()
    place = make_url(POSTGRES).update_query_dict({"options": f"-csearch_path={name}"})
    return place.render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def url(request, tmp_path):
    return f"sqlite:///{tmp_path / 'x.db'}" if request.param == "sqlite" else fresh_postgres()


@pytest.fixture
def store(url, clock):
    opened = db.Db(url, clock)
    yield opened
    opened.close()


def test_a_person_is_made_and_changed(store):
    assert store.person(2**40) is None
    store.save_person(2**40, name="Ayşe", lang="en")
    store.save_person(2**40, zone="UTC", theme="light")
    assert store.person(2**40) == db.Person("Ayşe", "en", "UTC", "light")


def test_what_was_changed_while_it_was_read_is_read_again(store):
    def look():
        read = next(values)
        store._forget(("x",))
        return read

    values = iter(("old", "new"))
    assert [store._remembered(("x",), look) for _ in range(2)] == ["old", "new"]


def test_favourites_keep_their_order_and_hold_each_once(store):
    assert store.add_favourites(1, ["SOLUSDT", "BTCUSDT", "SOLUSDT"]) == 2
    assert store.add_favourites(1, ["BTCUSDT", "ETHUSDT"]) == 1
    assert store.favourites(1) == ("SOLUSDT", "BTCUSDT", "ETHUSDT")
    assert store.remove_favourites(1, ["BTCUSDT", "XUSDT"]) == 1
    assert store.favourites(1) == ("SOLUSDT", "ETHUSDT")
    assert store.favourites(2) == ()


def test_the_log_that_a_long_read_lets_grow_is_small_after_it(tmp_path, clock):
    path = tmp_path / "x.db"
    opened, log = db.Db(f"sqlite:///{path}", clock), path.with_name("x.db-wal")
    with opened.snapshot() as reader:
        reader.execute(text("SELECT count(*) FROM notes")).all()
        for i in range(10):
            opened.keep_note("big", str(i) * 1_000_000)
        assert log.stat().st_size > 2 * db.WAL_BYTES
    for i in range(3):
        opened.keep_note("small", str(i))
    assert log.stat().st_size <= db.WAL_BYTES
    opened.close()


def test_favourites_stop_at_their_limit(store):
    many = [f"C{i}USDT" for i in range(db.MAX_FAVOURITES + 5)]
    assert store.add_favourites(1, many) == db.MAX_FAVOURITES
    assert store.add_favourites(1, ["ONEMORE"]) == 0


def test_formulas_are_each_users_own(store):
    store.save_formula(1, "altin", "sma(50) > sma(200)")
    store.save_formula(1, "altin", "sma(20) > sma(50)")
    store.save_formula(2, "altin", "close > 1")
    assert store.formulas(1) == {"altin": "sma(20) > sma(50)"}
    assert store.remove_formula(1, "altin") and not store.remove_formula(1, "altin")
    assert store.formulas(1) == {} and store.formulas(2) == {"altin": "close > 1"}


def test_watched_counts_everybody(store):
    store.add_favourites(1, ["A", "B"])
    store.add_favourites(2, ["B"])
    assert store.watched()[0] == "B" and set(store.watched()) == {"A", "B"}


def test_an_update_is_recorded_once_and_answered_once(store, clock):
    assert store.receive([(1, "one"), (2, "two")]) == {1, 2}
    assert store.receive([(2, "two again"), (3, "three")]) == {3}
    assert [i for i, _ in store.waiting()] == [1, 2, 3]
    assert store.begin(2) == 1 and store.begin(2) == 2
    store.finish(2)
    assert store.begin(2) is None
    assert store.waiting() == [(1, "one"), (3, "three")]
    assert store.receive([(2, "redelivered")]) == set()


def test_an_error_of_the_database_quotes_nobody(store):
    with pytest.raises(db.DbError) as caught:
        store.receive([(None, '{"text": "my own words"}')])
    assert "my own words" not in str(caught.value) and "INSERT" in str(caught.value)


def test_a_secret_update_leaves_no_words(store):
    store.receive([(5, None)])
    assert store.waiting() == [] and store.receive([(5, "again")]) == set()


def test_a_months_budget_is_counted_up_to_its_end_and_outlives_a_restart(store, url, clock):
    assert [store.spend("gecko", "2026-11", 2, 5) for _ in range(3)] == [2, 4, None]
    assert store.spend("gecko", "2026-11", 1, 5) == 5
    assert store.spend("gecko", "2026-12", 1, 0) is None
    assert store.spend("other", "2026-11", 9, 9) == 9
    again = db.Db(url, clock)
    assert again.spend("gecko", "2026-11", 1, 5) is None
    assert again.spent("2026-11") == {"gecko": 5, "other": 9} and again.spent("2026-12") == {}
    again.close()


def test_counts_of_a_month_from_many_threads_add_up(store):
    threads = [
        threading.Thread(target=lambda: [store.spend("x", "m", 1, 40) for _ in range(9)])
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.spent("m") == {"x": 40}


def test_pruning_forgets_only_old_answers(store, clock):
    store.receive([(1, "a"), (2, "b")])
    store.finish(1)
    assert store.prune() == 0
    clock.now += 3 * 86400
    assert store.prune() == 1
    assert [i for i, _ in store.waiting()] == [2]


def test_a_ban_survives_reopening(store, url, clock):
    store.save_host("binance", "banned", 123)
    store.save_host("okx", "banned", 5)
    store.save_host("okx", "ok", 0)
    again = db.Db(url, clock)
    assert again.host_states() == [("binance", "banned", 123)]
    again.close()


def test_opening_again_changes_nothing_and_a_newer_schema_is_refused(store, url, clock):
    store.save_person(1, name="a")
    db.Db(url, clock).close()
    assert store.person(1).name == "a"
    with store._write() as connection:
        connection.execute(text("UPDATE meta SET version = 999"))
    with pytest.raises(RuntimeError, match="newer"):
        db.Db(url, clock)


def test_a_locked_database_delays_a_writer_and_no_reader(tmp_path, clock):
    path = tmp_path / "x.db"
    opened, other = db.Db(f"sqlite:///{path}", clock), sqlite3.connect(path, isolation_level=None)
    opened.keep_note("a", "before")
    other.execute("BEGIN EXCLUSIVE")
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(opened.keep_note, "a", "after")
        assert not wait([written], 0.5).done and opened.note("a") == "before"
        other.execute("ROLLBACK")
        written.result(20)
    assert opened.note("a") == "after"
    other.close()
    opened.close()


def test_many_writers_lose_nothing(store):
    def write(base):
        for i in range(25):
            store.receive([(base + i, "x")])
            store.begin(base + i)
            store.finish(base + i)

    threads = [threading.Thread(target=write, args=(1000 * n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.waiting() == []
    assert store.receive((1000 * n + i, "x") for n in range(8) for i in range(25)) == set()


def test_daily_reports_are_kept_by_user_and_line(store):
    store.save_push(db.Push(1, "p", 1, 540, ""))
    store.save_push(db.Push(2, "p", 2, 60, ""))
    store.save_push(db.Push(1, "p", 1, 600, "2026-11-24"))
    assert store.pushes(1) == [db.Push(1, "p", 1, 600, "2026-11-24")]
    assert [push.user_id for push in store.pushes()] == [2, 1]
    assert store.remove_push(1, "p") and not store.remove_push(1, "p")


def test_a_figure_is_found_as_it_was_some_time_ago(store, clock):
    hour, now = 3_600_000, int(clock() * 1000)
    for ago, value in ((30, 58.0), (24, 57.5), (1, 56.0)):
        store.save_reading("dominance", now - ago * hour, value)
    store.save_reading("dominance", now - hour, 99.0)
    assert store.reading("dominance", now, hour) == 56.0
    assert store.reading("dominance", now - 24 * hour, 6 * hour) == 57.5
    assert store.reading("dominance", now - 25 * hour, 6 * hour) == 58.0
    assert store.reading("dominance", now - 31 * hour, 6 * hour) is None
    assert store.reading("another", now, hour) is None


def test_old_readings_are_pruned(store, clock):
    now = int(clock() * 1000)
    store.save_reading("dominance", now, 58.0)
    clock.now += 41 * 86400
    store.save_reading("dominance", now + 1, 58.0)
    store.save_reading("dominance", int(clock() * 1000), 57.0)
    assert store.prune() == 2
    assert store.reading("dominance", int(clock() * 1000), 99 * 86_400_000) == 57.0


@pytest.mark.parametrize("version", range(1, len(db.MIGRATIONS)))
def test_every_earlier_version_migrates_and_keeps_its_rows(url, clock, version, monkeypatch):
    every = db.MIGRATIONS
    monkeypatch.setattr(db, "MIGRATIONS", every[:version])
    old = db.Db(url, clock)
    old.save_person(1, name="kept")
    old.close()
    monkeypatch.setattr(db, "MIGRATIONS", every)
    new = db.Db(url, clock)
    assert new.person(1).name == "kept" and new.pushes() == []
    new.close()


def test_a_report_sent_is_noted_and_one_turned_off_stays_off(store):
    store.save_push(db.Push(1, "p", -1, 540, "", 7))
    store.mark_push(1, "p", "2026-11-24")
    store.mark_push(1, "t", "2026-11-24")
    assert store.pushes() == [db.Push(1, "p", -1, 540, "2026-11-24", 7)]


def test_a_table_of_an_earlier_version_gets_its_new_column_and_keeps_its_rows(url, clock):
    old = db.Db(url, clock)
    old.save_push(db.Push(1, "p", 1, 540, ""))
    old.save_person(1, name="Ayşe")
    with old._write() as connection:
        connection.execute(text("ALTER TABLE pushes DROP COLUMN topic"))
        connection.execute(text("ALTER TABLE users DROP COLUMN theme"))
        connection.execute(text("UPDATE meta SET version = 2"))
    old.close()
    new = db.Db(url, clock)
    assert new.pushes() == [db.Push(1, "p", 1, 540, "")]
    new.save_push(db.Push(2, "p", 1, 540, "", 3))
    assert new.pushes(2)[0].topic == 3
    new.save_person(1, theme="light")
    assert new.person(1) == db.Person("Ayşe", None, None, "light")
    new.close()


def test_a_token_is_taken_once_by_its_user_within_the_hour(store, clock):
    token = store.keep_token(1, "body")
    assert store.take_token(2, token) is None
    assert store.take_token(1, token) == "body" and store.take_token(1, token) is None
    token = store.keep_token(1, "late")
    clock.now += 3601
    assert store.take_token(1, token) is None and store.prune() == 1


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("minute", "now", "day", "due"),
    [
        (540, "2026-11-24 09:00", "2026-11-24", "2026-11-24T09:00+01:00"),
        (540, "2026-11-24 08:59", "2026-11-23", "2026-11-23T09:00+01:00"),
        (1430, "2026-11-24 00:10", "2026-11-23", "2026-11-23T23:50+01:00"),
        (150, "2026-03-29 03:29", "2026-03-28", "2026-03-28T02:30+01:00"),
        (150, "2026-03-29 03:30", "2026-03-29", "2026-03-29T03:30+02:00"),
        (540, "2026-03-29 09:00", "2026-03-29", "2026-03-29T09:00+02:00"),
        (150, "2026-10-25 02:30", "2026-10-25", "2026-10-25T02:30+02:00"),
        (150, "2026-10-25 02:30 again", "2026-10-25", "2026-10-25T02:30+02:00"),
        (540, "2026-10-25 09:00", "2026-10-25", "2026-10-25T09:00+01:00"),
    ],
)
def test_when_a_report_came_due_last_also_where_the_clocks_change(minute, now, day, due):
    local = datetime.fromisoformat(now[:16]).replace(tzinfo=BERLIN, fold="again" in now)
    found = db.Push(1, "p", 1, minute, "").last(local.timestamp(), BERLIN)
    assert found == (day, datetime.fromisoformat(due).timestamp())


@given(
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Apia", "Asia/Gaza"]),
    st.integers(0, 1439),
    st.integers(1_300_000_000, 2_000_000_000),
)
def test_a_report_comes_due_once_a_local_day(zone, minute, now):
    row, zone = db.Push(1, "p", 1, minute, ""), ZoneInfo(zone)
    day, due = row.last(now, zone)
    assert due <= now < due + 2 * 86400
    assert row.last(due, zone) == (day, due)
    before, earlier = row.last(due - 1, zone)
    assert before < day and earlier < due


def test_bots_that_start_at_once_on_an_empty_database_migrate_it_once(url):
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(lambda _: db.Db(url), range(6)))
    opened[0].save_person(7, name="Ayşe")
    assert all(one.person(7).name == "Ayşe" for one in opened)
    for one in opened:
        one.close()
