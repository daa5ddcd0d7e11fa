"""People and what they may do: nothing, read, trade on paper, trade live, own the bot."""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

STRANGER, READER, TRADER, LIVE, ADMIN = "", "reader", "trader", "live", "admin"
LADDER = (STRANGER, READER, TRADER, LIVE, ADMIN)
ASKED, REFUSED = "asked", "refused"
# Behind each of these ids (anonymous admins, channels, their forwarder) stand many people.
SHARED = frozenset({1087968824, 136817688, 777000})

LACKING = {
    TRADER: ("Emir için izniniz yok; sahibinden isteyin.", "You may not trade; ask the owner."),
    LIVE: (
        "Canlı alım izniniz yok; sahibinden isteyin ya da /kagit ile kâğıda dönün.",
        "You may not trade live; ask the owner, or go back to paper by /paper.",
    ),
    ADMIN: ("Bu komut yalnız yöneticiler için.", "Admins only."),
}
FORWARDED = (
    "Bu iletilmiş bir mesaj; yetki, anahtar ve emir komutları iletilince çalışmaz. "
    "İstiyorsanız kendiniz yazın: /{}",
    "This message was forwarded; commands about rights, keys and orders do not run from one. "
    "If you mean it, type it yourself: /{}",
)


@dataclass(frozen=True)
class User:
    """A person as the bot knows them."""

    id: int = 0
    name: str = ""
    lang: str = "tr"
    zone: ZoneInfo = ZoneInfo("Europe/Istanbul")  # noqa: RUF009 immutable
    role: str = READER
    theme: str = "dark"
    quiet: str = ""

    @property
    def allowed(self) -> bool:
        """Tell whether they may use the bot at all."""
        return self.role != STRANGER

    @property
    def admin(self) -> bool:
        """Tell whether they own the bot."""
        return self.role == ADMIN

    def may(self, needed: str) -> bool:
        """Tell whether their role is enough where another one is needed."""
        return covers(self.role, needed)


def covers(role: str, needed: str) -> bool:
    """Tell whether a role is enough where another one is needed."""
    return LADDER.index(role) >= LADDER.index(needed)


def held(config: Any, members: Any, user_id: int) -> str:
    """Return somebody's role: the owner's by the settings, else as decided, else by the settings.

    `members`, a MemberRows, is not asked about owners: they are let in whatever its state.
    """
    if user_id in SHARED or user_id <= 0:
        return STRANGER
    if user_id in config.admins:
        return ADMIN
    member = members.find(user_id)
    if member is None or member.role == ASKED:
        return TRADER if user_id in config.allowed_ids else STRANGER
    return STRANGER if member.role == REFUSED else member.role
