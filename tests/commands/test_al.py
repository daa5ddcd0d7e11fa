import pytest

from orders import PAPER


def test_a_purchase_is_shown_then_made_once_with_its_guards(say, database):
    (card,) = say("/al btc 100usdt %5 %2")
    assert card.text.startswith("<b>KAĞIT · AL BTC</b> (piyasa)\n100,00 USDT\nBeklenen fiyat ")
    assert "🎯 Hedef %+5,0 → " in card.text and "🛡 Zarar durdur %-2,0 → " in card.text
    assert "En kötü: -2,20 USDT · bugünkü kayıp sınırına kalan 500,00 USDT" in card.text
    assert "Yorum: onay 30 saniye" in card.text and database.orders.of(7, PAPER) == []
    (yes, no), *_ = card.buttons
    assert no[1].startswith("/emir vazgec ")
    (done,) = say(yes[1])
    assert "✅ gerçekleşti: 0," in done.text and "🛡 #2 fiyat " in done.text
    assert say(yes[1])[0].text == done.text and len(database.orders.of(7, PAPER)) == 2


def test_a_plain_purchase_in_english(say):
    (card,) = say("/buy eth 50usdt", lang="en")
    assert card.text.startswith("<b>PAPER · BUY ETH</b> (market)") and "🛡" not in card.text
    assert "At worst: -50.00 USDT" in card.text


def test_what_cannot_be_is_told(say):
    assert "bir miktar değil" in say("/al btc çok")[0].text
    for line in ("/al 100 btc", "/sat %50 btc", "/emir al 100usdt btc limit 50000"):
        assert "Önce coin, sonra miktar" in say(line)[0].text
    assert "\n100,00 USDT\n" in say("/al btc 100 dolar")[0].text
    assert "Yetersiz" in say("/al btc 1btc")[0].text or "Sınır" in say("/al btc 1btc")[0].text
    assert "Emir çok küçük" in say("/al btc 1usdt")[0].text
    assert "bir emir için en çok 1.000" in say("/al btc 2000usdt")[0].text
    assert "özel sohbette" in say("/al btc 100usdt", kind="group")[0].text
    assert (
        "0,1 ile 90" in say("/al btc 100usdt %5 %95")[0].text
        or "arasında" in say("/al btc 100usdt %5 %95")[0].text
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/al btc 6usdt %5 %50", "en az 5 USDT"),
        ("/al btc 100usdt %1000 %5", "arasında olmalı"),
    ],
)
def test_what_could_not_be_protected_is_not_bought(say, line, words):
    (told,) = say(line)
    assert "Koruma emri konamaz" in told.text and words in told.text and not told.buttons


def test_no_more_stops_are_promised_than_the_exchange_takes(say, clock):
    for _ in range(5):
        say(say("/al btc 20usdt %5 %2")[0].buttons[0][0][1])
        clock.now += 11
    assert "zaten 5 stop var" in say("/al btc 20usdt %5 %2")[0].text


def test_the_book_is_not_said_to_be_short_for_a_rounding(say):
    assert "Defter" not in say("/al btc 7usdt")[0].text


def test_a_unit_may_stand_apart(say):
    for apart, together in (
        ("/al btc 100 USDT %5 %2", "/al btc 100usdt %5 %2"),
        ("/buy btc 0.002 btc", "/buy btc 0.002btc"),
        ("/emir al btc 100 $ limit 60000", "/emir al btc 100$ limit 60000"),
        ("/sat btc 5 usdt", "/sat btc 5usdt"),
    ):
        one, other = (say(line)[0].text.splitlines()[:2] for line in (apart, together))
        assert one == other, apart
    assert "100,00 USDT" in say("/al btc 100 usdt")[0].text
