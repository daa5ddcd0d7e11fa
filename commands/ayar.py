"""
Ayarlar: saat dilimi, tema, günlük raporlar: /ayar [saat Europe/Berlin | tema açık | rapor p 9:00]
Settings: time zone, theme, daily reports: /ayar [zone Europe/London | theme light | report p 9:00]
"""

import html
import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot import Reply, find, fold
from db import Push

ALIASES = ("ayarlar", "settings")
OFF = ("kapat", "off", "sil")
THEMES = {"dark": ("koyu", "dark"), "light": ("açık", "light")}
MOST, LONGEST = 10, 200
REPORTS, LISTS = ("prices", "flow", "analysis", "markets"), ("fav", "formul")


def run(ctx):
    verb = ctx.arg(0, "").lower()
    if verb and verb not in ACTIONS:
        raise ctx.wrong("“saat”, “tema” ya da “rapor” deyin.", "Say “zone”, “theme” or “report”.")
    return ACTIONS[verb](ctx) if verb else show(ctx)


def show(ctx, *notes):
    ctx, mine = ctx.replaced(()), ctx.db.pushes(ctx.user.id)
    none = ctx.t("yok; örnek:", "none; try") + " <code>/ayar rapor p 09:00</code>"
    text = "\n".join(
        [
            *notes,
            ctx.t("<b>⚙️ Ayarlarınız</b>", "<b>⚙️ Your settings</b>"),
            ctx.t("Dil: Türkçe (/dil)", "Language: English (/dil)"),
            ctx.t(f"Saat dilimi: {ctx.user.zone}", f"Time zone: {ctx.user.zone}"),
            ctx.t("Grafik teması: ", "Theme of pictures: ") + ctx.t(*THEMES[ctx.user.theme]),
            ctx.t("Günlük raporlar:", "Daily reports:"),
            *([f"/{html.escape(row.line)} – {time(row.minute)}" for row in mine] or [none]),
        ]
    )
    off = ((f"✖️ {row.line} {time(row.minute)}", f"/ayar rapor {row.line} kapat") for row in mine)
    swap = [(f"🎨 {ctx.t(*THEMES[t])}", f"/ayar tema {t}") for t in THEMES if t != ctx.user.theme]
    return Reply(text, ctx.buttons(swap, *([button] for button in off)))


def time(minute):
    return f"{minute // 60:02}:{minute % 60:02}"


def zone(ctx):
    try:
        chosen = ZoneInfo(ctx.arg(1))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ctx.wrong("Böyle bir saat dilimi yok.", "There is no such time zone.") from None
    ctx.db.save_person(ctx.user.id, zone=chosen.key)
    for push in ctx.db.pushes(ctx.user.id):
        begin(ctx, push, chosen)
    return ctx.t(f"Saat diliminiz: {chosen.key}", f"Your time zone: {chosen.key}")


def begin(ctx, push, zone):
    """Keep a report so that it comes when its time comes next in the zone."""
    day, _ = push.last(ctx.now / 1000, zone)
    ctx.db.save_push(push._replace(day=day))


def theme(ctx):
    word = fold(ctx.arg(1))
    chosen = next((key for key, names in THEMES.items() if word in map(fold, names)), None)
    if not chosen:
        raise ctx.wrong("“koyu” ya da “açık” deyin.", "Say “dark” or “light”.")
    ctx.db.save_person(ctx.user.id, theme=chosen)
    return ctx.t("Grafik teması: ", "Theme of pictures: ") + ctx.t(*THEMES[chosen])


def report(ctx):
    *words, when = ctx.args[1:] or ("", "")
    line = re.sub(r"^(\S*?)@\S*", r"\1", " ".join(words).lstrip("/").lower())
    if when.lower() in OFF:
        gone = ctx.db.remove_push(ctx.user.id, line)
        told = ("Kapatıldı.", "Turned off.") if gone else ("Zaten yoktu.", "It was not there.")
        return show(ctx, ctx.t(*told))
    command = find(f"/{line}", ctx.commands) if line else None
    if not command or command.group not in REPORTS or command.name in LISTS or command.secret:
        raise ctx.wrong("Hangi rapor, saat kaçta?", "Which report, at what time?")
    if not (clock := re.fullmatch(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])", when)):
        raise ctx.wrong("Saat 09:00 gibi yazılır.", "The time is written like 09:00.")
    others = [push for push in ctx.db.pushes(ctx.user.id) if push.line != line]
    if len(others) >= MOST or len(line) > LONGEST:
        raise ctx.wrong(f"En çok {MOST} rapor, {LONGEST} harf.", f"At most {MOST}, {LONGEST} long.")
    minute = 60 * int(clock[1]) + int(clock[2])
    push = Push(ctx.user.id, line, ctx.chat.id, minute, "", ctx.chat.topic)
    begin(ctx, push, ctx.user.zone)
    ctx.db.save_person(ctx.user.id, lang=ctx.lang)
    line, place = html.escape(line), f"{time(minute)} ({ctx.user.zone})"
    return ctx.t(f"/{line} her gün gelecek: {place}", f"/{line} comes daily: {place}")


VERBS = ((("saat", "zone"), zone), (("tema", "theme"), theme), (("rapor", "report"), report))
ACTIONS = {word: act for words, act in VERBS for word in words}
