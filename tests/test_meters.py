"""meters.py: counts and times add up, and the text is what Prometheus's own parser reads."""

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse

import meters
from bot import Reply
from meters import COUNTER, GAUGE, HISTOGRAM, Family, Meters


def read(*families):
    return {family.name: family for family in parse(meters.text(families))}


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(), max_size=3),
    st.floats(allow_nan=False) | st.integers(-(10**12), 10**12),
)
def test_labels_and_values_come_back_as_they_were(labels, value):
    (sample,) = read(Family("m", GAUGE, "Help", (("", labels, value),)))["m"].samples
    assert sample.labels == labels and sample.value == value


def test_a_value_that_is_not_known_is_told_as_such_and_no_sample_is_no_metric():
    found = read(Family("m", GAUGE, "Help", (("", {}, math.nan),)), Family("n", GAUGE, "No", ()))
    assert math.isnan(found["m"].samples[0].value) and "n" not in found


def test_counts_add_up_from_every_thread():
    made = Meters()

    def work():
        for _ in range(500):
            made.add("done", kind="a")
            made.add("done", by=2, kind="b")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(s[2] for s in made.counted("done", kind="")) == [2000, 4000]
    assert made.counted("never") == [("", {}, 0.0)] and made.counted("never", kind="") == []


def test_a_command_is_counted_by_its_worst_reply_and_timed_to_the_last(clock):
    made = Meters(clock)

    def replies():
        yield Reply("working", passing=True)
        clock.now += 0.7
        yield Reply("no", failed=1)
        clock.now += 3

    assert [reply.text for reply in made.answers("p", replies())] == ["working", "no"]
    list(made.answers("p", [Reply("yes")]))
    counted = read(Family("c_total", COUNTER, "c", tuple(made.counted("commands", command=""))))
    assert {s.labels["outcome"]: s.value for s in counted["c"].samples} == {"0": 1, "1": 1}
    timed = {
        (s.name, s.labels.get("le")): s.value
        for s in read(Family("t", HISTOGRAM, "t", tuple(made.timed())))["t"].samples
    }
    assert timed["t_bucket", "0.05"] == 1 and timed["t_bucket", "2.5"] == 1
    assert timed["t_bucket", "5"] == timed["t_bucket", "+Inf"] == timed["t_count", None] == 2
    assert timed["t_sum", None] == pytest.approx(3.7)


def test_an_answer_cut_off_or_broken_counts_too():
    made = Meters()
    answer = made.answers("p", iter([Reply("a"), Reply("b", failed=2)]))
    next(answer)
    answer.close()
    with pytest.raises(ZeroDivisionError):
        list(made.answers("p", (1 / 0 for _ in range(1))))
    assert made.counted("commands", command="")[0][2] == 2


def test_lengths_are_asked_for_when_they_are_wanted():
    made, queue = Meters(), [1, 2]
    made.length("lanes", lambda: len(queue))
    queue.append(3)
    assert made.lengths() == [("", {"queue": "lanes"}, 3)]
