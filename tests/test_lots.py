"""lots.py: gains by hand-made examples, and what goes in comes out."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lots
from lots import Record, account, curve, record
from order_rows import Trade
from orders import BUY, PAPER, SELL

D = Decimal
BASE = {"BTCUSDT": "BTC", "ETHUSDT": "ETH"}


def trade(side, quantity, price, fee="0", asset="USDT", symbol="BTCUSDT", intent=1, at=0):
    amounts = D(str(price)), D(str(quantity)), D(fee)
    return Trade(intent, 7, PAPER, symbol, side, f"{intent}-{at}", *amounts, asset, at)


def told(*trades, worth=lambda _: None):
    return account(trades, worth, BASE)


def test_the_oldest_is_sold_first():
    made = told(
        trade(BUY, 1, 100), trade(BUY, 1, 200, intent=2), trade(SELL, "1.5", 300, intent=3, at=9)
    )
    (sale,) = made.sales
    assert sale.paid == 200 and sale.got == 450 and sale.gain == 250
    position = made.positions["BTCUSDT"]
    assert position.quantity == D("0.5") and position.average == 200 and position.realised == 250


def test_a_fee_in_the_coin_lowers_what_is_held_and_its_cost_stays():
    made = told(trade(BUY, 1, 100, "0.001", "BTC"))
    position = made.positions["BTCUSDT"]
    assert position.quantity == D("0.999") and position.cost == 100 and position.fees == D("0.1")
    assert position.even(D("0.001")) == D(100) / D("0.999") / D("0.999")


def test_a_fee_in_quote_lowers_what_a_sale_brings():
    made = told(trade(BUY, 1, 100, "0.1"), trade(SELL, 1, 110, "0.11", intent=2))
    assert made.sales[0].gain == D("110") - D("0.11") - D("100.1")
    assert made.positions["BTCUSDT"].fees == D("0.21")


def test_a_fee_in_another_coin_is_valued_or_told():
    bought = trade(BUY, 1, 100, "0.001", "BNB")
    assert told(bought, worth=lambda asset: {"BNB": D(600)}[asset]).positions["BTCUSDT"].cost == D(
        "100.6"
    )
    made = told(bought, trade(BUY, 1, 100, "0.002", "BNB", at=1))
    assert made.unpriced == {"BNB": D("0.003")} and made.positions["BTCUSDT"].cost == 200


def test_what_was_bought_elsewhere_gains_nothing_here():
    made = told(trade(BUY, 1, 100), trade(SELL, 3, 200, intent=2))
    assert made.unmatched == {"BTCUSDT": D(2)} and made.sales[0].gain == 100
    assert told(trade(SELL, 1, 5)).sales == []


def test_the_fills_of_one_order_are_one_sale():
    made = told(
        trade(BUY, 2, 100),
        trade(SELL, 1, 110, intent=5, at=1),
        trade(SELL, 1, 90, intent=5, at=2),
    )
    assert [(s.quantity, s.gain, s.at) for s in made.sales] == [(2, 0, 2)]


def sale(gain):
    return lots.Sale("BTCUSDT", 1, 0, D(1), D(100), D(100) + gain)


def test_a_record_is_what_the_sales_say():
    assert record([sale(g) for g in (10, -4, -4, 6)]) == Record(
        4, 2, D(8), D(2), D(2), D(8), D(10), D(-4)
    )
    assert record([]) == Record(0, 0, D(0), None, None, D(0), None, None)
    assert record([]).rate is None and record([sale(1), sale(-1)]).rate == 50


def test_the_curve_is_cash_and_what_is_held():
    times = np.array([0, 10, 20, 30])
    trades = [trade(BUY, 1, 100, at=10), trade(SELL, 1, 130, "1", intent=2, at=30)]
    found = curve(
        trades, times, {"BTCUSDT": np.array([90.0, 110, 120, np.nan])}, lambda _: None, BASE
    )
    assert found.tolist() == [0, 10, 20, 29]
    lost = curve(
        trades[:1], times, {"BTCUSDT": np.array([90.0, np.nan, 120, 1])}, lambda _: None, BASE
    )
    assert np.isnan(lost[1]) and lost[2] == 20


parts = st.tuples(
    st.sampled_from([BUY, SELL]),
    st.decimals("0.001", 100, places=3),
    st.decimals("0.01", 1000, places=2),
    st.sampled_from(["USDT", "BTC"]),
)


@given(st.lists(parts, max_size=30))
def test_what_goes_in_comes_out(rows):
    trades = [
        trade(side, q, p, str(q / 1000 if asset == "BTC" else q * p / 1000), asset, intent=i, at=i)
        for i, (side, q, p, asset) in enumerate(rows)
    ]
    made = told(*trades)
    position = made.positions.get("BTCUSDT", lots.Position("BTCUSDT"))
    bought = sum(
        (t.quantity - (t.fee if t.asset == "BTC" else 0) for t in trades if t.side == BUY), D(0)
    )
    gone = sum(
        (t.quantity + (t.fee if t.asset == "BTC" else 0) for t in trades if t.side == SELL), D(0)
    )
    unmatched = made.unmatched.get("BTCUSDT", D(0))
    assert position.quantity == bought - gone + unmatched >= 0
    paid = sum(
        (
            t.quantity * t.price + (t.fee if t.asset == "USDT" else 0)
            for t in trades
            if t.side == BUY
        ),
        D(0),
    )
    assert abs(paid - position.cost - sum((s.paid for s in made.sales), D(0))) < D("1e-15")
    assert position.realised == pytest.approx(record(made.sales).gained)
