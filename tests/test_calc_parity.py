"""calc.py beside TradingView, TA-Lib, Wilder's book and plain Python."""

import csv
import math
from functools import cache
from itertools import accumulate
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import talib

import calc
from tests import calc_oracles as plain

pytestmark = pytest.mark.filterwarnings("error")

DATA = Path(__file__).parent / "data" / "tradingview"
CANDLES = Path(__file__).parent.parent / "local" / "binance_1h.npz"


@cache
def exported(name):
    with (DATA / f"{name}.csv").open(encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    columns = np.array([[float(cell or "nan") for cell in row] for row in rows]).T
    return dict(zip((title.replace("&quot;", '"').lower() for title in head), columns, strict=True))


def bars(name):
    table = exported(name)
    return [table[key] for key in ("open", "high", "low", "close", "volume")]


def alike(ours, theirs, tolerance, start=0):
    """Same holes, and no farther apart than the tolerance of the largest value."""
    ours, theirs = np.asarray(ours)[start:], np.asarray(theirs, dtype=float)[start:]
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    known = ~np.isnan(theirs)
    assert known.any()
    scale = np.abs(theirs[known]).max()
    assert np.abs(ours - theirs)[known].max() <= tolerance * scale


def tv(file, *titles):
    return [exported(file)[title.lower()] for title in titles]


def moving_averages():
    o, h, lo, c, v = bars("ma")
    yield calc.sma(c, 10), "ta.sma(close, 10)"
    yield calc.sma((h + lo) / 2, 20), "ta.sma(hl2, 20)"
    yield calc.ema(c, 20), "ta.ema(close, 20)"
    yield calc.ema((o + h + lo + c) / 4, 10), "ta.ema(ohlc4, 10)"
    yield calc.rma((h + lo + c + c) / 4, 5), "ta.rma(hlcc4, 5)"
    yield calc.rma(h, 15), "ta.rma(high, 15)"
    yield calc.alma(c, 5, 0.85, 6.0), "ta.alma(close, 5, 0.85, 6)"
    yield calc.alma(c, 10, 0.55, 12.0), "ta.alma(close, 10, 0.55, 12)"
    yield calc.wma(c, 5), "ta.wma(close, 5)"
    yield calc.wma(c, 20), "ta.wma(close, 20)"
    yield calc.hma(c, 9), "ta.hma(close, 9)"
    yield calc.hma(c, 20), "ta.hma(close, 20)"
    yield calc.vwma(c, v, 20), "ta.vwma(close, 20)"


def test_averages_equal_tradingview_from_the_first_bar():
    for ours, title in moving_averages():
        alike(ours, *tv("ma", title), 1e-12)


def test_macd_equals_tradingview():
    close = bars("macd")[3]
    for ours, part in zip(calc.macd(close), ("macd", "signal", "hist"), strict=True):
        alike(ours, *tv("macd", f"ta.macd(close, 12, 26, 9).{part}"), 1e-12)


def test_bands_equal_tradingview():
    close = bars("bb")[3]
    for ours, part in zip(calc.bollinger(close), ("upper", "base", "lower"), strict=True):
        alike(ours, *tv("bb", f"ta.bb(close, 20, 2).{part}"), 1e-9)
    alike(calc.bandwidth(close, 20, 2.1), *tv("bb", "ta.bbw(close, 20, 2.1)"), 1e-9)
    _, high, low, close, _ = bars("kc")
    for ours, part in zip(calc.keltner(high, low, close), ("upper", "base", "lower"), strict=True):
        alike(ours, *tv("kc", f"ta.kc(close, 20, 2).{part}"), 1e-12)


def test_oscillators_equal_tradingview():
    _, high, low, close, volume = bars("mfi+rsi+stoch")
    file = "mfi+rsi+stoch"
    alike(calc.rsi(close), *tv(file, "ta.rsi(close, 14)"), 1e-12)
    alike(calc.mfi(close, close, close, volume), *tv(file, "ta.mfi(close, 14)"), 1e-12)
    k, _ = calc.stochastic(high, low, close, 20, 1, 1)
    alike(k, *tv(file, "ta.stoch(close, high, low, 20)"), 1e-12)
    _, high, low, close, _ = bars("wpr")
    alike(calc.williams_r(high, low, close, 20), *tv("wpr", "ta.wpr(20)"), 1e-12)
    close = bars("cci+cmo+cog")[3]
    alike(calc.cci(close, close, close, 20), *tv("cci+cmo+cog", "ta.cci(close, 20)"), 1e-12)
    alike(calc.cmo(close, 20), *tv("cci+cmo+cog", "ta.cmo(close, 20)"), 1e-12)
    line, _ = calc.tsi(bars("tsi")[3], 12, 26)
    alike(line / 100, *tv("tsi", "ta.tsi(close, 12, 26)"), 1e-12)


def test_ranges_equal_tradingview():
    _, high, low, close, _ = bars("tr")
    alike(calc.tr(high, low, close), *tv("tr", "ta.tr(true)"), 0)
    alike(calc.atr(high, low, close), *tv("tr", "ta.atr(14)"), 1e-12)


def test_supertrend_equals_tradingview_exactly():
    _, high, low, close, _ = bars("supertrend")
    up, down = tv("supertrend", "ta.supertrend(3, 10).up", "ta.supertrend(3, 10).down")
    line, way = calc.supertrend(high, low, close)
    alike(np.where(way > 0, line, np.nan), up, 0)
    # Pine writes 0 on the very first bar, before there is a line.
    alike(np.where(way < 0, line, np.nan), down, 0, start=1)


def test_sar_equals_tradingview_exactly():
    _, high, low, _, _ = bars("sar")
    alike(calc.psar(high, low), *tv("sar", "ta.sar(0.02, 0.02, 0.2)"), 0)


def test_directional_movement_equals_tradingview_from_the_first_bar():
    _, high, low, close, _ = bars("dmi")
    for ours, part in zip(calc.adx(high, low, close, 17, 14), ("adx", "dip", "dim"), strict=True):
        alike(ours, *tv("dmi", f"ta.dmi(17, 14).{part}"), 1e-12)


def test_accumulation_and_price_volume_trend_equal_tradingview():
    file = "accdist+pvi+pvt+wad+wvad"
    _, high, low, close, volume = bars(file)
    alike(calc.ad(high, low, close, volume), *tv(file, "ta.accdist"), 1e-12)
    alike(calc.pvt(close, volume), *tv(file, "ta.pvt"), 1e-12, start=1)


def test_correlation_and_median_equal_tradingview():
    close = bars("correlation")[3]
    ours = calc.rolling_corr(calc.sma(close, 20), calc.ema(close, 10), 20)
    # Pine takes E[xy] − E[x]·E[y], which costs half the digits here.
    alike(ours, *tv("correlation", "correlation"), 1e-7)
    close = bars("min+max+median+mode")[3]
    alike(calc.rolling_median(close, 20), *tv("min+max+median+mode", "median(close)"), 0)


def test_obv_equals_tradingview_exactly_but_begins_at_zero():
    close, volume = bars("iii+nvi+obv")[3:]
    ours = calc.obv(close, volume)
    assert ours[0] == 0
    alike(ours, *tv("iii+nvi+obv", "ta.obv"), 0, start=1)


def test_linreg_equals_tradingview():
    close = bars("linreg")[3]
    alike(calc.linreg(close, 20), *tv("linreg", "ta.linreg(close, 20, 0)"), 1e-12)
    alike(calc.linreg(close, 20, 10), *tv("linreg", "ta.linreg(close, 20, 10)"), 1e-12)


def test_extremes_and_pivots_equal_tradingview_exactly():
    _, high, low, close, _ = bars("highest+lowest")
    alike(calc.rolling_max(high, 10), *tv("highest+lowest", "ta.highest(10)"), 0)
    alike(calc.rolling_min(close, 10), *tv("highest+lowest", "ta.lowest(close, 10)"), 0)
    _, high, low, close, _ = bars("pivot")
    for series, form in (((high, low), ""), ((close, close), "close, ")):
        for ours, side in zip(calc.pivots(*series), ("high", "low"), strict=True):
            alike(ours, *tv("pivot", f"ta.pivot{side}({form}10, 5)"), 0)


def test_how_long_ago_differs_from_tradingview_in_plateaus_only():
    high, close = bars("highest+lowest")[1], bars("highest+lowest")[3]
    for x, title in ((high, "ta.highestbars(10)"), (close, "ta.highestbars(close, 10)")):
        ours, theirs = calc.bars_since_max(x, 10), -tv("highest+lowest", title)[0]
        for t in np.flatnonzero(ours != theirs)[9:]:
            assert ours[t] < theirs[t] and x[t - int(ours[t])] == x[t - int(theirs[t])]


def test_how_long_ago_differs_from_talib_in_plateaus_only(market):
    close, rows = market[3], np.arange(len(market[3]))[:, None]
    for ours, function in (
        (calc.bars_since_max(close), talib.MAXINDEX),
        (calc.bars_since_min(close), talib.MININDEX),
    ):
        theirs = rows - by_column(lambda x, f=function: f(x, 20), close)[0]
        differ = np.add(np.argwhere(ours[19:] != theirs[19:]), [19, 0])
        assert 0 < len(differ) < 500
        for t, s in differ:
            assert ours[t, s] < theirs[t, s]
            assert close[t - int(ours[t, s]), s] == close[t - int(theirs[t, s]), s]


def starts(time, minutes):
    """Bars that begin a period of the session that opens at 21:00 UTC."""
    period = (time - 21 * 3600) // (60 * minutes)
    return np.r_[0.0, np.diff(period) != 0]


def test_vwap_equals_tradingview():
    close, volume = bars("vwap")[3:]
    time = exported("vwap")["time"]
    day = np.r_[1.0, starts(time, 1440)[1:]]
    alike(calc.anchored_vwap(close, volume, day)[1], *tv("vwap", "ta.vwap(close)"), 1e-12)
    title = 'ta.vwap(close, timeframe.change("240"))'
    middle = calc.anchored_vwap(close, volume, starts(time, 240))[1]
    alike(middle, *tv("vwap", title), 1e-12)
    title = 'ta.vwap(close, timeframe.change("360"), 2.0).'
    bands = calc.anchored_vwap(close, volume, starts(time, 360), 2.0)
    for ours, part in zip(bands, ("upper_band", "vwap", "lower_band"), strict=True):
        alike(ours, *tv("vwap", title + part), 1e-9)


def test_crosses_equal_tradingview():
    close = bars("cross")[3]
    fast, slow = calc.ema(close, 5), calc.ema(close, 11)
    over, under = tv("cross", "ta.crossover(ema1, ema2)", "ta.crossunder(ema1, ema2)")
    assert (calc.crossover(fast, slow) == (over != 0)).all()
    assert (calc.crossunder(fast, slow) == (under != 0)).all()
    assert (over != 0).any() and (under != 0).any()


WILDER = [
    54.8, 56.8, 57.85, 59.85, 60.57, 61.1, 62.17, 60.6, 62.35, 62.15, 62.35, 61.45, 62.8, 61.37,
    62.5, 62.57, 60.8, 59.37, 60.35, 62.35, 62.17, 62.55, 64.55, 64.37, 65.3, 64.42, 62.9, 61.6,
    62.05, 60.05, 59.7, 60.9, 60.25, 58.27, 58.7, 57.72, 58.1, 58.2,
]  # fmt: skip
STOCKCHARTS = [
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826,
    45.8931, 46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439,
    46.2122, 46.2521, 45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672,
    43.4205, 42.6628, 43.1314,
]  # fmt: skip
STOCKCHARTS_RSI = [
    70.53278948, 66.31856181, 66.54982994, 69.40630534, 66.35516906, 57.97485571, 62.92960675,
    63.25714756, 56.05929872, 62.37707144, 54.70757308, 50.42277441, 39.98982315, 41.46048198,
    41.86891609, 45.46321245, 37.30404209, 33.07952299, 37.77295211,
]  # fmt: skip


def test_rsi_of_wilders_book_and_of_stockcharts():
    """Wilder 1978, p. 66 (74.36 … 44.75 there, from two decimals); StockCharts' ChartSchool."""
    ours = calc.rsi(WILDER)
    assert np.isnan(ours[:14]).all()
    expected = (74.21383647798743, 74.33551617873653, 44.524720536432)
    assert (ours[14], ours[15], ours[-1]) == pytest.approx(expected, abs=1e-8)
    assert (ours[14], ours[-1]) == pytest.approx((74.36, 44.75), abs=0.53)
    assert calc.rsi(STOCKCHARTS)[14:] == pytest.approx(STOCKCHARTS_RSI, abs=1e-6)


@pytest.fixture(scope="module")
def market():
    """Real candles as panels: open, high, low, close, volume."""
    stored = np.load(CANDLES)
    names = ("open", "high", "low", "close", "volume")
    return [np.ascontiguousarray(stored[name][::4, :1000].T) for name in names]


def by_column(function, *panels):
    """Run a TA-Lib function on every column; a list of panels."""
    runs = [
        function(*(np.ascontiguousarray(p[:, s]) for p in panels))
        for s in range(panels[0].shape[1])
    ]
    if not isinstance(runs[0], tuple):
        return [np.stack(runs, axis=1)]
    return [np.stack(part, axis=1) for part in zip(*runs, strict=True)]


def talib_averages(o, h, lo, c, v):
    yield calc.sma(c, 20), by_column(lambda x: talib.SMA(x, 20), c), 0
    yield calc.ema(c, 20), by_column(lambda x: talib.EMA(x, 20), c), 0
    yield calc.rma(c, 20), by_column(lambda x: talib.RMA(x, 20), c), 0
    yield calc.wma(c, 20), by_column(lambda x: talib.WMA(x, 20), c), 0
    yield calc.hma(c, 20), by_column(lambda x: talib.HMA(x, 20), c), 0
    yield calc.dema(c, 20), by_column(lambda x: talib.DEMA(x, 20), c), 0
    yield calc.tema(c, 20), by_column(lambda x: talib.TEMA(x, 20), c), 0
    yield calc.kama(c, 10), by_column(lambda x: talib.KAMA(x, 10), c), 0
    yield calc.vwma(c, v, 20), by_column(lambda x, w: talib.VWMA(x, w, 20), c, v), 0


def talib_oscillators(o, h, lo, c, v):
    yield calc.rsi(c), by_column(talib.RSI, c), 0
    yield calc.stoch_rsi(c, 14, 14, 1, 3), by_column(lambda x: talib.STOCHRSI(x, 14, 14, 3), c), 30
    yield (
        calc.stochastic(h, lo, c),
        by_column(lambda *x: talib.STOCH(*x, 14, 3, 0, 3, 0), h, lo, c),
        30,
    )
    yield calc.williams_r(h, lo, c), by_column(talib.WILLR, h, lo, c), 0
    yield calc.cci(h, lo, c), by_column(lambda *x: talib.CCI(*x, 20), h, lo, c), 0
    yield calc.cmo(c, 14), by_column(talib.CMOU, c), 0
    yield calc.roc(c), by_column(talib.ROC, c), 0
    yield calc.mom(c), by_column(talib.MOM, c), 0
    yield calc.tsi(c)[0], by_column(talib.TSI, c), 0
    yield calc.macd(c), by_column(talib.MACD, c), 300
    yield calc.ppo(c)[0], by_column(lambda x: talib.PPO(x, 12, 26, 1), c), 0
    yield calc.trix(c), by_column(lambda x: talib.TRIX(x, 15), c), 0
    yield calc.ultimate(h, lo, c), by_column(talib.ULTOSC, h, lo, c), 0
    yield calc.awesome(h, lo), by_column(talib.AO, h, lo), 0


def talib_ranges(o, h, lo, c, v):
    yield calc.tr(h, lo, c), by_column(talib.TRANGE, h, lo, c), 1
    yield calc.atr(h, lo, c), by_column(talib.ATR, h, lo, c), 300
    yield calc.natr(h, lo, c), by_column(talib.NATR, h, lo, c), 300
    yield calc.bollinger(c), by_column(lambda x: talib.BBANDS(x, 20, 2, 2), c), 0
    yield calc.donchian(h, lo), by_column(talib.DONCHIAN, h, lo), 0
    yield calc.aroon(h, lo)[:2], by_column(lambda *x: talib.AROON(*x, 14)[::-1], h, lo), 0
    yield calc.aroon(h, lo)[2], by_column(lambda *x: talib.AROONOSC(*x, 14), h, lo), 0
    upper, middle, lower = by_column(lambda x: talib.BBANDS(x, 20, 2, 2), c)
    yield calc.percent_b(c), [(c - lower) / (upper - lower)], 0
    yield calc.bandwidth(c), [100 * (upper - lower) / middle], 0
    bases = [by_column(lambda *x, n=n: talib.MIDPRICE(*x, n), h, lo)[0] for n in (9, 26, 52)]
    yield calc.ichimoku(h, lo)[:2], bases[:2], 0
    yield calc.ichimoku(h, lo)[3][25:], [bases[2][:-25]], 0
    yield calc.supertrend(h, lo, c), by_column(talib.SUPERTREND, h, lo, c), 300
    yield calc.vortex(h, lo, c), by_column(talib.VORTEX, h, lo, c), 0
    yield calc.efficiency(c), by_column(talib.ER, c), 0


def talib_flows(o, h, lo, c, v):
    yield calc.obv(c, v), [x - x[0] for x in by_column(talib.OBV, c, v)], 0
    yield calc.ad(h, lo, c, v), by_column(talib.AD, h, lo, c, v), 0
    yield calc.cmf(h, lo, c, v), by_column(talib.CMF, h, lo, c, v), 0
    yield calc.mfi(h, lo, c, v), by_column(talib.MFI, h, lo, c, v), 14
    yield calc.pvt(c, v), by_column(talib.PVT, c, v), 0
    yield calc.force(c, v), by_column(talib.EFI, c, v), 0
    first = 1.0 * (np.arange(len(c)) == 0)
    whole = calc.anchored_vwap((h + lo + c) / 3, v, first)[1]
    yield whole, by_column(talib.VWAP, h, lo, c, v), 0


def talib_statistics(o, h, lo, c, v):
    yield calc.linreg(c), by_column(talib.LINEARREG, c), 0
    yield calc.linreg(c, 14, 13), by_column(talib.LINEARREG_INTERCEPT, c), 0
    yield calc.linreg_slope(c), by_column(talib.LINEARREG_SLOPE, c), 0
    yield calc.rolling_std(c, 5), by_column(talib.STDDEV, c), 0
    yield calc.rolling_max(c), by_column(lambda x: talib.MAX(x, 20), c), 0
    yield calc.rolling_min(c), by_column(lambda x: talib.MIN(x, 20), c), 0
    yield calc.rolling_sum(c), by_column(lambda x: talib.SUM(x, 20), c), 0
    yield calc.rolling_median(c, 21), by_column(lambda x: talib.PERCENTILE(x, 21, 50), c), 0
    yield calc.rolling_corr(h, lo), by_column(lambda *x: talib.CORREL(*x, 20), h, lo), 0
    yield calc.rolling_rank(v), by_column(talib.PERCENTRANK, v), 0
    yield calc.heikin_ashi(o, h, lo, c), by_column(talib.HA, o, h, lo, c), 0


@pytest.mark.parametrize(
    "cases", [talib_averages, talib_oscillators, talib_ranges, talib_flows, talib_statistics]
)
def test_everything_talib_has_equals_talib_on_real_candles(cases, market):
    """A case is our outputs, TA-Lib's, and after how many bars the seeds no longer matter."""
    for ours, theirs, start in cases(*market):
        for mine, other in zip(outputs(ours), theirs, strict=True):
            for column in range(mine.shape[1]):
                alike(mine[:, column], other[:, column], 1e-9, start)


def outputs(result):
    return result if isinstance(result, tuple) else (result,)


def test_beta_of_returns_equals_talib(market):
    high, low = market[1], market[2]
    rise, fall = (x[1:] / x[:-1] - 1 for x in (high, low))
    theirs = by_column(lambda *x: talib.BETA(*x, 20), high, low)[0][1:]
    alike(calc.rolling_beta(fall, rise), theirs, 1e-9)


def test_adx_equals_talib_where_no_moves_are_equal_but_for_rounding(market):
    """In whole ticks equal moves are equal; TA-Lib takes 0.1 + 0.2 for more than 0.3."""
    high, low, close = (np.round(x * 1e8) for x in market[1:4])
    for ours, name in zip(calc.adx(high, low, close), ("ADX", "PLUS_DI", "MINUS_DI"), strict=True):
        alike(
            ours,
            *by_column(lambda *x, n=name: getattr(talib, n)(*x, 14), high, low, close),
            1e-9,
            300,
        )
    alike(calc.dx(high, low, close), *by_column(talib.DX, high, low, close), 1e-9, 300)
    alike(calc.adxr(high, low, close), *by_column(talib.ADXR, high, low, close), 1e-9, 320)
    cents = [x / 1e8 for x in (high, low, close)]
    alike(calc.adx(*cents)[0], calc.adx(high, low, close)[0], 1e-12)


PATTERNS = {
    "doji": "DOJI", "dragonfly_doji": "DRAGONFLYDOJI", "gravestone_doji": "GRAVESTONEDOJI",
    "spinning_top": "SPINNINGTOP", "marubozu": "MARUBOZU", "hammer": "HAMMER",
    "hanging_man": "HANGINGMAN", "inverted_hammer": "INVERTEDHAMMER",
    "shooting_star": "SHOOTINGSTAR", "engulfing": "ENGULFING", "harami": "HARAMI",
    "harami_cross": "HARAMICROSS", "piercing": "PIERCING", "dark_cloud": "DARKCLOUDCOVER",
    "morning_star": "MORNINGSTAR", "evening_star": "EVENINGSTAR",
    "white_soldiers": "3WHITESOLDIERS", "black_crows": "3BLACKCROWS",
    "three_inside": "3INSIDE", "three_outside": "3OUTSIDE",
}  # fmt: skip


@pytest.fixture(scope="module")
def gappy():
    """Made candles with gaps and shadows of all sizes, in cents, so that every pattern occurs."""
    rng, size = np.random.default_rng(1), 100_000
    close = 600 + np.round(np.cumsum(rng.normal(0, 0.5, size)), 1)
    open_ = np.round(close + rng.normal(0, 1, size) * rng.choice([0.05, 0.5, 1.5], size), 2)
    over, under = (
        np.round(np.abs(rng.normal(0, 1, size)) * rng.choice([0, 0.1, 1], size), 2) for _ in "ab"
    )
    return open_, np.maximum(open_, close) + over, np.minimum(open_, close) - under, close


@pytest.mark.parametrize("name", PATTERNS)
def test_candle_patterns_equal_talib_bar_by_bar(name, market, gappy):
    function = getattr(talib, f"CDL{PATTERNS[name]}")
    ours = getattr(calc, name)(*gappy)
    theirs = np.sign(function(*gappy))
    assert np.isnan(ours[:12]).all() and (theirs != 0).sum() >= 5
    assert (ours[13:] == theirs[13:]).all()
    ours = getattr(calc, name)(*market[:4])
    assert (ours[13:] == np.sign(by_column(function, *market[:4])[0][13:])).all()


@pytest.fixture(scope="module")
def coin(market):
    """One series of each, as lists: open, high, low, close, volume, time, another close."""
    rows = slice(0, 320)
    single = [x[rows, 3] for x in market] + [1_704_067_200_000 + np.arange(320) * 3_600_000.0]
    return [x.tolist() for x in [*single, market[3][rows, 0]]]


def plain_cases(o, h, lo, c, v, time, other):
    yield calc.psar(h, lo), plain.psar(h, lo)
    yield calc.supertrend(h, lo, c), plain.supertrend(h, lo, c)
    yield calc.keltner(h, lo, c), plain.keltner(h, lo, c)
    yield calc.ichimoku(h, lo), plain.ichimoku(h, lo)
    yield calc.chop(h, lo, c), plain.chop(h, lo, c)
    yield calc.breakout(h, lo, c), plain.breakout(h, lo, c)
    yield calc.cci(h, lo, c), plain.cci(h, lo, c)
    yield calc.percent_b(c), plain.percent_b(c)
    yield calc.zscore(c), plain.zscore(c)
    yield calc.linreg_channel(c), plain.linreg_channel(c)
    yield calc.realised_vol(c), [np.nan, *plain.realised_vol(c)]
    yield calc.parkinson(h, lo), plain.parkinson(h, lo)
    yield calc.garman_klass(o, h, lo, c), plain.garman_klass(o, h, lo, c)
    yield calc.rogers_satchell(o, h, lo, c), plain.rogers_satchell(o, h, lo, c)
    yield calc.yang_zhang(o, h, lo, c), plain.yang_zhang(o, h, lo, c)
    yield calc.drawdown(c), plain.drawdown(c)
    yield calc.ulcer(c), plain.ulcer(c)
    yield calc.relative_volume(v), plain.relative_volume(v)
    yield calc.hourly_volume(v), plain.hourly_volume(v)
    yield calc.volume_z(v), plain.zscore(np.log(v).tolist())
    yield calc.rolling_rank(c, 50), plain.rank(c, 50)
    yield calc.rolling_median(c, 21), plain.windows(21, np.median, c)
    yield calc.correlation(c, other, 50), plain.correlation(c, other, 50)
    yield calc.beta(c, other, 50), plain.beta(c, other, 50)
    yield calc.roll_spread(c), plain.roll_spread(c)
    yield calc.corwin_schultz(h, lo), plain.corwin_schultz(h, lo)
    yield calc.heikin_ashi(o, h, lo, c), plain.heikin_ashi(o, h, lo, c)
    typical = [(a + b + d) / 3 for a, b, d in zip(h, lo, c, strict=True)]
    yield calc.vwap(h, lo, c, v, time), plain.day_vwap(typical, v, time)
    late = [ms + 7_200_000 for ms in time]
    yield calc.vwap(h, lo, c, v, late), plain.day_vwap(typical, v, late)
    quote = [a * b for a, b in zip(typical, v, strict=True)]
    yield calc.quote_vwap(quote, v, time), plain.day_vwap(typical, v, time)


def plain_flows(o, h, lo, c, v, time, other):
    """What takers bought is made of the candle, for the recorded ones do not tell."""
    bought = [b * (0.5 + (x - a) / 9 / x) for a, x, b in zip(o, c, v, strict=True)]
    delta = [2 * b - a for a, b in zip(v, bought, strict=True)]
    quote = [a * b for a, b in zip(c, v, strict=True)]
    yield calc.taker_delta(v, bought), delta
    yield calc.cvd(v, bought), list(accumulate(delta))
    yield calc.cvd_slope(v, bought), plain.windows(20, lambda a, b: sum(a) / sum(b), delta, v)
    share = plain.windows(5, lambda a, b: 100 * sum(a) / sum(b), bought, v)
    yield calc.buy_share(v, bought, 5), share
    yield calc.amihud(c, quote), plain.amihud(c, quote)
    yield calc.obv_slope(c, v), plain.obv_slope(c, v)
    typical = [(a + b + d) / 3 for a, b, d in zip(h, lo, c, strict=True)]
    yield calc.vwap_z(h, lo, c, v, time), plain.vwap_z(c, typical, v, time)


def plain_derived(o, h, lo, c, v, time, other):
    lines = [plain.ema(c, n) for n in (20, 50, 200)]
    yield calc.ema_distance(c), [100 * (a / b - 1) for a, b in zip(c, lines[1], strict=True)]
    yield calc.ribbon(c), [plain.ordered(*row) for row in zip(*lines, strict=True)]
    logs = [math.log(a) for a in c]
    yield calc.crowding(c), plain.zscore(logs, 30)
    yield calc.log_mean(c), plain.windows(24, fmean, logs)
    ratio = [a - math.log(b) for a, b in zip(logs, other, strict=True)]
    strength = plain.windows(25, lambda w: 100 * (w[-1] - w[0]), ratio)
    yield calc.relative_strength(c, other), strength
    sigma = plain.realised_vol(c, 20, 1)
    yield calc.vol_rank(c, 20, 50)[20:], plain.rank(sigma[19:], 50)
    yield calc.vol_of_vol(c)[20:], plain.shocks(sigma[19:], 20)


@pytest.mark.parametrize("cases", [plain_cases, plain_flows, plain_derived])
def test_the_rest_equals_plain_python(cases, coin):
    for ours, theirs in cases(*coin):
        others = theirs if isinstance(ours, tuple) else (theirs,)
        for mine, other in zip(outputs(ours), others, strict=True):
            alike(mine, other, 1e-9)


def test_pivot_points_are_those_of_the_bar_before():
    """By hand: P = 315/3, R1 = 2P − L, S1 = 2P − H, R2, S2 = P ± (H − L), R3 = H + 2(P − L)."""
    levels = calc.pivot_points([110.0, 0], [100.0, 0], [105.0, 0])
    assert [float(one[1]) for one in levels] == [105, 110, 100, 115, 95, 120, 90]
    assert all(np.isnan(one[0]) for one in levels)


def test_supertrend_and_sar_equal_plain_python_exactly_and_in_panels(market):
    """On many series at once another way of computing is used: it must not differ in one bit."""
    high, low, close = market[1:4]
    stops, (lines, ways) = calc.psar(high, low), calc.supertrend(high, low, close)
    for s in range(high.shape[1]):
        h, lo, c = (x[:, s].tolist() for x in (high, low, close))
        np.testing.assert_array_equal(stops[:, s], plain.psar(h, lo))
        line, way = plain.supertrend(h, lo, c)
        np.testing.assert_array_equal(ways[:, s], way)
        np.testing.assert_allclose(lines[:, s], line, rtol=1e-12)


def test_deviation_survives_a_crash():
    """A running variance is off by 90 000 × here; see numerics of Chan's merge."""
    x = np.r_[np.linspace(59_000, 60_000, 300), np.full(300, 1e-4) + np.arange(300) * 1e-9]
    ours = calc.rolling_std(x, 20)
    for t in (250, 319, 400, 599):
        assert ours[t] == pytest.approx(plain.pstdev(x[t - 19 : t + 1].tolist()), rel=1e-9)
