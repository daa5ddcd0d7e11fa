from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.figures import accepted, known, name, once, signed
from shapes import Refusal


@given(st.floats(-1e29, 1e29))
def test_a_number_of_either_sign_is_read_as_it_is(value):
    assert signed(value) == signed(repr(value)) == value


@pytest.mark.parametrize("value", [True, None, [], "x", "nan", "inf", float("nan"), 1e30, -1e300])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match=r"number|convert"):
        signed(value)


def test_null_is_nan_and_zero_stays_zero():
    assert isnan(known(None)) and known(0) == 0 and known("-5", signed) == -5
    with pytest.raises(ValueError, match="sane"):
        known(-5)


def test_a_name_is_trimmed_and_cut():
    assert name("  Bitcoin ") == "Bitcoin" and name("x" * 50) == "x" * 40
    for value in ("", "   ", None, 5):
        with pytest.raises(ValueError, match="name"):
            name(value)


@pytest.mark.parametrize("code", [0, "0"])
def test_no_error_is_accepted(code):
    accepted(code, None)


def test_an_error_carries_its_kind_code_and_words():
    with pytest.raises(Refusal, match="Too Many") as caught:
        accepted("429", "Too Many")
    assert (caught.value.kind, caught.value.code) == ("limited", 429)
    with pytest.raises(Refusal) as caught:
        accepted(1009, None, range(1010, 1012))
    assert caught.value.kind == "refused"


def test_a_call_counts_one():
    assert once({}) == 1
