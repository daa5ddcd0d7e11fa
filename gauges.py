"""The numbers beside prices that alarms watch: funding, the altcoins' power, fear, dominance."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import nan
from typing import Any

import numpy as np

import strength
from bot import UserError

OLDEST = 2


def gauge(sources: Any, kind: str, symbols: Sequence[str], now: float) -> np.ndarray:
    """Return an index for each symbol, NaN where unknown or old: fr in percent, ap, fg, dom.

    `sources` is a sources.Sources, `now` in seconds.
    """
    try:
        found = READ[kind](sources, now)
    except UserError:
        found = nan
    if isinstance(found, dict):
        return np.array([found.get(symbol, nan) for symbol in symbols])
    return np.full(len(symbols), found)


def funding(sources: Any, _: float) -> dict[str, float]:
    """Return the funding rates in percent by symbol."""
    read, rows = sources.perps.funding()
    return {} if read.stale else {symbol: 100 * row.rate for symbol, row in rows.items()}


def power(sources: Any, _: float) -> float:
    """Return the altcoins' short-term power against bitcoin."""
    told, _lost = sources.together(strength.parts(sources))
    stale = any(read.stale for read in strength.reads(told))
    return nan if stale else strength.powers(told).against_btc


def fear(sources: Any, now: float) -> float:
    """Return the fear and greed index of the day or the one before."""
    (mood,) = sources.fear_greed(1).data
    oldest = datetime.fromtimestamp(now, UTC).date() - timedelta(days=OLDEST)
    return mood.value if mood.day > oldest else nan


def dominance(sources: Any, _: float) -> float:
    """Return bitcoin's share of the whole market in percent."""
    read = sources.market()
    return nan if read.stale else read.shares["BTC"]


READ = {"fr": funding, "ap": power, "fg": fear, "dom": dominance}
