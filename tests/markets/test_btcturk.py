from math import isnan

import pytest

from markets import btcturk
from shapes import Refusal
from tests.markets.answers import answer, spoiled
from tests.markets.exchanges import HOUR, SERVED, T, refuses, whole_or_nothing

CANDLES = {"resolution": 60, "_interval": "1h"}
READ = [
    (btcturk.tickers, "ticker", {}),
    (btcturk.candles, "klines", CANDLES),
]


def read(parse, name, params):
    return parse(answer(f"btcturk/{name}.json"), SERVED, params)


@pytest.mark.parametrize(("parse", "name", "params"), READ)
def test_an_answer_half_right_is_refused(parse, name, params):
    whole_or_nothing(parse, f"btcturk/{name}", params)


@pytest.mark.parametrize(("parse", "name", "params"), READ)
@pytest.mark.parametrize("body", [[], {}, None, "x", 5, [[]], [None]])
def test_no_answer_is_refused(parse, name, params, body):
    refuses(parse, body, params)
    refuses(parse, {"data": body, "success": True, "message": "", "code": 0}, params)
    refuses(parse, {"s": "ok", "t": body}, params)


@pytest.mark.parametrize(("parse", "name", "params"), READ[:1])
def test_a_failure_with_status_200_is_an_error(parse, name, params):
    with pytest.raises(Refusal, match="INVALID_PARAMETERS"):
        parse({"data": None, "success": False, "message": "INVALID_PARAMETERS"}, SERVED, params)


def test_no_candles_is_an_error():
    with pytest.raises(Refusal, match="no_data"):
        btcturk.candles({"s": "no_data", **{key: [] for key in "tohlcv"}}, SERVED, CANDLES)


def test_tickers_in_lira_are_read_without_turnover():
    found = read(btcturk.tickers, "ticker", {})
    assert set(found) == {"BTCTRY", "USDTTRY"}
    row = found["BTCTRY"]
    assert row[:5] == (462485, 456915, 473976, 444201, 22.5) and isnan(row.quote)
    assert row.change == pytest.approx(1.22, abs=0.005)


def test_a_name_that_is_not_its_parts_is_refused():
    wrong = spoiled(answer("btcturk/ticker.json"), ("data", 0, "numeratorSymbol"), "ETH")
    refuses(btcturk.tickers, wrong, {})


def test_columns_become_candles_and_gaps_are_filled():
    found = read(btcturk.candles, "klines", CANDLES)
    assert found.time.tolist() == [T, T + HOUR, T + 2 * HOUR, T + 3 * HOUR]
    assert found.table[1:5, 0].tolist() == [3802189, 3809691, 3787859, 3796125]
    assert found.table[1:5, 2].tolist() == [3761074] * 4
    assert found.volume.tolist() == [0.54581564, 0.61832473, 0, 0.1] and isnan(found.quote[0])


def test_columns_in_reverse_or_of_different_lengths_are_refused():
    body = answer("btcturk/klines.json")
    backward = {key: value[::-1] if key != "s" else value for key, value in body.items()}
    refuses(btcturk.candles, backward, CANDLES)
    for key in "tohlcv":
        refuses(btcturk.candles, {**body, key: body[key][:-1]}, CANDLES)
    refuses(btcturk.candles, {**body, "h": body["l"], "l": body["h"]}, CANDLES)


def test_a_day_is_made_of_the_hours_of_utc():
    hours = range(-5, 50)
    body = {"s": "ok", "t": [T // 1000 + 3600 * i for i in hours]}
    body |= {"o": [10.0] * 55, "h": [12.0] * 55, "l": [9.0] * 55, "c": [11.0] * 55, "v": [1] * 55}
    found = btcturk.candles(body, SERVED, {"resolution": 60, "_interval": "1d"})
    assert found.time.tolist() == [T, T + 24 * HOUR] and found.volume.tolist() == [24, 24]


@pytest.mark.parametrize(
    ("interval", "resolution", "hours"), [("1m", 1, 1000 / 60), ("1h", 60, 1000), ("1d", 60, 2880)]
)
def test_candles_are_asked_for_up_to_now(interval, resolution, hours):
    route = btcturk.candles_route("BTCTRY", interval)
    path, params = route.address(1_795_500_123.7)
    assert path == "/v1/klines/history" and params["resolution"] == resolution
    assert params["to"] == 1_795_500_123 and params["from"] == params["to"] - hours * 3600
    assert not {"from", "to"} & set(route.address()[1])


def test_other_routes():
    assert btcturk.tickers_route().address(0) == ("/api/v2/ticker", {})
    assert btcturk.candles_route("ETHBTC", "1h") is None
    assert btcturk.candles_route("BTCTRY", "1w") is None
