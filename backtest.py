"""Backtests: what rules would have done, filled at the next open, with fees and slippage.

A signal at a bar's close is filled at the next bar's open. One position at a time: while out an
entry opens it, while in an exit closes it, and a bar that says both turns it over. Stops and
targets lie in the market from the fill on; a bar that touches both is taken as stopped.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, nan
from typing import Any, NamedTuple

import numpy as np

import performance

Array = np.ndarray

BLOCK, FOLDS, SIGHT, MOMENT = 2**17, 5, 64, 60_000
SIGNAL, STOP, TARGET, OPEN = range(4)


class Carry(NamedTuple):
    """What a coin held in a perpetual has paid of funding up to each bar's open and close."""

    opens: Array
    closes: Array


class Costs(NamedTuple):
    """What a fill costs: a fee as a fraction of its value, slippage as a fraction of its price.

    `funding` is what holding costs, None where it is not counted.
    """

    fee: float = 0.001
    slippage: float = 0.0005
    funding: Carry | None = None


class Rules(NamedTuple):
    """How a position is held: stop and target as fractions of the entry price, NaN for none.

    `size` is the fraction of the equity put in; `side` is 1 to buy, −1 to sell short.
    """

    stop: float = nan
    target: float = nan
    size: float = 1.0
    side: int = 1


HOLD, USUAL = Rules(), Costs()


@dataclass(frozen=True, eq=False)
class Trades:
    """Trades, oldest first: the bars of both fills, their prices, the equity's growth, the reason.

    One still open has `closed` behind the last bar and is valued at the last close. `funding` is
    the part of the growth that was received, below 0 where it was paid.
    """

    opened: Array
    closed: Array
    entry: Array
    exit: Array
    growth: Array
    reason: Array
    funding: Array

    def __len__(self) -> int:
        return len(self.opened)


class Result(NamedTuple):
    """What a rule did: its trades, and the equity at each bar's close in units of the first."""

    trades: Trades
    equity: Array


class Summary(NamedTuple):
    """What a result was worth; returns, falls and shares in percent, NaN where unknown."""

    gain: float
    hold: float
    cagr: float
    exposure: float
    sharpe: float
    sortino: float
    calmar: float
    fall: float
    fall_bars: int
    record: performance.Record


@dataclass(frozen=True, eq=False)
class Grid:
    """What many rules did: `(rules, folds)` moments of returns, `(rules,)` the rest.

    `growth` is the equity's factor over a fold, `count`, `total` and `squares` the moments of its
    returns; `fall` is the worst fall in percent, `trades` and `won` count the closed ones.
    """

    growth: Array
    count: Array
    total: Array
    squares: Array
    fall: Array
    trades: Array
    won: Array

    @property
    def gain(self) -> Array:
        """Return the whole return of every rule in percent."""
        return 100 * (self.growth.prod(axis=1) - 1)

    def ratio(self, folds: slice = slice(None)) -> Array:
        """Return every rule's Sharpe ratio a bar over some folds, NaN where nothing moved."""
        n, total, squares = (
            x[:, folds].sum(axis=1) for x in (self.count, self.total, self.squares)
        )
        spread = squares - total * total / n
        # What is left of a constant's squares is rounding.
        still = spread <= 1e-14 * squares
        return np.where(still, nan, total / n / np.sqrt(np.where(still, 1, spread) / (n - 1)))


def holding(entry: Array, exit: Array) -> Array:
    """Return whether a position is wanted after each bar's close; signals are `(bars,)`."""
    bars = np.arange(len(entry))
    both = entry & exit
    sure = np.maximum.accumulate(np.where(entry ^ exit, bars, -1))
    state = (sure >= 0) & entry[np.maximum(sure, 0)]
    if both.any():
        turns = both.cumsum()
        before = turns[np.maximum(sure, 0)] * (sure >= 0)
        state ^= ((turns - before) & 1).astype(bool)
    return state


def run(bars: Any, entry: Array, exit: Array, rules: Rules = HOLD, costs: Costs = USUAL) -> Result:
    """Return what a rule did on one coin's bars; signals are `(bars,)` booleans.

    `bars` have open, high, low and close. Signals of the last bar are not filled. Raises ValueError
    for signals of another length or rules that cannot be.
    """
    check(rules, costs)
    held = costs.funding or Carry(bars.close, bars.close)
    if not entry.shape == exit.shape == bars.close.shape == held.opens.shape == held.closes.shape:
        raise ValueError("a signal for every bar")
    if isfinite(rules.stop) or isfinite(rules.target):
        return valued(bars, watched(bars, entry, exit, rules, costs), rules, costs)
    return valued(bars, signalled(bars, entry, exit, rules, costs), rules, costs)


def valued(bars: Any, fills: "Fills", rules: Rules, costs: Costs) -> Result:
    """Return the trades of some fills and the equity they make."""
    trades = settled(fills, rules, costs)
    worth = np.concatenate([[1.0], np.cumprod(trades.growth)])
    equity = np.empty(len(bars.close))
    mark(equity, bars.close, trades, worth, rules, costs)
    return Result(trades, equity)


def check(rules: Rules, costs: Costs) -> None:
    """Raise ValueError for rules and costs that cannot be."""
    for value, most in ((rules.stop, 1.0), (rules.target, np.inf if rules.side > 0 else 1.0)):
        if isfinite(value) and not 0 < value < most:
            raise ValueError("a stop or a target that no price can reach")
    if not (0 < rules.size <= 1 and abs(rules.side) == 1):
        raise ValueError("a size over the equity")
    if not all(0 <= cost < 0.1 for cost in costs[:2]):
        raise ValueError("costs of a tenth or more")


class Fills(NamedTuple):
    """Trades before they are valued: bars and prices of both fills, and why they closed."""

    opened: Array
    closed: Array
    entry: Array
    exit: Array
    reason: Array


def signalled(bars: Any, entry: Array, exit: Array, rules: Rules, costs: Costs) -> Fills:
    """Return the fills of a rule without stops; only bars with a signal are looked at."""
    n = len(entry)
    places = np.flatnonzero(entry[:-1] | exit[:-1])
    state = holding(entry[places], exit[places])
    turns = places[np.flatnonzero(state != np.concatenate([[False], state[:-1]]))] + 1
    opened, closed = turns[::2], turns[1::2]
    if len(closed) < len(opened):
        closed = np.append(closed, n)
    slip, left = rules.side * costs.slippage, closed == n
    out = np.append(bars.open, bars.close[-1])[closed]
    return Fills(
        opened,
        closed,
        bars.open[opened] * (1 + slip),
        np.where(left, out, out * (1 - slip)),
        np.where(left, OPEN, SIGNAL),
    )


def watched(bars: Any, entry: Array, exit: Array, rules: Rules, costs: Costs) -> Fills:
    """Return the fills with a stop or a target in the market."""
    n, rows = len(entry), list[tuple[int, int, float, float, int]]()
    enters, exits = np.flatnonzero(entry).tolist(), np.flatnonzero(exit).tolist()
    slip, now = rules.side * costs.slippage, 0
    while True:
        i = bisect_left(enters, now)
        if i == len(enters) or enters[i] >= n - 1:
            break
        begin = enters[i] + 1
        j = bisect_left(exits, begin)
        end = exits[j] + 1 if j < len(exits) and exits[j] < n - 1 else n
        price = float(bars.open[begin]) * (1 + slip)
        at, out, why = touched(bars, begin, end, price, rules)
        if why == OPEN and end < n:
            at, out, why = end, float(bars.open[end]), SIGNAL
        rows.append((begin, at, price, out if why in (OPEN, TARGET) else out * (1 - slip), why))
        now = at
    if not rows:
        return Fills(*(np.array([], kind) for kind in (int, int, float, float, int)))
    return Fills(*map(np.array, zip(*rows, strict=True)))


def touched(bars: Any, begin: int, end: int, price: float, rules: Rules) -> tuple[int, float, int]:
    """Return the first bar that touches the stop or the target, the price there and which.

    A bar that opens beyond one is filled at its open. Without a touch, the last close.
    """
    side = rules.side
    stop, target = price * (1 - side * rules.stop), price * (1 + side * rules.target)
    against, along = (bars.low, bars.high) if side > 0 else (bars.high, bars.low)
    while begin < end:
        part = slice(begin, min(end, begin + SIGHT))
        lost, won = side * against[part] <= side * stop, side * along[part] >= side * target
        hit = int((lost | won).argmax())
        if lost[hit] or won[hit]:
            first = float(bars.open[begin + hit])
            worse, better = (min, max) if side > 0 else (max, min)
            if lost[hit]:
                return begin + hit, worse(stop, first), STOP
            return begin + hit, better(target, first), TARGET
        begin = part.stop
    return len(bars.close), float(bars.close[-1]), OPEN


def settled(fills: Fills, rules: Rules, costs: Costs) -> Trades:
    """Return the trades with what each did to the equity, fees taken; it never falls below 0."""
    fee = np.where(fills.reason == OPEN, 0.0, costs.fee)
    paid = fills.entry * (1 + costs.fee)
    if rules.side > 0:
        gain = fills.exit * (1 - fee) / paid - 1
    else:
        gain = (fills.entry * (1 - costs.fee) - fills.exit * (1 + fee)) / paid
    received = -rules.side * rules.size * carried(fills, rules.side, costs.funding) / paid
    growth = np.maximum(0.0, 1 + rules.size * gain + received)
    return Trades(*fills[:4], growth, fills.reason, received)


def carry(bars: Any, time: Array, rate: Array) -> Carry:
    """Return what a coin pays by funding rates at instants in ms, at the price its bar opens with.

    Who fills at a bar's open does not pay what is paid at that open any more, and who leaves does.
    """
    at = np.searchsorted(bars.time, time, "right") - 1
    known = (at >= 0) & (time <= bars.end[at])
    at, late, cost = at[known], (time - bars.time[at])[known], rate[known]
    cost = cost * bars.open[at]
    inside = np.bincount(at, np.where(late > MOMENT, cost, 0), len(bars.open))
    closes = np.cumsum(np.bincount(at, cost, len(bars.open)))
    return Carry(closes - inside, closes)


def carried(fills: Fills, side: int, funding: Carry | None) -> Array:
    """Return what each trade's coin paid; in the bar of a stop or target, the worse for it."""
    if funding is None:
        return np.zeros(len(fills.opened))
    opens, closes = (np.append(x, funding.closes[-1])[fills.closed] for x in funding)
    worse = np.maximum(opens, closes) if side > 0 else np.minimum(opens, closes)
    touched = (fills.reason == STOP) | (fills.reason == TARGET)
    return np.where(touched, worse, opens) - funding.opens[fills.opened]


def mark(
    equity: Array, close: Array, trades: Trades, worth: Array, rules: Rules, costs: Costs
) -> None:
    """Fill in the equity at each close; `worth` is what there was before each trade and at the end.

    Inside a trade it is a + b·close: a the part kept out, b the coins held.
    """
    coins = rules.size * worth[:-1] / (trades.entry * (1 + costs.fee))
    kept = worth[:-1] * (1 - rules.size)
    if rules.side < 0:
        coins, kept = -coins, worth[:-1] + coins * trades.entry * (1 - costs.fee)
    if costs.funding is not None:
        close = close - costs.funding.closes
        kept = kept + coins * costs.funding.opens[trades.opened]
    pieces = np.zeros((2, 2 * len(trades) + 1))
    pieces[0, ::2], pieces[0, 1::2], pieces[1, 1::2] = worth, kept, coins
    edges = np.zeros(2 * len(trades) + 2, int)
    edges[1:-1:2], edges[2:-1:2], edges[-1] = trades.opened, trades.closed, len(equity)
    flat, held = np.repeat(pieces, np.diff(edges), axis=1)
    np.multiply(held, close, out=equity)
    equity += flat
    np.maximum(equity, 0, out=equity)


def summary(bars: Any, result: Result, per_year: float) -> Summary:
    """Return what a result was worth; `per_year` are the bars of a year."""
    equity, trades = result.equity, result.trades
    returns, year = moves(equity), performance.cagr(equity, per_year)
    fall, fall_bars = under_water(equity)
    return Summary(
        100 * (float(equity[-1]) - 1),
        100 * (float(bars.close[-1] / bars.close[0]) - 1),
        year,
        100 * float((trades.closed - trades.opened).sum()) / len(equity),
        performance.sharpe(returns, per_year),
        performance.sortino(returns, per_year),
        year / -fall if fall < 0 else nan,
        fall,
        fall_bars,
        performance.record(100 * (trades.growth[trades.reason != OPEN] - 1)),
    )


def under_water(equity: Array) -> tuple[float, int]:
    """Return the worst fall from a high in percent, and the most bars between two highs."""
    top = np.maximum.accumulate(equity)
    highs = np.flatnonzero(equity >= top)
    waits = np.diff(highs, append=len(equity)) - 1
    return 100 * (float((equity / top).min()) - 1), int(waits.max())


def moves(equity: Array) -> Array:
    """Return the simple returns from close to close `(…, bars − 1)`; of nothing left they are 0."""
    before = equity[..., :-1]
    return np.divide(equity[..., 1:], before, out=np.ones_like(before), where=before > 0) - 1


def many(bars: Any, entry: Array, exit: Array, rules: Rules = HOLD, costs: Costs = USUAL) -> Grid:
    """Return what many rules did on one coin's bars; signals are `(rules, bars)` booleans.

    Each is what `run` gives. Raises ValueError like it.
    """
    size = max(1, BLOCK // entry.shape[1])
    parts = []
    for i in range(0, len(entry), size):
        some = slice(i, i + size)
        signals = zip(entry[some], exit[some], strict=True)
        results = [run(bars, *one, rules, costs) for one in signals]
        tables = [result.trades for result in results]
        equity = np.stack([result.equity for result in results])
        parts.append([*moments(equity), deepest(equity), *counted(tables)])
    return Grid(*map(np.concatenate, zip(*parts, strict=True)))


def moments(equity: Array) -> tuple[Array, Array, Array, Array]:
    """Return growth, count, sum and squares of the returns `(rules, folds)` of each fold."""
    n = equity.shape[1]
    edges = np.linspace(0, n - 1, FOLDS + 1).astype(int)
    returns = moves(equity)
    at = edges[:-1]
    total = np.add.reduceat(returns, at, axis=1)
    squares = np.add.reduceat(returns * returns, at, axis=1)
    worth, start = equity[:, edges], equity[:, at]
    growth = np.divide(worth[:, 1:], start, out=np.zeros_like(total), where=start > 0)
    return growth, np.broadcast_to(np.diff(edges), total.shape), total, squares


def deepest(equity: Array) -> Array:
    """Return the worst falls from a high in percent."""
    top = np.maximum.accumulate(equity, axis=1)
    return 100 * (np.divide(equity, top, out=top).min(axis=1) - 1)


def counted(tables: Sequence[Trades]) -> tuple[Array, Array]:
    """Return how many trades were closed, and how many of these won."""
    done = [table.growth[table.reason != OPEN] for table in tables]
    return np.array([len(g) for g in done]), np.array([int((g > 1).sum()) for g in done])
