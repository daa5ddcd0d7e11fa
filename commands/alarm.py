"""
Alarm kurar: /alarm btc > 70000 | btc %5 15m | eth 4h rsi < 30 | ap > 75 [tekrar 1h] [bitiş 7g]
Sets an alarm: /alarm btc > 70000 | btc %5 15m | eth 4h rsi < 30 | ap > 75 [repeat 1h] [until 7d]
"""

from functools import partial

import alarm_charts
import alarm_offers
import alarm_sharing
import alarm_views
import rings
from alarm_rows import ACTIVE, PAUSED
from bot import Reply, UserError, fold

GROUP = "alarms"
ALIASES = ("a",)
HOUR, MORE = 3_600_000, alarm_offers.MANUAL


def run(ctx):
    verb = fold(ctx.arg(0, ""))
    return ACTIONS[verb](ctx) if verb in ACTIONS else alarm_offers.one(ctx, ctx.args)


def save(ctx):
    return alarm_offers.save(ctx, ctx.arg(1))


def change(ctx, tr, en, **values):
    alarm = alarm_offers.mine(ctx)
    ctx.db.alarms.change(ctx.user.id, alarm.id, **values)
    return alarm_offers.told(ctx, alarm, tr, en)


def snooze(ctx):
    ctx.db.alarms.arm(alarm_offers.mine(ctx).id, True)
    return change(ctx, "bir saat ertelendi", "is snoozed", snooze=ctx.now + HOUR, **anew(ctx))


def again(ctx):
    ctx.db.alarms.arm(alarm_offers.mine(ctx).id, None)
    return change(ctx, "yeniden kuruldu", "is set again", snooze=None, **anew(ctx))


def resume(ctx):
    begun = anew(ctx) if alarm_offers.mine(ctx).state != ACTIVE else {}
    return change(ctx, "devam ediyor", "goes on", snooze=None, **begun)


def anew(ctx):
    # What was while nobody watched is no crossing of an alarm that begins now.
    return {"state": ACTIVE, "made": ctx.now}


def remove(ctx):
    alarm = alarm_offers.mine(ctx)
    ctx.db.alarms.remove(ctx.user.id, alarm.id)
    return alarm_offers.told(ctx, alarm, "silindi", "is deleted")


def fired(ctx):
    every = {str(firing.id): firing for firing in ctx.db.alarms.fired(ctx.user.id)}
    firing = every.get(ctx.arg(1))
    if not firing:
        raise UserError(*alarm_offers.GONE)
    return firing


def why(ctx):
    firing = fired(ctx)
    alarm = ctx.db.alarms.find(ctx.user.id, firing.alarm_id)
    if not alarm:
        raise UserError(*alarm_offers.GONE)
    return "\n".join(alarm_views.reasons(ctx, alarm, firing))


def chart(ctx):
    firing = fired(ctx)
    if not firing.symbol:
        raise ctx.wrong("Endekslerin grafiği yok.", "An index has no chart.")
    told = f"<b>🕯 {rings.head(firing)}</b>\n{rings.value(ctx, firing)} · {ctx.clock(firing.at)}"
    text = told + alarm_charts.since(ctx, firing)
    return Reply(text, rings.buttons(ctx, firing), alarm_charts.fired(ctx, firing))


pause = partial(change, tr="durduruldu", en="is paused", state=PAUSED)
OWN = {"kaydet": save, "ertele": snooze, "neden": why, "grafik": chart, "kur": again}
BOTH = (
    (("",), alarm_offers.manual),
    (("düzelt", "edit"), alarm_sharing.edit),
    (("paylaş", "share"), alarm_sharing.share),
    (("al", "take"), alarm_sharing.take),
    (("dışa", "export"), alarm_sharing.export),
    (("içe", "import"), alarm_sharing.load),
    (("sil", "del", "delete", "remove"), remove),
    (("durdur", "pause"), pause),
    (("devam", "resume"), resume),
)
ACTIONS = OWN | {fold(word): act for words, act in BOTH for word in words}
