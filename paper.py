"""The paper broker: orders filled by the real book and by the prices that really came after.

Whatever cannot be read fresh fills nothing; what it would have filled is worked out later.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import numpy as np

import history
import matching
import rulebook
from bot import INTERVALS, UserError
from markets.binance import page_route
from matching import MAKER, TAKER, Bar
from order_rows import Intent
from orders import (
    ACCEPTED,
    CANCELED,
    FILLED,
    LIMIT,
    MARKET,
    NEW,
    NOT_SENT,
    OCO,
    PAPER,
    REFUSED,
    SELL,
    STOP,
    TRAIL,
    ZERO,
    Answer,
    Balance,
    Draft,
    Rules,
    Seen,
    fit,
    steps,
)
from paper_rows import RESETS, Account, Deal, PaperOrder

DEPTHS, FRESH = (500, 5000), 60_000
MINUTE, MOST, CUT = INTERVALS["1m"], 900, 300_000
FRAMES = ("15m", "1h")
NEEDED = {
    MARKET: (),
    LIMIT: ("quantity", "price"),
    STOP: ("quantity", "stop"),
    OCO: ("quantity", "price", "stop"),
    TRAIL: ("quantity", "trail"),
}
# What is bought without a limit could cost more than was locked for it.
BOUGHT = NEEDED | {kind: (*NEEDED[kind], "bound") for kind in (STOP, OCO, TRAIL)}
DUPLICATE = Answer(REFUSED, code=-2010, text="Duplicate order sent.")
ABSENT = Answer(REFUSED, code=-2013, text="Order does not exist.")
OVER = Answer(REFUSED, code=-2011, text="Unknown order sent.")
POOR = "Account has insufficient balance for requested action."
LATE = "Stop price would trigger immediately."
CROSSED = "The relationship of the prices for the orders is not correct."


class Refusal(Exception):
    """Say why an order is not taken, as the exchange would."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.answer = Answer(REFUSED, code=code, text=text)


class Paper:
    """Take one user's orders on paper; `clock` tells the time in seconds."""

    mode = PAPER

    def __init__(self, sources: Any, db: Any, user_id: int, clock: Callable[[], float]) -> None:
        self.sources, self.db, self.user_id, self._clock = sources, db, user_id, clock
        self.rows = db.paper

    def balances(self) -> dict[str, Balance]:
        """Return what the account has, by asset."""
        return self.rows.balances(self.user_id)

    def flows(self, since: int) -> dict[str, Decimal]:
        """Return what resets have given since an instant (ms), less what they took, by asset."""
        given = dict[str, Decimal]()
        for line in self.rows.ledger(self.user_id):
            if line.at > since and line.reason in RESETS:
                given[line.asset] = given.get(line.asset, ZERO) + line.amount
        return given

    def fees(self, _symbol: str) -> tuple[Decimal, Decimal]:
        """Return the maker's and the taker's fee as fractions, of every symbol the same."""
        return MAKER, TAKER

    def reset(self) -> list[str]:
        """Begin the account anew; return the client ids of the orders that were open."""
        return self.rows.reset(self.user_id)

    def test(self, intent: Intent) -> None:
        """Hold an order against the symbol's rules. Raises UserError."""
        rules, mean = self._rules(intent.symbol)
        if fit(intent.draft, rules, mean) != intent.draft:
            raise UserError(
                "Emir, coinin fiyat ya da miktar adımına uymuyor.",
                "The order does not fit the coin's steps of price and quantity.",
            )

    def _rules(self, symbol: str) -> tuple[Rules, Decimal]:
        return rulebook.rules(self.sources, symbol), rulebook.mean(self.sources, symbol)

    def place(self, intent: Intent) -> Answer:
        """Take an intent's order under its client ids, once."""
        there = self._seen(intent)
        if there:
            return DUPLICATE._replace(seen=there)
        try:
            rules, mean = self._rules(intent.symbol)
            self._check(intent, rules, mean)
            self._write(*self._match(intent, rules), rules)
        except Refusal as refusal:
            return refusal.answer
        except UserError as error:
            return Answer(NOT_SENT, text=error.en)
        return Answer(ACCEPTED, self._seen(intent))

    def find(self, intent: Intent) -> Answer:
        """Tell what became of an intent; refused with -2013 where there is none."""
        seen = self._seen(intent)
        return Answer(ACCEPTED, seen) if seen else ABSENT

    search = find

    def cancel(self, intent: Intent) -> Answer:
        """Cancel what is open of an intent; refused with -2011 where nothing is."""
        with suppress(UserError):
            one = self.sources, self.db, self._now(), self.user_id, intent.symbol
            filled(self.db, self.user_id, tapes(*one)[0].get(self.user_id, ()))
        with self.rows.account(self.user_id) as account:
            mine = [one for one in account.open() if one.client_id in intent.client_ids]
            account.settle(mine, [one._replace(state=CANCELED, held=ZERO) for one in mine])
        return Answer(ACCEPTED, self._seen(intent)) if mine else OVER

    def open_orders(self, symbol: str = "") -> list[Seen]:
        """Return every open order of the account."""
        names = [one.client_id for one in self.rows.open(self.user_id, symbol)]
        return list(self.rows.seen(self.user_id, names))

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _seen(self, intent: Intent) -> tuple[Seen, ...]:
        return self.rows.seen(self.user_id, intent.client_ids)

    def _check(self, intent: Intent, rules: Rules, mean: Decimal) -> None:
        """Raise Refusal for an order that is not whole or breaks a rule."""
        names = NEEDED[intent.kind] if intent.side == SELL else BOUGHT[intent.kind]
        missing = [name for name in names if getattr(intent, name) is None]
        if missing or (intent.quantity is None) == (intent.spend is None):
            raise Refusal(-1102, f"Mandatory parameter was not sent: {', '.join(missing)}.")
        try:
            fits = fit(intent.draft, rules, mean) == intent.draft
        except UserError as error:
            raise Refusal(-1013, f"Filter failure: {error.en}") from None
        if not fits:
            raise Refusal(-1013, "Filter failure: LOT_SIZE or PRICE_FILTER")
        if intent.trail is not None and not 0 < intent.trail < matching.WHOLE:
            raise Refusal(-1013, "Filter failure: TRAILING_DELTA")
        there = self.rows.open(self.user_id, intent.symbol)
        if 0 < rules.most_orders < len(there) + len(intent.client_ids):
            raise Refusal(-1013, "Filter failure: MAX_NUM_ORDERS")
        stops = sum(one.stops for one in there)
        if intent.kind not in (MARKET, LIMIT) and 0 < rules.most_stops <= stops:
            raise Refusal(-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")

    def _match(self, intent: Intent, rules: Rules) -> tuple[list[PaperOrder], list[Deal]]:
        """Return an intent's orders, and what the book gives them at once. Raises Refusal."""
        now = self._now()
        if intent.kind not in (MARKET, LIMIT):
            last = self._last(intent.symbol, rules, now)
            related(intent, last)
            return drawn(intent, rules, now, last), []
        (order,), step = drawn(intent, rules, now, None), steps(intent.draft, rules)
        for depth in DEPTHS:
            levels = self._levels(intent, depth)
            made, deals = matching.taken(levels, order, intent.spend, rules, step, now)
            deepest = matching.digits(levels[-1, 0], rules.tick)
            if made.state == FILLED or len(levels) < depth or matching.beyond(order, deepest):
                break
        if made.state == FILLED and not deals:
            raise Refusal(-1013, "Filter failure: LOT_SIZE")
        return [made], deals

    def _write(self, made: Sequence[PaperOrder], deals: Sequence[Deal], rules: Rules) -> None:
        """Write new orders with what was filled at once. Raises Refusal where funds are short."""
        after = matching.reserved(made, rules)
        asset = made[0].asset
        given = sum((one.quote if asset == rules.quote else one.quantity for one in deals), ZERO)
        with self.rows.account(self.user_id) as account:
            if account.named(one.client_id for one in made):
                raise Refusal(DUPLICATE.code, DUPLICATE.text)
            if account.free(asset) < given + sum((one.held for one in after), ZERO):
                raise Refusal(-2010, POOR)
            fresh = [account.make(one) for one in made]
            held = [one._replace(held=two.held) for one, two in zip(fresh, after, strict=True)]
            account.settle(fresh, held, deals, (rules.base, rules.quote))

    def _levels(self, intent: Intent, depth: int) -> np.ndarray:
        """Return the side of the book an order takes from. Raises UserError for an old one."""
        read = self.sources.book(intent.symbol, depth)
        if read.stale:
            raise UserError("Emir defteri bayat.", "The order book is stale.")
        return read.bids if intent.side == SELL else read.asks

    def _last(self, symbol: str, rules: Rules, now: int) -> Decimal:
        """Return the last price. Raises UserError for an old one."""
        read = self.sources.prices()
        if read.stale or now - read.at > FRESH or symbol not in read.data:
            raise UserError("Fiyat verisi bayat.", "The price data is stale.")
        return matching.digits(read.data[symbol], rules.tick)


def drawn(intent: Intent, rules: Rules, now: int, last: Decimal | None) -> list[PaperOrder]:
    """Return the orders of an intent before anything of them is filled."""
    stop_type = "STOP_LOSS_LIMIT" if intent.bound else "STOP_LOSS"
    order = PaperOrder(
        intent.user_id,
        intent.client_ids[0],
        intent.list_id if intent.kind == OCO else "",
        intent.symbol,
        intent.side,
        intent.kind.upper(),
        NEW,
        intent.quantity or ZERO,
        asset=rules.base if intent.side == SELL else rules.quote,
        made=now,
        seen=now,
        price=(intent.price if intent.kind == LIMIT else intent.bound) or ZERO,
        stop=intent.stop or ZERO,
        trail=intent.trail,
        peak=last if intent.kind == TRAIL and not intent.stop else None,
    )
    if intent.kind in (MARKET, LIMIT):
        return [order]
    order = order._replace(type=stop_type)
    if intent.kind != OCO:
        return [order]
    take = order._replace(type="LIMIT_MAKER", price=intent.price or ZERO, stop=ZERO)
    pair = (take, order) if intent.side == SELL else (order, take)
    return [one._replace(client_id=name) for one, name in zip(pair, intent.client_ids, strict=True)]


def related(intent: Intent, last: Decimal) -> None:
    """Raise Refusal for an order that would be triggered or filled as soon as it is made."""
    sign = 1 if intent.side == SELL else -1
    if intent.stop and sign * (last - intent.stop) <= 0:
        raise Refusal(-2010, LATE)
    if intent.kind == OCO and intent.price and sign * (intent.price - last) <= 0:
        raise Refusal(-2010, CROSSED)


class Tape(NamedTuple):
    """What is known of a symbol's prices: its rules, closed bars, and prints of `(3, prints)`.

    Prints are times in ms, prices and quantities.
    """

    rules: Rules
    bars: list[Bar]
    prints: np.ndarray

    @property
    def until(self) -> float:
        """Return when the newest of it began, in ms."""
        return max([one.time for one in self.bars[-1:]] + self.prints[0, -1:].tolist(), default=0)

    def part(self, seen: int) -> Bar | None:
        """Return what the prints of a minute that had begun at an instant make a bar of."""
        times, prices, sizes = self.prints[:, self.prints[0] >= seen]
        inside = times < -(-seen // MINUTE) * MINUTE
        if not inside.any():
            return None
        prices = prices[inside]
        four = prices[0], prices.max(), prices.min(), prices[-1]
        span = seen, times[inside][-1]
        return bar(span, four, sizes[inside].sum(), None, self.rules)


def tapes(
    sources: Any, db: Any, now: int, user_id: int | None = None, symbol: str = ""
) -> tuple[dict[int, list[tuple[str, Tape]]], list[UserError]]:
    """Return the prices that open orders have missed until `now` (ms), by user and symbol.

    Everybody's or one user's; and why some symbols' could not be read.
    """
    waiting = db.paper.open(user_id, symbol)
    seen: dict[str, list[int]] = {}
    for order in waiting:
        seen.setdefault(order.symbol, []).append(order.seen)
    asks = {name: partial(tape, sources, name, at, now) for name, at in seen.items()}
    found, failures = sources.together(asks) if asks else ({}, {})
    reached = dict[int, list[tuple[str, Tape]]]()
    for name, one in found.items():
        late = (order for order in waiting if order.symbol == name and order.seen <= one.until)
        for owner in sorted({order.user_id for order in late}):
            reached.setdefault(owner, []).append((name, one))
    return reached, list(failures.values())


def filled(db: Any, user_id: int, reached: Iterable[tuple[str, Tape]]) -> set[str]:
    """Let prices fill one user's open orders; return the client ids of those that changed."""
    changed = set[str]()
    for name, found in reached:
        with db.paper.account(user_id) as account:
            changed |= forward(account, name, found)
    return changed


def tape(sources: Any, symbol: str, seen: Sequence[int], now: int) -> Tape:
    """Read what the orders followed up to some instants have missed. Raises UserError."""
    rules, first = rulebook.rules(sources, symbol), min(seen)
    table = passed(sources, symbol, first, max(seen), now)
    kept = table[:, table[6] < now]
    fresh = kept[0] >= first
    bars = list[Bar]()
    for i in np.flatnonzero(fresh).tolist():
        before = kept[4, i - 1] if i else None
        bars.append(bar(kept[[0, 6], i], kept[1:5, i], kept[5, i], before, rules))
    partly = any(at % MINUTE and now - at < CUT for at in seen)
    return Tape(rules, bars, printed(sources, symbol) if partly else np.empty((3, 0)))


def passed(sources: Any, symbol: str, first: int, last: int, now: int) -> np.ndarray:
    """Return the bars since `first`, by the minute where that is not too long ago.

    Of a longer time it is coarser in the middle, from where every order is followed alike.
    """
    read = sources.candles(symbol, "1m")
    table = current(read).table
    if not table.shape[1] or first >= table[0, 0]:
        return table
    frame = next((f for f in FRAMES if (now - first) / INTERVALS[f] <= MOST), FRAMES[-1])
    step = INTERVALS[frame]
    start = -(-min(last, first + MOST * MINUTE - step) // step) * step
    parts = [current(sources.read(page_route(symbol, "1m", first - first % MINUTE, start))).table]
    middle = current(history.candles(sources, symbol, frame, start)).table
    parts += [middle, table[:, table[0] >= (middle[6, -1] + 1 if middle.shape[1] else start)]]
    return np.concatenate(parts, axis=1)


def current(read: Any) -> Any:
    """Return what was read. Raises UserError where it is old."""
    if read.stale:
        raise UserError("Mumlar bayat.", "The candles are stale.")
    return read.data


def printed(sources: Any, symbol: str) -> np.ndarray:
    """Return the newest trades as times, prices and quantities; none where they are not known."""
    with suppress(UserError):
        read = sources.trades(symbol)
        if not read.stale:
            return np.array([read.time, read.price, read.quantity])
    return np.empty((3, 0))


def bar(times: Any, prices: Any, volume: float, before: float | None, rules: Rules) -> Bar:
    """Return a bar in the market's own digits."""
    first, high, low, last = (matching.digits(price, rules.tick) for price in prices)
    past = None if before is None else matching.digits(before, rules.tick)
    size = Decimal(repr(float(volume)))
    return Bar(int(times[0]), int(times[1]) + 1, first, high, low, last, size, past)


def forward(account: Account, symbol: str, found: Tape) -> set[str]:
    """Bring one user's open orders of a symbol up to date; return which changed."""
    before, deals = account.open(symbol), list[Deal]()
    parts = (found.part(seen) for seen in {one.seen for one in before if one.seen % MINUTE})
    rules, after = found.rules, list(before)
    step = steps(Draft(symbol, SELL, LIMIT), rules)
    for one in sorted([*filter(None, parts), *found.bars], key=lambda one: one.time):
        after, some = matching.walk(after, one, rules, step)
        deals += some
    after = matching.reserved(after, rules)
    account.settle(before, after, deals, (rules.base, rules.quote))
    pairs = zip(before, after, strict=True)
    return {
        new.client_id
        for old, new in pairs
        if (new.state, new.executed) != (old.state, old.executed)
    }
