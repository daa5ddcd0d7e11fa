"""The tables of every row that must survive, and the steps from each earlier version."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    inspect,
    text,
)
from sqlalchemy.schema import CreateColumn


class Money(TypeDecorator):
    """Hold an amount of money exactly, as its digits."""

    impl, cache_ok = Text, True

    def process_bind_param(self, value: Decimal | None, _: Any) -> str | None:
        """Return the digits of an amount."""
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, _: Any) -> Decimal | None:
        """Return the amount of some digits."""
        return None if value is None else Decimal(value)


tables = MetaData()
meta = Table("meta", tables, Column("version", Integer, nullable=False))
users = Table(
    "users",
    tables,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("lang", Text),
    Column("zone", Text),
    Column("since", BigInteger, nullable=False),
    Column("theme", Text),
    Column("quiet", Text),
    Column("band", Text),
)
members = Table(
    "members",
    tables,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("lang", Text),
    Column("asked", BigInteger),
    Column("decided", BigInteger),
    Column("decider", BigInteger),
)
favourites = Table(
    "favourites",
    tables,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("symbol", Text, primary_key=True),
    Column("place", Integer, nullable=False),
)
updates = Table(
    "updates",
    tables,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("body", Text),
    Column("received", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("done", BigInteger),
)
hosts = Table(
    "hosts",
    tables,
    Column("name", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)
readings = Table(
    "readings",
    tables,
    Column("name", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double, nullable=False),
)
spending = Table(
    "spending",
    tables,
    Column("name", Text, primary_key=True),
    Column("month", Text, primary_key=True),
    Column("used", Integer, nullable=False),
)
pushes = Table(
    "pushes",
    tables,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("line", Text, primary_key=True),
    Column("chat_id", BigInteger, nullable=False),
    Column("minute", Integer, nullable=False),
    Column("day", Text, nullable=False),
    Column("topic", BigInteger),
)
formulas = Table(
    "formulas",
    tables,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("text", Text, nullable=False),
)
alarms = Table(
    "alarms",
    tables,
    Column("id", Integer, primary_key=True),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("chat_id", BigInteger, nullable=False),
    Column("topic", BigInteger),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("targets", Text, nullable=False),
    Column("interval", Text, nullable=False),
    Column("band", Double, nullable=False),
    Column("steady", Boolean, nullable=False),
    Column("cooldown", BigInteger),
    Column("until", BigInteger),
    Column("snooze", BigInteger),
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("last_fired", BigInteger),
    Column("follow", Text, nullable=False, server_default=""),
)
alarm_states = Table(
    "alarm_states",
    tables,
    Column("alarm_id", Integer, primary_key=True, autoincrement=False),
    Column("symbol", Text, primary_key=True),
    Column("armed", Boolean, nullable=False),
    Column("value", Double),
    Column("fired", BigInteger),
    Column("checked", BigInteger, nullable=False),
)
firings = Table(
    "firings",
    tables,
    Column("id", Integer, primary_key=True),
    Column("alarm_id", Integer, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("topic", BigInteger),
    Column("symbol", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("value", Double),
    Column("text", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("made", BigInteger, nullable=False, index=True),
    Column("tries", Integer, nullable=False),
    Column("message_id", BigInteger),
    Column("delivered", BigInteger),
    Column("dropped", BigInteger),
    Column("source", Text),
)
tokens = Table(
    "tokens",
    tables,
    Column("token", Text, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("made", BigInteger, nullable=False),
)
notes = Table(
    "notes",
    tables,
    Column("name", Text, primary_key=True),
    Column("text", Text, nullable=False),
)
traders = Table(
    "traders",
    tables,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("mode", Text, nullable=False),
    Column("stopped", BigInteger),
    Column("approved", BigInteger),
)
openings = Table(
    "openings",
    tables,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("mode", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("worth", Money, nullable=False),
    Column("warned", Boolean, nullable=False),
    Column("at", BigInteger),
    Column("held", Text),
)
keys = Table(
    "keys",
    tables,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("mask", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("checked", BigInteger, nullable=False),
)
intents = Table(
    "intents",
    tables,
    Column("id", Integer, primary_key=True),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("chat_id", BigInteger, nullable=False),
    Column("mode", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("kind", Text, nullable=False),
    *(Column(name, Money) for name in ("quantity", "spend", "price", "stop", "bound")),
    Column("trail", Integer),
    *(Column(name, Money) for name in ("target", "loss", "last")),
    Column("nonce", Text, nullable=False, unique=True),
    Column("parent", Integer, index=True),
    Column("after", Integer),
    Column("state", Text, nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("sent", BigInteger),
    Column("asks", Integer, nullable=False),
    Column("again", BigInteger),
    Column("closed", BigInteger),
)
orders = Table(
    "orders",
    tables,
    Column("id", Integer, primary_key=True),
    Column("intent_id", Integer, nullable=False, index=True),
    Column("client_id", Text, nullable=False, unique=True),
    Column("exchange_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("state", Text, nullable=False),
    *(Column(name, Money, nullable=False) for name in ("quantity", "executed", "quote")),
    *(Column(name, Money, nullable=False) for name in ("price", "stop")),
    Column("updated", BigInteger, nullable=False),
)
fills = Table(
    "fills",
    tables,
    Column("id", Integer, primary_key=True),
    Column("intent_id", Integer, nullable=False, index=True),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("mode", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("trade", Text, nullable=False),
    *(Column(name, Money, nullable=False) for name in ("price", "quantity", "fee")),
    Column("asset", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    UniqueConstraint("user_id", "mode", "symbol", "trade"),
)
wallets = Table(
    "wallets",
    tables,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("asset", Text, primary_key=True),
    Column("free", Money, nullable=False),
    Column("locked", Money, nullable=False),
)
ledger = Table(
    "ledger",
    tables,
    Column("id", Integer, primary_key=True),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("asset", Text, nullable=False),
    Column("amount", Money, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
paper_orders = Table(
    "paper_orders",
    tables,
    Column("id", Integer, primary_key=True),
    Column("user_id", BigInteger, nullable=False, index=True),
    Column("client_id", Text, nullable=False, unique=True),
    Column("list_id", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("state", Text, nullable=False, index=True),
    *(Column(name, Money, nullable=False) for name in ("quantity", "executed", "quote")),
    *(Column(name, Money, nullable=False) for name in ("price", "stop", "held")),
    Column("asset", Text, nullable=False, server_default=""),
    Column("trail", Integer),
    Column("peak", Money),
    Column("triggered", Boolean, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
)
paper_fills = Table(
    "paper_fills",
    tables,
    Column("id", Integer, primary_key=True),
    Column("order_id", Integer, nullable=False, index=True),
    *(Column(name, Money, nullable=False) for name in ("price", "quantity", "fee")),
    Column("asset", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
leases = Table(
    "leases",
    tables,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("beat", BigInteger, nullable=False),
    Column("wanted", Text, nullable=False),
    Column("change", Text, nullable=False),
)


def make(*wanted: Table) -> Callable[[Connection], None]:
    """Return a migration that makes tables."""
    return lambda connection: tables.create_all(connection, tables=list(wanted))


def extend(*wanted: Column) -> Callable[[Connection], None]:
    """Return a migration that adds columns where an earlier version made the table."""

    def step(connection: Connection) -> None:
        for column in wanted:
            there = {row["name"] for row in inspect(connection).get_columns(column.table.name)}
            if column.name not in there:
                described = CreateColumn(column).compile(dialect=connection.dialect)
                connection.execute(text(f"ALTER TABLE {column.table.name} ADD COLUMN {described}"))

    return step


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    make(meta, users, favourites, updates, hosts),
    make(pushes),
    make(spending),
    extend(pushes.c.topic),
    make(readings),
    make(formulas),
    make(alarms, alarm_states, firings, tokens),
    extend(users.c.theme),
    make(traders, openings, keys, intents, orders, fills),
    make(wallets, ledger, paper_orders, paper_fills),
    extend(paper_orders.c.asset),
    extend(users.c.quiet),
    make(leases),
    extend(alarms.c.follow),
    make(notes),
    make(members),
    extend(users.c.band),
    extend(openings.c.at, openings.c.held),
    extend(firings.c.source),
)
