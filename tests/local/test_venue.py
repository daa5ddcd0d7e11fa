from urllib.parse import parse_qsl

import numpy as np
import pytest
import requests

from local.btcturk import BtcTurk
from local.bybit import Bybit
from local.coinbase import Coinbase
from local.futures import Futures
from local.kraken import Kraken, KrakenFutures
from local.okx import Okx
from local.venue import Quota, listed, spot_pairs
from tests.local.exchanges import NOW, TAPE, Exchange


def test_a_quota_lets_so_many_through_and_says_when_the_next_may_come():
    quota = Quota(3, 10)
    assert [quota.wait(t) for t in (0, 4, 5)] == [0, 0, 0]
    assert quota.wait(6) == 4 and quota.wait(9.5) == 0.5
    assert quota.wait(10) == 0 and quota.wait(11) == 3


def test_prices_are_a_few_basis_points_apart_and_always_the_same():
    rows = [listed("x", "n", pair) for pair in TAPE.pairs.values()]
    apart = np.array([row.factor for row in rows]) - 1
    assert np.abs(apart).max() <= 3e-4 and apart.std() > 1e-4
    assert rows == [listed("x", "n", pair) for pair in TAPE.pairs.values()]


def test_a_listing_in_thousands_has_fewer_decimals_and_one_of_thousandths_more():
    pair = TAPE.pairs["PEPEUSDT"]
    assert listed("x", "1000PEPE", pair, 1000).digits == pair.digits - 3
    assert listed("x", "mPEPE", pair, 1e-3).digits == pair.digits + 3


def test_large_coins_are_listed_everywhere_and_no_stopped_or_leveraged_ones():
    for venue in ("okx", "bybit", "kraken", "coinbase"):
        symbols = {pair.symbol for pair in spot_pairs(TAPE, ("USDT",), venue, 1e6)}
        assert {"BTCUSDT", "ETHUSDT", "SOLUSDT", "DOGEUSDT"} <= symbols
        assert not {"BTCUPUSDT", "SRMUSDT", "USDCUSDT", "BTCTRY"} & symbols


def test_what_was_not_listed_yet_is_not_told_of():
    okx = Exchange(Okx)
    late = [row for row in okx.venue.listings.values() if row.pair.listed_ms > 1_600_000_000_000]
    okx.now = 1_600_000_000
    _, body, _ = okx.get("/api/v5/market/tickers?instType=SPOT")
    told = {row["instId"] for row in body["data"]}
    assert late and "BTC-USDT" in told and not told & {row.name for row in late}
    _, body, _ = okx.get(f"/api/v5/market/candles?instId={late[0].name}")
    assert body["code"] == "51001"


def test_an_answer_carries_the_time_and_another_method_none():
    coinbase = Exchange(Coinbase)
    status, _, headers = coinbase.get("/products/BTC-USD/stats")
    assert status == 200 and headers["Date"] == "Tue, 24 Nov 2026 06:02:03 GMT"
    assert coinbase.session.post(coinbase.bases[0] + "/products/BTC-USD/stats").status_code == 404


@pytest.mark.parametrize("path", ["/", "/x", "//", "/products//stats", "/products/a/b/stats"])
def test_an_unknown_path_is_not_found(path):
    assert Exchange(Coinbase).get(path)[:2] == (404, {"message": "NotFound"})


def test_a_host_without_a_face_is_unreachable():
    with pytest.raises(requests.ConnectionError):
        Exchange(Okx, now=NOW).session.get("https://api.kraken.com/0/public/Time")


ASKED = {
    Futures: (
        "/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=2&startTime=1795400000000&endTime=1",
        "/fapi/v1/fundingRate?symbol=BTCUSDT&limit=2",
        "/futures/data/openInterestHist?symbol=BTCUSDT&period=1d&limit=2",
        "/futures/data/basis?pair=BTCUSDT&contractType=PERPETUAL&period=1h&limit=2",
        "/futures/data/takerlongshortRatio?symbol=BTCUSDT&period=1h&limit=2",
    ),
    Okx: (
        "/api/v5/market/candles?instId=BTC-USDT&bar=1m&limit=2",
        "/api/v5/rubik/stat/contracts/open-interest-history?instId=BTC-USDT-SWAP&period=1H",
        "/api/v5/rubik/stat/taker-volume?ccy=BTC&instType=CONTRACTS&period=1H",
        "/api/v5/public/open-interest?instType=SWAP&instId=BTC-USDT-SWAP",
    ),
    Bybit: (
        "/v5/market/kline?category=spot&symbol=BTCUSDT&interval=1&limit=2",
        "/v5/market/tickers?category=linear&symbol=BTCUSDT",
        "/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=1h&limit=2",
        "/v5/market/account-ratio?category=linear&symbol=BTCUSDT&period=1h&limit=2",
    ),
    Kraken: ("/0/public/OHLC?pair=XBTUSDT&interval=60", "/0/public/Ticker?pair=XBTUSDT"),
    KrakenFutures: ("/derivatives/api/v3/tickers?x=1",),
    Coinbase: ("/products/BTC-USD/candles?granularity=3600",),
    BtcTurk: (
        "/v1/klines/history?symbol=BTCTRY&resolution=60&from=1795400000&to=1795500000",
        "/api/v2/ticker?pairSymbol=BTCTRY",
    ),
}
WRONG = ("", "x", "-1", "0", "999999999999999", "ş", None)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ASKED)
def test_whatever_is_asked_is_answered_in_json(kind):
    exchange = Exchange(kind)
    for url in ASKED[kind]:
        path, _, query = url.partition("?")
        sent = dict(parse_qsl(query))
        for changed in ({}, *({name: value} for name in sent for value in WRONG)):
            exchange.now += 3
            response = exchange.session.get(exchange.bases[0] + path, params={**sent, **changed})
            assert response.status_code in (200, 400, 404, 429), response.url
            assert response.json() is not None
