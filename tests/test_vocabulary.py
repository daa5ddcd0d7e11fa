"""vocabulary.py: a word for every output of every indicator, and what its arguments mean."""

import pytest

import calc
from syntax import parse
from vocabulary import (
    CALLS,
    FUNCTIONS,
    MIXED,
    PATTERNS,
    SERIES,
    SYNONYMS,
    WORD,
    groups,
    normal,
    number_text,
)


def test_every_output_of_every_indicator_has_a_word_that_reads_back():
    for name, entry in calc.INDICATORS.items():
        for i, output in enumerate(entry.outputs):
            word = WORD[name, i]
            assert CALLS[word] == (name, i)
            assert output in word or {"histogram": "hist"}.get(output, name) in word or i == 0
            given = "(close, open)" if "y" in entry.inputs else ""
            given = "(close)" if entry.inputs == ("ratio",) else given
            given = "(close, volume, doji != 0)" if "anchor" in entry.inputs else given
            node = parse(f"{word}{given} > 1").args[0]
            assert node.value[:2] == (name, i)
            shown = [v for k, v in entry.defaults.items() if k != "bars_per_year"]
            assert node.value[2] == tuple(shown)
            assert parse(f"{normal(node)} > 1").args[0] == node


def test_no_word_means_two_things():
    assert not set(SYNONYMS) & {*SERIES, *MIXED, *FUNCTIONS, *CALLS}
    assert not set(CALLS) & {*SERIES, *MIXED, *FUNCTIONS}
    assert all(word in {*SERIES, *FUNCTIONS, *CALLS} for word in SYNONYMS.values())


def test_the_groups_hold_every_word_once():
    found = groups()
    words = [word for group in found.values() for word in group]
    assert sorted(words) == sorted({*SERIES, *MIXED, *FUNCTIONS, *WORD.values()})
    assert "hammer" in found["patterns"] and "obv" in found["volume"]
    assert "sma" in found["any"] and "rsi" in found["price"] and "beta" in found["pairs"]
    assert len(PATTERNS) == 20


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("stoch", "stoch_k(14, 3, 3)"),
        ("stochastic_d", "stoch_d(14, 3, 3)"),
        ("ichimoku_kijun", "kijun(9, 26, 52)"),
        ("std(close, 9)", "stdev(9)"),
        ("rolling_max(high, 9)", "highest(high, 9)"),
        ("sar", "psar(0.02, 0.02, 0.2)"),
        ("ortalama(hacim, 9)", "sma(volume, 9)"),
        ("macd(signal=5)", "macd(12, 26, 5)"),
    ],
)
def test_synonyms_and_shortened_words(text, same):
    assert normal(parse(text)) == same


@pytest.mark.parametrize(
    ("value", "text"),
    [(70000.0, "70000"), (1.25e-05, "0.0000125"), (-0.5, "-0.5"), (52028.63, "52028.63")],
)
def test_a_number_is_written_as_people_write_it(value, text):
    assert number_text(value) == text and float(text) == value
