"""What markets call a coin and a contract, found from Binance's spot symbol and the other way."""

import re
from collections.abc import Container

QUOTES = ("USDT", "FDUSD", "USDC", "TUSD", "TRY", "EUR", "BRL", "BTC", "ETH", "BNB")
MANY = {"": 1, "1000": 1_000, "10000": 10_000, "1000000": 1_000_000, "1M": 1_000_000}


def split(symbol: str) -> tuple[str, str] | None:
    """Return a spot symbol's base and quote, or None where the quote is none we know."""
    quote = next((q for q in QUOTES if symbol.endswith(q) and len(symbol) > len(q)), None)
    return (symbol.removesuffix(quote), quote) if quote else None


def unit(base: str) -> tuple[str, int]:
    """Return the coin that a base asset counts and how many of it: PEPE, 1000 for 1000PEPE."""
    ahead = re.fullmatch(r"(10{3,6}|1M)([A-Z]\w+)", base)
    if ahead and ahead[1] in MANY:
        return ahead[2], MANY[ahead[1]]
    behind = re.fullmatch(r"([A-Z]+)1000", base)
    return (behind[1], 1000) if behind else (base, 1)


def contract(symbol: str, contracts: Container[str]) -> tuple[str, float] | None:
    """Return the contract on a spot symbol's coin among those known, None where there is none.

    With it comes how many of the symbol's coins one unit of the contract is: its price divided by
    that is per coin, its open interest times that is in coins.
    """
    pair = split(symbol)
    if symbol in contracts or pair is None:
        return (symbol, 1.0) if symbol in contracts else None
    coin, count = unit(pair[0])
    named = {f"{prefix}{coin}{pair[1]}": number for prefix, number in MANY.items()}
    named[f"{coin}1000{pair[1]}"] = 1000
    found = next((name for name in named if name in contracts), None)
    return (found, named[found] / count) if found else None
