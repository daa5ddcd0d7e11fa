"""Ten and a hundred thousand alarms on a closed bar and on a tick, beside TA-Lib and simpleeval."""

import random
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import numpy as np
import simpleeval
import talib

from alarm_rows import Alarm
from alarms import Engine, Formulas, Numbers
from bench.formulas import timed
from board import Board
from formula import Context

COINS, BARS, CLOSES, HOUR, SAMPLE, TICKS = 400, 500, 15, 3_600_000, 200, 500
SYMBOLS = tuple(f"C{i}USDT" for i in range(COINS))
NAMES = ("open", "high", "low", "close", "volume", "quote", "trades", "taker", "taker_quote")
WAYS = (
    ("rsi({w}) {s} {n}", ""),
    ("rsi({w}) {s} {n} and close > sma({a})", ""),
    ("close {s} sma({a})", ""),
    ("close {s} ema({a}) and rsi({w}) < {n}", ""),
    ("ema({w}) {s} sma({a})", ""),
    ("crossover(ema({w}), ema({a}))", "ema({w}) > ema({a}) and ema({w}, 1) <= ema({a}, 1)"),
    ("crossunder(close, sma({a}))", "close < sma({a}) and before >= sma({a}, 1)"),
)


def panel() -> SimpleNamespace:
    """Return hourly bars of random walks, some more than a look takes in."""
    rng, bars = np.random.default_rng(3), BARS + CLOSES
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (bars, COINS)), axis=0))
    time = 1.7e12 + HOUR * np.arange(float(bars))
    return SimpleNamespace(time=time, **dict.fromkeys(NAMES, close))


def cut(bars: SimpleNamespace, end: int) -> Context:
    """Return what was known when so many bars had closed."""
    return Context(SimpleNamespace(**{k: one[:end] for k, one in vars(bars).items()}), "1h")


def formula_alarms(count: int) -> list[tuple[Alarm, str]]:
    """Return alarms as people set them: few windows, many numbers, a coin each."""
    return [(alarm, alarm.targets) for alarm, _ in told_twice(count)]


def told_twice(count: int) -> list[tuple[Alarm, str]]:
    """Return alarms, each with its formula as the peers have it."""
    rng, rows = random.Random(5), []
    for i in range(1, count + 1):
        text, other = rng.choice(WAYS)
        given = {
            "w": rng.choice((7, 14, 21)),
            "a": rng.choice((20, 50, 200)),
            "s": rng.choice("<>"),
            "n": rng.randint(20, 80),
        }
        symbol, text = SYMBOLS[rng.randrange(COINS)], text.format(**given)
        alarm = Alarm(1, 1, "formula", text, symbol, "1h", steady=True, id=i)
        rows.append((alarm, other.format(**given) or text))
    return rows


def price_alarms(count: int) -> list[tuple[Alarm, str]]:
    """Return alarms of prices, a coin each."""
    rng = random.Random(6)
    rows = []
    for i in range(1, count + 1):
        symbol = SYMBOLS[rng.randrange(COINS)]
        text = f"{rng.choice('<>')} {rng.uniform(20, 300):.4f}"
        rows.append((Alarm(1, 1, "price", text, symbol, band=0.3, id=i), symbol))
    return rows


def by_talib(rows: list[tuple[Alarm, str]], here: Context) -> Callable[[], list[bool]]:
    """Return the same decisions by TA-Lib's indicators, each once a coin, and compiled eval."""
    codes = [(compile(text, "", "eval"), alarm.targets) for alarm, text in rows]
    columns = {s: np.ascontiguousarray(here.bars.close[:, i]) for i, s in enumerate(SYMBOLS)}

    def run() -> list[bool]:
        known: dict[tuple, np.ndarray] = {}

        def of(function: Callable, name: str, symbol: str) -> Callable[..., float]:
            def value(window: int, ago: int = 0) -> float:
                key = name, symbol, window
                if key not in known:
                    known[key] = function(columns[symbol], window)
                return known[key][-1 - ago]

            return value

        scopes = {
            symbol: {
                "rsi": of(talib.RSI, "rsi", symbol),
                "ema": of(talib.EMA, "ema", symbol),
                "sma": of(talib.SMA, "sma", symbol),
                "close": columns[symbol][-1],
                "before": columns[symbol][-2],
            }
            for symbol in SYMBOLS
        }
        return [bool(eval(code, scopes[symbol])) for code, symbol in codes]

    return run


def by_simpleeval(rows: list[tuple[Alarm, str]], here: Context) -> Callable[[], list[bool]]:
    """Return the decisions of some alarms by simpleeval, each with its own indicators."""

    def run() -> list[bool]:
        out = []
        for alarm, text in rows:
            close = np.ascontiguousarray(here.bars.close[:, SYMBOLS.index(alarm.targets)])
            functions = {
                name: lambda n, ago=0, x=close, f=function: f(x, n)[-1 - ago]
                for name, function in (("rsi", talib.RSI), ("ema", talib.EMA), ("sma", talib.SMA))
            }
            names = {"close": close[-1], "before": close[-2]}
            out.append(bool(simpleeval.simple_eval(text, names=names, functions=functions)))
        return out

    return run


def closed(block: Formulas, bars: SimpleNamespace, *peers: Callable) -> list[float]:
    """Return the milliseconds of a closed bar and of the peers between, the medians of some."""
    block.follow(cut(bars, BARS), SYMBOLS)
    took: list[list[float]] = [[] for _ in (block, *peers)]
    for end in range(BARS + 1, BARS + CLOSES + 1):
        look = partial(block.look, cut(bars, end), SYMBOLS)
        for times, job in zip(took, (look, *peers), strict=True):
            begun = time.perf_counter()
            job()
            times.append(1000 * (time.perf_counter() - begun))
    return [float(np.median(times)) for times in took]


def decided(rows: list[tuple[Alarm, str]], bars: SimpleNamespace) -> list[bool]:
    """Return which alarms fire on the last bar, carried on from the one before."""
    block, end = Formulas(rows, {}), BARS + CLOSES
    block.follow(cut(bars, end - 1), SYMBOLS)
    return block.look(cut(bars, end), SYMBOLS)[0].tolist()


def measured(count: int, bars: SimpleNamespace) -> float:
    """Print what so many alarms cost; return the milliseconds of a closed bar."""
    rows, prices = formula_alarms(count), price_alarms(count)
    begun = time.perf_counter()
    block, *blocks = Formulas(rows, {}), Numbers(prices, {}), Numbers(prices, {})
    made = time.perf_counter() - begun
    anew = timed(lambda: block.look(cut(bars, BARS), SYMBOLS), 5)
    (bar,) = closed(block, bars)
    print(f"{count:>7} formulas: a closed bar {bar:.2f} ms, {anew:.1f} ms after a start")
    print(f"{count:>7} prices, all made in {made:.1f} s; a tick of")
    for coins in (1, COINS):
        print(f"{'':>7} {coins} coins {ticked(*blocks, bars, coins)}")
        blocks = [Numbers(prices, {}), Numbers(prices, {})]
    engine = Engine([alarm for alarm, _ in rows], lambda alarm: alarm.symbols, {})
    one = rows[count // 2][0]
    engine.formulas["1h"].look(cut(bars, BARS), SYMBOLS)
    change = timed(lambda: engine.change([one.id], [one], lambda alarm: alarm.symbols, {}), 9)
    print(f"{count:>7} alarms: one of them changed in {change:.1f} ms")
    return bar


def ticked(ours: Numbers, other: Numbers, bars: SimpleNamespace, coins: int) -> str:
    """Tell what ticks cost until they count in which some coins move a fifth of a percent or so.

    Beside it what a look at every row costs, and whether both fire the same.
    """
    rng, board, seen = np.random.default_rng(7), Board(), bars.close[-1].copy()
    took: list[list[float]] = [[], []]
    same, fired = True, 0

    def counted(block: Numbers, look: Callable[[], np.ndarray], now: int) -> list:
        begun = time.perf_counter()
        look()
        told = block.outcome(now)
        block.settle()
        took[block is other].append(1000 * (time.perf_counter() - begun))
        return sorted(one.alarm_id for one in told.firings)

    for now in range(1, TICKS):
        seen[rng.choice(COINS, coins, replace=False)] *= 1 + rng.normal(0, 0.002, coins)
        board.note(now, dict(zip(SYMBOLS, seen.tolist(), strict=True)), ())
        values = (board.values("price", "", one) for one in (ours.names, other.symbols))
        due = counted(ours, partial(ours.tick, next(values), now), now)
        same &= due == counted(other, partial(other.look, next(values), now), now)
        fired += len(due)
    one, worst, bulk = (np.quantile(took[i][1:], q) for i, q in ((0, 0.5), (0, 0.99), (1, 0.5)))
    return (
        f"{one:.3f} ms, one of a hundred over {worst:.3f}; every row {bulk:.2f} ms; "
        f"{fired} firings, the same: {same}"
    )


def weighed(count: int) -> float:
    """Return the bytes of an alarm of a formula."""
    rows = formula_alarms(count)
    tracemalloc.start()
    block = Formulas(rows, {})
    held = tracemalloc.get_traced_memory()[0] / len(block.alarms)
    tracemalloc.stop()
    return held


def run() -> None:
    """Print what a closed bar and a tick cost, beside the others, and the memory of an alarm."""
    bars, count = panel(), 10_000
    ours, rows = measured(count, bars), told_twice(count)
    print(f"        ten times as many: {measured(10 * count, bars) / ours:.1f} times as long")
    here = cut(bars, BARS + CLOSES)
    peer, some = by_talib(rows, here), by_simpleeval(rows[:SAMPLE], here)
    due = decided(formula_alarms(count), bars)
    same = due == peer() and due[:SAMPLE] == some()
    block = Formulas(formula_alarms(count), {})
    alone = [*closed(block, bars), timed(peer, CLOSES), timed(some, CLOSES) * count / SAMPLE]
    bar, talib_ms, part = closed(Formulas(formula_alarms(count), {}), bars, peer, some)
    told = ("each alone, warm", alone), ("in turn, cold", [bar, talib_ms, part * count / SAMPLE])
    for how, (ours, cached, each) in told:
        print(f"        {how}: a closed bar {ours:.2f} ms")
        print(f"{'':>15} TA-Lib once a coin and eval {cached:.0f} ms: {cached / ours:.0f} x")
        print(f"{'':>15} simpleeval each alone {each:.0f} ms: {each / ours:.0f} x")
    print(f"        decisions the same: {same}; {weighed(2000):.0f} bytes an alarm")


if __name__ == "__main__":
    run()
