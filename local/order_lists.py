"""The local exchange's order lists: pairs of which one order cancels the other."""

from typing import Any

from local.accounts import Order
from local.calls import UNKNOWN, Call, allow, ending, hide, some, span, tell_counts
from local.spot_orders import Rejected, asked, group, leg, placed


def new_oco(call: Call) -> dict[str, Any]:
    """Take in two orders of which one cancels the other."""
    call.form.must("quantity")
    orders = []
    for way in ("above", "below"):
        order = asked(leg(call.form, way), call.account, call.now_ms)
        if order.type in ("LIMIT", "MARKET"):
            raise Rejected(-1014, "Unsupported order combination.")
        call.engine.check(order, call.account, call.now_ms, joined=2)
        orders.append(order)
    client = call.form.client("listClientOrderId")
    kind = call.form.response("LIMIT_MAKER")
    text = "SELECT id FROM lists WHERE account = ? AND client = ?"
    for (number,) in call.engine.accounts.rows(text, call.account.id, client):
        if call.engine.accounts.orders("list_id = ? AND open = 1", number):
            raise Rejected(-2010, "Duplicate order sent.")
    allow(call, 2)
    number = call.engine.place_list(orders, client, call.now_ms)
    hide(call, orders)
    tell_counts(call)
    reports = [placed(order, kind, []) for order in orders]
    return group(number, client, call.now_ms, orders, reports)


def lists(call: Call, where: str = "1", *values: Any) -> list[tuple[int, str, int, list[Order]]]:
    """Return the account's lists that are told: number, client's id, when it was made, orders."""
    text = f"SELECT id, client, made FROM lists WHERE account = ? AND {where} ORDER BY id"  # noqa: S608
    rows = call.engine.accounts.rows(text, call.account.id, *values)
    found = [(*row, call.orders("list_id = ?", row[0])) for row in rows]
    return [row for row in found if row[3]]


def find_list(call: Call, name: str) -> tuple[int, str, int, list[Order]] | None:
    """Return the list a request names."""
    call.form.one_of("orderListId", name)
    number, client = call.form.number("orderListId"), call.form.text(name)
    key, value = ("client", client) if number is None else ("id", number)
    found = lists(call, f"{key} = ?", value)
    if not found or (client is not None and found[-1][1] != client):
        return None
    return found[-1]


def query_list(call: Call) -> dict[str, Any]:
    """Tell one list."""
    found = find_list(call, "origClientOrderId")
    if found is None:
        raise Rejected(-2018, "Order list does not exist.")
    number, client, made, orders = found
    return group(number, client, made, orders)


def cancel_list(call: Call) -> dict[str, Any]:
    """Cancel a list."""
    symbol, found = call.symbol(), find_list(call, "listClientOrderId")
    going = [order for order in found[3] if order.open] if found else []
    if not going or going[0].symbol != symbol:
        raise Rejected(-2011, UNKNOWN)
    ended = call.engine.cancel(going[0], call.now_ms)
    return ending(call, ended, call.form.client("newClientOrderId"))[0]


def all_lists(call: Call) -> list[dict[str, Any]]:
    """Tell the account's lists."""
    first, (start, end) = call.form.number("fromId"), span(call)
    found = lists(call, "id >= ? AND made BETWEEN ? AND ?", first or 0, start, end)
    return [group(*row) for row in some(call, found, first is not None or start > 0)]


def open_lists(call: Call) -> list[dict[str, Any]]:
    """Tell the lists of which an order is open."""
    return [group(*row) for row in lists(call) if any(order.open for order in row[3])]
