"""
Kendini sınar: saat, kaynaklar, Telegram, disk, yedek, emir tatbikatı; ne yapmalı: /doktor
Tests itself: clock, sources, Telegram, disk, backup, order drills; what to do: /doctor
"""

from bot import Reply
from checkup import BAD, DOUBT, examined

GROUP = "tools"
ROLE = "admin"
HEAVY = True
ALIASES = ("doctor",)


def run(ctx):
    found = list(examined(ctx))
    lights = [light for light, _ in found]
    lines = [f"{light} {words}" for light, words in found]
    head = ctx.t("<b>🩺 Muayene</b>", "<b>🩺 Checkup</b>")
    end = summary(ctx, lights.count(BAD), lights.count(DOUBT))
    return Reply("\n".join([head, *lines, "", end]), ctx.buttons([("/ts", "/ts")]))


def summary(ctx, bad, doubtful):
    if not bad and not doubtful:
        return ctx.t("Her şey yolunda.", "All is well.")
    return ctx.t(
        f"❌ {bad} sorun, ⚠️ {doubtful} uyarı; her satır ne yapılacağını söyler.",
        f"❌ {bad} wrong, ⚠️ {doubtful} doubtful; each line says what to do.",
    )
