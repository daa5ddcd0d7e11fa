"""The store of answers between runs: what ails it is logged once and costs nobody an answer."""

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import requests
from requests_cache import SQLiteCache
from requests_cache.backends.base import BaseCache

log = logging.getLogger("dort5bot")

REST = 30
RUINED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def opened(path: Path) -> BaseCache:
    """Open a SQLite store, made anew where the file is ruined."""
    try:
        return SQLiteCache(path, wal=True, busy_timeout=5000, serializer="json")
    except sqlite3.DatabaseError as error:
        if not ruined(error):
            raise
        log.warning("the store %s is ruined and made anew", path.name)
        removed(path)
        return SQLiteCache(path, wal=True, busy_timeout=5000, serializer="json")


def ruined(error: Exception) -> bool:
    """Tell whether a database's file is beyond repair."""
    return getattr(error, "sqlite_errorcode", None) in RUINED


def removed(path: Path) -> None:
    """Delete a SQLite file with what it keeps beside itself."""
    for tail in ("", "-wal", "-shm"):
        path.with_name(path.name + tail).unlink(missing_ok=True)


class Store:
    """Keep answers by their addresses; while the cache below fails, there is nothing kept.

    `failures` are what that cache may raise; after one it is left alone for REST seconds.
    """

    def __init__(
        self,
        cache: BaseCache,
        failures: tuple[type[Exception], ...] = (sqlite3.Error,),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cache, self._failures, self._clock = cache, failures, clock
        self._rest = 0.0

    def get(self, key: str) -> Any:
        """Return the answer kept at an address, or None."""
        return self._tried(self._cache.get_response, key)

    def save(self, response: requests.Response, key: str, until: datetime) -> None:
        """Keep an answer until a time."""
        self._tried(self._cache.save_response, response, key, until)

    def tidy(self) -> None:
        """Delete what was kept until before now."""
        self._tried(self._cache.delete, expired=True)

    def close(self) -> None:
        """Close the cache."""
        with suppress(*self._failures):
            self._cache.close()

    def _tried(self, work: Callable[..., Any], *args: Any, **options: Any) -> Any:
        if self._clock() < self._rest:
            return None
        try:
            done = work(*args, **options)
        except self._failures as error:
            if not self._rest:
                log.warning("the store fails: %s", error)
            self._rest = self._clock() + REST
            if ruined(error):
                self._remake()
            return None
        if self._rest:
            log.warning("the store works again")
        self._rest = 0.0
        return done

    def _remake(self) -> None:
        """Put a new file in the place of a ruined one."""
        path = Path(self._cache.db_path)  # type: ignore[attr-defined]
        log.warning("the store %s is ruined and made anew", path.name)
        with suppress(*self._failures, OSError):
            self._cache.close()
            removed(path)
            self._cache = opened(path)
            self._rest = 0.0
