"""
Yalnız trenddeki coinler; /tr yatay ve oynak, /tc düşen: /tt [coinler|N] [15m|1h|4h|1d]
Only coins in a trend; /tr range and wild, /tc falling: /tt [coins|N] [15m|1h|4h|1d]
"""

import outlook

GROUP = "analysis"
ALIASES = ("tr", "tc")
KINDS = {
    "tt": ("📈 Trenddeki coinler", "📈 Coins in a trend", ("up", "down")),
    "tr": ("↔️ Yatay ve oynak coinler", "↔️ Coins in a range", ("range", "wild")),
    "tc": ("📉 Düşen coinler", "📉 Falling coins", ("down",)),
}


def run(ctx):
    frame, symbols = ctx.interval("1h"), ctx.coins(outlook.MOST)
    tr, en, regimes = KINDS.get(ctx.name, KINDS["tt"])
    every = outlook.views(ctx, symbols, frame)
    shown = [view for view in every if view.analysis.regime in regimes]
    title = f"<b>{ctx.t(tr, en)} {frame}</b> ({len(shown)}/{len(every)})"
    return outlook.table(ctx, title, shown, outlook.missing(symbols, every))
