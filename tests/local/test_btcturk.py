import pytest

from local.btcturk import BtcTurk
from markets import btcturk
from net import GARBAGE
from shapes import Refusal
from tests.local.exchanges import NOW, TAPE, Exchange, cases, same_candles, same_tickers

SYMBOLS = ["BTCTRY", "USDTTRY", "PEPETRY", "BTCUSDT"]


@pytest.fixture
def exchange():
    return Exchange(BtcTurk)


@pytest.mark.parametrize(
    ("symbol", "interval"), cases(*SYMBOLS, intervals=("1m", "15m", "1h", "4h", "12h", "1d"))
)
def test_candles_are_the_tapes(exchange, symbol, interval):
    found = exchange.read(btcturk.candles_route(symbol, interval), base=1)
    same_candles(found, symbol, interval, tick=10.0 ** -TAPE.pairs[symbol].digits)


def test_minutes_without_a_trade_are_missing_and_filled(exchange):
    rows = [row.pair for row in exchange.venue.listings.values()]
    quiet = min(rows, key=lambda pair: pair.turnover * pair.dollar)
    route = btcturk.candles_route(quiet.symbol, "1m")
    told, found = exchange.ask(route, base=1).json(), exchange.read(route, base=1)
    assert len(told["t"]) < 1000 and min(told["v"]) > 0 and len(found) > len(told["t"])
    tick = 10.0**-quiet.digits
    same_candles(found, quiet.symbol, "1m", tick=tick, apart=0.003)


def test_tickers_are_the_tapes_and_the_dollar_is_worth_the_same_in_every_coin(exchange):
    found = exchange.read(btcturk.tickers_route())
    same_tickers(found)
    dollar = found["USDTTRY"].last
    for coin in ("BTC", "ETH", "SOL"):
        assert found[f"{coin}TRY"].last == pytest.approx(
            found[f"{coin}USDT"].last * dollar, rel=0.005
        )


def test_one_pair_is_a_list_too_and_an_unknown_one_an_empty_list(exchange):
    _, body, _ = exchange.get("/api/v2/ticker?pairSymbol=BTCTRY")
    assert [row["pair"] for row in body["data"]] == ["BTCTRY"] and body["success"]
    _, body, _ = exchange.get("/api/v2/ticker?pairSymbol=NOPE")
    assert body["data"] == [] and body["success"]
    with pytest.raises(GARBAGE):
        btcturk.tickers(body, NOW, {})


def test_an_unknown_pair_is_a_refusal(exchange):
    with pytest.raises(Refusal, match="no_data"):
        exchange.read(btcturk.candles_route("NOPETRY", "1h"))


def test_too_many_requests_are_told_when_to_come_again(exchange):
    quota = exchange.venue._quotas["tickers"]
    assert [quota.wait(NOW) for _ in range(600)] == [0] * 600
    status, body, headers = exchange.get("/api/v2/ticker")
    assert (status, body["success"], headers["Retry-After"]) == (429, False, "60")
    assert exchange.get("/v1/klines/history", base=1)[0] == 200
