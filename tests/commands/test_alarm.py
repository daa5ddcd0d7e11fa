from alarm_rows import ACTIVE, PAUSED, Alarm, Firing, State


def pressed(say, line):
    """Ask for an alarm and press its button."""
    (shown,) = say(line)
    assert not shown.failed, shown.text
    ((button,),) = shown.buttons
    return shown, button[1]


def test_an_alarm_is_shown_first_and_saved_once_by_its_button(say, database, clock):
    shown, button = pressed(say, "/alarm btc > 900k tekrar 4h")
    assert "<b>⏰ btc &gt; 900000</b>" in shown.text and "0 kez çalardı" in shown.text
    assert database.alarms.of(7) == []
    (saved,) = say(button)
    assert "Alarm 1 kuruldu: btc &gt; 900000 (tekrar 4sa)" in saved.text
    (alarm,) = database.alarms.active()
    assert (alarm.text, alarm.cooldown, alarm.chat_id) == ("> 900000", 4 * 3_600_000, 7)
    assert database.alarms.states()[1, "BTCUSDT"].armed
    (used,) = say(button)
    assert used.failed == 1 and "\n" not in used.text and len(database.alarms.active()) == 1


def test_an_hour_old_button_saves_nothing(say, database, clock):
    _, button = pressed(say, "/a btc > 900k")
    clock.now += 3601
    assert say(button)[0].failed == 1 and database.alarms.active() == []


def test_every_kind_has_its_preview_in_both_languages(say):
    for line in (
        "btc %5 15m",
        "eth 4h rsi < 30 bitiş 7g",
        "ap > 75",
        "fr btc > 0.05",
        "ilk 3 rsi < 9",
    ):
        assert "Yorum: " in pressed(say, f"/alarm {line}")[0].text
        (english,) = say(f"/alarm {line}", lang="en")
        assert "Comment: " in english.text and "Yorum" not in english.text


def test_what_is_not_there_yet_or_makes_no_sense_is_said(say):
    assert "sonra al 100 %5" in say("/alarm btc > 3 sonra")[0].text
    assert "Favoriniz yok" in say("/alarm favoriler rsi < 30")[0].text
    assert say("/alarm btc")[0].failed == 1


def test_pause_resume_snooze_set_again_and_delete(say, database, clock):
    say(pressed(say, "/alarm btc > 900k")[1])
    assert "durduruldu" in say("/alarm durdur 1")[0].text
    assert database.alarms.find(7, 1).state == PAUSED
    assert "devam" in say("/alarm devam 1")[0].text
    database.alarms.save([State(1, "BTCUSDT", False, 1.0, 5, 5)], done=[1])
    assert "ertelendi" in say("/alarm ertele 1")[0].text
    alarm = database.alarms.find(7, 1)
    assert alarm.state == ACTIVE and alarm.snooze == int(clock() * 1000) + 3_600_000
    assert database.alarms.states()[1, "BTCUSDT"] == State(1, "BTCUSDT", True, 1.0, None, 5)
    assert "yeniden" in say("/alarm kur 1")[0].text and database.alarms.states() == {}
    assert "silindi" in say("/alarm sil 1")[0].text and database.alarms.of(7) == []
    for verb in ("sil", "durdur", "devam", "ertele", "kur", "neden"):
        assert "alarmınız yok: /alarmlar" in say(f"/alarm {verb} 1")[0].text
    for verb in ("del", "delete", "remove"):
        assert "no such alarm" in say(f"/alarm {verb} 1", lang="en")[0].text
    for line in ("/alarm sil", "/alarm sil hepsi", "/alarm sil 1.5"):
        assert say(line, lang="en")[0].text == "The alarm of which number? /alarms"


def test_why_tells_what_is_known_of_a_coin_that_is_gone(say, database, clock):
    gone = Alarm(7, 7, "formula", "close > 1", "GONEUSDT", interval="1h")
    database.alarms.add(gone)
    told = Firing(1, 7, 7, "GONEUSDT", int(clock() * 1000), 2.0, "1h close > 1", source="okx")
    database.alarms.save([], [told])
    (why,) = say("/alarm neden 1", lang="en")
    assert not why.failed and "-1121" in why.text
    assert "Source: OKX" in why.text and "At: " in why.text


def test_what_was_while_an_alarm_did_not_watch_is_none_of_its_crossings(say, database, clock):
    say(pressed(say, "/alarm btc > 900k tekrar 1h")[1])
    for stop, go_on in (("durdur", "devam"), ("durdur", "kur"), ("durdur", "ertele")):
        say(f"/alarm {stop} 1")
        clock.now += 7200
        say(f"/alarm {go_on} 1")
        assert database.alarms.find(7, 1).made == int(clock() * 1000)
    begun = int(clock() * 1000)
    clock.now += 60
    say("/alarm devam 1")
    assert database.alarms.find(7, 1).made == begun
    say("/alarm kur 1")
    assert database.alarms.find(7, 1).made == begun + 60_000


def test_why_tells_of_a_firing_of_ones_own(say, database):
    say(pressed(say, "/alarm btc 1h close > 1 seviye")[1])
    database.alarms.save([], [Firing(1, 7, 7, "BTCUSDT", 5, 2.0, "1h close > 1")])
    assert "1h close &gt; 1" in say("/alarm neden 1")[0].text
    database.alarms.save([], [Firing(1, 8, 8, "BTCUSDT", 5, 2.0, "1h close > 1")])
    assert say("/alarm neden 2")[0].failed == 1


def test_the_chart_of_a_firing_of_ones_own(say, database, drawn):
    firing = Firing(1, 7, 7, "BTCUSDT", 1_795_500_000_000, 2.0, "> 1")
    database.alarms.save([], [firing, firing._replace(user_id=8), firing._replace(symbol="")])
    (shown,) = say("/alarm grafik 1")
    assert shown.photo and "BTC &gt; 1" in shown.text and "beri" in shown.text
    assert say("/alarm grafik 2")[0].failed == say("/alarm grafik 3")[0].failed == 1
