"""The mock exchanges over one tape, asked as the bot asks them, and what the tape says itself."""

import functools
import json

import numpy as np
import pytest
import requests

import net
from local.markets import Markets
from local.tape import Tape

NOW = 1_795_500_123
TAPE = Tape()
APART = 3.1e-4
HOURS = {"1m": 1 / 60, "15m": 0.25, "1h": 1, "4h": 4, "12h": 12, "1d": 24, "1w": 168}


def cases(first, *others, intervals=("1m", "15m", "1h", "4h", "12h", "1d", "1w")):
    """Return symbols with intervals: the first one with all, the others with an hour and a day."""
    return [(first, interval) for interval in intervals] + [
        (symbol, interval) for symbol in others for interval in ("1h", "1d")
    ]


@functools.cache
def lists_of(kind):
    """Return what takes long to work out and is the same in every instance."""
    venue = kind(TAPE)
    names = ("listings", "swaps", "contracts", "_people")
    return {name: getattr(venue, name) for name in names if hasattr(venue, name)}


class Exchange:
    """One exchange's faces at a time that moves only when told to."""

    def __init__(self, *kinds, now=NOW):
        self.now = now
        faces = {}
        for kind in kinds:
            self.venue = kind(TAPE, lambda: self.now)
            self.venue.__dict__.update(lists_of(kind))
            faces |= self.venue.faces()
        self.session = requests.Session()
        self.session.mount("https://", Markets(faces))
        self.bases = [f"https://{host}" for host in faces]

    def ask(self, route, base=0):
        """Return the answer to a route, fetched by the bot's own code."""
        host = net.Host(route.endpoint.hosts[0], self.bases[base], 6000, lambda: self.now)
        return net.fetch(self.session, host, route, self.now)

    def read(self, route, base=0):
        """Return the answer to a route as the bot's translator reads it."""
        response = self.ask(route, base)
        assert response.status_code == 200, response.text
        return route.read(response, net.served(response, self.now))

    def get(self, path, base=0):
        """Return status, body and headers of the answer to a path."""
        response = self.session.get(self.bases[base] + path)
        return response.status_code, json.loads(response.content), response.headers


def same_candles(found, symbol, interval, now=NOW, tick=0.0, apart=APART):
    """Check candles against the tape's: the same bars, closed, prices a few basis points apart."""
    assert len(found) > 20
    start = int(found.time[0])
    bars = TAPE.candles(symbol, interval, now * 1000, start_ms=start, limit=len(found) + 5)
    bars = bars[bars[:, 6] < now * 1000]
    assert np.array_equal(found.time, bars[:, 0]) and np.array_equal(found.end, bars[:, 6])
    assert found.end[-1] + 1 > now * 1000 - HOURS[interval] * 3_600_000
    for column in (1, 2, 3, 4):
        gap = np.abs(found.table[column] - bars[:, column])
        assert (gap <= bars[:, column] * apart + tick).all()
    share = found.volume[bars[:, 5] > 0] / bars[bars[:, 5] > 0, 5]
    assert share == pytest.approx(share[0], rel=1e-3)
    inside = (found.high >= np.maximum(found.open, found.close)).all()
    assert inside and (found.low <= np.minimum(found.open, found.close)).all()


def same_tickers(found, now=NOW, apart=APART):
    """Check tickers against the tape's last 24 hours."""
    window = TAPE.window(now * 1000, list(found))
    for i, (symbol, row) in enumerate(found.items()):
        tick = 10.0 ** -TAPE.pairs[symbol].digits
        prices = [window.bars[k, i] for k in (3, 0, 1, 2)]
        for got, want in zip(row[:4], prices, strict=True):
            assert abs(got - want) <= want * apart + tick or np.isnan(got), symbol
