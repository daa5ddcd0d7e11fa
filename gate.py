"""Who is not let in yet: what they are told, what the owners are asked, what was decided."""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from alarm_rows import Firing
from bot import UNKNOWN, Ctx, Reply
from member_rows import Member
from roles import ADMIN, ASKED, LIVE, READER, REFUSED, SHARED, TRADER, held

GATE, KNOCK, LET_IN = "gate", "knock", "in"
KNOCKS, SHOWN = 10, 64
NAMES = {
    READER: ("okur", "reader"),
    TRADER: ("işlem, kâğıtta", "trader, on paper"),
    LIVE: ("işlem, canlı da", "trader, live too"),
    ADMIN: ("yönetici", "admin"),
    ASKED: ("bekliyor", "waiting"),
    REFUSED: ("reddedildi", "refused"),
}
MASKED = (
    "Grup ya da kanal adına yazanı tanıyamam; lütfen kendi adınızla yazın.",
    "I cannot know who writes as a group or channel; please write as yourself.",
)
ELSEWHERE = (
    "Bu bot özel. İzin istemek için bana özelden yazın.",
    "This bot is private. To ask for leave, write to me in private.",
)
ANSWERS = {
    ASKED: (
        "Merhaba! Bu bot özel. Sahibine haber verdim, izin verirse size yazarım. "
        "Kimliğiniz: <code>{}</code>",
        "Hello! This bot is private. I have told its owner and will write to you if you are let "
        "in. Your id: <code>{}</code>",
    ),
    REFUSED: (
        "Bu bot özel; sahibi size izin vermedi.",
        "This bot is private; its owner did not let you in.",
    ),
    "": (
        "Bu bot özel. Kullanmak için kimliğinizi sahibine iletin: <code>{}</code>",
        "This bot is private. To use it, give the owner your id: <code>{}</code>",
    ),
}


def met(ctx: Ctx, masked: bool) -> Reply:
    """Return what a stranger is told; the first time the owners are asked about them."""
    if masked or ctx.user.id in SHARED:
        return Reply(ctx.t(*MASKED), failed=1)
    if ctx.chat.kind != "private":
        return Reply(ctx.t(*ELSEWHERE), failed=1)
    return Reply(ctx.t(*ANSWERS[knock(ctx)]).format(ctx.user.id), failed=1)


def knock(ctx: Ctx) -> str:
    """Ask the owners about a stranger, once; return what is known, nothing where it cannot be."""
    known = ctx.db.members.find(ctx.user.id)
    owners = sorted(ctx.config.admins)
    if known or not owners:
        return known.role if known else ""
    asking = Member(ctx.user.id, ASKED, cleaned(ctx.user.name), ctx.lang)
    tell = [notice(owner, f"{KNOCK} {ctx.user.id}", ctx.now) for owner in owners]
    role = ctx.db.members.ask(asking, tell, KNOCKS)
    ctx.db.alarms.fresh = True
    return role if role in ANSWERS else ""


def decide(ctx: Ctx, user_id: int, role: str) -> None:
    """Write what an admin decided about somebody, and let who is let in know."""
    known = ctx.db.members.find(user_id)
    if role != REFUSED and known and known.lang and ctx.db.person(user_id) is None:
        ctx.db.save_person(user_id, name=known.name, lang=known.lang)
    tell = [] if role == REFUSED else [notice(user_id, f"{LET_IN} {role}", ctx.now)]
    ctx.db.members.decide(user_id, role, ctx.user.id, tell)
    ctx.db.alarms.fresh = True


def notice(user_id: int, text: str, now: int) -> Firing:
    """Return something of the gate to be told to somebody in private."""
    return Firing(0, user_id, user_id, "", now, None, text, GATE)


def cleaned(name: str) -> str:
    """Return a name without what could hide or turn around the words beside it."""
    shown = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in name)
    return re.sub(r"\s+", " ", shown).strip()[:SHOWN]


def who(user_id: int, name: str) -> str:
    """Return somebody as they are shown to admins."""
    return f"{html.escape(cleaned(name)) or UNKNOWN} (<code>{user_id}</code>)"


def choices(ctx: Ctx, user_id: int) -> list[tuple[str, str]]:
    """Return the buttons that decide about somebody."""
    rows = (("📖", READER), ("📈", TRADER), ("✖️", "sil"))
    words = {
        READER: ctx.t("Okur", "Reader"),
        TRADER: ctx.t("İşlem", "Trader"),
        "sil": ctx.t("Reddet", "Refuse"),
    }
    return [(f"{mark} {words[verb]}", f"/izin {user_id} {verb}") for mark, verb in rows]


def told(ctx: Ctx, firings: Sequence[Firing]) -> Reply:
    """Return the message of what the gate has to tell one person."""
    welcomes = [firing for firing in firings if firing.text.startswith(LET_IN)]
    asked = [int(firing.text.split()[1]) for firing in firings if firing not in welcomes]
    lines, buttons = list(welcome(ctx, welcomes[-1:])), []
    for user_id in asked:
        member = ctx.db.members.find(user_id) or Member(user_id, REFUSED)
        state = "" if member.role == ASKED else f": {ctx.t(*NAMES[member.role])}"
        lines.append(ctx.t("🙋 İzin istiyor: ", "🙋 Asks for leave: ") + who(*name_of(member)))
        lines[-1] += state
        buttons += [choices(ctx, user_id)] * (not state)
    if asked and buttons:
        lines.append(ctx.t("Herkes: /izin", "Everybody: /izin"))
    return Reply("\n".join(lines), buttons)


def name_of(member: Member) -> tuple[int, str]:
    """Return whom a row is about."""
    return member.user_id, member.name


def welcome(ctx: Ctx, firings: Iterable[Firing]) -> Iterator[str]:
    """Yield what somebody is told who was let in."""
    for firing in firings:
        role = ctx.t(*NAMES[firing.text.split()[1]])
        yield ctx.t(
            f"✅ Sahibi size izin verdi ({role}). Komutlar: /yardim",
            f"✅ The owner has let you in ({role}). Commands: /help",
        )


def everybody(ctx: Ctx) -> Iterator[tuple[int, str, str]]:
    """Yield the id, name and role of all who are known, owners first."""
    decided = {member.user_id: member for member in ctx.db.members.every()}
    settled = [*sorted(ctx.config.admins), *sorted(set(ctx.config.allowed_ids) - ctx.config.admins)]
    for user_id in settled:
        person = ctx.db.person(user_id)
        role = held(ctx.config, ctx.db.members, user_id) or REFUSED
        yield user_id, person.name if person else "", role
    for member in decided.values():
        if member.user_id not in settled:
            yield *name_of(member), member.role
