"""The perpetual futures: funding, open interest, longs and shorts; Binance first, then others."""

from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from functools import partial
from math import isnan, nan
from typing import Any

from bot import INTERVALS, UserError
from markets import bybit, futures, kraken, okx
from markets.names import contract, split, unit
from net import Dated, Route
from shapes import Funding, next_close

HOURS, WHILE, LAG, MONTH = 8, 600, 60, 30 * 86400
FUNDING = (futures.funding_route(), bybit.funding_route(), kraken.funding_route())
TOLD: Mapping[str, float] = {}
STEADY = (FUNDING, (futures.hours_route(),), (futures.exchange_route(),))
Read = Callable[..., Dated]


class Perps:
    """Ask the markets of perpetual contracts by the spot symbol of their coin."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._made: tuple[Any, Any, dict[str, Funding]] | None = None

    def contract(self, symbol: str) -> tuple[str, float]:
        """Return the contract on a symbol's coin and its coins a unit. Raises UserError."""
        names = self._names()
        found = contract(symbol, names) if names else (symbol, 1.0)
        if found is None:
            coin = symbol.removesuffix("USDT")
            raise UserError(f"{coin} için vadeli işlem yok.", f"{coin} has no perpetual contract.")
        return found

    def _names(self) -> Container[str]:
        """Return the names of Binance's contracts, none where they are not known."""
        try:
            return self._read(futures.exchange_route()).pairs
        except UserError:
            return ()

    def _both(self, symbol: str) -> tuple[tuple[str, float], tuple[str, float]]:
        """Return what Binance and what Bybit call a contract, each with its coins a unit.

        SHIB1000 is Bybit's 1000SHIB. Raises UserError.
        """
        ours = self.contract(symbol)
        return ours, self._bybit(symbol, ours)

    def _bybit(self, symbol: str, ours: tuple[str, float]) -> tuple[str, float]:
        if ours == (symbol, 1.0) and self._names():
            return ours
        try:
            return contract(symbol, self._read(bybit.contracts_route()).data) or ours
        except UserError:
            return ours

    def funding(self, symbol: str = "") -> tuple[Dated, Mapping[str, Funding]]:
        """Return the read and the funding by spot symbol, prices per coin. Raises UserError.

        OKX tells of one coin only: it is asked for `symbol` where nobody tells of all.
        """
        try:
            read = self._read(*FUNDING)
        except UserError as error:
            return self._swap(symbol, error)
        hours, usual = self._hours(read)
        made = self._made
        if made is None or made[0] is not read.data or made[1] is not hours:
            self._made = made = (read.data, hours, by_coin(read.data, hours, usual))
        return read, made[2]

    def _swap(self, symbol: str, error: UserError) -> tuple[Dated, Mapping[str, Funding]]:
        """Return OKX's funding of one coin. Raises the error where there is none."""
        way = okx.funding_route(symbol)
        if way is None:
            raise error
        try:
            read = self._read(way)
        except UserError:
            raise error from None
        return replace(read, source="okx"), read.data

    def _hours(self, read: Dated) -> tuple[Mapping[str, float], float]:
        """Return the hours between payments by contract, and those of all others, NaN if unknown.

        Only Binance's list leaves out the contracts that pay every eight hours.
        """
        if not any(isnan(row.hours) for row in read.data.values()):
            return TOLD, nan
        try:
            if read.source:
                return self._read(bybit.contracts_route()).data, nan
            return self._read(futures.hours_route()).data, HOURS
        except UserError:
            return TOLD, nan

    def candles(self, symbol: str, interval: str) -> Dated:
        """Return up to 999 closed bars of a coin's contract, per coin. Raises UserError."""
        ours, (theirs, count) = self._both(symbol)
        ways = (
            futures.candles_route(ours[0], interval, ours[1]),
            bybit.contract_route(theirs, interval, count),
            okx.contract_route(symbol, interval),
        )
        return self._read(*filter(None, ways), expiry=next_close)

    def page(self, symbol: str, interval: str, start: int, end: int) -> Dated:
        """Return a contract's bars that open from `start` to before `end`, ms. Raises UserError."""
        ours, (theirs, count) = self._both(symbol)
        ways = (
            futures.page_route(ours[0], interval, start, end, ours[1]),
            bybit.page_route(theirs, interval, start, end, count),
        )
        return self._read(*filter(None, ways))

    def payments(self, symbol: str, start: int, end: int) -> Dated:
        """Return what a coin's contract paid from `start` to before `end`, ms. Raises UserError."""
        ours, (theirs, _) = self._both(symbol)
        ways = futures.payments_route(ours[0], start, end), bybit.payments_route(theirs, start, end)
        return self._read(*ways, expiry=partial(over, end / 1000))

    def funding_history(self, symbol: str) -> Dated:
        """Return the payments of a coin's contract, oldest first. Raises UserError."""
        ours, (theirs, _) = self._both(symbol)
        ways = futures.funding_history_route(ours[0]), bybit.funding_history_route(theirs)
        return self._read(*ways, *filter(None, [okx.funding_history_route(symbol)]))

    def traded(self, symbol: str) -> float:
        """Return the dollars a coin's contract traded in 24 hours, NaN where Binance is silent."""
        name, _ = self.contract(symbol)
        try:
            read = self._read(futures.tickers_route())
        except UserError:
            return nan
        row = None if read.stale else read.data.get(name)
        return row.quote if row else nan

    def interest(self, symbol: str) -> Dated:
        """Return a coin's open interest in coins. Raises UserError."""
        ours, theirs = self._both(symbol)
        ways = (futures.interest_route(*ours), okx.interest_route(symbol))
        others = bybit.interest_route(*theirs), kraken.interest_route(symbol)
        return self._read(*(way for way in (*ways, *others) if way))

    def interest_history(self, symbol: str, period: str) -> Dated:
        """Return a coin's open interest over time, oldest first. Raises UserError."""
        ours, (theirs, count) = self._both(symbol)
        ways = (
            futures.interest_history_route(ours[0], period, ours[1]),
            bybit.interest_history_route(theirs, period, count),
            okx.interest_history_route(symbol, period),
        )
        return self._series(period, *ways)

    def ratios(self, symbol: str, period: str, who: str = "global") -> Dated:
        """Return longs against shorts: global, or top traders' account or position."""
        ours = self.contract(symbol)
        first = futures.ratio_route(ours[0], period, who)
        if who != "global":
            return self._series(period, first)
        theirs, _ = self._bybit(symbol, ours)
        others = bybit.ratio_route(theirs, period), okx.ratio_route(symbol, period)
        return self._series(period, first, *others)

    def taker(self, symbol: str, period: str) -> Dated:
        """Return what takers bought and sold of a coin's contract. Raises UserError."""
        name, count = self.contract(symbol)
        first = futures.taker_route(name, period, count)
        return self._series(period, first, okx.taker_route(symbol, period))

    def basis(self, symbol: str, period: str) -> Dated:
        """Return a coin's contract against its index. Raises UserError."""
        return self._series(period, futures.basis_route(*self.contract(symbol)[:1], period))

    def _series(self, period: str, *ways: Route | None) -> Dated:
        known = [way for way in ways if way]
        if not known:
            raise UserError("Bu aralık yok.", "There is no such period.")
        return self._read(*known, expiry=partial(next_point, INTERVALS[period] / 1000))


def next_point(step: float, fetched: float, _: Any) -> tuple[float, float]:
    """Return when a series of one point in `step` seconds wants refreshing, and expires.

    That is soon after the next point, and now and then before, for a point may come late.
    """
    due = min(fetched + WHILE, fetched // step * step + step + LAG)
    return due, due + 2 * LAG


def over(end: float, fetched: float, _: Any) -> tuple[float, float]:
    """Return when what happens until `end` (seconds) wants refreshing, and expires."""
    wait = MONTH if fetched > end + LAG else WHILE
    return fetched + wait, fetched + wait


def by_coin(
    rows: Mapping[str, Funding], hours: Mapping[str, float], usual: float
) -> dict[str, Funding]:
    """Return funding by spot symbol, per coin, with the hours between payments.

    Where neither a row nor `hours` tells them they are the usual ones.
    """
    found = {}
    for name, row in rows.items():
        pair = split(name)
        if pair is None or pair[1] != "USDT":
            continue
        coin, count = unit(pair[0])
        told = hours.get(name, usual) if isnan(row.hours) else row.hours
        found[f"{coin}USDT"] = row.per_coin(count)._replace(hours=told)
    return found
