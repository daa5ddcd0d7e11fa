"""The warm schedule on a clock of its own: what is read anew when, and what it weighs."""

import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bench import reports, weights
from local.faults import Faulty
from local.world import open_markets
from markets import ENDPOINTS
from net import NetError
from perps import next_point
from workers import WARM, Pool, Workers, schedule, used

COMMANDS = Path(__file__).parent.parent / "commands"
SLOW = ("coingecko", "coinmarketcap", "feargreed", "etf")


@pytest.fixture
def markets(clock):
    return Faulty(open_markets(clock), clock, clock.sleep)


@pytest.fixture
def live(market, markets, clock, database):
    """Let seconds pass while jobs run when they are due; return when a path was asked for."""
    workers = Workers(Pool(1), clock)
    settings = SimpleNamespace(scan_symbols=("btc", "eth"), keep_firings=90)
    schedule(workers, market, database, settings)

    def go(seconds, path, *names):
        end, times = clock.now + seconds, []
        jobs = [job for job in workers.jobs if not names or job.name in names]
        while (job := min(jobs, key=lambda job: job.next_run)).next_run <= end:
            clock.now = max(clock.now, job.next_run)
            markets.seen.clear()
            job.once(clock)
            times += [clock.now for _, url in markets.seen if path in url]
        clock.now = end
        return times

    return go


def test_tickers_are_read_every_ten_seconds(live):
    times = live(120, "ticker/24hr", "watch", "tickers")
    assert set(np.diff(times)) == {10}


def test_candles_are_read_just_after_their_bar_closes(live, clock):
    live(60, "klines", "watch", "candles")
    clock.now = clock.now // 3600 * 3600 + 3600 - 300
    live(120, "klines", "watch", "candles")
    close = clock.now // 3600 * 3600 + 3600
    times = live(close + 300 - clock.now, "klines", "watch", "candles")
    assert len(times) == 4 and all(close + 1 <= time <= close + 4 for time in times)


def test_funding_and_open_interest_are_read_every_minute(live, market):
    market.perps.interest("BTCUSDT")
    assert all(60 <= gap <= 62 for gap in np.diff(live(300, "premiumIndex", "watch", "futures")))
    market.perps.interest("BTCUSDT")
    assert all(60 <= gap <= 62 for gap in np.diff(live(300, "openInterest?", "futures")))


@pytest.mark.parametrize("name", [name for name in ENDPOINTS if name.startswith(SLOW)])
def test_what_changes_slowly_is_read_every_ten_minutes_at_most(name):
    endpoint = ENDPOINTS[name]
    assert (endpoint.every or 0.7 * endpoint.ttl) >= 600


def test_what_every_report_needs_is_warm_though_nobody_asked(live, market):
    live(120, "")
    before = market.door.stats.live
    market.tickers(), market.universe(), market.perps.funding(), market.market()
    market.fear_greed(30), market.etf("btc"), market.etf("eth")
    market.several(["BTCUSDT", "ETHUSDT"], "4h")
    assert market.door.stats.live == before and market.door.stats.warmed > 10


def test_what_was_asked_is_kept_warm_for_a_quarter_of_an_hour(live, market, clock):
    market.perps.interest_history("SOLUSDT", "5m")
    asked = clock.now
    times = live(3600, "openInterestHist", "futures")
    assert all(300 <= gap <= 302 for gap in np.diff([*times, times[-1] + 300]))
    assert len(times) >= 2 and max(times) <= asked + 900


def test_a_series_is_read_soon_after_its_next_point_and_now_and_then_before():
    assert next_point(3600, 7200 + 5, None) == (7200 + 605, 7200 + 725)
    assert next_point(3600, 7200 + 3500, None) == (10_860, 10_980)
    assert next_point(300, 7200 + 5, None) == (7560, 7680)


def test_books_are_looked_at_for_five_minutes_and_remembered_but_deep_ones_are_not(live, market):
    market.book("BTCUSDT"), market.book("BTCUSDT", 5000)
    assert len(live(200, "symbol=BTCUSDT&limit=5000", "others")) == 0
    market.book("BTCUSDT")
    times = live(900, "depth?symbol=BTCUSDT&limit=500", "others")
    assert 8 <= len(times) <= 10 and set(np.diff(times)) <= {30, 32}
    assert len(market._books["BTCUSDT", 500]) >= 10


def test_a_book_is_remembered_while_it_is_watched_and_a_deep_one_never(market, clock):
    for _ in range(40):
        market.book("BTCUSDT"), market.book("BTCUSDT", 1000), market.book("BTCUSDT", 5000)
        clock.now += 20
    assert market._books.keys() == {("BTCUSDT", 500)}
    assert len(market._books["BTCUSDT", 500]) == 300 / 20 + 1


def test_the_used_are_the_list_and_then_the_favourites_up_to_sixty(market, database):
    coins = market.top(80)
    database.add_favourites(7, coins[:45])
    database.add_favourites(8, [*coins[45:], "BTCUSDT"])
    settings = SimpleNamespace(scan_symbols=("turbo", "btc", "nosuch"))
    found = used(market, database, settings)
    assert found[:2] == ["TURBOUSDT", "BTCUSDT"] and len(found) == len(set(found)) == 60


def test_warming_keeps_what_it_has_where_the_first_host_is_busy(market, markets, clock):
    market.keep_warm(["BTCUSDT"], ["1h"])
    market.warm(["candles"])
    clock.now = clock.now // 3600 * 3600 + 3602
    host = market.hosts["binance"]
    host._slot, host._used = int(clock.now // 60), host.limit // 2
    with pytest.raises(NetError, match="busy"):
        market.warm(["candles"])
    assert market.candles("BTCUSDT", "1h").source == "" and market.door.due(("candles",)) == []
    clock.now = clock.now // 60 * 60 + 60
    assert not any("okx" in url for _, url in markets.seen)


def test_one_coin_nobody_has_does_not_keep_every_market_busy(market, markets, clock):
    market.keep_warm(["BTCUSDT", "NOSUCHUSDT"], ["1h"])
    for _ in range(150):
        market.warm(["candles"])
        clock.now += 2
    for name, most in (("okx", 1), ("kraken", 1), ("api.binance", 1)):
        assert sum(name in url and "NOSUCH" in url for _, url in markets.seen) <= most


def test_candles_are_fetched_side_by_side(market, markets):
    inside, most, lock = [0], [0], threading.Lock()
    send = markets.send

    def slow(*args, **kwargs):
        with lock:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
        threading.Event().wait(0.01)
        response = send(*args, **kwargs)
        with lock:
            inside[0] -= 1
        return response

    markets.send = slow
    market.keep_warm(market.top(12), ["1h"])
    assert market.warm(["candles"]) == 12 and 2 <= most[0] <= 8


def test_what_nobody_uses_any_more_is_let_go(market, clock):
    market.panel(market.top(30), "1h", 100), market.book("BTCUSDT")
    assert market.door._held > 30 * 40_000
    clock.now += 3601
    market.keep_warm([], [])
    assert market.door._held == 0 and not market._panels._made and not market._books


@pytest.mark.slow
def test_the_schedule_of_sixty_symbols_stays_under_a_fifth_of_every_limit():
    hours = 1.1
    ctx, counted = weights.measure(hours, 60)
    for host, limit in weights.limits(ctx).items():
        spent = counted.minutes[host].values()
        assert sum(spent) / hours / 60 < 0.2 * limit
    assert max(counted.minutes["api.binance.com"].values()) < 0.2 * 6000
    assert sum(counted.minutes["api.coingecko.com"].values()) / hours * 24 * 30 < 10_000
    assert {name for name, _, _ in WARM} - {"scans", "others"} <= {job for job, _ in counted.calls}


def test_every_report_that_reads_markets_is_counted(registry):
    groups = ("prices", "flow", "analysis", "markets")
    files = {command.name for command in registry.values() if command.group in groups} - {"ts"}
    reading = {n for n in files if "ctx.sources" in (COMMANDS / f"{n}.py").read_text("utf-8")}
    words = [line.split(maxsplit=1)[0][1:] for line in reports.LINES]
    missing = reading - {registry[word].name for word in words if word in registry}
    assert not missing, "write a line of each into LINES of bench/reports.py"


@pytest.mark.slow
@pytest.mark.parametrize("line", reports.LINES)
def test_a_warm_report_makes_no_request(line):
    found = reports.count(line)
    if found:
        (asked, klines, _, again, _, _), _ = found
        assert klines <= asked and (klines <= 60 or not line.startswith("/io"))
        assert again == 0 or line.split()[0] in ("/ob", "/nls")
