"""The tape's coins as aggregators count them: ids, supplies, caps, groups, and past prices."""

import re
import threading
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from local.pairs import Pair, moment, shares_of
from local.paths import CLOSE, HIGH, LOW, OPEN, QUOTE
from local.tape import PERIOD, Tape

HOUR_MS = 3_600_000
PEAKS_END = moment("2026-06-01")
DOLLAR_LISTED = moment("2015-02-25")
STABLE = ("USDT", "USDC", "FDUSD", "TUSD", "DAI")
SPANS = {"1h": 1, "24h": 24, "7d": 168, "30d": 720, "1y": 8760}
LARGE = """
BTC:bitcoin:Bitcoin:1.995e7:2.1e7 ETH:ethereum:Ethereum:1.207e8: USDT:tether:Tether:1.1e11:
XRP:ripple:XRP:5.4e10:1e11 BNB:binancecoin:BNB:1.39e8:2e8 SOL:solana:Solana:4.5e8:
USDC:usd-coin:USDC:3.2e10: DOGE:dogecoin:Dogecoin:1.43e11: TRX:tron:TRON:8.77e10:
ADA:cardano:Cardano:3.56e10:4.5e10 AVAX:avalanche-2:Avalanche:3.8e8:7.2e8
LINK:chainlink:Chainlink:5.87e8:1e9 TON:the-open-network:Toncoin:3.47e9:
SHIB:shiba-inu:Shiba_Inu:5.89e14: DOT:polkadot:Polkadot:1.28e9:
BCH:bitcoin-cash:Bitcoin_Cash:1.97e7:2.1e7 LTC:litecoin:Litecoin:7.45e7:8.4e7
NEAR:near:NEAR_Protocol:1.05e9: UNI:uniswap:Uniswap:5.98e8:1e9
ICP:internet-computer:Internet_Computer:4.63e8: APT:aptos:Aptos:3.9e8: SUI:sui:Sui:1.24e9:1e10
ARB:arbitrum:Arbitrum:2.65e9:1e10 OP:optimism:Optimism:1e9:4.29e9 FIL:filecoin:Filecoin:5.2e8:1.96e9
ATOM:cosmos:Cosmos_Hub:3.88e8: HBAR:hedera-hashgraph:Hedera:3.38e10:5e10
XLM:stellar:Stellar:2.86e10:5e10 INJ:injective-protocol:Injective:9.3e7:1e8
PEPE:pepe:Pepe:4.2e14:4.2e14 AAVE:aave:Aave:1.48e7:1.6e7
CAKE:pancakeswap-token:PancakeSwap:2.4e8:4.5e8
FET:fetch-ai:Artificial_Superintelligence_Alliance:8.4e8: BONK:bonk:Bonk:6.4e13:
ETC:ethereum-classic:Ethereum_Classic:1.45e8:2.1e8 MKR:maker:Maker:9.2e5:1e6
LDO:lido-dao:Lido_DAO:8.9e8:1e9 RUNE:thorchain:THORChain:3.38e8:5e8
STX:blockstack:Stacks:1.44e9:1.8e9 POL:polygon-ecosystem-token:Polygon:9.6e9:
GRT:the-graph:The_Graph:9.4e9: WLD:worldcoin-wld:Worldcoin:1.4e8:1e10 DAI:dai:Dai:5.3e9:
FDUSD:first-digital-usd:First_Digital_USD:3e9: WBTC:wrapped-bitcoin:Wrapped_Bitcoin:1.55e5:
"""
GROUPS = {
    "Smart Contract Platform": "ETH SOL BNB ADA AVAX TRX TON DOT NEAR SUI APT SEI HBAR ICP EGLD",
    "Layer 2 (L2)": "ARB OP POL STRK MANTA STX IMX METIS LRC SCR LINEA",
    "Meme": "DOGE SHIB PEPE BONK FLOKI WIF BOME MEME TURBO 1000SATS PENGU PNUT TRUMP",
    "Decentralized Finance (DeFi)": "UNI AAVE MKR LDO CRV DYDX PENDLE RUNE CAKE SNX COMP INJ JUP",
    "Artificial Intelligence (AI)": "FET RENDER TAO WLD NEAR ICP VIRTUAL GRT AIXBT PHB",
    "Gaming (GameFi)": "GALA SAND AXS MANA IMX PIXEL PORTAL ENJ APE YGG ILV BIGTIME",
    "Liquid Staking Governance Tokens": "LDO RPL SSV ETHFI JTO LISTA",
    "Oracle": "LINK PYTH BAND TRB UMA DIA",
    "Exchange-based Tokens": "BNB FTT WOO CAKE",
    "Stablecoins": "USDT USDC FDUSD TUSD DAI",
    "Proof of Work (PoW)": "BTC DOGE LTC BCH ETC ZEC DASH RVN KDA CKB DCR",
    "Real World Assets (RWA)": "ONDO PAXG LINK MKR POLYX OM PENDLE",
    "DePIN": "FIL AR RENDER THETA GRT IOTX STORJ",
}


class Coin(NamedTuple):
    """Hold what is fixed about a coin; a supply of NaN is one nobody knows."""

    symbol: str
    id: str
    name: str
    supply: float
    most: float | None
    listed_ms: int
    pair: Pair | None


class Snapshot(NamedTuple):
    """Hold the market at a minute, one entry a coin; `past` holds the price of each span ago.

    Prices are in USD, volume of the last 24 whole hours; a price before the listing is NaN.
    `order` lists the coins by cap, the largest first, those of unknown cap last and without `rank`.
    """

    at_ms: int
    price: np.ndarray
    cap: np.ndarray
    volume: np.ndarray
    high: np.ndarray
    low: np.ndarray
    past: dict[str, np.ndarray]
    order: np.ndarray
    rank: np.ndarray

    def change(self, span: str) -> np.ndarray:
        """Return the change since a span ago in percent."""
        return 100 * (self.price / self.past[span] - 1)


def iso(ms: float) -> str:
    """Return an instant as aggregators write it: 2026-05-18T12:49:21.599Z."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def slug(name: str) -> str:
    """Return a name as an id: layer-2-l2 for Layer 2 (L2)."""
    return re.sub(r"\W+", "-", name.lower()).strip("-")


def fixed(symbol: str, pair: Pair | None) -> Coin:
    """Return a coin; one that is not in the table gets a supply that its turnover suggests."""
    known = BIG.get(symbol)
    listed = pair.listed_ms if pair else DOLLAR_LISTED
    if known:
        supply, most = float(known[3]), float(known[4]) if known[4] else None
        return Coin(symbol, known[1], known[2].replace("_", " "), supply, most, listed, pair)
    u = shares_of(f"{symbol} supply")
    supply = float(f"{pair.turnover / pair.price * (8 + 25 * u[0]):.3g}")
    small = pair.turnover < 5e6 and u[1] < 0.1
    most = None if u[2] < 0.4 else supply * round(1 + u[2], 2)
    supply = np.nan if small else supply
    return Coin(symbol, symbol.lower(), symbol.title(), supply, most, listed, pair)


def totals(market: Snapshot, supply: np.ndarray) -> tuple[float, float]:
    """Return the cap of the whole market now and 24 hours ago."""
    return float(np.nansum(market.cap)), float(np.nansum(market.past["24h"] * supply))


class Coins:
    """Answer what the coins are worth at an instant; every aggregator's face reads it."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        traded = [
            pair
            for pair in tape.pairs.values()
            if pair.quote == "USDT" and pair.status == "TRADING" and "SPOT" in pair.permissions
        ]
        self.coins = [fixed("USDT", None), *(fixed(pair.base, pair) for pair in traded)]
        self.by_id = {coin.id: i for i, coin in enumerate(self.coins)}
        self.by_symbol = {coin.symbol: i for i, coin in enumerate(self.coins)}
        self._symbols = [pair.symbol for pair in traded]
        place = {symbol: row for row, symbol in enumerate(tape.pairs)}
        self.rows = np.array([place[symbol] for symbol in self._symbols])
        self.ticks = np.array([10.0**pair.digits for pair in traded])
        self.lots = np.array([10.0**pair.lot for pair in traded])
        self.supply = np.array([coin.supply for coin in self.coins])
        self.listed = np.array([coin.listed_ms for coin in self.coins])
        self._kept: dict[str, tuple] = {"hour": (), "minute": ()}
        self._lock = threading.Lock()

    def closes(self, symbol: str, hours: np.ndarray) -> np.ndarray:
        """Return the closing prices of a coin's hours, counted since 1970."""
        i = self.by_symbol[symbol] - 1
        return self.tape.hours(self.rows[i : i + 1], hours)[CLOSE] / self.ticks[i]

    def lira(self, now_ms: int) -> float:
        """Return what a dollar costs in lira."""
        return float(self.tape.last(["USDTTRY"], now_ms)[0])

    def peaks(self, places: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Return coins' highest prices ever and their days, which follow from the coin alone."""
        rows = np.maximum(places - 1, 0)
        hours = np.arange(0, PERIOD, 96)
        high = self.tape.hours(self.rows[rows, None], hours)[HIGH].max(axis=1) / self.ticks[rows]
        shares = [shares_of(f"{self.coins[i].symbol} peak") for i in places]
        above = np.array([0.02 if self.coins[i].symbol in STABLE else 0.6 for i in places])
        price = np.where(places == 0, 1.0, high) * (1 + above * (1 + np.array(shares)[:, 1]))
        days = [
            self.listed[i] + u[0] * max(PEAKS_END - self.listed[i], 0)
            for i, u in zip(places, shares, strict=True)
        ]
        return price, [iso(day) for day in days]

    def _hour(self, hour: int) -> tuple[np.ndarray, ...]:
        """Return volume, high and low of the 24 hours before one, and past opens and closes."""
        if not self._kept["hour"] or self._kept["hour"][0] != hour:
            day = self.tape.hours(self.rows[:, None], np.arange(hour - 24, hour))
            spans = np.array([hour - span for span in SPANS.values()])
            past = self.tape.hours(self.rows[:, None], spans)[: CLOSE + 1] / self.ticks[:, None]
            volume = day[QUOTE].sum(axis=1) / self.ticks / self.lots
            high, low = day[HIGH].max(axis=1) / self.ticks, day[LOW].min(axis=1) / self.ticks
            self._kept["hour"] = hour, (volume, high, low, past[OPEN], past[CLOSE])
        return self._kept["hour"][1]

    def snapshot(self, now_ms: int) -> Snapshot:
        """Return the market at the start of the running minute."""
        minute = now_ms // 60_000
        with self._lock:
            if not self._kept["minute"] or self._kept["minute"][0] != minute:
                self._kept["minute"] = minute, self._made(minute * 60_000)
            return self._kept["minute"][1]

    def _made(self, at_ms: int) -> Snapshot:
        hour, rest = divmod(at_ms, HOUR_MS)
        volume, high, low, first, last = self._hour(hour)
        price = self.tape.last(self._symbols, at_ms)
        then = first * (last / first) ** (rest / HOUR_MS)
        then[self.listed[1:, None] > at_ms - HOUR_MS * np.array([*SPANS.values()])] = np.nan
        past = {span: np.append(1.0, then[:, k]) for k, span in enumerate(SPANS)}
        high, low = np.maximum(high, price), np.minimum(low, price)
        price, high, low = (np.append(1.0, column) for column in (price, high, low))
        volume = np.append(volume.sum(), volume)
        unborn = self.listed > at_ms
        cap = np.where(unborn, np.nan, price * self.supply)
        order = np.argsort(-np.nan_to_num(cap), kind="stable")
        order = order[~unborn[order]]
        rank = np.full(len(cap), np.nan)
        rank[order] = np.where(np.isnan(cap[order]), np.nan, np.arange(1, len(order) + 1))
        return Snapshot(at_ms, price, cap, volume, high, low, past, order, rank)

    def groups(self) -> list[tuple[str, str, np.ndarray]]:
        """Return the categories: id, name and the places of their coins."""
        return [
            (slug(name), name, np.array([self.by_symbol[one] for one in members.split()]))
            for name, members in GROUPS.items()
        ]


BIG = {fields[0]: fields for fields in (word.split(":") for word in LARGE.split())}
