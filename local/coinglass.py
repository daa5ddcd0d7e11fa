"""CoinGlass's API in front of the tape, for holders of a key: liquidations and ETF flows."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from requests import PreparedRequest

from local.coins import STABLE, Coins
from local.etf import ASSETS, DAY, dollars, flows
from local.faces import Call, Meter, answer, call, figure
from local.markets import Answer, Face
from local.paths import HIGH, LOW, OPEN, QUOTE

HOST = "open-api-v4.coinglass.com"
LIMIT = 80
CHAINS = {"bitcoin": "btc", "ethereum": "eth", "solana": "sol", "xrp": "xrp"}
SPANS = (1, 4, 12, 24)


class Refused(Exception):
    """Carry CoinGlass's code and words."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class CoinGlass:
    """Answer what CoinGlass would say, at the clock's time; errors have status 200 too."""

    def __init__(self, coins: Coins, clock: Callable[[], float] = time.time) -> None:
        self._coins, self._clock, self._meter = coins, clock, Meter(LIMIT)

    def faces(self) -> dict[str, Face]:
        """Return what answers for the host."""
        return {HOST: self.answer}

    def answer(self, request: PreparedRequest) -> Answer:
        """Return the answer to a request, with code "0" or that of an error."""
        asked = call(request, self._clock, "CG-API-KEY")
        try:
            body = {"code": "0", "msg": "success", "data": self._run(asked)}
        except Refused as error:
            body = {"code": error.code, "msg": str(error)}
        return answer(body, asked.now_ms)

    def _run(self, asked: Call) -> Any:
        if not asked.key:
            raise Refused("401", "API key missing.")
        if self._meter.full(asked.now_ms):
            raise Refused("429", "Too Many Requests")
        if asked.path == "api/futures/liquidation/coin-list":
            if "exchange" not in asked.sent:
                raise Refused("400", "Required String parameter 'exchange' is not present")
            return self.liquidations(asked)
        chain = asked.path.removeprefix("api/etf/").removesuffix("/flow-history")
        if chain in CHAINS and asked.path == f"api/etf/{chain}/flow-history":
            return self.history(CHAINS[chain], asked.now_ms)
        raise Refused("404", "Not Found")

    def history(self, name: str, now_ms: int) -> list[dict[str, Any]]:
        """Return an asset's flows since its funds began; one not yet known is left out."""
        asset, found = ASSETS[name], flows(self._coins, name, now_ms)
        closes = self._coins.closes(asset.symbol, found.days * 24 + 19)
        columns = (found.days, found.totals, closes, found.table)
        tickers = [fund.ticker for fund in asset.funds]
        return [
            {
                "timestamp": day * DAY,
                "flow_usd": dollars(total),
                "price_usd": price,
                "etf_flows": [told(*one) for one in zip(tickers, row, strict=True)],
            }
            for day, total, price, row in zip(*(column.tolist() for column in columns), strict=True)
        ]

    def liquidations(self, asked: Call) -> list[dict[str, Any]]:
        """Return what the last whole hours' falls cost longs and their rises shorts."""
        coins, hour = self._coins, asked.now_ms // 3_600_000
        market = coins.snapshot(asked.now_ms)
        places = market.order[:200]
        places = places[~np.isin(places, [coins.by_symbol[one] for one in STABLE])]
        bars = coins.tape.hours(coins.rows[places - 1, None], np.arange(hour - 24, hour))
        turnover = bars[QUOTE] / (coins.ticks * coins.lots)[places - 1, None]
        longs = turnover * (2e-3 + 0.6 * (bars[OPEN] - bars[LOW]) / bars[OPEN])
        shorts = turnover * (2e-3 + 0.6 * (bars[HIGH] - bars[OPEN]) / bars[OPEN])
        rows = []
        for i, long, short in zip(places, longs, shorts, strict=True):
            row: dict[str, Any] = {"symbol": coins.coins[i].symbol}
            for span in SPANS[::-1]:
                sides = {"": long + short, "long_": long, "short_": short}
                for side, amounts in sides.items():
                    row[f"{side}liquidation_usd_{span}h"] = figure(amounts[-span:].sum())
            rows.append(row)
        return sorted(rows, key=lambda row: -row["liquidation_usd_24h"])


def told(ticker: str, tenths: float) -> dict[str, Any]:
    """Return a fund's flow, without it where it is not known."""
    flow = dollars(tenths)
    return {"etf_ticker": ticker} | ({} if flow is None else {"flow_usd": flow})
