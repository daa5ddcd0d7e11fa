"""alarm_offers.py: what is offered is written once, in its place, and never doubled."""

import html
import json

import pytest

import alarm_offers
from alarm_rows import PAUSED, Alarm, State
from bot import UserError


def pressed(reply):
    return reply.buttons[0][0][1].split()[-1]


def test_a_new_form_keeps_the_number_the_history_and_the_options_not_named(ctx, database, drawn):
    made = ctx("x y")
    shown = alarm_offers.one(made, ["btc", ">", "900k", "tekrar", "4h", "acil"])
    alarm_offers.save(made, pressed(shown))
    database.alarms.save([State(1, "BTCUSDT", False, 5.0, 6, 7)])
    database.alarms.change(7, 1, state=PAUSED, last_fired=6)
    old = database.alarms.find(7, 1)
    shown = alarm_offers.one(made, ["eth", "<", "5"], old)
    assert "Alarm 1 yerine: btc &gt; 900000" in shown.text
    assert "değişti: eth &lt; 5" in alarm_offers.save(made, pressed(shown)).text
    (alarm,) = database.alarms.active()
    assert (alarm.id, alarm.text, alarm.targets) == (1, "< 5", "ETHUSDT")
    assert (alarm.cooldown, alarm.severity, alarm.last_fired) == (4 * 3_600_000, "urgent", 6)
    assert set(database.alarms.states()) == {(1, "ETHUSDT")}


def test_a_new_form_of_an_alarm_that_is_gone_or_anothers_is_not_written(ctx, database, drawn):
    made = ctx("x y")
    alarm_offers.save(made, pressed(alarm_offers.one(made, ["btc", ">", "900k"])))
    token = pressed(alarm_offers.one(made, ["btc", ">", "800k"], database.alarms.find(7, 1)))
    database.alarms.remove(7, 1)
    with pytest.raises(UserError):
        alarm_offers.save(made, token)
    assert database.alarms.of(7) == []


def test_a_new_form_of_another_kind_keeps_nothing_of_the_old_condition(ctx, database, drawn):
    made = ctx("x y")
    alarm_offers.save(made, pressed(alarm_offers.one(made, ["eth", "4h", "rsi", "<", "30"])))
    shown = alarm_offers.one(made, ["btc", ">", "900k"], database.alarms.find(7, 1))
    alarm_offers.save(made, pressed(shown))
    (alarm,) = database.alarms.active()
    assert (alarm.kind, alarm.interval, alarm.band) == ("price", "", 2700.0)


def test_many_lines_are_offered_at_once_without_those_there(ctx, database, drawn):
    made = ctx("x y")
    alarm_offers.save(made, pressed(alarm_offers.one(made, ["btc", ">", "900k"])))
    text = "btc > 900k\neth < 5\nnope > > 3\n<b> & > 1\neth < 5\nap > 75 tekrar 2h"
    shown = alarm_offers.many(made, text)
    assert "2 yeni alarm, 2 zaten var, 2 anlaşılmadı" in shown.text and "&lt;b&gt;" in shown.text
    assert "2 alarm kuruldu" in alarm_offers.save(made, pressed(shown)).text
    assert [alarm.text for alarm in database.alarms.active()] == ["> 900000", "< 5", "> 75"]
    assert alarm_offers.many(made, text).buttons == []


def test_a_broken_code_among_others_and_what_does_not_fit_are_told(ctx, database, drawn):
    made = ctx("x y", lang="en")
    for number in range(alarm_offers.MAX_ALARMS - 2):
        database.alarms.add(Alarm(7, 7, "price", f"> {number}", "BTCUSDT"))
    prices = "".join(f"eth > {number}\n" for number in range(1, 4))
    shown = alarm_offers.many(made, f"{prices}brokencodehere\n" + "btc > 0\n" * 200)
    assert "✖️ brokencodehere: This code is broken" in shown.text
    assert shown.text.endswith("Lines not read: 4.")
    told = alarm_offers.save(made, pressed(shown)).text
    assert told == "⏰ 2 alarms are set. 1 did not fit: at most 200 alarms."


def test_a_button_of_another_saves_nothing(ctx, database):
    token = database.keep_token(8, json.dumps([]))
    with pytest.raises(UserError):
        alarm_offers.save(ctx("x y"), token)


def test_an_alarm_that_orders_is_a_trader_s_and_a_reader_s_alarm_only_tells(say):
    line = "/alarm btc > 1 sonra al 100"
    assert "izniniz yok" in say(line, role="reader")[0].text
    assert say("/alarm btc > 1", role="reader")[0].failed == 0
    assert say(line, role="trader")[0].failed == 0
    assert "özel sohbette" in say(line, role="trader", kind="supergroup")[0].text


def test_an_alarm_that_orders_says_so_before_it_is_saved(say, ctx):
    typed = "/alarm btc > 1 sonra al 100 %5 %2"
    assert "sonra al 100 %5 %2" in say(typed)[0].text and "(KAĞIT)" in say(typed)[0].text
    ctx().db.orders.save_trader(7, mode="live")
    assert "/canli izin" in say(typed)[0].text


def test_the_usual_band_is_for_what_is_typed_not_for_what_is_taken(ctx, database, drawn):
    database.save_person(7, band="%1")
    made = ctx("x y")
    alarm_offers.save(made, pressed(alarm_offers.one(made, ["btc", ">", "900k"])))
    alarm_offers.save(made, pressed(alarm_offers.one(made, ["eth", ">", "900k"], taken=True)))
    alarm_offers.save(made, pressed(alarm_offers.many(made, "sol > 900k")))
    assert [alarm.band for alarm in database.alarms.active()] == [9000.0, 2700.0, 2700.0]


def test_the_same_alarm_again_is_pointed_out(ctx, database, drawn):
    made, words = ctx("x y"), ["btc", ">", "900k", "seviye"]
    first = alarm_offers.one(made, words)
    assert "Aynısı" not in first.text and "seviye" in first.text
    alarm_offers.save(made, pressed(first))
    assert "Aynısı zaten var: 1." in alarm_offers.one(made, words).text
    assert "Aynısı" not in alarm_offers.one(made, [*words, "sonra", "al", "100"]).text
    assert "Aynısı" not in alarm_offers.one(made, words, database.alarms.find(7, 1)).text


def examples(manual):
    """Return the alarms a manual shows, and each option of it behind one of them."""
    told = html.unescape(manual)
    shown = [row.split("</code>")[0] for row in told.split("<code>/alarm ")[1:6]]
    rows = told.split("</b>\n")[2].split("\n<b>")[0].splitlines()
    ends = [end.split(" – ")[0] for row in rows for end in row.split("; ") if " – " in end]
    return shown + [f"btc > 70000 {end}" for end in ends]


@pytest.mark.parametrize("manual", alarm_offers.MANUAL)
def test_every_alarm_and_option_the_manual_shows_is_understood(ctx, manual):
    every = examples(manual)
    assert len(every) == 13
    plain = alarm_offers.read(ctx(), every[0].split(), alarm_offers.blank(ctx()))
    for words in every[1:]:
        read = alarm_offers.read(ctx(), words.split(), alarm_offers.blank(ctx()))
        assert read != plain, words
