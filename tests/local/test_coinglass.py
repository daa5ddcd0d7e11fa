import numpy as np
import pytest

from local.coinglass import LIMIT, CoinGlass
from markets import coinglass
from net import GARBAGE
from tests.local.aggregators import BASES, COINS, NOW, ask, get, read, session_of

pytestmark = pytest.mark.slow

URL = BASES["coinglass"]
KEY = {"CG-API-KEY": "x"}


def test_sides_make_the_total_and_longer_spans_hold_shorter_ones():
    found = read(CoinGlass, coinglass.liquidations_route())
    assert len(found) > 150 and next(iter(found)) in ("BTC", "ETH") and "USDC" not in found
    for coin in found.values():
        for side in (coin.longs, coin.shorts):
            amounts = [side[span] for span in coinglass.SPANS]
            assert amounts[0] > 0 and amounts == sorted(amounts)


def test_an_hour_of_falling_costs_longs_more():
    last = NOW // 3600
    hours = np.arange(last - 300, last)
    closes = COINS.closes("BTC", hours)
    moves = dict(zip(hours[1:].tolist(), np.diff(np.log(closes)).tolist(), strict=True))
    large = [hour for hour, move in moves.items() if abs(move) > 0.015]
    assert len({moves[hour] > 0 for hour in large}) == 2
    for hour in large:
        now = (hour + 1) * 3600 + 5
        coin = read(CoinGlass, coinglass.liquidations_route(), now)["BTC"]
        assert (coin.longs["1h"] > coin.shorts["1h"]) == (moves[hour] < 0)


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        ("/api/futures/liquidation/coin-list?exchange=Binance", {}, "401"),
        ("/api/futures/liquidation/coin-list", KEY, "400"),
        ("/api/etf/doge/flow-history", KEY, "404"),
        ("/none", KEY, "404"),
    ],
)
def test_errors_come_with_status_200(path, headers, code):
    status, body = get(CoinGlass, URL + path, headers=headers)
    assert (status, body["code"]) == (200, code) and body["msg"] and "data" not in body


def test_the_translator_refuses_what_came_without_a_key():
    route = coinglass.liquidations_route()
    with pytest.raises(GARBAGE, match="401"):
        route.read(ask(CoinGlass, route, key=""), NOW)


def test_too_many_calls_a_minute_are_told():
    session = session_of(CoinGlass)
    codes = [session.get(f"{URL}/x", headers=KEY).json()["code"] for _ in range(LIMIT + 1)]
    assert codes == ["404"] * LIMIT + ["429"]
