"""
Piyasadan alır; hedef ve zarar durdurma koyar: /al coin 100usdt|0.5btc|%10 [hedef%] [zarar%]
Buys at market, with a target and a stop: /al coin 100usdt|0.5btc|10% [target%] [stop%]
"""

import tickets
from orders import BUY, MARKET, Draft

GROUP = "trading"
ROLE = "trader"
ALIASES = ("buy",)


def run(ctx):
    ctx = tickets.joined(ctx, 1)
    symbol = tickets.symbol(ctx, 0)
    target, loss = tickets.percent(ctx, 2, 1000), tickets.percent(ctx, 3, 90)
    draft = Draft(symbol, BUY, MARKET, target=target, loss=loss)
    return tickets.propose(ctx, draft, tickets.much(ctx, 1))
