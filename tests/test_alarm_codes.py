"""alarm_codes.py: an alarm as text comes back as it was, and nothing else is taken for one."""

import base64
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import alarm_codes
from alarm_grammar import read
from alarm_rows import Alarm
from bot import UserError
from vault import LIKE_A_KEY

NOW = 1_795_500_123_000
BLANK = Alarm(7, 77, "", "", "", made=NOW)
TYPED = (
    "btc > 70000",
    "btc eth < 0,5 sessiz",
    "btc %-2,5 4h tekrar 90m acil",
    "eth 4h rsi < 30 and close > sma(200) seviye tekrar",
    "btc > 7 onay:kapanış bitiş 7g",
    "hepsi 1h crossover(ema(9), ema(21)) bitiş 300g",
    "ilk 50 %5 15m",
    "favoriler rsi < 9",
    "fr btc < -0.02 bant %10",
    "btc > 70000 bant %0.55",
    "btc > 70000 bant 1.3atr",
    "ap > 75",
    "btctry > 100k",
    "pepe > 0,0000125",
    "pepe 1h close > 0.0000125",
)


def asked(market, text):
    return read(text.split(), BLANK, {}, market, lambda symbol: 77.7)


@pytest.mark.parametrize("typed", TYPED)
def test_what_is_written_of_an_alarm_is_read_as_the_same(market, typed):
    alarm = asked(market, typed)
    again = asked(market, alarm_codes.decoded(alarm_codes.code(alarm, NOW)))
    assert again._replace(band=0) == alarm._replace(band=0)
    assert again.band == pytest.approx(alarm.band, rel=1e-6)


@pytest.mark.parametrize("typed", TYPED)
def test_what_is_written_in_turkish_is_read_as_the_same(market, typed):
    alarm = asked(market, typed)
    text = alarm_codes.written(alarm, NOW, "tr")
    assert asked(market, text)._replace(band=0) == alarm._replace(band=0)
    assert not {"repeat", "until", "urgent", "silent", "level", "band"} & set(text.split())


def test_a_code_tells_nothing_of_whose_it_was(market):
    alarm = asked(market, "btc > 70000 tekrar 4h")._replace(id=31337, user_id=424242, chat_id=515)
    text = alarm_codes.decoded(alarm_codes.code(alarm, NOW))
    assert text == "btc > 70000 repeat 4h" and len(alarm_codes.code(alarm, NOW)) < 50


@given(st.text(max_size=60))
def test_any_word_is_a_code_or_refused(word):
    with pytest.raises(UserError):
        alarm_codes.decoded(word)


@given(st.integers(0, 30), st.integers(1, 255))
def test_a_code_with_a_wrong_letter_is_refused(place, bits):
    code = alarm_codes.code(BLANK._replace(kind="price", text="> 70000", targets="BTCUSDT"), NOW)
    raw = bytearray(base64.urlsafe_b64decode(code + "=" * (-len(code) % 4)))
    raw[place % len(raw)] ^= bits
    with pytest.raises(UserError):
        alarm_codes.decoded(base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("="))


@pytest.mark.parametrize("text", [b"a" * 10_000_000, b"btc > 1\n/panik", b"\xff\xfe", b""])
def test_hostile_codes_are_refused_before_they_open(text):
    squeezed = zlib.compressobj(9, wbits=-15)
    body = squeezed.compress(text) + squeezed.flush()
    made = base64.urlsafe_b64encode(alarm_codes.checked(body) + body).decode().rstrip("=")
    with pytest.raises(UserError):
        alarm_codes.decoded(made)


def test_lines_are_typed_ones_codes_and_remarks(market):
    code = alarm_codes.code(asked(market, "ap > 75"), NOW)
    text = f"\ufeff# mine\nbtc > 7 # dear\r\n\n  {code}\n"
    assert [alarm_codes.typed(row) for row in alarm_codes.lines(text)] == ["btc > 7", "ap > 75"]


@given(st.integers(1, 99), st.integers(1, 999))
@example(60, 11)
def test_no_code_is_taken_for_a_key(low, bars):
    rule = f"rsi(14) < {low} and close > sma({bars})"
    alarm = BLANK._replace(kind="formula", text=rule, targets="BTCUSDT SOLUSDT", interval="4h")
    word = alarm_codes.code(alarm, NOW)
    assert not LIKE_A_KEY.search(f"/alarm al {word}")
    assert alarm_codes.decoded(word).rstrip() == f"btc sol 4h {rule}"


def test_a_number_once_kept_with_an_exponent_is_read_as_the_price_it_is(market):
    alarm = asked(market, "pepe > 0.0000125")
    kept = alarm._replace(text="> 1.25e-05")
    assert asked(market, alarm_codes.written(kept, NOW)) == alarm
