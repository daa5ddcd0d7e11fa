import math
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import chart
from workers import Beside, Job, Pool, Task, Workers, schedule

ROOT = Path(__file__).parent.parent


def test_a_job_that_raises_is_counted_and_goes_on(clock, caplog):
    def fail():
        raise ValueError("broken")

    job = Job("x", 10, fail)
    job.once(clock)
    job.once(clock)
    assert (job.runs, job.errors, job.last_error) == (2, 2, "ValueError: broken")
    assert "job x failed" in caplog.text
    job.run = lambda: None
    job.once(clock)
    assert job.last_error is None and job.errors == 2 and job.next_run == clock.now + 10


def test_a_job_that_hangs_or_never_starts_is_late(clock):
    job = Job("x", 10, None, deadline=30, next_run=clock.now + 10)
    assert not job.late(clock.now + 40)
    assert job.late(clock.now + 41)
    job.running = clock.now
    assert not job.late(clock.now + 30) and job.late(clock.now + 31)


def test_jobs_run_in_their_own_threads_so_a_hung_one_delays_none(clock):
    hung, ran = threading.Event(), threading.Event()
    workers = Workers(Pool(1), clock)
    workers.add(Job("hung", 1, hung.wait))
    workers.add(Job("fine", 1, ran.set))
    workers.start()
    assert ran.wait(5)
    clock.now += 100
    assert "hung" in workers.late()
    hung.set()
    workers.stop()


@pytest.mark.parametrize(("every", "jump"), [(3600, 7200), (0.05, -3600)])
def test_a_clock_that_is_set_while_a_job_waits_holds_it_up_for_no_hour(clock, every, jump):
    class Jumping(threading.Event):
        naps = 0

        def wait(self, timeout=None):
            assert timeout <= 60, "no longer than a job may be late"
            self.naps += 1
            clock.now += jump * (self.naps == 1)
            return super().wait(min(timeout, 0.05))

    halt = Jumping()
    workers = Workers(Pool(1), clock, halt)
    job = Job("hourly", every, halt.set)
    workers.add(job, every)
    workers._loop(job)
    assert job.runs == 1 and halt.naps < 9


def test_bitcoin_s_share_is_noted_as_it_was_when_it_was_read(market, database, settings, clock):
    workers = Workers(Pool(1), clock)
    schedule(workers, market, database, settings())
    (job,) = [job for job in workers.jobs if job.name == "readings"]
    first, share = int(clock() * 1000), market.market().shares["BTC"]
    clock.now += 60
    job.once(clock)
    assert job.last_error is None
    assert database.reading("dominance", first, 0) == share
    assert database.reading("dominance", first + 60_000, 59_999) is None


def test_the_exchange_is_compared_with_at_the_start_and_as_often_as_promised(
    ctx, market, settings, clock
):
    workers, base = Workers(Pool(1), clock), ctx()
    schedule(workers, market, base.db, settings())
    for job, after in base.desk.jobs():
        workers.add(job, after)
    every = {job.name: job for job in workers.jobs}
    clocks, orders = every["clock"], every["reconcile"]
    assert (clocks.run, clocks.every) == (market.set_clock, 3600)
    assert (orders.run, orders.every) == (base.desk.reconcile, 600)
    assert max(clocks.next_run, orders.next_run) <= clock.now + 5


def test_the_report_is_plain_and_whole(clock):
    workers = Workers(Pool(1), clock)
    workers.add(Job("x", 10, None, deadline=5), after=3)
    (row,) = workers.report()
    assert row["next_run_ms"] == (clock.now + 3) * 1000
    assert row["deadline_ms"] == (clock.now + 8) * 1000
    assert row["last_run_ms"] is None and row["ok"] is True


@pytest.fixture(scope="module")
def pool():
    made = Pool(2, deadline=3)
    yield made
    made.shutdown(wait=False)


@pytest.mark.slow
def test_the_pool_computes_and_passes_errors_on(pool):
    assert pool.submit(math.sqrt, 9).result() == 3
    assert list(pool.map(math.sqrt, [1, 4])) == [1, 2]
    with pytest.raises(ValueError):
        pool.submit(math.sqrt, -1).result()


@pytest.mark.slow
def test_a_killed_child_is_replaced_and_its_call_redone(pool):
    pool.submit(math.sqrt, 4).result()
    slow = pool.submit(time.sleep, 0.3)
    os.kill(next(iter(pool._processes._processes)), signal.SIGKILL)
    assert slow.result(timeout=10) is None
    assert pool.submit(math.sqrt, 16).result() == 4


@pytest.mark.slow
def test_a_call_past_its_deadline_ends_and_the_others_are_redone(pool):
    hung, fine = pool.submit(time.sleep, 60), pool.submit(math.sqrt, 25)
    with pytest.raises(TimeoutError):
        hung.result(timeout=20)
    assert fine.result(timeout=20) == 5
    assert pool.submit(math.sqrt, 36).result(timeout=20) == 6


def test_a_call_that_ends_as_its_deadline_passes_has_one_end():
    pool, inner = Pool(1, deadline=5), Future()
    inner.set_result(3)
    late, soon = (Task(math.sqrt, Future(), inner=inner, since=1.0) for _ in range(2))
    pool._tasks = {late, soon}
    pool._settle(soon, None, inner)
    assert soon.future.result() == 3
    assert pool._overdue(6.0) is None and pool._overdue(6.1) is late and not pool._tasks
    pool._settle(late, None, inner)
    assert not late.future.done()


@pytest.mark.slow
def test_a_call_that_kills_every_child_is_an_error_not_a_loop(pool):
    with pytest.raises(Exception, match="terminated abruptly"):
        pool.submit(os._exit, 3).result(timeout=20)


def test_a_closed_pool_takes_nothing():
    closed = Pool(1)
    closed.shutdown()
    with pytest.raises(RuntimeError):
        closed.submit(math.sqrt, 1)


CHILDREN = """
import math, os, sys
sys.path.insert(0, {root!r})
import chart
from workers import Pool
if __name__ == "__main__":
    pool = Pool(2)
    pids = set(pool.map(os.getpid.__call__, []) ) or {{pool.submit(os.getpid).result()}}
    print(*pids, flush=True)
    sys.stdin.read()
"""


@pytest.mark.slow
def test_children_die_with_a_parent_that_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(CHILDREN.format(root=str(ROOT)))
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, script], stdin=pipe, stdout=pipe, text=True) as parent:
        child = int(parent.stdout.readline())
        os.kill(child, 0)
        parent.kill()
    end = time.monotonic() + 10
    while time.monotonic() < end and Path(f"/proc/{child}/stat").exists():
        threading.Event().wait(0.02)
    assert not Path(f"/proc/{child}/stat").exists()


@pytest.mark.slow
def test_equal_drawings_are_drawn_once_and_a_failed_one_anew(clock):
    pool = Pool(1)
    every, calls = Workers(pool, clock), []
    submit = pool.submit
    pool.submit = lambda *call: calls.append(call) or submit(*call)
    bars = chart.Shares("x", ("a", "b"), np.array([1.0, 2]))
    first = every.picture(bars)
    assert first[:4] == b"\x89PNG" and every.picture(bars) == first and len(calls) == 1
    assert every.picture(bars._replace(title="y")) != first and len(calls) == 2
    for _ in range(2):
        with pytest.raises(ValueError, match="no candles"):
            every.picture(chart.Candlesticks("x", *[np.array([])] * 6))
    assert len(calls) == 4
    pool.shutdown()


@pytest.mark.parametrize("error", [BrokenExecutor("killed"), TimeoutError("over 120 s")])
def test_without_a_picture_there_are_still_words(clock, caplog, error):
    lost, found = Future(), Future()
    lost.set_exception(error)
    found.set_result(b"png")
    made = iter([lost, found])
    pool = SimpleNamespace(submit=lambda *_: next(made))
    every, drawing = Workers(pool, clock), chart.Shares("Dağılım", ("a",), np.array([1.0]))
    assert every.picture(drawing) is None and "Dağılım" in caplog.text
    assert every.picture(drawing) == b"png"


def test_work_of_one_key_goes_on_once_while_the_others_are_done():
    beside, go_on, done = Beside("x", 0.05), threading.Event(), []

    def slow():
        done.append("slow")
        go_on.wait(20)

    beside.run({1: slow, 2: lambda: done.append("quick")})
    beside.patience = 20
    beside.run({1: slow, 2: lambda: done.append("again")})
    assert sorted(done) == ["again", "quick", "slow"] and beside.going.keys() == {1}
    beside.hung = 0
    with pytest.raises(TimeoutError, match="x of 1"):
        beside.run({1: slow, 2: lambda: done.append("still")})
    assert "still" in done
    go_on.set()
    beside.going[1].result(20)
    beside.run({})
    assert not beside.going


def test_what_each_key_raised_is_logged_and_one_of_it_raised(caplog):
    done = []
    works = {1: lambda: 1 / 0, 2: lambda: done.append(2), 3: lambda: {}[3]}
    with pytest.raises((ZeroDivisionError, KeyError)):
        Beside("x", 20).run(works)
    assert done == [2]
    assert "x of 1 failed: ZeroDivisionError" in caplog.text
    assert "x of 3 failed: KeyError" in caplog.text
