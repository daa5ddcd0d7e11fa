"""A real bot with every secret set, used and broken: nothing that it wrote or said tells one."""

import base64
import html
import io
import os
import re
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import requests
from sqlalchemy import create_engine, make_url, select, text

import backup
import commands
import schema
import vault
from config import Secret, described
from local.accounts import key_pair
from local.telegram import Server
from tests.test_db import POSTGRES, fresh_postgres

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
OWNER, GROUP, WAIT = 1, -77, 90
PEOPLE = range(1, 41)
OWN = sorted({command.name for command in commands.load().values()})
PAIR, STRONG, UNKNOWN = key_pair("trade"), key_pair("withdraw"), ("k" * 40 + "7" * 24, "s" * 64)
NAMED = {one.metadata["names"][0] for one in described()}
KEYED = " ".join(PAIR)
LINES = (
    f"/apikey {' '.join(STRONG)}",
    f"/apikey {' '.join(UNKNOWN)}",
    f"/apikey {KEYED}",
    "/canli",
    "/emir al sol 50usdt limit 110",
)
SHOWING = (
    f"/apikey {PAIR[1]}",
    f"/APIKEY@dort5bot_local {PAIR[0]} bad!{PAIR[1]}",
    *("/apimy", "/portfoy", "/dar", "/dar k", "/dar z", "/dar txt", "/dar t config.py", "/yedek"),
    *("/saglik", "/ts", "/cmc", "/cg", "/cg btc", "/etf", "/liq", "/liq btc", "/nosuch"),
)
SIGNED = (
    *("/portfoy", *[f"/apikey {KEYED}"] * 3, "/cg sol", "/cg eth", "/cg xrp", "/cmc 7", "/cmc 9"),
    *("/liq eth", "/liq sol", "/etf eth"),
)
PRESSED = {"/canli": "/canli ", LINES[-1]: "/emir "}


def made():
    """Return a value for each secret setting, of letters that are written otherwise in a URL."""
    word = secrets.token_hex(12)
    keys = ("COINGECKO_KEY", "COINMARKETCAP_KEY", "COINGLASS_KEY", "SOSOVALUE_KEY")
    values = {name: f"{name[:6].lower()}+/={word}%" for name in keys}
    values |= {"MASTER_KEY": f"ana şifre+/&?{word}", "OLD_MASTER_KEY": f"eski şifre+/&?{word}"}
    values |= {"METRICS_TOKEN": f"metrics+/={word}", "TELEGRAM_TOKEN": f"123456789:AA_-{word}xyzwv"}
    return values | {"PING_URL": f"http://127.0.0.1:9/ping-{word}"}


def plain(values):
    """Return the words no one may see, by their names."""
    found = dict(values)
    found["PING_URL path"] = values["PING_URL"].rpartition("/")[2]
    found["TELEGRAM_TOKEN tail"] = values["TELEGRAM_TOKEN"].partition(":")[2]
    return found


def forms(word):
    """Return a word as it is and as text, a page, an address or base64 would hold it."""
    raw = word.encode()
    found = {raw, html.escape(word).encode(), quote(word, safe="").encode()}
    found |= {quote(word).encode(), quote_plus(word).encode(), repr(word)[1:-1].encode()}
    found |= {ascii(word)[1:-1].encode(), raw.hex().encode(), base64.b64encode(raw).rstrip(b"=")}
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + raw)
        inner = coded[4 if before else 0 : len(coded) // 4 * 4 - 4]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def leaks(places, words):
    """Return (place, secret) wherever one of the words stands in any form."""
    coded = {name: forms(word) for name, word in words.items()}
    return {
        (place, name)
        for place, body in places.items()
        for name, every in coded.items()
        if any(form in body for form in every)
    }


def unpacked(name, body):
    """Return a file's bytes, those inside a zip too."""
    if not zipfile.is_zipfile(io.BytesIO(body)):
        return {name: body}
    inside = zipfile.ZipFile(io.BytesIO(body))
    return {name: body} | {f"{name} {one}": inside.read(one) for one in inside.namelist()}


def environment(folder, **more):
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    fixed = {"DATA_DIR": str(folder / "data"), "MOCK": "1", "PORT": "0", "LOG_LEVEL": "debug"}
    return {**kept, **fixed, "ADMIN_IDS": " ".join(map(str, PEOPLE)), "LIVE_TRADING": "1", **more}


class Bot:
    """A bot process, its chat, and its log."""

    def __init__(self, folder, server, values, **more):
        self.folder, self.server, self.switch = folder, server, folder / "echo"
        self.log = folder / "log"
        more |= {**values, "TELEGRAM_API_URL": server.url}
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.echoing", str(self.switch)],
                env=environment(folder, **more),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    def say(self, line, room=OWNER):
        """Say a line and wait until it is answered."""
        self.server.say(room, line, user=OWNER)
        self.settle()

    def press(self, word):
        """Press the newest button whose line has a word."""
        every = [m for m in reversed(self.server.messages(OWNER)) if m.buttons]
        rows = [(m.id, one["callback_data"]) for m in every for row in m.buttons for one in row]
        self.server.press(OWNER, *next(one for one in rows if word in one[1]))
        self.settle()

    def settle(self):
        """Wait until every update is answered, by what the database says."""
        newest, end = self.server.chats.updates._last, time.monotonic() + WAIT
        with closing(sqlite3.connect(self.folder / "data" / "dort5bot.db")) as there:
            query = "SELECT max(id) = ? AND count(done) = count(*) FROM updates"
            while not there.execute(query, (newest,)).fetchone()[0]:
                assert time.monotonic() < end, self.log.read_text("utf-8")[-2000:]
                time.sleep(0.01)

    def wait(self, words):
        """Wait until the log has some words."""
        end = time.monotonic() + WAIT
        while words not in self.log.read_text("utf-8"):
            assert time.monotonic() < end, words
            time.sleep(0.05)

    def crowd(self, lines):
        """Let many say a line each at once, and wait until all are answered."""
        for i, line in enumerate(lines):
            self.server.say(PEOPLE[i % len(PEOPLE)], line)
        self.settle()

    def alter(self, before, after):
        """Rename a table under the bot."""
        with closing(sqlite3.connect(self.folder / "data" / "dort5bot.db", timeout=30)) as there:
            there.execute(f"ALTER TABLE {before} RENAME TO {after}")

    def page(self, path, **headers):
        home = re.search(r"status: (http://127\.0\.0\.1:\d+)/", self.log.read_text("utf-8"))
        answer = requests.get(home[1] + path, headers=headers, timeout=30)
        return f"{answer.status_code} {dict(answer.headers)}\n{answer.text}".encode()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


def written(bot):
    """Return what the bot wrote: its log and its folder, but not the stand-in exchange's own."""
    kept = [p for p in (bot.folder / "data").rglob("*") if p.is_file()]
    own = [p for p in kept if not p.name.startswith("exchange.db")]
    return {"log": bot.log.read_bytes()} | {f"data {p.name}": p.read_bytes() for p in own}


def said(bot):
    """Return what the bot said to Telegram, and the files it sent, unpacked."""
    room = [m for n in (*PEOPLE, GROUP) for m in bot.server.messages(n, deleted=True) if m.bot]
    calls = [f"{one.method} {one.parameters} {one.files}" for one in bot.server.requests]
    found = {"chat": "\n".join(f"{m.text} {m.buttons}" for m in room).encode()}
    found["calls"] = "\n".join(calls).encode()
    for message in room:
        for file in filter(None, (message.document, message.photo)):
            found |= unpacked(f"file {message.id} {file.name}", file.data)
    return found


def opened(places, master):
    """Return the lines of the sealed backups among the files."""
    sealed = {k: v for k, v in places.items() if v.startswith(backup.MAGIC)}
    rows = {k: list(backup.lines(io.BytesIO(v), master)) for k, v in sealed.items()}
    return {f"{k} opened": repr(lines).encode() for k, lines in rows.items()}


def pages(bot, token):
    """Return the pages, those for a wrong visitor too."""
    right = {"Authorization": f"Bearer {token}"}
    found = {f"page {path}": bot.page(path) for path in ("/", "/health", "/ping", "/nosuch")}
    found |= {"page /metrics": bot.page("/metrics", **right), "page 401": bot.page("/metrics")}
    return found


def used(bot):
    """Use every command well, then with a broken table, markets that echo, a failing Telegram."""
    bot.server.say(OWNER, "/id")
    bot.server.wait(OWNER, timeout=WAIT)
    for line in LINES:
        bot.say(line)
        if line in PRESSED:
            bot.press(PRESSED[line])
    bot.say(f"/apikey@dort5bot_local {KEYED}", GROUP)
    bot.crowd(SHOWING)
    bot.alter("keys", "keys_away")
    bot.crowd([f"/apikey {KEYED}", "/apimy"])
    bot.alter("keys_away", "keys")
    bot.switch.write_text("keyed")
    bot.crowd(SIGNED)
    bot.switch.write_text("all")
    every = [name for name in OWN if name not in ("apidel", "panik", "apikey", "yedek")]
    bot.crowd([f"/{name}{more}" for name in every for more in ("", " btc", " btc 4h")])
    for kind in ("status", "html", "drop"):
        for method in ("sendMessage", "getUpdates", "pinChatMessage"):
            bot.server.fault(method, 502, kind=kind)
    bot.crowd(["/yedek", f"/apikey {KEYED}", "/apimy", "/portfoy"])
    bot.wait("job ping failed")


def test_every_secret_setting_is_among_them():
    kinds = {one.metadata["names"][0] for one in described() if one.type in (Secret, "Secret")}
    assert kinds == set(made()) | {"DATABASE_URL", "CACHE_URL"} and set(made()) <= NAMED


def test_nothing_a_bot_wrote_or_said_tells_a_secret(tmp_path, monkeypatch):
    monkeypatch.setitem(vault.COST, "n", 2**14)
    values = made()
    pair = {"key": PAIR[0], "secret": PAIR[1], "unknown key": UNKNOWN[0], "unknown": UNKNOWN[1]}
    words = plain(values) | pair | {"strong key": STRONG[0], "strong secret": STRONG[1]}
    with Server(token=values["TELEGRAM_TOKEN"]) as server:
        bot = Bot(tmp_path, server, values)
        try:
            used(bot)
            places = pages(bot, values["METRICS_TOKEN"])
        finally:
            bot.end()
        places |= said(bot) | written(bot)
        typed = [m.text for n in PEOPLE for m in server.messages(n) if not m.bot]
    places |= opened(places, values["MASTER_KEY"])
    assert not [text for text in typed if "apikey" in text.lower()]
    looked_at(places)
    assert leaks(places, words) == set()
    found_where_planted(places, words)


def found_where_planted(places, words):
    """Hold that each word would be found in each of its forms, and in each place."""
    for name, word in words.items():
        assert all(leaks({"": b"-" + form + b"-"}, {name: word}) for form in forms(word))
    word = words["TELEGRAM_TOKEN"]
    for form in (
        word.encode(),
        quote(word, safe="").encode(),
        base64.b64encode(b"x" + word.encode()),
    ):
        planted = {place: body + form for place, body in places.items()}
        assert leaks(planted, {"": word}) == {(place, "") for place in places}


def looked_at(places):
    """Hold that each place has what a bot writes there, so that looking at it means something."""
    marks = {"log": b"Traceback", "chat": b"/yardim", "page /metrics": b"dort5bot_uptime_seconds"}
    marks |= {"data dort5bot.db": b"SQLite", "page /health": b'"ok"', "page 401": b"401"}
    for place, mark in marks.items():
        assert mark in places[place], place
    for header in ("X-MBX-APIKEY", "x-cg-demo-api-key"):
        assert re.search(rf"{header}': '\*\*\*'".encode(), places["log"]), header
    assert b"the ping was answered with ConnectionError" in places["page /"]
    assert any(name.endswith(" opened") for name in places)
    assert any(name.endswith("config.py") for name in places)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_database_and_a_store_that_do_not_answer_are_told_without_their_passwords(tmp_path, form):
    word = secrets.token_hex(12)
    where = {"DATABASE_URL": f"postgresql://bot:ab%2F{word}@127.0.0.1:9/x"}
    store = {"CACHE_URL": f"redis://:ab%2F{word}@127.0.0.1:9/0"}
    for more, told in ((where, b"Connection refused"), (store, b"the store fails")):
        done = subprocess.run(
            [sys.executable, ROOT / "main.py", "/p btc"],
            env=environment(tmp_path, LOG_FORMAT=form, **more),
            cwd=tmp_path,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert told in done.stderr
        assert leaks({"all": done.stdout + done.stderr}, {"": f"ab/{word}", "word": word}) == set()


@pytest.fixture
def role():
    """Return the address of a PostgreSQL role with a password and a schema, both new."""
    name, word = f"secret_{os.getpid()}", secrets.token_hex(12)
    place = make_url(fresh_postgres()).set(username=name, password=f"ab/{word}")
    engine = create_engine(POSTGRES)
    with engine.begin() as there:
        there.execute(text(f"CREATE ROLE {name} SUPERUSER LOGIN PASSWORD 'ab/{word}'"))
    yield place.render_as_string(hide_password=False), word
    with engine.begin() as there:
        there.execute(text(f"REASSIGN OWNED BY {name} TO CURRENT_USER"))
        there.execute(text(f"DROP ROLE {name}"))
    engine.dispose()


@pytest.mark.service
def test_a_database_that_answers_is_used_without_telling_its_password(tmp_path, role):
    url, word = role
    said = b""
    for line in ("/fav ekle btc eth", "/saglik", "/ts", "/dar t config.py", "/nosuch"):
        done = subprocess.run(
            [sys.executable, ROOT / "main.py", line],
            env=environment(tmp_path, DATABASE_URL=url),
            cwd=tmp_path,
            capture_output=True,
            check=False,
            timeout=120,
        )
        said += done.stdout + done.stderr
    engine = create_engine(url)
    with engine.connect() as there:
        tables = schema.tables.sorted_tables
        rows = {t.name: repr(there.execute(select(t)).fetchall()).encode() for t in tables}
    engine.dispose()
    assert b"BTCUSDT" in rows["favourites"]
    files = {p.name: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert leaks({"said": said} | rows | files, {"": f"ab/{word}", "word": word}) == set()
