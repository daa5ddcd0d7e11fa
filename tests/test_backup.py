"""backup.py: copies and sealed files hold every row, and an old one begins nothing again."""

import io
import json
import random
import secrets
import threading
from decimal import Decimal as D
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, update

import backup
import db
from alarm_rows import ACTIVE, PAUSED, Alarm, Firing, State
from alarm_rows import DONE as FIRED
from bot import UserError
from order_rows import DONE, DROPPED, READY, STUCK, UNSURE, WORKING, Key, meant
from orders import BUY, LIMIT, LIVE, MARKET, OCO, PAPER, SELL, Draft
from schema import MIGRATIONS, firings, formulas, meta, tables, tokens
from tests.test_db import fresh_postgres
from tests.test_trade import LIMITS, Accounts, Exchange, rest, seen, wish
from trade import Desk
from vault import Pair, seal

WORD, ZONE = "correct horse battery", ZoneInfo("Europe/Istanbul")
BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.service)]


@pytest.fixture(params=BOTH)
def url(request, tmp_path):
    return f"sqlite:///{tmp_path / 'x.db'}" if request.param == "sqlite" else fresh_postgres()


@pytest.fixture
def other(tmp_path, clock):
    opened = db.Db(f"sqlite:///{tmp_path / 'other.db'}", clock)
    yield opened
    opened.close()


def filled(url, clock):
    opened = db.Db(url, clock)
    opened.save_person(2**40, name="Ayşe", zone="Europe/Berlin")
    opened.add_favourites(2**40, ["A", "B"])
    opened.save_reading("dominance", 1, 58.1)
    for i in range(3):
        opened.alarms.add(Alarm(2**40, -(2**40), "price", f"> {i}", "BTCUSDT", cooldown=5))
    opened.alarms.save([State(1, "BTCUSDT", True, None, 5, 9)], [Firing(1, 1, 1, "X", 1, 1.5, "x")])
    opened.alarms.told([1], 5)
    bought = meant(7, 7, PAPER, Draft("BTCUSDT", BUY, MARKET, spend=D("0.000000010")))
    opened.orders.add(bought)
    return opened


def rows(opened):
    with opened._read() as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            for table in db.STORED
        }


def packed(opened, word=WORD):
    file = io.BytesIO()
    made = backup.write(opened, file, word)
    assert made.size == file.tell()
    return file.getvalue()


def back(opened, body, word=WORD):
    return backup.restore(opened, io.BytesIO(body), word, ZONE)


def refused(opened, body, word=WORD):
    with pytest.raises(UserError) as caught:
        back(opened, body, word)
    assert opened.unused() and not any(rows(opened).values())
    return caught.value.en


@pytest.mark.service
@pytest.mark.parametrize("turned", [False, True])
def test_a_copy_into_the_other_kind_of_database_has_every_row_and_counts_on(
    tmp_path, clock, turned
):
    ways = [f"sqlite:///{tmp_path / 'x.db'}", fresh_postgres()]
    origin, target = ways[::-1] if turned else ways
    first = filled(origin, clock)
    assert backup.copy(origin, target) == 10
    second = db.Db(target, clock)
    assert rows(second) == rows(first)
    assert second.alarms.add(Alarm(1, 1, "price", "> 9", "BTCUSDT")) == 4
    second.alarms.save([], [Firing(1, 1, 1, "X", 1, None, "y")])
    assert [firing.id for firing in second.alarms.outbox()] == [2]
    with pytest.raises(ValueError, match="not empty"):
        backup.copy(origin, target)
    first.close(), second.close()


def test_a_file_brings_every_row_back_and_numbers_go_on(url, clock, other):
    first = filled(url, clock)
    body = packed(first)
    came = back(other, body)
    assert (came.made, came.rows, came.untold) == (int(clock() * 1000), 10, 0)
    there, here = rows(first), rows(other)
    assert there.pop("notes") == [] and here.pop("notes") == [f"('backup', '{came.made}')"]
    assert here == there
    assert other.alarms.add(Alarm(1, 1, "price", "> 9", "BTCUSDT")) == 4
    assert other.orders.of(7, PAPER)[0].spend == D("0.000000010")
    first.close()


@pytest.mark.service
def test_a_file_of_sqlite_comes_back_in_postgresql_and_numbers_go_on(tmp_path, clock):
    first = filled(f"sqlite:///{tmp_path / 'x.db'}", clock)
    second = db.Db(fresh_postgres(), clock)
    back(second, packed(first))
    assert rows(second)["intents"] == rows(first)["intents"]
    assert second.alarms.add(Alarm(1, 1, "price", "> 9", "BTCUSDT")) == 4
    first.close(), second.close()


def test_all_rows_of_many_frames_come_back(clock, database, other):
    rng = random.Random(5)
    with database._write() as here:
        text = [f"ğüş\x1f {rng.randbytes(200).hex()}" for _ in range(1500)]
        row = {"user_id": 1, "chat_id": 1, "symbol": "X", "alarm_id": 1, "at": 1, "made": 1}
        row |= {"severity": "normal", "tries": 0, "delivered": 5}
        here.execute(insert(firings), [{**row, "text": one} for one in text])
    body = packed(database)
    assert len(body) > 3 * backup.FRAME
    assert back(other, body).rows == 1500
    assert [one.text for one in other.alarms.fired(1)] == text
    for cut in range(len(body) - 1, 0, -len(body) // 7):
        fresh = db.Db("sqlite://", clock)
        assert refused(fresh, body[:cut]) == backup.CUT_OFF[1]
        fresh.close()


def test_a_snapshot_is_of_one_instant_while_others_write(url, clock, monkeypatch):
    first = filled(url, clock)
    plain, file = backup.batches, io.BytesIO()

    def slow(table, there):
        yield from plain(table, there)
        if table.name == "alarms":
            for coin in "CDE":
                first.add_favourites(9, [coin])
                first.alarms.add(Alarm(9, 9, "price", "> 1", coin))

    monkeypatch.setattr(backup, "batches", slow)
    before = rows(first)
    backup.write(first, file, WORD)
    told = [line for line in backup.lines(io.BytesIO(file.getvalue()), WORD) if "table" in line]
    assert {line["table"]: len(line["rows"]) for line in told} == {
        name: len(some) for name, some in before.items() if some
    }
    assert len(first.favourites(9)) == 3
    first.close()


def test_a_writer_goes_on_while_a_backup_is_made(url, clock):
    first, stop = filled(url, clock), threading.Event()

    def write():
        while not stop.is_set():
            first.save_reading("busy", first.now(), 1.0)
            clock.now += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        bodies = [packed(first) for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    assert len(set(bodies)) == 3
    first.close()


@pytest.mark.parametrize("which", ["header", "first", "middle", "length", "last", "appended"])
def test_a_changed_file_is_told_from_a_wrong_key_and_nothing_is_written(
    which, clock, database, other
):
    body = bytearray(packed(filled_with_noise(database)))
    start = len(backup.MAGIC) + backup.SALT + backup.MARK
    places = {"header": 0, "first": start + 5, "middle": len(body) // 2, "last": len(body) - 1}
    if which == "appended":
        body += b"x"
    elif which == "length":
        body[start + 3] ^= 1
    else:
        body[places[which]] ^= 1
    told = refused(other, bytes(body))
    assert told == (backup.NO_BACKUP if which == "header" else backup.CHANGED)[1]


def filled_with_noise(database):
    rows = [{"user_id": i, "name": "f", "text": secrets.token_hex(300)} for i in range(300)]
    with database._write() as here:
        here.execute(insert(formulas), rows)
    return database


def test_frames_of_another_file_or_in_another_order_are_refused(database, other):
    filled_with_noise(database)
    one, two = packed(database), packed(database)
    start = len(backup.MAGIC) + backup.SALT + backup.MARK
    frame = backup.HEAD.size + backup.FRAME + backup.TAG
    swapped = one[:start] + one[start + frame : start + 2 * frame] + one[start : start + frame]
    assert refused(other, swapped + one[start + 2 * frame :]) == backup.CHANGED[1]
    assert refused(other, one[:start] + two[start:]) == backup.CHANGED[1]
    assert refused(other, two[:start] + one[start : start + frame]) == backup.CHANGED[1]


def test_a_wrong_key_a_short_head_and_no_backup_are_each_told(database, other):
    body = packed(database)
    assert refused(other, body, "another horse") == backup.OTHER_KEY[1]
    for cut in (len(backup.MAGIC), 30, len(body) - 1):
        assert refused(other, body[:cut]) == backup.CUT_OFF[1]
    for wrong in (b"", b"PK\x03\x04" * 50, body[1:]):
        assert refused(other, wrong) == backup.NO_BACKUP[1]


def test_a_file_of_a_newer_schema_is_refused(database, other, monkeypatch):
    monkeypatch.setattr(backup, "MIGRATIONS", (*MIGRATIONS, None))
    body = packed(database)
    monkeypatch.setattr(backup, "MIGRATIONS", MIGRATIONS)
    assert refused(other, body) == backup.NEWER[1]


def test_a_table_that_is_not_known_is_refused(database, other, monkeypatch):
    database.save_person(1, name="A")
    line = {"table": "users; DROP", "columns": ["id"], "rows": [[1]]}
    plain = backup.Sealer.end
    monkeypatch.setattr(backup.Sealer, "end", lambda self: (self.add(line), plain(self)))
    assert refused(other, packed(database)) == backup.NEWER[1]


def test_a_file_of_an_older_schema_gets_the_steps_since(database, other, monkeypatch):
    database.save_person(1, name="A")
    ran = []
    monkeypatch.setattr(backup, "MIGRATIONS", MIGRATIONS[:3])
    body = packed(database)
    monkeypatch.setattr(backup, "MIGRATIONS", (*MIGRATIONS[:3], ran.append))
    back(other, body)
    assert len(ran) == 1 and other.person(1).name == "A"


def test_a_used_database_is_not_filled_and_one_only_the_bot_has_noted_in_is(database, other):
    database.save_person(1, name="A")
    body = packed(database)
    other.save_host("binance", "banned", 5)
    other.save_reading("dominance", 1, 50.0)
    other.keep_note("x", "y")
    assert other.unused() and back(other, body).rows == 1
    assert other.note("x") == "" and other.host_states() == []
    with pytest.raises(db.Used):
        back(other, body)
    assert other.person(1).name == "A"


def test_one_too_big_for_telegram_is_refused_while_it_is_made(database):
    filled_with_noise(database)
    with pytest.raises(UserError, match="over 50 MB"):
        backup.write(database, io.BytesIO(), WORD, most=100_000)
    assert backup.SENT == 50 * 1024 * 1024


def test_nothing_of_the_rows_stands_in_clear(database):
    pair = Pair("K" * 32, "S" * 32)
    sealed = seal(pair, 1, WORD)
    database.orders.save_keys([Key(1, "KKKK…", sealed, 1)])
    database.save_person(1, name="Ayşenur Gizli")
    database.receive([(1, '{"text": "my own words"}')])
    body = packed(database)
    wanted = ("Ayşenur", "my own words", sealed, "KKKK", "users", WORD, "S" * 8)
    assert not [one for one in wanted if one.encode() in body]
    assert packed(database) != body


def test_what_is_past_is_not_begun_again(database, other, clock):
    database.save_person(1, name="A", zone="UTC")
    database.receive([(1, "answered"), (2, "being answered")])
    database.finish(1)
    token = database.keep_token(1, "body")
    database.save_push(db.Push(1, "p", 1, 0, "2026-01-01"))
    database.alarms.save([], [Firing(3, 1, 1, "X", 1, None, "waits")])
    clock.now += 10
    came = back(other, packed(database))
    assert came.untold == 1 and other.alarms.outbox() == []
    assert other.waiting() == [] and other.receive([(1, "x"), (2, "x"), (3, "x")]) == {3}
    assert other.take_token(1, token) is None
    assert other.pushes(1)[0].last(clock(), ZoneInfo("UTC"))[0] == other.pushes(1)[0].day
    assert other.note(backup.LAST) == str(came.made)


def order(database, mode, state, **more):
    draft = Draft("BTCUSDT", BUY, LIMIT, quantity=D(1), price=D(5), target=D(3), loss=D(2))
    made = database.orders.add(meant(7, 9, mode, draft._replace(**more)))
    database.orders.change(made.id, state=state)
    return made.id


def test_live_orders_are_only_asked_about_and_their_owner_is_told(database, other, clock):
    database.orders.save_trader(7, mode=LIVE, approved=9**12)
    states = {state: order(database, LIVE, state) for state in (READY, "sending", UNSURE, STUCK)}
    working, paper = order(database, LIVE, WORKING), order(database, PAPER, READY)
    over = order(database, LIVE, DONE)
    guard = order(database, LIVE, READY, side=SELL, kind=OCO, stop=D(4), bound=D(4))
    database.orders.change(guard, parent=over, after=working)
    database.orders.change(states[STUCK], sent=5, asks=9, again=10**15)
    assert back(other, packed(database)).rows == 9
    found = {one.id: one for one in other.orders.of(7, LIVE)}
    for number in (*states.values(), guard):
        one = found[number]
        assert (one.state, one.parent, one.after, one.again, one.asks) == (
            *(UNSURE, None, None, None),
            0,
        )
        assert one.sent in (5, one.made)
    assert found[working].state == WORKING and found[over].target == 3
    bought = [one for one in found.values() if one.side == BUY and one.id != over]
    assert all(one.target is None and one.loss is None for one in bought)
    assert other.orders.find(7, paper).state == READY and other.orders.find(7, paper).loss == 2
    assert (other.orders.trader(7).mode, other.orders.trader(7).approved) == (PAPER, None)
    assert [(one.user_id, one.text) for one in other.alarms.outbox()] == [(7, backup.RESTORED)]


def test_alarms_that_make_orders_may_have_made_them_since_and_pause(database, other):
    rows = database.alarms
    plain = Alarm(8, 8, "price", "> 1", "BTCUSDT", made=1)
    rows.add(plain)
    rows.add(plain._replace(user_id=9, follow="BUY 100 - - -"))
    rows.add(plain._replace(user_id=5, follow="BUY 100 - - -", state=FIRED))
    back(other, packed(database))
    assert [one.state for user in (8, 9) for one in other.alarms.of(user)] == [ACTIVE, PAUSED]
    assert other.alarms.find(5, 3).state == FIRED
    assert [(one.user_id, one.text) for one in other.alarms.outbox()] == [(9, backup.RESTORED)]


def test_after_a_restore_nothing_is_sent_that_may_have_been_since(market, database, other, clock):
    """The old bot protected a purchase and sent what was ready; the one restored only asks."""
    exchange = Exchange(LIVE)
    old = Desk(market, database, Accounts(exchange), LIMITS, clock)
    bought = rest(old, mode=LIVE, loss=D(2))
    ready = wish(old, mode=LIVE, side=SELL, kind=OCO, spend=None, quantity=D("0.01"))
    old.rows.change(ready.id, parent=999)
    clock.now += 3600
    body = packed(database)
    old.send(ready)
    (name,) = bought.client_ids
    exchange.there[name] = seen(bought, name, "FILLED", D("0.01"), D(59000))
    old.rows.change(bought.id, again=0)
    old.follow()
    sent = list(exchange.placed)
    assert len(sent) == 3
    clock.now += 60
    back(other, body)
    new = Desk(market, other, Accounts(exchange), LIMITS, clock)
    for _ in range(3):
        new.reconcile()
        new.follow()
        clock.now += 30
    assert exchange.placed == sent
    assert new.rows.find(7, bought.id).state == DONE and new.rows.filled(bought.id)
    assert new.rows.find(7, ready.id).state == WORKING
    assert len(new.foreign[7]) == 1
    assert {one.text for one in other.alarms.outbox()} >= {backup.RESTORED}


def test_after_a_restore_what_is_not_at_the_exchange_is_dropped_and_told(
    market, database, other, clock
):
    exchange = Exchange(LIVE)
    old = Desk(market, database, Accounts(exchange), LIMITS, clock)
    ready = wish(old, mode=LIVE, side=SELL, kind=OCO, spend=None, quantity=D("0.01"))
    old.rows.change(ready.id, parent=999, state="sending", sent=old.now())
    body = packed(database)
    clock.now += 3600
    back(other, body)
    new = Desk(market, other, Accounts(exchange), LIMITS, clock)
    for _ in range(3):
        new.follow()
        clock.now += 60
    assert exchange.placed == [] and new.rows.find(7, ready.id).state == DROPPED
    assert [one.text.split()[0] for one in other.alarms.outbox()] == [backup.RESTORED, "dropped"]


def test_every_table_but_the_version_and_the_lease_is_in_a_backup():
    assert {table.name for table in db.STORED} == set(tables.tables) - {"meta", "leases"}


def test_a_file_keeps_what_every_kind_of_column_holds(database, other):
    """Amounts, big numbers, floats, truth and nothing come back as they were, in every table."""
    with database._write() as here:
        for table in db.STORED:
            here.execute(insert(table).values(**{c.name: sample(c) for c in table.columns}))
        here.execute(update(firings).values(delivered=1))
        here.execute(tokens.delete())
    there = rows(database)
    back(other, packed(database))
    here = rows(other)
    changed = {"notes", "updates", "pushes", "traders", "tokens"}
    assert {k: v for k, v in here.items() if k not in changed} == {
        k: v for k, v in there.items() if k not in changed
    }


def sample(column):
    kinds = {"Money": D("1.10"), "BOOLEAN": True, "DOUBLE": 0.1, "DOUBLE PRECISION": 0.1}
    kinds |= {"TEXT": 'Ş"\n\\', "INTEGER": 7, "BIGINT": 2**60}
    known = kinds.get(type(column.type).__name__, kinds.get(str(column.type)))
    return "UTC" if column.name == "zone" else known


def test_a_day_begins_at_four():
    four = 1_795_482_000_000
    assert backup.day(four - 1, ZONE) == "2026-11-23" and backup.day(four, ZONE) == "2026-11-24"


def test_the_first_line_tells_version_and_time(database, clock):
    first = next(backup.lines(io.BytesIO(packed(database)), WORD))
    assert first == {"version": len(MIGRATIONS), "made": int(clock() * 1000)}
    assert json.dumps(first) and meta.name == "meta"
