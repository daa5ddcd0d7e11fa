"""Whose orders go where: on paper for everybody, live for whom owner, key and user allow it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from bot import User, UserError
from brokers import Broker
from net import Host
from orders import LIVE, PAPER
from paper import Paper
from roles import LIVE as LEAVE
from roles import covers, held
from signed import Signed
from spot import Spot
from vault import Pair, VaultError, unseal

TESTNET, LIMIT = "https://testnet.binance.vision", 6000
MAKE = "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
NO_MASTER = (
    f"Sahibi MASTER_KEY ayarlamamış; anahtarlar onsuz saklanmaz. Yapmak için: {MAKE}",
    f"The owner has set no MASTER_KEY; no key is kept without it. To make one: {MAKE}",
)


class Accounts:
    """Make the brokers of users; `hide` keeps a word out of the log from then on."""

    def __init__(
        self,
        config: Any,
        sources: Any,
        db: Any,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        halted: Callable[[], bool] = lambda: False,
        hide: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.config, self.sources, self.db = config, sources, db
        self._clock, self._sleep, self._halted, self._hide = clock, sleep, halted, hide
        self.host: Host = sources.hosts["binance"]
        if config.binance_testnet:
            self.host = Host("binance_testnet", TESTNET, LIMIT, clock)
            for name, state, until in db.host_states():
                if name == self.host.name:
                    self.host.close(state, until / 1000)

    @property
    def venue(self) -> str:
        """Return the name of where live orders go: the exchange or its testnet, real or mock."""
        mock = "mock " if self.config.mocked else ""
        return mock + ("testnet" if self.config.binance_testnet else "binance")

    def open(self, user_id: int, mode: str) -> Broker:
        """Return a user's broker of a mode. Raises UserError where there can be none."""
        if mode == PAPER:
            return Paper(self.sources, self.db, user_id, self._clock)
        if mode != LIVE:
            raise ValueError(f"no broker of {mode}")
        lacking = next(self._lacking(user_id), None)
        if lacking:
            raise UserError(*lacking)
        key = self.db.orders.key(user_id)
        try:
            pair = unseal(key.sealed, user_id, self.config.master_key.reveal())
        except VaultError:
            raise UserError(
                "Anahtarınız bu MASTER_KEY ile açılmıyor; /apikey ile yeniden verin.",
                "Your key cannot be opened with this MASTER_KEY; give it again by /apikey.",
            ) from None
        return self.spot(pair)

    def spot(self, pair: Pair) -> Spot:
        """Return the live broker of a key, both of whose parts are hidden from the log."""
        for word in pair:
            self._hide(word)
        session, clock = self.sources.session(), self._clock
        keep, sleep = self.sources.keep_state, self._sleep
        more = {"sleep": sleep, "on_state": keep, "halted": self._halted}
        signed = Signed(self.host, pair, session, clock=clock, **more)
        return Spot(signed, clock, wallet=not self.config.binance_testnet)

    def user(self, user_id: int) -> User:
        """Return a user for whom something is done while they are away."""
        person, role = self.db.person(user_id), held(self.config, self.db.members, user_id)
        lang = (person and person.lang) or self.config.language
        return User(user_id, person.name if person else "", lang, role=role)

    def missing(self, user_id: int) -> Iterator[tuple[str, str]]:
        """Yield what a user lacks for live trading, in both languages."""
        if not covers(held(self.config, self.db.members, user_id), LEAVE):
            yield (
                f"Canlı işlem izniniz yok: sahibi /izin {user_id} canlı demeli.",
                f"You may not trade live: the owner must say /izin {user_id} live.",
            )
        yield from self._lacking(user_id)

    def _lacking(self, user_id: int) -> Iterator[tuple[str, str]]:
        """Yield what keeps even the orders that are already there from being followed."""
        noted = self.db.orders.venue()
        if noted not in (None, self.venue):
            yield (
                f"Canlı emirlerin kayıtları başka bir yerin: {noted}; burası {self.venue}.",
                f"The journal of live orders is of another venue: {noted}; this is {self.venue}.",
            )
        if not self.config.live_trading:
            yield (
                "Canlı işlem kapalı: sahibi LIVE_TRADING=1 yapmalı.",
                "Live trading is off: the owner must set LIVE_TRADING=1.",
            )
        if not self.config.master_key:
            yield NO_MASTER
        if self.db.orders.key(user_id) is None:
            yield (
                "Borsa anahtarınız yok: özel sohbette /apikey ANAHTAR GİZLİ.",
                "You have given no key: /apikey KEY SECRET in a private chat.",
            )
