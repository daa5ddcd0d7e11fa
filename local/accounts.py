"""What the local exchange keeps: accounts, balances, orders, trades; in SQLite, by request."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from local.spot_filters import ALGO, ZERO

MARKET, FEES = -1, -2
CENT = Decimal("1e-8")
SCHEMA = """
CREATE TABLE IF NOT EXISTS accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE, secret TEXT, doc TEXT);
CREATE TABLE IF NOT EXISTS totals (
    account INTEGER, asset TEXT, amount TEXT, PRIMARY KEY (account, asset));
CREATE TABLE IF NOT EXISTS orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER, symbol TEXT, client TEXT,
    list_id INTEGER, open INTEGER, filled INTEGER, made INTEGER, doc TEXT);
CREATE TABLE IF NOT EXISTS lists (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER, symbol TEXT, client TEXT, made INTEGER);
CREATE TABLE IF NOT EXISTS trades (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER, symbol TEXT, order_id INTEGER,
    at INTEGER, doc TEXT);
CREATE TABLE IF NOT EXISTS payments (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER, asset TEXT, amount TEXT, at INTEGER);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value INTEGER);
CREATE INDEX IF NOT EXISTS orders_open ON orders (open, symbol);
CREATE INDEX IF NOT EXISTS orders_client ON orders (account, client);
CREATE INDEX IF NOT EXISTS orders_made ON orders (account, made);
CREATE INDEX IF NOT EXISTS trades_order ON trades (order_id);
"""
AMOUNTS = ("quantity", "price", "stop", "quote", "iceberg", "executed", "spent", "extreme")
FINAL = ("FILLED", "CANCELED", "EXPIRED", "REJECTED", "EXPIRED_IN_MATCH")


@dataclass
class Order:
    """An order as the exchange knows it; amounts not asked for are 0, times are UTC ms.

    `working` is when it reached the book, -1 before; `hidden` until when nobody is told of it;
    `extreme` the price a trailing stop follows, None before it began to.
    """

    account: int
    symbol: str
    side: str
    type: str
    quantity: Decimal
    client: str
    made: int
    tif: str = "GTC"
    price: Decimal = ZERO
    stop: Decimal = ZERO
    trailing: int = 0
    quote: Decimal = ZERO
    iceberg: Decimal = ZERO
    stp: str = "EXPIRE_MAKER"
    strategy: int | None = None
    id: int = 0
    list_id: int = -1
    executed: Decimal = ZERO
    spent: Decimal = ZERO
    status: str = "NEW"
    updated: int = 0
    working: int = -1
    extreme: Decimal | None = None
    followed: int = 0
    reason: str = ""
    hidden: int = 0

    @property
    def left(self) -> Decimal:
        """Return what is not yet executed."""
        return self.quantity - self.executed

    @property
    def open(self) -> bool:
        """Tell whether more may come."""
        return self.status not in FINAL

    @property
    def algo(self) -> bool:
        """Tell whether it is a conditional order that counts as such."""
        return self.type in ALGO

    def reserve(self) -> Decimal:
        """Return what it holds back: of the base asset for a sale, else of the quote asset."""
        return self.left if self.side == "SELL" else self.left * (self.price or self.stop)


@dataclass
class Account:
    """Whose key it is, what it may do and what it pays."""

    id: int
    secret: str
    maker: str = "0.00100000"
    taker: str = "0.00100000"
    burn: bool = False
    can_trade: bool = True
    spot: bool = True
    withdraw: bool = False
    reading: bool = True
    made: int = 0


def key_pair(name: str) -> tuple[str, str]:
    """Return a key and a secret of 64 letters and digits that depend on the name alone."""
    return tuple(  # type: ignore[return-value]
        blake2b(f"{part} {name}".encode(), digest_size=32).hexdigest() for part in ("key", "secret")
    )


class Accounts:
    """Keep the exchange's state in a file, or in memory."""

    def __init__(self, path: str = ":memory:") -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        self._lock = threading.RLock()
        if path != ":memory:":
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def request(self) -> Iterator[None]:
        """Keep all that is written inside, or nothing of it where it is left by an exception."""
        with self._lock:
            whole = False
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                whole = True
            finally:
                self._db.execute("COMMIT" if whole else "ROLLBACK")

    def rows(self, text: str, *values: Any) -> list[tuple]:
        """Return what a statement finds."""
        with self._lock:
            return self._db.execute(text, values).fetchall()

    def _insert(self, text: str, *values: Any) -> int:
        return int(self._db.execute(text, values).lastrowid or 0)

    def open_account(self, key: str, secret: str, **rights: Any) -> int:
        """Make an account with a key and return its number; a key that is there keeps its own."""
        found = self.account(key)
        if found:
            return found.id
        doc = json.dumps(rights)
        return self._insert(
            "INSERT INTO accounts (key, secret, doc) VALUES (?, ?, ?)", key, secret, doc
        )

    def account(self, key: str | int) -> Account | None:
        """Return whose key it is, or the account of a number."""
        column = "id" if isinstance(key, int) else "key"
        found = self.rows(f"SELECT id, secret, doc FROM accounts WHERE {column} = ?", key)  # noqa: S608
        return Account(*found[0][:2], **json.loads(found[0][2])) if found else None

    def change(self, key: str, **rights: Any) -> None:
        """Change what a key may do or its account pays."""
        for (doc,) in self.rows("SELECT doc FROM accounts WHERE key = ?", key):
            text = json.dumps(json.loads(doc) | rights)
            self.rows("UPDATE accounts SET doc = ? WHERE key = ?", text, key)

    def total(self, account: int, asset: str) -> Decimal:
        """Return all an account has of an asset, free and locked."""
        found = self.rows(
            "SELECT amount FROM totals WHERE account = ? AND asset = ?", account, asset
        )
        return Decimal(found[0][0]) if found else ZERO

    def totals(self, account: int) -> dict[str, Decimal]:
        """Return all an account has, by asset."""
        found = self.rows("SELECT asset, amount FROM totals WHERE account = ?", account)
        return {asset: Decimal(value) for asset, value in found}

    def move(self, asset: str, value: Decimal, source: int, target: int) -> None:
        """Move an amount between two accounts; the market and the fees are accounts too."""
        for account, change in ((source, -value), (target, value)):
            self.rows(
                "INSERT OR REPLACE INTO totals VALUES (?, ?, ?)",
                account,
                asset,
                str(self.total(account, asset) + change),
            )

    def pay(self, account: int, asset: str, value: Decimal, at: int) -> None:
        """Let an account be paid an amount from outside, or, below 0, out of it."""
        self.move(asset, value, MARKET, account)
        text = "INSERT INTO payments (account, asset, amount, at) VALUES (?, ?, ?, ?)"
        self._insert(text, account, asset, str(value), at)

    def add(self, order: Order) -> Order:
        """Keep a new order under a number."""
        order.id = self._insert(
            "INSERT INTO orders (account, symbol, client, list_id, made) VALUES (?, ?, ?, ?, ?)",
            order.account,
            order.symbol,
            order.client,
            order.list_id,
            order.made,
        )
        self.save(order)
        return order

    def save(self, order: Order) -> None:
        """Keep what became of an order."""
        doc = json.dumps(asdict(order), default=str)
        self.rows(
            "UPDATE orders SET doc = ?, open = ?, filled = ? WHERE id = ?",
            doc,
            order.open,
            order.executed > 0,
            order.id,
        )

    def orders(self, where: str, *values: Any) -> list[Order]:
        """Return orders by a condition on their columns, oldest first."""
        return [
            read(doc)
            for (doc,) in self.rows(f"SELECT doc FROM orders WHERE {where} ORDER BY id", *values)  # noqa: S608
        ]

    def open_orders(self, account: int | None = None, symbol: str | None = None) -> list[Order]:
        """Return open orders: of an account or all, of a symbol or all."""
        return self.orders(
            "open = 1 AND account = coalesce(?, account) AND symbol = coalesce(?, symbol)",
            account,
            symbol,
        )

    def add_list(self, account: int, symbol: str, client: str, made: int) -> int:
        """Make an order list and return its number."""
        text = "INSERT INTO lists (account, symbol, client, made) VALUES (?, ?, ?, ?)"
        return self._insert(text, account, symbol, client, made)

    def add_trade(self, account: int, symbol: str, order: int, at: int, doc: dict) -> int:
        """Keep a trade and return its number."""
        text = "INSERT INTO trades (account, symbol, order_id, at, doc) VALUES (?, ?, ?, ?, ?)"
        return self._insert(text, account, symbol, order, at, json.dumps(doc, default=str))

    def trades(self, where: str, *values: Any) -> list[dict]:
        """Return trades by a condition on their columns, oldest first."""
        found = self.rows(f"SELECT id, doc FROM trades WHERE {where} ORDER BY id", *values)  # noqa: S608
        return [{**json.loads(doc), "id": number} for number, doc in found]

    def mark(self, name: str) -> int | None:
        """Return a number kept under a name."""
        found = self.rows("SELECT value FROM marks WHERE name = ?", name)
        return found[0][0] if found else None

    def set_mark(self, name: str, value: int) -> None:
        """Keep a number under a name."""
        self.rows("INSERT OR REPLACE INTO marks VALUES (?, ?)", name, value)


def read(doc: str) -> Order:
    """Return an order out of its text."""
    made = json.loads(doc)
    numbers = {n: Decimal(made[n]) for n in AMOUNTS if made[n] is not None}
    return Order(**{**made, **numbers})
