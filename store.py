"""The store of answers between runs: what ails it is logged once and costs nobody an answer."""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from requests_cache.backends.base import BaseCache
from requests_cache.backends.sqlite import SQLiteCache, SQLiteDict

log = logging.getLogger("dort5bot")

REST, BUSY_MS, WAL_BYTES = 30, 500, 4_000_000
# What can be fetched again makes room for the rows that cannot.
ANEW = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FULL)


class Table(SQLiteDict):
    """A table whose writes fail where the library's would wait for a lock without end.

    The log beside its file goes back to a bounded size; there is nothing in it to be wiped out.
    """

    def init_db(self) -> None:
        """Open the file."""
        super().init_db()
        with self.connection() as connection:
            for pragma in (f"journal_size_limit={WAL_BYTES}", "secure_delete=OFF"):
                connection.execute(f"PRAGMA {pragma}")

    @contextmanager
    def _acquire_sqlite_lock(self) -> Iterator[None]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            self._active_transaction = True
            try:
                yield
                self._connection.commit()
            finally:
                self._active_transaction = False
                if self._connection.in_transaction:
                    self._connection.rollback()


class File(SQLiteCache):
    """A cache in a SQLite file, made anew where that is ruined. Raises sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        BaseCache.__init__(self, cache_name=path.name)
        try:
            self._join(path)
        except sqlite3.DatabaseError as error:
            if not hopeless(error):
                raise
            log.warning("the store %s is made anew: %s", path.name, error)
            remove(path)
            self._join(path)

    def _join(self, path: Path) -> None:
        shared: dict[str, Any] = {"wal": True, "busy_timeout": BUSY_MS}
        self.responses = Table(path, table_name="responses", serializer="json", **shared)
        lock = self.responses._lock
        self.redirects = Table(path, table_name="redirects", serializer=None, lock=lock, **shared)

    def delete(self, *keys: str, vacuum: bool = True, **wanted: Any) -> None:
        """Delete answers; the file is written anew only where most of it has become free."""
        super().delete(*keys, vacuum=False, **wanted)
        with self.responses.connection() as connection:
            asked = ("freelist_count", "page_count")
            free, pages = (connection.execute(f"PRAGMA {one}").fetchone()[0] for one in asked)
        if vacuum and 2 * free > pages:
            self.responses.vacuum()


def hopeless(error: Exception) -> bool:
    """Tell whether a file is beyond repair, or so large that it must go."""
    return getattr(error, "sqlite_errorcode", None) in ANEW


def remove(path: Path) -> None:
    """Delete a SQLite file with what it keeps beside itself."""
    for tail in ("", "-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)


class Store:
    """Keep answers by their addresses; while the cache below fails, there is nothing kept.

    `failures` are what opening and using that cache may raise; after one it is left alone for
    REST seconds.
    """

    def __init__(
        self,
        opened: Callable[[], BaseCache],
        failures: tuple[type[Exception], ...] = (sqlite3.Error,),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._opened, self._failures, self._clock = opened, failures, clock
        self._cache: BaseCache | None = None
        self._lock, self._rest = threading.Lock(), 0.0
        self._tried(lambda _: None)

    def get(self, key: str) -> Any:
        """Return the answer kept at an address, or None."""
        return self._tried(lambda cache: cache.get_response(key))

    def save(self, response: requests.Response, key: str, until: datetime | None) -> None:
        """Keep an answer until a time."""
        self._tried(lambda cache: cache.save_response(response, key, until))

    def tidy(self) -> None:
        """Delete what was kept until before now."""
        self._tried(lambda cache: cache.delete(expired=True))

    def clear(self) -> None:
        """Delete everything."""
        self._tried(lambda cache: cache.clear())

    def close(self) -> None:
        """Close the cache; it opens again when it is used."""
        with self._lock, suppress(*self._failures):
            cache, self._cache = self._cache, None
            if cache:
                cache.close()

    def _tried(self, work: Callable[[BaseCache], Any]) -> Any:
        if self._clock() < self._rest:
            return None
        try:
            with self._lock:
                cache = self._cache = self._cache or self._opened()
            done = work(cache)
        except self._failures as error:
            if not self._rest:
                log.warning("the store fails: %s", error)
            self._rest = self._clock() + REST
            if hopeless(error):
                self._drop()
            return None
        if self._rest:
            log.warning("the store works again")
        self._rest = 0.0
        return done

    def _drop(self) -> None:
        """Delete a hopeless file; the next use makes a new one."""
        path = Path(self._cache.db_path) if isinstance(self._cache, SQLiteCache) else None
        self.close()
        if path:
            log.warning("the store %s is made anew", path.name)
            with suppress(OSError):
                remove(path)
