"""
Canlı işleme geçer; izin 7: alarmlar 7 gün canlı emir verebilir: /canli [izin gün|kapat]
Goes live; allow 7: alarms may make live orders for 7 days: /canli [allow days|off]
"""

import tickets
from bot import Reply, UserError, fold
from orders import LIVE, PAPER

DAY, ALLOW, OFF = 86_400_000, ("izin", "allow"), ("kapat", "off")

GROUP = "trading"
ROLE = "trader"
ALIASES = ("live",)


def run(ctx):
    verb = fold(ctx.arg(0, ""))
    if verb == "onay":
        return confirm(ctx)
    if verb in OFF:
        ctx.db.orders.save_trader(ctx.user.id, mode=PAPER, approved=None)
        return ctx.t("📄 KAĞIT: canlı işlem kapandı.", "📄 PAPER: live trading is off.")
    if verb and verb not in ALLOW:
        raise ctx.wrong("izin ya da kapat deyin.", "Say allow or off.")
    if verb and fold(ctx.arg(1)) in OFF:
        ctx.db.orders.save_trader(ctx.user.id, approved=None)
        return ctx.t("Alarmlar artık canlı emir veremez.", "Alarms make no live orders any more.")
    return enter(ctx, verb)


def enter(ctx, verb):
    lacking = [ctx.t(*one) for one in ctx.desk.accounts.missing(ctx.user.id)]
    if lacking:
        return "\n".join([ctx.t("<b>Canlıya geçilemez:</b>", "<b>Not yet:</b>"), *lacking])
    if verb:
        return allow(ctx)
    limits = ctx.desk.limits
    text = ctx.t(
        "<b>⚠️ CANLI işlem gerçek parayla yapılır.</b>\n"
        f"Sınırlar: emir {limits.order}, coin {limits.coin}, gün {limits.day} USDT; "
        f"günlük kayıp %{limits.loss}.\nDurdurmak için /panik, kâğıda dönmek için /kagit.",
        "<b>⚠️ LIVE trading uses real money.</b>\n"
        f"Caps: order {limits.order}, coin {limits.coin}, day {limits.day} USDT; "
        f"a day's loss {limits.loss}%.\nTo stop: /panic, back to paper: /paper.",
    )
    token = ctx.db.keep_token(ctx.user.id, LIVE)
    return Reply(text, [[(ctx.t("Canlıya geç", "Go live"), f"/canli onay {token}")]])


def allow(ctx):
    tickets.recent(ctx)
    until = ctx.now + ctx.count(1, high=30) * DAY
    ctx.db.orders.save_trader(ctx.user.id, approved=until)
    return ctx.t(
        f"🔴 {ctx.clock(until)} anına dek alarmlarınız sormadan canlı emir verebilir "
        "(yalnız “sonra al/sat” yazılanlar, sınırlar içinde). Geri almak için: /canli izin kapat",
        f"🔴 Until {ctx.clock(until)} your alarms may make live orders without asking "
        "(only those with “then buy/sell”, within the caps). To end it: /canli izin kapat",
    )


def confirm(ctx):
    if ctx.db.take_token(ctx.user.id, ctx.arg(1)) != LIVE:
        raise ctx.wrong("Bu düğme kullanıldı ya da eskidi.", "This button is used or too old.")
    for lacking in ctx.desk.accounts.missing(ctx.user.id):
        raise UserError(*lacking)
    ctx.desk.broker(ctx.user.id, LIVE)
    ctx.desk.agree(ctx.user.id)
    ctx.db.orders.save_trader(ctx.user.id, mode=LIVE)
    foreign = len(ctx.desk.foreign.get(ctx.user.id, []))
    return ctx.t(
        f"🔴 CANLI: emirler artık borsaya gider. Botun vermediği açık emir: {foreign}.",
        f"🔴 LIVE: orders go to the exchange now. Open orders not made by the bot: {foreign}.",
    )
