"""What is said when alarms fire: one message for all of a chat, how late it is, what to do next."""

import html
from collections.abc import Iterable, Iterator, Sequence

import gate
import notices
import quiet
import tickets
from alarm_rows import Firing
from alarms import INDICES, MOVES
from backup import RESTORED
from bot import Ctx, Reply, coin
from order_rows import MOVED
from watch import BROKEN, FLOOD, FRESH, MISSED, MOST_AN_HOUR, STALE

LATE, AGAIN, MEANWHILE, SHARING, A_LINE = 90_000, 300_000, "meanwhile", 4, 4
MARKS = {"urgent": "🚨", "silent": "🔕"}
NOTICES = {
    STALE: (
        "⏳ Piyasa verisi bayatladı; alarmlarınız yeni veri gelene kadar çalmaz.",
        "⏳ Market data is stale; your alarms stay silent until it is fresh.",
    ),
    FRESH: (
        "✅ Piyasa verisi yeniden taze; aradaki mumlara da bakıldı.",
        "✅ Market data is fresh again; the candles in between were looked at too.",
    ),
    BROKEN: (
        "⚠️ Bu alarmın formülü artık anlaşılmıyor; durduruldu: ",
        "⚠️ This alarm's formula is no longer understood; it is paused: ",
    ),
    MOVED: (
        "🔀 Bot artık başka bir borsaya bağlı (testnet ya da gerçek): canlı işlem kapandı. Önceki "
        "yerin emirleri ve geçmişi ayrı tutuluyor, oraya dönülene dek izlenmiyor; orada bekleyen "
        "emriniz varsa kendiniz bakın. Yeniden açmak için: /apikey /canli",
        "🔀 The bot is connected to another exchange now (testnet or real): live trading is off. "
        "Orders and history of the one before are kept apart and not followed until it is back "
        "there; look yourself after orders that rest there. To go live again: /apikey /canli",
    ),
    MISSED: (
        "⚠️ Bir süre izleyemedim, o sürenin mumları da gelmedi: arada olanlar için alarm çalmadı.",
        "⚠️ I could not watch for a while, and the candles of that time did not come: what "
        "happened meanwhile rang no alarm.",
    ),
    FLOOD: (
        f"🌊 Alarmlarınız bir saatte {MOST_AN_HOUR} kez çaldı: tekrarlayanlar yer açılana kadar "
        "susuyor; bir kez çalanlar ve emir verenler susmaz. Tekrarı uzatın (tekrar 4h), daha az "
        "coin seçin ya da bazılarını durdurun: /alarmlar",
        f"🌊 Your alarms fired {MOST_AN_HOUR} times in an hour: those that repeat are silent until "
        "there is room; those that fire once or make orders are not. Repeat more seldom (repeat "
        "4h), watch fewer coins, or pause some: /alarmlar",
    ),
    RESTORED: (
        "♻️ Bot bir yedekten geri geldi: canlı işlem kapandı, emir veren alarmlar durdu, açık "
        "emirler borsaya soruluyor ama hedef ve zarar durdurmaları artık kendiliğinden konmaz. "
        "Bakın: /emirler /stop /canli /alarmlar",
        "♻️ The bot came back from a backup: live trading is off, alarms that make orders are "
        "paused, open orders are being asked about, but targets and stops are not set by "
        "themselves any more. See /emirler /stop /canli /alarmlar",
    ),
}
MEANINGS = {
    "move": ("fiyat {} içinde bu kadar oynadı", "the price moved this much within {}"),
    "rise": ("fiyat {} içinde bu kadar yükseldi", "the price rose this much within {}"),
    "fall": ("fiyat {} içinde bu kadar düştü", "the price fell this much within {}"),
    ">": ("sınırın üstüne çıktı", "it went above the line"),
    "<": ("sınırın altına indi", "it went below the line"),
    "formula": ("koşul {} kapanışında sağlandı", "the condition held at the {} close"),
}
LEVELS = {
    ">": ("sınırın üstündeydi", "it was above the line"),
    "<": ("sınırın altındaydı", "it was below the line"),
}


def unprotected(firings: Iterable[Firing]) -> list[str]:
    """Return the numbers of the orders whose position is without its stop, of some firings."""
    told = (one.text.split() for one in firings if one.severity == tickets.ORDER)
    return [words[1] for words in told if words[0] == tickets.BARE]


def grouped(waiting: Iterable[Firing], now: int) -> list[list[Firing]]:
    """Return what is to be told together: to one chat and topic, of one user, equally loud.

    All that is told late is together, however loud.
    """
    groups: dict[tuple, list[Firing]] = {}
    for firing in waiting:
        loud = MEANWHILE if past(firing, now) else firing.severity
        groups.setdefault((firing.chat_id, firing.topic, firing.user_id, loud), []).append(firing)
    return list(groups.values())


def past(firing: Firing, now: int) -> bool:
    """Tell whether something tells of a time that was missed: an alarm told late, or its end."""
    if firing.alarm_id:
        return now - firing.at > LATE
    return firing.text in (FRESH, MISSED)


def kind(firing: Firing) -> str:
    """Return what a firing's words are of: a formula, price, move, rise, fall, or an index."""
    first = firing.text.split()[0]
    if first in ("fr", *INDICES):
        return first
    if first[0] == "%":
        return {"+": "rise", "-": "fall"}.get(first[1], "move")
    return "price" if first[0] in "<>" else "formula"


def parted(
    group: Sequence[Firing], told: Iterable[Firing], now: int
) -> Iterator[tuple[list[Firing], list[Firing]]]:
    """Yield what is told in each message, and what that message told before.

    A repeat goes where its alarm was told alone less than some minutes ago, the rest in a new one,
    and so does what is told late.
    """
    messages: dict[int | None, list[Firing]] = {}
    for firing in told:
        messages.setdefault(firing.message_id, []).append(firing)
    open_ones = {
        subject(before[0]): before
        for before in messages.values()
        if alike(before) and now - min(one.delivered or 0 for one in before) < AGAIN
    }
    again: dict[tuple, list[Firing]] = {}
    rest = []
    for firing in group:
        key = subject(firing)
        there = key in open_ones and not past(firing, now)
        (again.setdefault(key, []) if there else rest).append(firing)
    yield from ((part, open_ones[key]) for key, part in again.items())
    if rest:
        yield rest, []


def subject(firing: Firing) -> tuple:
    """Return what makes another firing a repeat: its alarm, as it was worded, and its symbol."""
    return firing.alarm_id, firing.symbol, firing.text, firing.topic


def alike(firings: Sequence[Firing]) -> bool:
    """Tell whether some firings are one alarm's, of one symbol."""
    return not notice(firings[0]) and len(set(map(subject, firings))) == 1


def reply(ctx: Ctx, firings: Sequence[Firing], before: int = 0) -> Reply:
    """Return the message that tells some firings of one chat; it may have told some before."""
    if firings[0].severity == tickets.ORDER:
        return tickets.told(ctx, firings)
    if firings[0].severity == gate.GATE:
        return gate.told(ctx, firings)
    if firings[0].severity == notices.SYSTEM:
        return notices.told(ctx, firings)
    silent = all(firing.severity == "silent" for firing in firings)
    late = all(past(firing, ctx.now) for firing in firings)
    if len(firings) == 1 or (alike(firings) and not late):
        newest, count = max(firings, key=lambda one: one.at), before + len(firings)
        text = single(ctx, newest, count) if newest.alarm_id else row(ctx, newest)
        return Reply(text, buttons(ctx, newest), silent=silent, edit=before > 0)
    lines = rows(ctx, sorted(firings, key=lambda one: one.at))
    shown = [(ctx.t("Alarmlarım", "My alarms"), "/alarmlar")]
    title = f"<b>{heading(ctx, firings, late)}</b>"
    return Reply("\n".join([title, *lines]), [shown], silent=silent)


def heading(ctx: Ctx, firings: Sequence[Firing], late: bool) -> str:
    """Return the title of a message that tells several firings."""
    fired = [firing for firing in firings if not notice(firing)]
    count = len(fired)
    if not count:
        return ctx.t("🔔 Alarmlarınız için haberler", "🔔 News of your alarms")
    if all(held(ctx, firing) for firing in fired):
        return ctx.t(
            f"☀️ Sessiz saatlerde {count} alarm çaldı", f"☀️ {count} alarms fired in quiet hours"
        )
    if late:
        return ctx.t(f"🔔 Bu arada {count} alarm çaldı", f"🔔 Meanwhile {count} alarms fired")
    return ctx.t(f"🔔 {count} alarm çaldı", f"🔔 {count} alarms fired")


def held(ctx: Ctx, firing: Firing) -> bool:
    """Tell whether a firing came in its user's quiet hours and waited for their end."""
    return firing.severity == "normal" and bool(
        quiet.until(ctx.user.quiet, ctx.user.zone, firing.at)
    )


def notice(firing: Firing) -> bool:
    """Tell whether something to be told is no alarm's firing."""
    return not firing.alarm_id


def head(firing: Firing) -> str:
    """Return a firing's coin and condition, safe in HTML."""
    words = f"{firing.symbol.removesuffix('USDT')} {firing.text}" if firing.symbol else firing.text
    return html.escape(words, quote=False)


def value(ctx: Ctx, firing: Firing) -> str:
    """Return the number a firing saw: a price, a change or an index."""
    number = float("nan") if firing.value is None else firing.value
    if kind(firing) in MOVES:
        return ctx.percent(number, 2, sign=kind(firing) != "move")
    if kind(firing) == "fr":
        return ctx.percent(number, 4)
    return ctx.num(number) if kind(firing) in INDICES else ctx.price(number, firing.symbol)


def rows(ctx: Ctx, firings: Iterable[Firing]) -> Iterator[str]:
    """Yield firings as lines; many coins of one cause share theirs."""
    causes: dict[tuple, list[Firing]] = {}
    for firing in firings:
        causes.setdefault((firing.alarm_id, firing.text, firing.at), []).append(firing)
    for some in causes.values():
        if len(some) < SHARING or notice(some[0]):
            yield from (row(ctx, firing) for firing in some)
            continue
        cause = some[0]._replace(symbol="")
        count = ctx.t(f"{len(some)} coin", f"{len(some)} coins")
        yield f"{urgent(cause)}{head(cause)}: {count} · {when(ctx, cause)}"
        told = [f"{coin(one.symbol)} {value(ctx, one)}" for one in some]
        yield from (" · ".join(told[i : i + A_LINE]) for i in range(0, len(told), A_LINE))


def row(ctx: Ctx, firing: Firing) -> str:
    """Return a firing as a line among others."""
    if notice(firing):
        return ctx.t(*NOTICES[firing.text]) + html.escape(firing.symbol)
    return f"{urgent(firing)}{head(firing)}: {value(ctx, firing)} · {when(ctx, firing)}"


def urgent(firing: Firing) -> str:
    """Return the mark before the line of an urgent firing."""
    return f"{MARKS['urgent']} " if firing.severity == "urgent" else ""


def when(ctx: Ctx, firing: Firing) -> str:
    """Return when something fired, and how long ago where that is late."""
    late = ctx.now - firing.at > LATE and not held(ctx, firing)
    return ctx.clock(firing.at) + f" ⏳ {ctx.ago(firing.at)}" * late


def single(ctx: Ctx, firing: Firing, count: int = 1) -> str:
    """Return a firing as a message of its own, with how often it was, the newest time shown."""
    mark, times = MARKS.get(firing.severity, "🔔"), f" ×{count}" * (count > 1)
    lines = [f"<b>{mark} {head(firing)}{times}</b>"]
    lines.append(f"{value(ctx, firing)} · {ctx.clock(firing.at)}")
    if held(ctx, firing):
        lines.append(ctx.t("🌙 Sessiz saatlerde çaldı", "🌙 It fired in your quiet hours"))
    elif ctx.now - firing.at > LATE:
        ago = ctx.ago(firing.at)
        lines.append(ctx.t(f"⏳ Geç geldi: {ago} önce çaldı", f"⏳ Late: it fired {ago} ago"))
    return "\n".join([*lines, "", ctx.t("Yorum: ", "Comment: ") + meaning(ctx, firing) + "."])


def meaning(ctx: Ctx, firing: Firing) -> str:
    """Return in words what came true."""
    of, parts = kind(firing), firing.text.split()
    alarm = ctx.db.alarms.find(firing.user_id, firing.alarm_id)
    means = MEANINGS | LEVELS if alarm and alarm.steady else MEANINGS
    known = means.get(of) or means[next(part[0] for part in parts if part[0] in "<>")]
    return ctx.t(*known).format(parts[of in MOVES])


def buttons(ctx: Ctx, firing: Firing) -> list[list[tuple[str, str]]]:
    """Return what can be done about a firing."""
    if notice(firing):
        return [[(ctx.t("Alarmlarım", "My alarms"), "/alarmlar")]]
    number = firing.alarm_id
    chart = [(ctx.t("Grafik", "Chart"), f"/alarm grafik {firing.id}")] * bool(firing.symbol)
    return [
        [
            (ctx.t("1 saat ertele", "Snooze 1 hour"), f"/alarm ertele {number}"),
            (ctx.t("Yeniden kur", "Set again"), f"/alarm kur {number}"),
        ],
        [
            *chart,
            (ctx.t("Neden?", "Why?"), f"/alarm neden {firing.id}"),
            (ctx.t("Sil", "Delete"), f"/alarm sil {number}"),
        ],
    ]
