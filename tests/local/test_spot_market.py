"""local/spot_market.py: what orders meet is what the public mock tells."""

from decimal import Decimal

import pytest

from local.spot_market import LONG

pytestmark = pytest.mark.slow


@pytest.fixture
def street(desk):
    return desk.exchange.engine.market


def public(desk, path, **params):
    query = "&".join(f"{name}={value}" for name, value in params.items())
    return desk.raw("GET", f"/api/v3/{path}", query).body


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHBTC", "PEPEUSDT", "BTCTRY"])
def test_book_mean_and_last_are_the_public_ones(desk, street, symbol):
    depth = public(desk, "depth", symbol=symbol, limit=1000)
    for side, name in (("BUY", "asks"), ("SELL", "bids")):
        rows = [[Decimal(price), Decimal(amount)] for price, amount in depth[name]]
        assert [list(row) for row in street.book(symbol, side, desk.now_ms)] == rows
    mean = public(desk, "avgPrice", symbol=symbol)["price"]
    assert street.mean(symbol, desk.now_ms) == Decimal(mean)
    last = public(desk, "ticker/price", symbol=symbol)["price"]
    assert street.last(symbol, desk.now_ms) == Decimal(last)


def test_what_is_not_listed_has_no_rules(desk, street):
    assert street.info("NOPE", desk.now_ms) is None
    assert street.info("BTCUSDT", 0) is None
    assert street.info("BTCUSDT", desk.now_ms)["status"] == "TRADING"


def test_one_asset_in_another(desk, street):
    assert street.price_in("BNB", "BNB", desk.now_ms) == 1
    assert street.price_in("SOL", "BNB", desk.now_ms) == street.last("SOLBNB", desk.now_ms)
    assert street.price_in("USDT", "BNB", desk.now_ms) == 1 / street.last("BNBUSDT", desk.now_ms)
    assert (
        street.price_in("TRY", "BNB", desk.now_ms) == 1 / street.last("BNBTRY", desk.now_ms)
        if (street.info("BNBTRY", desk.now_ms))
        else None
    )
    assert street.price_in("PEPE", "BNB", desk.now_ms) is None


def test_a_short_way_is_every_second_of_the_candles(desk, street):
    since = desk.now_ms - 20_000
    points = list(street.points("BTCUSDT", since, desk.now_ms, lambda *_: False))
    asked = {"symbol": "BTCUSDT", "interval": "1s", "startTime": since + 1, "limit": 1000}
    bars = public(desk, "klines", **asked)
    assert len(points) == 4 * len(bars) == 80
    for i, bar in enumerate(bars):
        four = points[4 * i : 4 * i + 4]
        assert {point.at for point in four} == {bar[0]}
        assert sorted(p.price for p in four[1:3]) == [Decimal(bar[3]), Decimal(bar[2])]
        assert [four[0].price, four[3].price] == [Decimal(bar[1]), Decimal(bar[4])]


def test_of_a_long_way_only_wanted_minutes_are_told(desk, street):
    since = desk.now_ms - 7_200_000 - 17_000
    asked = []

    def lowest(low, high):
        asked.append((low, high))
        return len(asked) == 3

    points = list(street.points("BTCUSDT", since, desk.now_ms, lowest))
    times = sorted({point.at // 1000 for point in points})
    ends = 60 - since // 1000 % 60 - 1, desk.now_ms // 1000 % 60 + 1
    assert len(times) == 60 + sum(ends) and len(asked) == 120
    low, high = asked[2]
    head = since // 60_000 + 1 + 2
    minute = [point.price for point in points if point.at // 60_000 == head]
    assert (min(minute), max(minute)) == (low, high)
    whole = list(street.points("BTCUSDT", since, desk.now_ms, lambda *_: True))
    assert len(whole) == 4 * (7217) and LONG < 7217


def test_nothing_lies_between_an_instant_and_itself(desk, street):
    assert not list(street.points("BTCUSDT", desk.now_ms, desk.now_ms, lambda *_: True))
