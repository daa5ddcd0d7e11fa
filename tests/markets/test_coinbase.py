from math import isnan

import pytest

from markets import coinbase
from tests.markets.answers import answer
from tests.markets.exchanges import HOUR, SERVED, T, refuses, whole_or_nothing

CANDLES = {"granularity": 3600, "_interval": "1h"}
SYMBOL = {"_symbol": "BTCUSDT"}
READ = [
    (coinbase.candles, "candles", CANDLES),
    (coinbase.tickers, "products_stats", {}),
    (coinbase.pairs, "products_stats", {}),
]


def read(parse, name, params):
    return parse(answer(f"coinbase/{name}.json"), SERVED, params)


@pytest.mark.parametrize(("parse", "name", "params"), READ)
def test_an_answer_half_right_is_refused(parse, name, params):
    whole_or_nothing(parse, f"coinbase/{name}", params)


@pytest.mark.parametrize(("parse", "name", "params"), READ)
@pytest.mark.parametrize("body", [[], {}, None, "x", 5, [[]], [{}], {"message": "NotFound"}])
def test_no_answer_is_refused(parse, name, params, body):
    refuses(parse, body, params)


def test_low_comes_before_high_and_gaps_are_filled():
    found = read(coinbase.candles, "candles", CANDLES)
    assert found.time.tolist() == [T, T + HOUR, T + 2 * HOUR, T + 3 * HOUR]
    assert found.table[1:5, 0].tolist() == [4.30, 4.36, 4.25, 4.35]
    assert found.table[1:5, 1].tolist() == [4.35, 4.38, 4.26, 4.27]
    assert found.table[1:5, 2].tolist() == [4.27] * 4
    assert found.volume.tolist() == [88, 123.4, 0, 10.5]
    assert isnan(found.quote[0]) and isnan(found.trades[0])


def test_the_usual_order_of_columns_is_refused():
    rows = [
        [at, first, high, low, last, v]
        for at, low, high, first, last, v in answer("coinbase/candles.json")
    ]
    refuses(coinbase.candles, rows, CANDLES)


def test_candles_oldest_first_or_in_milliseconds_are_refused():
    rows = answer("coinbase/candles.json")
    refuses(coinbase.candles, rows[::-1], CANDLES)
    refuses(coinbase.candles, [[row[0] * 1000, *row[1:]] for row in rows], CANDLES)


@pytest.mark.parametrize(("interval", "grain"), [("2h", HOUR), ("4h", HOUR), ("8h", HOUR)])
def test_intervals_it_lacks_are_made_of_finer_candles(interval, grain):
    step = int(interval[0]) * HOUR
    start = T - HOUR
    rows = [
        [(start + i * grain) // 1000, 9 - i % 2, 12 + i, 10, 11, 1.0] for i in reversed(range(18))
    ]
    params = {"granularity": grain // 1000, "_interval": interval}
    found = coinbase.candles(rows, SERVED, params)
    assert found.time[0] == T and (found.time % step == 0).all()
    assert len(found) == 17 * HOUR // step
    assert (found.volume == step / HOUR).all()
    assert found.high[0] == 12 + step // HOUR and (found.low == 8).all()


@pytest.mark.parametrize(
    ("symbol", "interval", "product", "seconds"),
    [
        ("BTCUSDT", "1h", "BTC-USD", 3600),
        ("BTCUSDC", "4h", "BTC-USD", 3600),
        ("ETHBTC", "30m", "ETH-BTC", 900),
        ("ETHEUR", "12h", "ETH-EUR", 21600),
        ("BTCUSDT", "1w", "BTC-USD", 86400),
    ],
)
def test_products_and_granularities(symbol, interval, product, seconds):
    path, params = coinbase.candles_route(symbol, interval).address(0)
    assert path == f"/products/{product}/candles" and params == {"granularity": seconds}


def test_other_routes():
    assert coinbase.tickers_route().address(0) == ("/products/stats", {})
    assert coinbase.candles_route("BTCTRY", "1h") is None
    assert coinbase.candles_route("BTCUSDT", "3d") is None
    assert coinbase.candles_route("X", "1h") is None


def test_every_product_against_the_dollar_that_was_traded_is_read():
    found = read(coinbase.tickers, "products_stats", {})
    assert set(found) == {"BTCUSDT", "ETHUSDT"}
    row = found["BTCUSDT"]
    assert row[:5] == (50000.1, 49500, 50100.5, 48000.01, 1200.5) and isnan(row.quote)
    assert row.change == pytest.approx(100 * (50000.1 / 49500 - 1))
    assert row.turnover == 1200.5 * 50000.1


def test_products_are_read_as_pairs_with_the_decimals_shown():
    assert read(coinbase.pairs, "products_stats", {}).pairs == {
        "BTCUSDT": ("BTCUSDT", "BTC", "USDT", 2),
        "ETHUSDT": ("ETHUSDT", "ETH", "USDT", 2),
    }
