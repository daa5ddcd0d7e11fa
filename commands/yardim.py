"""
Bütün komutlar ya da birinin kullanımı: /yardim [komut]
All commands, or how one is used: /help [command]
"""

import html

from bot import Reply, find

ALIASES = ("help", "h", "komutlar")
GROUPS = {
    "prices": ("Fiyatlar", "Prices"),
    "flow": ("Nakit akışı ve güç", "Cash flow and strength"),
    "analysis": ("Analiz", "Analysis"),
    "markets": ("Diğer piyasalar", "Other markets"),
    "alarms": ("Alarmlar", "Alarms"),
    "trading": ("Alım satım", "Trading"),
    "tools": ("Araçlar", "Tools"),
}


def run(ctx):
    if ctx.args:
        return one(ctx)
    own = {c.name: c for c in ctx.commands.values() if not c.error and ctx.user.may(c.role)}
    blocks = [ctx.t("<b>📖 Komutlar</b>", "<b>📖 Commands</b>")]
    for group, title in GROUPS.items():
        lines = [line(ctx, own[name]) for name in sorted(own) if own[name].group == group]
        if lines:
            blocks.append("\n".join([f"<b>{ctx.t(*title)}</b>", *lines]))
    blocks.append(
        ctx.t(
            "Bir coinin adı (<code>btc</code>) kısa analizidir.",
            "A coin's name (<code>btc</code>) is its short analysis.",
        )
    )
    return Reply("\n\n".join(blocks))


def line(ctx, command):
    return f"/{command.name} – {html.escape(command.about(ctx.lang)[0])}"


def one(ctx):
    command = find("/" + ctx.arg(0).lstrip("/"), ctx.commands)
    if command is None or not ctx.user.may(command.role):
        raise ctx.wrong("Böyle bir komut yok.", "There is no such command.")
    what, usage = command.about(ctx.lang)
    more = f"\n\n{ctx.t(*command.more)}" if all(command.more) else ""
    others = " ".join(f"/{alias}" for alias in command.aliases)
    tail = ctx.t(f"\nDiğer adları: {others}", f"\nOther names: {others}") if others else ""
    told = f"<b>/{command.name}</b>\n{html.escape(what)}\n<code>{html.escape(usage)}</code>"
    return f"{told}{tail}{more}"
