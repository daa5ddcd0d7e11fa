"""The numbers beside prices that alarms watch: funding, the altcoins' power, fear, dominance."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial
from math import nan
from typing import Any

import numpy as np

import history
import strength
from bot import UserError

OLDEST, MOODS, MOST = 2, 60, 100


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


def past(
    sources: Any, kind: str, symbols: Sequence[str], since: int, until: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return what an index was between two instants (ms): when, and `(instants, symbols)`.

    Funding is told as it was paid, of the first hundred symbols, fear and greed by days, of others
    nothing; NaN where unknown. Raises UserError where nobody answers.
    """
    if kind == "fg":
        moods = reversed(sources.fear_greed(MOODS).data)
        days = np.array([(day(mood), mood.value) for mood in moods], dtype=float).T
        inside = (days[0] > since) & (days[0] <= until)
        return days[0, inside], np.repeat(days[1, inside, None], len(symbols), axis=1)
    if kind != "fr":
        return np.empty(0), np.empty((0, len(symbols)))
    asks = {s: partial(history.payments, sources, s, since + 1, until + 1) for s in symbols[:MOST]}
    paid, _ = sources.together(asks)
    every = [np.empty(0), *(one.time for one in paid.values())]
    times = np.unique(np.concatenate(every))
    rates = np.full((len(times), len(symbols)), np.nan)
    for i, symbol in enumerate(symbols):
        if symbol in paid:
            rates[np.searchsorted(times, paid[symbol].time), i] = 100 * paid[symbol].rate
    return times, rates


def day(mood: Any) -> int:
    """Return when the day of a fear and greed reading began, in ms."""
    return int(datetime.combine(mood.day, time(), UTC).timestamp() * 1000)


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
