"""The signed paths of the local exchange: what each is sent, weighs, does and tells."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from local.accounts import ZERO, Account, Order
from local.binance_query import Refused
from local.binance_rules import RATE_LIMITS
from local.exchange_faults import Twist
from local.matching import Engine
from local.spot_orders import (
    OCO,
    ORDER,
    Form,
    Rejected,
    asked,
    cancelled,
    fill,
    group,
    leg,
    placed,
    shown,
    told,
)

DAY_MS = 86_400_000
SPANS = {"SECOND": 1000, "DAY": DAY_MS}
ORDER_LIMITS = [row for row in RATE_LIMITS if row["rateLimitType"] == "ORDERS"]
RESTRICTED = "Order was not canceled due to cancel restrictions."
CAN = {"ONLY_NEW": "NEW", "ONLY_PARTIALLY_FILLED": "PARTIALLY_FILLED"}
UNKNOWN = "Unknown order sent."
MINE = "account = ? AND symbol = ?"
WIDE = "Lookup interval is too big. More than 24 hours between startTime and endTime."
REPLACE = "Order cancel-replace "


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


def account(call: Call) -> dict[str, Any]:
    """Tell what the account has and may do."""
    mine, locked = call.account, call.engine.locked(call.account.id, call.now_ms)
    bare = call.form.text("omitZeroBalances") == "true"
    rows = [
        {
            "asset": asset,
            "free": shown(total - locked.get(asset, ZERO)),
            "locked": shown(locked.get(asset, ZERO)),
        }
        for asset, total in sorted(call.engine.accounts.totals(mine.id).items())
        if total or not bare
    ]
    points = {name: int(Decimal(getattr(mine, name)) * 10_000) for name in ("maker", "taker")}
    rates = {"maker": mine.maker, "taker": mine.taker, "buyer": shown(ZERO), "seller": shown(ZERO)}
    return {
        **{f"{name}Commission": value for name, value in points.items()},
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": rates,
        "canTrade": mine.can_trade,
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": call.now_ms,
        "accountType": "SPOT",
        "balances": rows,
        "permissions": ["SPOT"],
        "uid": 354_937_867 + mine.id,
    }


def commission(call: Call) -> dict[str, Any]:
    """Tell what a trade of a symbol costs."""
    symbol, mine = call.symbol(), call.account
    nothing = dict.fromkeys(("maker", "taker", "buyer", "seller"), shown(ZERO))
    discount = {"enabledForAccount": mine.burn, "enabledForSymbol": True}
    return {
        "symbol": symbol,
        "standardCommission": {**nothing, "maker": mine.maker, "taker": mine.taker},
        "specialCommission": nothing,
        "taxCommission": nothing,
        "discount": {**discount, "discountAsset": "BNB", "discount": "0.75000000"},
    }


def restrictions(call: Call) -> dict[str, Any]:
    """Tell what the key may do."""
    mine = call.account
    no = ("enableInternalTransfer", "enableMargin", "enableFutures", "permitsUniversalTransfer")
    no = (*no, "enableVanillaOptions", "enablePortfolioMarginTrading", "enableFixApiTrade")
    rights = {"enableReading": mine.reading, "enableSpotAndMarginTrading": mine.spot}
    rights |= {"enableWithdrawals": mine.withdraw, **dict.fromkeys(no, False)}
    return {"ipRestrict": False, "createTime": mine.made, **rights, "enableFixReadOnly": False}


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


def new(call: Call) -> dict[str, Any]:
    """Take in an order and tell what came of it at once."""
    order = asked(call.form, call.account, call.now_ms)
    kind = call.form.response(order.type)
    call.engine.check(order, call.account, call.now_ms)
    allow(call, 1)
    call.engine.place(order, call.now_ms, call.twist.share)
    hide(call, [order])
    tell_counts(call)
    return placed(order, kind, fills(call, order))


def hide(call: Call, orders: list[Order]) -> None:
    """Let nobody be told of orders for as long as a fault says."""
    for order in orders:
        if call.twist.hidden:
            order.hidden = call.now_ms + int(call.twist.hidden * 1000)
            call.engine.accounts.save(order)


def fills(call: Call, order: Order) -> list[dict[str, Any]]:
    """Return an order's fills."""
    return [fill(trade) for trade in call.engine.accounts.trades("order_id = ?", order.id)]


def test(call: Call) -> dict[str, Any]:
    """Check an order as far as it can be checked without the matching engine."""
    order = asked(call.form, call.account, call.now_ms)
    call.form.response(order.type)
    call.engine.check(order, call.account, call.now_ms)
    if call.form.text("computeCommissionRates") != "true":
        return {}
    rates = commission(call)
    standard = rates.pop("standardCommission")
    del rates["symbol"], rates["discount"]["discountAsset"]
    names = {"standardCommissionForOrder": standard}
    names |= {f"{name}ForOrder": rates[name] for name in ("specialCommission", "taxCommission")}
    short = {k: {w: v[w] for w in ("maker", "taker")} for k, v in names.items()}
    return {**short, "discount": rates["discount"]}


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


def query(call: Call) -> dict[str, Any]:
    """Tell one order."""
    order = find(call)
    if order is None:
        raise Rejected(-2013, "Order does not exist.")
    return told(order)


def open_orders(call: Call) -> list[dict[str, Any]]:
    """Tell the open orders of a symbol or of all."""
    symbol = call.symbol() if "symbol" in call.form.sent else None
    return [told(o) for o in call.orders("open = 1 AND symbol = coalesce(?, symbol)", symbol)]


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


def all_orders(call: Call) -> list[dict[str, Any]]:
    """Tell a symbol's orders, open and ended."""
    symbol, (start, end), first = call.symbol(), span(call), call.form.number("orderId")
    where = "symbol = ? AND id >= ? AND made BETWEEN ? AND ?"
    found = call.orders(where, symbol, first or 0, start, end)
    return [told(order) for order in some(call, found, first is not None or start > 0)]


def trades(call: Call) -> list[dict[str, Any]]:
    """Tell a symbol's trades."""
    symbol, (start, end) = call.symbol(), span(call)
    first, order = call.form.number("fromId"), call.form.number("orderId")
    where = f"{MINE} AND order_id = coalesce(?, order_id) AND id >= ? AND at BETWEEN ? AND ?"
    values = (call.account.id, symbol, order, first or 0, start, end)
    found = call.engine.accounts.trades(where, *values)
    hidden = "account = ? AND symbol = ?"
    veiled = {
        one.id
        for one in call.engine.accounts.orders(hidden, call.account.id, symbol)
        if one.hidden > call.now_ms
    }
    rows = [row for row in found if row["orderId"] not in veiled]
    return some(call, rows, first is not None or start > 0)


def restricted(call: Call, order: Order) -> None:
    """Refuse to cancel an order that is further on than the request allows."""
    wanted = call.form.text("cancelRestrictions")
    if wanted is None:
        return
    if wanted not in CAN:
        raise Refused(-1130, "cancelRestrictions")
    if order.status != CAN[wanted]:
        raise Rejected(-2011, RESTRICTED)


def cancel(call: Call) -> dict[str, Any]:
    """Cancel an order; one of a list takes the list with it."""
    order, name = find(call), call.form.client("newClientOrderId")
    if order is None or not order.open:
        raise Rejected(-2011, UNKNOWN)
    restricted(call, order)
    ended = call.engine.cancel(order, call.now_ms)
    return ending(call, ended, name)[0]


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


def cancel_all(call: Call) -> list[dict[str, Any]]:
    """Cancel all that is open of a symbol."""
    found = call.orders("symbol = ? AND open = 1", call.symbol())
    if not found:
        raise Rejected(-2011, UNKNOWN)
    ended: dict[int, Order] = {}
    for order in found:
        if order.id not in ended:
            ended |= {one.id: one for one in call.engine.cancel(order, call.now_ms)}
    return ending(call, list(ended.values()), call.form.client("newClientOrderId"))


def list_client(call: Call, number: int) -> str:
    """Return the client's id of a list."""
    return call.engine.accounts.rows("SELECT client FROM lists WHERE id = ?", number)[0][0]


def replace(call: Call) -> dict[str, Any]:
    """Cancel an order and place another; tell which of the two failed."""
    mode, full = call.form.must("cancelReplaceMode"), replace_full(call)
    if mode not in ("STOP_ON_FAILURE", "ALLOW_FAILURE"):
        raise Refused(-1130, "cancelReplaceMode")
    call.form.one_of("cancelOrigClientOrderId", "cancelOrderId")
    wanted = asked(call.form, call.account, call.now_ms)
    call.engine.check(wanted, call.account, call.now_ms)
    if full and call.form.text("orderRateLimitExceededMode") != "CANCEL_ONLY":
        raise full
    name = call.form.client("cancelNewClientOrderId")
    old, gone = attempt(lambda: replace_old(call, name))
    fresh, made = None, None
    if gone or mode == "ALLOW_FAILURE":
        fresh, made = attempt(lambda: new(call))
    words = {True: "SUCCESS", False: "FAILURE", None: "NOT_ATTEMPTED"}
    results = {"cancelResult": words[gone], "newOrderResult": words[made]}
    results |= {"cancelResponse": old, "newOrderResponse": fresh}
    if gone and made:
        return results
    some_done = gone or made
    call.status = full.status if full else 409 if some_done else 400
    code, text = (-2021, "partially failed.") if some_done else (-2022, "failed.")
    return {"code": code, "msg": REPLACE + text, "data": results}


def replace_full(call: Call) -> Refused | None:
    """Return why an account may send no more orders, None where it may."""
    modes = (None, "DO_NOTHING", "CANCEL_ONLY")
    if call.form.text("orderRateLimitExceededMode") not in modes:
        raise Refused(-1130, "orderRateLimitExceededMode")
    try:
        allow(call, 1)
    except Refused as error:
        return error
    return None


def replace_old(call: Call, name: str) -> dict[str, Any]:
    """Cancel the order that is to be replaced."""
    order = find(call, "cancelOrderId", "cancelOrigClientOrderId")
    if order is None or not order.open:
        raise Rejected(-2011, UNKNOWN)
    restricted(call, order)
    return ending(call, call.engine.cancel(order, call.now_ms), name)[0]


def attempt(run: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Return what something tells and whether it was not refused."""
    try:
        return run(), True
    except Refused as error:
        return {"code": error.code, "msg": str(error)}, False


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


def own_filters(call: Call) -> dict[str, Any]:
    """Tell the filters an account's orders of a symbol meet."""
    rules = call.engine.info(call.symbol(), call.now_ms)["filters"]
    return {"exchangeFilters": [], "symbolFilters": rules, "assetFilters": []}


def fixed(weight: int) -> Callable[[Form], int]:
    """Return a weight that is always the same."""
    return lambda _: weight


def open_weight(form: Form) -> int:
    """Return the weight of asking for open orders."""
    return 6 if form.sent.get("symbol") else 80


WHICH = ("symbol", "orderId", "origClientOrderId")
SPAN = ("startTime", "endTime", "limit")
CANCEL = (*WHICH, "newClientOrderId", "cancelRestrictions")
REPLACED = ("cancelReplaceMode", "cancelOrderId", "cancelOrigClientOrderId", "cancelRestrictions")
REPLACED = (*ORDER, *REPLACED, "cancelNewClientOrderId", "orderRateLimitExceededMode")
LISTED = ("symbol", "orderListId", "listClientOrderId", "newClientOrderId")
ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v3/account"): Route(account, ("omitZeroBalances",), fixed(20)),
    ("GET", "/api/v3/account/commission"): Route(commission, ("symbol",), fixed(20)),
    ("GET", "/sapi/v1/account/apiRestrictions"): Route(restrictions),
    ("GET", "/api/v3/rateLimit/order"): Route(counts, (), fixed(40)),
    ("POST", "/api/v3/order"): Route(new, ORDER, trading=True),
    ("POST", "/api/v3/order/test"): Route(
        test,
        (*ORDER, "computeCommissionRates"),
        lambda form: 20 if form.sent.get("computeCommissionRates") == "true" else 1,
    ),
    ("GET", "/api/v3/order"): Route(query, WHICH, fixed(4)),
    ("DELETE", "/api/v3/order"): Route(cancel, CANCEL, trading=True),
    ("GET", "/api/v3/openOrders"): Route(open_orders, ("symbol",), open_weight),
    ("DELETE", "/api/v3/openOrders"): Route(
        cancel_all, ("symbol", "newClientOrderId"), trading=True
    ),
    ("GET", "/api/v3/allOrders"): Route(all_orders, ("symbol", "orderId", *SPAN), fixed(20)),
    ("GET", "/api/v3/myTrades"): Route(
        trades,
        ("symbol", "orderId", "fromId", *SPAN),
        lambda form: 5 if form.sent.get("orderId") else 20,
    ),
    ("POST", "/api/v3/order/cancelReplace"): Route(replace, REPLACED, trading=True),
    ("POST", "/api/v3/orderList/oco"): Route(new_oco, OCO, trading=True),
    ("GET", "/api/v3/orderList"): Route(query_list, ("orderListId", "origClientOrderId"), fixed(4)),
    ("DELETE", "/api/v3/orderList"): Route(cancel_list, LISTED, trading=True),
    ("GET", "/api/v3/allOrderList"): Route(all_lists, ("fromId", *SPAN), fixed(20)),
    ("GET", "/api/v3/openOrderList"): Route(open_lists, (), fixed(6)),
    ("GET", "/api/v3/myFilters"): Route(own_filters, ("symbol",), fixed(40)),
}
PATHS = frozenset(path for _, path in ROUTES)
