"""Binance spot's public REST API in front of the tape: paths, weights, errors and JSON."""

import re
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from requests import PreparedRequest

from local.binance_query import Query, Refused
from local.binance_rules import LIMIT, exchange_info
from local.grid import INTERVALS
from local.markets import Answer, Face, compact
from local.pairs import Pair
from local.paths import CLOSE, COUNT, OPEN, QUOTE, VOLUME, over
from local.tape import Tape, Window
from local.weights import Weights

HOSTS = ("api", "api1", "api2", "api3", "api4", "api-gcp")
DATA_HOST = "data-api.binance.vision"
ROOT = "/api/v3/"
STATUSES = ("TRADING", "HALT", "BREAK")
DAY_MS = 86_400_000
SIGNED = {"account", "account/commission", "allOrderList", "allOrders", "myFilters"}
SIGNED |= {"myPreventedMatches", "myTrades", "openOrderList", "openOrders", "order", "order/test"}
SIGNED |= {"order/amend/keepPriority", "order/amendments", "order/cancelReplace", "orderList"}
SIGNED |= {"orderList/oco", "rateLimit/order"}
HIDDEN = SIGNED | {"historicalTrades"}
NOT_FOUND = "<html><body><h2>404 Not found</h2></body></html>"
KLINE = '[%d,"%.8f","%.8f","%.8f","%.8f","%.8f",%d,"%.8f",%d,"%.8f","%.8f","0"]'
CHANGE = '"priceChange":"%.8f","priceChangePercent":"%.3f","weightedAvgPrice":"%.8f",'
QUOTES = (
    '"prevClosePrice":"%.8f","lastPrice":"%.8f","lastQty":"%.8f","bidPrice":"%.8f",'
    '"bidQty":"%.8f","askPrice":"%.8f","askQty":"%.8f",'
)
PRICES = '"openPrice":"%.8f","highPrice":"%.8f","lowPrice":"%.8f",'
TOTALS = (
    '"volume":"%.8f","quoteVolume":"%.8f","openTime":%d,"closeTime":%d,'
    '"firstId":%d,"lastId":%d,"count":%d}'
)
FULL = '{"symbol":"%s",' + CHANGE + QUOTES + PRICES + TOTALS
ROLLING = '{"symbol":"%s",' + CHANGE + PRICES + '"lastPrice":"%.8f",' + TOTALS
MINI = '{"symbol":"%s",' + PRICES + '"lastPrice":"%.8f",' + TOTALS
PRICE = '{"symbol":"%s","price":"%.8f"}'
BOOK = '{"symbol":"%s","bidPrice":"%.8f","bidQty":"%.8f","askPrice":"%.8f","askQty":"%.8f"}'
LEVEL = '["%.8f","%.8f"]'
TRADE = (
    '{"id":%d,"price":"%.8f","qty":"%.8f","quoteQty":"%.8f","time":%d,'
    '"isBuyerMaker":%s,"isBestMatch":true}'
)
AGGREGATE = '{"a":%d,"p":"%.8f","q":"%.8f","f":%d,"l":%d,"T":%d,"m":%s,"M":true}'


class Endpoint(NamedTuple):
    """Say who answers a path, what it may be sent and what it weighs."""

    run: Callable[["Binance", Query], str]
    parameters: tuple[str, ...] = ()
    weight: Callable[[Query], int] = lambda _: 1


class Binance:
    """Answer requests to Binance spot's public hosts from a tape, at the clock's time.

    Used weight is counted per clock minute over all hosts together, as for one IP address. Signed
    paths know no key; trading is another module's.
    """

    def __init__(
        self,
        tape: Tape,
        clock: Callable[[], float] = time.time,
        weights: Weights | None = None,
    ) -> None:
        self._tape, self._clock = tape, clock
        self._weights = weights or Weights()

    def faces(self) -> dict[str, Face]:
        """Return what answers for each host."""
        hosts = {f"{host}.binance.com": self.answer for host in HOSTS}
        return hosts | {DATA_HOST: lambda request: self.answer(request, public_only=True)}

    def answer(self, request: PreparedRequest, public_only: bool = False) -> Answer:
        """Return the exchange's answer: data, or its error in JSON with the right status."""
        now_ms = int(self._clock() * 1000)
        headers = {"Date": formatdate(now_ms / 1000, usegmt=True)}
        url = urlsplit(request.url or "")
        path = url.path.removeprefix(ROOT) if url.path.startswith(ROOT) else ""
        if path in (HIDDEN if public_only else ()) or path not in ENDPOINTS.keys() | SIGNED:
            return Answer(404, headers | {"Content-Type": "text/html"}, NOT_FOUND.encode())
        try:
            status, body = 200, self._run(request, path, url.query, now_ms)
        except Refused as error:
            status, body = error.status, error.body
        used = str(self._weights.charge(0, now_ms))
        headers |= {"X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        if status == 429:
            headers["Retry-After"] = str(60 - now_ms // 1000 % 60)
        headers["Content-Type"] = "application/json;charset=UTF-8"
        return Answer(status, headers, body.encode())

    def _run(self, request: PreparedRequest, path: str, text: str, now_ms: int) -> str:
        """Return the body, after the checks that every path makes."""
        if path in SIGNED:
            key = request.headers.get("X-MBX-APIKEY", "")
            raise Refused(-2015 if re.fullmatch("[A-Za-z0-9]{64}", key) else -2014, status=401)
        if request.method != "GET":
            raise Refused(-1020, status=405)
        endpoint, pairs, weight = ENDPOINTS[path], parse_qsl(text, keep_blank_values=True), 1
        query = Query(dict(pairs), now_ms)
        try:
            weight = endpoint.weight(query)
        finally:
            self._weights.charge(weight, now_ms)
            if self._weights.spent(now_ms):
                raise Refused(-1003, status=429)
        if len(query.sent) < len(pairs):
            raise Refused(-1101)
        read = sum(name in endpoint.parameters for name in query.sent)
        if read < len(pairs):
            raise Refused(-1104, read, len(pairs))
        return endpoint.run(self, query)

    def _known(self, symbols: list[str], query: Query) -> list[str]:
        pairs = self._tape.pairs
        if any(s not in pairs or pairs[s].listed_ms > query.now_ms for s in symbols):
            raise Refused(-1121)
        if len(set(symbols)) < len(symbols):
            raise Refused(-1151)
        return symbols

    def _pair(self, query: Query) -> Pair:
        """Return the pair that must have been named."""
        symbol = query.symbol()
        if symbol is None:
            raise Refused(-1102, "symbol")
        pair = self._tape.pairs[self._known([symbol], query)[0]]
        if query.choice("symbolStatus", STATUSES, -1122) not in (None, pair.status):
            raise Refused(-1220)
        return pair

    def _chosen(self, query: Query) -> tuple[list[str], bool]:
        """Return the symbols that were named, else all, and whether it was one by itself."""
        names = query.names("symbols")
        if query.symbol() is not None:
            if names is not None:
                raise Refused(-1128)
            return [self._pair(query).symbol], True
        symbols = self._tape.listed(query.now_ms) if names is None else self._known(names, query)
        status = query.choice("symbolStatus", STATUSES, -1122)
        return [s for s in symbols if status in (None, self._tape.pairs[s].status)], False

    def ping(self, _: Query) -> str:
        """Answer that the exchange is there."""
        return "{}"

    def time(self, query: Query) -> str:
        """Answer the exchange's clock."""
        return compact({"serverTime": query.now_ms})

    def exchange_info(self, query: Query) -> str:
        """Answer the pairs, their rules and the limits."""
        named = query.sent.keys() & {"symbol", "symbols"}
        if named and query.sent.keys() & {"permissions", "symbolStatus"}:
            raise Refused(-1128)
        wanted = query.text("permissions") or ""
        names = query.names("permissions") if wanted.startswith("[") else [wanted]
        allowed = set(names if wanted else ("SPOT", "MARGIN", "LEVERAGED"))
        sets = query.choice("showPermissionSets", ("true", "false"), -1130) != "false"
        pairs = [self._tape.pairs[symbol] for symbol in self._chosen(query)[0]]
        chosen = [pair for pair in pairs if allowed & set(pair.permissions)]
        return compact(exchange_info(chosen, query.now_ms, sets))

    def klines(self, query: Query) -> str:
        """Answer candles."""
        pair, interval = self._pair(query), query.text("interval")
        if interval is None:
            raise Refused(-1102, "interval")
        if interval not in INTERVALS:
            raise Refused(-1120)
        candles = self._tape.candles(
            pair.symbol,
            interval,
            query.now_ms,
            start_ms=query.time("startTime"),
            end_ms=query.time("endTime"),
            limit=query.limit(500, 1000),
            offset_ms=query.zone(),
        )
        return f"[{','.join([KLINE % tuple(row) for row in candles.tolist()])}]"

    def day(self, query: Query) -> str:
        """Answer the rolling 24 hours."""
        symbols, alone = self._chosen(query)
        mini = query.choice("type", ("FULL", "MINI"), -1139) == "MINI"
        window = self._tape.window(query.now_ms, symbols)
        window = window._replace(open_ms=window.close_ms - DAY_MS)
        return told(*((MINI, mini_rows(window)) if mini else (FULL, full_rows(window))), alone)

    def rolling(self, query: Query) -> str:
        """Answer a window of minutes, hours or days that begins with a minute."""
        if not query.sent.keys() & {"symbol", "symbols"}:
            raise Refused(-1102, "symbol")
        symbols, alone = self._chosen(query)
        if len(symbols) > 100:
            raise Refused(-1130, "symbols")
        mini = query.choice("type", ("FULL", "MINI"), -1139) == "MINI"
        window = self._tape.window(query.now_ms, symbols, query.window())
        rows = mini_rows(window)
        return told(MINI, rows, alone) if mini else told(ROLLING, with_changes(rows, window), alone)

    def price(self, query: Query) -> str:
        """Answer last prices."""
        symbols, alone = self._chosen(query)
        window = self._tape.window(query.now_ms, symbols)
        return told(PRICE, columns(symbols, window.bars[CLOSE]), alone)

    def best(self, query: Query) -> str:
        """Answer best bids and asks."""
        symbols, alone = self._chosen(query)
        w = self._tape.window(query.now_ms, symbols)
        return told(BOOK, columns(symbols, w.bid, w.bid_quantity, w.ask, w.ask_quantity), alone)

    def depth(self, query: Query) -> str:
        """Answer the order book."""
        pair, limit = self._pair(query), query.limit(100, 5000)
        sides = self._tape.book(pair.symbol, query.now_ms, limit)
        bids, asks = (",".join([LEVEL % tuple(row) for row in side.tolist()]) for side in sides)
        number = (query.now_ms - pair.listed_ms) // 1000 * 37
        return f'{{"lastUpdateId":{number},"bids":[{bids}],"asks":[{asks}]}}'

    def trades(self, query: Query) -> str:
        """Answer the newest trades, or the ones from an id on."""
        out = self._tape.trades(
            self._pair(query).symbol,
            query.now_ms,
            from_id=query.number("fromId"),
            limit=query.limit(500, 1000),
        )
        rows = [(i, p, q, p * q, t, maker_word(m)) for i, p, q, t, m in out.tolist()]
        return f"[{','.join([TRADE % row for row in rows])}]"

    def aggregates(self, query: Query) -> str:
        """Answer trades in the aggregate form; here each is one trade."""
        pair, start, end = self._pair(query), query.time("startTime"), query.time("endTime")
        from_id = query.number("fromId")
        if from_id is not None and (start is not None or end is not None):
            raise Refused(-1128)
        bounds = {"from_id": from_id, "start_ms": start, "end_ms": end}
        limit = query.limit(500, 1000)
        out = self._tape.trades(pair.symbol, query.now_ms, limit=limit, **bounds)
        rows = [(i, p, q, i, i, t, maker_word(m)) for i, p, q, t, m in out.tolist()]
        return f"[{','.join([AGGREGATE % row for row in rows])}]"

    def average(self, query: Query) -> str:
        """Answer the mean price of five minutes."""
        window = self._tape.window(query.now_ms, [self._pair(query).symbol], 5)
        (price,), (close_ms,) = average(window), window.close_ms
        return f'{{"mins":5,"price":"{price:.8f}","closeTime":{close_ms:.0f}}}'


def maker_word(maker: float) -> str:
    """Return JSON's word for a truth."""
    return "true" if maker else "false"


def columns(symbols: list[str], *numbers: np.ndarray) -> list[tuple]:
    """Return rows of a symbol and its numbers."""
    return list(zip(symbols, *(column.tolist() for column in numbers), strict=True))


def average(window: Window) -> np.ndarray:
    """Return mean prices; the last one where nothing was traded."""
    bars = window.bars
    return np.where(bars[VOLUME] > 0, over(bars[QUOTE], bars[VOLUME]), bars[CLOSE])


def with_changes(rows: list[tuple], window: Window) -> list[tuple]:
    """Return rows with the change, the change in percent and the mean price after the symbol."""
    first, last = window.bars[OPEN], window.bars[CLOSE]
    figures = (last - first, (last - first) / first * 100, average(window))
    more = zip(*(figure.tolist() for figure in figures), strict=True)
    return [(row[0], *three, *row[1:]) for row, three in zip(rows, more, strict=True)]


def totals(window: Window) -> list[np.ndarray]:
    """Return the columns that every ticker ends with."""
    count = window.bars[COUNT]
    ids = [np.where(count > 0, i, -1) for i in (window.first_id, window.first_id + count - 1)]
    return [*window.bars[[VOLUME, QUOTE]], window.open_ms, window.close_ms, *ids, count]


def mini_rows(window: Window) -> list[tuple]:
    """Return a MINI ticker's rows."""
    return columns(window.symbols, *window.bars[: CLOSE + 1], *totals(window))


def full_rows(window: Window) -> list[tuple]:
    """Return a FULL day ticker's rows."""
    w, bars = window, window.bars
    middle = [bars[OPEN], bars[CLOSE], w.quantity, w.bid, w.bid_quantity, w.ask, w.ask_quantity]
    return with_changes(columns(w.symbols, *middle, *bars[:CLOSE], *totals(w)), w)


def told(template: str, rows: list[tuple], alone: bool) -> str:
    """Return rows as JSON: one object for one symbol by itself, else a list."""
    texts = [template % row for row in rows]
    return texts[0] if alone else f"[{','.join(texts)}]"


def depth_weight(query: Query) -> int:
    """Return a depth request's weight."""
    limit = query.limit(100, 5000)
    return 5 if limit <= 100 else 25 if limit <= 500 else 50 if limit <= 1000 else 250


def day_weight(query: Query) -> int:
    """Return a 24 hours request's weight."""
    if "symbol" in query.sent:
        return 2
    count = len(query.names("symbols") or range(LIMIT))
    return 2 if count <= 20 else 40 if count <= 100 else 80


def pairs_weight(query: Query) -> int:
    """Return the weight of a request for prices or books."""
    return 2 if "symbol" in query.sent else 4


def rolling_weight(query: Query) -> int:
    """Return a rolling window request's weight."""
    return min(4 * len(query.names("symbols") or [1]), 200)


SOME = ("symbol", "symbols", "symbolStatus")
KLINES = ("symbol", "interval", "startTime", "endTime", "timeZone", "limit")
ENDPOINTS = {
    "ping": Endpoint(Binance.ping),
    "time": Endpoint(Binance.time),
    "exchangeInfo": Endpoint(
        Binance.exchange_info, (*SOME, "permissions", "showPermissionSets"), lambda _: 20
    ),
    "klines": Endpoint(Binance.klines, KLINES, lambda _: 2),
    "uiKlines": Endpoint(Binance.klines, KLINES, lambda _: 2),
    "ticker/24hr": Endpoint(Binance.day, (*SOME, "type"), day_weight),
    "ticker/price": Endpoint(Binance.price, SOME, pairs_weight),
    "ticker/bookTicker": Endpoint(Binance.best, SOME, pairs_weight),
    "ticker": Endpoint(Binance.rolling, (*SOME, "windowSize", "type"), rolling_weight),
    "depth": Endpoint(Binance.depth, ("symbol", "limit", "symbolStatus"), depth_weight),
    "trades": Endpoint(Binance.trades, ("symbol", "limit"), lambda _: 25),
    "historicalTrades": Endpoint(Binance.trades, ("symbol", "limit", "fromId"), lambda _: 25),
    "aggTrades": Endpoint(
        Binance.aggregates, ("symbol", "fromId", "startTime", "endTime", "limit"), lambda _: 4
    ),
    "avgPrice": Endpoint(Binance.average, ("symbol",), lambda _: 2),
}
