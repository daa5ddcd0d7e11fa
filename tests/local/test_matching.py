"""local/matching.py: what fills an order, when, at what price and for what fee."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.accounts import FEES, MARKET, Order
from local.matching import may_meet, triggers
from local.spot_market import Market, Point
from tests.conftest import Clock
from tests.local.desk import ORDER, Desk, tape

DAY = 86_400
TRADES = "/api/v3/myTrades"


class Road(Market):
    """A market whose book and ways are laid by the test: prices one second apart."""

    def __init__(self):
        super().__init__(tape())
        self.asks = [(Decimal(100), Decimal(2)), (Decimal(101), Decimal(3))]
        self.bids = [(Decimal(99), Decimal(2)), (Decimal(98), Decimal(3))]
        self.way = []
        self.price = Decimal(100)

    def book(self, symbol, side, now_ms):
        return self.asks if side == "BUY" else self.bids

    def last(self, symbol, now_ms):
        return self.price

    def mean(self, symbol, now_ms):
        return Decimal(100)

    def price_in(self, asset, quote, now_ms):
        return {("USDT", "BNB"): Decimal("0.002"), ("BTC", "BNB"): Decimal("0.2")}.get(
            (asset, quote)
        )

    def points(self, symbol, since_ms, now_ms, meets):
        start = since_ms // 1000 + 1
        for i, step in enumerate(self.way):
            price, volume = step if isinstance(step, tuple) else (step, 1)
            yield Point((start + i) * 1000, Decimal(str(price)), Decimal(str(volume)))


@pytest.fixture
def road(clock):
    opened = Desk(clock, market=Road())
    yield opened
    opened.exchange.close()


def go(desk, *way):
    """Let the price go a way, a second for each price."""
    market = desk.exchange.engine.market
    market.way = list(way)
    desk.clock.now += len(way)
    desk.ask("GET", "/api/v3/account")
    market.way = []


def test_a_market_order_walks_the_book(road):
    told = road.order(type="MARKET", quantity="4").body
    assert [(row["price"][:6], row["qty"][:4]) for row in told["fills"]] == [
        ("100.00", "2.00"),
        ("101.00", "2.00"),
    ]
    assert told["cummulativeQuoteQty"] == "402.00000000" and told["status"] == "FILLED"
    assert road.balances()["USDT"] == (Decimal(9598), 0)
    assert road.balances()["BTC"][0] == Decimal("0.5") + 4 - Decimal("0.004")


def test_a_market_order_for_money_rounds_down_to_the_lot(road):
    told = road.order(type="MARKET", quoteOrderQty="250.5").body
    assert told["executedQty"] == "2.50000000" and told["cummulativeQuoteQty"] == "250.50000000"
    assert told["origQty"] == "2.50000000" and told["origQuoteOrderQty"] == "250.50000000"
    told = road.order("SELL", type="MARKET", quoteOrderQty="99.0001").body
    assert told["executedQty"] == "1.00000000" and told["cummulativeQuoteQty"] == "99.00000000"
    (fill,) = told["fills"]
    assert (fill["commission"], fill["commissionAsset"]) == ("0.09900000", "USDT")


def test_what_the_book_does_not_give_expires(road):
    told = road.order(type="MARKET", quantity="7").body
    assert told["status"] == "EXPIRED" and told["executedQty"] == "5.00000000"
    assert told["expiryReason"] == "INSUFFICIENT_LIQUIDITY"
    road.exchange.engine.market.asks = []
    assert road.order(type="MARKET", quoteOrderQty="50").code == -2010


@pytest.mark.parametrize(
    ("tif", "status", "executed", "reason"),
    [
        ("GTC", "PARTIALLY_FILLED", "2", None),
        ("IOC", "EXPIRED", "2", "UNFILLED_IOC_QUANTITY_EXPIRED"),
        ("FOK", "EXPIRED", "0", "UNFILLED_FOK_ORDER_EXPIRED"),
    ],
)
def test_a_limit_order_takes_what_is_within_its_price(road, tif, status, executed, reason):
    told = road.limit("BUY", "100.5", "3", timeInForce=tif).body
    assert told["status"] == status and Decimal(told["executedQty"]) == Decimal(executed)
    assert told.get("expiryReason") == reason
    locked = Decimal("100.5") if tif == "GTC" else 0
    assert road.balances()["USDT"][1] == locked
    assert road.limit("BUY", "101", "5", timeInForce="FOK").body["status"] == "FILLED"


def test_a_maker_never_takes(road):
    asked = {"type": "LIMIT_MAKER", "quantity": "1"}
    told = road.order(**asked, price="100")
    assert told.error == (-2010, "Order would immediately match and take.")
    number = road.order(**asked, price="99.99").body["orderId"]
    go(road, 99.98)
    assert road.query(number)["status"] == "FILLED"
    trade = road.ask("GET", TRADES, symbol="BTCUSDT").body[0]
    assert trade["isMaker"] and trade["price"] == "99.99000000"


@pytest.mark.parametrize(
    ("side", "price", "touch", "past"), [("BUY", "95", 95, 94.99), ("SELL", "105", 105, 105.01)]
)
def test_a_resting_order_fills_by_the_volume_at_its_price_and_wholly_past_it(
    road, side, price, touch, past
):
    road.order(type="MARKET", quantity="3")
    number = road.limit(side, price, "2").body["orderId"]
    go(road, 100, (touch, "0.75"), (touch, "0.000001"))
    told = road.query(number)
    assert told["status"] == "PARTIALLY_FILLED" and told["executedQty"] == "0.75000000"
    assert told["updateTime"] == road.now_ms - 1000
    go(road, past)
    told = road.query(number)
    assert told["status"] == "FILLED" and Decimal(told["cummulativeQuoteQty"]) == 2 * int(price)
    assert road.balances()["BTC"][1] == road.balances()["USDT"][1] == 0


def test_a_partly_filled_order_is_cancelled_with_what_it_got(road):
    number = road.limit("BUY", "95", "2").body["orderId"]
    go(road, (95, "0.5"))
    asked = {"symbol": "BTCUSDT", "orderId": number}
    told = road.ask("DELETE", ORDER, **asked, cancelRestrictions="ONLY_NEW")
    assert told.code == -2011
    told = road.ask("DELETE", ORDER, **asked).body
    assert told["status"] == "CANCELED" and told["executedQty"] == "0.50000000"
    go(road, 90)
    assert road.query(number)["executedQty"] == "0.50000000"


@pytest.mark.parametrize(
    ("kind", "side", "stop", "bound", "way"),
    [
        ("STOP_LOSS_LIMIT", "SELL", "95", "94", (96, 95.01, 95)),
        ("STOP_LOSS_LIMIT", "BUY", "105", "106", (104, 104.99, 105)),
        ("TAKE_PROFIT_LIMIT", "SELL", "105", "90", (104, 104.99, 105)),
        ("TAKE_PROFIT_LIMIT", "BUY", "95", "110", (96, 95.01, 95)),
    ],
)
def test_a_conditional_order_wakes_at_its_price(road, kind, side, stop, bound, way):
    number = road.stop(side, stop, bound, "0.4", type=kind).body["orderId"]
    go(road, *way[:-1])
    told = road.query(number)
    assert told["status"] == "NEW" and not told["isWorking"] and told["workingTime"] == -1
    go(road, way[-1])
    told = road.query(number)
    assert told["isWorking"] and told["workingTime"] == road.now_ms
    best = Decimal(100) if side == "BUY" else Decimal(99)
    assert told["status"] == "FILLED" and Decimal(told["cummulativeQuoteQty"]) == best * 4 / 10


def test_a_stop_whose_bound_is_not_met_rests(road):
    number = road.stop("SELL", "95", "99.5", "0.4").body["orderId"]
    go(road, 95, 94)
    told = road.query(number)
    assert told["status"] == "NEW" and told["isWorking"]
    go(road, 99.6)
    assert road.query(number)["status"] == "FILLED"


@pytest.mark.parametrize(("side", "stop"), [("SELL", "100"), ("SELL", "101"), ("BUY", "100")])
def test_a_stop_on_the_wrong_side_is_refused(road, side, stop):
    told = road.stop(side, stop, stop, "0.1")
    assert told.error == (-2010, "Order would trigger immediately.")


class Stops(Road):
    """The same where orders at the market may wait for a price."""

    def info(self, symbol, now_ms):
        info = super().info(symbol, now_ms)
        kinds = [*info["orderTypes"], "STOP_LOSS", "TAKE_PROFIT"]
        return info | {"orderTypes": kinds}


@pytest.mark.parametrize(
    ("kind", "side", "stop"),
    [("STOP_LOSS", "SELL", "95"), ("TAKE_PROFIT", "SELL", "105"), ("STOP_LOSS", "BUY", "105")],
)
def test_a_stop_without_a_bound_takes_what_the_book_gives(clock, kind, side, stop):
    desk = Desk(clock, market=Stops())
    asked = {"type": kind, "stopPrice": stop, "quantity": "0.4"}
    number = desk.order(side, **asked).body["orderId"]
    locked = desk.balances()["BTC" if side == "SELL" else "USDT"][1]
    assert locked == (Decimal("0.4") if side == "SELL" else Decimal(stop) * Decimal("0.4"))
    go(desk, Decimal(stop))
    assert desk.query(number)["status"] == "FILLED"
    assert desk.balances()["BTC"][1] == desk.balances()["USDT"][1] == 0


def test_a_stop_that_has_become_too_dear_buys_what_there_is_money_for(clock):
    desk = Desk(clock, market=Stops())
    number = desk.order(type="STOP_LOSS", stopPrice="105", quantity="95").body["orderId"]
    desk.exchange.engine.market.asks = [(Decimal(200), Decimal(1000))]
    go(desk, 105)
    told = desk.query(number)
    assert told["status"] == "EXPIRED" and told["executedQty"] == "50.00000000"
    assert desk.balances()["USDT"] == (0, 0)


@pytest.mark.parametrize(
    ("side", "stop", "bound", "way", "woken"),
    [
        ("BUY", "44000", "45000", (37000, 44000, 45000, 46000, 42000, 44099.99), 44100),
        ("SELL", "39000", "38000", (41500, 39000, 37000, 41000, 36900.01), 36900),
        ("SELL", None, "39000", (41000, 42000, 37800.01), 37800),
    ],
)
def test_trailing_stops_do_as_the_documented_scenarios(side, stop, bound, way, woken):
    delta = {"44000": 500, "39000": 1000, None: 1000}[stop]
    order = Order(1, "BTCUSDT", side, "STOP_LOSS_LIMIT", Decimal(1), "x", 0)
    order.price, order.stop, order.trailing = Decimal(bound), Decimal(stop or 0), delta
    order.extreme = None if stop else Decimal(40000)
    for price in way:
        assert not triggers(order, Point(0, Decimal(str(price)), Decimal(1)))
    assert triggers(order, Point(0, Decimal(woken), Decimal(1)))


def test_take_profits_trail_as_documented():
    for side, stop, delta, way, woken in [
        ("BUY", 38000, 850, (42000, 38000, 37000, 39000, 38000), "40145"),
        ("SELL", 42000, 750, (41500, 39000, 42000, 45000, 44000, 46500), "43012.5"),
    ]:
        order = Order(1, "BTCUSDT", side, "TAKE_PROFIT_LIMIT", Decimal(1), "x", 0)
        order.stop, order.trailing = Decimal(stop), delta
        assert not any(triggers(order, Point(0, Decimal(p), Decimal(1))) for p in way)
        assert triggers(order, Point(0, Decimal(woken), Decimal(1)))


def test_a_trailing_stop_follows_on_the_exchange(road):
    asked = {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC", "quantity": "0.4"}
    number = road.order("SELL", **asked, price="80", trailingDelta=1000).body["orderId"]
    go(road, 110, 120, 108.01)
    told = road.query(number)
    assert told["status"] == "NEW" and told["trailingDelta"] == 1000
    go(road, 108)
    assert road.query(number)["status"] == "FILLED"


@given(
    st.lists(st.integers(80, 120), min_size=1, max_size=12),
    st.sampled_from(["BUY", "SELL"]),
    st.sampled_from([0, 500, 1000]),
    st.sampled_from([0, 90, 110]),
)
def test_no_minute_that_would_wake_an_order_is_skipped(prices, side, delta, stop):
    def made():
        order = Order(1, "BTCUSDT", side, "STOP_LOSS_LIMIT", Decimal(1), "x", 0)
        order.stop, order.trailing = Decimal(stop or (0 if delta else 90)), delta
        order.extreme = Decimal(100) if delta and not stop else None
        return order

    by_point, by_minute, awake = made(), made(), []
    for i in range(0, len(prices), 3):
        minute = [Decimal(p) for p in prices[i : i + 3]]
        points = [Point(0, price, Decimal(1)) for price in minute]
        awake.append(any(triggers(by_point, point) for point in points))
        met = may_meet(by_minute, min(minute), max(minute))
        woken = met and any(triggers(by_minute, point) for point in points)
        assert woken == awake[-1]
        if woken:
            return
        assert by_minute.extreme == by_point.extreme


def test_the_other_leg_ends_as_one_goes_its_way(road):
    made = road.oco("105", "95", "94", quantity="0.4").body
    above, below = (row["orderId"] for row in made["orders"])
    go(road, (105, "0.1"))
    assert road.query(above)["status"] == "PARTIALLY_FILLED"
    told = road.query(below)
    assert told["status"] == "EXPIRED" and told["expiryReason"] == "OCO_TRIGGER"
    assert road.balances()["BTC"][1] == Decimal("0.3")
    go(road, 95, 106)
    assert road.query(above)["status"] == "FILLED"
    listed = road.ask("GET", "/api/v3/orderList", orderListId=made["orderListId"]).body
    assert listed["listOrderStatus"] == "ALL_DONE"


def test_the_stop_of_a_pair_ends_its_target(road):
    made = road.oco("105", "95", "94", quantity="0.4").body
    above, below = (row["orderId"] for row in made["orders"])
    go(road, 95)
    assert road.query(above)["expiryReason"] == "OCO_TRIGGER"
    assert road.query(below)["status"] == "FILLED"
    assert road.balances()["BTC"] == (Decimal("0.1"), 0)


def test_fees_are_paid_in_bnb_where_that_is_wanted_and_there(road):
    road.exchange.accounts.change(road.key, burn=True)
    fill = road.order(type="MARKET", quantity="1").body["fills"][0]
    assert (fill["commission"], fill["commissionAsset"]) == ("0.00015000", "BNB")
    fill = road.order("SELL", type="MARKET", quantity="1").body["fills"][0]
    assert (fill["commission"], fill["commissionAsset"]) == ("0.00014850", "BNB")
    assert road.balances()["BNB"][0] == 2 - Decimal("0.0002985")
    account = road.exchange.accounts.account(road.key).id
    road.exchange.accounts.move("BNB", Decimal("1.9997"), account, MARKET)
    fill = road.order(type="MARKET", quantity="1").body["fills"][0]
    assert (fill["commission"], fill["commissionAsset"]) == ("0.00100000", "BTC")


def test_what_was_bought_less_its_fee_is_what_can_be_sold(road):
    road.order("SELL", type="MARKET", quantity="0.5")
    assert road.order(type="MARKET", quantity="1").status == 200
    assert road.order("SELL", type="MARKET", quantity="1").code == -2010
    assert road.order("SELL", type="MARKET", quantity="0.999").status == 200


SIZES = st.sampled_from(["0.05", "0.1", "0.31234", "1"])
PRICES = st.integers(92, 108)
ACTS = st.one_of(
    st.tuples(st.just("market"), st.sampled_from(["BUY", "SELL"]), SIZES, PRICES),
    st.tuples(st.just("limit"), st.sampled_from(["BUY", "SELL"]), SIZES, PRICES),
    st.tuples(st.just("stop"), st.sampled_from(["BUY", "SELL"]), SIZES, PRICES),
    st.tuples(st.just("oco"), st.sampled_from(["BUY", "SELL"]), SIZES, PRICES),
    st.tuples(st.just("cancel"), st.just(""), st.just(""), st.integers(1, 8)),
    st.tuples(st.just("go"), st.just(""), st.just(""), PRICES),
)


def act(desk, kind, side, size, price):
    if kind == "market":
        return desk.order(side, type="MARKET", quantity=size)
    if kind == "limit":
        return desk.limit(side, str(price), size)
    if kind == "stop":
        return desk.stop(side, str(price), str(price), size)
    if kind == "oco":
        take, stop = ("108", "92") if side == "SELL" else ("92", "108")
        return desk.oco(take, stop, stop, side=side, quantity=size)
    if kind == "cancel":
        return desk.ask("DELETE", ORDER, symbol="BTCUSDT", orderId=price)
    return go(desk, (price, "0.07"), price)


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTS, max_size=12), st.booleans())
def test_nothing_is_made_or_lost_whatever_is_done(acts, burn):
    desk = Desk(Clock(), market=Road())
    desk.exchange.accounts.change(desk.key, burn=burn)
    before = desk.sums()
    for one in acts:
        told = act(desk, *one)
        assert told is None or told.status in (200, 400)
        assert desk.sums() == before
        assert all(free >= 0 and locked >= 0 for free, locked in desk.balances().values())
    fees = desk.exchange.accounts.totals(FEES)
    trades = desk.ask("GET", TRADES, symbol="BTCUSDT").body
    for asset in ("BTC", "USDT", "BNB"):
        paid = [Decimal(t["commission"]) for t in trades if t["commissionAsset"] == asset]
        assert sum(paid, Decimal(0)) == fees.get(asset, 0)
    desk.exchange.close()


def test_on_the_tape_orders_fill_at_the_time_its_price_came(desk, clock):
    low = desk.near(0.99)
    number = desk.limit("BUY", low).body["orderId"]
    clock.now += 3 * DAY
    told = desk.query(number)
    assert told["status"] == "FILLED" and told["updateTime"] < desk.now_ms
    asked = {"symbol": "BTCUSDT", "interval": "1s", "startTime": told["updateTime"], "limit": 1}
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    (bar,) = desk.raw("GET", "/api/v3/klines", query).body
    assert Decimal(bar[3]) <= Decimal(low)
    asked |= {"interval": "1m", "startTime": desk.now_ms - 3 * DAY * 1000}
    asked["limit"] = min((told["updateTime"] - asked["startTime"]) // 60_000, 1000)
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    bars = desk.raw("GET", "/api/v3/klines", query).body
    assert bars and all(Decimal(bar[3]) > Decimal(low) for bar in bars[:-1])


@pytest.mark.slow
def test_one_request_after_long_and_many_short_come_to_the_same(clock):
    ends = []
    for step in (2 * DAY, 300, 7201):
        desk = Desk(Clock())
        numbers = [desk.oco(desk.near(1.02), desk.near(0.985), desk.near(0.98)).body["orderListId"]]
        numbers.append(desk.limit("BUY", desk.near(0.97)).body["orderId"])
        asked = {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
        desk.order("SELL", **asked, price=desk.near(0.9), trailingDelta=150)
        end = desk.clock.now + 2 * DAY
        while desk.clock.now < end:
            desk.clock.now = min(desk.clock.now + step, end)
            desk.ask("GET", "/api/v3/openOrderList")
            desk.exchange.weights._used = 0
        rows = desk.ask("GET", "/api/v3/allOrders", symbol="BTCUSDT").body
        keys = ("status", "updateTime", "executedQty", "cummulativeQuoteQty")
        ends.append([[row[key] for key in keys] for row in rows])
    assert ends[0] == ends[1] == ends[2]
    assert "FILLED" in {status for status, *_ in ends[0]}


def test_an_engine_knows_a_symbols_smallest_quantity(desk):
    engine = desk.exchange.engine
    assert engine.step(engine.info("BTCUSDT", desk.now_ms)) == Decimal("0.00001")
    assert engine.step({"filters": []}) == Decimal("1e-8")
