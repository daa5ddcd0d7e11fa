"""Rows of bench/calc.py: a bar of all symbols into the incremental state of a whole report."""

import time
from statistics import median

import calc
import live
from bench.candles import NAMES

LOADED = 300


def state() -> live.Live:
    """Return the state of every indicator of a report."""
    return live.Live(
        (name, tuple({**calc.INDICATORS[name].defaults, **params}.values()))
        for name, params in calc.REPORT.values()
    )


def bars(panel: dict) -> tuple[dict[str, dict[str, float]], str]:
    """Return the medians of closed and of open bars, and how much the state holds."""
    series, own = {name: panel[key] for key, name in NAMES.items()}, state()
    begun = time.perf_counter()
    own.load({name: one[:LOADED] for name, one in series.items()})
    loaded = 1000 * (time.perf_counter() - begun)
    times: dict[str, list[float]] = {"open": [], "closed": []}
    for t in range(LOADED, len(panel["c"])):
        bar = {name: one[t] for name, one in series.items()}
        for kind, take in (("open", own.peek), ("closed", own.commit)):
            begun = time.perf_counter()
            take(bar)
            times[kind].append(1000 * (time.perf_counter() - begun))
    told = (
        f"the state holds {own.nbytes / 1e6:.1f} MB and takes in {LOADED} bars in {loaded:.0f} ms"
    )
    rows = {f"400 symbols, one {kind} bar, every state": some for kind, some in times.items()}
    return {title: {"calc.py": median(some)} for title, some in rows.items()}, told
