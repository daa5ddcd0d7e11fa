"""local/accounts.py: what is kept is what was put, whole or not at all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.accounts import FEES, MARKET, Accounts, Order, key_pair

AMOUNT = st.decimals(0, 10**9, places=8, allow_nan=False)


@pytest.fixture
def accounts():
    opened = Accounts()
    yield opened
    opened.close()


def order(account=1, **more):
    return Order(account, "BTCUSDT", "BUY", "LIMIT", Decimal("0.01"), "mine", 5, **more)


def test_a_pair_of_keys_depends_on_its_name():
    assert key_pair("a") == key_pair("a") != key_pair("b")
    assert all(len(part) == 64 and part.isalnum() for part in key_pair("a"))
    assert key_pair("a")[0] != key_pair("a")[1]


def test_an_account_is_made_once_and_its_rights_change(accounts):
    number = accounts.open_account("k", "s", withdraw=True)
    assert accounts.open_account("k", "other") == number
    made = accounts.account("k")
    assert (made.secret, made.withdraw, made.spot) == ("s", True, True)
    accounts.change("k", spot=False)
    assert accounts.account("k").withdraw and not accounts.account(number).spot
    assert accounts.account("none") is None


@given(st.lists(st.tuples(AMOUNT, st.sampled_from([1, 2, FEES, MARKET])), max_size=20))
def test_what_moves_is_neither_made_nor_lost(moves):
    accounts = Accounts()
    for value, target in moves:
        accounts.move("BTC", value, MARKET, target)
        rows = accounts.rows("SELECT amount FROM totals")
        assert sum(Decimal(amount) for (amount,) in rows) == 0
    assert accounts.total(1, "BTC") == sum((v for v, t in moves if t == 1), Decimal(0))
    accounts.close()


@given(AMOUNT, AMOUNT, st.none() | AMOUNT)
def test_an_order_is_read_as_it_was_kept(price, executed, extreme):
    accounts = Accounts()
    made = accounts.add(order(price=price, executed=executed, extreme=extreme, strategy=3))
    (found,) = accounts.orders("id = ?", made.id)
    assert found == made and isinstance(found.price, Decimal)
    accounts.close()


def test_only_open_orders_are_open(accounts):
    first, second = accounts.add(order()), accounts.add(order(account=2))
    assert accounts.open_orders() == [first, second]
    assert accounts.open_orders(2) == [second] and accounts.open_orders(1, "ETHUSDT") == []
    first.status = "CANCELED"
    accounts.save(first)
    assert accounts.open_orders() == [second]


@pytest.mark.parametrize(
    ("side", "price", "stop", "held"),
    [("SELL", "5", "0", "0.006"), ("BUY", "5", "0", "0.030"), ("BUY", "0", "4", "0.024")],
)
def test_an_order_holds_back_what_it_may_still_take(side, price, stop, held):
    one = order(price=Decimal(price), stop=Decimal(stop), executed=Decimal("0.004"))
    one.side = side
    assert one.reserve() == Decimal(held)


def test_a_request_is_kept_whole_or_not_at_all(tmp_path):
    accounts = Accounts(str(tmp_path / "x.db"))
    with pytest.raises(KeyError), accounts.request():
        accounts.move("BTC", Decimal(1), MARKET, 1)
        raise KeyError
    assert accounts.totals(1) == {}
    with accounts.request():
        accounts.move("BTC", Decimal(1), MARKET, 1)
        accounts.set_mark("seen", 7)
    other = Accounts(str(tmp_path / "x.db"))
    assert other.totals(1) == {"BTC": 1} and other.mark("seen") == 7 and other.mark("x") is None
    accounts.close()
    other.close()
