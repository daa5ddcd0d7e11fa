"""paper_rows.py: a wallet is what its ledger adds up to, whoever writes at once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

import backup
from db import Db
from orders import BUY, CANCELED, NEW, SELL, Balance
from paper_rows import Deal, PaperOrder
from tests.test_db import url  # noqa: F401

D = Decimal
ASSETS = ("BTC", "USDT")


@pytest.fixture
def opened(url, clock):  # noqa: F811
    made = Db(url, clock)
    yield made
    made.close()


def order(name="a", side=BUY, quantity=1, asset="USDT", **more):
    place = (7, name, more.pop("list_id", ""), "BTCUSDT", side, "LIMIT", NEW)
    return PaperOrder(*place, D(quantity), asset, 5, 5, **more)


def sums(db, user_id=7):
    made = Counter()
    for line in db.paper.ledger(user_id):
        made[line.asset] += line.amount
    return {asset: amount for asset, amount in made.items() if amount}


def total(db, user_id=7):
    return {asset: sum(one) for asset, one in db.paper.balances(user_id).items()}


def test_everybody_begins_with_the_same_written_once(opened):
    for _ in range(2):
        assert opened.paper.balances(7) == {"USDT": Balance(D(10_000), D(0))}
    (line,) = opened.paper.ledger(7)
    assert (line.asset, line.amount, line.reason) == ("USDT", 10_000, "start")
    assert line.at == opened.now() and opened.paper.ledger(8) == []


def test_what_is_held_is_locked_and_comes_back(opened):
    with opened.paper.account(7) as account:
        made = account.make(order(price=D(100)))
        account.settle([made], [made._replace(held=D(100))])
    assert opened.paper.balances(7)["USDT"] == Balance(D(9900), D(100))
    assert opened.paper.open(7, "BTCUSDT") == [made._replace(held=D(100))] == opened.paper.open()
    assert opened.paper.open(8) == opened.paper.open(7, "ETHUSDT") == []
    with opened.paper.account(7) as account:
        (there,) = account.named(["a", "b"])
        account.settle([there], [there._replace(state=CANCELED, held=D(0))])
    assert opened.paper.balances(7)["USDT"] == Balance(D(10_000), D(0))
    assert len(opened.paper.ledger(7)) == 1 and opened.paper.open() == []


def test_a_fill_moves_both_assets_and_its_fee(opened):
    with opened.paper.account(7) as account:
        made = account.make(order())
        deal = Deal("a", D("60000.10"), D("0.1"), D("6000.01"), D("0.0001"), 9)
        account.settle([made], [made], [deal], ASSETS)
        sold = account.make(order("b", SELL, asset="BTC"))
        deal = Deal("b", D(60000), D("0.0999"), D(5994), D("5.994"), 10)
        account.settle([sold], [sold], [deal], ASSETS)
    assert total(opened) == sums(opened) == {"USDT": D("9987.996")}
    bought, sold = opened.paper.seen(7, ["a", "b", "c"])
    (fill,) = bought.fills
    assert (fill.price, fill.quantity, fill.fee, fill.asset) == (
        *(D("60000.10"), D("0.1")),
        *(D("0.0001"), "BTC"),
    )
    assert sold.fills[0].asset == "USDT" and sold.fills[0].trade != fill.trade
    assert opened.paper.seen(8, ["a"]) == ()
    assert {line.reason for line in opened.paper.ledger(7)} == {"start", "a", "fee a", "b", "fee b"}


def test_nothing_goes_below_zero_and_then_nothing_is_written(opened):
    for asset, amount in (("USDT", D("10000.01")), ("BTC", D(1)), ("USDT", D(-1))):
        with pytest.raises(ValueError, match="below 0"), opened.paper.account(7) as account:
            account.add("BTC", D("0.5"), "gift")
            account.make(order())
            account.hold(asset, amount)
        assert opened.paper.ledger(7) == [] and opened.paper.open() == []


def test_a_reset_cancels_and_starts_anew_but_forgets_nothing(opened):
    with opened.paper.account(7) as account:
        account.add("BTC", D("0.5"), "gift")
        made = account.make(order(price=D(100)))
        account.settle([made], [made._replace(held=D(100))])
        sold = account.make(order("b", SELL, asset="BTC"))
        account.settle([sold], [sold._replace(held=D("0.2"))])
    assert opened.paper.reset(7) == ["a", "b"]
    assert opened.paper.balances(7) == {"USDT": Balance(D(10_000), D(0))}
    assert sums(opened) == {"USDT": 10_000} and len(opened.paper.ledger(7)) == 5
    assert [one.state for one in opened.paper.seen(7, ["a", "b"])] == [CANCELED] * 2
    assert opened.paper.reset(7) == []


def test_many_at_once_neither_lose_nor_invent(opened):
    def trade(i):
        with opened.paper.account(7) as account:
            if account.free("USDT") < 300:
                return False
            made = account.make(order(f"n{i}"))
            deal = Deal(f"n{i}", D(300), D(1), D(300), D("0.001"), i)
            account.settle([made], [made], [deal], (f"C{i % 3}", "USDT"))
            return True

    with ThreadPoolExecutor(8) as threads:
        done = sum(threads.map(trade, range(40)))
    assert done == 33 and total(opened) == sums(opened)
    assert total(opened)["USDT"] == 100 and sum(total(opened).values()) == 100 + 33 * D("0.999")


def test_money_is_as_exact_as_it_was(opened, tmp_path):
    with opened.paper.account(7) as account:
        account.add("PEPE", D("123456789012.00000001"), "gift")
    assert opened.paper.balances(7)["PEPE"].free == D("123456789012.00000001")
    target = f"sqlite:///{tmp_path / 'copy.db'}"
    backup.copy(opened._engine.url.render_as_string(hide_password=False), target)
    other = Db(target)
    assert other.paper.balances(7) == opened.paper.balances(7) and total(other) == sums(other)
    other.close()
