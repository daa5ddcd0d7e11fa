"""
Bot iyi mi? Yöneticiye ayrıntı da verir: /saglik
Is the bot well? Admins get details too: /health
"""

import html
import platform
import re
from pathlib import Path

from bot import UNKNOWN, Reply

ALIASES = ("health",)


def run(ctx):
    late, errors = ctx.workers.late(), {c.name: c.error for c in ctx.commands.values() if c.error}
    well = not late and not errors
    text = ctx.t("🟢 Bot iyi.", "🟢 The bot is well.")
    if not well:
        text = ctx.t("🔴 Bot tam sağlıklı değil.", "🔴 The bot is not fully well.")
    if ctx.user.admin:
        text = "\n".join([text, *details(ctx, late, errors)])
    return Reply(text, ctx.buttons([("/ts", "/ts")]))


def details(ctx, late, errors):
    up = ctx.ago(int(ctx.workers.started * 1000))
    yield ctx.t(f"Çalışma süresi: {up}", f"Uptime: {up}")
    yield ctx.t(f"Bellek: {memory()}", f"Memory: {memory()}")
    yield f"Python {platform.python_version()}"
    offset = ctx.num(ctx.sources.offset, 2, sign=True)
    yield ctx.t(f"Borsa saati farkı: {offset} sn", f"Exchange clock offset: {offset} s")
    if late:
        yield ctx.t("Geciken işler: ", "Late jobs: ") + ", ".join(late)
    for name, error in errors.items():
        yield f"/{name}: {html.escape(ctx.redact(error)[:200])}"


def memory():
    """Return the main process's resident memory where the system tells it."""
    status = Path("/proc/self/status")
    found = re.search(r"VmRSS:\s+(\d+)", status.read_text()) if status.exists() else None
    return f"{int(found[1]) / 1024:.0f} MB" if found else UNKNOWN
