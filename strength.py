"""The market's strength: what takers buy and sell of it, and the power of the altcoins."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from math import isfinite, nan
from typing import Any, NamedTuple

import numpy as np

import calc
from markets import coingecko
from shapes import STABLE, Pair, Panel, Ticker

HORIZONS = {"15m": 1, "1h": 4, "4h": 16, "12h": 48, "1d": 96}
FRAME, BARS = "15m", 2 * HORIZONS["1d"]
TOP, LEADERS = 60, 30
HOURS, DAYS = 24, 31
WEEK, SLACK = 7 * 86_400_000, 12 * 3_600_000
COVERAGE = 0.6
HEAVIEST = 0.15
BITCOIN, NOT_ALTS = "BTCUSDT", frozenset(("BTC", "WBTC", "PAXG", "XAUT"))
NEEDS = {
    "against_btc": ("exchange", "tickers", "market"),
    "short_term": ("exchange", "tickers", "hours"),
    "long_term": ("days",),
}


class Powers(NamedTuple):
    """How strong the altcoins are, 0–100; `lead` is their 24-hour change less bitcoin's in percent.

    `against_btc` is AP, the index of alarms. NaN where unknown.
    """

    against_btc: float
    short_term: float
    long_term: float
    lead: float


@dataclass(frozen=True, eq=False)
class Cash:
    """What takers bought and what was traded over spans of bars, in quote units, NaN if unknown.

    The first axis is the spans, the second, where there is one, the coins.
    """

    bought: np.ndarray
    traded: np.ndarray

    @property
    def net(self) -> np.ndarray:
        """Return what takers bought less what they sold."""
        return 2 * self.bought - self.traded

    @property
    def share(self) -> np.ndarray:
        """Return the percentage of what was traded that takers bought, NaN where nothing was."""
        return 100 * self.bought / np.where(self.traded > 0, self.traded, nan)

    def total(self) -> "Cash":
        """Return the sums over the coins whose flow is known."""
        known = np.isfinite(self.net)
        return Cash(pooled(self.bought, known), pooled(self.traded, known))


def bars(sources: Any, symbols: Sequence[str] = ()) -> Panel:
    """Return the bars that cash is counted from: of some coins, else of the 60 traded most.

    Raises UserError.
    """
    return sources.panel(symbols or sorted(sources.top(TOP)), FRAME, BARS)


def cash(panel: Panel, spans: Iterable[int] = HORIZONS.values(), before: bool = False) -> Cash:
    """Return each coin's cash over its last bars, or over as many bars before these.

    A span of which a coin lacks a bar is unknown.
    """
    counts = tuple(spans)
    return Cash(*(summed(table, counts, before) for table in (panel.taker_quote, panel.quote)))


def summed(table: np.ndarray, spans: Sequence[int], before: bool) -> np.ndarray:
    """Return a panel's sums over its last bars, or over as many before: (spans, coins)."""
    ends = [len(table) - n * before for n in spans]
    unknown = np.full(table.shape[1], nan)
    return np.array(
        [
            table[end - n : end].sum(axis=0) if end >= n else unknown
            for n, end in zip(spans, ends, strict=True)
        ]
    )


def pooled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the sums over the known coins, NaN where less than 60 % of the coins are known."""
    sums = np.where(known, values, 0).sum(axis=1)
    return np.where(known.mean(axis=1) >= COVERAGE, sums, nan)


def turn(now: Cash, before: Cash) -> np.ndarray:
    """Return the change of the net flow over the coins known in both windows."""
    moved = now.net - before.net
    return pooled(moved, np.isfinite(moved))


def buying_power(share: float) -> float:
    """Return how strong buyers are by their percentage: 1 when it is half, within 0.1–2."""
    return float(np.clip(share / 50, 0.1, 2.0))


def migration(net: np.ndarray) -> np.ndarray:
    """Return each coin's percentage of all that flowed in; NaN where nothing did."""
    inflow = np.maximum(net, 0)
    total = np.nansum(inflow)
    return 100 * inflow / (total if total > 0 else nan)


def burst(traded: np.ndarray) -> np.ndarray:
    """Return each coin's last bar over the mean of the four before it, NaN where unknown."""
    if len(traded) < 5:
        return np.full(traded.shape[1], nan)
    usual = traded[-5:-1].mean(axis=0)
    return traded[-1] / np.where(usual > 0, usual, nan)


def inflowing(net: np.ndarray) -> float:
    """Return the percentage of the known coins into which cash flowed."""
    known = np.isfinite(net)
    return 100 * float((net > 0).sum() / known.sum()) if known.any() else nan


def volumes(tickers: Mapping[str, Ticker], pairs: Mapping[str, Pair]) -> dict[str, float]:
    """Return the 24-hour volumes of all pairs quoted in USDT, by symbol."""
    dollars = {symbol for symbol, pair in pairs.items() if pair.quote == "USDT"}
    return {s: row.quote for s, row in tickers.items() if s in dollars and isfinite(row.quote)}


def share_of(symbols: Iterable[str], volume: Mapping[str, float]) -> float:
    """Return the percentage of the volume that some symbols make, NaN where one is unknown."""
    part, whole = sum(volume.get(symbol, nan) for symbol in symbols), sum(volume.values())
    return 100 * part / whole if whole > 0 else nan


def stable(pairs: Mapping[str, Pair], volume: Mapping[str, float]) -> list[str]:
    """Return the symbols with a volume whose base is a stablecoin."""
    return [symbol for symbol in volume if pairs[symbol].base in STABLE]


def rising(tickers: Mapping[str, Ticker], symbols: Iterable[str]) -> tuple[int, int]:
    """Return how many of some symbols rose and how many fell in 24 hours."""
    moves = np.array([tickers[symbol].change for symbol in symbols if symbol in tickers])
    return int((moves > 0).sum()), int((moves < 0).sum())


def altcoins(pairs: Mapping[str, Pair], symbols: Iterable[str]) -> list[str]:
    """Return the symbols that are neither bitcoin nor gold under another name."""
    return [symbol for symbol in symbols if pairs[symbol].base not in NOT_ALTS]


def busiest(sources: Any, count: int) -> list[str]:
    """Return the altcoins traded most in 24 hours, by name. Raises UserError."""
    top = sources.top(count + len(NOT_ALTS))
    return sorted(altcoins(sources.universe(), top)[:count])


def parts(sources: Any) -> dict[str, Callable[[], Any]]:
    """Return by name how to ask for what the powers are made of."""
    return {
        "exchange": sources.exchange,
        "tickers": sources.tickers,
        "market": sources.market,
        "rows": partial(sources.read, coingecko.rows_route()),
        "hours": lambda: sources.panel(busiest(sources, TOP), "1h", HOURS),
        "days": lambda: sources.panel(busiest(sources, LEADERS), "1d", DAYS),
    }


def powers(told: Mapping[str, Any]) -> Powers:
    """Return the altcoins' powers from the answers to their parts; a missing one is unknown."""
    alt = btc = nan
    if "exchange" in told and "tickers" in told:
        pairs, rows = told["exchange"].universe, told["tickers"].data
        alt = alt_change(rows, altcoins(pairs, pairs))
        btc = rows[BITCOIN].change if BITCOIN in rows else nan
    share = told["market"].shares["BTC"] if "market" in told else nan
    return Powers(
        against_btc(alt, btc, share),
        short_term(alt, told["hours"]) if "hours" in told else nan,
        long_term(told["days"]) if "days" in told else nan,
        alt - btc,
    )


def reads(told: Mapping[str, Any]) -> list[Any]:
    """Return every read behind some answers, those behind a panel too."""
    every = (one.reads.values() if isinstance(one, Panel) else [one] for one in told.values())
    return [*chain.from_iterable(every)]


def alt_change(tickers: Mapping[str, Ticker], symbols: Iterable[str]) -> float:
    """Return the alts' change over 24 hours in percent, weighted by capped quote volume."""
    rows = [(tickers[s].quote, tickers[s].change) for s in symbols if s in tickers]
    table = np.array(rows).reshape(-1, 2)
    volume, change = table[np.isfinite(table).all(axis=1)].T
    return float((capped(volume) * change).sum()) if len(volume) else nan


def capped(volume: np.ndarray, most: float = HEAVIEST) -> np.ndarray:
    """Return weights by volume of which none is over `most`; NaN for too few to make a whole.

    What the heaviest have above it goes to the others by their volume.
    """
    if (volume > 0).sum() * most <= 1:
        return np.full(len(volume), nan)
    weights = volume / volume.sum()
    while (weights > most * (1 + 1e-12)).any():
        full = weights >= most
        weights = np.where(full, most, weights * (1 - most * full.sum()) / weights[~full].sum())
    return weights


def against_btc(alt: float, btc: float, dominance: float) -> float:
    """Return the alts' short-term power against bitcoin from both changes and its share, in %."""
    power = calc.lin(alt - btc, -8, 8) + 0.1 * calc.lin(60 - dominance, 0, 60)
    return float(np.clip(power, 0, 100))


def short_term(alt: float, hours: Panel) -> float:
    """Return the alts' own short-term power from their change and a day's hourly net flow."""
    day = cash(hours, (HOURS,)).total()
    inflow = float(day.net[0] / day.traded[0]) if day.traded[0] > 0 else nan
    return 0.6 * calc.lin(alt, -6, 6) + 0.4 * calc.lin(inflow, -0.05, 0.05)


def long_term(days: Panel) -> float:
    """Return the percentage of coins that rose in 30 days, NaN with less than 60 % known."""
    if len(days.time) < DAYS:
        return nan
    moves = days.close[-1] / days.close[-DAYS] - 1
    known = np.isfinite(moves)
    return 100 * float((moves > 0).sum() / known.sum()) if known.mean() >= COVERAGE else nan


def drift(told: Mapping[str, Any], db: Any) -> tuple[float, bool]:
    """Return by how many points bitcoin's share moved in seven days, and whether it is reckoned.

    It is, from the largest coins' prices, where no reading of that day was kept.
    """
    market, rows = told.get("market"), told.get("rows")
    kept = market if market and not market.source else None
    before = db.reading("dominance", kept.at - WEEK, SLACK) if kept else None
    if market and before:
        return market.shares["BTC"] - before, False
    return reckoned(rows.data) if rows else nan, True


def reckoned(rows: Iterable[coingecko.Row], coin: str = "bitcoin", span: str = "week") -> float:
    """Return by how many points a coin's share of some coins' caps moved over a span.

    As if no coin's supply had changed meanwhile. The span is the name of a change in the rows.
    """
    table = np.array([(row.cap, getattr(row, span), row.id == coin) for row in rows]).reshape(-1, 3)
    known = np.isfinite(table).all(axis=1) & (table[:, 1] > -100)
    cap, moved, own = table[known].T
    if not own.any() or known.mean() < COVERAGE:
        return nan
    before = cap / (1 + moved / 100)
    return 100 * float((cap * own).sum() / cap.sum() - (before * own).sum() / before.sum())


def macro(lead: float, drift: float) -> str | None:
    """Name the mood: risk_on where alts lead bitcoin by the day and its share shrinks by the week.

    Otherwise btc. What is unknown has no say, None where nothing is known; both in percent.
    """
    votes = [yes for value, yes in ((lead, lead > 0), (drift, drift < 0)) if isfinite(value)]
    return ("risk_on" if all(votes) else "btc") if votes else None
