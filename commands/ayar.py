"""
Ayarlarınız: saat dilimi ve her gün gelen raporlar: /ayar [saat Europe/Berlin | rapor p 09:00]
Your settings: time zone and daily reports: /ayar [zone Europe/London | report p 09:00]
"""

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot import Reply, find
from db import Push

ALIASES = ("ayarlar", "settings")
OFF = ("kapat", "off", "sil")
MAX_REPORTS = 10


def run(ctx):
    verb = ctx.arg(0, "").lower()
    if verb and verb not in ACTIONS:
        raise ctx.wrong("“saat” ya da “rapor” deyin.", "Say “zone” or “report”.")
    return ACTIONS[verb](ctx) if verb else show(ctx)


def show(ctx):
    rows = [f"/{push.line} – {time(push.minute)}" for push in ctx.db.pushes(ctx.user.id)]
    title = ctx.t("<b>⚙️ Ayarlarınız</b>", "<b>⚙️ Your settings</b>")
    zone = ctx.t(f"Saat dilimi: {ctx.user.zone}", f"Time zone: {ctx.user.zone}")
    lang = ctx.t("Dil: Türkçe (/dil)", "Language: English (/dil)")
    daily = ctx.t("Günlük raporlar:", "Daily reports:")
    none = ctx.t(
        "yok; örnek: <code>/ayar rapor p 09:00</code>",
        "none; try <code>/ayar report p 09:00</code>",
    )
    return Reply("\n".join([title, lang, zone, daily, *(rows or [none])]), ctx.buttons())


def time(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


def zone(ctx):
    try:
        chosen = ZoneInfo(ctx.arg(1))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ctx.wrong("Böyle bir saat dilimi yok.", "There is no such time zone.") from None
    ctx.db.save_person(ctx.user.id, zone=chosen.key)
    return ctx.t(f"Saat diliminiz: {chosen.key}", f"Your time zone: {chosen.key}")


def report(ctx):
    *words, when = ctx.args[1:] or ("", "")
    line = " ".join(words).lstrip("/").lower()[:100]
    command = find(f"/{line}", ctx.commands) if line else None
    if command is None or command.secret or command.admin:
        raise ctx.wrong("Hangi rapor, saat kaçta?", "Which report, at what time?")
    if when.lower() in OFF:
        gone = ctx.db.remove_push(ctx.user.id, line)
        return (
            ctx.t("Kapatıldı.", "Turned off.")
            if gone
            else ctx.t("Zaten yoktu.", "It was not there.")
        )
    clock = re.fullmatch(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])", when)
    if not clock:
        raise ctx.wrong("Saat 09:00 gibi yazılır.", "The time is written like 09:00.")
    if len(ctx.db.pushes(ctx.user.id)) >= MAX_REPORTS:
        raise ctx.wrong(f"En çok {MAX_REPORTS} rapor.", f"At most {MAX_REPORTS} reports.")
    minute = 60 * int(clock[1]) + int(clock[2])
    passed = int(ctx.clock(ctx.now, "%H")) * 60 + int(ctx.clock(ctx.now, "%M")) >= minute
    day = ctx.clock(ctx.now, "%F") if passed else ""
    ctx.db.save_push(Push(ctx.user.id, line, ctx.chat.id, minute, day))
    return ctx.t(
        f"/{line} her gün {time(minute)}'de gelecek.", f"/{line} comes daily at {time(minute)}."
    )


ACTIONS = {"saat": zone, "zone": zone, "rapor": report, "report": report}
