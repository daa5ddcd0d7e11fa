"""
Emir: /emir al|sat coin miktar limit 59000 | stop 58000 57900 | oco 63000 58000 | iz %2
Order: /emir buy|sell coin amount limit 59000 | stop 58000 57900 | oco 63000 58000 | trail 2%
"""

from decimal import Decimal

import tickets
from bot import Reply, fold
from orders import BUY, HUNDRED, LIMIT, OCO, SELL, STOP, TRAIL, Draft
from preflight import price

GROUP = "trading"
ROLE = "trader"
ALIASES = ("order",)
SIDES = {"al": BUY, "buy": BUY, "sat": SELL, "sell": SELL}
SLACK = Decimal("0.995")


def run(ctx):
    verb = fold(ctx.arg(0))
    if verb in ACTIONS:
        return ACTIONS[verb](ctx)
    if verb not in SIDES:
        raise ctx.wrong("Önce al ya da sat yazın.", "Write buy or sell first.")
    ctx = tickets.joined(ctx, 2)
    symbol, kind = tickets.symbol(ctx, 1), fold(ctx.arg(3))
    if kind not in KINDS:
        raise ctx.wrong("Tür: limit, stop, oco ya da iz.", "Kind: limit, stop, oco or trail.")
    draft = KINDS[kind](ctx, Draft(symbol, SIDES[verb], LIMIT))
    return tickets.propose(ctx, draft, tickets.much(ctx, 2))


def at(ctx, i):
    return Decimal(repr(ctx.number(i, low=1e-12, high=1e9)))


def beyond(side, stop):
    """Return the limit a stop sets where none was typed, a little worse than its trigger."""
    return stop * SLACK if side == SELL else stop / SLACK


def limit(ctx, draft):
    return draft._replace(price=at(ctx, 4))


def stop(ctx, draft):
    trigger = at(ctx, 4)
    bound = at(ctx, 5) if len(ctx.args) > 5 else beyond(draft.side, trigger)
    return draft._replace(kind=STOP, stop=trigger, bound=bound)


def oco(ctx, draft):
    trigger = at(ctx, 5)
    bound = at(ctx, 6) if len(ctx.args) > 6 else beyond(draft.side, trigger)
    return draft._replace(kind=OCO, price=at(ctx, 4), stop=trigger, bound=bound)


def trail(ctx, draft):
    far = tickets.percent(ctx, 4, 20) or Decimal(1)
    last = price(ctx.sources, draft.symbol, ctx.now)
    sign = -1 if draft.side == SELL else 1
    bound = last * (1 + sign * far / HUNDRED) * (SLACK if sign < 0 else 1 / SLACK)
    return draft._replace(kind=TRAIL, bound=bound, trail=int(far * 100))


def confirm(ctx):
    made = ctx.desk.confirm(ctx.user, ctx.chat.id, ctx.arg(1))
    more = [(ctx.t("Emirler", "Orders"), "/emirler"), (ctx.t("Portföy", "Portfolio"), "/portfoy")]
    return Reply(tickets.report(ctx, made), [more])


def drop(ctx):
    made = ctx.desk.drop(ctx.user.id, ctx.arg(1))
    if made:
        return tickets.report(ctx, made)
    mode = tickets.mode(ctx, ctx.db.orders.trader(ctx.user.id).mode)
    return ctx.t(f"{mode} · Vazgeçildi; emir verilmedi.", f"{mode} · Dropped; no order was made.")


KINDS = {"limit": limit, "stop": stop, "oco": oco, "iz": trail, "trail": trail}
ACTIONS = {"onay": confirm, "confirm": confirm, "vazgec": drop, "drop": drop}
