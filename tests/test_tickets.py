"""tickets.py: what people read of orders."""

from decimal import Decimal

import pytest

import tickets
import trade
from alarm_rows import Firing
from order_rows import DONE, DROPPED, REFUSED, STUCK, UNSURE, WORKING, meant
from orders import BUY, MARKET, PAPER, SELL, STOP, Draft, Fill, Seen

D = Decimal
DRAFT = Draft("BTCUSDT", BUY, MARKET, spend=D(100))


@pytest.mark.parametrize(
    ("value", "tr", "en"),
    [
        (D("0.00193"), "0,00193", "0.00193"),
        (D("1234.50"), "1.234,5", "1,234.5"),
        (D(0), "0", "0"),
        (D("1E-8"), "0,00000001", "0.00000001"),
    ],
)
def test_an_amount_has_every_digit(ctx, value, tr, en):
    assert tickets.number(ctx(), value) == tr and tickets.number(ctx(lang="en"), value) == en


@pytest.mark.parametrize("state", [DONE, WORKING, REFUSED, DROPPED, UNSURE, STUCK])
def test_every_state_has_words_and_no_reason_breaks_them(ctx, database, state):
    made = database.orders.add(meant(7, 7, PAPER, DRAFT))
    database.orders.change(made.id, state=state, reason="<b>bad & worse")
    told = tickets.report(ctx(), database.orders.find(7, made.id))
    assert told.startswith("<b>KAĞIT · AL BTC</b> (piyasa) #1\n") and "<b>bad" not in told
    assert ("&lt;b&gt;bad &amp; worse" in told) is (state == REFUSED)


@pytest.mark.parametrize("event", tickets.EVENTS)
def test_every_event_is_told_with_what_became_of_the_order(ctx, database, event):
    made = database.orders.add(meant(7, 7, PAPER, DRAFT))
    fill = Fill("1", D("60000"), D("0.001"), D("0.000001"), "BTC", 5)
    amounts = D("0.001"), D("0.001"), D(60)
    seen = Seen(
        made.client_ids[0], "1", "BTCUSDT", BUY, "MARKET", "FILLED", *amounts, fills=(fill,)
    )
    database.orders.book(made, DONE, [seen])
    firing = Firing(0, 7, 7, "BTCUSDT", 5, None, f"{event} {made.id}", tickets.ORDER)
    told = tickets.told(ctx(lang="en"), [firing])
    assert "0.001 @ 60,000.00 (fee 0.000001 BTC)" in told.text
    lines = [line for row in told.buttons for _, line in row]
    assert ("/sat btc %100" in lines) is (event == trade.BARE) and "/emirler" in lines


def test_another_users_order_is_not_told(ctx, database):
    made = database.orders.add(meant(8, 8, PAPER, DRAFT))
    firing = Firing(0, 7, 7, "BTCUSDT", 5, None, f"filled {made.id}", tickets.ORDER)
    assert tickets.told(ctx(), [firing]).text == ""


def test_levels_are_named(ctx):
    stop = Draft("BTCUSDT", SELL, STOP, D(1), stop=D(50000), bound=D(49000), trail=150)
    assert list(tickets.levels(ctx(lang="en"), stop)) == [
        "trigger 50,000.00",
        "its limit 49,000.00",
        "trail 1.50%",
    ]


def test_a_flood_of_events_is_one_message_that_telegram_takes_and_begins_with_the_worst(
    ctx, database
):
    events = [tickets.DECLINED, tickets.BARE] * 150
    made = [database.orders.add(meant(7, 7, PAPER, DRAFT)).id for _ in events]
    pairs = zip(events, made, strict=True)
    told = tickets.told(
        ctx(), [Firing(0, 7, 7, "", 1, None, f"{event} {i}", "order") for event, i in pairs]
    )
    assert told.text.startswith("<b>🚨 KORUMASIZ") and len(told.text) < 4 * 4096
    assert sum(map(len, told.buttons)) <= 100
    assert all(f"#{number}" in told.text for number in made)
