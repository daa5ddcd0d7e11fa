"""Every market: its hosts, its endpoints, and its answers as our shapes."""

from markets import binance

MARKETS = (binance,)
ENDPOINTS = {row.name: row for market in MARKETS for row in market.ENDPOINTS}
HOSTS = {name: row for market in MARKETS for name, row in market.HOSTS.items()}
