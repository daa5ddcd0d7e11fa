import threading
from concurrent.futures import Executor, Future
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import backtest
import formula
import trials
from bot import UserError
from evaluation import Context
from shapes import Candles

RULE = "close > sma(n) : close < sma(n)"


class Inline(Executor):
    """Run each call at once, and count them."""

    def __init__(self):
        self.calls = 0

    def submit(self, fn, /, *args, **kwargs):
        self.calls += 1
        done = Future()
        done.set_result(fn(*args, **kwargs))
        return done


@pytest.fixture
def context(market):
    return Context(market.candles("BTCUSDT", "1h").data, "1h")


def test_a_rule_with_everything_is_read():
    plan, start = trials.read(
        "rsi(n) < 30 : rsi(n) > 60 stop 5 hedef %10 komisyon 0,2 kayma 0 boyut 50 short "
        "2025-03-01 opt n=5..9/2"
    )
    assert (plan.entry, plan.exit) == ("rsi(n) < 30", "rsi(n) > 60")
    assert plan.rules == backtest.Rules(0.05, 0.1, 0.5, -1)
    assert plan.costs == (0.002, 0, None) and start == 1_740_787_200_000
    assert plan.ranges == (("n", (5, 7, 9)),)


def test_a_day_of_long_ago_is_asked_of_no_market():
    assert trials.read("rsi < 30 : rsi > 60 1960-01-01")[1] == 0


def test_costs_are_on_unless_told():
    plan, start = trials.read("rsi < 30 : rsi > 60")
    assert plan.costs == backtest.Costs(0.001, 0.0005) and start is None
    assert isnan(plan.rules.stop) and isnan(plan.rules.target)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rsi < 30",
        ": rsi > 60",
        "rsi < 30 :",
        "rsi < 30 : stop 5",
        "rsi < 30 : rsi > 60 stop",
        "rsi < 30 : rsi > 60 stop x",
        "rsi < 30 : rsi > 60 stop 100",
        "rsi < 30 : rsi > 60 komisyon 50",
        "rsi < 30 : rsi > 60 boyut 0",
        "rsi < 30 : rsi > 60 2025-02-30",
        "rsi < 30 : rsi > 60 opt n=5..50",
        "rsi(n) < 30 : rsi > 60 n=50..5",
        "rsi(n) < 30 : rsi > 60 n=5 n=6",
        "rsi < 30 : rsi > 60 stop 5 xyz",
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(text):
    with pytest.raises(UserError):
        trials.read(text)


@given(st.text(max_size=200))
def test_any_text_is_a_plan_or_a_sentence(text):
    try:
        plan, _ = trials.read(text)
    except UserError:
        return
    assert plan.entry and plan.exit


def test_numbers_take_the_place_of_their_names_only():
    assert trials.put("sma(n) > ema(min(n, 5)) and n.x", "n", [7]) == (
        "sma(7) > ema(min(7, 5)) and 7.x"
    )


def test_every_combination_is_tried_and_is_what_the_rule_does(context):
    plan, _ = trials.read(f"{RULE} opt n=5..60")
    pool = Inline()
    *_, (done, grid) = trials.search(plan, context, {}, pool, 2, threading.Event())
    assert done == 56 == len(grid.gain) and pool.calls == 2
    for i in (0, 20, 55):
        alone = trials.once(trials.chosen(plan, plan.choices[i]), context, {})
        assert grid.gain[i] == pytest.approx(100 * (alone.equity[-1] - 1), rel=1e-9)


def test_a_search_ends_when_told_to(context):
    plan, _ = trials.read(f"{RULE} opt n=5..60")
    stop, seen = threading.Event(), []
    for done, grid in trials.search(plan, context, {}, Inline(), 1, stop):
        seen.append((done, grid))
        stop.set()
    assert seen == [(48, None)]


def test_the_best_is_judged_by_luck_and_by_what_came_after(context):
    plan, _ = trials.read(f"{RULE} opt n=5..40")
    ((_, grid),) = list(trials.search(plan, context, {}, Inline(), 8, threading.Event()))
    verdict = trials.judge(plan, context, {}, grid)
    assert verdict.best == int(np.nanargmax(grid.ratio())) and 0 <= verdict.luck <= 100
    worth = 1.0
    for fold in range(1, backtest.FOLDS):
        best = int(np.nanargmax(grid.ratio(slice(0, fold))))
        worth *= grid.growth[best, fold]
    assert verdict.ahead == pytest.approx(100 * (worth - 1))


def test_noise_is_not_taken_for_skill():
    rng, lucky = np.random.default_rng(8), []
    for _ in range(20):
        close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 800)))
        table = np.full((11, 800), np.nan)
        table[0] = np.arange(800) * 3_600_000
        table[1:5], table[6] = close, table[0] + 3_599_999
        noise = Context(Candles(table), "1h")
        plan, _ = trials.read(f"{RULE} opt n=5..45/2")
        ((_, grid),) = list(trials.search(plan, noise, {}, Inline(), 8, threading.Event()))
        lucky.append(trials.judge(plan, noise, {}, grid).luck)
    assert np.nanmean(np.array(lucky) > 95) <= 0.1


def test_where_nothing_trades_there_is_no_best(context):
    plan, _ = trials.read("close < 0 and sma(n) > 0 : close > sma(n) opt n=5..9")
    ((_, grid),) = list(trials.search(plan, context, {}, Inline(), 8, threading.Event()))
    verdict = trials.judge(plan, context, {}, grid)
    assert verdict.best == -1 and isnan(verdict.ahead) and isnan(verdict.luck)


def test_a_value_is_no_condition(context):
    with pytest.raises(formula.FormulaError, match="no condition"):
        trials.once(trials.Plan("rsi(14)", "close > 1"), context, {})


def test_a_short_is_one_in_the_perpetual_with_its_funding(market):
    plan, _ = trials.read("close < sma(50) : close > sma(50, tf=4h) short")
    _, context = trials.gather(market, plan, "PEPEUSDT", "1h", None, {})
    assert np.array_equal(context.bars.table, market.perps.candles("PEPEUSDT", "1h").table)
    assert context.others["4h"].open[0] != market.candles("PEPEUSDT", "4h").open[0]
    charged, paid = trials.charged(market, plan, "PEPEUSDT", context.bars)
    assert paid.time[0] >= context.bars.time[0] and charged.costs.funding is not None
    free, result = (trials.once(one, context, {}) for one in (plan, charged))
    assert len(result.trades) > 3 and (result.trades.funding != 0).any()
    assert np.allclose(result.trades.growth, free.trades.growth + result.trades.funding)
    head, *rows = trials.table(result, context.bars, True).splitlines()
    assert head.endswith(",reason,funding_percent")
    told = [float(row.split(",")[-1]) for row in rows]
    assert told == pytest.approx((100 * result.trades.funding).tolist())


def test_what_is_bought_stays_on_spot_and_pays_no_funding(market):
    plan, _ = trials.read("close < sma(50) : close > sma(50)")
    _, context = trials.gather(market, plan, "BTCUSDT", "1h", None, {})
    assert np.array_equal(context.bars.table, market.candles("BTCUSDT", "1h").table)
    assert trials.charged(market, plan, "BTCUSDT", context.bars) == (plan, None)


def test_too_many_combinations_are_refused():
    plan, _ = trials.read(f"{RULE} and ema(m) > 0 opt n=1..200 m=1..200")
    with pytest.raises(UserError, match="40000"):
        trials.affordable(plan, 1000)
    trials.affordable(plan._replace(ranges=plan.ranges[:1]), 60_000)


def test_other_timeframes_and_coins_are_looked_at_without_look_ahead(market, clock):
    text = "close > sma(20, tf=4h) and eth.close > 0 : close < sma(20, tf=4h)"
    plan, _ = trials.read(text)
    _, whole = trials.gather(market, plan, "BTCUSDT", "1h", None, {})
    result = trials.once(plan, whole, {})
    assert len(result.trades) > 3
    cut = 700
    bars = Candles(whole.bars.table[:, :cut])
    past = Context(bars, "1h", whole.others, whole.coins)
    part = trials.once(plan, past, {})
    assert np.array_equal(part.equity, result.equity[:cut])


def test_the_table_has_a_row_a_trade(context):
    plan, _ = trials.read("close > sma(20) : close < sma(20)")
    result = trials.once(plan, context, {})
    head, *rows = trials.table(result, context.bars).splitlines()
    assert head == "opened,closed,entry,exit,gain_percent,reason"
    assert len(rows) == len(result.trades) and rows[0].endswith(",signal")


def test_longer_timeframes_reach_back_as_far_as_the_widest_number_wants(market):
    plan, _ = trials.read("close > sma(n, tf=4h) : close < sma(n, tf=4h) opt n=5..400")
    start = int(market.candles("BTCUSDT", "1h").time[-200])
    _, context = trials.gather(market, plan, "BTCUSDT", "1h", start, {})
    widest = trials.condition("close > sma(400, tf=4h)", {})
    value = trials.signals(["close > sma(400, tf=4h) or close <= sma(400, tf=4h)"], context, {})
    assert context.others["4h"].time[0] <= start - 400 * 4 * 3_600_000
    assert widest.needs.bars["4h"] >= 400 and value[0].all()
