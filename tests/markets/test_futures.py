from math import isnan

import pytest

from markets import futures
from shapes import Refusal
from tests.markets.answers import answer, spoiled
from tests.markets.exchanges import HOUR, SERVED, T, refuses, whole_or_nothing

BTC = {"symbol": "BTCUSDT"}
READ = [
    (futures.funding, "premiumIndex", {}),
    (futures.hours, "fundingInfo", {}),
    (futures.history, "fundingRate", BTC),
    (futures.interest, "openInterest", BTC),
    (futures.interest_history, "openInterestHist", BTC),
    (futures.ratios, "globalLongShortAccountRatio", BTC),
    (futures.taker, "takerlongshortRatio", {}),
    (futures.basis, "basis", {"pair": "BTCUSDT"}),
    (futures.candles, "klines", {}),
    (futures.tickers, "ticker_24hr", {}),
    (futures.exchange, "exchangeInfo", {}),
]


def read(parse, name, **params):
    return parse(answer(f"futures/{name}.json"), SERVED, {**BTC, **params})


@pytest.mark.parametrize(("parse", "name", "params"), READ)
def test_an_answer_half_right_is_refused(parse, name, params):
    whole_or_nothing(parse, f"futures/{name}", params)


@pytest.mark.parametrize(("parse", "name", "params"), READ)
@pytest.mark.parametrize("body", [[], {}, None, "x", 5, [[]], [{}], [None], {"code": -1121}])
def test_no_answer_is_refused(parse, name, params, body):
    refuses(parse, body, params)


@pytest.mark.parametrize(("parse", "name", "params"), READ[2:3] + READ[4:9])
def test_rows_in_reverse_are_refused(parse, name, params):
    refuses(parse, answer(f"futures/{name}.json")[::-1], params)


@pytest.mark.parametrize(("parse", "name"), [(row[0], row[1]) for row in READ[2:6]])
def test_an_answer_about_another_contract_is_refused(parse, name):
    refuses(parse, answer(f"futures/{name}.json"), {"symbol": "ETHUSDT"})


def test_funding_of_the_usdt_perpetuals_is_read():
    found = read(futures.funding, "premiumIndex")
    assert set(found) == {"BTCUSDT", "1000PEPEUSDT"}
    row = found["BTCUSDT"]
    assert row[:4] == (0.00038246, T + 8 * HOUR, 50024.11130662, 50020.67071104)
    assert isnan(row.hours) and isnan(row.interest)
    coin = found["1000PEPEUSDT"].per_coin(1000)
    assert (coin.rate, coin.mark, coin.index) == (-0.000215, 0.01178 / 1000, 0.011791 / 1000)


def test_a_rate_in_percent_by_mistake_is_refused():
    body = answer("futures/premiumIndex.json")
    refuses(futures.funding, spoiled(body, (0, "lastFundingRate"), "38.2"), {})


def test_hours_between_payments_are_read():
    assert read(futures.hours, "fundingInfo") == {"BLZUSDT": 8, "1000PEPEUSDT": 4}


def test_what_was_paid_is_read_and_an_old_row_has_no_mark():
    found = read(futures.history, "fundingRate")
    assert found.time.tolist() == [T - 16 * HOUR, T - 8 * HOUR + 3, T]
    assert found.rate.tolist() == [-0.0375, 0.0001, 0.00038246]
    assert isnan(found.mark[0]) and found.mark[1:].tolist() == [49287.54619963, 49902.1]


def test_open_interest_is_read_in_coins():
    assert read(futures.interest, "openInterest")[:2] == (T + HOUR + 530, 10659.509)
    assert read(futures.interest, "openInterest", _multiplier=1000.0).base == 10659509
    found = read(futures.interest_history, "openInterestHist", _multiplier=10.0)
    assert found.time.tolist() == [T, T + HOUR, T + 2 * HOUR]
    assert found.base[0] == pytest.approx(204031.2345678)
    assert found.quote[0] == pytest.approx(20403.12345678 * 50000)


def test_longs_against_shorts_are_read():
    found = read(futures.ratios, "globalLongShortAccountRatio")
    assert found.time.tolist() == [T, T + HOUR] and found.ratio.tolist() == [1.8106, 1.4341]
    assert found.long.tolist() == [0.6442, 0.5891] and found.short.tolist() == [0.3558, 0.4108]


def test_sides_in_disorder_are_refused():
    body = answer("futures/globalLongShortAccountRatio.json")
    swapped = spoiled(spoiled(body, (0, "longAccount"), "0.3558"), (0, "shortAccount"), "0.6442")
    refuses(futures.ratios, swapped, BTC)
    refuses(futures.ratios, spoiled(body, (0, "longAccount"), "0.9"), BTC)


def test_what_takers_bought_and_sold_is_read():
    found = read(futures.taker, "takerlongshortRatio", _multiplier=8.0)
    assert found.buy.tolist() == [8 * 387.33, 640] and found.sell.tolist() == [8 * 248.503, 800]
    wrong = spoiled(answer("futures/takerlongshortRatio.json"), (0, "buyVol"), "99")
    refuses(futures.taker, wrong, {})


def test_basis_is_read_and_must_fit_its_prices():
    found = read(futures.basis, "basis", pair="BTCUSDT")
    assert found.price.tolist() == [50414.1, 50049.9]
    assert found.index.tolist() == [50400.15945055, 50100]
    assert found.rate.tolist() == pytest.approx([13.94054945 / 50400.15945055, -0.001])
    wrong = spoiled(answer("futures/basis.json"), (1, "basisRate"), "0.0100")
    refuses(futures.basis, wrong, {"pair": "BTCUSDT"})
    refuses(futures.basis, answer("futures/basis.json"), {"pair": "ETHUSDT"})


def test_candles_come_out_per_coin():
    found = read(futures.candles, "klines", _multiplier=1000.0)
    assert found.time.tolist() == [T, T + HOUR]
    assert found.close == pytest.approx([0.0117 / 1000, 0.01165 / 1000])
    assert found.volume.tolist() == [1e9, 4e8] and found.taker.tolist() == [6e8, 1.5e8]
    assert found.quote.tolist() == [11680, 4672] and found.trades.tolist() == [308, 101]
    assert len(futures.candles(answer("futures/klines.json"), (T + HOUR + 1) / 1000, BTC)) == 1


def test_a_page_may_be_empty_and_one_of_payments_must_not_be_full():
    assert len(futures.page([], SERVED, BTC)) == 0 and len(read(futures.page, "klines")) == 2
    assert len(futures.payments([], SERVED, BTC).time) == 0
    paid = read(futures.payments, "fundingRate")
    assert paid.rate.tolist() == [-0.0375, 0.0001, 0.00038246]
    row = answer("futures/fundingRate.json")[-1]
    rows = [{**row, "fundingTime": T + i * HOUR} for i in range(1000)]
    assert len(futures.payments(rows[:999], SERVED, BTC).time) == 999
    with pytest.raises(Refusal, match="more payments"):
        futures.payments(rows, SERVED, BTC)


def test_pages_are_asked_for_by_their_times():
    asked = futures.page_route("A", "1h", 5, 9, 1000.0).address(0)[1]
    assert asked == {"symbol": "A", "interval": "1h", "limit": 1000, "startTime": 5, "endTime": 8}
    asked = futures.payments_route("A", 5, 9).address(0)[1]
    assert asked == {"symbol": "A", "limit": 1000, "startTime": 5, "endTime": 8}
    assert futures.page_route("A", "2m", 5, 9) is None


def test_tickers_and_contracts_are_those_of_the_usdt_perpetuals():
    found = read(futures.tickers, "ticker_24hr")
    assert set(found) == {"BTCUSDT", "1000PEPEUSDT"}
    assert found["BTCUSDT"].change == pytest.approx(100 * (50020.5 / 48050 - 1))
    pairs = read(futures.exchange, "exchangeInfo").pairs
    assert pairs["BTCUSDT"] == ("BTCUSDT", "BTC", "USDT", 1)
    assert pairs["1000PEPEUSDT"].digits == 7 and len(pairs) == 2


def test_routes_name_the_documented_paths_and_weigh_what_they_cost():
    routes = {
        "/fapi/v1/premiumIndex": (futures.funding_route(), 10),
        "/fapi/v1/fundingRate": (futures.funding_history_route("A"), 24),
        "/fapi/v1/openInterest": (futures.interest_route("A"), 1),
        "/fapi/v1/klines": (futures.candles_route("A", "1h"), 5),
        "/fapi/v1/ticker/24hr": (futures.tickers_route(), 40),
        "/futures/data/openInterestHist": (futures.interest_history_route("A", "1h"), 1),
        "/futures/data/globalLongShortAccountRatio": (futures.ratio_route("A", "1h"), 1),
        "/futures/data/topLongShortAccountRatio": (futures.ratio_route("A", "1h", "account"), 1),
        "/futures/data/topLongShortPositionRatio": (futures.ratio_route("A", "1h", "position"), 1),
        "/futures/data/takerlongshortRatio": (futures.taker_route("A", "1h"), 1),
        "/futures/data/basis": (futures.basis_route("A", "1h"), 1),
    }
    for path, (route, weight) in routes.items():
        assert route.address(0)[0] == path
        assert route.endpoint.weight(route.params) == weight
        assert not [name for name in route.address(0)[1] if name.startswith("_")]
    assert {route.endpoint.hosts[0] for route, _ in routes.values()} == set(futures.HOSTS)


@pytest.mark.parametrize(("bars", "weight"), [(99, 1), (100, 2), (499, 2), (500, 5), (1500, 10)])
def test_candles_weigh_by_their_number(bars, weight):
    assert futures.klines_weight({"limit": bars}) == weight


@pytest.mark.parametrize("period", ["1m", "3m", "8h", "1w", "", "1H"])
def test_a_period_without_statistics_has_no_route(period):
    assert futures.interest_history_route("A", period) is None
    assert futures.basis_route("A", period) is None
    assert futures.candles_route("A", "2m") is None
