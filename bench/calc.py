"""Time calc.py beside TA-Lib, pandas-ta-classic and ta: `python -m bench.calc`.

The same indicators on the same recorded candles, the engines in turn, the medians printed. Peers
that are not installed (bench/requirements.txt) are left out. All engines run with one thread and
with freed memory kept, for otherwise the page faults of the results are most of what is measured.
"""

import importlib.util
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np

import calc
from bench import formulas, memory, peers, states
from bench.candles import panels

SYMBOLS, FEW = 400, 4
KEPT = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "OPENBLAS_NUM_THREADS": "1",
}
Job = Callable[[], object]


def medians(jobs: dict[str, Job], rounds: int) -> dict[str, float]:
    """Return the median milliseconds of each job, run in turn so that noise hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for _ in range(rounds):
        for name, job in jobs.items():
            begun = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - begun)
    return {name: 1000 * statistics.median(taken) for name, taken in times.items()}


def engines() -> dict[str, Callable]:
    """Return the report of every peer that is installed."""
    known = {
        "TA-Lib": ("talib", peers.talib_report),
        "TA-Lib, SuperTrend in Python": ("talib", peers.talib_report_python),
        "pandas-ta-classic": ("pandas_ta_classic", peers.pandas_ta_report),
        "ta": ("ta", peers.ta_report),
    }
    return {name: one for name, (module, one) in known.items() if importlib.util.find_spec(module)}


def slow(name: str) -> bool:
    """Tell whether a peer is timed on a few symbols and multiplied."""
    return not name.startswith("TA-Lib")


def one_symbol(columns: list[dict], last: int) -> dict[str, float]:
    """Return the medians of a report on one symbol."""
    bars = columns[0]
    ours = {"calc.py": lambda: calc.report(*bars.values(), last=last)}
    quick = {n: (lambda one=one: one(**bars)) for n, one in engines().items() if not slow(n)}
    lazy = {n: (lambda one=one: one(**bars)) for n, one in engines().items() if slow(n)}
    return medians(ours | quick, 200) | medians(lazy, 5)


def many_symbols(panel: dict, columns: list[dict], last: int) -> dict[str, float]:
    """Return the medians of a report on all symbols; what peers do for one they do for each."""
    jobs: dict[str, Job] = {"calc.py": lambda: calc.report(*panel.values(), last=last)}
    few: dict[str, Job] = {}
    for name, one in engines().items():
        some = columns[:FEW] if slow(name) else columns
        target = few if slow(name) else jobs
        target[name] = lambda one=one, some=some: [one(**bars) for bars in some]
    times = medians(few, 3)
    return medians(jobs, 7) | {name: ms * SYMBOLS / FEW for name, ms in times.items()}


def scan(panel: dict, columns: list[dict]) -> dict[str, float]:
    """Return the medians of `rsi(14) < 45 and close > ema(200)` on the last bar of all symbols."""
    close = panel["c"]

    def ours() -> np.ndarray:
        strength = calc.last("rsi", close, bars=1)[-1]
        return (strength < 45) & (close[-1] > calc.last("ema", close, bars=1, n=200)[-1])

    jobs: dict[str, Job] = {"calc.py": ours}
    if importlib.util.find_spec("talib"):
        jobs["TA-Lib"] = lambda: [peers.talib_scan(bars["c"]) for bars in columns]
        assert list(ours()) == jobs["TA-Lib"]()
    return medians(jobs, 50)


def singles(panel: dict, columns: list[dict]) -> dict[str, dict[str, float]]:
    """Return the medians of single indicators, the whole history of all symbols."""
    h, lo, c = panel["h"], panel["lo"], panel["c"]
    ours: dict[str, Job] = {
        "EMA 20": lambda: calc.ema(c, 20),
        "RSI 14": lambda: calc.rsi(c),
        "MAX 20": lambda: calc.rolling_max(c, 20),
        "STDDEV 20": lambda: calc.rolling_std(c, 20),
        "ADX 14, ±DI": lambda: calc.adx(h, lo, c),
        "SuperTrend": lambda: calc.supertrend(h, lo, c),
        "SAR": lambda: calc.psar(h, lo),
        "KAMA 10": lambda: calc.kama(c),
    }
    out = {}
    for name, job in ours.items():
        jobs = {"calc.py": job}
        if importlib.util.find_spec("talib"):
            jobs["TA-Lib"] = lambda one=peers.TALIB[name]: [one(**bars) for bars in columns]
        out[f"400 symbols, {name}"] = medians(jobs, 9)
    return out


def run() -> None:
    """Print one table: milliseconds, and in brackets how many times as long as calc.py."""
    panel = panels()
    columns = [{k: np.ascontiguousarray(x[:, s]) for k, x in panel.items()} for s in range(SYMBOLS)]
    closed, told = states.bars(panel)
    rows = {
        "one symbol, report, last 2 bars": one_symbol(columns, 2),
        "one symbol, report, 500 bars": one_symbol(columns, 0),
        "400 symbols, report, last 2 bars": many_symbols(panel, columns, 2),
        "400 symbols, report, 500 bars": many_symbols(panel, columns, 0),
        "400 symbols, rsi(14)<45 and close>ema(200)": scan(panel, columns),
        **formulas.scans(panel, columns),
        **formulas.bundles(panel),
        **closed,
        **singles(panel, columns),
    }
    heads = ["calc.py", *engines(), "one by one"]
    outputs = sum(len(calc.INDICATORS[name].outputs) for name, _ in calc.REPORT.values())
    print(f"report: {len(calc.REPORT)} indicators, {outputs} outputs; ms (× calc.py)\n")
    print(f"{'':46}" + "".join(f"{head:>30}" for head in heads))
    for title, times in rows.items():
        base = times["calc.py"]
        cells = [f"{times[h]:.3f} ({times[h] / base:.1f}×)" if h in times else "" for h in heads]
        print(f"{title:46}" + "".join(f"{cell:>30}" for cell in cells))
    print(f"\n{told}\n{memory.peaks()}")


if __name__ == "__main__":
    if not KEPT.keys() <= os.environ.keys():
        os.execve(sys.executable, [sys.executable, "-m", "bench.calc"], os.environ | KEPT)
    warnings.filterwarnings("ignore")
    run()
