"""All the mock markets, behind one price process."""

import time
from collections.abc import Callable

from requests.adapters import BaseAdapter

from local.btcturk import BtcTurk
from local.bybit import Bybit
from local.coinbase import Coinbase
from local.coingecko import CoinGecko
from local.coinglass import CoinGlass
from local.coinmarketcap import CoinMarketCap
from local.coins import Coins
from local.etf import Farside, SoSoValue
from local.exchange import Exchange
from local.feargreed import FearGreed
from local.futures import Futures
from local.kraken import Kraken, KrakenFutures
from local.markets import Markets
from local.okx import Okx
from local.scenarios import closed, staged

TESTNET = "testnet.binance.vision"


def open_markets(
    clock: Callable[[], float] = time.time, path: str = ":memory:", scenario: str = ""
) -> BaseAdapter:
    """Return the adapter that stands in for every market; Binance keeps accounts in a file."""
    tape = staged(scenario, clock)
    exchange = Exchange(tape, clock, path)
    testnet = Exchange(tape, clock, path if path == ":memory:" else f"{path}.testnet", sapi=False)
    faces, coins = exchange.faces() | {TESTNET: testnet.face}, Coins(tape)
    for one in (exchange, testnet):
        one.open_usual()
    for aggregator in (CoinGecko, CoinMarketCap, FearGreed, SoSoValue, Farside, CoinGlass):
        faces |= aggregator(coins, clock).faces()
    for exchange in (Futures, Okx, Bybit, Kraken, KrakenFutures, Coinbase, BtcTurk):
        faces |= exchange(tape, clock).faces()
    return closed(scenario, Markets(faces), clock)
