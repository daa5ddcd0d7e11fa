"""The program as a person starts it: one command, a kill in the middle, a polite end."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from alarm_rows import Alarm
from db import Db
from local.telegram import Server
from order_rows import WORKING, meant
from orders import BUY, LIMIT, LIVE, PAPER, Draft

ROOT = Path(__file__).parent.parent
TOKEN = "123456789:AAabcdefghijklmnopqrstuvwxyz0123456"


def environment(folder, **more):
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "VIRTUAL_ENV")}
    return {**kept, "DATA_DIR": str(folder), "MOCK": "1", **more}


def once(folder, line, **more):
    return subprocess.run(
        [sys.executable, ROOT / "main.py", line],
        env=environment(folder, **more),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_one_command_answers_on_standard_output(tmp_path):
    done = once(tmp_path, "/t btc 1h")
    assert done.returncode == 0 and "BTC 1h" in done.stdout and "<b>" not in done.stdout
    assert done.stderr == ""


@pytest.mark.slow
def test_a_refusal_is_1_and_goes_to_standard_error(tmp_path):
    done = once(tmp_path, "/p nosuchcoin")
    assert done.returncode == 1 and done.stdout == "" and "nosuchcoin" in done.stderr


@pytest.mark.slow
def test_bytes_that_are_no_text_and_a_screen_without_its_signs_end_no_answer(tmp_path):
    done = once(tmp_path, b"/formul sil x\xff")
    assert done.returncode == 0 and done.stderr == ""
    done = once(tmp_path, "/t btc 1h", PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and "BTC 1h" in done.stdout


@pytest.mark.slow
def test_a_file_is_saved_and_its_path_printed(tmp_path):
    done = once(tmp_path, "/dar z")
    path = Path(done.stdout.strip().splitlines()[-1])
    assert done.returncode == 0 and path == tmp_path / "dort5bot.zip" and path.stat().st_size > 1000


@pytest.mark.slow
def test_a_wrong_setting_stops_the_start_with_its_name(tmp_path):
    done = once(tmp_path, "/p", PORT="x", LANGUAGE="xx")
    assert done.returncode == 2 and "PORT:" in done.stderr and "LANGUAGE:" in done.stderr


@pytest.mark.slow
def test_a_wrong_token_stops_the_start_without_telling_it(tmp_path):
    with Server() as server:
        done = subprocess.run(
            [sys.executable, ROOT / "main.py"],
            env=environment(tmp_path, TELEGRAM_TOKEN=TOKEN, TELEGRAM_API_URL=server.url, PORT="0"),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2 and "Unauthorized" in done.stderr
    assert TOKEN not in done.stdout + done.stderr


@pytest.mark.slow
def test_data_that_cannot_be_opened_is_one_sentence(tmp_path):
    (tmp_path / "dort5bot.db").write_bytes(b"no database " * 1000)
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "file", tmp_path / "file" / "below"):
        done = once(tmp_path, "/p", DATA_DIR=str(folder))
        assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
        assert done.stderr.startswith("Veri açılamadı")


@pytest.mark.slow
def test_a_taken_port_is_one_sentence_that_names_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        wrong = ({"PORT": port}, {"PORT": "0", "CHAT_PORT": port}, {"PORT": "0", "HOST": "300.1"})
        for more in wrong:
            done = subprocess.run(
                [sys.executable, ROOT / "main.py"],
                env=environment(tmp_path, **more),
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            assert done.returncode == 2 and done.stderr.startswith("Kapı açılamadı")
            assert done.stderr.count("\n") == 1 and more.popitem()[1] in done.stderr


@pytest.mark.slow
def test_a_reader_that_goes_away_is_no_error(tmp_path):
    pipe = os.pipe()
    os.close(pipe[0])
    done = subprocess.run(
        [sys.executable, ROOT / "main.py", "/p"],
        env=environment(tmp_path),
        cwd=tmp_path,
        stdout=pipe[1],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(pipe[1])
    assert done.returncode == 1 and done.stderr == ""


@pytest.fixture
def start(tmp_path):
    """Return a starter of bots that poll a server of ours."""
    running = []

    def begin(server, **more):
        more |= {"TELEGRAM_TOKEN": TOKEN, "TELEGRAM_API_URL": server.url, "PORT": "0"}
        bot = subprocess.Popen(
            [sys.executable, ROOT / "main.py"],
            env=environment(tmp_path, ADMIN_IDS="1 2 3", **more),
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        running.append(bot)
        return bot

    yield begin
    for bot in running:
        bot.kill()
        bot.communicate()


def answers(server, room):
    return [m.text for m in server.messages(room) if m.bot]


@pytest.mark.slow
def test_messages_queued_at_a_kill_are_answered_by_the_next_start(start):
    with Server(token=TOKEN) as server:
        first = start(server)
        server.say(1, "/id")
        server.wait(1, timeout=60)
        for room in (1, 2, 3):
            for i in range(5):
                server.say(room, f"/yardim nosuch{i}")
        server.until(lambda: len(answers(server, 2)) >= 1 or None, 60)
        first.send_signal(signal.SIGKILL)
        first.wait()
        start(server)
        for room in (1, 2, 3):
            server.until(lambda room=room: len(answers(server, room)) >= 5 or None, 60)
        assert all(5 <= len(answers(server, room)) <= 7 for room in (1, 2, 3))


@pytest.mark.slow
def test_a_polite_end_answers_what_was_taken_in_within_ten_seconds(start):
    with Server(token=TOKEN) as server:
        bot = start(server)
        server.say(1, "/id")
        server.wait(1, timeout=60)
        for i in range(4):
            server.say(1, f"/yardim nosuch{i}")
        server.until(lambda: len(answers(server, 1)) >= 2 or None, 60)
        bot.send_signal(signal.SIGTERM)
        said, _ = bot.communicate(timeout=10)
        assert bot.returncode == 0 and "Traceback" not in said and TOKEN not in said
        start(server)
        server.until(lambda: len(answers(server, 1)) >= 5 or None, 60)
        assert len(answers(server, 1)) == 5


@pytest.mark.slow
def test_kills_between_evaluation_and_delivery_lose_no_alarm(start, tmp_path):
    kills, rooms, count = 4, (1, 2, 3), 30
    rng = random.Random(5)
    with Server(token=TOKEN) as server:
        for room in rooms:
            server.say(room, "/id")
        store = Db(f"sqlite:///{tmp_path / 'dort5bot.db'}")
        for i in range(count):
            room, coin = rooms[i % 3], ("BTCUSDT", "ETHUSDT")[i % 2]
            store.alarms.add(Alarm(room, room, "price", f"> 0.0{i + 1}1", coin, steady=True))
        for _ in range(kills):
            bot = start(server)
            time.sleep(6 + 4 * rng.random())
            bot.send_signal(signal.SIGKILL)
            bot.wait()
        start(server)
        server.until(lambda: (not store.alarms.active() and not store.alarms.outbox()) or None, 60)
        said = "\n".join(text for room in rooms for text in answers(server, room))
        told = [said.count(f"> 0.0{i + 1}1") for i in range(count)]
        fired = [firing for firing in store.alarms.fired(1) if firing.alarm_id]
        assert min(told) >= 1 and len(fired) == count // 3
        assert sum(n > 1 for n in told) <= kills * count // 3
        store.close()


@pytest.mark.slow
def test_a_bot_that_is_at_another_exchange_now_takes_no_order_for_its_own(start, tmp_path):
    store = Db(f"sqlite:///{tmp_path / 'dort5bot.db'}")
    store.orders.claim_venue("mock testnet")
    draft = Draft("BTCUSDT", BUY, LIMIT, Decimal("0.01"), price=Decimal(50000))
    store.orders.change(store.orders.add(meant(1, 1, LIVE, draft)).id, state=WORKING)
    store.orders.save_trader(1, mode=LIVE)
    with Server(token=TOKEN) as server:
        server.say(1, "/emirler")
        start(server)
        server.until(lambda: [one for one in answers(server, 1) if "🔀" in one] or None, 60)
    assert store.orders.venue() == "mock binance" and not store.orders.living()
    assert store.orders.trader(1).mode == PAPER
    store.close()


@pytest.mark.slow
def test_a_bot_whose_disk_is_lost_comes_back_from_its_own_chat(start, tmp_path):
    key = {"MASTER_KEY": "correct horse battery staple"}
    with Server(token=TOKEN) as server:
        bot = start(server, **key)
        server.say(1, "/fav ekle btc eth")
        server.wait(1, timeout=60)
        server.say(1, "/yedek")
        server.until(lambda: server.pinned(1) or None, 60)
        bot.send_signal(signal.SIGKILL)
        bot.wait()
        start(server, DATA_DIR=str(tmp_path / "fresh"), **key)
        back = "yedeğinden"
        server.until(lambda: [t for t in answers(server, 1) if back in t] or None, 60)
        server.say(1, "/fav")
        server.until(lambda: "ETH" in answers(server, 1)[-1] or None, 60)
        assert sum(back in text for text in answers(server, 1)) == 1
        assert len([m for m in server.messages(1) if m.document]) == 1
