"""Time backtests beside backtesting.py and vectorbt, in one run: `python -m bench.backtest`.

The peers come with bench/requirements.txt; without one its column is empty. First the trades,
equity and drawdown of five rules are held against backtesting.py's.
"""

import contextlib
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

import backtest
import calc
from backtest import OPEN, Costs, Rules
from bench.calc import KEPT

with contextlib.suppress(ImportError):
    import backtesting

    from bench.strategies import Cross, follower
with contextlib.suppress(ImportError):
    import vectorbt

DATA = Path(__file__).parent.parent / "local" / "binance_1h.npz"
YEAR, CASH = 8760, 1e13
FEE = Costs(0.001, 0.0)


def bars_of(count: int) -> SimpleNamespace:
    """Return so many recorded bars, the coins' series set end to end at one price level."""
    with np.load(DATA) as data:
        series = [data[k] for k in ("open", "high", "low", "close")]
    level = np.ones(len(series[0]))
    for i in range(1, len(level)):
        level[i] = level[i - 1] * series[3][i - 1, -1] / series[0][i, 0]
    flat = [np.resize((one * level[:, None]).ravel(), count) for one in series]
    return SimpleNamespace(**dict(zip(("open", "high", "low", "close"), flat, strict=True)))


def crossings(fast: np.ndarray, slow: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where one series crosses over and under another."""
    up, down = fast > slow, fast < slow
    over, under = np.zeros(len(up), bool), np.zeros(len(up), bool)
    over[1:] = up[1:] & ~up[:-1] & ~np.isnan(slow[:-1])
    under[1:] = down[1:] & ~down[:-1] & ~np.isnan(slow[:-1])
    return over, under


def rule(bars: SimpleNamespace) -> tuple[np.ndarray, np.ndarray]:
    """Return the signals of SMA 20 over SMA 50 with RSI below 70."""
    over, under = crossings(calc.sma(bars.close, 20), calc.sma(bars.close, 50))
    return over & (calc.rsi(bars.close) < 70), under


def ours(bars: SimpleNamespace) -> backtest.Summary:
    """Return the summary of the rule, indicators and all."""
    return backtest.summary(bars, backtest.run(bars, *rule(bars), costs=FEE), YEAR)


def frame(bars: SimpleNamespace) -> pd.DataFrame:
    """Return bars as backtesting.py wants them."""
    table = pd.DataFrame({name.title(): series for name, series in vars(bars).items()})
    return table.set_index(pd.date_range("2015-01-01", periods=len(table), freq="h"))


def by_backtesting(bars: SimpleNamespace, kind: type) -> "backtesting.Backtest":
    """Return a backtest at our costs with so much cash that whole coins do not matter."""
    return backtesting.Backtest(frame(bars), kind, cash=CASH, commission=0.001)


def agreement() -> None:
    """Print how far trades, equity and drawdown of five rules are from backtesting.py's."""
    bars = bars_of(6000)
    close = bars.close
    bands, rsi = calc.bollinger(close), calc.rsi(close)
    cases = {
        "SMA 20/50": (*crossings(calc.sma(close, 20), calc.sma(close, 50)), Rules()),
        "EMA 9/21, half the equity": (
            *crossings(calc.ema(close, 9), calc.ema(close, 21)),
            Rules(size=0.5),
        ),
        "RSI < 30, > 60": (rsi < 30, rsi > 60, Rules()),
        "Bollinger break": (close > bands[0], close < bands[1], Rules()),
        "short of RSI > 70, < 40": (rsi > 70, rsi < 40, Rules(side=-1)),
    }
    print(f"{'rule':28}{'trades':>8}{'theirs':>8}{'equity':>10}{'drawdown':>10}")
    for name, (entry, exit, rules) in cases.items():
        mine = backtest.run(bars, entry, exit, rules, FEE)
        told = by_backtesting(bars, follower(entry, exit, rules)).run()
        theirs = told["_equity_curve"]["Equity"].to_numpy() / CASH
        done = int((mine.trades.reason != OPEN).sum())
        gap = float(np.abs(mine.equity[:-1] / theirs[:-1] - 1).max())
        fall = backtest.summary(bars, mine, YEAR).fall - told["Max. Drawdown [%]"]
        print(f"{name:28}{done:>8}{len(told['_trades']):>8}{gap:>10.1e}{abs(fall):>10.1e}")


def medians(jobs: dict[str, Callable[[], object]], runs: dict[str, int]) -> dict[str, float]:
    """Return the median milliseconds of jobs, taking turns after one run to get warm."""
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()
    for i in range(max(runs.values())):
        for name, job in jobs.items():
            if i < runs[name]:
                begun = time.perf_counter()
                job()
                times[name].append(1e3 * (time.perf_counter() - begun))
    return {name: statistics.median(spent) for name, spent in times.items()}


def single() -> dict[str, float]:
    """Time the rule on 100 000 bars."""
    bars = bars_of(100_000)
    jobs: dict[str, Callable[[], object]] = {"ours": lambda: ours(bars)}
    if "backtesting" in globals():
        whole = by_backtesting(bars, Cross)
        jobs["backtesting.py"] = whole.run
    if "vectorbt" in globals():
        jobs["vectorbt"] = lambda: by_vectorbt(bars.close, bars.open, [20], [50])
    return medians(jobs, {"ours": 15, "backtesting.py": 3, "vectorbt": 9})


def by_vectorbt(close: np.ndarray, first: np.ndarray, fast: list[int], slow: list[int]) -> object:
    """Return return, drawdown and Sharpe ratio by vectorbt, filled at the next open."""
    index = pd.date_range("2015-01-01", periods=len(close), freq="h")
    price = pd.Series(close, index)
    quick, calm = vectorbt.MA.run(price, fast), vectorbt.MA.run(price, slow)
    calm_values = calm.ma.to_numpy().reshape(len(close), -1)
    over = quick.ma_crossed_above(calm_values).to_numpy().reshape(len(close), -1)
    under = quick.ma_crossed_below(calm_values).to_numpy().reshape(len(close), -1)
    strong = vectorbt.RSI.run(price, 27, ewm=True).rsi.to_numpy() < 70
    over = over & strong.reshape(-1, 1)
    later = [np.roll(one, 1, axis=0) for one in (over, under)]
    for one in later:
        one[0] = False
    made = vectorbt.Portfolio.from_signals(
        price, *later, price=first.reshape(-1, 1), fees=0.001, freq="h"
    )
    return made.total_return(), made.max_drawdown(), made.sharpe_ratio()


def grid() -> dict[str, float]:
    """Time 200 combinations of the two averages on 10 000 bars."""
    bars = bars_of(10_000)
    pairs = [(fast, slow) for fast in range(5, 25) for slow in range(30, 130, 10)]

    def many() -> object:
        averages = {n: calc.sma(bars.close, n) for n in {n for pair in pairs for n in pair}}
        calm = calc.rsi(bars.close) < 70
        signals = [crossings(averages[fast], averages[slow]) for fast, slow in pairs]
        entry, exit = (np.stack(one) for one in zip(*signals, strict=True))
        found = backtest.many(bars, entry & calm, exit, costs=FEE)
        return found.gain, found.fall, found.ratio()

    jobs: dict[str, Callable[[], object]] = {"ours": many}
    if "vectorbt" in globals():
        fast, slow = (list(one) for one in zip(*pairs, strict=True))
        jobs["vectorbt"] = lambda: by_vectorbt(bars.close, bars.open, fast, slow)
    times = medians(jobs, {"ours": 15, "vectorbt": 5})
    if "backtesting" in globals():
        whole, begun = by_backtesting(bars, Cross), time.perf_counter()
        whole.optimize(fast=range(5, 25), slow=range(30, 130, 10), max_tries=None)
        times["backtesting.py"] = 1e3 * (time.perf_counter() - begun)
    return times


def run() -> None:
    """Print how far we agree, then milliseconds, and in brackets how many times ours."""
    warnings.filterwarnings("ignore")
    if "backtesting" in globals():
        agreement()
    print(f"\n{'':36}" + "".join(f"{name:>22}" for name in ("ours", "backtesting.py", "vectorbt")))
    rows = {"SMA/RSI rule, 100 000 bars": single, "200 combinations, 10 000 bars": grid}
    for title, measure in rows.items():
        times = measure()
        cells = [
            f"{times[name]:.1f} ({times[name] / times['ours']:.0f}×)" if name in times else ""
            for name in ("ours", "backtesting.py", "vectorbt")
        ]
        print(f"{title:36}" + "".join(f"{cell:>22}" for cell in cells))


if __name__ == "__main__":
    if not KEPT.keys() <= os.environ.keys():
        os.execve(sys.executable, [sys.executable, "-m", "bench.backtest"], os.environ | KEPT)
    run()
