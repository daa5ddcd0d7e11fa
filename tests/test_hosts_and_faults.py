"""Every host under every fault: a state or an error of its own, never a number."""

import pytest

from door import Door
from local.faults import Faulty
from local.world import open_markets
from markets import (
    binance,
    btcturk,
    bybit,
    coinbase,
    coingecko,
    coinglass,
    coinmarketcap,
    etf,
    feargreed,
    futures,
    kraken,
    okx,
)
from net import Endpoint, NetError, Route
from sources import hosts, open_session, open_store

KLINES = next(row for row in binance.ENDPOINTS if row.name == "klines")
HOUR = {"symbol": "BTCUSDT", "interval": "1h", "limit": 50}
ROUTES = {
    "binance": Route(KLINES, HOUR),
    "futures": futures.funding_route(),
    "futures_data": futures.ratio_route("BTCUSDT", "1h"),
    "okx": okx.candles_route("BTCUSDT", "1h"),
    "bybit": bybit.candles_route("BTCUSDT", "1h"),
    "kraken": kraken.candles_route("BTCUSDT", "1h"),
    "kraken_futures": kraken.funding_route(),
    "coinbase": coinbase.candles_route("BTCUSDT", "1h"),
    "btcturk": btcturk.tickers_route(),
    "coingecko": coingecko.global_route(),
    "coinmarketcap_free": coinmarketcap.global_routes(False)[0],
    "feargreed": feargreed.route(5),
    "farside": etf.routes("btc", False, False)[0],
    "sosovalue": etf.routes("btc", True, False)[0],
    "coinglass": coinglass.liquidations_route(),
}
EXPECTED = {
    "timeout": ("down",),
    "connect_timeout": ("down",),
    "refused": ("down",),
    "429": ("limited",),
    "418": ("banned",),
    "451": ("region",),
    "403": ("blocked",),
    "500": ("down",),
    "502": ("down",),
    "html": ("garbage",),
    "truncated": ("garbage",),
    "wrong_types": ("garbage", "refused"),
    "empty": ("garbage", "refused"),
}
TABLE = [(name, kind) for name in ROUTES for kind in EXPECTED]
KEYS = {"SOSOVALUE_KEY": "soso-key-1", "COINGLASS_KEY": "glass-key-1"}


@pytest.fixture
def faults(settings, clock):
    config = settings(**KEYS)
    faulty = Faulty(open_markets(clock), clock, clock.sleep)
    store = open_store(config)
    known = hosts(config, clock)
    made = Door(
        open_session(faulty), store, known, clock=clock, sleep=clock.sleep, on_state=lambda _: None
    )
    yield made, faulty
    store.close()


def only(name):
    """Return the route of a host without its mirrors."""
    route = ROUTES[name]
    fields = {**vars(route.endpoint), "hosts": (name,)}
    return Route(Endpoint(**fields), route.params)


@pytest.mark.parametrize("name", ROUTES)
def test_the_host_answers_when_nothing_is_wrong(faults, name):
    door, _ = faults
    assert door.read((name,), [only(name)]).data


@pytest.mark.parametrize(("name", "kind"), TABLE)
def test_a_fault_is_an_error_of_its_own_and_leaves_what_was_known(faults, clock, name, kind):
    door, faulty = faults
    faulty.on("//", kind)
    with pytest.raises(NetError) as caught:
        door.read((name,), [only(name)])
    assert caught.value.kind in EXPECTED[kind]
    faulty.off()
    clock.now += 1000
    value = door.read((name,), [only(name)])
    assert value.data and not value.stale
    clock.now = value.expires + 1
    faulty.on("//", kind)
    stale = door.read((name,), [only(name)])
    assert stale.stale and stale.data is value.data
