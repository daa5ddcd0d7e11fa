"""
Alarm kurar: /alarm btc > 70000 | btc %5 15m | eth 4h rsi < 30 | ap > 75 [tekrar 1h] [bitiş 7g]
Sets an alarm: /alarm btc > 70000 | btc %5 15m | eth 4h rsi < 30 | ap > 75 [repeat 1h] [until 7d]
"""

import html
import json
from functools import partial

import alarm_grammar
import alarm_views
from alarm_rows import ACTIVE, MAX_ALARMS, PAUSED, Alarm
from alarms import line
from bot import Reply, fold

GROUP = "alarms"
ALIASES = ("a",)
HOUR = 3_600_000
GONE = ("Böyle bir alarmınız yok.", "You have no such alarm.")


def run(ctx):
    verb = fold(ctx.arg(0))
    return ACTIONS[verb](ctx) if verb in ACTIONS else propose(ctx)


def propose(ctx):
    """Show an alarm in its normal form and what it would have done, to be saved by a button."""
    mine = ctx.db.formulas(ctx.user.id)
    blank = Alarm(ctx.user.id, ctx.chat.id, "", "", "", made=ctx.now, topic=ctx.chat.topic)
    wanted = alarm_grammar.read(ctx.args, blank, mine, ctx.sources, partial(alarm_views.span, ctx))
    alarm_grammar.affordable([*ctx.db.alarms.of(ctx.user.id), wanted])
    shown = "\n".join(alarm_views.preview(ctx, wanted))
    token = ctx.db.keep_token(ctx.user.id, json.dumps(wanted._asdict()))
    return Reply(shown, [[(ctx.t("✅ Kaydet", "✅ Save"), f"/alarm kaydet {token}")]])


def save(ctx):
    body = ctx.db.take_token(ctx.user.id, ctx.arg(1))
    if body is None:
        raise ctx.wrong("Bu düğme kullanıldı ya da eskidi.", "This button is used or too old.")
    wanted = Alarm(**json.loads(body))._replace(made=ctx.now)
    number = ctx.db.alarms.add(wanted)
    if number is None:
        raise ctx.wrong(f"En çok {MAX_ALARMS} alarm.", f"At most {MAX_ALARMS} alarms.")
    ctx.db.alarms.begin_with(alarm_views.first_states(ctx, wanted._replace(id=number)))
    ctx.db.save_person(ctx.user.id, lang=ctx.lang)
    return told(ctx, wanted, number, "kuruldu", "is set")


def told(ctx, alarm, number, tr, en):
    text = html.escape(line(alarm, ctx.lang), quote=False)
    shown = [[(ctx.t("Alarmlarım", "My alarms"), "/alarmlar")]]
    return Reply(f"⏰ Alarm {number} {ctx.t(tr, en)}: {text}", shown)


def mine(ctx):
    alarm = ctx.db.alarms.find(ctx.user.id, int(ctx.number(1, low=1, high=2**31 - 1)))
    if alarm is None:
        raise ctx.wrong(*GONE)
    return alarm


def change(ctx, tr, en, **values):
    alarm = mine(ctx)
    ctx.db.alarms.change(ctx.user.id, alarm.id, **values)
    return told(ctx, alarm, alarm.id, tr, en)


def snooze(ctx):
    ctx.db.alarms.arm(mine(ctx).id, True)
    return change(ctx, "1 saat ertelendi", "is snoozed", state=ACTIVE, snooze=ctx.now + HOUR)


def again(ctx):
    ctx.db.alarms.arm(mine(ctx).id, None)
    return change(ctx, "yeniden kuruldu", "is set again", state=ACTIVE, snooze=None)


def remove(ctx):
    alarm = mine(ctx)
    ctx.db.alarms.remove(ctx.user.id, alarm.id)
    return told(ctx, alarm, alarm.id, "silindi", "is deleted")


def why(ctx):
    every = {str(firing.id): firing for firing in ctx.db.alarms.fired(ctx.user.id)}
    firing = every.get(ctx.arg(1))
    alarm = firing and ctx.db.alarms.find(ctx.user.id, firing.alarm_id)
    if not alarm:
        raise ctx.wrong(*GONE)
    return "\n".join(alarm_views.reasons(ctx, alarm, firing))


pause = partial(change, tr="durduruldu", en="is paused", state=PAUSED)
resume = partial(change, tr="devam ediyor", en="goes on", state=ACTIVE, snooze=None)
TURKISH = {"kaydet": save, "sil": remove, "durdur": pause, "devam": resume, "kur": again}
ENGLISH = {"del": remove, "pause": pause, "resume": resume}
ACTIONS = {**TURKISH, **ENGLISH, "ertele": snooze, "neden": why}
