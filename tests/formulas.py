"""Formulas and candles for the tests of the language: generated texts, walks, contexts."""

from types import SimpleNamespace

import numpy as np
from hypothesis import strategies as st

from formula import Context

HOUR = 3_600_000
START = 1_700_006_400_000
NAMES = ("open", "high", "low", "close", "volume", "quote", "trades", "taker", "taker_quote")


def bars(count=400, coins=3, hours=1, seed=7, start=START):
    """Random walks as (bars, coins), or (bars,) for 0 coins; the last of several begins late."""
    rng = np.random.default_rng(seed)
    shape = (count, coins) if coins else (count,)
    close = np.round(80 * np.exp(np.cumsum(rng.normal(0, 0.01, shape), axis=0)), 2)
    open_ = np.concatenate([close[:1], close[:-1]])
    wide = np.round(np.abs(rng.normal(0, 0.3, (2, *shape))), 2)
    volume = np.round(rng.lognormal(5, 1, shape), 3)
    table = {
        "open": open_,
        "high": np.maximum(open_, close) + wide[0],
        "low": np.minimum(open_, close) - wide[1],
        "close": close,
        "volume": volume,
        "quote": volume * close,
        "trades": np.round(volume) + 1,
        "taker": volume * rng.uniform(0.3, 0.7, shape),
    }
    table["taker_quote"] = table["taker"] * close
    if coins > 1:
        for one in table.values():
            one[: count // 3, -1] = np.nan
    return SimpleNamespace(time=start + hours * HOUR * np.arange(float(count)), **table)


def cut(given, rows):
    """The same bars as they were when only so many had closed."""
    return SimpleNamespace(**{name: one[:rows] for name, one in vars(given).items()})


def blank(given):
    """The same bars with nothing known but their time."""
    known = {name: np.full(one.shape, np.nan) for name, one in vars(given).items()}
    return SimpleNamespace(**known | {"time": given.time})


def context(given=None, **more):
    """A context of one-hour bars, the 4h bars of the same coins and Bitcoin beside them."""
    given = given or bars()
    coins = given.close.shape[1] if given.close.ndim == 2 else 0
    others = {"4h": bars(len(given.time) // 4 + 60, coins, 4, 9, START - 60 * 4 * HOUR)}
    coins = {("", "BTC"): bars(len(given.time), 0, seed=11)}
    coins |= {("4h", "BTC"): bars(200, 0, 4, 12, START - 60 * 4 * HOUR)}
    return Context(given, "1h", **{"others": others, "coins": coins} | more)


NUMBER = st.one_of(
    st.integers(0, 2000).map(str),
    st.floats(0.001, 1e6).map(lambda x: repr(round(x, 4))),
    st.sampled_from(["1.5k", "2m", "0", "50"]),
)
WINDOW = st.integers(1, 60).map(str)
SERIES = st.sampled_from(["open", "high", "low", "close", "volume", "hl2", "hlc3", "btc.close"])
PLAIN = st.one_of(
    SERIES,
    WINDOW.map("rsi({})".format),
    WINDOW.map("sma({})".format),
    WINDOW.map("ema{}".format),
    st.sampled_from(
        [
            *("atr", "macd", "macd_signal(5, 9, 4)", "macd_hist", "bb_upper(20, 2)", "stoch"),
            *("plus_di(9)", "psar", "supertrend_direction(7, 2)", "cci(9)", "obv", "vwap"),
            *("rsi(9, tf=4h)", "close(tf=4h)", "btc.close(tf=4h)", "realised_vol(9)", "kijun"),
            *("highest(high, 5)", "change(close, 3)", "mfi(9)", "engulfing", "median(close, 5)"),
        ]
    ),
)


def deeper(inner):
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*/"), inner).map("({0[0]} {0[1]} {0[2]})".format),
        st.tuples(inner, NUMBER).map("{0[0]} * {0[1]}".format),
        st.tuples(inner, st.integers(0, 9)).map("({0[0]})[{0[1]}]".format),
        st.tuples(st.sampled_from(["sma", "ema", "rsi", "highest", "stdev"]), inner, WINDOW).map(
            "{0[0]}({0[1]}, {0[2]})".format
        ),
        st.tuples(st.sampled_from(["abs", "sqrt", "log", "sign", "-"]), inner).map(
            "{0[0]}({0[1]})".format
        ),
        st.tuples(st.sampled_from(["min", "max"]), inner, inner).map(
            "{0[0]}({0[1]}, {0[2]})".format
        ),
    )


VALUES = st.recursive(PLAIN, deeper, max_leaves=4)
SIGN = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
TESTS = st.one_of(
    st.tuples(VALUES, SIGN, st.one_of(NUMBER, VALUES)).map("{0[0]} {0[1]} {0[2]}".format),
    st.tuples(NUMBER, SIGN, VALUES).map("{0[0]} {0[1]} {0[2]}".format),
    st.tuples(VALUES, SIGN, st.integers(1, 99)).map("{0[0]} {0[1]} {0[2]}%".format),
    st.tuples(st.sampled_from(["crossover", "crossunder", "cross"]), VALUES, VALUES).map(
        "{0[0]}({0[1]}, {0[2]})".format
    ),
    st.sampled_from(["hammer", "30 < rsi < 70", "crossover(rsi, 50, tf=4h)", "doji[1] != 0"]),
)
CONDITIONS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or ", " ve ", " "]), inner).map(
            lambda parts: f"({parts[0]}){parts[1]}({parts[2]})"
        ),
        inner.map("not ({})".format),
        inner.map("({})[1]".format),
    ),
    max_leaves=4,
)
FORMULAS = st.one_of(CONDITIONS, VALUES)
