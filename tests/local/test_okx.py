import numpy as np
import pytest

from local.okx import Okx
from markets import okx
from shapes import Refusal
from tests.local.exchanges import NOW, TAPE, Exchange, cases, same_candles, same_tickers

SYMBOLS = ["BTCUSDT", "PEPEUSDT", "ETHBTC", "1000SATSUSDT"]


@pytest.fixture
def exchange():
    return Exchange(Okx)


@pytest.mark.parametrize(("symbol", "interval"), cases(*SYMBOLS))
def test_candles_are_the_tapes(exchange, symbol, interval):
    found = exchange.read(okx.candles_route(symbol, interval))
    same_candles(found, symbol, interval, tick=10.0 ** -TAPE.pairs[symbol].digits)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "1000SATSUSDT"])
def test_candles_of_swaps_are_the_tapes_in_coins(exchange, symbol):
    found = exchange.read(okx.contract_route(symbol, "1h"))
    same_candles(found, symbol, "1h", tick=10.0 ** -TAPE.pairs[symbol].digits)


def test_tickers_and_pairs_are_the_tapes(exchange):
    found = exchange.read(okx.tickers_route())
    assert {"BTCUSDT", "ETHBTC", "SATSUSDT"} <= set(found) and len(found) > 150
    same_tickers({symbol: row for symbol, row in found.items() if symbol in TAPE.pairs})
    pairs = exchange.read(okx.exchange_route()).pairs
    assert set(pairs) == set(found)
    assert pairs["BTCUSDT"][1:] == ("BTC", "USDT", TAPE.pairs["BTCUSDT"].digits)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "PEPEUSDT", "1000SATSUSDT"])
def test_swaps_tell_of_one_open_interest(exchange, symbol):
    points = exchange.read(okx.interest_history_route(symbol, "5m"))
    exchange.now = points.time[-1] / 1000
    now = exchange.read(okx.interest_route(symbol))
    assert now.time == points.time[-1] and now.base == pytest.approx(points.base[-1])
    assert now.quote / now.base == pytest.approx(TAPE.last([symbol], int(now.time))[0], rel=1e-3)
    days = exchange.read(okx.interest_history_route(symbol, "1d"))
    assert (days.time % 86_400_000 == 0).all()


def test_payments_go_back_a_month_at_the_same_hours(exchange):
    found = exchange.read(okx.funding_history_route("BTCUSDT"))
    assert len(found.time) == 100 and set(np.diff(found.time)) == {8 * 3_600_000}
    assert found.time[-1] <= NOW * 1000 and (abs(found.rate) < 0.01).all()


def test_funding_is_paid_at_its_time(exchange):
    row = exchange.read(okx.funding_route("BTCUSDT"))["BTCUSDT"]
    assert row.hours == 8 and row.next % (8 * 3_600_000) == 0 and row.next > NOW * 1000
    assert abs(row.rate) < 0.004


def test_longs_and_takers_are_told_over_time(exchange):
    found = exchange.read(okx.ratio_route("BTCUSDT", "1h"))
    flow = exchange.read(okx.taker_route("BTCUSDT", "1h"))
    assert (found.time == flow.time).all() and len(found.time) == 100
    assert (flow.buy > 0).all() and (flow.sell > 0).all()


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("market/candles?instId=NOPE-USDT", 200, "51001"),
        ("market/candles", 400, "50014"),
        ("market/candles?instId=BTC-USDT&bar=1d", 200, "51000"),
        ("market/tickers?instType=X", 200, "51000"),
        ("public/funding-rate?instId=BTC-USDT", 200, "51001"),
        ("public/open-interest?instType=SWAP&instId=X", 200, "51001"),
        ("rubik/stat/taker-volume?ccy=NOPE&instType=CONTRACTS", 200, "51000"),
        ("nowhere", 404, "404"),
    ],
)
def test_errors_come_in_the_envelope(exchange, path, status, code):
    got, body, _ = exchange.get(f"/api/v5/{path}")
    assert (got, body["code"], body["data"]) == (status, code, []) and body["msg"]


def test_an_unknown_coin_is_a_refusal(exchange):
    with pytest.raises(Refusal, match="does not exist"):
        exchange.read(okx.candles_route("NOPEUSDT", "1h"))


def test_too_many_requests_are_refused_for_two_seconds(exchange):
    path = "/api/v5/rubik/stat/contracts/long-short-account-ratio?ccy=BTC&period=1H"
    assert [exchange.get(path)[0] for _ in range(6)] == [200] * 5 + [429]
    assert exchange.get(path)[1]["code"] == "50011"
    exchange.now += 2
    assert exchange.get(path)[0] == 200
