"""Flows of the US spot ETFs by day in one shape: SoSoValue, CoinGlass and Farside's page."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from math import isnan, nan
from typing import Any, NamedTuple

from net import Endpoint, Route
from shapes import need

from .figures import Params, accepted, known, once, signed

PAGE_BYTES = 4_000_000
SETTLED = timedelta(hours=36)
TICKER = re.compile("[A-Z]{2,5}")
DAY = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}")
AMOUNT = re.compile(r"(\()?([\d,]+(?:\.\d+)?)\*?(?(1)\))")
KEY = (
    "SOSOVALUE_KEY ayarlı değil. Ücretsiz anahtar https://sosovalue.com/developer adresinden "
    "alınır; ETF akışlarının 300 günlük geçmişini ve son günün fonlara dağılımını ekler.",
    "SOSOVALUE_KEY is not set. A free key comes from https://sosovalue.com/developer; "
    "it adds 300 days of ETF flows and the last day's flows by fund.",
)
ASSETS = {
    "btc": ("us-btc-spot", "bitcoin", "btc"),
    "eth": ("us-eth-spot", "ethereum", "eth"),
    "sol": ("us-sol-spot", "solana", "sol"),
    "xrp": ("us-xrp-spot", "xrp", ""),
}
TICKERS = {
    "BlackRock": "IBIT ETHA",
    "BlackRock Staked": "ETHB",
    "Fidelity": "FBTC FETH FSOL",
    "Bitwise": "BITB ETHW BSOL XRP",
    "ARK 21Shares": "ARKB",
    "21Shares": "TETH CETH TSOL TOXR",
    "Invesco": "BTCO QETH",
    "Franklin": "EZBC EZET SOEZ XRPZ",
    "CoinShares": "BRRR",
    "VanEck": "HODL ETHV VSOL",
    "WisdomTree": "BTCW",
    "Morgan Stanley": "MSBT",
    "Hashdex": "DEFI",
    "Canary": "XRPC",
    "Grayscale": "GBTC ETHE GSOL GXRP",
    "Grayscale Mini": "BTC ETH",
}
PROVIDERS = {ticker: provider for provider, names in TICKERS.items() for ticker in names.split()}


class EtfDay(NamedTuple):
    """One trading day's net flow in USD, and by ticker where the source tells, NaN if not yet.

    A day is not `complete` while funds may still report.
    """

    day: date
    total: float
    flows: dict[str, float]
    complete: bool


def newest(
    days: Iterable[tuple[date, float, dict[str, float]]], served: float
) -> tuple[EtfDay, ...]:
    """Return days newest first; the last is complete when every fund or enough time has passed."""
    found = sorted(days, key=lambda one: one[0], reverse=True)
    need(found, "no days")
    need(len({day for day, _, _ in found}) == len(found), "a day twice")
    now = datetime.fromtimestamp(served, UTC)
    need(found[0][0] <= now.date(), "a day to come")
    settled = (now - SETTLED).date()
    out = []
    for i, (day, total, flows) in enumerate(found):
        told = bool(flows) and not any(map(isnan, flows.values()))
        out.append(EtfDay(day, total, flows, i > 0 or told or day <= settled))
    return tuple(out)


def ticker(value: Any) -> str:
    """Return a fund's ticker. Raises ValueError."""
    need(isinstance(value, str) and TICKER.fullmatch(value), "not a ticker")
    return value


def sosovalue_data(body: Any) -> Any:
    """Return the data of SoSoValue's answer; an error comes as a code."""
    accepted(body["code"], body.get("msg"), (429, 42901))
    return body["data"]


def sosovalue(body: Any, served: float, _params: Params) -> tuple[EtfDay, ...]:
    """Read SoSoValue's totals by day, newest first; days without a figure are left out."""
    data = sosovalue_data(body)
    rows = data["list"] if isinstance(data, dict) else data
    need(isinstance(rows, list), "no list")
    days = [
        (date.fromisoformat(row["date"]), signed(row["totalNetInflow"]), {})
        for row in rows
        if row["totalNetInflow"] is not None
    ]
    return newest(days, served)


def sosovalue_funds(body: Any, served: float, _params: Params) -> EtfDay:
    """Read SoSoValue's last day by fund; a fund that tells of an earlier day is NaN."""
    data = sosovalue_data(body)
    told = data["dailyNetInflow"]
    day = told["lastUpdateDate"]
    flows = {}
    for fund in data["list"]:
        flow = fund["dailyNetInflow"]
        fresh = flow["lastUpdateDate"] == day
        flows[ticker(fund["ticker"])] = known(flow["value"], signed) if fresh else nan
    need(flows, "no funds")
    return newest([(date.fromisoformat(day), signed(told["value"]), flows)], served)[0]


def coinglass(body: Any, served: float, _params: Params) -> tuple[EtfDay, ...]:
    """Read CoinGlass's flows by day and fund, newest first; days no fund told of are left out."""
    accepted(body["code"], body.get("msg"))
    days = []
    for row in body["data"]:
        need(isinstance(row["etf_flows"], list), "no list of funds")
        flows = {
            ticker(fund["etf_ticker"]): known(fund.get("flow_usd"), signed)
            for fund in row["etf_flows"]
        }
        if not all(map(isnan, flows.values())):
            second = signed(row["timestamp"]) / 1000
            need(0 < second < 1e11, "no instant")
            day = datetime.fromtimestamp(second, UTC).date()
            days.append((day, signed(row["flow_usd"]), flows))
    return newest(days, served)


class Table(HTMLParser):
    """Collect the rows of the first table of class etf as texts; unclosed rows are usual there."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = self._over = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open the table, a row or a cell."""
        if tag == "table" and not self._over:
            self._inside = self._inside or "etf" in (dict(attrs).get("class") or "").split()
        elif self._inside and tag == "tr":
            self.rows.append([])
        elif self._inside and tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """Close the table."""
        if tag == "table" and self._inside:
            self._inside, self._over = False, True

    def handle_data(self, data: str) -> None:
        """Add to the open cell."""
        if self._inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def cells(page: str) -> list[list[str]]:
    """Return the rows of the page's table as texts without spaces around."""
    table = Table()
    table.feed(page)
    return [[cell.strip() for cell in row] for row in table.rows if row]


def dollars(cell: str) -> float:
    """Return a cell of US$ millions in USD: brackets are negative, a dash is NaN."""
    if cell in ("", "-", "–", "—"):
        return nan
    found = AMOUNT.fullmatch(cell)
    need(found, "not an amount")
    amount = round(float(found[2].replace(",", "")) * 1e6)
    return float(-amount if found[1] else amount)


def tickers(rows: list[list[str]], width: int) -> list[str]:
    """Return the funds of the header, one for each column between the day and the total."""
    for row in rows:
        found = [cell for cell in row if TICKER.fullmatch(cell)]
        if found and len(found) == len(set(found)) == width - 2:
            return found
    raise ValueError("no header that fits the rows")


def farside(page: Any, served: float, _params: Params) -> tuple[EtfDay, ...]:
    """Read Farside's page, newest first; days no fund told of and summaries are left out."""
    rows = cells(page)
    dated = [row for row in rows if DAY.fullmatch(row[0])]
    need(dated and {len(row) for row in dated} == {len(dated[0])}, "no rows of one length")
    names = tickers(rows, len(dated[0]))
    days = []
    for first, *amounts, last in dated:
        flows = dict(zip(names, map(dollars, amounts), strict=True))
        told = [flow for flow in flows.values() if not isnan(flow)]
        if told:
            total = dollars(last)
            need(abs(sum(told) - total) <= 1e5 * len(names), "funds that do not make the total")
            days.append((datetime.strptime(first, "%d %b %Y").date(), total, flows))
    return newest(days, served)


def decode_page(body: bytes) -> str:
    """Return the page's text. Raises ValueError if it is no page of Farside's size."""
    need(len(body) <= PAGE_BYTES, "a page too long")
    return body.decode()


def routes(asset: str, with_sosovalue: bool, with_coinglass: bool) -> list[Route]:
    """Return the ways to an asset's flows, best first; may be none. Raises KeyError."""
    kind, chain, page = ASSETS[asset]
    ways = (
        (with_sosovalue, Route(SOSOVALUE, {"type": kind})),
        (with_coinglass, Route(COINGLASS, {"chain": chain})),
        (page, Route(FARSIDE, {"page": page})),
    )
    return [route for wanted, route in ways if wanted]


def by_provider(flows: Mapping[str, float]) -> dict[str, float]:
    """Return flows by who runs the funds, the largest first, those not yet told last as NaN."""
    sums: dict[str, float] = {}
    for fund, flow in flows.items():
        provider = PROVIDERS.get(fund, fund)
        sums[provider] = sums.get(provider, 0.0) + flow
    return dict(sorted(sums.items(), key=lambda row: (isnan(row[1]), -row[1])))


def funds_route(asset: str) -> Route:
    """Return the way to SoSoValue's last day by fund. Raises KeyError."""
    return Route(SOSOVALUE_FUNDS, {"type": ASSETS[asset][0]})


HOSTS = {
    "sosovalue": ("sosovalue_url", 20, "x-soso-api-key"),
    "farside": ("farside_url", 10, ""),
}
MONTHLY = {"sosovalue": 1000}
SOSO = "/openapi/v2/etf/"
ENDPOINTS = (
    Endpoint(
        "etf_sosovalue",
        ("sosovalue",),
        SOSO + "historicalInflowChart",
        once,
        sosovalue,
        7 * 3600,
        post=True,
    ),
    Endpoint(
        "etf_funds",
        ("sosovalue",),
        SOSO + "currentEtfDataMetrics",
        once,
        sosovalue_funds,
        7 * 3600,
        post=True,
    ),
    Endpoint(
        "etf_coinglass", ("coinglass",), "/api/etf/{chain}/flow-history", once, coinglass, 3600
    ),
    Endpoint("etf_farside", ("farside",), "/{page}/", once, farside, 3600, decode=decode_page),
)
SOSOVALUE, SOSOVALUE_FUNDS, COINGLASS, FARSIDE = ENDPOINTS
