"""Orders through faults and kills: 300 at a live exchange, each hit by a fault or the bot killed.

The bot's own desk trades by signed HTTP at the local exchange, a process of its own. In both a
clock runs ten times as fast, so that every wait is that much shorter. In the end the exchange's
orders are held against the journal.
"""

import json
import logging
import multiprocessing
import os
import random
import signal
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import requests

import config
import preflight
import vault
from accounts import Accounts
from bot import User, UserError
from db import Db
from local.accounts import key_pair
from local.exchange import Exchange
from local.exchange_server import serve
from local.tape import Tape
from order_rows import DROPPED, PENDING, READY, REFUSED, STUCK, Intent, Key
from orders import BUY, LIMIT, LIVE, MARKET, OCO, SELL, STOP, TRAIL, ZERO, Draft
from sources import Sources
from trade import BARE, Desk

ORDERS, RATE, USER, MASTER, SEED = (
    300,
    10,
    User(7, "Ayşe", role="live"),
    "a master key for the bench",
    7,
)
COINS = ("BTC", "ETH", "SOL", "BNB", "XRP", "TRX", "ADA", "DOGE", "LTC", "LINK")
FATES = (
    *("timeout", "drop", "500", "502", "503", "504", "-1001", "-1006", "-1021", "-2010"),
    *("timeout_after", "drop_after", "500_after", "504_after", "-1001_after", "-1006_after"),
    *("html_after", "garbage_after", "duplicate", "hidden", "partial", "429", "418", "html"),
)
PLACES = ("GET /api/v3/order*", "DELETE /api/v3/order*", "GET /api/v3/myTrades")
LONGEST, PAUSE, MOST_OPEN = 0.12, 0.05, 12
CAPS = {"MAX_ORDER": "5000", "MAX_COIN": "9999999", "MAX_DAY": "99999999", "MAX_LOSS": "99"}


class Chaos(NamedTuple):
    """What came of it: orders and kills, and how the exchange and the journal differ in the end."""

    orders: int
    kills: int
    faults: int
    doubled: int
    lost: int
    unlike: int
    unresolved: int
    unprotected: int
    made: Counter[str]


def quick(begun: float) -> Any:
    """Return a clock that runs fast since an instant."""
    return lambda: begun + RATE * (time.time() - begun)


def market(folder: str, begun: float, up: Connection) -> None:
    """Be the exchange, with an account that has some of every coin."""
    logging.disable()
    prepared(folder, begun)
    exchange = Exchange(Tape(), quick(begun), f"{folder}/exchange.db", sleep=nap)
    purse = dict.fromkeys((*COINS, "USDT"), "9000000")
    exchange.open_account(*key_pair("chaos"), purse)
    read, write = os.pipe()
    os.dup2(write, 1)
    threading.Thread(
        target=lambda: up.send(os.read(read, 200).decode().strip()), daemon=True
    ).start()
    serve(exchange, 0)


def nap(seconds: float) -> None:
    """Sleep as long as some seconds of the fast clock take."""
    time.sleep(seconds / RATE)


def opened(folder: str, url: str, begun: float) -> Desk:
    """Return the desk of a bot that trades live at an exchange."""
    environ = {"DATA_DIR": folder, "LIVE_TRADING": "1", "MASTER_KEY": MASTER, "MOCK": "0", **CAPS}
    environ |= {"BINANCE_URL": url, "BINANCE_DATA_URL": url, "REPEAT_SECONDS": "0"}
    settings = config.load(environ, env_file=os.devnull)
    clock, database = quick(begun), Db(f"sqlite:///{folder}/bot.db", quick(begun))
    sources = Sources(settings, database, clock=clock, sleep=nap)
    owned = Accounts(settings, sources, database, clock, nap)
    return Desk(sources, database, owned, preflight.caps(settings), clock)


def trader(folder: str, url: str, begun: float, seed: int, talk: Connection) -> None:
    """Be the bot: follow orders, and make one after another as told, until killed."""
    logging.disable()
    desk, dice = opened(folder, url, begun), random.Random(seed)
    ready(desk)
    threading.Thread(target=followed, args=(desk,), daemon=True).start()
    while True:
        try:
            wanted, old = chosen(desk, dice)
            _, token = desk.offer(USER, wanted, old)
        except UserError:
            time.sleep(PAUSE)
            continue
        talk.send(token)
        talk.recv()
        with suppress(UserError):
            desk.confirm(USER, USER.id, token)
            if len(waiting := desk.rows.living(USER.id, LIVE)) > MOST_OPEN:
                desk.cancel(dice.choice(waiting))
        talk.send("")


def ready(desk: Desk, patience: float = 60) -> None:
    """Bring a desk and the exchange together, whatever fails on the way. Raises UserError."""
    end = time.monotonic() + patience
    while True:
        try:
            return desk.reconcile()
        except UserError:
            if time.monotonic() > end:
                raise
        time.sleep(0.02)


def followed(desk: Desk) -> None:
    """Follow a desk's orders for ever."""
    while True:
        with suppress(UserError):
            desk.follow()
        time.sleep(0.01)


def chosen(desk: Desk, dice: random.Random) -> tuple[Draft, Intent | None]:
    """Return an order of any kind, and the open one it stands in for. Raises UserError."""
    symbol = f"{dice.choice(COINS)}USDT"
    last = Decimal(repr(desk.sources.prices().data[symbol]))
    worth = Decimal(dice.randrange(20, 400))
    some, away = worth / last, Decimal(dice.randrange(5, 40)) / 1000
    guards = {"target": Decimal(dice.randrange(1, 9)), "loss": Decimal(dice.randrange(1, 9))}
    low, high = last * (1 - away), last * (1 + away)
    held = [one for one in desk.rows.living(USER.id, LIVE) if one.kind in (OCO, STOP)]
    if held and dice.random() < 0.15:
        old = dice.choice(held)
        move = {"stop": old.stop and old.stop * (1 - away / 9)}
        return old.draft._replace(**move, bound=move["stop"] and move["stop"] * D995), old
    return dice.choice(
        (
            Draft(symbol, BUY, MARKET, spend=worth, **guards),
            Draft(symbol, BUY, MARKET, spend=worth, loss=guards["loss"]),
            Draft(symbol, BUY, MARKET, some, **guards),
            Draft(symbol, BUY, LIMIT, some, price=low, **guards),
            Draft(symbol, BUY, LIMIT, some, price=last * Decimal("1.002"), **guards),
            Draft(symbol, SELL, MARKET, some),
            Draft(symbol, SELL, LIMIT, some, price=high),
            Draft(symbol, SELL, STOP, some, stop=low, bound=low * D995),
            Draft(symbol, SELL, OCO, some, price=high, stop=low, bound=low * D995),
            Draft(symbol, SELL, TRAIL, some, trail=200, bound=last * D995),
        )
    ), None


D995 = Decimal("0.995")


def chaos(folder: str, orders: int = ORDERS, seed: int = SEED) -> Chaos:
    """Let a bot make so many orders, each hit once, then compare what the two sides know."""
    dice, begun, kills, faults, made = random.Random(seed), time.time(), 0, 0, 0
    exchange, wire = born(market, folder, begun)
    url = wire.recv()
    bot, talk = born(trader, folder, url, begun, seed)
    while made < orders:
        talk.recv()
        made += 1
        hit = dice.random() < 0.5
        if not hit:
            told(
                url, "POST", [fault(dice, "POST /api/v3/order*"), fault(dice, dice.choice(PLACES))]
            )
            faults += 1
        talk.send(True)
        if hit:
            time.sleep(dice.uniform(0, LONGEST))
            killed(bot)
            kills += 1
            bot, talk = born(trader, folder, url, begun, seed + kills)
        else:
            talk.recv()
    killed(bot)
    told(url, "DELETE")
    settled(folder, url, begun)
    seen = compared(folder, json.loads(told(url, "GET", path="/_orders")), begun)
    killed(exchange)
    return Chaos(made, kills, faults, *seen)


def fault(dice: random.Random, where: str) -> dict[str, Any]:
    """Return a fault that hits one request."""
    kind = dice.choice(FATES)
    seconds = {"418": 60, "429": 20, "hidden": 8}.get(kind, 0.02)
    return {"where": where, "kind": kind, "seconds": seconds, "seed": dice.randrange(999)}


def told(url: str, method: str, body: Any = None, path: str = "/_faults") -> bytes:
    """Return what the exchange's back door answers."""
    return requests.request(method, url + path, json=body, timeout=30).content


def prepared(folder: str, begun: float) -> None:
    """Write a user who trades live, with a sealed key."""
    database = Db(f"sqlite:///{folder}/bot.db", quick(begun))
    pair = vault.Pair(*key_pair("chaos"))
    sealed = vault.seal(pair, USER.id, MASTER)
    database.orders.save_keys([Key(USER.id, vault.mask(pair.key), sealed, database.now())])
    database.orders.save_trader(USER.id, mode=LIVE)
    database.close()


def settled(folder: str, url: str, begun: float, patience: float = 120) -> None:
    """Let a bot without faults find out what became of every order. Raises TimeoutError."""
    desk, end = opened(folder, url, begun), time.monotonic() + patience
    ready(desk)
    while any(one.state in (*PENDING, STUCK) or one.again == 0 for one in desk.rows.living()):
        if time.monotonic() > end:
            raise TimeoutError("orders are unresolved")
        with suppress(UserError):
            desk.follow()
        time.sleep(0.02)
    for intent in desk.rows.living():
        desk.rows.change(intent.id, again=0)
    desk.follow()
    desk.db.close()


def compared(folder: str, there: list[dict[str, Any]], begun: float) -> tuple:
    """Return how many orders are doubled, lost, unlike, unresolved and unprotected."""
    database = Db(f"sqlite:///{folder}/bot.db", quick(begun))
    rows, every = database.orders, database.orders.of(USER.id, LIVE)
    names = Counter(name_of(row) for row in there)
    at = {name_of(row): row for row in there}
    known = {name: intent for intent in every for name in intent.client_ids}
    doubled = sum(count - 1 for count in names.values()) + len(names.keys() - known.keys())
    made = {one.id for one in every if one.state not in (*PENDING, STUCK, REFUSED, DROPPED)}
    lost = sum((one.id in made) != (name in names) for name, one in known.items())
    unlike = sum(differs(rows, known[name], row) for name, row in at.items() if name in known)
    unresolved = sum(one.state in (*PENDING, STUCK) for one in every)
    bare = {f.text for f in database.alarms.outbox() if f.text.startswith(BARE)}
    unprotected = sum(naked(rows, one, bare) for one in every)
    states = Counter(f"{one.side} {one.kind} {one.state}" for one in every)
    database.close()
    return doubled, lost, unlike, unresolved, unprotected, states


def name_of(row: dict[str, Any]) -> str:
    """Return the client id an order was made with."""
    return row.get("origClientOrderId") or row["clientOrderId"]


def differs(rows: Any, intent: Intent, row: dict[str, Any]) -> bool:
    """Tell whether the journal knows an order otherwise than the exchange."""
    mine = [one for one in rows.orders(intent.id) if one.client_id == name_of(row)]
    if not mine:
        return True
    executed, quote = Decimal(row["executedQty"]), Decimal(row["cummulativeQuoteQty"])
    fills = sum((f.quantity for f in rows.filled(intent.id)), ZERO)
    whole = sum((one.executed for one in rows.orders(intent.id)), ZERO)
    same = (mine[0].state, mine[0].executed, mine[0].quote) == (row["status"], executed, quote)
    return not same or fills != whole


def naked(rows: Any, intent: Intent, bare: set[str]) -> bool:
    """Tell whether what an intent bought is without the order it wanted, and nobody was told."""
    wanted = intent.side == BUY and (intent.target or intent.loss) and intent.closed is not None
    if not wanted or not rows.filled(intent.id):
        return False
    children = rows.children(intent.id)
    good = [one for one in children if one.state not in (READY, REFUSED, DROPPED)]
    told_of = any(f"{BARE} {one.id}" in bare for one in (intent, *children))
    return not good and not told_of


def born(target: Any, *args: Any) -> tuple[Any, Connection]:
    """Return a new process and the pipe to it."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bench.orders"])
    here, there = context.Pipe()
    child = context.Process(target=target, args=(*args, there), daemon=True)
    child.start()
    there.close()
    return child, here


def killed(child: Any) -> None:
    """Kill a process at once, as the host would."""
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    child.close()


def run() -> None:
    """Print what became of the orders."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        seen = chaos(folder)
        took = time.monotonic() - begun
    print(f"{seen.orders} orders, {seen.kills} kills, {seen.faults} with faults, in {took:.0f} s:")
    print(f"        doubled {seen.doubled}, lost {seen.lost}, unlike {seen.unlike},", end=" ")
    print(f"unresolved {seen.unresolved}, unprotected in silence {seen.unprotected}")
    print("        " + ", ".join(f"{name} {n}" for name, n in sorted(seen.made.items())))
