"""
Portföyünüz: değer, ortalama maliyet, başabaş, kâr/zarar: /portfoy
Your portfolio: worth, average cost, break-even, profit and loss: /portfoy
"""

import drawings
import tickets
from bot import UNKNOWN, Reply, coin
from matching import TAKER
from orders import HUNDRED, ZERO

GROUP = "trading"
ROLE = "trader"
ALIASES = ("pf", "portfolio")
SHOWN = 30


def run(ctx):
    mode = ctx.db.orders.trader(ctx.user.id).mode
    balances = ctx.desk.broker(ctx.user.id, mode).balances()
    worth, (made, _) = tickets.worth_of(ctx), tickets.book(ctx, mode)
    rows = sorted((holding(asset, one, worth, made) for asset, one in balances.items()), key=size)
    known = [row for row in rows if row[2] is not None]
    total = sum((row[2] for row in known), ZERO)
    title = f"{tickets.mode(ctx, mode)} · {ctx.t('Portföy', 'Portfolio')}"
    lines = [f"<b>💼 {title}: {tickets.quote(ctx, total)}</b>"]
    lines += [line(ctx, row, total) for row in rows[:SHOWN]]
    open_gain = sum((row[3] for row in known if row[3] is not None), ZERO)
    done = sum((one.realised for one in made.positions.values()), ZERO)
    fees = sum((one.fees for one in made.positions.values()), ZERO)
    lines += [
        ctx.t(
            f"Açık K/Z {tickets.quote(ctx, open_gain, True)} · gerçekleşen "
            f"{tickets.quote(ctx, done, True)} · ücret {tickets.quote(ctx, fees)}",
            f"Open P/L {tickets.quote(ctx, open_gain, True)} · realised "
            f"{tickets.quote(ctx, done, True)} · fees {tickets.quote(ctx, fees)}",
        ),
        "",
        comment(ctx, known, total),
    ]
    buttons = ctx.buttons([("📊", "/raporum"), (ctx.t("Emirler", "Orders"), "/emirler")])
    return Reply("\n".join(lines), buttons, picture(ctx, title, known))


def size(row):
    return -(row[2] or ZERO)


def holding(asset, balance, worth, made):
    """Return an asset, what there is of it, its worth, its open gain, and its position."""
    amount, price = balance.free + balance.locked, worth(asset)
    position = made.positions.get(f"{asset}USDT")
    value = None if price is None else amount * price
    bought = position is not None and position.quantity
    gain = None if value is None or not bought else position.quantity * price - position.cost
    return asset, amount, value, gain, position


def line(ctx, row, total):
    asset, amount, value, gain, position = row
    share = ctx.percent(float(HUNDRED * value / total), 1) if value and total else UNKNOWN
    worth = UNKNOWN if value is None else tickets.quote(ctx, value)
    text = f"{coin(asset)}: {tickets.number(ctx, amount)} | {worth} | {share}"
    if gain is None:
        return text
    symbol, average = f"{asset}USDT", position.average
    even = tickets.price(ctx, position.even(TAKER), symbol)
    at = tickets.price(ctx, average, symbol)
    percent = ctx.percent(float(HUNDRED * gain / position.cost), 2, True)
    return text + ctx.t(
        f" | maliyet {at}, başabaş {even} | {percent}", f" | cost {at}, even {even} | {percent}"
    )


def comment(ctx, known, total):
    largest = max((row[2] for row in known if row[0] != "USDT"), default=ZERO)
    share = float(HUNDRED * largest / total) if total else 0.0
    words = ctx.t("tek coine yığılmış; riski bölün", "piled on one coin; spread the risk")
    if share < 50:
        words = ctx.t("dengeli", "balanced") if share else ctx.t("hepsi nakit", "all cash")
    return ctx.t(f"Yorum: {words}.", f"Comment: {words}.")


def picture(ctx, title, known):
    sizes = {coin(row[0]): float(row[2]) for row in known if row[2] > 0}
    moves = {coin(r[0]): float(HUNDRED * r[3] / r[4].cost) for r in known if r[3] is not None}
    if len(sizes) < 2:
        return None
    return ctx.workers.picture(drawings.held(ctx, title, sizes, moves))
