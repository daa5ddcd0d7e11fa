"""BtcTurk: tickers and candles of pairs in lira and USDT as our shapes.

Candles come as columns, times in seconds, and none where nothing was traded. Longer bars are made
of hours, for a day of BtcTurk's need not open at midnight UTC. Turnover is not told.
"""

from typing import Any

from net import Endpoint, Route
from shapes import Candles, Refusal, Ticker, columns, need, text

from .figures import Params, once
from .names import split
from .shared import candles as made
from .shared import day

MINUTES = {
    "1m": 1,
    "15m": 15,
    "30m": 30,
    "1h": 60,
    "2h": 60,
    "4h": 60,
    "6h": 60,
    "8h": 60,
    "12h": 60,
    "1d": 60,
}
MOST, ROWS = 1000, {"1d": 2880}


def data(body: Any) -> Any:
    """Return what the envelope holds. Raises Refusal where it says that it failed."""
    if body["success"] is not True:
        raise Refusal("refused", body.get("message"))
    return body["data"]


def tickers(body: Any, _served: float, _params: Params) -> dict[str, Ticker]:
    """Read 24-hour tickers; pairs that were not traded are left out."""
    rows = data(body)
    need(isinstance(rows, list) and rows, "no tickers")
    found = {}
    for row in rows:
        symbol = text(row["pair"])
        need(symbol == row["numeratorSymbol"] + row["denominatorSymbol"], "another pair")
        ticker = day([row[key] for key in ("last", "open", "high", "low", "volume")])
        if ticker:
            found[symbol] = ticker
    need(found, "no tickers")
    return found


def candles(body: Any, served: float, params: Params) -> Candles:
    """Read candles, longer ones made of hours."""
    if body["s"] != "ok":
        raise Refusal("refused", body["s"])
    parts = [body[key] for key in "tohlcv"]
    need(all(isinstance(part, list) for part in parts), "no columns")
    need(len({len(part) for part in parts}) == 1, "columns of different lengths")
    table = columns([list(row) for row in zip(*parts, strict=True)], 6)
    table[0] *= 1000
    grain = params["resolution"] * 60_000
    return made(table, params["_interval"], served, grain=grain)


HOSTS = {"btcturk": ("btcturk_url", 600, ""), "btcturk_graph": ("btcturk_graph_url", 60, "")}
TICKERS, CANDLES = ENDPOINTS = (
    Endpoint("btcturk_tickers", ("btcturk",), "/api/v2/ticker", once, tickers, 15, save_every=60),
    Endpoint("btcturk_candles", ("btcturk_graph",), "/v1/klines/history", once, candles, 60),
)


def traded(symbol: str) -> bool:
    """Tell whether a pair is of the kind BtcTurk has: in lira or USDT."""
    pair = split(symbol)
    return pair is not None and pair[1] in ("TRY", "USDT")


def tickers_route() -> Route:
    """Return the way to the tickers of every pair."""
    return Route(TICKERS, {})


def candles_route(symbol: str, interval: str) -> Route | None:
    """Return the way to a pair's candles."""
    if not traded(symbol) or interval not in MINUTES:
        return None
    minutes = MINUTES[interval]
    span = ROWS.get(interval, MOST) * minutes * 60
    times = {"from": lambda now: int(now) - span, "to": int}
    return Route(CANDLES, {"symbol": symbol, "resolution": minutes, **times, "_interval": interval})
