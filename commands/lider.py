"""
Öncü ve takipçi: hangi coin hangisinden kaç bar önce hareket ediyor: /lider [coinler|N] [15m]
Leaders and followers: which coin moves how many bars before which: /lider [coins|N] [15m]
"""

from collections import Counter

import stats
from bot import coin

GROUP = "analysis"
ALIASES = ("leadlag",)
MOST, BARS, LEAST, LIST, SURE = 20, 999, 300, 12, 0.05


def run(ctx):
    frame, asked = ctx.interval("1h"), ctx.coins(MOST)
    panel = ctx.sources.panel(asked, frame, BARS)
    kept, moves = stats.together(panel.close, LEAST)
    names, links = [coin(asked[i]) for i in kept], stats.lead_all(moves)
    if not links:
        raise ctx.wrong("300 barlık geçmişi olan iki coin gerek.", "Two coins of 300 bars needed.")
    bars = ctx.t(f"{len(moves)} bar", f"{len(moves)} bars")
    sure = [link for link in links if link.p < SURE]
    lines = [
        f"<b>🏃 {ctx.t('Öncü → takipçi', 'Leader → follower')} {frame}</b> ({bars})",
        ctx.t("Öncü → takipçi: gecikme (bar) | ρ | p", "Leader → follower: lag (bars) | ρ | p"),
        *(line(ctx, names, link) for link in links[:LIST]),
        *ctx.lacking(symbol for i, symbol in enumerate(asked) if i not in kept),
        note(ctx, links, sure),
    ]
    return ctx.report(lines, comment(ctx, names, sure), panel.reads.values(), ctx.frames(frame))


def line(ctx, names, link):
    lead, pair = link.test, f"{names[link.first]} → {names[link.then]}"
    mark = "✅" if link.p < SURE else "🔸" if abs(lead.r) > lead.bound else "➖"
    return f"{mark} {pair}: {lead.lag} | {ctx.num(lead.r, sign=True)} | {ctx.chance(lead.p)}"


def note(ctx, links, sure):
    bound, over = links[0].test.bound, sum(abs(e.test.r) > e.test.bound for e in links)
    return ctx.t(
        f"🔸 ±1,96/√T = ±{ctx.num(bound, 3)} aşıldı: {len(links)} çiftin {over} tanesi; ama "
        "denenen 20 gecikmeden biri sık sık şansla aşar. p bunun için düzeltildi; ✅ çiftlerin "
        f"sayısı için de düzeltilince (Holm) 0,05'in altında kalan: {len(sure)}.",
        f"🔸 beyond ±1.96/√T = ±{ctx.num(bound, 3)}: {over} of {len(links)} pairs; but of 20 lags "
        "tried one often is by chance. p is corrected for that; ✅ stays below 0.05 corrected for "
        f"the number of pairs (Holm) too: {len(sure)}.",
    )


def comment(ctx, names, sure):
    leaders = ", ".join(names[i] for i, _ in Counter(link.first for link in sure).most_common(3))
    if not sure:
        return ctx.t("güvenilir bir öncü yok, coinler aynı barda gidiyor", "no leader is certain")
    return ctx.t(
        f"önde gidenler: {leaders}; |ρ| küçükse kazanç masrafı karşılamaz",
        f"these lead: {leaders}; a small |ρ| will not pay fees",
    )
