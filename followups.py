"""Orders that follow alarms: one a firing, soon or never, by the same ticket and journal."""

from collections.abc import Iterable
from functools import partial

import losses
import rulebook
from alarm_rows import Firing
from bot import User, UserError
from order_rows import REFUSED, Intent, after, meant
from orders import LIVE, MARKET, Draft, Follow, followed
from preflight import sized
from roles import LIVE as LEAVE
from roles import TRADER
from trade import DECLINED, ORDER, Desk
from workers import Job

DAY, LATE, AGAIN = 86_400_000, 120_000, 600_000


def jobs(desk: Desk) -> list[tuple[Job, float]]:
    """Return the jobs of trading, theirs among them, each with the seconds before its first run."""
    return [
        *desk.jobs(),
        *losses.jobs(desk),
        (Job("alarm orders", 2, lambda: follow(desk), deadline=120), 8),
    ]


def follow(desk: Desk) -> None:
    """Make the order of every firing that awaits one; tell where it may not be made.

    What was seen before the last look that left nothing undone is not read again.
    """
    every, begun = dict[int, list[tuple[Firing, str]]](), desk.now()
    for firing, wanted in desk.rows.awaited(max(begun - DAY, min(begun, desk.served) - AGAIN)):
        every.setdefault(firing.user_id, []).append((firing, wanted))
    desk.serving.run({user: partial(serve, desk, some) for user, some in every.items()})
    if not desk.serving.going:
        desk.served = begun


def serve(desk: Desk, awaited: Iterable[tuple[Firing, str]]) -> None:
    """Make the orders of one user's firings, one by one."""
    for firing, wanted in awaited:
        with desk.lock(firing.user_id):
            intent = ordered(desk, firing, followed(wanted))
            if intent and intent.closed is None:
                desk.send(intent, told=True)


def ordered(desk: Desk, firing: Firing, wanted: Follow) -> Intent | None:
    """Write the order that follows a firing, or why there is none; None where that was done."""
    user, now = desk.accounts.user(firing.user_id), desk.now()
    mode, guards = desk.rows.trader(user.id).mode, {"target": wanted.target, "loss": wanted.loss}
    bare = Draft(firing.symbol, wanted.side, MARKET, **guards)
    intent = meant(user.id, firing.chat_id, mode, bare, nonce=after(firing))
    try:
        permitted(desk, user, firing, mode)
        rules, broker = rulebook.rules(desk.sources, firing.symbol), desk.broker(user.id, mode)
        ticket = desk.ticket(user, sized(bare, wanted.amount, rules, broker.balances()))
        intent = intent._replace(last=ticket.last, **ticket.draft._asdict())
        broker.test(intent)
        permitted(desk, user, firing, mode)
    except UserError as error:
        reason = error.tr if user.lang == "tr" else error.en
        over = intent._replace(state=REFUSED, reason=reason[:200], closed=now)
        place = 0, user.id, firing.chat_id, firing.symbol
        done = desk.rows.once(over, [Firing(*place, now, None, DECLINED, ORDER)])
        desk.db.alarms.fresh = True
        return done
    return desk.rows.once(intent)


def permitted(desk: Desk, user: User, firing: Firing, mode: str) -> None:
    """Raise UserError where no order may follow a firing any more."""
    if not user.may(LEAVE if mode == LIVE else TRADER):
        raise UserError("Emir için izniniz yok.", "You may not trade.")
    if desk.now() - firing.at > LATE:
        raise UserError(
            "Alarm geç görüldü; emir artık o fiyata ait değil.",
            "The alarm was seen late; its order is no longer for that price.",
        )
    if mode == LIVE and (desk.rows.trader(user.id).approved or 0) <= desk.now():
        raise UserError(
            "Canlıda alarmların emri için süreli izniniz yok: /canli izin 7",
            "Live, an alarm's order needs your leave for some days: /canli izin 7",
        )
