import numpy as np
import pytest

from local.futures import LIMIT, Futures
from markets import futures
from markets.names import contract
from tests.local.exchanges import NOW, TAPE, Exchange, cases, same_candles, same_tickers

SYMBOLS = ["BTCUSDT", "PEPEUSDT", "1000SATSUSDT"]
DATA = "/futures/data/"


@pytest.fixture
def exchange():
    return Exchange(Futures)


def name_of(exchange, symbol):
    return contract(symbol, exchange.venue.listings)


def test_the_lists_agree_and_name_other_contracts_too(exchange):
    pairs = exchange.read(futures.exchange_route()).pairs
    paid = exchange.read(futures.funding_route())
    assert set(pairs) == set(paid) == set(exchange.read(futures.tickers_route()))
    assert "1000PEPEUSDT" in pairs and "PEPEUSDT" not in pairs
    for path in ("fapi/v1/premiumIndex", "fapi/v1/ticker/24hr"):
        told = {row["symbol"] for row in exchange.get(f"/{path}")[1]}
        assert told - set(pairs) == {"BTCUSDT_261225", "BTCUSD_PERP"}
    assert set(exchange.read(futures.hours_route())) < set(pairs)


def test_funding_has_a_mark_near_the_index_which_is_the_spot_price(exchange):
    found = exchange.read(futures.funding_route())
    hours = exchange.read(futures.hours_route())
    for symbol in SYMBOLS:
        name, multiplier = name_of(exchange, symbol)
        row = found[name].per_coin(multiplier)
        assert row.index == pytest.approx(TAPE.last([symbol], NOW * 1000)[0], rel=1e-3)
        assert abs(row.mark / row.index - 1) < 0.002 and abs(row.rate) <= 0.003
        step = hours.get(name, 8) * 3_600_000
        assert row.next % step == 0 and 0 < row.next - NOW * 1000 <= step


@pytest.mark.parametrize(
    ("symbol", "interval"), cases(*SYMBOLS, intervals=("15m", "1h", "4h", "1d"))
)
def test_candles_are_the_tapes_per_coin(exchange, symbol, interval):
    name, multiplier = name_of(exchange, symbol)
    found = exchange.read(futures.candles_route(name, interval, multiplier))
    same_candles(found, symbol, interval, tick=10.0 ** -TAPE.pairs[symbol].digits)
    assert (found.taker <= found.volume * (1 + 1e-9)).all() and (found.trades >= 0).all()


def test_pages_hold_the_same_bars_and_payments(exchange):
    name, count = name_of(exchange, "PEPEUSDT")
    found = exchange.read(futures.candles_route(name, "1h", count))
    start, end = int(found.time[20]), int(found.time[60])
    page = exchange.read(futures.page_route(name, "1h", start, end, count))
    assert np.array_equal(page.table, found.table[:, 20:60], equal_nan=True)
    assert len(exchange.read(futures.page_route(name, "1h", 10**12, 10**12 + 9, count))) == 0
    paid = exchange.read(futures.funding_history_route(name))
    start, end = int(paid.time[9]), int(paid.time[20])
    part = exchange.read(futures.payments_route(name, start, end))
    assert part.time.tolist() == paid.time[9:20].tolist()
    assert part.rate.tolist() == paid.rate[9:20].tolist()


def test_tickers_are_the_tapes(exchange):
    found = exchange.read(futures.tickers_route())
    same_tickers({name: row for name, row in found.items() if name in TAPE.pairs})


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("at", [NOW, NOW // 14400 * 14400, NOW // 300 * 300 + 299])
def test_the_last_point_of_a_history_is_what_was_current_then(exchange, symbol, at):
    name, multiplier = name_of(exchange, symbol)
    exchange.now = at
    points = exchange.read(futures.interest_history_route(name, "5m", multiplier))
    paid = exchange.read(futures.funding_history_route(name))
    assert 0 <= at * 1000 - points.time[-1] < 300_000
    exchange.now = points.time[-1] / 1000
    now = exchange.read(futures.interest_route(name, multiplier))
    assert now.base == pytest.approx(points.base[-1], rel=1e-6)
    exchange.now = paid.time[-1] / 1000
    assert exchange.read(futures.funding_route())[name].rate == paid.rate[-1]


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_statistics_agree_between_periods_and_with_the_spot_price(exchange, symbol):
    name, multiplier = name_of(exchange, symbol)
    fine = exchange.read(futures.interest_history_route(name, "1h", multiplier))
    coarse = exchange.read(futures.interest_history_route(name, "4h", multiplier))
    inside = np.isin(fine.time, coarse.time)
    assert fine.base[inside] == pytest.approx(coarse.base[-inside.sum() :])
    basis = exchange.read(futures.basis_route(name, "1h", multiplier))
    spot = fine.quote[-len(basis.time) :] / fine.base[-len(basis.time) :]
    assert basis.index == pytest.approx(spot, rel=1e-4) and np.abs(basis.rate).max() < 0.002
    flow = exchange.read(futures.taker_route(name, "1h", multiplier))
    bars = exchange.read(futures.candles_route(name, "1h", multiplier))
    volume = (flow.buy + flow.sell)[np.isin(flow.time, bars.time)]
    assert volume == pytest.approx(bars.volume[-len(volume) :], rel=1e-3)


@pytest.mark.parametrize("who", ["global", "account", "position"])
@pytest.mark.parametrize("period", ["5m", "1d"])
def test_ratios_are_told_for_a_month(exchange, who, period):
    found = exchange.read(futures.ratio_route("BTCUSDT", period, who))
    assert 29 <= len(found.time) <= 500
    assert found.time[-1] > (NOW - 86400) * 1000 > 0 and found.time[0] > (NOW - 31 * 86400) * 1000


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/fapi/v1/klines?symbol=NOPE&interval=1h", -1121),
        ("/fapi/v1/klines?interval=1h", -1102),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1s", -1120),
        ("/fapi/v1/openInterest?symbol=PEPEUSDT", -1121),
        ("/fapi/v1/fundingRate?symbol=NOPE", -1121),
        (DATA + "openInterestHist?symbol=BTCUSDT&period=3m", -1130),
    ],
)
def test_errors_have_binances_codes(exchange, path, code):
    status, body, _ = exchange.get(path)
    assert (status, body["code"]) == (400, code) and body["msg"]


@pytest.mark.parametrize(
    "path",
    [
        "openInterestHist?symbol=NOPE&period=1h",
        "globalLongShortAccountRatio?symbol=NOPE&period=1h",
        "takerlongshortRatio?symbol=NOPE&period=1h",
        "basis?pair=NOPE&period=1h&contractType=PERPETUAL",
    ],
)
def test_statistics_of_an_unknown_contract_are_empty(exchange, path):
    assert exchange.get(DATA + path)[:2] == (200, [])


def test_weight_is_counted_and_too_much_is_refused_until_the_minute_ends(exchange):
    used = exchange.get("/fapi/v1/premiumIndex")[2]["X-MBX-USED-WEIGHT-1M"]
    assert used == "10"
    exchange.venue._weigh(LIMIT - 60, NOW // 60)
    assert exchange.get("/fapi/v1/ticker/24hr")[0] == 200
    status, body, headers = exchange.get("/fapi/v1/ticker/24hr")
    assert (status, body["code"], headers["Retry-After"]) == (429, -1003, str(60 - NOW % 60))
    exchange.now += 60
    assert exchange.get("/fapi/v1/ticker/24hr")[0] == 200


def test_a_thousand_statistics_in_five_minutes_are_enough(exchange):
    path = DATA + "globalLongShortAccountRatio?symbol=NOPE&period=1h"
    quota = exchange.venue._quotas["data"]
    assert [quota.wait(NOW) for _ in range(1000)] == [0] * 1000
    status, _, headers = exchange.get(path)
    assert status == 429 and headers["Retry-After"] == "300"
    exchange.now += 300
    assert exchange.get(path)[0] == 200
