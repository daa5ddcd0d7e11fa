"""
Canlı işleme geçer: izin, anahtar ve onay ister: /canli
Goes live: needs leave, a key and a confirmation: /canli
"""

from bot import Reply, fold
from orders import LIVE

GROUP = "trading"
ALIASES = ("live",)


def run(ctx):
    if fold(ctx.arg(0, "")) == "onay":
        return confirm(ctx)
    lacking = [ctx.t(*one) for one in ctx.desk.accounts.missing(ctx.user.id)]
    if lacking:
        return "\n".join([ctx.t("<b>Canlıya geçilemez:</b>", "<b>Not yet:</b>"), *lacking])
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


def confirm(ctx):
    if ctx.db.take_token(ctx.user.id, ctx.arg(1)) != LIVE:
        raise ctx.wrong("Bu düğme kullanıldı ya da eskidi.", "This button is used or too old.")
    ctx.desk.broker(ctx.user.id, LIVE)
    ctx.desk.agree(ctx.user.id)
    ctx.db.orders.save_trader(ctx.user.id, mode=LIVE)
    foreign = len(ctx.desk.foreign.get(ctx.user.id, []))
    return ctx.t(
        f"🔴 CANLI: emirler artık borsaya gider. Botun vermediği açık emir: {foreign}.",
        f"🔴 LIVE: orders go to the exchange now. Open orders not made by the bot: {foreign}.",
    )
