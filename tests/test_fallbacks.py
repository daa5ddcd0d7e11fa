"""The commands when markets fall away one after another, down to an empty store."""

import math

import pytest

from local.faults import Faulty
from local.world import open_markets
from sources import ELSEWHERE

BINANCE = ("api.binance.com", "data-api.binance.vision", "fapi.binance.com")
OTHERS = ("www.okx.com", "api.bybit.com", "kraken.com", "coinbase.com")
LINES = ("/t btc", "/p btc eth", "/io btc", "/oi btc", "/fr btc")


@pytest.fixture
def markets(clock):
    return Faulty(open_markets(clock), clock, clock.sleep)


def shut(markets, *names, kind="451"):
    for name in names:
        markets.on(name, kind)


def asked(markets, name):
    return [url for _, url in markets.seen if name in url]


@pytest.mark.parametrize("kind", ["451", "403"])
@pytest.mark.parametrize("line", ["/t btc", "/p", "/p10", "/io btc"])
def test_the_mirror_answers_for_a_host_that_is_closed(say, market, markets, clock, line, kind):
    shut(markets, "api.binance.com", kind=kind)
    *_, reply = say(line)
    assert not reply.failed, reply.text
    assert "Kaynak: Binance Vision" in reply.text
    assert len(asked(markets, "//api.binance.com")) == 1
    say("/t eth")
    say("/p")
    assert len(asked(markets, "//api.binance.com")) == 1
    markets.off()
    clock.now = market.hosts["binance"].until
    market.tickers()
    assert market.hosts["binance"].state == "ok"
    (reply,) = say("/p")
    assert "Kaynak" not in reply.text


@pytest.mark.parametrize("last", range(4))
@pytest.mark.parametrize("line", ["/t btc", "/p btc eth", "/pv 5", "/io btc"])
def test_any_one_other_market_answers_when_the_rest_is_gone(say, markets, last, line):
    shut(markets, *BINANCE, *(name for i, name in enumerate(OTHERS) if i != last))
    *_, reply = say(line)
    assert not reply.failed, reply.text
    assert f"Kaynak: {('OKX', 'Bybit', 'Kraken', 'Coinbase')[last]}" in reply.text
    assert "nan" not in reply.text.lower()


@pytest.mark.parametrize("line", LINES)
def test_with_all_gone_the_store_answers_with_its_age(say, market, markets, clock, line):
    first = [reply.text.splitlines()[0] for reply in say(line)]
    clock.now += 2 * 3600
    shut(markets, *BINANCE, *OTHERS)
    *_, reply = say(line)
    assert not reply.failed and "⏳ Veri 2 sa önceden" in reply.text
    assert reply.text.splitlines()[0].split()[1] == first[-1].split()[1]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("lang", ["tr", "en"])
def test_with_an_empty_store_there_is_a_sentence(say, markets, line, lang):
    shut(markets, *BINANCE, *OTHERS)
    *_, reply = say(line, lang=lang)
    assert reply.failed == 1 and "451" in reply.text
    assert ("bölge" if lang == "tr" else "region") in reply.text


def test_a_change_that_is_not_told_is_unknown_and_no_ranking_is_made_of_it(say, markets):
    shut(markets, *BINANCE, "www.okx.com", "api.bybit.com", "coinbase.com")
    (reply,) = say("/p btc eth")
    assert "1. BTC: ✖️ — | $" in reply.text and "değişimi söylemiyor" in reply.text
    (reply,) = say("/pg 5")
    assert reply.failed == 1


def test_a_turnover_that_is_not_told_is_unknown_but_ranks(say, markets):
    shut(markets, *BINANCE, *OTHERS[:3])
    (reply,) = say("/pv 3", lang="en")
    assert "1. BTC: " in reply.text and reply.text.count(" | — | ") == 3


def test_a_whole_market_read_elsewhere_has_a_universe(market, markets):
    shut(markets, *BINANCE)
    assert len(market.top(100)) == 100 and "BTCUSDT" in market.top(5)
    assert not {"USDCUSDT", "FDUSDUSDT"} & set(market.universe())
    panel = market.panel(market.top(20), "1h", 200)
    assert len(panel.reads) == 20 and {read.source for read in panel.reads.values()} == {"okx"}


def test_the_last_list_of_the_first_market_is_worth_more_than_anothers(market, markets, clock):
    known = set(market.universe())
    clock.now += 5 * 86400
    shut(markets, *BINANCE)
    assert set(market.universe()) == known and market.exchange().stale


def test_a_coin_only_the_first_market_has_is_said_to_be_so(say, market, markets):
    listed = [market.read(way.exchange_route()).pairs for way in ELSEWHERE]
    symbols = sorted(market.universe())
    alone = next(s.removesuffix("USDT") for s in symbols if not any(s in row for row in listed))
    shut(markets, *BINANCE)
    (reply,) = say(f"/t {alone}", lang="en")
    assert reply.failed == 1 and "451" in reply.text
    assert "Nor is it on OKX, Bybit, Kraken, Coinbase." in reply.text
    (reply,) = say(f"/t btc {alone}")
    assert "BTC: α=" in reply.text and f"Verisi yok: {alone}" in reply.text
    (reply,) = say(f"/p btc {alone}")
    assert "1. BTC: " in reply.text and f"Verisi yok: {alone}" in reply.text
    (reply,) = say(f"/p {alone}")
    assert reply.failed == 1 and f"Verisi yok: {alone}" in reply.text


def test_a_coin_unknown_elsewhere_is_not_called_unknown(say, markets):
    shut(markets, *BINANCE)
    (reply,) = say("/t nosuch", lang="en")
    assert reply.failed == 1
    assert "Binance cannot be reached, and OKX does not list “nosuch”." in reply.text


def test_candles_change_their_source_as_a_whole(market, markets, clock):
    ours = market.candles("BTCUSDT", "1h")
    shut(markets, *BINANCE)
    clock.now += 3600
    theirs = market.candles("BTCUSDT", "1h")
    assert theirs.source == "okx" and math.isnan(theirs.taker[-1])
    assert theirs.data.table.base is not ours.data.table.base
    markets.off()
    clock.now += 3600
    again = market.candles("BTCUSDT", "1h")
    assert again.source == "" and not any(map(math.isnan, again.taker))


@pytest.mark.parametrize(("kind", "wait"), [("429", 30), ("418", 120)])
def test_a_limit_is_kept_to_the_second_and_others_answer_meanwhile(
    say, market, markets, clock, kind, wait
):
    market.exchange()
    begun = clock.now
    markets.on("//api.binance.com", kind, retry_after=wait)
    assert market.tickers().source == "binance_data"
    assert market.hosts["binance"].until == begun + wait
    markets.off()
    before = len(asked(markets, "//api.binance.com"))
    clock.now = begun + wait - 0.5
    market.tickers(), market.candles("BTCUSDT", "1h")
    assert len(asked(markets, "//api.binance.com")) == before
    clock.now = begun + wait
    market.candles("ETHUSDT", "1h")
    assert len(asked(markets, "//api.binance.com")) == before + 1


def test_a_lira_pairs_candles_come_from_btcturk_where_nobody_else_answers(say, market, markets):
    market.exchange(), market.tickers()
    ours = market.candles("BTCTRY", "4h").close
    shut(markets, *BINANCE, *OTHERS)
    theirs = market.candles("BTCTRY", "1h")
    assert theirs.source == "btcturk_graph"
    assert theirs.close[-1] == pytest.approx(ours[-1], rel=0.05)
    *_, reply = say("/grafik btctry 1h", lang="en")
    assert not reply.failed and "BtcTurk" in reply.text


def test_both_hosts_of_the_futures_keep_a_limit(market, markets, clock):
    markets.on("fapi.binance.com", "429", retry_after=40)
    assert market.perps.funding()[0].source == "bybit"
    assert market.perps.ratios("BTCUSDT", "1h").source == "bybit"
    assert len(asked(markets, "fapi.binance.com")) == 1


def test_funding_and_interest_are_left_to_kraken_where_all_else_is_shut(market, markets):
    shut(markets, *BINANCE, "www.okx.com", "api.bybit.com")
    read, funding = market.perps.funding()
    assert read.source == "kraken_futures" and funding["BTCUSDT"].hours == 1
    found = market.perps.interest("BTCUSDT")
    assert found.source == "kraken_futures" and found.quote == pytest.approx(
        found.base * funding["BTCUSDT"].mark
    )


def test_one_coins_funding_is_okx_s_where_nobody_tells_of_all(say, markets):
    shut(markets, *BINANCE, "api.bybit.com", "kraken.com")
    (reply,) = say("/fr btc", lang="en")
    assert not reply.failed and "a year; at" in reply.text and "Source: OKX" in reply.text
    (reply,) = say("/fr btc eth", lang="en")
    assert reply.failed == 1 and "451" in reply.text
    shut(markets, "okx.com")
    (reply,) = say("/fr eth", lang="en")
    assert reply.failed == 1 and "Binance Futures" in reply.text


def test_one_coins_payments_are_told_where_binance_and_bybit_are_shut(say, markets):
    shut(markets, *BINANCE, "api.bybit.com")
    (reply,) = say("/fr btc")
    assert not reply.failed and "Kaynak: Kraken Futures, OKX" in reply.text


def test_hours_between_payments_that_are_not_known_are_not_eight(market, markets):
    markets.on("fundingInfo", "500")
    _, funding = market.perps.funding()
    assert all(math.isnan(row.hours) for row in funding.values())
