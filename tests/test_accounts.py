"""accounts.py: paper for all; live only where owner, key and user allow it."""

import pytest

from accounts import TESTNET, Accounts
from bot import UserError
from order_rows import Key
from orders import LIVE, PAPER
from paper import Paper
from roles import LIVE as LEAVE
from roles import TRADER
from spot import Spot
from vault import Pair, seal

PAIR = Pair("k" * 64, "s" * 64)


@pytest.fixture
def made(settings, market, database, clock):
    return lambda **more: Accounts(settings(**more), market, database, clock, clock.sleep)


def test_everybody_has_paper(made):
    assert isinstance(made().open(7, PAPER), Paper)


def test_live_needs_leave_a_master_key_and_a_key(made, database):
    for more, words in (
        ({}, "LIVE_TRADING=1"),
        ({"LIVE_TRADING": "1"}, "MASTER_KEY"),
        ({"LIVE_TRADING": "1", "MASTER_KEY": "password"}, "given no key"),
    ):
        with pytest.raises(UserError, match=words):
            made(**more).open(7, LIVE)
    database.orders.save_keys([Key(7, "kkkk…kkkk", seal(PAIR, 7, "password"), 1)])
    opened = made(LIVE_TRADING="1", MASTER_KEY="password")
    assert isinstance(opened.open(7, LIVE), Spot)
    (lacking,) = opened.missing(7)
    assert "/izin 7" in lacking[0]
    database.members.decide(7, TRADER, 1)
    assert len(list(opened.missing(7))) == 1
    database.members.decide(7, LEAVE, 1)
    assert not list(opened.missing(7))
    with pytest.raises(UserError, match="cannot be opened"):
        made(LIVE_TRADING="1", MASTER_KEY="otherword").open(7, LIVE)
    with pytest.raises(UserError, match="given no key"):
        opened.open(8, LIVE)


def test_the_testnet_is_a_host_of_its_own(made):
    assert made(BINANCE_TESTNET="1").host.base == TESTNET
    assert made().host.base == "https://api.binance.com"


def test_a_ban_of_the_testnet_is_obeyed_after_a_restart(settings, market, database, clock):
    config, until = settings(BINANCE_TESTNET="1"), clock() + 300
    first = Accounts(config, market, database, clock)
    first.host.close("banned", until)
    market.keep_state(first.host)
    again = Accounts(config, market, database, clock).host
    assert (again.state, again.until) == ("banned", until)


def test_both_parts_of_a_key_in_use_are_hidden(settings, market, database):
    hidden = []
    Accounts(settings(), market, database, hide=hidden.append).spot(PAIR)
    assert hidden == [*PAIR]


def test_orders_go_nowhere_but_where_the_journal_is_of(made, database):
    more = {"LIVE_TRADING": "1", "MASTER_KEY": "password"}
    database.orders.save_keys([Key(7, "kkkk…kkkk", seal(PAIR, 7, "password"), 1)])
    database.members.decide(7, LEAVE, 1)
    testnet, real = made(BINANCE_TESTNET="1", MOCK="0", **more), made(MOCK="0", **more)
    assert (testnet.venue, real.venue, made().venue) == ("testnet", "binance", "mock binance")
    database.orders.claim_venue(testnet.venue)
    assert isinstance(testnet.open(7, LIVE), Spot) and not list(testnet.missing(7))
    with pytest.raises(UserError, match="another venue: testnet; this is binance"):
        real.open(7, LIVE)
    assert list(real.missing(7))
    with pytest.raises(ValueError, match="live testnet"):
        real.open(7, "live testnet")
