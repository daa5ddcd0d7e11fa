"""All the mock markets, behind one price process."""

import time
from collections.abc import Callable

from local.binance import Binance
from local.btcturk import BtcTurk
from local.bybit import Bybit
from local.coinbase import Coinbase
from local.coingecko import CoinGecko
from local.coinglass import CoinGlass
from local.coinmarketcap import CoinMarketCap
from local.coins import Coins
from local.etf import Farside, SoSoValue
from local.feargreed import FearGreed
from local.futures import Futures
from local.kraken import Kraken, KrakenFutures
from local.markets import Markets
from local.okx import Okx
from local.tape import Tape


def open_markets(clock: Callable[[], float] = time.time) -> Markets:
    """Return the adapter that stands in for every market."""
    tape = Tape()
    faces, coins = Binance(tape, clock).faces(), Coins(tape)
    for aggregator in (CoinGecko, CoinMarketCap, FearGreed, SoSoValue, Farside, CoinGlass):
        faces |= aggregator(coins, clock).faces()
    for exchange in (Futures, Okx, Bybit, Kraken, KrakenFutures, Coinbase, BtcTurk):
        faces |= exchange(tape, clock).faces()
    return Markets(faces)
