"""
Anomali haritası: getiri, hacim, OI, fonlama ve spreadde olağan dışı coinler: /ta [coinler|N] [4h]
Anomaly map: coins unusual in return, volume, OI, funding and spread: /ta [coins|N] [4h]
"""

import numpy as np

import calc
import flows
import metrics
import outlook
from bot import UNKNOWN, Reply, coin

GROUP = "analysis"
LIMIT, SHOWN = 3, 6
KINDS = {
    "jump": ("Getiri", "Return"),
    "burst": ("Hacim", "Volume"),
    "shock": ("Açık pozisyon", "Open interest"),
    "funding": ("Fonlama", "Funding"),
    "spread": ("Spread", "Spread"),
}


def run(ctx):
    frame, named = ctx.interval("1h"), bool(ctx.words())
    symbols = outlook.many(ctx)
    every = outlook.views(ctx, symbols, frame)
    quotes, (read, rates) = ctx.sources.quotes(), ctx.sources.perps.funding()
    quoted = [symbol for symbol in ctx.sources.universe() if symbol in quotes.data]
    own = ("jump", "burst", "shock")
    found = {kind: {v.symbol: v.analysis.value(kind) for v in every} for kind in own} | {
        "funding": among({s: flows.eight_hourly(row.rate, row.hours) for s, row in rates.items()}),
        "spread": among({s: np.log(calc.spread(*quotes.data[s])) for s in quoted}),
    }
    found = {kind: unusual(kind, z, symbols if named else z) for kind, z in found.items()}
    text = "\n".join(
        [
            f"<b>🧭 {ctx.t('Anomali haritası', 'Anomaly map')} {frame}</b> (|z| > {LIMIT})",
            *(line(ctx, kind, found[kind]) for kind in KINDS),
            ctx.t(
                f"Getiri, hacim, OI: {len(every)} coinin kendi son 250 barına göre; fonlama, "
                f"spread: {len(rates)} ve {len(quoted)} coinin arasında.",
                f"Return, volume, OI: against the last 250 bars of {len(every)} coins; funding, "
                f"spread: among {len(rates)} and {len(quoted)} coins.",
            ),
            "",
            comment(ctx, found),
        ]
    )
    return Reply(text + ctx.age(*outlook.ages(every), quotes, read), ctx.buttons())


def among(values):
    """Return the robust z of every coin's number among all."""
    z = metrics.robust_z(np.array(list(values.values()))[:, None])
    return dict(zip(values, z[:, 0].tolist(), strict=True))


def unusual(kind, z, wanted):
    """Return the coins beyond the limit, the farthest first; of volume and spread the high ones."""
    high = kind in ("burst", "spread")
    far = {s: value for s, value in z.items() if (value if high else abs(value)) > LIMIT}
    return {s: far[s] for s in sorted(far, key=lambda s: -abs(far[s])) if s in wanted}


def line(ctx, kind, found):
    shown = [f"{coin(s)} {ctx.num(z, 1, sign=True)}" for s, z in list(found.items())[:SHOWN]]
    more = f" +{len(found) - SHOWN}" if len(found) > SHOWN else ""
    return f"{ctx.t(*KINDS[kind])} ({len(found)}): {', '.join(shown) or UNKNOWN}{more}"


def comment(ctx, found):
    counts = {}
    for rows in found.values():
        for symbol in rows:
            counts[symbol] = counts.get(symbol, 0) + 1
    several = sorted((s for s in counts if counts[s] > 1), key=lambda s: -counts[s])[:5]
    if not counts:
        return ctx.t("Yorum: olağan dışı bir şey yok.", "Comment: nothing unusual.")
    names = ", ".join(f"{coin(symbol)} ({counts[symbol]})" for symbol in several)
    if not names:
        return ctx.t(
            "Yorum: tek tek sapmalar var, birden çok ölçüde sapan coin yok.",
            "Comment: single deviations only, no coin stands out in two measures.",
        )
    return ctx.t(
        f"Yorum: birden çok ölçüde olağan dışı: {names}; haberine ve defterine bakın (/ob).",
        f"Comment: unusual in several measures: {names}; check its news and book (/ob).",
    )
