"""Compare what graph.py says an indicator costs with what it takes: `python -m bench costs`.

A unit is a nanosecond a bar and coin. The least of several turns is told, for others on the machine
only ever add; those that take more than they are counted for come first.
"""

import time

import numpy as np

import calc
import graph
from bench.candles import NAMES, panels

TURNS = 5


def bars() -> dict:
    """Return a panel by the names that indicators ask for."""
    panel = {name: panels()[key] for key, name in NAMES.items()}
    time_ms = 1.7e12 + 3_600_000.0 * np.arange(len(panel["close"]))
    return {"open": panel["close"], "time": time_ms, **panel}


def taken(entry, known: list) -> float:
    """Return the least nanoseconds a bar and coin of an indicator with its usual settings."""
    times = []
    for _ in range(TURNS):
        begun = time.perf_counter()
        entry.function(*known)
        times.append(time.perf_counter() - begun)
    return min(times) * 1e9 / max(one.size for one in known)


def rows() -> list[tuple[str, float, int]]:
    """Return the name, the nanoseconds and the cost of each indicator, the dearest first."""
    panel, out = bars(), []
    for name, entry in calc.INDICATORS.items():
        params = tuple(v for k, v in entry.defaults.items() if k != "bars_per_year")
        known = [panel.get(one, panel["close"]) for one in entry.inputs]
        item = graph.Item("call", (), (name, params), "")
        out.append((name, taken(entry, known), graph.cost(item)))
    return sorted(out, key=lambda row: row[2] / row[1])


def run() -> None:
    """Print the indicators that take most of what they are counted for."""
    found = rows()
    print(f"{'indicator':18} {'takes':>7} {'counted':>8}")
    for name, took, cost in found[:8]:
        print(f"{name:18} {took:7.0f} {cost:8}")
    print(f"over what is counted: {sum(took > cost for _, took, cost in found)} of {len(found)}")
