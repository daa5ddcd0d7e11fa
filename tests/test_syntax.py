"""syntax.py: what is understood, what it becomes, and where a mistake is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syntax import MOST_DEPTH, MOST_LETTERS, parse, pointing
from tests import formulas
from vocabulary import WORDS, FormulaError, normal

UNDERSTOOD = {
    "rsi(14) < 30 and close > sma(200)": "rsi(14) < 30 and close > sma(200)",
    "RSI<30 VE Kapanış>SMA200": "rsi(14) < 30 and close > sma(200)",
    "rsi<35 macd>0": "rsi(14) < 35 and macd(12, 26, 9) > 0",
    "rsi<35 değil macd>0 veya hacim>1.5k": (
        "rsi(14) < 35 and not (macd(12, 26, 9) > 0) or volume > 1500"
    ),
    "crossover(ema(9), ema(21))": "crossover(ema(9), ema(21))",
    "yukari_keser(ema9, ema21)": "crossover(ema(9), ema(21))",
    "highest(high, 20)[1] < close": "highest(high, 20)[1] < close",
    "change(close, 4) > 3%": "change(close, 4) > 3%",
    "değişim > %3": "change(close, 1) > 3%",
    "volume > 2*sma(volume,20)": "volume > 2 * sma(volume, 20)",
    "btc.close > 70k": "btc.close > 70000",
    "1inch.volume ≥ 2mn": "1inch.volume >= 2000000",
    "rsi(14, tf=4h) < 30": "rsi(14, tf=4h) < 30",
    "close(tf=1d)[1] < close": "close(tf=1d)[1] < close",
    "crossover(rsi, 30, tf=4h)": "crossover(rsi(14), 30, tf=4h)",
    "sma(rsi(14, tf=4h), 3, tf=4h) > 5": "sma(rsi(14), 3, tf=4h) > 5",
    "30 < rsi < 70": "rsi(14) > 30 and rsi(14) < 70",
    "low < close == high": "low < close and close == high",
    "macd_histogram(5,9) > 0": "macd_hist(5, 9, 9) > 0",
    "bollinger_upper < close": "bb_upper(20, 2) < close",
    "close > bb_lower(k=3, n=10)": "close > bb_lower(10, 3)",
    "plus_di > minus_di(9)": "plus_di(14) > minus_di(9)",
    "sma(rsi(14), 5) > sma(hl2, 5)": "sma(rsi(14), 5) > sma(hl2, 5)",
    "stoch(close, open, hl2, 5) > 80": "stoch_k(close, open, hl2, 5, 3, 3) > 80",
    "vwma(hl2, 9) > close": "vwma(hl2, 9) > close",
    "beta(100) > 1": "beta(100) > 1",
    "corr(close, eth.close) > 0.5": "corr(close, eth.close, 20) > 0.5",
    "hammer and not doji": "hammer != 0 and not (doji != 0)",
    "hammer[1] doji(tf=4h)": "hammer[1] != 0 and doji(tf=4h) != 0",
    "close - -3 > 2 - 5": "close - -3 > -3",
    "-close + 1 < -(high - low)": "-close + 1 < -(high - low)",
    "close - (open - low) > 0": "close - (open - low) > 0",
    "(close - open) - low > 0": "close - open - low > 0",
    "close / (open * 2) > 1": "close / (open * 2) > 1",
    "close[1][2] > close[0]": "close[3] > close",
    "(close > open)[2]": "(close > open)[2]",
    "rsi > ٣٠ and cci < ۱۰۰٫۵": "rsi(14) > 30 and cci(20) < 100.5",
    "close×2 > open−1 && !doji": "close * 2 > open - 1 and not (doji != 0)",
    "max(close, open[1]) > 1e3": "max(close, open[1]) > 1000",
    "adx > 25 and adx(14, 9) > 1": "adx(14) > 25 and adx(14, 9) > 1",
}


@pytest.mark.parametrize("text", UNDERSTOOD)
def test_the_normal_text(text):
    assert normal(parse(text)) == UNDERSTOOD[text]


MISTAKES = {
    "rsii(14) < 30": (0, "rsi?"),
    "close > 5 and kapanıs > smaa(3)": (24, "sma"),
    "bb(20, 2) < close": (0, "bb_upper, bb_middle, bb_lower?"),
    "close > 1,5": (9, "1.5"),
    "bb_upper(20, 2,5) > 1": (15, "1.5"),
    "close > 70.000": (8, "70000"),
    "close > 1.234.567": (8, "1234567"),
    "close[-1] > close": (6, "geleceğe"),
    "change(close, -4) > 3": (14, "geleceğe"),
    "sma(-5) > 1": (4, "geleceğe"),
    "sma(0) > 1": (4, "1–1000"),
    "sma(1001) > 1": (4, "1–1000"),
    "sma(2.5) > 1": (4, "tam sayı"),
    "close[high] > 1": (6, "tam sayı"),
    "bb_upper(20, 1e9) > 1": (13, "0–1000"),
    "sma(20, volume) > 1": (8, "Seri"),
    "mfi(hlc3) > 3": (0, "high, low, close, volume"),
    "corr(close) > 0": (0, "x, y"),
    "rsi(close, open, 5) > 1": (0, "close"),
    "rsi 14 < 30": (4, "rsi(14)"),
    "close > 1 and ema 9 > 3": (18, "ema(9)"),
    "rsi(14 < 30": (7, "parantez"),
    "rsi(14, m=3) > 1": (10, "rsi(n)"),
    "rsi(n=3, 4) > 1": (9, "argüman"),
    "rsi(14, tf=5h) > 1": (11, "1h"),
    "rsi > 4h": (6, "tf=4h"),
    "sma(ema(9, tf=1h), 5, tf=4h) > 1": (0, "başkasının"),
    "close.shift(1) > 3": (6, "btc.close"),
    "btc.rsi(14) > 3": (4, "rsi(btc.close, 14)"),
    "close.__class__ > 1": (6, "btc.close"),
    "close = 3": (6, "=="),
    "close > (open": (13, ")"),
    "close > open)": (12, ")"),
    "close >": (7, "eksik"),
    "close sma(20) > 1": (6, "işleç"),
    "rsi and close > 1": (0, "> 0"),
    "not close": (4, "> 0"),
    "(close > 1) + 2 > 3": (7, "sayı"),
    "close > (open > 1)": (14, "sayı"),
    "1 < 2 and close > open": (2, "seri"),
    "close > 5 / 0": (10, "bölünmez"),
    "sqrt(2) > close": (0, "seri"),
    "3[1] < close": (1, "geçmişi"),
    "abs(close, open) > 1": (0, "1 seri"),
    "crossover(close) ": (0, "2 seri"),
    "3% + close > 1": (3, "yüzde"),
    "close > max(3%, open)": (8, "yüzde"),
    "close > 1e16": (8, "büyük"),
    "close > 0xFF": (8, "0xff"),
    "close > 1_000": (8, "1_000"),
    "close(5) > 1": (5, "close[1]"),
    "close > 'a'": (8, "'"),
    "close > open; import os": (12, ";"),
    "": (0, "boş"),
    "  ": (0, "boş"),
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_shown_at_its_place(text):
    place, words = MISTAKES[text]
    with pytest.raises(FormulaError) as caught, pointing(text):
        parse(text)
    error = caught.value
    assert error.position == place, error.tr
    assert words in error.tr.partition("\n")[0]
    assert error.tr.partition("\n")[2].replace("▸", "", 1).strip("…") in text
    assert error.en != error.tr and len(error.tr) < 700


def test_names_stand_for_formulas():
    names = {"altin": "sma(50) > sma(200)", "iyi": "altin and rsi < 70", "oran": "close / open"}
    assert normal(parse("not iyi", names)) == "not (sma(50) > sma(200) and rsi(14) < 70)"
    assert normal(parse("oran * 2 > oran[1]", names)) == "close / open * 2 > (close / open)[1]"
    assert parse("Altın", names) == parse("sma50 > sma200")


def test_names_in_a_circle_or_growing_without_end_are_refused():
    ring = {"a1": "b1 > 1", "b1": "a1 + 1"}
    with pytest.raises(FormulaError, match="a1 → b1 → a1"):
        parse("a1", ring)
    with pytest.raises(FormulaError, match="calls itself"):
        parse("own or close > 1", {"own": "own or close > 2"})
    growing = {f"x{i}": f"x{i - 1} + x{i - 1}" for i in range(1, 20)} | {"x0": "close"}
    with pytest.raises(FormulaError, match="150 parts"):
        parse("x19 > 1", growing)
    with pytest.raises(FormulaError, match=r"bad: .*smaa") as caught:
        parse("close > 1 and bad", {"bad": "smaa(3)"})
    assert caught.value.position == 14


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "-" * 5000,
        "not " * 90 + "close > 1",
        "(" * 30 + "close" + ")" * 30 + " > 1",
        "close" + "[1]" * 140 + " > 1",
        "sma(" * 40 + "close" + ")" * 40 + " > 1",
        " and ".join(["close > 1"] * 20_000),
        "close " + "+ close " * 60 + "> 1",
        "close > " + "9" * 480,
        "close[1[1[1[1[1[1[1[1[1[1[1[1[1[1[1[1[1[1[1[1[1[1[1[1[1[1",
    ],
)
def test_what_is_too_long_or_too_deep_is_refused(text):
    if len(text) < MOST_LETTERS and "+" in text:
        assert parse(text)
        return
    with pytest.raises(FormulaError):
        parse(text)


def test_the_deepest_is_still_read():
    depth = MOST_DEPTH
    assert normal(parse("(" * depth + "close" + ")" * depth + " > 1")) == "close > 1"


@given(formulas.FORMULAS)
def test_the_normal_text_is_read_back_as_the_same_tree(text):
    try:
        tree = parse(text)
    except FormulaError:
        return
    assert parse(normal(tree)) == tree
    assert normal(parse(normal(tree))) == normal(tree)


PIECES = st.one_of(
    st.sampled_from([*WORDS, *"()[],.<>=+-*/%!&|", "<=", "==", "tf=", "4h", "14", "1.5k", "x"]),
    st.text(max_size=3),
)


@given(st.one_of(st.text(max_size=600), st.lists(PIECES, max_size=40).map(" ".join)))
def test_any_text_is_read_or_refused(text):
    names = {"x": "close > open or x"}
    try:
        with pointing(text):
            tree = parse(text, names)
    except FormulaError as error:
        assert 0 <= error.position <= max(len(text), MOST_LETTERS)
    else:
        assert parse(normal(tree)) == tree
