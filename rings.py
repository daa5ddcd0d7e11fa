"""What is said when alarms fire: one message for all of a chat, how late it is, what to do next."""

import html
from collections.abc import Iterable, Sequence

from alarm_rows import Firing
from alarms import INDICES, MOVES
from bot import Ctx, Reply
from watch import BROKEN, FRESH, STALE

LATE = 90_000
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
}
MEANINGS = {
    "move": ("fiyat {} içinde bu kadar oynadı", "the price moved this much within {}"),
    "rise": ("fiyat {} içinde bu kadar yükseldi", "the price rose this much within {}"),
    "fall": ("fiyat {} içinde bu kadar düştü", "the price fell this much within {}"),
    ">": ("sınırın üstüne çıktı", "it went above the line"),
    "<": ("sınırın altına indi", "it went below the line"),
    "formula": ("koşul {} kapanışında sağlandı", "the condition held at the {} close"),
}


def grouped(waiting: Iterable[Firing]) -> list[list[Firing]]:
    """Return what is to be told together: to one chat and topic, of one user, equally loud."""
    groups: dict[tuple, list[Firing]] = {}
    for firing in waiting:
        key = firing.chat_id, firing.topic, firing.user_id, firing.severity
        groups.setdefault(key, []).append(firing)
    return list(groups.values())


def kind(firing: Firing) -> str:
    """Return what a firing's words are of: a formula, price, move, rise, fall, or an index."""
    first = firing.text.split()[0]
    if first in ("fr", *INDICES):
        return first
    if first[0] == "%":
        return {"+": "rise", "-": "fall"}.get(first[1], "move")
    return "price" if first[0] in "<>" else "formula"


def reply(ctx: Ctx, firings: Sequence[Firing]) -> Reply:
    """Return the message that tells some firings of one chat."""
    silent = all(firing.severity == "silent" for firing in firings)
    if len(firings) == 1:
        (firing,) = firings
        text = ctx.t(*NOTICES[firing.text]) + html.escape(firing.symbol) if notice(firing) else ""
        return Reply(text or single(ctx, firing), buttons(ctx, firing), silent=silent)
    late = all(ctx.now - firing.at > LATE for firing in firings)
    count = sum(not notice(firing) for firing in firings)
    title = ctx.t(f"🔔 {count} alarm çaldı", f"🔔 {count} alarms fired")
    if late:
        title = ctx.t(f"🔔 Bu arada {count} alarm çaldı", f"🔔 Meanwhile {count} alarms fired")
    lines = [row(ctx, firing) for firing in sorted(firings, key=lambda one: one.at)]
    shown = [(ctx.t("Alarmlarım", "My alarms"), "/alarmlar")]
    return Reply("\n".join([f"<b>{title}</b>", *lines]), [shown], silent=silent)


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


def row(ctx: Ctx, firing: Firing) -> str:
    """Return a firing as a line among others."""
    if notice(firing):
        return ctx.t(*NOTICES[firing.text]) + html.escape(firing.symbol)
    late = f" ⏳ {ctx.ago(firing.at)}" if ctx.now - firing.at > LATE else ""
    return f"{head(firing)}: {value(ctx, firing)} · {ctx.clock(firing.at)}{late}"


def single(ctx: Ctx, firing: Firing) -> str:
    """Return a firing as a message of its own."""
    lines = [f"<b>🔔 {head(firing)}</b>", f"{value(ctx, firing)} · {ctx.clock(firing.at)}"]
    if ctx.now - firing.at > LATE:
        ago = ctx.ago(firing.at)
        lines.append(ctx.t(f"⏳ Geç geldi: {ago} önce çaldı", f"⏳ Late: it fired {ago} ago"))
    return "\n".join([*lines, "", ctx.t("Yorum: ", "Comment: ") + meaning(ctx, firing) + "."])


def meaning(ctx: Ctx, firing: Firing) -> str:
    """Return in words what came true."""
    of, parts = kind(firing), firing.text.split()
    known = MEANINGS.get(of) or MEANINGS[next(part[0] for part in parts if part[0] in "<>")]
    return ctx.t(*known).format(parts[of in MOVES])


def buttons(ctx: Ctx, firing: Firing) -> list[list[tuple[str, str]]]:
    """Return what can be done about a firing."""
    if notice(firing):
        return [[(ctx.t("Alarmlarım", "My alarms"), "/alarmlar")]]
    number, name = firing.alarm_id, firing.symbol.removesuffix("USDT").lower()
    frame = firing.text.split()[0] if kind(firing) == "formula" else "1h"
    chart = [(ctx.t("Grafik", "Chart"), f"/grafik {name} {frame}")] if name else []
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
