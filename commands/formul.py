"""
Kendi formülleriniz ve bütün kelimeler: /formul [ad = formül | sil ad | formül]
Your own formulas and all words: /formul [name = formula | del name | formula]
"""

import html
import re

import formula
import vocabulary
from bot import Reply, fold

GROUP = "analysis"
ALIASES = ("formuller", "formula")
OFF = ("sil", "del", "delete", "remove")
EXAMPLE = "<code>/formul altin = sma(50) &gt; sma(200)</code>"
SIGNS = "< <= > >= == != + - * / and or not ve veya değil close[1] rsi(14, tf=4h) btc.close 3%"
GROUPS = {
    "series": ("Seriler", "Series"),
    "functions": ("İşlevler", "Functions"),
    "any": ("Her seriden", "Of any series"),
    "price": ("Fiyattan", "Of the price"),
    "volume": ("Hacimden", "Of the volume"),
    "pairs": ("Verilen serilerden", "Of given series"),
    "patterns": ("Mumlar", "Candles"),
}


def run(ctx):
    text, mine = " ".join(ctx.args), ctx.db.formulas(ctx.user.id)
    if written := re.fullmatch(r"([^\s<>!=()]+)\s*=(?!=)\s*(.*)", text):
        name = fold(written[1])
        made = formula.check_named(name, written[2], mine)
        ctx.db.save_formula(ctx.user.id, name, written[2])
        return ctx.t("Kaydedildi: ", "Saved: ") + f"{name} = {code(made.text)}"
    if ctx.args and fold(ctx.args[0]) in OFF:
        gone = ctx.db.remove_formula(ctx.user.id, fold(ctx.arg(1)))
        return ctx.t("Silindi.", "Deleted.") if gone else ctx.t("Zaten yoktu.", "It was not there.")
    return told(ctx, formula.compile(text, mine)) if text else words(ctx, mine)


def told(ctx, made):
    bars = ", ".join(f"{tf} {count}".strip() for tf, count in made.needs.bars.items())
    note = ctx.t(f"Gereken bar: {bars}", f"Bars it needs: {bars}")
    return Reply(f"{code(made.text)}\n{note}", ctx.buttons([("/sc", f"/sc {made.text}")]))


def words(ctx, mine):
    own = [f"{name} = {code(text)}" for name, text in mine.items()]
    title = ctx.t("<b>🧮 Formülleriniz</b>", "<b>🧮 Your formulas</b>")
    none = ctx.t(f"Henüz yok; örnek: {EXAMPLE}", f"None yet; try {EXAMPLE}")
    known = {ctx.t(*GROUPS[group]): " ".join(found) for group, found in vocabulary.groups().items()}
    known[ctx.t("Yazım", "Signs")] = code(SIGNS)
    lines = [title, *(own or [none]), "", *(f"<b>{k}</b>: {v}" for k, v in known.items())]
    lines += ["", ctx.t("Yorum: kapanmış barlarda.", "Comment: measured on closed bars.")]
    return Reply("\n".join(lines), ctx.buttons([("/sc rsi < 30", "/sc rsi < 30")]))


def code(text):
    return f"<code>{html.escape(text, quote=False)}</code>"
