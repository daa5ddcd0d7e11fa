import pytest

from local.kraken import Kraken, KrakenFutures
from markets import kraken
from shapes import Refusal
from tests.local.exchanges import NOW, TAPE, Exchange, cases, same_candles, same_tickers

SYMBOLS = ["BTCUSDT", "DOGEUSDT", "ETHBTC"]


@pytest.fixture
def exchange():
    return Exchange(Kraken)


@pytest.mark.parametrize(("symbol", "interval"), cases(*SYMBOLS))
def test_candles_are_the_tapes(exchange, symbol, interval):
    found = exchange.read(kraken.candles_route(symbol, interval))
    same_candles(found, symbol, interval, tick=10.0 ** -TAPE.pairs[symbol].digits)
    assert (found.trades >= 0).all() and (found.quote > 0).all()


def test_every_ticker_is_the_tapes_and_names_the_pairs(exchange):
    found = exchange.read(kraken.tickers_route())
    same_tickers(found)
    assert {"BTCUSDT", "DOGEUSDT"} <= set(found) and len(found) > 20
    pairs = exchange.read(kraken.exchange_route()).pairs
    assert set(pairs) == set(found) and pairs["BTCUSDT"].digits == 2


def test_funding_is_a_fraction_an_hour():
    futures = Exchange(KrakenFutures)
    found = futures.read(kraken.funding_route())
    assert {"BTCUSDT", "DOGEUSDT"} <= set(found)
    prices = TAPE.last(list(found), NOW * 1000)
    for row, spot in zip(found.values(), prices, strict=True):
        assert row.index == pytest.approx(spot) and abs(row.rate) < 0.0005 and row.interest > 0
        assert row.hours == 1 and 0 < row.next - NOW * 1000 <= 3_600_000


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("OHLC?pair=NOPE", "EQuery:Unknown asset pair"),
        ("OHLC", "EGeneral:Invalid arguments"),
        ("OHLC?pair=XBTUSDT&interval=7", "EGeneral:Invalid arguments:interval"),
        ("Ticker?pair=BTCUSDT", "EQuery:Unknown asset pair"),
        ("Nothing", "EGeneral:Unknown method"),
    ],
)
def test_errors_come_with_status_200(exchange, path, words):
    assert exchange.get(f"/0/public/{path}")[:2] == (200, {"error": [words]})


def test_an_unknown_coin_is_a_refusal_and_too_many_requests_are_a_limit(exchange):
    with pytest.raises(Refusal) as caught:
        exchange.read(kraken.candles_route("NOPEUSDT", "1h"))
    assert caught.value.kind == "refused"
    for _ in range(59):
        exchange.get("/0/public/OHLC")
    with pytest.raises(Refusal) as caught:
        exchange.read(kraken.candles_route("BTCUSDT", "1h"))
    assert caught.value.kind == "limited"
    exchange.now += 60
    assert len(exchange.read(kraken.candles_route("BTCUSDT", "1h"))) == 719
