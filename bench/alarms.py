"""Ten and a hundred thousand alarms on a closed bar and on a tick, beside TA-Lib and simpleeval."""

import random
import time
import tracemalloc
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import simpleeval
import talib

from alarm_rows import Alarm
from alarms import Formulas, Numbers
from bench.formulas import timed
from formula import Context

COINS, BARS, HOUR, SAMPLE = 400, 500, 3_600_000, 200
SYMBOLS = tuple(f"C{i}USDT" for i in range(COINS))
WAYS = (
    "rsi({w}) {s} {n}",
    "rsi({w}) {s} {n} and close > sma({a})",
    "ema({w}) {s} sma({a})",
    "close {s} ema({a}) and rsi({w}) < {n}",
)


def panel() -> Context:
    """Return hourly bars of random walks."""
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (BARS, COINS)), axis=0))
    time = 1.7e12 + HOUR * np.arange(float(BARS))
    names = ("open", "high", "low", "close", "volume", "quote", "trades", "taker", "taker_quote")
    return Context(SimpleNamespace(time=time, **dict.fromkeys(names, close)), "1h")


def formula_alarms(count: int) -> list[tuple[Alarm, str]]:
    """Return alarms as people set them: few windows, many numbers, a coin each."""
    rng, rows = random.Random(5), []
    for i in range(1, count + 1):
        text = rng.choice(WAYS).format(
            w=rng.choice((7, 14, 21)),
            a=rng.choice((20, 50, 200)),
            s=rng.choice("<>"),
            n=rng.randint(20, 80),
        )
        symbol = SYMBOLS[rng.randrange(COINS)]
        rows.append((Alarm(1, 1, "formula", text, symbol, "1h", steady=True, id=i), symbol))
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
    codes = [compile(alarm.text, "", "eval") for alarm, _ in rows]
    columns = {s: np.ascontiguousarray(here.bars.close[:, i]) for i, s in enumerate(SYMBOLS)}

    def run() -> list[bool]:
        known: dict[tuple, float] = {}

        def of(function: Callable, name: str, symbol: str) -> Callable[[int], float]:
            def value(window: int) -> float:
                key = name, symbol, window
                if key not in known:
                    known[key] = function(columns[symbol], window)[-1]
                return known[key]

            return value

        scopes = {
            symbol: {
                "rsi": of(talib.RSI, "rsi", symbol),
                "ema": of(talib.EMA, "ema", symbol),
                "sma": of(talib.SMA, "sma", symbol),
                "close": columns[symbol][-1],
            }
            for symbol in SYMBOLS
        }
        return [eval(code, scopes[s]) for code, (_, s) in zip(codes, rows, strict=True)]

    return run


def by_simpleeval(rows: list[tuple[Alarm, str]], here: Context) -> Callable[[], list[bool]]:
    """Return the decisions of some alarms by simpleeval, each with its own indicators."""

    def run() -> list[bool]:
        out = []
        for alarm, symbol in rows:
            close = np.ascontiguousarray(here.bars.close[:, SYMBOLS.index(symbol)])
            functions = {
                "rsi": lambda n, x=close: talib.RSI(x, n)[-1],
                "ema": lambda n, x=close: talib.EMA(x, n)[-1],
                "sma": lambda n, x=close: talib.SMA(x, n)[-1],
            }
            told = simpleeval.simple_eval(
                alarm.text, names={"close": close[-1]}, functions=functions
            )
            out.append(bool(told))
        return out

    return run


def measured(count: int, here: Context) -> float:
    """Print what so many alarms cost and weigh; return the milliseconds of a closed bar."""
    rows, prices = formula_alarms(count), price_alarms(count)
    begun = time.perf_counter()
    block, numbers = Formulas(rows, {}), Numbers(prices, {})
    made = time.perf_counter() - begun
    last = here.bars.close[-1][[SYMBOLS.index(symbol) for symbol in numbers.symbols]]
    bar = timed(lambda: block.look(here, SYMBOLS), 9)
    tick = timed(lambda: numbers.look(last, 1), 9)
    print(f"{count:>7} formulas: a closed bar {bar:.1f} ms; compiled in {made:.1f} s")
    print(f"{count:>7} prices: a tick of all coins {tick:.2f} ms")
    return bar


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
    here, count = panel(), 10_000
    ours, rows = measured(count, here), formula_alarms(count)
    print(f"        ten times as many: {measured(10 * count, here) / ours:.1f} times as long")
    peer, some = by_talib(rows, here), by_simpleeval(rows[:SAMPLE], here)
    decided = Formulas(rows, {}).look(here, SYMBOLS)[0].tolist()
    same = decided == list(map(bool, peer())) and decided[:SAMPLE] == some()
    talib_ms, simple_ms = timed(peer, 5), timed(some, 5) * count / SAMPLE
    print(f"        TA-Lib once a coin and eval {talib_ms:.0f} ms: {talib_ms / ours:.0f} x")
    print(f"        simpleeval each alone {simple_ms:.0f} ms: {simple_ms / ours:.0f} x")
    print(f"        decisions the same: {same}; {weighed(2000):.0f} bytes an alarm")


if __name__ == "__main__":
    run()
