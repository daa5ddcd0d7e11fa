"""The store in trouble: full, gone or ruined, it costs nobody an answer."""

import io
import os
import sqlite3
from contextlib import closing
from datetime import datetime
from functools import partial

import pytest
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

import store
from sources import Sources


def ruin(path, keep):
    """Write over a database file behind its first bytes."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(keep)
        file.write(os.urandom(max(size - keep, 5000)))


@pytest.fixture
def answer():
    raw = HTTPResponse(io.BytesIO(b"x" * 500_000), {}, 200, preload_content=False)
    asked = requests.Request("GET", "https://a.test/x").prepare()
    return HTTPAdapter().build_response(asked, raw)


@pytest.mark.parametrize("keep", [0, 4096])
def test_a_ruined_store_is_made_anew_and_nobody_notices(
    settings, database, markets, clock, tmp_path, keep, caplog
):
    def answer():
        opened = Sources(settings(), database, markets=markets, clock=clock, sleep=clock.sleep)
        opened.tickers()
        assert opened.tickers().data["BTCUSDT"].last > 0
        opened.close()
        return opened.door.stats

    answer()
    ruin(tmp_path / "store_mock.db", keep)
    assert answer().live == 1
    answer()
    assert answer().store == 1
    assert caplog.text.count("is made anew") == 1


def test_a_full_disk_gets_the_room_of_the_store(answer, tmp_path, clock, caplog):
    path = tmp_path / "store.db"
    kept = store.Store(partial(store.File, path), clock=clock)
    kept.save(answer, "a", None)
    with kept._cache.responses.connection() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
    kept.save(answer, "b", None)
    assert caplog.text.count("is made anew") == 1 and not path.exists()
    assert kept.get("a") is None
    clock.now += store.REST
    kept.save(answer, "b", None)
    assert kept.get("b") is not None
    kept.close()


def test_the_log_beside_the_store_stays_small_and_what_is_free_is_used_again(answer, tmp_path):
    path = tmp_path / "store.db"
    log = path.with_name("store.db-wal")
    kept = store.Store(partial(store.File, path))
    old, later = datetime(2020, 1, 1), datetime(2100, 1, 1)
    for i in range(60):
        kept.save(answer, f"a{i}", later if i < 40 else old)
    size = path.stat().st_size
    kept.tidy()
    assert log.stat().st_size < 2 * store.WAL_BYTES and kept.get("a59") is None
    assert path.stat().st_size == size
    for i in range(40):
        kept.save(answer, f"a{i}", old)
    kept.tidy()
    kept.save(answer, "b", later), kept.save(answer, "c", later)
    assert log.stat().st_size < 2 * store.WAL_BYTES
    kept.close()
    assert path.stat().st_size < size / 4


class Sick:
    """A cache that fails as told and counts how often it was asked."""

    def __init__(self):
        self.asked, self.error = 0, sqlite3.OperationalError("database or disk is full")

    def get_response(self, key):
        self.asked += 1
        if self.error:
            raise self.error
        return key

    save_response = delete = close = lambda self, *_, **__: self.get_response("")


def test_a_failing_store_is_left_alone_for_a_while_and_told_of_once(clock, caplog):
    sick = Sick()
    kept = store.Store(lambda: sick, clock=clock)
    assert kept.get("x") is None and kept.get("x") is None and sick.asked == 1
    clock.now += store.REST
    kept.save(requests.Response(), "x", None)
    clock.now += store.REST
    sick.error = None
    assert kept.get("x") == "x" and kept.get("y") == "y"
    assert caplog.text.count("the store fails") == caplog.text.count("works again") == 1
    sick.error = sqlite3.OperationalError("database is locked")
    kept.tidy()
    kept.close()


def test_what_is_no_failure_of_the_cache_is_not_hidden(clock):
    sick = Sick()
    sick.error = TypeError("a bug")
    with pytest.raises(TypeError):
        store.Store(lambda: sick, clock=clock).get("x")


def test_a_store_that_cannot_be_opened_is_done_without_until_it_can(answer, tmp_path, clock):
    path = tmp_path / "store.db"
    path.mkdir()
    kept = store.Store(partial(store.File, path), clock=clock)
    kept.save(answer, "a", None)
    path.rmdir()
    assert kept.get("a") is None
    clock.now += store.REST
    kept.save(answer, "a", None)
    assert kept.get("a") is not None
    kept.close()


def test_a_lock_that_another_holds_ends_no_reader_and_no_run(answer, tmp_path, clock, monkeypatch):
    monkeypatch.setattr(store, "BUSY_MS", 1)
    path = tmp_path / "store.db"
    kept = store.Store(partial(store.File, path), clock=clock)
    kept.save(answer, "a", None)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        kept.save(answer, "b", None)
        clock.now += store.REST
        assert kept.get("a") is not None and kept.get("b") is None
        kept.close()
        assert store.Store(partial(store.File, path), clock=clock).get("a") is None


def test_a_redis_that_is_gone_costs_no_answer(settings, database, markets, clock):
    config = settings(CACHE_URL="redis://:secretpass@127.0.0.1:1/0")
    opened = Sources(config, database, markets=markets, clock=clock, sleep=clock.sleep)
    assert opened.tickers().data["BTCUSDT"].last > 0 and opened.door.stats.live == 1
    opened.close()
