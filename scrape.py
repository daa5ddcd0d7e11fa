"""What the bot tells Prometheus: counts, lengths and states, nothing of people or their money."""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bot import Ctx
from db import DbError
from meters import COUNTER, GAUGE, HISTOGRAM, Family, Sample, text

STATES = ("ok", "limited", "banned", "blocked", "region", "down")
READS = ("memory", "store", "live", "stale", "failed")
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def exposition(ctx: Ctx) -> str:
    """Return all metrics as text, every secret hidden."""
    parts = (commands, alarms, queues, jobs, store, hosts, rows, process)
    return ctx.redact(text(family for part in parts for family in part(ctx)))


def standing_by() -> str:
    """Return what an instance tells that only stands by."""
    return text([active(0)])


def active(acts: float) -> Family:
    """Tell whether this instance acts."""
    about = "1 for the instance that acts, 0 for one that stands by"
    return Family("dort5bot_active", GAUGE, about, one(acts))


def one(value: float) -> tuple[Sample, ...]:
    """Return the only sample of a metric without labels."""
    return (("", {}, value),)


def by(label: str, values: Mapping[str, float]) -> tuple[Sample, ...]:
    """Return the samples of a metric with one label."""
    return tuple(("", {label: name}, value) for name, value in values.items())


def of(rows: Iterable[Mapping[str, Any]], label: str, key: str, scale: float = 1) -> tuple:
    """Return a sample for every row whose value is known, labelled with the row's name."""
    return by(label, {r["name"]: r[key] * scale for r in rows if r[key] is not None})


def all_of(counted: list[Sample], *known: dict[str, str]) -> tuple[Sample, ...]:
    """Return a counter's samples, 0 for what was not counted yet: a first 1 would be no rise."""
    there = {tuple(labels.values()) for _, labels, _ in counted}
    return (*counted, *(("", one, 0) for one in known if tuple(one.values()) not in there))


def commands(ctx: Ctx) -> Iterator[Family]:
    """Tell what was asked, how it ended and how long it took."""
    about = "Commands answered: 0 well, 1 refused, 2 failed"
    names = sorted({command.name for command in ctx.commands.values()})
    known = [{"command": name, "outcome": end} for name in names for end in ("0", "1", "2")]
    counted = ctx.meters.counted("commands", command="", outcome="")
    yield Family("dort5bot_commands_total", COUNTER, about, all_of(counted, *known))
    about = "Time from a command's start to its last reply, its sending with it"
    yield Family("dort5bot_command_seconds", HISTOGRAM, about, tuple(ctx.meters.timed()))
    broken = sum(bool(command.error) for command in set(ctx.commands.values()))
    yield Family("dort5bot_commands_broken", GAUGE, "Command files that did not load", one(broken))


def alarms(ctx: Ctx) -> Iterator[Family]:
    """Tell how many alarms were looked at, fired, and told."""
    for name, about in (
        ("evaluated", "Alarms held against a tick or a closed bar, one for each coin"),
        ("fired", "Alarms that fired"),
    ):
        counted = ctx.meters.counted(f"alarms_{name}")
        yield Family(f"dort5bot_alarms_{name}_total", COUNTER, about, tuple(counted))
    about = "Firings and news of orders, by whether people were told"
    counted = ctx.meters.counted("told", outcome="")
    known = [{"outcome": end} for end in ("delivered", "dropped")]
    yield Family("dort5bot_told_total", COUNTER, about, all_of(counted, *known))


def queues(ctx: Ctx) -> Iterator[Family]:
    """Tell what waits for its turn, and how the pool is."""
    pool = ctx.workers.pool
    about = "Work there is: answers, heavy ones, orders, chats to ring, pool; what quiet hours keep"
    lengths = [*ctx.meters.lengths(), ("", {"queue": "pool"}, pool.waiting())]
    yield Family("dort5bot_queue_length", GAUGE, about, tuple(lengths))
    about = "Processes of the pool, made when needed"
    yield Family("dort5bot_pool_size", GAUGE, about, one(pool.size))
    yield Family("dort5bot_pool_broken_total", COUNTER, "Pools given up", one(pool.broken))


def jobs(ctx: Ctx) -> Iterator[Family]:
    """Tell how the jobs are."""
    rows = [
        row | {"late": not row["ok"], "failing": bool(row["last_error"])}
        for row in ctx.workers.report()
    ]
    for name, kind, key, scale, about in (
        ("last_run_timestamp_seconds", GAUGE, "last_run_ms", 0.001, "When it last began"),
        ("running_seconds", GAUGE, "running_ms", 0.001, "How long it has been running"),
        ("late", GAUGE, "late", 1, "1 where it missed its deadline"),
        ("failing", GAUGE, "failing", 1, "1 where it failed last time"),
        ("runs_total", COUNTER, "runs", 1, "Runs"),
        ("errors_total", COUNTER, "errors", 1, "Runs that failed"),
    ):
        # Not "job": Prometheus gives that name to what it scrapes.
        yield Family(f"dort5bot_job_{name}", kind, about, of(rows, "name", key, scale))


def store(ctx: Ctx) -> Iterator[Family]:
    """Tell how reads of the markets were answered."""
    stats = ctx.sources.door.stats
    reads = by("outcome", {name: getattr(stats, name) for name in READS})
    yield Family("dort5bot_reads_total", COUNTER, "Reads of the markets, by what answered", reads)
    kinds = by("kind", dict(stats.kinds))
    yield Family("dort5bot_read_failures_total", COUNTER, "Why reads got nothing new", kinds)
    yield Family("dort5bot_warmed_total", COUNTER, "Reads ahead of expiry", one(stats.warmed))


def hosts(ctx: Ctx) -> Iterator[Family]:
    """Tell every host's state and what of its limits is used."""
    rows = ctx.sources.report()["hosts"]
    states = tuple(
        ("", {"host": row["name"], "state": state}, float(row["state"] == state))
        for row in rows
        for state in STATES
    )
    yield Family("dort5bot_host_state", GAUGE, "1 for the state a host is in", states)
    for name, key, about in (
        ("weight_used", "used_weight", "Weight used in this minute"),
        ("weight_limit", "limit", "Weight a host allows in a minute"),
        ("month_used", "used_month", "Weight used in this month"),
        ("month_limit", "limit_month", "Weight a host allows in a month"),
    ):
        yield Family(f"dort5bot_host_{name}", GAUGE, about, of(rows, "host", key))


def rows(ctx: Ctx) -> Iterator[Family]:
    """Tell what the database holds that is not over; without it, only that it does not answer."""
    told = list[Family]()
    try:
        waiting = one(ctx.db.alarms.waiting())
        orders = tuple(("", {"mode": m, "state": s}, n) for m, s, n in ctx.db.orders.counted())
        told.append(Family("dort5bot_outbox", GAUGE, "Firings and news still to be told", waiting))
        told.append(Family("dort5bot_orders", GAUGE, "Orders, by mode and state", orders))
    except DbError:
        told.clear()
    about = "1 where the database answers"
    yield Family("dort5bot_database_up", GAUGE, about, one(bool(told)))
    yield from told


def process(ctx: Ctx) -> Iterator[Family]:
    """Tell what the bot is and what it takes."""
    held = {"main": resident("self"), "pool": sum(map(resident, ctx.workers.pool.pids()))}
    info = (("", {"version": ctx.config.version[:7]}, 1.0),)
    yield Family("dort5bot_info", GAUGE, "The version that runs", info)
    yield active(1)
    yield Family("dort5bot_memory_bytes", GAUGE, "Resident memory", by("process", held))
    yield Family("dort5bot_threads", GAUGE, "Threads", one(threading.active_count()))
    up = one(time.time() - ctx.workers.started)
    yield Family("dort5bot_uptime_seconds", GAUGE, "Time since the start", up)


def resident(pid: int | str) -> float:
    """Return a process's resident memory in bytes, NaN where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * PAGE
    except OSError:
        return float("nan")
