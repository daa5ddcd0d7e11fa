"""
Sermaye akışı: CMF, OBV, MFI, CVD, taker payı, VWAP, açık pozisyon: /tf [coin|coinler|N] [1h|4h|1d]
Capital flow: CMF, OBV, MFI, CVD, taker share, VWAP, open interest: /tf [coin|coins|N] [1h|4h|1d]
"""

from math import isfinite

import calc
import flows
import outlook
from bot import coin, links

GROUP = "analysis"
MOST, CLEAR, BARS = 20, 0.5, 4


def run(ctx):
    frame, symbols = ctx.interval("1h"), ctx.coins(MOST)
    every = outlook.views(ctx, symbols, frame)
    found = {view.symbol: flows.capital(view.reads[0].data) for view in every}
    title = f"<b>💰 {ctx.t('Sermaye akışı', 'Capital flow')} {frame}</b>"
    if len(every) == 1:
        title = title.replace("💰", f"💰 {coin(every[0].symbol)}")
        rows = detail(ctx, every[0], found[every[0].symbol])
    else:
        rows = [line(ctx, view, found[view.symbol]) for view in every]
    lacking = ctx.lacking(outlook.missing(symbols, every))
    lines = [title, *rows, *lacking]
    return ctx.report(lines, comment(ctx, found), outlook.ages(every), links("io", "oi", "fr"))


def detail(ctx, view, flow):
    vwap, gap = ctx.price(flow.vwap, view.symbol), ctx.num(flow.gap, 1, sign=True)
    for label, value in (("CMF(20)", flow.cmf), ("OBV(20)", flow.obv), ("CVD(20)", flow.cvd)):
        yield f"{label}: {ctx.arrow(value)}"
    yield f"MFI(14): {ctx.num(flow.mfi, 0)}"
    yield ctx.t("Taker alış payı (24sa): ", "Taker buys (24h): ") + ctx.percent(flow.share, 1)
    yield ctx.t(
        f"VWAP (UTC günü): {vwap} · fiyat {gap} ATR", f"VWAP (UTC day): {vwap} · price {gap} ATR"
    )
    grown = outlook.number(ctx, view.analysis.metrics["interest"])
    yield (
        ctx.t(f"Açık pozisyon ({BARS} bar): ", f"Open interest ({BARS} bars): ")
        + f"{grown} · {state(ctx, view)}"
    )


def state(ctx, view):
    close = view.reads[0].data.close
    move = calc.change(close[-1], close[-1 - BARS]) if len(close) > BARS else float("nan")
    return ctx.t(*outlook.QUADRANTS[calc.quadrant(move, view.analysis.value("interest"))])


def line(ctx, view, flow):
    flows_ = f"CMF {ctx.num(flow.cmf, sign=True)} · CVD {ctx.num(flow.cvd, sign=True)}"
    rest = f"MFI {ctx.num(flow.mfi, 0)} · VWAP {ctx.num(flow.gap, 1, sign=True)} ATR"
    return f"{mark(flow)} {coin(view.symbol)}: {flows_} · {rest} · {state(ctx, view)}"


def mark(flow):
    side = flows.balance(flow)
    if not isfinite(side):
        return "✖️"
    return "🔼" if side >= CLEAR else "🔻" if side <= -CLEAR else "➖"


def comment(ctx, found):
    sides = {"🔼": [], "🔻": []}
    for symbol, flow in found.items():
        sides.get(mark(flow), []).append(coin(symbol))
    into, out = (", ".join(names[:8]) for names in sides.values())
    if not into and not out:
        return ctx.t("belirgin bir akış yok", "no clear flow")
    parts = [ctx.t(f"para giriyor: {into}", f"money flows into {into}")] * bool(into)
    parts += [ctx.t(f"para çıkıyor: {out}", f"money leaves {out}")] * bool(out)
    return "; ".join(parts)
