"""matching.py: what a book and a bar give an order, at which price, and no more than there was."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import matching
from matching import SHARE, Bar, digits, needed, reserved, taken, walk
from orders import BUY, EXPIRED, FILLED, NEW, PARTLY, SELL, Rules
from paper_rows import PaperOrder

D = Decimal
RULES = Rules("BTCUSDT", "BTC", "USDT", tick=D("0.01"), step=D("0.001"))
STEP = D("0.001")


def order(side=SELL, price=0, quantity=1, **more):
    plain = {"price": D(str(price)), "stop": D(str(more.pop("stop", 0)))}
    place = (7, more.pop("name", "a"), more.pop("list_id", ""), "BTCUSDT", side, "X", NEW)
    return PaperOrder(*place, D(quantity), "X", 0, more.pop("seen", 0), **plain, **more)


def bar(*prices, volume=1000, before=None, minute=1):
    prices = [D(str(price)) for price in prices]
    past = None if before is None else D(str(before))
    return Bar(60_000 * minute, 60_000 * minute + 60_000, *prices, D(volume), past)


def after(one, *bars):
    (one,), deals = [one], []
    for i, passing in enumerate(bars):
        times = passing.time + i * 60_000, passing.end + i * 60_000
        (one,), some = walk([one], Bar(*times, *passing[2:]), RULES, STEP)
        deals += some
    return one, [(deal.price, deal.quantity) for deal in deals]


@pytest.mark.parametrize(
    ("waiting", "passing", "prices"),
    [
        (order(BUY, 99), bar(100, 101, "99.01", 100), []),
        (order(BUY, 99), bar(100, 101, 99, 100), [99]),
        (order(BUY, 99), bar(97, 98, 96, 97), [99]),
        (order(SELL, 101), bar(100, 101, 99, 100), [101]),
        (order(stop=98), bar(100, 101, "98.01", 100), []),
        (order(stop=98), bar(100, 101, 97, 100), [98]),
        (order(stop=98), bar(96, 97, 95, 96), [96]),
        (order(BUY, 105, stop=102), bar(100, 103, 99, 101), [102]),
        (order(BUY, 105, stop=102), bar(104, 106, 103, 105), [104]),
        (order(SELL, 97, stop=98), bar(100, 101, 90, 91), [98]),
        (order(SELL, 97, stop=98), bar(96, "96.5", 95, 96), []),
        (order(SELL, 97, stop=98), bar(96, 98, 95, 98), [97]),
    ],
)
def test_a_bar_fills_at_the_limit_the_stop_or_the_open_that_left_it_behind(
    waiting, passing, prices
):
    done, deals = after(waiting, passing)
    assert [price for price, _ in deals] == prices
    assert done.state == (FILLED if prices else NEW) and done.seen == passing.end


def test_a_stop_limit_that_was_left_behind_waits_in_the_book():
    waiting = order(SELL, 97, stop=98)
    done, deals = after(waiting, bar(90, 91, 89, 90))
    assert done.triggered and deals == []
    assert after(done, bar(91, 95, 90, 94, before=90, minute=2))[1] == []
    assert after(done, bar(98, 99, 96, 97, before=94, minute=2))[1] == [(97, 1)]


def test_what_a_stop_could_not_sell_at_once_follows_the_market():
    waiting = order(SELL, 90, stop=98, quantity=150)
    done, deals = after(waiting, bar(100, 100, 97, 97), bar(96, 97, 95, 96, before=97))
    assert deals == [(98, 100), (96, 50)] and done.state == FILLED
    assert done.quote == 98 * 100 + 96 * 50


def test_an_order_gets_a_tenth_of_what_was_traded():
    done, deals = after(order(BUY, 99, quantity=250), *[bar(100, 100, 98, 99)] * 2)
    assert deals == [(99, 100)] * 2 and done.state == PARTLY and done.left == 50
    assert after(done, bar(99, 100, 98, 99, minute=3))[1] == [(99, 50)]
    tiny = bar(100, 100, 98, 99, volume="0.009")
    assert after(order(BUY, 99), tiny)[1] == []
    assert after(order(BUY, 99), bar(100, 100, 98, 99, volume="nan"))[1] == []


def test_a_bar_that_began_before_the_order_tells_nothing():
    done, deals = after(order(BUY, 99, seen=60_001), bar(100, 100, 98, 99))
    assert deals == [] and done.seen == 60_001


def test_a_trailing_stop_follows_the_peak_and_falls_back_by_its_distance():
    waiting = order(trail=100, peak=D(100))
    done, deals = after(waiting, bar(100, 105, 100, 105))
    assert done.peak == 105 and not deals
    done, deals = after(done, bar(105, 106, 104, 104, minute=2))
    assert deals == [(D("104.94"), 1)] and done.peak == 106
    bought = order(BUY, 200, trail=100, peak=D(100))
    done, deals = after(bought, bar(100, 100, 90, 91))
    assert deals == [(D("90.90"), 1)]
    assert after(bought, bar(103, 104, 102, 103))[1] == [(103, 1)]


def test_a_trailing_stop_with_a_stop_begins_there():
    waiting = order(trail=500, stop=95)
    done, deals = after(waiting, bar(100, 120, 96, 97))
    assert done.peak is None and not deals
    done, deals = after(done, bar(97, 97, 94, 96, minute=2))
    assert done.peak == 96 and not done.triggered
    assert after(done, bar(96, 97, 91, 92, minute=3))[1] == [(D("92.15"), 1)]


def oco(side=SELL, quantity=1, limit=110, stop=90, bound=0):
    take = order(side, limit, quantity, name="a", list_id="l", id=1)
    return [take, order(side, bound, quantity, stop=stop, name="b", list_id="l", id=2)]


@pytest.mark.parametrize(
    ("passing", "filled", "price"),
    [
        (bar(100, 111, 99, 105), "a", 110),
        (bar(100, 101, 89, 95), "b", 90),
        (bar(100, 120, 80, 101), "b", 90),
        (bar(100, 120, 80, 99), "a", 110),
        (bar(85, 120, 80, 119), "b", 85),
        (bar(115, 120, 80, 119), "a", 110),
    ],
)
def test_one_side_of_an_oco_ends_the_other(passing, filled, price):
    done, deals = walk(oco(), passing, RULES, STEP)
    assert [(deal.client_id, deal.price) for deal in deals] == [(filled, price)]
    assert {one.client_id: one.state for one in done} == {
        filled: FILLED,
        "ab".replace(filled, ""): EXPIRED,
    }


def test_an_oco_that_was_filled_in_part_or_only_triggered_has_no_other_side():
    done, _ = walk(oco(quantity=500), bar(100, 111, 99, 105), RULES, STEP)
    assert [one.state for one in done] == [PARTLY, EXPIRED]
    done, deals = walk(oco(bound=89), bar(80, 81, 79, 80), RULES, STEP)
    assert [one.state for one in done] == [EXPIRED, NEW] and not deals


def test_an_oco_locks_the_greater_of_its_needs_once():
    sold = reserved(oco(), RULES)
    assert [one.held for one in sold] == [1, 0]
    bought = reserved(oco(BUY, limit=90, stop=110, bound=112), RULES)
    assert [one.held for one in bought] == [112, 0]
    alone = reserved([bought[0]._replace(state=EXPIRED), bought[1]], RULES)
    assert [one.held for one in alone] == [0, 112]


BOOK = np.array([[100.0, 1.0], [100.5, 2.0], [101.25, 3.0]])


def test_a_book_is_walked_level_by_level():
    done, deals = taken(BOOK, order(BUY, quantity=2), None, RULES, STEP, 5)
    assert [(one.price, one.quantity) for one in deals] == [(100, 1), (D("100.5"), 1)]
    assert done.state == FILLED and done.quote == D("200.5") and deals[0].fee == D("0.001")


def test_what_a_book_cannot_give_expires_or_rests():
    done, deals = taken(BOOK, order(BUY, quantity=10), None, RULES, STEP, 5)
    assert done.state == EXPIRED and done.executed == 6 and done.quantity == 10
    done, deals = taken(BOOK, order(BUY, "100.5", quantity=10), None, RULES, STEP, 5)
    assert done.state == PARTLY and done.executed == 3
    done, deals = taken(BOOK[::-1], order(SELL, 101, quantity=4), None, RULES, STEP, 5)
    assert done.state == PARTLY and done.executed == 3 and deals[0].fee == D("0.30375")
    done, deals = taken(BOOK, order(BUY, 99), None, RULES, STEP, 5)
    assert done.state == NEW and not deals


def test_money_buys_whole_steps():
    done, _ = taken(BOOK, order(BUY, quantity=0), D("150.33"), RULES, STEP, 5)
    assert done.state == FILLED and done.quantity == done.executed == D("1.500")
    assert done.quote == D("150.25")
    done, _ = taken(BOOK, order(BUY, quantity=0), D(10_000), RULES, STEP, 5)
    assert done.state == EXPIRED and done.quantity == 6


COARSE = RULES._replace(digits=(8, 2))
money = st.decimals("0.01", "1000", places=2)
sizes = st.decimals("0.001", "50", places=3)


@given(st.sampled_from((BUY, SELL)), money, sizes, st.lists(st.tuples(money, sizes), max_size=6))
def test_whatever_is_filled_was_locked_for_it(side, limit, quantity, passing):
    one = order(side, limit, quantity)
    for i, (price, volume) in enumerate(passing):
        locked = needed(one, COARSE)
        (new,), deals = walk([one], bar(*[price] * 4, volume=volume, minute=i), COARSE, STEP)
        given_ = sum((deal.quantity if side == SELL else deal.quote for deal in deals), D(0))
        assert given_ <= locked - needed(new, COARSE)
        assert sum(deal.quantity for deal in deals) <= volume * SHARE
        assert all(not matching.beyond(one, deal.price) for deal in deals)
        assert new.executed <= quantity and (new.state == FILLED) == (new.executed == quantity)
        one = new


def test_prices_have_the_markets_own_digits():
    assert str(digits(0.1 + 0.2, D("0.01"))) == "0.30"
    assert digits(60000.1, D("0.01")) == D("60000.1") and digits(1e-7, D(0)) == D("1e-7")
