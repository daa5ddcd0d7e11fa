"""The words of trading: what is wanted, what a symbol's rules allow, what a broker answers."""

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from math import lcm
from typing import Any, NamedTuple

from bot import UserError, decimal, fold, grouped

ZERO, HUNDRED = Decimal(0), Decimal(100)
SHARES = {"hepsi": 100, "tumu": 100, "all": 100, "yarisi": 50, "half": 50}
DOLLARS = ("$", "usdt", "usd", "dolar", "dollar", "dollars")
PAPER, LIVE = "paper", "live"
BUY, SELL = "BUY", "SELL"
MARKET, LIMIT, STOP, OCO, TRAIL = "market", "limit", "stop", "oco", "trail"
NOT_SENT, REFUSED, ACCEPTED, UNSURE = "not sent", "refused", "accepted", "unsure"
NEW, PARTLY, FILLED = "NEW", "PARTIALLY_FILLED", "FILLED"
CANCELED, EXPIRED, TURNED_DOWN = "CANCELED", "EXPIRED", "REJECTED"
FINAL = frozenset((FILLED, CANCELED, EXPIRED, TURNED_DOWN, "EXPIRED_IN_MATCH"))
TYPES = {MARKET: "MARKET", LIMIT: "LIMIT", STOP: "STOP_LOSS_LIMIT", TRAIL: "STOP_LOSS_LIMIT"}


class Rules(NamedTuple):
    """What an exchange allows of a symbol; a 0 means no bound, a step of 0 no step.

    The factors bound a price by the mean price: (lowest, highest) for a buy and for a sell.
    """

    symbol: str
    base: str
    quote: str
    tick: Decimal = ZERO
    prices: tuple[Decimal, Decimal] = (ZERO, ZERO)
    step: Decimal = ZERO
    quantities: tuple[Decimal, Decimal] = (ZERO, ZERO)
    market_step: Decimal = ZERO
    market_quantities: tuple[Decimal, Decimal] = (ZERO, ZERO)
    worth: tuple[Decimal, Decimal] = (ZERO, ZERO)
    worth_at_market: tuple[bool, bool] = (True, False)
    buy_factors: tuple[Decimal, Decimal] = (ZERO, ZERO)
    sell_factors: tuple[Decimal, Decimal] = (ZERO, ZERO)
    most_orders: int = 0
    most_stops: int = 0
    trails: tuple[int, int] = (0, 0)
    types: frozenset[str] = frozenset()
    oco: bool = False
    trailing: bool = False
    by_quote: bool = True
    digits: tuple[int, int] = (8, 8)


class Draft(NamedTuple):
    """An order as it is wanted: `quantity` in base, or `spend` in quote of a market buy.

    `price` is a limit, of an OCO its take-profit; `stop` triggers, `bound` is the limit it then
    sets; `trail` is in basis points. `target` and `loss` are the percents at which what is bought
    shall be sold again.
    """

    symbol: str
    side: str
    kind: str
    quantity: Decimal | None = None
    spend: Decimal | None = None
    price: Decimal | None = None
    stop: Decimal | None = None
    bound: Decimal | None = None
    trail: int | None = None
    target: Decimal | None = None
    loss: Decimal | None = None

    def worth(self, last: Decimal) -> Decimal:
        """Return what the order moves at most, in quote, at a last price."""
        if self.spend is not None:
            return self.spend
        dearest = max(p for p in (self.price, self.stop, self.bound, ZERO) if p is not None)
        return (self.quantity or ZERO) * (dearest or last)


class Amount(NamedTuple):
    """How much somebody wrote: a number of a coin, of USDT, or percent of what is free."""

    number: Decimal
    unit: str


def amount(word: str) -> Amount | None:
    """Return the amount a word names: 100usdt, 100$, %50, 0.5btc or 0.5; None where it is none.

    The unit is USDT, %, a coin's name, or nothing; `hepsi` and `all` are 100%, `half` is 50%.
    """
    if fold(word) in SHARES:
        return Amount(Decimal(SHARES[fold(word)]), "%")
    found = re.fullmatch(r"(%?)([0-9][0-9.,]{0,39})(%|\$|[A-Za-z0-9]{2,12})?", word)
    plain = decimal(found[2]) if found else None
    if not found or plain is None or (found[1] and found[3]):
        return None
    number = Decimal(plain)
    unit = (found[1] or found[3] or "").upper()
    unit = "USDT" if fold(unit) in DOLLARS else unit
    if not number or (unit == "%" and number > HUNDRED) or unit.isdigit():
        return None
    return Amount(number, unit)


class Follow(NamedTuple):
    """The market order that an alarm makes when it fires; `target` and `loss` as in a Draft."""

    side: str
    amount: Amount
    target: Decimal | None = None
    loss: Decimal | None = None

    @property
    def text(self) -> str:
        """Return it as `followed` reads it."""
        guards = ("-" if one is None else plain(one) for one in (self.target, self.loss))
        return " ".join([self.side, plain(self.amount.number), self.amount.unit or "-", *guards])


def followed(text: str) -> Follow:
    """Return the order that a Follow's text tells of."""
    side, number, unit, *guards = text.split()
    target, loss = (None if one == "-" else Decimal(one) for one in guards)
    return Follow(side, Amount(Decimal(number), unit.replace("-", "")), target, loss)


class Fill(NamedTuple):
    """A trade of an order: `trade` is its id at the exchange, `at` in ms."""

    trade: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    asset: str
    at: int


class Seen(NamedTuple):
    """An order as its exchange tells it; `fills` may come later than what was `executed`."""

    client_id: str
    exchange_id: str
    symbol: str
    side: str
    type: str
    state: str
    quantity: Decimal
    executed: Decimal
    quote: Decimal
    price: Decimal = ZERO
    stop: Decimal = ZERO
    at: int = 0
    fills: tuple[Fill, ...] = ()
    list_id: str = ""

    @property
    def over(self) -> bool:
        """Tell whether nothing of it can be filled any more."""
        return self.state in FINAL


class Answer(NamedTuple):
    """How a request to a broker ended; only one not sent or refused may be sent anew."""

    outcome: str
    seen: tuple[Seen, ...] = ()
    code: int = 0
    text: str = ""


class Balance(NamedTuple):
    """What an account has of an asset."""

    free: Decimal
    locked: Decimal = ZERO


def floored(value: Decimal, step: Decimal) -> Decimal:
    """Return a number rounded down to a step, itself where the step is 0."""
    return (value / step).to_integral_value(ROUND_FLOOR) * step if step else value


def ceiled(value: Decimal, step: Decimal) -> Decimal:
    """Return a number rounded up to a step, itself where the step is 0."""
    return (value / step).to_integral_value(ROUND_CEILING) * step if step else value


def plain(value: Decimal) -> str:
    """Return a number as exchanges read it: no exponent, no zeros at the end."""
    words = format(value, "f")
    return (words.rstrip("0").rstrip(".") or "0") if "." in words else words


def said(value: Decimal | None, lang: str) -> str:
    """Return a number with all its digits in a language's marks, ∞ where there is no bound."""
    if value is None:
        return "∞"
    return grouped(float(value), len(plain(value).partition(".")[2]), lang)


def fit(draft: Draft, rules: Rules, mean: Decimal) -> Draft:
    """Return a draft rounded to a symbol's rules: quantities down, prices to the safe side.

    The limit that a stop sets is rounded so that it is rather filled. `mean` is the exchange's
    average price in quote. Raises UserError where a rule forbids it.
    """
    allowed(draft, rules)
    near, far = (floored, ceiled) if draft.side == BUY else (ceiled, floored)
    rounders = {"price": near, "stop": near, "bound": far}
    prices = {name for name in rounders if getattr(draft, name) is not None}
    rounded: dict[str, Any] = {n: rounders[n](getattr(draft, n), rules.tick) for n in prices}
    draft = draft._replace(**rounded)
    if draft.quantity is not None:
        draft = draft._replace(quantity=floored(draft.quantity, steps(draft, rules)))
    if draft.spend is not None:
        draft = draft._replace(spend=floored(draft.spend, Decimal(1).scaleb(-rules.digits[1])))
    for name in prices:
        check_price(getattr(draft, name), draft.side, rules, mean)
    check_worth(draft, rules, mean)
    check_quantity(draft, rules)
    check_relation(draft)
    return draft


def steps(draft: Draft, rules: Rules) -> Decimal:
    """Return the step a quantity must be a multiple of: both of a market order's."""
    every = [rules.step, Decimal(1).scaleb(-rules.digits[0])]
    if draft.kind == MARKET:
        every.append(rules.market_step)
    places = [-int(step.normalize().as_tuple().exponent) for step in every if step]
    scale = max(0, *places)
    whole = lcm(*(int(step.scaleb(scale)) for step in every if step))
    return Decimal(whole).scaleb(-scale)


def allowed(draft: Draft, rules: Rules) -> None:
    """Raise UserError where a symbol has no such order."""
    kind = TYPES.get(draft.kind, "LIMIT_MAKER")
    missing = kind not in rules.types or (draft.kind == OCO and not rules.oco)
    if missing or (draft.spend is not None and not rules.by_quote):
        raise UserError(
            f"{rules.symbol} için bu emir türü yok.", f"{rules.symbol} has no such order type."
        )
    if draft.trail is not None and rules.trailing:
        low, high = rules.trails
        if not low <= draft.trail <= high:
            raise UserError(
                f"İz mesafesi %{low / 100:g} ile %{high / 100:g} arasında olmalı.",
                f"The trailing distance must be between {low / 100:g}% and {high / 100:g}%.",
            )


def check_price(price: Decimal, side: str, rules: Rules, mean: Decimal) -> None:
    """Raise UserError for a price that is out of its bounds."""
    factors = rules.buy_factors if side == BUY else rules.sell_factors
    low = max(rules.prices[0], rules.tick, mean * factors[0])
    highs = [bound for bound in (rules.prices[1], mean * factors[1]) if bound]
    if price <= 0 or price < low or any(price > high for high in highs):
        top = floored(min(highs), rules.tick) if highs else None
        tr, en = (
            [said(value, lang) for value in (price, ceiled(low, rules.tick), top)]
            for lang in ("tr", "en")
        )
        raise UserError(
            f"Fiyat {tr[0]}: {tr[1]} ile {tr[2]} arasında olmalı.",
            f"Price {en[0]}: must be between {en[1]} and {en[2]}.",
        )


def check_quantity(draft: Draft, rules: Rules) -> None:
    """Raise UserError for a quantity that is too small or too big."""
    if draft.quantity is None:
        if draft.spend is None or draft.spend <= 0:
            raise UserError("Tutar sıfırdan büyük olmalı.", "The amount must be above zero.")
        return
    bounds = [rules.quantities, *([rules.market_quantities] if draft.kind == MARKET else [])]
    low = max(bound[0] for bound in bounds)
    highs = [bound[1] for bound in bounds if bound[1]]
    if draft.quantity <= 0 or draft.quantity < low:
        least = max(low, steps(draft, rules))
        raise UserError(
            f"Miktar çok küçük: en az {said(least, 'tr')} {rules.base}.",
            f"The quantity is too small: at least {said(least, 'en')} {rules.base}.",
        )
    if highs and draft.quantity > min(highs):
        raise UserError(
            f"Miktar çok büyük: en çok {said(min(highs), 'tr')} {rules.base}.",
            f"The quantity is too big: at most {said(min(highs), 'en')} {rules.base}.",
        )


def check_worth(draft: Draft, rules: Rules, mean: Decimal) -> None:
    """Raise UserError where an order is worth too little or too much."""
    worths = [draft.spend] if draft.spend is not None else []
    if draft.quantity is not None:
        prices = [p for p in (draft.price, draft.stop, draft.bound) if p is not None] or [mean]
        worths = [draft.quantity * price for price in prices]
    at_market = draft.kind == MARKET
    least = rules.worth[0] if rules.worth_at_market[0] or not at_market else ZERO
    most = rules.worth[1] if rules.worth_at_market[1] or not at_market else ZERO
    if min(worths) < least:
        tr, en = "", ""
        if draft.side == BUY:
            such = f"0.5{rules.base.lower()}"
            tr, en = f" Coin miktarı {such} gibi yazılır.", f" Write an amount of coins as {such}."
        raise UserError(
            f"Emir çok küçük: en az {said(least, 'tr')} {rules.quote} etmeli.{tr}",
            "The order is too small: it must be worth at least "
            f"{said(least, 'en')} {rules.quote}.{en}",
        )
    if most and max(worths) > most:
        raise UserError(
            f"Emir çok büyük: en çok {said(most, 'tr')} {rules.quote} edebilir.",
            f"The order is too big: it may be worth at most {said(most, 'en')} {rules.quote}.",
        )


def check_relation(draft: Draft) -> None:
    """Raise UserError where an OCO's prices are on the same side."""
    if draft.kind != OCO or draft.price is None or draft.stop is None:
        return
    right = draft.price > draft.stop if draft.side == SELL else draft.price < draft.stop
    if not right:
        raise UserError(
            "OCO'da hedef ile zarar durdurma yer değiştirmiş.",
            "In an OCO the target and the stop are the wrong way round.",
        )
