"""Every command, as everybody who may not: nothing of it runs, and no broker is ever reached."""

import pytest

import bot
import commands
from roles import ADMIN, LIVE, READER, TRADER

LOADED = commands.load()
OWN = sorted({command.name for command in LOADED.values()})
GUARDED = [name for name in OWN if LOADED[name].role != READER]
LINES = (
    *("", " btc", " btc 100usdt", " btc 0.1", " hepsi", " onay x", " vazgec x", " sifirla"),
    *(" kapat", " al btc 1 limit 5", " sat btc %50 stop 5", " btc 2", " 1", " izin 9", " 9 trader"),
    *(" " + "k" * 64 + " " + "s" * 64, " btc > 1", " dışa"),
)


class Alarmed:
    """A desk that notes whoever reaches for it, and gives nothing."""

    def __init__(self):
        self.touched = []

    def __getattr__(self, name):
        self.touched.append(name)
        raise AssertionError(name)


def talk(ctx, name, registry=None, **who):
    """Return what every line of a command leads to, and what of the desk was reached for."""
    desk = Alarmed()
    base = bot.replace(ctx(**who), desk=desk, commands=registry or LOADED)
    return [reply for more in LINES for reply in bot.answer(f"/{name}{more}", base)], desk.touched


def deaf(name):
    """Return the registry with one command that would tell if it ran."""
    ran = []
    return ran, {**LOADED, name: bot.replace(LOADED[name], run=ran.append)}


def test_every_trading_command_says_that_it_trades():
    trading = {name for name in OWN if LOADED[name].group == "trading"}
    assert {name for name in OWN if LOADED[name].role == TRADER} == trading
    assert {"al", "sat", "emir", "canli", "kagit", "panik", "apikey"} <= trading


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("kind", ["private", "supergroup"])
def test_a_stranger_runs_nothing(ctx, name, kind):
    ran, registry = deaf(name)
    replies, touched = talk(ctx, name, registry, role="", kind=kind)
    assert not ran and not touched and {reply.failed for reply in replies} == {1}


@pytest.mark.parametrize("name", OWN)
def test_a_reader_reaches_no_broker(ctx, name):
    replies, touched = talk(ctx, name, role=READER)
    assert not touched and all(reply.failed < 2 for reply in replies)


@pytest.mark.parametrize("name", GUARDED)
def test_a_reader_runs_nothing_that_needs_more(ctx, name):
    ran, registry = deaf(name)
    replies, _ = talk(ctx, name, registry, role=READER)
    assert not ran and {reply.failed for reply in replies} == {1}


@pytest.mark.parametrize("name", [name for name in OWN if LOADED[name].role == ADMIN])
@pytest.mark.parametrize("role", [TRADER, LIVE])
def test_a_trader_runs_nothing_of_an_admin(ctx, name, role):
    ran, registry = deaf(name)
    talk(ctx, name, registry, role=role)
    assert not ran


@pytest.mark.parametrize("name", OWN)
def test_nobody_reaches_a_broker_in_a_group_not_even_an_admin(ctx, name):
    replies, touched = talk(ctx, name, role=ADMIN, kind="supergroup")
    assert not touched and all(reply.failed < 2 for reply in replies)


@pytest.mark.parametrize("name", [name for name in GUARDED if not LOADED[name].secret])
@pytest.mark.parametrize("kind", ["group", "supergroup", "channel"])
def test_what_needs_more_than_reading_does_not_run_in_a_group(ctx, name, kind):
    ran, registry = deaf(name)
    replies, _ = talk(ctx, name, registry, role=ADMIN, kind=kind)
    assert not ran and all("özel sohbette" in reply.text for reply in replies)


def test_the_alarmed_desk_is_alarmed(ctx):
    """Show that the tests above can fail."""
    _, touched = talk(ctx, "al", role=TRADER)
    assert touched
