"""Firings on their way to people: 1 000 to 300 chats by Telegram's limits, and through 100 kills.

The bot's own watch, database, bell and sender talk over HTTP to the local Bot API server. Alarms
are of one coin whose price only rises, so that each must be told exactly once.
"""

import logging
import multiprocessing
import os
import random
import re
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import chat
import config
import post
from alarm_rows import Alarm, State
from bot import Ctx
from db import Db
from local.telegram import Server
from net import Dated
from shapes import Ticker
from watch import Watch

COIN, FIRST = "AUSDT", 1000
CHATS, FIRINGS, WAVES = 300, 1000, 4
KILLS, MOST_LIVES, ROOMS, EACH, STEP = 100, 4, 40, 4, 0.03
LIFE, SEED = 0.2, 7
TOLD = re.compile(r"A > ([0-9]+)(?![0-9])")


class Price:
    """A market of one coin whose price a function tells."""

    def __init__(self, price: Callable[[], float]) -> None:
        self.price = price

    def tickers(self) -> Dated:
        """Return the coin's price now."""
        last = self.price()
        return Dated({COIN: Ticker(last, last, last, last, 1.0, 1.0, 0.0)}, time.time())

    def digits(self, _: str) -> int:
        """Return how many decimals its price has."""
        return 2


class Flood(NamedTuple):
    """What came of many firings: messages a second, 429s, alarms told never and more than once."""

    messages: int
    seconds: float
    limited: int
    lost: int
    doubled: int


class Chaos(NamedTuple):
    """What came of kills: how many hit while firings waited, and the alarms then in flight."""

    kills: int
    between: int
    alarms: int
    lost: int
    doubled: set[int]
    in_flight: set[int]


def opened(url: str, api: str, token: str, market: Price) -> tuple[chat.Telegram, Watch]:
    """Return a bot that only rings, and its watch, on a database and a Bot API server."""
    settings = config.load(
        {"ADMIN_IDS": " ".join(map(str, range(1, CHATS + 1)))}, env_file=os.devnull
    )
    database, stop = Db(url), threading.Event()
    base = Ctx(sources=market, db=database, config=settings, commands={})
    client = post.connect(token, api, str)
    return chat.Telegram(client, post.Post(client, stop), base, stop), Watch(market, database)


def planted(url: str, rooms: list[int]) -> Db:
    """Return a database with an alarm for each of these chats, each a dollar above the last."""
    database = Db(url)
    made = database.now()
    for i, room in enumerate(rooms):
        alarm = Alarm(room, room, "price", f"> {FIRST + i}", COIN, made=made)
        number = database.alarms.add(alarm) or 0
        database.alarms.save([State(number, COIN, True, 0.0, None, made)])
    return database


def told(server: Server, rooms: int) -> Counter[int]:
    """Return how often each alarm, by its place, was told in the chats."""
    texts = (m.text for room in range(1, rooms + 1) for m in server.messages(room) if m.bot)
    return Counter(int(level) - FIRST for text in texts for level in TOLD.findall(text))


def flood(url: str) -> Flood:
    """Fire 1 000 alarms of 300 chats in four ticks and wait until all are told."""
    with Server(limits=True) as server:
        for room in range(1, CHATS + 1):
            server.chats.room(room)
        at = [float(FIRST - 1)]
        rooms = [1 + i % CHATS for i in range(FIRINGS)]
        planted(url, rooms).close()
        bot, watch = opened(url, server.url, server.token, Price(lambda: at[0]))
        watch.tick()
        begun = time.monotonic()
        for wave in range(1, WAVES + 1):
            at[0] = FIRST + min(wave * CHATS, FIRINGS) - 0.5
            watch.tick()
            bot.ring()
        bot.drain(120)
        seconds = time.monotonic() - begun
        answers = Counter(one.status for one in server.requests if one.method == "sendMessage")
        counts = told(server, CHATS)
        lost = sum(counts[i] == 0 for i in range(FIRINGS))
        doubled = sum(counts[i] > 1 for i in range(FIRINGS))
    return Flood(answers[200], seconds, answers[429], lost, doubled)


def live(url: str, api: str, token: str, base: int, up: Connection) -> None:
    """Be a bot whose coin rises by a dollar again and again, a few times, until killed."""
    logging.disable()
    price = Price(lambda: base - 0.5)
    bot, watch = opened(url, api, token, price)
    watch.tick()
    begun = time.monotonic()
    price.price = lambda: base + min(EACH, (time.monotonic() - begun) // STEP) - 0.5
    up.send(True)
    while True:
        watch.tick()
        bot.ring()
        time.sleep(0.001)


def chaos(url: str, kills: int = KILLS) -> Chaos:
    """Kill the bot at random instants while firings wait to be told, then let one tell the rest."""
    chance, hit, lives, in_flight = random.Random(SEED), 0, 0, set[int]()
    alarms = MOST_LIVES * EACH * kills
    with Server() as server:
        for room in range(1, ROOMS + 1):
            server.chats.room(room)
        database = planted(url, [1 + i % ROOMS for i in range(alarms)])
        while hit < kills and lives < MOST_LIVES * kills:
            child = born(url, server, FIRST + EACH * lives)
            time.sleep(chance.uniform(0, LIFE))
            killed(child)
            waiting = database.alarms.outbox()
            hit, lives = hit + bool(waiting), lives + 1
            in_flight |= {one.alarm_id - 1 for one in waiting if one.tries}
        last = born(url, server, FIRST + alarms)
        over(database)
        killed(last)
        counts = told(server, ROOMS)
        database.close()
    lost = sum(counts[i] == 0 for i in range(alarms))
    return Chaos(lives, hit, alarms, lost, {i for i in counts if counts[i] > 1}, in_flight)


def born(url: str, server: Server, base: int) -> Any:
    """Return a new bot process that is up."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.delivery"])
    here, there = context.Pipe(duplex=False)
    child = context.Process(
        target=live, args=(url, server.url, server.token, base, there), daemon=True
    )
    child.start()
    there.close()
    here.recv()
    here.close()
    return child


def killed(child: Any) -> None:
    """Kill a bot at once, as the host would."""
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    child.close()


def over(database: Db, patience: float = 120) -> None:
    """Wait until every alarm is done and told. Raises TimeoutError."""
    end = time.monotonic() + patience
    while database.alarms.active() or database.alarms.outbox():
        if time.monotonic() > end:
            raise TimeoutError("firings are left")
        time.sleep(0.1)


def run() -> None:
    """Print both, on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        made = flood(f"sqlite:///{folder}/flood.db")
        hurt = chaos(f"sqlite:///{folder}/chaos.db")
    rate, others = made.messages / made.seconds, len(hurt.doubled - hurt.in_flight)
    print(f"{FIRINGS} firings to {CHATS} chats: {made.messages} messages, {rate:.1f} a second")
    print(f"        lost {made.lost}, doubled {made.doubled}, answers 429: {made.limited}")
    print(f"{hurt.alarms} alarms, {hurt.kills} kills, {hurt.between} with firings waiting:")
    print(f"        lost {hurt.lost}; of {len(hurt.in_flight)} in flight at a kill", end=" ")
    print(f"doubled {len(hurt.doubled)}, of the others {others}")
