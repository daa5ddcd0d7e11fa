"""Alarms that go from hand to hand: a code, a file, and back."""

import html
from collections.abc import Sequence

import alarm_codes
import alarm_offers
from alarm_rows import Alarm
from bot import Ctx, Reply


def edit(ctx: Ctx) -> Reply | str:
    """Offer an alarm in its new form, or show the old one to be changed. Raises UserError."""
    alarm = alarm_offers.mine(ctx)
    if len(ctx.args) > 2:
        return alarm_offers.one(ctx, ctx.args[2:], alarm)
    line = html.escape(alarm_codes.written(alarm, ctx.now, ctx.lang), quote=False)
    told = ctx.t("Şimdi böyle; değiştirip yollayın:", "It is this now; change and send it:")
    return f"{told}\n<code>/alarm {ctx.t('düzelt', 'edit')} {alarm.id} {line}</code>"


def share(ctx: Ctx) -> str:
    """Return an alarm as a code for others. Raises UserError."""
    alarm = alarm_offers.mine(ctx)
    code = alarm_codes.code(alarm, ctx.now)
    told = ctx.t("Bunu yollayan aynı alarmı kurar:", "Who sends this sets the same alarm:")
    return f"{told}\n<code>/alarm {ctx.t('al', 'take')} {code}</code>{alone(ctx, [alarm])}"


def alone(ctx: Ctx, alarms: Sequence[Alarm]) -> str:
    """Return the line that tells which alarms go without the order that would follow them."""
    named = ", ".join(str(alarm.id) for alarm in alarms if alarm.follow)
    left = ctx.t(f"⚠️ Emri birlikte gitmez: {named}", f"⚠️ The order stays behind: {named}")
    return f"\n{left}" if named else ""


def take(ctx: Ctx) -> Reply:
    """Offer the alarm of a code. Raises UserError."""
    return alarm_offers.one(ctx, alarm_codes.decoded(ctx.arg(1)).split(), taken=True)


def export(ctx: Ctx) -> Reply:
    """Return a user's alarms as a file, one a line. Raises UserError."""
    every = ctx.db.alarms.of(ctx.user.id)
    if not every:
        raise ctx.wrong("Alarmınız yok.", "You have no alarms.")
    body = "".join(f"{alarm_codes.written(alarm, ctx.now)}\n" for alarm in every)
    told = ctx.t(
        f"{len(every)} alarm. Geri almak için bu dosyayı “/alarm içe” açıklamasıyla yollayın.",
        f"{len(every)} alarms. To take them in, send this file with the caption “/alarm import”.",
    )
    return Reply(told + alone(ctx, every), file=("alarmlar.txt", body.encode()))


def load(ctx: Ctx) -> Reply:
    """Offer the alarms of a file, or of the lines below the command. Raises UserError."""
    told = ctx.attached().decode("utf-8", "replace") if ctx.attached else ""
    text = told or "".join(ctx.said.split(None, 2)[2:])
    if not text.strip():
        raise ctx.wrong(
            "Dosyayı bu açıklamayla yollayın ya da alarmları altına, her satıra bir tane yazın.",
            "Send the file with this caption, or write the alarms below it, one a line.",
        )
    return alarm_offers.many(ctx, text)
