"""The schedule that keeps the store warm, the health of its jobs, and the pool of processes."""

import ctypes
import hashlib
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any

import chart
from logs import about

log = logging.getLogger("dort5bot")

WARM_FRAMES = ("15m", "1h", "4h", "1d")
MAX_USED, PICTURES = 60, 40
THREADS, PATIENCE, HUNG, NAP = 32, 5.0, 120.0, 20.0
# A job's name, how often it looks what is due, and the first words of its keys.
WARM = (
    ("tickers", 2, ("tickers",)),
    ("candles", 2, ("candles",)),
    ("scans", 2, ("scan",)),
    ("futures", 2, ("futures",)),
    ("others", 2, ("exchange", "lists", "prices", "quotes", "book", "trades", "btcturk")),
    ("daily", 30, ("coingecko", "coinmarketcap", "feargreed", "etf", "coinglass")),
)
M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -8, -3, -1
LEAN_MALLOC = ((M_ARENA_MAX, 1), (M_MMAP_THRESHOLD, 1 << 18), (M_TRIM_THRESHOLD, 1 << 17))


@dataclass
class Job:
    """A thing done again and again: every so many seconds, each run within a deadline.

    A job without `run` is done elsewhere and only reported here.
    """

    name: str
    every: float
    run: Callable[[], Any] | None
    deadline: float = 60
    last_run: float | None = None
    last_error: str | None = None
    next_run: float = 0
    running: float | None = None
    runs: int = 0
    errors: int = 0

    def once(self, clock: Callable[[], float]) -> None:
        """Run it now; an exception is logged and counted, and the job goes on."""
        self.running = self.last_run = clock()
        try:
            with about(f"job {self.name}"):
                if self.run:
                    self.run()
            self.last_error = None
        except Exception as error:
            self.errors += 1
            self.last_error = f"{type(error).__name__}: {error}"
            log.warning("job %s failed: %s", self.name, self.last_error, exc_info=self.errors == 1)
        finally:
            self.runs += 1
            self.running = None
            self.next_run = clock() + self.every

    @property
    def due(self) -> float:
        """Return by when the running one must end, or the next one begin."""
        return (self.next_run if self.running is None else self.running) + self.deadline

    def late(self, now: float) -> bool:
        """Tell whether a run hangs past its deadline, or has not begun by it."""
        return now > self.due


class Workers:
    """Run the jobs until `halt`, each in its own thread so that one that hangs delays no other."""

    def __init__(
        self,
        pool: "Pool",
        clock: Callable[[], float] = time.time,
        halt: threading.Event | None = None,
    ) -> None:
        self.pool, self.jobs, self.started = pool, list[Job](), clock()
        self._clock, self.halt = clock, halt or threading.Event()
        self._threads: list[threading.Thread] = []
        self._pictures: dict[bytes, Future] = {}
        self._stops: dict[int, threading.Event] = {}
        self._lock = threading.Lock()

    @contextmanager
    def long(self, chat: int) -> Iterator[threading.Event]:
        """Give what is set when a chat asks for the end of its long work, done within."""
        stop = threading.Event()
        with self._lock:
            self._stops[chat] = stop
        try:
            yield stop
        finally:
            with self._lock:
                if self._stops.get(chat) is stop:
                    del self._stops[chat]

    def cancel(self, chat: int) -> bool:
        """End a chat's long work; return whether there is any."""
        with self._lock:
            stop = self._stops.get(chat)
        if stop:
            stop.set()
        return stop is not None

    def picture(self, drawing: chart.Drawing) -> bytes | None:
        """Return the picture of a drawing, made in the pool; of equal drawings once.

        None where the pool fails, for want of memory or time: the words are worth sending.
        """
        key = hashlib.sha256(pickle.dumps(drawing)).digest()
        with self._lock:
            made = self._pictures.pop(key, None)
            if made is None or (made.done() and made.exception()):
                made = self.pool.submit(chart.png, drawing)
            self._pictures[key] = made
            while len(self._pictures) > PICTURES:
                self._pictures.pop(next(iter(self._pictures)))
        try:
            return made.result()
        except (BrokenExecutor, TimeoutError) as error:
            log.error("no picture of “%s”: %s", drawing.title, error)
            return None

    def add(self, job: Job, after: float = 0) -> None:
        """Take on a job; its first run comes `after` seconds after the start."""
        job.next_run = self._clock() + after
        self.jobs.append(job)

    def start(self) -> None:
        """Start every job's thread."""
        for job in [job for job in self.jobs if job.run]:
            thread = threading.Thread(target=self._loop, args=(job,), name=job.name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, patience: float = 5) -> None:
        """Let running jobs finish, for a while, and stop the pool."""
        self.halt.set()
        end = time.monotonic() + patience
        for thread in self._threads:
            thread.join(max(0, end - time.monotonic()))
        self.pool.shutdown(wait=False)

    def late(self) -> list[str]:
        """Return the names of the jobs that missed their deadline."""
        now = self._clock()
        return [job.name for job in self.jobs if job.late(now)]

    def report(self) -> list[dict[str, Any]]:
        """Return every job's state in plain values, times in ms, unknown ones None."""
        now = self._clock()
        return [
            {
                "name": job.name,
                "last_run_ms": stamp(job.last_run),
                "last_error": job.last_error,
                "next_run_ms": stamp(job.next_run),
                "deadline_ms": stamp(job.due),
                "running_ms": stamp(job.running and now - job.running),
                "runs": job.runs,
                "errors": job.errors,
                "ok": not job.late(now),
            }
            for job in self.jobs
        ]

    def _loop(self, job: Job) -> None:
        while not self._rest(job):
            job.once(self._clock)

    def _rest(self, job: Job) -> bool:
        """Wait until a job is due by the clock or by the time that passes; return whether to end.

        Whoever sets the clock while it waits, on or back, makes no job late.
        """
        end = time.monotonic() + job.next_run - self._clock()
        while (left := min(end - time.monotonic(), job.next_run - self._clock())) > 0:
            if self.halt.wait(min(left, NAP)):
                return True
        return self.halt.wait(0)


class Beside:
    """Do the work of many keys side by side, so that none waits for another's or fails by it.

    Work that takes longer than the patience goes on, and its key is left alone meanwhile.
    """

    def __init__(self, name: str, patience: float = PATIENCE, hung: float = HUNG) -> None:
        self.name, self.patience, self.hung = name, patience, hung
        self._pool, self._lock = ThreadPoolExecutor(THREADS, name), threading.Lock()
        self.going, self._since = dict[Hashable, Future](), dict[Hashable, float]()

    def run(self, works: Mapping[Hashable, Callable[[], Any]]) -> None:
        """Begin what is not going on, and wait for that a while.

        Raises what one of them raised, the others' being logged, and TimeoutError for work that
        hangs.
        """
        with self._lock:
            over = self._over()
            begun = list[Future]()
            for key in works.keys() - self.going.keys():
                told = copy_context()
                self.going[key] = self._pool.submit(told.run, works[key])
                self._since[key] = time.monotonic()
                begun.append(self.going[key])
        wait(begun, self.patience)
        with self._lock:
            over += self._over()
            late = [k for k in self.going if time.monotonic() - self._since[k] >= self.hung]
        failures = [(key, error) for key, one in over if (error := one.exception())]
        for key, error in failures:
            log.warning("%s of %s failed: %s: %s", self.name, key, type(error).__name__, error)
        for _, error in failures:
            raise error
        if late:
            raise TimeoutError(f"{self.name} of {', '.join(map(str, late))}: no end")

    def _over(self) -> list[tuple[Hashable, Future]]:
        """Take off the list what is done, and return it."""
        over = [(key, one) for key, one in self.going.items() if one.done()]
        for key, _ in over:
            del self.going[key], self._since[key]
        return over


def used(sources: Any, db: Any, settings: Any) -> list[str]:
    """Return the symbols to keep warm: of the owner's list, orders, alarms, and favourites."""
    listed = filter(None, map(sources.known, settings.scan_symbols))
    return list(
        dict.fromkeys([*listed, *db.orders.watched(), *db.alarms.watched(), *db.watched()])
    )[:MAX_USED]


def schedule(workers: Workers, sources: Any, db: Any, settings: Any) -> None:
    """Take on the jobs that keep the store warm and the data bounded."""

    def watch() -> None:
        sources.keep_warm(used(sources, db, settings), WARM_FRAMES)

    def note() -> None:
        read = sources.market()
        if not read.source:
            db.save_reading("dominance", read.at, read.data.shares["BTC"])

    workers.add(Job("watch", 60, watch), 1)
    for i, (name, every, kinds) in enumerate(WARM):
        workers.add(Job(name, every, partial(sources.warm, kinds), deadline=120), 1.5 + i / 4)
    workers.add(Job("clock", 3600, sources.set_clock), 3)
    workers.add(Job("store", 6 * 3600, sources.tidy), 600)
    workers.add(Job("readings", 3600, note), 60)
    workers.add(Job("updates", 3600, db.prune), 900)
    workers.add(Job("firings", 3600, lambda: db.alarms.prune(settings.keep_firings)), 930)


def stamp(seconds: float | None) -> int | None:
    """Return seconds as whole milliseconds."""
    return None if seconds is None else int(seconds * 1000)


def lean_malloc() -> None:
    """Let glibc keep one heap for all threads and give back what is free; call it before them."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        for parameter, value in LEAN_MALLOC if mallopt else ():
            mallopt(parameter, value)


def begin_child() -> None:
    """Prepare a pool child: deaf to Ctrl-C, and gone when its parent is."""
    lean_malloc()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@dataclass(eq=False)
class Task:
    """A call on its way through the pool; `since` is when a process was seen to have it."""

    call: Callable[[], Any]
    future: Future
    left: int = 1
    inner: Future | None = None
    since: float | None = None


class Pool(Executor):
    """Run calls in processes made on the first one; a killed child is replaced, its call redone.

    A call that runs past the deadline ends with TimeoutError and its process is killed. Sending
    a call costs about 0.5 ms, and 1 ms for every 250 kB of arrays: below some 5 ms of numpy work
    it is quicker in the caller's thread.
    """

    def __init__(self, size: int, deadline: float = 120, preload: tuple[str, ...] = ("numpy",)):
        self.size, self.deadline, self.broken = size, deadline, 0
        # The fork server pays with its second child: before, it weighs more than it shares.
        served = size > 1 and "forkserver" in multiprocessing.get_all_start_methods()
        self._context: Any = multiprocessing.get_context("forkserver" if served else "spawn")
        if served:
            self._context.set_forkserver_preload(list(preload))
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._processes: ProcessPoolExecutor | None = None
        self._tasks: set[Task] = set()

    def submit(self, fn: Callable, /, *args: Any, **kwargs: Any) -> Future:
        """Send a call to a process; the future has its result, its error, or TimeoutError."""
        task = Task(partial(fn, *args, **kwargs), Future())
        task.future.set_running_or_notify_cancel()
        self._send(task)
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the processes, at once unless told to wait; calls on their way are given up."""
        self._stop.set()
        with self._lock:
            processes, self._processes = self._processes, None
        if processes and not wait:
            kill(processes)
        if processes:
            processes.shutdown(wait=True, cancel_futures=cancel_futures)

    def waiting(self) -> int:
        """Return how many calls wait or run."""
        return len(self._tasks)

    def pids(self) -> list[int]:
        """Return the ids of the processes that there are."""
        processes = self._processes
        return list((processes and processes._processes) or {})

    def _send(self, task: Task) -> None:
        with self._lock:
            if self._stop.is_set():
                raise RuntimeError("the pool is closed")
            processes = self._made()
            try:
                task.inner, task.since = processes.submit(task.call), None
            except BrokenProcessPool:
                self._processes = None
                processes = self._made()
                task.inner, task.since = processes.submit(task.call), None
            self._tasks.add(task)
        task.inner.add_done_callback(partial(self._settle, task, processes))

    def _made(self) -> ProcessPoolExecutor:
        """Return the processes, making them where there are none."""
        if self._processes is None:
            self._processes = ProcessPoolExecutor(
                self.size, mp_context=self._context, initializer=begin_child
            )
            threading.Thread(target=self._watch, args=(self._processes,), daemon=True).start()
        return self._processes

    def _settle(self, task: Task, processes: ProcessPoolExecutor, inner: Future) -> None:
        """Pass a result on; a call lost with its process is sent once more."""
        with self._lock:
            if task not in self._tasks:
                return
            self._tasks.remove(task)
        error = BrokenProcessPool("dropped") if inner.cancelled() else inner.exception()
        if error is None:
            task.future.set_result(inner.result())
        elif isinstance(error, BrokenProcessPool) and task.left and not self._stop.is_set():
            self._drop(processes)
            task.left -= 1
            self._send(task)
        else:
            task.future.set_exception(error)

    def _drop(self, processes: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._processes is processes:
                self._processes, self.broken = None, self.broken + 1

    def _watch(self, processes: ProcessPoolExecutor) -> None:
        """End the oldest call that runs past the deadline, with its processes, until replaced."""
        while self._processes is processes and not self._stop.wait(min(1.0, self.deadline / 4)):
            late = self._overdue(time.monotonic())
            if late:
                late.future.set_exception(TimeoutError(f"over {self.deadline:g} s"))
                self._drop(processes)
                kill(processes)

    def _overdue(self, now: float) -> Task | None:
        """Take the oldest call that runs past the deadline off the list, so that it has one end."""
        with self._lock:
            for task in self._tasks:
                if task.since is None and task.inner and task.inner.running():
                    task.since = now
            running = [(task.since, task) for task in self._tasks if task.since is not None]
            since, oldest = min(running, key=lambda pair: pair[0], default=(now, None))
            if oldest is None or now - since <= self.deadline:
                return None
            self._tasks.remove(oldest)
            return oldest


def kill(processes: ProcessPoolExecutor) -> None:
    """End the children of an executor wherever they are."""
    for child in list((processes._processes or {}).values()):
        child.kill()
