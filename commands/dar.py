"""
Projenin ağacı; k komutlar, t bir dosyanın kaynağı, txt hepsi, z zip: /dar [k|t dosya|txt|z]
The project's tree; k commands, t a file's source, txt all of it, z zip: /dar [k|t file|txt|z]
"""

import html
from pathlib import Path

import dar
from bot import Reply

ROLE = "admin"
ROOT = Path(__file__).resolve().parent.parent


def run(ctx):
    verb = ctx.arg(0, "").lower()
    if verb not in ACTIONS:
        raise ctx.wrong("k, t, txt ya da z deyin.", "Say k, t, txt or z.")
    return ACTIONS[verb](ctx)


def tree(ctx):
    return Reply(f"<pre>{html.escape(dar.tree(ROOT, ctx.redact.secrets()))}</pre>")


def commands(ctx):
    own = {c.name: c for c in ctx.commands.values()}
    lines = [
        f"/{name} {' '.join(own[name].aliases)} {own[name].error}".strip() for name in sorted(own)
    ]
    return html.escape(ctx.redact("\n".join(lines)))


def source(ctx):
    place = ctx.arg(1, "") or None
    try:
        text = dar.sources(ROOT, place, ctx.redact.secrets())
    except ValueError as error:
        raise ctx.wrong("Böyle verilecek bir dosya ya da klasör yok.", f"{error}.") from None
    name = "dort5bot.txt" if place is None else f"{Path(place).name}.txt"
    return Reply(file=(name, text.encode()))


def archive(ctx):
    return Reply(file=("dort5bot.zip", dar.archive(ROOT, ctx.redact.secrets())))


ACTIONS = {"": tree, "k": commands, "t": source, "txt": source, "z": archive, "zip": archive}
