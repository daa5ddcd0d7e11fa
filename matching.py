"""How orders on paper are filled: at once by a real book, later by the bars that passed.

A bar's prices are taken in the usual order, a rising bar having gone down first. What waits in
the book is filled at its limit; what is triggered at its stop, or at the open that left it behind.
Together one user's orders get at most a tenth of what was traded in a bar.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from orders import EXPIRED, FILLED, PARTLY, SELL, ZERO, Rules, ceiled, floored
from paper_rows import Deal, PaperOrder

MAKER = TAKER = Decimal("0.001")
SHARE, WHOLE = Decimal("0.1"), Decimal(10_000)


class Bar(NamedTuple):
    """What prices did from `time` to before `end`, in ms; `before` is the price before them."""

    time: int
    end: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    before: Decimal | None = None

    def moves(self) -> Iterable[tuple[int, tuple[Decimal, Decimal]]]:
        """Return the moves from price to price, the opening first, with when each began."""
        low_first = self.close >= self.open
        extremes = (self.low, self.high) if low_first else (self.high, self.low)
        quarter = (self.end - self.time) // 4
        steps = pairwise((self.open, self.open, *extremes, self.close))
        return ((self.time + max(0, i - 1) * quarter, step) for i, step in enumerate(steps))


def digits(value: float, unit: Decimal) -> Decimal:
    """Return a number of the market's as its own digits, to the nearest unit where there is one."""
    exact = Decimal(repr(float(value)))
    return (exact / unit).to_integral_value(ROUND_HALF_EVEN) * unit if unit else exact


def units(rules: Rules) -> tuple[Decimal, Decimal]:
    """Return the smallest amounts of base and quote that are counted."""
    base, quote = (Decimal(1).scaleb(-places) for places in rules.digits)
    return base, quote


def deal(
    order: PaperOrder, price: Decimal, quantity: Decimal, rate: Decimal, rules: Rules, at: int
) -> tuple[PaperOrder, Deal]:
    """Return an order after a fill, and the fill with its fee from what was received."""
    base, unit = units(rules)
    quote = floored(price * quantity, unit)
    got, smallest = (quote, unit) if order.side == SELL else (quantity, base)
    fee = min(got, ceiled(got * rate, smallest))
    executed = order.executed + quantity
    state = FILLED if executed >= order.quantity else PARTLY
    order = order._replace(executed=executed, quote=order.quote + quote, state=state)
    return order, Deal(order.client_id, price, quantity, quote, fee, at)


def needed(order: PaperOrder, rules: Rules) -> Decimal:
    """Return what must be locked for an order."""
    if order.side == SELL:
        return order.left
    return ceiled(order.price * order.left, units(rules)[1])


def reserved(orders: Sequence[PaperOrder], rules: Rules) -> list[PaperOrder]:
    """Return orders with what is held for them; the two of an OCO need only the greater."""
    made, lists = list[PaperOrder](), set[str]()
    for order in orders:
        held = ZERO
        if not order.over and order.list_id not in lists:
            mates = [one for one in orders if order.list_id and one.list_id == order.list_id]
            held = max(needed(one, rules) for one in mates or [order])
            lists |= {order.list_id} - {""}
        made.append(order._replace(held=held))
    return made


def beyond(order: PaperOrder, price: Decimal) -> bool:
    """Tell whether a price is worse than an order's limit."""
    worse = price < order.price if order.side == SELL else price > order.price
    return worse and order.price != 0


def taken(
    levels: Any, order: PaperOrder, spend: Decimal | None, rules: Rules, step: Decimal, at: int
) -> tuple[PaperOrder, list[Deal]]:
    """Return an order after it took what a book's `(levels, 2)` other side gives it, and how.

    With `spend` it takes what that much quote buys. It stops at its limit, where it has one; what
    is to be had at any price and is not there expires.
    """
    deals: list[Deal] = []
    for level, size in levels.tolist():
        price = digits(level, rules.tick)
        if beyond(order, price):
            break
        wanted = order.left if spend is None else floored((spend - order.quote) / price, step)
        quantity = floored(min(wanted, digits(size, ZERO)), step)
        if quantity > 0:
            order, one = deal(order, price, quantity, TAKER, rules, at)
            deals.append(one)
        if quantity == wanted:
            return order._replace(quantity=max(order.quantity, order.executed), state=FILLED), deals
    if not order.price:
        whole = order.quantity if spend is None else order.executed
        order = order._replace(quantity=whole, state=EXPIRED)
    return order, deals


def walk(
    orders: Sequence[PaperOrder], bar: Bar, rules: Rules, step: Decimal
) -> tuple[list[PaperOrder], list[Deal]]:
    """Return orders after a bar, and what was filled in it."""
    every, deals = list(orders), list[Deal]()
    room = bar.volume * SHARE if bar.volume.is_finite() else ZERO
    for at, (start, end) in bar.moves():
        for i, order in enumerate(every):
            if order.over or bar.time < order.seen:
                continue
            moved, price, rate = move(order, start, end, bar.before, rules.tick)
            quantity = floored(min(moved.left, room), step)
            if price is not None and quantity > 0:
                moved, one = deal(moved, price, quantity, rate, rules, at)
                deals.append(one)
                room -= quantity
            every[i] = moved
            if moved.executed > order.executed or moved.triggered != order.triggered:
                every[:] = [expired(one, moved) for one in every]
    return [one._replace(seen=bar.end) if one.seen <= bar.time else one for one in every], deals


def expired(order: PaperOrder, other: PaperOrder) -> PaperOrder:
    """Return an order, at its end where it is the other one of an OCO."""
    mates = order.list_id and order.list_id == other.list_id and order.id != other.id
    return order._replace(state=EXPIRED) if mates and not order.over else order


def move(
    order: PaperOrder, start: Decimal, end: Decimal, before: Decimal | None, tick: Decimal
) -> tuple[PaperOrder, Decimal | None, Decimal]:
    """Return an order after a move of the price, the price at which it may be filled, its fee.

    Only what a move has triggered can be filled at the market, and what is not yet at its limit
    waits in the book from then on.
    """
    if order.waits:
        order, start = trigger(order, start, end, tick)
        before = start
    if order.waits:
        return order, None, ZERO
    near, far = (not beyond(order, price) for price in (start, end))
    if order.stops and near and before is not None and not beyond(order, before):
        return order, start, TAKER
    return order, (order.price or start) if near or far else None, MAKER


def trigger(
    order: PaperOrder, start: Decimal, end: Decimal, tick: Decimal
) -> tuple[PaperOrder, Decimal]:
    """Return an order after a move that may trigger it, and the price at which that happened."""
    sign = 1 if order.side == SELL else -1

    def hit(level: Decimal) -> Decimal | None:
        reached = (price for price in (start, level) if sign * (price - level) <= 0)
        return next(reached) if min(sign * start, sign * end) <= sign * level else None

    if order.trail is None:
        at = hit(order.stop)
        return (order, start) if at is None else (order._replace(triggered=True), at)
    if order.peak is None:
        at = hit(order.stop)
        return (order, start) if at is None else trigger(order._replace(peak=at), at, end, tick)
    peak = sign * max(sign * order.peak, sign * start)
    level = peak * (1 - sign * order.trail / WHOLE)
    at = hit(floored(level, tick) if sign > 0 else ceiled(level, tick))
    if at is not None:
        return order._replace(peak=peak, triggered=True), at
    return order._replace(peak=sign * max(sign * peak, sign * end)), start
