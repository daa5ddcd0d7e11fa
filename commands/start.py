"""
Botu tanıtır: /start
Introduces the bot: /start
"""

import html

from bot import Reply, links

ALIASES = ("basla",)


def run(ctx):
    name = html.escape(ctx.user.name) or "👋"
    text = ctx.t(
        f"Merhaba <b>{name}</b>! Kripto piyasalarını izler, analiz ederim.\n\n"
        "Bir coinin adını yazın: <code>btc</code>\n"
        "Fiyatlar: /p · Analiz: /t · Favoriler: /fav · Alarmlar: /alarm\n"
        "Bütün komutlar: /yardim",
        f"Hello <b>{name}</b>! I watch and analyse the crypto markets.\n\n"
        "Type a coin's name: <code>btc</code>\n"
        "Prices: /p · Analysis: /t · Favourites: /fav · Alarms: /alarm\n"
        "All commands: /help",
    )
    if ctx.config.mocked:
        text += ctx.t(
            "\n\n⚠️ Piyasalar sahte: kayıtlı mumlar yeniden oynatılıyor.",
            "\n\n⚠️ The markets are mock ones: recorded candles are replayed.",
        )
    rows = [links("p", "t btc", ctx.t("yardim", "help"))]
    return Reply(text, [*rows, [("Türkçe", "/dil tr"), ("English", "/dil en")]])
