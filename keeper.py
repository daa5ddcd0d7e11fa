"""The backup in the owner's chat: posted once a day, pinned, and found again by an empty disk."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any
from zoneinfo import ZoneInfo

import requests
from telebot.apihelper import ApiException, ApiTelegramException

import backup
from bot import Chat, Ctx, Reply, User, UserError
from db import DbError
from post import GIVE_UP, Post, Stopping, Thread, patience
from roles import ADMIN
from workers import Job

log = logging.getLogger("dort5bot")

TRIED, NEWS, EVERY, PAUSES = "backup tried", "backup news", 600, (2, 5, 10)
SILENT = (
    "Telegram yanıt vermedi, yedek aranamadı.",
    "Telegram did not answer, none was looked for.",
)
TOO_BIG = (
    "20 MB'tan büyük, Telegram bota geri vermiyor. İndirip boş bir diske getirin: "
    "python main.py restore DOSYA.",
    "It is over 20 MB, which Telegram gives back to no bot. Download it and bring it to an empty "
    "disk: python main.py restore FILE.",
)
OTHER_PINNED = (
    "⚠️ Sabitlenmiş bir yedek var ve bu veritabanı ondan gelmiyor; ona dokunulmadı, bu "
    "sabitlenmedi. Yenisini sabitlemek için: /yedek",
    "⚠️ A backup is pinned that this database does not come from; it was left alone and this one "
    "is not pinned. To pin a new one: /yedek",
)
UNWRITTEN = ("Veritabanına yazılamadı.", "It could not be written to the database.")


@contextmanager
def saved(ctx: Ctx) -> Iterator[tuple[backup.Made, Reply]]:
    """Make a backup in a file that is gone afterwards; yield it with the reply that sends it."""
    with TemporaryFile(dir=ctx.config.data_dir) as file:
        try:
            made = backup.write(ctx.db, file, ctx.config.master_key.reveal())
        except OSError as error:
            log.error("no backup was made: %s", error.strerror)
            raise UserError(
                "Yedek yazılamadı; disk dolu olabilir.", "No backup was made; the disk may be full."
            ) from error
        file.seek(0)
        yield made, Reply(caption(ctx, made), file=(made.name, file))


def caption(ctx: Ctx, made: backup.Made) -> str:
    """Return what is said of a backup."""
    size, rows = ctx.num(made.size / 1024, 1), ctx.num(made.rows, 0)
    text = ctx.t(
        f"💾 Yedek, {ctx.clock(made.made)}: {rows} satır, {size} KB. Yalnız MASTER_KEY ile açılır; "
        "sabitlenmiş olan boş diske kendiliğinden döner, ötekiler restore ile.",
        f"💾 Backup, {ctx.clock(made.made)}: {rows} rows, {size} KB. Only MASTER_KEY opens it; the "
        "pinned one comes back to an empty disk by itself, others by restore.",
    )
    if made.size <= backup.FETCHED:
        return text
    return text + ctx.t(
        "\n⚠️ 20 MB'tan büyük: Telegram bunu bota geri vermez; indirip restore ile getirin.",
        "\n⚠️ Over 20 MB: Telegram gives it back to no bot; download it and restore it.",
    )


class Keeper:
    """Keep the owner's backups; `base` says which settings, database and clock."""

    def __init__(
        self,
        post: Post,
        base: Ctx,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._post, self._base, self._clock, self._sleep = post, base, clock, sleep
        self._db, self._config = base.db, base.config

    @property
    def job(self) -> Job:
        """Return the job that tells what came back and posts a backup a day."""
        return Job("backup", EVERY, self.daily, deadline=GIVE_UP + EVERY)

    def _ctx(self, owner: int) -> Ctx:
        person = self._db.person(owner)
        lang = (person and person.lang) or self._config.language
        zone = ZoneInfo(person.zone) if person and person.zone else self._config.timezone
        user, now = User(owner, lang=lang, zone=zone, role=ADMIN), int(self._clock() * 1000)
        return replace(self._base, user=user, chat=Chat(owner), now=now)

    def daily(self) -> None:
        """Tell the owner what is to be told, and post the day's backup. Raises UserError."""
        try:
            if self._config.owner is not None:
                self._daily(self._config.owner)
        except Stopping:
            log.info("the backup stays for the next run")

    def _daily(self, owner: int) -> None:
        ctx, news = self._ctx(owner), self._db.note(NEWS)
        if news:
            self._post.reply(Thread(owner), Reply(ctx.t(*json.loads(news))))
            self._db.keep_note(NEWS, "")
        last, zone = int(self._db.note(backup.LAST) or 0), self._config.timezone
        due = backup.day(ctx.now, zone) != backup.day(last, zone)
        if self._config.master_key and due and not self._db.unused():
            self._send(ctx, owner)

    def _send(self, ctx: Ctx, owner: int) -> None:
        """Post a backup; it is pinned unless one is pinned that this database does not come from.

        The name is noted before it is sent, so that one whose sending was cut off is known too.
        """
        known = self._post.call(owner, self._known, owner)
        with saved(ctx) as (made, reply):
            self._db.keep_note(TRIED, str(made.made))
            note = "" if known else "\n" + ctx.t(*OTHER_PINNED)
            text = f"{reply.text}{note}"
            self._post.reply(Thread(owner), replace(reply, text=text, silent=True, pinned=known))
        self._db.keep_note(backup.LAST, str(made.made))

    def _known(self, owner: int) -> bool:
        """Tell whether the pinned backup, if there is one, is this database's own."""
        names = [backup.named(int(self._db.note(note) or 0)) for note in (backup.LAST, TRIED)]
        found = self._pinned(owner)
        return found is None or found.file_name in names

    def _pinned(self, owner: int) -> Any:
        """Return the file of the backup that is pinned in the owner's chat, None for none."""
        shown = self._post.api.get_chat(owner).pinned_message
        file = shown.document if shown and shown.from_user and shown.from_user.is_bot else None
        return file if file and (file.file_name or "").endswith(backup.SUFFIX) else None

    def recover(self) -> None:
        """Fill an unused database from the pinned backup, and note what the owner is to be told."""
        owner, settings = self._config.owner, self._config
        if settings.local or not settings.master_key or owner is None or not self._db.unused():
            return
        try:
            body = self._fetched(owner)
            if body is None:
                return
            key, file = settings.master_key.reveal(), BytesIO(body)
            back = backup.restore(self._db, file, key, settings.timezone)
            news = came_back(self._ctx(owner), back)
        except UserError as error:
            news = stayed_away(error.tr, error.en)
        except DbError as error:
            log.error("the backup could not be written: %s", type(error).__name__)
            news = stayed_away(*UNWRITTEN)
        log.warning("%s", news[1])
        self._db.keep_note(NEWS, json.dumps(news))

    def _fetched(self, owner: int) -> bytes | None:
        """Return the pinned backup, None where there is none. Raises UserError."""
        reason = UserError(*SILENT)
        for pause in PAUSES:
            try:
                file = self._pinned(owner)
                if file is None:
                    return None
                if (file.file_size or 0) > backup.FETCHED:
                    reason = UserError(*TOO_BIG)
                    break
                return self._post.download(file.file_id, backup.FETCHED)
            except ApiTelegramException as error:
                if patience(error) is None:
                    log.info("no backup was looked for: %s", error.description)
                    return None
            except (ApiException, requests.RequestException) as error:
                log.warning("Telegram: %s", type(error).__name__)
            except UserError as error:
                reason = error
            self._sleep(pause)
        raise reason


def came_back(ctx: Ctx, back: backup.Restored) -> tuple[str, str]:
    """Return the line that tells what came back from when, in both languages."""
    at, untold = ctx.clock(back.made), back.untold
    return (
        f"♻️ Disk boştu: {at} yedeğinden {back.rows} satır geri geldi. Sonrası bilinmiyor: açık "
        f"emirler borsaya soruluyor, bekleyen {untold} ileti yeniden yollanmadı.",
        f"♻️ The disk was empty: {back.rows} rows came back from the backup of {at}. What happened "
        f"since is unknown: open orders are being asked about at the exchange, {untold} waiting "
        "messages were not sent again.",
    )


def stayed_away(tr: str, en: str) -> tuple[str, str]:
    """Return the line that tells why nothing came back, in both languages."""
    return (
        f"⚠️ Disk boş ve yedek geri gelmedi. {tr} Boş başladım, sabitlenmiş yedeğe dokunmadım; "
        "nedenini giderip bana yazmadan yeniden başlatırsanız yine denerim.",
        f"⚠️ The disk is empty and no backup came back. {en} I began empty and left the pinned one "
        "alone; mend the cause and restart me before you write, and I try again.",
    )
