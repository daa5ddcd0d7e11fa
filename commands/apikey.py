"""
Borsa anahtarınızı denetler ve mühürler, özel sohbette: /apikey ANAHTAR GİZLİ
Checks and seals your key of the exchange, in a private chat: /apikey KEY SECRET
"""

import re

from accounts import NO_MASTER
from bot import UserError
from order_rows import WORKING, Key
from orders import LIVE
from spot import ABSENT
from vault import Pair, mask, seal

GROUP = "trading"
ROLE = "trader"
SECRET = True


def run(ctx):
    if ctx.chat.kind != "private":
        raise UserError(
            "Bu anahtarı başkaları gördü: borsada silin, yenisini özel sohbette verin.",
            "Others have seen this key: delete it at the exchange, give a new one in private.",
        )
    if not ctx.config.master_key:
        raise UserError(*NO_MASTER)
    pair = Pair(ctx.arg(0), ctx.arg(1))
    if not all(re.fullmatch(r"[A-Za-z0-9]{16,128}", word) for word in pair):
        raise ctx.wrong("Bunlar bir Binance anahtarı değil.", "This is no key of Binance.")
    broker = ctx.desk.accounts.spot(pair)
    withdraws, trades = broker.rights()
    if withdraws:
        raise UserError(
            "Bu anahtar para çekebiliyor; alınmadı. Çekme yetkisi olmayan bir anahtar yapın.",
            "This key may withdraw; it was not taken. Make one without the right to withdraw.",
        )
    if ctx.db.orders.key(ctx.user.id):
        same_account(ctx, broker)
    sealed = seal(pair, ctx.user.id, ctx.config.master_key.reveal())
    ctx.db.orders.save_keys([Key(ctx.user.id, mask(pair.key), sealed, ctx.now)])
    ctx.desk.forget(ctx.user.id)
    note = (
        ""
        if trades
        else ctx.t(
            "\n⚠️ Bu anahtarın işlem yetkisi yok: bakiyeyi görür, emir veremez.",
            "\n⚠️ This key may not trade: it sees the balance and makes no orders.",
        )
    )
    done = ctx.t("🔐 Anahtar mühürlendi", "🔐 The key is sealed")
    return f"{done}: <code>{mask(pair.key)}</code>{note}\n/canli"


def same_account(ctx, broker):
    """Raise UserError where the orders that are followed rest in another account."""
    for intent in ctx.db.orders.living(ctx.user.id, LIVE):
        if intent.state == WORKING and broker.find(intent).code == ABSENT:
            raise UserError(
                f"Bu anahtar başka bir hesabın: açık emriniz #{intent.id} orada yok. "
                "Önce /iptal hepsi ya da /apidel.",
                f"This key is of another account: your open order #{intent.id} is not there. "
                "First /iptal all, or /apidel.",
            )
