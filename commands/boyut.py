"""
Pozisyon büyüklüğü: sermayenin risk%'i kadar kaybettiren miktar: /boyut coin risk% stop
Position size: the amount that loses risk% of the capital at the stop: /boyut coin risk% stop
"""

from decimal import Decimal

import preflight
import risk
import tickets
from bot import Reply, coin
from orders import HUNDRED, floored, plain
from rulebook import rules

GROUP = "trading"
ROLE = "trader"
ALIASES = ("size",)
CENT = Decimal("0.01")


def run(ctx):
    symbol = ctx.sources.symbol(ctx.arg(0))
    ctx.arg(2)
    share = tickets.percent(ctx, 1, 100)
    last = preflight.price(ctx.sources, symbol, ctx.now)
    stop = level(ctx, last)
    if not 0 < stop < last:
        raise ctx.wrong("Stop, fiyatın altında olmalı.", "The stop must be below the price.")
    broker = ctx.desk.broker(ctx.user.id, ctx.db.orders.trader(ctx.user.id).mode)
    pairs = ctx.sources.exchange().pairs
    capital = risk.equity(broker.balances(), ctx.sources.prices().data, pairs)
    lost = capital * share / HUNDRED
    _, fee = broker.fees(symbol)
    quantity = floored(lost / (last - stop + fee * (last + stop)), rules(ctx.sources, symbol).step)
    return said(ctx, symbol, quantity, (capital, lost, last, stop))


def level(ctx, last):
    if "%" in ctx.arg(2):
        return last * (1 - tickets.percent(ctx, 2, 99) / HUNDRED)
    return Decimal(repr(ctx.number(2, low=1e-12, high=1e9)))


def said(ctx, symbol, quantity, figures):
    capital, lost, last, stop = figures
    mode = tickets.mode(ctx, ctx.db.orders.trader(ctx.user.id).mode)
    name, worth = coin(symbol), tickets.quote(ctx, quantity * last)
    at = tickets.price(ctx, stop, symbol)
    far = ctx.percent(float(HUNDRED * (last - stop) / last), 2)
    risked = tickets.quote(ctx, lost)
    lines = [
        f"<b>{mode} · {tickets.number(ctx, quantity)} {name} ≈ {worth}</b>",
        ctx.t(
            f"Sermaye {tickets.quote(ctx, capital)}, risk {risked}, stop {at} ({far} uzakta)",
            f"Capital {tickets.quote(ctx, capital)}, risk {risked}, stop {at} ({far} away)",
        ),
        "",
        ctx.t(
            f"Yorum: {at} seviyesinde satılırsa, ücretlerle birlikte yaklaşık {risked} kaybedilir.",
            f"Comment: sold at {at}, about {risked} is lost, fees included.",
        ),
    ]
    buy = f"/al {name.lower()} {plain(floored(quantity * last, CENT))}usdt"
    return Reply("\n".join(lines), ctx.buttons([(ctx.t("Al", "Buy"), buy)] if quantity else []))
