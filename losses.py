"""The day's loss of who trades: what an account was worth as the day began, and a word at 80 %."""

from functools import partial

import risk
from alarm_rows import Firing
from bot import UserError
from orders import LIVE
from preflight import grown
from trade import LOSING, ORDER, Desk
from workers import Beside, Job

MONTH = 30 * 86_400_000


def jobs(desk: Desk) -> list[tuple[Job, float]]:
    """Return the job that looks at them, with the seconds before its first run."""
    beside = Beside("losses")
    return [(Job("losses", 300, lambda: watch(desk, beside), deadline=120), 15)]


def watch(desk: Desk, beside: Beside) -> None:
    """Look at every account that may trade, each beside the others. Raises what one raised."""
    every = desk.rows.trading(desk.now() - MONTH)
    beside.run({one: partial(look, desk, *one) for one in every})


def look(desk: Desk, user_id: int, mode: str) -> None:
    """Look at an account unless it may not trade live any more."""
    if mode != LIVE or desk.lives(user_id):
        with desk.lock(user_id):
            measure(desk, user_id, mode)


def measure(desk: Desk, user_id: int, mode: str) -> None:
    """Note what an account is worth as a day begins; tell once that its loss nears the limit."""
    broker, now, zone = desk.broker(user_id, mode), desk.now(), desk.limits.zone
    balances = broker.balances()
    if desk.sources.prices().stale:
        raise UserError("Fiyat verisi bayat.", "The price data is stale.")
    stands = grown(desk.sources, desk.db, broker, user_id, zone, balances, now)
    if stands.loss >= desk.limits.loss * risk.WARN:
        told = f"{LOSING} {mode}" + (f" {stands.strange:.2f}" if stands.strange else "")
        place = 0, user_id, user_id, "", now, float(stands.loss), told, ORDER
        if desk.rows.warn(mode, risk.day(now, zone)[0], Firing(*place)):
            desk.db.alarms.fresh = True
