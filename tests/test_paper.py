"""paper.py: orders on paper live through books, bars, prints, gaps and restarts to the digit."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import preflight
from bot import INTERVALS, User, UserError
from db import Db
from net import Dated
from order_rows import DONE, WORKING, meant
from orders import (
    ACCEPTED,
    BUY,
    CANCELED,
    EXPIRED,
    FILLED,
    LIMIT,
    MARKET,
    NEW,
    NOT_SENT,
    OCO,
    PAPER,
    PARTLY,
    REFUSED,
    SELL,
    STOP,
    TRAIL,
    Balance,
    Draft,
    Rules,
)
from paper import Paper, filled, passed, related, tapes
from shapes import Book, Candles, Trades
from tests.test_db import url  # noqa: F401
from tests.test_trade import LIMITS
from trade import Desk

D = Decimal
RULES = Rules(
    *("BTCUSDT", "BTC", "USDT"),
    tick=D("0.01"),
    step=D("0.00001"),
    worth=(D(5), D(0)),
    types=frozenset(("LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT")),
    oco=True,
    most_orders=20,
    most_stops=5,
)
MINUTE = INTERVALS["1m"]
NUMBERS = count(1)


class World:
    """A market of one coin whose every price is written down: what Sources would tell of it."""

    def __init__(self, clock):
        self.clock, self.stale, self.broken, self.rules = clock, False, False, RULES
        self.bars, self.prints, self.asked = [], [], []
        self.asks, self.bids = [[100.0, 5.0]], [[99.99, 5.0]]

    def now(self):
        return int(self.clock() * 1000)

    def dated(self, data):
        if self.broken:
            raise UserError("yok", "no network")
        return Dated(data, self.clock(), stale=self.stale)

    def prices(self):
        return self.dated({"BTCUSDT": self.asks[0][0]})

    def book(self, _symbol, levels):
        self.asked.append(levels)
        return self.dated(Book(np.array(self.bids[:levels]), np.array(self.asks[:levels])))

    def trades(self, _symbol):
        rows = np.array(self.prints, dtype=float).reshape(-1, 3).T
        return self.dated(Trades(*rows, rows[0] > 0))

    def candles(self, _symbol, interval):
        return self.dated(Candles(self.table(INTERVALS[interval])[:, -999:]))

    def read(self, route, **_):
        name, params = route.endpoint.name, route.params
        if name != "pages":
            return self.dated({"rules": self.rules, "mean": D(str(self.asks[0][0]))}[name])
        table = self.table(INTERVALS[params["interval"]])
        inside = (table[0] >= params["startTime"]) & (table[0] <= params["endTime"])
        return self.dated(Candles(table[:, inside]))

    def together(self, asks):
        found = {name: ask() for name, ask in asks.items()}
        return found, {}

    def table(self, step):
        """Return the bars of a timeframe, made of the minutes."""
        groups = {}
        for one in self.bars:
            groups.setdefault(one[0] // step * step, []).append(one)
        rows = [
            (
                *(time, of[0][1], max(o[2] for o in of), min(o[3] for o in of), of[-1][4]),
                *(sum(o[5] for o in of), time + step - 1, *[0.0] * 4),
            )
            for time, of in groups.items()
            if time + step <= self.now()
        ]
        return np.array(rows, dtype=float).reshape(-1, 11).T

    def minute(self, first, high, low, last, volume=1000.0):
        """Let a whole minute pass with these prices, after what is left of the one that began."""
        start = -(-self.now() // MINUTE) * MINUTE
        if self.bars and self.bars[-1][0] < start - MINUTE:
            self.bars.append((start - MINUTE, *[first] * 4, 0.0))
        self.bars.append((start, first, high, low, last, volume))
        self.clock.now = (start + MINUTE) / 1000 + 1
        self.asks, self.bids = [[last, 5.0]], [[last - 0.01, 5.0]]

    def quiet(self, minutes):
        for _ in range(minutes):
            self.minute(100, 100, 100, 100)
            self.clock.now -= 1


@pytest.fixture
def world(clock):
    return World(clock)


@pytest.fixture
def opened(url, clock):  # noqa: F811
    made = Db(url, clock)
    yield made
    made.close()


@pytest.fixture
def broker(world, opened, clock):
    return Paper(world, opened, 7, clock)


def wish(side=BUY, kind=MARKET, user_id=7, **more):
    number = next(NUMBERS)
    numbers = {k: v if isinstance(v, int) and k == "trail" else D(str(v)) for k, v in more.items()}
    draft = Draft("BTCUSDT", side, kind, **numbers)
    return meant(user_id, 9, PAPER, draft, id=number, nonce=f"t{number}")


def state(broker, intent):
    return [one.state for one in broker.find(intent).seen]


def advance(sources, db, now):
    reached, _ = tapes(sources, db, now)
    return {name for user, some in reached.items() for name in filled(db, user, some)}


def go(broker):
    return advance(broker.sources, broker.db, broker.sources.now())


def stock(broker, quantity="1"):
    assert broker.place(wish(quantity=quantity)).outcome == ACCEPTED


def sound(db, user_id=7):
    """Assert that the wallet is what its ledger and its open orders say."""
    balances, lines, held = db.paper.balances(user_id), Counter(), Counter()
    for line in db.paper.ledger(user_id):
        lines[line.asset] += line.amount
    for order in db.paper.open(user_id):
        held[order.asset] += order.held
    for asset in {*lines, *held, *balances}:
        free, locked = balances.get(asset, Balance(D(0)))
        assert free + locked == lines[asset] and locked == held[asset] and min(free, locked) >= 0


def test_a_market_order_walks_the_book_and_pays_the_taker_from_what_it_gets(broker, world):
    world.asks = [[100.0, 1.0], [100.5, 2.0], [101.25, 3.0]]
    intent = wish(quantity=2)
    answer = broker.place(intent)
    (seen,) = answer.seen
    assert answer.outcome == ACCEPTED and seen.state == FILLED and seen.over
    assert [(one.price, one.quantity, one.asset) for one in seen.fills] == [
        (100, 1, "BTC"),
        (D("100.5"), 1, "BTC"),
    ]
    assert broker.balances() == {
        "USDT": Balance(D("9799.5"), D(0)),
        "BTC": Balance(D("1.998"), D(0)),
    }
    assert broker.find(intent).seen == (seen,) == broker.search(intent).seen
    assert broker.fees("BTCUSDT") == (D("0.001"), D("0.001"))
    sound(broker.db)


def test_the_same_id_again_is_the_order_that_is_there(broker):
    intent = wish(spend=100)
    first = broker.place(intent)
    again = broker.place(intent)
    assert (again.outcome, again.code, again.text) == (REFUSED, -2010, "Duplicate order sent.")
    assert again.seen == first.seen and len(broker.rows.ledger(7)) == 4
    unknown = broker.find(wish(spend=100))
    assert (unknown.outcome, unknown.code) == (REFUSED, -2013)


def test_beyond_the_books_end_the_rest_expires(broker, world):
    world.asks = [[100.0, 1.0]]
    (seen,) = broker.place(wish(spend=500)).seen
    assert seen.state == EXPIRED and seen.executed == 1
    (seen,) = broker.place(wish(quantity=3)).seen
    assert seen.state == EXPIRED and (seen.quantity, seen.executed) == (3, 1)


def test_a_deeper_book_is_read_only_where_it_is_needed(broker, world):
    world.asks = [[100 + i / 100, 0.001] for i in range(600)]
    (seen,) = broker.place(wish(quantity="0.55")).seen
    assert seen.state == FILLED and world.asked == [500, 5000]
    broker.place(wish(quantity="0.1"))
    broker.place(wish(kind=LIMIT, quantity=3, price="100.5"))
    assert world.asked == [500, 5000, 500, 500]


def test_nothing_is_taken_that_is_not_there_to_be_given(broker):
    for intent in (
        wish(kind=LIMIT, quantity=2000, price=50),
        wish(SELL, kind=LIMIT, quantity=1, price=110),
        wish(SELL, quantity=1),
        wish(kind=LIMIT, quantity=101, price=100),
    ):
        answer = broker.place(intent)
        assert (answer.outcome, answer.code) == (REFUSED, -2010) and "insufficient" in answer.text
        assert broker.find(intent).code == -2013
    sound(broker.db)


@pytest.mark.parametrize(
    ("intent", "code"),
    [
        (wish(kind=LIMIT, quantity=1), -1102),
        (wish(kind=STOP, quantity=1, stop=110), -1102),
        (wish(), -1102),
        (wish(quantity=1, spend=100), -1102),
        (wish(spend=1), -1013),
        (wish(quantity="0.000012"), -1013),
        (wish(kind=LIMIT, quantity=1, price="99.001"), -1013),
        (wish(SELL, TRAIL, quantity=1, trail=10_000), -1013),
        (wish(SELL, STOP, quantity=1, stop=100, bound=99), -2010),
        (wish(BUY, STOP, quantity=1, stop=99, bound=101), -2010),
        (wish(SELL, OCO, quantity=1, price=99, stop=90, bound=89), -2010),
    ],
)
def test_a_wrong_order_is_refused_as_the_exchange_would(broker, intent, code):
    answer = broker.place(intent)
    assert (answer.outcome, answer.code) == (REFUSED, code) and broker.open_orders() == []
    assert related(wish(SELL, STOP, quantity=1, stop=99), D(100)) is None


def test_the_card_hears_of_a_broken_rule_before(broker):
    broker.test(wish(spend=100))
    for intent in (wish(quantity="0.000012"), wish(spend="100.000000001"), wish(spend=1)):
        with pytest.raises(UserError):
            broker.test(intent)


def test_there_are_only_so_many_open_orders(broker, world):
    stock(broker)
    world.rules = RULES._replace(most_orders=3, most_stops=1)
    stop = {"quantity": "0.1", "stop": 90, "bound": 89}
    assert broker.place(wish(SELL, STOP, **stop)).outcome == ACCEPTED
    assert "ALGO" in broker.place(wish(SELL, STOP, **stop)).text
    for outcome in (ACCEPTED, ACCEPTED, REFUSED):
        assert broker.place(wish(kind=LIMIT, quantity=1, price=90)).outcome == outcome


def test_old_data_makes_no_order_and_fills_none(broker, world):
    resting = wish(kind=LIMIT, quantity=1, price=95)
    broker.place(resting)
    world.minute(100, 100, 90, 95)
    for broken in ("stale", "broken"):
        setattr(world, broken, True)
        assert broker.place(wish(spend=100)).outcome == NOT_SENT
        assert broker.place(wish(SELL, STOP, quantity=1, stop=90)).outcome == NOT_SENT
        with pytest.raises(UserError):
            go(broker)
        assert state(broker, resting) == [NEW]
        setattr(world, broken, False)
    assert go(broker) == set(resting.client_ids) and state(broker, resting) == [FILLED]


def test_a_limit_takes_what_crosses_and_rests_with_the_remainder(broker, world):
    world.asks = [[100.0, 1.0], [101.0, 1.0], [102.0, 50.0]]
    intent = wish(kind=LIMIT, quantity=3, price=101)
    (seen,) = broker.place(intent).seen
    assert (seen.state, seen.executed, seen.quote) == (PARTLY, 2, 201)
    assert broker.balances()["USDT"] == Balance(D(9698), D(101))
    assert [one.client_id for one in broker.open_orders("BTCUSDT")] == list(intent.client_ids)
    world.minute(102, 102, 101, 101)
    assert go(broker) == set(intent.client_ids)
    (seen,) = broker.find(intent).seen
    assert seen.state == FILLED and seen.quote == 302 and not broker.open_orders()
    assert go(broker) == set()
    sound(broker.db)


def test_a_cancel_gives_back_what_was_locked_and_is_once(broker, world):
    intent = wish(kind=LIMIT, quantity=2, price=90)
    broker.place(intent)
    assert broker.balances()["USDT"] == Balance(D(9820), D(180))
    answer = broker.cancel(intent)
    assert answer.outcome == ACCEPTED and answer.seen[0].state == CANCELED
    assert broker.balances() == {"USDT": Balance(D(10_000), D(0))}
    assert (broker.cancel(intent).outcome, broker.cancel(intent).code) == (REFUSED, -2011)
    assert broker.cancel(wish()).code == -2011
    hit = wish(kind=LIMIT, quantity=2, price=90)
    broker.place(hit)
    world.minute(100, 100, 89, 95)
    assert broker.cancel(hit).code == -2011 and state(broker, hit) == [FILLED]


def test_an_oco_locks_once_and_one_side_ends_the_other(broker, world):
    stock(broker)
    pair = {"quantity": "0.999", "price": 110, "stop": 95, "bound": 94}
    intent = wish(SELL, OCO, **pair)
    up, down = broker.place(intent).seen
    assert (up.type, down.type) == ("LIMIT_MAKER", "STOP_LOSS_LIMIT")
    assert up.list_id == down.list_id == intent.list_id
    assert broker.balances()["BTC"] == Balance(D(0), D("0.999"))
    world.minute(100, 100, 94, 96)
    assert go(broker) == set(intent.client_ids) and state(broker, intent) == [EXPIRED, FILLED]
    assert broker.balances() == {"USDT": Balance(D("9994.810095"), D(0))}
    stock(broker)
    again = wish(SELL, OCO, **pair)
    broker.place(again)
    assert broker.cancel(again).outcome == ACCEPTED and state(broker, again) == [CANCELED] * 2
    bought = wish(BUY, OCO, quantity=1, price=90, stop=105, bound=106)
    broker.place(bought)
    assert broker.balances()["USDT"].locked == 106
    world.minute(100, 100, 89, 95)
    assert go(broker) == set(bought.client_ids) and state(broker, bought) == [EXPIRED, FILLED]
    assert not broker.balances()["USDT"].locked
    sound(broker.db)


def test_a_trailing_order_outlives_a_restart(broker, world, opened, clock):
    stock(broker)
    intent = wish(SELL, TRAIL, quantity="0.5", trail=200)
    assert broker.place(intent).outcome == ACCEPTED
    world.minute(100, 110, 100, 110)
    assert go(broker) == set()
    again = Db(opened._engine.url.render_as_string(hide_password=False), clock)
    reborn = Paper(world, again, 7, clock)
    world.minute(110, 110, 107, 108)
    assert go(reborn) == set(intent.client_ids)
    (fill,) = reborn.find(intent).seen[0].fills
    assert fill.price == D("107.80") and fill.at > intent.made
    sound(again)
    again.close()


def test_the_minute_an_order_was_made_in_is_told_by_its_prints(broker, world, clock):
    clock.now = clock.now // 60 * 60 + 20
    intent = wish(kind=LIMIT, quantity=2, price=95)
    broker.place(intent)
    start = world.now()
    world.prints = [(start - 5, 90.0, 50.0), (start + 5, 95.0, 5.0)]
    clock.now += 10
    assert go(broker) == set(intent.client_ids) and state(broker, intent) == [PARTLY]
    assert broker.find(intent).seen[0].executed == D("0.5") and go(broker) == set()
    world.prints.append((start + 15_000, 94.0, 100.0))
    clock.now += 10
    assert go(broker) == set(intent.client_ids) and state(broker, intent) == [FILLED]
    other = wish(kind=LIMIT, quantity=1, price=95)
    broker.place(other)
    world.bars.append((start - 20_000, 100, 100, 80, 100, 9e9))
    world.prints.append((start + 41_000, 94.0, 100.0))
    clock.now += 25
    assert go(broker) == set() and state(broker, other) == [NEW]
    world.bars.append((start + 40_000, 100, 100, 94, 100, 100.0))
    clock.now += 60
    assert go(broker) == set(other.client_ids) and state(broker, other) == [FILLED]


@pytest.mark.parametrize("hours", [2, 20, 11 * 24])
def test_after_a_long_sleep_the_bars_of_the_gap_fill(broker, world, hours):
    resting = wish(kind=LIMIT, quantity=1, price=95)
    late = wish(kind=LIMIT, quantity=1, price=90)
    broker.place(resting)
    world.minute(100, 100, 99, 100)
    broker.place(late)
    world.minute(100, 100, 94, 100)
    world.quiet(hours * 60)
    world.minute(100, 100, 89, 100)
    world.quiet(3)
    since = [broker.find(one).seen[0].at for one in (resting, late)]
    times = passed(world, "BTCUSDT", *since, world.now())[[0, 6]]
    assert (times[1, :-1] + 1 == times[0, 1:]).all() and world.now() - times[1, -1] < MINUTE
    assert go(broker) == {*resting.client_ids, *late.client_ids}
    first, second = (broker.find(one).seen[0] for one in (resting, late))
    assert first.fills[0].price == 95 and second.fills[0].price == 90
    assert second.fills[0].at - first.fills[0].at == pytest.approx(hours * 3_600_000, abs=4e6)
    sound(broker.db)


def test_a_reset_gives_a_new_wallet_and_keeps_the_past(broker, world):
    stock(broker)
    intent = wish(SELL, LIMIT, quantity="0.5", price=120)
    broker.place(intent)
    assert broker.reset() == list(intent.client_ids) and state(broker, intent) == [CANCELED]
    assert broker.balances() == {"USDT": Balance(D(10_000), D(0))}
    world.minute(100, 130, 100, 130)
    assert go(broker) == set()
    sound(broker.db)


def test_two_at_once_cannot_spend_the_same_money(broker, world):
    world.asks = [[100.0, 1000.0]]
    broker.balances()
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(broker.place, [wish(quantity=60), wish(quantity=60)]))
        same = wish(kind=LIMIT, quantity=1, price=90)
        twice = list(threads.map(broker.place, [same, same]))
    assert sorted(one.outcome for one in answers) == [ACCEPTED, REFUSED]
    assert sorted(one.outcome for one in twice) == [ACCEPTED, REFUSED]
    assert len(broker.open_orders()) == 1
    sound(broker.db)


def test_everybody_has_an_account_of_their_own(broker, world, clock):
    other = Paper(world, broker.db, 8, clock)
    mine, theirs = (wish(kind=LIMIT, user_id=who, quantity=1, price=95) for who in (7, 8))
    broker.place(mine)
    other.place(theirs)
    assert other.find(mine).code == -2013 and other.cancel(mine).code == -2011
    assert [one.client_id for one in other.open_orders()] == list(theirs.client_ids)
    world.minute(100, 100, 90, 96)
    assert go(broker) == {*mine.client_ids, *theirs.client_ids}
    sound(broker.db, 7)
    sound(broker.db, 8)


def drafted(last, side, kind, quantity, near, far, further, trail):
    """Return what an order of a kind needs, by cents from the last price."""
    sign = D("0.01") if side == SELL else D("-0.01")
    target, stop = last + near * sign, last - far * sign
    told = {"quantity": D(quantity) / 1000}
    told |= {"price": target} if kind in (LIMIT, OCO) else {}
    told |= {"stop": stop} if kind in (STOP, OCO) else {}
    told |= {"bound": stop - further * sign} if kind in (STOP, OCO, TRAIL) else {}
    return told | ({"trail": trail} if kind == TRAIL else {})


cents, spans = st.integers(1, 150), st.integers(-150, 150)
sizes = st.integers(50, 2000) | st.integers(50, 60_000)
kinds = st.sampled_from((MARKET, LIMIT, STOP, OCO, TRAIL))
orders = st.tuples(st.sampled_from((BUY, SELL)), kinds, sizes, *[cents] * 3, st.integers(10, 150))
minutes = st.tuples(*[spans] * 4, st.integers(0, 60))
acts = st.one_of(orders, minutes, orders, minutes, st.integers(0, 30), st.just("reset"))


def act(broker, what, made):
    """Do one of the acts; `made` are the intents there are."""
    world, last = broker.sources, D(str(broker.sources.asks[0][0]))
    if what == "reset":
        broker.reset()
    elif isinstance(what, int):
        if made:
            broker.cancel(made[what % len(made)])
    elif isinstance(what[1], str):
        told = drafted(last, *what)
        made.append(wish(*what[:2], user_id=broker.user_id, **told))
        broker.place(made[-1])
    else:
        four = [float(last + D(cent) / 100) for cent in what[:4]]
        world.minute(four[0], max(four), min(four), four[1], what[4])
        go(broker)


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(every=st.lists(acts, min_size=8, max_size=30))
def test_whatever_happens_the_ledger_adds_up_to_the_wallet(opened, clock, every):
    broker = Paper(World(clock), opened, next(NUMBERS), clock)
    made = []
    for what in [(BUY, MARKET, 4000, 1, 1, 1, 10), *every]:
        act(broker, what, made)
        sound(opened, broker.user_id)
    for intent in made:
        for one in broker.find(intent).seen:
            assert sum(fill.quantity for fill in one.fills) == one.executed <= one.quantity
            worse = (
                f.price < one.price if one.side == SELL else f.price > one.price for f in one.fills
            )
            assert not one.price or not any(worse)
        broker.cancel(intent)
    assert not any(one.locked for one in broker.balances().values())
    sound(opened, broker.user_id)


def test_from_the_ticket_to_the_exit_on_the_mock_market(market, database, clock):
    owned = SimpleNamespace(open=lambda who, _: Paper(market, database, who, clock))
    desk = Desk(market, database, owned, LIMITS, clock)
    bought, parted = User(7, "Ayşe", role="trader"), Draft("BTCUSDT", BUY, MARKET, spend=D(500))
    _, token = desk.offer(bought, parted._replace(target=D("0.4"), loss=D("0.4")))
    first = desk.confirm(bought, 7, token)
    assert first.state == DONE and desk.confirm(bought, 7, token).id == first.id
    (child,) = desk.rows.living(7)
    assert child.parent == first.id and child.kind == OCO and child.state == WORKING
    for _ in range(120):
        clock.now += 900
        changed = advance(market, database, desk.now())
        if changed:
            break
    desk.hurry(changed)
    desk.follow()
    assert desk.rows.living() == [] and set(child.client_ids) == changed
    sold = sum(fill.quantity for fill in desk.rows.filled(child.id))
    held = sum(fill.quantity - fill.fee for fill in desk.rows.filled(first.id))
    assert sold == child.quantity and D(0) <= held - sold < D("0.00001")
    sound(database)


def test_one_user_s_broken_wallet_keeps_no_other_user_s_orders_from_being_filled(
    market, database, clock, monkeypatch
):
    owned = SimpleNamespace(open=lambda who, _: Paper(market, database, who, clock))
    desk = Desk(market, database, owned, LIMITS, clock)
    entry = Draft("BTCUSDT", BUY, MARKET, spend=D(500), target=D("0.4"), loss=D("0.4"))
    for user in (1, 2):
        bought = User(user, role="trader"), entry
        desk.confirm(bought[0], user, desk.offer(*bought)[1])
    entered, tried = database.paper.account, []

    def account(user_id):
        if user_id == 1:
            tried.append(user_id)
            raise ValueError("a wallet would be below 0")
        return entered(user_id)

    monkeypatch.setattr(database.paper, "account", account)
    job = next(job for job, _ in desk.jobs() if job.name == "paper orders")
    for _ in range(120):
        clock.now += 900
        job.once(clock)
        if not database.paper.open(2):
            break
    assert tried and "below 0" in job.last_error and job.errors
    assert database.paper.open(1) and not database.paper.open(2)


def test_a_reset_is_neither_gain_nor_loss_of_the_day(market, database, clock):
    broker, zone = Paper(market, database, 7, clock), LIMITS.zone

    def stands():
        now = int(clock() * 1000)
        return preflight.grown(market, database, broker, 7, zone, broker.balances(), now)

    assert stands().loss == 0
    with database.paper.account(7) as account:
        account.add("USDT", D(-600), "lost")
    assert stands().loss == 6
    clock.now += 1
    broker.reset()
    assert broker.balances()["USDT"].free == 10_000 and stands().loss == 6
    assert broker.flows(int(clock() * 1000) - 1) == {"USDT": 600}
