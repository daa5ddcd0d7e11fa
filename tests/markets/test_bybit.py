from math import isnan

import pytest

from markets import bybit
from shapes import Refusal
from tests.markets.answers import answer, spoiled
from tests.markets.exchanges import HOUR, SERVED, T, refuses, whole_or_nothing

SPOT = {"category": "spot", "symbol": "BTCUSDT", "_interval": "1h", "_multiplier": 1.0}
LINEAR = {"category": "linear", "symbol": "BTCUSDT", "_multiplier": 1.0}
READ = [
    (bybit.candles, "kline", SPOT),
    (bybit.tickers, "tickers_spot", {"category": "spot"}),
    (bybit.funding, "tickers_linear", {"category": "linear"}),
    (bybit.funding_history, "funding_history", LINEAR),
    (bybit.contracts, "instruments-info", {"category": "linear"}),
    (bybit.interest_history, "open_interest", LINEAR),
    (bybit.ratios, "account_ratio", LINEAR),
]


def read(parse, name, params):
    return parse(answer(f"bybit/{name}.json"), SERVED, params)


@pytest.mark.parametrize(("parse", "name", "params"), READ)
def test_an_answer_half_right_is_refused(parse, name, params):
    whole_or_nothing(parse, f"bybit/{name}", params)


def test_one_contracts_open_interest_half_right_is_refused():
    whole_or_nothing(bybit.interest, "bybit/ticker_linear", LINEAR)


@pytest.mark.parametrize(("parse", "name", "params"), READ)
@pytest.mark.parametrize("rows", [[], {}, None, "x", 5, [[]], [{}], [None]])
def test_no_rows_are_refused(parse, name, params, rows):
    body = answer(f"bybit/{name}.json")
    refuses(parse, {**body, "result": {**body["result"], "list": rows}}, params)
    refuses(parse, rows, params)


@pytest.mark.parametrize(("parse", "name", "params"), READ[:1] + READ[3:4] + READ[5:])
def test_rows_oldest_first_are_refused(parse, name, params):
    body = answer(f"bybit/{name}.json")
    rows = body["result"]["list"][::-1]
    refuses(parse, {**body, "result": {**body["result"], "list": rows}}, params)


@pytest.mark.parametrize(("parse", "name", "params"), READ)
def test_an_error_says_whether_it_is_the_limit(parse, name, params):
    for code, kind in ((10001, "refused"), (10006, "limited")):
        with pytest.raises(Refusal, match="words") as caught:
            parse({"retCode": code, "retMsg": "words", "result": {}, "time": T}, SERVED, params)
        assert (caught.value.kind, caught.value.code) == (kind, code)


@pytest.mark.parametrize(("parse", "name", "params"), READ[:1] + READ[3:4] + READ[5:])
def test_an_answer_about_another_pair_or_kind_is_refused(parse, name, params):
    body = answer(f"bybit/{name}.json")
    refuses(parse, body, {**params, "symbol": "ETHUSDT"})
    if "category" in body["result"]:
        refuses(parse, body, {**params, "category": "inverse"})


def test_candles_are_read_oldest_first():
    found = read(bybit.candles, "kline", SPOT)
    assert found.time.tolist() == [T, T + HOUR, T + 2 * HOUR]
    assert found.table[1:5, 1].tolist() == [17071, 17073, 17027, 17055.5]
    assert found.volume[1] == 15.74462667 and found.quote[1] == 268504.5
    assert isnan(found.trades[0]) and isnan(found.taker_quote[0])
    late = (T + 2 * HOUR) / 1000
    assert len(bybit.candles(answer("bybit/kline.json"), late, SPOT)) == 2


def test_an_inverse_contract_with_its_volume_in_dollars_is_refused():
    body = answer("bybit/kline.json")
    for row in body["result"]["list"]:
        row[5], row[6] = row[6], row[5]
    refuses(bybit.candles, body, SPOT)


def test_tickers_are_read_with_the_change_in_percent():
    found = read(bybit.tickers, "tickers_spot", {"category": "spot"})
    assert found["BTCUSDT"][:4] == (20533.13, 20393.48, 21128.12, 20318.89)
    assert found["BTCUSDT"][4:6] == (11801.27771, 243765620.65899866)
    assert found["BTCUSDT"].change == pytest.approx(0.68, abs=0.01)


def test_pairs_are_read_out_of_tickers_with_the_decimals_shown():
    whole_or_nothing(bybit.pairs, "bybit/tickers_spot", {"category": "spot"})
    body = answer("bybit/tickers_spot.json")
    strange = {**body["result"]["list"][0], "symbol": "BTCXYZ"}
    body["result"]["list"].append(strange)
    assert bybit.pairs(body, SERVED, {"category": "spot"}).pairs == {
        "BTCUSDT": ("BTCUSDT", "BTC", "USDT", 2),
        "SATSUSDT": ("SATSUSDT", "SATS", "USDT", 8),
    }


def test_funding_prices_and_interest_of_perpetuals_come_in_one():
    found = read(bybit.funding, "tickers_linear", {"category": "linear"})
    assert set(found) == {"BTCUSDT", "SHIB1000USDT"}
    assert found["BTCUSDT"] == (-0.001034, T + 8 * HOUR, 16596.0, 16598.54, 8, 373504.107)
    coin = found["SHIB1000USDT"].per_coin(1000)
    assert (coin.mark, coin.interest, coin.hours) == (0.02 / 1000, 5e9, 4)


def test_one_contracts_open_interest_is_read_in_coins():
    body = answer("bybit/ticker_linear.json")
    found = bybit.interest(body, SERVED, {**LINEAR, "_multiplier": 8.0})
    assert found == (T + HOUR + 142, 8 * 373504.107, 6198674159.772)


def test_an_interval_that_is_not_told_is_not_known():
    body = spoiled(
        answer("bybit/tickers_linear.json"), ("result", "list", 0, "fundingIntervalHour")
    )
    assert isnan(bybit.funding(body, SERVED, {"category": "linear"})["BTCUSDT"].hours)


def test_the_hours_between_payments_are_told_of_the_perpetuals_only():
    found = read(bybit.contracts, "instruments-info", {"category": "linear"})
    assert found == {"BTCUSDT": 8, "SHIB1000USDT": 4}
    body = answer("bybit/instruments-info.json")
    for minutes in (0, 30, 1500):
        refuses(
            bybit.contracts,
            spoiled(body, ("result", "list", 0, "fundingInterval"), minutes),
            {"category": "linear"},
        )


def test_a_page_may_be_empty_and_one_of_payments_must_not_be_full():
    nothing = {"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": []}}
    linear = {**LINEAR, "_interval": "1h"}
    assert len(bybit.page(nothing, SERVED, linear)) == 0
    assert len(bybit.payments(nothing, SERVED, LINEAR).time) == 0
    paid = bybit.payments(answer("bybit/funding_history.json"), SERVED, LINEAR)
    assert paid.rate.tolist() == [-0.00021, 0.0001]
    rows = [
        {"symbol": "BTCUSDT", "fundingRate": "0", "fundingRateTimestamp": str(T - i * HOUR)}
        for i in range(200)
    ]
    with pytest.raises(Refusal, match="more payments"):
        bybit.payments({**nothing, "result": {"list": rows}}, SERVED, LINEAR)


def test_what_was_paid_is_read():
    found = read(bybit.funding_history, "funding_history", LINEAR)
    assert found.time.tolist() == [T - 8 * HOUR, T] and found.rate.tolist() == [-0.00021, 0.0001]
    assert isnan(found.mark[0])


def test_open_interest_and_longs_are_read_over_time():
    found = read(bybit.interest_history, "open_interest", {**LINEAR, "_multiplier": 10.0})
    assert found.time.tolist() == [T, T + HOUR] and isnan(found.quote[0])
    assert found.base.tolist() == [4611340000, 4611343840]
    found = read(bybit.ratios, "account_ratio", LINEAR)
    assert found.ratio.tolist() == [1, pytest.approx(0.5777 / 0.4223)]
    assert found.long.tolist() == [0.5, 0.5777] and found.short.tolist() == [0.5, 0.4223]


@pytest.mark.parametrize(
    ("symbol", "interval", "name", "bar"),
    [
        ("BTCUSDT", "1m", "BTCUSDT", "1"),
        ("ETHBTC", "4h", "ETHBTC", "240"),
        ("1000SATSUSDT", "1d", "SATSUSDT", "D"),
        ("BTCUSDT", "1w", "BTCUSDT", "W"),
    ],
)
def test_candles_are_asked_for_in_its_words(symbol, interval, name, bar):
    path, params = bybit.candles_route(symbol, interval).address(0)
    assert path == "/v5/market/kline"
    assert params == {"category": "spot", "symbol": name, "interval": bar, "limit": 1000}


def test_what_the_market_lacks_has_no_route():
    assert bybit.candles_route("BTCUSDT", "8h") is None
    assert bybit.candles_route("BTCXYZ", "1h") is None
    assert bybit.interest_history_route("BTCUSDT", "2h") is None
    assert bybit.ratio_route("BTCUSDT", "1w") is None


def test_routes_of_contracts_name_contract_and_period():
    linear = {"category": "linear"}
    assert bybit.tickers_route().address(0) == ("/v5/market/tickers", {"category": "spot"})
    assert bybit.funding_route().address(0) == ("/v5/market/tickers", linear)
    assert bybit.interest_route("A", 10).address(0)[1] == {**linear, "symbol": "A"}
    asked = bybit.interest_history_route("A", "5m", 10).address(0)[1]
    assert asked == {**linear, "symbol": "A", "intervalTime": "5min", "limit": 200}
    assert bybit.ratio_route("A", "1d").address(0)[1]["period"] == "1d"
    assert bybit.funding_history_route("A").address(0)[0] == "/v5/market/funding/history"
    bars = {**linear, "symbol": "A", "interval": "60", "limit": 1000}
    assert bybit.contract_route("A", "1h").address(0) == ("/v5/market/kline", bars)
    assert bybit.page_route("A", "1h", 5, 9).address(0)[1] == {**bars, "start": 5, "end": 8}
    assert bybit.contract_route("A", "8h") is None and bybit.page_route("A", "8h", 5, 9) is None
    asked = bybit.payments_route("A", 5, 9).address(0)[1]
    assert asked == {**linear, "symbol": "A", "limit": 200, "startTime": 5, "endTime": 8}
