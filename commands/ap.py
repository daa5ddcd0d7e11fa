"""
Altların Güç Endeksi: BTC'ye karşı, kısa ve uzun vadede; ETF, kategoriler, dominans: /ap
Altcoin power index: against BTC, short and long term; ETFs, categories, dominance: /ap
"""

import html
import math
from functools import partial

import drawings
import strength
from bot import UNKNOWN, links
from markets import coingecko

GROUP = "flow"
HEAVY = True
FUNDS, GROUPS, LEAST_CAP, HALF = ("btc", "eth"), 5, 1e9, 50
INDICES = {
    "against_btc": ("Altların Kısa Vadede Btc'ye Karşı Gücü", "Alts' short-term power against BTC"),
    "short_term": ("Altların Kısa Vadede Gücü", "Alts' short-term power"),
    "long_term": ("Coinlerin Uzun Vadede Gücü", "Coins' long-term power"),
}
MOODS = {"risk_on": ("Risk-On", "Risk-On"), "btc": ("BTC odaklı", "BTC-led"), None: (UNKNOWN,) * 2}
STATES = (
    (75, "sektörel rotasyon başladı, altlar önde", "sector rotation has begun, alts lead"),
    (HALF, "altlar BTC'den güçlü", "alts are stronger than BTC"),
    (-1, "BTC altlardan güçlü, acele etme", "BTC is stronger than alts, do not hurry"),
)


def run(ctx):
    sources = ctx.sources
    asks = {asset: partial(sources.etf, asset) for asset in FUNDS}
    asks["groups"] = partial(sources.read, coingecko.categories_route())
    told, lost = sources.together({**strength.parts(sources), **asks})

    def part(name, say):
        return say(ctx, told[name]) if name in told else UNKNOWN + why(ctx, lost, name)

    power, (drift, reckoned) = strength.powers(told), strength.drift(told, ctx.db)
    funds = " · ".join(f"{asset.upper()} {part(asset, fund)}" for asset in FUNDS)
    lines = [
        ctx.t("<b>💪 Altların Güç Endeksi</b>", "<b>💪 Altcoin power index</b>"),
        *(index(ctx, lost, name, getattr(power, name)) for name in INDICES),
        "",
        ctx.t("ETF net akış: ", "ETF net flow: ") + funds,
        ctx.t("En iyi kategoriler: ", "Best categories: ") + part("groups", categories),
        ctx.t("BTC dominansı: ", "BTC dominance: ") + part("market", share),
        ctx.t("7 günlük değişimi: ", "Its 7-day change: ") + moved(ctx, lost, drift, reckoned),
        ctx.t("Makro: ", "Macro: ") + ctx.t(*MOODS[strength.macro(power.lead, drift)]),
    ]
    reads, more = strength.reads(told), links("io", "npr")
    picture = (days := told.get("days")) and ctx.workers.picture(drawings.altcoins(ctx, days))
    return ctx.report(lines, comment(ctx, power), reads, more, picture=picture)


def why(ctx, lost, *names):
    error = next((lost[name] for name in names if name in lost), None)
    words = ctx.t(error.tr, error.en) if error else ctx.t("veri yetersiz", "not enough data")
    return f" ({html.escape(words.splitlines()[0], quote=False)})"


def index(ctx, lost, name, value):
    note = why(ctx, lost, *strength.NEEDS[name]) if math.isnan(value) else ""
    return f"{ctx.t(*INDICES[name])}(0-100): {ctx.num(value, 1)}{note}"


def fund(ctx, read):
    day = read.data[0]
    note = "" if day.complete else ctx.t(", eksik", ", partial")
    return f"{ctx.money(day.total, True)} ({day.day:%d.%m}{note})"


def categories(ctx, read):
    big = [row for row in read.data if row.cap >= LEAST_CAP][:GROUPS]
    return ", ".join(f"{html.escape(row.name)} {ctx.percent(row.day, 1, True)}" for row in big)


def share(ctx, read):
    return ctx.percent(read.shares["BTC"], 1)


def moved(ctx, lost, drift, reckoned):
    if math.isnan(drift):
        return UNKNOWN + why(ctx, lost, "market", "rows")
    points = f"{ctx.num(drift, 1, sign=True)} {ctx.t('puan', 'points')}"
    note = ctx.t("ilk 250 coinin fiyatlarından", "from the prices of the top 250")
    return f"≈{points} ({note})" if reckoned else points


def comment(ctx, power):
    unknown = ctx.t("endeks ölçülemiyor, bekle", "the index cannot be measured, wait")
    words = next((ctx.t(*said) for least, *said in STATES if power.against_btc > least), unknown)
    if power.long_term < HALF:
        words += ctx.t("; 30 günde çoğu düştü: temkinli ol", "; most fell in 30 days: be careful")
    return words
