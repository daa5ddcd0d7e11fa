from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from bot import Chat
from db import Push


def test_the_zone_is_kept_and_a_wrong_one_refused(say, database):
    assert "Europe/Berlin" in say("/ayar saat Europe/Berlin")[0].text
    assert database.person(7).zone == "Europe/Berlin"
    assert "Europe/Istanbul" in say("/ayar saat İstanbul")[0].text
    assert "America/New_York" in say("/ayar zone new york")[0].text
    for wrong in ("gmt+3", "Mars/Base", "../../etc/passwd", ""):
        assert say(f"/ayar saat {wrong}")[0].failed == 1


def test_a_report_is_kept_shown_and_turned_off(say, database, clock):
    assert say("/ayar rapor p btc 9:30")[0].text.endswith("gelecek: 09:30 (Europe/Istanbul)")
    assert database.pushes(7)[0][:4] == (7, "p btc", 7, 570)
    shown = say("/ayar")[0]
    assert "/p btc – 09:30" in shown.text
    (label, line), *_ = shown.buttons[1]
    assert (label, line) == ("✖️ p btc 09:30", "/ayar rapor p btc kapat")
    (gone,) = say(line)
    assert "Kapatıldı" in gone.text and "/p btc" not in gone.text
    assert database.pushes(7) == []
    assert "yoktu" in say(line)[0].text


def test_a_report_comes_in_the_language_it_was_asked_in(say, database):
    say("/ayar report p 09:00", lang="en")
    assert database.person(7).lang == "en"


def test_a_time_already_past_waits_for_tomorrow(say, database):
    say("/ayar rapor p 09:01")
    say("/ayar rapor pg 09:03")
    assert {row.line: row.day for row in database.pushes(7)} == {
        "p": "2026-11-24",
        "pg": "2026-11-23",
    }


@pytest.mark.parametrize(
    ("word", "kept"), [("açık", "light"), ("LIGHT", "light"), ("koyu", "dark")]
)
def test_the_theme_of_pictures_is_kept_and_swapped_by_a_button(say, database, word, kept):
    (reply,) = say(f"/ayar tema {word}")
    assert database.person(7).theme == kept
    assert reply.text == f"Grafik teması: {'açık' if kept == 'light' else 'koyu'}"
    (shown,) = say("/ayar")
    assert "Grafik teması: koyu" in shown.text
    assert ("🎨 açık", "/ayar tema light") in shown.buttons[0]
    assert say("/ayar tema mavi")[0].failed == say("/ayar tema")[0].failed == 1


def test_quiet_hours_are_kept_shown_and_taken_away(say, database):
    database.alarms.fresh = False
    assert "23:00-07:00 (Europe/Istanbul)" in say("/ayar sessiz 23-7")[0].text
    assert database.person(7).quiet == "23:00-07:00" and database.alarms.fresh
    assert "kapatıldı" in say("/ayar sessiz kapat")[0].text and database.person(7).quiet == ""
    assert "Sessiz saatler: yok" in say("/ayar")[0].text
    for wrong in ("", "23", "7-7", "25-3"):
        assert say(f"/ayar sessiz {wrong}")[0].failed == 1


def test_the_usual_band_is_kept_shown_and_taken_away(say, database):
    assert "bandı: %0,3\n" in say("/ayar")[0].text
    assert say("/ayar bant %0,5")[0].text == "Fiyat alarmlarının bandı: %0,5"
    assert database.person(7).band == "%0.5" and "%0,5" in say("/ayar")[0].text
    assert say("/ayar band 1atr", lang="en")[0].text == "Band of price alarms: 1 ATR"
    assert say("/ayar band 0,5%", lang="en")[0].text == "Band of price alarms: 0.5%"
    assert "/ayar report p 9:00" in say("/settings", lang="en")[0].text
    assert "%0,3" in say("/ayar BANT SİL")[0].text and database.person(7).band == ""
    for wrong in ("", "x", "%0", "%90", "5btc"):
        assert say(f"/ayar bant {wrong}")[0].failed == 1


@pytest.mark.parametrize("line", ["p nosuchcoin", "t btc eth nope", "fg 999", "bt btc", "liq"])
def test_a_report_that_would_be_refused_every_day_is_refused_now(say, database, line):
    (reply,) = say(f"/ayar rapor {line} 09:00", lang="en")
    (today,) = [reply for reply in say(f"/{line}", lang="en") if reply.failed]
    assert reply.failed == 1 and reply.text == today.text and not database.pushes(7)


def test_a_report_that_only_the_moment_fails_is_kept(say, database, monkeypatch, ctx):
    def broken(ctx):
        raise ValueError

    commands = ctx().commands
    monkeypatch.setitem(commands, "fg", replace(commands["fg"], run=broken))
    assert not say("/ayar rapor fg 09:00")[0].failed and database.pushes(7)


def test_another_zone_moves_the_reports_and_skips_and_repeats_none(say, database, clock):
    say("/ayar rapor p 09:01")
    for zone, day in (
        ("America/Los_Angeles", "2026-11-23"),
        ("Asia/Tokyo", "2026-11-24"),
        ("Europe/London", "2026-11-23"),
    ):
        say(f"/ayar saat {zone}")
        (row,) = database.pushes(7)
        assert row.day == day == row.last(clock(), ZoneInfo(zone))[0]


def test_a_report_of_a_group_s_topic_goes_there(ctx, database):
    context = replace(ctx("rapor p 09:00", name="ayar"), chat=Chat(-5, "supergroup", 3))
    context.commands["ayar"].run(context)
    assert database.pushes(7)[0].chat_id == -5 and database.pushes(7)[0].topic == 3


@pytest.mark.parametrize(
    "line",
    [
        *("/ayar x", "/ayar rapor", "/ayar rapor p", "/ayar rapor p 25:00", "/ayar rapor dar 9:00"),
        *("/ayar rapor ayar 9:00", "/ayar rapor 9:00", f"/ayar rapor p {'btc ' * 50} 9:00"),
    ],
)
def test_wrong_words_are_refused(say, line):
    assert say(line)[0].failed == 1


@pytest.mark.parametrize("line", ["fav sil btc", "p_fav", "formul altin = sma(50) > sma(200)"])
def test_what_changes_a_person_s_lists_is_no_report(say, database, line):
    assert say(f"/ayar rapor {line} 09:00")[0].failed == 1 and database.pushes(7) == []


def test_a_report_said_to_a_bot_by_name_is_kept_without_it(say, database):
    assert "/p btc her gün" in say("/ayar rapor /p@dort5bot btc 09:00")[0].text
    assert [row.line for row in database.pushes(7)] == ["p btc"]


def test_reports_are_limited(say, database):
    for i in range(10):
        database.save_push(Push(7, f"p {i + 1}", 7, 5, ""))
    assert say("/ayar rapor t 09:00")[0].failed == 1
    assert say("/ayar rapor p 3 09:00")[0].failed == 0
