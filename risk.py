"""What a trade may risk: caps in quote, the day's loss, distance from the price, repeats."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from bot import UserError, grouped
from order_rows import DROPPED, REFUSED, Intent, Trade, Trader
from orders import BUY, HUNDRED, SELL, ZERO, Balance, Draft, said

WARN, FAR, MILLE = Decimal("0.8"), Decimal(50), 1000
STRANGE = (
    " Bunun {0} USDT'si botun emirleri ya da bilinen bir çekme olmadan çıktı: elle işlem mi, "
    "aktarma mı ayırt edilemez, kayıp sayılır.",
    " {0} USDT of it left by no order of the bot and no withdrawal that is known: a trade by hand "
    "cannot be told from a transfer, so it counts as a loss.",
)


class Limits(NamedTuple):
    """The caps: `order`, `coin`, `day` in USDT, `loss` and `distance` in percent, `repeat` in s.

    A day is one of the owner's `zone`: a user who travels does not begin it anew.
    """

    order: Decimal
    coin: Decimal
    day: Decimal
    loss: Decimal
    distance: Decimal
    repeat: int
    zone: ZoneInfo = ZoneInfo("Europe/Istanbul")


class Standing(NamedTuple):
    """How an account stands: its worth in USDT, at the day's beginning too, and its purchases.

    `coin` is what it has and is buying of the coin asked for, `bought` what it bought today.
    `flow` is what is known to have come in today, less what went out; `own` what the bot's orders
    alone have made of the beginning, None where that is not known.
    """

    equity: Decimal
    opening: Decimal
    coin: Decimal = ZERO
    bought: Decimal = ZERO
    flow: Decimal = ZERO
    own: Decimal | None = None

    @property
    def loss(self) -> Decimal:
        """Return today's loss in percent, below 0 for a gain.

        What came or went and is not known to be a deposit or a withdrawal is no gain, and a loss.
        It is a share of what the day began with or of what was paid in, whichever is more.
        """
        now = self.equity - self.flow
        now = now if self.own is None else min(now, self.own)
        whole = max(self.opening, self.flow) or self.equity
        return HUNDRED * (self.opening - now) / whole if whole else ZERO

    @property
    def strange(self) -> Decimal:
        """Return what went away today and nobody knows how, 0 where that is too little to tell."""
        gone = ZERO if self.own is None else self.own + self.flow - self.equity
        return gone if gone > self.opening / MILLE else ZERO


NONE = Standing(ZERO, ZERO, ZERO, ZERO)


def check(limits: Limits, trader: Trader, standing: Standing, draft: Draft, last: Decimal) -> None:
    """Raise UserError where an order would risk too much; an exit is held back by no cap."""
    near(limits, draft, last)
    if draft.side == SELL:
        return
    if trader.stopped is not None:
        raise UserError(
            "Acil durdurma açık: yeni alım yok. Açmak için /panik kapat.",
            "The kill switch is on: nothing is bought. To lift it: /panik off.",
        )
    worth = draft.worth(last)
    capped(worth, limits.order, "bir emir", "one order")
    capped(standing.coin + worth, limits.coin, "bir coin", "one coin")
    capped(standing.bought + worth, limits.day, "bir gün", "one day")
    if standing.loss >= limits.loss:
        raise UserError(
            f"Bugünkü kayıp %{grouped(float(standing.loss), 1, 'tr')}; "
            f"sınır %{said(limits.loss, 'tr')}. "
            f"Yarına dek alım yok.{strange(standing.strange, 'tr')}",
            f"Today's loss is {standing.loss:.1f}%; the limit is {said(limits.loss, 'en')}%. "
            f"Nothing is bought until tomorrow.{strange(standing.strange, 'en')}",
        )


def strange(amount: Decimal, lang: str) -> str:
    """Return the sentence that tells how much went away that nobody knows of, if any did."""
    return STRANGE[lang != "tr"].format(grouped(float(amount), 2, lang)) if amount else ""


def capped(worth: Decimal, cap: Decimal, tr: str, en: str) -> None:
    """Raise UserError where an amount is above its cap."""
    if worth > cap:
        raise UserError(
            f"Sınır aşılıyor: {tr} için en çok {said(cap, 'tr')} USDT, "
            f"bununla {grouped(float(worth), 2, 'tr')} olur.",
            f"Above the cap: {en} may be worth {said(cap, 'en')} USDT, "
            f"with this it is {grouped(float(worth), 2, 'en')}.",
        )


def near(limits: Limits, draft: Draft, last: Decimal) -> None:
    """Raise UserError for a limit far on the wrong side of the price, an entry absurdly far away.

    An exit may wait as far away as it likes.
    """
    if last <= 0:
        raise UserError("Fiyat bilinmiyor.", "The price is not known.")
    entry, most = draft.side == BUY, limits.distance
    stop = draft.stop if entry else None
    away = Decimal(draft.trail or 0) / (HUNDRED * HUNDRED)
    start = draft.stop or last * (1 + away if entry else 1 - away)
    held = (draft.price, last, most), (draft.bound, start, most), (stop, last, FAR)
    for price, origin, most in held:
        if price is None:
            continue
        away = HUNDRED * (price / origin - 1)
        wrong = away if entry else -away
        if wrong > most or (entry and abs(away) > max(FAR, limits.distance)):
            raise UserError(
                f"{said(price, 'tr')}, fiyattan %{grouped(float(abs(away)), 1, 'tr')} uzak: "
                "bu bir yazım hatası olabilir.",
                f"{said(price, 'en')} is {abs(away):.1f}% away from the price: "
                "maybe a slip of the pen.",
            )


def repeated(limits: Limits, draft: Draft, recent: Iterable[Intent], now: int) -> None:
    """Raise UserError where the same order was made a moment ago, ms."""
    for intent in recent:
        made = now - intent.made < limits.repeat * 1000
        if made and intent.draft == draft and intent.state not in (REFUSED, DROPPED):
            raise UserError(
                f"Aynı emir az önce verildi (#{intent.id}). {limits.repeat} sn sonra deneyin.",
                f"The same order was just made (#{intent.id}). Try again in {limits.repeat} s.",
            )


def day(now: int, zone: ZoneInfo) -> tuple[str, int]:
    """Return the local day of an instant in ms, and when it began."""
    local = datetime.fromtimestamp(now / 1000, zone)
    begun = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return f"{local:%F}", int(begun.timestamp() * 1000)


def bought(intents: Iterable[Intent], since: int) -> Decimal:
    """Return what purchases since an instant (ms) are worth, without those never made.

    An order that was moved counts once, as dear as it ever was.
    """
    roots, dearest = dict[int, int](), dict[int, Decimal]()
    for one in sorted(intents, key=lambda one: one.id):
        root = roots[one.id] = roots.get(one.after or 0, one.id)
        if one.side == BUY and one.made >= since and one.state not in (REFUSED, DROPPED):
            dearest[root] = max(worth(one), dearest.get(root, ZERO))
    return sum(dearest.values(), ZERO)


def worth(intent: Intent) -> Decimal:
    """Return what an intent is worth in quote at the price it was confirmed at."""
    return intent.draft.worth(intent.last or ZERO)


def grown(held: Mapping[str, Decimal], trades: Iterable[Trade]) -> dict[str, Balance]:
    """Return what fills alone make of what an account held; of an asset it may be below 0."""
    made = dict(held)

    def add(asset: str, amount: Decimal) -> None:
        made[asset] = made.get(asset, ZERO) + amount

    for one in trades:
        sign = 1 if one.side == BUY else -1
        add(one.symbol.removesuffix("USDT"), sign * one.quantity)
        add("USDT", -sign * one.quantity * one.price)
        add(one.asset, -one.fee)
    return {asset: Balance(amount) for asset, amount in made.items()}


def equity(balances: dict[str, Balance], prices: dict[str, float], pairs: Iterable[str]) -> Decimal:
    """Return what an account is worth in USDT; what has no pair at all counts nothing.

    Raises UserError where a price that should be there is not known.
    """
    known, total = set(pairs), ZERO
    for asset, balance in balances.items():
        amount, symbol = balance.free + balance.locked, f"{asset}USDT"
        if asset == "USDT" or not amount:
            total += amount
        elif symbol in known:
            if symbol not in prices:
                raise UserError(
                    f"{asset} fiyatı bilinmiyor; emir verilmedi.",
                    f"The price of {asset} is not known; no order was made.",
                )
            total += amount * Decimal(repr(prices[symbol]))
    return total
