"""Work in threads, each key's in its order: the lanes in which chats are answered."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor

log = logging.getLogger("dort5bot")


def tell(done: Future) -> None:
    """Log what a lane's work raised; its update stays recorded and is tried again."""
    error = None if done.cancelled() else done.exception()
    if error:
        log.error("an update stays unanswered for now", exc_info=error)


class Lanes:
    """Run work in threads so that each key's work keeps its order."""

    def __init__(self, threads: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(threads, name)
        self._queues: dict[Hashable, deque[Callable[[], None]]] = {}
        self._idle, self._closed = threading.Condition(), False

    def put(self, key: Hashable, work: Callable[[], None]) -> None:
        """Queue work behind what its key already has; closed lanes leave it undone."""
        with self._idle:
            if self._closed:
                return
            queue = self._queues.get(key)
            if queue is not None:
                queue.append(work)
                return
            self._queues[key] = deque([work])
            self._go(key)

    def waiting(self) -> int:
        """Return how much work waits or is being done."""
        with self._idle:
            return sum(map(len, self._queues.values()))

    def drain(self, patience: float) -> bool:
        """Wait until all work is done; return whether it was in time."""
        with self._idle:
            return self._idle.wait_for(lambda: not self._queues, patience)

    def close(self) -> None:
        """Take no more work and do not wait for what runs."""
        with self._idle:
            self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _go(self, key: Hashable) -> None:
        self._pool.submit(self._next, key).add_done_callback(tell)

    def _next(self, key: Hashable) -> None:
        queue = self._queues[key]
        try:
            queue[0]()
        finally:
            with self._idle:
                queue.popleft()
                if queue and not self._closed:
                    self._go(key)
                else:
                    del self._queues[key]
                    self._idle.notify_all()
