"""Twenty chats for a while at a real bot whose markets break again and again: `bench soak MINUTES`.

The bot is a process of its own that talks HTTP to the local Telegram. Its people read reports, set
alarms that fire and trade on paper; meanwhile its mock markets limit, refuse, hang and talk rubbish
in turn. Every ten seconds the memory, threads and file handles of its tree are taken: the memory
without that of files, whose share changes whenever another program that uses them comes or goes.
"""

import itertools
import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import main
from bench.whole import ROOT, TOKEN, end, megabytes, tree
from local.chats import Message
from local.faults import Faulty
from local.telegram import Server

ROOMS, ADMIN, MINUTES, WARM, EVERY, SEED = range(1, 21), 99, 30.0, 300.0, 10.0, 7
PAUSE, PATIENCE, LOOK, WAIT = (5.0, 12.0), 60.0, 0.02, 120.0
CALM, BROKEN = 15.0, 12.0
WORKING, RINGING = ("hazırlanıyor…", "working on it…"), ("🔔", "🚨", "🔕", "☀")
KINDS = ("429", "timeout", "html", "wrong_types", "503", "truncated", "slow", "451", "empty")
HOSTS = ("", "//api.binance.com", "//fapi.binance.com", "//data-api.binance.vision")
REPORTS = (
    *("/p", "/p btc eth", "/p30", "/pg", "/t", "/t btc", "/t eth 4h", "/t sol 15m", "/tf btc"),
    *("/ts", "/yardim", "/yardim p", "/fav", "/fav ekle btc eth", "/fav sil eth", "/id", "/menu"),
    *("/fr", "/fr btc", "/oi", "/ls", "/dom", "/fg", "/cg", "/cg btc", "/ob btc", "/whale", "/tm"),
    *("/tt", "/tb", "/ta", "/kor btc eth sol", "/lider btc eth sol", "/try", "/etf", "/saglik"),
    *("/grafik btc 1h", "/grafik sol 4h ema50 rsi", "/harita 30", "/sc rsi < 40 1h", "/ap", "/io"),
    *("/nls", "/npr", "/tv btc", "/bt btc 4h rsi < 30 : rsi > 60", "/alarmlar", "/emirler"),
    *("/portfoy", "/raporum", "/skor", "/formul", "/p nosuchcoin", "/nosuch", "btc", "/dil tr"),
    *("/boyut btc %1 50000", "/granger btc eth", "/ayar", "/kagit sıfırla", "/iptal hepsi"),
)
PRESSED = (
    "/alarm sol > 1 seviye",
    "/alarm btc > 1 seviye acil",
    "/alarm eth < 999999 seviye",
    "/al sol 40usdt %5 %2",
    "/al btc 60usdt %3 %2",
    "/al eth 50usdt",
    "/sat sol %100",
    "/sat btc %50",
    "/stop sol %3",
)


class Sample(NamedTuple):
    """What the tree of processes has at a second of the run."""

    at: float
    memory: float
    threads: int
    handles: int


class Soak(NamedTuple):
    """What came of it; times in seconds, `slope` in MB an hour, `silent` what got no answer."""

    sent: int
    answered: int
    silent: list[str]
    times: list[float]
    alarms: int
    trades: int
    slope: float
    samples: list[Sample]
    failures: int


@dataclass
class Person:
    """Somebody who types a line or presses a button, waits for the answer, and reads it."""

    server: Server
    room: int
    dice: random.Random
    free: float = 0.0
    asked: float = 0.0
    line: str = ""
    press: bool = False
    after: int = 0
    changed: int = 0
    took: list[float] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    sent: int = 0

    def step(self, now: float, going: bool) -> bool:
        """Go on by one look; return whether something is still awaited."""
        if self.line:
            self._await(now)
        elif going and now >= self.free:
            self.press = self.dice.random() < 0.2
            self._ask(self.dice.choice(PRESSED if self.press else REPORTS), now)
        return bool(self.line)

    def _ask(self, line: str, now: float) -> None:
        self.after = self.server.say(self.room, line).id
        self.line, self.asked, self.changed, self.sent = line, now, 0, self.sent + 1

    def _await(self, now: float) -> None:
        message = answer(self.server, self.room, self.after, self.changed)
        if message is None and now - self.asked < PATIENCE:
            return
        if message is None:
            self.silent.append(self.line)
        else:
            self.took.append(now - self.asked)
        button = message.buttons[0][0] if message and message.buttons else {}
        data = button.get("callback_data", "")
        if self.press and " " in data:
            self.press = False
            self._press(message, data, now)
            return
        self.line, self.free = "", now + self.dice.uniform(*PAUSE)

    def _press(self, message: Message, data: str, now: float) -> None:
        self.after, self.changed = message.id, message.revision
        self.server.press(self.room, message.id, data)
        self.line, self.asked, self.sent = data, now, self.sent + 1


def answer(server: Server, room: int, after: int, changed: int) -> Message | None:
    """Return what the bot has answered since a message, or to a press by changing that."""
    with server.chats.changed:
        for message in reversed(server.chats.rooms[room].messages.values()):
            if message.id < after or (message.id == after and message.revision <= changed):
                return None
            ours = message.bot and not message.deleted
            if ours and (message.id > after or changed) and not passing(message):
                return message
    return None


def passing(message: Message) -> bool:
    """Tell whether a message is no answer: an alarm, or the word that one is on its way."""
    return message.text in WORKING or message.text.startswith(RINGING)


def live() -> None:
    """Be the bot, with markets that break in turn."""
    opened = main.open_markets

    def breaking(**kept: Any) -> Faulty:
        markets = Faulty(opened(**kept))
        threading.Thread(target=troubled, args=(markets,), daemon=True).start()
        return markets

    main.open_markets = breaking
    status = main.main([])
    logging.shutdown()
    os._exit(status)


def troubled(markets: Faulty) -> None:
    """Let a fault come and go, then the next one, for ever."""
    for kind, host in zip(itertools.cycle(KINDS), itertools.cycle(HOSTS), strict=False):
        time.sleep(CALM)
        few = 3 if kind == "451" else None
        markets.on(host, kind, few, {"429": 8, "slow": 2}.get(kind))
        time.sleep(BROKEN)
        markets.off()


def born(server: Server, folder: str, log: Any) -> subprocess.Popen:
    """Start the bot, which writes its log to a file."""
    more = {"DATA_DIR": folder, "MOCK": "1", "PORT": "0", "POOL_SIZE": "1"}
    more |= {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": server.url, "ADMIN_IDS": str(ADMIN)}
    more |= {"ALLOWED_IDS": " ".join(map(str, ROOMS)), "REPEAT_SECONDS": "0"}
    return subprocess.Popen(
        [sys.executable, "-c", "from bench import soak; soak.live()"],
        env={**os.environ, **more},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )


def sampled(pid: int, at: float) -> Sample:
    """Return what a process and its descendants have now. Raises where one of them has ended."""
    pids = tree(pid)
    threads = sum(len(list(Path(f"/proc/{one}/task").iterdir())) for one in pids)
    handles = sum(len(list(Path(f"/proc/{one}/fd").iterdir())) for one in pids)
    return Sample(at, megabytes(pids, "Pss_Anon"), threads, handles)


def watched(pid: int, begun: float, over: threading.Event, samples: list[Sample]) -> None:
    """Take samples until it is over."""
    while not over.wait(EVERY):
        with suppress(FileNotFoundError, ProcessLookupError):
            samples.append(sampled(pid, time.monotonic() - begun))


def alive(bot: subprocess.Popen) -> None:
    """Raise where the bot has ended."""
    if bot.poll() is not None:
        raise RuntimeError(f"the bot has ended by itself: {bot.returncode}")


def slope(samples: list[Sample]) -> float:
    """Return by how many MB an hour the memory grows, by least squares."""
    if len(samples) < 2:
        return float("nan")
    at, memory = np.array([(one.at, one.memory) for one in samples]).T
    return float(np.polyfit(at, memory, 1)[0] * 3600)


def fifths(samples: list[Sample]) -> str:
    """Return the median memory of each fifth of the run: a cache that fills levels off."""
    parts = np.array_split([one.memory for one in samples], 5)
    return " ".join(f"{np.median(part):.0f}" for part in parts if len(part))


def driven(people: list[Person], until: float, tell: Callable[[], None]) -> None:
    """Let people type until a second, and wait for what they still await."""
    going = waiting = True
    while going or waiting:
        now = time.monotonic()
        going = now < until
        waiting = sum(person.step(now, going) for person in people) > 0
        tell()
        time.sleep(LOOK)


def ticking(begun: float, people: list[Person], samples: list[Sample]) -> Iterator[None]:
    """Print once a minute how it goes."""
    for minute in itertools.count(1):
        while time.monotonic() - begun < minute * 60:
            yield
        sent, last = sum(person.sent for person in people), samples[-1] if samples else None
        print(f"        {minute} min: {sent} sent, {last}", flush=True)


def soak(seconds: float, warm: float, folder: str, say: bool = False) -> Soak:
    """Let twenty people use a bot for a while; measure it after it is warm."""
    over, samples = threading.Event(), list[Sample]()
    with Server(token=TOKEN) as server, (Path(folder) / "log").open("w") as log:
        bot = born(server, f"{folder}/data", log)
        server.say(ADMIN, "/id")
        server.wait(ADMIN, timeout=WAIT)
        people = [Person(server, room, random.Random(SEED + room)) for room in ROOMS]
        begun = time.monotonic()
        for person in people:
            person.free = begun + person.dice.uniform(0, PAUSE[1])
        watcher = threading.Thread(target=watched, args=(bot.pid, begun, over, samples))
        watcher.start()
        ticks = ticking(begun, people, samples) if say else itertools.repeat(None)
        try:
            driven(people, begun + seconds, lambda: alive(bot) or next(ticks))
        finally:
            over.set()
            watcher.join()
            end(bot)
        told = [m.text for room in ROOMS for m in server.messages(room) if m.bot]
    return summed(people, told, [one for one in samples if one.at >= warm], failures(folder))


def failures(folder: str) -> int:
    """Return how many errors stand in the log; that a market failed is a warning only."""
    lines = (Path(folder) / "log").read_text("utf-8").splitlines()
    return sum(" ERROR " in line or " CRITICAL " in line for line in lines)


def summed(people: list[Person], told: list[str], samples: list[Sample], failed: int) -> Soak:
    """Return what came of it."""
    times = sorted(second for person in people for second in person.took)
    silent = [line for person in people for line in person.silent]
    alarms = sum(text.startswith(RINGING) for text in told)
    trades = sum("gerçekleşti" in text for text in told)
    sent = sum(person.sent for person in people)
    return Soak(sent, len(times), silent, times, alarms, trades, slope(samples), samples, failed)


def report(seen: Soak) -> str:
    """Return what came of it as lines."""
    first, last = seen.samples[0], seen.samples[-1]
    p99 = seen.times[int(len(seen.times) * 0.99)]
    rows = (
        f"{seen.sent} sent, {seen.answered} answered, unanswered: {seen.silent or 'none'}",
        f"answer time: median {statistics.median(seen.times):.2f} s, p99 {p99:.2f} s",
        f"{seen.alarms} alarms told, {seen.trades} paper trades, {seen.failures} errors in the log",
        f"memory by fifths: {fifths(seen.samples)} MB; {seen.slope:+.1f} MB an hour",
        f"threads {first.threads} to {last.threads}, handles {first.handles} to {last.handles}",
    )
    return "\n".join(f"        {row}" for row in rows)


def run() -> None:
    """Soak for as many minutes as the last argument says."""
    minutes = float(sys.argv[-1]) if sys.argv[-1].isdecimal() else MINUTES
    with tempfile.TemporaryDirectory() as folder:
        seen = soak(minutes * 60, min(WARM, minutes * 60 / 3), folder, say=True)
    print(f"20 chats for {minutes:g} minutes, faults in turn:\n{report(seen)}")


if __name__ == "__main__":
    run()
