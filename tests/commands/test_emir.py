import pytest

from order_rows import DROPPED
from orders import LIMIT, OCO, PAPER, STOP, TRAIL


@pytest.fixture
def price(market):
    return market.prices().data["BTCUSDT"]


@pytest.mark.parametrize(
    ("line", "kind", "held"),
    [
        ("/emir al btc 100usdt limit {0.9}", LIMIT, "fiyat"),
        ("/emir sat btc 0.001 limit {1.1}", LIMIT, "fiyat"),
        ("/emir sat btc 0.001 stop {0.95}", STOP, "tetik"),
        ("/emir sat btc 0.001 stop {0.95} {0.94}", STOP, "limiti"),
        ("/order sell btc 0.001 oco {1.1} {0.95}", OCO, "fiyat"),
        ("/emir sat btc 0.001 iz %2", TRAIL, "iz %2,00"),
    ],
)
def test_every_kind_is_shown_made_and_canceled(say, database, price, line, kind, held):
    say(say("/al btc 300usdt")[0].buttons[0][0][1])
    for share in (0.9, 0.94, 0.95, 1.1):
        line = line.replace(f"{{{share}}}", f"{price * share:.2f}")
    (card,) = say(line)
    assert held in card.text
    (done,) = say(card.buttons[0][0][1])
    made = database.orders.of(7, PAPER)[-1]
    assert "⏳ bekliyor" in done.text and made.kind == kind
    assert "bitti" in say(f"/iptal {made.id}")[0].text


def test_a_dropped_card_makes_nothing(say, database):
    (card,) = say("/al btc 100usdt")
    assert "verilmedi" in say(card.buttons[0][1][1])[0].text
    assert "süresi geçti" in say(card.buttons[0][0][1])[0].text
    assert database.orders.of(7, PAPER) == []


def test_what_was_made_is_not_said_to_be_dropped(say, database):
    (card,) = say("/al btc 100usdt")
    say(card.buttons[0][0][1])
    assert "✅ gerçekleşti" in say(card.buttons[0][1][1])[0].text
    assert len(database.orders.of(7, PAPER)) == 1


def test_a_late_tap_makes_nothing(say, clock, database):
    (card,) = say("/al btc 100usdt")
    clock.now += 31
    assert "süresi geçti" in say(card.buttons[0][0][1])[0].text
    assert [one for one in database.orders.of(7, PAPER) if one.state != DROPPED] == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/emir", "Eksik"),
        ("/emir btc", "al ya da sat"),
        ("/emir al btc 100usdt", "Eksik"),
        ("/emir al btc 100usdt hemen", "Tür: limit"),
        ("/emir al btc 100usdt limit 1", "arasında"),
        ("/emir al btc 100usdt limit 60000", "uzak"),
        ("/emir sat btc 0.001 oco 1 2", ""),
        ("/emir onay yok", "süresi geçti"),
    ],
)
def test_what_is_not_understood_is_told(say, line, words):
    (told,) = say(line)
    assert told.failed == 1 and words in told.text
