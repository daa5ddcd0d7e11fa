"""
Piyasa haritası: alan 24 saatlik hacim, renk değişim: /harita [N]
Market heat map: area is the 24-hour volume, colour the change: /harita [N]
"""

import numpy as np

import chart
from bot import UserError, coin, links

GROUP = "markets"
ALIASES = ("heatmap", "map")
USUAL, LEAST, MOST, NAMED = 60, 5, 120, 4
SIZES = (30, 60, 100)
MOODS = (
    (
        "satış genele yayılmış; düşeni almakta acele etmeyin",
        "selling is broad, do not hurry to buy",
    ),
    ("karışık; piyasa değil coin seçimi belirliyor", "mixed, the choice of coins decides"),
    ("alış genele yayılmış; geride kalan zayıf demektir", "buying is broad, what lags is weak"),
)


def run(ctx):
    count, read = ctx.count(0, USUAL, LEAST, MOST), ctx.sources.tickers()
    rows = {coin(s): read.data[s] for s in ctx.sources.top(count) if read.data[s].turnover > 0}
    sizes = np.array([row.turnover for row in rows.values()])
    changes = np.array([row.change for row in rows.values()])
    known = np.isfinite(changes)
    if not known.any():
        raise UserError(
            "Bu kaynak 24 saatlik değişimi söylemiyor.",
            "This source does not tell the change over 24 hours.",
        )
    title = ctx.t("Piyasa haritası", "Market map")
    drawing = chart.Map(
        f"{title} · {ctx.clock(ctx.now)}", tuple(rows), sizes, changes, chart.look_of(ctx.user)
    )
    span = ctx.t(f"{len(rows)} coin, 24 saat", f"{len(rows)} coins, 24 hours")
    lines = [
        f"<b>🗺 {title}</b> ({span})",
        *breadth(ctx, sizes[known], changes[known]),
        *movers(ctx, np.array(list(rows))[known], changes[known]),
    ]
    mood, picture = comment(ctx, sizes[known], changes[known]), ctx.workers.picture(drawing)
    others = [(str(n), f"/harita {n}") for n in SIZES if n != count]
    return ctx.report(lines, mood, [read], others, links("tm", "pg", "pl"), picture=picture)


def breadth(ctx, sizes, changes):
    up, down = int((changes > 0).sum()), int((changes < 0).sum())
    mean, middle = weighted(sizes, changes), float(np.median(changes))
    yield ctx.t(f"Yükselen {up} · düşen {down}", f"Rising {up} · falling {down}")
    mean, middle = (ctx.percent(x, sign=True) for x in (mean, middle))
    yield ctx.t(f"Hacim ağırlıklı {mean} · orta {middle}", f"By volume {mean} · median {middle}")


def weighted(sizes, changes):
    return float(sizes @ changes / sizes.sum())


def movers(ctx, names, changes):
    order = np.argsort(-changes, kind="stable")
    for mark, places in (("🔺", order[:NAMED]), ("🔻", order[::-1][:NAMED])):
        moved = (i for i in places if changes[i] * (1 if mark == "🔺" else -1) > 0)
        told = " · ".join(f"{names[i]} {ctx.percent(changes[i], 1, True)}" for i in moved)
        yield f"{mark} {told or ctx.t('yok', 'none')}"


def comment(ctx, sizes, changes):
    share, mean, middle = 100 * (changes > 0).mean(), weighted(sizes, changes), np.median(changes)
    words = ctx.t(*MOODS[int(share > 35) + int(share > 65)])
    if mean * middle < 0:
        words += ctx.t(
            "; para büyüklerde, küçükler ters yönde", "; large and small coins part ways"
        )
    return words
