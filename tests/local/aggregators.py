"""The aggregators' faces over one tape, asked as the bot asks them."""

import json

import requests

import net
from local.coins import Coins
from local.markets import Markets
from local.tape import Tape
from markets import HOSTS

NOW = 1_795_500_123
COINS = Coins(Tape())
BASES = {
    "coingecko": "https://api.coingecko.com",
    "coinmarketcap": "https://pro-api.coinmarketcap.com",
    "coinmarketcap_free": "https://pro-api.coinmarketcap.com",
    "feargreed": "https://api.alternative.me",
    "sosovalue": "https://api.sosovalue.xyz",
    "farside": "https://farside.co.uk",
    "coinglass": "https://open-api-v4.coinglass.com",
}


def session_of(kind, now=NOW):
    """Return a session that reaches one face only."""
    session = requests.Session()
    session.mount("https://", Markets(kind(COINS, lambda: now).faces()))
    return session


def ask(kind, route, now=NOW, key="a-key-of-ours"):
    """Return a face's answer to a route, fetched by the bot's own code."""
    name = route.endpoint.hosts[0]
    header = HOSTS[name][2]
    host = net.Host(name, BASES[name], 30, lambda: now, {header: key} if header and key else {})
    return net.fetch(session_of(kind, now), host, route, now)


def read(kind, route, now=NOW):
    """Return a face's answer to a route as the bot's translator reads it."""
    response = ask(kind, route, now)
    assert response.status_code == 200, response.text
    return route.read(response, now)


def get(kind, url, now=NOW, **options):
    """Return the status and the body of a face's answer to an address."""
    response = session_of(kind, now).get(url, **options)
    return response.status_code, json.loads(response.content)
