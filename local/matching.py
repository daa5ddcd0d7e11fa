"""How the local exchange checks, fills and ends orders, against the market of the tape."""

from collections.abc import Iterable
from decimal import ROUND_DOWN, Decimal
from typing import Any

from local.accounts import CENT, FEES, MARKET, ZERO, Account, Accounts, Order
from local.binance_query import Refused
from local.spot_filters import Standing, failure, rises
from local.spot_market import Market, Point
from local.spot_orders import Rejected, shown, wish

POOR = "Account has insufficient balance for requested action."
CROSSES = "Order would immediately match and take."
RELATION = "The relationship of the prices for the orders is not correct."
THIN = "Order book liquidity is less than `LOT_SIZE` filter minimum quantity."
ABOVE = ("LIMIT_MAKER", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
BASIS = Decimal(10_000)
Level = tuple[Decimal, Decimal]


def rejected(text: str) -> Rejected:
    """Return the matching engine's refusal of a new order."""
    return Rejected(-2010, text)


def floor(value: Decimal, step: Decimal) -> Decimal:
    """Return the greatest multiple of a step that is not greater."""
    return value // step * step


class Engine:
    """Place, fill and cancel orders; what came of them is kept by `accounts`."""

    def __init__(self, accounts: Accounts, market: Market) -> None:
        self.accounts, self.market = accounts, market

    def info(self, symbol: str, now_ms: int) -> dict[str, Any]:
        """Return a symbol's rules."""
        found = self.market.info(symbol, now_ms)
        if found is None:
            raise Refused(-1121)
        return found

    def step(self, info: dict[str, Any]) -> Decimal:
        """Return the smallest quantity of a symbol."""
        steps = [Decimal(f["stepSize"]) for f in info["filters"] if f["filterType"] == "LOT_SIZE"]
        return steps[0] if steps and steps[0] else CENT

    def locked(self, account: int, now_ms: int) -> dict[str, Decimal]:
        """Return what open orders hold back, by asset; the orders of a list share it."""
        held: dict[tuple[str, int], Decimal] = {}
        for order in self.accounts.open_orders(account):
            side = "baseAsset" if order.side == "SELL" else "quoteAsset"
            asset = self.info(order.symbol, now_ms)[side]
            key = asset, order.list_id if order.list_id >= 0 else -order.id
            held[key] = max(held.get(key, ZERO), order.reserve())
        out: dict[str, Decimal] = {}
        for (asset, _), value in held.items():
            out[asset] = out.get(asset, ZERO) + value
        return out

    def free(self, account: int, asset: str, now_ms: int) -> Decimal:
        """Return what an account can use of an asset."""
        return self.accounts.total(account, asset) - self.locked(account, now_ms).get(asset, ZERO)

    def check(self, order: Order, account: Account, now_ms: int, joined: int = 1) -> None:
        """Refuse an order that the symbol's rules do not allow."""
        info = self.info(order.symbol, now_ms)
        if info["status"] != "TRADING":
            raise Rejected(-1013, "Market is closed.")
        if not all("SPOT" in one for one in info["permissionSets"]):
            raise rejected("This symbol is not permitted for this account.")
        if order.type not in info["orderTypes"]:
            word = order.type.replace("_", " ").capitalize()
            raise rejected(f"{word} orders are not supported for this symbol.")
        if order.trailing and not info["allowTrailingStop"]:
            raise rejected("Trailing stop orders are not supported for this symbol.")
        if order.quote and not info["quoteOrderQtyMarketAllowed"]:
            raise rejected("Quote order qty market orders are not support for this symbol.")
        mean = self.market.mean(order.symbol, now_ms)
        broken = failure(wish(order), info["filters"], self._standing(order, info, mean, joined))
        if broken:
            raise Rejected(-1013, f"Filter failure: {broken}")
        if not account.can_trade:
            raise rejected("This account may not place or cancel orders.")

    def _standing(self, order: Order, info: dict[str, Any], mean: Decimal, joined: int) -> Standing:
        others = self.accounts.open_orders(order.account, order.symbol)
        held = self.accounts.total(order.account, info["baseAsset"])
        return Standing(
            mean,
            len(others),
            sum(one.algo for one in others),
            len({one.list_id for one in others if one.list_id >= 0}),
            sum(one.iceberg > 0 for one in others),
            held + sum((one.left for one in others if one.side == "BUY"), ZERO),
            joined,
        )

    def walk(
        self, order: Order, at: int, most: Decimal | None, money: Decimal | None
    ) -> list[Level]:
        """Return what an order takes from the book: so much of the base, for so much quote."""
        step = self.step(self.info(order.symbol, at))
        bound = order.price if order.price else None
        out: list[Level] = []
        for price, there in self.market.book(order.symbol, order.side, at):
            if bound is not None and (price > bound if order.side == "BUY" else price < bound):
                break
            quantity = there if most is None else min(there, most)
            if money is not None:
                quantity = min(quantity, floor(money / price, step))
                money -= quantity * price
            if quantity <= 0:
                break
            out.append((price, quantity))
            most = None if most is None else most - quantity
        return out

    def place(self, order: Order, now_ms: int, share: Decimal = Decimal(1)) -> None:
        """Take a checked order in and fill what the book gives, at most a share of it."""
        self._unique(order)
        if order.algo:
            self._patient(order, now_ms)
            return
        most = None if order.quote else order.quantity
        levels = self.walk(order, now_ms, most, order.quote or None)
        self._affordable(order, levels, now_ms)
        if order.type == "LIMIT_MAKER" and levels:
            raise rejected(CROSSES)
        if order.quote:
            order.quantity = sum((quantity for _, quantity in levels), ZERO)
            if not order.quantity:
                raise rejected(THIN)
        order.working = now_ms
        self.accounts.add(order)
        if share < 1 and order.type != "LIMIT_MAKER":
            step = self.step(self.info(order.symbol, now_ms))
            most = max(floor(order.quantity * share, step), step)
            levels = self.walk(order, now_ms, most, order.quote or None)
        self._take(order, levels, now_ms)

    def _unique(self, order: Order) -> None:
        same = "account = ? AND client = ? AND open = 1"
        if self.accounts.orders(same, order.account, order.client):
            raise rejected("Duplicate order sent.")

    def _patient(self, order: Order, now_ms: int) -> None:
        """Take in an order that waits for its price."""
        last = self.market.last(order.symbol, now_ms)
        if order.stop and (
            last >= order.stop if rises(order.type, order.side) else last <= order.stop
        ):
            raise rejected("Order would trigger immediately.")
        if not order.stop:
            order.extreme, order.followed = last, now_ms
        self._affordable(order, [], now_ms)
        self.accounts.add(order)

    def _affordable(self, order: Order, levels: list[Level], now_ms: int) -> None:
        """Refuse what the account cannot pay for."""
        info = self.info(order.symbol, now_ms)
        if order.side == "SELL":
            taken = sum((quantity for _, quantity in levels), ZERO)
            asset, needed = info["baseAsset"], taken if order.quote else order.quantity
        else:
            cost = sum((price * quantity for price, quantity in levels), ZERO)
            asset = info["quoteAsset"]
            needed = order.quote or (cost if order.type == "MARKET" else order.reserve())
        if needed > self.free(order.account, asset, now_ms):
            raise rejected(POOR)

    def _take(self, order: Order, levels: list[Level], at: int) -> None:
        """Fill an order that has reached the book and end what may not rest there."""
        got = sum((quantity for _, quantity in levels), ZERO)
        if order.tif == "FOK" and got < order.left:
            self._end(order, "EXPIRED", at, "UNFILLED_FOK_ORDER_EXPIRED")
            return
        for price, quantity in levels:
            self.settle(order, price, quantity, at, maker=False)
        if order.left and (order.tif == "IOC" or not order.price):
            ioc = order.tif == "IOC"
            reason = "UNFILLED_IOC_QUANTITY_EXPIRED" if ioc else "INSUFFICIENT_LIQUIDITY"
            self._end(order, "EXPIRED", at, reason)
        self.accounts.save(order)

    def _end(self, order: Order, status: str, at: int, reason: str = "") -> None:
        order.status, order.updated, order.reason = status, at, reason
        self.accounts.save(order)

    def place_list(self, orders: list[Order], client: str, now_ms: int) -> int:
        """Take in two checked orders of which one cancels the other; return the list's number."""
        first = orders[0]
        if orders[0].client == orders[1].client:
            raise rejected("Duplicate order sent.")
        self._related(orders, self.market.last(first.symbol, now_ms))
        for order in orders:
            self._unique(order)
        dearest = max(orders, key=Order.reserve)
        self._affordable(dearest, [], now_ms)
        for order in orders:
            if order.type == "LIMIT_MAKER" and self.walk(order, now_ms, order.quantity, None):
                raise rejected(CROSSES)
        number = self.accounts.add_list(first.account, first.symbol, client, now_ms)
        for order in orders:
            order.list_id, order.working = number, -1 if order.algo else now_ms
            if order.algo and not order.stop:
                order.extreme = self.market.last(order.symbol, now_ms)
                order.followed = now_ms
            self.accounts.add(order)
        return number

    def _related(self, orders: list[Order], last: Decimal) -> None:
        """Refuse two orders that do not enclose the last price."""
        above, below = orders
        taking, stopping = (above, below) if above.side == "SELL" else (below, above)
        if taking.type not in ABOVE or not stopping.type.startswith("STOP_LOSS"):
            raise Rejected(-1014, "Unsupported order combination.")
        target = taking.stop if taking.type == "TAKE_PROFIT" else taking.price
        low, high = (stopping.stop or last, target)
        if above.side == "BUY":
            low, high = high, low
        loose = not stopping.stop
        if not (low < last < high or (loose and (low < high))):
            raise rejected(RELATION)

    def cancel(self, order: Order, now_ms: int) -> list[Order]:
        """Cancel an open order and the rest of its list; return what was cancelled."""
        ended = [order]
        if order.list_id >= 0:
            ended = self.accounts.orders("list_id = ? AND open = 1", order.list_id)
        for one in ended:
            self._end(one, "CANCELED", now_ms)
        return ended

    def settle(self, order: Order, price: Decimal, quantity: Decimal, at: int, maker: bool) -> None:
        """Exchange an order's assets with the market's and take the fee."""
        info = self.info(order.symbol, at)
        worth = (price * quantity).quantize(CENT, ROUND_DOWN)
        legs = [(info["baseAsset"], quantity), (info["quoteAsset"], worth)]
        got, gave = legs if order.side == "BUY" else reversed(legs)
        self.accounts.move(*gave, order.account, MARKET)
        self.accounts.move(*got, MARKET, order.account)
        order.executed += quantity
        order.spent += worth
        order.status = "PARTIALLY_FILLED" if order.left > 0 else "FILLED"
        order.updated = at
        self.accounts.save(order)
        asset, fee = self._fee(order, *got, at, maker)
        self.accounts.move(asset, fee, order.account, FEES)
        doc = {
            "symbol": order.symbol,
            "id": 0,
            "orderId": order.id,
            "orderListId": order.list_id,
            "price": shown(price),
            "qty": shown(quantity),
            "quoteQty": shown(worth),
            "commission": shown(fee),
            "commissionAsset": asset,
            "time": at,
            "isBuyer": order.side == "BUY",
            "isMaker": maker,
            "isBestMatch": True,
        }
        self.accounts.add_trade(order.account, order.symbol, order.id, at, doc)

    def _fee(
        self, order: Order, asset: str, value: Decimal, at: int, maker: bool
    ) -> tuple[str, Decimal]:
        """Return what a fill costs and in what: BNB, a quarter cheaper, where it is wanted."""
        account = self.accounts.account(order.account)
        if account is None:
            raise LookupError(f"no account {order.account}")
        fee = value * Decimal(account.maker if maker else account.taker)
        rate = self.market.price_in(asset, "BNB", at) if account.burn else None
        if rate:
            dear = (fee * rate * Decimal("0.75")).quantize(CENT, ROUND_DOWN)
            if dear <= self.free(account.id, "BNB", at):
                return "BNB", dear
        return asset, fee.quantize(CENT, ROUND_DOWN)

    def advance(self, now_ms: int) -> None:
        """Let every open order live through the time since the last request."""
        since = self.accounts.mark("seen")
        self.accounts.set_mark("seen", max(now_ms, since or now_ms))
        if since is None or now_ms // 1000 <= since // 1000:
            return
        symbols: dict[str, list[Order]] = {}
        for order in self.accounts.open_orders():
            symbols.setdefault(order.symbol, []).append(order)
        for symbol, orders in symbols.items():
            self._replay(symbol, orders, since, now_ms)

    def _replay(self, symbol: str, orders: list[Order], since: int, now_ms: int) -> None:
        def meets(low: Decimal, high: Decimal) -> bool:
            met = [may_meet(order, low, high) for order in orders if order.open]
            return any(met)

        for point in self.market.points(symbol, since, now_ms, meets):
            for order in orders:
                if order.open:
                    self._touch(order, point, orders)
            if not any(order.open for order in orders):
                break
        for order in orders:
            self.accounts.save(order)

    def _touch(self, order: Order, point: Point, orders: Iterable[Order]) -> None:
        """Fill or wake an order by a price the market came to."""
        if order.working < 0:
            if triggers(order, point):
                self._leave_others(order, point.at, orders)
                self._wake(order, point.at)
            return
        step = self.step(self.info(order.symbol, point.at))
        past = (order.price - point.price) * (1 if order.side == "BUY" else -1)
        if past < 0:
            return
        quantity = order.left if past > 0 else min(order.left, floor(point.volume, step))
        if quantity > 0:
            self._leave_others(order, point.at, orders)
            self.settle(order, order.price, quantity, point.at, maker=True)

    def _wake(self, order: Order, at: int) -> None:
        """Send an order whose price has come to the book."""
        order.working, money = at, None
        if order.side == "BUY" and not order.price:
            quote = self.info(order.symbol, at)["quoteAsset"]
            money = self.free(order.account, quote, at) + order.reserve()
        self._take(order, self.walk(order, at, order.left, money), at)

    def _leave_others(self, order: Order, at: int, orders: Iterable[Order]) -> None:
        """End the other orders of a list once one of them is on its way."""
        for other in orders:
            if other is not order and other.open and other.list_id == order.list_id >= 0:
                self._end(other, "EXPIRED", at, "OCO_TRIGGER")


def may_meet(order: Order, low: Decimal, high: Decimal) -> bool:
    """Tell whether a price between two could fill or wake an order; else follow it."""
    if order.working >= 0:
        return low <= order.price if order.side == "BUY" else high >= order.price
    if not order.trailing or order.extreme is None:
        return high >= order.stop if rises(order.type, order.side) else low <= order.stop
    share = order.trailing / BASIS
    if order.side == "BUY":
        if high >= min(order.extreme, low) * (1 + share):
            return True
        order.extreme = min(order.extreme, low)
        return False
    if low <= max(order.extreme, high) * (1 - share):
        return True
    order.extreme = max(order.extreme, high)
    return False


def triggers(order: Order, point: Point) -> bool:
    """Tell whether a price wakes a conditional order; a trailing one follows it first."""
    price = point.price
    if not order.trailing:
        return price >= order.stop if rises(order.type, order.side) else price <= order.stop
    if order.extreme is None:
        met = price >= order.stop if rises(order.type, order.side) else price <= order.stop
        if met:
            order.extreme, order.followed = price, point.at
        return False
    share = order.trailing / BASIS
    if order.side == "BUY":
        order.extreme = min(order.extreme, price)
        return price >= order.extreme * (1 + share)
    order.extreme = max(order.extreme, price)
    return price <= order.extreme * (1 - share)
