import numpy as np
import pytest

from local.perpetuals import (
    CROWDS,
    HOUR_MS,
    Perpetuals,
    due,
    hours_of,
    perpetual_pairs,
    stamps,
)
from tests.local.exchanges import NOW, TAPE

PEOPLE = Perpetuals(TAPE)
LAST = NOW * 1000 // HOUR_MS
TIMES = np.arange(LAST - 1500, LAST) * HOUR_MS
SYMBOLS = ["BTCUSDT", "ETHUSDT", "PEPEUSDT", "SUIUSDT", "BNBUSDT"]


def opens(symbol):
    start = int(TIMES[0]) - 26 * HOUR_MS
    return TAPE.candles(symbol, "1h", NOW * 1000, start_ms=start, limit=1526)[:, 1]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_funding_is_up_after_rises_and_down_after_falls(symbol):
    prices, rates = opens(symbol), PEOPLE.funding([symbol], TIMES)[0]
    moved = np.log(prices[25:1525] / prices[1:1501])
    assert np.corrcoef(moved, rates)[0, 1] > 0.9
    assert (rates[moved > 0.05] > 0).all() and (rates[moved < -0.08] < 0).all()
    assert np.abs(rates).max() <= 0.003


def test_nothing_looks_ahead():
    moved = PEOPLE._moved(np.array([0]), TIMES, 24)
    prices = opens("BTCUSDT")
    assert moved == pytest.approx(np.log(prices[25:1525] / prices[1:1501]), abs=1e-9)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_open_interest_trends_and_is_never_none(symbol):
    coins = PEOPLE.interest([symbol], TIMES)[0]
    steps = np.diff(np.log(coins))
    assert (coins > 0).all() and np.abs(steps).max() < 0.2
    days = np.diff(np.log(coins[::24]))
    assert np.abs(days).mean() > np.abs(steps).mean() * 3


@pytest.mark.parametrize("who", CROWDS)
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_longs_against_shorts_return_to_their_mean(symbol, who):
    level = np.log(PEOPLE.ratio(symbol, TIMES, who))
    assert np.abs(level).max() < 3
    moved = np.log(opens(symbol)[25:1525] / opens(symbol)[1:1501])
    assert np.corrcoef(moved, level)[0, 1] * CROWDS[who][0] > 0
    away, ahead = level[:-48] - level.mean(), level[48:] - level[:-48]
    assert np.corrcoef(away, ahead)[0, 1] < -0.4


def test_one_coin_and_many_say_the_same_and_a_slot_is_five_minutes():
    at = NOW * 1000
    many = PEOPLE.interest(SYMBOLS, np.array([at, at - HOUR_MS]))
    for i, symbol in enumerate(SYMBOLS):
        for j, ms in enumerate((at, at - HOUR_MS)):
            assert PEOPLE.interest([symbol], ms)[0, 0] == many[i, j]
    slot = at - at % 300_000
    assert PEOPLE.funding(["BTCUSDT"], slot) == PEOPLE.funding(["BTCUSDT"], slot + 299_999)
    assert PEOPLE.interest(["BTCUSDT"], slot) != PEOPLE.interest(["BTCUSDT"], slot + 300_000)


def test_contracts_are_on_what_trades():
    symbols = {pair.symbol for pair in perpetual_pairs(TAPE)}
    assert {"BTCUSDT", "PEPEUSDT", "1000SATSUSDT"} <= symbols and len(symbols) > 250
    assert not {"USDCUSDT", "WBTCUSDT", "BTCUPUSDT", "SRMUSDT", "BTCTRY", "ETHBTC"} & symbols
    assert hours_of("BTC") == 8 and {hours_of(symbol) for symbol in symbols} == {4, 8}


def test_payments_and_stamps_are_on_the_hour():
    assert due(0, 8) == 8 * HOUR_MS and due(8 * HOUR_MS - 1, 8) == 8 * HOUR_MS
    assert due(8 * HOUR_MS, 8) == 16 * HOUR_MS
    assert stamps(35, 10, 3, 0).tolist() == [10, 20, 30]
    assert stamps(35, 10, 9, 15).tolist() == [20, 30] and len(stamps(35, 10, 9, 40)) == 0
