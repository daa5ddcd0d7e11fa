"""The one door to Telegram: polling, one lane per chat, and every update answered exactly once."""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import requests
from telebot import TeleBot, apihelper, types
from telebot.apihelper import ApiException, ApiTelegramException

import gate
from bell import Bell
from bot import Chat, Command, Ctx, Reply, User, answer, find, parse, pick
from config import Config
from db import Db, DbError, Push
from incoming import Incoming, moved, numbered, read
from interim import Interim
from keeper import Keeper
from lanes import Lanes
from logs import about
from manners import PASS, QUIET, SAY, Manners
from post import Post, Stopping, Thread, Undeliverable
from rival import Rival
from roles import ADMIN, STRANGER, held
from vault import LIKE_A_KEY
from workers import Job

log = logging.getLogger("dort5bot")

POLL_SECONDS = 25
KINDS = ["message", "callback_query"]
MAX_TRIES = 3
LATEST = 3 * 3600
DRAIN_SECONDS, THANKS_SECONDS = 6, 1
EXCUSED = 1
LANES, HEAVY_LANES, ORDER_LANES = 8, 2, 4
KEPT = (
    "Mesajınızı silemedim; güvenlik için işlemedim. Lütfen siz silin.",
    "I could not delete your message, so I did not act on it. Please delete it.",
)
SUSPECT = (
    "Bir borsa anahtarına benziyordu; mesajı sildim, saklamadım. Anahtar için: /apikey",
    "It looked like a key of the exchange; I deleted it and kept nothing. For a key: /apikey",
)


class Telegram:
    """Poll for updates, record them, answer them in each chat's order, and only then let go."""

    def __init__(
        self,
        api: TeleBot,
        post: Post,
        base: Ctx,
        stop: threading.Event,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.api, self.post, self.base, self.me = api, post, base, ""
        self.job = Job("telegram", POLL_SECONDS, None, deadline=60)
        self.trouble, self.rival = "", Rival()
        self._db: Db = base.db
        self._config: Config = base.config
        self._admins: frozenset[int] = base.config.admins
        self._stop, self._clock = stop, clock
        self._lanes, self._heavy = Lanes(LANES, "lane"), Lanes(HEAVY_LANES, "heavy")
        self._orders = Lanes(ORDER_LANES, "order")
        self._offset, self._closing, self._failed = 0, False, 0
        self._batch = list[dict[str, Any]]()
        self._taken: set[int] = set()
        self._excused: set[int] = set()
        self._pushing: set[tuple[int, str]] = set()
        self._manners, self._verdicts = Manners(), dict[int, str]()
        post.moved = base.db.move_chat
        self.bell = Bell(post, base.db.alarms, self._lanes.put, self._ctx_of)
        self.keeper, self._interim = Keeper(post, base, clock), Interim(post, base.db)
        queues = {"lanes": self._lanes, "heavy": self._heavy, "orders": self._orders}
        for name, queue in {**queues, "bell": self.bell}.items():
            base.meters.length(name, queue.waiting)
        base.meters.length("quiet", lambda: self.bell.kept)

    def jobs(self) -> list[tuple[Job, float]]:
        """Return the jobs of the chat, each with the seconds before its first run."""
        menu, reports = Job("menu", 86400, self.publish), Job("reports", 20, self.push)
        rings, again = Job("rings", 1, self.ring), Job("catch up", 60, self.catch_up)
        own = [(self.job, 0), (menu, 5), (reports, 10), (again, 60), (rings, 2)]
        return [*own, (self.keeper.job, 15)]

    def start(self) -> None:
        """Answer what an earlier run left, then poll in a thread. Raises on a wrong token."""
        self.keeper.recover()
        try:
            self._greet()
        except (ApiException, requests.RequestException) as error:
            if isinstance(error, ApiTelegramException) and error.error_code in (401, 404):
                raise
            self._notice(str(error))
        self._interim.sweep()
        self.catch_up()
        self._tell_broken()
        self.job.next_run = self._clock()
        threading.Thread(target=self._keep_polling, name="poll", daemon=True).start()

    def catch_up(self) -> None:
        """Queue the recorded updates that nobody works on: of an earlier run, or failed since."""
        for number, body in self._db.waiting():
            if number not in self._taken:
                self._queue(json.loads(body))

    def drain(self, patience: float = DRAIN_SECONDS) -> bool:
        """Finish what was taken in, within the patience, and tell Telegram what is done."""
        self._closing = True
        end, done = time.monotonic() + patience, True
        for queue in (self._orders, self._lanes, self._heavy):
            done &= queue.drain(max(0, end - time.monotonic()))
        if self._offset and not self._stop.is_set():
            thanks = threading.Thread(target=self._acknowledge, daemon=True)
            thanks.start()
            thanks.join(THANKS_SECONDS)
        self.leave()
        return done

    def leave(self) -> None:
        """Take in nothing, send nothing and wait for nothing any more."""
        self._closing = True
        self._stop.set()
        for queue in (self._orders, self._lanes, self._heavy):
            queue.close()

    def _acknowledge(self) -> None:
        told = {"offset": self._offset, "limit": 1, "long_polling_timeout": 1}
        self.post.quietly(apihelper.get_updates, self.api.token, **told)

    def push(self) -> None:
        """Send the daily reports whose time has come in their user's zone, late ones too."""
        for row in self._db.pushes():
            admitted, key = self._user({"id": row.user_id}), (row.user_id, row.line)
            day, due = row.last(self._clock(), admitted.zone)
            late = self._clock() - due > LATEST
            if row.day != day and not late and admitted.allowed and key not in self._pushing:
                self._pushing.add(key)
                work = partial(self._report, row._replace(day=day))
                self._lane(f"/{row.line}").put(row.chat_id, work)

    def _report(self, row: Push) -> None:
        """Send a daily report, and only then note it: one cut off comes again."""
        kind = "private" if row.chat_id > 0 else "supergroup"
        room = Chat(row.chat_id, kind, row.topic)
        try:
            self._say(Incoming(0, room, {"id": row.user_id}, f"/{row.line}", 0))
            self._db.mark_push(row.user_id, row.line, row.day)
        except Stopping:
            log.info("the report /%s stays for the next run", row.line)
        finally:
            self._pushing.discard((row.user_id, row.line))

    def ring(self) -> None:
        """Send what alarms have fired, each chat's in its turn."""
        self.bell.ring(int(self._clock() * 1000))

    def tell_admins(self, tr: str, en: str) -> None:
        """Say something to every admin, each in their language."""
        for admin in sorted(self._admins):
            user = self._user({"id": admin})
            reply = Reply(tr if user.lang == "tr" else en)
            self._lanes.put(admin, partial(self._deliver, Thread(admin), iter([reply])))

    def _tell_broken(self) -> None:
        """Tell the admins of command files that did not load."""
        names = sorted({c.name for c in self.base.commands.values() if c.error})
        if names:
            listed = ", ".join(f"/{name}" for name in names)
            self.tell_admins(
                f"⚠️ Yüklenemeyen komutlar: {listed}. Ayrıntı günlükte; ötekiler çalışıyor.",
                f"⚠️ Commands that failed to load: {listed}. See the log; the others work.",
            )

    def publish(self) -> None:
        """Set the name, if one is given, and both languages' command menus, where they differ."""
        name = self._config.telegram_name
        if name and self.api.get_my_name().name != name:
            self.api.set_my_name(name)
        for lang, code in (("tr", None), ("tr", "tr"), ("en", "en")):
            wanted = [types.BotCommand(c.name, c.about(lang)[0][:256]) for c in self._menu()]
            have = self.api.get_my_commands(language_code=code)
            if [(c.command, c.description) for c in have] != [
                (c.command, c.description) for c in wanted
            ]:
                self.api.set_my_commands(wanted, language_code=code)

    def _menu(self) -> list[Command]:
        own = {c.name: c for c in self.base.commands.values() if c.role != ADMIN and not c.error}
        return [own[key] for key in sorted(own)][:100]

    def _keep_polling(self) -> None:
        """Poll, and poll again after what nobody foresaw.

        After a few times updates come one by one, and one that cannot be taken in is passed over.
        """
        polling = Job("polling", 0, self._poll)
        while not self._closing and not self._stop.is_set():
            polling.once(self._clock)
            if polling.last_error:
                self._notice(self.base.redact(polling.last_error))
                if self._failed >= MAX_TRIES and self._batch:
                    self._offset = self._batch[0]["update_id"] + 1
                    log.error("update %s cannot be taken in", self._batch[0]["update_id"])
                self._stop.wait(min(30, 0.5 * 2 ** min(self._failed, 6)))
                self._failed += 1

    def _poll(self) -> None:
        pause = 0.5
        while not self._closing and not self._stop.is_set():
            self._batch = []
            try:
                self._batch = numbered(self._fetch())
                self._take(self._batch)
            except (ApiException, requests.RequestException, DbError) as error:
                if self._closing or self._stop.is_set():
                    return
                self._notice(self.base.redact(str(error)))
                self._heal(error)
                if isinstance(error, DbError) and pause > EXCUSED:
                    self._excuse(self._batch)
                self._stop.wait(max(pause, self._way(error)))
                pause = min(30, pause * 2)
            else:
                pause, self._failed = 0.5, 0
                self._excused.clear()
                self._notice("")
                self.job.last_run = self._clock()
                self.job.next_run = self.job.last_run + POLL_SECONDS

    def _greet(self) -> None:
        self.me = self.me or self.api.get_me().username or ""

    def _fetch(self) -> list[dict[str, Any]]:
        self._greet()
        return apihelper.get_updates(
            self.api.token,
            offset=self._offset or None,
            limit=1 if self._failed >= MAX_TRIES else None,
            long_polling_timeout=POLL_SECONDS,
            allowed_updates=KINDS,
        )

    def _take(self, batch: list[dict[str, Any]]) -> None:
        """Record a batch before the next poll acknowledges it, and queue what is new."""
        if not batch or self._closing:
            return
        offset = batch[-1]["update_id"] + 1
        for places in filter(None, map(moved, batch)):
            self._db.move_chat(*places)
        batch = self._within_manners(batch)
        secret = {u["update_id"] for u in batch if self._is_secret(u)}
        for update in batch:
            if update["update_id"] in secret:
                self._answer_secret(update)
        rows = [(u["update_id"], json.dumps(u)) for u in batch if u["update_id"] not in secret]
        fresh = self._db.receive(rows)
        for update in batch:
            if update["update_id"] in fresh:
                self._queue(update)
        self._offset = offset

    def _within_manners(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return what is meant for us and not too much; who first goes over is told to wait.

        A batch that comes again, because it could not be written down, is not counted again.
        """
        updates = {update["update_id"]: update for update in batch}
        said = self._verdicts = {i: v for i, v in self._verdicts.items() if i in updates}
        for i, update in updates.items():
            if i not in said:
                said[i] = self._judged(update)
        return [update for i, update in updates.items() if said[i] == PASS]

    def _judged(self, update: Mapping[str, Any]) -> str:
        incoming = read(update)
        if incoming is None or not self._meant(incoming):
            return QUIET
        command = find(incoming.text, self.base.commands)
        exempt = command and (command.always or command.secret)
        kind = ("pressed " if incoming.pressed else "typed ") + (command.name if exempt else "")
        at = self._clock() if incoming.at is None else incoming.at
        who = incoming.chat.id if incoming.masked else incoming.sender["id"]
        verdict, wait = self._manners.judge(who, self._role(who), kind, at)
        if verdict == SAY:
            apart = "manners", incoming.chat.id
            self._lanes.put(apart, partial(self._wait_a_little, incoming, wait))
        return QUIET if verdict == SAY else verdict

    def _meant(self, incoming: Incoming) -> bool:
        """Tell whether an answer may be due: in a group only to commands and buttons."""
        line = parse(incoming.text, self.me)
        known = line is not None and pick(line[0], self.base.commands) is not None
        return bool(incoming.pressed) or known or incoming.chat.kind == "private"

    def _wait_a_little(self, incoming: Incoming, seconds: int) -> None:
        if incoming.pressed:
            self.post.quietly(self.api.answer_callback_query, incoming.pressed)
        text = self._ctx(incoming).t(
            f"Çok hızlısınız: {seconds} saniye bekleyin. Bu arada yazdıklarınız yanıtlanmaz.",
            f"That is too fast: wait {seconds} seconds. What you write meanwhile is not answered.",
        )
        self._deliver(self._thread(incoming), iter([Reply(text, failed=1)]))

    def _excuse(self, batch: list[dict[str, Any]]) -> None:
        """Tell each private chat once that what was sent waits, for nothing can be written down."""
        for incoming in filter(None, map(read, batch)):
            room = incoming.chat
            mine = room.kind == "private" and self._admitted(incoming.sender["id"])
            if mine and room.id not in self._excused:
                self._excused.add(room.id)
                tr = "⚠️ Şu an kayıt tutamıyorum (disk dolu olabilir); düzelince yanıtlayacağım."
                en = "⚠️ I cannot write anything down now (disk full?); I will answer once I can."
                reply = Reply(tr if self._lang(incoming.sender) == "tr" else en, failed=2)
                work = partial(self._deliver, self._thread(incoming), iter([reply]))
                self._lanes.put(room.id, work)

    def _admitted(self, user_id: int) -> bool:
        """Tell whether somebody may use the bot, by the settings where the database is silent."""
        with suppress(DbError):
            return self._role(user_id) != STRANGER
        return user_id in self._admins or user_id in self._config.allowed_ids

    def _role(self, user_id: int) -> str:
        return held(self._config, self._db.members, user_id)

    def _lang(self, sender: Mapping[str, Any]) -> str:
        """Return the language of somebody's Telegram, else the default one."""
        code = str(sender.get("language_code", ""))[:2]
        return code if code in ("tr", "en") else self._config.language

    def _notice(self, trouble: str) -> None:
        """Say once that Telegram is in trouble, and once that it is over."""
        if trouble and not self.trouble:
            log.warning("Telegram: %s", trouble)
        elif self.trouble and not trouble:
            log.warning("Telegram answers again")
        self.trouble = self.job.last_error = trouble

    def _way(self, error: Exception) -> float:
        """Return for how many seconds to let another program poll that uses our token."""
        if isinstance(error, ApiTelegramException) and "other getUpdates" in error.description:
            wait, now = self.rival.met(self._clock()), self._clock()
            self.job.next_run = max(self.job.next_run, now + wait)
            return wait
        return 0

    def _heal(self, error: Exception) -> None:
        """Take away a webhook that keeps us from polling."""
        if isinstance(error, ApiTelegramException) and "webhook is active" in error.description:
            self.post.quietly(self.api.delete_webhook)

    def _is_secret(self, update: Mapping[str, Any]) -> bool:
        incoming = read(update)
        if incoming is None or incoming.pressed:
            return False
        command = find(incoming.text, self.base.commands)
        return bool((command and command.secret) or LIKE_A_KEY.search(incoming.text))

    def _answer_secret(self, update: Mapping[str, Any]) -> None:
        """Delete at once a message that must not be written down; its id alone is recorded."""
        incoming = read(update)
        gone = incoming is not None and self._deleted(incoming)
        if incoming and self._db.receive([(incoming.update, None)]):
            self._put(incoming, partial(self._act_on_secret, incoming, gone))

    def _deleted(self, incoming: Incoming) -> bool:
        """Delete a message; return whether it is gone, also by an earlier try."""
        try:
            self.api.delete_message(incoming.chat.id, incoming.message)
        except (ApiException, requests.RequestException) as error:
            return "message to delete not found" in str(error)
        return True

    def _act_on_secret(self, incoming: Incoming, gone: bool) -> None:
        """Answer a message that was not written down, if it is gone from the chat."""
        if gone and find(incoming.text, self.base.commands):
            with about(f"update {incoming.update}"):
                self._say(incoming)
        else:
            text = self._ctx(incoming).t(*(SUSPECT if gone else KEPT))
            self._deliver(self._thread(incoming), iter([Reply(text, failed=1)]))
        self._db.finish(incoming.update)

    def _queue(self, update: Mapping[str, Any]) -> None:
        incoming = read(update)
        if incoming is None:
            self._db.finish(update["update_id"])
            return
        self._taken.add(incoming.update)
        command = find(incoming.text, self.base.commands)
        if command and command.group == "trading":
            self._orders.put(incoming.chat.id, partial(self._work, incoming, trades=True))
        else:
            self._put(incoming, partial(self._work, incoming))

    def _put(self, incoming: Incoming, work: Callable[[], None]) -> None:
        self._lane(incoming.text).put(incoming.chat.id, work)

    def _lane(self, line: str) -> Lanes:
        command = find(line, self.base.commands)
        return self._heavy if command and command.heavy else self._lanes

    def _work(self, incoming: Incoming, trades: bool = False) -> None:
        left = False
        try:
            with about(f"update {incoming.update}"):
                left = self._handle(incoming, trades)
        finally:
            if not left:
                self._taken.discard(incoming.update)

    def _handle(self, incoming: Incoming, trades: bool = False) -> bool:
        """Answer one recorded update and mark it done; one that fails to be stays recorded.

        What trades waits for no message: it is done here, and told in the chat's turn. Return
        whether that is left.
        """
        if self._stop.is_set():
            return False
        if incoming.pressed:
            thanks = partial(self.post.quietly, self.api.answer_callback_query, incoming.pressed)
            self._lanes.put(("pressed", incoming.chat.id), thanks)
        tries, replies = self._db.begin(incoming.update), iter(())
        if tries is None:
            return False
        if tries > MAX_TRIES:
            log.error("update %s was begun %s times; given up", incoming.update, MAX_TRIES)
        else:
            replies = self._replies(incoming)
        if trades:
            done = iter(list(replies))
            self._lanes.put(incoming.chat.id, partial(self._tell, incoming, done))
        else:
            self._tell(incoming, replies)
        return trades

    def _tell(self, incoming: Incoming, replies: Iterator[Reply]) -> None:
        """Send an update's replies and mark it done."""
        try:
            with about(f"update {incoming.update}"):
                self._deliver(self._thread(incoming), replies, incoming.refreshed)
                self._db.finish(incoming.update)
        except Stopping:
            log.info("update %s stays for the next run", incoming.update)
        finally:
            self._taken.discard(incoming.update)

    def _say(self, incoming: Incoming) -> None:
        self._deliver(self._thread(incoming), self._replies(incoming), incoming.refreshed)

    def _replies(self, incoming: Incoming) -> Iterator[Reply]:
        ctx = self._ctx(incoming)
        replies = answer(incoming.text, ctx, self.me)
        return replies if ctx.user.allowed else (gate.met(ctx, incoming.masked) for _ in replies)

    def _thread(self, incoming: Incoming) -> Thread:
        if not incoming.refreshed:
            return Thread(incoming.chat.id, topic=incoming.chat.topic)
        return Thread(incoming.chat.id, incoming.message, incoming.pictured, incoming.chat.topic)

    def _deliver(self, thread: Thread, replies: Iterator[Reply], refreshed: bool = False) -> None:
        """Send the replies; the first takes the place of a refreshed message unless it failed."""
        try:
            for i, told in enumerate(replies):
                again = i == 0 and refreshed and not told.failed
                reply = replace(told, edit=True) if again else told
                self.post.reply(thread, reply)
                self._interim.note(thread, reply)
        except Undeliverable as error:
            log.warning("chat %s cannot be reached: %s", thread.chat, error)

    def _ctx(self, incoming: Incoming) -> Ctx:
        file = partial(self.post.download, incoming.file) if incoming.file else None
        asked = None if incoming.at is None else incoming.at * 1000
        more = {"attached": file, "asked": asked, "forwarded": incoming.forwarded}
        return replace(self._known(incoming.sender, incoming.chat), **more)

    def _ctx_of(self, user_id: int, room: Chat) -> Ctx:
        return self._known({"id": user_id}, room)

    def _known(self, sender: Mapping[str, Any], room: Chat) -> Ctx:
        user = self._user(sender)
        now = int(self._clock() * 1000)
        return replace(self.base, user=user, chat=room, now=now, telegram=self)

    def _user(self, sender: Mapping[str, Any]) -> User:
        """Return who is speaking, with what they chose and what they may."""
        user_id = sender["id"]
        role = self._role(user_id)
        allowed = role != STRANGER
        person = self._db.person(user_id) if allowed else None
        name = str(sender.get("first_name", person.name if person else ""))[:64]
        if allowed and (person is None or person.name != name):
            self._db.save_person(user_id, name=name)
        lang = (person and person.lang) or self._lang(sender)
        zone = ZoneInfo(person.zone) if person and person.zone else self._config.timezone
        theme = (person and person.theme) or User.theme
        hours = (person and person.quiet) or ""
        return User(user_id, name, lang, zone, role, theme, hours)
