"""The rows of trading: what was meant, what became of it at the exchange, who may trade how."""

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, union, update

from alarm_rows import PAUSED, Firing, told_row
from orders import LIVE, OCO, PAPER, Draft, Seen
from schema import alarms, fills, firings, intents, keys, notes, openings, orders, tokens, traders

READY, SENDING, UNSURE, WORKING, STUCK = "ready", "sending", "unsure", "working", "stuck"
DONE, REFUSED, DROPPED = "done", "refused", "dropped"
PENDING, LIVING = (READY, SENDING, UNSURE), (READY, SENDING, UNSURE, WORKING, STUCK)
PREFIX, AT_ONCE = "d5-", 1000
# Live rows of a venue that is not traded at have another mode, by which nothing is read.
MODES, VENUE, MOVED = (PAPER, LIVE), "venue", "moved"
Opened = Callable[[], AbstractContextManager[Connection]]


class Trader(NamedTuple):
    """How somebody trades: on paper or live, since when stopped, until when alarms may buy live."""

    user_id: int
    mode: str = PAPER
    stopped: int | None = None
    approved: int | None = None


class Key(NamedTuple):
    """Somebody's key of the exchange, sealed; `mask` is what may be shown of it."""

    user_id: int
    mask: str
    sealed: str
    checked: int


class Opening(NamedTuple):
    """What an account was worth as a day began, when that was seen (ms), and what it held then.

    Of a day that began before a version knew, the last two are None.
    """

    worth: Decimal
    at: int | None
    held: dict[str, Decimal] | None


class Intent(NamedTuple):
    """An order that is meant: written before anything is sent, and what became of it.

    `nonce` is the token it was confirmed by. `last` is the price then; `parent` the intent whose
    purchase it protects, `after` the one it stands in for as soon as that is over; `again` when a
    broker is to be asked about it next, `asks` how often it was.
    """

    user_id: int
    chat_id: int
    mode: str
    symbol: str
    side: str
    kind: str
    quantity: Decimal | None = None
    spend: Decimal | None = None
    price: Decimal | None = None
    stop: Decimal | None = None
    bound: Decimal | None = None
    trail: int | None = None
    target: Decimal | None = None
    loss: Decimal | None = None
    last: Decimal | None = None
    nonce: str = ""
    parent: int | None = None
    after: int | None = None
    state: str = READY
    reason: str = ""
    made: int = 0
    sent: int | None = None
    asks: int = 0
    again: int | None = None
    closed: int | None = None
    id: int = 0

    @property
    def draft(self) -> Draft:
        """Return the order it wants."""
        return Draft(**{name: getattr(self, name) for name in Draft._fields})

    @property
    def client_ids(self) -> tuple[str, ...]:
        """Return the ids its orders have at the exchange: one, or an OCO's upper and lower."""
        name = f"{PREFIX}{self.id}-{self.nonce}"
        return (f"{name}-a", f"{name}-b") if self.kind == OCO else (name,)

    @property
    def list_id(self) -> str:
        """Return the id of an OCO's list at the exchange."""
        return f"{PREFIX}{self.id}-{self.nonce}-l"


class Order(NamedTuple):
    """An intent's order as the exchange told it last."""

    intent_id: int
    client_id: str
    exchange_id: str
    type: str
    state: str
    quantity: Decimal
    executed: Decimal
    quote: Decimal
    price: Decimal
    stop: Decimal
    updated: int
    id: int = 0


class Trade(NamedTuple):
    """A fill that was booked."""

    intent_id: int
    user_id: int
    mode: str
    symbol: str
    side: str
    trade: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    asset: str
    at: int
    id: int = 0


def meant(user_id: int, chat_id: int, mode: str, draft: Draft, **more: Any) -> Intent:
    """Return the intent of a draft."""
    return Intent(user_id, chat_id, mode, **draft._asdict(), **more)


def after(firing: Firing) -> str:
    """Return the nonce of the one order that may follow a firing."""
    told = f"{firing.id} {firing.made} {firing.symbol}".encode()
    return urlsafe_b64encode(sha256(told).digest()[:9]).decode()


class OrderRows:
    """Read and write the rows of trading."""

    def __init__(self, read: Opened, write: Opened, dialect: Any, now: Callable[[], int]) -> None:
        self._read, self._write, self._dialect, self._now = read, write, dialect, now

    def trader(self, user_id: int) -> Trader:
        """Return how somebody trades; on paper who never said."""
        with self._read() as db:
            row = db.execute(select(traders).where(traders.c.user_id == user_id)).first()
        return Trader(**row._mapping) if row else Trader(user_id)

    def save_trader(self, user_id: int, **values: Any) -> None:
        """Write how somebody trades."""
        made = self._dialect.insert(traders).values(
            **({"user_id": user_id, "mode": PAPER} | values)
        )
        place = [traders.c.user_id]
        with self._write() as db:
            db.execute(made.on_conflict_do_update(index_elements=place, set_=values))

    def opening(
        self, user_id: int, mode: str, day: str, worth: Decimal, held: Mapping[str, Decimal]
    ) -> Opening:
        """Return how an account was when a day began: how it is when first asked."""
        place = {"user_id": user_id, "mode": mode, "day": day}
        told = {asset: format(amount, "f") for asset, amount in held.items()}
        now = {"worth": worth, "warned": False, "at": self._now(), "held": json.dumps(told)}
        row = self._dialect.insert(openings).values(**place, **now)
        query = select(openings.c.worth, openings.c.at, openings.c.held).filter_by(**place)
        with self._write() as db:
            db.execute(row.on_conflict_do_nothing())
            began, at, text = db.execute(query).one()
        kept = None if text is None else json.loads(text)
        return Opening(began, at, kept and {asset: Decimal(one) for asset, one in kept.items()})

    def warn(self, mode: str, day: str, tell: Firing) -> bool:
        """Let a day's loss be told to its user, once; return whether it had not been."""
        place = {"user_id": tell.user_id, "mode": mode, "day": day, "warned": False}
        with self._write() as db:
            if not db.execute(update(openings).filter_by(**place).values(warned=True)).rowcount:
                return False
            db.execute(insert(firings).values(**told_row(tell, self._now())))
            return True

    def trading(self, since: int) -> list[tuple[int, str]]:
        """Return who traded in which mode since an instant (ms), or has an order that is open."""
        recent = select(fills.c.user_id, fills.c.mode).where(fills.c.at >= since)
        waiting = select(intents.c.user_id, intents.c.mode).where(intents.c.state.in_(LIVING))
        with self._read() as db:
            rows = db.execute(union(recent, waiting))
            return sorted((row[0], row[1]) for row in rows if row[1] in MODES)

    def traders(self) -> list[Trader]:
        """Return everybody who has chosen or traded."""
        with self._read() as db:
            return [Trader(**row._mapping) for row in db.execute(select(traders))]

    def venue(self) -> str | None:
        """Return at which venue the live rows were made, None where that was never noted."""
        with self._read() as db:
            return db.scalar(select(notes.c.text).where(notes.c.name == VENUE))

    def claim_venue(self, venue: str) -> None:
        """Note at which venue live rows will be made, where there is none yet."""
        if self.venue() is None:
            made = self._dialect.insert(notes).values(name=VENUE, text=venue)
            with self._write() as db:
                if not db.scalar(select(func.count()).where(intents.c.mode == LIVE)):
                    db.execute(made.on_conflict_do_nothing())

    def move_venue(self, venue: str) -> None:
        """Put the live rows of another venue aside, take back this one's, and tell whose they are.

        Whoever traded live is on paper then, and no token of before counts. Rows of before a
        venue was noted are taken for this one's.
        """
        before = self.venue()
        if before == venue:
            return
        made = self._dialect.insert(notes).values(name=VENUE, text=venue)
        with self._write() as db:
            place = [notes.c.name]
            db.execute(made.on_conflict_do_update(index_elements=place, set_={"text": venue}))
            if before is None:
                return
            going = (intents.c.mode == LIVE) & intents.c.state.in_(LIVING)
            live = select(traders.c.user_id).where(traders.c.mode == LIVE)
            for user_id in db.scalars(union(live, select(intents.c.user_id).where(going))).all():
                told = Firing(0, user_id, user_id, "", self._now(), None, MOVED)
                db.execute(insert(firings).values(**told_row(told, self._now())))
            for table in (openings, intents, fills):
                for old, new in ((LIVE, f"{LIVE} {before}"), (f"{LIVE} {venue}", LIVE)):
                    db.execute(update(table).where(table.c.mode == old).values(mode=new))
            db.execute(update(traders).values(mode=PAPER, approved=None))
            db.execute(delete(tokens))

    def key(self, user_id: int) -> Key | None:
        """Return somebody's key of the exchange."""
        with self._read() as db:
            row = db.execute(select(keys).where(keys.c.user_id == user_id)).first()
        return Key(**row._mapping) if row else None

    def keys(self) -> list[Key]:
        """Return every key."""
        with self._read() as db:
            return [Key(**row._mapping) for row in db.execute(select(keys))]

    def save_keys(self, rows: Iterable[Key]) -> None:
        """Write keys in one transaction, in the place of those their users had."""
        made = self._dialect.insert(keys)
        set_ = {name: made.excluded[name] for name in ("mask", "sealed", "checked")}
        upsert = made.on_conflict_do_update(index_elements=[keys.c.user_id], set_=set_)
        with self._write() as db:
            for row in rows:
                db.execute(upsert, row._asdict())

    def reseal(self, anew: Callable[[Key], str]) -> int:
        """Seal every key anew in one transaction, all or none; return how many changed."""
        changed = 0
        with self._write() as db:
            for row in db.execute(select(keys).with_for_update()).all():
                sealed = anew(Key(**row._mapping))
                changed += sealed != row.sealed
                db.execute(update(keys).where(keys.c.user_id == row.user_id).values(sealed=sealed))
        return changed

    def remove_key(self, user_id: int) -> bool:
        """Forget somebody's key; return whether there was one."""
        with self._write() as db:
            return db.execute(delete(keys).where(keys.c.user_id == user_id)).rowcount > 0

    def claim(self, token: str, intent: Intent) -> Intent | None:
        """Write an intent and use its token up, both or neither; None where it is used already."""
        mine = (tokens.c.token == token) & (tokens.c.user_id == intent.user_id)
        with self._write() as db:
            if not db.execute(delete(tokens).where(mine)).rowcount:
                return None
            return self._insert(db, intent._replace(nonce=token))

    def claimed(self, user_id: int, token: str) -> Intent | None:
        """Return the intent that somebody's token has made."""
        return next(self._intents(intents.c.nonce == token, intents.c.user_id == user_id), None)

    def add(self, intent: Intent) -> Intent:
        """Write an intent that needs no token."""
        with self._write() as db:
            return self._insert(db, intent)

    def _insert(self, db: Connection, intent: Intent) -> Intent:
        nonce = intent.nonce or secrets.token_urlsafe(9)
        row = intent._asdict() | {"nonce": nonce, "made": self._now()}
        row.pop("id")
        made = db.scalar(insert(intents).values(**row).returning(intents.c.id))
        return Intent(**row, id=made)

    def once(self, intent: Intent, tell: Iterable[Firing] = ()) -> Intent | None:
        """Write the one intent of its nonce with what is to be said; None where it is there."""
        row = intent._asdict() | {"made": self._now()}
        row.pop("id")
        made = self._dialect.insert(intents).values(**row).on_conflict_do_nothing()
        with self._write() as db:
            number = db.scalar(made.returning(intents.c.id))
            if number is None:
                return None
            for firing in tell:
                told = firing._replace(text=f"{firing.text} {number}")
                db.execute(insert(firings).values(**told_row(told, self._now())))
        return Intent(**row, id=number)

    def awaited(self, since: int) -> list[tuple[Firing, str]]:
        """Return the firings since an instant (ms) whose alarm's order is still to be made."""
        query = select(firings, alarms.c.follow).join(alarms, alarms.c.id == firings.c.alarm_id)
        lately = (firings.c.made >= since) & (firings.c.made >= alarms.c.made)
        lately &= alarms.c.state != PAUSED
        with self._read() as db:
            rows = db.execute(query.where(alarms.c.follow != "", lately).order_by(firings.c.id))
            told = [dict(row._mapping) for row in rows]
            every = [(row.pop("follow"), Firing(**row)) for row in told]
            nonces = [after(firing) for _, firing in every]
            there = set[str]()
            for start in range(0, len(nonces), AT_ONCE):
                some = intents.c.nonce.in_(nonces[start : start + AT_ONCE])
                there.update(db.scalars(select(intents.c.nonce).where(some)))
        pairs = zip(every, nonces, strict=True)
        return [(firing, wanted) for (wanted, firing), nonce in pairs if nonce not in there]

    def begin(self, intent_id: int) -> bool:
        """Note that an intent is about to be sent; False where it is not there to be sent."""
        ready = (intents.c.id == intent_id) & (intents.c.state == READY)
        change = update(intents).where(ready).values(state=SENDING, sent=self._now())
        with self._write() as db:
            return db.execute(change).rowcount > 0

    def change(self, intent_id: int, **values: Any) -> None:
        """Write something of an intent anew."""
        with self._write() as db:
            db.execute(update(intents).where(intents.c.id == intent_id).values(**values))

    def book(
        self,
        intent: Intent,
        state: str,
        seen: Sequence[Seen] = (),
        reason: str = "",
        follow: Iterable[Intent] = (),
        tell: Iterable[Firing] = (),
        again: int | None = None,
    ) -> list[Intent]:
        """Write in one transaction what a broker told, what follows, and what is to be said of it.

        A fill is booked once however often it is told, and what follows the end only by whoever
        brings that about. Return the new intents.
        """
        closed = None if state in LIVING else self._now()
        values = {"state": state, "reason": reason[:200], "closed": closed, "again": again}
        with self._write() as db:
            for one in seen:
                self._note(db, intent, one)
            still = (intents.c.id == intent.id) & intents.c.closed.is_(None)
            if not db.execute(update(intents).where(still).values(**values)).rowcount:
                return []
            made = [self._insert(db, one) for one in follow]
            for firing in tell:
                db.execute(insert(firings).values(**told_row(firing, self._now())))
        return made

    def _note(self, db: Connection, intent: Intent, seen: Seen) -> None:
        """Write an order as it was told, and its fills that are new."""
        row = Order(
            intent.id,
            *(seen.client_id, seen.exchange_id, seen.type, seen.state),
            *(seen.quantity, seen.executed, seen.quote, seen.price, seen.stop),
            self._now(),
        )._asdict()
        row.pop("id")
        made = self._dialect.insert(orders).values(**row)
        set_ = {name: made.excluded[name] for name in row if name not in ("intent_id", "client_id")}
        db.execute(made.on_conflict_do_update(index_elements=[orders.c.client_id], set_=set_))
        place = (intent.id, intent.user_id, intent.mode, intent.symbol, seen.side)
        for fill in seen.fills:
            names = Trade._fields[: len(place)]
            trade = dict(zip(names, place, strict=True)) | fill._asdict()
            db.execute(self._dialect.insert(fills).values(**trade).on_conflict_do_nothing())

    def find(self, user_id: int, intent_id: int) -> Intent | None:
        """Return somebody's intent by its number."""
        return next(self._intents(intents.c.id == intent_id, intents.c.user_id == user_id), None)

    def of(self, user_id: int, mode: str, since: int = 0) -> list[Intent]:
        """Return somebody's intents of a mode since an instant (ms), the oldest first."""
        mine = (intents.c.user_id == user_id, intents.c.mode == mode)
        return list(self._intents(*mine, intents.c.made >= since))

    def living(self, user_id: int | None = None, mode: str | None = None) -> list[Intent]:
        """Return the intents that are not over, the oldest first."""
        where: list[Any] = [intents.c.state.in_(LIVING)]
        where += [intents.c.user_id == user_id] if user_id is not None else []
        where += [intents.c.mode == mode] if mode else []
        return list(self._intents(*where))

    def counted(self) -> list[tuple[str, str, int]]:
        """Return how many intents there are of every mode and state."""
        query = select(intents.c.mode, intents.c.state, func.count())
        query = query.where(intents.c.mode.in_(MODES))
        with self._read() as db:
            rows = db.execute(query.group_by(intents.c.mode, intents.c.state)).all()
        return [(mode, state, count) for mode, state, count in rows]

    def meant_since(self, since: int) -> int:
        """Return how many intents were written since an instant (ms)."""
        with self._read() as db:
            return db.scalar(select(func.count()).where(intents.c.made >= since)) or 0

    def children(self, intent_id: int) -> list[Intent]:
        """Return the intents that protect what another bought."""
        return list(self._intents(intents.c.parent == intent_id))

    def _intents(self, *where: Any) -> Iterator[Intent]:
        with self._read() as db:
            query = select(intents).where(*where, intents.c.mode.in_(MODES))
            rows = db.execute(query.order_by(intents.c.id)).all()
        return (Intent(**row._mapping) for row in rows)

    def orders(self, intent_id: int) -> list[Order]:
        """Return the orders of an intent as they were told last."""
        query = select(orders).where(orders.c.intent_id == intent_id).order_by(orders.c.id)
        with self._read() as db:
            return [Order(**row._mapping) for row in db.execute(query)]

    def trades(self, user_id: int, mode: str, symbol: str = "", since: int = 0) -> list[Trade]:
        """Return somebody's fills of a mode since an instant (ms), the oldest first."""
        where: list[Any] = [fills.c.user_id == user_id, fills.c.mode == mode, fills.c.at >= since]
        where += [fills.c.symbol == symbol] if symbol else []
        query = select(fills).where(*where).order_by(fills.c.at, fills.c.id)
        with self._read() as db:
            return [Trade(**row._mapping) for row in db.execute(query)]

    def filled(self, intent_id: int) -> list[Trade]:
        """Return the fills of an intent, the oldest first."""
        query = select(fills).where(fills.c.intent_id == intent_id).order_by(fills.c.at, fills.c.id)
        with self._read() as db:
            return [Trade(**row._mapping) for row in db.execute(query)]

    def watched(self) -> list[str]:
        """Return the symbols of intents that are not over, the most frequent first."""
        going = intents.c.state.in_(LIVING) & intents.c.mode.in_(MODES)
        query = select(intents.c.symbol).where(going)
        query = query.group_by(intents.c.symbol).order_by(func.count().desc())
        with self._read() as db:
            return list(db.scalars(query))
