import copy
import json

import numpy as np
import pytest

from markets import binance

ROW = [
    *(1499040000000, "0.01634790", "0.80000000", "0.01575800", "0.01577100", "148976.11427815"),
    *(1499644799999, "2434.19055334", 308, "1756.87402397", "28.46694368", "0"),
]
WEEK = 604_800_000


def rows(n=3):
    made = []
    for i in range(n):
        row = list(ROW)
        row[0], row[6] = row[0] + i * WEEK, row[6] + i * WEEK
        made.append(row)
    return made


def test_the_documented_kline_is_read_column_by_column():
    candles = binance.candles(rows(1), 2e9, {})
    assert (candles.time[0], candles.end[0]) == (1499040000000, 1499644799999)
    assert (candles.open[0], candles.high[0], candles.low[0]) == (0.0163479, 0.8, 0.015758)
    assert (candles.close[0], candles.volume[0]) == (0.015771, 148976.11427815)
    assert (candles.quote[0], candles.trades[0]) == (2434.19055334, 308)
    assert (candles.taker[0], candles.taker_quote[0]) == (1756.87402397, 28.46694368)


def test_the_open_bar_is_left_out():
    made = rows(3)
    inside = made[2][0] / 1000 + 5
    assert len(binance.candles(made, inside, {})) == 2
    assert len(binance.candles(made, made[2][6] / 1000, {})) == 2
    assert len(binance.candles(made, made[2][6] / 1000 + 0.001, {})) == 3


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (0, "x"),
        (1, None),
        (1, "abc"),
        (2, "0.0001"),
        (3, "0.7"),
        (4, "NaN"),
        (4, "Infinity"),
        (4, {}),
        (5, "-1"),
        (6, 0),
        (9, "999999999"),
        (10, "999999"),
    ],
)
def test_a_half_right_kline_is_refused(index, value):
    made = rows(3)
    made[1][index] = value
    with pytest.raises((ValueError, TypeError)):
        binance.candles(made, 2e9, {})


@pytest.mark.parametrize("body", [[], {}, None, "x", 5, [[]], [[1, 2]], [{}], [None]])
def test_no_klines_are_refused(body):
    with pytest.raises((ValueError, TypeError)):
        binance.candles(body, 2e9, {})


def test_klines_out_of_order_are_refused():
    with pytest.raises(ValueError, match="times"):
        binance.candles(rows(3)[::-1], 2e9, {})


TICKER = {
    "symbol": "BNBUSDT",
    "openPrice": "99.0",
    "highPrice": "100.0",
    "lowPrice": "0.1",
    "lastPrice": "4.0",
    "volume": "8913.3",
    "quoteVolume": "15.3",
    "openTime": 1,
    "closeTime": 2,
}


def test_tickers_are_read_and_change_is_computed():
    ticker = binance.tickers([TICKER], 0, {})["BNBUSDT"]
    assert ticker.last == 4 and ticker.quote == 15.3
    assert ticker.change == pytest.approx(100 * (4 / 99 - 1))


def test_a_pair_that_never_traded_is_left_out():
    unborn = {**TICKER, "openPrice": "0", "highPrice": "0", "lowPrice": "0", "lastPrice": "0"}
    assert binance.tickers([TICKER, {**unborn, "symbol": "NEW"}], 0, {}).keys() == {"BNBUSDT"}


@pytest.mark.parametrize(
    "change", [{"lastPrice": "101"}, {"lastPrice": None}, {"volume": "-1"}, {"symbol": 5}]
)
def test_a_half_right_ticker_is_refused(change):
    with pytest.raises((ValueError, TypeError)):
        binance.tickers([TICKER, {**TICKER, **change}], 0, {})


@pytest.mark.parametrize("change", [{"lastPrice": "101"}, {"volume": None}, {"symbol": 5}])
def test_one_broken_ticker_among_many_is_left_out_and_two_in_fifty_are_an_answer_broken(change):
    rows = [{**TICKER, "symbol": f"C{i}USDT"} for i in range(51)]
    rows[3] = {**rows[3], **change}
    assert set(binance.tickers(rows, 0, {})) == {f"C{i}USDT" for i in range(51) if i != 3}
    rows[4] = {**rows[4], **change}
    with pytest.raises(ValueError, match="2 broken rows"):
        binance.tickers(rows, 0, {})


EXCHANGE = {
    "symbols": [
        {
            "symbol": f"{base}{quote}",
            "status": status,
            "baseAsset": base,
            "quoteAsset": quote,
            "isSpotTradingAllowed": True,
            "filters": [{"filterType": "PRICE_FILTER", "tickSize": tick}],
        }
        for base, quote, status, tick in (
            ("BTC", "USDT", "TRADING", "0.01000000"),
            ("JUP", "USDT", "TRADING", "0.00010000"),
            ("SHIB", "USDT", "TRADING", "0.00000001"),
            ("USDC", "USDT", "TRADING", "0.00010000"),
            ("OLD", "USDT", "BREAK", "0.01000000"),
            ("BTC", "TRY", "TRADING", "1.00000000"),
        )
    ]
}


def test_the_universe_is_what_trades_in_usdt_and_is_no_money():
    found = binance.exchange(EXCHANGE, 0, {})
    assert set(found.pairs) == {"BTCUSDT", "JUPUSDT", "SHIBUSDT", "USDCUSDT", "BTCTRY"}
    assert set(found.universe) == {"BTCUSDT", "JUPUSDT", "SHIBUSDT"}
    digits = {symbol: pair.digits for symbol, pair in found.pairs.items()}
    assert (digits["BTCUSDT"], digits["SHIBUSDT"], digits["BTCTRY"]) == (2, 8, 0)


@pytest.mark.parametrize("key", ["status", "filters", "baseAsset", "isSpotTradingAllowed"])
def test_a_half_right_exchange_is_refused(key):
    body = copy.deepcopy(EXCHANGE)
    del body["symbols"][0][key]
    with pytest.raises((ValueError, TypeError, LookupError)):
        binance.exchange(body, 0, {})


BOOK = {"lastUpdateId": 1, "bids": [["4.0", "431"], ["3.9", "1"]], "asks": [["4.1", "12"]]}


def test_the_book_is_read():
    book = binance.book(BOOK, 0, {})
    assert book.bids.tolist() == [[4.0, 431.0], [3.9, 1.0]] and book.asks.tolist() == [[4.1, 12.0]]


@pytest.mark.parametrize(
    "change", [{"asks": [["3.9", "1"]]}, {"bids": BOOK["bids"][::-1]}, {"bids": []}, {"asks": "x"}]
)
def test_a_crossed_unsorted_or_empty_book_is_refused(change):
    with pytest.raises((ValueError, TypeError)):
        binance.book({**BOOK, **change}, 0, {})


TRADE = json.loads(
    '{"a":26129,"p":"0.01633102","q":"4.70443515","f":27781,"l":27781,"T":1498793709153,'
    '"m":true,"M":true}'
)


def test_trades_are_read_with_the_side_of_the_taker():
    trades = binance.trades([TRADE, {**TRADE, "m": False}], 0, {})
    assert trades.sold.tolist() == [True, False]
    assert trades.price[0] == 0.01633102 and trades.time[0] == 1498793709153
    with pytest.raises(ValueError, match="no trades"):
        binance.trades([], 0, {})


@pytest.mark.parametrize("change", [{"m": "true"}, {"m": None}, {"p": "x"}, {"q": "-1"}])
def test_half_right_trades_are_refused(change):
    with pytest.raises((ValueError, TypeError)):
        binance.trades([{**TRADE, **change}], 0, {})


def test_prices_quotes_and_time():
    price = {"symbol": "LTCBTC", "price": "4.00000200"}
    assert binance.prices([price], 0, {}) == {"LTCBTC": 4.000002}
    quote = {"symbol": "A", "bidPrice": "4", "bidQty": "1", "askPrice": "5", "askQty": "1"}
    empty = {**quote, "symbol": "B", "bidPrice": "0", "askPrice": "0"}
    assert binance.quotes([quote, empty], 0, {}) == {"A": (4.0, 5.0)}
    assert binance.server_time({"serverTime": 1499827319559}, 0, {}) == 1499827319.559


def test_candle_columns_are_contiguous_for_numpy():
    candles = binance.candles(rows(5), 2e9, {})
    assert isinstance(candles.close, np.ndarray) and candles.table[4].flags.c_contiguous
