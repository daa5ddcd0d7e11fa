"""Rules written as text, tried on history: one, or all combinations of its numbers on the pool."""

import csv
import io
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from datetime import UTC, datetime
from functools import partial
from threading import Event
from typing import Any, NamedTuple

import numpy as np

import backtest
import formula
import history
import performance
from backtest import OPEN, SIGNAL, STOP, TARGET, Costs, Grid, Result, Rules
from bot import INTERVALS, UserError, fold
from evaluation import Context
from net import Dated

Array = np.ndarray

MOST, CELLS, CHUNK = 10_000, 250_000_000, 48
COLUMNS = ("opened", "closed", "entry", "exit", "gain_percent", "reason")
REASONS = {SIGNAL: "signal", STOP: "stop", TARGET: "target", OPEN: "open"}
RANGE = re.compile(r"([a-z])=(\d{1,4})(?:\.\.(\d{1,4})(?:/(\d{1,4}))?)?")


class Plan(NamedTuple):
    """A rule by its two formulas, how it is held and paid for, and the numbers to try."""

    entry: str
    exit: str
    rules: Rules = Rules()
    costs: Costs = Costs()
    ranges: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def choices(self) -> list[tuple[int, ...]]:
        """Return every combination of the numbers, the last range turning fastest."""
        return list(itertools.product(*(values for _, values in self.ranges)))


class Verdict(NamedTuple):
    """What trying many came to; gains in percent, NaN where unknown.

    `ahead` is what choosing the best of all earlier folds earned in the next ones, `hold` buying
    and holding over the same; `luck` is the chance in percent that the best is more than chance.
    """

    best: int
    ahead: float
    hold: float
    luck: float


OPTIONS = {
    **dict.fromkeys(("stop", "zarar"), "stop"),
    **dict.fromkeys(("hedef", "target"), "target"),
    **dict.fromkeys(("komisyon", "fee"), "fee"),
    **dict.fromkeys(("kayma", "slippage"), "slippage"),
    **dict.fromkeys(("boyut", "size"), "size"),
}
SHORT, DATE = ("short", "aciga"), re.compile(r"(\d{4})-(\d{2})-(\d{2})")


def read(text: str) -> tuple[Plan, int | None]:
    """Return the rule that `entry : exit options` asks for, and from when in ms.

    Percentages stop, target, fee, slippage and size; short; a date; ranges n=5..50. Raises
    UserError.
    """
    entry, colon, rest = text.partition(":")
    words = rest.split()
    cut = next((i for i, word in enumerate(words) if optional(word)), len(words))
    if not colon or not entry.strip() or not cut:
        raise UserError(
            "Giriş ve çıkış arasına : koyun: rsi < 30 : rsi > 60",
            "Put a : between entry and exit: rsi < 30 : rsi > 60",
        )
    values, ranges, start, side = dict[str, float](), list[Any](), None, 1
    left = iter(words[cut:])
    for word in left:
        if word.lower() in OPTIONS:
            values[OPTIONS[word.lower()]] = share(word, next(left, ""))
        elif fold(word) in SHORT:
            side = -1
        elif DATE.fullmatch(word):
            start = day(word)
        elif span(word):
            ranges.append(span(word))
        elif word.lower() != "opt":
            raise UserError(f"“{word[:20]}” anlaşılmadı.", f"“{word[:20]}” is not understood.")
    plan = Plan(entry.strip(), " ".join(words[:cut]))
    rules = Rules(
        *(values.get(k, d) for k, d in zip(("stop", "target", "size"), Rules(), strict=False))
    )
    costs = Costs(*(values.get(k, d) for k, d in zip(("fee", "slippage"), Costs(), strict=False)))
    return checked(
        plan._replace(rules=rules._replace(side=side), costs=costs, ranges=tuple(ranges))
    ), start


def optional(word: str) -> bool:
    """Tell whether a word begins the options behind the exit."""
    known = word.lower() in (*OPTIONS, "opt") or fold(word) in SHORT
    return bool(known or DATE.fullmatch(word) or span(word))


def share(name: str, word: str) -> float:
    """Return a percentage as a fraction. Raises UserError."""
    found = re.fullmatch(r"%?(\d{1,3}(?:[.,]\d{1,4})?)%?", word)
    if not found:
        raise UserError(f"{name}: bir yüzde yazın.", f"{name}: write a percentage.")
    return float(found[1].replace(",", ".")) / 100


def day(word: str) -> int:
    """Return the beginning of a UTC day in ms, 0 for one before 1970. Raises UserError."""
    try:
        return max(0, int(datetime.fromisoformat(f"{word}T00:00:00+00:00").timestamp() * 1000))
    except ValueError:
        raise UserError(f"{word}: böyle bir gün yok.", f"{word}: there is no such day.") from None


def checked(plan: Plan) -> Plan:
    """Return the plan. Raises UserError where its rules cannot be or a range names nothing."""
    try:
        backtest.check(plan.rules, plan.costs)
    except ValueError:
        raise UserError(
            "Stop, hedef, boyut ya da komisyon olmayacak bir değerde.",
            "Stop, target, size or fee is a value that cannot be.",
        ) from None
    letters = [letter for letter, _ in plan.ranges]
    used = put(f"{plan.entry} {plan.exit}", letters, [0] * len(letters)) if letters else ""
    empty = next((letter for letter, values in plan.ranges if not values), None)
    if empty or len(set(letters)) < len(letters) or used == f"{plan.entry} {plan.exit}":
        raise UserError(
            "Denenecek sayı formülde yok; sma(n) > sma(m) … opt n=5..50 m=20..200 gibi yazın.",
            "No number to try is in the formula; write it like sma(n) > sma(m) … opt n=5..50.",
        )
    return plan


def span(word: str) -> tuple[str, tuple[int, ...]] | None:
    """Return the name and the numbers of a range such as n=5..50 or n=10..200/10, else None."""
    found = RANGE.fullmatch(word)
    if not found:
        return None
    first, last = int(found[2]), int(found[3] or found[2])
    return found[1], tuple(range(first, last + 1, max(1, int(found[4] or 1))))


def put(text: str, names: Sequence[str], values: Sequence[int]) -> str:
    """Return a formula with numbers in the place of the names that stand for them."""
    known = dict(zip(names, map(str, values), strict=True))
    return re.sub(r"(?<![\w.])[a-z](?!\w)", lambda m: known.get(m[0], m[0]), text)


def gather(
    sources: Any,
    plan: Plan,
    symbol: str,
    interval: str,
    start: int | None,
    names: Mapping[str, str],
) -> tuple[Dated, Context]:
    """Fetch a coin's bars from `start` (ms) on, and what else the formulas look at.

    Who sells short does so in the coin's perpetual contract. `sources` is a sources.Sources.
    Raises UserError and FormulaError.
    """
    widest = chosen(plan, [max(values) for _, values in plan.ranges])
    needs = [condition(text, names).needs for text in (widest.entry, widest.exit)]
    mine = partial(history.candles, sources, symbol, perpetual=plan.rules.side < 0)
    read = mine(interval, start)
    begin = int(read.time[0]) if len(read.data) else None
    bars = {
        frame: max(need.bars.get(frame, 0) for need in needs)
        for need in needs
        for frame in need.bars
    }
    others = {
        frame: mine(frame, begin and begin - (count + 1) * INTERVALS[frame]).data
        for frame, count in bars.items()
        if frame not in ("", interval)
    }
    coins = {
        (frame, name): history.candles(sources, sources.symbol(name), frame or interval, begin).data
        for need in needs
        for frame, name in need.coins
    }
    return read, Context(read.data, interval, others, coins)


def charged(
    sources: Any, plan: Plan, symbol: str, bars: Any
) -> tuple[Plan, Dated | UserError | None]:
    """Return a short with what its contract pays of funding, and the payments.

    Instead of them comes why they are not known and not counted, None for what is no short.
    """
    if plan.rules.side > 0:
        return plan, None
    try:
        paid = history.payments(sources, symbol, int(bars.time[0]), int(bars.end[-1]) + 1)
    except UserError as error:
        return plan, error
    funding = backtest.carry(bars, paid.time, paid.rate)
    return plan._replace(costs=plan.costs._replace(funding=funding)), paid


def signals(texts: Sequence[str], context: Context, names: Mapping[str, str]) -> Array:
    """Return formulas over all bars as booleans `(formulas, bars)`. Raises FormulaError."""
    bundle = formula.Bundle()
    rows = [bundle.add(condition(text, names)) for text in texts]
    found = list(bundle.history(context))
    return np.stack([found[row] for row in rows])


def condition(text: str, names: Mapping[str, str]) -> formula.Formula:
    """Return a formula that is true or false. Raises FormulaError for another."""
    compiled = formula.compile(text, names)
    if not compiled.condition:
        raise formula.FormulaError(
            f"“{text[:40]}” bir koşul değil; rsi < 30 gibi yazın.",
            f"“{text[:40]}” is no condition; write it like rsi < 30.",
        )
    return compiled


def once(plan: Plan, context: Context, names: Mapping[str, str]) -> Result:
    """Return what a rule did on a coin's bars. Raises FormulaError."""
    entry, exit = signals((plan.entry, plan.exit), context, names)
    return backtest.run(context.bars, entry, exit, plan.rules, plan.costs)


def work(
    plan: Plan, context: Context, names: Mapping[str, str], some: Sequence[Sequence[int]]
) -> Grid:
    """Return what some combinations did; a pool child's part."""
    letters, n = [letter for letter, _ in plan.ranges], len(some)
    texts = [put(text, letters, one) for text in (plan.entry, plan.exit) for one in some]
    found = signals(texts, context, names)
    return backtest.many(context.bars, found[:n], found[n:], plan.rules, plan.costs)


def affordable(plan: Plan, bars: int) -> None:
    """Raise UserError for more combinations than can be tried."""
    count = math.prod(len(values) for _, values in plan.ranges)
    most = min(MOST, CELLS // max(bars, 1))
    if count > most:
        raise UserError(
            f"{count} kombinasyon çok; bu kadar barda en çok {most} denenir.",
            f"{count} combinations are too many; on so many bars at most {most} are tried.",
        )


def search(
    plan: Plan,
    context: Context,
    names: Mapping[str, str],
    pool: Executor,
    width: int,
    stop: Event,
    every: float = 2.0,
) -> Iterator[tuple[int, Grid | None]]:
    """Try every combination on the pool; yield how many are done, and with the last the grid.

    Only `width` parts are on their way at a time, so that others' work finds its turn. It ends
    without a grid when told to stop.
    """
    choices, done = plan.choices, 0
    parts = [choices[i : i + CHUNK] for i in range(0, len(choices), CHUNK)]
    found: list[Grid | None] = [None] * len(parts)
    running: dict[Future, int] = {}
    ahead = iter(range(len(parts)))
    while not stop.is_set():
        for i in itertools.islice(ahead, width - len(running)):
            call = pool.submit(work, plan, context, names, parts[i])
            running[call] = i
        finished, _ = wait(running, every, FIRST_COMPLETED)
        for call in finished:
            i = running.pop(call)
            found[i] = call.result()
            done += len(parts[i])
        grids = [grid for grid in found if grid is not None]
        if len(grids) == len(parts):
            yield done, joined(grids)
            return
        yield done, None


def joined(grids: Sequence[Grid]) -> Grid:
    """Return the grids of parts as one."""
    fields = zip(*(vars(grid).values() for grid in grids), strict=True)
    return Grid(*map(np.concatenate, fields))


def chosen(plan: Plan, choice: Sequence[int]) -> Plan:
    """Return the rule with one combination of its numbers."""
    letters = [letter for letter, _ in plan.ranges]
    texts = [put(text, letters, choice) for text in (plan.entry, plan.exit)]
    return Plan(*texts, plan.rules, plan.costs)


def judge(plan: Plan, context: Context, names: Mapping[str, str], grid: Grid) -> Verdict:
    """Return the best combination by Sharpe ratio, and how much of it is choosing."""
    ratios = grid.ratio()
    if not np.isfinite(ratios).any():
        return Verdict(-1, math.nan, math.nan, math.nan)
    best, close = int(np.nanargmax(ratios)), context.bars.close
    equity = once(chosen(plan, plan.choices[best]), context, names).equity
    luck = 100 * performance.deflated_sharpe(backtest.moves(equity), ratios)
    edge = int(grid.count[best, 0])
    return Verdict(best, ahead(grid), 100 * float(close[-1] / close[edge] - 1), luck)


def ahead(grid: Grid) -> float:
    """Return the gain in percent of always going on with the best of all folds so far.

    Where no combination has moved yet, nothing is risked.
    """
    worth = 1.0
    for now in range(1, grid.growth.shape[1]):
        ratios = grid.ratio(slice(0, now))
        if np.isfinite(ratios).any():
            worth *= float(grid.growth[int(np.nanargmax(ratios)), now])
    return 100 * (worth - 1)


def usual(interval_ms: int) -> float:
    """Return how many bars a year has."""
    return 365 * 86_400_000 / interval_ms


def table(result: Result, bars: Any, funded: bool = False) -> str:
    """Return the trades as CSV: UTC times of both fills, prices, gain in percent, why it ended.

    Where funding is counted, also what of the gain it is.
    """
    t, ends = result.trades, np.append(bars.time, bars.end[-1] + 1)
    times = [[stamp(ms) for ms in ends[at].tolist()] for at in (t.opened, t.closed)]
    gains, whys = 100 * (t.growth - 1), [REASONS[why] for why in t.reason.tolist()]
    columns = [*times, t.entry.tolist(), t.exit.tolist(), gains.tolist(), whys]
    columns += [(100 * t.funding).tolist()] * funded
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow((*COLUMNS, "funding_percent")[: len(columns)])
    rows.writerows(zip(*columns, strict=True))
    return out.getvalue()


def stamp(ms: float) -> str:
    """Return an instant as UTC text."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
