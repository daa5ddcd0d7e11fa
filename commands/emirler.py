"""
Açık emirleriniz, iptal düğmeleriyle: /emirler
Your open orders, with buttons to cancel: /emirler
"""

import html

import tickets
from bot import Reply, coin
from order_rows import WORKING

GROUP = "trading"
ROLE = "trader"
ALIASES = ("aktif", "orders")
SHOWN, BUTTONS = 40, 10


def run(ctx):
    mode = ctx.db.orders.trader(ctx.user.id).mode
    every = ctx.db.orders.living(ctx.user.id, mode)
    title = f"<b>{tickets.mode(ctx, mode)} · {ctx.t('Açık emirler', 'Open orders')}</b>"
    lines = [row(ctx, intent) for intent in every[:SHOWN]]
    foreign = ctx.desk.foreign.get(ctx.user.id, []) if mode == "live" else []
    lines += [stranger(ctx, one) for one in foreign[:SHOWN]]
    if not lines:
        return Reply(f"{title}\n{ctx.t('Açık emir yok.', 'No open orders.')}", ctx.buttons())
    comment = ctx.t(
        f"Yorum: {len(every)} emriniz açık; dokunulmayan yabancı emir {len(foreign)}.",
        f"Comment: {len(every)} of your orders open; {len(foreign)} foreign, left alone.",
    )
    buttons = [
        [(f"✖️ #{one.id}", f"/iptal {one.id}")] for one in every[:BUTTONS] if one.state == WORKING
    ]
    return Reply("\n".join([title, *lines, "", comment]), ctx.buttons([], *buttons))


def row(ctx, intent):
    levels = ", ".join(tickets.levels(ctx, intent.draft))
    name = f"{tickets.side(ctx, intent.side)} {coin(intent.symbol)}"
    what = tickets.asked(ctx, intent.draft, coin(intent.symbol))
    return f"#{intent.id} {name} {what} · {levels} · {tickets.state(ctx, intent)}"


def stranger(ctx, seen):
    amount = tickets.number(ctx, seen.quantity)
    label = ctx.t("yabancı", "foreign")
    return f"({label}) {html.escape(f'{seen.side} {seen.symbol}')} {amount}"
