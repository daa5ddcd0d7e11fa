"""One price process behind every market: what they say of a coin at one instant agrees."""

import pytest

from markets import btcturk, bybit, coinbase, coingecko, coinmarketcap, kraken, okx

COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "LINK")
ELSEWHERE = {"okx": okx, "bybit": bybit, "kraken": kraken, "coinbase": coinbase}


@pytest.fixture
def binance(market):
    return {base: market.tickers().data[f"{base}USDT"].last for base in COINS}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_other_exchanges_are_a_few_basis_points_off(market, binance, name):
    there = market.read(ELSEWHERE[name].tickers_route()).data
    listed = [base for base in COINS if f"{base}USDT" in there]
    assert {"BTC", "ETH"} <= set(listed)
    for base in listed:
        assert there[f"{base}USDT"].last == pytest.approx(binance[base], rel=1e-3)


@pytest.mark.parametrize(
    "route", [coingecko.rows_route(), coinmarketcap.rows_routes(False)[0]], ids=["gecko", "cmc"]
)
def test_aggregators_tell_the_price_of_the_minute(market, binance, route):
    prices = {row.symbol: row.price for row in market.read(route).data}
    for base in COINS:
        assert prices[base] == pytest.approx(binance[base], rel=5e-3)


def test_lira_prices_are_the_dollar_prices_at_the_dollars_rate(market, binance):
    turkish, ours = market.read(btcturk.tickers_route()).data, market.tickers().data
    for base in COINS:
        lira = ours[f"{base}TRY"].last
        assert lira == pytest.approx(binance[base] * ours["USDTTRY"].last, rel=3e-3)
        assert turkish[f"{base}TRY"].last == pytest.approx(lira, rel=1e-3)
    coin = market.read(coingecko.coin_route("bitcoin"))
    assert coin.lira == pytest.approx(ours["BTCTRY"].last, rel=6e-3)


def test_coins_and_candles_of_the_markets_move_together(market):
    here = market.candles("BTCUSDT", "1h")
    for name in ("okx", "bybit"):
        there = market.read(ELSEWHERE[name].candles_route("BTCUSDT", "1h"))
        last = dict(zip(there.time, there.close, strict=True))
        pairs = [(last[t], c) for t, c in zip(here.time, here.close, strict=True) if t in last]
        assert len(pairs) > 200
        assert all(theirs == pytest.approx(ours, rel=1e-3) for theirs, ours in pairs)


def test_both_aggregators_count_the_same_market(market):
    gecko, other = (
        market.read(coingecko.global_route()),
        market.read(*coinmarketcap.shares_routes(False)),
    )
    assert gecko.shares["BTC"] == pytest.approx(other.shares["BTC"], abs=2)
    assert gecko.change == pytest.approx(other.change, abs=0.5)
