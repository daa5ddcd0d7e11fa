from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backtest
import performance
from backtest import OPEN, SIGNAL, STOP, TARGET, Carry, Costs, Rules

FREE = Costs(0, 0)


def bars_of(*rows):
    """Bars out of (open, high, low, close)."""
    return SimpleNamespace(
        **dict(zip(("open", "high", "low", "close"), np.array(rows, float).T, strict=True))
    )


def at(n, *places):
    signal = np.zeros(n, bool)
    signal[list(places)] = True
    return signal


def walk(seed, n):
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, n)))
    first = np.concatenate([[100.0], close[:-1]]) * np.exp(rng.normal(0, 0.003, n))
    high = np.maximum(first, close) * np.exp(abs(rng.normal(0, 0.004, n)))
    low = np.minimum(first, close) * np.exp(-abs(rng.normal(0, 0.004, n)))
    return SimpleNamespace(open=first, high=high, low=low, close=close)


class Trader:
    """Trade bar by bar with cash and coins, the way a person would; the same rules, other code."""

    def __init__(self, rules, costs):
        self.rules, self.costs, self.cash, self.coins = rules, costs, 1.0, 0.0
        self.price, self.closed = 0.0, []

    def pay(self, cost):
        self.cash -= self.coins * cost

    def enter(self, first):
        side = self.rules.side
        self.price, self.before = first * (1 + side * self.costs.slippage), self.cash
        self.coins = side * self.cash * self.rules.size / (self.price * (1 + self.costs.fee))
        self.cash -= self.coins * self.price + abs(self.coins) * self.price * self.costs.fee

    def leave(self, price, slipping=True):
        price *= 1 - self.rules.side * self.costs.slippage * slipping
        self.cash += self.coins * price - abs(self.coins) * price * self.costs.fee
        self.coins = 0.0
        self.closed.append(self.cash / self.before)

    def watch(self, first, high, low):
        side = self.rules.side
        stop = self.price * (1 - side * self.rules.stop)
        target = self.price * (1 + side * self.rules.target)
        worst, best = (low, high) if side > 0 else (high, low)
        if side * worst <= side * stop:
            self.leave(side * min(side * stop, side * first))
        elif side * best >= side * target:
            self.leave(side * max(side * target, side * first), slipping=False)


def traded(bars, entry, exit, rules, costs, at_open=None, inside=None):
    """Return the equity at each close and what each closed trade did, bar by bar.

    Funding is paid a coin at a bar's open, before orders, and within it.
    """
    trader, order, worth = Trader(rules, costs), None, []
    for t in range(len(entry)):
        first = bars.open[t]
        if at_open is not None:
            trader.pay(at_open[t])
        if order:
            trader.enter(first) if order == "in" else trader.leave(first)
        if trader.coins:
            held = trader.coins
            trader.watch(first, bars.high[t], bars.low[t])
            if inside is not None:
                cost = held * inside[t]
                late = cost if trader.coins else max(0, cost)
                trader.cash -= late
                if not trader.coins:
                    trader.closed[-1] = trader.cash / trader.before
        worth.append(trader.cash + trader.coins * bars.close[t])
        wanted = exit[t] if trader.coins else entry[t]
        order = ("out" if trader.coins else "in") if wanted else None
    return np.array(worth), trader.closed


def test_fills_are_at_the_next_open_with_fee_and_slippage():
    bars = bars_of((9, 11, 8, 10), (10, 12, 10, 11), (12, 13, 11, 12), (15, 16, 14, 15))
    result = backtest.run(bars, at(4, 0), at(4, 2), costs=Costs(0.001, 0.01))
    trades = result.trades
    assert (trades.opened, trades.closed) == ([1], [3]) and trades.reason[0] == SIGNAL
    assert trades.entry[0] == pytest.approx(10.1) and trades.exit[0] == pytest.approx(14.85)
    assert trades.growth[0] == pytest.approx(14.85 * 0.999 / (10.1 * 1.001))
    assert result.equity[0] == 1 and result.equity[1] == pytest.approx(11 / (10.1 * 1.001))
    assert result.equity[3] == pytest.approx(trades.growth[0])


def test_an_open_trade_is_valued_at_the_last_close_and_the_last_signal_is_not_filled():
    bars = bars_of((10, 10, 10, 10), (10, 10, 10, 10), (10, 20, 10, 20))
    result = backtest.run(bars, at(3, 0, 2), at(3, 2), costs=FREE)
    assert len(result.trades) == 1 and result.trades.reason[0] == OPEN
    assert result.trades.closed[0] == 3 and result.equity[-1] == pytest.approx(2)


def test_a_bar_that_touches_stop_and_target_is_taken_as_stopped():
    bars = bars_of((10, 10, 10, 10), (10, 12, 8, 11), (11, 11, 11, 11))
    result = backtest.run(bars, at(3, 0), at(3), Rules(stop=0.1, target=0.1), FREE)
    assert result.trades.reason[0] == STOP and result.trades.exit[0] == pytest.approx(9)
    assert result.trades.closed[0] == 1 and result.equity[-1] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("rules", "row", "price", "reason"),
    [
        (Rules(stop=0.1), (7, 8, 6, 7), 7, STOP),
        (Rules(target=0.1), (13, 14, 12, 13), 13, TARGET),
        (Rules(stop=0.1, side=-1), (13, 14, 12, 13), 13, STOP),
        (Rules(target=0.1, side=-1), (7, 8, 6, 7), 7, TARGET),
    ],
)
def test_a_bar_that_opens_beyond_is_filled_at_its_open(rules, row, price, reason):
    bars = bars_of((10, 10, 10, 10), (10, 10, 10, 10), row, row)
    result = backtest.run(bars, at(4, 0), at(4), rules, FREE)
    assert (result.trades.exit[0], result.trades.reason[0]) == (price, reason)


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(3, 150),
    often=st.sampled_from([0.03, 0.3, 0.8]),
    stop=st.sampled_from([np.nan, 0.005, 0.02]),
    target=st.sampled_from([np.nan, 0.01, 0.03]),
    size=st.sampled_from([1.0, 0.5]),
    side=st.sampled_from([1, -1]),
)
def test_it_does_what_trading_bar_by_bar_does(seed, n, often, stop, target, size, side):
    bars, rng = walk(seed, n), np.random.default_rng(seed)
    entry, exit = rng.random((2, n)) < often
    rules, costs = Rules(stop, target, size, side), Costs()
    result = backtest.run(bars, entry, exit, rules, costs)
    worth, closed = traded(bars, entry, exit, rules, costs)
    assert np.allclose(result.equity, worth, rtol=1e-11, atol=0)
    done = result.trades.reason != OPEN
    assert np.allclose(result.trades.growth[done], closed, rtol=1e-11, atol=0)


@given(
    seed=st.integers(0, 10**6),
    n=st.integers(3, 150),
    stop=st.sampled_from([np.nan, 0.01]),
    size=st.sampled_from([1.0, 0.5]),
    side=st.sampled_from([1, -1]),
)
def test_funding_is_paid_as_by_who_trades_bar_by_bar(seed, n, stop, size, side):
    bars, rng = walk(seed, n), np.random.default_rng(seed)
    entry, exit = rng.random((2, n)) < 0.2
    at_open, inside = rng.normal(0, 0.1, (2, n))
    closes = np.cumsum(at_open + inside)
    rules, costs = Rules(stop, size=size, side=side), Costs(funding=Carry(closes - inside, closes))
    result = backtest.run(bars, entry, exit, rules, costs)
    worth, closed = traded(bars, entry, exit, rules, costs, at_open, inside)
    assert np.allclose(result.equity, worth, rtol=1e-10, atol=0)
    done = result.trades.reason != OPEN
    assert np.allclose(result.trades.growth[done], closed, rtol=1e-10, atol=0)
    plain = backtest.run(bars, entry, exit, rules).trades
    assert np.allclose(result.trades.growth - plain.growth, result.trades.funding)
    grid = backtest.many(bars, entry[None], exit[None], rules, costs)
    assert grid.gain[0] == pytest.approx(100 * (result.equity[-1] - 1), rel=1e-9)


def test_a_payment_counts_from_the_open_it_is_paid_at_and_at_its_bars_price():
    hours = np.arange(6) * 3_600_000.0
    bars = SimpleNamespace(time=hours, end=hours + 3_599_999, open=np.arange(10.0, 16))
    times = np.array([-1, 3_600_003, 7_200_000, 9_000_000, 6 * 3_600_000])
    funding = backtest.carry(bars, times, np.array([9, 0.1, 0.2, -0.5, 9]))
    assert funding.opens == pytest.approx([0, 1.1, 3.5, -2.5, -2.5, -2.5])
    assert funding.closes == pytest.approx([0, 1.1, -2.5, -2.5, -2.5, -2.5])


def test_a_short_receives_funding_for_the_bars_it_is_held_over():
    bars = bars_of(*[(100, 100, 100, 100)] * 6)
    costs = Costs(0, 0, Carry(np.array([0, 1, 3, 6, 10, 15.0]), np.array([0, 1, 3, 6, 10, 15.0])))
    result = backtest.run(bars, at(6, 0), at(6, 2), Rules(side=-1), costs)
    assert (result.trades.opened, result.trades.closed) == ([1], [3])
    assert result.trades.funding[0] == pytest.approx(0.05)
    assert result.equity == pytest.approx([1, 1, 1.02, 1.05, 1.05, 1.05])


def test_funding_of_other_bars_is_refused():
    bars = walk(1, 5)
    with pytest.raises(ValueError, match="every bar"):
        backtest.run(bars, at(5), at(5), costs=Costs(funding=Carry(np.ones(4), np.ones(4))))


@given(
    seed=st.integers(0, 10**6),
    cut=st.integers(20, 119),
    stop=st.sampled_from([np.nan, 0.01]),
    side=st.sampled_from([1, -1]),
)
def test_the_future_never_changes_a_past_trade(seed, cut, stop, side):
    bars, rng = walk(seed, 120), np.random.default_rng(seed)
    entry, exit = rng.random((2, 120)) < 0.2
    paid = np.cumsum(rng.normal(0, 0.05, 120))
    rules = Rules(stop, side=side)
    whole = backtest.run(bars, entry, exit, rules, Costs(funding=Carry(paid, paid)))
    past = SimpleNamespace(**{k: v[:cut] for k, v in vars(bars).items()})
    costs = Costs(funding=Carry(paid[:cut], paid[:cut]))
    part = backtest.run(past, entry[:cut], exit[:cut], rules, costs)
    assert np.array_equal(part.equity, whole.equity[:cut])
    done = part.trades.reason != OPEN
    for name in ("opened", "closed", "entry", "exit", "growth", "reason", "funding"):
        mine = getattr(part.trades, name)[done]
        assert np.array_equal(mine, getattr(whole.trades, name)[: len(mine)])


@pytest.mark.parametrize(
    "rules", [Rules(), Rules(stop=0.01, target=0.02), Rules(size=0.3, side=-1)]
)
def test_many_rules_are_each_as_alone(rules):
    bars, rng = walk(5, 700), np.random.default_rng(5)
    entry, exit = rng.random((2, 40, 700)) < 0.05
    grid = backtest.many(bars, entry, exit, rules)
    for i in (0, 17, 39):
        alone = backtest.run(bars, entry[i], exit[i], rules)
        done = alone.trades.reason != OPEN
        returns = backtest.moves(alone.equity)
        assert grid.gain[i] == pytest.approx(100 * (alone.equity[-1] - 1), rel=1e-9)
        assert grid.fall[i] == pytest.approx(backtest.under_water(alone.equity)[0], rel=1e-9)
        assert grid.ratio()[i] == pytest.approx(performance.sharpe(returns, 1), rel=1e-9)
        assert grid.trades[i] == done.sum()
        assert grid.won[i] == (alone.trades.growth[done] > 1).sum()


def test_what_never_trades_has_no_ratios():
    bars = walk(1, 300)
    result = backtest.run(bars, at(300), at(300))
    told = backtest.summary(bars, result, 8760)
    assert told.gain == 0 and told.exposure == 0 and told.record.closed == 0
    assert np.isnan([told.sharpe, told.sortino, told.calmar, told.record.won]).all()
    assert np.isnan(backtest.many(bars, at(300)[None], at(300)[None]).ratio()[0])


def test_all_in_from_the_first_bar_is_buy_and_hold_from_the_second():
    bars = walk(2, 400)
    result = backtest.run(bars, at(400, 0), at(400), costs=FREE)
    told = backtest.summary(bars, result, 8760)
    assert told.gain == pytest.approx(100 * (bars.close[-1] / bars.open[1] - 1))
    assert told.hold == pytest.approx(100 * (bars.close[-1] / bars.close[0] - 1))
    assert told.exposure == pytest.approx(100 * 399 / 400)


def test_a_short_that_loses_everything_ends_at_nothing():
    bars = bars_of((10, 10, 10, 10), (10, 10, 10, 10), (30, 30, 30, 30), (30, 30, 30, 30))
    result = backtest.run(bars, at(4, 0), at(4, 2), Rules(side=-1), FREE)
    assert result.equity[-1] == 0 and result.trades.growth[0] == 0


@pytest.mark.parametrize(
    "rules",
    [Rules(stop=0), Rules(stop=1), Rules(target=-0.1), Rules(size=0), Rules(size=2), Rules(side=0)],
)
def test_rules_that_cannot_be_are_refused(rules):
    with pytest.raises(ValueError, match=r"stop|size"):
        backtest.run(walk(1, 5), at(5), at(5), rules)
