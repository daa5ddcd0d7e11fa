"""The perpetual futures: funding, open interest, longs and shorts; Binance first, then others."""

from collections.abc import Callable, Mapping
from functools import partial
from math import isnan, nan
from typing import Any

from bot import INTERVALS, UserError
from markets import bybit, futures, kraken, okx
from markets.names import contract, split, unit
from net import Dated, Route
from shapes import Funding

HOURS, WHILE, LAG = 8, 600, 60
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
        try:
            found = contract(symbol, self._read(futures.exchange_route()).pairs)
        except UserError:
            found = (symbol, 1.0)
        if found is None:
            coin = symbol.removesuffix("USDT")
            raise UserError(f"{coin} için vadeli işlem yok.", f"{coin} has no perpetual contract.")
        return found

    def _bybit(self, symbol: str, ours: tuple[str, float]) -> tuple[str, float]:
        """Return what Bybit calls a contract and its coins a unit: SHIB1000 is its 1000SHIB."""
        if ours == (symbol, 1.0):
            return ours
        try:
            return contract(symbol, self._read(bybit.contracts_route()).data) or ours
        except UserError:
            return ours

    def funding(self) -> tuple[Dated, Mapping[str, Funding]]:
        """Return the read and the funding by spot symbol, prices per coin. Raises UserError."""
        read = self._read(*FUNDING)
        hours = TOLD if read.source else self._hours()
        made = self._made
        if made is None or made[0] is not read.data or made[1] is not hours:
            self._made = made = (read.data, hours, by_coin(read.data, hours))
        return read, made[2]

    def _hours(self) -> Mapping[str, float] | None:
        """Return the hours between payments where they are not 8, None if they are not known."""
        try:
            return self._read(futures.hours_route()).data
        except UserError:
            return None

    def funding_history(self, symbol: str) -> Dated:
        """Return the payments of a coin's contract, oldest first. Raises UserError."""
        ours = self.contract(symbol)
        theirs, _ = self._bybit(symbol, ours)
        ways = futures.funding_history_route(ours[0]), bybit.funding_history_route(theirs)
        return self._read(*ways, *filter(None, [okx.funding_history_route(symbol)]))

    def interest(self, symbol: str) -> Dated:
        """Return a coin's open interest in coins. Raises UserError."""
        ours = self.contract(symbol)
        ways = (futures.interest_route(*ours), okx.interest_route(symbol))
        others = bybit.interest_route(*self._bybit(symbol, ours)), kraken.interest_route(symbol)
        return self._read(*(way for way in (*ways, *others) if way))

    def interest_history(self, symbol: str, period: str) -> Dated:
        """Return a coin's open interest over time, oldest first. Raises UserError."""
        ours = self.contract(symbol)
        theirs, count = self._bybit(symbol, ours)
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


def by_coin(rows: Mapping[str, Funding], hours: Mapping[str, float] | None) -> dict[str, Funding]:
    """Return funding by spot symbol, per coin, with the hours between payments.

    They are 8 where `hours` tells no others, unknown without `hours`.
    """
    found, usual = {}, HOURS if hours is not None else nan
    for name, row in rows.items():
        pair = split(name)
        if pair is None or pair[1] != "USDT":
            continue
        coin, count = unit(pair[0])
        told = (hours or {}).get(name, usual) if isnan(row.hours) else row.hours
        found[f"{coin}USDT"] = row.per_coin(count)._replace(hours=told)
    return found
