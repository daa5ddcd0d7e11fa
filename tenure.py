"""The life of an instance: it stands by, acts while it holds the lease, hands over, and ends."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from telebot import TeleBot

import followups
import keep_alive
import notices
import scrape
import shell
import watch
import workers
from alarm_rows import Firing
from bot import Ctx
from chat import Telegram
from config import Config
from db import DbError
from incidents import Incidents
from lease import BEAT, Lease
from post import Post, connect

log = logging.getLogger("dort5bot")

TICK, LAST, JOBS_SECONDS = 0.2, 9.5, 1.0


class Halt(threading.Event):
    """Is set when somebody sets it, and once this holding of the lease is over.

    Lost in a sleep and had again before anybody looked, it is another holding.
    """

    def __init__(self, lease: Lease) -> None:
        super().__init__()
        self.lease, self._fence = lease, lease.fence

    def is_set(self) -> bool:
        return super().is_set() or not self.lease.held or self.lease.fence != self._fence

    def wait(self, timeout: float | None = None) -> bool:
        super().wait(timeout)
        return self.is_set()


class Life:
    """What an instance has while it runs; `ctx` is there only while it acts.

    `build` makes the parts anew for every time the lease is held, so that nothing remembered from
    before another one acted is ever used.
    """

    def __init__(self, settings: Config, redact: Callable[[str], str], build: Callable) -> None:
        self.settings, self.redact, self._build = settings, redact, build
        self.ctx: Ctx | None = None
        self.ending = threading.Event()
        self.label = f"{socket.gethostname()} {settings.version[:7]}"
        with shell.opening():
            self.lease = Lease(settings.database, self.label)
        self.always = workers.Workers(workers.Pool(1))
        self._acted, self._away = False, 0

    def listen(self) -> None:
        """End politely on SIGTERM and SIGINT, and in any case in time."""

        def end(*_: Any) -> None:
            if not self.ending.is_set():
                last = threading.Timer(LAST, os._exit, (0,))
                last.daemon = True
                last.start()
            self.ending.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)

    def tell(self) -> dict[str, Any]:
        """Return what the status page shows and /health tells."""
        ctx, always = self.ctx, self.always
        if ctx:
            return keep_alive.overview(ctx, always)
        return keep_alive.standing_by(always, self.settings.version, self.lease.away)

    def metrics(self) -> str:
        """Return what Prometheus reads."""
        ctx = self.ctx
        return scrape.exposition(ctx) if ctx else scrape.standing_by()

    def run(self, api: TeleBot) -> None:
        """Stand by and act in turn until told to end. Raises on a wrong token."""
        beat = workers.Job("lease", BEAT, self.lease.beat)
        for job, after in [*keep_alive.jobs(self.settings), (beat, BEAT)]:
            self.always.add(job, after)
        self.always.start()
        with suppress(DbError):
            self.lease.look()
        if not self.lease.held:
            print("Beklemede / standing by", flush=True)
        while not self.ending.is_set():
            if self.lease.held:
                self._try(api)
            self.ending.wait(TICK)

    def close(self) -> None:
        """Stop what runs beside and let the lease be had by others."""
        self.always.stop(0)
        self.lease.close()

    def _try(self, api: TeleBot) -> None:
        """Act; a database that goes away meanwhile is waited for, but not at the first start."""
        try:
            self._act(api)
        except (DbError, shell.Unopened) as error:
            if not self._acted:
                raise
            log.error("the bot could not act: %s", type(error.__cause__ or error).__name__)
            self.ending.wait(BEAT)
        if self.lease.away and not self.ending.is_set() and not self._away:
            self._away = int(time.time() * 1000)
            told = notices.WORDS[notices.DATABASE][self.settings.language != "tr"]
            for admin in sorted(self.settings.admins):
                Post(api, self.ending).quietly(api.send_message, admin, told)

    def _act(self, api: TeleBot) -> None:
        """Be the one that acts, until told to end, asked to make room, or the lease is lost."""
        ctx = self._build(self.settings, self.redact, self.lease)
        halt = ctx.workers.halt
        telegram = Telegram(api, Post(api, halt), ctx, halt)
        try:
            ctx.db.orders.move_venue(ctx.desk.accounts.venue)
            self.lease.announce(self._moved)
            telegram.start()
            self._employ(ctx, telegram)
            self._back(ctx)
            self.ctx, self._acted = ctx, True
            while not (self.ending.is_set() or self.lease.wanted or halt.is_set()):
                self.ending.wait(TICK)
            log.info("the bot stops acting; lease %s", "held" if self.lease.held else "lost")
            if not halt.is_set():
                telegram.drain()
        finally:
            self.ctx = None
            telegram.leave()
            close(ctx)
            self._let_go()

    def _employ(self, ctx: Ctx, telegram: Telegram) -> None:
        workers.schedule(ctx.workers, ctx.sources, ctx.db, self.settings)
        alarms = watch.Watch(ctx.sources, ctx.db, meters=ctx.meters)
        every = [*telegram.jobs(), *alarms.jobs(), *followups.jobs(ctx.desk)]
        every += Incidents(ctx, telegram.rival.there).jobs()
        every += keep_alive.pulse(self.settings, ctx.workers)
        for job, after in every:
            ctx.workers.add(job, after)
        ctx.workers.start()

    def _back(self, ctx: Ctx) -> None:
        """Tell the admins that the database is there again, if they were told that it was not."""
        if self._away:
            now = int(time.time() * 1000)
            about = notices.packed("", now - self._away)
            event = f"{notices.DATABASE} over"
            ctx.db.alarms.save([], notices.rows(self.settings.admins, event, about, now))
            self._away = 0

    def _moved(self, how: str, before: str) -> list[Firing]:
        """Return what admins are told of a change of hands."""
        about = f"{before} → {self.label}"
        return notices.rows(self.settings.admins, how, about, int(time.time() * 1000))

    def _let_go(self) -> None:
        try:
            self.lease.release()
        except DbError as error:
            log.warning("the lease could not be let go: %s", type(error).__name__)


def close(ctx: Ctx) -> None:
    """End the parts."""
    ctx.workers.stop(JOBS_SECONDS)
    ctx.sources.close()
    ctx.db.close()


def serve(
    settings: Config,
    redact: Callable[[str], str],
    build: Callable[..., Ctx],
    open_chat: Callable[[Config], Any],
) -> int:
    """Run until told to stop: by Telegram with a token, else by the local chat."""
    life = Life(settings, redact, build)
    life.listen()
    token, api_url = settings.telegram_token.reveal(), settings.telegram_api_url
    where = f"HOST={settings.address} PORT={settings.port} CHAT_PORT={settings.chat_port}"
    with shell.opening(f"{shell.PORT} ({where})", ValueError):
        site = keep_alive.open_site(settings, redact, life.tell, life.metrics)
        print(f"Durum / status: http://127.0.0.1:{site.port}/", flush=True)
        if settings.local:
            server = open_chat(settings)
            token, api_url = server.token, server.url
    try:
        life.run(connect(token, api_url, redact))
    finally:
        life.close()
    site.stop(1)
    return 0
