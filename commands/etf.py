"""
ETF net akışları, fon sağlayıcılara göre: /etf [btc|eth]
ETF net flows by provider: /etf [btc|eth]
"""

import html
from functools import partial
from itertools import takewhile

import drawings
import flows
from bot import UNKNOWN, fold, links
from markets import etf

GROUP = "markets"
DAYS = 5
TURNS = {
    "turned_in": ("Pozitife döndü 🟢", "Turned positive 🟢"),
    "turned_out": ("Negatife döndü 🔴", "Turned negative 🔴"),
    "more_in": ("Düne göre artış 📈", "More than the day before 📈"),
    "less_in": ("Düne göre azalış ↘️", "Less than the day before ↘️"),
    "more_out": ("Düne göre çıkış arttı 📉", "More outflow than the day before 📉"),
    "less_out": ("Düne göre çıkış azaldı ↗️", "Less outflow than the day before ↗️"),
    "same": ("Düne göre değişmedi ➖", "As the day before ➖"),
}
STRONG = ("kurumsal talep fiyatı destekliyor", "institutions support the price")
WEAK = ("kurumlar satıyor, temkinli olun", "institutions sell, be careful")


def run(ctx):
    asset = fold(ctx.arg(0, "btc")).removesuffix("usdt")
    if asset not in etf.ASSETS:
        names = ", ".join(etf.ASSETS).upper()
        raise ctx.wrong(f"ETF'i olanlar: {names}.", f"There are ETFs of: {names}.")
    asks = {"days": partial(ctx.sources.etf, asset)}
    if ctx.config.sosovalue_key:
        asks["funds"] = partial(ctx.sources.read, etf.funds_route(asset))
    told, lost = ctx.sources.together(asks)
    if "days" in lost:
        raise lost["days"]
    days = told["days"].data
    part = days[0] if days[0].flows else told.get("funds")
    title = f"<b>🏦 {asset.upper()} ETF {ctx.t('net akışı', 'net flow')}</b>"
    table = [line(ctx, *pair) for pair in zip(days[:DAYS], [*days[1:], None], strict=False)]
    note = comment(ctx, [day.total for day in days if day.complete])
    lines = [title, *table, *(providers(ctx, part) if part else ())]
    more = [(word.upper(), f"/etf {word}") for word in etf.ASSETS if word != asset]
    drawing = drawings.day_flows(ctx, f"{asset.upper()} ETF {ctx.t('net akışı', 'net flow')}", days)
    picture = ctx.workers.picture(drawing) if len(drawing.time) else None
    return ctx.report(lines, note, told.values(), more, links("fg", "dom"), picture=picture)


def line(ctx, day, before):
    words = ctx.t(*TURNS[flows.turn(day.total, before.total)]) if before else UNKNOWN
    words = words if day.complete else ctx.t("fonlar bildiriyor ⏳", "funds still report ⏳")
    return f"{day.day:%d.%m}: {ctx.money(day.total, True)} · {words}"


def providers(ctx, part):
    yield ctx.t(f"<b>Fonlar</b> ({part.day:%d.%m})", f"<b>Funds</b> ({part.day:%d.%m})")
    for name, flow in etf.by_provider(part.flows).items():
        yield f"{html.escape(name)}: {ctx.money(flow, True)}"


def comment(ctx, totals):
    streak, week = len(list(takewhile(lambda flow: flow * totals[0] > 0, totals))), totals[:DAYS]
    if not streak:
        return ctx.t("net akış yok", "there is no net flow")
    side = ctx.t(*(("giriş", "inflow") if totals[0] > 0 else ("çıkış", "outflow")))
    verdict = ctx.t(*(STRONG if sum(week) > 0 else WEAK))
    total = ctx.money(sum(week), True)
    return ctx.t(
        f"{streak} işlem günüdür net {side}; son {len(week)} gün {total}: {verdict}",
        f"net {side}, trading days: {streak}; the last {len(week)}: {total}: {verdict}",
    )
