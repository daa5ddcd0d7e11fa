from math import isnan

import pytest

from bot import UserError
from local import bybit
from local.perpetuals import hours_of
from markets import futures

SERIES = ("interest_history", "ratios", "taker", "basis")


def shut(market, clock, *names):
    for name in names:
        market.hosts[name].close("region", clock() + 900)


def test_a_contract_on_a_thousand_coins_comes_out_per_coin(market):
    assert market.perps.contract("BTCUSDT") == ("BTCUSDT", 1.0)
    assert market.perps.contract("PEPEUSDT") == ("1000PEPEUSDT", 1000.0)
    _, funding = market.perps.funding()
    spot = market.tickers().data["PEPEUSDT"].last
    assert funding["PEPEUSDT"].mark == pytest.approx(spot, rel=0.05)


def test_a_coin_without_a_contract_is_refused(market):
    with pytest.raises(UserError, match="no perpetual"):
        market.perps.contract("USDCUSDT")


def test_funding_has_its_hours_eight_unless_told(market):
    _, funding = market.perps.funding()
    assert {row.hours for row in funding.values()} > {8}
    assert all(abs(row.rate) < 0.05 and row.next > 0 for row in funding.values())


@pytest.mark.parametrize("known", [True, False])
def test_hours_that_bybit_leaves_out_come_from_its_instruments_or_are_unknown(
    market, markets, clock, monkeypatch, known
):
    whole = bybit.linear

    def untold(*args):
        row = whole(*args)
        del row["fundingIntervalHour"]
        return row

    monkeypatch.setattr(bybit, "linear", untold)
    if not known:
        monkeypatch.setitem(bybit.Bybit.paths, "/v5/market/instruments-info", (refuse, "address"))
    shut(market, clock, "futures", "futures_data")
    read, funding = market.perps.funding()
    hours = {symbol: row.hours for symbol, row in funding.items()}
    assert read.source == "bybit" and hours
    for symbol, told in hours.items():
        assert told == hours_of(symbol.removesuffix("USDT")) if known else isnan(told)
    assert not known or set(hours.values()) == {4, 8}


def refuse(_venue, query):
    raise bybit.failed(10001, "no", query.now_ms)


def test_candles_of_a_contract_come_per_coin_and_from_others_where_binance_is_shut(market, clock):
    gone = []
    for host, source, count in (
        ((), "", 999),
        (("futures",), "bybit", 999),
        (("bybit",), "okx", 299),
    ):
        gone += host
        shut(market, clock, *gone)
        found = market.perps.candles("PEPEUSDT", "1h")
        assert found.source == source and len(found.data) == count
        spot = market.candles("PEPEUSDT", "1h")
        assert found.close == pytest.approx(spot.close[-count:], rel=0.01)
        clock.now += 3600


def test_the_mapping_is_made_once_for_one_answer(market):
    assert market.perps.funding()[1] is market.perps.funding()[1]


@pytest.mark.parametrize("name", SERIES)
def test_series_are_chronological(market, name):
    read = getattr(market.perps, name)("BTCUSDT", "1h")
    assert len(read.time) > 20 and (read.time[1:] > read.time[:-1]).all() and read.source == ""


@pytest.mark.parametrize("who", ["account", "position"])
def test_top_traders(market, who):
    assert (market.perps.ratios("BTCUSDT", "1h", who).ratio > 0).all()


def test_interest_agrees_with_its_history(market):
    now, past = market.perps.interest("ETHUSDT"), market.perps.interest_history("ETHUSDT", "5m")
    assert now.base == pytest.approx(past.base[-1], rel=0.1)


def test_what_a_contract_traded_in_a_day_is_told_by_binance_only(market, clock):
    shown = market.perps.traded("PEPEUSDT")
    assert shown == market.perps._read(futures.tickers_route()).data["1000PEPEUSDT"].quote > 1e6
    clock.now += 3600
    shut(market, clock, "futures")
    assert isnan(market.perps.traded("PEPEUSDT"))


def test_other_markets_answer_when_binance_futures_is_shut(market, clock):
    shut(market, clock, "futures", "futures_data")
    read, funding = market.perps.funding()
    assert read.source == "bybit" and funding["BTCUSDT"].hours == 8
    assert market.perps.interest("BTCUSDT").source == "okx"
    assert market.perps.interest_history("BTCUSDT", "1h").source == "bybit"
    assert market.perps.ratios("BTCUSDT", "1h").source == "bybit"
    assert market.perps.taker("BTCUSDT", "1h").source == "okx"
    with pytest.raises(UserError, match="451"):
        market.perps.ratios("BTCUSDT", "1h", "account")


def test_a_period_nobody_has_is_refused(market):
    with pytest.raises(UserError, match="period"):
        market.perps.interest_history("BTCUSDT", "7m")
