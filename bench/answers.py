"""Time answer() from a warm store under eight threads: `python -m bench.answers`."""

import statistics
import tempfile
import threading
import time
from dataclasses import replace

import config
import main
from bot import User, answer
from logs import Redactor

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


GRID = "/bt btc 15m crossover(sma(n), sma(m)) : crossunder(sma(n), sma(m)) opt n=5..100 m=20..119"


def table(ctx, title: str) -> None:
    """Print a row a command: median, 99th percentile, requests made."""
    stats = ctx.sources.door.stats
    print(f"{title:22} {'median ms':>9} {'p99 ms':>8} {'requests':>8}")
    for line in LINES:
        ctx.sources.warm(["tickers", "candles", "exchange"])
        list(answer(line, ctx))
        before = stats.live
        times = measure(ctx, line)
        median, p99 = statistics.median(times), times[int(len(times) * 0.99)]
        print(f"{line:22} {median * 1e3:9.2f} {p99 * 1e3:8.2f} {stats.live - before:8}")


def searching(ctx, stop: threading.Event) -> None:
    """Try ten thousand combinations again and again."""
    while not stop.is_set():
        for reply in answer(GRID, ctx):
            assert not reply.failed, reply.text


def run() -> None:
    """Print the table of an idle bot, and of one whose pool tries combinations meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        settings = config.load({"DATA_DIR": folder}, env_file="/nonexistent")
        ctx = main.build(settings, Redactor(settings.secrets()))
        ctx = replace(ctx, user=User(1, role="admin"), now=int(time.time() * 1000))
        table(ctx, "command")
        stop = threading.Event()
        search = threading.Thread(target=searching, args=(ctx, stop))
        search.start()
        table(ctx, "while a grid runs")
        stop.set()
        ctx.workers.cancel(ctx.chat.id)
        search.join()
        ctx.workers.stop()
        ctx.sources.close()
        ctx.db.close()


if __name__ == "__main__":
    run()
