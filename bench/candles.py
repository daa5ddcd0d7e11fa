"""The recorded candles the benches of calc.py run on."""

from pathlib import Path

import numpy as np

CANDLES = Path(__file__).parent.parent / "local" / "binance_1h.npz"
NAMES = {"h": "high", "lo": "low", "c": "close", "v": "volume"}
BARS = 500


def panels() -> dict[str, np.ndarray]:
    """Return high, low, close and volume of 400 windows of real candles, `(500, 400)` each."""
    stored = np.load(CANDLES)
    out = {}
    for key, name in NAMES.items():
        parts = [stored[name][:, start : start + BARS].T for start in range(0, 1500, 150)]
        out[key] = np.ascontiguousarray(np.concatenate(parts, axis=1))
    return out
