"""
Verdiğiniz borsa anahtarı, gizlenmiş: /apimy
The key of the exchange you gave, masked: /apimy
"""

GROUP = "trading"
ROLE = "trader"


def run(ctx):
    key = ctx.db.orders.key(ctx.user.id)
    if key is None:
        return ctx.t("Anahtar yok. Vermek için /apikey.", "There is no key. To give one: /apikey.")
    when = ctx.clock(key.checked)
    return ctx.t(
        f"🔐 <code>{key.mask}</code>, denetlendi: {when}\nSilmek için /apidel",
        f"🔐 <code>{key.mask}</code>, checked {when}\nTo delete it: /apidel",
    )
