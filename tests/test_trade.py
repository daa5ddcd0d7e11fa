"""trade.py: whatever a broker answers, and whenever the bot ends, no order happens twice."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import pairwise

import pytest

import logs
import trade
from bot import User, UserError
from order_rows import (
    DONE,
    DROPPED,
    READY,
    REFUSED,
    SENDING,
    STUCK,
    UNSURE,
    WORKING,
    meant,
)
from orders import (
    ACCEPTED,
    BUY,
    LIMIT,
    LIVE,
    MARKET,
    NOT_SENT,
    OCO,
    PAPER,
    SELL,
    STOP,
    Answer,
    Balance,
    Draft,
    Fill,
    Seen,
)
from orders import REFUSED as NO
from orders import UNSURE as UNKNOWN
from risk import Limits
from trade import Desk

D = Decimal
LIMITS = Limits(D(1000), D(2500), D(5000), D(5), D(5), 10)
USER = User(7, "Ayşe", role="live")
ABSENT = Answer(NO, code=-2013, text="Order does not exist.")


class Exchange:
    """A broker that does what it is told and remembers what it was asked.

    `say` answers the next placings: an Answer instead of the truth; `deaf` takes no order at all,
    `mute` takes it and tells nothing. `hides` is how many questions it answers with "none such".
    """

    def __init__(self, mode=PAPER):
        self.mode, self.there, self.placed, self.say = mode, {}, [], []
        self.fill, self.hides, self.silent, self.others, self.price = True, 0, False, [], D(60000)

    def place(self, intent):
        self.placed.append(intent.id)
        what = self.say.pop(0) if self.say else None
        if what == "deaf":
            return Answer(UNKNOWN, text="timeout")
        if isinstance(what, Answer):
            return what
        quantity = intent.quantity or intent.spend / self.price
        kinds = {"MARKET": intent.kind == MARKET}
        for name in intent.client_ids:
            state = "FILLED" if self.fill and kinds["MARKET"] else "NEW"
            self.there[name] = seen(intent, name, state, quantity, self.price)
        return Answer(UNKNOWN, text="timeout") if what == "mute" else self.tell(intent)

    def tell(self, intent):
        found = tuple(self.there[name] for name in intent.client_ids if name in self.there)
        return Answer(ACCEPTED, found) if found else ABSENT

    def find(self, intent):
        if self.silent:
            return Answer(UNKNOWN, text="no network")
        if self.hides:
            self.hides -= 1
            return ABSENT
        return self.tell(intent)

    search = find

    def cancel(self, intent):
        if self.silent:
            return Answer(UNKNOWN, text="no network")
        open_ones = [n for n in intent.client_ids if n in self.there and not self.there[n].over]
        for name in open_ones:
            self.there[name] = self.there[name]._replace(state="CANCELED")
        return (
            self.tell(intent) if open_ones else Answer(NO, code=-2011, text="Unknown order sent.")
        )

    def open_orders(self, _symbol=""):
        if self.silent:
            raise UserError("yok", "no network")
        return [one for one in self.there.values() if not one.over] + self.others

    def flows(self, since):
        return {}

    def fees(self, symbol):
        return D("0.001"), D("0.001")

    def test(self, intent):
        self.tested = intent

    def balances(self):
        return {"USDT": Balance(D(10000))}


def seen(intent, name, state, quantity, price):
    done = quantity if state == "FILLED" else D(0)
    fills = (Fill(name, price, done, done / 1000, "BTC", 5),) if done else ()
    place = (name, "9", intent.symbol, intent.side, "X", state, quantity, done, done * price)
    return Seen(*place, fills=fills)


class Accounts:
    """Whose every broker is the one given, or none."""

    def __init__(self, broker):
        self.broker = broker

    def open(self, *_):
        if self.broker is None:
            raise UserError("anahtar yok", "no key")
        return self.broker

    def missing(self, _user_id):
        return iter([] if self.broker else [("anahtar yok", "no key")])


@pytest.fixture
def exchange():
    return Exchange()


@pytest.fixture
def desk(market, database, exchange, clock):
    return Desk(market, database, Accounts(exchange), LIMITS, clock)


def wish(desk, mode=PAPER, **changes):
    draft = Draft("BTCUSDT", BUY, MARKET, spend=D(120))._replace(**changes)
    return desk.rows.add(meant(7, 9, mode, draft, last=D(60000)))


def rest(desk, **changes):
    plain = {"kind": LIMIT, "spend": None, "quantity": D("0.01"), "price": D(59000)}
    return desk.send(wish(desk, **plain, **changes))


def told(desk):
    return [firing.text.split()[0] for firing in desk.db.alarms.outbox()]


def test_what_is_filled_at_once_is_booked_and_over(desk, exchange):
    done = desk.send(wish(desk))
    assert done.state == DONE and done.closed and exchange.placed == [done.id]
    (fill,) = desk.rows.filled(done.id)
    assert fill.price == 60000 and fill.mode == PAPER and told(desk) == []


def test_an_order_is_logged_with_the_update_it_came_by_and_with_its_number(desk, exchange, caplog):
    caplog.set_level("INFO", "dort5bot")
    caplog.handler.setFormatter(logs.JsonFormatter(logs.Redactor()))
    with logs.about("update 55"):
        resting = rest(desk)
    (name,) = resting.client_ids
    exchange.there[name] = exchange.there[name]._replace(state="CANCELED")
    desk.rows.change(resting.id, again=0)
    desk.follow()
    said = [json.loads(line) for line in caplog.text.splitlines()]
    told = [(one.get("request"), one["intent"], one["message"]) for one in said if "intent" in one]
    number = resting.id
    assert told[0] == ("update 55", number, f"intent {number} is working")
    assert told[-1] == (None, number, f"intent {number} is done")


def test_an_intent_is_sent_once_however_often_it_is_asked_for(desk, exchange):
    intent = wish(desk)
    desk.send(intent)
    desk.send(intent)
    desk.follow()
    assert exchange.placed == [intent.id]


def test_what_is_refused_is_over_and_says_why(desk, exchange):
    exchange.say = [Answer(NO, code=-2010, text="Account has insufficient balance.")]
    refused = desk.send(wish(desk))
    assert refused.state == REFUSED and "insufficient" in refused.reason
    exchange.say = [Answer(NOT_SENT, text="no network")]
    assert desk.send(wish(desk)).state == REFUSED
    desk.follow()
    assert len(exchange.placed) == 2


@pytest.mark.parametrize("hides", [0, 1, 4])
def test_an_order_whose_answer_was_lost_is_found_and_not_sent_again(desk, exchange, clock, hides):
    exchange.say, exchange.hides = ["mute"], hides
    intent = desk.send(wish(desk))
    assert intent.state == UNSURE and desk.unclear(7, PAPER, "BTCUSDT") == intent
    for _ in range(8):
        clock.now += 2
        desk.follow()
    assert desk.rows.find(7, intent.id).state == DONE and exchange.placed == [intent.id]
    assert told(desk) == ["filled"] and not desk.unclear(7, PAPER, "BTCUSDT")


def test_an_order_that_never_came_is_dropped_after_the_window_and_told(desk, exchange, clock):
    exchange.say = ["deaf"]
    intent = desk.send(wish(desk))
    clock.now += 14
    desk.follow()
    assert desk.rows.find(7, intent.id).state == UNSURE
    clock.now += 20
    desk.follow()
    assert desk.rows.find(7, intent.id).state == DROPPED and told(desk) == ["dropped"]
    assert exchange.placed == [intent.id]


def test_a_silent_exchange_quarantines_and_locks_the_symbol_until_it_speaks(desk, exchange, clock):
    exchange.say, exchange.silent = ["mute"], True
    intent = desk.send(wish(desk))
    for _ in range(30):
        clock.now += 20
        desk.follow()
    assert desk.rows.find(7, intent.id).state == STUCK and told(desk) == ["stuck"]
    assert desk.unclear(7, PAPER, "BTCUSDT") and not desk.unclear(7, PAPER, "ETHUSDT")
    exchange.silent = False
    clock.now += 61
    desk.follow()
    assert desk.rows.find(7, intent.id).state == DONE and exchange.placed == [intent.id]
    assert told(desk) == ["stuck", "filled"]


def test_a_lost_answer_is_asked_for_at_growing_distances(desk, exchange, clock, monkeypatch):
    exchange.say, exchange.silent, asked = ["mute"], True, [clock.now]
    find = exchange.find
    monkeypatch.setattr(exchange, "find", lambda intent: asked.append(clock.now) or find(intent))
    desk.send(wish(desk))
    for _ in range(40):
        clock.now += 1
        desk.follow()
    assert [round(b - a) for a, b in pairwise(asked)] == [1, 2, 4, 8, 15]


def test_a_duplicate_is_looked_up_not_taken_for_a_refusal(desk, exchange, clock):
    intent = wish(desk)
    exchange.place(intent)
    exchange.say = [Answer(NO, code=-2010, text="Duplicate order sent.")]
    assert desk.send(intent).state == UNSURE
    clock.now += 2
    desk.follow()
    assert desk.rows.find(7, intent.id).state == DONE


def test_what_was_bought_is_protected_for_what_is_left_after_the_fee(desk, exchange):
    entry = desk.send(wish(desk, target=D(5), loss=D(2)))
    (guard,) = desk.rows.children(entry.id)
    assert guard.state == WORKING and guard.kind == OCO and guard.side == SELL
    assert guard.quantity == D("0.00199") and guard.price == D(63000)
    assert guard.stop == D(58800) and guard.bound == D(58506)
    assert exchange.placed == [entry.id, guard.id]


@pytest.mark.parametrize(("target", "loss", "kind"), [(None, D(2), STOP), (D(5), None, LIMIT)])
def test_half_a_protection_is_its_own_kind(desk, target, loss, kind):
    entry = desk.send(wish(desk, target=target, loss=loss))
    assert [child.kind for child in desk.rows.children(entry.id)] == [kind]


def test_a_protection_that_is_refused_or_cannot_be_is_told_at_once(desk, exchange):
    exchange.say = [None, Answer(NO, code=-2010, text="Order would trigger immediately.")]
    desk.send(wish(desk, target=D(5), loss=D(2)))
    assert told(desk) == ["bare"]
    desk.send(wish(desk, spend=D(5), loss=D(2)))
    assert told(desk) == ["bare", "bare"]


def test_a_protection_that_never_came_is_made_anew(desk, exchange, clock):
    exchange.say = [None, "deaf"]
    entry = desk.send(wish(desk, target=D(5), loss=D(2)))
    clock.now += 31
    desk.follow()
    lost, anew = desk.rows.children(entry.id)
    assert (lost.state, anew.state) == (DROPPED, WORKING) and told(desk) == []
    assert len(exchange.there) == 3


@pytest.mark.parametrize("end", ["CANCELED", "EXPIRED", "EXPIRED_IN_MATCH"])
def test_an_entry_that_rests_is_followed_to_its_end(desk, exchange, clock, end):
    entry = desk.send(
        wish(desk, kind=LIMIT, spend=None, quantity=D("0.01"), price=D(59000), loss=D(2))
    )
    assert entry.state == WORKING and desk.rows.children(entry.id) == []
    name = entry.client_ids[0]
    part = seen(entry, name, "FILLED", D("0.004"), D(59000))
    exchange.there[name] = part._replace(state="PARTIALLY_FILLED", quantity=D("0.01"))
    clock.now += 11
    desk.follow()
    clock.now += 11
    desk.follow()
    assert told(desk) == ["partial"] and desk.rows.children(entry.id) == []
    exchange.there[name] = exchange.there[name]._replace(state=end)
    clock.now += 11
    desk.follow()
    (guard,) = desk.rows.children(entry.id)
    assert guard.quantity == D("0.00399") and told(desk) == ["partial", "filled"]


def test_what_is_executed_is_not_over_before_all_its_fills_are_known(desk, exchange, clock):
    entry = rest(desk)
    name = entry.client_ids[0]
    full = seen(entry, name, "FILLED", D("0.01"), D(59000))
    exchange.there[name] = full._replace(fills=())
    clock.now += 11
    desk.follow()
    assert desk.rows.find(7, entry.id).state == WORKING
    exchange.there[name] = full
    clock.now += 3
    desk.follow()
    assert desk.rows.find(7, entry.id).state == DONE


def test_an_intent_left_unsent_by_an_end_is_dropped_and_a_protection_sent(desk, exchange, clock):
    mine = wish(desk)
    guard = wish(desk, side=SELL, kind=STOP, quantity=D("0.001"), stop=D(59000), bound=D(58900))
    desk.rows.change(guard.id, parent=mine.id)
    clock.now += 60
    again = Desk(desk.sources, desk.db, Accounts(exchange), LIMITS, clock)
    again.follow()
    assert desk.rows.find(7, mine.id).state == DROPPED and told(desk) == ["dropped"]
    assert exchange.placed == [guard.id]


def test_an_end_while_sending_is_resolved_by_asking(desk, exchange, clock):
    intent = wish(desk)
    desk.rows.begin(intent.id)
    exchange.place(intent)
    assert desk.rows.find(7, intent.id).state == SENDING
    again = Desk(desk.sources, desk.db, Accounts(exchange), LIMITS, clock)
    again.follow()
    assert desk.rows.find(7, intent.id).state == DONE and exchange.placed == [intent.id]


def test_canceling_tells_what_was_filled_before(desk, exchange):
    entry = rest(desk)
    assert desk.cancel(entry).state == DONE and exchange.there[entry.client_ids[0]].over
    assert desk.cancel(entry).state == DONE
    late = rest(desk)
    exchange.there[late.client_ids[0]] = seen(
        late, late.client_ids[0], "FILLED", D("0.01"), D(59000)
    )
    assert desk.cancel(late).state == DONE and len(desk.rows.filled(late.id)) == 1


def test_a_cancel_without_an_answer_is_asked_on(desk, exchange, clock):
    entry = rest(desk)
    exchange.silent = True
    assert desk.cancel(entry).state == WORKING
    exchange.silent = False
    exchange.cancel(entry)
    desk.follow()
    assert desk.rows.find(7, entry.id).state == DONE and told(desk) == ["ended"]


def move(desk, exchange, old, price):
    """Confirm a stop that stands in for another."""
    exchange.price = D(repr(desk.sources.prices().data["BTCUSDT"]))
    quiet, exchange.silent = exchange.silent, False
    _, token = desk.offer(USER, stop_at(price), old)
    exchange.silent = quiet
    return desk.confirm(USER, 9, token)


def stop_at(price):
    return Draft("BTCUSDT", SELL, STOP, D("0.00166"), stop=D(price), bound=D(price) - 100)


def test_a_moved_stop_is_sent_when_the_old_one_is_surely_over(desk, exchange, clock):
    entry = desk.send(wish(desk, loss=D(2)))
    (old,) = desk.rows.children(entry.id)
    exchange.silent = True
    moved = move(desk, exchange, old, 59500)
    assert moved.state == READY and exchange.placed[-1] == old.id
    exchange.silent = False
    clock.now += 2
    desk.follow()
    assert desk.rows.find(7, old.id).state == DONE
    assert desk.rows.find(7, moved.id).state == WORKING and exchange.placed[-1] == moved.id


def test_a_stop_that_fired_while_it_was_moved_sells_nothing_again(desk, exchange):
    entry = desk.send(wish(desk, loss=D(2)))
    (old,) = desk.rows.children(entry.id)
    name = old.client_ids[0]
    exchange.there[name] = seen(old, name, "FILLED", old.quantity, D(58800))
    moved = move(desk, exchange, old, 59500)
    assert moved.state == DROPPED and moved.id not in exchange.placed


def test_of_stops_that_wait_for_the_same_place_the_newest_alone_is_sent(desk, exchange, clock):
    desk.send(wish(desk, loss=D(2)))
    (old,) = desk.rows.living()
    waiting = [
        desk.rows.add(meant(7, 9, PAPER, stop_at(price))._replace(after=old.id, parent=1))
        for price in (57000, 58000)
    ]
    clock.now += 2
    desk.follow()
    states = [desk.rows.find(7, one.id).state for one in (old, *waiting)]
    assert states == [DONE, DROPPED, WORKING] and exchange.placed[-1] == waiting[1].id


def test_a_moved_stop_that_is_refused_is_told(desk, exchange):
    entry = desk.send(wish(desk, loss=D(2)))
    (old,) = desk.rows.children(entry.id)
    exchange.say = [Answer(NO, code=-2010, text="Order would trigger immediately.")]
    assert move(desk, exchange, old, 59500).state == REFUSED and told(desk) == ["bare"]


def test_a_live_account_must_agree_before_anything_is_sent(desk, exchange):
    exchange.mode, exchange.silent = LIVE, True
    with pytest.raises(UserError, match=r"could not be compared.*no network"):
        desk.ready(7, LIVE)
    exchange.silent = False
    desk.ready(7, LIVE)
    desk.ready(8, PAPER)


def test_foreign_orders_are_listed_and_left_alone(desk, exchange):
    intent = wish(desk, LIVE)
    desk.send(intent)
    other = seen(intent, "web_123", "NEW", D(1), D(1))
    exchange.others = [other]
    desk.rows.save_trader(7, mode=LIVE)
    desk.reconcile()
    assert desk.foreign[7] == [other] and "web_123" not in exchange.there


def test_a_broker_that_cannot_be_had_sends_nothing(market, database, clock):
    desk = Desk(market, database, Accounts(None), LIMITS, clock)
    assert desk.send(wish(desk)).reason == "no key"


def test_orders_are_looked_at_when_they_are_due_or_hurried(desk, exchange, clock, monkeypatch):
    entry = rest(desk)
    asked = []
    monkeypatch.setattr(exchange, "find", lambda i: asked.append(i.id) or exchange.tell(i))
    desk.follow()
    assert asked == []
    desk.hurry(entry.client_ids)
    desk.follow()
    clock.now += trade.LOOK / 1000
    desk.follow()
    assert asked == [entry.id] * 2


def test_who_fails_as_nobody_thought_leaves_the_others_orders_followed(
    desk, exchange, clock, monkeypatch
):
    odd, mine = rest(desk, loss=D(2)), rest(desk, loss=D(3))
    desk.rows.change(odd.id, user_id=6)
    for entry in (odd, mine):
        name = entry.client_ids[0]
        exchange.there[name] = seen(entry, name, "FILLED", D("0.01"), D(59000))
    monkeypatch.setattr(desk, "broker", lambda user, _: {7: exchange}[user])
    clock.now += 11
    with pytest.raises(KeyError):
        desk.follow()
    assert desk.rows.find(7, mine.id).state == DONE and len(desk.rows.children(mine.id)) == 1


@pytest.fixture
def live(desk, exchange):
    """Return a desk whose broker's prices are the market's."""
    exchange.price = D(repr(desk.sources.prices().data["BTCUSDT"]))
    return desk


BUYING = Draft("BTCUSDT", BUY, MARKET, spend=D(120))


def test_a_confirmed_ticket_is_an_order_and_a_second_tap_none(live, exchange):
    ticket, token = live.offer(USER, BUYING)
    assert ticket.worth == 120 and ticket.filled == 1 and exchange.tested.draft == ticket.draft
    done = live.confirm(USER, 9, token)
    assert done.state == DONE and done.nonce == token and done.chat_id == 9
    assert live.confirm(USER, 9, token) == done and exchange.placed == [done.id]


def test_a_token_is_good_for_half_a_minute_and_for_its_owner(live, exchange, clock):
    _, token = live.offer(USER, BUYING)
    for who in (USER, User(8, "Ali", role="live")):
        clock.now += 31 if who is USER else 0
        with pytest.raises(UserError, match="too old"):
            live.confirm(who, 9, token)
    with pytest.raises(UserError, match="too old"):
        live.confirm(USER, 9, live.db.keep_token(7, "alarm"))
    assert exchange.placed == []


def test_a_price_that_ran_away_makes_no_order(live, exchange, monkeypatch):
    _, token = live.offer(USER, BUYING)
    price = live.sources.prices().data["BTCUSDT"]
    monkeypatch.setattr("preflight.price", lambda *_: D(repr(price)) * D("1.006"))
    with pytest.raises(UserError, match="changed"):
        live.confirm(USER, 9, token)
    monkeypatch.undo()
    with pytest.raises(UserError, match="too old"):
        live.confirm(USER, 9, token)
    assert exchange.placed == []


def test_a_price_that_runs_away_while_a_slow_exchange_is_asked_makes_no_order(
    live, exchange, clock, monkeypatch
):
    _, token = live.offer(USER, BUYING)
    fees, before = exchange.fees, live.sources.prices().data["BTCUSDT"]

    def slow(symbol):
        monkeypatch.setattr("trade.price", lambda *_: D(repr(before)) * D("1.006"))
        return fees(symbol)

    monkeypatch.setattr(exchange, "fees", slow)
    with pytest.raises(UserError, match="changed"):
        live.confirm(USER, 9, token)
    assert exchange.placed == []


def test_a_coin_whose_last_order_is_unclear_is_locked(live, exchange):
    exchange.say = ["mute"]
    live.send(wish(live))
    with pytest.raises(UserError, match="locked"):
        live.offer(USER, BUYING)
    live.offer(USER, BUYING._replace(symbol="ETHUSDT"))


def test_two_taps_at_once_make_one_order(live, exchange):
    _, token = live.offer(USER, BUYING)
    with ThreadPoolExecutor(8) as taps:
        done = list(taps.map(lambda _: live.confirm(USER, 9, token), range(8)))
    assert len({one.id for one in done}) == 1 and len(exchange.placed) == 1


def test_the_same_order_again_must_wait(live, exchange, clock):
    live.confirm(USER, 9, live.offer(USER, BUYING)[1])
    with pytest.raises(UserError, match="just made"):
        live.offer(USER, BUYING)
    clock.now += 11
    live.offer(USER, BUYING)


def test_canceling_what_is_over_protects_nothing_again(desk, exchange):
    entry = desk.send(wish(desk, target=D(5), loss=D(2)))
    (guard,) = desk.rows.children(entry.id)
    assert desk.cancel(entry).state == DONE
    assert desk.rows.children(entry.id) == [guard] and exchange.placed == [entry.id, guard.id]


def test_two_processes_that_see_the_same_end_protect_once(desk, exchange, clock):
    exchange.say = ["mute"]
    entry = desk.send(wish(desk, loss=D(2)))
    other = Desk(desk.sources, desk.db, Accounts(exchange), LIMITS, clock)
    clock.now += 2
    desk.follow()
    other._booked(entry, exchange.find(entry).seen, told=True)
    assert len(desk.rows.children(entry.id)) == 1 and told(desk) == ["filled"]


def test_a_purchase_that_outlives_the_kill_switch_is_canceled_when_it_can_be(desk, exchange, clock):
    entry = rest(desk)
    exchange.silent = True
    desk.rows.save_trader(7, stopped=1)
    assert desk.cancel(entry).state == WORKING
    exchange.silent = False
    clock.now += 11
    desk.follow()
    assert desk.rows.find(7, entry.id).state == DONE and told(desk) == ["ended"]
    assert exchange.there[entry.client_ids[0]].state == "CANCELED"


def test_a_kill_switch_pressed_between_ticket_and_sending_holds_the_purchase(live, exchange):
    _, token = live.offer(USER, BUYING)
    claim = live.rows.claim

    def slow(*told):
        live.rows.save_trader(7, stopped=1)
        return claim(*told)

    live.rows.claim = slow
    made = live.confirm(USER, 9, token)
    assert made.state == REFUSED and "kill switch" in made.reason and not exchange.placed


def test_a_live_purchase_that_outlives_its_users_leave_is_canceled_and_a_sale_stays(
    desk, exchange, clock, monkeypatch
):
    shape = {"kind": LIMIT, "spend": None, "quantity": D("0.01"), "price": D(59000)}
    buy = desk.send(wish(desk, LIVE, **shape))
    sale = desk.send(wish(desk, LIVE, **shape | {"side": SELL, "price": D(70000)}))
    paper = desk.send(wish(desk, **shape))
    monkeypatch.setattr(desk.accounts, "missing", lambda _: iter([("izin yok", "no leave")]))
    clock.now += 11
    desk.follow()
    states = [desk.rows.find(7, one.id).state for one in (buy, sale, paper)]
    assert states == [DONE, WORKING, WORKING] and told(desk) == ["ended"]


def test_an_order_that_rested_and_is_not_known_any_more_is_not_said_never_to_have_come(
    desk, exchange, clock
):
    entry = rest(desk)
    exchange.there.clear()
    clock.now += 16
    desk.follow()
    assert desk.rows.find(7, entry.id).state == DROPPED and told(desk) == ["gone"]


def test_by_a_dead_key_the_exchange_is_asked_seldom(desk, exchange, clock, monkeypatch):
    entry, asked = rest(desk), []
    dead = Answer(NO, code=-2015, text="Invalid API-key, IP, or permissions for action.")
    monkeypatch.setattr(exchange, "find", lambda one: asked.append(one.id) or dead)
    for _ in range(60):
        clock.now += 10
        desk.follow()
    assert len(asked) <= 10 and desk.rows.find(7, entry.id).state == WORKING


def test_an_order_written_while_the_database_failed_is_not_left_waiting(desk, exchange, clock):
    intent, begin = wish(desk), desk.rows.begin
    desk.rows.begin = lambda _: 1 / 0
    with pytest.raises(ZeroDivisionError):
        desk.send(intent)
    desk.rows.begin = begin
    desk.follow()
    assert desk.rows.find(7, intent.id).state == READY
    clock.now += 16
    desk.follow()
    assert desk.rows.find(7, intent.id).state == DROPPED and told(desk) == ["dropped"]
    assert not exchange.placed


def test_the_kill_switch_goes_on_where_a_broker_is_not_to_be_had(desk, exchange):
    mine, other = rest(desk), rest(desk)
    none = Desk(desk.sources, desk.db, Accounts(None), LIMITS)
    done = list(none.cancel_every([mine, other]))
    assert [(one.id, str(error)) for one, error in done] == [
        (mine.id, "no key"),
        (other.id, "no key"),
    ]


def trailing(desk, exchange, stop, side=SELL):
    exchange.fill = False
    last = exchange.price
    shape = {"kind": STOP, "side": side, "spend": None, "quantity": D("0.01"), "trail": 200}
    bound = D("0.99") if side == SELL else D("1.01")
    return desk.send(wish(desk, LIVE, **shape, stop=last * stop, bound=last * stop * bound))


@pytest.mark.parametrize(("side", "stop", "to"), [(SELL, "0.95", "0.98"), (BUY, "1.05", "1.02")])
def test_a_stop_trails_the_price_where_the_exchange_does_not(live, exchange, clock, side, stop, to):
    exchange.mode = LIVE
    old = trailing(live, exchange, D(stop), side)
    clock.now += trade.LOOK / 1000
    live.follow()
    (new,) = live.rows.living()
    last = D(repr(live.sources.prices().data["BTCUSDT"]))
    assert live.rows.find(7, old.id).closed and exchange.there[old.client_ids[0]].over
    assert (new.after, new.parent, new.quantity) == (old.id, old.id, D("0.01"))
    assert new.stop == pytest.approx(last * D(to), rel=D("1e-4")) and told(live) == []
    clock.now += trade.LOOK / 1000
    live.follow()
    assert [one.id for one in live.rows.living()] == [new.id]


def test_a_trailing_stop_never_goes_back(live, exchange, clock):
    old = trailing(live, exchange, D("0.985"))
    clock.now += trade.LOOK / 1000
    live.follow()
    assert [one.id for one in live.rows.living()] == [old.id]


def test_a_trailing_stop_waits_while_the_exchange_is_silent(live, exchange, clock):
    old = trailing(live, exchange, D("0.9"))
    exchange.silent = True
    clock.now += trade.LOOK / 1000
    live.follow()
    assert [one.id for one in live.rows.living()] == [old.id]


def test_a_stop_whose_canceling_fails_is_followed_by_one_only(live, exchange, clock, monkeypatch):
    trailing(live, exchange, D("0.9"))
    cancel = exchange.cancel
    monkeypatch.setattr(exchange, "cancel", lambda _: Answer(UNKNOWN, text="502"))
    for _ in range(5):
        clock.now += trade.LOOK / 1000
        live.follow()
    assert len(live.rows.living()) == 2
    monkeypatch.setattr(exchange, "cancel", cancel)
    for _ in range(3):
        clock.now += trade.LOOK / 1000
        live.follow()
    (moved,) = live.rows.living()
    assert moved.state == WORKING and sum(not one.over for one in exchange.there.values()) == 1


def test_a_trailing_stop_of_a_coin_without_a_price_locks_no_account(live, exchange, monkeypatch):
    def gone(*_):
        raise UserError("bayat", "stale")

    old = trailing(live, exchange, D("0.9"))
    monkeypatch.setattr("trade.price", gone)
    live.agree(7)
    live.ready(7, LIVE)
    assert [one.id for one in live.rows.living()] == [old.id]
    live.hurry(old.client_ids)
    with pytest.raises(UserError, match="stale"):
        live.follow()


def test_a_trailing_stop_that_cannot_be_set_anew_is_told(live, exchange, clock):
    trailing(live, exchange, D("0.9"))
    exchange.say = [Answer(NO, code=-2010, text="no")]
    clock.now += trade.LOOK / 1000
    live.follow()
    assert told(live) == ["bare"] and not live.rows.living()


@pytest.mark.parametrize(
    ("role", "mode", "bought"),
    [
        ("", PAPER, False),
        ("reader", PAPER, False),
        ("trader", PAPER, True),
        ("trader", LIVE, False),
        ("live", LIVE, True),
        ("admin", LIVE, True),
    ],
)
def test_the_desk_itself_holds_a_purchase_back_by_the_role_and_no_sale(
    desk, exchange, monkeypatch, role, mode, bought
):
    exchange.mode = mode
    desk.rows.save_trader(7, mode=mode)
    held = {"BTC": Balance(D("0.01")), "USDT": Balance(D(1000))}
    monkeypatch.setattr(exchange, "balances", lambda: held)
    user = User(7, role=role)
    buy, sell = (Draft("BTCUSDT", side, MARKET, quantity=D("0.001")) for side in (BUY, SELL))
    assert desk.ticket(user, sell).draft.side == SELL
    if bought:
        assert desk.ticket(user, buy).draft.side == BUY
        return
    with pytest.raises(UserError, match="may not trade"):
        desk.ticket(user, buy)


def test_who_may_not_trade_live_any_more_is_no_error_unless_an_order_is_left(
    market, database, exchange, clock
):
    desk = Desk(market, database, Accounts(None), LIMITS, clock)
    desk.rows.save_trader(7, mode=LIVE)
    desk.reconcile()
    wish(desk, LIVE)
    with pytest.raises(UserError):
        desk.reconcile()


@pytest.mark.parametrize("trouble", ["raises", "hangs"])
def test_an_account_in_trouble_keeps_no_other_from_being_reconciled(
    market, database, exchange, clock, trouble
):
    exchange.mode, go_on = LIVE, threading.Event()
    desk = Desk(market, database, Accounts(exchange), LIMITS, clock)
    for user_id in (6, 7):
        desk.rows.save_trader(user_id, mode=LIVE)

    def opened(user_id, _):
        if user_id == 6 and trouble == "raises":
            raise RuntimeError("broken")
        return exchange if user_id == 7 or go_on.wait(20) else None

    desk.accounts.open, desk._agreeing.patience = opened, 0.5
    job = next(job for job, _ in desk.jobs() if job.name == "reconcile")
    job.once(clock)
    assert desk.foreign.keys() == {7} and (7, LIVE) in desk._agreed
    assert (6, LIVE) not in desk._agreed
    if trouble == "hangs":
        desk._agreeing.hung = 0
        job.once(clock)
    assert job.errors == 1 and ("broken" in job.last_error or "reconcile of 6" in job.last_error)
    go_on.set()
