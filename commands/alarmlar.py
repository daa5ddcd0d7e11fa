"""
Alarmlarınız, sınıra uzaklıklarıyla; durdurmak ve silmek için düğmeler: /alarmlar
Your alarms with how far they are from their line; buttons to pause and delete: /alarmlar
"""

import html

import alarm_views
from alarm_rows import PAUSED
from alarms import line
from bot import Reply

GROUP = "alarms"
ALIASES = ("alarms",)
SHOWN, BUTTONS = 60, 12


def run(ctx):
    every = ctx.db.alarms.of(ctx.user.id)
    if not every:
        return ctx.t(
            "Alarmınız yok. Kurmak için: <code>/alarm btc &gt; 70000</code>",
            "You have no alarms. To set one: <code>/alarm btc &gt; 70000</code>",
        )
    title = ctx.t("<b>⏰ Alarmlarınız</b>", "<b>⏰ Your alarms</b>")
    paused = sum(alarm.state == PAUSED for alarm in every)
    lines = [row(ctx, alarm) for alarm in every[:SHOWN]]
    comment = ctx.t(
        f"Yorum: {len(every)} alarm, {paused} tanesi durdurulmuş.",
        f"Comment: alarms {len(every)}, of them paused {paused}.",
    )
    buttons = [switches(alarm) for alarm in every[:BUTTONS]]
    export = [(ctx.t("Dışa aktar", "Export"), "/alarm dışa")]
    return Reply("\n".join([title, *lines, "", comment]), ctx.buttons(export, *buttons))


def row(ctx, alarm):
    mark = "⏸ " if alarm.state == PAUSED else ""
    notes = [alarm_views.away(ctx, alarm)]
    if alarm.cooldown is not None:
        notes.append(ctx.t("tekrar ", "repeats ") + alarm_views.lasting(ctx, alarm.cooldown))
    notes += [ctx.t("bitiş ", "until ") + ctx.clock(alarm.until)] if alarm.until else []
    told = " · ".join(filter(None, [*notes, *alarm_views.manner(ctx, alarm)]))
    return (
        f"{alarm.id}. {mark}{html.escape(line(alarm, ctx.lang), quote=False)}"
        + f" ({told})" * bool(told)
    )


def switches(alarm):
    verb, mark = ("devam", "▶") if alarm.state == PAUSED else ("durdur", "⏸")
    return [
        (f"{mark} {alarm.id}", f"/alarm {verb} {alarm.id}"),
        (f"✖️ {alarm.id}", f"/alarm sil {alarm.id}"),
    ]
