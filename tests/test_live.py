"""live.py: the incremental state is calc.py over all bars, whatever happens on the way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import calc
import live
from tests.test_calc import SHORT, candles

pytestmark = pytest.mark.filterwarnings("error")

BARS, LOADED, DEPTH = 300, 230, 4
NAMES = sorted(calc.INDICATORS)


def wanted(name, **params):
    entry = calc.INDICATORS[name]
    return name, tuple((entry.defaults | SHORT.get(name, {}) | params).values()), entry.inputs


def rows(data, *index):
    return {name: one[index] for name, one in data.items()}


def started(wants, data, loaded=LOADED, depth=DEPTH):
    state = live.Live(wants, depth)
    state.load(rows(data, slice(loaded)))
    return state


def followed(wants, data, loaded=LOADED, depth=DEPTH):
    state = started(wants, data, loaded, depth)
    for t in range(loaded, len(data["close"])):
        state.commit(rows(data, t))
    return state


def whole(want, data):
    """Return an indicator's outputs over all bars by calc.py."""
    name, params, inputs = want
    entry = calc.INDICATORS[name]
    given = dict(zip(entry.defaults, params, strict=True))
    result = entry.function(*(data[one] for one in inputs), **given)
    return result if isinstance(result, tuple) else (result,)


def same(ours, theirs, scale, name):
    """No farther apart than 1e-11 of the value, or of what rounding makes of the prices."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13 * scale, err_msg=name)


def agree(state, wants, data):
    for want in wants:
        for output, full in enumerate(whole(want, data)):
            scale = np.nanmax(np.abs(full), initial=0)
            for ago in range(min(state.depth, len(full))):
                same(state.value(want, output, ago), full[-1 - ago], scale, str(want))


@pytest.fixture(scope="module")
def market():
    """Ticks of 0.01; one coin is listed late, one has a gap now and one after the load."""
    data = candles(np.random.default_rng(7), (BARS, 5))
    for one in data.values():
        one[:40, 0] = one[150:153, 1] = one[200, 2] = one[240:244, 3] = one[:-8, 4] = np.nan
    return data


def test_every_indicator_is_its_whole_history_many_bars_after_the_load(market):
    wants = [wanted(name) for name in NAMES]
    agree(followed(wants, market), wants, market)


def test_every_indicator_from_the_first_bar_on_and_with_windows_of_one(market):
    few = rows(market, slice(25))
    wants = [wanted(name) for name in NAMES]
    for name in NAMES:
        ones = {k: 1 for k, v in calc.INDICATORS[name].defaults.items() if isinstance(v, int) and v}
        wants.append(wanted(name, **ones))
    agree(followed(wants, few, 0, 25), wants, few)


def test_prices_at_rest():
    still = np.tile([0.1, 3e-12, 7e9], (220, 1))
    data = dict.fromkeys(("open", "high", "low", "close", "x", "y", "benchmark"), still)
    data |= {"volume": 0 * still + 5, "taker_buy": 0 * still + 2.5, "ratio": 0 * still + 1}
    hours = np.arange(220)[:, None] + 0 * still
    data |= {"quote_volume": 5 * still, "time": 3.6e6 * hours, "anchor": 1.0 * (hours == 0)}
    wants = [wanted(name) for name in NAMES]
    agree(followed(wants, data), wants, data)


INPUTS = ("open", "high", "low", "close", "volume")


@st.composite
def panels(draw):
    """A few coins of any price, tick and volume, with holes, rests, late starts and crashes."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    size = draw(st.integers(30, 90)), draw(st.integers(1, 3))
    unit = 10.0 ** draw(st.integers(-9, 6))
    steps = rng.normal(0, draw(st.sampled_from([0.001, 0.05, 1])), size)
    steps *= rng.random(size) < draw(st.sampled_from([0.1, 1]))
    close = np.round(100 * np.exp(np.cumsum(steps, axis=0)), draw(st.integers(0, 4))) + 0.01
    open_ = np.concatenate([close[:1], close[:-1]])
    over, under = np.round(np.abs(rng.normal(0, 1, (2, *size))), 1) * draw(st.sampled_from([0, 1]))
    top, bottom = np.maximum(open_, close) + over, np.minimum(open_, close) / (1 + under)
    volume = np.round(rng.lognormal(3, 2, size), draw(st.integers(0, 2)))
    data = dict(
        zip(INPUTS, (open_ * unit, top * unit, bottom * unit, close * unit, volume), strict=True)
    )
    holes = rng.random(size) < draw(st.sampled_from([0, 0, 0.05, 0.3]))
    holes |= np.arange(size[0])[:, None] < rng.integers(-40, 40, size[1])
    for one in data.values():
        one[holes] = np.nan
    return data


PRICED = [name for name in NAMES if set(calc.INDICATORS[name].inputs) <= {*INPUTS, "x", "y"}]


@given(st.data(), panels())
def test_any_panel(data, panel):
    panel |= {"x": panel["close"], "y": panel["high"]}
    wants = []
    for name in data.draw(st.lists(st.sampled_from(PRICED), min_size=1, max_size=6, unique=True)):
        defaults = calc.INDICATORS[name].defaults
        counts = {k: data.draw(st.integers(1, 20)) for k, v in defaults.items() if type(v) is int}
        wants.append(wanted(name, **counts))
    loaded = data.draw(st.integers(0, len(panel["close"]) - 5))
    agree(followed(wants, panel, loaded), wants, panel)


def values_of(state):
    return np.stack([state.values(ago) for ago in range(state.depth)])


def test_an_open_bar_is_worked_out_and_leaves_nothing_behind(market):
    wants = [wanted(name) for name in NAMES]
    plain, peeking = started(wants, market, 60), started(wants, market, 60)
    for t in range(60, 66):
        for other in (t, 3, 100, 150):
            ahead = peeking.peek(rows(market, other))
        plain.commit(rows(market, t))
        peeking.commit(rows(market, t))
        np.testing.assert_array_equal(values_of(plain), values_of(peeking))
    ahead = peeking.peek(rows(market, 66))
    plain.commit(rows(market, 66))
    np.testing.assert_array_equal(ahead.values, plain.values())
    for ago in range(DEPTH):
        want = wanted("macd")
        np.testing.assert_array_equal(ahead.value(want, 1, ago), plain.value(want, "signal", ago))


def columns(data, some):
    return {name: one[:, some] for name, one in data.items()}


def test_several_values_are_those_one_by_one(market):
    macd, rsi = wanted("macd"), wanted("rsi")
    asked = [(macd, "signal", 0), (rsi, 0, DEPTH - 1), (macd, 0, 1), (rsi, 0, 0)]
    state = started([macd, rsi], market)
    for t in range(LOADED, LOADED + 2 * DEPTH):
        state.commit(rows(market, t))
        alone = np.stack([state.value(*one) for one in asked])
        np.testing.assert_array_equal(state.several(asked), alone)
    opened = state.peek(rows(market, t + 1))
    np.testing.assert_array_equal(opened.several(asked[:1]), [opened.value(*asked[0])])
    state.keep([3, 1])
    np.testing.assert_array_equal(state.several(asked), alone[:, [3, 1]])
    with pytest.raises(ValueError, match="not kept"):
        state.several([(rsi, 0, DEPTH)])


def test_coins_come_and_go(market):
    few = rows(market, slice(60))
    wants = [wanted(name) for name in NAMES[::3]]
    state = started(wants, columns(few, [0, 1, 2]), 50)
    before = state.values()
    state.add(columns(rows(few, slice(50)), [3, 4]))
    assert state.width == 5
    np.testing.assert_array_equal(state.values()[:, :3], before)
    state.keep([4, 0, 2])
    part = columns(few, [4, 0, 2])
    for t in range(50, 60):
        state.commit(rows(part, t))
    np.testing.assert_array_equal(state.values(), followed(wants, part).values())


def test_an_added_coin_may_be_younger_than_the_panel(market):
    wants = [wanted(name) for name in ("ema", "obv", "supertrend", "rolling_median", "cci")]
    state = started(wants, market)
    young = {name: one[LOADED - 60 : LOADED, 1:2] for name, one in market.items()}
    state.add(young)
    for t in range(LOADED, BARS):
        state.commit({name: np.r_[one[t], one[t, 1]] for name, one in market.items()})
    alone = {name: one[LOADED - 60 :, 1:2] for name, one in market.items()}
    np.testing.assert_array_equal(state.values()[:, -1:], followed(wants, alone, 60).values())


def test_series_are_named_and_shared_ones_need_no_column(market):
    state = live.Live([("sma", (20,), ("volume",)), ("rsi", ()), ("vwap", ())])
    assert set(state.inputs) == {"volume", "close", "high", "low", "time"}
    series = {name: market[name] for name in state.inputs} | {"time": market["time"][:, 2]}
    series["time"] = np.arange(BARS) * 3_600_000.0
    state.load(series)
    same(state.value(("sma", (20,), ("volume",))), calc.sma(market["volume"])[-1], 1, "sma")
    same(
        state.value(("vwap", ())),
        calc.vwap(*(series[n] for n in calc.INDICATORS["vwap"].inputs))[-1],
        1,
        "vwap",
    )


def test_what_is_not_finite_is_a_hole(market):
    wants = [wanted("ema"), wanted("sma", n=5), wanted("obv")]
    holed = {name: one.copy() for name, one in market.items()}
    wild = {name: one.copy() for name, one in market.items()}
    for data, value in ((holed, np.nan), (wild, np.inf)):
        for one in data.values():
            one[250, 2] = value
    np.testing.assert_array_equal(
        values_of(followed(wants, wild)), values_of(followed(wants, holed))
    )


def test_senseless_wants_and_questions_are_refused(market):
    for wrong, match in (
        (("no_such", ()), "no such"),
        (("rsi", (0,)), "n must be"),
        (("rsi", (14, 3)), "takes"),
        (("rsi", (), ("high", "low")), "takes"),
        (("sma", (10**6,)), "too long"),
        (("rolling_rank", (10**9,)), "too long"),
        (("alma", (10**9,)), "too long"),
    ):
        with pytest.raises(ValueError, match=match):
            live.Live([wrong])
    state = started([wanted("macd")], market)
    for call, match in (
        (lambda: state.value(wanted("rsi")), "not among"),
        (lambda: state.value(wanted("macd"), "no"), "not among"),
        (lambda: state.value(wanted("macd"), 3), "not among"),
        (lambda: state.value(wanted("macd"), 0, DEPTH), "not kept"),
        (lambda: state.value(wanted("macd"), 0, -1), "not kept"),
        (lambda: state.load({}), "missing: close"),
        (lambda: state.load({"close": np.zeros((2, 2, 2))}), "series"),
    ):
        with pytest.raises(ValueError, match=match):
            call()
    with pytest.raises(KeyError):
        state.commit({"open": market["open"][0]})
    with pytest.raises(ValueError, match="broadcast"):
        live.Live([wanted("rsi")]).commit({"close": market["close"][0]})


def test_values_before_the_first_bar_are_unknown(market):
    state = live.Live([wanted("sma", n=1)], 3)
    state.load({"x": market["close"][:0]})
    assert state.width == 5 and np.isnan(values_of(state)).all()
    state.commit({"x": market["close"][60]})
    np.testing.assert_array_equal(state.value(wanted("sma", n=1)), market["close"][60])
    assert np.isnan(state.value(wanted("sma", n=1), ago=1)).all()
