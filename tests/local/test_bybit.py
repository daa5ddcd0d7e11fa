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
