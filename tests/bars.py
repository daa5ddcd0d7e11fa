"""Candles that rise, fall, rest or go wild, and the positions beside them, for several tests."""

import numpy as np

import metrics
from shapes import Candles, InterestHistory, TakerFlow

BARS = 600


def candles(close, seed=1, scale=1.0, buy=0.5):
    """Return hourly bars through the closes, takers buying a share of the volume."""
    rng = np.random.default_rng(seed)
    close = np.asarray(close) * scale
    first = np.concatenate([[close[0]], close[:-1]])
    spread = 1 + np.abs(rng.normal(0, 0.002, len(close)))
    high, low = np.maximum(first, close) * spread, np.minimum(first, close) / spread
    volume = rng.uniform(90, 110, len(close))
    taker = volume * np.clip(buy + rng.normal(0, 0.03, len(close)), 0, 1)
    time = np.arange(len(close)) * 3_600_000.0
    quote = volume * close
    prices = [first, high, low, close]
    amounts = [volume, time + 3_599_999, quote, volume, taker, taker * close]
    return Candles(np.array([time, *prices, *amounts]))


def walk(drift, noise, seed=1):
    """Return a random walk with a drift."""
    rng = np.random.default_rng(seed)
    return 100 * np.exp(np.cumsum(drift + rng.normal(0, noise, BARS)))


def turning(drift, noise, seed=1):
    """Return a walk whose drift begins in the last fifth."""
    rng = np.random.default_rng(seed)
    steps = np.where(np.arange(BARS) < BARS * 0.8, 0, drift)
    return 100 * np.exp(np.cumsum(steps + rng.normal(0, noise, BARS)))


def resting(noise, seed=1):
    """Return prices that come back to 100."""
    rng = np.random.default_rng(seed)
    return 100 * np.exp(rng.normal(0, noise, BARS))


def positions(c, lean, seed=1):
    """Return a perpetual whose interest follows the price up (1) or not at all (0), and takers."""
    rng = np.random.default_rng(seed)
    moves = np.diff(np.log(c.close), prepend=np.log(c.close[0]))
    base = 1e6 * np.exp(np.cumsum(abs(lean) * np.abs(moves) + rng.normal(0, 0.001, len(c))))
    bought = np.exp(0.1 * lean + rng.normal(0, 0.05, len(c)))
    interest = InterestHistory(c.end + 1, base, base * c.close)
    return metrics.Positions(interest, TakerFlow(c.time, bought, np.ones(len(c))))
