"""rulebook.py: a symbol's rules and mean price, from the exchange's own words."""

from dataclasses import replace
from decimal import Decimal

import pytest

import rulebook
from bot import UserError
from markets import binance

D = Decimal


def test_the_rules_are_those_the_exchange_tells(market):
    rules = rulebook.rules(market, "BTCUSDT")
    assert (rules.base, rules.quote, rules.tick, rules.step) == (
        "BTC",
        "USDT",
        D("0.01"),
        D("0.00001"),
    )
    assert rules.market_step == 0 and rules.worth == (D(5), D(9000000))
    assert rules.buy_factors == (D("0.2"), D(5)) and rules.most_orders == 200
    assert rules.trails == (10, 2000) and rules.oco and "STOP_LOSS_LIMIT" in rules.types
    assert market.door.stats.live == 1
    assert rulebook.rules(market, "BTCUSDT") == rules and market.door.stats.live == 1


def test_the_mean_is_near_the_price_and_never_old(market, monkeypatch):
    last = market.tickers().data["BTCUSDT"].last
    assert abs(float(rulebook.mean(market, "BTCUSDT")) / last - 1) < 0.02
    old = replace(
        market.read(rulebook.Route(rulebook.NAMED["mean"], {"symbol": "BTCUSDT"})), stale=True
    )
    monkeypatch.setattr(market, "read", lambda *_: old)
    with pytest.raises(UserError, match="stale"):
        rulebook.mean(market, "BTCUSDT")


@pytest.mark.parametrize("words", ["-1", "NaN", "Infinity", "1e999999", "1e-400", "x", 5, None])
def test_a_bound_that_is_no_number_is_refused(words):
    with pytest.raises((ValueError, ArithmeticError)):
        binance.exact(words)
