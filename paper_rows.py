"""The rows of paper trading: wallets, the ledger that adds up to them, orders and their fills."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from orders import CANCELED, FINAL, SELL, ZERO, Balance, Fill, Seen
from schema import ledger, paper_fills, paper_orders, wallets

COIN, START = "USDT", Decimal(10_000)
RESETS = RESET, GIVEN = "reset", "start"
Opened = Callable[[], AbstractContextManager[Connection]]


class PaperOrder(NamedTuple):
    """An order on paper: `held` of `asset` is locked for it, up to `seen` (ms) it was followed.

    `price` is its limit, 0 for none; `stop` triggers it, or lets its trailing begin. `trail` is in
    basis points and `peak` the best price since it trails. Of an OCO the first holds for both.
    """

    user_id: int
    client_id: str
    list_id: str
    symbol: str
    side: str
    type: str
    state: str
    quantity: Decimal
    asset: str
    made: int
    seen: int
    price: Decimal = ZERO
    stop: Decimal = ZERO
    trail: int | None = None
    peak: Decimal | None = None
    triggered: bool = False
    executed: Decimal = ZERO
    quote: Decimal = ZERO
    held: Decimal = ZERO
    id: int = 0

    @property
    def over(self) -> bool:
        """Tell whether nothing of it can be filled any more."""
        return self.state in FINAL

    @property
    def left(self) -> Decimal:
        """Return what of it is still to be filled, in base."""
        return ZERO if self.over else self.quantity - self.executed

    @property
    def stops(self) -> bool:
        """Tell whether a price must trigger it first, or has."""
        return bool(self.stop or self.trail)

    @property
    def waits(self) -> bool:
        """Tell whether a price must still trigger it."""
        return self.stops and not self.triggered


class Deal(NamedTuple):
    """A fill to be booked: what an order gave and got, the fee being part of what it got."""

    client_id: str
    price: Decimal
    quantity: Decimal
    quote: Decimal
    fee: Decimal
    at: int


class Line(NamedTuple):
    """A change of a wallet."""

    user_id: int
    asset: str
    amount: Decimal
    reason: str
    at: int


class Account:
    """One user's wallet and orders inside one transaction, in which nobody else changes them."""

    def __init__(self, db: Connection, dialect: Any, user_id: int, now: int) -> None:
        self._db, self._dialect, self.user_id, self.now = db, dialect, user_id, now
        self._lines = list[Line]()
        row = {"user_id": user_id, "asset": COIN, "free": START, "locked": ZERO}
        first = dialect.insert(wallets).values(**row).on_conflict_do_nothing()
        if db.scalar(first.returning(wallets.c.user_id)) is not None:
            self._write(COIN, START, GIVEN)
        mine = select(wallets).where(wallets.c.user_id == user_id)
        # The one row everybody has is the lock; only a read begun after it sees all the others.
        db.execute(mine.where(wallets.c.asset == COIN).with_for_update())
        self._kept = {row.asset: Balance(row.free, row.locked) for row in db.execute(mine)}
        self._now = dict(self._kept)

    def balances(self) -> dict[str, Balance]:
        """Return what there is of every asset of which there is any."""
        return {asset: one for asset, one in self._now.items() if any(one)}

    def free(self, asset: str) -> Decimal:
        """Return what is free of an asset."""
        return self._now.get(asset, Balance(ZERO)).free

    def hold(self, asset: str, amount: Decimal) -> None:
        """Lock an amount for an order, or release one below 0."""
        free, locked = self._now.get(asset, Balance(ZERO))
        self._set(asset, Balance(free - amount, locked + amount))

    def add(self, asset: str, amount: Decimal, reason: str) -> None:
        """Add an amount to what is free, and write why."""
        free, locked = self._now.get(asset, Balance(ZERO))
        self._set(asset, Balance(free + amount, locked))
        self._write(asset, amount, reason)

    def _set(self, asset: str, balance: Balance) -> None:
        if min(balance) < 0:
            raise ValueError(f"{asset} of a paper wallet would be below 0: {balance}")
        self._now[asset] = balance

    def _write(self, asset: str, amount: Decimal, reason: str) -> None:
        if amount:
            self._lines.append(Line(self.user_id, asset, amount, reason, self.now))

    def orders(self, *where: Any) -> list[PaperOrder]:
        """Return some of the user's orders, the oldest first."""
        return found(self._db, paper_orders.c.user_id == self.user_id, *where)

    def open(self, symbol: str = "") -> list[PaperOrder]:
        """Return the open orders, of a symbol or all."""
        return self.orders(*waiting(symbol))

    def named(self, client_ids: Iterable[str]) -> list[PaperOrder]:
        """Return those of some orders that are there."""
        return self.orders(paper_orders.c.client_id.in_(list(client_ids)))

    def make(self, order: PaperOrder) -> PaperOrder:
        """Write a new order."""
        row = order._asdict()
        row.pop("id")
        made = self._db.scalar(insert(paper_orders).values(**row).returning(paper_orders.c.id))
        return order._replace(id=made)

    def settle(
        self,
        before: Iterable[PaperOrder],
        after: Sequence[PaperOrder],
        deals: Iterable[Deal] = (),
        assets: tuple[str, str] = ("", ""),
    ) -> None:
        """Write what became of orders, and let the wallet follow; `assets` are base and quote."""
        for old, new in zip(before, after, strict=True):
            self.hold(new.asset, new.held - old.held)
        known = {order.client_id: order for order in after}
        rows = [self._book(known[deal.client_id], deal, *assets) for deal in deals]
        if rows:
            self._db.execute(insert(paper_fills), rows)
        for old, new in zip(before, after, strict=True):
            if new != old:
                row = update(paper_orders).where(paper_orders.c.id == new.id)
                self._db.execute(row.values(**new._asdict()))

    def _book(self, order: PaperOrder, deal: Deal, base: str, quote: str) -> dict[str, Any]:
        """Let the wallet follow a fill; return the fill's row."""
        given, got = (base, deal.quantity), (quote, deal.quote)
        if order.side != SELL:
            given, got = got, given
        self.add(given[0], -given[1], order.client_id)
        self.add(*got, order.client_id)
        self.add(got[0], -deal.fee, f"fee {order.client_id}")
        told = {name: getattr(deal, name) for name in ("price", "quantity", "fee", "at")}
        return {"order_id": order.id, "asset": got[0]} | told

    def reset(self) -> list[str]:
        """Cancel every open order and begin with a new wallet; return the orders' client ids."""
        before = self.open()
        self.settle(before, [order._replace(state=CANCELED, held=ZERO) for order in before])
        for asset, balance in list(self._now.items()):
            self.add(asset, -balance.free, RESET)
        self.add(COIN, START, GIVEN)
        return [order.client_id for order in before]

    def save(self) -> None:
        """Write what changed of the wallet, and why."""
        if self._lines:
            self._db.execute(insert(ledger), [line._asdict() for line in self._lines])
        for asset, balance in self._now.items():
            if balance != self._kept.get(asset):
                place = {"user_id": self.user_id, "asset": asset}
                made = self._dialect.insert(wallets).values(**place, **balance._asdict())
                columns = [wallets.c.user_id, wallets.c.asset]
                self._db.execute(
                    made.on_conflict_do_update(index_elements=columns, set_=balance._asdict())
                )


class PaperRows:
    """Read and write the rows of paper trading."""

    def __init__(self, read: Opened, write: Opened, dialect: Any, now: Callable[[], int]) -> None:
        self._read, self._write, self._dialect, self._now = read, write, dialect, now

    @contextmanager
    def account(self, user_id: int) -> Iterator[Account]:
        """Open a user's account for one transaction, all of which is written or nothing."""
        with self._write() as db:
            account = Account(db, self._dialect, user_id, self._now())
            yield account
            account.save()

    def balances(self, user_id: int) -> dict[str, Balance]:
        """Return what a user has of every asset; who is new begins with START."""
        mine = select(wallets).where(wallets.c.user_id == user_id)
        with self._read() as db:
            rows = db.execute(mine).all()
        if not rows:
            with self.account(user_id) as account:
                return account.balances()
        every = {row.asset: Balance(row.free, row.locked) for row in rows}
        return {asset: one for asset, one in every.items() if any(one)}

    def reset(self, user_id: int) -> list[str]:
        """Begin a user's account anew; return the client ids of the orders that were open."""
        with self.account(user_id) as account:
            return account.reset()

    def open(self, user_id: int | None = None, symbol: str = "") -> list[PaperOrder]:
        """Return the open orders of a user or of all, the oldest first."""
        mine = [] if user_id is None else [paper_orders.c.user_id == user_id]
        with self._read() as db:
            return found(db, *mine, *waiting(symbol))

    def seen(self, user_id: int, client_ids: Iterable[str]) -> tuple[Seen, ...]:
        """Return those of some orders that are there, with their fills."""
        named = paper_orders.c.client_id.in_(list(client_ids))
        with self._read() as db:
            return tuple(
                told(db, order) for order in found(db, paper_orders.c.user_id == user_id, named)
            )

    def ledger(self, user_id: int) -> list[Line]:
        """Return every change of a user's wallet, the oldest first."""
        query = select(*(ledger.c[name] for name in Line._fields))
        query = query.where(ledger.c.user_id == user_id).order_by(ledger.c.id)
        with self._read() as db:
            return [Line(*row) for row in db.execute(query)]


def waiting(symbol: str) -> list[Any]:
    """Return the conditions of orders that are open, of a symbol or of all."""
    still = [paper_orders.c.state.not_in(FINAL)]
    return still + ([paper_orders.c.symbol == symbol] if symbol else [])


def found(db: Connection, *where: Any) -> list[PaperOrder]:
    """Return the orders that meet some conditions, the oldest first."""
    query = select(paper_orders).where(*where).order_by(paper_orders.c.id)
    return [PaperOrder(**row._mapping) for row in db.execute(query)]


def told(db: Connection, order: PaperOrder) -> Seen:
    """Return an order as a broker tells it."""
    query = select(paper_fills).where(paper_fills.c.order_id == order.id).order_by(paper_fills.c.id)
    fills = tuple(
        Fill(str(row.id), row.price, row.quantity, row.fee, row.asset, row.at)
        for row in db.execute(query)
    )
    return Seen(
        *(order.client_id, str(order.id), order.symbol, order.side, order.type, order.state),
        *(order.quantity, order.executed, order.quote, order.price, order.stop),
        at=order.seen,
        fills=fills,
        list_id=order.list_id,
    )
