"""local/weights.py: a minute's weight, and the ban of who goes on."""

from local.weights import BAN, PATIENCE, Weights


def test_weight_is_counted_by_the_clock_minute():
    weights = Weights(limit=100)
    assert weights.charge(60, 59_999) == 60 and weights.charge(40, 59_999) == 100
    assert not weights.spent(59_999)
    assert weights.charge(1, 60_000) == 1


def test_who_asks_again_and_again_is_banned_for_a_while():
    weights = Weights(limit=100)
    weights.charge(101, 0)
    assert all(weights.spent(1) for _ in range(PATIENCE)) and not weights.banned(1)
    assert weights.spent(1) and weights.banned(2) == 1 + BAN * 1000
    assert not weights.banned(1 + BAN * 1000)


def test_a_new_minute_forgets_what_was_ignored():
    weights = Weights(limit=100)
    for minute in range(3):
        weights.charge(101, minute * 60_000)
        assert all(weights.spent(minute * 60_000) for _ in range(PATIENCE))
    assert not weights.banned(2 * 60_000)
