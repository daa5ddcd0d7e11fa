import numpy as np
import pytest

from local.coinbase import Coinbase
from markets import coinbase
from tests.local.exchanges import TAPE, Exchange, cases, same_candles, same_tickers

SYMBOLS = ["BTCUSDT", "DOGEUSDT", "ETHBTC"]


@pytest.fixture
def exchange():
    return Exchange(Coinbase)


@pytest.mark.parametrize(("symbol", "interval"), cases(*SYMBOLS))
def test_candles_are_the_tapes(exchange, symbol, interval):
    found = exchange.read(coinbase.candles_route(symbol, interval))
    same_candles(found, symbol, interval, tick=10.0 ** -TAPE.pairs[symbol].digits)


def test_minutes_without_a_trade_are_missing_and_filled(exchange):
    rows = exchange.venue.listings.values()
    quiet = min(rows, key=lambda row: row.pair.turnover * row.pair.dollar).pair
    route = coinbase.candles_route(quiet.symbol, "1m")
    told, found = exchange.ask(route).json(), exchange.read(route)
    assert len(told) < 300 and all(row[5] > 0 for row in told)
    assert (np.diff(found.time) == 60_000).all() and len(found) > len(told)
    same_candles(found, quiet.symbol, "1m", tick=10.0**-quiet.digits)


def test_every_day_is_the_tapes_and_names_the_pairs(exchange):
    found = exchange.read(coinbase.tickers_route())
    same_tickers(found)
    assert {"BTCUSDT", "DOGEUSDT"} <= set(found) and len(found) > 50
    pairs = exchange.read(coinbase.exchange_route()).pairs
    assert set(pairs) == set(found) and pairs["BTCUSDT"].digits == 2


def test_errors_are_messages(exchange):
    assert exchange.get("/products/NOPE-USD/stats")[:2] == (404, {"message": "NotFound"})
    status, body, _ = exchange.get("/products/BTC-USD/candles?granularity=14400")
    assert (status, body) == (400, {"message": "Unsupported granularity"})
    exchange.session.headers["User-Agent"] = ""
    assert exchange.get("/products/BTC-USD/stats")[0] == 400


def test_ten_requests_a_second_are_enough(exchange):
    path = "/products/NOPE-USD/stats"
    assert [exchange.get(path)[0] for _ in range(11)] == [404] * 10 + [429]
    exchange.now += 1
    assert exchange.get(path)[0] == 404
