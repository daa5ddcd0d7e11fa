"""SCENARIO: what alarms, orders and questions come to in a crash, a chop, a listing, an outage."""

import re
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest

import config
from alarm_grammar import read
from alarm_rows import Alarm
from local.scenarios import NEWCOMER, PUMPED, SCENES, staged
from local.tape import Tape
from local.world import open_markets
from markets import btcturk, okx
from order_rows import DONE, meant
from orders import BUY, MARKET, OCO, PAPER, SELL, Draft
from paper import Paper
from tests.test_trade import LIMITS
from trade import Desk
from watch import FRESH, STALE, Watch

pytestmark = pytest.mark.slow
D = Decimal
NEW = f"{NEWCOMER}USDT"


@pytest.fixture
def scenario(request):
    return request.param


@pytest.fixture
def markets(clock, scenario):
    return open_markets(clock, scenario=scenario)


@pytest.fixture
def seen(market, database, clock):
    return Watch(market, database, clock)


@pytest.fixture
def told(database):
    """Return what was told, as (alarm, text) in order."""
    return lambda: [(one.alarm_id, one.text) for one in database.alarms.outbox()]


@pytest.fixture
def add(market, database, clock):
    """Return a way to set an alarm as a person types it; it gives its number."""

    def typed(line):
        blank = Alarm(7, 7, "", "", "", made=int(clock() * 1000))
        return database.alarms.add(read(line.split(), blank, {}, market, lambda _: 8.0))

    return typed


def within(name):
    return pytest.mark.parametrize("scenario", [name], indirect=True)


def go(seen, clock, minutes, step=30):
    for _ in range(int(minutes * 60 / step)):
        clock.now += step
        seen.tick()


def ratio(tape, clock, symbol, minutes):
    now = int(clock() * 1000)
    return tape.last([symbol], now + 60_000 * minutes)[0] / tape.last([symbol], now)[0]


@pytest.mark.parametrize(
    ("name", "symbol", "minutes", "least", "most"),
    [
        ("crash", "BTCUSDT", 1, 0.99, 1.01),
        ("crash", "BTCUSDT", 22, 0.68, 0.72),
        ("crash", "ETHUSDT", 22, 0.64, 0.74),
        ("crash", "BTCTRY", 22, 0.68, 0.72),
        ("crash", "BTCDOWNUSDT", 22, 1.3, 1.6),
        ("crash", "USDCUSDT", 22, 0.995, 1.005),
        ("crash", "BTCUSDT", 300, 0.8, 0.9),
        ("pump", f"{PUMPED}USDT", 18, 1.75, 1.85),
        ("pump", f"{PUMPED}BNB", 18, 1.75, 1.85),
        ("pump", "BTCUSDT", 18, 0.98, 1.02),
        ("chop", "BTCUSDT", 100, 0.996, 1.004),
    ],
)
def test_prices_go_where_the_scenario_says(clock, name, symbol, minutes, least, most):
    assert least <= ratio(staged(name, clock), clock, symbol, minutes) <= most


@pytest.mark.parametrize("name", ["crash", "pump", "chop", "listing"])
@pytest.mark.parametrize("symbol", ["BTCUSDT", f"{PUMPED}USDT", "ETHBTC", "BTCTRY"])
def test_coarse_candles_are_the_sums_of_fine_ones(clock, name, symbol):
    tape, end = staged(name, clock), int(clock() * 1000) + 40 * 60_000
    fine = tape.candles(symbol, "1m", end, limit=200)
    for bar in tape.candles(symbol, "1h", end, limit=3):
        part = fine[(fine[:, 0] >= bar[0]) & (fine[:, 0] <= bar[6])]
        whole = (part[0, 1], part[:, 2].max(), part[:, 3].min(), part[-1, 4])
        assert whole == tuple(bar[1:5])
        assert part[:, [5, 7, 8]].sum(axis=0) == pytest.approx(bar[[5, 7, 8]])
    seconds = tape.candles(symbol, "1s", end, limit=300)
    bar = fine[-3]
    part = seconds[(seconds[:, 0] >= bar[0]) & (seconds[:, 0] <= bar[6])]
    assert (part[:, 2].max(), part[:, 3].min(), part[-1, 4]) == tuple(bar[2:5])


def test_before_it_begins_a_scenario_changes_nothing(clock):
    plain, now = Tape(), int(clock() * 1000)
    for name in ("crash", "pump", "chop"):
        same = staged(name, clock).candles("BTCUSDT", "1m", now, limit=30)
        assert np.allclose(same[:-1], plain.candles("BTCUSDT", "1m", now, limit=30)[:-1])


@within("crash")
def test_every_market_crashes_alike(market, clock, scenario):
    clock.now += 1200
    ours = market.tickers().data["BTCUSDT"].last
    assert market.read(okx.tickers_route()).data["BTCUSDT"].last == pytest.approx(ours, rel=2e-3)
    lira = market.tickers().data["USDTTRY"].last
    turkish = market.read(btcturk.tickers_route()).data["BTCTRY"].last
    assert turkish == pytest.approx(ours * lira, rel=5e-3)
    _, funding = market.perps.funding()
    assert funding["BTCUSDT"].mark == pytest.approx(ours, rel=1e-2)


@within("crash")
def test_in_a_crash_a_fall_is_told_once_a_crossing(scenario, seen, add, told, clock):
    falls = add("btc %-5 15m tekrar 1m")
    rises = add("btc %5 1h")
    go(seen, clock, 45)
    alarms = [one for one, _ in told()]
    assert alarms.count(falls) == 1 and rises not in alarms[: alarms.index(falls) + 1]


@within("crash")
def test_in_a_crash_the_stop_of_a_purchase_on_paper_fills_and_is_told(
    scenario, market, database, clock, told
):
    owned = SimpleNamespace(open=lambda who, _: Paper(market, database, who, clock))
    desk = Desk(market, database, owned, LIMITS, clock)
    last = market.tickers().data["BTCUSDT"].last
    draft = Draft("BTCUSDT", BUY, MARKET, spend=D(500), target=D(10), loss=D(5))
    desk.send(desk.rows.add(meant(7, 7, PAPER, draft, last=D(str(last)))))
    (guard,) = desk.rows.living(7)
    assert guard.kind == OCO and guard.side == SELL
    for _ in range(15):
        clock.now += 60
        desk.fill_paper()
        desk.follow()
    assert desk.rows.find(7, guard.id).state == DONE and not desk.rows.living(7)
    fills = desk.rows.filled(guard.id)
    assert 0.9 * last < float(fills[0].price) < 0.955 * last
    assert f"filled {guard.id}" in [text for _, text in told()]


@within("chop")
def test_in_a_chop_a_line_in_its_midst_is_told_once(scenario, seen, add, told, market, clock):
    clock.now += 600
    last = market.candles("BTCUSDT", "1m").data
    line = (last.high[-8:].max() + last.low[-8:].min()) / 2
    wide, narrow = add(f"btc > {line:.2f} tekrar 1m"), add(f"btc > {line:.2f} tekrar 1m bant %0.1")
    go(seen, clock, 40, step=20)
    alarms = [one for one, _ in told()]
    assert alarms.count(wide) == 1 and 3 <= alarms.count(narrow) <= 6


@within("listing")
def test_a_new_coin_comes_and_is_answered_without_nonsense(scenario, say, market, clock):
    assert market.known(NEWCOMER) is None and say(f"/t {NEWCOMER}")[-1].failed == 1
    clock.now += 600
    market.door.refresh(("exchange",))
    assert market.known(NEWCOMER) == NEW
    for line in ("/t", "/p", "/grafik", "/tv", "/ob", "/alarm"):
        *_, reply = say(f"{line} {NEWCOMER} > 1" if line == "/alarm" else f"{line} {NEWCOMER}")
        assert reply.failed < 2 and reply.text
        assert not re.search(r"\b(nan|inf|None)\b", reply.text, re.IGNORECASE), reply.text


def test_the_new_coins_hour_begins_with_its_listing(clock):
    tape, now = staged("listing", clock), int(clock() * 1000)
    listed = tape.pairs[NEW].listed_ms
    assert NEW not in tape.listed(now) and NEW in tape.listed(listed)
    at = listed + 20 * 60_000
    fine, coarse = tape.candles(NEW, "1m", at), tape.candles(NEW, "1h", at)
    assert fine[0, 0] == listed and len(fine) == 21
    assert fine[:, [5, 8]].sum(axis=0) == pytest.approx(coarse[:, [5, 8]].sum(axis=0))
    assert tape.window(at, [NEW]).bars[4, 0] == pytest.approx(fine[:, 5].sum())
    trades = tape.trades(NEW, at, limit=1000)
    assert len(trades) == 1000 and (np.diff(trades[:, 0]) == 1).all()


def crossed(clock, since, until):
    """Return a coin and a line its price goes over between two minutes for the first time."""
    tape, now = Tape(), int(clock() * 1000)
    for symbol in ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "LINKUSDT", "LTCUSDT", "AVAXUSDT"):
        bars = tape.candles(symbol, "1m", now + until * 60_000, limit=until)
        before, during = bars[:since, 2].max(), bars[since:, 2].max()
        if during > before * 1.0002:
            return symbol, f"{(before + during) / 2:.4f}"
    raise AssertionError("no coin rises")


@within("outage")
def test_in_an_outage_another_market_answers_and_old_alarms_wait_and_are_told(
    scenario, say, seen, add, told, clock
):
    symbol, line = crossed(clock, 10, 17)
    alarm = add(f"{symbol} > {line}")
    go(seen, clock, 3)
    *_, reply = say("/p btc")
    assert not reply.failed and "Kaynak: OKX" in reply.text
    assert told() == []
    go(seen, clock, 14)
    assert [text for _, text in told()] == [STALE]
    go(seen, clock, 8)
    assert sorted(text for _, text in told() if text in (STALE, FRESH)) == [FRESH, STALE]
    fired = [text for one, text in told() if one == alarm and text not in (STALE, FRESH)]
    assert len(fired) == 1


@within("storm")
def test_in_a_storm_every_question_has_an_answer(scenario, say, clock):
    say("/p btc")
    for _ in range(12):
        clock.now += 60
        *_, reply = say("/p btc")
        assert reply.failed < 2 and "nan" not in reply.text.lower()
    assert not reply.failed


def test_the_settings_know_the_scenarios_there_are():
    assert set(config.SCENARIOS) == set(SCENES)
    with pytest.raises(config.ConfigError, match=r"SCENARIO.*chop, crash, listing"):
        config.load({"SCENARIO": "apocalypse"}, env_file="/nonexistent")
    with pytest.raises(config.ConfigError, match=r"SCENARIO.*MOCK=1"):
        config.load({"SCENARIO": "crash", "MOCK": "0"}, env_file="/nonexistent")
    assert config.load({"SCENARIO": "Crash"}, env_file="/nonexistent").scenario == "crash"
