"""
Emir iptal eder: /iptal numara|hepsi
Cancels orders: /iptal number|all
"""

import tickets
from bot import fold

GROUP = "trading"
ROLE = "trader"
ALIASES = ("revoke",)
ALWAYS = True


def run(ctx):
    rows = ctx.db.orders
    if fold(ctx.arg(0)) in ("hepsi", "all"):
        every = rows.living(ctx.user.id, rows.trader(ctx.user.id).mode)
        if not every:
            none = ctx.t("Açık emir yok.", "There are no open orders.")
            return f"{tickets.mode(ctx, rows.trader(ctx.user.id).mode)} · {none}"
        return list(tickets.canceled(ctx, every))
    number = int(ctx.replaced([ctx.arg(0).lstrip("#")]).number(0, low=1, high=2**31 - 1))
    intent = rows.find(ctx.user.id, number)
    if intent is None:
        raise ctx.wrong("Böyle bir emriniz yok.", "You have no such order.")
    return list(tickets.canceled(ctx, [intent]))
