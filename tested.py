"""Backtests in words: what one rule was worth, and what the best of many proves."""

import html
from collections.abc import Iterator
from math import nan

from backtest import Grid, Result, Summary
from bot import Ctx, UserError
from net import Dated
from trials import Plan, Verdict

FEW = 30


def figures(ctx: Ctx, told: Summary) -> Iterator[str]:
    """Yield what a rule was worth, and what that proves."""
    gain, hold, year, each = (
        ctx.percent(x, 1, sign=True)
        for x in (told.gain, told.hold, told.cagr, told.record.expectancy)
    )
    fall, share, won = (ctx.percent(x, 0) for x in (told.fall, told.exposure, told.record.won))
    ratios = [ctx.num(x) for x in (told.sharpe, told.sortino, told.calmar)]
    factor, sqn, n = (
        ctx.num(told.record.profit_factor),
        ctx.num(told.record.sqn),
        told.record.closed,
    )
    yield ctx.t(f"Getiri {gain} · al-tut {hold}", f"Return {gain} · buy and hold {hold}")
    yield ctx.t(f"Yıllık {year} · pozisyonda {share}", f"A year {year} · in position {share}")
    bars = ctx.num(told.fall_bars, 0)
    yield ctx.t(f"En büyük düşüş {fall} ({bars} bar)", f"Worst fall {fall} ({bars} bars)")
    yield "Sharpe {} · Sortino {} · Calmar {}".format(*ratios) + f" (n={n})"
    yield ctx.t(
        f"{n} işlem · kazanan {won} · işlem başına {each}\nKâr çarpanı {factor} · SQN {sqn}\n",
        f"{n} trades · won {won} · per trade {each}\nProfit factor {factor} · SQN {sqn}\n",
    )


def carried(ctx: Ctx, paid: Dated | UserError, result: Result | None = None) -> str:
    """Return the line on a short in the perpetual: what its trades received of funding, in all.

    `paid` is what the contract paid, or why that is not known.
    """
    if isinstance(paid, UserError):
        why = html.escape(ctx.t(paid.tr, paid.en).splitlines()[0], quote=False)
        return ctx.t(
            f"Açığa, vadeli mumlarla; fonlama sayılmadı: {why}",
            f"Short, on the perpetual's candles; funding not counted: {why}",
        )
    count = len(paid.time)
    received = 100 * float(result.trades.funding.sum()) if result else nan
    sums = f" {ctx.percent(received, sign=True)}" if result else ""
    return ctx.t(
        f"Açığa, vadeli mumlarla; fonlama sayıldı{sums} ({count} ödeme)",
        f"Short, on the perpetual's candles; funding counted{sums} ({count} payments)",
    )


def comment(ctx: Ctx, told: Summary) -> str:
    """Return what the numbers of a rule prove."""
    n, better = told.record.closed, told.gain > told.hold
    if n < FEW:
        return ctx.t(
            f"Yorum: {n} kapanmış işlem bir şey kanıtlamaz; en az {FEW} gerekir.",
            f"Comment: {n} closed trades prove nothing; it takes {FEW} at least.",
        )
    return ctx.t(
        f"Yorum: kural al-tutu {'geçti' if better else 'geçemedi'}; geçmiş, geleceğin sözü değil.",
        f"Comment: the rule {'beat' if better else 'did not beat'} buy and hold; no promise.",
    )


def judged(ctx: Ctx, plan: Plan, grid: Grid, verdict: Verdict) -> Iterator[str]:
    """Yield the best of many combinations, and how much of it is choosing."""
    i, total = verdict.best, len(plan.choices)
    if i < 0:
        yield ctx.t("Yorum: hiçbir kombinasyon işlem yapmadı.", "Comment: none of them traded.")
        return
    best = " ".join(f"{a}={n}" for (a, _), n in zip(plan.ranges, plan.choices[i], strict=True))
    gain, ahead, hold = (
        ctx.percent(x, 1, sign=True) for x in (grid.gain[i], verdict.ahead, verdict.hold)
    )
    fall, luck, n = ctx.percent(grid.fall[i], 1), ctx.percent(verdict.luck, 0), grid.trades[i]
    yield ctx.t(
        f"{total} kombinasyonun en iyisi {best}: {gain}, düşüş {fall}, {n} işlem\n"
        f"İleri yürüyüş {ahead} · aynı sürede al-tut {hold}\nŞans eseri olmama (DSR) {luck}\n\n"
        "Yorum: seçilen en iyi kanıt değildir; ileri yürüyüşe ve DSR'ye (%95 üstü) bakın.",
        f"Best of {total} combinations {best}: {gain}, fall {fall}, {n} trades\n"
        f"Walk forward {ahead} · buy and hold then {hold}\nNot by luck (DSR) {luck}\n\n"
        "Comment: a picked best is no evidence; look at walk forward and DSR (over 95%).",
    )
