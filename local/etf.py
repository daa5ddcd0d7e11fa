"""SoSoValue and Farside in front of the tape: ETF flows that follow a coin's day, fund by fund."""

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from requests import PreparedRequest

from local.coins import Coins
from local.faces import Meter, answer, call, dated
from local.markets import Answer, Face
from local.pairs import seed_of, shares_of
from local.paths import noise

SOSOVALUE, FARSIDE = "api.sosovalue.xyz", "farside.co.uk"
ROOT = "openapi/v2/etf/"
LIMIT, DAYS_SHOWN, DAYS_TOLD = 20, 15, 300
DAY, HOUR_MS = 86_400_000, 3_600_000
CLOSE_HOUR = 20
MILLION = 1_000_000


class Fund(NamedTuple):
    """Hold a fund: who runs it, its part of the whole, what it tends to lose, its fee."""

    ticker: str
    institute: str
    part: float
    drain: float
    fee: float


class Asset(NamedTuple):
    """Hold an asset's funds, the first day and what a usual day moves in US$ millions."""

    symbol: str
    kind: str
    first_day: int
    usual: float
    funds: tuple[Fund, ...]


class Flows(NamedTuple):
    """Hold days (n,) since 1970 and flows (n, funds) in tenths of US$ millions, NaN if not yet."""

    days: np.ndarray
    table: np.ndarray

    @property
    def totals(self) -> np.ndarray:
        """Return each day's sum of what is known."""
        return np.nansum(self.table, axis=1)


def funds(table: str) -> tuple[Fund, ...]:
    """Return the funds of a table of `ticker:institute:part:drain:fee` words."""
    rows = [word.split(":") for word in table.split()]
    return tuple(
        Fund(ticker, name.replace("_", " "), float(part), float(drain), float(fee))
        for ticker, name, part, drain, fee in rows
    )


def day_of(text: str) -> int:
    """Return a date as days since 1970."""
    return int(np.datetime64(text, "D").astype(np.int64))


ASSETS = {
    "btc": Asset(
        "BTC",
        "us-btc-spot",
        day_of("2024-01-11"),
        320,
        funds("""
        IBIT:BlackRock:.5:-.1:.25 FBTC:Fidelity:.18:0:.25 BITB:Bitwise:.05:0:.2 ARKB:Ark:.07:0:.21
        BTCO:Invesco:.02:0:.25 EZBC:Franklin:.02:0:.19 BRRR:Valkyrie:.01:0:.25
        HODL:VanEck:.03:0:.2 BTCW:WisdomTree:.01:0:.25 GBTC:Grayscale:.08:.9:1.5
        BTC:Grayscale:.03:0:.15"""),
    ),
    "eth": Asset(
        "ETH",
        "us-eth-spot",
        day_of("2024-07-23"),
        110,
        funds("""
        ETHA:BlackRock:.55:-.1:.25 FETH:Fidelity:.18:0:.25 ETHW:Bitwise:.05:0:.2
        TETH:21Shares:.02:0:.21 ETHV:VanEck:.03:0:.2 QETH:Invesco:.01:0:.25
        EZET:Franklin:.01:0:.19 ETHE:Grayscale:.08:.8:2.5 ETH:Grayscale:.07:0:.15"""),
    ),
    "sol": Asset(
        "SOL",
        "us-sol-spot",
        day_of("2025-10-28"),
        22,
        funds("""
        BSOL:Bitwise:.55:-.2:.2 VSOL:VanEck:.06:0:.3 FSOL:Fidelity:.14:0:.25
        TSOL:21Shares:.04:0:.21 SOEZ:Franklin:.03:0:.19 GSOL:Grayscale:.18:0:.35"""),
    ),
    "xrp": Asset(
        "XRP",
        "us-xrp-spot",
        day_of("2025-11-13"),
        18,
        funds("""
        XRPC:Canary:.4:-.1:.5 XRP:Bitwise:.22:0:.34 XRPZ:Franklin:.18:0:.19
        GXRP:Grayscale:.2:.2:.35"""),
    ),
}
PAGES = ("btc", "eth", "sol")
KINDS = {asset.kind: name for name, asset in ASSETS.items()}


def flows(coins: Coins, name: str, now_ms: int, most: int = 10_000) -> Flows:
    """Return an asset's flows on the last `most` weekdays whose market has closed.

    They lean to the coin's day; each fund reports at its own hour, ten in the morning at the last.
    """
    asset = ASSETS[name]
    today = (now_ms - CLOSE_HOUR * HOUR_MS) // DAY
    days = np.arange(max(asset.first_day, today - most * 7 // 5 - 4), today + 1)
    days = days[(days + 3) % 7 < 5][-most:]
    closes = coins.closes(asset.symbol, (days[:, None] - [1, 0]) * 24 + CLOSE_HOUR - 1)
    lean = 0.55 * np.log(closes[:, 1] / closes[:, 0]) / 0.025 + 0.12
    seeds = np.array([seed_of(f"{one.ticker} {asset.kind}") for one in asset.funds], np.uint64)
    part, drain = (np.array([getattr(f, k) for f in asset.funds]) for k in ("part", "drain"))
    u = noise(seeds, days[:, None])
    moved = part * (lean[:, None] - drain + 2.4 * (u[0] + u[1] - 1))
    table = np.rint(10 * asset.usual * np.where((part < 0.06) & (u[2] < 0.6), 0, moved)) + 0.0
    late = np.array([12 * shares_of(f"{one.ticker} hour")[0] for one in asset.funds])
    told = days[:, None] * DAY + (22 + late) * HOUR_MS <= now_ms
    return Flows(days, np.where(told, table, np.nan))


def date_text(day: int, style: str = "%Y-%m-%d") -> str:
    """Return a day since 1970 as a date."""
    return np.datetime64(int(day), "D").item().strftime(style)


class SoSoValue:
    """Answer what SoSoValue's second version would say to a POST, at the clock's time."""

    def __init__(self, coins: Coins, clock: Callable[[], float] = time.time) -> None:
        self._coins, self._clock, self._meter = coins, clock, Meter(LIMIT)

    def faces(self) -> dict[str, Face]:
        """Return what answers for the host."""
        return {SOSOVALUE: self.answer}

    def answer(self, request: PreparedRequest) -> Answer:
        """Return the answer to a request, with a code of 0 or of an error."""
        asked = call(request, self._clock, "x-soso-api-key")
        path, kind = asked.path.removeprefix(ROOT), asked.sent.get("type", "")
        if asked.method != "POST" or path not in ("historicalInflowChart", "currentEtfDataMetrics"):
            return refusal(404, "NOT_FOUND", asked.now_ms)
        if not asked.key:
            return refusal(401, "AUTH_REQUIRED: Missing/invalid API key", asked.now_ms)
        if self._meter.full(asked.now_ms):
            return refusal(429, "RATE_LIMITED: Too many requests", asked.now_ms)
        if kind not in KINDS:
            return answer({"code": 1, "msg": "type is not supported", "data": None}, asked.now_ms)
        found = flows(self._coins, KINDS[kind], asked.now_ms)
        found = Flows(*(part[np.isfinite(found.table).any(axis=1)] for part in found))
        days = chart(found)[::-1]
        data: dict[str, Any] = {"list": days[:DAYS_TOLD]}
        if path == "currentEtfDataMetrics":
            data = metrics(found, days[0], ASSETS[KINDS[kind]])
        return answer({"code": 0, "msg": None, "traceId": None, "data": data}, asked.now_ms)


def refusal(status: int, text: str, now_ms: int) -> Answer:
    """Return SoSoValue's error."""
    return answer({"code": status, "msg": text, "data": None}, now_ms, status)


def dollars(tenths: float) -> float | None:
    """Return tenths of US$ millions in USD, None where not known."""
    return None if math.isnan(tenths) else tenths * MILLION / 10


def chart(found: Flows) -> list[dict[str, Any]]:
    """Return each day's totals, the oldest first."""
    whole = np.cumsum(found.totals)
    return [
        {
            "date": date_text(day),
            "totalNetInflow": dollars(total),
            "totalValueTraded": 2.1e9 + 5 * abs(dollars(total) or 0),
            "totalNetAssets": 4e10 + 1.5 * (dollars(cum) or 0),
            "cumNetInflow": dollars(cum),
        }
        for day, total, cum in zip(
            found.days.tolist(), found.totals.tolist(), whole.tolist(), strict=True
        )
    ]


def metrics(found: Flows, last: dict[str, Any], asset: Asset) -> dict[str, Any]:
    """Return the last day by fund; one that has not reported shows what it last said."""
    rows = []
    for fund, column in zip(asset.funds, found.table.T, strict=True):
        newest = int(np.flatnonzero(np.isfinite(column))[-1])
        day = date_text(found.days[newest])
        figures = {
            "dailyNetInflow": dollars(float(column[newest])),
            "cumNetInflow": dollars(float(np.nansum(column))),
            "fee": fund.fee / 100,
        }
        row = {"id": fund.ticker, "ticker": fund.ticker, "institute": fund.institute}
        rows.append(row | {name: stamped(value, day) for name, value in figures.items()})
    names = {"totalNetAssets": "totalNetAssets", "dailyNetInflow": "totalNetInflow"}
    names |= {"cumNetInflow": "cumNetInflow", "dailyTotalValueTraded": "totalValueTraded"}
    return {k: stamped(last[v], last["date"]) for k, v in names.items()} | {"list": rows}


def stamped(value: float | None, day: str) -> dict[str, Any]:
    """Return a figure with its day."""
    return {"value": value, "lastUpdateDate": day, "status": "1"}


class Farside:
    """Answer Farside's pages, at the clock's time."""

    def __init__(self, coins: Coins, clock: Callable[[], float] = time.time) -> None:
        self._coins, self._clock = coins, clock

    def faces(self) -> dict[str, Face]:
        """Return what answers for the host."""
        return {FARSIDE: self.answer}

    def answer(self, request: PreparedRequest) -> Answer:
        """Return the page of an asset, or that there is none."""
        asked = call(request, self._clock)
        status, body = 404, "<html><body><h1>Not found</h1></body></html>"
        if asked.path in PAGES:
            found = flows(self._coins, asked.path, asked.now_ms)
            status, body = 200, page(ASSETS[asked.path], found)
        kind = {"Content-Type": "text/html; charset=UTF-8"}
        return Answer(status, dated(asked.now_ms) | kind, body.encode())


def cell(tenths: float) -> str:
    """Return an amount in US$ millions: brackets below zero, a dash where there is none."""
    if math.isnan(tenths):
        return "<td><div><span class='tabletext'>-</span></div></td>"
    text = f"{abs(tenths) / 10:,.1f}"
    text = f'<span class="redFont">({text})</span>' if tenths < 0 else text
    return f"<td><div><span class='tabletext'>{text}</span></div></td>"


def line(label: str, amounts: np.ndarray) -> str:
    """Return a row of the table; Farside leaves it open."""
    return f"<tr><td><span class='tabletext'>{label}</span></td>{''.join(map(cell, amounts))}\n"


def page(asset: Asset, found: Flows) -> str:
    """Return the page: a header, the fees, the last days, the summaries of all days."""
    heads = "".join(f"<th>{fund.ticker}</th>" for fund in asset.funds)
    fees = "".join(f"<td>{fund.fee:.2f}%</td>" for fund in asset.funds)
    both = np.column_stack([found.table, found.totals])
    days = [
        line(date_text(day, "%d %b %Y"), row)
        for day, row in zip(found.days[-DAYS_SHOWN:], both[-DAYS_SHOWN:], strict=True)
    ]
    told = both[np.isfinite(both).all(axis=1)]
    ends = {"Total": told.sum(axis=0), "Average": told.mean(axis=0)}
    ends |= {"Maximum": told.max(axis=0), "Minimum": told.min(axis=0)}
    last = [line(label, np.rint(row)) for label, row in ends.items()]
    return (
        "<!DOCTYPE html><html><head><title>ETF Flow – Farside Investors</title></head><body>"
        "<table><tr><td>Menu</td></tr></table>\n"
        f'<table class="etf"><thead><tr><th></th><th colspan="{len(asset.funds)}">'
        f"US$m</th><th>Total</th></tr>\n<tr><th></th>{heads}<th></th></tr>\n"
        f"<tr><td>Fee</td>{fees}<td></td></tr></thead><tbody>\n{''.join([*days, *last])}"
        "</tbody></table></body></html>"
    )
