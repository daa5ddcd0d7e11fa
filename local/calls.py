"""A signed request on its way through the local exchange, and what several paths do with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from local.accounts import Account, Order
from local.binance_query import Refused
from local.binance_rules import RATE_LIMITS
from local.exchange_faults import Twist
from local.matching import Engine
from local.spot_orders import Form, Rejected, cancelled, fill, group

DAY_MS = 86_400_000
SPANS = {"SECOND": 1000, "DAY": DAY_MS}
ORDER_LIMITS = [row for row in RATE_LIMITS if row["rateLimitType"] == "ORDERS"]
RESTRICTED = "Order was not canceled due to cancel restrictions."
CAN = {"ONLY_NEW": "NEW", "ONLY_PARTIALLY_FILLED": "PARTIALLY_FILLED"}
UNKNOWN = "Unknown order sent."
WIDE = "Lookup interval is too big. More than 24 hours between startTime and endTime."


@dataclass
class Call:
    """A request that passed the door's checks, with what its answer carries besides a body."""

    engine: Engine
    account: Account
    form: Form
    now_ms: int
    twist: Twist
    headers: dict[str, str]
    status: int = field(default=200)

    def symbol(self) -> str:
        """Return the symbol that must have been named, which is one."""
        symbol = self.form.symbol()
        self.engine.info(symbol, self.now_ms)
        return symbol

    def orders(self, where: str, *values: Any) -> list[Order]:
        """Return the account's orders that are told, by a condition."""
        found = self.engine.accounts.orders(f"account = ? AND {where}", self.account.id, *values)
        return [order for order in found if order.hidden <= self.now_ms]


class Route(NamedTuple):
    """Say who answers a path, what it may be sent, what it weighs, whether it is trading."""

    run: Callable[[Call], Any]
    parameters: tuple[str, ...] = ()
    weight: Callable[[Form], int] = lambda _: 1
    trading: bool = False


def counts(call: Call) -> list[dict[str, Any]]:
    """Return how many unfilled orders the running spans have seen."""
    out = []
    for row in ORDER_LIMITS:
        span = SPANS[row["interval"]] * row["intervalNum"]
        text = "SELECT count(*) FROM orders WHERE account = ? AND made >= ? AND filled = 0"
        found = call.engine.accounts.rows(text, call.account.id, call.now_ms // span * span)
        out.append({**row, "count": found[0][0]})
    return out


def allow(call: Call, more: int) -> None:
    """Refuse new orders above the account's limits."""
    for row in counts(call):
        span = SPANS[row["interval"]] * row["intervalNum"]
        if row["count"] + more > row["limit"]:
            call.headers["Retry-After"] = str(-(-(span - call.now_ms % span) // 1000))
            unit = f"{row['intervalNum']} {row['interval']}"
            text = f"Too many new orders; current limit is {row['limit']} orders per {unit}."
            raise Rejected(-1015, text, 429)


def tell_counts(call: Call) -> None:
    """Put the order counts among the headers."""
    for row in counts(call):
        name = f"X-MBX-ORDER-COUNT-{row['intervalNum']}{row['interval'][0]}"
        call.headers[name] = str(row["count"])


def hide(call: Call, orders: list[Order]) -> None:
    """Let nobody be told of orders for as long as a fault says."""
    for order in orders:
        if call.twist.hidden:
            order.hidden = call.now_ms + int(call.twist.hidden * 1000)
            call.engine.accounts.save(order)


def fills(call: Call, order: Order) -> list[dict[str, Any]]:
    """Return an order's fills."""
    return [fill(trade) for trade in call.engine.accounts.trades("order_id = ?", order.id)]


def find(call: Call, number: str = "orderId", name: str = "origClientOrderId") -> Order | None:
    """Return the order a request names, by its number or its client's id."""
    call.form.one_of(name, number)
    symbol, wanted, client = call.symbol(), call.form.number(number), call.form.text(name)
    if wanted is not None:
        found = call.orders("symbol = ? AND id = ?", symbol, wanted)
        if found and client is not None and found[0].client != client:
            raise Rejected(-2039, "Client order ID is not correct for this order ID.")
    else:
        found = call.orders("symbol = ? AND client = ?", symbol, client)
    return found[-1] if found else None


def span(call: Call) -> tuple[int, int]:
    """Return the instants between which something is asked for."""
    start, end = call.form.number("startTime"), call.form.number("endTime")
    if start is not None and end is not None:
        if end < start:
            raise Refused(-1128)
        if end - start > DAY_MS:
            raise Rejected(-1127, WIDE)
    return start or 0, 2**62 if end is None else end


def some(call: Call, rows: list[Any], oldest: bool) -> list[Any]:
    """Return as many rows as are wanted, from the oldest or up to the newest."""
    limit = call.form.number("limit", 500)
    if not limit:
        raise Refused(-1130, "limit")
    return rows[: min(limit, 1000)] if oldest else rows[-min(limit, 1000) :]


def restricted(call: Call, order: Order) -> None:
    """Refuse to cancel an order that is further on than the request allows."""
    wanted = call.form.text("cancelRestrictions")
    if wanted is None:
        return
    if wanted not in CAN:
        raise Refused(-1130, "cancelRestrictions")
    if order.status != CAN[wanted]:
        raise Rejected(-2011, RESTRICTED)


def ending(call: Call, ended: list[Order], name: str) -> list[dict[str, Any]]:
    """Return the answers to cancels: an order's, or a list's with its orders."""
    lists: dict[int, list[Order]] = {}
    for order in ended:
        lists.setdefault(order.list_id if order.list_id >= 0 else -order.id, []).append(order)
    out = []
    for number, orders in lists.items():
        reports = [cancelled(order, name) for order in orders]
        if number < 0:
            out += reports
        else:
            members = call.engine.accounts.orders("list_id = ?", number)
            out.append(group(number, list_client(call, number), call.now_ms, members, reports))
    return out


def list_client(call: Call, number: int) -> str:
    """Return the client's id of a list."""
    return call.engine.accounts.rows("SELECT client FROM lists WHERE id = ?", number)[0][0]


def fixed(weight: int) -> Callable[[Form], int]:
    """Return a weight that is always the same."""
    return lambda _: weight
