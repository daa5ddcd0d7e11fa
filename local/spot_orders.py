"""Orders as Binance spot's requests ask for them and its answers tell them."""

import re
import secrets
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from local.accounts import ZERO, Account, Order
from local.binance_query import LEGAL_NUMBER, LEGAL_SYMBOL, Refused
from local.markets import compact
from local.spot_filters import ALGO, Wish

LEGAL_AMOUNT = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
LEGAL_CLIENT = r"^[\.A-Z\:/a-z0-9_-]{1,36}$"
ALWAYS = ("timestamp", "signature", "recvWindow")
SIDES, TIMES = ("BUY", "SELL"), ("GTC", "IOC", "FOK")
PREVENTIONS = ("NONE", "EXPIRE_MAKER", "EXPIRE_TAKER", "EXPIRE_BOTH", "DECREMENT", "TRANSFER")
NEEDED: dict[str, tuple[str, ...]] = {
    "LIMIT": ("timeInForce", "quantity", "price"),
    "MARKET": (),
    "LIMIT_MAKER": ("quantity", "price"),
    "STOP_LOSS": ("quantity",),
    "TAKE_PROFIT": ("quantity",),
    "STOP_LOSS_LIMIT": ("timeInForce", "quantity", "price"),
    "TAKE_PROFIT_LIMIT": ("timeInForce", "quantity", "price"),
}
TAKEN = {kind: {*names} for kind, names in NEEDED.items()}
TAKEN["MARKET"] |= {"quantity", "quoteOrderQty"}
for _kind in ALGO:
    TAKEN[_kind] |= {"stopPrice", "trailingDelta"}
for _kind in ("LIMIT", "LIMIT_MAKER", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"):
    TAKEN[_kind] |= {"icebergQty"}
SOME = ("timeInForce", "quantity", "quoteOrderQty", "price", "stopPrice", "trailingDelta")
SOME = (*SOME, "icebergQty")
ORDER = ("symbol", "side", "type", *SOME, "newClientOrderId", "strategyId", "strategyType")
ORDER = (*ORDER, "newOrderRespType", "selfTradePreventionMode")
LEG = ("Type", "ClientOrderId", "IcebergQty", "Price", "StopPrice", "TrailingDelta", "TimeInForce")
LEG = (*LEG, "StrategyId", "StrategyType")
OCO = ("symbol", "listClientOrderId", "side", "quantity", "newOrderRespType")
OCO = (*OCO, "selfTradePreventionMode", *(f"{way}{n}" for way in ("above", "below") for n in LEG))


class Rejected(Refused):
    """Carry an error whose text the code alone does not give, and what else it tells."""

    def __init__(self, code: int, text: str, status: int = 400, **more: Any) -> None:
        Exception.__init__(self, text)
        self.code, self.status = code, status
        self.body = compact({"code": code, "msg": text, **more})


class Form:
    """Read the parameters of a signed request."""

    def __init__(self, sent: Mapping[str, str]) -> None:
        self.sent = sent

    def text(self, name: str, needed: bool = False) -> str | None:
        """Return a parameter, None where an optional one was not sent."""
        value = self.sent.get(name)
        if needed and not value:
            raise Refused(-1102, name)
        if value == "":
            raise Refused(-1105, name)
        return value

    def must(self, name: str) -> str:
        """Return a parameter that has to be there."""
        return self.text(name, True) or ""

    def amount(self, name: str) -> Decimal | None:
        """Return a decimal of at most eight places."""
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(LEGAL_AMOUNT, value, re.ASCII):
            raise Refused(-1100, name, LEGAL_AMOUNT)
        if len(value.partition(".")[2].rstrip("0")) > 8:
            raise Rejected(-1111, f"Parameter '{name}' has too much precision.")
        return Decimal(value)

    def number(self, name: str, default: int | None = None) -> int | None:
        """Return a whole number."""
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch("[0-9]{1,18}", value, re.ASCII):
            raise Refused(-1100, name, LEGAL_NUMBER)
        return int(value)

    def choice(self, name: str, known: Iterable[str], code: int, text: str) -> str:
        """Return one of the known words, which has to be there."""
        value = self.must(name)
        if value not in known:
            raise Rejected(code, text)
        return value

    def symbol(self) -> str:
        """Return the symbol, not yet known to exist."""
        value = self.must("symbol")
        if not re.fullmatch(r"[\w\-.]{1,50}", value) or re.search("[a-z]", value):
            raise Refused(-1100, "symbol", LEGAL_SYMBOL)
        return value

    def client(self, name: str) -> str:
        """Return a client's id for something, one made up where none was sent."""
        value = self.text(name)
        if value is None:
            return secrets.token_hex(11)
        if not re.fullmatch(LEGAL_CLIENT, value):
            raise Refused(-1100, name, LEGAL_CLIENT)
        return value

    def one_of(self, *names: str) -> None:
        """Demand one of two parameters."""
        if not any(self.sent.get(name) for name in names):
            words = " or ".join(f"'{name}'" for name in names)
            raise Rejected(-1102, f"Param {words} must be sent, but both were empty/null!")

    def response(self, kind: str) -> str:
        """Return how much of a new order is to be told."""
        default = "FULL" if kind in ("MARKET", "LIMIT") else "ACK"
        value = self.text("newOrderRespType") or default
        if value not in ("ACK", "RESULT", "FULL"):
            raise Refused(-1130, "newOrderRespType")
        return value


def asked(form: Form, account: Account, now_ms: int) -> Order:
    """Return the order a request asks for, not yet placed."""
    symbol = form.symbol()
    side = form.choice("side", SIDES, -1117, "Invalid side.")
    kind = form.choice("type", NEEDED, -1116, "Invalid orderType.")
    for name in NEEDED[kind]:
        form.must(name)
    for name in SOME:
        if name in form.sent and name not in TAKEN[kind]:
            raise Rejected(-1106, f"Parameter '{name}' sent when not required.")
    if kind == "MARKET":
        form.one_of("quantity", "quoteOrderQty")
        if {"quantity", "quoteOrderQty"} <= form.sent.keys():
            raise Refused(-1128)
    if kind in ALGO:
        form.one_of("stopPrice", "trailingDelta")
    tif = "GTC"
    if "timeInForce" in NEEDED[kind]:
        tif = form.choice("timeInForce", TIMES, -1115, "Invalid timeInForce.")
    return Order(
        account.id, symbol, side, kind, made=now_ms, updated=now_ms, tif=tif, **details(form)
    )


def details(form: Form) -> dict[str, Any]:
    """Return an order's numbers and names."""
    strategy, kind = form.number("strategyId"), form.number("strategyType")
    if kind is not None and kind < 1_000_000:
        raise Refused(-1130, "strategyType")
    stp = form.text("selfTradePreventionMode") or "EXPIRE_MAKER"
    if stp not in PREVENTIONS:
        raise Refused(-1130, "selfTradePreventionMode")
    iceberg = form.amount("icebergQty") or ZERO
    if iceberg and form.sent.get("timeInForce", "GTC") != "GTC":
        raise Refused(-1128)
    return {
        "quantity": form.amount("quantity") or ZERO,
        "price": form.amount("price") or ZERO,
        "stop": form.amount("stopPrice") or ZERO,
        "quote": form.amount("quoteOrderQty") or ZERO,
        "trailing": form.number("trailingDelta") or 0,
        "iceberg": iceberg,
        "client": form.client("newClientOrderId"),
        "strategy": strategy,
        "stp": stp,
    }


def leg(form: Form, way: str) -> Form:
    """Return the part of an OCO's request that asks for its order above or below."""
    sent = {k: form.sent[k] for k in ("symbol", "side", "quantity") if k in form.sent}
    for name in LEG:
        if way + name in form.sent:
            own = name[0].lower() + name[1:]
            own = "newClientOrderId" if name == "ClientOrderId" else own
            sent[own] = form.sent[way + name]
    if "type" not in sent:
        raise Refused(-1102, f"{way}Type")
    return Form(sent)


def wish(order: Order) -> Wish:
    """Return an order as the filters read it."""
    named = (order.price, order.stop, order.quote)
    price, stop, quote = (value or None for value in named)
    if "price" in TAKEN[order.type]:
        price = order.price
    quantity = None if quote is not None else order.quantity
    return Wish(
        order.side,
        order.type,
        quantity,
        price,
        stop,
        quote,
        order.trailing or None,
        order.iceberg or None,
    )


def shown(value: Decimal) -> str:
    """Return an amount as the exchange writes it."""
    return f"{value:.8f}"


def named(order: Order) -> dict[str, Any]:
    """Return what every answer begins with."""
    return {"symbol": order.symbol, "orderId": order.id, "orderListId": order.list_id}


def conditional(order: Order) -> dict[str, Any]:
    """Return what is told only where it applies."""
    out: dict[str, Any] = {}
    if order.stop:
        out["stopPrice"] = shown(order.stop)
    if order.trailing:
        out |= {"trailingDelta": order.trailing, "trailingTime": order.followed or -1}
    if order.iceberg:
        out["icebergQty"] = shown(order.iceberg)
    if order.strategy is not None:
        out["strategyId"] = order.strategy
    if order.reason:
        out["expiryReason"] = order.reason
    return out


def figures(order: Order) -> dict[str, Any]:
    """Return an order's amounts and state."""
    return {
        "price": shown(order.price),
        "origQty": shown(order.quantity),
        "executedQty": shown(order.executed),
        "origQuoteOrderQty": shown(order.quote),
        "cummulativeQuoteQty": shown(order.spent),
        "status": order.status,
        "timeInForce": order.tif,
        "type": order.type,
        "side": order.side,
    }


def placed(order: Order, kind: str, fills: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the answer to a new order: ACK, RESULT or FULL."""
    out = {**named(order), "clientOrderId": order.client, "transactTime": order.updated}
    if kind == "ACK":
        return out
    out |= figures(order) | conditional(order)
    out |= {"workingTime": order.working, "selfTradePreventionMode": order.stp}
    return out | {"fills": fills} if kind == "FULL" else out


def told(order: Order) -> dict[str, Any]:
    """Return the answer to a question for an order."""
    numbers = figures(order)
    quote = numbers.pop("origQuoteOrderQty")
    return {
        **named(order),
        "clientOrderId": order.client,
        **numbers,
        "stopPrice": shown(order.stop),
        "icebergQty": shown(order.iceberg),
        **conditional(order),
        "time": order.made,
        "updateTime": order.updated,
        "isWorking": order.working >= 0,
        "workingTime": order.working,
        "origQuoteOrderQty": quote,
        "selfTradePreventionMode": order.stp,
    }


def cancelled(order: Order, name: str) -> dict[str, Any]:
    """Return the answer to a cancel, which goes by the cancel's own id."""
    begun = {"symbol": order.symbol, "origClientOrderId": order.client, **named(order)}
    begun |= {"clientOrderId": name, "transactTime": order.updated}
    more = conditional(order) | {"selfTradePreventionMode": order.stp}
    return {**begun, **figures(order), **more}


def group(
    number: int, client: str, at: int, orders: list[Order], reports: list[dict] | None = None
) -> dict[str, Any]:
    """Return an order list, with its orders' reports where there are any."""
    going = any(order.open for order in orders)
    names = [
        {"symbol": order.symbol, "orderId": order.id, "clientOrderId": order.client}
        for order in orders
    ]
    out: dict[str, Any] = {
        "orderListId": number,
        "contingencyType": "OCO",
        "listStatusType": "EXEC_STARTED" if going else "ALL_DONE",
        "listOrderStatus": "EXECUTING" if going else "ALL_DONE",
        "listClientOrderId": client,
        "transactionTime": at,
        "symbol": orders[0].symbol,
        "orders": names,
    }
    return out if reports is None else out | {"orderReports": reports}


def fill(trade: Mapping[str, Any]) -> dict[str, Any]:
    """Return a trade as a FULL answer tells it."""
    keys = ("price", "qty", "commission", "commissionAsset")
    return {**{key: trade[key] for key in keys}, "tradeId": trade["id"]}
