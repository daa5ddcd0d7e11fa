"""
Sık kullanılan komutlar klavyede: /menu [kapat]
Your usual commands as a keyboard: /menu [off]
"""

from bot import Reply, fold

GROUP = "tools"
KEYS = ("/p", "/t", "/fav"), ("/pg", "/pl", "/pv")
OFF = ("kapat", "off", "kaldir")


def run(ctx):
    if fold(ctx.arg(0, "")) in OFF:
        return Reply(ctx.t("Klavye kaldırıldı.", "Keyboard removed."), keyboard=((),))
    last = ("/ts", ctx.t("/yardim", "/help"), ctx.t("/menu kapat", "/menu off"))
    return Reply(ctx.t("Klavye açıldı.", "Here is your keyboard."), keyboard=(*KEYS, last))
