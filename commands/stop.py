"""
Zarar durdurmayı koyar ya da taşır, son fiyatın altına: /stop coin zarar%
Sets or moves a stop, below the last price: /stop coin loss%
"""

from decimal import Decimal

import tickets
from orders import HUNDRED, OCO, SELL, STOP, Amount, Draft
from preflight import price

GROUP = "trading"
ROLE = "trader"
SLACK = Decimal("0.995")


def run(ctx):
    symbol = ctx.sources.symbol(ctx.arg(0))
    ctx.arg(1)
    far = tickets.percent(ctx, 1, 90)
    trigger = price(ctx.sources, symbol, ctx.now) * (1 - far / HUNDRED)
    draft = Draft(symbol, SELL, STOP, stop=trigger, bound=trigger * SLACK)
    old = standing(ctx, symbol)
    if old and old.kind == OCO:
        draft = draft._replace(kind=OCO, price=old.price)
    wanted = Amount(old.quantity, "") if old else Amount(HUNDRED, "%")
    return tickets.propose(ctx, draft, wanted, old)


def standing(ctx, symbol):
    """Return the order that protects a coin now, None where nothing does."""
    rows = ctx.db.orders
    mine = rows.living(ctx.user.id, rows.trader(ctx.user.id).mode)
    guards = [one for one in mine if one.symbol == symbol and one.side == SELL and one.stop]
    if len(guards) > 1:
        names = ", ".join(f"#{one.id}" for one in guards)
        raise ctx.wrong(
            f"Birden çok koruma var ({names}); önce birini iptal edin.",
            f"There is more than one stop ({names}); cancel one first.",
        )
    return guards[0] if guards else None
