from alarm_rows import PAUSED, Alarm
from bot import UserError

ONE = Alarm(7, 7, "price", "> 900000", "BTCUSDT")


def test_the_list_says_how_far_each_is_and_has_buttons(say, database):
    assert "Alarmınız yok" in say("/alarmlar")[0].text
    database.alarms.add(ONE._replace(cooldown=5))
    assert say("/alarmlar")[0].text.endswith("Yorum: 1 alarm.")
    database.alarms.add(ONE._replace(kind="formula", text="rsi(14) < 30", interval="4h"))
    database.alarms.add(ONE._replace(user_id=8))
    database.alarms.change(7, 2, state=PAUSED)
    (told,) = say("/alarmlar")
    first, second = told.text.splitlines()[1:3]
    assert first.startswith("1. btc &gt; 900000 (%+") and "ATR" in first and "tekrar" in first
    assert second == "2. ⏸ btc 4h rsi(14) &lt; 30"
    assert "2 alarm, 1 tanesi durdurulmuş." in told.text
    lines = [line for row in told.buttons for _, line in row]
    assert lines[1:] == [
        "/alarm dışa",
        "/alarm durdur 1",
        "/alarm sil 1",
        "/alarm devam 2",
        "/alarm sil 2",
    ]
    assert "alarms 2, of them paused 1" in say("/alarms", lang="en")[0].text


def test_the_list_is_there_while_the_markets_are_silent(say, database, market, monkeypatch):
    def silent(*_):
        raise UserError("Yanıt yok.", "No answer.")

    monkeypatch.setattr(market, "tickers", silent)
    monkeypatch.setattr("gauges.gauge", silent)
    database.alarms.add(ONE._replace(band=2700.0))
    database.alarms.add(ONE._replace(kind="fg", text="> 75", targets="", band=1.0))
    (told,) = say("/alarmlar", lang="en")
    assert told.text.splitlines()[1:3] == [
        "1. btc &gt; 900000 (how far is not known)",
        "2. fg &gt; 75 (how far is not known)",
    ]
    assert ("✖️ 2", "/alarm sil 2") in [button for row in told.buttons for button in row]
