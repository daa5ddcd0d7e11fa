"""What the exchange allows of a symbol's orders, and the price it measures them by."""

from decimal import Decimal
from typing import Any

from bot import UserError
from markets.binance import ENDPOINTS
from net import Route
from orders import Rules

NAMED = {endpoint.name: endpoint for endpoint in ENDPOINTS}


def rules(sources: Any, symbol: str) -> Rules:
    """Return a symbol's rules, even of last week. Raises UserError.

    `sources` is a sources.Sources.
    """
    return sources.read(Route(NAMED["rules"], {"symbol": symbol})).data


def mean(sources: Any, symbol: str) -> Decimal:
    """Return the exchange's average price of the last minutes, in quote.

    Raises UserError where it is not fresh: no order may rest on an old price.
    """
    read = sources.read(Route(NAMED["mean"], {"symbol": symbol}))
    if read.stale:
        raise UserError(
            "Fiyat verisi bayat; emir verilmedi.", "The price data is stale; no order was made."
        )
    return read.data
