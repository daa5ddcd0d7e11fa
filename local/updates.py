"""The queue of updates that wait for the bot, and long polling of it."""

import time
from collections import deque
from collections.abc import Callable
from threading import Condition

KINDS = ("message", "edited_message", "callback_query", "my_chat_member")
KEPT = 100_000
KEPT_SECONDS = 86_400
OTHER_POLLER = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance "
    "is running"
)
WEBHOOK_CAME = "Conflict: terminated by setWebhook request"


class Conflict(Exception):
    """A long poll was ended by something else; the text says by what."""


class Updates:
    """Updates in the order they happened, until the bot confirms them by a higher offset.

    Ids start from the clock, so that a bot which remembers handled ids does not take the updates
    of a restarted server for repeated ones. The condition guards every method.
    """

    def __init__(self, changed: Condition, clock: Callable[[], float]):
        self.allowed = set(KINDS)
        self._changed = changed
        self._clock = clock
        self._last = max(int(clock()), 1)
        self._queue: deque[tuple[float, dict]] = deque(maxlen=KEPT)
        self._poller: object | None = None
        self._ended = ""

    def __len__(self) -> int:
        return len(self._queue)

    def push(self, kind: str, payload: dict) -> None:
        """Queue one update and wake the poller, unless the bot does not want its kind."""
        if kind not in self.allowed:
            return
        self._last += 1
        self._queue.append((self._clock(), {"update_id": self._last, kind: payload}))
        self._changed.notify_all()

    def clear(self) -> None:
        """Forget everything that waits."""
        self._queue.clear()

    def fetch(self, offset: int, limit: int, timeout: float) -> list[dict]:
        """Confirm updates before offset, then wait up to timeout seconds for the next ones.

        Raises Conflict when another poll or a webhook takes over meanwhile.
        """
        self._confirm(offset)
        if not self._queue and timeout > 0:
            self._wait(timeout)
        return [update for _, update in list(self._queue)[:limit]]

    def end_poll(self, why: str) -> None:
        """Answer the waiting poll with a conflict."""
        self._poller, self._ended = None, why
        self._changed.notify_all()

    def _confirm(self, offset: int) -> None:
        while self._queue and self._clock() - self._queue[0][0] > KEPT_SECONDS:
            self._queue.popleft()
        if offset < 0:
            offset = self._last + 1 + offset if len(self._queue) > -offset else 0
        if offset <= self._last + 1:
            while self._queue and self._queue[0][1]["update_id"] < offset:
                self._queue.popleft()

    def _wait(self, timeout: float) -> None:
        self.end_poll(OTHER_POLLER)
        mine = self._poller = object()
        end = time.monotonic() + timeout
        while not self._queue and self._poller is mine and (left := end - time.monotonic()) > 0:
            self._changed.wait(left)
        if self._poller is not mine:
            raise Conflict(self._ended)
        self._poller = None
