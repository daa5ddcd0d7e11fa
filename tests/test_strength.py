"""The market's strength against examples worked out by hand, and what must hold for any of it."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import strength
from markets import coingecko
from net import Dated
from shapes import Exchange, Pair, Panel, Ticker

NAN = math.nan
CLOSE, QUOTE, TAKER = 4, 7, 10
PERCENT = st.floats(-50, 50)
SHARE = st.floats(0, 100)
VOLUMES = st.lists(st.floats(1, 1e9), min_size=7, max_size=40)


def panel(traded=None, bought=None, close=None):
    """Return a panel of coins from lists of bars by coin."""
    columns = {QUOTE: traded, TAKER: bought, CLOSE: close}
    made = {i: np.array(rows, float).T for i, rows in columns.items() if rows is not None}
    bars, count = next(iter(made.values())).shape
    return Panel(tuple(f"C{i}USDT" for i in range(count)), np.arange(bars) * 900e3, {}, made)


def ticker(quote, change):
    return Ticker(1, 1, 1, 1, 1, quote, change)


def pairs(*bases):
    return {f"{base}USDT": Pair(f"{base}USDT", base, "USDT", 2) for base in bases}


TWO = panel(
    [[90, 90, 90, 90, 100, 100, 100, 100], [50] * 8],
    [[45, 45, 45, 45, 60, 40, 50, 55], [30, 30, 30, 30, 20, 20, 20, 20]],
)


def test_a_coin_s_cash_is_what_takers_bought_of_what_was_traded():
    cash = strength.cash(TWO)
    assert cash.bought[:2].tolist() == [[55, 20], [205, 80]]
    assert cash.traded[:2].tolist() == [[100, 50], [400, 200]]
    assert cash.net[:2].tolist() == [[10, -10], [10, -40]]
    assert cash.share[:2].tolist() == [[55, 40], [51.25, 40]]
    assert np.isnan(cash.net[2:]).all() and np.isnan(cash.share[2:]).all()


def test_the_market_is_the_sum_of_its_coins():
    total = strength.cash(TWO).total()
    assert total.net[:2].tolist() == [0, -30]
    assert total.share[:2] == pytest.approx([50, 47.5])
    assert np.isnan(total.net[2:]).all()


def test_the_window_before_is_as_long_and_ends_where_the_last_begins():
    now, before = strength.cash(TWO), strength.cash(TWO, before=True)
    assert before.net[:2].tolist() == [[0, -10], [0, 40]]
    assert strength.turn(now, before)[:2].tolist() == [10, -70]
    assert np.isnan(strength.turn(now, before)[2:]).all()


def test_what_a_market_does_not_tell_is_left_out_and_too_little_is_nothing():
    traded, bought = [[10] * 2] * 5, [[7] * 2] * 3 + [[NAN, 1], [NAN, NAN]]
    cash = strength.cash(panel(traded, bought), (1, 2)).total()
    assert cash.bought[0] == 22 and cash.traded[0] == 40
    assert cash.share[1] == pytest.approx(70) and cash.traded[1] == 60
    less = strength.cash(panel(traded, [[7, 7]] * 2 + [[NAN, NAN]] * 3), (1, 2)).total()
    assert np.isnan([less.net, less.share]).all()


def test_nothing_traded_has_no_share():
    cash = strength.cash(panel([[0, 0]], [[0, 0]]), (1,))
    assert cash.net[0, 0] == 0 and math.isnan(cash.share[0, 0])


@pytest.mark.parametrize(
    ("share", "power"), [(50, 1), (25, 0.5), (75, 1.5), (100, 2), (2, 0.1), (NAN, NAN)]
)
def test_buying_power_is_one_where_half_is_bought(share, power):
    assert strength.buying_power(share) == pytest.approx(power, nan_ok=True)


def test_the_cash_goes_where_it_flowed_in():
    assert strength.migration(np.array([30, -10, 10, 0])).tolist() == [75, 0, 25, 0]
    found = strength.migration(np.array([30.0, NAN, 10]))
    assert found[0] == 75 and math.isnan(found[1])
    assert np.isnan(strength.migration(np.array([-1.0, -2, NAN]))).all()
    assert strength.inflowing(np.array([1, -1, 2, NAN])) == pytest.approx(200 / 3)
    assert math.isnan(strength.inflowing(np.array([NAN])))


def test_a_burst_is_the_last_bar_over_the_mean_of_the_four_before():
    traded = np.array([[9, 1, 2, 3, 4, 5], [9, 0, 0, 0, 0, 5], [9, 1, NAN, 1, 1, 1]], float).T
    found = strength.burst(traded)
    assert found[0] == 2 and np.isnan(found[1:]).all()
    assert np.isnan(strength.burst(traded[-4:])).all()


def test_volume_in_dollars_and_what_of_it_is_parked_in_stablecoins():
    known = pairs("BTC", "USDC", "EUR", "ETH") | {"BTCTRY": Pair("BTCTRY", "BTC", "TRY", 0)}
    tickers = {"BTCUSDT": ticker(60, 1), "USDCUSDT": ticker(30, 0), "EURUSDT": ticker(10, 0)}
    tickers |= {"BTCTRY": ticker(999, 1), "ETHUSDT": ticker(NAN, 1), "GONEUSDT": ticker(9, 9)}
    volume = strength.volumes(tickers, known)
    assert volume == {"BTCUSDT": 60, "USDCUSDT": 30, "EURUSDT": 10}
    assert strength.stable(known, volume) == ["USDCUSDT"]
    assert strength.share_of(["BTCUSDT", "EURUSDT"], volume) == 70
    assert math.isnan(strength.share_of(["ETHUSDT"], volume))
    assert math.isnan(strength.share_of([], {}))


def test_risers_and_fallers_are_counted():
    tickers = {"A": ticker(1, 2), "B": ticker(1, -1), "C": ticker(1, 0), "D": ticker(1, NAN)}
    assert strength.rising(tickers, ["A", "B", "C", "D", "E"]) == (1, 1)
    assert strength.rising({}, ["A"]) == (0, 0)


def test_no_alt_weighs_more_than_15_percent():
    one = strength.capped(np.array([93.0, *[1] * 7]))
    assert one == pytest.approx([0.15, *[0.85 / 7] * 7])
    two = strength.capped(np.array([60, 14, *[5.2] * 5]))
    assert two == pytest.approx([0.15, 0.15, *[0.14] * 5])
    assert strength.capped(np.ones(10)) == pytest.approx([0.1] * 10)
    assert np.isnan(strength.capped(np.ones(6))).all()
    assert np.isnan(strength.capped(np.array([1.0, 1, 1, 1, 1, 1, 0]))).all()


@given(VOLUMES, st.floats(1e-6, 1e6))
def test_weights_are_a_whole_in_the_order_of_volume_whatever_its_unit(volume, unit):
    weights = strength.capped(np.array(volume))
    assert weights.sum() == pytest.approx(1) and (weights <= 0.15 * (1 + 1e-9)).all()
    order = np.argsort(volume)
    assert (np.diff(weights[order]) >= -1e-12).all()
    assert strength.capped(np.array(volume) * unit) == pytest.approx(weights)


def test_the_alts_change_is_weighted_and_what_is_unknown_left_out():
    tickers = {f"A{i}": ticker(1, -2) for i in range(7)} | {"BIG": ticker(93, 10)}
    assert strength.alt_change(tickers, tickers) == pytest.approx(0.15 * 10 - 0.85 * 2)
    more = tickers | {"X": ticker(NAN, 5), "Y": ticker(5, NAN)}
    assert strength.alt_change(more, [*more, "GONE"]) == pytest.approx(-0.2)
    assert math.isnan(strength.alt_change(tickers, [])) and math.isnan(strength.alt_change({}, "A"))


@pytest.mark.parametrize(
    ("alt", "btc", "dominance", "power"),
    [
        (2, -2, 48, 77),
        (0, 0, 60, 50),
        (0, 0, 75, 50),
        (-8, 0, 30, 5),
        (9, 0, 0, 100),
        (-20, 0, 60, 0),
        (NAN, 0, 50, NAN),
        (0, 0, NAN, NAN),
    ],
)
def test_the_power_against_bitcoin(alt, btc, dominance, power):
    assert strength.against_btc(alt, btc, dominance) == pytest.approx(power, nan_ok=True)


@given(PERCENT, PERCENT, SHARE, st.floats(0, 10))
def test_the_power_against_bitcoin_is_bounded_and_goes_with_its_parts(alt, btc, dominance, more):
    power = strength.against_btc(alt, btc, dominance)
    assert 0 <= power <= 100
    assert strength.against_btc(alt + more, btc, dominance) >= power
    assert strength.against_btc(alt, btc + more, dominance) <= power
    assert strength.against_btc(alt, btc, dominance + more) <= power


def day(traded, bought):
    return panel([[t] * 24 for t in traded], [[b] * 24 for b in bought])


@pytest.mark.parametrize(
    ("alt", "bought", "power"),
    [
        (3, [51, 51], 0.6 * 75 + 0.4 * 70),
        (0, [50, 50], 50),
        (6, [60, 60], 100),
        (-6, [50, 50], 20),
        (-9, [0, 0], 0),
        (NAN, [50, 50], NAN),
        (1, [NAN, NAN], NAN),
    ],
)
def test_the_alts_own_power(alt, bought, power):
    found = strength.short_term(alt, day([100, 100], bought))
    assert found == pytest.approx(power, nan_ok=True)


@given(PERCENT, st.lists(st.tuples(st.floats(1, 1e6), st.floats(0, 1)), min_size=1, max_size=9))
def test_the_alts_own_power_is_bounded_of_no_unit_and_goes_with_the_flow(alt, coins):
    traded = [size for size, _ in coins]
    bought = [size * part for size, part in coins]
    power = strength.short_term(alt, day(traded, bought))
    assert 0 <= power <= 100 + 1e-9
    scaled = day([1e6 * t for t in traded], [1e6 * b for b in bought])
    assert strength.short_term(alt, scaled) == pytest.approx(power, abs=1e-6)
    more = day(traded, [b + (t - b) / 2 for t, b in zip(traded, bought, strict=True)])
    assert strength.short_term(alt, more) >= power - 1e-9
    assert strength.short_term(alt + 1, day(traded, bought)) >= power


def test_a_day_of_which_an_hour_lacks_is_unknown():
    short = panel([[100] * 23], [[50] * 23])
    assert math.isnan(strength.short_term(0, short))


def months(*moves):
    return panel(close=[np.linspace(100, 100 + move, 31) for move in moves])


def test_the_long_term_is_the_share_that_rose_in_thirty_days():
    assert strength.long_term(months(5, 1, -1, 0, 9)) == 60
    scaled = panel(close=1e-6 * months(5, 1, -1, 0, 9).close.T)
    assert strength.long_term(scaled) == 60
    assert strength.long_term(months(5, 1, NAN, -1, 3)) == 75
    assert math.isnan(strength.long_term(months(5, NAN, NAN)))
    assert math.isnan(strength.long_term(panel(close=[[1] * 30])))


def test_the_thirty_days_begin_thirty_closes_ago():
    close = np.full((1, 40), 100.0)
    close[0, :-31], close[0, -31] = 999, 99
    assert strength.long_term(panel(close=close)) == 100


@pytest.mark.parametrize(
    ("lead", "drift", "mood"),
    [
        (1, -1, "risk_on"),
        (1, 0, "btc"),
        (-1, -1, "btc"),
        (0, -1, "btc"),
        (1, NAN, "risk_on"),
        (NAN, 1, "btc"),
        (NAN, NAN, None),
    ],
)
def test_the_mood_of_the_market(lead, drift, mood):
    assert strength.macro(lead, drift) == mood


def row(coin, cap, week):
    return coingecko.Row(coin, coin, coin, 1, 1, cap, 1, 0, 0, week, 0, 1, 0)


def test_bitcoin_s_drift_is_reckoned_from_what_caps_were_at_last_week_s_prices():
    rows = [row("bitcoin", 660, 10), row("ethereum", 240, -20), row("tether", 100, 0)]
    assert strength.reckoned(rows) == pytest.approx(66 - 60)
    more = [*rows, row("x", NAN, 5), row("y", 50, NAN)]
    assert strength.reckoned(more) == pytest.approx(6)
    assert math.isnan(strength.reckoned([*more, row("z", NAN, NAN), row("gone", 1, -100)]))
    assert math.isnan(strength.reckoned(rows[1:])) and math.isnan(strength.reckoned([]))


def test_any_coin_and_any_span_are_reckoned_alike():
    # Caps of 60 and 40 that were 50 and 50: 60 % of the whole after 50 %.
    rows = [row("a", 60, NAN)._replace(day=20), row("b", 40, NAN)._replace(day=-20)]
    assert strength.reckoned(rows, "a", "day") == pytest.approx(10)
    assert strength.reckoned(rows, "b", "day") == pytest.approx(-10)
    assert math.isnan(strength.reckoned(rows, "c", "day"))
    assert math.isnan(strength.reckoned(rows, "a", "week"))


@given(st.lists(st.tuples(st.floats(1, 1e12), st.floats(-90, 500)), min_size=1, max_size=9))
def test_a_drift_is_less_than_a_whole_and_of_no_unit(coins):
    rows = [row("bitcoin" if i == 0 else f"c{i}", *coin) for i, coin in enumerate(coins)]
    points = strength.reckoned(rows)
    assert -100 <= points <= 100
    scaled = [one._replace(cap=one.cap * 1e-3) for one in rows]
    assert strength.reckoned(scaled) == pytest.approx(points, abs=1e-6)
    together = [one._replace(week=7.0) for one in rows]
    assert strength.reckoned(together) == pytest.approx(0, abs=1e-9)


def test_a_reading_of_that_day_comes_before_a_reckoning(database):
    at = 1_795_500_000
    market = Dated(SimpleNamespace(shares={"BTC": 58.0}), at)
    rows = Dated((row("bitcoin", 660, 10), row("ethereum", 240, -20), row("tether", 100, 0)), at)
    told = {"market": market, "rows": rows}
    assert strength.drift(told, database) == (pytest.approx(6), True)
    assert math.isnan(strength.drift({"market": market}, database)[0])
    assert math.isnan(strength.drift({}, database)[0])
    database.save_reading("dominance", market.at - strength.WEEK - strength.SLACK - 1, 1.0)
    assert strength.drift(told, database)[1]
    database.save_reading("dominance", market.at - strength.WEEK - strength.SLACK, 57.5)
    database.save_reading("dominance", market.at - strength.WEEK + 1, 2.0)
    assert strength.drift(told, database) == (0.5, False)
    assert strength.drift({"rows": rows}, database) == (pytest.approx(6), True)
    elsewhere = replace(market, source="coinmarketcap_free")
    assert strength.drift({**told, "market": elsewhere}, database) == (pytest.approx(6), True)


def test_gold_and_wrapped_bitcoin_are_no_alts():
    known = pairs("BTC", "ETH", "PAXG", "WBTC", "SOL")
    assert strength.altcoins(known, known) == ["ETHUSDT", "SOLUSDT"]


def parts():
    """Return answers: eight alts of equal weight that rose by 2 %, bitcoin fell by 2 %."""
    names = [f"A{i}" for i in range(8)]
    tickers = {f"{name}USDT": ticker(10, 2) for name in names} | {"BTCUSDT": ticker(500, -2)}
    market = SimpleNamespace(shares={"BTC": 48.0})
    answers = {"exchange": Exchange(pairs("BTC", *names)), "tickers": tickers, "market": market}
    panels = {"hours": day([100, 100], [51, 51]), "days": months(5, 1, -1, 0, 9)}
    return {name: Dated(data, 0) for name, data in answers.items()} | panels


def test_the_powers_from_the_answers_to_their_parts():
    lin = 100 * (2 + 6) / 12
    assert strength.powers(parts()) == pytest.approx((77, 0.6 * lin + 28, 60, 4))


def test_a_power_needs_what_it_says_and_nothing_else():
    told = parts()
    whole = strength.powers(told)
    for name, needs in strength.NEEDS.items():
        assert getattr(strength.powers({part: told[part] for part in needs}), name) == (
            getattr(whole, name)
        )
        for part in needs:
            less = {other: told[other] for other in told if other != part}
            assert math.isnan(getattr(strength.powers(less), name))
    assert all(map(math.isnan, strength.powers({})))


def test_the_parts_are_asked_of_the_sources(market, monkeypatch):
    monkeypatch.setattr(strength, "TOP", 3)
    monkeypatch.setattr(strength, "LEADERS", 2)
    told, lost = market.together(strength.parts(market))
    needed = {part for needs in strength.NEEDS.values() for part in needs}
    assert not lost and set(told) == needed | {"rows"}
    assert len(told["hours"].time) == 24 and len(told["hours"].symbols) == 3
    assert len(told["days"].time) == 31 and len(told["days"].symbols) == 2
    assert "BTCUSDT" not in told["hours"].symbols
    assert len(strength.reads(told)) == 4 + 3 + 2
    assert all(map(math.isfinite, strength.powers(told)))
