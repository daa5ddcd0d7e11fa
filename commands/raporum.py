"""
İşlem raporunuz: kâr/zarar, isabet, beklenti, düşüş, CSV ve grafik: /raporum
Your trading report: profit and loss, win rate, expectancy, drawdown, CSV, picture: /raporum
"""

import drawings
import lots
import tickets
from bot import UNKNOWN, Reply
from orders import ZERO

GROUP = "trading"
ROLE = "trader"
ALIASES = ("report",)
FEW = 20


def run(ctx):
    mode = ctx.db.orders.trader(ctx.user.id).mode
    trades = ctx.db.orders.trades(ctx.user.id, mode)
    title = f"{tickets.mode(ctx, mode)} · {ctx.t('İşlem raporu', 'Trading report')}"
    if not trades:
        yield f"<b>{title}</b>\n{ctx.t('Henüz işlem yok.', 'No trades yet.')}"
        return
    made, record = tickets.book(ctx, mode)
    yield Reply(
        "\n".join([f"<b>📒 {title}</b>", *figures(ctx, made, record), "", comment(ctx, record)]),
        ctx.buttons([(ctx.t("Portföy", "Portfolio"), "/portfoy")]),
        picture(ctx, title, trades),
    )
    yield Reply(file=(f"{mode}.csv", lots.table(trades)))


def figures(ctx, made, record):
    fees = sum((one.fees for one in made.positions.values()), ZERO)
    rate = UNKNOWN if record.rate is None else ctx.percent(float(record.rate), 1)
    factor = UNKNOWN if record.factor is None else ctx.num(float(record.factor))
    gained, mean = tickets.quote(ctx, record.gained, True), money(ctx, record.expectancy)
    yield ctx.t(
        f"Gerçekleşen K/Z: {gained}, ücret {tickets.quote(ctx, fees)}",
        f"Realised P/L: {gained}, fees {tickets.quote(ctx, fees)}",
    )
    yield ctx.t(
        f"Satış {record.sales}, isabet {rate}, kâr faktörü {factor}",
        f"Sales {record.sales}, win rate {rate}, profit factor {factor}",
    )
    yield ctx.t(f"Beklenti (satış başına): {mean}", f"Expectancy (a sale): {mean}")
    best, worst = money(ctx, record.best), money(ctx, record.worst)
    fall = tickets.quote(ctx, -record.drawdown)
    yield ctx.t(
        f"En iyi {best}, en kötü {worst}, en derin düşüş {fall}",
        f"Best {best}, worst {worst}, deepest drawdown {fall}",
    )
    for symbol, quantity in made.unmatched.items():
        name = f"{tickets.number(ctx, quantity)} {symbol.removesuffix('USDT')}"
        yield ctx.t(f"— Alışı bilinmeyen satış: {name}", f"— Sold, purchase unknown: {name}")
    for asset, fee in made.unpriced.items():
        name = f"{tickets.number(ctx, fee)} {asset}"
        yield ctx.t(f"— Değeri bilinmeyen ücret: {name}", f"— Fee of unknown worth: {name}")


def money(ctx, value):
    return UNKNOWN if value is None else tickets.quote(ctx, value, True)


def comment(ctx, record):
    if record.sales < FEW:
        return ctx.t(
            f"Yorum: {record.sales} satış bir şey söylemek için az.",
            f"Comment: {record.sales} sales say little yet.",
        )
    if record.expectancy > 0:
        return ctx.t(
            "Yorum: beklenti artı; boyutu koruyun.",
            "Comment: expectancy is positive; keep the size.",
        )
    return ctx.t(
        "Yorum: beklenti eksi; durup kuralı gözden geçirin.",
        "Comment: expectancy is negative; stop and look at the rule again.",
    )


def picture(ctx, title, trades):
    """Return the picture of what was gained over time, open positions at their prices then."""
    symbols = sorted({trade.symbol for trade in trades})
    panel = ctx.sources.panel(symbols, "1h", 999)
    times = panel.time + 3_600_000
    some = times > trades[0].at - 3_600_000
    if some.sum() < 2:
        return None
    closes = {s: panel.close[:, i] for i, s in enumerate(panel.symbols)}
    gains = lots.curve(trades, times, closes, tickets.worth_of(ctx), tickets.bases(ctx))[some]
    return ctx.workers.picture(drawings.gained(ctx, title, times[some], gains))
