"""What admins are told of the bot itself: words for each thing, and the rows that carry them."""

import html
from collections.abc import Iterable, Sequence

from alarm_rows import Firing
from bot import Ctx, Reply
from lease import PEACE, SILENCE

SYSTEM = "system"
WORDS = {
    PEACE: (
        "♻️ Bot el değiştirdi: {}. Öncekinin elindeki işler bitti, hiçbir şey kaybolmadı.",
        "♻️ The bot changed hands: {}. The one before finished its work; nothing is lost.",
    ),
    SILENCE: (
        "♻️ Bot el değiştirdi: {}. Önceki habersiz kesilmişti; yarım kalanlar tamamlanıyor.",
        "♻️ The bot changed hands: {}. The one before had broken off; its work is being finished.",
    ),
}


def rows(admins: Iterable[int], event: str, about: str, now: int) -> list[Firing]:
    """Return the rows that tell every admin of an event."""
    return [
        Firing(0, admin, admin, about, now, None, event, severity=SYSTEM)
        for admin in sorted(admins)
    ]


def told(ctx: Ctx, firings: Sequence[Firing]) -> Reply:
    """Return the message that tells an admin what happened."""
    every = (
        ctx.t(*WORDS[one.text]).format(html.escape(one.symbol, quote=False)) for one in firings
    )
    return Reply("\n".join(every), ctx.buttons([("/saglik", "/saglik")]))
