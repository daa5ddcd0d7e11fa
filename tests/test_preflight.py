"""preflight.py: what the card says is what the book, the rules and the account say."""

from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import preflight
from bot import User, UserError
from order_rows import meant
from orders import (
    BUY,
    LIMIT,
    LIVE,
    MARKET,
    OCO,
    PAPER,
    SELL,
    STOP,
    TRAIL,
    Amount,
    Balance,
    Draft,
    amount,
)
from risk import Limits
from tests.test_orders import BTC, drafts
from tests.test_trade import Exchange

D = Decimal
LIMITS = Limits(D(1000), D(10**6), D(5000), D(5), D(5), 10)
USER = User(7, "Ayşe")
HELD = {"USDT": Balance(D(10000)), "BTC": Balance(D("0.5"), D("0.1"))}
BUYING = Draft("BTCUSDT", BUY, MARKET)


@pytest.fixture
def look(market, database, clock):
    broker = Exchange()
    broker.balances = lambda: HELD

    def made(draft, **limits):
        now = int(clock() * 1000)
        return preflight.look(market, database, broker, LIMITS._replace(**limits), USER, draft, now)

    return made


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("100usdt", Amount(D(100), "USDT")),
        ("100$", Amount(D(100), "USDT")),
        ("%50", Amount(D(50), "%")),
        ("50%", Amount(D(50), "%")),
        ("0,5btc", Amount(D("0.5"), "BTC")),
        ("0.5", Amount(D("0.5"), "")),
        *((word, None) for word in ("", "%", "%0", "0", "-1", "%101", "%5btc", "1.2.3", "ı1")),
    ],
)
def test_an_amount_is_read_or_refused(word, found):
    assert amount(word) == found


@given(st.text(max_size=30))
def test_any_word_is_an_amount_above_zero_or_none(word):
    found = amount(word)
    assert found is None or found.number > 0


@pytest.mark.parametrize(
    ("draft", "wanted", "quantity", "spend"),
    [
        (BUYING, Amount(D(100), ""), None, D(100)),
        (BUYING, Amount(D("0.1"), "BTC"), D("0.1"), None),
        (BUYING, Amount(D(25), "%"), None, D(2500)),
        (Draft("BTCUSDT", BUY, LIMIT, price=D(50000)), Amount(D(100), "USDT"), D("0.002"), None),
        (Draft("BTCUSDT", SELL, MARKET), Amount(D(50), "%"), D("0.25"), None),
        (Draft("BTCUSDT", SELL, MARKET), Amount(D("0.2"), ""), D("0.2"), None),
        (Draft("BTCUSDT", SELL, MARKET), Amount(D(600), "USDT"), None, D(600)),
    ],
)
def test_an_amount_is_in_coins_quote_or_a_share_of_what_is_free(draft, wanted, quantity, spend):
    done = preflight.sized(draft, wanted, BTC, HELD)
    assert (done.quantity, done.spend) == (quantity, spend)


def test_another_unit_is_refused():
    with pytest.raises(UserError, match="BTC, USDT or %"):
        preflight.sized(BUYING, Amount(D(1), "ETH"), BTC, HELD)


def test_a_market_order_is_priced_by_the_book(look, market):
    ticket = look(BUYING._replace(spend=D(900)))
    best = market.book("BTCUSDT", 500).data.asks[0, 0]
    assert ticket.average >= D(str(float(best))) and ticket.filled == 1
    assert ticket.fee == D("0.9") and ticket.worth == 900 and ticket.free == 10000
    assert abs(ticket.slip) < 1 and ticket.worst == 900


def test_what_a_stop_would_lose_is_the_worst_case(look):
    ticket = look(BUYING._replace(spend=D(500), target=D(5), loss=D(2)))
    assert ticket.worst == 10 + 2 * D("0.5")


def test_an_order_bigger_than_the_book_is_only_partly_filled(market, look):
    thin = market.universe()
    symbol = min(thin, key=lambda s: market.tickers().data[s].turnover)
    caps = {"order": D(10**9), "coin": D(10**9), "day": D(10**9)}
    with pytest.raises(UserError, match="Not enough"):
        look(Draft(symbol, BUY, MARKET, spend=D(20_000)), **caps)
    average, filled = preflight.walked(market, Draft(symbol, BUY, MARKET, spend=D(10**9)), D(1))
    assert ZERO < filled < 1 and average > 0


ZERO = D(0)


def test_a_sale_that_leaves_dust_says_so(look, market):
    rest = D("0.00005")
    sale = Draft("BTCUSDT", SELL, MARKET, quantity=D("0.6") - rest)
    held = {"BTC": Balance(D("0.6"))}
    assert preflight.leftover(sale, BTC, held, D(60000)) == rest
    assert preflight.leftover(sale._replace(quantity=D("0.6")), BTC, held, D(60000)) == 0
    assert preflight.leftover(sale._replace(quantity=D("0.1")), BTC, held, D(60000)) == 0


def test_old_prices_make_no_ticket(look, market, monkeypatch):
    old = replace(market.prices(), stale=True)
    monkeypatch.setattr(market, "prices", lambda: old)
    with pytest.raises(UserError, match="stale"):
        look(BUYING._replace(spend=D(100)))


def test_a_coin_and_a_day_count_what_is_being_bought(look, database):
    draft = Draft("BTCUSDT", BUY, LIMIT, quantity=D("0.01"), price=D(30000))
    database.orders.add(meant(7, 7, PAPER, draft, last=D(60000)))
    standing = look(BUYING._replace(spend=D(100))).standing
    assert standing.bought == 300 and standing.coin > D("0.6") * 20000 + 300
    with pytest.raises(UserError, match="one day"):
        look(BUYING._replace(spend=D(100)), day=D(399))


@given(drafts())
def test_a_token_keeps_a_draft_to_the_last_digit(draft):
    wish = preflight.Wish(draft, PAPER, D("1.10"), 5)
    assert preflight.unpacked(preflight.packed(wish)) == wish


@pytest.mark.parametrize("body", ["", "x", "[]", "{}", '{"draft": 1}', "5"])
def test_another_body_is_no_ticket(body):
    with pytest.raises(ValueError):
        preflight.unpacked(body)


@pytest.mark.parametrize("symbol", ["ETHBTC", "BTCTRY"])
def test_no_cap_is_dodged_by_another_quote(look, symbol):
    with pytest.raises(UserError, match="only USDT pairs"):
        look(Draft(symbol, BUY, MARKET, spend=D(1)))


def test_a_day_is_not_begun_anew_by_another_time_zone(market, database, clock):
    broker = Exchange()
    broker.balances = lambda: HELD
    now = int(clock() * 1000)

    def look(zone):
        user = replace(USER, zone=ZoneInfo(zone))
        draft = BUYING._replace(spend=D(100))
        return preflight.look(market, database, broker, LIMITS, user, draft, now).standing

    opening = look("Europe/Istanbul").opening
    broker.balances = lambda: HELD | {"USDT": Balance(D(1000))}
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        with pytest.raises(UserError, match="loss is"):
            look(zone)
    assert opening > 30_000


def test_an_exit_is_not_held_back_by_what_else_is_held(look, market, monkeypatch):
    known = market.prices()
    data = {symbol: price for symbol, price in known.data.items() if symbol != "ETHUSDT"}
    monkeypatch.setattr(market, "prices", lambda: replace(known, data=data))
    monkeypatch.setitem(HELD, "ETH", Balance(D(1)))
    with pytest.raises(UserError, match="price of ETH"):
        look(BUYING._replace(spend=D(100)))
    assert look(Draft("BTCUSDT", SELL, MARKET, quantity=D("0.1"))).worst == 0


def test_live_a_stop_rests_at_the_exchange_where_that_does_not_trail(
    market, database, clock, monkeypatch
):
    broker, rules = Exchange(LIVE), preflight.rulebook.rules(market, "BTCUSDT")
    broker.balances = lambda: HELD
    last = preflight.price(market, "BTCUSDT", int(clock() * 1000))
    asked = Draft("BTCUSDT", SELL, TRAIL, D("0.1"), trail=200, bound=last * D("0.97"))
    for trails, kind in ((True, TRAIL), (False, STOP)):
        monkeypatch.setattr(
            "rulebook.rules", lambda *_, t=trails: rules._replace(trailing=t, trails=(10, 2000))
        )
        now = int(clock() * 1000)
        made = preflight.look(market, database, broker, LIMITS, USER, asked, now).draft
        assert (made.kind, made.trail) == (kind, 200)
    assert made.stop == pytest.approx(last * D("0.98"), rel=D("1e-4")) and made.bound < made.stop


def test_no_more_orders_rest_than_the_exchange_takes_of_a_coin(look, market, database, monkeypatch):
    rules = preflight.rulebook.rules(market, "BTCUSDT")._replace(most_orders=2)
    monkeypatch.setattr("rulebook.rules", lambda *_: rules)
    last = look(Draft("BTCUSDT", SELL, MARKET, quantity=D("0.1"))).last
    limit = Draft("BTCUSDT", SELL, LIMIT, D("0.1"), price=last * D("1.02"))
    pair = limit._replace(kind=OCO, stop=last * D("0.98"), bound=last * D("0.97"))
    assert look(pair).draft.kind == OCO
    database.orders.add(meant(USER.id, 9, "paper", limit))
    assert look(limit).draft.kind == LIMIT
    with pytest.raises(UserError, match="has 1 open orders"):
        look(pair)
    database.orders.add(meant(USER.id, 9, "paper", limit))
    with pytest.raises(UserError, match="has 2 open orders"):
        look(limit)
    assert look(Draft("BTCUSDT", SELL, MARKET, quantity=D("0.1"))).filled
