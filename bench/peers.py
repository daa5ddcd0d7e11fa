"""The report of calc.py by other libraries: the same indicators as their users ask for them."""

import contextlib
from itertools import pairwise

import numpy as np
import pandas as pd

with contextlib.suppress(ImportError):
    import talib
with contextlib.suppress(ImportError):
    import pandas_ta_classic as pta
with contextlib.suppress(ImportError):
    import ta

TALIB = {
    "EMA 20": lambda c, **_: talib.EMA(c, 20),
    "RSI 14": lambda c, **_: talib.RSI(c),
    "MAX 20": lambda c, **_: talib.MAX(c, 20),
    "STDDEV 20": lambda c, **_: talib.STDDEV(c, 20),
    "ADX 14, ±DI": lambda h, lo, c, **_: directional(h, lo, c),
    "SuperTrend": lambda h, lo, c, **_: talib.SUPERTREND(h, lo, c, 10, 3.0),
    "SAR": lambda h, lo, **_: talib.SAR(h, lo),
    "KAMA 10": lambda c, **_: talib.KAMA(c, 10),
}


def directional(h, lo, c):
    return talib.ADX(h, lo, c), talib.PLUS_DI(h, lo, c), talib.MINUS_DI(h, lo, c)


def talib_scan(c):
    return bool(talib.RSI(c)[-1] < 45 and c[-1] > talib.EMA(c, 200)[-1])


def talib_averages(h, lo, c):
    average, width = talib.EMA(c, 20), 2 * talib.EMA(talib.TRANGE(h, lo, c), 20)
    upper, middle, lower = talib.BBANDS(c, 20, 2, 2)
    return [
        *(talib.SMA(c, n) for n in (20, 50, 200)),
        *(average, talib.EMA(c, 50), talib.EMA(c, 200), talib.WMA(c, 20)),
        *(average + width, average - width),
        *(upper, middle, lower, (c - lower) / (upper - lower), 100 * (upper - lower) / middle),
    ]


def talib_oscillators(h, lo, c):
    rsi, ppo = talib.RSI(c), talib.PPO(c, 12, 26, 1)
    k, signal = talib.STOCHF(rsi, rsi, rsi, 14, 3, 0)[1], talib.EMA(ppo, 9)
    return [
        *(rsi, k, talib.SMA(k, 3), ppo, signal, ppo - signal),
        *talib.MACD(c),
        *talib.STOCH(h, lo, c, 14, 3, 0, 3, 0),
        *(talib.TRIX(c, 15), talib.WILLR(h, lo, c), talib.CCI(h, lo, c, 20)),
        *(talib.ROC(c, 10), talib.MOM(c, 10), talib.ER(c, 10)),
    ]


def talib_ranges(h, lo, c):
    down, up = talib.AROON(h, lo)
    tenkan, kijun, base = (talib.MIDPRICE(h, lo, n) for n in (9, 26, 52))
    path, span = talib.SUM(talib.TRANGE(h, lo, c), 14), talib.MAX(h, 14) - talib.MIN(lo, 14)
    clouds = [np.full(len(c), np.nan) for _ in "ab"]
    clouds[0][25:], clouds[1][25:] = ((tenkan + kijun) / 2)[:-25], base[:-25]
    return [
        *(talib.ATR(h, lo, c), talib.NATR(h, lo, c), *directional(h, lo, c)),
        *(up, down, up - down, tenkan, kijun, *clouds),
        *talib.DONCHIAN(h, lo, 20),
        100 * np.log10(path / span) / np.log10(14),
    ]


def talib_flows(h, lo, c, v):
    return [
        *(talib.OBV(c, v), talib.AD(h, lo, c, v)),
        *(talib.MFI(h, lo, c, v), talib.CMF(h, lo, c, v, 20)),
    ]


def talib_rest(h, lo, c, v):
    return (
        talib_averages(h, lo, c)
        + talib_oscillators(h, lo, c)
        + talib_ranges(h, lo, c)
        + talib_flows(h, lo, c, v)
    )


def talib_report(h, lo, c, v):
    return [*talib_rest(h, lo, c, v), *talib.SUPERTREND(h, lo, c, 10, 3.0)]


def talib_report_python(h, lo, c, v):
    return [*talib_rest(h, lo, c, v), *python_supertrend(h, lo, c)]


def python_supertrend(h, lo, c):
    """What one writes where the library has no SuperTrend."""
    middle, width = (h + lo) / 2, 3 * talib.ATR(h, lo, c, 10)
    uppers, lowers, closes = (one[10:].tolist() for one in (middle + width, middle - width, c))
    ceiling, floor, line, way = uppers[0], lowers[0], [uppers[0]], [-1]
    for (last, close), upper, lower in zip(pairwise(closes), uppers[1:], lowers[1:], strict=True):
        ceiling = upper if upper < ceiling or last > ceiling else ceiling
        floor = lower if lower > floor or last < floor else floor
        way.append((1 if close >= floor else -1) if way[-1] > 0 else (1 if close > ceiling else -1))
        line.append(floor if way[-1] > 0 else ceiling)
    return np.array(line), np.array(way)


def frame(*series):
    """Return pandas series with a time index, which these libraries want."""
    index = pd.date_range("2024-01-01", periods=len(series[0]), freq="h")
    return [pd.Series(one, index=index) for one in series]


def pandas_ta_report(h, lo, c, v):
    h, lo, c, v = frame(h, lo, c, v)
    own = {"talib": False}
    averages = [
        *(pta.sma(c, n, **own) for n in (20, 50, 200)),
        *(pta.ema(c, n, **own) for n in (20, 50, 200)),
        *(pta.wma(c, 20, **own), pta.kc(h, lo, c, 20, 2), pta.bbands(c, 20, 2, **own)),
    ]
    oscillators = [
        *(pta.rsi(c, 14, **own), pta.stochrsi(c), pta.macd(c, **own), pta.ppo(c, **own)),
        *(pta.stoch(h, lo, c, 14, 3, 3), pta.trix(c, 15), pta.willr(h, lo, c, 14, **own)),
        *(pta.cci(h, lo, c, 20, **own), pta.roc(c, 10, **own), pta.mom(c, 10, **own), pta.er(c)),
    ]
    ranges = [
        *(pta.atr(h, lo, c, 14, **own), pta.natr(h, lo, c, 14, **own), pta.adx(h, lo, c, 14)),
        *(pta.aroon(h, lo, 14, **own), pta.ichimoku(h, lo, c), pta.donchian(h, lo, 20, 20)),
        *(pta.chop(h, lo, c, 14), pta.supertrend(h, lo, c, 10, 3)),
    ]
    flows = [
        *(pta.obv(c, v, **own), pta.ad(h, lo, c, v, **own)),
        *(pta.mfi(h, lo, c, v, 14, **own), pta.cmf(h, lo, c, v, 20)),
    ]
    return averages + oscillators + ranges + flows


def ta_report(h, lo, c, v):
    """ta has no SuperTrend, NATR, momentum, efficiency ratio and choppiness."""
    h, lo, c, v = frame(h, lo, c, v)
    return ta_momentum(h, lo, c) + ta_trend(h, lo, c) + ta_bands(h, lo, c) + ta_volume(h, lo, c, v)


def ta_momentum(h, lo, c):
    m, t = ta.momentum, ta.trend
    macd, ppo = t.MACD(c), m.PercentagePriceOscillator(c)
    fast, slow = m.StochRSIIndicator(c), m.StochasticOscillator(h, lo, c)
    return [
        *(m.rsi(c, 14), m.williams_r(h, lo, c, 14), t.cci(h, lo, c, 20), m.roc(c, 10)),
        *(macd.macd(), macd.macd_signal(), macd.macd_diff(), t.trix(c, 15)),
        *(ppo.ppo(), ppo.ppo_signal(), ppo.ppo_hist()),
        *(fast.stochrsi_k(), fast.stochrsi_d(), slow.stoch(), slow.stoch_signal()),
    ]


def ta_trend(h, lo, c):
    t = ta.trend
    adx, aroon, cloud = (
        t.ADXIndicator(h, lo, c),
        t.AroonIndicator(h, lo, 14),
        t.IchimokuIndicator(h, lo),
    )
    return [
        *(t.sma_indicator(c, n) for n in (20, 50, 200)),
        *(t.ema_indicator(c, n) for n in (20, 50, 200)),
        *(t.wma_indicator(c, 20), adx.adx(), adx.adx_pos(), adx.adx_neg()),
        *(aroon.aroon_up(), aroon.aroon_down(), aroon.aroon_indicator()),
        *(cloud.ichimoku_conversion_line(), cloud.ichimoku_base_line()),
        *(cloud.ichimoku_a(), cloud.ichimoku_b()),
    ]


def ta_bands(h, lo, c):
    w = ta.volatility
    b, d = w.BollingerBands(c), w.DonchianChannel(h, lo, c, 20)
    k = w.KeltnerChannel(h, lo, c, 20, original_version=False)
    return [
        *(b.bollinger_hband(), b.bollinger_mavg(), b.bollinger_lband()),
        *(b.bollinger_pband(), b.bollinger_wband(), w.average_true_range(h, lo, c, 14)),
        *(k.keltner_channel_hband(), k.keltner_channel_mband(), k.keltner_channel_lband()),
        *(d.donchian_channel_hband(), d.donchian_channel_mband(), d.donchian_channel_lband()),
    ]


def ta_volume(h, lo, c, v):
    u = ta.volume
    return [
        *(u.on_balance_volume(c, v), u.acc_dist_index(h, lo, c, v)),
        *(u.chaikin_money_flow(h, lo, c, v, 20), u.money_flow_index(h, lo, c, v, 14)),
    ]
