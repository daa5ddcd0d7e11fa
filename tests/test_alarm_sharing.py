"""alarm_sharing.py: through the chat, a code to another person and a file there and back."""

from dataclasses import replace

import pytest

import alarm_sharing
from alarm_codes import written
from bot import UserError
from tests.bots import settle


@pytest.fixture
def set_up(say, drawn, database):
    for line in ("btc > 900k tekrar 4h", "eth 4h rsi < 30", "ap > 75 sessiz"):
        (shown,) = say(f"/alarm {line}")
        say(shown.buttons[0][0][1])
    return database.alarms.of(7)


def test_a_code_sets_the_same_alarm_for_another(say, set_up, ctx, database):
    (told,) = say("/alarm paylaş 2")
    code = told.text.split("/alarm al ")[1].removesuffix("</code>")
    other = replace(ctx(f"al {code}"), user=replace(ctx().user, id=8))
    token = alarm_sharing.take(other).buttons[0][0][1].split()[-1]
    assert database.take_token(7, token) is None and database.take_token(8, token)
    assert say("/alarm paylaş 9")[0].failed and say("/alarm al 1234567890123456")[0].failed


def test_an_order_that_does_not_go_along_is_told(say, set_up, database, ctx):
    assert "⚠️" not in say("/alarm paylaş 1")[0].text + say("/alarm dışa")[0].text
    database.alarms.add(set_up[0]._replace(text="> 800000", follow="BUY 100 - 5 2"))
    number = database.alarms.of(7)[-1].id
    assert f"Emri birlikte gitmez: {number}" in say(f"/alarm paylaş {number}")[0].text
    (told,) = say("/alarm export", lang="en")
    assert told.text.endswith(f"The order stays behind: {number}") and b"buy" not in told.file[1]


def test_an_alarm_is_shown_to_be_changed_and_changed(say, set_up, database):
    (told,) = say("/alarm düzelt 1")
    assert "/alarm düzelt 1 btc &gt; 900000 tekrar 4h</code>" in told.text
    (shown,) = say("/alarm düzelt 1 btc > 800k")
    assert "değişti" in say(shown.buttons[0][0][1])[0].text
    assert database.alarms.find(7, 1).text == "> 800000"
    assert say("/alarm edit 9 btc > 3", lang="en")[0].failed


def test_a_file_that_goes_out_comes_in_again(server, open_bot, drawn, set_up, database, ctx):
    for alarm in set_up:
        database.alarms.add(alarm._replace(user_id=1, chat_id=1))
    bot = open_bot()
    asked = server.say(1, "/alarm dışa")
    file = server.wait(1, after=asked).document
    assert file.data.decode().splitlines() == [written(a, ctx().now) for a in set_up]
    for alarm in database.alarms.of(1):
        database.alarms.remove(1, alarm.id)
    sent = server.send(1, "x.txt", file.data, "/alarm içe")
    shown = server.wait(1, after=sent)
    assert shown.text.startswith("⏰ 3 yeni alarm")
    server.press(1, shown.id, shown.buttons[0][0]["callback_data"])
    assert "3 alarm kuruldu" in server.wait(1, after=shown).text
    settle(bot)
    strip = {"id": 0, "made": 0, "user_id": 7, "chat_id": 7}
    again = [a._replace(**strip) for a in database.alarms.of(1)]
    assert again == [a._replace(**strip) for a in set_up]


def test_what_is_no_file_of_alarms_is_answered(server, open_bot):
    open_bot()
    sent = server.send(1, "x.bin", b"\xff\x00" * 50_000, "/alarm içe")
    assert "0 yeni" in server.wait(1, after=sent).text
    sent = server.send(1, "x.bin", b"x" * 200_001, "/alarm import")
    assert "çok büyük" in server.wait(1, after=sent).text
    server.fault("getFile", 400)
    sent = server.send(1, "x.txt", b"btc > 1", "/alarm içe")
    assert "alınamadı" in server.wait(1, after=sent).text


def test_lines_below_the_command_are_taken_too(say, drawn, database):
    assert "2 yeni" in say("/alarm içe\nbtc > 900k\neth < 5 tekrar")[0].text
    assert say("/alarm içe")[0].failed == 1 and say("/alarm dışa")[0].failed == 1


def test_a_context_without_an_alarm_is_refused(ctx):
    for act in (alarm_sharing.share, alarm_sharing.edit):
        with pytest.raises(UserError):
            act(ctx("x 3"))
