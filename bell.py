"""What alarms have fired goes out: each chat's in its turn, none lost, at night only what may.

What was missed waits a little until all of it is found, and is told in one message.
"""

import logging
import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import notices
import quiet
import rings
from alarm_rows import Firing
from bot import Chat, Ctx
from db import DbError
from post import Post, Stopping, Thread, Undeliverable
from tickets import ORDER

log = logging.getLogger("dort5bot")

# Looks are asked for by a flag of many threads, one of which may miss another's.
RINGERS, ANYWAY = 5, 60_000


class Bell:
    """Send the firings that wait; `put` queues work in a chat's turn, `ctx` speaks for a user.

    Only a few chats are rung at a time, so that however many wait, people are answered meanwhile.
    """

    def __init__(
        self,
        post: Post,
        rows: Any,
        put: Callable[[int, Callable[[], None]], None],
        ctx: Callable[[int, Chat], Ctx],
    ) -> None:
        self._post, self._rows, self._put, self._ctx = post, rows, put, ctx
        self._ringing: set[int] = set()
        self._wake, self.kept = math.inf, 0
        self._lock, self._next, self._busy = threading.Lock(), deque[list[Firing]](), 0

    def ring(self, now: int) -> None:
        """Queue at an instant (ms) what is to be told, each chat's in one message."""
        rows = self._rows
        if not rows.fresh and now < self._wake <= now + ANYWAY:
            return
        rows.fresh, busy = False, set(self._ringing)
        try:
            waiting = [firing for firing in rows.outbox() if firing.id not in busy]
            loud = self._loud(waiting, now)
        except DbError:
            rows.fresh = True
            raise
        for group in rings.grouped(loud, now):
            self._ringing |= {firing.id for firing in group}
            self._next.append(group)
        self._more()

    def waiting(self) -> int:
        """Return how many chats are being rung or wait for it."""
        with self._lock:
            return len(self._next) + self._busy

    def _more(self, done: int = 0) -> None:
        """Queue the next chats in the places of those that are done."""
        with self._lock:
            self._busy -= done
            while self._next and self._busy < RINGERS:
                group = self._next.popleft()
                self._busy += 1
                self._put(group[0].chat_id, partial(self._ring, group))

    def _loud(self, waiting: list[Firing], now: int) -> list[Firing]:
        """Return what may be told now, and note when to look again, asked or not."""
        ends = {firing.user_id: 0 for firing in waiting}
        for user_id in ends:
            user = self._ctx(user_id, Chat(user_id)).user
            ends[user_id] = quiet.until(user.quiet, user.zone, now) or 0
        later = [one for one in waiting if one.severity == "normal" and ends[one.user_id]]
        self._wake = min([now + ANYWAY, *(ends[one.user_id] for one in later)])
        kept = {firing.id for firing in later}
        self.kept = len(kept)
        if now < self._rows.gathering:
            kept |= {firing.id for firing in waiting if rings.past(firing, now)}
            self._wake = min(self._wake, self._rows.gathering)
        return [firing for firing in waiting if firing.id not in kept]

    def _ring(self, group: list[Firing]) -> None:
        """Tell a chat what has fired: repeats where they were told first, the rest in one."""
        first = group[0]
        room = Chat(first.chat_id, "private" if first.chat_id > 0 else "supergroup", first.topic)
        ctx = self._ctx(first.user_id, room)
        try:
            told = self._rows.told_since(first.chat_id, ctx.now - 2 * rings.AGAIN)
            for part, before in rings.parted(group, told, ctx.now):
                self._tell(ctx, part, before)
        except Stopping:
            log.info("firings of chat %s stay for the next run", first.chat_id)
        except DbError:
            self._rows.fresh = True
            raise
        finally:
            self._ringing -= {firing.id for firing in group}
            self._more(1)

    def _tell(self, ctx: Ctx, part: list[Firing], before: list[Firing]) -> None:
        """Send a message, or change the one before; what is not taken for good stays to be told."""
        ids = [firing.id for firing in part]
        message = before[0].message_id if before else None
        thread = Thread(ctx.chat.id, message, topic=ctx.chat.topic)
        try:
            self._rows.begin(ids)
            reply = rings.reply(ctx, part, len(before))
            if not ctx.user.allowed:
                if part[0].severity != ORDER:
                    raise Undeliverable("no longer allowed") from PermissionError()
                reply = replace(reply, buttons=())
            self._post.reply(thread, reply)
            if thread.message is None:
                raise RuntimeError("a firing's message has no words")
            self._rows.told(ids, thread.message)
            ctx.meters.add("told", len(ids), outcome="delivered")
        except Undeliverable as error:
            self._unheard(ctx, error, part)

    def _unheard(self, ctx: Ctx, error: Undeliverable, part: list[Firing]) -> None:
        """Keep what a silent Telegram did not take; drop what it refused, and pause the lost.

        The owners hear of a position without its stop that its user cannot be told of.
        """
        rows, first, ids = self._rows, part[0], [firing.id for firing in part]
        if error.__cause__ is None:
            rows.fresh = True
            return
        rows.drop(ids)
        bare = ", ".join(f"#{about}" for about in rings.unprotected(part))
        if bare:
            about = notices.packed(first.user_id, bare)
            rows.save([], notices.rows(ctx.config.admins, notices.BARE, about, ctx.now))
        ctx.meters.add("told", len(ids), outcome="dropped")
        if isinstance(error.__cause__, PermissionError) or lost(error.__cause__):
            log.warning("chat %s is lost, its alarms pause: %s", first.chat_id, error)
            rows.pause(first.user_id, first.chat_id)
        else:
            log.error("what alarms fired was refused: %s", error)


def lost(error: BaseException) -> bool:
    """Tell whether Telegram's refusal means that a chat cannot be reached any more."""
    code, words = getattr(error, "error_code", 0), str(error)
    return code == 403 or "chat not found" in words or "thread not found" in words
