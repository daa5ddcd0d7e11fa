import re
from dataclasses import replace

import bot
import checkup
from checkup import DOUBT, WELL
from local.accounts import key_pair
from order_rows import Key
from tests.bots import texts
from vault import Pair, seal

LIGHT = re.compile("^(✅|⚠️|❌) ")


def test_every_line_has_its_light_and_the_drills_are_run(say):
    text = say("/doktor")[-1].text
    head, *lines = text.splitlines()
    assert head == "<b>🩺 Muayene</b>" and all(LIGHT.match(line) for line in lines[:-2])
    assert text.count("Tatbikat") == len(checkup.DRILLS) and "❌ 0 sorun" in text
    assert "yolunda" not in text


def test_it_says_when_all_is_well(say, monkeypatch):
    monkeypatch.setattr("commands.doktor.examined", lambda ctx: [(WELL, "a"), (WELL, "b")])
    assert say("/doctor", lang="en")[-1].text.endswith("✅ a\n✅ b\n\nAll is well.")
    monkeypatch.setattr("commands.doktor.examined", lambda ctx: [(DOUBT, "a")])
    assert "⚠️ 1 doubtful" in say("/doctor", lang="en")[-1].text


def test_it_is_for_admins_in_private(say):
    assert say("/doktor", role="trader")[0].failed == 1
    assert say("/doktor", kind="group")[0].failed == 1


def test_the_local_telegram_is_asked_how_long_the_message_waited(server, open_bot):
    open_bot()
    server.say(1, "/doktor")
    said = server.until(lambda: next((one for one in texts(server) if "Muayene" in one), None))
    assert "Webhook yok" in said and "İletiniz" in said


def test_the_exchange_is_asked_whether_the_key_may_withdraw(ctx, settings, database):
    word, pair = "the master password", Pair(*key_pair("withdraw"))
    database.orders.save_keys([Key(7, "KK…", seal(pair, 7, word), 5)])
    base = replace(ctx(), config=settings(MASTER_KEY=word))
    text = list(bot.answer("/doktor", base))[-1].text
    assert "❌ Borsa anahtarınız para çekebiliyor" in text
    assert not any(secret in text for secret in (*pair, word))
