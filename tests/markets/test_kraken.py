from math import isnan

import pytest

from markets import kraken
from shapes import Refusal
from tests.markets.answers import answer, spoiled
from tests.markets.exchanges import HOUR, SERVED, T, refuses, whole_or_nothing

CANDLES = {"interval": 60, "_interval": "1h"}
SYMBOL = {"_symbol": "ETHUSDT"}
READ = [
    (kraken.candles, "OHLC", CANDLES),
    (kraken.tickers, "tickers", {}),
    (kraken.pairs, "tickers", {}),
    (kraken.funding, "futures_tickers", {}),
    (kraken.interest, "futures_tickers", SYMBOL),
]


def read(parse, name, params):
    return parse(answer(f"kraken/{name}.json"), SERVED, params)


@pytest.mark.parametrize(("parse", "name", "params"), READ)
def test_an_answer_half_right_is_refused(parse, name, params):
    whole_or_nothing(parse, f"kraken/{name}", params)


@pytest.mark.parametrize(("parse", "name", "params"), READ)
@pytest.mark.parametrize("body", [[], {}, None, "x", 5, {"error": []}, {"result": "success"}])
def test_no_answer_is_refused(parse, name, params, body):
    refuses(parse, body, params)
    refuses(parse, {"error": [], "result": body}, params)


@pytest.mark.parametrize(("parse", "name", "params"), READ[:3])
@pytest.mark.parametrize(
    ("words", "kind"),
    [("EGeneral:Too many requests", "limited"), ("EQuery:Unknown asset pair", "refused")],
)
def test_an_error_with_status_200_says_whether_it_is_the_limit(parse, name, params, words, kind):
    with pytest.raises(Refusal, match=words) as caught:
        parse({"error": [words]}, SERVED, params)
    assert caught.value.kind == kind


def test_the_futures_tell_an_error_too():
    with pytest.raises(Refusal, match="apiLimitExceeded"):
        kraken.funding({"result": "error", "error": "apiLimitExceeded"}, SERVED, {})


def test_a_contract_without_funding_is_left_out():
    body = spoiled(answer("kraken/futures_tickers.json"), ("tickers", 0, "fundingRate"))
    assert set(kraken.funding(body, SERVED, {})) == {"ETHUSDT"}


def test_candles_are_read_and_the_last_one_is_never_finished():
    found = read(kraken.candles, "OHLC", CANDLES)
    assert found.time.tolist() == [T, T + HOUR, T + 2 * HOUR]
    assert found.table[1:5, 0].tolist() == [37000, 37500, 36800, 37200]
    assert found.volume.tolist() == [150.5, 0, 12.25] and found.trades.tolist() == [320, 0, 44]
    assert found.quote.tolist() == [150.5 * 37100, 0, 12.25 * 37201.5]
    assert isnan(found.taker[0])
    early = (T + 2 * HOUR) / 1000
    assert len(kraken.candles(answer("kraken/OHLC.json"), early, CANDLES)) == 2


def test_only_an_unfinished_candle_is_none():
    body = answer("kraken/OHLC.json")
    body["result"]["XXBTZUSD"] = body["result"]["XXBTZUSD"][:1]
    assert len(kraken.candles(body, SERVED, CANDLES)) == 0


def test_candles_in_reverse_or_in_milliseconds_are_refused():
    body = answer("kraken/OHLC.json")
    rows = body["result"]["XXBTZUSD"]
    refuses(kraken.candles, spoiled(body, ("result", "XXBTZUSD"), rows[::-1]), CANDLES)
    late = [[row[0] * 1000, *row[1:]] for row in rows]
    refuses(kraken.candles, spoiled(body, ("result", "XXBTZUSD"), late), CANDLES)


def test_two_pairs_in_one_answer_are_refused():
    body = answer("kraken/OHLC.json")
    refuses(kraken.candles, spoiled(body, ("result", "XETHZUSD"), []), CANDLES)


def test_a_mean_price_outside_the_candle_is_refused():
    body = answer("kraken/OHLC.json")
    refuses(kraken.candles, spoiled(body, ("result", "XXBTZUSD", 0, 5), "3700.0"), CANDLES)


def test_coarse_candles_are_made_of_finer_ones():
    found = read(kraken.candles, "OHLC", {"interval": 60, "_interval": "2h"})
    assert found.time.tolist() == [T] and found.end.tolist() == [T + 2 * HOUR - 1]
    assert found.table[1:5, 0].tolist() == [37000, 37500, 36800, 37200]
    assert found.volume[0] == 150.5 and found.trades[0] == 320


def test_every_ticker_against_usdt_that_was_traded_is_read():
    found = read(kraken.tickers, "tickers", {})
    assert set(found) == {"BTCUSDT", "DOGEUSDT"}
    row = found["BTCUSDT"]
    assert (row.last, row.high, row.low, row.volume) == (50000.1, 50100.5, 48000.0, 12.5)
    assert row.quote == 12.5 * 49000.05 and isnan(row.open) and isnan(row.change)


def test_pairs_are_read_out_of_tickers_with_the_decimals_shown():
    assert read(kraken.pairs, "tickers", {}).pairs == {
        "BTCUSDT": ("BTCUSDT", "BTC", "USDT", 1),
        "DOGEUSDT": ("DOGEUSDT", "DOGE", "USDT", 7),
    }


def test_one_coins_open_interest_in_coins_and_dollars():
    found = kraken.interest(answer("kraken/futures_tickers.json"), SERVED, SYMBOL)
    row = read(kraken.funding, "futures_tickers", {})["ETHUSDT"]
    assert (found.base, found.quote) == (row.interest, row.interest * row.mark)
    with pytest.raises(Refusal):
        kraken.interest(answer("kraken/futures_tickers.json"), SERVED, {"_symbol": "NOPEUSDT"})


def test_a_last_price_outside_the_day_is_refused():
    body = answer("kraken/tickers.json")
    for key, value in (("c", "9e9"), ("c", "0.1"), ("p", "0.1")):
        path = ("result", "XBTUSDT", key)
        refuses(kraken.tickers, spoiled(body, path, [value, value]), {})


def test_funding_in_dollars_an_hour_becomes_a_fraction():
    found = read(kraken.funding, "futures_tickers", {})
    assert set(found) == {"BTCUSDT", "ETHUSDT"}
    row = found["BTCUSDT"]
    assert row.rate == pytest.approx(0.74201 / 37100.5) and row.hours == 1
    assert (row.mark, row.index, row.interest) == (37100.5, 37095.25, 2150.5)
    assert row.next == T + 2 * HOUR
    assert found["ETHUSDT"].rate == pytest.approx(-0.04 / 2000)


@pytest.mark.parametrize(
    ("symbol", "interval", "name", "minutes"),
    [
        ("BTCUSDT", "1h", "XBTUSDT", 60),
        ("DOGEUSDT", "1m", "XDGUSDT", 1),
        ("ETHBTC", "4h", "ETHXBT", 240),
        ("LUNCUSDT", "12h", "LUNAUSDT", 240),
        ("LUNAUSDT", "1w", "LUNA2USDT", 1440),
    ],
)
def test_coins_and_intervals_are_asked_for_in_its_words(symbol, interval, name, minutes):
    route = kraken.candles_route(symbol, interval)
    assert route.address(0) == ("/0/public/OHLC", {"pair": name, "interval": minutes})
    assert route.params["_interval"] == interval


def test_other_routes():
    assert kraken.funding_route().address(0) == ("/derivatives/api/v3/tickers", {})
    assert kraken.candles_route("BTCUSDT", "3d") is None
    assert kraken.candles_route("BTCXYZ", "1h") is None
