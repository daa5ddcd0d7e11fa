"""
Borsa anahtarınızı unutur, kâğıda döner: /apidel
Forgets your key of the exchange, back to paper: /apidel
"""

from orders import LIVE, PAPER

GROUP = "trading"
ROLE = "trader"


def run(ctx):
    rows = ctx.db.orders
    waiting = len(rows.living(ctx.user.id, LIVE))
    there = rows.remove_key(ctx.user.id)
    rows.save_trader(ctx.user.id, mode=PAPER, approved=None)
    ctx.desk.forget(ctx.user.id)
    if not there:
        return ctx.t("Zaten anahtar yok.", "There was no key.")
    note = ctx.t(
        f" Borsada {waiting} emriniz duruyor; bot artık onları izleyemez.",
        f" Orders of yours left at the exchange: {waiting}; the bot cannot follow them any more.",
    )
    return ctx.t("🗑 Anahtar unutuldu.", "🗑 The key is forgotten.") + note * bool(waiting)
