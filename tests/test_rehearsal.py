"""Live trading as a person would try it: keys, cards, orders, at the local exchange, no network."""

from dataclasses import replace

import pytest

import bot
import preflight
from accounts import Accounts
from local.accounts import key_pair
from order_rows import DONE
from orders import LIVE, PAPER
from trade import Desk

MASTER = "a master key that nobody guesses"


@pytest.fixture
def owner(ctx, settings, market, database, clock):
    """Return a way to talk as an owner who allows live trading: owner(line) gives its replies."""
    config = settings(LIVE_TRADING="1", MASTER_KEY=MASTER, ADMIN_IDS="7")
    accounts = Accounts(config, market, database, clock, clock.sleep)
    desk = Desk(market, database, accounts, preflight.caps(config), clock)

    def talk(line, **who):
        return list(bot.answer(line, replace(ctx(**who), config=config, desk=desk)))

    talk.desk = desk
    return talk


def press(owner, line):
    """Type a line and press the first button of its answer; return what that says."""
    (card,) = owner(line)
    return owner(card.buttons[0][0][1])[0].text


def live(owner):
    owner(f"/apikey {' '.join(key_pair('trade'))}")
    return press(owner, "/canli")


def test_only_a_key_that_trades_and_cannot_withdraw_is_taken(owner, database):
    key, secret = key_pair("trade")
    refused = (key_pair("withdraw"), (key, key), ("x" * 64, secret), (key, ""))
    for pair in refused:
        assert owner(f"/apikey {' '.join(pair)}")[0].failed == 1
    assert database.orders.key(7) is None
    assert "işlem yetkisi yok" in owner(f"/apikey {' '.join(key_pair('read'))}")[0].text
    told = owner(f"/apikey {key} {secret}")[0].text
    assert "mühürlendi" in told and secret not in told and key not in told
    row = database.orders.key(7)
    assert key not in str(row) and secret not in str(row)
    assert secret[-4:] not in owner("/apimy")[0].text
    owner("/apidel")
    assert database.orders.key(7) is None


def test_a_key_of_another_account_is_not_taken_while_orders_rest_in_the_first(owner, market):
    live(owner)
    low = round(market.prices().data["BNBUSDT"] * 0.97, 2)
    press(owner, f"/emir al bnb 50usdt limit {low}")
    (reply,) = owner(f"/apikey {' '.join(key_pair('read'))}")
    assert reply.failed and "başka bir hesabın" in reply.text and "#1" in reply.text
    assert not owner(f"/apikey {' '.join(key_pair('trade'))}")[0].failed
    owner("/iptal hepsi")
    assert not owner(f"/apikey {' '.join(key_pair('read'))}")[0].failed


def test_a_purchase_is_confirmed_once_and_protected_at_the_exchange(owner):
    assert "CANLI" in live(owner)
    (card,) = owner("/al sol 100usdt %5 %2")
    assert card.text.startswith("<b>CANLI · AL SOL") and "Hedef" in card.text
    assert "Borsa denedi, kabul etti." in card.text
    confirm = card.buttons[0][0][1]
    first, second = owner(confirm)[0].text, owner(confirm)[0].text
    assert "gerçekleşti" in first and second == first
    bought, guard = owner.desk.rows.of(7, LIVE)
    there = owner.desk.broker(7, LIVE).open_orders()
    assert bought.state == DONE and {one.client_id for one in there} == set(guard.client_ids)
    assert f"#{guard.id} SAT SOL" in owner("/emirler")[0].text


def test_a_stop_is_moved_by_one_operation_and_everything_can_be_sold(owner):
    live(owner)
    press(owner, "/al sol 100usdt %5 %2")
    old = owner.desk.rows.living(7)[0]
    assert "bekliyor" in press(owner, "/stop sol %3")
    (new,) = owner.desk.rows.living(7)
    assert new.after == old.id and new.stop < old.stop and new.price == old.price
    assert "KORUMASIZ" in owner("/iptal hepsi")[0].text
    assert "gerçekleşti" in press(owner, "/sat sol %100")
    assert not owner.desk.broker(7, LIVE).open_orders()
    assert "CANLI" in owner("/raporum")[0].text


@pytest.mark.parametrize(
    ("typed", "type"),
    [
        ("/emir al sol 50usdt limit {low}", "LIMIT"),
        ("/emir sat eth 0.1 stop {low}", "STOP_LOSS_LIMIT"),
        ("/emir sat eth 0.1 iz %2", "STOP_LOSS_LIMIT"),
        ("/emir sat eth 0.1 oco {high} {low}", "LIMIT_MAKER"),
    ],
)
def test_every_kind_of_order_rests_at_the_exchange_and_is_canceled(owner, market, typed, type):
    live(owner)
    last = market.prices().data["SOLUSDT" if " sol " in typed else "ETHUSDT"]
    line = typed.format(low=round(last * 0.97, 2), high=round(last * 1.03, 2))
    assert "bekliyor" in press(owner, line)
    broker = owner.desk.broker(7, LIVE)
    assert type in {one.type for one in broker.open_orders()}
    assert owner("/iptal hepsi")[0].failed == 0 and not broker.open_orders()


def test_the_kill_switch_cancels_entries_at_the_exchange_and_leaves_guards(owner, market):
    live(owner)
    press(owner, "/al sol 100usdt %5 %2")
    low = round(market.prices().data["BNBUSDT"] * 0.97, 2)
    press(owner, f"/emir al bnb 50usdt limit {low}")
    owner("/panik")
    sides = {one.side for one in owner.desk.broker(7, LIVE).open_orders()}
    assert sides == {"SELL"} and owner("/al sol 50")[0].failed == 1


def test_paper_and_live_never_mix(owner):
    press(owner, "/al sol 100usdt")
    live(owner)
    press(owner, "/al sol 60usdt")
    assert [len(owner.desk.rows.of(7, mode)) for mode in (PAPER, LIVE)] == [1, 1]
    owner("/kagit")
    assert "60" not in owner("/emirler")[0].text
    assert {fill.mode for fill in owner.desk.rows.trades(7, PAPER)} == {PAPER}


def test_nothing_tells_the_secret(owner, tmp_path, caplog):
    live(owner)
    press(owner, "/al sol 100usdt %5 %2")
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for word in (*key_pair("trade"), MASTER):
        assert word.encode() not in kept and word not in caplog.text


def test_a_deposit_hides_no_loss_and_a_withdrawal_is_none(owner, markets, market):
    live(owner)
    exchange = markets._faces["api.binance.com"].__self__
    key, desk = key_pair("trade")[0], owner.desk

    def loss():
        broker, zone = desk.broker(7, LIVE), desk.limits.zone
        asked = market, desk.db, broker, 7, zone, broker.balances(), desk.now()
        return float(preflight.grown(*asked).loss)

    assert loss() == 0
    for amount in ("5000", "-9000"):
        exchange.pay(key, "USDT", amount)
        assert loss() == pytest.approx(0, abs=0.001)
    assert "SOL" in press(owner, "/al sol 100usdt")
    assert loss() == pytest.approx(0, abs=0.02)
    balances = desk.broker(7, LIVE).balances()
    with exchange.accounts.request():
        exchange.accounts.move("USDT", balances["USDT"].free, 1, -1)
    assert loss() > 1


def test_the_testnet_takes_its_keys(ctx, settings, market, database, clock):
    more = {"LIVE_TRADING": "1", "MASTER_KEY": MASTER, "ADMIN_IDS": "7", "BINANCE_TESTNET": "1"}
    config = settings(**more)
    accounts = Accounts(config, market, database, clock, clock.sleep)
    desk = Desk(market, database, accounts, preflight.caps(config), clock)
    line = f"/apikey {' '.join(key_pair('trade'))}"
    (told,) = bot.answer(line, replace(ctx(), config=config, desk=desk))
    assert "mühürlendi" in told.text and "yetkisi yok" not in told.text
