"""Time every drawing and weigh the bot that draws: `python -m bench.chart`.

Each drawing warm, in this process and in a pool child with its way there and back; then PSS of the
process tree of a bot with two pool children after 50 different pictures.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import chart
from bench.whole import TOKEN, WAIT, end, megabytes, start, tree
from chart import Band, Candlesticks, Curves, Line, Map, Pane, Shares, Table
from local.telegram import Server
from workers import Pool

BARS, TIMES, PICTURES = 120, 15, 50
COINS = ("btc", "eth", "sol", "bnb", "xrp", "ada", "doge", "trx", "avax", "link")
FRAMES = ("15m", "1h", "4h", "1d")


def drawings() -> dict[str, Any]:
    """Return one drawing of each kind and size that the commands ask for."""
    rng = np.random.default_rng(1)
    walk = 50_000 * np.exp(np.cumsum(rng.normal(0, 0.01, BARS + 1)))
    time_, first, close = 1.8e12 + 3.6e6 * np.arange(BARS), walk[:-1], walk[1:]
    high, low = np.maximum(first, close) * 1.004, np.minimum(first, close) * 0.996
    smooth = np.convolve(walk, np.ones(20) / 20, "same")[1:]
    three = (Line("a", smooth), Line("b", smooth * 1.01), Band("c", smooth * 1.02, smooth * 0.98))
    plain = Candlesticks("x", time_, first, high, low, close, rng.random(BARS), three)
    macd = Pane("MACD", (Line("m", close - first), Line("h", close - first, True)))
    rsi = Pane("RSI", (Line("RSI", 50 + 20 * np.sin(time_ / 4e7)),), (30, 70))
    rho = np.corrcoef(rng.normal(size=(30, 99)))
    long = np.cumsum(rng.normal(size=1200))
    names = tuple(f"C{i}" for i in range(60))
    return {
        "candles + volume + 3 overlays": plain,
        "the same with RSI and MACD": plain._replace(panes=(rsi, macd)),
        "two panes of 1200 points": Curves(
            "x", 1.8e12 + 3.6e6 * np.arange(1200), (Pane("a", (Line("a", long),)),) * 2
        ),
        "30 days as columns": Curves(
            "x", 1.8e12 + 8.64e7 * np.arange(30), (Pane("a", (Line("a", long[:30], True),)),)
        ),
        "10 × 10 correlations": Table("x", names[:10], names[:10], rho[:10, :10]),
        "30 × 30 correlations": Table("x", names[:30], names[:30], rho),
        "map of 60": Map("x", names, 1 / np.arange(1, 61), rng.normal(0, 4, 60)),
        "10 shares": Shares("x", names[:10], np.arange(1, 11)),
    }


def typical(call: Callable[[], Any]) -> float:
    """Return the median of what a call takes when warm, in ms."""
    call()
    spent = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        call()
        spent.append(1000 * (time.perf_counter() - begun))
    return statistics.median(spent)


def weigh() -> tuple[float, float, int]:
    """Return the PSS in MB of the bot before and after its pictures, and its processes."""
    with tempfile.TemporaryDirectory() as folder, Server(token=TOKEN) as server:
        bot = start(server, folder, 2)
        server.say(1, "/p btc")
        server.wait(1, timeout=WAIT)
        before, rooms = megabytes(tree(bot.pid)), range(1, 11)
        lines = [f"/grafik {coin} {tf} bb rsi macd" for tf in FRAMES for coin in COINS]
        lines += [f"/harita {20 + i}" for i in range(PICTURES - len(lines))]
        for i, line in enumerate(lines):
            server.say(rooms[i % len(rooms)], line)
        server.until(lambda: drawn(server, rooms) >= PICTURES or None, WAIT)
        pids = tree(bot.pid)
        weight = before, megabytes(pids), len(pids)
        end(bot)
        return weight


def drawn(server: Server, rooms: range) -> int:
    """Return how many pictures the bot has sent to the rooms."""
    return sum(bool(message.photo) for room in rooms for message in server.messages(room))


def run() -> None:
    """Print what was measured."""
    pool = Pool(1)
    print(f"{'drawing':32}{'here':>8}{'pool':>8}{'kB':>6}   (ms, median of {TIMES})")
    for name, drawing in drawings().items():
        here = typical(lambda d=drawing: chart.png(d))
        child = typical(lambda d=drawing: pool.submit(chart.png, d).result())
        print(f"{name:32}{here:8.0f}{child:8.0f}{len(chart.png(drawing)) // 1024:6}")
    pool.shutdown()
    before, after, count = weigh()
    print(f"PSS: {before:.0f} MB; after {PICTURES} pictures {after:.0f} MB in {count} processes")


if __name__ == "__main__":
    run()
