"""orders.py and spot.py against the exchange's own filters: no order that goes out breaks one."""

import random
from decimal import Decimal
from urllib.parse import parse_qsl

import pytest

import spot
from bot import UserError
from local.accounts import Account
from local.binance_rules import ABLE
from local.spot_filters import Standing, failure
from local.spot_orders import Form, asked, leg, wish
from markets.binance import rules
from order_rows import Intent
from orders import BUY, LIMIT, MARKET, OCO, SELL, STOP, TRAIL, Draft, fit
from signed import encoded

ORDERS, MEAN = 10_000, Decimal("0.05")
ACCOUNT = Account(1, "secret")


def power(dice, low, high):
    """Return a power of ten, or now and then one that is no round step."""
    size = Decimal(10) ** dice.randint(low, high)
    return size * dice.choice([1, 1, 1, 1, 2, 5, 25]) if size > Decimal("1e-8") else size


def random_filters(dice, mean):
    tick = min(power(dice, -8, 0), mean / 10).quantize(Decimal("1e-8"))
    tick = tick or Decimal("1e-8")
    step, market = power(dice, -8, 1), dice.choice([Decimal(0), power(dice, -8, 0)])
    least = dice.choice([Decimal(0), step, step * dice.randint(1, 50)])
    notional = Decimal(dice.choice(["0.0001", "5", "10", "100"]))
    wide = {"Down": dice.choice(["0.2", "0.8", "0.95"]), "Up": dice.choice(["1.05", "1.5", "5"])}
    sides = {f"{side}Multiplier{way}": x for side in ("bid", "ask") for way, x in wide.items()}
    worth = {"minNotional": f"{notional:f}", "avgPriceMins": 5}
    flags = [dice.random() < 0.5 for _ in range(2)]
    newer = {"filterType": "NOTIONAL", "maxNotional": f"{notional * 10**5:f}"}
    newer |= {"applyMinToMarket": flags[0], "applyMaxToMarket": flags[1]}
    older = {"filterType": "MIN_NOTIONAL", "applyToMarket": flags[0]}

    def sized(kind, of, low, high, name, size):
        bounds = {f"min{of}": f"{low:.8f}", f"max{of}": f"{high:.8f}"}
        return {"filterType": kind, **bounds, name: f"{size:.8f}"}

    return [
        sized("PRICE_FILTER", "Price", dice.choice([0, tick]), tick * 10**9, "tickSize", tick),
        sized("LOT_SIZE", "Qty", least, step * 10**8, "stepSize", step),
        sized("MARKET_LOT_SIZE", "Qty", 0, step * 10**6, "stepSize", market),
        {**worth, **dice.choice([newer, older])},
        {"filterType": "PERCENT_PRICE_BY_SIDE", "avgPriceMins": 5, **sides},
        {"filterType": "TRAILING_DELTA", "minTrailingBelowDelta": 10, "maxTrailingBelowDelta": 900}
        | {"minTrailingAboveDelta": 10, "maxTrailingAboveDelta": 900},
    ]


def random_draft(dice, mean):
    side, kind = dice.choice([BUY, SELL]), dice.choice([MARKET, LIMIT, STOP, OCO, TRAIL])
    near = [mean * Decimal(dice.uniform(0.7, 1.5)) for _ in range(3)]
    worth = Decimal(10) ** Decimal(dice.uniform(-3, 6))
    quantity = worth / mean
    if kind == MARKET and side == BUY and dice.random() < 0.5:
        return Draft("XUSDT", side, kind, spend=worth)
    named = {LIMIT: ("price",), STOP: ("stop", "bound"), OCO: ("price", "stop", "bound")}
    named[TRAIL] = ("bound",)
    prices = dict(zip(named.get(kind, ()), near, strict=False))
    trail = dice.randint(1, 1000) if kind == TRAIL else None
    return Draft("XUSDT", side, kind, quantity, trail=trail, **prices)


def sent(params):
    """Return what the exchange reads of what the bot sends."""
    return Form(dict(parse_qsl(encoded(params))))


def orders_of(draft):
    """Return the orders an exchange reads out of the bot's request."""
    intent = Intent(1, 1, "live", **draft._asdict(), id=7, nonce="abc")
    if draft.kind != OCO:
        return [asked(sent(spot.wish(intent, "d5-7-abc")), ACCOUNT, 0)]
    form = sent(spot.pair(intent))
    return [asked(leg(form, way), ACCOUNT, 0) for way in ("above", "below")]


def tried(dice):
    """Return a random order's broken filters, None where the bot keeps it back."""
    mean = Decimal(10) ** Decimal(dice.uniform(-5, 5))
    mean = mean.quantize(Decimal("1e-8"))
    filters = random_filters(dice, mean)
    row = {"symbol": "XUSDT", "baseAsset": "X", "quoteAsset": "USDT", "filters": filters, **ABLE}
    row |= {"baseAssetPrecision": 8, "quoteAssetPrecision": 8}
    known = rules({"symbols": [row]}, 0, {"symbol": "XUSDT"})
    try:
        draft = fit(random_draft(dice, mean), known, mean)
    except UserError:
        return None
    standing = Standing(mean, joined=2 if draft.kind == OCO else 1)
    return [failure(wish(order), filters, standing) for order in orders_of(draft)]


@pytest.mark.slow
def test_of_ten_thousand_random_orders_the_exchange_refuses_none():
    dice, gone, kept = random.Random(20261126), 0, 0
    while gone < ORDERS:
        broken = tried(dice)
        kept += broken is None
        gone += broken is not None
        assert not broken or not any(broken)
        assert kept < 20 * ORDERS
    assert kept > ORDERS / 10
