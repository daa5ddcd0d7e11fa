"""
Emir iptal eder: /iptal numara|hepsi
Cancels orders: /iptal number|all
"""

import tickets
from bot import fold
from order_rows import WORKING

GROUP = "trading"
ALIASES = ("revoke",)


def run(ctx):
    rows = ctx.db.orders
    if fold(ctx.arg(0)) in ("hepsi", "all"):
        every = rows.living(ctx.user.id, rows.trader(ctx.user.id).mode)
        if not every:
            return ctx.t("Açık emir yok.", "There are no open orders.")
        return [told(ctx, intent) for intent in every]
    number = int(ctx.replaced([ctx.arg(0).lstrip("#")]).number(0, low=1, high=2**31 - 1))
    intent = rows.find(ctx.user.id, number)
    if intent is None:
        raise ctx.wrong("Böyle bir emriniz yok.", "You have no such order.")
    return told(ctx, intent)


def told(ctx, intent):
    """Cancel an order and say how it ended, and what is without a stop now."""
    done = ctx.desk.cancel(intent)
    lines = [tickets.report(ctx, done)]
    if done.state == WORKING:
        lines.append(
            ctx.t(
                "İptalin sonucu belli değil; borsaya soruluyor.",
                "It is not known whether it was canceled; the exchange is being asked.",
            )
        )
    elif intent.parent and not ctx.db.orders.filled(intent.id):
        lines.append(
            ctx.t(
                "🚨 Bu emir bir alımı koruyordu: pozisyon artık KORUMASIZ.",
                "🚨 This order protected a purchase: the position is UNPROTECTED now.",
            )
        )
    return "\n".join(lines)
