"""
Anomali haritası: getiri, hacim, OI, fonlama ve spreadde olağan dışı coinler: /ta [coinler|N] [4h]
Anomaly map: coins unusual in return, volume, OI, funding and spread: /ta [coins|N] [4h]
"""

import math

import numpy as np

import calc
import flows
import metrics
import outlook
from bot import UNKNOWN, coin

GROUP = "analysis"
LIMIT, SHOWN, OWN = 3, 6, ("jump", "burst", "shock")
KINDS = {
    "jump": ("Getiri", "Return"),
    "burst": ("Hacim", "Volume"),
    "shock": ("Açık pozisyon", "Open interest"),
    "funding": ("Fonlama", "Funding"),
    "spread": ("Spread", "Spread"),
}


def run(ctx):
    frame, symbols = ctx.interval("1h"), outlook.many(ctx)
    every, ways = outlook.views(ctx, symbols, frame), ctx.sources
    answers, _ = ways.together({"quotes": ways.quotes, "funding": ways.perps.funding})
    z = {kind: {v.symbol: v.analysis.value(kind) for v in every} for kind in OWN}
    z |= {"funding": funding_z(answers), "spread": spread_z(answers, ways.universe())}
    counts = {kind: sum(map(math.isfinite, values.values())) for kind, values in z.items()}
    found = {k: unusual(k, values, symbols if ctx.words() else values) for k, values in z.items()}
    lines = [
        f"<b>🧭 {ctx.t('Anomali haritası', 'Anomaly map')} {frame}</b> (|z| > {LIMIT})",
        *(line(ctx, kind, found[kind], counts[kind]) for kind in KINDS),
        ctx.t(
            "İlk üçü coinin kendi son 250 barına, son ikisi bütün coinlere göre.",
            "The first three by the coin's own last 250 bars, the last two among all coins.",
        ),
    ]
    reads = [one[0] if isinstance(one, tuple) else one for one in answers.values()]
    return ctx.report(lines, comment(ctx, found), [*outlook.ages(every), *reads])


def funding_z(answers):
    _, rates = answers.get("funding", (None, {}))
    return among({s: flows.eight_hourly(row.rate, row.hours) for s, row in rates.items()})


def spread_z(answers, universe):
    quotes = answers["quotes"].data if "quotes" in answers else {}
    return among({s: np.log(calc.spread(*quotes[s])) for s in universe if s in quotes})


def among(values):
    """Return the robust z of every coin's number among all."""
    z = metrics.robust_z(np.array([math.nan, *values.values()])[:, None])
    return dict(zip(values, z[1:, 0].tolist(), strict=True))


def unusual(kind, z, wanted):
    """Return the coins beyond the limit, the farthest first; of volume and spread the high ones."""
    high = kind in ("burst", "spread")
    far = {s: value for s, value in z.items() if (value if high else abs(value)) > LIMIT}
    return {s: far[s] for s in sorted(far, key=lambda s: -abs(far[s])) if s in wanted}


def line(ctx, kind, found, count):
    shown = [f"{coin(s)} {ctx.num(z, 1, sign=True)}" for s, z in list(found.items())[:SHOWN]]
    more = f" +{len(found) - SHOWN}" if len(found) > SHOWN else ""
    names = ", ".join(shown) + more if count else f"✖️ {ctx.t('veri yok', 'no data')}"
    return f"{ctx.t(*KINDS[kind])} ({len(found)}/{count}): {names or UNKNOWN}"


def comment(ctx, found):
    counts = {}
    for rows in found.values():
        for symbol in rows:
            counts[symbol] = counts.get(symbol, 0) + 1
    several = sorted((s for s in counts if counts[s] > 1), key=lambda s: -counts[s])[:5]
    if not counts:
        return ctx.t("olağan dışı bir şey yok", "nothing unusual")
    names = ", ".join(f"{coin(symbol)} ({counts[symbol]})" for symbol in several)
    if not names:
        return ctx.t(
            "tek tek sapmalar var, birden çok ölçüde sapan coin yok",
            "single deviations only, no coin stands out in two measures",
        )
    return ctx.t(
        f"birden çok ölçüde olağan dışı: {names}; haberine ve defterine bakın (/ob)",
        f"unusual in several measures: {names}; check its news and book (/ob)",
    )
