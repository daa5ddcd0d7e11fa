import threading
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import numpy as np
import pytest

import chart
import drawings
import trials
from bot import Ctx
from evaluation import Context
from tests.test_trials import Inline


@pytest.fixture
def context(market):
    return Context(market.candles("BTCUSDT", "1h").data, "1h")


def test_equity_stands_beside_holding_and_above_its_falls(context):
    plan, _ = trials.read("close > sma(20) : close < sma(20)")
    result = trials.once(plan, context, {})
    drawn = drawings.tested("x", context.bars, result, chart.Look(), lambda tr, _: tr)
    (rule, hold), (fall,) = (pane.lines for pane in drawn.panes)
    assert np.array_equal(rule.values, result.equity) and hold.values[0] == 1
    assert fall.values.max() == 0 and fall.values.min() < 0
    assert chart.png(drawn)[:4] == b"\x89PNG"


@pytest.mark.parametrize(
    ("ranges", "shape"),
    [("n=5..9", (1, 5)), ("n=5..9 m=2..3", (5, 2)), ("n=5..9 m=2..3 k=1..4", (5, 2))],
)
def test_a_search_is_a_map_of_its_numbers(context, ranges, shape):
    text = "close > sma(n) and sma(m) > 0 and sma(k) > 0 : close < sma(n)"
    text = text if "k=" in ranges else text.replace("(k)", "(2)")
    text = text if "m=" in ranges else text.replace("(m)", "(2)")
    plan, _ = trials.read(f"{text} opt {ranges}")
    ((_, grid),) = list(trials.search(plan, context, {}, Inline(), 8, threading.Event()))
    drawn = drawings.searched("x", plan, grid, chart.Look(), lambda _, en: en)
    assert drawn.values.shape == shape == (len(drawn.rows), len(drawn.columns))
    assert drawn.values.max() == grid.gain.max()
    assert chart.png(drawn)[:4] == b"\x89PNG"


def days(*values, complete=True):
    """Return days with a value or a total each, the newest first."""
    first = date(2026, 11, 20)
    made = (
        SimpleNamespace(day=first - timedelta(i), value=x, total=x, complete=complete)
        for i, x in enumerate(values)
    )
    return list(made)


def test_days_are_drawn_from_the_oldest_at_their_noon():
    drawn = drawings.moods(Ctx(), days(90, 50, 10))
    assert list(drawn.panes[0].lines[0].values) == [10, 50, 90]
    assert datetime.fromtimestamp(drawn.time[-1] / 1000, UTC) == datetime(
        2026, 11, 20, 12, tzinfo=UTC
    )


def test_flows_of_whole_days_are_columns_and_add_up():
    open_day = SimpleNamespace(day=date(2026, 11, 21), total=9e9, complete=False)
    every = [open_day, *days(3e6, -1e6, 5e6)]
    drawn = drawings.day_flows(Ctx(), "x", every)
    (columns,), (total,) = (pane.lines for pane in drawn.panes)
    assert columns.bars and list(columns.values) == [5, -1, 3] and list(total.values) == [5, 4, 7]


def test_open_interest_stands_above_the_price_of_its_times(market):
    past = market.perps.interest_history("BTCUSDT", "15m").data
    bars = market.candles("BTCUSDT", "15m").data
    drawn = drawings.interest(Ctx(), "x", past, bars)
    (interest,), (price,) = (pane.lines for pane in drawn.panes)
    i = int(np.flatnonzero(drawn.time == bars.end[-5] + 1)[0])
    assert price.values[i] == bars.close[-5] and interest.values is past.base
    assert len(drawings.interest(Ctx(), "x", past, None).panes) == 1


def test_payments_are_in_percent_below_their_price(market):
    past = market.perps.funding_history("BTCUSDT")
    drawn = drawings.payments(Ctx(), "x", past)
    (price,), (rate,) = (pane.lines for pane in drawn.panes)
    assert len(drawn.time) == 90 and price.values[-1] == past.mark[-1]
    assert rate.values[-1] == 100 * past.rate[-1] and rate.bars


def test_correlations_leave_the_diagonal_out():
    drawn = drawings.square(Ctx(), "x", ("A", "B"), np.array([[1, 0.5], [0.5, 1]]))
    assert np.isnan(np.diag(drawn.values)).all() and drawn.values[0, 1] == 0.5


def test_cash_is_summed_over_the_coins_whose_bars_are_all_known(market):
    panel = market.panel(["BTCUSDT", "ETHUSDT"], "15m", 97)
    drawn = drawings.cash(Ctx(), "x", panel)
    (total,), (each,) = (pane.lines for pane in drawn.panes)
    bars = [market.candles(s, "15m").data for s in panel.symbols]
    last = sum(2 * b.taker_quote[-1] - b.quote[-1] for b in bars)
    assert each.values[-1] == pytest.approx(last) and each.bars
    assert total.values[-1] == pytest.approx(each.values.sum()) and len(drawn.time) == 97
    holed = drawings.gapless(np.array([[1, np.nan], [2, 5]]))
    assert holed.tolist() == [[1], [2]]
    assert np.isnan(drawings.gapless(np.array([[np.nan], [1.0]]))).all()


def test_altcoins_are_measured_from_thirty_days_before(market):
    days = market.panel(["ETHUSDT", "SOLUSDT", "XRPUSDT"], "1d", 31)
    drawn = drawings.altcoins(Ctx(), days)
    (mean, middle), (up,) = (pane.lines for pane in drawn.panes)
    moves = 100 * (days.close[-1] / days.close[-31] - 1)
    assert mean.values[-1] == pytest.approx(moves.mean()) and mean.values[0] == 0
    assert middle.values[-1] == pytest.approx(np.sort(moves)[1])
    assert up.values[-1] == pytest.approx(100 * (moves > 0).mean())
    assert chart.png(drawn)[:4] == b"\x89PNG"
