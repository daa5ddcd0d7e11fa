import numpy as np
import pytest

from local import coins
from local.coins import HOUR_MS, Coins
from local.tape import Tape
from tests.local.aggregators import COINS, NOW

MS = NOW * 1000
TAPE = COINS.tape


def test_ids_and_symbols_are_one_coins_each():
    assert len(COINS.by_id) == len(COINS.by_symbol) == len(COINS.coins) > 500
    assert COINS.coins[COINS.by_id["bitcoin"]].symbol == "BTC"


def test_prices_are_the_spot_markets_at_the_minute():
    market = COINS.snapshot(MS)
    symbols = ["BTCUSDT", "PEPEUSDT", "ZRXUSDT"]
    last = TAPE.last(symbols, MS - MS % 60_000)
    places = [COINS.by_symbol[one.removesuffix("USDT")] for one in symbols]
    assert np.array_equal(market.price[places], last)


def test_a_days_change_is_close_to_the_exchanges():
    market = COINS.snapshot(MS)
    pairs = [coin.pair.symbol for coin in COINS.coins[1:] if coin.listed_ms < MS - 86_400_000]
    window = TAPE.window(market.at_ms, pairs)
    there = 100 * (window.bars[3] / window.bars[0] - 1)
    here = market.change("24h")[[COINS.by_symbol[TAPE.pairs[one].base] for one in pairs]]
    assert np.median(np.abs(here - there)) < 0.15
    traded = market.volume[[COINS.by_symbol[TAPE.pairs[one].base] for one in pairs]]
    assert np.median(np.abs(traded / window.bars[5] - 1)) < 0.05


def test_caps_are_price_times_a_supply_that_stays():
    now, later = COINS.snapshot(MS), COINS.snapshot(MS + 40 * HOUR_MS)
    for market in (now, later):
        known = np.isfinite(market.cap)
        assert np.array_equal(market.cap[known], (market.price * COINS.supply)[known])
    assert 15 < np.isnan(now.cap).sum() < 60
    falling = np.diff(now.cap[now.order][np.isfinite(now.cap[now.order])])
    assert (falling <= 0).all() and now.order[0] == COINS.by_symbol["BTC"]


def test_what_was_before_a_coins_listing_is_not_known():
    place = COINS.by_symbol["KOSMA"]
    born = COINS.coins[place].listed_ms
    before, after = COINS.snapshot(born - 60_000), COINS.snapshot(born + 30 * HOUR_MS)
    assert place not in before.order and place in after.order
    assert np.isfinite(after.past["24h"][place]) and np.isnan(after.past["7d"][place])


def test_the_highest_price_ever_is_one_that_no_price_passes():
    places = COINS.snapshot(MS).order
    peaks, days = COINS.peaks(places)
    for hours in (0, 500, 5000):
        assert (COINS.snapshot(MS + hours * HOUR_MS).price[places] <= peaks).all()
    for place, day in zip(places, days, strict=True):
        listed = COINS.coins[place].listed_ms
        assert coins.iso(listed) <= day <= coins.iso(max(listed, coins.PEAKS_END))
    again, _ = COINS.peaks(places[7:8])
    assert again[0] == peaks[7]


def test_it_follows_from_the_instant_alone():
    other = Coins(Tape())
    other.snapshot(MS + 999 * HOUR_MS)
    ours, theirs = COINS.snapshot(MS), other.snapshot(MS)
    for mine, its in zip(ours, theirs, strict=True):
        if isinstance(mine, np.ndarray):
            assert np.array_equal(mine, its, equal_nan=True)


def test_every_group_is_of_coins_that_are_there():
    groups = COINS.groups()
    assert len({group for group, _, _ in groups}) == len(groups) == len(coins.GROUPS)
    assert all(len(places) >= 4 for _, _, places in groups)


@pytest.mark.parametrize(
    ("name", "made"), [("Layer 2 (L2)", "layer-2-l2"), ("Meme", "meme"), ("DePIN", "depin")]
)
def test_a_name_makes_an_id(name, made):
    assert coins.slug(name) == made


def test_an_instant_is_written_as_aggregators_do():
    assert coins.iso(1779108561599) == "2026-05-18T12:49:21.599Z"
