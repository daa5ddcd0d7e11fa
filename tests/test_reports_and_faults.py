"""Every report under every fault: another source by name, else the past with its age, else words.

A new report is a new row of REPORTS.
"""

import re
from dataclasses import replace
from typing import NamedTuple

import pytest

import bot
import strength
from local.faults import Faulty
from local.world import open_markets
from tests.conftest import Clock
from tests.texts import KEYS, open_context

KINDS = ("timeout", "429", "418", "451", "403", "500", "html", "truncated", "wrong_types", "empty")
SPOT, MIRROR = "//api.binance.com", "//data-api.binance.vision"
FUTURES, COINGLASS = "//fapi.binance.com", "//open-api-v4.coinglass.com"
MOODS, COINGECKO = "//api.alternative.me", "//api.coingecko.com"
CMC, LIRA, SOSOVALUE = "//pro-api.coinmarketcap.com", "//api.btcturk.com", "//api.sosovalue.xyz"
START = Clock().now


class Row(NamedTuple):
    """A report: its line, the hosts that break, who answers then, and when its data is stale."""

    line: str
    hosts: tuple[str, ...]
    source: str
    later: float = 400


REPORTS = (
    Row("/p btc eth", (SPOT,), "Binance Vision"),
    Row("/p btc eth", (SPOT, MIRROR), "OKX"),
    Row("/t btc 1h", (SPOT,), "Binance Vision"),
    Row("/t btc eth arpa 1h", (SPOT, MIRROR), "OKX", 4000),
    Row("/fr", (FUTURES,), "Bybit"),
    Row("/fr pepe", (FUTURES,), "Bybit"),
    Row("/oi btc eth pepe", (FUTURES,), "Bybit", 4000),
    Row("/ls btc eth pepe", (FUTURES,), "Bybit", 15_000),
    Row("/ls btc", (FUTURES,), "Bybit", 15_000),
    Row("/liq", (COINGLASS,), ""),
    Row("/nls btc arpa", (SPOT,), "Binance Vision"),
    Row("/ob btc", (SPOT,), "Binance Vision"),
    Row("/whale btc arpa", (SPOT,), "Binance Vision"),
    Row("/io btc eth", (SPOT,), "Binance Vision"),
    Row("/io btc eth", (SPOT, MIRROR), "OKX", 4000),
    Row("/npr", (SPOT,), "Binance Vision"),
    Row("/try btc eth", (SPOT,), "Binance Vision"),
    Row("/fg 30", (MOODS,), "", 90_000),
    Row("/try btc", (LIRA,), ""),
    Row("/etf btc", (SOSOVALUE, COINGLASS), "Farside", 30_000),
    Row("/dom", (COINGECKO,), "CoinMarketCap", 4000),
    Row("/cg", (COINGECKO,), "", 90_000),
    Row("/cg shiba inu", (COINGECKO,), "", 2000),
    Row("/cmc", (CMC,), "", 90_000),
)
TABLE = [
    pytest.param(row, kind, id=f"{row.line} without {' '.join(row.hosts)}: {kind}")
    for row in REPORTS
    for kind in KINDS
]


class Still(Clock):
    """A clock that no pause between two tries moves."""

    def sleep(self, seconds):
        pass


CLOCK = Still()


class World:
    """A bot that has seen nothing yet, over markets that can be broken."""

    def __init__(self, folder):
        CLOCK.now, self.folder = START, str(folder)
        self.faulty = Faulty(open_markets(CLOCK), CLOCK, lambda _: None)
        self.start()

    def start(self):
        self.ctx = open_context(self.folder, CLOCK, KEYS, self.faulty)

    def ask(self, line, lang="tr"):
        user = replace(self.ctx.user, lang=lang)
        *_, reply = bot.answer(line, replace(self.ctx, user=user, now=int(CLOCK() * 1000)))
        return reply

    def break_all(self, hosts, kind):
        self.faulty.off()
        for host in hosts:
            self.faulty.on(host, kind)

    def close(self):
        self.ctx.sources.close()
        self.ctx.db.close()


@pytest.fixture
def open_world(tmp_path, monkeypatch):
    monkeypatch.setattr(strength, "TOP", 5)
    monkeypatch.setattr(strength, "LEADERS", 4)
    opened = []

    def make():
        folder = tmp_path / str(len(opened))
        folder.mkdir()
        opened.append(World(folder))
        return opened[-1]

    yield make
    for world in opened:
        world.close()


@pytest.fixture(scope="module")
def answers():
    """Return what each report says when its hosts are closed in an orderly way."""
    return {}


def plainly(open_world, answers, row):
    """Return what the next source says, asked where the first ones are closed to our region."""
    if row not in answers:
        world = open_world()
        for host in world.ctx.sources.hosts.values():
            if any(host.base == f"https:{broken}" for broken in row.hosts):
                host.close("region", CLOCK() + 900)
        answers[row] = world.ask(row.line).text
    return answers[row]


@pytest.mark.parametrize(("row", "kind"), TABLE)
def test_broken_hosts_are_answered_for_by_others_and_the_past(open_world, answers, row, kind):
    wanted = plainly(open_world, answers, row)
    world = open_world()
    if row.source:
        world.break_all(row.hosts, kind)
        reply = world.ask(row.line)
        assert reply.failed == 0 and reply.text == wanted
        assert f"Kaynak: {row.source}" in reply.text
    else:
        assert world.ask(row.line).failed == 0
    world.break_all(["//"], kind)
    CLOCK.now += row.later
    for lang, words in (("tr", "⏳ Veri "), ("en", "⏳ Data is ")):
        reply = world.ask(row.line, lang)
        assert reply.failed == 0 and words in reply.text
    world.close()
    world.start()
    again = world.ask(row.line, "en")
    kept = row.hosts != (COINGLASS,)
    assert again.text == reply.text if kept else again.failed == 1


@pytest.mark.parametrize(("row", "kind"), TABLE)
def test_with_nothing_known_there_is_a_sentence_and_no_number(open_world, row, kind):
    world = open_world()
    world.break_all(["//"], kind)
    for lang in ("tr", "en"):
        reply = world.ask(row.line, lang)
        assert reply.failed == 1, reply
        assert not re.search(r"[%$]", reply.text)
