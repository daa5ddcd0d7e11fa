"""Alarms while the market's weight runs short, on the mock markets with their own count of it."""

import numpy as np
import pytest
import requests

from alarm_rows import Alarm
from formula import compile
from local.faults import Faulty
from local.world import open_markets
from sources import ELSEWHERE, Sources
from tests.conftest import Clock
from watch import FRESH, STALE, TELL, Watch

QUARTER, COINS, LEFT, BUDGET, TICKERS = 900, 20, 5, 4800, 80
ONE = Alarm(1, 10, "formula", "", "", "15m", cooldown=0)
CLOSED = ("data-api.binance.vision", "okx", "bybit", "kraken", "coinbase")


@pytest.fixture
def markets(clock):
    """Return Binance alone; nobody else answers in its place."""
    assert len(CLOSED) == 1 + len(ELSEWHERE)
    faulty = Faulty(open_markets(clock), clock, clock.sleep)
    for name in CLOSED:
        faulty.on(name, "451")
    return faulty


@pytest.fixture
def others(markets):
    """Let another program at this address use weight until the minute has used so much."""
    session = requests.Session()
    session.mount("https://", markets)

    def spend(most):
        while True:
            told = session.get("https://api.binance.com/api/v3/ping")
            used = int(told.headers["X-MBX-USED-WEIGHT-1M"])
            if used >= most:
                return
            if most - used > 20:
                session.get("https://api.binance.com/api/v3/exchangeInfo?symbol=BTCUSDT")

    return spend


def moves(settings, database, market, clock, tmp_path):
    """Return coins with their newest close and the next, those first that will move least."""
    (tmp_path / "later").mkdir()
    later, config = Clock(clock.now + QUARTER), settings(DATA_DIR=str(tmp_path / "later"))
    ahead = Sources(config, database, markets=open_markets(later), clock=later, sleep=later.sleep)
    coins = market.top(COINS)
    now, then = (one.panel(coins, "15m").close[-1] for one in (market, ahead))
    ahead.close()
    order = np.argsort(np.abs(then / now - 1))
    return [(coins[i], now[i], then[i]) for i in order if now[i] != then[i]]


def test_alarms_near_their_level_fire_first_and_the_others_when_there_is_weight_again(
    settings, database, market, clock, tmp_path, others
):
    clock.now = clock.now // QUARTER * QUARTER + 5
    rows = moves(settings, database, market, clock, tmp_path)
    for coin, now, then in reversed(rows):
        sign = ">" if then > now else "<"
        text = f"close {sign} {(now + then) / 2:.12g} and rsi(14) > 0"
        database.alarms.add(ONE._replace(text=compile(text).text, targets=coin))
    database.alarms.add(ONE._replace(kind="price", text="> 1e9", interval="", targets="BTCUSDT"))
    seen, host = Watch(market, database, clock), market.hosts["binance"]
    seen.tick(), seen.bars()
    clock.now += QUARTER + 20
    closed = clock.now // QUARTER * QUARTER * 1000
    others(BUDGET - TICKERS - 2 - 2 * LEFT)
    seen.tick(), seen.bars()
    assert host.used == BUDGET and host.state == "ok"
    near = [coin for coin, _, _ in rows[:LEFT]]
    assert {(f.symbol, f.at) for f in database.alarms.outbox()} == {(s, closed) for s in near}
    while clock.now * 1000 < closed + TELL + 120_000:
        clock.now += 60
        others(BUDGET)
        seen.tick(), seen.bars()
    told = database.alarms.outbox()[LEFT:]
    assert STALE in {f.text for f in told} and not any(f.alarm_id for f in told)
    clock.now += 240
    seen.tick(), seen.bars(), seen.bars()
    fired = [f for f in database.alarms.outbox() if f.alarm_id]
    assert {f.symbol for f in fired} == {coin for coin, _, _ in rows}
    assert {f.at for f in fired} == {closed} and len(fired) == len(rows)
    assert FRESH in {f.text for f in database.alarms.outbox()}
