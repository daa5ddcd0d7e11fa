"""alarm_grammar.py: what people type comes to the alarm they mean, or to a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alarm_grammar import DAY, affordable, band_text, banded, duration, options, read
from alarm_rows import Alarm
from alarms import line
from bot import UserError

NOW = 1_795_500_123_000
BLANK = Alarm(7, 7, "", "", "", made=NOW)
HOUR = 3_600_000
OPTIONS = ("tekrar", "bitiş", "sessiz", "seviye", "bant")


def asked(market, text, mine=()):
    return read(text.split(), BLANK, dict(mine), market, lambda symbol: 8.0)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("btc > 70000", {"kind": "price", "text": "> 70000", "band": 210.0}),
        ("BTCUSDT >=70k", {"kind": "price", "text": ">= 70000", "band": 210.0}),
        ("btc < 0,5 bant %1", {"kind": "price", "text": "< 0.5", "band": 0.005}),
        ("btc > 70000 bant 0.5atr", {"kind": "price", "text": "> 70000", "band": 4.0}),
        ("btc %5 15m", {"kind": "move", "text": "> 5", "interval": "15m", "band": 0.5}),
        ("btc +5% 1h", {"kind": "rise", "text": "> 5", "interval": "1h", "band": 0.5}),
        ("btc %-2,5 4h", {"kind": "fall", "text": "< -2.5", "interval": "4h", "band": 0.25}),
        ("btc 4h rsi<30", {"kind": "formula", "text": "rsi(14) < 30", "interval": "4h"}),
        ("btc rsi < 30 4h", {"kind": "formula", "text": "rsi(14) < 30", "interval": "4h"}),
        ("btc rsi < 30", {"kind": "formula", "text": "rsi(14) < 30", "interval": "1h"}),
        ("btc ucuz", {"kind": "formula", "text": "rsi(14) < 25", "interval": "1h"}),
        ("btc > 7 onay:kapanış", {"kind": "formula", "text": "close > 7", "interval": "1h"}),
        ("btc 15m > 7", {"kind": "formula", "text": "close > 7", "interval": "15m"}),
        ("ap > 75", {"kind": "ap", "text": "> 75", "targets": "", "band": 1.0}),
        ("korku <= 20", {"kind": "fg", "text": "<= 20", "targets": "", "band": 1.0}),
        ("DOM > 55,5", {"kind": "dom", "text": "> 55.5", "targets": "", "band": 1.0}),
        ("fr btc < -0.02", {"kind": "fr", "text": "< -0.02", "band": 0.001}),
        ("hepsi %5 1h", {"targets": "all", "kind": "move", "interval": "1h", "text": "> 5"}),
        ("Favoriler rsi < 9", {"targets": "favourites", "kind": "formula", "interval": "1h"}),
        ("ilk 50 4h rsi < 9", {"targets": "top 50", "kind": "formula", "interval": "4h"}),
        ("btc eth sol < 3", {"targets": "BTCUSDT ETHUSDT SOLUSDT", "text": "< 3"}),
        ("btc > 7 tekrar", {"cooldown": HOUR, "kind": "price"}),
        ("btc > 7 tekrar 4h sessiz", {"cooldown": 4 * HOUR, "severity": "silent"}),
        ("btc > 7 seviye bitiş 7g", {"steady": True, "until": NOW + 7 * DAY}),
        ("btc > 7 sonra al 100 %5 %2", {"text": "> 7", "follow": "BUY 100 - 5 2"}),
        ("btc %5 15m sonra sat %50 tekrar", {"follow": "SELL 50 % - -", "cooldown": HOUR}),
        ("btc > 7 then buy 0,5btc 5%", {"follow": "BUY 0.5 BTC 5 -"}),
        ("btc > 7 sonra yok", {"follow": ""}),
        ("btc>70000", {"kind": "price", "text": "> 70000"}),
        ("btc<=70k", {"kind": "price", "text": "<= 70000"}),
        ("btc > sma(20)", {"kind": "formula", "text": "close > sma(20)", "interval": "1h"}),
        ("btc,eth > 3", {"targets": "BTCUSDT ETHUSDT", "text": "> 3"}),
        ("btc, eth > 3", {"targets": "BTCUSDT ETHUSDT", "text": "> 3"}),
        ("ap>75", {"kind": "ap", "text": "> 75", "targets": ""}),
        ("eth 4h rsi < 30 repeat 15dk until 2w", {"cooldown": 900_000, "until": NOW + 14 * DAY}),
    ],
)
def test_what_is_typed_is_what_is_meant(market, typed, wanted):
    found = asked(market, typed, {"ucuz": "rsi < 25"})._asdict()
    if "targets" not in wanted and not typed.startswith("eth"):
        wanted = {"targets": "BTCUSDT", **wanted}
    found["band"] = round(found["band"], 9)
    assert {name: found[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    "typed",
    [
        *("", "nosuchcoin > 3", "btc", "btc >", "btc 70000", "btc > x", "ap", "ap > x", "fr btc"),
        *("btc %5", "btc %5 3w", "btc %0 15m", "btc %5 nosuch", "top", "top x rsi < 3", "hepsi"),
        *("btc > 3 bitiş", "btc > 3 bitiş yarın", "btc > 3 bitiş 9999g", "btc > 3 bant %90"),
        *("btc > 3 bant", "btc eth > 3 bant 1atr", "btc rsi", "btc rsi <", "btc nosuch(3) > 2"),
        *("btc > 3 sonra", "btc > 3 then sell", "btc > 3 > 4", "btc > 3 sonra tut 5"),
        *("hepsi %5 1h sonra al 100", "ap > 75 sonra al 100", "btc > 3 sonra al 5eth"),
        *("btc > 3 sonra al 100 %0.05 %2", "btc > 3 sonra al 100 %5 %0.09"),
        *("btc > 3 sonra al 100 %5 %95", "btc > 3 sonra al 100 %5 %2 %1", "btc > 3 sonra al -5"),
    ],
)
def test_what_means_nothing_gets_a_sentence(market, typed):
    with pytest.raises(UserError):
        asked(market, typed)


def test_a_price_may_be_copied_from_a_report_and_one_that_may_mean_two_is_refused(market):
    assert asked(market, "btc > 52.028,63").text == asked(market, "btc > 52,028.63").text
    assert asked(market, "btc > 52.028,63").text == "> 52028.63"
    with pytest.raises(UserError, match=r"70000 or 0\.5, thousands not set apart"):
        asked(market, "btc > 70.000")
    for word in ("52.028", "52,028"):
        with pytest.raises(UserError, match=r"two numbers: write 52028 or 52\.03"):
            asked(market, f"btc > {word}")
    assert asked(market, "xrp > 1.569").text == "> 1.569"
    thousandths = next(s for s in sorted(market.universe()) if market.digits(s) == 3)
    assert asked(market, f"{thousandths} btc > 12.345").text == "> 12.345"
    for word in ("0.028", "052.028", "52.02", "52.0283"):
        assert float(asked(market, f"btc > {word}").text[2:]) == float(word)
    assert asked(market, "btc > 52.028k").text == "> 52028"


@pytest.mark.parametrize("typed", ["btc 70000", "btc 70k", "btc %5", "btc 70.000 üstü"])
def test_a_number_without_its_sign_is_told_how_a_condition_is_written(market, typed):
    with pytest.raises(UserError, match="A condition is like > 70000"):
        asked(market, typed)


@pytest.mark.parametrize(
    ("typed", "usual", "wanted"),
    [
        ("btc > 100", "%1", 1.0),
        ("btc > 100", "0.5atr", 4.0),
        ("btc eth > 100", "%1", 1.0),
        ("btc eth > 100", "0.5atr", 0.3),
        ("btc > 100 bant %2", "%1", 2.0),
        ("btc %5 1h", "%1", 0.5),
        ("ap > 75", "%1", 1.0),
        ("btc rsi < 30", "%1", 0.0),
    ],
)
def test_a_persons_usual_band_is_for_prices_without_one(market, typed, usual, wanted):
    found = read(typed.split(), BLANK, {}, market, lambda symbol: 8.0, usual)
    assert found.band == pytest.approx(wanted)


def test_a_band_of_an_unknown_range_is_refused(market):
    with pytest.raises(UserError, match="ATR is not known"):
        read(["btc", ">", "3", "bant", "1atr"], BLANK, {}, market, lambda symbol: float("nan"))


@pytest.mark.parametrize(("typed", "kept"), [("%0,5", "%0.5"), ("1%", "%1"), ("0.5ATR", "0.5atr")])
def test_a_band_in_its_normal_form_is_read_as_the_same(typed, kept):
    assert band_text(typed) == kept and banded(kept) == banded(typed)


@pytest.mark.parametrize(
    "typed",
    ["btc > 70000", "btc eth %-5 15m", "all 1h close > sma(20)", "ap > 75", "fr btc > 0.05"],
)
def test_the_normal_form_is_read_back_as_itself(market, typed):
    found = asked(market, typed)
    assert line(found) == typed and asked(market, line(found, "tr")) == found


@given(st.lists(st.sampled_from([*OPTIONS, "btc", ">", "3", "1h", "7g", "%1", "onay"])))
def test_options_take_their_words_out_and_leave_the_rest_in_order(words):
    try:
        rest, _ = options(words, NOW)
    except UserError:
        return
    kept = iter(words)
    assert all(word in kept for word in rest)
    assert not set(OPTIONS) & set(rest)


def test_durations():
    assert [duration(word) for word in ("15m", "2SA", "7gün", "1w")] == [
        900_000,
        2 * HOUR,
        7 * DAY,
        7 * DAY,
    ]
    assert [duration(word) for word in ("", "0h", "h", "15", "1y", "-1h")] == [None] * 6


def test_the_formulas_of_a_user_together_are_bounded_and_broken_ones_do_not_count():
    one = BLANK._replace(kind="formula", text="median(close, 300) > 1")
    heavy = [one._replace(text=f"median(close, {300 - i}) > 1") for i in range(20)]
    affordable([one, BLANK._replace(text="> 3"), one._replace(text="nosuch > 3")])
    with pytest.raises(UserError):
        affordable(heavy)


@pytest.mark.parametrize("typed", ["btc > 7 acil sessiz", "btc > 7 sessiz urgent"])
def test_an_alarm_is_not_urgent_and_silent_at_once(market, typed):
    with pytest.raises(UserError, match="either urgent or silent"):
        asked(market, typed)
    assert asked(market, "btc > 7 acil acil").severity == "urgent"
