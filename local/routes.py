"""The signed paths of the local exchange: what each is sent, weighs, does and tells."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from local import order_lists
from local.accounts import ZERO, Order
from local.binance_query import Refused
from local.calls import (
    UNKNOWN,
    Call,
    Route,
    allow,
    counts,
    ending,
    fills,
    find,
    fixed,
    hide,
    restricted,
    some,
    span,
    tell_counts,
)
from local.spot_orders import OCO, ORDER, Form, Rejected, asked, placed, shown, told

MINE = "account = ? AND symbol = ?"
REPLACE = "Order cancel-replace "


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


def payments(call: Call, sign: int) -> list[tuple[int, str, Decimal, int]]:
    """Return an account's deposits, or where the sign is -1 its withdrawals, the newest first."""
    text = "SELECT id, asset, amount, at FROM payments WHERE account = ? AND at BETWEEN ? AND ?"
    rows = call.engine.accounts.rows(text, call.account.id, *span(call))
    every = [(i, asset, sign * Decimal(amount), at) for i, asset, amount, at in rows]
    return some(call, [row for row in every if row[2] > 0][::-1], oldest=True)


def deposits(call: Call) -> list[dict[str, Any]]:
    """Tell what was paid into an account."""
    fields = {"status": 1, "transferType": 0, "confirmTimes": "1/1", "walletType": 0}
    return [
        {"id": str(i), "amount": shown(amount), "coin": asset, "insertTime": at, **fields}
        for i, asset, amount, at in payments(call, 1)
    ]


def withdrawals(call: Call) -> list[dict[str, Any]]:
    """Tell what was paid out of an account."""
    fields = {"status": 6, "transferType": 0, "transactionFee": "0", "walletType": 0}
    return [
        {
            "id": str(i),
            "amount": shown(amount),
            "coin": asset,
            **fields,
            "applyTime": f"{datetime.fromtimestamp(at / 1000, UTC):%F %T}",
        }
        for i, asset, amount, at in payments(call, -1)
    ]


def cancel(call: Call) -> dict[str, Any]:
    """Cancel an order; one of a list takes the list with it."""
    order, name = find(call), call.form.client("newClientOrderId")
    if order is None or not order.open:
        raise Rejected(-2011, UNKNOWN)
    restricted(call, order)
    ended = call.engine.cancel(order, call.now_ms)
    return ending(call, ended, name)[0]


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


def own_filters(call: Call) -> dict[str, Any]:
    """Tell the filters an account's orders of a symbol meet."""
    rules = call.engine.info(call.symbol(), call.now_ms)["filters"]
    return {"exchangeFilters": [], "symbolFilters": rules, "assetFilters": []}


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
    ("GET", "/sapi/v1/capital/deposit/hisrec"): Route(deposits, SPAN),
    ("GET", "/sapi/v1/capital/withdraw/history"): Route(withdrawals, SPAN),
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
    ("POST", "/api/v3/orderList/oco"): Route(order_lists.new_oco, OCO, trading=True),
    ("GET", "/api/v3/orderList"): Route(
        order_lists.query_list, ("orderListId", "origClientOrderId"), fixed(4)
    ),
    ("DELETE", "/api/v3/orderList"): Route(order_lists.cancel_list, LISTED, trading=True),
    ("GET", "/api/v3/allOrderList"): Route(order_lists.all_lists, ("fromId", *SPAN), fixed(20)),
    ("GET", "/api/v3/openOrderList"): Route(order_lists.open_lists, (), fixed(6)),
    ("GET", "/api/v3/myFilters"): Route(own_filters, ("symbol",), fixed(40)),
}
PATHS = frozenset(path for _, path in ROUTES)
