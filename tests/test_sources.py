import threading
from datetime import UTC, datetime

import numpy as np
import pytest

import config
import markets as every
import net
import sources
import workers
from bot import UserError
from db import DbError
from local.faults import Faulty
from markets import bybit, coingecko


def test_every_endpoint_answers_through_the_table(market):
    assert market.exchange().pairs["BTCUSDT"].digits == 2
    assert market.tickers().data["BTCUSDT"].last > 0
    assert market.prices().data["BTCUSDT"] > 0
    bid, ask = market.quotes().data["BTCUSDT"]
    assert 0 < bid < ask
    book = market.book("BTCUSDT")
    assert len(book.bids) == 500 and book.bids[0, 0] < book.asks[0, 0]
    assert len(market.trades("BTCUSDT").price) == 1000
    assert abs(market.set_clock()) < 2


@pytest.mark.parametrize("interval", ["1m", "15m", "1h", "4h", "1d", "1w"])
def test_candles_are_closed_and_chronological(market, clock, interval):
    candles = market.candles("BTCUSDT", interval)
    assert candles.end[-1] < clock() * 1000
    assert len(candles.data) > 100 and (candles.time[1:] > candles.time[:-1]).all()


def test_a_coarse_candle_is_made_of_its_fine_ones(market):
    fine, coarse = market.candles("ETHUSDT", "1h"), market.candles("ETHUSDT", "4h")
    start, end = coarse.time[-3], coarse.end[-3]
    inside = (fine.time >= start) & (fine.end <= end)
    assert inside.sum() == 4
    assert fine.open[inside][0] == coarse.open[-3] and fine.close[inside][-1] == coarse.close[-3]
    assert fine.high[inside].max() == coarse.high[-3] and fine.low[inside].min() == coarse.low[-3]
    assert fine.quote[inside].sum() == pytest.approx(coarse.quote[-3], rel=1e-8)


def test_candles_are_fresh_until_their_bar_closes(market, clock):
    market.candles("BTCUSDT", "1h")
    clock.now += 1800
    market.candles("BTCUSDT", "1h")
    assert market.door.stats.live == 1
    clock.now += 1800
    before = market.candles("BTCUSDT", "1h").end[-1]
    assert market.door.stats.live == 2 and before > (clock() - 3600) * 1000


@pytest.mark.parametrize("word", ["btc", "BTC", "btcusdt", "BTC/USDT", "btc-usdt", "Btc"])
def test_a_coin_is_found_however_it_is_typed(market, word):
    assert market.symbol(word) == "BTCUSDT"


def test_other_quotes_and_turkish_letters(market):
    assert market.symbol("btctry") == "BTCTRY"
    assert market.symbol("lİnk") == "LINKUSDT" and market.symbol("lınk") == "LINKUSDT"


def test_an_unknown_coin_is_refused_with_its_neighbours(market):
    with pytest.raises(UserError, match="BTC"):
        market.symbol("BTCC")


def test_the_universe_has_neither_money_nor_leverage_nor_halted_pairs(market):
    universe = market.universe()
    assert len(universe) >= 400
    assert not {"USDCUSDT", "BTCUPUSDT", "BTCDOWNUSDT", "BTCTRY"} & set(universe)


def test_what_is_warm_makes_no_request(market, clock):
    market.keep_warm(["BTCUSDT", "ETHUSDT"], ["1h", "4h"])
    assert market.warm(["tickers", "exchange", "candles"]) == 6
    live = market.door.stats.live
    for _ in range(10):
        market.tickers(), market.candles("BTCUSDT", "4h"), market.universe()
    assert market.door.stats.live == live
    assert market.warm(["tickers", "exchange", "candles"]) == 0
    clock.now += 11
    assert market.warm(["tickers", "candles"]) == 1


def test_warming_says_when_nobody_answers(market, clock):
    market.keep_warm([], [])
    for host in market.hosts.values():
        host.close("region", clock() + 900)
    with pytest.raises(net.NetError):
        market.warm(["tickers"])


def test_a_ban_is_obeyed_after_a_restart(settings, database, markets, clock):
    until = clock() + 300
    database.save_host("binance", "banned", int(until * 1000))
    database.save_host("binance_data", "banned", int(until * 1000))
    opened = sources.Sources(settings(), database, markets=markets, clock=clock)
    with pytest.raises(UserError, match="300"):
        opened.quotes()
    assert opened.tickers().source == "okx"
    clock.now = until
    assert opened.quotes().data
    assert database.host_states() == [("binance_data", "banned", int(until * 1000))]
    opened.close()


@pytest.mark.parametrize(("kind", "state"), [("429", "limited"), ("418", "banned")])
def test_a_limit_that_was_met_is_obeyed_by_the_next_run(
    settings, database, markets, clock, kind, state
):
    faulty = Faulty(markets, clock, clock.sleep)
    faulty.on("api.binance.com", kind, retry_after=300)
    for _ in range(2):
        opened = sources.Sources(settings(), database, markets=faulty, clock=clock)
        host, reads = opened.hosts["binance"], opened.candles("BTCUSDT", "1h")
        assert len(reads.data) and (host.state, round(host.until - clock())) == (state, 300)
        opened.close()
    assert sum("//api.binance.com" in url for _, url in faulty.seen) == 1


def test_a_database_in_trouble_costs_nobody_an_answer(
    settings, database, markets, clock, monkeypatch, caplog
):
    def locked(*_):
        raise DbError("database is locked")

    monkeypatch.setattr(database, "save_host", locked)
    faulty = Faulty(markets, clock, clock.sleep)
    faulty.on("api.binance.com", 451)
    opened = sources.Sources(settings(), database, markets=faulty, clock=clock, sleep=clock.sleep)
    assert opened.tickers().source == "binance_data" and "locked" in caplog.text
    assert opened.hosts["binance"].state == "region"
    opened.close()


def month_of(clock):
    return datetime.fromtimestamp(clock(), UTC).strftime("%Y-%m")


def test_a_months_calls_outlive_a_restart_and_mock_ones_are_kept_apart(
    settings, database, markets, clock
):
    for _ in range(2):
        opened = sources.Sources(settings(), database, markets=markets, clock=clock)
        opened.read(coingecko.global_route())
        (row,) = [row for row in opened.report()["hosts"] if row["name"] == "coingecko"]
        opened.close()
        clock.now += 3600
    assert (row["used_month"], row["limit_month"]) == (2, 10_000)
    assert database.spent(month_of(clock)) == {"mock coingecko": 2}
    again = sources.Sources(settings(), database, markets=markets, clock=clock)
    assert again.hosts["coingecko"].spent == 2
    assert sources.Sources(settings(MOCK="0"), database, clock=clock).hosts["coingecko"].spent == 0


def test_beyond_a_months_budget_the_past_is_told_with_its_age_else_a_sentence(
    market, database, clock
):
    known = market.read(coingecko.global_route())
    database.spend("mock coingecko", month_of(clock), 9999, 10_000)
    clock.now += 7200
    stale = market.read(coingecko.global_route())
    assert stale.stale and stale.at == known.at and market.hosts["coingecko"].state == "ok"
    with pytest.raises(UserError, match="this month's requests by now") as caught:
        market.read(coingecko.trending_route())
    assert "COINGECKO_KEY" not in caught.value.en


def test_the_warm_thread_leaves_a_months_budget_to_people(market, database, clock):
    key = ("coingecko_global",)
    market.read(coingecko.global_route())
    month, most, _ = net.allowance(10_000, clock())
    database.spend("mock coingecko", month, int(0.6 * most) + 10, 10_000)
    clock.now += 1300
    with pytest.raises(net.NetError, match="spent"):
        market.door.refresh(key)
    clock.now += 600
    assert not market.read(coingecko.global_route()).stale


def test_the_whole_market_has_a_second_source_whose_shares_are_not_recorded(
    market, database, clock
):
    assert market.market().source == ""
    pool = workers.Workers(workers.Pool(1), clock)
    workers.schedule(pool, market, database, None)
    (note,) = [job for job in pool.jobs if job.name == "readings"]
    market.hosts["coingecko"].close("region", clock() + 86400)
    clock.now += 3600
    assert market.market().source == "coinmarketcap_free" and not market.market().stale
    note.run()
    assert database.reading("dominance", int(clock() * 1000), 86_400_000) is None
    market.hosts["coingecko"].close("ok", clock() + 86400)
    clock.now += 3600
    note.run()
    assert database.reading("dominance", int(clock() * 1000), 86_400_000) > 0


def test_with_every_binance_host_gone_others_answer_and_say_so(market, clock):
    for name in ("binance", "binance_data"):
        market.hosts[name].close("region", clock() + 900)
    assert market.tickers().source == "okx" and market.tickers().data["BTCUSDT"].last > 0
    assert market.symbol("btc") == "BTCUSDT" and market.digits("BTCUSDT") <= 2
    candles = market.candles("ETHUSDT", "4h")
    assert candles.source == "okx" and len(candles.data) > 250
    market.hosts["okx"].close("blocked", clock() + 900)
    assert market.candles("SOLUSDT", "1h").source == "bybit"
    market.hosts["bybit"].close("blocked", clock() + 900)
    assert market.candles("LTCUSDT", "1h").source == "kraken"
    market.hosts["kraken"].close("blocked", clock() + 900)
    assert market.candles("LTCUSDT", "1d").source == "coinbase"


def test_mock_answers_are_kept_apart_from_real_ones(settings, tmp_path):
    sources.open_store(settings()).close()
    sources.open_store(settings(MOCK="0")).close()
    assert {p.name for p in tmp_path.glob("store*.db")} == {"store.db", "store_mock.db"}


@pytest.mark.service
def test_the_store_may_be_redis(settings, database, markets, clock):
    config = settings(CACHE_URL="redis://127.0.0.1:6379/9")
    first = sources.Sources(config, database, markets=markets, clock=clock)
    first._store.clear()
    first.tickers()
    again = sources.Sources(config, database, markets=markets, clock=clock)
    assert again.tickers().data and again.door.stats.live == 0
    again._store.clear()
    first.close(), again.close()


def test_a_hundred_threads_asking_for_one_coin_make_one_request(market):
    threads = [threading.Thread(target=market.candles, args=("BTCUSDT", "1h")) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert market.door.stats.live == 1


def test_a_panel_holds_the_candles_of_every_coin_and_is_made_once(market):
    coins = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    panel = market.panel(coins, "1h", 200)
    assert panel.close.shape == (200, 3) and panel.symbols == tuple(coins)
    for j, symbol in enumerate(coins):
        candles = market.candles(symbol, "1h")
        assert (panel.close[:, j] == candles.close[-200:]).all()
        assert (panel.quote[:, j] == candles.quote[-200:]).all()
    assert (panel.time == market.candles("BTCUSDT", "1h").time[-200:]).all()
    live = market.door.stats.live
    assert market.panel(coins, "1h", 200).close is not panel.close
    again = market.panel(coins, "1h", 200)
    assert again.close is market.panel(coins, "1h", 200).close
    assert market.door.stats.live == live


def test_a_panel_takes_what_reports_have_read_and_asks_for_the_rest(market):
    whole = market.candles("BTCUSDT", "4h")
    live = market.door.stats.live
    panel = market.panel(["BTCUSDT", "ETHUSDT"], "4h")
    assert panel.reads["BTCUSDT"].data is whole.data
    assert market.door.stats.live == live + 1
    assert len(market.panel(["ETHUSDT"], "4h", 900).time) == 900


def test_a_panel_follows_the_bars(market, clock):
    before = market.panel(["BTCUSDT", "ETHUSDT"], "1h", 100)
    clock.now += 3600
    after = market.panel(["BTCUSDT", "ETHUSDT"], "1h", 100)
    assert after.time[-1] == before.time[-1] + 3_600_000
    assert (after.close[:-1] == before.close[1:]).all()


def test_a_coin_without_an_answer_leaves_a_panel_standing(market):
    panel = market.panel(["BTCUSDT", "NOSUCHUSDT"], "1h", 50)
    assert list(panel.reads) == ["BTCUSDT"]
    assert np.isnan(panel.close[:, 1]).all() and np.isfinite(panel.close[:, 0]).all()
    with pytest.raises(UserError):
        market.panel(["NOSUCHUSDT"], "1h")


def test_a_panel_out_of_an_old_store_says_so_and_goes_no_further(market, clock):
    fresh = market.panel(["BTCUSDT", "ETHUSDT"], "1h", 100)
    clock.now += 7200
    for host in market.hosts.values():
        host.close("down", clock() + 900)
    old = market.panel(["BTCUSDT", "ETHUSDT"], "1h", 100)
    assert all(read.stale for read in old.reads.values())
    assert old.close is fresh.close


def test_different_things_are_asked_side_by_side_and_refusals_kept(market):
    def refuse():
        raise UserError("hayır", "no")

    found, refused = market.together({"market": market.market, "other": refuse})
    assert 0 < found["market"].shares["BTC"] < 100 and list(found) == ["market"]
    assert [error.en for error in refused.values()] == ["no"] and list(refused) == ["other"]


def test_every_host_has_a_name_that_people_know(market):
    assert {market.called(name) for name in market.hosts} & set(market.hosts) == set()


KEYED = [market for market in every.MARKETS if hasattr(market, "KEY")]


@pytest.mark.parametrize("market", KEYED, ids=lambda market: market.__name__)
def test_a_key_s_words_name_its_setting_where_to_get_it_and_what_it_adds(market):
    known = {name for row in config.described() for name in row.metadata["names"]}
    (setting,) = {word for words in market.KEY for word in words.split() if word.endswith("_KEY")}
    assert setting in known
    for words, adds in zip(market.KEY, (("ekler", "verir"), ("adds", "gives")), strict=True):
        assert words.startswith(setting) and "https://" in words and any(a in words for a in adds)


@pytest.fixture
def broken(settings, database, markets, clock):
    """Return a maker of sources whose every request fails in one way, with settings."""
    opened = []

    def make(kind, **environ):
        faulty = Faulty(markets, clock, clock.sleep)
        faulty.on("//", kind)
        made = sources.Sources(
            settings(**environ), database, markets=faulty, clock=clock, sleep=clock.sleep
        )
        opened.append(made)
        return made

    yield make
    for made in opened:
        made.close()


READS = {
    "COINGECKO_KEY": lambda made: made.read(every.coingecko.global_route()),
    "COINMARKETCAP_KEY": lambda made: made.read(
        *every.coinmarketcap.global_routes(bool(made.hosts["coinmarketcap"].headers))
    ),
    "SOSOVALUE_KEY": lambda made: made.etf("btc"),
}


@pytest.mark.parametrize("setting", READS)
def test_a_market_that_limits_us_without_a_key_says_which_key_would_help(broken, setting):
    with pytest.raises(UserError, match=f"\n{setting} .*https://"):
        READS[setting](broken("429"))
    with pytest.raises(UserError) as caught:
        READS[setting](broken("429", **{setting: "some-key-1"}))
    assert setting not in caught.value.tr


def test_a_key_that_is_not_accepted_is_named(settings, database, markets, clock):
    config = settings(COINGLASS_KEY="wrong-key-1")
    opened = sources.Sources(config, database, markets=markets, clock=clock, sleep=clock.sleep)
    opened.door.hosts["coinglass"].headers = {"X": "1"}
    with pytest.raises(UserError, match="is COINGLASS_KEY right") as caught:
        opened.read(every.coinglass.liquidations_route())
    assert "wrong-key-1" not in caught.value.tr
    opened.close()


def test_what_another_market_was_asked_for_does_not_stand_in_for_the_first(market):
    assert "BTCUSDT" in market.read(bybit.contracts_route()).data
    assert market.perps.funding()[0].source == ""
