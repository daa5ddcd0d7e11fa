"""Faults on purpose: orders on paper, in a database of their own, that must end exactly once."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from db import Db
from logs import about
from net import Dated
from order_rows import DONE, DROPPED, Intent, meant
from order_rows import REFUSED as DECLINED
from orders import BUY, MARKET, PAPER, REFUSED, UNSURE, Answer, Draft, Rules
from paper import Paper
from risk import Limits
from shapes import Book
from trade import Desk

SYMBOL, USER, SPEND, PRICE = "BTCUSDT", 1, Decimal(120), 60_000.0
RULES = Rules(
    *(SYMBOL, "BTC", "USDT"),
    tick=Decimal("0.01"),
    step=Decimal("0.00001"),
    worth=(Decimal(5), Decimal(0)),
    types=frozenset(("LIMIT", "MARKET")),
    oco=False,
    most_orders=20,
    most_stops=5,
)
LIMITS = Limits(*map(Decimal, (1000, 2500, 5000, 5, 5)), 10)
LOST = Answer(UNSURE, text="timeout")
POOR = Answer(REFUSED, code=-2010, text="Account has insufficient balance.")


@dataclass
class Stage:
    """A market of one coin with one price, whose clock goes on only when told to."""

    now: float

    def clock(self) -> float:
        """Return the time in seconds."""
        return self.now

    def book(self, _symbol: str, _levels: int) -> Dated:
        """Return a book with more than is asked for."""
        return Dated(Book(np.array([[PRICE - 1, 9.0]]), np.array([[PRICE, 9.0]])), self.now)

    def read(self, route: Any, **_: Any) -> Dated:
        """Return the coin's rules or its mean price."""
        rules = route.endpoint.name == "rules"
        return Dated(RULES if rules else Decimal(str(PRICE)), self.now)


class Broken(Paper):
    """A paper broker that takes orders, loses what it would answer, hears none, or refuses."""

    takes, said = True, None

    def place(self, intent: Intent) -> Answer:
        """Take an order, or not, and answer what it was told to."""
        answer = super().place(intent) if self.takes else LOST
        return self.said or answer


class World:
    """What one drill has: a stage, a database in memory, and the one broker."""

    def __init__(self, now: float) -> None:
        self.stage = Stage(now)
        self.db = Db("sqlite://", self.stage.clock)
        self.broker = Broken(self.stage, self.db, USER, self.stage.clock)
        self.before = self.money()

    def open(self, *_: Any) -> Paper:
        """Return the broker, as accounts do."""
        return self.broker

    def desk(self) -> Desk:
        """Return a desk that has just started and remembers nothing."""
        return Desk(self.stage, self.db, self, LIMITS, self.stage.clock)

    def money(self) -> Decimal:
        """Return the dollars of the account."""
        one = self.broker.balances()["USDT"]
        return one.free + one.locked

    def wish(self) -> Intent:
        """Write an intent, as a confirmation does before anything is sent."""
        draft = Draft(SYMBOL, BUY, MARKET, spend=SPEND)
        return self.db.orders.add(meant(USER, USER, PAPER, draft, last=Decimal(str(PRICE))))

    def reconciled(self, intent: Intent) -> tuple[str, int]:
        """Let a new desk follow up; return the intent's state and how many times it was bought."""
        desk = self.desk()
        for seconds in (1, 5, 20):
            self.stage.now += seconds
            desk.ask(desk.due())
        found = self.db.orders.find(USER, intent.id)
        return found.state if found else "", round((self.before - self.money()) / SPEND)


def mute(world: World) -> Intent:
    """Let an order be taken and its answer be lost."""
    world.broker.said = LOST
    return world.desk().send(world.wish())


def deaf(world: World) -> Intent:
    """Let an order be lost on its way."""
    world.broker.takes = False
    return world.desk().send(world.wish())


def refused(world: World) -> Intent:
    """Let an order be refused."""
    world.broker.takes, world.broker.said = False, POOR
    return world.desk().send(world.wish())


def unsent(world: World) -> Intent:
    """End the bot between the writing and the sending of an order."""
    made = world.wish()
    world.stage.now += 1
    return made


def unbooked(world: World) -> Intent:
    """End the bot between the sending of an order and the writing of its answer."""
    made = world.wish()
    world.db.orders.begin(made.id)
    world.broker.place(made)
    return made


class Script(NamedTuple):
    """A fault, what it is called in both languages, and how its order must end."""

    play: Callable[[World], Intent]
    tr: str
    en: str
    state: str
    bought: int


SCRIPTS = (
    Script(mute, "emir alındı, yanıtı kayboldu", "order taken, its answer lost", DONE, 1),
    Script(deaf, "emir yolda kayboldu", "order lost on its way", DROPPED, 0),
    Script(refused, "borsa emri reddetti", "order refused", DECLINED, 0),
    Script(unsent, "yazıldı, yollanmadan kesildi", "written, cut off unsent", DROPPED, 0),
    Script(unbooked, "yollandı, yazılmadan kesildi", "sent, cut off unbooked", DONE, 1),
)


def played(script: Script, now: float) -> str:
    """Play a fault and reconcile; return what came of it instead of what must, "" if nothing."""
    world = World(now)
    try:
        with about(f"drill {script.en}"):
            found = world.reconciled(script.play(world))
    finally:
        world.db.close()
    return "" if found == (script.state, script.bought) else f"{found[0]} ×{found[1]}"
