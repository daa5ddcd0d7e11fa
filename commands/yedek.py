"""
Bütün veritabanının mühürlü yedeğini yollar, özel sohbette: /yedek
Sends a sealed backup of the whole database, in a private chat: /yedek
"""

import backup
import keeper
from accounts import MAKE
from bot import UserError, replace

ROLE = "admin"
HEAVY = True
ALIASES = ("backup",)


def run(ctx):
    if not ctx.config.master_key:
        raise UserError(
            f"Yedek MASTER_KEY ile mühürlenir, o ise ayarlanmamış. Yapmak için: {MAKE}",
            f"A backup is sealed by MASTER_KEY, which is not set. To make one: {MAKE}",
        )
    owner = ctx.chat.id == ctx.config.owner
    with keeper.saved(ctx) as (made, reply):
        if owner:
            ctx.db.keep_note(keeper.TRIED, str(made.made))
        yield replace(reply, pinned=owner)
    if owner:
        ctx.db.keep_note(backup.LAST, str(made.made))
