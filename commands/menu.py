"""
Sık kullanılan komutlar klavyede: /menu [kapat]
Your usual commands as a keyboard: /menu [off]
"""

from bot import Reply

GROUP = "tools"
KEYS = (("/p", "/t", "/fav"), ("/pg", "/pl", "/pv"), ("/ts", "/yardim", "/menu kapat"))
OFF = ("kapat", "off", "kaldir")


def run(ctx):
    if ctx.arg(0, "").lower() in OFF:
        return Reply(ctx.t("Klavye kaldırıldı.", "Keyboard removed."), keyboard=((),))
    return Reply(ctx.t("Klavye açıldı.", "Here is your keyboard."), keyboard=KEYS)
