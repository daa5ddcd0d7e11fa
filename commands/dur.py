"""
Bu sohbette süren uzun işi durdurur: /dur
Stops the long work going on in this chat: /dur
"""

ALIASES = ("cancel",)
ALWAYS = True


def run(ctx):
    if ctx.workers.cancel(ctx.chat.id):
        return ctx.t("Durduruluyor…", "Stopping…")
    return ctx.t("Süren bir iş yok.", "Nothing is going on.")
