"""
Ayarlarınız: /ayar [saat Asia/Tokyo | sessiz 23-07 | tema açık | bant %0.5 | rapor p 9:00]
Your settings: /ayar [zone Asia/Tokyo | quiet 23-07 | theme light | band %0.5 | report p 9:00]
"""

import html

import alarm_grammar
import alarm_offers
import daily
import quiet
from bot import Reply, fold

ALIASES = ("ayarlar", "settings")
OFF = ("kapat", "off", "sil")
THEMES = {"dark": ("koyu", "dark"), "light": ("açık", "light")}


def run(ctx):
    verb = fold(ctx.arg(0, ""))
    if verb and verb not in ACTIONS:
        raise ctx.wrong("Hangi ayar?", "Which setting?")
    return ACTIONS[verb](ctx) if verb else show(ctx)


def show(ctx, *notes):
    ctx, mine = ctx.replaced(()), ctx.db.pushes(ctx.user.id)
    none = ctx.t("yok; örnek: /ayar rapor p 9:00", "none; try /ayar report p 9:00")
    text = "\n".join(
        [
            *notes,
            ctx.t("<b>⚙️ Ayarlarınız</b>", "<b>⚙️ Your settings</b>"),
            ctx.t("Dil: Türkçe (/dil)", "Language: English (/dil)"),
            ctx.t(f"Saat dilimi: {ctx.user.zone}", f"Time zone: {ctx.user.zone}"),
            ctx.t("Sessiz saatler: ", "Quiet hours: ") + (ctx.user.quiet or ctx.t("yok", "none")),
            ctx.t("Grafik teması: ", "Theme of pictures: ") + ctx.t(*THEMES[ctx.user.theme]),
            alarm_offers.usual(ctx),
            ctx.t("Günlük raporlar:", "Daily reports:"),
            *([f"/{html.escape(row.line)} – {daily.clock(row.minute)}" for row in mine] or [none]),
        ]
    )
    named = ((row.line, daily.clock(row.minute)) for row in mine)
    off = ((f"✖️ {line} {when}", f"/ayar rapor {line} kapat") for line, when in named)
    swap = [(f"🎨 {ctx.t(*THEMES[t])}", f"/ayar tema {t}") for t in THEMES if t != ctx.user.theme]
    return Reply(text, ctx.buttons(swap, *([button] for button in off)))


def zone(ctx):
    chosen = quiet.zone(" ".join((ctx.arg(1), *ctx.args[2:])))
    ctx.db.save_person(ctx.user.id, zone=chosen.key)
    daily.move(ctx, chosen)
    return ctx.t(f"Saat diliminiz: {chosen.key}", f"Your time zone: {chosen.key}")


def hours(ctx):
    word = ctx.arg(1)
    chosen = "" if fold(word) in OFF else quiet.read(word)
    ctx.db.save_person(ctx.user.id, quiet=chosen)
    if not chosen:
        return ctx.t("Sessiz saatler kapatıldı.", "There are no quiet hours any more.")
    return ctx.t(
        f"Sessiz saatler: {chosen} ({ctx.user.zone}). Bu arada çalan alarmlar bitince tek "
        "mesajda gelir; “acil” olanlar hemen çalar, “sessiz” olanlar sessizce gelir.",
        f"Quiet hours: {chosen} ({ctx.user.zone}). What fires then comes in one message at their "
        "end; “urgent” alarms ring at once, “silent” ones come without a sound.",
    )


def theme(ctx):
    word = fold(ctx.arg(1))
    chosen = next((key for key, names in THEMES.items() if word in map(fold, names)), None)
    if not chosen:
        raise ctx.wrong("“koyu” ya da “açık” deyin.", "Say “dark” or “light”.")
    ctx.db.save_person(ctx.user.id, theme=chosen)
    return ctx.t("Grafik teması: ", "Theme of pictures: ") + ctx.t(*THEMES[chosen])


def band(ctx):
    word = ctx.arg(1)
    chosen = "" if fold(word) in OFF else alarm_grammar.band_text(word)
    ctx.db.save_person(ctx.user.id, band=chosen)
    return alarm_offers.usual(ctx)


def report(ctx):
    *words, when = ctx.args[1:] or ("", "")
    line = daily.line(words)
    if fold(when) in OFF:
        gone = ctx.db.remove_push(ctx.user.id, line)
        told = ("Kapatıldı.", "Turned off.") if gone else ("Zaten yoktu.", "It was not there.")
        return show(ctx, ctx.t(*told))
    push = daily.ask(ctx, line, when)
    line, place = html.escape(line), f"{daily.clock(push.minute)} ({ctx.user.zone})"
    return ctx.t(f"/{line} her gün gelecek: {place}", f"/{line} comes daily: {place}")


TURKISH = {"saat": zone, "sessiz": hours, "tema": theme, "bant": band, "rapor": report}
ENGLISH = {"zone": zone, "quiet": hours, "theme": theme, "band": band, "report": report}
ACTIONS = {**TURKISH, **ENGLISH}
