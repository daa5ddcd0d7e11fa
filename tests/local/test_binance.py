import re
from datetime import timedelta
from email.utils import parsedate_to_datetime

import numpy as np
import pytest
import requests
import requests_cache

from local.binance import ENDPOINTS, SIGNED, Binance
from local.markets import Markets
from local.tape import Tape

API = "https://api.binance.com/api/v3/"
NOW = 1_795_490_417_345
TAPE = Tape()


class Exchange:
    """A session at the stand-in, with a clock that stands still."""

    def __init__(self, now_ms=NOW):
        self.now_ms = now_ms
        self.adapter = Markets(Binance(TAPE, lambda: self.now_ms / 1000).faces())
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.mount("https://", self.adapter)

    def get(self, path, url=API, **params):
        return self.session.get(url + path, params=params)

    def json(self, path, **params):
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def exchange():
    return Exchange()


DAY = {
    "symbol": "BNBBTC",
    "priceChange": "-94.99999800",
    "priceChangePercent": "-95.960",
    "weightedAvgPrice": "0.29628482",
    "prevClosePrice": "0.10002000",
    "lastPrice": "4.00000200",
    "lastQty": "200.00000000",
    "bidPrice": "4.00000000",
    "bidQty": "100.00000000",
    "askPrice": "4.00000200",
    "askQty": "100.00000000",
    "openPrice": "99.00000000",
    "highPrice": "100.00000000",
    "lowPrice": "0.10000000",
    "volume": "8913.30000000",
    "quoteVolume": "15.30000000",
    "openTime": 1499783499040,
    "closeTime": 1499869899040,
    "firstId": 28385,
    "lastId": 28460,
    "count": 76,
}
PRICES = ("openPrice", "highPrice", "lowPrice", "lastPrice")
TOTALS = ("volume", "quoteVolume", "openTime", "closeTime", "firstId", "lastId", "count")
CHANGES = ("priceChange", "priceChangePercent", "weightedAvgPrice")
ROLLING = {name: DAY[name] for name in ("symbol", *CHANGES, *PRICES, *TOTALS)}
MINI = {name: DAY[name] for name in ("symbol", *PRICES, *TOTALS)}
PRICE = {"symbol": "LTCBTC", "price": "4.00000200"}
BOOK = {
    "symbol": "LTCBTC",
    "bidPrice": "4.00000000",
    "bidQty": "431.00000000",
    "askPrice": "4.00000200",
    "askQty": "9.00000000",
}
DEPTH = {
    "lastUpdateId": 1027024,
    "bids": [["4.00000000", "431.00000000"]],
    "asks": [["4.00000200", "12.00000000"]],
}
TRADE = {
    "id": 28457,
    "price": "4.00000100",
    "qty": "12.00000000",
    "quoteQty": "48.00001200",
    "time": 1499865549590,
    "isBuyerMaker": True,
    "isBestMatch": True,
}
AGGREGATE = {
    "a": 26129,
    "p": "0.01633102",
    "q": "4.70443515",
    "f": 27781,
    "l": 27781,
    "T": 1498793709153,
    "m": True,
    "M": True,
}
AVERAGE = {"mins": 5, "price": "9.35751834", "closeTime": 1694061154503}
KLINE = [
    *(1499040000000, "0.01634790", "0.80000000", "0.01575800", "0.01577100", "148976.11427815"),
    *(1499644799999, "2434.19055334", 308, "1756.87402397", "28.46694368", "0"),
]
ONE = {"symbol": "BTCUSDT"}
TWO = {"symbols": '["BTCUSDT","BNBUSDT"]'}
SHAPES = [
    ("ping", {}, {}),
    ("time", {}, {"serverTime": 1499827319559}),
    ("klines", {**ONE, "interval": "1h"}, [KLINE]),
    ("uiKlines", {**ONE, "interval": "1M"}, [KLINE]),
    ("ticker/24hr", ONE, DAY),
    ("ticker/24hr", TWO, [DAY]),
    ("ticker/24hr", {}, [DAY]),
    ("ticker/24hr", {**ONE, "type": "MINI"}, MINI),
    ("ticker/24hr", {"type": "MINI"}, [MINI]),
    ("ticker", ONE, ROLLING),
    ("ticker", {**TWO, "windowSize": "3h"}, [ROLLING]),
    ("ticker", {**ONE, "type": "MINI"}, MINI),
    ("ticker/price", ONE, PRICE),
    ("ticker/price", {}, [PRICE]),
    ("ticker/bookTicker", ONE, BOOK),
    ("ticker/bookTicker", TWO, [BOOK]),
    ("depth", ONE, DEPTH),
    ("trades", ONE, [TRADE]),
    ("historicalTrades", {**ONE, "fromId": "5"}, [TRADE]),
    ("aggTrades", ONE, [AGGREGATE]),
    ("avgPrice", ONE, AVERAGE),
]


def same_shape(got, documented, where="answer"):
    assert type(got) is type(documented), where
    if isinstance(documented, dict):
        assert list(got) == list(documented), where
        for name in documented:
            same_shape(got[name], documented[name], f"{where}.{name}")
    elif isinstance(documented, list) and isinstance(documented[0], list | dict):
        assert got, where
        for inner in got:
            same_shape(inner, documented[0], f"{where}[]")
    elif isinstance(documented, list):
        assert len(got) == len(documented), where
        for i, inner in enumerate(documented):
            same_shape(got[i], inner, f"{where}[{i}]")
    elif isinstance(documented, str) and re.fullmatch(r"-?[\d.]+", documented):
        assert re.fullmatch(r"-?\d+(\.\d+)?", got), where
        assert len(got.partition(".")[2]) == len(documented.partition(".")[2]), where


@pytest.mark.parametrize(("path", "params", "documented"), SHAPES)
def test_answers_have_the_documented_shape(exchange, path, params, documented):
    same_shape(exchange.json(path, **params), documented)


def test_every_endpoint_was_compared_with_its_documentation():
    assert {path for path, _, _ in SHAPES} | {"exchangeInfo"} == set(ENDPOINTS)


def test_one_symbol_is_an_object_and_a_list_of_one_a_list(exchange):
    for path in ("ticker/24hr", "ticker/price", "ticker/bookTicker", "ticker"):
        alone = exchange.json(path, symbol="ETHUSDT")
        assert exchange.json(path, symbols='["ETHUSDT"]') == [alone]


def test_symbols_come_in_the_order_asked_and_letters_of_any_alphabet(exchange):
    rows = exchange.json("ticker/price", symbols='["SOLUSDT","币安人生USDT","BTCUSDT"]')
    assert [row["symbol"] for row in rows] == ["SOLUSDT", "币安人生USDT", "BTCUSDT"]
    assert exchange.json("klines", symbol="币安人生USDT", interval="1d")
    raw = exchange.get("ticker/price").content
    assert "币安人生USDT".encode() in raw


HOSTS = ["api", "api1", "api2", "api3", "api4", "api-gcp"]


@pytest.mark.parametrize(
    "host", [*(f"{name}.binance.com" for name in HOSTS), "data-api.binance.vision"]
)
def test_every_public_host_tells_the_same(exchange, host):
    answer = exchange.get("klines", f"https://{host}/api/v3/", symbol="BTCUSDT", interval="1h")
    assert answer.json() == exchange.json("klines", symbol="BTCUSDT", interval="1h")


def test_headers_are_the_exchanges(exchange):
    answer = exchange.get("time")
    assert answer.headers["content-type"] == "application/json;charset=UTF-8"
    assert int(parsedate_to_datetime(answer.headers["Date"]).timestamp()) == NOW // 1000
    assert answer.headers["x-mbx-used-weight-1m"] == "1"
    assert isinstance(answer.elapsed, timedelta) and answer.reason == "OK"
    assert answer.json() == {"serverTime": NOW}


WEIGHTS = [
    ("ping", {}, 1),
    ("time", {}, 1),
    ("exchangeInfo", {}, 20),
    ("klines", {**ONE, "interval": "1h", "limit": 1000}, 2),
    ("ticker/24hr", {}, 80),
    ("ticker/24hr", ONE, 2),
    ("ticker/24hr", TWO, 2),
    ("ticker/24hr", {"symbols": 21}, 40),
    ("ticker/24hr", {"symbols": 100}, 40),
    ("ticker/24hr", {"symbols": 101}, 80),
    ("ticker/price", ONE, 2),
    ("ticker/price", TWO, 4),
    ("ticker/bookTicker", {}, 4),
    ("ticker", ONE, 4),
    ("ticker", {"symbols": 3}, 12),
    ("ticker", {"symbols": 60}, 200),
    ("depth", ONE, 5),
    ("depth", {**ONE, "limit": 101}, 25),
    ("depth", {**ONE, "limit": 1000}, 50),
    ("depth", {**ONE, "limit": 9999}, 250),
    ("trades", ONE, 25),
    ("aggTrades", ONE, 4),
    ("avgPrice", ONE, 2),
    ("klines", {}, 2),
]


@pytest.mark.parametrize(("path", "params", "weight"), WEIGHTS)
def test_weights_are_the_documented_ones(exchange, path, params, weight):
    if isinstance(params.get("symbols"), int):
        some = TAPE.listed(NOW)[: params["symbols"]]
        params = {"symbols": f"[{','.join(f'{chr(34)}{symbol}{chr(34)}' for symbol in some)}]"}
    assert exchange.get(path, **params).headers["X-MBX-USED-WEIGHT-1M"] == str(weight)


def test_weight_adds_up_over_hosts_until_the_minute_ends(exchange):
    exchange.get("exchangeInfo", symbol="BTCUSDT")
    answer = exchange.get("ping", "https://data-api.binance.vision/api/v3/")
    assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "21"
    exchange.now_ms += 60_000
    assert exchange.get("ping").headers["X-MBX-USED-WEIGHT-1M"] == "1"


def test_too_much_weight_is_429_until_the_minute_ends(exchange):
    for _ in range(75):
        assert exchange.get("ticker/24hr", symbolStatus="HALT").status_code == 200
    answer = exchange.get("ping")
    assert answer.status_code == 429 and answer.json()["code"] == -1003
    assert "6000 request weight per 1 MINUTE" in answer.json()["msg"]
    assert answer.headers["Retry-After"] == str(60 - NOW // 1000 % 60)
    assert int(answer.headers["X-MBX-USED-WEIGHT-1M"]) == 6001
    exchange.now_ms += int(answer.headers["Retry-After"]) * 1000
    assert exchange.get("ping").status_code == 200


def test_klines_are_the_tapes_candles(exchange):
    rows = exchange.json("klines", symbol="ARPAUSDT", interval="15m", limit=77)
    candles = TAPE.candles("ARPAUSDT", "15m", NOW, limit=77)
    assert np.allclose(np.array(rows, float)[:, :11], candles, rtol=1e-12, atol=5e-9)
    assert rows[-1][0] <= NOW < rows[-1][6] and rows[-2][6] < NOW


def test_klines_keep_the_rules_of_start_end_and_limit(exchange):
    ask = {"symbol": "BTCUSDT", "interval": "1h"}
    assert len(exchange.json("klines", **ask)) == 500
    assert len(exchange.json("klines", **ask, limit=1500)) == 1000
    start = NOW - 50 * 3_600_000
    oldest = exchange.json("klines", **ask, startTime=start, limit=2)
    assert start <= oldest[0][0] < start + 3_600_000 and len(oldest) == 2
    newest = exchange.json("klines", **ask, endTime=start, limit=2)
    assert newest[-1][0] <= start and newest[-1][6] >= start
    both = exchange.json("klines", **ask, startTime=start, endTime=start + 7_200_000)
    assert len(both) == 2 and both[0] == oldest[0]
    micro = exchange.json("klines", **ask, startTime=start * 1000, limit=2)
    assert micro == oldest
    assert exchange.json("klines", **ask, startTime=NOW + 1) == []
    first = exchange.json("klines", symbol="BTCUSDT", interval="1d", startTime=0, limit=1)
    assert first[0][0] == 1_502_928_000_000


def test_a_time_zone_moves_the_days(exchange):
    ask = {"symbol": "BTCUSDT", "interval": "1d", "limit": 3}
    for zone in ("3", "+3", "03:00", "+3:00"):
        rows = exchange.json("klines", **ask, timeZone=zone)
        assert all(row[0] % 86_400_000 == 21 * 3_600_000 for row in rows)
    hours = exchange.json(
        "klines", symbol="BTCUSDT", interval="1h", startTime=rows[0][0], endTime=rows[0][6]
    )
    assert float(rows[0][2]) == max(float(hour[2]) for hour in hours) and len(hours) == 24
    assert exchange.json("klines", **ask, timeZone="0") == exchange.json("klines", **ask)


def test_the_day_ticker_agrees_with_the_minutes(exchange):
    for symbol in ("BTCUSDT", "KOSMAUSDT", "ETHTRY"):
        day = exchange.json("ticker/24hr", symbol=symbol)
        assert day["closeTime"] == NOW and day["openTime"] == NOW - 86_400_000
        minutes = exchange.json("klines", symbol=symbol, interval="1m", limit=1000)
        start = (NOW - 86_400_000) // 60_000 * 60_000
        minutes = (
            exchange.json(
                "klines", symbol=symbol, interval="1m", startTime=start, endTime=minutes[0][0] - 1
            )
            + minutes
        )
        assert len(minutes) == 1441
        assert day["openPrice"] == day["prevClosePrice"] == minutes[0][1]
        assert float(day["highPrice"]) == max(float(row[2]) for row in minutes)
        assert float(day["lowPrice"]) == min(float(row[3]) for row in minutes)
        assert day["lastPrice"] == minutes[-1][4]
        assert float(day["volume"]) == pytest.approx(sum(float(row[5]) for row in minutes))
        assert float(day["quoteVolume"]) == pytest.approx(sum(float(row[7]) for row in minutes))
        assert day["count"] == sum(row[8] for row in minutes)
        assert day["lastId"] - day["firstId"] + 1 == day["count"]
        first, last = float(day["openPrice"]), float(day["lastPrice"])
        assert float(day["priceChange"]) == pytest.approx(last - first, abs=1e-8)
        assert float(day["priceChangePercent"]) == pytest.approx(100 * (last / first - 1), abs=6e-4)
        mean = float(day["quoteVolume"]) / float(day["volume"])
        assert float(day["weightedAvgPrice"]) == pytest.approx(mean, abs=6e-9, rel=1e-9)


def test_prices_and_books_agree_with_the_day_ticker_and_the_depth(exchange):
    day = {row["symbol"]: row for row in exchange.json("ticker/24hr")}
    for row in exchange.json("ticker/price"):
        assert row["price"] == day[row["symbol"]]["lastPrice"]
    for row in exchange.json("ticker/bookTicker"):
        assert {**day[row["symbol"]], **row} == day[row["symbol"]]
    book = exchange.json("depth", symbol="SOLUSDT", limit=1)
    sol = day["SOLUSDT"]
    assert book["bids"] == [[sol["bidPrice"], sol["bidQty"]]]
    assert book["asks"] == [[sol["askPrice"], sol["askQty"]]]


def test_a_window_begins_with_a_minute(exchange):
    exchange.now_ms = 1_641_287_867_099
    row = exchange.json("ticker", symbol="BTCUSDT", windowSize="1d")
    assert (row["openTime"], row["closeTime"]) == (1_641_201_420_000, 1_641_287_867_099)
    hours = exchange.json("ticker", symbol="BTCUSDT", windowSize="2h")
    assert hours["closeTime"] - hours["openTime"] < 7_260_000 and hours["count"] < row["count"]


def test_depth_gives_as_many_levels_as_asked_and_moves_on(exchange):
    book = exchange.json("depth", symbol="BTCUSDT", limit=5000)
    assert len(book["bids"]) == len(book["asks"]) == 5000
    assert exchange.json("depth", symbol="BTCUSDT", limit=7)["bids"] == book["bids"][:7]
    assert len(exchange.json("depth", symbol="BTCUSDT")["asks"]) == 100
    exchange.now_ms += 1000
    assert exchange.json("depth", symbol="BTCUSDT")["lastUpdateId"] > book["lastUpdateId"]


def test_trades_of_all_paths_are_the_same_ones(exchange):
    trades = exchange.json("trades", symbol="ADAUSDT", limit=40)
    assert (
        exchange.json("historicalTrades", symbol="ADAUSDT", fromId=trades[0]["id"], limit=40)
        == trades
    )
    for trade, row in zip(
        trades, exchange.json("aggTrades", symbol="ADAUSDT", limit=40), strict=True
    ):
        assert [row[k] for k in "apqTm"] == [
            trade[k] for k in ("id", "price", "qty", "time", "isBuyerMaker")
        ]
    assert float(trades[0]["quoteQty"]) == pytest.approx(
        float(trades[0]["price"]) * float(trades[0]["qty"]), abs=6e-9
    )
    start, end = trades[5]["time"], trades[30]["time"]
    some = exchange.json("aggTrades", symbol="ADAUSDT", startTime=start, endTime=end, limit=1000)
    assert [row["a"] for row in some] == [t["id"] for t in trades if start <= t["time"] <= end]
    assert exchange.json("aggTrades", symbol="ADAUSDT", startTime=end, endTime=start) == []


def test_the_average_price_is_of_five_minutes(exchange):
    price = float(exchange.json("avgPrice", symbol="BTCUSDT")["price"])
    window = exchange.json("ticker", symbol="BTCUSDT", windowSize="5m")
    assert price == float(window["weightedAvgPrice"])


def test_a_stopped_pair_has_a_stale_ticker(exchange):
    row = exchange.json("ticker/24hr", symbol="XMRUSDT")
    assert NOW - row["closeTime"] > 300 * 86_400_000
    trading = exchange.json("ticker/24hr", symbolStatus="TRADING")
    broken = exchange.json("ticker/price", symbolStatus="BREAK")
    assert "XMRUSDT" in {row["symbol"] for row in broken}
    assert "XMRUSDT" not in {row["symbol"] for row in trading}
    assert all(row["closeTime"] == NOW for row in trading)
    assert exchange.json("ticker/24hr", symbols='["XMRUSDT"]', symbolStatus="TRADING") == []


def test_a_coin_appears_with_its_listing():
    early, late = Exchange(TAPE.pairs["NIMBOUSDT"].listed_ms - 1), Exchange()
    assert early.get("klines", symbol="NIMBOUSDT", interval="1h").json()["code"] == -1121
    assert early.get("ticker/price", symbols='["BTCUSDT","NIMBOUSDT"]').json()["code"] == -1121
    assert len(early.json("ticker/price")) < len(late.json("ticker/price"))
    assert late.json("klines", symbol="NIMBOUSDT", interval="1h")


REFUSED = [
    ("klines", {"interval": "1h"}, -1102, "Mandatory parameter 'symbol' was not sent"),
    ("klines", ONE, -1102, "Mandatory parameter 'interval' was not sent"),
    ("klines", {"symbol": "", "interval": "1h"}, -1105, "Parameter 'symbol' was empty."),
    ("klines", {"symbol": "NOPEUSDT", "interval": "1h"}, -1121, "Invalid symbol."),
    ("klines", {"symbol": "btcusdt", "interval": "1h"}, -1100, "Illegal characters found"),
    ("klines", {"symbol": "BTC/USDT", "interval": "1h"}, -1100, r"^[\w\-._&&[^a-z]]{1,50}$"),
    ("klines", {"symbol": "A" * 51, "interval": "1h"}, -1100, "parameter 'symbol'"),
    ("klines", {**ONE, "interval": "1H"}, -1120, "Invalid interval."),
    ("klines", {**ONE, "interval": "1h", "limit": "ten"}, -1100, "parameter 'limit'"),
    ("klines", {**ONE, "interval": "1h", "limit": "-5"}, -1100, "^[0-9]{1,20}$"),
    ("klines", {**ONE, "interval": "1h", "limit": "0"}, -1130, "parameter 'limit' is not valid"),
    ("klines", {**ONE, "interval": "1h", "startTime": "now"}, -1100, "parameter 'startTime'"),
    (
        "klines",
        {**ONE, "interval": "1h", "from": "1"},
        -1104,
        "read '2' parameter(s) but was sent '3'",
    ),
    ("klines", {"symbol": ["BTCUSDT", "ETHUSDT"], "interval": "1h"}, -1101, "Duplicate values"),
    ("klines", {**ONE, "interval": "1d", "timeZone": "15"}, -1130, "'timeZone'"),
    ("klines", {**ONE, "interval": "1d", "timeZone": "5:45"}, -1130, "'timeZone'"),
    ("depth", {**ONE, "symbolStatus": "HALT"}, -1220, "does not match the requested symbolStatus"),
    ("ticker/price", {"symbolStatus": "OPEN"}, -1122, "Invalid symbolStatus."),
    ("ticker/24hr", {**ONE, **TWO}, -1128, "Combination of optional parameters invalid."),
    ("ticker/24hr", {"symbols": '["BTCUSDT","NOPEUSDT"]'}, -1121, "Invalid symbol."),
    ("ticker/24hr", {"symbols": '["BTCUSDT", "ETHUSDT"]'}, -1100, "parameter 'symbols'"),
    ("ticker/24hr", {"symbols": "BTCUSDT"}, -1100, "parameter 'symbols'"),
    ("ticker/24hr", {"symbols": '["BTCUSDT","BTCUSDT"]'}, -1151, "multiple times"),
    ("ticker/24hr", {"type": "BIG"}, -1139, "Invalid ticker type."),
    ("ticker", {}, -1102, "'symbol'"),
    ("ticker", {**ONE, "windowSize": "60m"}, -1130, "'windowSize'"),
    ("ticker", {**ONE, "windowSize": "8d"}, -1130, "'windowSize'"),
    ("aggTrades", {**ONE, "fromId": "1", "startTime": "1"}, -1128, "Combination"),
    ("exchangeInfo", {**ONE, "symbolStatus": "TRADING"}, -1128, "Combination"),
    ("exchangeInfo", {**ONE, "permissions": "SPOT"}, -1128, "Combination"),
    ("ping", {"x": "1"}, -1104, "read '0' parameter(s) but was sent '1'"),
]


@pytest.mark.parametrize(("path", "params", "code", "words"), REFUSED)
def test_a_wrong_request_is_refused_in_the_exchanges_words(exchange, path, params, code, words):
    answer = exchange.get(path, **params)
    assert answer.status_code == 400
    assert list(answer.json()) == ["code", "msg"]
    assert answer.json()["code"] == code and words in answer.json()["msg"]


def test_an_unknown_path_is_not_found(exchange):
    for path in ("nope", "", "klines/", "executionRules"):
        assert exchange.get(path).status_code == 404
    for url in ("https://api.binance.com/", "https://api.binance.com/api/v1/"):
        assert exchange.get("ping", url).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_public_paths_are_only_read(exchange, method):
    answer = exchange.session.request(method, API + "klines", params={**ONE, "interval": "1h"})
    assert answer.status_code == 405 and answer.json()["code"] == -1020


@pytest.mark.parametrize("path", sorted(SIGNED))
def test_signed_paths_know_no_key_and_are_not_on_the_data_host(exchange, path):
    assert exchange.get(path).status_code == 401 and exchange.get(path).json()["code"] == -2014
    keyed = exchange.session.post(API + path, headers={"X-MBX-APIKEY": "k" * 64})
    assert keyed.status_code == 401 and keyed.json()["code"] == -2015
    hidden = exchange.get(path, "https://data-api.binance.vision/api/v3/")
    assert hidden.status_code == 404
    assert (
        exchange.get(
            "historicalTrades", "https://data-api.binance.vision/api/v3/", **ONE
        ).status_code
        == 404
    )


@pytest.mark.parametrize(
    "value", ["9" * 20, "9" * 19, "0", "253402300800000", "-0", "1e9", "٣", "%00", "' OR 1=1"]
)
def test_odd_numbers_get_an_answer(exchange, value):
    for name in ("startTime", "endTime", "limit"):
        for interval in ("1s", "1M"):
            answer = exchange.get("klines", symbol="BTCUSDT", interval=interval, **{name: value})
            assert answer.status_code in (200, 400)
    assert exchange.get("aggTrades", symbol="BTCUSDT", fromId=value).status_code in (200, 400)


def test_the_cache_stores_and_returns_the_answers(tmp_path, exchange):
    store = requests_cache.SQLiteCache(str(tmp_path / "store.sqlite"))
    with requests_cache.CachedSession(backend=store, expire_after=60) as session:
        session.mount("https://", exchange.adapter)
        ask = {"symbol": "BTCUSDT", "interval": "1h", "limit": 5}
        fresh = session.get(API + "klines", params=ask)
        exchange.now_ms += 5000
        stored = session.get(API + "klines", params=ask)
        assert not fresh.from_cache and stored.from_cache
        assert stored.json() == fresh.json() and stored.headers == fresh.headers
        refused = session.get(API + "klines", params={**ask, "interval": "7h"})
        assert refused.status_code == 400 and not refused.from_cache
