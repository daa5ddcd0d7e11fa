"""orders.py: drafts rounded to any symbol's rules break none of them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import UserError
from orders import (
    BUY,
    LIMIT,
    MARKET,
    OCO,
    SELL,
    STOP,
    Draft,
    Rules,
    amount,
    ceiled,
    fit,
    floored,
    plain,
    said,
)

D = Decimal
TYPES = frozenset(("LIMIT", "MARKET", "LIMIT_MAKER", "STOP_LOSS_LIMIT"))
BTC = Rules(
    *("BTCUSDT", "BTC", "USDT"),
    tick=D("0.01"),
    prices=(D("0.01"), D("1000000")),
    step=D("0.00001"),
    quantities=(D("0.00001"), D("9000")),
    market_quantities=(D(0), D("128.5")),
    worth=(D(5), D(9000000)),
    buy_factors=(D("0.2"), D(5)),
    sell_factors=(D("0.2"), D(5)),
    types=TYPES,
    oco=True,
)
MEAN = D("60000")
steps = st.sampled_from([D(1).scaleb(-n) for n in range(9)] + [D("0.005"), D("0.25"), D(0)])
numbers = st.decimals(min_value="0.00000001", max_value="1000000", places=8)


@st.composite
def rulebooks(draw):
    tick, step = draw(steps.filter(bool)), draw(steps.filter(bool))
    return Rules(
        *("XUSDT", "X", "USDT"),
        tick=tick,
        prices=(tick, draw(st.sampled_from([D(0), D(1_000_000)]))),
        step=step,
        quantities=(step * draw(st.integers(1, 50)), step * 10_000_000),
        market_step=draw(steps),
        market_quantities=(D(0), draw(st.sampled_from([D(0), D(500_000)]))),
        worth=(draw(st.sampled_from([D(0), D(5), D(10)])), draw(st.sampled_from([D(0), D(9e6)]))),
        worth_at_market=(draw(st.booleans()), draw(st.booleans())),
        buy_factors=(D("0.2"), D(5)),
        sell_factors=(D("0.5"), D(2)),
        types=TYPES,
        oco=True,
    )


@st.composite
def drafts(draw):
    side, kind = (
        draw(st.sampled_from([BUY, SELL])),
        draw(st.sampled_from([MARKET, LIMIT, STOP, OCO])),
    )
    draft = Draft("XUSDT", side, kind, quantity=draw(numbers))
    if kind == MARKET:
        spent = draw(st.booleans())
        return draft._replace(quantity=None, spend=draw(numbers)) if spent else draft
    draft = draft._replace(price=draw(numbers) if kind != STOP else None)
    if kind in (STOP, OCO):
        draft = draft._replace(stop=draw(numbers), bound=draw(numbers))
    return draft


def multiple(value, step):
    return not step or value % step == 0


@given(rulebooks(), drafts(), numbers)
def test_what_fits_breaks_no_filter(rules, draft, mean):
    try:
        done = fit(draft, rules, mean)
    except UserError:
        return
    low, high = rules.buy_factors if done.side == BUY else rules.sell_factors
    prices = [p for p in (done.price, done.stop, done.bound) if p is not None]
    for price in prices:
        assert price % rules.tick == 0 and price >= rules.prices[0]
        assert not rules.prices[1] or price <= rules.prices[1]
        assert mean * low <= price <= mean * high
    if done.quantity is not None:
        assert multiple(done.quantity, rules.step) and done.quantity <= draft.quantity
        assert rules.quantities[0] <= done.quantity <= rules.quantities[1]
        if done.kind == MARKET:
            assert multiple(done.quantity, rules.market_step)
            assert not rules.market_quantities[1] or done.quantity <= rules.market_quantities[1]
    worths = [done.spend] if done.spend else [done.quantity * p for p in prices or [mean]]
    if done.kind != MARKET or rules.worth_at_market[0]:
        assert min(worths) >= rules.worth[0]
    if rules.worth[1] and (done.kind != MARKET or rules.worth_at_market[1]):
        assert max(worths) <= rules.worth[1]


@given(numbers, steps)
def test_rounding_stays_within_a_step(value, step):
    down, up = floored(value, step), ceiled(value, step)
    assert down <= value <= up and up - down <= step
    assert multiple(down, step) and multiple(up, step)


@given(st.decimals(min_value=0, max_value=10**12, places=12))
def test_a_number_is_written_without_an_exponent(value):
    words = plain(value)
    assert "E" not in words and D(words) == value
    assert not words.endswith(".") and not ("." in words and words.endswith("0"))


def test_a_buy_pays_no_more_and_a_sale_takes_no_less_than_was_asked():
    buy = fit(
        Draft("BTCUSDT", BUY, LIMIT, quantity=D("0.0100019"), price=D("60000.019")), BTC, MEAN
    )
    sale = fit(Draft("BTCUSDT", SELL, LIMIT, quantity=D("0.01"), price=D("60000.011")), BTC, MEAN)
    assert (buy.price, buy.quantity) == (D("60000.01"), D("0.01000")) and sale.price == D(
        "60000.02"
    )


def test_a_market_step_of_zero_is_no_step():
    done = fit(Draft("BTCUSDT", SELL, MARKET, quantity=D("0.123456789")), BTC, MEAN)
    assert done.quantity == D("0.12345")


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (Draft("BTCUSDT", BUY, MARKET, spend=D("4.99")), "at least 5 USDT. Write an amount of"),
        (Draft("BTCUSDT", BUY, LIMIT, quantity=D("1E-8"), price=D(60000)), "coins as 0.5btc."),
        (Draft("BTCUSDT", SELL, MARKET, quantity=D("0.000001")), "worth at least 5 USDT."),
        (Draft("BTCUSDT", SELL, MARKET, quantity=D(200)), "at most 128.5 BTC"),
        (
            Draft("BTCUSDT", BUY, LIMIT, quantity=D(1), price=D(300001)),
            "between 12,000 and 300,000",
        ),
        (Draft("BTCUSDT", BUY, LIMIT, quantity=D(1000), price=D(60000)), "too big"),
        (Draft("BTCUSDT", SELL, OCO, D(1), None, D(59000), D(61000), D(60900)), "wrong way"),
    ],
)
def test_what_does_not_fit_is_told(draft, words):
    with pytest.raises(UserError) as told:
        fit(draft, BTC, MEAN)
    assert words in told.value.en


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (Draft("BTCUSDT", BUY, MARKET, spend=D(0)), "above zero"),
        (Draft("BTCUSDT", SELL, MARKET, quantity=D("0.000001")), "at least 0.00001 BTC"),
    ],
)
def test_where_any_worth_will_do_too_little_is_told_by_its_quantity(draft, words):
    with pytest.raises(UserError) as told:
        fit(draft, BTC._replace(worth=(D(0), D(0))), MEAN)
    assert words in told.value.en


def test_numbers_in_a_refusal_are_in_the_readers_style():
    with pytest.raises(UserError) as told:
        fit(Draft("BTCUSDT", BUY, LIMIT, quantity=D(1), price=D("300001.5")), BTC, MEAN)
    assert told.value.tr == "Fiyat 300.001,5: 12.000 ile 300.000 arasında olmalı."
    assert [said(D("1E-8"), lang) for lang in ("tr", "en")] == ["0,00000001", "0.00000001"]
    assert said(None, "tr") == "∞"


@pytest.mark.parametrize("word", ["hepsi", "HEPSİ", "tümü", "all"])
def test_all_is_a_hundred_percent(word):
    assert amount(word) == amount("%100")


@pytest.mark.parametrize("word", ["100$", "100dolar", "100DOLAR", "100usd"])
def test_dollars_are_usdt_and_half_is_a_share(word):
    assert amount(word) == amount("100usdt")
    assert amount("yarısı") == amount("half") == amount("%50")


@pytest.mark.parametrize(
    ("word", "number"),
    [("1.234,5usdt", D("1234.5")), ("0,100btc", D("0.1")), ("100.000usdt", None), ("1.2.3", None)],
)
def test_an_amount_that_may_mean_two_is_none(word, number):
    found = amount(word)
    assert (found and found.number) == number


def test_a_type_the_symbol_lacks_is_told():
    bare = BTC._replace(types=frozenset(("LIMIT",)))
    with pytest.raises(UserError, match="no such order type"):
        fit(Draft("BTCUSDT", BUY, MARKET, spend=D(100)), bare, MEAN)


def test_an_order_is_worth_what_it_may_cost_at_most():
    assert Draft("BTCUSDT", BUY, MARKET, spend=D(70)).worth(D(5)) == 70
    assert Draft("BTCUSDT", SELL, MARKET, quantity=D(2)).worth(D(5)) == 10
    assert Draft("BTCUSDT", BUY, STOP, D(2), stop=D(6), bound=D(7)).worth(D(5)) == 14
