"""
Korku ve açgözlülük endeksi: /fg [gün]
Fear and greed index: /fg [days]
"""

import html
import statistics
from datetime import timedelta
from math import nan

import drawings
from bot import UNKNOWN
from markets.feargreed import TURKISH

GROUP = "markets"
ALIASES = ("korku", "fear")
WEEK, BEFORE, SPANS, DRAWN = 7, (1, 7, 30), (7, 30, 90), 30
SAYS = {
    "Extreme Fear": ("korku uçta; alım kademeli olmalı", "fear is extreme; buy in steps only"),
    "Fear": ("piyasa temkinli; acele etmeyin", "the market is wary; take your time"),
    "Greed": ("iştah yüksek; stopları yakın tutun", "appetite is high; keep stops close"),
    "Extreme Greed": ("açgözlülük uçta; kâr almayı düşünün", "greed is extreme; take some profit"),
}
CALM = ("belirgin bir duygu yok; fiyata bakın", "no clear mood; look at the price")


def run(ctx):
    days, read = ctx.count(0, WEEK, 2, 90), ctx.sources.fear_greed(90)
    now, week, kept = read.data[0], since(read.data, WEEK), since(read.data, days)
    by_day = {mood.day: mood for mood in read.data}
    values = [mood.value for mood in kept]
    mean = statistics.fmean(m.value for m in week) if len(week) == WEEK else nan
    span = f"{min(values)}–{max(values)}, {ctx.num(values[0] - values[-1], 0, sign=True)}"
    lines = [
        ctx.t("<b>🎭 Korku ve açgözlülük</b>", "<b>🎭 Fear and greed</b>"),
        f"{now.day:%d.%m}: {shown(ctx, now)}",
        *(past(ctx, n, by_day.get(now.day - timedelta(n))) for n in BEFORE),
        f"{ctx.t('7 günlük ortalama', '7-day mean')}: {ctx.num(mean, 1)}",
        ctx.t(f"Son {days} gün: {span} puan", f"Last {days} days: {span} points"),
    ]
    words, more = ctx.t(*SAYS.get(now.label, CALM)), [(f"{n}", f"/fg {n}") for n in SPANS]
    picture = ctx.workers.picture(drawings.moods(ctx, since(read.data, max(days, DRAWN))))
    return ctx.report(lines, words, [read], more, picture=picture)


def since(moods, days):
    return [mood for mood in moods if mood.day > moods[0].day - timedelta(days)]


def past(ctx, n, mood):
    when = ctx.t("Dün", "Yesterday") if n == 1 else ctx.t(f"{n} gün önce", f"{n} days ago")
    return f"{when}: {shown(ctx, mood) if mood else UNKNOWN}"


def shown(ctx, mood):
    label = ctx.t(TURKISH.get(mood.label, mood.label), mood.label)
    return f"{ctx.light(mood.value)} {html.escape(label)}"
