"""Our rules as users of backtesting.py write them."""

import numpy as np
from backtesting import Strategy
from backtesting.lib import crossover

import calc
from backtest import Rules


def follower(entry: np.ndarray, exit: np.ndarray, rules: Rules) -> type:
    """Return a strategy that follows signals."""
    # A size of 1 would be one coin.
    size = min(rules.size, 1 - 2**-52)

    class Follow(Strategy):
        def init(self) -> None:
            self.begin, self.end = self.I(lambda: entry), self.I(lambda: exit)

        def next(self) -> None:
            if self.position and self.end[-1]:
                self.position.close()
            elif not self.position and self.begin[-1]:
                (self.buy if rules.side > 0 else self.sell)(size=size)

    return Follow


class Cross(Strategy):
    """SMA over SMA with RSI below 70, the two lengths to be optimised."""

    fast, slow = 20, 50

    def init(self) -> None:
        self.quick = self.I(calc.sma, self.data.Close, self.fast)
        self.calm = self.I(calc.sma, self.data.Close, self.slow)
        self.strength = self.I(calc.rsi, self.data.Close)

    def next(self) -> None:
        if crossover(self.calm, self.quick):
            self.position.close()
        elif crossover(self.quick, self.calm) and self.strength[-1] < 70:
            self.buy()
