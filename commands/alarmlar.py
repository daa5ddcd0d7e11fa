"""
Alarmlarınız, sınıra uzaklıklarıyla; durdurmak ve silmek için düğmeler: /alarmlar
Your alarms with how far they are from their line; buttons to pause and delete: /alarmlar
"""

import alarm_views
from alarm_rows import PAUSED
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
        f"Yorum: {len(every)} alarm" + f", {paused} tanesi durdurulmuş" * (paused > 0) + ".",
        f"Comment: alarms {len(every)}" + f", of them paused {paused}" * (paused > 0) + ".",
    )
    buttons = [switches(alarm) for alarm in every[:BUTTONS]]
    export = [(ctx.t("Dışa aktar", "Export"), "/alarm dışa")]
    return Reply("\n".join([title, *lines, "", comment]), ctx.buttons(export, *buttons))


def row(ctx, alarm):
    mark = "⏸ " if alarm.state == PAUSED else ""
    told = alarm_views.described(ctx, alarm, alarm_views.away(ctx, alarm))
    return f"{alarm.id}. {mark}{told}"


def switches(alarm):
    verb, mark = ("devam", "▶") if alarm.state == PAUSED else ("durdur", "⏸")
    return [
        (f"{mark} {alarm.id}", f"/alarm {verb} {alarm.id}"),
        (f"✖️ {alarm.id}", f"/alarm sil {alarm.id}"),
    ]
