"""All the mock markets, behind one price process."""

import time
from collections.abc import Callable

from local.binance import Binance
from local.markets import Markets
from local.tape import Tape


def open_markets(clock: Callable[[], float] = time.time) -> Markets:
    """Return the adapter that stands in for every market."""
    return Markets(Binance(Tape(), clock).faces())
