"""
Botun size konuştuğu dil: /dil tr|en
The language the bot speaks to you: /dil tr|en
"""

from bot import Reply, fold

ALIASES = ("lang", "language")
SAID = {"tr": "Bundan sonra Türkçe konuşuyorum.", "en": "I speak English from now on."}
NAMES = {"turkce": "tr", "turkish": "tr", "english": "en", "ingilizce": "en"}
BUTTONS = [[("Türkçe", "/dil tr"), ("English", "/dil en")]]


def run(ctx):
    if not ctx.args:
        return Reply(ctx.t("Hangi dilde konuşalım?", "Which language shall we speak?"), BUTTONS)
    word = fold(ctx.arg(0))
    lang = NAMES.get(word, word)
    if lang not in SAID:
        raise ctx.wrong("Dil tr ya da en olabilir.", "The language is tr or en.")
    ctx.db.save_person(ctx.user.id, lang=lang)
    return SAID[lang]
