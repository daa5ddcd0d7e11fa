"""
Kendi formülleriniz ve bütün kelimeler: /formul [ad = formül | sil ad | formül]
Your own formulas and all words: /formul [name = formula | del name | formula]
"""

import html
import re
from contextlib import suppress

import formula
import vocabulary
from bot import Reply, fold

GROUP = "analysis"
ALIASES = ("formuller", "formula")
OFF = ("sil", "del", "remove")
MOST = 30
EXAMPLE = "altin = sma(50) > sma(200)"
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
    text = " ".join(ctx.args)
    written = re.fullmatch(r"(\S+)\s*=(?!=)\s*(.*)", text)
    if written and written[1][-1] not in "<>!=":
        return save(ctx, fold(written[1]), written[2])
    if ctx.args and fold(ctx.args[0]) in OFF:
        return remove(ctx, fold(ctx.arg(1)))
    return read(ctx, text) if text else show(ctx)


def save(ctx, name, text):
    mine = ctx.db.formulas(ctx.user.id)
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,19}", name) or name in vocabulary.WORDS:
        raise ctx.wrong(
            "Ad 2–20 harf, rakam ya da _ olur ve başka bir anlamı olmaz.",
            "A name is 2–20 letters, digits or _ and means nothing else.",
        )
    if len(mine) >= MOST and name not in mine:
        raise ctx.wrong(f"En çok {MOST} formül.", f"At most {MOST} formulas.")
    mine[name] = text
    made = formula.compile(name, mine)
    formula.check_together(readable(mine))
    ctx.db.save_formula(ctx.user.id, name, text)
    return ctx.t("Kaydedildi: ", "Saved: ") + f"{name} = {code(made.text)}"


def readable(mine):
    for name in mine:
        with suppress(formula.FormulaError):
            yield formula.compile(name, mine)


def remove(ctx, name):
    if not ctx.db.remove_formula(ctx.user.id, name):
        raise ctx.wrong("Böyle bir formülünüz yok.", "You have no such formula.")
    return ctx.t("Silindi.", "Deleted.")


def read(ctx, text):
    found = formula.compile(text, ctx.db.formulas(ctx.user.id))
    bars = ", ".join(f"{tf} {count}".strip() for tf, count in found.needs.bars.items())
    kind = ctx.t("koşul", "condition") if found.condition else ctx.t("sayı", "number")
    note = ctx.t(f"Bir {kind}. Gereken bar: {bars}", f"A {kind}. Bars it needs: {bars}")
    line = f"/sc {found.text}"
    return Reply(f"{code(found.text)}\n{note}", ctx.buttons([("/sc", line)]))


def show(ctx):
    mine = ctx.db.formulas(ctx.user.id)
    own = [f"{name} = {code(text)}" for name, text in mine.items()]
    none = ctx.t("Henüz yok; örnek: ", "None yet; try ") + code(f"/formul {EXAMPLE}")
    title = ctx.t("<b>🧮 Formülleriniz</b>", "<b>🧮 Your formulas</b>")
    words = [
        f"<b>{ctx.t(*GROUPS[group])}</b>: {' '.join(found)}"
        for group, found in vocabulary.groups().items()
    ]
    signs = ctx.t("<b>Yazım</b>", "<b>Signs</b>")
    note = ctx.t(
        "Yorum: kapanmış barlarda ölçülür; parantezsiz ad varsayılan ayarıyladır.",
        "Comment: measured on closed bars; a name without brackets has its usual settings.",
    )
    lines = [title, *(own or [none]), "", *words, f"{signs}: {code(SIGNS)}", "", note]
    return Reply("\n".join(lines), ctx.buttons([("/sc rsi < 30", "/sc rsi < 30")]))


def code(text):
    return f"<code>{html.escape(text, quote=False)}</code>"
