"""
Piyasaya satar: /sat coin miktar|%
Sells at market: /sat coin amount|%
"""

import tickets
from orders import MARKET, SELL, Draft

GROUP = "trading"
ROLE = "trader"
ALIASES = ("sell",)


def run(ctx):
    ctx = tickets.joined(ctx, 1)
    symbol = tickets.symbol(ctx, 0)
    return tickets.propose(ctx, Draft(symbol, SELL, MARKET), tickets.much(ctx, 1))
