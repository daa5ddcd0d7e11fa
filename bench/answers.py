"""Time answer() from a warm store under eight threads: `python -m bench.answers`."""

import statistics
import tempfile
import threading
import time
from dataclasses import replace

import config
import main
from bot import User, answer

LINES = ("/p", "/t btc", "/t", "/tb", "/tm", "/p30", "/ts", "/yardim")
THREADS, ROUNDS = 8, 150


def measure(ctx, line: str) -> list[float]:
    """Return the seconds of every answer of a line, asked by all threads at once."""
    times: list[float] = []
    start = threading.Barrier(THREADS)

    def ask() -> None:
        start.wait()
        for _ in range(ROUNDS):
            begun = time.perf_counter()
            for reply in answer(line, ctx):
                assert not reply.failed, reply.text
            times.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(times)


def run() -> None:
    """Print a row a command: median, 99th percentile, requests made."""
    with tempfile.TemporaryDirectory() as folder:
        ctx = main.build(config.load({"DATA_DIR": folder}, env_file="/nonexistent"))
        ctx = replace(ctx, user=User(1, admin=True), now=int(time.time() * 1000))
        stats = ctx.sources.door.stats
        print(f"{'command':10} {'median ms':>9} {'p99 ms':>8} {'requests':>8}")
        for line in LINES:
            ctx.sources.warm(["tickers", "candles", "exchange"])
            list(answer(line, ctx))
            before = stats.live
            times = measure(ctx, line)
            median, p99 = statistics.median(times), times[int(len(times) * 0.99)]
            print(f"{line:10} {median * 1e3:9.2f} {p99 * 1e3:8.2f} {stats.live - before:8}")
        ctx.sources.close()
        ctx.db.close()


if __name__ == "__main__":
    run()
