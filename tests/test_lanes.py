"""lanes.py: each key's work in its order, what raises is told, closed lanes take nothing."""

import threading

from lanes import Lanes


def test_each_keys_work_keeps_its_order_and_no_key_waits_for_another():
    lanes, done, gate = Lanes(4, "test"), [], threading.Event()
    lanes.put("slow", lambda: gate.wait(20))
    for i in range(50):
        lanes.put(i % 3, lambda i=i: done.append(i))
    lanes.put("last", gate.set)
    assert lanes.drain(20) and lanes.waiting() == 0
    assert [[i for i in done if i % 3 == key] for key in range(3)] == [
        list(range(key, 50, 3)) for key in range(3)
    ]
    lanes.close()


def test_work_that_raises_is_told_and_the_next_is_done(caplog):
    lanes, done = Lanes(1, "test"), []
    lanes.put(1, lambda: 1 / 0)
    lanes.put(1, lambda: done.append(1))
    assert lanes.drain(20) and done == [1]
    assert "ZeroDivisionError" in caplog.text and "unanswered" in caplog.text
    lanes.close()


def test_closed_lanes_leave_work_undone_and_a_drain_tells_what_is_left():
    lanes, done, gate = Lanes(1, "test"), [], threading.Event()
    started = threading.Event()
    lanes.put(1, lambda: started.set() or gate.wait(20))
    lanes.put(1, lambda: done.append(1))
    assert started.wait(20) and lanes.waiting() == 2 and not lanes.drain(0.01)
    lanes.close()
    lanes.put(2, lambda: done.append(2))
    gate.set()
    assert lanes.drain(20) and done == []
