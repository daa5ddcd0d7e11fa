"""What trades were worth: first in, first out, fees and all, and nothing made up."""

import csv
import io
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from order_rows import Trade
from orders import BUY, HUNDRED, ZERO

HEAD = ("time", "symbol", "side", "price", "quantity", "fee", "fee_asset", "trade", "order")
Worth = Callable[[str], Decimal | None]


class Position(NamedTuple):
    """What is held of a symbol: `cost` in quote with fees; `free` what came without a known cost.

    `realised` is what its sales have gained, after fees. `fees` in quote.
    """

    symbol: str
    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO

    @property
    def average(self) -> Decimal | None:
        """Return what a coin of it has cost, fees and all; None where nothing is held."""
        return self.cost / self.quantity if self.quantity else None

    def even(self, fee: Decimal) -> Decimal | None:
        """Return the price at which selling it all would neither gain nor lose, after a fee."""
        return self.average / (1 - fee) if self.average is not None else None


class Sale(NamedTuple):
    """A sale and what it gained: `paid` is what was sold had cost, `got` what it brought."""

    symbol: str
    intent_id: int
    at: int
    quantity: Decimal
    paid: Decimal
    got: Decimal

    @property
    def gain(self) -> Decimal:
        """Return the gain in quote, after fees."""
        return self.got - self.paid


class Account(NamedTuple):
    """Every position and sale of some trades.

    `unmatched` is what was sold by symbol though no purchase of it is known, `unpriced` the fees
    paid in assets whose price is not known, by asset: neither is in any gain.
    """

    positions: dict[str, Position]
    sales: list[Sale]
    unmatched: dict[str, Decimal]
    unpriced: dict[str, Decimal]


class Record(NamedTuple):
    """What sales say of a trader; money in quote, None where there is nothing to say it by."""

    sales: int
    won: int
    gained: Decimal
    expectancy: Decimal | None
    factor: Decimal | None
    drawdown: Decimal
    best: Decimal | None
    worst: Decimal | None

    @property
    def rate(self) -> Decimal | None:
        """Return the share of sales that gained, in percent."""
        return HUNDRED * self.won / self.sales if self.sales else None


def account(trades: Iterable[Trade], worth: Worth, base: Mapping[str, str]) -> Account:
    """Return the account of some trades, the oldest first: first in, first out.

    `worth` tells what one of an asset is worth in quote, None where that is not known; `base`
    the asset of a symbol. A fee in the coin itself lowers what is held, one in another asset is
    valued by `worth`.
    """
    made = Account({}, [], {}, {})
    lots: dict[str, deque[tuple[Decimal, Decimal]]] = {}
    for trade in trades:
        held = lots.setdefault(trade.symbol, deque())
        fee, taken = charged(trade, worth, base.get(trade.symbol, ""), made.unpriced)
        value = trade.quantity * trade.price
        before = made.positions.get(trade.symbol, Position(trade.symbol))
        after = before._replace(fees=before.fees + fee + taken * trade.price)
        if trade.side == BUY:
            held.append((trade.quantity - taken, value + fee))
            made.positions[trade.symbol] = grown(after, trade.quantity - taken, value + fee)
            continue
        sold, paid = out(held, trade.quantity + taken)
        got = (value - fee) * sold / (trade.quantity + taken)
        if sold < trade.quantity + taken:
            missing = trade.quantity + taken - sold
            made.unmatched[trade.symbol] = made.unmatched.get(trade.symbol, ZERO) + missing
        if sold:
            made.sales.append(Sale(trade.symbol, trade.intent_id, trade.at, sold, paid, got))
        gained = after._replace(realised=after.realised + got - paid)
        made.positions[trade.symbol] = grown(gained, -sold, -paid)
    return made._replace(sales=joined(made.sales))


def grown(position: Position, quantity: Decimal, cost: Decimal) -> Position:
    """Return a position with more of its coin, or less."""
    return position._replace(quantity=position.quantity + quantity, cost=position.cost + cost)


def charged(
    trade: Trade, worth: Worth, base: str, unpriced: dict[str, Decimal]
) -> tuple[Decimal, Decimal]:
    """Return a trade's fee in quote, and in its own coin where it was taken of that."""
    if trade.asset == base:
        return ZERO, trade.fee
    if trade.symbol == base + trade.asset or not trade.fee:
        return trade.fee, ZERO
    price = worth(trade.asset)
    if price is None:
        unpriced[trade.asset] = unpriced.get(trade.asset, ZERO) + trade.fee
        return ZERO, ZERO
    return trade.fee * price, ZERO


def out(held: deque[tuple[Decimal, Decimal]], wanted: Decimal) -> tuple[Decimal, Decimal]:
    """Take a quantity out of lots, the oldest first; return how much there was, and its cost."""
    sold = paid = ZERO
    while held and sold < wanted:
        quantity, cost = held.popleft()
        taken = min(quantity, wanted - sold)
        part = cost * taken / quantity if quantity else cost
        sold, paid = sold + taken, paid + part
        if taken < quantity:
            held.appendleft((quantity - taken, cost - part))
    return sold, paid


def joined(sales: Iterable[Sale]) -> list[Sale]:
    """Return sales with the fills of one order as one, in the order of their last."""
    by_order: dict[tuple[str, int], Sale] = {}
    for sale in sales:
        key = sale.symbol, sale.intent_id
        one = by_order.pop(key, sale._replace(quantity=ZERO, paid=ZERO, got=ZERO))
        amounts = (one.quantity + sale.quantity, one.paid + sale.paid, one.got + sale.got)
        by_order[key] = Sale(*key, sale.at, *amounts)
    return list(by_order.values())


def record(sales: Sequence[Sale]) -> Record:
    """Return what sales say of a trader; a drawdown is from the highest sum of gains so far."""
    gains = [sale.gain for sale in sales]
    won, lost = [g for g in gains if g > 0], [g for g in gains if g < 0]
    total = high = deepest = ZERO
    for gain in gains:
        total += gain
        high = max(high, total)
        deepest = max(deepest, high - total)
    return Record(
        len(gains),
        len(won),
        total,
        total / len(gains) if gains else None,
        sum(won, ZERO) / -sum(lost, ZERO) if lost else None,
        deepest,
        max(gains, default=None),
        min(gains, default=None),
    )


def curve(
    trades: Iterable[Trade],
    times: np.ndarray,
    closes: Mapping[str, np.ndarray],
    worth: Worth,
    base: Mapping[str, str],
) -> np.ndarray:
    """Return what trades had gained at some instants (ms), `(times,)`, in quote.

    `closes` are the prices then, by symbol; where one is NaN and something is held, so is the sum.
    """
    total = np.zeros(len(times))
    for symbol, mine in grouped(trades).items():
        cash, held = np.zeros(len(times)), np.zeros(len(times))
        for trade in mine:
            fee, taken = charged(trade, worth, base.get(symbol, ""), {})
            sign = 1 if trade.side == BUY else -1
            since = times >= trade.at
            cash[since] -= float(sign * trade.quantity * trade.price + fee)
            held[since] += float(sign * trade.quantity - taken)
        held[np.abs(held) < 1e-12] = 0
        total += cash + np.where(held == 0, 0, held * closes.get(symbol, np.nan))
    return total


def grouped(trades: Iterable[Trade]) -> dict[str, list[Trade]]:
    """Return trades by symbol."""
    found: dict[str, list[Trade]] = {}
    for trade in trades:
        found.setdefault(trade.symbol, []).append(trade)
    return found


def table(trades: Iterable[Trade]) -> bytes:
    """Return trades as a CSV file, times in UTC."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(HEAD)
    for one in trades:
        at = datetime.fromtimestamp(one.at / 1000, UTC).isoformat(timespec="milliseconds")
        amounts = (f"{one.price:f}", f"{one.quantity:f}", f"{one.fee:f}")
        rows.writerow((at, one.symbol, one.side, *amounts, one.asset, one.trade, one.intent_id))
    return out.getvalue().encode()
