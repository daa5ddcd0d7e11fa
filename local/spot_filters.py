"""Binance spot's filters as the exchange applies them: which one an order breaks first, if any."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

ALGO = ("STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT")
RISING = (("STOP_LOSS", "BUY"), ("TAKE_PROFIT", "SELL"))
ZERO = Decimal(0)


class Wish(NamedTuple):
    """What an order asks for; what it does not say is None. `trailing` is in basis points."""

    side: str
    type: str
    quantity: Decimal | None = None
    price: Decimal | None = None
    stop: Decimal | None = None
    quote: Decimal | None = None
    trailing: int | None = None
    iceberg: Decimal | None = None


class Standing(NamedTuple):
    """What an order is compared with: the mean price, what is open on the symbol, what is held.

    `held` counts the base asset, free, locked and in open buy orders; `joined` says how many
    orders come with this one, itself included.
    """

    mean: Decimal
    orders: int = 0
    algos: int = 0
    lists: int = 0
    icebergs: int = 0
    held: Decimal = ZERO
    joined: int = 1


def rises(type_: str, side: str) -> bool:
    """Tell whether a conditional order waits above the market."""
    return (type_.removesuffix("_LIMIT"), side) in RISING


def amount(rule: Mapping[str, Any], name: str) -> Decimal:
    """Return a number of a filter."""
    return Decimal(str(rule[name]))


def within(value: Decimal, rule: Mapping[str, Any], low: str, high: str, step: str) -> bool:
    """Tell whether a value keeps to two bounds and a step; a bound or step of 0 is none."""
    least, most, grid = (amount(rule, name) for name in (low, high, step))
    if value < least or (most and value > most):
        return False
    return not grid or value % grid == 0


def price_filter(rule: Mapping[str, Any], wish: Wish, _: Standing) -> bool:
    """Check the prices an order names."""
    named = [p for p in (wish.price, wish.stop) if p is not None]
    return all(within(p, rule, "minPrice", "maxPrice", "tickSize") for p in named)


def lot_size(rule: Mapping[str, Any], wish: Wish, _: Standing) -> bool:
    """Check the quantities an order names."""
    named = [q for q in (wish.quantity, wish.iceberg) if q is not None]
    return all(within(q, rule, "minQty", "maxQty", "stepSize") for q in named)


def market_lot_size(rule: Mapping[str, Any], wish: Wish, standing: Standing) -> bool:
    """Check a market order's quantity once more."""
    return wish.type != "MARKET" or lot_size(rule, wish, standing)


def worth(wish: Wish, standing: Standing) -> Decimal:
    """Return what an order is worth in the quote asset."""
    if wish.quote is not None:
        return wish.quote
    price = next((p for p in (wish.price, wish.stop) if p is not None), standing.mean)
    return price * (wish.quantity or ZERO)


def min_notional(rule: Mapping[str, Any], wish: Wish, standing: Standing) -> bool:
    """Check that an order is worth enough."""
    if wish.type == "MARKET" and not rule["applyToMarket"]:
        return True
    return worth(wish, standing) >= amount(rule, "minNotional")


def notional(rule: Mapping[str, Any], wish: Wish, standing: Standing) -> bool:
    """Check that an order is worth enough and not too much."""
    market, value = wish.type == "MARKET", worth(wish, standing)
    if (not market or rule["applyMinToMarket"]) and value < amount(rule, "minNotional"):
        return False
    return (market and not rule["applyMaxToMarket"]) or value <= amount(rule, "maxNotional")


def percent_price(rule: Mapping[str, Any], wish: Wish, standing: Standing) -> bool:
    """Check how far a price is from the mean."""
    if wish.price is None:
        return True
    low, high = (amount(rule, f"multiplier{way}") * standing.mean for way in ("Down", "Up"))
    return low <= wish.price <= high


def percent_price_by_side(rule: Mapping[str, Any], wish: Wish, standing: Standing) -> bool:
    """Check how far a price is from the mean, by the bounds of its side."""
    side = "bid" if wish.side == "BUY" else "ask"
    bounds = {f"multiplier{way}": rule[f"{side}Multiplier{way}"] for way in ("Down", "Up")}
    return percent_price(bounds, wish, standing)


def iceberg_parts(rule: Mapping[str, Any], wish: Wish, _: Standing) -> bool:
    """Check how many parts an iceberg order breaks into."""
    if not wish.iceberg or wish.quantity is None:
        return True
    return -(-wish.quantity // wish.iceberg) <= rule["limit"]


def trailing_delta(rule: Mapping[str, Any], wish: Wish, _: Standing) -> bool:
    """Check how far behind the price a trailing stop follows."""
    if wish.trailing is None:
        return True
    way = "Above" if rises(wish.type, wish.side) else "Below"
    least, most = (rule[f"{end}Trailing{way}Delta"] for end in ("min", "max"))
    return least <= wish.trailing <= most


def max_num_orders(rule: Mapping[str, Any], _: Wish, standing: Standing) -> bool:
    """Count the open orders of the symbol."""
    return standing.orders + standing.joined <= rule["maxNumOrders"]


def max_num_algo_orders(rule: Mapping[str, Any], wish: Wish, standing: Standing) -> bool:
    """Count the open conditional orders of the symbol."""
    return wish.type not in ALGO or standing.algos + 1 <= rule["maxNumAlgoOrders"]


def max_num_iceberg_orders(rule: Mapping[str, Any], wish: Wish, standing: Standing) -> bool:
    """Count the open iceberg orders of the symbol."""
    return not wish.iceberg or standing.icebergs + 1 <= rule["maxNumIcebergOrders"]


def max_num_order_lists(rule: Mapping[str, Any], _: Wish, standing: Standing) -> bool:
    """Count the open lists of the symbol; an order that comes alone is in none."""
    return standing.joined == 1 or standing.lists + 1 <= rule["maxNumOrderLists"]


def max_position(rule: Mapping[str, Any], wish: Wish, standing: Standing) -> bool:
    """Check how much of the base asset a purchase would lead to."""
    if wish.side != "BUY":
        return True
    return standing.held + (wish.quantity or ZERO) <= amount(rule, "maxPosition")


Check = Callable[[Mapping[str, Any], Wish, Standing], bool]
CHECKS: dict[str, Check] = {
    "PRICE_FILTER": price_filter,
    "LOT_SIZE": lot_size,
    "MARKET_LOT_SIZE": market_lot_size,
    "MIN_NOTIONAL": min_notional,
    "NOTIONAL": notional,
    "PERCENT_PRICE": percent_price,
    "PERCENT_PRICE_BY_SIDE": percent_price_by_side,
    "ICEBERG_PARTS": iceberg_parts,
    "TRAILING_DELTA": trailing_delta,
    "MAX_NUM_ORDERS": max_num_orders,
    "MAX_NUM_ALGO_ORDERS": max_num_algo_orders,
    "MAX_NUM_ICEBERG_ORDERS": max_num_iceberg_orders,
    "MAX_NUM_ORDER_LISTS": max_num_order_lists,
    "MAX_POSITION": max_position,
}


def failure(wish: Wish, rules: Iterable[Mapping[str, Any]], standing: Standing) -> str | None:
    """Return the name of the first filter an order breaks, None where it keeps them all.

    `rules` are a symbol's `filters` as exchangeInfo tells them; a kind not known here is skipped.
    """
    for rule in rules:
        check = CHECKS.get(rule["filterType"])
        if check and not check(rule, wish, standing):
            return rule["filterType"]
    return None
