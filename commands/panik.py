"""
Acil durdurma: yeni alımları keser, bekleyen alımları iptal eder: /panik [durum|kapat]
Kill switch: stops buying and cancels waiting purchases: /panik [status|off]
"""

import tickets
from bot import Reply, fold
from orders import BUY

GROUP = "trading"
ROLE = "trader"
ALIASES = ("panic",)
ALWAYS = True
# Any other word turns it on: a slip of the pen must not leave it off.
STATE = ("durum", "status", "?")


def run(ctx):
    rows, verb = ctx.db.orders, fold(ctx.arg(0, ""))
    if verb in STATE:
        return state(ctx, rows.trader(ctx.user.id).stopped)
    if verb in ("kapat", "off"):
        tickets.recent(ctx)
        rows.save_trader(ctx.user.id, stopped=None)
        return ctx.t("Acil durdurma kalktı; alım açık.", "The kill switch is lifted; buying is on.")
    rows.save_trader(ctx.user.id, stopped=ctx.now)
    waiting = [one for one in rows.living(ctx.user.id) if one.side == BUY]
    lines = [
        ctx.t("<b>🛑 Acil durdurma açık.</b>", "<b>🛑 The kill switch is on.</b>"),
        ctx.t("Yeni alım yapılmaz, kâğıtta da.", "Nothing is bought, not even on paper."),
        *tickets.canceled(ctx, waiting),
        ctx.t(
            "Yapmadığı: elinizdekini satmaz, koruma emirlerini ve başka yerden verilmiş "
            "emirleri kaldırmaz; alarmlar çalmaya devam eder.",
            "What it does not do: sell what you hold, remove stops or orders made elsewhere; "
            "alarms go on.",
        ),
    ]
    return Reply("\n".join(lines), [[(ctx.t("Kaldır", "Lift it"), "/panik kapat")]])


def state(ctx, since):
    if since is None:
        return ctx.t("Acil durdurma kapalı; alım açık.", "The kill switch is off; buying is on.")
    return ctx.t(
        f"🛑 Acil durdurma {ctx.clock(since)} anından beri açık. Kaldırmak için: /panik kapat",
        f"🛑 The kill switch is on since {ctx.clock(since)}. To lift it: /panic off",
    )
