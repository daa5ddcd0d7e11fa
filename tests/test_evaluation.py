"""evaluation.py: blocks of coins, memory, longer timeframes, other coins."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import assume, given, settings

import calc
import evaluation
from evaluation import Context, Ends, Run
from formula import compile
from graph import Item
from tests import formulas
from tests.formulas import HOUR, bars, context
from vocabulary import FormulaError

pytestmark = pytest.mark.filterwarnings("error")
HERE = context(bars())


@settings(max_examples=10, deadline=None)
@given(formulas.FORMULAS)
def test_a_few_coins_at_a_time_or_one_alone_come_to_the_same(text):
    try:
        one = compile(text)
    except FormulaError:
        assume(False)
    wide = context(bars(120, 20))
    whole = one.history(wide)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluation, "WORKING_BYTES", 1)
        np.testing.assert_array_equal(one.history(wide), whole)
    single = {name: x if x.ndim == 1 else x[:, 4] for name, x in vars(wide.bars).items()}
    other = {name: x if x.ndim == 1 else x[:, 4] for name, x in vars(wide.others["4h"]).items()}
    kind = type(wide.bars)
    alone = context(kind(**single), others={"4h": kind(**other)})
    found = one.history(alone)
    assert found.shape == (120,)
    if not one.condition:
        np.testing.assert_allclose(found, whole[:, 4], rtol=1e-8, atol=1e-8)


def test_a_longer_timeframe_tells_its_last_closed_bar_and_no_older_one():
    small, large = bars(12, 1), bars(4, 1, 4, start=formulas.START - 4 * HOUR)
    large.close[:, 0] = [1, 2, 3, 4]
    there = context(small, others={"4h": large})
    found = compile("close(tf=4h)").history(there)[:, 0]
    assert found.tolist() == [1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4]
    before_ = compile("close(tf=4h)[1]").history(there)[:, 0]
    assert np.isnan(before_[0]) and before_[1:].tolist() == found[:-1].tolist()
    rise = compile("crossover(close(tf=4h), 2.5)").history(there)[:, 0]
    assert np.flatnonzero(rise).tolist() == [7]
    inside = compile("crossover(close, 2.5, tf=4h)").history(there)[:, 0]
    assert np.flatnonzero(inside).tolist() == [7, 8, 9, 10]
    gone = {name: np.delete(x, 2, axis=0) for name, x in vars(large).items()}
    holed = compile("close(tf=4h)").history(context(small, others={"4h": type(large)(**gone)}))
    assert np.isnan(holed[7:11, 0]).all() and holed[11, 0] == 4
    nothing = compile("close(tf=4h) > 0 or close > 0").history(context(small, others={}))
    assert nothing.all()


def test_the_formulas_own_timeframe_may_be_named():
    one, same = compile("rsi(14, tf=1h) < 45"), compile("rsi(14) < 45")
    np.testing.assert_array_equal(one.history(HERE), same.history(HERE))


def test_another_coins_bars_are_met_by_their_time():
    coin = bars(20, 0)
    coin.close[:] = np.arange(20)
    there = {name: np.delete(x, 5) for name, x in vars(coin).items()}
    late = context(
        bars(10, 2, start=formulas.START + 2 * HOUR), coins={("", "BTC"): type(coin)(**there)}
    )
    found = compile("btc.close").history(late)
    assert found[:, 0].tolist()[:3] == [2, 3, 4] and np.isnan(found[3]).all()
    assert (found[4:, 0] == found[4:, 1]).all() and found[9, 0] == 11
    assert np.isnan(compile("eth.close").history(late)).all()


def test_each_timeframe_has_its_own_year():
    there = Context(HERE.bars, "4h")
    wanted = calc.realised_vol(HERE.bars.close, 9, 365 * 6)
    np.testing.assert_allclose(compile("realised_vol(9)").history(there), wanted)


def test_a_node_nobody_wants_any_more_is_forgotten():
    one = compile("sma(close, 5) + sma(close, 6) + sma(close, 7) + sma(close, 8) > 1")
    run = Run(one.items, [one.root], context())
    most = evaluation.most_alive(one.items, run)
    run.results([one.root], range(len(one.items)))
    assert run.values == {} and most <= 4


def test_the_last_bar_takes_only_the_bars_it_needs():
    one = compile("sma(sma(close, 5), 4)[2] > 1 and ema(close, 9) > 1")
    here = context()
    run = Run(one.items, [one.root], here, 1)
    rows = {item: run.rows[i] for i, item in enumerate(one.items) if i in run.rows}
    calls = [rows[item] for item in rows if item.op == "call"]
    assert sorted(calls) == [1, 3, 3 + calc.INDICATORS["sma"].reach(n=4)]
    assert max(calls) < len(here.bars.time) == rows[Item("series", (), "close", "")]


def test_many_coins_stay_within_the_working_memory():
    wide = context(bars(1000, 200), others={}, coins={})
    one = compile("sma(close, 9) > sma(open, 8) or stdev(high, 20) < bb_upper(low, 9)")
    one.history(wide)
    tracemalloc.start()
    found = one.history(wide)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.shape == (1000, 200)
    assert peak < evaluation.WORKING_BYTES + 2 * found.nbytes


@pytest.mark.parametrize(
    "text",
    ["adx > 20 and psar < close", "hourly_volume(40, 24) > 1", "stoch_rsi_d > 3 and ad[20] > 1"],
)
def test_the_last_bar_stays_within_the_working_memory(text):
    wide = context(bars(999, 100), others={}, coins={})
    one = compile(text)
    one.last(wide)
    tracemalloc.start()
    one.last(wide)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * evaluation.WORKING_BYTES


def test_a_leaf_is_taken_the_quick_way_only_where_it_is_plain():
    one = compile("macd_signal[2] > sma(rsi, 3) and btc.close > close(tf=4h) and volume[1] > 5")
    leaves = Ends(one.items, [i for i, item in enumerate(one.items) if item.op in ("shift", "out")])
    assert {one.items[i].op for i in leaves.bars} == {"call", "series"}
    assert max(leaves.bars.values()) == 3 and len(leaves.others) == 1
