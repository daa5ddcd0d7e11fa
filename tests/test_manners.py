"""manners.py: so much at once, so much over time, one sentence, bounded memory."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

import manners
from manners import ONE_STRANGER, OWNER, PASS, PERSON, QUIET, SAY, Manners
from roles import ADMIN, READER, STRANGER, TRADER


def several(made, times, role=READER, user=1, kind="typed", at=0.0):
    return [made.judge(user, role, kind, at)[0] for _ in range(times)]


def test_a_person_over_the_limit_hears_it_once_and_then_nothing():
    made = Manners()
    said = several(made, 100)
    assert said == [PASS] * PERSON.most + [SAY] + [QUIET] * (99 - PERSON.most)
    verdict, wait = made.judge(1, READER, "typed", 0)
    assert (verdict, wait) == (QUIET, PERSON.seconds)
    assert several(made, 2, at=PERSON.seconds) == [PASS, QUIET]
    later = several(made, PERSON.most + 2, at=PERSON.seconds + 61)
    assert later == [PASS] * PERSON.most + [SAY, QUIET]


def test_who_waits_as_long_as_told_is_answered():
    made = Manners()
    several(made, PERSON.most)
    _, wait = made.judge(1, TRADER, "typed", 0.5)
    assert made.judge(1, TRADER, "typed", 0.5 + wait)[0] == PASS


def test_an_owner_may_more_and_has_a_limit_too():
    assert several(Manners(), 100, ADMIN).count(PASS) == OWNER.most > PERSON.most


def test_people_and_kinds_are_counted_apart():
    made = Manners()
    several(made, 30)
    assert several(made, 1, user=2) == several(made, 1, kind="typed panik") == [PASS]


def test_strangers_get_few_refusals_each_and_few_in_all_and_never_the_sentence():
    made = Manners()
    assert several(made, 9, STRANGER) == [PASS] * ONE_STRANGER.most + [QUIET] * 6
    said = [made.judge(user, STRANGER, "typed", 0)[0] for user in range(2, 500)]
    assert said.count(PASS) == manners.ALL_STRANGERS.most - ONE_STRANGER.most
    assert set(said) == {PASS, QUIET}


def test_who_was_a_stranger_a_moment_ago_starts_anew():
    made = Manners()
    several(made, 9, STRANGER)
    assert several(made, 1, READER) == [PASS]


def test_what_was_typed_over_hours_while_the_bot_slept_is_no_haste():
    made = Manners()
    assert {made.judge(1, READER, "typed", minute * 60)[0] for minute in range(200)} == {PASS}


def test_a_clock_that_goes_back_shuts_nobody_out():
    made = Manners()
    several(made, 30, at=1e9)
    assert several(made, 1, at=5.0) == [PASS]


def test_memory_is_bounded():
    made = Manners()
    for user in range(3 * manners.KEPT):
        several(made, 1, user=user)
    assert len(made._free) <= manners.KEPT


@given(st.lists(st.floats(0, 400), max_size=200))
def test_no_pattern_gets_more_than_the_rate(gaps):
    made, at, passed = Manners(), 0.0, []
    for gap in gaps:
        at += gap / 50
        if made.judge(1, READER, "typed", at)[0] == PASS:
            passed.append(at)
    for first, last in pairwise(passed[:: PERSON.most]):
        assert last - first >= PERSON.seconds - 1e-6
