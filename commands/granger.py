"""
Granger testi: bir coinin geçmişi ötekini öngörmeye yarıyor mu: /granger A B [4h] | coinler
Granger test: does one coin's past help to foretell another: /granger A B [4h] | coins
"""

from collections import Counter

import stats
from bot import coin

GROUP = "analysis"
HEAVY = True
MOST, BARS, LEAST, LIST, SURE = 20, 999, 300, 12, 0.05


def run(ctx):
    frame, asked = ctx.interval("1h"), ctx.coins(MOST)
    panel = ctx.sources.panel(asked, frame, BARS)
    kept, moves = stats.together(panel.close, LEAST)
    names, links = [coin(asked[i]) for i in kept], stats.granger_all(moves, ctx.workers.pool)
    if not links:
        raise ctx.wrong("300 barlık geçmişi olan iki coin gerek.", "Two coins of 300 bars needed.")
    sure = [link for link in links if link.p < SURE]
    lines = [
        f"<b>🧭 Granger {frame}</b> ({len(moves)} {ctx.t('bar', 'bars')})",
        ctx.t(
            "Geçmiş → gelecek: gecikme (bar) | F | p | kazanç",
            "Past → future: lag (bars) | F | p | gain",
        ),
        *(line(ctx, names, link) for link in links[:LIST]),
        *ctx.lacking(symbol for i, symbol in enumerate(asked) if i not in kept),
        note(ctx, links),
    ]
    return ctx.report(lines, comment(ctx, names, sure), panel.reads.values(), ctx.frames(frame))


def line(ctx, names, link):
    test, pair = link.test, f"{names[link.first]} → {names[link.then]}"
    mark, gain = "✅" if link.p < SURE else "➖", ctx.percent(100 * test.gain, 1)
    return f"{mark} {pair}: {test.lag} | {ctx.num(test.f, 1)} | {ctx.chance(test.p)} | {gain}"


def note(ctx, links):
    return ctx.t(
        f"Kazanç: tahmin hatasının azalan kısmı. ✅ {len(links)} test için düzeltilmiş (Holm) p de "
        "0,05'in altında.",
        f"Gain: how much less is left unforeseen. ✅ below 0.05 corrected for {len(links)} tests "
        "(Holm) too.",
    )


def comment(ctx, names, sure):
    causes = Counter(names[link.first] for link in sure).most_common(3)
    if not causes:
        return ctx.t("hiçbirinin geçmişi ötekini öngörmüyor; bkz. /kor", "none helps; see /kor")
    best = ", ".join(f"{name} ({n})" if len(names) > 2 else name for name, n in causes)
    return ctx.t(
        f"geçmişi ötekini öngörmeye yarayan: {best}. Bu, neden olduğunu kanıtlamaz: ortak bir "
        "neden de aynı izi bırakır; kazanç küçükse alım satıma yetmez",
        f"the past that helps to foretell another: {best}. That proves no cause: a common one "
        "leaves the same trace; and a small gain is not enough to trade on",
    )
