"""rival.py: another program with the same token."""

from rival import FORGET, SURE, WAITS, Rival


def test_it_is_made_way_for_longer_and_longer():
    rival, now, waits = Rival(), 0.0, []
    for _ in range(len(WAITS) + 2):
        waits.append(rival.met(now))
        now += waits[-1] + 1
    assert waits == [*WAITS, WAITS[-1], WAITS[-1]]


def test_one_poll_of_who_had_the_bot_before_is_no_rival():
    rival = Rival()
    assert not rival.there(0)
    for i in range(SURE):
        assert not rival.there(i)
        rival.met(i)
    assert rival.there(SURE) and rival.there(SURE - 1 + FORGET)
    assert not rival.there(SURE + FORGET)


def test_long_after_it_begins_anew():
    rival = Rival()
    for i in range(5):
        rival.met(i)
    assert rival.met(5 + FORGET) == WAITS[0] and not rival.there(6 + FORGET)
