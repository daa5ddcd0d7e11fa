"""Money's flow against examples worked out by hand, and what must hold for any of it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import flows
from shapes import Book, Candles, InterestHistory, Trades

T = 1_795_500_000_000
HOUR, DAY = 3_600_000, 86_400_000
NAN = math.nan
POSITIVE = st.floats(1e-6, 1e6)


def every(step, count, end=T):
    return np.arange(end - (count - 1) * step, end + 1, step, dtype=float)


def bars(close, step=HOUR, end=T):
    """Return closed bars of which the last ends at `end`."""
    table = np.full((11, len(close)), NAN)
    table[0], table[4] = every(step, len(close), end - step), close
    table[6] = table[0] + step - 1
    return Candles(table)


def book(bids, asks):
    return Book(np.array(bids, float).reshape(-1, 2), np.array(asks, float).reshape(-1, 2))


def made(rows):
    """Return trades from (time, price, quantity, sold)."""
    time, price, quantity, sold = map(np.array, zip(*rows, strict=True))
    return Trades(time.astype(float), price.astype(float), quantity.astype(float), sold)


def test_moves_are_percent_changes_over_hours_and_unknown_where_no_value_stands():
    time, values = every(HOUR, 5), np.array([100.0, 110, 120, 130, 150])
    assert flows.moves(time, values, T, (1, 4)) == pytest.approx([100 * 20 / 130, 50])
    assert math.isnan(flows.moves(time, values, T, (5,))[0])
    assert math.isnan(flows.moves(time, values, T + 1, (1,))[0])
    assert math.isnan(flows.at(time, values, T + HOUR))


@pytest.mark.parametrize(
    ("price", "interest", "name"),
    [
        (2, 3, "strong"),
        (-2, 3, "pressing"),
        (0.4, 1, "gathering"),
        (-0.4, 1, "gathering"),
        (0.5, 1, "strong"),
        (5, 0.9, "watch"),
        (-5, -9, "watch"),
        (NAN, 3, None),
        (3, NAN, None),
    ],
)
def test_what_open_interest_says_under_a_price(price, interest, name):
    assert flows.stand(price, interest) == name


def test_open_interest_is_read_up_to_where_the_price_is_known_too():
    interest = InterestHistory(every(HOUR, 26), np.linspace(100, 125, 26), np.full(26, 7e6))
    found = flows.build(interest, bars(np.linspace(50, 75, 26), end=T - HOUR))
    assert (found.base, found.quote) == (125, 7e6)
    assert found.moves == pytest.approx([100 / 123, 400 / 120, 2400 / 100])
    assert (found.quadrant, found.stand) == ("long_build", "strong")
    falling = flows.build(interest, bars(np.linspace(75, 50, 26)))
    assert falling.moves[0] == pytest.approx(100 / 124)
    assert (falling.quadrant, falling.stand) == ("short_build", "pressing")


@pytest.mark.parametrize("candles", [None, bars([])])
def test_open_interest_without_a_price_has_its_moves_and_no_meaning(candles):
    interest = InterestHistory(every(HOUR, 3), np.array([100.0, 100, 110]), np.full(3, NAN))
    found = flows.build(interest, candles)
    assert found.moves[0] == pytest.approx(10) and math.isnan(found.moves[2])
    assert (found.quadrant, found.stand) == (None, None)


def test_funding_every_four_hours_is_half_of_every_eight():
    assert flows.eight_hourly(0.0001, 4) == pytest.approx(0.0002)
    assert flows.eight_hourly(0.0001, 8) == 0.0001


@pytest.mark.parametrize(
    ("rate", "side"),
    [(0.0001, "neutral"), (0, "neutral"), (0.00011, "long"), (-1e-9, "short"), (NAN, None)],
)
def test_the_side_funding_presses_on(rate, side):
    assert flows.lean(rate) == side


def test_the_mean_of_a_week_needs_a_week():
    time = every(DAY / 3, 21)
    values = np.arange(21.0)
    assert flows.recent_mean(time, values, 7) == 10
    assert flows.recent_mean(time, values, 1) == 19
    assert math.isnan(flows.recent_mean(time[1:], values[1:], 7))
    assert math.isnan(flows.recent_mean(time[:1], values[:1], 1))


def test_a_month_s_z_is_the_distance_from_its_mean_in_population_deviations():
    time = every(DAY, 30)
    values = np.array([1.0, 3.0] * 15)
    assert flows.month_z(time, values) == pytest.approx(1)
    assert math.isnan(flows.month_z(time[5:], values[5:]))
    assert math.isnan(flows.month_z(time, np.ones(30)))
    assert math.isnan(flows.month_z(time, np.append(values[:-1], NAN)))


def test_what_is_older_than_a_month_does_not_count():
    time = every(DAY, 60)
    values = np.concatenate([np.full(30, 99.0), [1.0, 3.0] * 15])
    assert flows.month_z(time, values) == pytest.approx(1)


def test_a_crowd_twice_as_long_is_as_far_as_one_twice_as_short():
    time, ratio = every(DAY, 30), np.array([0.5, 2.0] * 15)
    assert flows.crowd_z(time, ratio) == pytest.approx(1)
    assert flows.crowd_z(time, 1 / ratio) == pytest.approx(-1)


def test_takers_of_a_day():
    time = every(4 * HOUR, 180)
    buy, sell = np.full(180, 2.0), np.ones(180)
    sell[-6:] = 2
    day, z = flows.taker_day(time, buy, sell)
    assert day == 0 and z < -3
    buy[-6:], sell[-6:] = [4, 1, 4, 1, 2, 2], [1, 4, 1, 4, 1, 1]
    assert flows.taker_day(time, buy, sell)[0] == pytest.approx(math.log(2) / 3)
    sell[-1] = 0
    assert all(map(math.isnan, flows.taker_day(time, buy, sell)))


def test_the_middle_and_how_far_a_book_is_known():
    small = book([(99, 1), (98, 1)], [(101, 1), (103, 1)])
    assert flows.middle(small) == 100 and flows.reach(small) == math.inf
    assert math.isnan(flows.middle(book([], [(101, 1)])))
    depth = np.arange(flows.FULL_BOOK)
    cut = book(np.column_stack([99.99 - depth / 100, depth + 1]), [(100.01, 1)])
    assert flows.reach(cut) == pytest.approx(5.0)


def test_imbalance_is_of_money_near_the_middle_and_unknown_beyond_what_is_seen():
    found = book([(99.5, 2), (90, 50)], [(100.5, 1)])
    assert flows.imbalance(found, 1) == pytest.approx((199 - 100.5) / (199 + 100.5))
    assert math.isnan(flows.imbalance(found, 0.1))
    depth = np.arange(flows.FULL_BOOK) / 1000
    cut = book(np.column_stack([99.999 - depth, depth + 1]), [(100.001, 1)])
    assert math.isnan(flows.imbalance(cut, 1)) and flows.imbalance(cut, 0.4) > 0


def test_the_liquidity_score_is_the_mean_of_its_snapshots():
    even, heavy = book([(99.5, 1)], [(100.5, 1)]), book([(99.5, 3)], [(100.5, 1)])
    one = 100 * (99.5 - 100.5) / 200
    three = 100 * (298.5 - 100.5) / 399
    assert flows.liquidity([even]) == pytest.approx((one, 1.0))
    assert flows.liquidity([even, heavy])[0] == pytest.approx((one + three) / 2)
    assert math.isnan(flows.liquidity([])[0])


@pytest.mark.parametrize(
    ("score", "name"),
    [(20.1, "buy"), (20, "wait"), (-20, "wait"), (-20.1, "sell"), (NAN, None)],
)
def test_the_verdict_of_a_score(score, name):
    assert flows.signal(score) == name


@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=20))
def test_scores_stay_in_their_range_and_turn_with_the_sides(levels):
    bids = [(100 - (i + 1) / 100, size) for i, (size, _) in enumerate(levels)]
    asks = [(100 + (i + 1) / 100, size) for i, (_, size) in enumerate(levels)]
    score, percent = flows.liquidity([book(bids, asks)])
    assert -100 <= score <= 100 and percent == 1
    more = flows.liquidity([book([(p, s * 2) for p, s in bids], asks)])[0]
    assert more >= score


def test_walls_are_five_times_the_median_and_near():
    side = np.array([(100, 1), (99.9, 1), (99.8, 6), (99.7, 1), (99.6, 9), (90, 1000)], float)
    assert flows.walls(side, 100) == [(99.6, 99.6 * 9), (99.8, 99.8 * 6)]
    assert flows.walls(side, 100, most=1) == [(99.6, 99.6 * 9)]
    assert flows.walls(side[:2], 100) == [] and flows.walls(side[:0], 100) == []


def test_prints_are_counted_by_side_from_their_size_on():
    trades = made(
        [(T, 50_000, 1, False), (T, 100, 499, True), (T, 100, 900, True), (T, 1, 100, False)]
    )
    assert flows.prints(trades) == (2, 50_000, 90_000, 100 * 140_000 / 190_000)
    assert flows.prints(trades, 1e9) == (0, 0, 0, 0)
    none = flows.since(trades, T + 1)
    assert flows.prints(none)[:3] == (0, 0, 0) and math.isnan(flows.prints(none).share)


@given(
    st.lists(st.tuples(POSITIVE, POSITIVE, st.booleans()), min_size=1, max_size=30),
    st.floats(0, 1e12),
)
def test_prints_never_make_more_than_the_whole(rows, least):
    found = flows.prints(made([(T, *row) for row in rows]), least)
    total = sum(price * size for price, size, _ in rows)
    assert 0 <= found.share <= 100 * (1 + 1e-9)
    assert found.bought + found.sold <= total * (1 + 1e-9)
    assert found.count * least <= total * (1 + 1e-9)


def test_since_keeps_what_is_not_older():
    trades = made([(T - 1, 1, 1, True), (T, 2, 1, False), (T + 1, 3, 1, True)])
    kept = flows.since(trades, T)
    assert kept.price.tolist() == [2, 3] and kept.sold.tolist() == [False, True]


def traded(*sides):
    """Trades of the given sizes, below 0 where the taker sold."""
    sizes = np.array(sides, float)
    times = np.arange(len(sizes), dtype=float)
    return Trades(times, np.ones(len(sizes)), np.abs(sizes), sizes < 0)


def test_toxicity_by_hand():
    # Buckets of 4 from the end: 2 sold + 2 bought, 4 sold, and 3 bought + 1 sold of the 3.
    trades = traded(9, 3, -3, -2, -2, 2)
    assert flows.toxicity(trades, 4, 3) == pytest.approx((0 + 4 + 2) / 3 / 4)
    assert flows.toxicity(traded(*[5] * 10), 1, 50) == 1
    assert math.isnan(flows.toxicity(trades, 8, 3)) and math.isnan(flows.toxicity(trades, 0, 3))


@pytest.mark.slow
@given(st.lists(st.floats(-5, 5).filter(lambda x: abs(x) > 1e-3), min_size=20, max_size=60))
def test_toxicity_is_a_share_and_knows_no_scale(sides):
    total = sum(map(abs, sides))
    found = flows.toxicity(traded(*sides), total / 12, 10)
    assert 0 <= found <= 1 + 1e-9
    scaled = flows.toxicity(traded(*(1e6 * side for side in sides)), 1e6 * total / 12, 10)
    assert scaled == pytest.approx(found, abs=1e-9)


def test_order_flow_by_hand():
    # Cont, Kukanov and Stoikov (2014), section 2.1: what each kind of event contributes.
    books = [
        book([10, 5], [11, 7]),
        book([10, 8], [11, 7]),
        book([10, 8], [11, 3]),
        book([10.5, 2], [11, 3]),
        book([10, 8], [10.8, 6]),
        book([10, 8], [11, 4]),
    ]
    assert flows.order_flow([*books, book([], [11, 4])]).tolist() == [3, 4, 2, -2 - 6, 6]
    assert len(flows.order_flow(books[:1])) == len(flows.order_flow([])) == 0


def test_capital_by_hand():
    hours = np.arange(48) * 3_600_000.0
    ones = np.ones(48)
    close = np.where(np.arange(48) % 2, 11.0, 10.0)
    rows = [hours, close, 12 * ones, 8 * ones, close, 2 * ones]
    rows += [hours + 3_599_999, 2 * close, ones, 1.5 * ones, 1.5 * close]
    flow = flows.capital(Candles(np.array(rows)))
    # Of a range from 8 to 12 the closes 10 and 11 are worth 0 and 0.5 of the volume.
    assert flow.cmf == pytest.approx(0.25) and flow.obv == pytest.approx(0)
    assert flow.cvd == pytest.approx(0.5) and flow.share == pytest.approx(75)
    assert flow.vwap == pytest.approx(10.5) and flow.gap == pytest.approx(0.5 / 4)
    assert flow.mfi == pytest.approx(100 * (31 / 3) / (31 / 3 + 10))
    assert flows.balance(flow) == pytest.approx(5 / 6)


def test_capital_of_nothing_is_unknown():
    flow = flows.capital(Candles(np.ones((11, 1))))
    assert all(map(np.isnan, flow)) and np.isnan(flows.balance(flow))


@pytest.mark.parametrize(
    ("flow", "before", "name"),
    [
        (1, -1, "turned_in"),
        (1, 0, "turned_in"),
        (-1, 1, "turned_out"),
        (-1, 0, "turned_out"),
        (2, 1, "more_in"),
        (1, 2, "less_in"),
        (0, 2, "less_in"),
        (-2, -1, "more_out"),
        (-1, -2, "less_out"),
        (0, -2, "less_out"),
        (0, 0, "same"),
        (3, 3, "same"),
        (math.nan, 1, None),
        (1, math.nan, None),
    ],
)
def test_a_turn_from_one_day_to_the_next(flow, before, name):
    assert flows.turn(flow, before) == name
