"""
Kâğıt üstünde işleme döner; sıfırla cüzdanı 10.000 USDT yapar: /kagit [sıfırla]
Back to paper trading; reset makes the wallet 10,000 USDT: /kagit [reset]
"""

import tickets
from bot import Reply, fold
from orders import PAPER

GROUP = "trading"
ROLE = "trader"
ALIASES = ("paper",)


def run(ctx):
    verb = fold(ctx.arg(0, ""))
    if verb in ("sifirla", "reset"):
        return ask(ctx)
    if verb == "onay":
        return reset(ctx)
    ctx.db.orders.save_trader(ctx.user.id, mode=PAPER, approved=None)
    balances = ctx.desk.broker(ctx.user.id, PAPER).balances()
    held = ", ".join(f"{tickets.number(ctx, b.free + b.locked)} {a}" for a, b in balances.items())
    head = ctx.t("📄 KAĞIT: emirler gerçek değil.", "📄 PAPER: orders are not real.")
    return f"{head}\n{held}"


def ask(ctx):
    token = ctx.db.keep_token(ctx.user.id, "reset")
    text = ctx.t(
        "Kâğıt cüzdan 10.000 USDT olur, açık kâğıt emirler iptal edilir. Emin misiniz?",
        "The paper wallet becomes 10,000 USDT, open paper orders are canceled. Are you sure?",
    )
    return Reply(text, [[(ctx.t("Sıfırla", "Reset"), f"/kagit onay {token}")]])


def reset(ctx):
    if ctx.db.take_token(ctx.user.id, ctx.arg(1)) != "reset":
        raise ctx.wrong("Bu düğme kullanıldı ya da eskidi.", "This button is used or too old.")
    ctx.desk.broker(ctx.user.id, PAPER).reset()
    ctx.desk.hurry(n for one in ctx.db.orders.living(ctx.user.id, PAPER) for n in one.client_ids)
    return ctx.t(
        "📄 Kâğıt cüzdan sıfırlandı; bugünkü kayıp sınırı bundan etkilenmez.",
        "📄 The paper wallet is reset; today's loss limit is not touched by that.",
    )
