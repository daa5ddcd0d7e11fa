"""
Kimler kullanabilir: izin, yetki, ret: /izin [kimlik okur|trader|canlı|sil]
Who may use the bot: leave, roles, refusals: /izin [id reader|trader|live|del]
"""

import re

import gate
from bot import Reply, fold
from orders import LIVE as REAL
from orders import PAPER
from roles import ASKED, LIVE, READER, REFUSED, SHARED, TRADER, covers, held

ROLE = "admin"
ALIASES = ("izinler", "roles")
SHOWN, ASKING = 60, 10
VERBS = {
    READER: ("okur", "okuyucu", "reader"),
    TRADER: ("islem", "trader"),
    LIVE: ("canli", "live"),
    REFUSED: ("sil", "reddet", "del", "delete", "refuse"),
}


def run(ctx):
    return decide(ctx) if ctx.args else show(ctx)


def show(ctx):
    every = list(gate.everybody(ctx))
    lines = [f"{gate.who(user, name)}: {role_name(ctx, role)}" for user, name, role in every]
    asking = [user for user, _, role in every if role == ASKED][:ASKING]
    title = ctx.t("<b>👥 Kimler kullanabilir</b>", "<b>👥 Who may use the bot</b>")
    more = [f"… +{len(lines) - SHOWN}"] if len(lines) > SHOWN else []
    comment = ctx.t(
        f"Yorum: {len(asking)} istek bekliyor.", f"Comment: {len(asking)} requests wait."
    )
    text = "\n".join([title, *lines[:SHOWN], *more, "", comment])
    return Reply(text, ctx.buttons([], *(gate.choices(ctx, user) for user in asking)))


def role_name(ctx, role):
    return ctx.t(*gate.NAMES[role])


def decide(ctx):
    user_id = person(ctx, ctx.arg(0))
    verb = fold(ctx.arg(1))
    role = next((role for role, words in VERBS.items() if verb in words), None)
    if role is None:
        raise ctx.wrong("okur, trader, canlı ya da sil deyin.", "Say reader, trader, live or del.")
    if user_id in ctx.config.admins:
        raise ctx.wrong("Yöneticiler ADMIN_IDS ile belirlenir.", "Admins are set by ADMIN_IDS.")
    if user_id in SHARED:
        raise ctx.wrong("Bu kimlik tek bir kişinin değil.", "This id is not one person's.")
    before = held(ctx.config, ctx.db.members, user_id)
    gate.decide(ctx, user_id, role)
    after = held(ctx.config, ctx.db.members, user_id)
    lost = [role for role in (TRADER, LIVE) if covers(before, role) and not covers(after, role)]
    notes = list(restrained(ctx, user_id, lost)) if lost else []
    return "\n".join([f"{name(ctx, user_id)}: {role_name(ctx, role)}", *notes])


def person(ctx, word):
    if not re.fullmatch(r"[1-9][0-9]{0,14}", word):
        raise ctx.wrong("Önce kişinin kimliği gelir.", "The person's id comes first.")
    return int(word)


def name(ctx, user_id):
    member = ctx.db.members.find(user_id)
    return gate.who(user_id, member.name)


def restrained(ctx, user_id, lost):
    """Stop what somebody may no longer do; yield what of theirs goes on."""
    rows = ctx.db.orders
    stopped = {"stopped": ctx.now} if TRADER in lost else {}
    rows.save_trader(user_id, mode=PAPER, approved=None, **stopped)
    waiting = len(rows.living(user_id, REAL))
    if waiting:
        yield ctx.t(
            f"Borsada {waiting} canlı emri izleniyor; alışlar iptal edilir, satış ve koruma "
            "emirleri kalır.",
            f"{waiting} live orders of theirs are still followed; purchases are canceled, sales "
            "and stops stay.",
        )
