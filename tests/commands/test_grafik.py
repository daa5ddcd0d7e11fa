import numpy as np
import pytest

import chart
from alarm_rows import Alarm


def test_candles_and_three_averages_are_drawn(say, market, drawn):
    (reply,) = say("/grafik btc")
    ((only,), bars) = drawn, market.candles("BTCUSDT", "1h").data
    assert np.array_equal(only.close, bars.close[-120:]) and len(only.time) == 120
    assert [line.label for line in only.overlays] == ["ema(20)", "ema(50)", "ema(200)"]
    assert np.isfinite(only.overlays[2].values).all() and not only.panes
    assert only.last == market.tickers().data["BTCUSDT"].last and only.digits == 2
    assert reply.photo and reply.text.startswith("<b>🕯 BTC 1h</b>")
    assert "Yorum: fiyat" in reply.text and "ema(200)" in reply.text
    assert ("4h", "/grafik BTC 4h") in reply.buttons[0]


def test_what_was_asked_is_drawn_and_asked_again_by_the_buttons(say, drawn):
    (reply,) = say("/g pepe 4h bb(20,2.5) st rsi macd", lang="en")
    (only,) = drawn
    band, line = only.overlays
    assert isinstance(band, chart.Band) and line.label == "supertrend(10, 3)"
    assert [(pane.title, len(pane.lines), pane.levels) for pane in only.panes] == [
        ("RSI", 1, (30, 70)),
        ("MACD", 3, ()),
    ]
    assert [line.bars for line in only.panes[1].lines] == [False, False, True]
    assert "Comment: the price is" in reply.text
    assert ("1d", "/grafik PEPE 1d bb(20,2.5) st rsi macd") in reply.buttons[0]


def test_the_picture_is_as_the_user_wants_it(ctx, drawn):
    context = ctx("btc 1d rsi < 40", lang="en", name="grafik")
    context.commands["grafik"].run(context)
    assert drawn[0].look == chart.Look("dark", "Europe/Istanbul", False)
    assert {mark.kind for mark in drawn[0].marks} == {"alarm"}


def test_a_formula_by_name_and_a_coin_too_new(say, database, newest, drawn):
    database.save_formula(7, "mine", "sma(10) * 1.01")
    say("/grafik btc mine")
    assert [line.label for line in drawn[0].overlays] == ["mine"]
    (reply,) = say(f"/grafik {newest} 1d")
    assert "geçmiş kısa" in reply.text and np.isnan(drawn[1].overlays[2].values).all()


def test_alarms_of_the_user_and_levels_are_marked(say, database, drawn):
    alarm = Alarm(7, 7, "price", "> 52000.5", "BTCUSDT ETHUSDT")
    number = database.alarms.add(alarm)
    database.alarms.add(alarm._replace(user_id=8))
    database.alarms.add(alarm._replace(targets="ETHUSDT"))
    database.alarms.add(alarm._replace(kind="fr"))
    say("/grafik btc")
    ((kind, price, text, _),) = drawn[0].marks
    assert (kind, price, text) == ("alarm", 52000.5, f"alarm {number}")
    (told,), (reply,) = say("/t eth 4h"), say("/grafik eth 4h seviye")
    support, resistance, long, short = (mark.price for mark in drawn[1].marks[:4])
    for price in (support, resistance, long, short):
        assert f"{price:,.2f}".translate(str.maketrans(",.", ".,")) in told.text
    assert support < resistance and long < short
    assert ("1h", "/grafik ETH 1h seviye") in reply.buttons[0]


@pytest.mark.parametrize(
    "line",
    [
        *("/grafik", "/grafik nosuch", "/grafik btc rsix", "/grafik btc close > sma(50"),
        "/grafik btc ema1 ema2 ema3 ema4 ema5 ema6 ema7",
    ],
)
def test_what_cannot_be_drawn_is_refused(say, drawn, line):
    (reply,) = say(line)
    assert reply.failed == 1 and not drawn


@pytest.mark.slow
def test_it_comes_as_a_picture(say):
    (reply,) = say("/grafik eth 15m bb macd")
    assert reply.photo[:8] == b"\x89PNG\r\n\x1a\n"


def test_trades_and_open_orders_are_marked_in_private_only(say, drawn):
    say(say("/al btc 100usdt %5 %2")[0].buttons[0][0][1])
    for kind, wanted in (("private", ["buy", "stop", "target"]), ("group", [])):
        say("/grafik btc", kind=kind)
        assert sorted(mark.kind for mark in drawn[-1].marks) == wanted
    stop, target = drawn[0].marks[1], drawn[0].marks[0]
    assert (target.kind, target.text, stop.text) == ("target", "#2", "#2")
    assert stop.price < drawn[0].marks[2].price < target.price and drawn[0].marks[2].time > 0
