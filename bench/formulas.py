"""Rows of bench/calc.py: formulas on the same panel, and a thousand of them that share parts."""

import importlib.util
import random
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

import formula
from bench import peers

Rows = dict[str, dict[str, float]]
TEXT, MANY, SAMPLE, INNER = "rsi(14) < 45 and close > ema(200)", 1000, 25, 100


def context(panel: dict) -> formula.Context:
    """Return the bench's panel as hourly bars."""
    high, low, close, volume = panel.values()
    hours = 1.7e12 + 3_600_000 * np.arange(float(len(close)))
    bars = {"time": hours, "open": close, "high": high, "low": low, "close": close}
    return formula.Context(SimpleNamespace(**bars, volume=volume), "1h")


def some_formulas(count: int) -> list[formula.Formula]:
    """Return formulas as people write them, over few windows and many constants."""
    rng = random.Random(5)
    pick = rng.choice
    out = []
    for _ in range(count):
        test = f"rsi({pick((7, 14, 21))}) {pick('<>')} {rng.randint(20, 80)}"
        average = f"{pick(('sma', 'ema'))}({pick((10, 20, 50, 100, 200))})"
        cross = f"crossover(ema({pick((9, 21))}), {pick(('sma', 'ema'))}({pick((50, 100))}))"
        loud = f"volume > {rng.randint(1, 4)} * sma(volume, 20)"
        ways = (f"close > {average}", cross, loud, f"close < {average}")
        out.append(formula.compile(f"{test} {pick(('and', 'or'))} {pick(ways)}"))
    return out


def timed(job: Callable[[], object], rounds: int, inner: int = 1) -> float:
    """Return the median milliseconds of a job, run `inner` times each round."""
    job()
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        for _ in range(inner):
            job()
        taken.append((time.perf_counter() - begun) / inner)
    return 1000 * statistics.median(taken)


def scans(panel: dict, columns: list[dict]) -> Rows:
    """Return the medians of one formula on the last bar of all symbols."""
    here, one = context(panel), formula.compile(TEXT)
    state, peer = one.begin(here), {}
    if importlib.util.find_spec("talib"):
        peer = {"TA-Lib": timed(lambda: [peers.talib_scan(bars["c"]) for bars in columns], 50)}
    cold, warm = timed(lambda: one.last(here), 200), timed(lambda: one.last(here, state), 50, INNER)
    return {
        "400 symbols, the same as a formula": {"calc.py": cold, **peer},
        "400 symbols, from the incremental state": {"calc.py": warm, **peer},
    }


def bundles(panel: dict) -> Rows:
    """Return the medians of a thousand formulas together, and one by one from a sample."""
    here, every = context(panel), some_formulas(MANY)
    bundle, few = formula.Bundle(every), every[:: MANY // SAMPLE]
    times = MANY / len(few)
    columns = np.arange(MANY) % here.shape[0]
    state = bundle.begin(here)
    rows = {
        "500 bars": (
            lambda: [one[-1] for one in bundle.history(here)],
            lambda one: one.history(here),
        ),
        "last bar": (lambda: bundle.last(here), lambda one: one.last(here)),
    }
    out = {
        f"400 symbols, 1 000 formulas, {title}": {
            "calc.py": timed(together, 5),
            "one by one": times * timed(lambda alone=alone: [alone(one) for one in few], 3),
        }
        for title, (together, alone) in rows.items()
    }
    own = timed(lambda: bundle.test(bundle.values(here, state), columns), 50)
    return out | {"1 000 formulas, a symbol each, from the state": {"calc.py": own}}
