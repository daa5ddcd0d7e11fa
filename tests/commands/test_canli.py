from dataclasses import replace

import pytest

import bot


def test_alarms_get_leave_for_live_orders_for_some_days(ctx, say, clock, settings, monkeypatch):
    assert say("/canli izin 7")[0].text.startswith("<b>Canlıya geçilemez")
    monkeypatch.setattr("accounts.Accounts.missing", lambda *_: iter(()))
    rows = ctx().db.orders
    assert "Until" in say("/live allow 7", lang="en")[0].text
    assert rows.trader(7).approved == int(clock() * 1000) + 7 * 86_400_000
    for wrong in ("/canli izin", "/canli izin 0", "/canli izin 31", "/canli izin x"):
        assert say(wrong)[0].failed == 1
    assert "veremez" in say("/canli izin kapat")[0].text
    assert rows.trader(7).approved is None


@pytest.mark.parametrize("words", ["/canli kapat", "/live off"])
def test_off_is_off(ctx, say, words, monkeypatch):
    monkeypatch.setattr("accounts.Accounts.missing", lambda *_: iter(()))
    rows = ctx().db.orders
    rows.save_trader(7, mode="live", approved=int(9e15))
    (told,) = say(words)
    assert not told.buttons and told.text.startswith("📄 KAĞIT")
    assert (rows.trader(7).mode, rows.trader(7).approved) == ("paper", None)


def test_what_it_does_not_know_leads_nobody_into_live_trading(say, monkeypatch):
    monkeypatch.setattr("accounts.Accounts.missing", lambda *_: iter(()))
    assert say("/canli hayır")[0].failed == 1


def test_live_says_what_is_missing(say):
    (told,) = say("/canli")
    assert all(word in told.text for word in ("LIVE_TRADING=1", "MASTER_KEY", "/apikey"))
    assert say("/canli onay yok")[0].failed == 1
    assert "Not yet" in say("/live", lang="en")[0].text


def test_no_leave_is_given_by_words_that_waited_for_the_bot(ctx, monkeypatch):
    monkeypatch.setattr("accounts.Accounts.missing", lambda *_: iter(()))
    asking = ctx()
    (told,) = bot.answer("/canli izin 7", replace(asking, asked=asking.now - 61_000))
    assert told.failed and asking.db.orders.trader(7).approved is None
