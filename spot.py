"""The live broker: Binance spot, orders and accounts by signed requests."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from bot import UserError
from order_rows import Intent
from orders import (
    ACCEPTED,
    LIMIT,
    LIVE,
    MARKET,
    OCO,
    REFUSED,
    TRAIL,
    UNSURE,
    ZERO,
    Answer,
    Balance,
    Fill,
    Seen,
)
from signed import Result, Signed, refusal

ORDER, LIST, TRADES = "/api/v3/order", "/api/v3/orderList", "/api/v3/myTrades"
ABSENT = -2013
PARTS = ("standardCommission", "specialCommission", "taxCommission")
STATES = frozenset(
    (
        *("NEW", "PENDING_NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "PENDING_CANCEL"),
        *("REJECTED", "EXPIRED", "EXPIRED_IN_MATCH"),
    )
)
WRONG = (ValueError, TypeError, LookupError, AttributeError, InvalidOperation)
DAY, PAGE = 86_400_000, 1000
# Of a deposit: credited. Of a withdrawal: on its way or done, not called off, refused or failed.
FLOWS = (
    ("/sapi/v1/capital/deposit/hisrec", 1, (1, 6)),
    ("/sapi/v1/capital/withdraw/history", -1, (0, 2, 4, 6)),
)


class Spot:
    """Take one user's orders to Binance spot; the testnet has no `wallet` to pay in or out of."""

    mode = LIVE

    def __init__(self, client: Signed, clock: Callable[[], float], wallet: bool = True) -> None:
        self.client, self._clock, self._wallet = client, clock, wallet
        self._tested: set[tuple[str, str, str]] = set()
        self._rates: dict[str, tuple[Decimal, Decimal]] = {}

    def balances(self) -> dict[str, Balance]:
        """Return what the account has, by asset. Raises UserError."""
        body = self.client.read("/api/v3/account", 20, omitZeroBalances="true")
        return sound(lambda: {row["asset"]: balance(row) for row in body["balances"]})

    def flows(self, since: int) -> dict[str, Decimal]:
        """Return what was paid in since an instant (ms), less what was out. Raises UserError."""
        flows = dict[str, Decimal]()
        for path, sign, states in FLOWS if self._wallet else ():
            rows = self.client.read(path, 1, startTime=since, limit=PAGE)
            for asset, amount in sound(partial(paid, rows, states)):
                flows[asset] = flows.get(asset, ZERO) + sign * amount
        return flows

    def fees(self, symbol: str) -> tuple[Decimal, Decimal]:
        """Return the maker's and the taker's fee as fractions. Raises UserError."""
        if symbol not in self._rates:
            body = self.client.read("/api/v3/account/commission", 20, symbol=symbol)
            self._rates[symbol] = sound(lambda: (rate(body, "maker"), rate(body, "taker")))
        return self._rates[symbol]

    def test(self, intent: Intent) -> None:
        """Let the exchange check the first order of a kind and symbol. Raises UserError."""
        kind = intent.symbol, intent.side, intent.kind
        if kind in self._tested or intent.kind == OCO:
            return
        result = self.client.send("POST", ORDER + "/test", 1, **wish(intent, "d5-test"))
        if result.outcome != ACCEPTED:
            raise refusal(result, self.client.host.name)
        self._tested.add(kind)

    def place(self, intent: Intent) -> Answer:
        """Send an intent's order under its client ids."""
        exit_ = intent.side == "SELL"
        if intent.kind == OCO:
            result = self.client.send("POST", LIST + "/oco", 1, exit_, **pair(intent))
        else:
            asked = wish(intent, intent.client_ids[0])
            result = self.client.send("POST", ORDER, 1, exit_, **asked)
        return self._told(intent, result)

    def find(self, intent: Intent) -> Answer:
        """Ask what became of an intent; refused with -2013 where the exchange knows none."""
        found: list[Seen] = []
        for name in intent.client_ids:
            asked = {"symbol": intent.symbol, "origClientOrderId": name}
            result = self.client.send("GET", ORDER, 4, True, **asked)
            answer = self._told(intent, result)
            if answer.outcome != ACCEPTED:
                return answer
            found += answer.seen
        return Answer(ACCEPTED, tuple(found))

    def rights(self) -> tuple[bool, bool]:
        """Return whether the key may withdraw and whether it may trade. Raises UserError."""
        asked = {"enableWithdrawals": False, "enableSpotAndMarginTrading": True}
        if self._wallet:
            asked = self.client.read("/sapi/v1/account/apiRestrictions", 1)
        account = self.client.read("/api/v3/account", 20, omitZeroBalances="true")
        withdraws = sound(lambda: truth(asked["enableWithdrawals"]))
        trades = sound(lambda: truth(asked["enableSpotAndMarginTrading"]) and account["canTrade"])
        return withdraws, trades is True

    def search(self, intent: Intent) -> Answer:
        """Look for an intent in every list the exchange has, before it is taken for unmade."""
        since = (intent.sent or intent.made) - DAY // 24
        span = {"startTime": since, "endTime": since + DAY - 1}
        for path, weight, more in (
            ("/api/v3/openOrders", 6, {}),
            ("/api/v3/allOrders", 20, span | {"limit": PAGE}),
        ):
            result = self.client.send("GET", path, weight, True, symbol=intent.symbol, **more)
            if result.outcome != ACCEPTED or not isinstance(result.body, list):
                return Answer(UNSURE, text=result.text)
            names = {row.get("clientOrderId") for row in result.body if isinstance(row, dict)}
            if names & set(intent.client_ids):
                return self.find(intent)
        return Answer(REFUSED, code=ABSENT, text="Order does not exist.")

    def cancel(self, intent: Intent) -> Answer:
        """Cancel what is open of an intent; refused with -2011 where nothing is."""
        if intent.kind == OCO:
            asked = {"symbol": intent.symbol, "listClientOrderId": intent.list_id}
            result = self.client.send("DELETE", LIST, 1, True, **asked)
        else:
            asked = {"symbol": intent.symbol, "origClientOrderId": intent.client_ids[0]}
            result = self.client.send("DELETE", ORDER, 1, True, **asked)
        if result.outcome == ACCEPTED:
            return self.find(intent)
        return Answer(result.outcome, code=result.code, text=result.text)

    def open_orders(self, symbol: str = "") -> list[Seen]:
        """Return every open order of the account, whoever made it. Raises UserError."""
        weight, asked = (6, {"symbol": symbol}) if symbol else (80, {})
        body = self.client.read("/api/v3/openOrders", weight, **asked)
        return sound(lambda: [seen(row) for row in body])

    def _told(self, intent: Intent, result: Result) -> Answer:
        """Return an answer in our words, with the fills of what was executed."""
        if result.outcome != ACCEPTED:
            return Answer(result.outcome, code=result.code, text=result.text)
        try:
            legs = result.body.get("orderReports")
            every = [seen(row) for row in legs or [result.body]]
            check(intent, every)
            if legs is not None and len(every) != len(intent.client_ids):
                raise ValueError("not every leg")
        except WRONG:
            return Answer(UNSURE, text="an answer that makes no sense")
        return Answer(ACCEPTED, tuple(self._filled(one) for one in every))

    def _filled(self, one: Seen) -> Seen:
        """Return an order with its fills, asked for where they were not told with it."""
        if sum((fill.quantity for fill in one.fills), ZERO) == one.executed:
            return one
        asked = {"symbol": one.symbol, "orderId": one.exchange_id, "limit": PAGE}
        result = self.client.send("GET", TRADES, 5, True, **asked)
        try:
            rows = [row for row in result.body if str(row["orderId"]) == one.exchange_id]
            return one._replace(fills=tuple(trade(row) for row in rows))
        except WRONG:
            return one._replace(fills=())


def wish(intent: Intent, name: str) -> dict[str, Any]:
    """Return the parameters of a single order."""
    asked: dict[str, Any] = {
        "symbol": intent.symbol,
        "side": intent.side,
        "newClientOrderId": name,
        "newOrderRespType": "FULL",
    }
    if intent.kind == MARKET:
        return asked | {
            "type": "MARKET",
            "quantity": intent.quantity,
            "quoteOrderQty": intent.spend,
        }
    asked |= {"quantity": intent.quantity, "timeInForce": "GTC"}
    if intent.kind == LIMIT:
        return asked | {"type": "LIMIT", "price": intent.price}
    asked |= {"type": "STOP_LOSS_LIMIT", "price": intent.bound, "stopPrice": intent.stop}
    return asked | {"trailingDelta": intent.trail} if intent.kind == TRAIL else asked


def pair(intent: Intent) -> dict[str, Any]:
    """Return the parameters of an OCO: above and below the price, whichever side it is."""
    above, below = intent.client_ids
    take = {"Type": "LIMIT_MAKER", "Price": intent.price}
    stop = {
        "Type": "STOP_LOSS_LIMIT",
        "Price": intent.bound,
        "StopPrice": intent.stop,
        "TimeInForce": "GTC",
    }
    up, down = (take, stop) if intent.side == "SELL" else (stop, take)
    legs = {f"above{k}": v for k, v in up.items()} | {f"below{k}": v for k, v in down.items()}
    names = {"aboveClientOrderId": above, "belowClientOrderId": below}
    whole = {"symbol": intent.symbol, "side": intent.side, "quantity": intent.quantity}
    return {
        **whole,
        "listClientOrderId": intent.list_id,
        **legs,
        **names,
        "newOrderRespType": "FULL",
    }


def seen(row: Mapping[str, Any]) -> Seen:
    """Read an order as the exchange tells it. Raises one of WRONG."""
    state = row["status"]
    if state not in STATES:
        raise ValueError("no such state")
    at = row.get("transactTime") or row.get("updateTime") or row.get("time") or 0
    return Seen(
        client_id=word(row.get("origClientOrderId") or row["clientOrderId"]),
        exchange_id=str(int(row["orderId"])),
        symbol=word(row["symbol"]),
        side=word(row["side"]),
        type=word(row["type"]),
        state=state,
        quantity=money(row["origQty"]),
        executed=money(row["executedQty"]),
        quote=money(row["cummulativeQuoteQty"]),
        price=money(row.get("price", "0")),
        stop=money(row.get("stopPrice", "0")),
        at=int(at),
        fills=tuple(inline(fill, int(at)) for fill in row.get("fills", ())),
        list_id=str(row.get("orderListId", "")),
    )


def paid(rows: Iterable[Mapping[str, Any]], states: Iterable[int]) -> list[tuple[str, Decimal]]:
    """Return the asset and amount of what was paid into or out of the spot wallet.

    A withdrawal's fee is no part of it: that is lost.
    """
    return [
        (word(row["coin"]), money(row["amount"]))
        for row in rows
        if row["status"] in states and not row.get("walletType")
    ]


def inline(row: Mapping[str, Any], at: int) -> Fill:
    """Read a fill that was told with its order."""
    numbers = money(row["price"]), money(row["qty"]), money(row["commission"])
    return Fill(str(int(row["tradeId"])), *numbers, word(row["commissionAsset"]), at)


def trade(row: Mapping[str, Any]) -> Fill:
    """Read a fill from the account's trades."""
    numbers = money(row["price"]), money(row["qty"]), money(row["commission"])
    return Fill(str(int(row["id"])), *numbers, word(row["commissionAsset"]), int(row["time"]))


def check(intent: Intent, every: Iterable[Seen]) -> None:
    """Raise ValueError for an order that is not one of the intent's."""
    for one in every:
        if (one.symbol, one.side) != (intent.symbol, intent.side):
            raise ValueError("another order")
        if one.client_id not in intent.client_ids or one.executed > one.quantity > 0:
            raise ValueError("another order")


def money(value: Any) -> Decimal:
    """Return an amount that is not negative. Raises one of WRONG."""
    if not isinstance(value, str) or len(value) > 40:
        raise ValueError("not an amount")
    number = Decimal(value)
    if not ZERO <= number < Decimal("1e20"):
        raise ValueError("not a sane amount")
    return number


def word(value: Any) -> str:
    """Return a short text. Raises ValueError."""
    if not isinstance(value, str) or not 0 < len(value) <= 40:
        raise ValueError("not a name")
    return value


def truth(value: Any) -> bool:
    """Return a yes or no. Raises ValueError for anything else."""
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def balance(row: Mapping[str, Any]) -> Balance:
    """Read what an account has of an asset."""
    return Balance(money(row["free"]), money(row["locked"]))


def rate(body: Mapping[str, Any], who: str) -> Decimal:
    """Return the sum of a fee's parts, of the maker or the taker."""
    return sum((money(body[part][who]) for part in PARTS if part in body), ZERO)


def sound(read: Callable[[], Any]) -> Any:
    """Return what a reader makes of an answer. Raises UserError where it makes no sense."""
    try:
        return read()
    except WRONG:
        raise UserError(
            "Borsa anlaşılmayan bir yanıt verdi.",
            "The exchange gave an answer that makes no sense.",
        ) from None
