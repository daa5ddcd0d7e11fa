"""What several tests share: a clock that stands still, settings, a context in one line."""

import gc
import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import settings as hypothesis_settings

import bot
import chat
import commands
import config
import db
import logs
import post
import preflight
import sources
import vault
import workers
from accounts import Accounts
from local.tape import Tape
from local.telegram import Server
from local.world import open_markets
from tests.bots import halt
from trade import Desk

hypothesis_settings.register_profile("patient", deadline=None)
hypothesis_settings.register_profile("quick", deadline=None, max_examples=25)
# Tests are read into millions of objects, and each collection would walk them all again.
gc.disable()


def pytest_configure(config):
    """Try fewer examples in the quick suite; CI and `make test` try a hundred."""
    quick = "not slow" in config.option.markexpr
    hypothesis_settings.load_profile("quick" if quick else "patient")


def pytest_collection_finish():
    """Leave out of every collection from now on what has been read."""
    gc.collect()
    gc.freeze()
    gc.enable()


MOCKED = {
    "market",
    "markets",
    "server",
    "serve",
    "exchange",
    "faults",
    "desk",
    "open_desk",
    "open_world",
}


def pytest_collection_modifyitems(items):
    """Count what asks a mock market or starts a server among the slow tests; seek secrets last."""
    for item in items:
        if MOCKED & set(item.fixturenames):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: item.path.name == "test_secrets.py")


KEYS = {"COINGLASS_KEY": "glass-key-1", "SOSOVALUE_KEY": "soso-key-1"}


class Clock:
    """A clock that moves only when told to."""

    def __init__(self, now: float = 1_795_500_123.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def unsynced(connection, record, prepare=db.prepare_sqlite):
    """Prepare a connection that does not wait for the disk; no test outlives a power cut."""
    prepare(connection, record)
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="session", autouse=True)
def hurried():
    """Open databases and derive keys quickly; tests/test_vault.py holds what a key really costs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "prepare_sqlite", unsynced)
        patch.setitem(vault.COST, "n", 16)
        yield


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def settings(tmp_path):
    def make(**environ):
        return config.load({"DATA_DIR": str(tmp_path), **environ}, env_file="/nonexistent")

    return make


@pytest.fixture
def database(tmp_path, clock):
    opened = db.Db(f"sqlite:///{tmp_path / 'test.db'}", clock)
    yield opened
    opened.close()


@pytest.fixture
def markets(clock):
    return open_markets(clock)


@pytest.fixture
def market(settings, database, markets, clock):
    opened = sources.Sources(settings(), database, markets=markets, clock=clock, sleep=clock.sleep)
    yield opened
    opened.close()


@pytest.fixture
def newest(market):
    """Return the name of the coin listed last, which has few daily bars."""
    pairs = Tape().pairs
    symbol = max(market.universe(), key=lambda symbol: pairs[symbol].listed_ms)
    assert len(market.candles(symbol, "1d").data) < 30
    return symbol.removesuffix("USDT")


@pytest.fixture(scope="session")
def registry() -> Mapping[str, bot.Command]:
    return commands.load()


@pytest.fixture
def ctx(settings, database, market, clock, registry, request):
    """Return a maker of contexts: ctx("btc 1h", lang="en")."""
    pool = workers.Workers(workers.Pool(1), clock)
    owned = Accounts(settings(), market, database, clock, clock.sleep)
    desk = Desk(market, database, owned, preflight.caps(settings()), clock)
    request.addfinalizer(pool.pool.shutdown)

    def make(args="", lang="tr", role="admin", kind="private", name="x"):
        return bot.Ctx(
            args=tuple(args.split()),
            name=name,
            usage=("/x", "/x"),
            user=bot.User(7, "Ayşe", lang, role=role),
            chat=bot.Chat(7, kind),
            now=int(clock() * 1000),
            sources=market,
            db=database,
            workers=pool,
            desk=desk,
            config=settings(),
            redact=logs.Redactor(),
            commands=registry,
        )

    return make


@pytest.fixture
def keyed(ctx, settings, database, markets, clock):
    """Return a maker of contexts whose owner has set keys: keyed("btc", lang="en")."""
    config = settings(**KEYS)
    opened = sources.Sources(config, database, markets=markets, clock=clock, sleep=clock.sleep)
    yield lambda args="", **who: replace(ctx(args, **who), config=config, sources=opened)
    opened.close()


@pytest.fixture
def say(ctx):
    """Return a way to talk: say("/p btc") gives the list of replies."""

    def talk(line, **who):
        return list(bot.answer(line, ctx(**who)))

    return talk


@pytest.fixture
def drawn(monkeypatch):
    """Return the drawings that were asked for, none of which is drawn."""
    asked = []
    monkeypatch.setattr(
        "workers.Workers.picture", lambda _, drawing: asked.append(drawing) or b"\x89PNG"
    )
    return asked


@pytest.fixture
def server():
    with Server() as running:
        yield running


@pytest.fixture
def open_bot(server, ctx, settings):
    """Return a maker of running bots; each is stopped at the end."""
    opened, everybody = [], settings(ADMIN_IDS=" ".join(map(str, range(1, 51))))

    def make(*commands, settings=None):
        base = ctx()
        registry = {**base.commands, **{c.name: c for c in commands}}
        base = replace(base, commands=registry, config=settings or everybody)
        stop = threading.Event()
        api = post.connect(server.token, server.url, str)
        made = chat.Telegram(api, post.Post(api, stop), base, stop)
        opened.append(made)
        made.start()
        return made

    yield make
    for made in opened:
        halt(made)
