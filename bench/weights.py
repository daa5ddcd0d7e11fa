"""Weigh a day of the warm schedule for 60 symbols: `python -m bench.weights [hours] [symbols]`.

The day passes on a clock of its own, through the mock markets: every job runs when it is due, and
every ten minutes somebody asks each of the reports below, so that all they read is kept warm. The
weight at Binance is what the mock exchange itself counts.
"""

import sys
import tempfile
import threading
from collections import Counter, defaultdict
from dataclasses import replace

import commands
import config
import db
import sources
import workers
from bot import Ctx, User, answer
from local.markets import Markets
from local.world import open_markets

LINES = ("/p", "/t", "/io", "/ap", "/oi", "/fr", "/ls", "/etf", "/dom", "/fg")
AGAIN, PEOPLE, START = 600, "people", 1_795_500_123.0
METER = "X-MBX-USED-WEIGHT-1M"


class Clock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Counted(Markets):
    """Count what passes to the mock markets: calls and weight, by job, host and minute."""

    def __init__(self, inner, clock) -> None:
        self._inner, self._clock, self._lock = inner, clock, threading.Lock()
        self.job, self._told = "start", {}
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self.calls, self.weight, self.paths = Counter(), Counter(), []
        self.minutes = defaultdict(Counter)

    def send(self, request, *args, **kwargs):
        """Pass a request on and count it."""
        response = self._inner.send(request, *args, **kwargs)
        host, minute = request.url.split("/")[2], int(self._clock() // 60)
        with self._lock:
            told = response.headers.get(METER, "")
            weight = self._grown(host, minute, int(told)) if told else 1
            self.calls[self.job, host] += 1
            self.paths.append(request.url.split("?")[0])
            self.weight[self.job, host] += weight
            self.minutes[host][minute] += weight
        return response

    def _grown(self, host: str, minute: int, told: int) -> int:
        """Return by how much a host's own count of the minute has grown."""
        before = self._told.get((host, minute), 0)
        self._told = {(host, minute): max(told, before)} | {
            key: value for key, value in self._told.items() if key[0] != host
        }
        return max(0, told - before)


def build(folder: str, symbols: int) -> tuple[Ctx, Counted, Clock]:
    """Return a bot on counted mock markets, with so many of the biggest coins as favourites."""
    clock = Clock()
    counted = Counted(open_markets(clock), clock)
    settings = config.load({"DATA_DIR": folder}, env_file="/nonexistent")
    opened = db.Db(settings.database, clock)
    made = sources.Sources(settings, opened, markets=counted, clock=clock, sleep=clock.sleep)
    if symbols:
        opened.add_favourites(1, made.top(symbols))
    pool = workers.Workers(workers.Pool(1), clock)
    user = User(1, role="admin", lang="en")
    ctx = Ctx(sources=made, db=opened, workers=pool, config=settings, user=user)
    return replace(ctx, commands=commands.load()), counted, clock


def live(ctx: Ctx, counted: Counted, clock: Clock, hours: float) -> None:
    """Let the hours pass: every job in its time, and people who ask."""
    workers.schedule(ctx.workers, ctx.sources, ctx.db, ctx.config)
    ctx.workers.add(workers.Job(PEOPLE, AGAIN, lambda: ask(ctx, clock)), 30)
    end = clock.now + hours * 3600
    while True:
        job = min(ctx.workers.jobs, key=lambda job: job.next_run)
        clock.now = max(clock.now, job.next_run)
        if clock.now > end:
            return
        counted.job = job.name
        job.once(clock)


def ask(ctx: Ctx, clock: Clock) -> None:
    """Ask every report there is."""
    now = replace(ctx, now=int(clock.now * 1000))
    for line in LINES:
        if line[1:] in ctx.commands:
            list(answer(line, now))


def table(counted: Counted, hours: float) -> list[tuple[str, str, float, float]]:
    """Return rows of job, host, calls and weight a minute."""
    keys = sorted(counted.calls, key=lambda key: (key[1], -counted.weight[key]))
    minutes = hours * 60
    return [(*key, counted.calls[key] / minutes, counted.weight[key] / minutes) for key in keys]


def limits(ctx: Ctx) -> dict[str, int]:
    """Return the weight a minute of every address."""
    found: dict[str, int] = {}
    for host in ctx.sources.hosts.values():
        found.setdefault(host.base.split("/")[2], host.limit)
    return found


def measure(hours: float, symbols: int) -> tuple[Ctx, Counted]:
    """Let a bot live in a folder of its own, and return it with what was counted."""
    with tempfile.TemporaryDirectory() as folder:
        ctx, counted, clock = build(folder, symbols)
        counted.forget()
        live(ctx, counted, clock, hours)
        ctx.sources.close()
        ctx.db.close()
        return ctx, counted


def run(hours: float = 24, symbols: int = 60) -> None:
    """Print a row a job and host, and the sum a host in percent of its limit."""
    ctx, counted = measure(hours, symbols)
    print(f"{symbols} symbols, {hours:g} hours; asked every {AGAIN // 60} min: {' '.join(LINES)}")
    print(f"{'job':10} {'host':28} {'calls/min':>9} {'weight/min':>10}")
    for job, host, calls, weight in table(counted, hours):
        print(f"{job:10} {host:28} {calls:9.2f} {weight:10.2f}")
    print(
        f"{'sum':10} {'host':28} {'calls':>9} {'weight/min':>10} {'% of limit':>10} {'peak %':>7}"
    )
    for host, limit in limits(ctx).items():
        calls = sum(n for (_, name), n in counted.calls.items() if name == host)
        if calls:
            mean = sum(counted.minutes[host].values()) / hours / 60
            peak = max(counted.minutes[host].values())
            print(
                f"{'':10} {host:28} {calls:9} {mean:10.2f} "
                f"{100 * mean / limit:10.2f} {100 * peak / limit:7.2f}"
            )


if __name__ == "__main__":
    run(*map(float, sys.argv[1:2]), *map(int, sys.argv[2:3]))
