"""Orders from the confirmed ticket to the last fill: one path, only the broker differs.

An intent is written before anything is sent, and only an order that is known not to be at the
exchange is ever followed by another.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any

import rulebook
from alarm_rows import Firing
from bot import User, UserError
from brokers import Broker
from order_rows import (
    DONE,
    DROPPED,
    PREFIX,
    READY,
    REFUSED,
    SENDING,
    STUCK,
    UNSURE,
    WORKING,
    Intent,
    meant,
)
from orders import (
    ACCEPTED,
    BUY,
    HUNDRED,
    LIVE,
    NOT_SENT,
    SELL,
    STOP,
    ZERO,
    Answer,
    Draft,
    Seen,
    fit,
)
from paper import Tape, filled, tapes
from preflight import BAND, Ticket, Wish, guard, look, packed, price, trailed, unpacked
from risk import Limits
from roles import LACKING, TRADER
from roles import LIVE as LEAVE
from signed import PLAIN
from workers import Beside, Job

log = logging.getLogger("dort5bot")

CONFIRM = 30_000
WAITS = (1000, 2000, 4000, 8000, 15_000)
SURELY, QUARANTINE, SLOWLY, LOOK = 15_000, 300_000, 60_000, 10_000
STEP = Decimal("0.001")
DUPLICATE, UNKNOWN_ORDER = "Duplicate order sent.", -2013
FILLED, REFUSAL, LOST, LOCKED, FOUND = "filled", "refused", "dropped", "stuck", "working"
BARE, PARTIAL, ENDED, DECLINED, LOSING, ORDER, GONE = (
    "bare",
    "partial",
    "ended",
    "declined",
    "losing",
    "order",
    "gone",
)


class Desk:
    """Send intents to their brokers, follow them to their end, and protect what they bought.

    `accounts`, an accounts.Accounts, makes a user's broker of a mode, or raises UserError.
    """

    def __init__(
        self,
        sources: Any,
        db: Any,
        accounts: Any,
        limits: Limits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.sources, self.db, self.rows, self.limits = sources, db, db.orders, limits
        self.accounts, self._clock = accounts, clock
        self._started = self.now()
        self._locks: dict[int, threading.RLock] = {}
        self._brokers: dict[tuple[int, str], Broker] = {}
        self.foreign: dict[int, list[Seen]] = {}
        self._agreed: set[tuple[int, str]] = set()
        self._beside, self.serving, self.served = Beside("orders"), Beside("alarm orders"), 0
        self._agreeing, self._filling = Beside("reconcile"), Beside("paper orders")

    def now(self) -> int:
        """Return the time in ms."""
        return int(self._clock() * 1000)

    def lock(self, user_id: int) -> threading.RLock:
        """Return what one thread at a time holds for a user's orders."""
        return self._locks.setdefault(user_id, threading.RLock())

    def broker(self, user_id: int, mode: str) -> Broker:
        """Return a user's broker. Raises UserError where there can be none."""
        key = user_id, mode
        if key not in self._brokers:
            self._brokers[key] = self.accounts.open(user_id, mode)
        return self._brokers[key]

    def forget(self, user_id: int) -> None:
        """Forget a user's brokers, whose key has changed."""
        for key in [key for key in self._brokers if key[0] == user_id]:
            self._brokers.pop(key, None)
            self._agreed.discard(key)

    def offer(self, user: User, draft: Draft, after: Intent | None = None) -> tuple[Ticket, str]:
        """Return an order's ticket and the token that confirms it. Raises UserError.

        `after` is an open order of the same side that this one shall stand in for.
        """
        with self.lock(user.id):
            ticket = self.ticket(user, draft, after)
            wish = meant(user.id, 0, ticket.mode, ticket.draft, nonce="test")
            self.broker(user.id, ticket.mode).test(wish)
        kept = Wish(ticket.draft, ticket.mode, ticket.last, after and after.id)
        return ticket, self.db.keep_token(user.id, packed(kept))

    def ticket(self, user: User, draft: Draft, after: Intent | None = None) -> Ticket:
        """Return the ticket of an order that may be made now. Raises UserError."""
        mode = self.rows.trader(user.id).mode
        needed = LEAVE if mode == LIVE else TRADER
        if draft.side == BUY and not user.may(needed):
            raise UserError(*LACKING[needed])
        self.ready(user.id, mode)
        doubt = self.unclear(user.id, mode, draft.symbol)
        if doubt:
            raise UserError(
                f"#{doubt.id} numaralı emrin sonucu belli değil; bu coin o zamana dek kilitli.",
                f"What became of order #{doubt.id} is not known; until then this coin is locked.",
            )
        broker, spare = self.broker(user.id, mode), (after and after.quantity) or ZERO
        return look(self.sources, self.db, broker, self.limits, user, draft, self.now(), spare)

    def confirm(self, user: User, chat_id: int, token: str) -> Intent:
        """Make the order of a token, once; return what became of it, then and ever after.

        Raises UserError for a token that is too old, and where the price or the account is
        not as it was.
        """
        with self.lock(user.id):
            made = self.rows.claimed(user.id, token)
            if made:
                return made
            wish = self._kept(user, token)
            old = self.rows.find(user.id, wish.after) if wish.after else None
            ticket = self.ticket(user, wish.draft, old)
            gone = old is not None and old.closed is not None
            # A slow exchange may have taken a minute for the ticket.
            newest = price(self.sources, wish.draft.symbol, self.now())
            away = (abs(HUNDRED * (at / wish.last - 1)) for at in (ticket.last, newest))
            moved = max(away) > BAND
            if gone or moved or ticket.mode != wish.mode:
                self.db.take_token(user.id, token)
                raise UserError(
                    "Bu arada fiyat ya da hesap değişti; emri yeniden yazın.",
                    "Meanwhile the price or the account has changed; type the order again.",
                )
            intent = meant(user.id, chat_id, wish.mode, ticket.draft, last=ticket.last)
            if old:
                intent = intent._replace(parent=old.parent or old.id, after=old.id)
            claimed = self.rows.claim(token, intent)
            if claimed is None:
                return self.confirm(user, chat_id, token)
            return self._relieve(claimed) if old else self.send(claimed)

    def drop(self, user_id: int, token: str) -> Intent | None:
        """Use a token up; return what it has made, None where it makes nothing any more."""
        with self.lock(user_id):
            self.db.take_token(user_id, token)
            return self.rows.claimed(user_id, token)

    def _kept(self, user: User, token: str) -> Wish:
        """Return what a token that is still good keeps. Raises UserError."""
        body, made = self.db.token(user.id, token) or ("", 0)
        with suppress(ValueError):
            if self.now() - made <= CONFIRM:
                return unpacked(body)
        self.db.take_token(user.id, token)
        raise UserError(
            "Bu onayın süresi geçti; emir verilmedi. Yeniden yazın.",
            "This confirmation is too old; no order was made. Type it again.",
        )

    def send(self, intent: Intent, told: bool = False) -> Intent:
        """Send an intent that was written, once, and return what became of it.

        Where nobody waits for that it is `told` by message.
        """
        with self.lock(intent.user_id):
            if not self.rows.begin(intent.id):
                return self._anew(intent)
            intent = self._anew(intent)
            try:
                self._stopped(intent)
                broker = self.broker(intent.user_id, intent.mode)
            except UserError as error:
                return self._take(intent, Answer(NOT_SENT, text=error.en), told)
            return self._take(intent, broker.place(intent), told)

    def _stopped(self, intent: Intent) -> None:
        """Raise UserError for a purchase that a kill switch overtook after its ticket."""
        if intent.side == BUY and self.rows.trader(intent.user_id).stopped is not None:
            raise UserError("Acil durdurma açık.", "The kill switch is on.")

    def _anew(self, intent: Intent) -> Intent:
        return self.rows.find(intent.user_id, intent.id) or intent

    def _take(self, intent: Intent, answer: Answer, told: bool = True) -> Intent:
        """Book a broker's answer; where `told`, what it means is told by message."""
        if answer.outcome == ACCEPTED:
            return self._booked(intent, answer.seen, told)
        if answer.outcome in (NOT_SENT, REFUSED) and answer.text != DUPLICATE:
            return self._refused(intent, answer, told)
        return self._doubted(intent, told)

    def _refused(self, intent: Intent, answer: Answer, told: bool) -> Intent:
        """Book that an order was not made."""
        what = BARE if intent.parent else REFUSAL
        tell = self._tell(intent, what) if told or intent.parent else []
        self._book(intent, REFUSED, reason=f"{answer.code or ''} {answer.text}".strip(), tell=tell)
        return self._anew(intent)

    def _doubted(self, intent: Intent, told: bool) -> Intent:
        """Book that it is not known whether an order was made, and when to ask again."""
        now, since = self.now(), self.now() - (intent.sent or self.now())
        stuck = since >= QUARANTINE
        wait = SLOWLY if stuck else WAITS[min(intent.asks, len(WAITS) - 1)]
        tell = self._tell(intent, LOCKED) if stuck and told and intent.state != STUCK else []
        self._book(intent, STUCK if stuck else UNSURE, tell=tell, again=now + wait)
        self.rows.change(intent.id, asks=intent.asks + 1)
        return self._anew(intent)

    def _booked(self, intent: Intent, seen: Sequence[Seen], told: bool) -> Intent:
        """Book how an intent's orders stand, and protect what it bought when it is over."""
        complete = all(sum((f.quantity for f in o.fills), ZERO) == o.executed for o in seen)
        over = complete and all(one.over for one in seen)
        executed = sum((one.executed for one in seen), ZERO)
        known = self.rows.orders(intent.id)
        before = sum((one.executed for one in known), ZERO)
        follow, events = self._protection(intent, seen) if over else ([], [])
        if over and told:
            events = [FILLED if executed else ENDED, *events]
        elif executed > before and not over and intent.loss and not before:
            events = [PARTIAL]
        elif told and intent.state in (UNSURE, STUCK, SENDING):
            events = [FOUND]
        tell = [one for event in events for one in self._tell(intent, event)]
        again = None if over else self.now() + (LOOK if complete else WAITS[1])
        state = DONE if over else WORKING
        made = self._book(intent, state, seen, follow=follow, tell=tell, again=again)
        for child in made:
            self.send(child)
        return self._anew(intent)

    def _book(self, intent: Intent, state: str, seen: Sequence[Seen] = (), **more: Any) -> list:
        made = self.rows.book(intent, state, seen, **more)
        if state != intent.state:
            log.info("intent %s is %s", intent.id, state, extra={"intent": intent.id})
        if more.get("tell"):
            self.db.alarms.fresh = True
        return made

    def _tell(self, intent: Intent, event: str) -> list[Firing]:
        """Return the message that tells what happened to an intent."""
        place = 0, intent.user_id, intent.chat_id, intent.symbol
        return [Firing(*place, self.now(), None, f"{event} {intent.id}", ORDER)]

    def _protection(self, intent: Intent, seen: Sequence[Seen]) -> tuple[list[Intent], list[str]]:
        """Return the order that sells again what an intent bought, or that there can be none."""
        wanted = intent.side == BUY and (intent.target or intent.loss)
        if not wanted or not any(one.executed for one in seen):
            return [], []
        try:
            rules = rulebook.rules(self.sources, intent.symbol)
            draft = guard(intent.draft, [fill for one in seen for fill in one.fills], rules)
            fitted = fit(draft, rules, rulebook.mean(self.sources, intent.symbol))
        except UserError as error:
            log.warning("intent %s stays unprotected: %s", intent.id, error)
            return [], [BARE]
        child = meant(intent.user_id, intent.chat_id, intent.mode, fitted, parent=intent.id)
        return [child._replace(last=intent.last)], []

    def cancel(self, intent: Intent, told: bool = False) -> Intent:
        """Cancel an intent and return what became of it; where that is not known it is asked on."""
        with self.lock(intent.user_id):
            intent = self._anew(intent)
            if intent.closed is not None:
                return intent
            if intent.state == READY:
                self._book(intent, DROPPED, reason="canceled")
                return self._anew(intent)
            broker = self.broker(intent.user_id, intent.mode)
            answer = broker.cancel(intent)
            if answer.outcome != ACCEPTED:
                answer = broker.find(intent)
            if answer.outcome == ACCEPTED:
                return self._booked(intent, answer.seen, told)
            self.rows.change(intent.id, again=self.now())
            return self._anew(intent)

    def cancel_every(self, every: Iterable[Intent]) -> Iterator[tuple[Intent, UserError | None]]:
        """Yield what became of each intent that was canceled, and what kept it from being so."""
        for intent in every:
            try:
                yield self.cancel(intent), None
            except UserError as error:
                yield intent, error

    def _relieve(self, intent: Intent) -> Intent:
        """Send an order whose predecessor is over, for what that has left; the newest of such."""
        heirs = self._heirs(intent, intent.after)
        newest = max((one.id for one in heirs), default=intent.id)
        for one in heirs:
            if one.state == READY and one.id < newest:
                self._book(one, DROPPED, reason="replaced")
        if intent.id < newest:
            return self._anew(intent)
        old = self.rows.find(intent.user_id, intent.after or 0)
        if old and old.closed is None:
            old = self.cancel(old)
        if old and old.closed is None:
            self.rows.change(intent.id, again=self.now() + WAITS[1])
            return self._anew(intent)
        sold = sum((fill.quantity for fill in self.rows.filled(intent.after or 0)), ZERO)
        left = (intent.quantity or ZERO) - sold
        if left <= 0:
            self._book(intent, DROPPED, reason="nothing left")
            return self._anew(intent)
        if sold:
            self.rows.change(intent.id, quantity=left)
        return self.send(self._anew(intent))

    def _heirs(self, intent: Intent, old: int | None) -> list[Intent]:
        """Return a user's open orders that stand in, or wait to, for one of the same mode."""
        mine = self.rows.living(intent.user_id, intent.mode)
        return [one for one in mine if one.after == old]

    def follow(self) -> None:
        """Ask the brokers about every intent that is due, each user's beside the others'."""
        every = dict[int, list[Intent]]()
        for intent in self.due():
            every.setdefault(intent.user_id, []).append(intent)
        self._beside.run({user: partial(self.ask, some) for user, some in every.items()})

    def due(self) -> list[Intent]:
        """Return the intents that are not over and due to be asked about, the oldest first."""
        return [one for one in self.rows.living() if (one.again or 0) <= self.now()]

    def ask(self, intents: Iterable[Intent]) -> None:
        """Bring intents forward one by one. Raises UserError where one could not be."""
        failure = None
        for intent in intents:
            try:
                with self.lock(intent.user_id):
                    if self._advance(self._anew(intent)):
                        self._trail(self._anew(intent))
            except UserError as error:
                self.rows.change(intent.id, again=self.now() + LOOK)
                failure = error
        if failure:
            raise failure

    def jobs(self) -> list[tuple[Job, float]]:
        """Return the jobs of trading, each with the seconds before its first run."""
        return [
            (Job("reconcile", 600, self.reconcile, deadline=120), 0.5),
            (Job("orders", 2, self.follow, deadline=120), 1),
            (Job("paper orders", 5, self.fill_paper, deadline=60), 3),
        ]

    def fill_paper(self) -> None:
        """Let the paper exchange fill what prices have reached, each user's beside the others'.

        Raises what kept one's from being filled.
        """
        reached, failures = tapes(self.sources, self.db, self.now())
        self._filling.run({one: partial(self._fill, one, some) for one, some in reached.items()})
        for error in failures:
            raise error

    def _fill(self, user_id: int, reached: Iterable[tuple[str, Tape]]) -> None:
        self.hurry(filled(self.db, user_id, reached))

    def hurry(self, client_ids: Iterable[str]) -> None:
        """Let intents be asked about at once, by the ids of their orders."""
        numbers = {int(name.removeprefix(PREFIX).split("-")[0]) for name in client_ids}
        for number in numbers:
            self.rows.change(number, again=0)

    def _advance(self, intent: Intent) -> bool:
        """Bring one intent forward; return whether its broker told of it."""
        if intent.closed is not None:
            return False
        if intent.state == READY:
            self._unsent(intent)
            return False
        broker = self.broker(intent.user_id, intent.mode)
        answer = broker.find(intent)
        absent = answer.outcome == REFUSED and answer.code == UNKNOWN_ORDER
        if absent and self.now() - (intent.sent or 0) >= SURELY:
            answer = broker.search(intent)
            if answer.outcome == REFUSED:
                self._lost(intent)
                return False
        if answer.outcome == ACCEPTED:
            self._booked(intent, answer.seen, told=True)
            self._halt(self._anew(intent))
        elif intent.state == WORKING and not absent:
            self.rows.change(intent.id, again=self.now() + (SLOWLY if barred(answer) else LOOK))
        else:
            self._doubted(intent, told=True)
        return answer.outcome == ACCEPTED

    def _halt(self, intent: Intent) -> None:
        """Cancel a purchase that outlived the kill switch, or its user's leave to trade live."""
        user_id = intent.user_id
        lost = intent.mode == LIVE and not self.lives(user_id)
        if intent.side == BUY and (lost or self.rows.trader(user_id).stopped is not None):
            self.cancel(intent, told=True)

    def _trail(self, intent: Intent) -> None:
        """Move a stop after the price where the exchange does not trail it. Raises UserError."""
        if intent.state != WORKING or intent.kind != STOP or not (intent.trail and intent.stop):
            return
        last = price(self.sources, intent.symbol, self.now())
        stop, sign = trailed(intent.draft, last), 1 if intent.side == SELL else -1
        if sign * (stop / intent.stop - 1) < STEP or self._heirs(intent, intent.id):
            return
        bound = stop * (intent.bound or intent.stop) / intent.stop
        rules = rulebook.rules(self.sources, intent.symbol)
        mean = rulebook.mean(self.sources, intent.symbol)
        draft = fit(intent.draft._replace(stop=stop, bound=bound), rules, mean)
        moved = meant(intent.user_id, intent.chat_id, intent.mode, draft, last=last)
        chained = moved._replace(parent=intent.parent or intent.id, after=intent.id)
        self._relieve(self.rows.add(chained))

    def _unsent(self, intent: Intent) -> None:
        """Send what protects; drop what a person wanted before the bot ended."""
        if intent.after:
            self._relieve(intent)
        elif intent.parent:
            self.send(intent)
        elif intent.made < self._started or self.now() - intent.made >= SURELY:
            self._lost(intent)

    def _lost(self, intent: Intent) -> None:
        """Book that an order is surely not at the exchange; what protects is made anew."""
        follow, what = [], GONE if intent.state == WORKING else LOST
        if intent.parent and intent.state != WORKING:
            draft, place = intent.draft, (intent.user_id, intent.chat_id, intent.mode)
            follow = [meant(*place, draft, parent=intent.parent, last=intent.last)]
        elif intent.parent:
            what = BARE
        tell = [] if follow else self._tell(intent, what)
        for child in self._book(intent, DROPPED, reason="not found", follow=follow, tell=tell):
            self.send(child)

    def reconcile(self) -> None:
        """Compare live accounts' open orders with ours; list the foreign, never touch them."""
        live = {t.user_id for t in self.rows.traders() if t.mode == LIVE and self.lives(t.user_id)}
        live |= {intent.user_id for intent in self.rows.living(mode=LIVE)}
        self._agreeing.run({user_id: partial(self.agree, user_id) for user_id in sorted(live)})

    def lives(self, user_id: int) -> bool:
        """Tell whether somebody may trade live now, so that it is an error where they cannot."""
        return next(iter(self.accounts.missing(user_id)), None) is None

    def agree(self, user_id: int) -> None:
        """Bring one live account's rows and orders together. Raises UserError where it cannot."""
        with self.lock(user_id):
            self._agreed.discard((user_id, LIVE))
            there = {one.client_id: one for one in self.broker(user_id, LIVE).open_orders()}
            ours = self.rows.living(user_id, LIVE)
            known = {name for intent in ours for name in intent.client_ids}
            self.foreign[user_id] = [one for name, one in there.items() if name not in known]
            for intent in ours:
                self._advance(self._anew(intent))
            self._agreed.add((user_id, LIVE))

    def ready(self, user_id: int, mode: str) -> None:
        """Make sure that an account agrees with its rows. Raises UserError where it does not."""
        if mode == LIVE and (user_id, mode) not in self._agreed:
            try:
                self.agree(user_id)
            except UserError as error:
                raise UserError(
                    f"Borsadaki emirlerle karşılaştırma yapılamadı; emir verilmedi. {error.tr}",
                    f"The orders at the exchange could not be compared; no order was made. {error}",
                ) from error

    def unclear(self, user_id: int, mode: str, symbol: str) -> Intent | None:
        """Return a symbol's intent whose fate is not known, for as long as no other may be made."""
        doubt = (SENDING, UNSURE, STUCK)
        mine = (one for one in self.rows.living(user_id, mode) if one.symbol == symbol)
        return next((one for one in mine if one.state in doubt), None)


def barred(answer: Answer) -> bool:
    """Tell whether an exchange lets nothing in by this key any more, however often it is asked."""
    return answer.code in PLAIN
