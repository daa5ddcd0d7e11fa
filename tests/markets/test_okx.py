from math import isnan

import pytest

from markets import okx
from shapes import Refusal
from tests.markets.answers import answer, spoiled
from tests.markets.exchanges import HOUR, SERVED, T, refuses, whole_or_nothing

CANDLES = {"_interval": "1h", "_multiplier": 1.0}
SWAP = {"instId": "BTC-USDT-SWAP", "_multiplier": 1.0, "_symbol": "BTCUSDT"}
READ = [
    (okx.candles, "candles", CANDLES),
    (okx.tickers, "tickers", {}),
    (okx.pairs, "tickers", {}),
    (okx.funding, "funding-rate", SWAP),
    (okx.interest, "open-interest", SWAP),
    (okx.interest_history, "open-interest-history", SWAP),
    (okx.ratios, "long-short-account-ratio", {}),
    (okx.taker, "taker-volume", {}),
    (okx.funding_history, "funding-rate-history", SWAP),
]


def read(parse, name, **params):
    return parse(answer(f"okx/{name}.json"), SERVED, {**CANDLES, **SWAP, **params})


@pytest.mark.parametrize(("parse", "name", "params"), READ)
def test_an_answer_half_right_is_refused(parse, name, params):
    whole_or_nothing(parse, f"okx/{name}", params)


@pytest.mark.parametrize(("parse", "name", "params"), READ)
@pytest.mark.parametrize("data", [[], {}, None, "x", 5, [[]], [{}], [None]])
def test_no_data_is_refused(parse, name, params, data):
    refuses(parse, {"code": "0", "msg": "", "data": data}, params)
    refuses(parse, data, params)


@pytest.mark.parametrize(("parse", "name", "params"), READ[:1] + READ[5:])
def test_rows_oldest_first_are_refused(parse, name, params):
    body = answer(f"okx/{name}.json")
    refuses(parse, {**body, "data": body["data"][::-1]}, params)


@pytest.mark.parametrize(("parse", "name", "params"), READ)
def test_an_error_says_whether_it_is_the_limit(parse, name, params):
    for code, kind in (("51001", "refused"), ("50011", "limited")):
        with pytest.raises(Refusal, match="words") as caught:
            parse({"code": code, "msg": "words", "data": []}, SERVED, params)
        assert (caught.value.kind, caught.value.code) == (kind, int(code))


def test_confirmed_candles_are_read_oldest_first():
    found = read(okx.candles, "candles")
    assert found.time.tolist() == [T, T + HOUR]
    assert found.table[1:5, 0].tolist() == [24341.4, 24344, 24313.2, 24313.2]
    assert found.table[1:5, 1].tolist() == [24313.2, 24350, 24310, 24328]
    assert found.volume.tolist() == [62.8, 10] and found.quote.tolist() == [1527925, 243250]
    assert isnan(found.trades[0]) and isnan(found.taker[0])


def test_a_confirmed_candle_that_has_not_closed_is_left_out():
    body = answer("okx/candles.json")
    assert len(okx.candles(body, (T + 2 * HOUR - 1) / 1000, CANDLES)) == 1


def test_an_open_candle_among_closed_ones_is_refused():
    refuses(okx.candles, spoiled(answer("okx/candles.json"), ("data", 2, 8), "0"), CANDLES)


def test_a_swap_with_its_volume_in_contracts_is_refused():
    body = answer("okx/candles.json")
    for row in body["data"]:
        row[5] = str(float(row[5]) * 100)
    refuses(okx.candles, body, CANDLES)


def test_a_swaps_candles_count_coins_not_contracts():
    body = answer("okx/candles.json")
    for row in body["data"]:
        row[5], row[6] = str(float(row[5]) * 100), row[5]
    found = okx.candles(body, SERVED, {**CANDLES, **SWAP, "_volume": 6})
    assert found.volume.tolist() == [62.8, 10] and found.quote.tolist() == [1527925, 243250]
    path, params = okx.contract_route("1000SATSUSDT", "1d").address(0)
    assert (path, params["instId"]) == ("/api/v5/market/candles", "SATS-USDT-SWAP")
    assert okx.contract_route("ETHBTC", "1h") is None and okx.contract_route("A", "1h") is None


def test_days_that_open_in_hong_kong_are_refused():
    body = answer("okx/candles.json")
    for i, row in enumerate(body["data"]):
        row[0] = str(T + 16 * HOUR - i * 24 * HOUR)
    refuses(okx.candles, body, {**CANDLES, "_interval": "1d"})


def test_tickers_are_read_and_change_is_computed():
    found = read(okx.tickers, "tickers")
    assert set(found) == {"ETHBTC", "BTCUSDT"}
    assert found["ETHBTC"][:6] == (0.07319, 0.07801, 0.07975, 0.06019, 167493.829229, 11788.887619)
    assert found["ETHBTC"].change == pytest.approx(100 * (0.07319 / 0.07801 - 1))


def test_pairs_are_read_out_of_tickers_with_the_decimals_shown():
    found = read(okx.pairs, "tickers").pairs
    assert found == {
        "ETHBTC": ("ETHBTC", "ETH", "BTC", 5),
        "BTCUSDT": ("BTCUSDT", "BTC", "USDT", 1),
    }


def test_swaps_among_spot_tickers_are_refused():
    wrong = spoiled(answer("okx/tickers.json"), ("data", 0, "instType"), "SWAP")
    refuses(okx.tickers, wrong, {})


def test_funding_is_read_with_its_interval():
    found = read(okx.funding, "funding-rate")
    assert found["BTCUSDT"][:2] == (0.00027815, T + 8 * HOUR) and found["BTCUSDT"].hours == 8
    body = spoiled(answer("okx/funding-rate.json"), ("data", 0, "nextFundingTime"), "")
    assert isnan(okx.funding(body, SERVED, SWAP)["BTCUSDT"].hours)


def test_payments_are_read_oldest_first():
    found = read(okx.funding_history, "funding-rate-history")
    assert found.time.tolist() == [T - 16 * HOUR, T - 8 * HOUR, T]
    assert found.rate.tolist() == [0.00015, -0.00002, 0.0001] and isnan(found.mark[0])
    paid = spoiled(answer("okx/funding-rate-history.json"), ("data", 0, "realizedRate"), "0.0003")
    assert okx.funding_history(paid, SERVED, SWAP).rate[-1] == 0.0003


@pytest.mark.parametrize(("parse", "name", "params"), [*READ[3:5], READ[-1]])
def test_an_answer_about_another_swap_is_refused(parse, name, params):
    refuses(parse, answer(f"okx/{name}.json"), {**params, "instId": "ETH-USDT-SWAP"})


def test_open_interest_is_read_in_coins_not_contracts():
    assert read(okx.interest, "open-interest") == (T + 969, 21254.19, 1062709500.5)
    assert read(okx.interest, "open-interest", _multiplier=0.5).base == 10627.095
    old = spoiled(answer("okx/open-interest.json"), ("data", 0, "oiUsd"))
    assert isnan(okx.interest(old, SERVED, SWAP).quote)
    found = read(okx.interest_history, "open-interest-history")
    assert found.time.tolist() == [T, T + HOUR] and found.base.tolist() == [27900, 28006.5419]
    assert found.quote.tolist() == [1394000000, 1400327095]


def test_longs_against_shorts_become_shares():
    found = read(okx.ratios, "long-short-account-ratio")
    assert found.ratio.tolist() == pytest.approx([1.6, 0.9398602814619824])
    assert found.long[0] == pytest.approx(1.6 / 2.6) and found.time.tolist() == [T, T + HOUR]


def test_what_takers_sold_comes_before_what_they_bought():
    found = read(okx.taker, "taker-volume")
    assert found.sell.tolist() == [90, 100.5] and found.buy.tolist() == [45, 120.25]


@pytest.mark.parametrize(
    ("symbol", "interval", "name", "bar"),
    [
        ("BTCUSDT", "1m", "BTC-USDT", "1m"),
        ("ETHBTC", "4h", "ETH-BTC", "4H"),
        ("BTCUSDT", "6h", "BTC-USDT", "6Hutc"),
        ("1000SATSUSDT", "1d", "SATS-USDT", "1Dutc"),
        ("1MBABYDOGEUSDT", "1w", "BABYDOGE-USDT", "1Wutc"),
    ],
)
def test_candles_are_asked_for_in_utc(symbol, interval, name, bar):
    path, params = okx.candles_route(symbol, interval).address(0)
    assert path == "/api/v5/market/candles"
    assert params == {"instId": name, "bar": bar, "limit": 300}


def test_a_thousand_coins_cost_a_thousand_times_one():
    params = okx.candles_route("1000SATSUSDT", "1h").params
    found = okx.candles(answer("okx/candles.json"), SERVED, params)
    assert found.close[0] == pytest.approx(24313.2 * 1000)
    assert found.volume[0] == pytest.approx(0.0628) and found.quote[0] == 1527925


def test_what_the_market_lacks_has_no_route():
    assert okx.candles_route("BTCUSDT", "8h") is None
    assert okx.candles_route("BTCXYZ", "1h") is None
    assert okx.funding_route("ETHBTC") is None and okx.interest_route("BTCTRY") is None
    assert okx.interest_history_route("BTCUSDT", "1m") is None
    assert okx.ratio_route("BTCUSDT", "1d") is None and okx.taker_route("ETHBTC", "1h") is None


def test_routes_of_statistics_name_coin_swap_and_period():
    swap = {"instId": "BTC-USDT-SWAP"}
    assert okx.funding_route("BTCUSDT").address(0)[1] == swap
    assert okx.interest_route("BTCUSDT").address(0)[1] == {"instType": "SWAP", **swap}
    asked = okx.interest_history_route("BTCUSDT", "1d").address(0)[1]
    assert asked == {**swap, "period": "1Dutc"}
    assert okx.ratio_route("1000SATSUSDT", "1h").address(0)[1] == {"ccy": "SATS", "period": "1H"}
    assert okx.taker_route("BTCUSDT", "5m").address(0)[1]["instType"] == "CONTRACTS"
