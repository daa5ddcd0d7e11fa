from math import nan

import numpy as np
import pytest

import backtest
import tested
from performance import Record
from trials import Plan, Verdict

TOLD = backtest.Summary(12.3, 20, 5, 40, 1.5, 2, nan, -8, 30, Record(40, 55, nan, 0.31, 1.1))


def test_unknown_numbers_are_dashes_and_known_ones_stand_in_both_languages(ctx):
    tr, en = ("\n".join(tested.figures(ctx(lang=lang), TOLD)) for lang in ("tr", "en"))
    assert "Getiri %+12,3 · al-tut %+20,0" in tr and "Calmar —" in tr and "Kâr çarpanı —" in tr
    assert "Return +12.3% · buy and hold +20.0%" in en and "(n=40)" in en


@pytest.mark.parametrize(
    ("trades", "gain", "word"), [(29, 99, "prove nothing"), (30, 99, "beat"), (30, 1, "did not")]
)
def test_the_comment_says_what_the_numbers_prove(ctx, trades, gain, word):
    told = TOLD._replace(gain=gain, record=TOLD.record._replace(closed=trades))
    assert word in tested.comment(ctx(lang="en"), told)


def test_the_best_is_named_with_its_numbers(ctx):
    one = np.ones((2, 1))
    grid = backtest.Grid(one * 1.2, one, one, one, np.array([-3.0, -4]), np.array([8, 9]), one)
    plan = Plan("a", "b", ranges=(("n", (5, 6)),))
    text = "\n".join(tested.judged(ctx(lang="en"), plan, grid, Verdict(1, 3, 4, 60)))
    assert "Best of 2 combinations n=6: +20.0%, fall -4.0%, 9 trades" in text and "DSR" in text
    none = tested.judged(ctx(), plan, grid, Verdict(-1, nan, nan, nan))
    assert "hiçbir" in "\n".join(none)
