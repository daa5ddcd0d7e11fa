"""
Nakit Piyasa Raporu: net akış ve önceki döneme göre değişimi, stabil coin hacmi, genişlik: /npr
Cash market report: net flow and its change, stablecoin volume, breadth: /npr
"""

import math

import strength
from bot import UNKNOWN, links

GROUP = "flow"
HEAVY = True


def run(ctx):
    panel, tickers = strength.bars(ctx.sources), ctx.sources.tickers()
    pairs, count = ctx.sources.exchange().pairs, len(panel.symbols)
    cash, volume = strength.cash(panel), strength.volumes(tickers.data, pairs)
    net, turn = cash.total().net, strength.turn(cash, strength.cash(panel, before=True))
    up, down = strength.rising(tickers.data, ctx.sources.universe())
    now, day = (ctx.percent(strength.inflowing(cash.net[i]), 0) for i in (0, -1))
    breadth = f"{up}/{down}" if up + down else UNKNOWN
    stable = strength.stable(pairs, volume)
    parked = ctx.money(sum(volume[symbol] for symbol in stable))
    share = ctx.percent(strength.share_of(stable, volume), 1)
    lines = [
        ctx.t("<b>📋 Nakit Piyasa Raporu</b>", "<b>📋 Cash market report</b>"),
        ctx.t(f"Hacimce ilk {count} coin", f"The top {count} coins by volume"),
        ctx.t("Net akış | önceki aynı süreye göre", "Net flow | against the window before"),
        *(flow(ctx, *row) for row in zip(strength.HORIZONS, net, turn, strict=True)),
        ctx.t("Para giren coinler: ", "Coins with inflow: ") + f"15m {now} · 1d {day}",
        ctx.t("24 saatte yükselen/düşen: ", "Up/down in 24 hours: ") + breadth,
        ctx.t("Stabil coin çiftleri: ", "Stablecoin pairs: ") + f"{parked} ({share})",
    ]
    words, reads = comment(ctx, net[-1], turn[-1], up, down), [tickers, *panel.reads.values()]
    return ctx.report(lines, words, reads, links("io", "ap"))


def flow(ctx, name, net, turn):
    arrow = "✖️" if math.isnan(net) else "🔼" if net >= 0 else "🔻"
    return f"{name}=> {arrow} {ctx.money(net, sign=True)} | {ctx.money(turn, sign=True)}"


def comment(ctx, net, turn, up, down):
    if math.isnan(net + turn):
        return ctx.t("günlük akış bilinmiyor: bekle", "the day's flow is unknown: wait")
    if not up + down:
        return ctx.t("yükselenlerin sayısı bilinmiyor: bekle", "how many rise is unknown: wait")
    rising = up > down
    way = ctx.t("para girişi", "inflow") if net > 0 else ctx.t("para çıkışı", "outflow")
    grows = (net > 0) == (turn > 0)
    pace = ctx.t("artıyor", "is growing") if grows else ctx.t("yavaşlıyor", "is slowing")
    advice = ctx.t("akış ile fiyatlar ayrışıyor, teyit bekle", "flow and prices part, wait")
    if net > 0 and rising:
        advice = ctx.t("yükselenler çoğunlukta, alım destekleniyor", "most coins rise, buyers lead")
    elif net <= 0 and not rising:
        advice = ctx.t("yükselenler azınlıkta, temkinli ol", "few coins rise, be careful")
    return f"1d {way} {pace}; {advice}"
