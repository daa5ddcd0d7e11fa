import numpy as np
import pytest

from local.bybit import Bybit
from local.perpetuals import hours_of
from markets import bybit
from markets.names import contract
from shapes import Refusal
from tests.local.exchanges import NOW, TAPE, Exchange, cases, same_candles, same_tickers

SYMBOLS = ["BTCUSDT", "SHIBUSDT", "1000SATSUSDT"]


@pytest.fixture
def exchange():
    return Exchange(Bybit)


@pytest.mark.parametrize(("symbol", "interval"), cases(*SYMBOLS, "ETHBTC"))
def test_candles_are_the_tapes(exchange, symbol, interval):
    found = exchange.read(bybit.candles_route(symbol, interval))
    same_candles(found, symbol, interval, tick=10.0 ** -TAPE.pairs[symbol].digits)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_candles_of_contracts_and_their_pages_are_the_tapes(exchange, symbol):
    known = exchange.read(bybit.contracts_route())
    name, count = contract(symbol, known)
    assert known[name] == hours_of(symbol.removesuffix("USDT"))
    found = exchange.read(bybit.contract_route(name, "1h", count))
    same_candles(found, symbol, "1h", tick=10.0 ** -TAPE.pairs[symbol].digits)
    start, end = int(found.time[20]), int(found.time[60])
    page = exchange.read(bybit.page_route(name, "1h", start, end, count))
    assert np.array_equal(page.table, found.table[:, 20:60], equal_nan=True)
    assert len(exchange.read(bybit.page_route(name, "1h", 10**12, 10**12 + 9, count))) == 0


def test_payments_come_in_pages(exchange):
    found = exchange.read(bybit.funding_history_route("BTCUSDT"))
    start, end = int(found.time[9]), int(found.time[20])
    page = exchange.read(bybit.payments_route("BTCUSDT", start, end))
    assert page.time.tolist() == found.time[9:20].tolist()
    assert page.rate.tolist() == found.rate[9:20].tolist()


def test_tickers_are_the_tapes(exchange):
    found = exchange.read(bybit.tickers_route())
    assert {"BTCUSDT", "ETHBTC", "SATSUSDT"} <= set(found) and len(found) > 150
    same_tickers({symbol: row for symbol, row in found.items() if symbol in TAPE.pairs})


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_one_call_tells_all_of_a_perpetual_and_histories_agree(exchange, symbol):
    found = exchange.read(bybit.funding_route())
    name, multiplier = contract(symbol, found)
    row = found[name].per_coin(multiplier)
    assert row.index == pytest.approx(TAPE.last([symbol], NOW * 1000)[0], rel=1e-2)
    assert (
        row.hours == hours_of(symbol.removesuffix("USDT")) and abs(row.mark / row.index - 1) < 0.01
    )
    points = exchange.read(bybit.interest_history_route(name, "5m", multiplier))
    assert points.base[-1] == pytest.approx(row.interest, rel=1e-6)
    now = exchange.read(bybit.interest_route(name, multiplier))
    assert now.base == pytest.approx(row.interest) and now.time == NOW * 1000
    paid = exchange.read(bybit.funding_history_route(name))
    exchange.now = paid.time[-1] / 1000
    assert exchange.read(bybit.funding_route())[name].rate == paid.rate[-1]


@pytest.mark.parametrize("period", ["5m", "1d"])
def test_longs_are_told_over_time(exchange, period):
    found = exchange.read(bybit.ratio_route("BTCUSDT", period))
    assert len(found.time) == 500


def test_the_other_host_answers_too(exchange):
    assert exchange.read(bybit.tickers_route(), base=1)


@pytest.mark.parametrize(
    "path",
    [
        "kline?category=spot&symbol=NOPE&interval=1",
        "kline?category=spot&symbol=BTCUSDT&interval=1h",
        "kline?symbol=BTCUSDT&interval=1",
        "tickers?category=option",
        "tickers",
        "open-interest?category=linear&symbol=PEPEUSDT&intervalTime=1h",
        "account-ratio?category=linear&symbol=BTCUSDT&period=2h",
    ],
)
def test_errors_come_in_the_envelope(exchange, path):
    status, body, _ = exchange.get(f"/v5/market/{path}")
    assert (status, body["retCode"], body["result"]) == (200, 10001, {}) and body["retMsg"]


def test_an_unknown_coin_is_a_refusal(exchange):
    with pytest.raises(Refusal, match="Not supported"):
        exchange.read(bybit.candles_route("NOPEUSDT", "1h"))


def test_too_many_requests_are_forbidden(exchange):
    quota = exchange.venue._quotas["address"]
    assert [quota.wait(NOW) for _ in range(600)] == [0] * 600
    path = "/v5/market/kline?category=spot&symbol=BTCUSDT&interval=1"
    assert exchange.get(path)[:2] == (403, "access too frequent")
    exchange.now += 5
    assert exchange.get(path)[0] == 200
