"""Every market behind one door: the endpoint table, and the reads the commands use."""

import difflib
import logging
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from requests_cache import RedisCache

import shapes
from bot import UserError, fold
from config import Config
from db import DbError
from door import Door
from markets import (
    ENDPOINTS,
    HOSTS,
    MONTHLY,
    btcturk,
    bybit,
    coinbase,
    coingecko,
    coinmarketcap,
    etf,
    feargreed,
    kraken,
    okx,
)
from net import Dated, Expiry, Host, NetError, Route, Spend, allowance
from panels import Panels
from perps import STEADY as PERPETUAL
from perps import Perps
from refusals import NAMES, sentence
from shapes import next_close
from store import File, Store

log = logging.getLogger("dort5bot")

BARS, SCAN_BARS = 1000, 500
KINDS = ("scan", "candles")
SNAPSHOTS, MAX_BOOKS, LEVELS, WATCHED = 60, 50, 500, 300
ELSEWHERE = (okx, bybit, kraken, coinbase)
ELSEWHERE_NAMED = ("okx", "bybit", "kraken", "coinbase")
MOODS, SIDE_BY_SIDE, AT_ONCE = 90, 16, 8
ETF_KEYED = ("sosovalue", "coinglass")
TICKERS, EXCHANGE, LISTS, CLOCK = ("tickers",), ("exchange",), ("lists",), ("clock",)
PRICES, QUOTES = ("prices",), ("quotes",)
STANDING = {
    TICKERS: (
        Route(ENDPOINTS["tickers"], {"type": "MINI", "symbolStatus": "TRADING"}),
        *(market.tickers_route() for market in ELSEWHERE),
    ),
    EXCHANGE: (
        Route(
            ENDPOINTS["exchange"],
            {"permissions": "SPOT", "symbolStatus": "TRADING", "showPermissionSets": "false"},
        ),
    ),
    LISTS: tuple(market.exchange_route() for market in ELSEWHERE),
    PRICES: (Route(ENDPOINTS["prices"], {"symbolStatus": "TRADING"}),),
    QUOTES: (Route(ENDPOINTS["quotes"], {"symbolStatus": "TRADING"}),),
    CLOCK: (Route(ENDPOINTS["clock"], {}),),
}


STEADY = (*PERPETUAL, (feargreed.route(MOODS),))
FUNDS = ("btc", "eth")


def hosts(
    config: Config, clock: Callable[[], float], spend: Spend = lambda *_: 0
) -> dict[str, Host]:
    """Return the hosts by name, each with its limits of weight and the owner's key."""
    made: dict[str, Host] = {}
    for name, (setting, limit, header, *seconds) in HOSTS.items():
        key = getattr(config, setting.replace("_url", "_key")).reveal() if header else ""
        base, headers = getattr(config, setting), {header: key} if key else {}
        # What an address tells of its weight is the weight of the first of its hosts.
        metered = all(base != other.base for other in made.values())
        span, monthly = next(iter(seconds), 0), MONTHLY.get(name, 0)
        made[name] = Host(name, base, limit, clock, headers, metered, monthly, spend, span)
    return made


def open_store(config: Config) -> Store:
    """Open the store of answers: SQLite in the data folder, or Redis where CACHE_URL is set."""
    name = "store_mock" if config.mocked else "store"
    if not config.cache_url:
        return Store(partial(File, Path(config.data_dir) / f"{name}.db"))
    parts = urlsplit(config.cache_url.reveal())
    opened = partial(
        RedisCache,
        f"dort5bot_{name}",
        serializer="json",
        host=parts.hostname or "127.0.0.1",
        port=parts.port or 6379,
        db=int(parts.path.strip("/") or 0),
        username=unquote(parts.username or "") or None,
        password=unquote(parts.password or "") or None,
        ssl=parts.scheme == "rediss",
        socket_timeout=3,
        socket_connect_timeout=3,
    )
    return Store(opened, (import_module("redis").RedisError,))


def open_session(markets: BaseAdapter | None) -> requests.Session:
    """Open the session of public reads; `markets` stands in for the outside world."""
    session = requests.Session()
    session.headers["User-Agent"] = "dort5bot"
    session.mount("http://", HTTPAdapter(pool_maxsize=32))
    session.mount("https://", markets or HTTPAdapter(pool_maxsize=32))
    return session


def address(route: Route) -> tuple:
    """Return the key of what a route leads to."""
    params = sorted((k, v) for k, v in route.params.items() if not callable(v))
    return (route.endpoint.name, *params)


class Sources:
    """Hold the door to the markets and answer what the commands ask of them."""

    def __init__(
        self,
        config: Config,
        db: Any,
        *,
        markets: BaseAdapter | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.offset, self._panels = 0.0, Panels()
        self.session = partial(open_session, markets)
        self.perps, self.recalled = Perps(self.read), Perps(self.recall)
        self._books: dict[tuple[str, int], list[Dated]] = {}
        self._clock, self._store, self._db = clock, open_store(config), db
        mark = "mock " if config.mocked else ""
        self.hosts = hosts(config, clock, lambda name, *more: db.spend(mark + name, *more))
        month = allowance(1, clock())[0]
        spent = db.spent(month)
        for host in self.hosts.values():
            host.count(month, spent.get(mark + host.name, 0))
        for name, state, until in db.host_states():
            if name in self.hosts:
                self.hosts[name].close(state, until / 1000)
        self.door = Door(
            open_session(markets),
            self._store,
            self.hosts,
            clock=clock,
            sleep=sleep,
            on_state=self.keep_state,
            shared=bool(config.cache_url),
        )

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def keep_state(self, host: Host) -> None:
        """Keep a host's state; a database in trouble costs nobody an answer."""
        try:
            self._db.save_host(host.name, host.state, int(host.until * 1000))
        except DbError as error:
            log.warning("the state of %s is not kept: %s", host.name, error)

    def exchange(self) -> Dated:
        """Return the traded pairs: the first market's, even of last month, else another's.

        Raises UserError.
        """
        try:
            return self._read(EXCHANGE, STANDING[EXCHANGE])
        except UserError as error:
            try:
                read = self._read(LISTS, STANDING[LISTS])
            except UserError:
                raise error from None
            return replace(read, source=read.source or ELSEWHERE_NAMED[0])

    def tickers(self) -> Dated:
        """Return the 24-hour tickers of every trading pair by symbol. Raises UserError."""
        return self._read(TICKERS, STANDING[TICKERS])

    def prices(self) -> Dated:
        """Return the last prices by symbol, where need be those of tickers. Raises UserError."""
        try:
            read = self._read(PRICES, STANDING[PRICES])
        except UserError:
            read = self.tickers()
            return replace(read, data={symbol: row.last for symbol, row in read.data.items()})
        return read

    def quotes(self) -> Dated:
        """Return the best (bid, ask) by symbol. Raises UserError."""
        return self._read(QUOTES, STANDING[QUOTES])

    def candles(self, symbol: str, interval: str) -> Dated:
        """Return up to 999 closed bars, oldest first. Raises UserError."""
        key, routes = self._candles(symbol, interval)
        return self._read(key, routes, next_close)

    def book(self, symbol: str, levels: int = LEVELS) -> Dated:
        """Return the order book with up to `levels` on each side. Raises UserError."""
        route = Route(ENDPOINTS["book"], {"symbol": symbol, "limit": levels})
        # A deep book weighs too much to be kept warm.
        read = self._read(("book" if levels <= LEVELS else "depth", symbol, levels), [route])
        self._remember((symbol, levels), read)
        return read

    def books(self, symbol: str, levels: int = LEVELS, seconds: float = WATCHED) -> list[Dated]:
        """Return the snapshots of a book read in the last seconds, oldest first; else the stale."""
        newest, since = self.book(symbol, levels), self._clock() - seconds
        kept = self._books.get((symbol, levels), ())
        return [read for read in kept if read.fetched >= since] or [newest]

    def _remember(self, book: tuple[str, int], read: Dated) -> None:
        """Keep a snapshot of a book for as long as it is watched; a deep one is too big to be."""
        if read.stale or book[1] > LEVELS:
            return
        since = read.fetched - WATCHED
        kept = [one for one in self._books.get(book, ()) if one.fetched >= since]
        if not kept or kept[-1].fetched < read.fetched:
            self._books[book] = [*kept, read][-SNAPSHOTS:]
        if len(self._books) > MAX_BOOKS:
            self._books.pop(next(iter(self._books)), None)

    def trades(self, symbol: str) -> Dated:
        """Return the last 1000 aggregate trades. Raises UserError."""
        route = Route(ENDPOINTS["trades"], {"symbol": symbol, "limit": 1000})
        return self._read(("trades", symbol), [route])

    def read(self, *routes: Route, expiry: Expiry | None = None) -> Dated:
        """Return what the first of some ways to the same thing gives. Raises UserError."""
        return self._read(address(routes[0]), routes, expiry)

    def recall(self, *routes: Route, **_: Any) -> Dated:
        """Return what `read` would while it is fresh in memory. Raises UserError."""
        found = self.door.fresh(address(routes[0]))
        if found is None:
            raise UserError("Bu veri elde değil.", "This is not at hand.")
        return found

    def fear_greed(self, days: int) -> Dated:
        """Return the fear and greed index of the last days, newest first. Raises UserError."""
        read = self.read(feargreed.route(MOODS))
        return replace(read, data=read.data[:days])

    def market(self) -> Dated:
        """Return the whole market as CoinGecko counts it, else CoinMarketCap. Raises UserError."""
        return self.read(*self._market())

    def _market(self) -> Sequence[Route]:
        others = coinmarketcap.shares_routes(bool(self.hosts["coinmarketcap"].headers))
        return coingecko.global_route(), *others

    def etf(self, asset: str) -> Dated:
        """Return an asset's ETF flows, newest day first. Raises UserError, naming a missing key."""
        routes = self._etf(asset)
        if not routes:
            raise UserError(*etf.KEY)
        try:
            return self.read(*routes)
        except UserError as error:
            if self.hosts["sosovalue"].headers:
                raise
            raise UserError(f"{error.tr}\n{etf.KEY[0]}", f"{error.en}\n{etf.KEY[1]}") from error

    def _etf(self, asset: str) -> Sequence[Route]:
        return etf.routes(asset, *(bool(self.hosts[name].headers) for name in ETF_KEYED))

    def each(self, ask: Callable[[str], Any], names: Iterable[str]) -> dict[str, Any]:
        """Ask about names side by side; return what was answered. Raises UserError if nothing."""
        return self.together({name: partial(ask, name) for name in names})[0]

    def together(self, asks: Mapping[str, Callable[[], Any]]) -> tuple[dict, dict[str, UserError]]:
        """Ask for different things side by side; return what was answered and what was refused.

        Raises UserError if nothing was answered.
        """
        found, failures = self._each(lambda name: asks[name](), asks)
        if failures and not found:
            raise next(iter(failures.values()))
        return found, failures

    def several(self, symbols: Iterable[str], interval: str) -> dict[str, Dated]:
        """Return the candles of symbols that have any, fetched side by side. Raises UserError."""
        return self._gather(tuple(dict.fromkeys(symbols)), interval, BARS)

    def panel(self, symbols: Iterable[str], interval: str, bars: int = SCAN_BARS) -> shapes.Panel:
        """Return the last closed bars of many coins side by side, up to 999.

        Up to SCAN_BARS they are kept apart from the longer series, in half the memory. Raises
        UserError where no coin has an answer.
        """
        wanted = tuple(dict.fromkeys(symbols))
        reads = self._gather(wanted, interval, bars)
        return self._panels.of((wanted, interval, bars), reads, self._clock())

    def universe(self) -> dict[str, shapes.Pair]:
        """Return the pairs quoted in USDT without stablecoins and leveraged tokens, by symbol."""
        return self.exchange().universe

    def top(self, n: int) -> list[str]:
        """Return the n symbols of the universe with the most quote volume in 24 hours."""
        tickers, universe = self.tickers().data, self.universe()
        known = [(row.turnover, symbol) for symbol, row in tickers.items() if symbol in universe]
        return [symbol for _, symbol in sorted(known, reverse=True)[:n]]

    def known(self, word: str) -> str | None:
        """Return the symbol a word names, or None."""
        pairs = self.exchange().pairs
        for name in (re.sub(r"[/\-_]", "", word).upper(), fold(word).upper()):
            found = next((s for s in (name + "USDT", name) if s in pairs), None)
            if found:
                return found
        return None

    def symbol(self, word: str) -> str:
        """Return the symbol a word names. Raises UserError with the nearest names."""
        found, read = self.known(word), self.exchange()
        if found:
            return found
        if read.source in ELSEWHERE_NAMED:
            name = NAMES[read.source]
            raise UserError(
                f"Binance'e ulaşılamıyor; {name} listesinde “{word[:20]}” yok.",
                f"Binance cannot be reached, and {name} does not list “{word[:20]}”.",
            )
        bases = [pair.base for pair in self.universe().values()]
        near = ", ".join(difflib.get_close_matches(word.upper()[:20], bases, n=3))
        raise UserError(
            f"“{word[:20]}” diye bir coin yok." + (f" Şunlar var: {near}" if near else ""),
            f"There is no coin “{word[:20]}”." + (f" There are: {near}" if near else ""),
        )

    def gecko(self, word: str) -> Sequence[coingecko.Row | coingecko.Found]:
        """Return CoinGecko's coins of a symbol, an id or a name, the largest first.

        Raises UserError with the nearest names. Only what is not among the largest is searched.
        """
        wanted = fold(word)
        try:
            rows = self.read(coingecko.rows_route()).data
        except UserError:
            rows = ()
        same = coingecko.called(wanted, rows) or coingecko.called(wanted.removesuffix("usdt"), rows)
        if same:
            return same
        hits = self.read(coingecko.search_route(wanted)).data
        if hits and hits[0].exact:
            return [hit for hit in hits if hit.exact]
        near = ", ".join(f"{hit.name} ({hit.symbol})" for hit in hits[:3])
        raise UserError(
            f"CoinGecko “{word}” diye bir coin bilmiyor." + (f" Yakınlar: {near}" if near else ""),
            f"CoinGecko knows no coin “{word}”." + (f" Near ones: {near}" if near else ""),
        )

    def digits(self, symbol: str) -> int:
        """Return the decimals of a pair's price."""
        pair = self.exchange().pairs.get(symbol)
        return pair.digits if pair else 8

    def keep_warm(self, symbols: Iterable[str], intervals: Iterable[str]) -> None:
        """Pin what every report needs and these candles; let go of all else, and of what is old."""
        wanted = dict(self._candles(symbol, tf) for symbol in symbols for tf in intervals)
        for key, routes in wanted.items():
            self.door.pin(key, routes, next_close)
        steady = {key: STANDING[key] for key in (TICKERS, EXCHANGE)}
        steady |= {address(ways[0]): ways for ways in self._steady() if ways}
        for key, ways in steady.items():
            self.door.pin(key, ways)
        self.door.unpin({*wanted, *steady})
        self.door.shed()
        self._panels.shed(self._clock())
        since = self._clock() - WATCHED
        self._books = {k: kept for k, kept in list(self._books.items()) if kept[-1].fetched > since}

    def _steady(self) -> Iterable[Sequence[Route]]:
        return (*STEADY, self._market(), *map(self._etf, FUNDS))

    def warm(self, kinds: Iterable[str]) -> int:
        """Refresh what is due of the keys whose first words begin so, side by side.

        Return how many. Raises NetError if none was answered; to have no such thing is an answer.
        """
        keys, failures = self.door.due(tuple(kinds)), list[NetError]()
        if not keys:
            return 0

        def tried(key: tuple) -> bool:
            try:
                read = self.door.refresh(key)
            except NetError as error:
                failures.extend([error] * (error.kind != "refused"))
                return False
            if key[0] == "book":
                self._remember(key[1:], read)
            return True

        with ThreadPoolExecutor(AT_ONCE) as threads:
            done = sum(threads.map(tried, keys))
        if failures and not done:
            raise failures[0]
        return done

    def set_clock(self) -> float:
        """Ask the exchange for the time; keep and return how many seconds it is ahead of us."""
        read = self._read(CLOCK, STANDING[CLOCK], lambda now, _: (now, now))
        self.offset = read.data - read.fetched
        return self.offset

    def report(self) -> dict[str, Any]:
        """Return the store's and the hosts' state in plain values, times in ms."""
        stats, now = self.door.stats, self._clock()
        reads = stats.memory + stats.store + stats.live + stats.stale + stats.failed
        hits = stats.memory + stats.store
        return {
            "store": {
                "hits": hits,
                "misses": stats.live,
                "warmed": stats.warmed,
                "stale": stats.stale,
                "failed": stats.failed,
                "rate": hits / reads if reads else None,
            },
            "hosts": [
                {
                    "name": host.name,
                    "state": host.state,
                    "used_weight": host.used,
                    "limit": host.limit,
                    "used_month": host.spent if host.monthly else None,
                    "limit_month": host.monthly or None,
                    "until_ms": int(host.until * 1000) if host.until > now else None,
                }
                for host in self.hosts.values()
            ],
        }

    def called(self, host: str) -> str:
        """Return what people call a host."""
        return NAMES.get(host, host)

    def tidy(self) -> None:
        """Delete what the store has held too long."""
        self.door.tidy()

    def _candles(self, symbol: str, interval: str, bars: int = BARS) -> tuple[tuple, list[Route]]:
        params = {"symbol": symbol, "interval": interval, "limit": bars}
        known = (*ELSEWHERE, btcturk) if symbol.endswith("TRY") else ELSEWHERE
        others = [market.candles_route(symbol, interval) for market in known]
        routes = [Route(ENDPOINTS["klines"], params), *(route for route in others if route)]
        return ("candles" if bars == BARS else "scan", symbol, interval), routes

    def _gather(self, symbols: Sequence[str], interval: str, bars: int) -> dict[str, Dated]:
        """Return the candles of the coins that have any, fetched side by side."""
        kinds, limit = (("candles",), BARS) if bars > SCAN_BARS else (KINDS, SCAN_BARS + 1)

        def fetch(symbol: str) -> Dated:
            key, routes = self._candles(symbol, interval, limit)
            return self._read(key, routes, next_close)

        found: dict[str, Dated] = {}
        for symbol in symbols:
            fresh = filter(None, (self.door.fresh((kind, symbol, interval)) for kind in kinds))
            found.update((symbol, read) for read in fresh)
        fetched, failures = self._each(fetch, (s for s in symbols if s not in found))
        found |= fetched
        if failures and not found:
            raise next(iter(failures.values()))
        return {symbol: found[symbol] for symbol in symbols if symbol in found}

    def _each(
        self, ask: Callable[[str], Any], names: Iterable[str]
    ) -> tuple[dict[str, Any], dict[str, UserError]]:
        """Ask about names side by side; return the answers and the refusals in their order."""

        def tried(name: str) -> Any:
            try:
                return ask(name)
            except UserError as error:
                return error

        wanted = list(dict.fromkeys(names))
        if not wanted:
            return {}, {}
        with ThreadPoolExecutor(SIDE_BY_SIDE) as threads:
            answers = dict(zip(wanted, threads.map(tried, wanted), strict=True))
        answers = {name: told for name, told in answers.items() if told is not None}
        lost = {name: told for name, told in answers.items() if isinstance(told, UserError)}
        return {name: told for name, told in answers.items() if name not in lost}, lost

    def _read(self, key: tuple, routes: Sequence[Route], expiry: Expiry | None = None) -> Dated:
        try:
            return self.door.read(key, routes, expiry)
        except NetError as error:
            host = self.hosts.get(error.host)
            raise sentence(error, self._clock(), bool(host and host.headers)) from error
