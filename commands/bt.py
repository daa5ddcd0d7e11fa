"""
Kuralı geçmişte dener: /bt coin [4h] giriş : çıkış [short stop 5 hedef 9 2025-01-01] [opt n=5..50]
Tries a rule on history: /bt coin [4h] entry : exit [short stop 5 target 9 2025-01-01] [opt n=5..50]
"""

import html
import time

import backtest
import chart
import drawings
import tested
import trials
from bot import INTERVALS, Reply, coin
from net import Dated

GROUP = "analysis"
ALIASES = ("backtest",)
HEAVY = True


def run(ctx):
    symbol, words = ctx.sources.symbol(ctx.arg(0)), ctx.args[1:]
    timed = bool(words) and words[0].lower() in INTERVALS
    frame = words[0].lower() if timed else "1h"
    plan, start = trials.read(" ".join(words[timed:]))
    mine = ctx.db.formulas(ctx.user.id)
    read, context = trials.gather(ctx.sources, plan, symbol, frame, start, mine)
    if len(read.data) < 50:
        raise ctx.wrong("Bu coinin geçmişi çok kısa.", "This coin's history is too short.")
    trials.affordable(plan, len(read.data))
    plan, paid = trials.charged(ctx.sources, plan, symbol, context.bars)
    kind = several if plan.ranges else one
    return kind(ctx, f"{coin(symbol)} {frame}", plan, (read, paid), context, mine)


def head(ctx, title, plan, paid, context, result=None):
    rule = html.escape(f"{plan.entry} : {plan.exit}", quote=False)
    first, bars = ctx.clock(int(context.bars.time[0]), "%d.%m.%Y"), ctx.num(len(context.bars), 0)
    yield f"<b>🧪 {title}</b> {rule}\n{first} → {bars} {ctx.t('bar', 'bars')}"
    if paid:
        yield tested.carried(ctx, paid, result)


def age(ctx, reads):
    return ctx.age(*(read for read in reads if isinstance(read, Dated)))


def one(ctx, title, plan, reads, context, mine):
    result = trials.once(plan, context, mine)
    told = backtest.summary(context.bars, result, trials.usual(INTERVALS[context.interval]))
    begun = head(ctx, title, plan, reads[1], context, result)
    text = "\n".join([*begun, *tested.figures(ctx, told), tested.comment(ctx, told)])
    drawing = drawings.tested(title, context.bars, result, chart.look_of(ctx.user), ctx.t)
    yield Reply(text + age(ctx, reads), photo=ctx.workers.picture(drawing))
    if len(result.trades):
        table = trials.table(result, context.bars, plan.costs.funding is not None)
        yield Reply(file=("islemler.csv", table.encode()))


def several(ctx, title, plan, reads, context, mine):
    pool, shown = ctx.workers.pool, time.monotonic()
    total, grid = len(plan.choices), None
    with ctx.workers.long(ctx.chat.id) as stop:
        for done, grid in trials.search(plan, context, mine, pool, pool.size, stop):
            if grid is None and time.monotonic() - shown >= 2:
                shown = time.monotonic()
                line = ctx.t(f"{done}/{total} denendi…", f"{done}/{total} tried…")
                yield Reply(line, [[(ctx.t("Durdur", "Stop"), "/dur")]], edit=True)
    if grid is None:
        yield Reply(ctx.t("Durduruldu.", "Stopped."), edit=True)
        return
    verdict = trials.judge(plan, context, mine, grid)
    begun = head(ctx, title, plan, reads[1], context)
    text = "\n".join([*begun, *tested.judged(ctx, plan, grid, verdict)])
    drawing = drawings.searched(title, plan, grid, chart.look_of(ctx.user), ctx.t)
    yield Reply(text + age(ctx, reads), photo=ctx.workers.picture(drawing), edit=True)
