import pytest

from db import Push


def test_the_zone_is_kept_and_a_wrong_one_refused(say, database):
    assert "Europe/Berlin" in say("/ayar saat Europe/Berlin")[0].text
    assert database.person(7).zone == "Europe/Berlin"
    for wrong in ("Mars/Base", "../../etc/passwd", ""):
        assert say(f"/ayar saat {wrong}")[0].failed == 1


def test_a_report_is_kept_shown_and_turned_off(say, database, clock):
    assert "09:30" in say("/ayar rapor p btc 9:30")[0].text
    assert database.pushes(7)[0][:4] == (7, "p btc", 7, 570)
    assert "/p btc – 09:30" in say("/ayar")[0].text
    assert "Kapatıldı" in say("/ayar rapor p btc kapat")[0].text
    assert database.pushes(7) == []
    assert "yoktu" in say("/ayar rapor p btc kapat")[0].text


def test_a_time_already_past_waits_for_tomorrow(say, database, clock):
    say("/ayar rapor p 00:01")
    say("/ayar rapor pg 23:59")
    days = {push.line: push.day for push in database.pushes(7)}
    assert days["p"] and not days["pg"]


@pytest.mark.parametrize(
    "line",
    ["/ayar x", "/ayar rapor", "/ayar rapor p", "/ayar rapor p 25:00", "/ayar rapor dar 9:00"],
)
def test_wrong_words_are_refused(say, line):
    assert say(line)[0].failed == 1


def test_reports_are_limited(say, database):
    for i in range(10):
        database.save_push(Push(7, f"p {i + 1}", 7, 5, ""))
    assert say("/ayar rapor t 09:00")[0].failed == 1
