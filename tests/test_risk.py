"""risk.py: caps hold entries, never exits; what is not known holds too."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import risk
from bot import UserError
from order_rows import DONE, DROPPED, REFUSED, Trade, Trader, meant
from orders import BUY, LIMIT, MARKET, OCO, PAPER, SELL, STOP, TRAIL, Balance, Draft
from risk import Limits, Standing

D = Decimal
LIMITS = Limits(D(1000), D(2500), D(5000), D(5), D(3), 10)
CALM = Standing(D(10000), D(10000), D(0), D(0))
FREE, PRICE = Trader(7), D(60000)
BUYS = Draft("BTCUSDT", BUY, MARKET, spend=D(500))
SELLS = Draft("BTCUSDT", SELL, MARKET, quantity=D(1))


def refused(draft=BUYS, trader=FREE, standing=CALM, last=PRICE):
    try:
        risk.check(LIMITS, trader, standing, draft, last)
    except UserError as error:
        return error.en
    return ""


@pytest.mark.parametrize(
    ("standing", "draft", "words"),
    [
        (CALM, BUYS, ""),
        (CALM, BUYS._replace(spend=D(1001)), "one order"),
        (CALM._replace(coin=D(2100)), BUYS, "one coin"),
        (CALM._replace(bought=D(4600)), BUYS, "one day"),
        (CALM._replace(equity=D(9501)), BUYS, ""),
        (CALM._replace(equity=D(9500)), BUYS, "loss is 5.0%"),
        (CALM._replace(equity=D(1), coin=D(9999), bought=D(9999)), SELLS, ""),
    ],
)
def test_caps_hold_entries_and_never_exits(standing, draft, words):
    assert words in refused(draft, standing=standing) and bool(words) == bool(
        refused(draft, standing=standing)
    )


def test_amounts_in_a_refusal_are_in_the_readers_style():
    with pytest.raises(UserError) as told:
        risk.check(LIMITS, Trader(7), CALM._replace(coin=D("25906.52")), BUYS, D(60000))
    assert "en çok 2.500 USDT, bununla 26.406,52 olur" in told.value.tr
    assert "may be worth 2,500 USDT, with this it is 26,406.52" in told.value.en


def test_the_kill_switch_holds_entries_only():
    stopped = Trader(7, stopped=5)
    assert "kill switch" in refused(trader=stopped) and not refused(SELLS, stopped)


@pytest.mark.parametrize(
    ("side", "price", "fine"),
    [
        *[(BUY, 61700, True), (BUY, 61900, False), (BUY, 40000, True), (BUY, 20000, False)],
        *[(SELL, 58300, True), (SELL, 58100, False), (SELL, 80000, True), (SELL, 100000, True)],
    ],
)
def test_a_limit_far_on_the_wrong_side_is_a_slip(side, price, fine):
    draft = Draft("BTCUSDT", side, LIMIT, quantity=D("0.01"), price=D(price))
    assert (not refused(draft)) is fine


def test_a_stops_limit_is_measured_from_its_stop():
    stop = Draft("BTCUSDT", SELL, STOP, D("0.01"), stop=D(50000), bound=D(49500))
    assert not refused(stop) and refused(stop._replace(bound=D(40000)))
    assert not refused(stop._replace(stop=D(6000), bound=D(5990)))


def test_the_limit_an_oco_or_a_trailing_stop_sets_is_no_slip_either():
    sale = Draft("BTCUSDT", SELL, OCO, D("0.01"), price=D(63000), stop=D(58000), bound=D(57800))
    assert not refused(sale) and refused(sale._replace(bound=D(5780)))
    buy = Draft("BTCUSDT", BUY, OCO, D("0.01"), price=D(57000), stop=D(62000), bound=D(62300))
    assert not refused(buy) and refused(buy._replace(bound=D(80000)))
    trail = Draft("BTCUSDT", BUY, TRAIL, D("0.01"), bound=D(61500), trail=200)
    assert not refused(trail) and refused(trail._replace(bound=D(80000)))
    assert not refused(trail._replace(bound=D(72000), trail=2000))


def test_no_price_no_order():
    assert refused(last=D(0)) and refused(SELLS, last=D(0))


@given(
    st.decimals(1, 10000, places=2), st.decimals(0, 5000, places=2), st.decimals(0, 9000, places=2)
)
def test_what_passes_is_below_every_cap(spend, coin, bought):
    standing = CALM._replace(coin=coin, bought=bought)
    passes = not refused(BUYS._replace(spend=spend), standing=standing)
    assert passes == (spend <= 1000 and coin + spend <= 2500 and bought + spend <= 5000)


def made(draft, at, state=DONE, last=PRICE):
    return meant(7, 7, PAPER, draft, made=at, state=state, last=last)


def test_the_same_order_twice_in_a_moment_is_refused():
    recent = [made(BUYS, 100_000)]
    with pytest.raises(UserError, match="just made"):
        risk.repeated(LIMITS, BUYS, recent, 109_999)
    risk.repeated(LIMITS, BUYS, recent, 110_000)
    risk.repeated(LIMITS, BUYS._replace(spend=D(501)), recent, 100_001)
    risk.repeated(LIMITS, BUYS, [made(BUYS, 100_000, REFUSED)], 100_001)


def test_what_was_bought_today_leaves_out_what_came_to_nothing():
    every = [made(BUYS, 50), made(BUYS, 200), made(BUYS, 200, REFUSED), made(SELLS, 300)]
    assert risk.bought(every, 100) == 500
    limit = Draft("BTCUSDT", BUY, LIMIT, quantity=D("0.5"), price=D(100))
    assert risk.bought([made(limit, 200)], 100) == 50


def test_a_day_is_the_owners():
    name, begun = risk.day(1_795_500_123_000, ZoneInfo("Europe/Istanbul"))
    assert name == "2026-11-24" and 1_795_500_123_000 - begun < 86_400_000
    assert begun % 3_600_000 == 0


def test_a_day_whose_midnight_comes_twice_begins_with_the_first():
    zone, hour = ZoneInfo("America/Havana"), 3_600_000
    name, begun = risk.day(1_793_512_800_000, zone)
    assert (name, begun) == ("2026-11-01", 1_793_505_600_000)
    assert [risk.day(begun + n * hour, zone)[1] - begun for n in range(25)] == [0] * 25


@pytest.mark.parametrize(
    ("opening", "equity", "flow", "own", "loss"),
    [
        ("0", "900", "1000", "-100", 10),
        ("0.5", "999.5", "1000", "-0.5", "0.1"),
        ("0", "950", "0", "-50", "5.2632"),
        ("1000", "949", "100", "849", "15.1"),
        ("1000", "1949", "1000", "949", "5.1"),
        ("0", "0", "0", "0", 0),
    ],
)
def test_a_loss_is_a_share_of_what_there_was_or_came(opening, equity, flow, own, loss):
    stands = Standing(D(equity), D(opening), flow=D(flow), own=D(own))
    assert round(stands.loss, 4) == D(loss)


def test_an_account_is_worth_its_coins_or_nothing_is_known():
    balances = {"USDT": Balance(D(10), D(5)), "BTC": Balance(D("0.1")), "DUST": Balance(D(9))}
    assert risk.equity(balances, {"BTCUSDT": 60000.1}, ["BTCUSDT"]) == D("6015.01")
    with pytest.raises(UserError, match="price of BTC"):
        risk.equity(balances, {}, ["BTCUSDT"])


def test_a_trailing_buy_counts_once_however_often_it_is_moved():
    trail = Draft("BTCUSDT", BUY, STOP, D("0.01"), stop=D(60000), bound=D(60300), trail=100)
    lower = trail._replace(stop=D(59000), bound=D(59300))
    first, lost, third, other = (
        made(trail, 200)._replace(id=1),
        made(lower, 210, DROPPED)._replace(id=2, after=1),
        made(lower, 220)._replace(id=3, after=2),
        made(lower, 230)._replace(id=4),
    )
    assert risk.bought([third, lost, first], 100) == D("603.00")
    assert risk.bought([first, lost, third, other], 100) == D("603.00") + D("593.00")
    assert risk.bought([lost, third], 100) == D("593.00")


@pytest.mark.parametrize(
    ("equity", "flow", "own", "loss", "strange"),
    [
        (9500, 0, 9500, 5, 0),
        (10500, 1000, 9500, 5, 0),
        (10500, 0, 9500, 5, 0),
        (8500, -1000, 9500, 5, 0),
        (8500, 0, 9500, 15, 1000),
        (8000, -1000, 9500, 10, 500),
        (9500, 1000, 10000, 15, 1500),
        (9995, 0, 10000, D("0.05"), 0),
        (10200, 0, None, -2, 0),
        (10000, 600, None, 6, 0),
    ],
)
def test_what_is_paid_in_or_out_is_neither_gain_nor_loss(equity, flow, own, loss, strange):
    stands = Standing(D(equity), D(10000), flow=D(flow), own=own and D(own))
    assert (stands.loss, stands.strange) == (loss, strange)


def test_a_refusal_says_what_of_the_loss_nobody_knows():
    gone = CALM._replace(equity=D(9400), own=D(9900))
    assert "500.00 USDT of it left by no order" in refused(standing=gone)
    assert "left" not in refused(standing=CALM._replace(equity=D(9400)))


def test_fills_alone_make_an_account_what_it_is():
    trades = [
        Trade(1, 7, "live", "BTCUSDT", BUY, "1", D(60000), D("0.1"), D("0.0001"), "BTC", 5),
        Trade(1, 7, "live", "BTCUSDT", SELL, "2", D(61000), D("0.05"), D("0.01"), "BNB", 6),
    ]
    made = risk.grown({"USDT": D(1000), "BNB": D(1)}, trades)
    assert {asset: one.free for asset, one in made.items()} == {
        "USDT": 1000 - 6000 + 3050,
        "BTC": D("0.0499"),
        "BNB": D("0.99"),
    }
