"""Where money goes: open interest, funding, crowds, order books and big prints as numbers."""

from collections.abc import Iterable, Sequence
from math import isfinite, nan
from typing import NamedTuple

import numpy as np

import calc
from shapes import Book, Candles, InterestHistory, Trades

HOUR, DAY = 3_600_000, 86_400_000
BASE_RATE = 0.0001
MONTH, MONTH_KNOWN = 30 * DAY, 25 * DAY
INTEREST_MOVES, PRICE_STANDS = 1.0, 0.5
FULL_BOOK, WALL = 500, 5
SCORE_BUY = 20
WHALE, BIG_WHALE = 50_000, 100_000
SPANS = (1, 4, 24)
FLOW_BARS = 20


class Prints(NamedTuple):
    """Big trades: how many, what takers bought and sold in quote units, their share of all in %."""

    count: int
    bought: float
    sold: float
    share: float


class Build(NamedTuple):
    """Open interest in coins and dollars, and what it did: moves in percent over SPANS hours.

    `quadrant` and `stand` name its four hours under the price, None where unknown.
    """

    base: float
    quote: float
    moves: list[float]
    quadrant: str | None
    stand: str | None


class Wall(NamedTuple):
    """An order that stands out in a book: its price and its value in quote units."""

    price: float
    value: float


def at(time: np.ndarray, values: np.ndarray, instant: float) -> float:
    """Return the value of a rising series at an instant, NaN where it has none there."""
    i = int(np.searchsorted(time, instant))
    return float(values[i]) if i < len(time) and time[i] == instant else nan


def moves(time: np.ndarray, values: np.ndarray, now: float, hours: Sequence[float]) -> list[float]:
    """Return the percent change up to `now` (ms) over each span of hours, NaN where unknown."""
    last = at(time, values, now)
    return [calc.change(last, at(time, values, now - span * HOUR)) for span in hours]


def stand(price_move: float, interest_move: float) -> str | None:
    """Name what to do about open interest under a price, both moves in percent; None if unknown.

    Interest that does not grow by 1 % is watched; growth under a price that moves less than 0.5 %
    is gathering, under a rising one strong, under a falling one pressing.
    """
    if not (isfinite(price_move) and isfinite(interest_move)):
        return None
    if interest_move < INTEREST_MOVES:
        return "watch"
    if abs(price_move) < PRICE_STANDS:
        return "gathering"
    return "strong" if price_move > 0 else "pressing"


def build(past: InterestHistory, candles: Candles | None) -> Build:
    """Return what open interest did up to the last instant at which the price is known too."""
    now, price = float(past.time[-1]), nan
    if candles is not None and len(candles.end):
        now = min(now, float(candles.end[-1]) + 1)
        price = moves(candles.end + 1, candles.close, now, SPANS)[1]
    grown = moves(past.time, past.base, now, SPANS)
    states = calc.quadrant(price, grown[1]), stand(price, grown[1])
    return Build(float(past.base[-1]), float(past.quote[-1]), grown, *states)


def eight_hourly(rate: float, hours: float) -> float:
    """Return a funding rate paid every so many hours as one paid every eight."""
    return rate * 8 / hours


def lean(rate: float) -> str | None:
    """Name the side an eight-hour funding rate presses on; 0 to 0.0001 is neutral."""
    if not isfinite(rate):
        return None
    if rate > BASE_RATE + 1e-12:
        return "long"
    return "short" if rate < 0 else "neutral"


def recent_mean(time: np.ndarray, values: np.ndarray, days: float) -> float:
    """Return the mean of the last days up to the newest value; NaN where the series is shorter."""
    steps = np.diff(time)
    if not len(steps) or time[-1] - time[0] + steps[-1] < days * DAY:
        return nan
    return float(values[time > time[-1] - days * DAY].mean())


def month_z(time: np.ndarray, values: np.ndarray) -> float:
    """Return the z of the newest value in its last 30 days; NaN with less than 25 days known."""
    known = np.isfinite(values) & (time > time[-1] - MONTH)
    times, series = time[known], values[known]
    if not known[-1] or times[-1] - times[0] < MONTH_KNOWN:
        return nan
    return float(calc.zscore(series, len(series))[-1])


def crowd_z(time: np.ndarray, ratio: np.ndarray) -> float:
    """Return the 30-day z of the logarithm of a long/short ratio."""
    return month_z(time, logs(ratio))


def taker_day(time: np.ndarray, buy: np.ndarray, sell: np.ndarray) -> tuple[float, float]:
    """Return the mean of ln(buy / sell) over 24 hours, and its 30-day z; bars of four hours."""
    ratio = np.divide(buy, sell, out=np.full(len(buy), nan), where=sell > 0)
    day = calc.sma(logs(ratio), 6)
    return float(day[-1]), month_z(time, day)


def logs(ratio: np.ndarray) -> np.ndarray:
    """Return natural logarithms, NaN where there is none."""
    return np.log(ratio, out=np.full(len(ratio), nan), where=ratio > 0)


def middle(book: Book) -> float:
    """Return the price between the best bid and the best ask, NaN with an empty side."""
    if not len(book.bids) or not len(book.asks):
        return nan
    return float(book.bids[0, 0] + book.asks[0, 0]) / 2


def reach(book: Book) -> float:
    """Return how far in percent of the middle both sides are known; infinity for a whole book."""
    mid, far = middle(book), np.inf
    for side in (book.bids, book.asks):
        if len(side) >= FULL_BOOK:
            far = min(far, 100 * abs(float(side[-1, 0]) / mid - 1))
    return far


def imbalance(book: Book, percent: float) -> float:
    """Return (bids − asks) / (bids + asks) near the middle, NaN where the book ends before."""
    return calc.book_imbalance(book.bids, book.asks, percent) if reach(book) >= percent else nan


def liquidity(books: Iterable[Book]) -> tuple[float, float]:
    """Return the mean 100·(bids − asks) / (bids + asks) of snapshots, and the ±percent it covers.

    It covers 1 %, or as far as every snapshot is known on both sides.
    """
    every = list(books)
    percent = min([1.0, *(reach(book) for book in every)])
    scores = [100 * calc.book_imbalance(book.bids, book.asks, percent) for book in every]
    return float(np.mean(scores)) if scores else nan, percent


def signal(score: float) -> str | None:
    """Name the verdict of a liquidity score: buy over 20, sell under −20."""
    if not isfinite(score):
        return None
    return "buy" if score > SCORE_BUY else "sell" if score < -SCORE_BUY else "wait"


def walls(side: np.ndarray, mid: float, percent: float = 1.0, most: int = 2) -> list[Wall]:
    """Return the biggest orders near the middle that are five times the median one or more."""
    near = side[np.abs(side[:, 0] - mid) <= mid * percent / 100]
    values = near[:, 0] * near[:, 1]
    if not len(values):
        return []
    order = np.argsort(-values, kind="stable")[:most]
    tall = [i for i in order if values[i] >= WALL * np.median(values)]
    return [Wall(float(near[i, 0]), float(values[i])) for i in tall]


def prints(trades: Trades, least: float = WHALE) -> Prints:
    """Return the trades worth at least so much."""
    value = trades.price * trades.quantity
    big, total = value >= least, float(value.sum())
    sold = float(value[big & trades.sold].sum())
    bought = float(value[big & ~trades.sold].sum())
    share = 100 * (bought + sold) / total if total > 0 else nan
    return Prints(int(big.sum()), bought, sold, share)


def since(trades: Trades, instant: float) -> Trades:
    """Return the trades from an instant (ms) on."""
    kept = trades.time >= instant
    return Trades(*(row[kept] for row in (trades.time, trades.price, trades.quantity, trades.sold)))


def toxicity(trades: Trades, bucket: float, n: int = 50) -> float:
    """Return the VPIN of the last n buckets of equal volume, 0–1 (Easley, López de Prado, O'Hara).

    The mean of |bought − sold| over the bucket's volume, by the takers' true sides (2012); the
    newest trade ends the last bucket. NaN with fewer than n.
    """
    size = trades.quantity
    if not bucket > 0 or size.sum() < n * bucket:
        return nan
    traded = np.concatenate([[0.0], np.cumsum(size)])
    bought = np.concatenate([[0.0], np.cumsum(np.where(trades.sold, 0, size))])
    edges = traded[-1] - bucket * np.arange(n, -1, -1)
    return float(np.abs(2 * np.diff(np.interp(edges, traded, bought)) - bucket).mean() / bucket)


def order_flow(books: Sequence[Book]) -> np.ndarray:
    """Return the order flow imbalance of each snapshot of a book after the one before.

    What was added to the best bid less what was taken from it, less the same of the best ask, in
    base units (Cont, Kukanov and Stoikov 2014).
    """
    whole = [book for book in books if len(book.bids) and len(book.asks)]
    best = np.array([[*book.bids[0], *book.asks[0]] for book in whole]).reshape(-1, 4)
    bid, bid_size, ask, ask_size = best.T
    up, down = bid[1:] >= bid[:-1], bid[1:] <= bid[:-1]
    lower, higher = ask[1:] <= ask[:-1], ask[1:] >= ask[:-1]
    bids = up * bid_size[1:] - down * bid_size[:-1]
    return bids - lower * ask_size[1:] + higher * ask_size[:-1]


class Capital(NamedTuple):
    """Where a coin's money goes in its closed bars, the newest values.

    `cmf`, `obv` and `cvd` are flows over 20 bars in [−1, 1] as a share of the volume, `mfi` 0–100,
    `share` what takers bought of 24 hours' volume in percent, `vwap` the average price of the UTC
    day and `gap` how far the close is above it in ATRs.
    """

    cmf: float
    obv: float
    mfi: float
    cvd: float
    share: float
    vwap: float
    gap: float


def capital(c: Candles) -> Capital:
    """Return where the money goes, NaN where it is not known."""
    if len(c) < 2:
        return Capital(*[nan] * 7)
    day = max(1, round(DAY / float(np.diff(c.time).min())))
    obv = calc.mom(calc.obv(c.close, c.volume), FLOW_BARS)
    vwap = calc.quote_vwap(c.quote, c.volume, c.time)
    series = (
        calc.cmf(c.high, c.low, c.close, c.volume, FLOW_BARS),
        obv / calc.rolling_sum(c.volume, FLOW_BARS),
        calc.mfi(c.high, c.low, c.close, c.volume),
        calc.cvd_slope(c.volume, c.taker, FLOW_BARS),
        calc.buy_share(c.quote, c.taker_quote, day),
        vwap,
        (c.close - vwap) / calc.atr(c.high, c.low, c.close),
    )
    return Capital(*(float(one[-1]) for one in series))


def balance(flow: Capital) -> float:
    """Return the mean of the known signs of a coin's flows, −1 all out to 1 all in."""
    sides = [flow.cmf, flow.obv, flow.cvd, flow.mfi - 50, flow.share - 50, flow.gap]
    known = [float(np.sign(side)) for side in sides if isfinite(side)]
    return float(np.mean(known)) if known else nan


def turn(flow: float, before: float) -> str | None:
    """Name how a day's net flow stands to that of the day before; None where one is unknown."""
    if not (isfinite(flow) and isfinite(before)):
        return None
    if flow == before:
        return "same"
    if flow > 0 >= before or flow < 0 <= before:
        return "turned_in" if flow > 0 else "turned_out"
    if before > 0:
        return "more_in" if flow > before else "less_in"
    return "more_out" if flow < before else "less_out"
