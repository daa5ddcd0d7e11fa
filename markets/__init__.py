"""Every market: its hosts, its endpoints, and its answers as our shapes."""

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

MARKETS = (
    binance,
    futures,
    okx,
    bybit,
    kraken,
    coinbase,
    btcturk,
    coingecko,
    coinglass,
    coinmarketcap,
    etf,
    feargreed,
)
ENDPOINTS = {row.name: row for market in MARKETS for row in market.ENDPOINTS}
HOSTS = {name: row for market in MARKETS for name, row in market.HOSTS.items()}
MONTHLY = {**coingecko.MONTHLY, **coinmarketcap.MONTHLY, **etf.MONTHLY}
