"""What an order would do before it is made: its rounding, fee, slippage and risk."""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import risk
import rulebook
from bot import User, UserError
from brokers import Broker
from order_rows import Intent
from orders import (
    BUY,
    HUNDRED,
    LIMIT,
    LIVE,
    MARKET,
    OCO,
    SELL,
    STOP,
    TRAIL,
    ZERO,
    Amount,
    Balance,
    Draft,
    Fill,
    Rules,
    fit,
    said,
)
from risk import NONE, Limits, Standing

FRESH, BAND, MONEY = (
    60_000,
    Decimal("0.5"),
    (*("quantity", "spend", "price", "stop", "bound", "target", "loss"),),
)
DEEP, DOLLAR = 500, "USDT"
SLACK = Decimal("0.5")


class Ticket(NamedTuple):
    """An order as it would be made, and what it would mean; money in quote.

    `average` is what the book would give it, `filled` the share of it the book can take at all,
    `slip` how much worse than the last price, in percent. `worst` is what its stop would lose,
    everything where it has none. `dust` is what of the coin would be left, too small to sell.
    """

    draft: Draft
    mode: str
    rules: Rules
    last: Decimal
    average: Decimal
    filled: Decimal
    slip: Decimal
    worth: Decimal
    fee: Decimal
    worst: Decimal
    dust: Decimal
    free: Decimal
    standing: Standing
    limits: Limits
    warn: bool


def caps(config: Any) -> Limits:
    """Return the owner's caps."""
    names = ("max_order", "max_coin", "max_day", "max_loss", "max_distance")
    order, coin, day, loss, distance = (Decimal(getattr(config, name)) for name in names)
    return Limits(order, coin, day, loss, distance, config.repeat_seconds, config.timezone)


def price(sources: Any, symbol: str, now: int) -> Decimal:
    """Return a symbol's last price. Raises UserError where it is not fresh, or not in USDT.

    Every cap is in USDT: another quote would slip through them.
    """
    if not symbol.endswith(DOLLAR):
        raise UserError(
            f"{symbol[:20]}: yalnız USDT çiftlerinde işlem yapılır.",
            f"{symbol[:20]}: only USDT pairs are traded.",
        )
    read = sources.prices()
    if read.stale or now - read.at > FRESH or symbol not in read.data:
        raise UserError(
            "Fiyat verisi bayat; emir verilmedi.", "The price data is stale; no order was made."
        )
    return Decimal(repr(read.data[symbol]))


def sized(draft: Draft, wanted: Amount, rules: Rules, balance: Mapping[str, Balance]) -> Draft:
    """Return a draft of the amount somebody wrote: coins, quote, or a share of what is free.

    Raises UserError for a unit that is neither.
    """
    asset = rules.quote if draft.side == BUY else rules.base
    near = draft.price or draft.stop
    number, unit = wanted.number, wanted.unit or asset
    if unit == "%":
        free, locked = balance.get(asset, Balance(ZERO))
        if not free or (locked and asset == rules.base and free < rules.quantities[0]):
            raise UserError(
                f"Boşta {asset} yok ya da çok az: {said(free, 'tr')}; "
                f"emirlerde {said(locked, 'tr')} var.",
                f"No {asset} is free, or too little: {said(free, 'en')}; "
                f"in orders {said(locked, 'en')}.",
            )
        number, unit = free * number / HUNDRED, asset
    if unit == rules.base:
        return draft._replace(quantity=number)
    if unit != rules.quote:
        raise UserError(
            f"“{unit}” anlaşılmadı: {rules.base}, {rules.quote} ya da % yazın.",
            f"“{unit}” is not understood: write {rules.base}, {rules.quote} or %.",
        )
    return draft._replace(quantity=number / near) if near else draft._replace(spend=number)


def look(
    sources: Any,
    db: Any,
    broker: Broker,
    limits: Limits,
    user: User,
    draft: Draft,
    now: int,
    spare: Decimal = ZERO,
) -> Ticket:
    """Return the ticket of an order. Raises UserError for one that may not be made.

    `spare` is what an order holds that this one will stand in for.
    """
    last, rules = price(sources, draft.symbol, now), rulebook.rules(sources, draft.symbol)
    balances = broker.balances()
    mean = rulebook.mean(sources, draft.symbol)
    draft = fit(shaped(draft, rules, broker.mode, last), rules, mean)
    average, filled = walked(sources, draft, last)
    free = affordable(draft, rules, balances, last, spare)
    standing = NONE
    if draft.side == BUY:
        standing = standing_of(sources, db, user, broker, limits.zone, balances, rules, now)
    trader = db.orders.trader(user.id)
    risk.check(limits, trader, standing, draft, last)
    risk.repeated(limits, draft, db.orders.of(user.id, broker.mode, now - 3_600_000), now)
    worth = draft.spend or (draft.quantity or ZERO) * (draft.price or draft.stop or average)
    maker, taker = broker.fees(draft.symbol)
    living = db.orders.living(user.id, broker.mode)
    if draft.kind != MARKET and not spare:
        crowded(draft, rules, living)
    if draft.target or draft.loss:
        guardable(draft, average, taker, rules, mean, living)
    fee = worth * (maker if draft.kind == LIMIT and rests(draft, last) else taker)
    slip = HUNDRED * (average / last - 1) * (1 if draft.side == BUY else -1)
    worst = worth * draft.loss / HUNDRED + 2 * fee if draft.loss else worth
    dust = leftover(draft, rules, balances, last)
    warn = standing.loss >= limits.loss * risk.WARN
    figures = last, average, filled, slip, worth, fee, worst if draft.side == BUY else ZERO, dust
    return Ticket(draft, broker.mode, rules, *figures, free, standing, limits, warn)


def shaped(draft: Draft, rules: Rules, mode: str, last: Decimal) -> Draft:
    """Return a draft in the form a broker takes: where it cannot trail, as a stop that we move."""
    if draft.kind == TRAIL and mode == LIVE and not rules.trailing:
        draft = draft._replace(kind=STOP, stop=trailed(draft, last))
    if draft.spend is not None and not (draft.side == BUY and draft.kind == MARKET):
        draft = draft._replace(quantity=draft.spend / last, spend=None)
    return draft


def trailed(draft: Draft, last: Decimal) -> Decimal:
    """Return where a trailing order's trigger is at a price."""
    away = Decimal(draft.trail or 0) / (HUNDRED * HUNDRED)
    return last * (1 - away if draft.side == SELL else 1 + away)


def crowded(draft: Draft, rules: Rules, living: Iterable[Intent]) -> None:
    """Raise UserError where a coin has as many open orders as the exchange takes."""
    there = sum(len(one.client_ids) for one in living if one.symbol == draft.symbol)
    if 0 < rules.most_orders < there + (2 if draft.kind == OCO else 1):
        raise UserError(
            f"Bu coinde {there} açık emriniz var, borsa en çok {rules.most_orders} alır: /emirler",
            f"The coin has {there} open orders, the exchange takes {rules.most_orders}: /emirler",
        )


def guardable(
    draft: Draft,
    average: Decimal,
    fee: Decimal,
    rules: Rules,
    mean: Decimal,
    living: Iterable[Intent],
) -> None:
    """Raise UserError where the order that protects a purchase could not be made after it."""
    stops = sum(bool(one.stop or one.trail) for one in living if one.symbol == draft.symbol)
    if draft.loss and 0 < rules.most_stops <= stops:
        raise UserError(
            f"Koruma emri konamaz: bu coinde zaten {stops} stop var, fazlasını borsa almaz.",
            f"It could not be protected: the coin has {stops} stops, the exchange takes no more.",
        )
    if draft.loss and draft.target and not rules.oco:
        raise UserError(
            "Bu coinde hedef ile zarar durdurma birlikte konamaz; hedefi bırakıp /stop kullanın.",
            "This coin takes no target together with a stop; leave the target out and use /stop.",
        )
    got = draft.quantity or (draft.spend or ZERO) / average
    try:
        fit(guard(draft, [Fill("", average, got, got * fee, rules.base, 0)], rules), rules, mean)
    except UserError as error:
        raise UserError(
            f"Koruma emri konamaz: {error.tr}", f"It could not be protected: {error.en}"
        ) from error


def rests(draft: Draft, last: Decimal) -> bool:
    """Tell whether a limit order would wait in the book."""
    limit = draft.price or last
    return limit < last if draft.side == BUY else limit > last


def walked(sources: Any, draft: Draft, last: Decimal) -> tuple[Decimal, Decimal]:
    """Return the average price the book gives a market order, and the share of it it can take."""
    if draft.kind != MARKET:
        return draft.price or draft.stop or last, Decimal(1)
    read = sources.book(draft.symbol, DEEP)
    if read.stale:
        raise UserError(
            "Emir defteri bayat; emir verilmedi.", "The order book is stale; no order was made."
        )
    side = read.data.asks if draft.side == BUY else read.data.bids
    wanted = draft.spend if draft.spend is not None else draft.quantity or ZERO
    left, got, paid = wanted, ZERO, ZERO
    for level, size in side.tolist():
        at, there = Decimal(repr(level)), Decimal(repr(size))
        taken = min(there, left / at if draft.spend is not None else left)
        got, paid = got + taken, paid + taken * at
        left -= taken * at if draft.spend is not None else taken
        if left <= wanted * Decimal("1e-12"):
            left = ZERO
            break
    return (paid / got if got else last), (wanted - max(left, ZERO)) / wanted


def affordable(
    draft: Draft, rules: Rules, balances: Mapping[str, Balance], last: Decimal, spare: Decimal
) -> Decimal:
    """Return what is free of the asset an order takes. Raises UserError where it is too little."""
    asset = rules.quote if draft.side == BUY else rules.base
    free = balances.get(asset, Balance(ZERO)).free + spare
    needed = draft.worth(last) if draft.side == BUY else draft.quantity or ZERO
    if needed > free:
        raise UserError(
            f"Yetersiz bakiye: {said(needed, 'tr')} {asset} gerekli, {said(free, 'tr')} boşta.",
            f"Not enough: {said(needed, 'en')} {asset} is needed, {said(free, 'en')} is free.",
        )
    return free


def leftover(draft: Draft, rules: Rules, balances: Mapping[str, Balance], last: Decimal) -> Decimal:
    """Return what a sale leaves of a coin where that is too little to be sold, else 0."""
    held = balances.get(rules.base, Balance(ZERO))
    rest = held.free + held.locked - (draft.quantity or ZERO)
    return rest if draft.side != BUY and ZERO < rest * last < rules.worth[0] else ZERO


def standing_of(
    sources: Any,
    db: Any,
    user: User,
    broker: Broker,
    zone: ZoneInfo,
    balances: dict[str, Balance],
    rules: Rules,
    now: int,
) -> Standing:
    """Return how an account stands today before a purchase."""
    prices, begun = sources.prices(), risk.day(now, zone)[1]
    stands = grown(sources, db, broker, user.id, zone, balances, now)
    held = balances.get(rules.base, Balance(ZERO))
    coin = (held.free + held.locked) * Decimal(repr(prices.data.get(rules.symbol, 0.0)))
    living = db.orders.living(user.id, broker.mode)
    coin += risk.bought((one for one in living if one.symbol == rules.symbol), 0)
    bought = risk.bought(db.orders.of(user.id, broker.mode, begun), begun)
    return stands._replace(coin=coin, bought=bought)


def grown(
    sources: Any,
    db: Any,
    broker: Broker,
    user_id: int,
    zone: ZoneInfo,
    balances: dict[str, Balance],
    now: int,
) -> Standing:
    """Return what an account has become since its day began, which is noted. Raises UserError.

    A live exchange is asked what was paid in and out only where the bot's orders do not explain
    what there is: to ask is dear.
    """
    prices, pairs = sources.prices().data, sources.exchange().pairs
    equity, name = risk.equity(balances, prices, pairs), risk.day(now, zone)[0]
    held = {asset: one.free + one.locked for asset, one in balances.items()}
    opening = db.orders.opening(user_id, broker.mode, name, equity, held)
    stands = Standing(equity, opening.worth)
    if opening.held is None or opening.at is None:
        return stands
    if broker.mode == LIVE:
        trades = db.orders.trades(user_id, LIVE, since=opening.at)
        own = risk.equity(risk.grown(opening.held, trades), prices, pairs)
        stands = stands._replace(own=own)
        if abs(equity - own) <= opening.worth / risk.MILLE:
            return stands
    flows = {asset: Balance(one) for asset, one in broker.flows(opening.at).items()}
    return stands._replace(flow=risk.equity(flows, prices, pairs))


class Wish(NamedTuple):
    """What a token keeps of a ticket; `after` is the intent it will stand in for."""

    draft: Draft
    mode: str
    last: Decimal
    after: int | None = None


def packed(wish: Wish) -> str:
    """Return a wish as a token's body."""
    draft = {name: value for name, value in wish.draft._asdict().items() if value is not None}
    return json.dumps(wish._asdict() | {"draft": draft}, default=str)


def unpacked(body: str) -> Wish:
    """Return the wish in a token's body. Raises ValueError for another's."""
    told = json.loads(body)
    if not isinstance(told, dict) or set(told) != set(Wish._fields):
        raise ValueError("no ticket")
    draft: dict[str, Any] = told["draft"]
    numbers = {name: Decimal(draft[name]) for name in MONEY if name in draft}
    return Wish(Draft(**draft | numbers), told["mode"], Decimal(told["last"]), told["after"])


def guard(bought: Draft, fills: Sequence[Any], rules: Rules) -> Draft:
    """Return the order that sells what was bought at a target or a loss in percent, or either.

    A fee taken from the coin itself lowers what can be sold.
    """
    got = sum((fill.quantity for fill in fills), ZERO)
    paid = sum((fill.quantity * fill.price for fill in fills), ZERO)
    held = got - sum((fill.fee for fill in fills if fill.asset == rules.base), ZERO)
    average = paid / got
    target = average * (1 + bought.target / HUNDRED) if bought.target else None
    stop = average * (1 - bought.loss / HUNDRED) if bought.loss else None
    bound = stop * (1 - SLACK / HUNDRED) if stop else None
    kind = OCO if target and stop and rules.oco else STOP if stop else LIMIT
    price = None if kind == STOP else target
    return Draft(bought.symbol, SELL, kind, held, price=price, stop=stop, bound=bound)
