"""calc.py: the laws every indicator keeps, and the numbers that are not indicators."""

import math
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import calc

pytestmark = pytest.mark.filterwarnings("error")

BARS, SYMBOLS = 300, 4
NAMES = sorted(calc.INDICATORS)
TUNABLE = [name for name in NAMES if calc.INDICATORS[name].defaults]
# Long windows, cut so that every output has values within BARS.
SHORT = {
    "ribbon": {"slow": 100},
    "vol_rank": {"window": 100},
    "linreg_channel": {"n": 60},
}


def candles(rng, shape):
    """A random walk in ticks of 0.01, so that equal prices occur, with a flat stretch."""
    steps = rng.normal(0, 0.6, shape)
    steps[60:75] = 0
    close = np.round(80 + np.cumsum(steps, axis=0), 2)
    open_ = np.concatenate([close[:1], close[:-1]])
    wide = np.round(np.abs(rng.normal(0, 0.4, (2, *shape))), 2)
    wide[:, 60:75] = 0
    high, low = np.maximum(open_, close) + wide[0], np.minimum(open_, close) - wide[1]
    volume = np.round(rng.lognormal(5, 1, shape), 3)
    volume[100] = 0
    bought = np.round(volume * rng.uniform(0.3, 0.7, shape), 3)
    return {"open": open_, "high": high, "low": low, "close": close, "volume": volume} | {
        "taker_buy": bought,
        "quote_volume": volume * close,
        "x": close,
        "y": np.roll(close, 1, axis=-1) if len(shape) > 1 else close[::-1] * 1.0,
        "benchmark": close**0.5 * 9 + wide[0],
        "ratio": rng.lognormal(0, 0.3, shape),
        "time": 1_704_067_200_000.0 + 3_600_000 * np.indices(shape)[0],
        "anchor": 1.0 * (np.indices(shape)[0] % 37 == 0),
    }


@pytest.fixture(scope="module")
def panel():
    return candles(np.random.default_rng(7), (BARS, SYMBOLS))


@pytest.fixture(scope="module")
def holed(panel):
    """The panel with bars missing: one listed late, one with a gap, one with a lone hole."""
    out = {name: one.copy() for name, one in panel.items()}
    for one in out.values():
        one[:40, 0] = one[150:153, 1] = one[200, 2] = np.nan
    return out


def run(name, data, **params):
    """Return an indicator's outputs as a list."""
    entry = calc.INDICATORS[name]
    result = entry.function(*(data[one] for one in entry.inputs), **SHORT.get(name, {}) | params)
    return list(result) if isinstance(result, tuple) else [result]


def only(data, *index):
    return {name: np.ascontiguousarray(one[index]) for name, one in data.items()}


def test_outputs_are_float64_of_the_inputs_shape_as_announced(panel):
    for name in NAMES:
        entry = calc.INDICATORS[name]
        for data, shape in ((panel, (BARS, SYMBOLS)), (only(panel, ..., 0), (BARS,))):
            result = run(name, data)
            assert len(result) == len(entry.outputs)
            assert all(one.dtype == np.float64 and one.shape == shape for one in result)
            assert all(np.isfinite(one[-1]).any() or name in SPARSE for one in result), name
            assert not any(np.isinf(one).any() for one in result), name


SPARSE = {"pivots", "roll_spread"}


def test_a_panels_column_is_the_single_series(panel, holed):
    for name in NAMES:
        for data in (panel, holed):
            together = run(name, data)
            for s in range(SYMBOLS):
                alone = run(name, only(data, ..., s))
                for a, b in zip(together, alone, strict=True):
                    np.testing.assert_allclose(a[:, s], b, 1e-11, 1e-11, err_msg=name)


def test_a_new_bar_never_changes_the_past(holed):
    for name in NAMES:
        whole = run(name, holed)
        for bars in (1, 2, 17, 151, 201, BARS - 1):
            for a, b in zip(run(name, only(holed, slice(bars))), whole, strict=True):
                np.testing.assert_array_equal(a, b[:bars], name)


def test_inputs_are_never_changed(holed):
    for name in NAMES:
        data = {key: one.copy() for key, one in holed.items()}
        for one in data.values():
            one.flags.writeable = False
        for result in run(name, data):
            result[:] = 1
        for key, one in data.items():
            np.testing.assert_array_equal(one, holed[key], name)


@pytest.mark.parametrize("bars", [0, 1, 2])
def test_too_short_is_nan_and_no_exception(bars, panel):
    for name in NAMES:
        for data in (only(panel, slice(bars)), only(panel, slice(bars), 0)):
            for one in run(name, data):
                assert len(one) == bars


def test_windows_longer_than_the_series_are_nan(panel):
    for name in TUNABLE:
        counts = {
            k: v for k, v in calc.INDICATORS[name].defaults.items() if isinstance(v, int) and v
        }
        for size in (BARS + 1, 10**9, 10**400):
            for one in run(name, panel, **dict.fromkeys(counts, size)):
                assert not counts or np.isnan(one).all(), name


def test_wrong_parameters_are_refused(panel):
    for name in TUNABLE:
        for key, default in calc.INDICATORS[name].defaults.items():
            whole = isinstance(default, int)
            for wrong in (
                (-1, 2.5, 14.0, True, "14", None) if whole else (math.nan, math.inf, "2", None)
            ):
                with pytest.raises(ValueError, match=key):
                    run(name, panel, **{key: wrong})
            if whole and default:
                with pytest.raises(ValueError, match="from 1"):
                    run(name, panel, **{key: 0})


def test_windows_of_one_and_numpy_counts_work(panel):
    for name in NAMES:
        counts = {
            k: 1 for k, v in calc.INDICATORS[name].defaults.items() if isinstance(v, int) and v
        }
        ones = run(name, panel, **counts)
        for a, b in zip(ones, run(name, panel, **{k: np.int64(1) for k in counts}), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("price", [1.0, 0.1, 3e-12, 7e9, 0.0])
def test_a_price_at_rest(price):
    """Nothing is made of rounding: each output is NaN, or the same at every bar that has it."""
    for name in NAMES:
        still = dict.fromkeys(("open", "high", "low", "close", "x", "y", "benchmark"), price)
        data = {key: np.full(BARS, one) for key, one in still.items()}
        data |= {"volume": np.full(BARS, 5.0), "taker_buy": np.full(BARS, 2.5)}
        data |= {"quote_volume": 5 * data["close"], "ratio": np.full(BARS, 1.0)}
        data |= {"time": np.arange(BARS) * 3.6e6, "anchor": np.arange(BARS) == 0}
        for one in run(name, data):
            known = one[np.isfinite(one)]
            assert not np.isinf(one).any(), name
            if name not in ("ad", "cvd", "drawdown"):
                assert np.ptp(known) <= 1e-13 * abs(known[0]) if len(known) else True, name


def test_without_volume(panel):
    for name in NAMES:
        data = panel | {
            key: np.zeros((BARS, SYMBOLS)) for key in ("volume", "taker_buy", "quote_volume")
        }
        for one in run(name, data):
            assert not np.isinf(one).any(), name


@pytest.mark.parametrize("wild", [math.inf, -math.inf, 1e308, -5.0, 5e-324])
def test_no_number_raises_or_warns(wild, panel):
    for name in NAMES:
        for inputs in (calc.INDICATORS[name].inputs, calc.INDICATORS[name].inputs[:1]):
            data = panel | {key: panel[key].copy() for key in inputs}
            for key in inputs:
                data[key][50:53, 0] = data[key][200, 1] = data[key][0, 2] = wild
            run(name, data)
            run(name, only(data, ..., 0))
    data = {key: one.copy() for key, one in panel.items()}
    data["close"][50:53, 0] = data["volume"][200, 1] = wild
    calc.report(*report_inputs(data))
    calc.report(*report_inputs(only(data, ..., 0)), last=2)


LIKE_PRICES = {
    "sma", "ema", "rma", "dema", "tema", "wma", "hma", "alma", "kama", "mom", "macd", "awesome",
    "tr", "atr", "bollinger", "keltner", "donchian", "psar", "ichimoku", "linreg", "linreg_slope",
    "linreg_channel", "rolling_sum", "rolling_max", "rolling_min", "rolling_std", "rolling_median",
    "vwma", "vwap", "quote_vwap", "anchored_vwap", "heikin_ashi", "pivots", "pivot_points",
}  # fmt: skip
LIKE_VOLUMES = {"obv", "ad", "pvt", "taker_delta", "cvd"}
# Powers of the price and of the volume by which each output grows; what is not here has none.
DEGREES = {
    **dict.fromkeys(LIKE_PRICES, (1, 0)),
    **dict.fromkeys(LIKE_VOLUMES, (0, 1)),
    "force": (1, 1),
    "amihud": (-1, -1),
}
PRICES = ("open", "high", "low", "close", "x", "y", "benchmark")
VOLUMES = ("volume", "taker_buy")


def scaled(data, price, volume):
    out = data | {k: data[k] * price for k in PRICES} | {k: data[k] * volume for k in VOLUMES}
    return out | {"quote_volume": data["quote_volume"] * price * volume}


def test_scaling_prices_and_volumes_scales_the_outputs(holed):
    """By powers of two nothing is rounded, so the law holds to the bit but for logarithms."""
    for name in NAMES:
        p, v = DEGREES.get(name, (0, 0))
        for price, volume in ((2.0**-40, 1.0), (2.0**30, 2.0**20)):
            unit = price**p * volume**v
            units = [price, 1.0] if name == "supertrend" else [unit] * 9
            after = run(name, scaled(holed, price, volume))
            for a, b, one in zip(after, run(name, holed), units, strict=False):
                np.testing.assert_allclose(a / one, b, 1e-9, 1e-9, err_msg=name)


SHIFTED = "sma ema rma dema tema wma hma kama alma rolling_max rolling_min rolling_median linreg"
UNMOVED = "rsi cmo mom rolling_std zscore linreg_slope efficiency stoch_rsi rolling_rank percent_b"


def test_shifting_prices_shifts_averages_and_leaves_differences(panel):
    data = only(panel, slice(100, None))
    higher = data | {key: data[key] + 1024 for key in PRICES}
    for names, shift in ((SHIFTED, 1024), (UNMOVED, 0)):
        for name in names.split():
            for a, b in zip(run(name, higher), run(name, data), strict=True):
                np.testing.assert_allclose(a, b + shift, 1e-9, 1e-8, err_msg=name)


def test_a_hole_stays_in_the_windows_it_lies_in(panel, holed):
    """Averages that remember are only paused; whatever forgets is as if nothing had been."""
    for name in NAMES:
        entry = calc.INDICATORS[name]
        forgets = not entry.endless and entry.reach(**SHORT.get(name, {})) < 90
        for a, b in zip(run(name, holed), run(name, panel), strict=True):
            if forgets or (entry.endless and name != "hourly_volume"):
                assert np.isfinite(a[-1, 2]) or not np.isfinite(b[-1, 2]), name
            if forgets:
                np.testing.assert_array_equal(a[-5:], b[-5:], name)
                np.testing.assert_array_equal(a[:150, 1], b[:150, 1], name)


def test_the_last_bars_are_the_end_of_the_whole_history(panel, holed):
    for name in NAMES:
        entry = calc.INDICATORS[name]
        for data in (panel, holed, only(panel, ..., 1), only(holed, ..., 2), only(panel, slice(9))):
            series = [data[one] for one in entry.inputs]
            for bars in (1, 7):
                ends = calc.last(name, *series, bars=bars, **SHORT.get(name, {}))
                ends = ends if isinstance(ends, tuple) else (ends,)
                for a, b in zip(ends, run(name, data), strict=True):
                    np.testing.assert_allclose(a, b[-bars:], 1e-10, 1e-10, err_msg=name)


def test_last_refuses_what_the_function_refuses(panel):
    with pytest.raises(ValueError, match="n must be"):
        calc.last("ema", panel["close"], n=0)
    with pytest.raises(ValueError, match="bars"):
        calc.last("sma", panel["close"], bars=0)
    with pytest.raises(KeyError):
        calc.last("no_such", panel["close"])
    with pytest.raises(TypeError):
        calc.last("ema", panel["close"], m=3)


def report_inputs(data):
    return [data[one] for one in ("high", "low", "close", "volume")]


def one_by_one(data, bars):
    series = data | {"x": data["close"]}
    for key, (name, params) in calc.REPORT.items():
        entry = calc.INDICATORS[name]
        result = entry.function(*(series[one] for one in entry.inputs), **params)
        for part in result if isinstance(result, tuple) else (result,):
            yield key, part[-bars:] if bars else part


@pytest.mark.slow
@pytest.mark.parametrize("bars", [0, 1, 2, 30])
@pytest.mark.parametrize("size", [1, 5, 27, 60, 201, BARS])
def test_a_report_is_its_indicators_one_by_one(bars, size, panel, holed):
    resting = panel | {key: one * [1, 1, 0, 1] + [0, 0, 5, 0] for key, one in panel.items()}
    for data in (
        panel,
        holed,
        resting,
        *(only(panel, ..., s) for s in (0, 1)),
        only(holed, ..., 1),
    ):
        cut = only(data, slice(size))
        got = calc.report(*report_inputs(cut), last=bars)
        assert list(got) == list(calc.REPORT)
        parts = [(k, p) for k, r in got.items() for p in (r if isinstance(r, tuple) else (r,))]
        for (key, a), (other, b) in zip(parts, one_by_one(cut, bars), strict=True):
            assert key == other
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8, err_msg=key)


@pytest.mark.parametrize("bars", [0, 2])
def test_a_report_reads_a_view_as_it_reads_a_copy(bars, panel):
    for index in ((..., 1), (slice(None, None, -1), slice(1, 3))):
        views = {key: one[index] for key, one in panel.items()}
        whole = calc.report(*report_inputs(only(panel, *index)), last=bars)
        for name, got in calc.report(*report_inputs(views), last=bars).items():
            np.testing.assert_array_equal(got, whole[name], name)


@pytest.mark.parametrize("cached", [200, 260, 1000])
def test_windows_seen_a_strip_at_a_time_are_those_of_the_whole(cached, holed, monkeypatch):
    names = ("rolling_std", "wma", "cci", "rolling_corr", "linreg")
    whole = {name: run(name, holed) for name in names}
    reports = [calc.report(*report_inputs(holed), last=bars) for bars in (0, 2)]
    monkeypatch.setattr(calc, "CACHED", cached)
    for name in names:
        np.testing.assert_array_equal(run(name, holed), whole[name], name)
    for bars, old in zip((0, 2), reports, strict=True):
        for name, got in calc.report(*report_inputs(holed), last=bars).items():
            np.testing.assert_array_equal(got, old[name], name)


def test_a_report_refuses_a_senseless_number_of_bars(panel):
    for wrong in (-1, 2.0, True, None):
        with pytest.raises(ValueError, match="last"):
            calc.report(*report_inputs(panel), last=wrong)


def test_series_of_several_shapes_and_kinds_are_understood(panel):
    close, one = panel["close"], panel["close"][:, 0]
    beside = calc.beta(close, one, 30)
    for s in range(SYMBOLS):
        np.testing.assert_array_equal(beside[:, s], calc.beta(close[:, s], one, 30))
    np.testing.assert_array_equal(calc.sma(list(one), n=5), calc.sma(one, 5))
    np.testing.assert_array_equal(calc.sma(x=one, n=5), calc.sma(one, 5))
    np.testing.assert_array_equal(calc.rsi(one[::-1]), calc.rsi(one[::-1].copy()))
    np.testing.assert_array_equal(calc.sma(np.arange(9), 2)[1:], np.arange(8) + 0.5)
    for wrong in (3.0, np.zeros((2, 2, 2)), [[1, 2], [3]], "text"):
        with pytest.raises(ValueError, match=r"series|could not|inhomogeneous"):
            calc.sma(wrong)
    with pytest.raises(ValueError, match="differ"):
        calc.atr(one, one[1:], one)
    for call in (calc.rsi, lambda: calc.rsi(one, 5, 5), lambda: calc.rsi(one, m=3)):
        with pytest.raises(TypeError):
            call()
    with pytest.raises(TypeError):
        calc.rsi(one, close=one)


def test_indicators_tell_how_to_call_them():
    entry = calc.INDICATORS["macd"]
    assert entry.inputs == ("close",)
    assert entry.defaults == {"fast": 12, "slow": 26, "signal": 9}
    assert entry.outputs == ("macd", "signal", "histogram")
    assert entry.endless and entry.function is calc.macd
    assert not calc.INDICATORS["sma"].endless
    assert calc.INDICATORS["sma"].reach(n=50) >= 50
    assert all(one.function.__doc__ for one in calc.INDICATORS.values())


@st.composite
def series(draw, shape=None):
    """Prices of few or many digits, with holes here and there."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = shape or draw(st.integers(1, 40))
    x = np.round(rng.normal(0, 10.0 ** draw(st.integers(-3, 5)), size), draw(st.integers(0, 5)))
    x[rng.random(x.shape) < draw(st.sampled_from([0, 0.1, 0.5, 1]))] = np.nan
    return x


@given(series(), st.integers(1, 12))
def test_windows_equal_numpy_on_each_window(x, n):
    scale = np.abs(x[np.isfinite(x)]).max(initial=1e-3)
    pairs = {
        calc.rolling_sum: np.sum,
        calc.sma: np.mean,
        calc.rolling_max: np.max,
        calc.rolling_min: np.min,
        calc.rolling_std: np.std,
        calc.rolling_median: np.median,
        calc.bars_since_max: lambda w: np.nan if np.isnan(w).any() else np.argmax(w[::-1]),
        calc.wma: lambda w: np.average(w, weights=np.arange(1, n + 1)),
    }
    for ours, theirs in pairs.items():
        expected = [theirs(x[t - n + 1 : t + 1]) if t >= n - 1 else np.nan for t in range(len(x))]
        np.testing.assert_allclose(ours(x, n), expected, rtol=1e-10, atol=1e-12 * n * scale)


@given(series(), st.integers(1, 12))
def test_averages_skip_holes_as_if_they_were_not_there(x, n):
    known = ~np.isnan(x)
    for average in (calc.ema, calc.rma):
        ours = average(x, n)
        np.testing.assert_array_equal(ours[known], average(x[known], n))
        assert np.isnan(ours[~known]).all()


@given(series((30, 3)), st.integers(1, 8))
def test_averages_of_a_panel_with_any_holes_are_those_of_its_columns(x, n):
    for average in (calc.ema, calc.kama):
        ours = average(x, n)
        for s in range(3):
            np.testing.assert_array_equal(ours[:, s], average(x[:, s], n))


def test_bounds_hold_on_wild_series():
    rng = np.random.default_rng(3)
    data = candles(rng, (BARS, 3))
    wild = np.exp(np.cumsum(rng.normal(0, 0.5, (BARS, 3)), axis=0))
    data |= {key: data[key] * wild for key in ("open", "high", "low", "close", "x")}
    data["high"] = np.maximum.reduce([data[k] for k in ("open", "high", "low", "close")])
    data["low"] = np.minimum.reduce([data[k] for k in ("open", "high", "low", "close")])
    bounds = {
        "rsi": (0, 100), "stochastic": (0, 100), "stoch_rsi": (0, 100), "williams_r": (-100, 0),
        "cmo": (-100, 100), "tsi": (-100, 100), "mfi": (0, 100), "adx": (0, 100), "dx": (0, 100),
        "ultimate": (0, 100), "efficiency": (0, 1), "cmf": (-1, 1), "rolling_rank": (0, 100),
        "rolling_corr": (-1, 1), "buy_share": (0, 100), "cvd_slope": (-1, 1),
    }  # fmt: skip
    for name, (low, high) in bounds.items():
        for one in run(name, data):
            assert np.nanmin(one) >= low - 1e-9 and np.nanmax(one) <= high + 1e-9, name
    up, down, _ = calc.aroon(data["high"], data["low"])
    assert np.nanmin([up, down]) >= 0 and np.nanmax([up, down]) <= 100


def test_moves_that_are_equal_but_for_rounding_do_not_count():
    """The typical prices of these two candles are 0.6 and differ in the last bit only."""
    high, low, close = [0.8, 0.6] * 10, [0.4, 0.6] * 10, [0.6, 0.6] * 10
    assert (0.8 + 0.4 + 0.6) / 3 != (0.6 + 0.6 + 0.6) / 3
    assert np.isnan(calc.mfi(high, low, close, [5.0] * 20)[14:]).all()
    assert np.isnan(calc.cci(high, low, close, 5)).all()


def test_rsi_of_a_series_that_only_rises_falls_or_rests():
    up = np.arange(1.0, 40)
    assert (calc.rsi(up)[14:] == 100).all()
    assert (calc.rsi(-up)[14:] == 0).all()
    assert np.isnan(calc.rsi(np.ones(40))).all()


def test_kama_of_a_price_at_rest_is_the_price():
    assert (calc.kama(np.full(30, 0.1))[10:] == 0.1).all()


def test_a_swing_high_may_be_equalled_before_but_not_after():
    """Pine's ta.pivothigh: of a plateau the last bar is the pivot, told `right` bars later."""
    high = np.array([1.0, 2, 5, 5, 3, 2, 1, 4, 1])
    top, _ = calc.pivots(high, high, 2, 2)
    assert np.flatnonzero(~np.isnan(top)).tolist() == [5] and top[5] == 5


def test_change():
    assert calc.change(110, 100) == 10
    assert calc.change(90.0, 100) == -10
    assert calc.change(-1, -2) == 50
    assert math.isnan(calc.change(5, 0)) and math.isnan(calc.change(None, 5))
    assert math.isnan(calc.change(5, None)) and math.isnan(calc.change(math.nan, 5))
    assert isinstance(calc.change(110, 100), float)
    ours = calc.change(np.array([110.0, 5, np.nan]), np.array([100.0, 0, 1]))
    np.testing.assert_allclose(ours, [10, np.nan, np.nan])
    np.testing.assert_allclose(calc.change(np.array([3.0, 1]), 2), [50, -50])


def test_lin():
    assert calc.lin(5, 0, 10) == 50 and calc.lin(-5, 0, 10) == 0 and calc.lin(50, 0, 10) == 100
    assert calc.lin(2, 10, 0) == 80
    assert math.isnan(calc.lin(math.nan, 0, 1)) and math.isnan(calc.lin(None, 0, 1))
    np.testing.assert_array_equal(calc.lin(np.array([0, 8.0, np.nan]), -8, 8), [50, 100, np.nan])
    with pytest.raises(ValueError, match="differ"):
        calc.lin(1, 3, 3)


def test_crossings():
    x = [1.0, 2, 2, 3, np.nan, 3, 1]
    assert calc.crossover(x, 2).tolist() == [False, False, False, True, False, False, False]
    assert calc.crossunder(x, 2).tolist() == [False, False, False, False, False, False, True]
    assert calc.crossover(np.zeros((0, 3)), 1).shape == (0, 3)


def test_the_market_as_a_whole(panel):
    close = panel["close"]
    above = (close > calc.ema(close, 50)).mean(axis=1) * 100
    np.testing.assert_allclose(calc.breadth(close)[49:], above[49:])
    assert np.isnan(calc.breadth(close)[:49]).all()
    assert calc.advance_decline(np.array([1.0, 2, -1, 0, np.nan])) == pytest.approx(1 / 3)
    assert np.isnan(calc.advance_decline(np.zeros(3)))
    moves = np.array([[1.0, 2, 4, np.nan], [1, np.nan, np.nan, np.nan]])
    np.testing.assert_allclose(calc.dispersion(moves), [np.std([1, 2, 4], ddof=1), np.nan])
    block = np.random.default_rng(0).normal(size=(50, 4))
    pairs = np.corrcoef(block.T)[np.triu_indices(4, 1)].mean()
    assert calc.mean_correlation(block) == pytest.approx(pairs)
    assert math.isnan(calc.mean_correlation(block[:, :1]))
    assert math.isnan(calc.mean_correlation(np.ones((5, 3))))


BIDS, ASKS = [[99.9, 2.0], [99.0, 10.0]], [[100.1, 1.0], [101.0, 20.0]]


def test_the_order_book():
    assert calc.depth(BIDS, ASKS, 0.5) == pytest.approx((199.8, 100.1))
    assert calc.book_imbalance(BIDS, ASKS, 0.5) == pytest.approx(99.7 / 299.9)
    assert math.isnan(calc.book_imbalance(BIDS, []))
    assert calc.spread(99.9, 100.1) == pytest.approx(20)
    assert math.isnan(calc.spread(0, 1))
    assert calc.weighted_middle(99.9, 2, 100.1, 1) == pytest.approx(100.0333333)
    assert math.isnan(calc.weighted_middle(1, 0, 2, 0))
    assert calc.slippage(ASKS, 100.1, 100) == pytest.approx(10)
    filled = 1 + (300 - 100.1) / 101
    assert calc.slippage(ASKS, 300, 100) == pytest.approx(1e4 * (300 / filled / 100 - 1))
    assert calc.slippage(BIDS, 100, 100) == pytest.approx(10)
    for wrong in ((ASKS, 1e6, 100), (ASKS, 0, 100), (ASKS, 5, math.nan), ([], 5, 100)):
        assert math.isnan(calc.slippage(*wrong))


def test_futures():
    assert calc.funding_year(0.0001) == pytest.approx(10.95)
    assert calc.funding_year(0.0001, 4) == pytest.approx(21.9)
    names = [calc.quadrant(p, o) for p, o in ((1, 2), (-3, 1), (-1, -1), (2, -2), (0, 1))]
    assert names == ["long_build", "short_build", "long_unwind", "short_cover", None]
    assert calc.quadrant(math.nan, 1) is None


def test_kyle_is_ordinary_least_squares():
    rng = np.random.default_rng(5)
    x = rng.normal(size=60)
    y = 2 * x + 1 + rng.normal(size=60)
    slope, t = calc.kyle(np.r_[y, np.nan], np.r_[x, 1.0])
    assert slope == pytest.approx(np.polyfit(x, y, 1)[0])
    rest = y - np.polyval(np.polyfit(x, y, 1), x)
    error = math.sqrt(rest @ rest / 58 / ((x - x.mean()) ** 2).sum())
    assert t == pytest.approx(slope / error)
    assert all(math.isnan(v) for v in calc.kyle([1.0, 2], [1, 2]))
    assert all(math.isnan(v) for v in calc.kyle([1.0, 2, 3], [1, 1, 1]))
    assert calc.kyle([1.0, 2, 3], [1, 2, 3])[1] == math.inf


def test_psar_and_alma_refuse_senseless_numbers(panel):
    for wrong in ({"start": 0.0}, {"start": 0.5}, {"step": -0.1}):
        with pytest.raises(ValueError, match="psar"):
            calc.psar(panel["high"], panel["low"], **wrong)
    with pytest.raises(ValueError, match="sigma"):
        calc.alma(panel["close"], sigma=0.0)


def test_calc_needs_numpy_only():
    own = {name for name, value in vars(calc).items() if type(value) is type(sys)}
    assert own == {"np"}


def test_each_column_of_a_panel_has_its_own_anchors(holed):
    anchor = 1.0 * (np.indices((BARS, SYMBOLS)).sum(axis=0) % 29 == 0)
    whole = calc.anchored_vwap(holed["close"], holed["volume"], anchor)
    for i in range(SYMBOLS):
        alone = calc.anchored_vwap(holed["close"][:, i], holed["volume"][:, i], anchor[:, i])
        np.testing.assert_allclose([one[:, i] for one in whole], alone, rtol=1e-12)


def test_a_long_series_remembers_as_a_short_one_does():
    close = np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.01, 9000)))
    for n in (2, 14, 400):
        ends = calc.rma(close, n), calc.ema(close, n)
        columns = calc.rma(close[:, None], n)[:, 0], calc.ema(close[:, None], n)[:, 0]
        for end, column in zip(ends, columns, strict=True):
            assert np.allclose(end, column, rtol=1e-13, atol=0, equal_nan=True)
