"""Tell by how much a scan of 400 symbols raises a process: `python -m bench.memory report`."""

import ctypes
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import calc
import formula
from bench import formulas, states
from bench.candles import NAMES, panels

ROOT = Path(__file__).parent.parent
STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
SCANS: dict[str, Callable[[dict], object]] = {
    "report": lambda panel: calc.report(*panel.values(), last=2),
    "formula": lambda panel: formula.compile(formulas.TEXT).last(formulas.context(panel)),
    "state": lambda panel: states.state().load({NAMES[key]: one for key, one in panel.items()}),
}


def peaks() -> str:
    """Measure each kind of scan in a fresh process, with malloc as it comes."""
    if not FORGET.exists():
        return "no peak of memory: only Linux tells"
    told = []
    for scan in SCANS:
        command = [sys.executable, "-m", "bench.memory", scan]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, env={})
        told.append(f"{scan} {done.stdout.strip()} MB")
    return f"a scan of 400 symbols at its peak, above the idle process: {', '.join(told)}"


def _megabytes(field: str) -> float:
    return int(re.findall(rf"{field}:\s+(\d+) kB", STATUS.read_text())[0]) / 1024


def measure(scan: str) -> float:
    """Run a scan; return how far the peak was above the memory before, in MB."""
    panel = panels()
    ctypes.CDLL(None).malloc_trim(0)
    idle = _megabytes("VmRSS")
    FORGET.write_text("5")
    SCANS[scan](panel)
    return _megabytes("VmHWM") - idle


if __name__ == "__main__":
    print(f"{measure(sys.argv[1]):.0f}")
