"""Time and weigh the whole program against a local Telegram: `python -m bench.whole`.

Start to the first answer in wall and CPU seconds; PSS of the process tree after 200 commands with
one and two pool children; fifty chats typing at once. BOT_PYTHON names another interpreter for
the bot, for instance one that has only what requirements.txt names.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from local.telegram import Server

ROOT = Path(__file__).parent.parent
TOKEN = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456"
LINES = ("/p", "/t btc", "/t", "/p30", "/pg", "/t eth 4h", "/ts", "/yardim", "/fav", "/t 60 4h")
WAIT = 120


def start(server: Server, folder: str, children: int) -> subprocess.Popen:
    """Start the bot against a server, on mock markets, with a pool of so many children."""
    more = {"DATA_DIR": folder, "MOCK": "1", "PORT": "0", "POOL_SIZE": str(children)}
    more |= {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": server.url}
    more |= {"ADMIN_IDS": " ".join(map(str, range(1, 301)))}
    return subprocess.Popen(
        [os.environ.get("BOT_PYTHON", sys.executable), ROOT / "main.py"],
        env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    tasks = Path(f"/proc/{pid}/task")
    children = [int(word) for task in tasks.glob("*/children") for word in task.read_text().split()]
    return [pid, *(one for child in children for one in tree(child))]


def megabytes(pids: list[int], share: str = "Pss") -> float:
    """Return the processes' proportional share of memory together, `Pss_Anon` without files."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            total += int(line.split()[1]) if line.startswith(f"{share}:") else 0
    return total / 1024


def cpu(pid: int) -> float:
    """Return the CPU seconds a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def first_answer() -> tuple[float, float]:
    """Return the wall and CPU seconds from the start to the first answered message."""
    with tempfile.TemporaryDirectory() as folder, Server(token=TOKEN) as server:
        server.say(1, "/p btc")
        begun = time.perf_counter()
        bot = start(server, folder, 1)
        server.wait(1, timeout=WAIT)
        spent = time.perf_counter() - begun, cpu(bot.pid)
        end(bot)
        return spent


def end(bot: subprocess.Popen) -> None:
    """End a bot we started."""
    bot.send_signal(signal.SIGTERM)
    bot.wait(timeout=30)


def answered(server: Server, rooms: range) -> int:
    """Return how many messages the bot has sent to the rooms."""
    return sum(message.bot for room in rooms for message in server.messages(room))


def weigh(children: int) -> tuple[float, int]:
    """Return the PSS in MB of the whole tree after 200 commands, and its processes."""
    rooms = range(1, 51)
    with tempfile.TemporaryDirectory() as folder, Server(token=TOKEN) as server:
        bot = start(server, folder, children)
        for i in range(200):
            server.say(rooms[i % 50], LINES[i % len(LINES)])
        server.until(lambda: answered(server, rooms) >= 200 or None, WAIT)
        pids = tree(bot.pid)
        weight = megabytes(pids), len(pids)
        end(bot)
        return weight


def crowd() -> tuple[float, int, bool]:
    """Return the seconds fifty chats of twenty messages took, the answers, and their order."""
    rooms, count = range(1, 51), 20
    with tempfile.TemporaryDirectory() as folder, Server(token=TOKEN) as server:
        bot = start(server, folder, 1)
        server.say(300, "/id")
        server.wait(300, timeout=WAIT)
        begun = time.perf_counter()

        def typing(room: int) -> None:
            for i in range(count):
                server.say(room, f"/yardim nosuch{i}")
                server.say(room, f"/p {i + 1}")

        typists = [threading.Thread(target=typing, args=(room,)) for room in rooms]
        for typist in typists:
            typist.start()
        server.until(lambda: answered(server, rooms) >= 50 * count * 2 or None, 600)
        spent = time.perf_counter() - begun
        good = all(ordered([m.text for m in server.messages(room) if m.bot]) for room in rooms)
        end(bot)
        return spent, answered(server, rooms), good


def ordered(texts: list[str]) -> bool:
    """Tell whether refusals and lists of one to twenty coins alternate as they were typed."""
    lists = [sum(line[:1].isdigit() for line in text.splitlines()) for text in texts[1::2]]
    return lists == list(range(1, len(lists) + 1))


def run() -> None:
    """Print what was measured."""
    starts = sorted(first_answer() for _ in range(5))
    print(
        f"start to first answer: {starts[2][0]:.2f} s wall, {starts[2][1]:.2f} s CPU (median of 5)"
    )
    for children in (1, 2):
        weight, count = weigh(children)
        print(f"PSS after 200 commands, pool of {children}: {weight:.0f} MB in {count} processes")
    spent, count, good = crowd()
    print(f"50 chats, 2000 messages: {count} answers in {spent:.0f} s, in order: {good}")


if __name__ == "__main__":
    run()
