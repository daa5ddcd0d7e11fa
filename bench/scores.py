"""Replay the verdicts on the recorded candles: `python -m bench.scores`.

Every fourth hour the bot's own analysis sees the last 500 bars of 40 coins and no more; a verdict
hits if the close 24 hours later is on its side. The base rate is how often that is so whatever the
verdict. Neither takers nor perpetuals were recorded: 65 % of α's weight is known.
"""

import time
from collections import Counter
from pathlib import Path

import numpy as np

import metrics
import scores
from shapes import Candles

RECORDED = Path(scores.__file__).parent / "local" / "binance_1h.npz"
EVERY, AHEAD = 4, 24
SIDES = {"buy": 1, "sell": -1}


def tables() -> list[np.ndarray]:
    """Return the recorded candles of every coin, what was not recorded unknown."""
    with np.load(RECORDED) as data:
        opens = data["open_time"].astype(float)
        rows = [data[name] for name in ("open", "high", "low", "close", "volume")]
    unknown = np.full((3, len(opens)), np.nan)
    ends = opens + 3_599_999
    return [
        np.concatenate([[opens, *own, ends, own[3] * own[4]], unknown])
        for own in zip(*rows, strict=True)
    ]


def replay(coins: list[np.ndarray]) -> list[tuple[int, scores.Analysis, float]]:
    """Return (bar, analysis, move over the next 24 hours in percent) of every coin and time."""
    found, none = [], [metrics.NO_POSITIONS] * len(coins)
    for end in range(metrics.BARS, coins[0].shape[1] - AHEAD + 1, EVERY):
        past = [Candles(table[:, end - metrics.BARS : end]) for table in coins]
        for table, one in zip(coins, scores.work_out(past, none), strict=True):
            found.append((end, one, 100 * (table[4, end + AHEAD - 1] / table[4, end - 1] - 1)))
    return found


def hits(rows: list[tuple[int, float]], side: int) -> tuple[float, float]:
    """Return the share of moves on a side in percent, and its error over days that do not overlap.

    A day is one observation, for its coins move together and its hours share their outcome.
    """
    days: dict[int, list[bool]] = {}
    for end, move in rows:
        days.setdefault(end // AHEAD, []).append(side * move > 0)
    count = np.array([len(day) for day in days.values()])
    right = np.array([sum(day) for day in days.values()])
    share = right.sum() / count.sum()
    error = np.sqrt(((right - share * count) ** 2).sum()) / count.sum()
    return 100 * share, 100 * error


def run() -> None:
    """Print the shares of verdicts and regimes, how often they hit, and how long one pass takes."""
    coins = tables()
    rows = replay(coins)
    total = len(rows)
    for name in ("verdict", "regime"):
        counts = Counter(getattr(one, name) for _, one, _ in rows)
        print(name, " ".join(f"{key} {100 * n / total:.1f} %" for key, n in counts.most_common()))
    heads = f"{'cases':>6} {'hit %':>6} {'± error':>8} {'base %':>7} {'mean move %':>12}"
    print(f"\n{'verdict':8} {heads}")
    for verdict, side in SIDES.items():
        own = [(end, move) for end, one, move in rows if one.verdict == verdict]
        share, error = hits(own, side)
        base, _ = hits([(end, move) for end, _, move in rows], side)
        mean = np.mean([move for _, move in own])
        print(f"{verdict:8} {len(own):6} {share:6.1f} {error:8.1f} {base:7.1f} {mean:12.2f}")
    held = np.mean([move for _, one, move in rows if one.verdict == "hold"])
    print(f"mean move: hold {held:.2f} %, all {np.mean([move for *_, move in rows]):.2f} %")
    days = len({end // AHEAD for end, *_ in rows})
    print(f"{total} cases overlap: {len(coins)} coins move together, a case every {EVERY} h looks")
    print(f"{AHEAD} h ahead; the error counts each of {days} days once.")
    sizes = np.abs([one.direction * one.confidence for _, one, _ in rows])
    print(f"usual size of direction × confidence: {1.4826 * np.nanmedian(sizes):.4f}")
    mixed = np.array([np.arctanh(one.buying / 50 - 1) for _, one, _ in rows])
    apart = 2 * scores.SPREAD * np.nanmedian(np.abs(mixed))
    print(f"usual distance of what is for buying from 50: {1.4826 * apart:.1f}")
    timed(coins)


def timed(coins: list[np.ndarray]) -> None:
    """Print what a hundred coins take in one pass and one by one."""
    every = [Candles(coins[i % len(coins)][:, -metrics.BARS :]) for i in range(100)]
    none = [metrics.NO_POSITIONS] * 100
    took = []
    for work in (
        lambda: scores.work_out(every, none),
        lambda: [scores.work_out([one], none[:1]) for one in every],
    ):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    together, alone = took
    print(f"100 coins: {together * 1e3:.0f} ms in one pass, {alone * 1e3:.0f} ms one by one")


if __name__ == "__main__":
    run()
