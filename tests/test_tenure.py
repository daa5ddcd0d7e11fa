"""tenure.py: two real instances on one database and never both at work; what a lost lease stops."""

import itertools
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from decimal import Decimal
from pathlib import Path

import pytest
import requests
from sqlalchemy import insert, text

import schema
import tenure
from alarm_rows import Alarm
from db import Db, DbError
from lease import TTL, Lease
from local.telegram import Server
from order_rows import meant
from orders import REFUSED, Draft
from tests.conftest import Clock
from tests.test_db import url  # noqa: F401 fixture
from tests.test_main import TOKEN, environment

ROOT = Path(__file__).parent.parent
ONCE, REST, ADMINS = 24, 3000, (1, 2)


def test_a_halt_is_set_by_hand_and_by_the_loss_of_the_lease(tmp_path):
    clock = Clock(0.0)
    lease = Lease(f"sqlite:///{tmp_path / 'x.db'}", "x", clock, "x")
    assert tenure.Halt(lease).is_set(), "nobody acts who holds nothing"
    lease.look()
    halt = tenure.Halt(lease)
    assert not halt.is_set() and not halt.wait(0)
    clock.now += TTL
    assert halt.is_set() and halt.wait(0)
    lease.look()
    halt.set()
    assert lease.held and halt.is_set()
    lease.close()


def test_what_was_lost_and_had_again_unseen_is_lost_to_who_acted_before(tmp_path):
    clock = Clock(0.0)
    lease = Lease(f"sqlite:///{tmp_path / 'x.db'}", "x", clock, "x")
    lease.look()
    before = tenure.Halt(lease)
    clock.now += TTL
    lease.look()
    assert lease.held and before.is_set(), "its writes are fenced, and nothing else ends it"
    assert not tenure.Halt(lease).is_set()
    lease.close()


def test_the_beat_of_the_lease_is_watched_and_outlives_what_nobody_foresaw(settings, monkeypatch):
    life = tenure.Life(settings(), str, None)
    life.ending.set()
    life.run(None)
    life.always.halt.set()
    (beat,) = (job for job in life.always.jobs if job.name == "lease")
    with monkeypatch.context() as broken:
        broken.setattr(life.lease, "look", lambda: 1 / 0)
        beat.once(time.time)
        assert "ZeroDivisionError" in beat.last_error and "lease" not in life.tell()["late"]
    beat.once(time.time)
    assert beat.last_error is None and life.lease.held
    beat.next_run = 0
    assert "lease" in life.tell()["late"] and not life.tell()["ok"]
    life.close()


class Bot:
    """A process of the bot that talks to a server of ours."""

    def __init__(self, server, url, folder, name):  # noqa: F811
        more = {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": server.url, "PORT": "0"}
        more |= {"ADMIN_IDS": " ".join(map(str, ADMINS)), "DATABASE_URL": url, "VERSION": name}
        self.log = folder / f"{name}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, ROOT / "main.py"],
                env=environment(folder / name, **more),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def said(self):
        return self.log.read_text()

    def state(self):
        found = re.search(r"status: (http\S+)/", self.said())
        if found is None:
            return None
        with suppress(requests.RequestException):
            answer = requests.get(f"{found[1]}/health", timeout=2)
            return answer.status_code, answer.json()["state"]
        return None

    def becomes(self, state, seconds=40):
        end = time.monotonic() + seconds
        while (now := self.state()) != (200, state):
            assert time.monotonic() < end and self.process.poll() is None, (now, self.said())
            time.sleep(0.1)

    def signal(self, number):
        self.process.send_signal(number)

    def ends(self, seconds=10):
        begun = time.monotonic()
        assert self.process.wait(seconds) == 0, self.said()
        return time.monotonic() - begun


class Town:
    """A database with work that goes on, its people, and the bots that come and go."""

    def __init__(self, url, folder):  # noqa: F811
        self.server, self.url, self.folder = Server(token=TOKEN), url, folder
        self.bots, self.store, self.asked, self.meant = [], Db(url), Counter(), []
        self.names, self.stop = itertools.count(), threading.Event()
        self.server.start()
        for admin in ADMINS:
            self.server.say(admin, "/start")
        self.plant()
        self.living = threading.Thread(target=self.live)
        self.living.start()

    def plant(self):
        for i in range(ONCE):
            coin = ("BTCUSDT", "ETHUSDT")[i % 2]
            self.store.alarms.add(Alarm(1, 1, "price", f"> 0.0{i + 1}1", coin, steady=True))
        often = Alarm(2, 2, "price", "> 0.5", "BTCUSDT", steady=True, cooldown=REST)
        self.often = self.store.alarms.add(often._replace(severity="silent"))
        with self.store._write() as db:
            row = {"user_id": 1, "asset": "BTC", "free": Decimal(100), "locked": Decimal(0)}
            db.execute(insert(schema.wallets).values(**row))

    def live(self):
        """Let people ask and orders be meant, again and again."""
        draft = Draft("BTCUSDT", "SELL", "market", quantity=Decimal("0.01"))
        for i in itertools.count():
            if self.stop.wait(0.5):
                return
            self.asked[f"nosuch{i}"] = 0
            self.server.say(1 + i % 2, f"/p nosuch{i}")
            with suppress(DbError):
                self.meant.append(self.store.orders.add(meant(1, 1, "paper", draft, parent=10**6)))

    def bot(self):
        made = Bot(self.server, self.url, self.folder, f"v{next(self.names)}")
        self.bots.append(made)
        return made

    def settle(self):
        """Let no more be asked for, and wait until all is done."""
        self.stop.set()
        self.living.join()
        end = time.monotonic() + 30
        while left := self.left():
            assert time.monotonic() < end, (left, [bot.said() for bot in self.bots])
            time.sleep(0.2)

    def rings(self):
        return [f.at for f in self.store.alarms.fired(2) if f.alarm_id == self.often]

    def works(self, seconds=30):
        """Wait until alarms have fired again and again from now on."""
        before, end = len(self.rings()), time.monotonic() + seconds
        while len(self.rings()) < before + 2:
            assert time.monotonic() < end, [bot.said() for bot in self.bots]
            time.sleep(0.2)

    def left(self):
        undone = self.store.orders.living(1, "paper")
        waiting = [one for one in self.store.alarms.outbox() if one.alarm_id != self.often]
        silent = [word for word in self.asked if not self.replies()[word]]
        return [*undone, *waiting, *silent]

    def replies(self):
        said = (m.text for a in ADMINS for m in self.server.messages(a) if m.bot)
        return Counter(word for line in said for word in re.findall(r"nosuch[0-9]+", line))

    def changes(self):
        """Return what each admin was told of changes."""
        return [
            [m.text for m in self.server.messages(a) if m.bot and "♻️" in m.text] for a in ADMINS
        ]

    def conflicts(self):
        return sum(one.status == 409 for one in self.server.requests)

    def check(self, cut=0):
        """Nothing lost, nothing twice but the messages that were in flight at so many cuts."""
        fired = Counter(f.alarm_id for f in self.store.alarms.fired(1) if f.alarm_id)
        assert sorted(fired.values()) == [1] * ONCE
        assert min(b - a for a, b in itertools.pairwise(self.rings())) >= REST, self.rings()
        orders = [self.store.orders.find(1, intent.id) for intent in self.meant]
        # On a busy machine a market may not answer in time: then the order is refused, and told.
        refused = [one for one in orders if one.state == REFUSED and one.reason]
        assert len(refused) <= cut, refused
        for intent in orders:
            fills = self.store.orders.filled(intent.id)
            wanted = 0 if intent in refused else intent.quantity
            assert sum(fill.quantity for fill in fills) == wanted, intent
        again = sum(n - 1 for n in self.replies().values())
        assert again <= 2 * cut
        with self.store._read() as db:
            rows = db.execute(text("SELECT order_id, quantity FROM paper_fills")).all()
        sold = sum(Decimal(quantity) for _, quantity in rows)
        assert sold == sum(one.quantity for one in orders if one not in refused)
        assert len({order for order, _ in rows}) + len(refused) == len(orders) > 10

    def close(self):
        self.stop.set()
        for bot in self.bots:
            if bot.process.poll() is None:
                bot.signal(signal.SIGCONT)
                bot.process.kill()
            bot.process.wait()
        self.living.join()
        self.server.stop()
        self.store.close()


@pytest.fixture
def town(url, tmp_path):  # noqa: F811
    made = Town(url, tmp_path)
    yield made
    made.close()


@pytest.mark.slow
def test_a_rolling_start_hands_over_in_peace_and_back(town):
    old = town.bot()
    old.becomes("active")
    town.works()
    new = town.bot()
    new.becomes("active")
    old.becomes("standby")
    town.works()
    new.signal(signal.SIGTERM)
    new.ends()
    old.becomes("active")
    town.works()
    town.settle()
    old.signal(signal.SIGTERM)
    old.ends()
    town.check()
    assert town.conflicts() <= 2
    for told in town.changes():
        assert len(told) == 2 and all("hiçbir şey kaybolmadı" in line for line in told)
        assert "v0 → " in told[0] and "v1 → " in told[1]


@pytest.mark.slow
def test_a_killed_holder_is_followed_and_nothing_is_lost(town):
    first = town.bot()
    first.becomes("active")
    second = town.bot()
    second.becomes("active")
    first.becomes("standby")
    town.works()
    second.signal(signal.SIGKILL)
    first.becomes("active", TTL + 10)
    town.works()
    town.settle()
    first.signal(signal.SIGTERM)
    first.ends()
    town.check(cut=1)
    assert all("habersiz" in "".join(told[1:]) for told in town.changes())


@pytest.mark.slow
def test_a_holder_that_stood_still_acts_no_more_when_it_goes_on(town):
    first = town.bot()
    first.becomes("active")
    second = town.bot()
    second.becomes("active")
    first.becomes("standby")
    town.works()
    pause(second, town)
    begun = time.monotonic()
    first.becomes("active", TTL + 15)
    assert time.monotonic() - begun > TTL - 3
    town.works()
    second.signal(signal.SIGCONT)
    second.becomes("standby")
    town.works()
    assert first.state() == (200, "active")
    town.settle()
    for bot in (first, second):
        bot.signal(signal.SIGTERM)
        bot.ends()
    town.check(cut=1)
    assert all(len(told) >= 2 for told in town.changes())


@pytest.mark.slow
def test_it_ends_in_ten_seconds_whatever_is_in_hand_and_answers_it_at_the_next_start(tmp_path):
    long = "/bt btc 1h close > sma(n) : close < sma(m) 2021-01-01 opt n=5..60 m=5..60"
    where = f"sqlite:///{tmp_path / 'x.db'}"
    with Server(token=TOKEN) as server:
        bot = Bot(server, where, tmp_path, "long")
        bot.becomes("active")
        server.say(1, long)
        server.until(lambda: any("hazırlanıyor" in m.text for m in server.messages(1)) or None, 30)
        server.fault("sendMessage", 429, retry_after=600)
        server.say(2, "/id")
        server.until(lambda: any(r.status == 429 for r in server.requests) or None, 30)
        bot.signal(signal.SIGTERM)
        assert bot.ends() < 10
        assert bot.said().count("stays for the next run") == 2 and TOKEN not in bot.said()
        again = Bot(server, where, tmp_path, "next")
        server.until(lambda: any("Kimliğiniz" in m.text for m in server.messages(2)) or None, 180)
        server.until(lambda: any("al-tut" in m.text for m in server.messages(1)) or None, 180)
        again.signal(signal.SIGTERM)
        again.ends()


@pytest.mark.slow
def test_who_cannot_renew_stops_in_time_says_so_once_and_goes_on(tmp_path):
    path = tmp_path / "x.db"
    with Server(token=TOKEN) as server:
        for admin in ADMINS:
            server.say(admin, "/start")
        bot = Bot(server, f"sqlite:///{path}", tmp_path, "alone")
        bot.becomes("active")
        lock = sqlite3.connect(path, isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        while bot.state() != (503, "no database"):
            assert time.monotonic() - begun < TTL + 5, (bot.state(), bot.said())
            time.sleep(0.1)
        polls = sum(r.method == "getUpdates" for r in server.requests)
        server.say(1, "/id")
        time.sleep(3)
        assert sum(r.method == "getUpdates" for r in server.requests) <= polls + 1
        lock.execute("ROLLBACK")
        lock.close()
        bot.becomes("active")
        server.until(lambda: any("Kimliğiniz" in m.text for m in server.messages(1)) or None, 30)
        server.until(lambda: any("✅" in m.text for m in server.messages(2)) or None, 30)
        said = [m.text for m in server.messages(2) if m.bot and "eritaban" in m.text]
        assert len(said) == 2 and said[0].startswith("⚠️") and said[1].startswith("✅")
        bot.signal(signal.SIGTERM)
        bot.ends()


def pause(bot, town):
    """Stop a process where it holds no lock of the database: of SQLite's nobody could take it."""
    for _ in range(20):
        bot.signal(signal.SIGSTOP)
        try:
            with closing(Db(town.url)) as opened, opened._write():
                return
        except DbError:
            bot.signal(signal.SIGCONT)
            time.sleep(0.1)
    raise AssertionError("it always holds a lock")
