"""The words of trading: the card before an order, what became of it, what happened meanwhile."""

import html
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from alarm_rows import Firing
from bot import Ctx, Reply, UserError, coin, fold
from lots import Account, Record, account, record
from order_rows import DONE, DROPPED, REFUSED, STUCK, UNSURE, WORKING, Intent
from orders import (
    BUY,
    DOLLARS,
    HUNDRED,
    LIMIT,
    LIVE,
    MARKET,
    OCO,
    STOP,
    TRAIL,
    ZERO,
    Amount,
    Draft,
    Follow,
    amount,
    said,
)
from preflight import Ticket, sized
from risk import strange
from rulebook import rules
from trade import (
    BARE,
    DECLINED,
    ENDED,
    FILLED,
    FOUND,
    GONE,
    LOCKED,
    LOSING,
    LOST,
    ORDER,
    PARTIAL,
    REFUSAL,
)

__all__ = ["ORDER"]
SHOWN, MINUTE = 20, 60_000
KINDS = {
    MARKET: ("piyasa", "market"),
    LIMIT: ("limit", "limit"),
    STOP: ("stop-limit", "stop-limit"),
    OCO: ("OCO", "OCO"),
    TRAIL: ("iz süren", "trailing"),
}
EVENTS = {
    FILLED: ("✅ Emir gerçekleşti", "✅ Order filled"),
    REFUSAL: ("❌ Borsa emri kabul etmedi", "❌ The exchange refused the order"),
    LOST: (
        "❌ Emir borsaya ulaşmamış; verilmedi. İsterseniz yeniden yazın",
        "❌ The order never reached the exchange; it was not made. Type it again if you want it",
    ),
    GONE: (
        "❓ Borsa bu emri artık tanımıyor; sonu bilinmiyor. Yeniden yazmadan önce hesaba bakın",
        "❓ The exchange does not know this order any more; how it ended is not known. Look at the "
        "account before you type it again",
    ),
    LOCKED: (
        "❓ Emrin sonucu 5 dakikadır öğrenilemiyor. Coin kilitlendi, sorulmaya devam ediliyor",
        "❓ For 5 minutes nothing could be learnt of the order. The coin is locked, asking goes on",
    ),
    FOUND: (
        "✅ Emir borsada bulundu, bekliyor",
        "✅ The order was found at the exchange, it waits",
    ),
    BARE: (
        "🚨 KORUMASIZ: zarar durdurma konamadı. Kendiniz koyun ya da satın",
        "🚨 UNPROTECTED: the stop could not be set. Set it yourself, or sell",
    ),
    PARTIAL: (
        "⚠️ Emir kısmen gerçekleşti; koruma ancak emir bitince ya da iptal edilince konur",
        "⚠️ Order partly filled; it is protected only when it is complete or canceled",
    ),
    ENDED: ("✖️ Emir gerçekleşmeden bitti", "✖️ The order ended unfilled"),
    DECLINED: ("❌ Alarmın emri verilmedi", "❌ The alarm's order was not made"),
}


def number(ctx: Ctx, value: Decimal) -> str:
    """Return an amount with every digit it has, in the reader's style."""
    return said(value, ctx.lang) if value else "0"


def quote(ctx: Ctx, value: Decimal, sign: bool = False) -> str:
    """Return an amount of USDT to the cent."""
    return f"{ctx.num(float(value), 2, sign)} USDT"


def price(ctx: Ctx, value: Decimal, symbol: str) -> str:
    """Return a price with the digits its tick size has."""
    return ctx.price(float(value), symbol)


def mode(ctx: Ctx, which: str) -> str:
    """Return the word that every message about orders begins with."""
    return ctx.t("CANLI", "LIVE") if which == LIVE else ctx.t("KAĞIT", "PAPER")


def side(ctx: Ctx, which: str) -> str:
    """Return buy or sell."""
    return ctx.t("AL", "BUY") if which == BUY else ctx.t("SAT", "SELL")


def head(ctx: Ctx, which: str, draft: Draft) -> str:
    """Return a title: mode, side, coin, kind."""
    kind = ctx.t(*KINDS[draft.kind])
    return f"<b>{mode(ctx, which)} · {side(ctx, draft.side)} {coin(draft.symbol)}</b> ({kind})"


def asked(ctx: Ctx, draft: Draft, base: str) -> str:
    """Return how much an order is of."""
    if draft.spend is not None:
        return quote(ctx, draft.spend)
    return f"{number(ctx, draft.quantity or ZERO)} {html.escape(base)}"


def following(ctx: Ctx, wanted: Follow) -> str:
    """Return the order that follows an alarm as it is typed."""
    verb = ctx.t(*(("al", "buy") if wanted.side == BUY else ("sat", "sell")))
    much, unit = number(ctx, wanted.amount.number), wanted.amount.unit
    words = [ctx.t("sonra", "then"), verb, f"%{much}" if unit == "%" else f"{much}{unit.lower()}"]
    guards = (wanted.target, wanted.loss)
    return " ".join([*words, *(f"%{number(ctx, one)}" for one in guards if one is not None)])


def unasked(ctx: Ctx) -> str:
    """Return what a person should know of an alarm that makes orders."""
    trader = ctx.db.orders.trader(ctx.user.id)
    told = ctx.t(
        f"⚠️ Çalınca sormadan emir verir ({mode(ctx, trader.mode)}).",
        f"⚠️ When it fires it makes the order without asking ({mode(ctx, trader.mode)}).",
    )
    if trader.mode != LIVE or (trader.approved or 0) > ctx.now:
        return told
    return told + ctx.t(" Canlıda izin ister: /canli izin 7", " Live it needs: /canli izin 7")


def levels(ctx: Ctx, draft: Draft) -> Iterable[str]:
    """Yield an order's prices and distances in words."""
    names = (
        (draft.price, ctx.t("fiyat", "price")),
        (draft.stop, ctx.t("tetik", "trigger")),
        (draft.bound, ctx.t("limiti", "its limit")),
    )
    yield from (f"{name} {price(ctx, v, draft.symbol)}" for v, name in names if v is not None)
    if draft.trail is not None:
        yield ctx.t("iz ", "trail ") + ctx.percent(draft.trail / 100)


def card(ctx: Ctx, ticket: Ticket) -> list[str]:
    """Return the lines of the card that is shown before an order."""
    draft, symbol = ticket.draft, ticket.draft.symbol
    lines = [head(ctx, ticket.mode, draft)]
    lines.append(" · ".join([asked(ctx, draft, ticket.rules.base), *levels(ctx, draft)]))
    if draft.kind == MARKET:
        at, slip = price(ctx, ticket.average, symbol), ctx.percent(float(ticket.slip), 2, sign=True)
        lines.append(ctx.t(f"Beklenen fiyat {at} (kayma {slip})", f"Expected {at} (slip {slip})"))
    fee, worth = quote(ctx, ticket.fee), quote(ctx, ticket.worth)
    lines.append(ctx.t(f"Tutar ≈ {worth}, ücret ≈ {fee}", f"Worth ≈ {worth}, fee ≈ {fee}"))
    if ticket.mode == LIVE and draft.kind != OCO:
        lines.append(ctx.t("Borsa denedi, kabul etti.", "Tried at the exchange: accepted."))
    lines += guards(ctx, ticket)
    lines += worst(ctx, ticket)
    lines += warnings(ctx, ticket)
    return lines


def guards(ctx: Ctx, ticket: Ticket) -> Iterable[str]:
    """Yield where what is bought will be sold again."""
    draft, symbol, at = ticket.draft, ticket.draft.symbol, ticket.average
    if draft.target:
        level = price(ctx, at * (1 + draft.target / HUNDRED), symbol)
        mark = ctx.percent(float(draft.target), 1, sign=True)
        yield ctx.t(f"🎯 Hedef {mark} → {level}", f"🎯 Target {mark} → {level}")
    if draft.loss:
        level = price(ctx, at * (1 - draft.loss / HUNDRED), symbol)
        mark = ctx.percent(-float(draft.loss), 1)
        yield ctx.t(f"🛡 Zarar durdur {mark} → {level}", f"🛡 Stop {mark} → {level}")


def worst(ctx: Ctx, ticket: Ticket) -> Iterable[str]:
    """Yield what a purchase may lose, and what the day's limit leaves for it."""
    if ticket.draft.side != BUY:
        return
    standing, limits = ticket.standing, ticket.limits
    left = standing.opening * (limits.loss - standing.loss) / HUNDRED
    lost, rest = quote(ctx, -ticket.worst), quote(ctx, left)
    yield ctx.t(
        f"En kötü: {lost} · bugünkü kayıp sınırına kalan {rest}",
        f"At worst: {lost} · left of today's loss limit {rest}",
    )


def warnings(ctx: Ctx, ticket: Ticket) -> Iterable[str]:
    """Yield what should be known before the order is made."""
    if ticket.filled < 1:
        share = ctx.percent(100 * float(ticket.filled), 1)
        yield ctx.t(
            f"⚠️ Defter bunun ancak {share} kadarını karşılıyor.",
            f"⚠️ The book can take only {share} of it.",
        )
    if ticket.dust:
        rest = f"{number(ctx, ticket.dust)} {html.escape(ticket.rules.base)}"
        yield ctx.t(
            f"⚠️ Geriye satılamayacak kadar az kalır: {rest}.",
            f"⚠️ It leaves too little to be sold: {rest}.",
        )
    if ticket.warn:
        yield ctx.t(
            "⚠️ Günlük kayıp sınırının %80'i doldu.", "⚠️ 80% of the day's loss limit is used."
        )
    if ticket.draft.trail is not None and ticket.draft.kind != TRAIL:
        yield ctx.t(
            "⚠️ Bu coinde izi borsa değil bot sürer: stop borsada durur, bot çalıştıkça taşınır.",
            "⚠️ Here the bot trails, not the exchange: the stop rests there and is moved while "
            "the bot runs.",
        )


def propose(ctx: Ctx, draft: Draft, wanted: Amount, after: Intent | None = None) -> Reply:
    """Return the card of an order with the button that makes it. Raises UserError."""
    which = ctx.db.orders.trader(ctx.user.id).mode
    balances = ctx.desk.broker(ctx.user.id, which).balances()
    full = sized(draft, wanted, rules(ctx.sources, draft.symbol), balances)
    ticket, token = ctx.desk.offer(ctx.user, full, after)
    comment = ctx.t(
        "Yorum: onay 30 saniye ve ±%0,5 fiyat için geçerli; bir kez çalışır.",
        "Comment: good for 30 seconds and ±0.5% of the price; it works once.",
    )
    yes = (ctx.t("✅ Onayla", "✅ Confirm"), f"/emir onay {token}")
    no = (ctx.t("✖️ Vazgeç", "✖️ Drop"), f"/emir vazgec {token}")
    return Reply("\n".join([*card(ctx, ticket), "", comment]), [[yes, no]])


def recent(ctx: Ctx) -> None:
    """Raise UserError for a line that lets more be bought and was typed over a minute ago."""
    if ctx.asked is not None and ctx.now - ctx.asked > MINUTE:
        raise UserError(
            "Bunu bir dakikadan önce yazmışsınız; hâlâ istiyorsanız yeniden yazın.",
            "You typed this over a minute ago; type it again if you still want it.",
        )


def joined(ctx: Ctx, i: int) -> Ctx:
    """Return the same context, a unit apart from the i-th word joined to it: 100 usdt."""
    parts = ctx.args[i : i + 2]
    if len(parts) < 2 or fold(parts[1]) not in (*DOLLARS, "%", fold(ctx.args[i - 1])):
        return ctx
    return ctx.replaced((*ctx.args[:i], "".join(parts), *ctx.args[i + 2 :]))


def symbol(ctx: Ctx, i: int) -> str:
    """Return the symbol that the i-th word names. Raises UserError, so where an amount stands."""
    word = ctx.arg(i)
    if amount(word) and ctx.sources.known(word) is None:
        raise ctx.wrong("Önce coin, sonra miktar yazılır.", "First the coin, then the amount.")
    return ctx.sources.symbol(word)


def much(ctx: Ctx, i: int) -> Amount:
    """Return the i-th word as an amount. Raises UserError."""
    found = amount(ctx.arg(i))
    if found is None:
        raise ctx.wrong(
            f"“{ctx.arg(i)[:20]}” bir miktar değil: binlik ayırmadan, 100usdt, 0.5, %50 gibi.",
            f"“{ctx.arg(i)[:20]}” is no amount: 100usdt, 0.5 or 50%, thousands not set apart.",
        )
    return found


def percent(ctx: Ctx, i: int, high: float) -> Decimal | None:
    """Return the i-th word as a percentage above 0, None where there is none. Raises UserError."""
    if i >= len(ctx.args):
        return None
    bare = ctx.replaced((ctx.args[i].strip("%"),))
    return Decimal(repr(bare.number(0, low=0.1, high=high)))


def report(ctx: Ctx, intent: Intent) -> str:
    """Return what became of an intent, and of what protects it."""
    lines = [f"{head(ctx, intent.mode, intent.draft)} #{intent.id}", state(ctx, intent)]
    lines += [guard(ctx, child) for child in ctx.db.orders.children(intent.id)]
    return "\n".join(lines)


def guard(ctx: Ctx, child: Intent) -> str:
    """Return how an order that protects stands."""
    return f"🛡 #{child.id} {', '.join(levels(ctx, child.draft))}: {state(ctx, child)}"


def state(ctx: Ctx, intent: Intent) -> str:
    """Return how an intent stands, in words."""
    fills = ctx.db.orders.filled(intent.id)
    quantity = sum((fill.quantity for fill in fills), ZERO)
    done = ""
    if quantity:
        average = sum((fill.quantity * fill.price for fill in fills), ZERO) / quantity
        done = (
            f"{number(ctx, quantity)} @ {price(ctx, average, intent.symbol)}{charges(ctx, fills)}"
        )
    words = {
        DONE: (f"✅ gerçekleşti: {done}", f"✅ filled: {done}") if done else EVENTS[ENDED],
        WORKING: (f"⏳ bekliyor {done}".strip(), f"⏳ waiting {done}".strip()),
        REFUSED: ("❌ kabul edilmedi", "❌ refused"),
        DROPPED: ("✖️ verilmedi", "✖️ not made"),
        UNSURE: (
            "❓ sonucu henüz belli değil; borsaya soruluyor, haber verilecek",
            "❓ not known yet; the exchange is being asked, you will be told",
        ),
        STUCK: ("❓ sonucu öğrenilemiyor; coin kilitli", "❓ cannot be learnt; the coin is locked"),
    }
    told = ctx.t(*words.get(intent.state, ("⏳ gönderiliyor", "⏳ being sent")))
    return f"{told}: {html.escape(intent.reason)}" if intent.state == REFUSED else told


def canceled(ctx: Ctx, every: Sequence[Intent]) -> Iterable[str]:
    """Cancel intents; yield how each ended, and what is without a stop now."""
    for before, (done, error) in zip(every, ctx.desk.cancel_every(every), strict=True):
        lines = [report(ctx, done)]
        if error:
            reason = html.escape(ctx.t(error.tr, error.en))
            lines.append(ctx.t(f"❓ İptal edilemedi: {reason}", f"❓ Not canceled: {reason}"))
        elif done.closed is None:
            lines.append(
                ctx.t(
                    "İptalin sonucu belli değil; borsaya soruluyor.",
                    "It is not known whether it was canceled; the exchange is being asked.",
                )
            )
        elif before.closed is None and done.parent and not ctx.db.orders.filled(done.id):
            lines.append(
                ctx.t(
                    "🚨 Bu emir bir alımı koruyordu: pozisyon artık KORUMASIZ.",
                    "🚨 This order protected a purchase: the position is UNPROTECTED now.",
                )
            )
        yield "\n".join(lines)


def charges(ctx: Ctx, fills: Sequence[Any]) -> str:
    """Return the fees of some fills, by asset."""
    sums: dict[str, Decimal] = {}
    for fill in fills:
        sums[fill.asset] = sums.get(fill.asset, ZERO) + fill.fee
    paid = ", ".join(
        f"{number(ctx, fee)} {html.escape(asset)}" for asset, fee in sums.items() if fee
    )
    return ctx.t(f" (ücret {paid})", f" (fee {paid})") if paid else ""


def told(ctx: Ctx, firings: Sequence[Firing]) -> Reply:
    """Return the message that tells what happened to orders since, first what is unprotected.

    Beyond so many only their numbers are told: a longer text, or more buttons, is refused.
    """
    lines, buttons, more = [], [], dict[str, list[str]]()
    for i, firing in enumerate(sorted(firings, key=lambda one: one.text.split()[0] != BARE)):
        event, _, number_ = firing.text.partition(" ")
        if i >= SHOWN and event != LOSING:
            more.setdefault(event, []).append(f"#{number_}")
            continue
        if event == LOSING:
            lines += [losing(ctx, number_, firing.value), ""]
            continue
        intent = ctx.db.orders.find(ctx.user.id, int(number_))
        if intent is None:
            continue
        lines += [f"<b>{ctx.t(*EVENTS[event])}.</b>", report(ctx, intent), ""]
        if event == BARE:
            name = coin(intent.symbol).lower()
            buttons.append(
                [(ctx.t("Sat", "Sell"), f"/sat {name} %100"), ("Stop", f"/stop {name} %2")]
            )
    lines += [f"<b>{ctx.t(*EVENTS[event])}:</b> {', '.join(some)}" for event, some in more.items()]
    buttons.append([(ctx.t("Emirlerim", "My orders"), "/emirler")])
    return Reply("\n".join(lines).strip(), buttons)


def losing(ctx: Ctx, about: str, loss: float | None) -> str:
    """Return the warning that a day's loss nears its limit; it is about a mode and what is gone."""
    which, _, gone = about.partition(" ")
    more = strange(Decimal(gone or 0), ctx.lang)
    lost = ctx.percent(float("nan") if loss is None else loss, 1)
    limit = said(ctx.desk.limits.loss, ctx.lang)
    return ctx.t(
        f"<b>⚠️ {mode(ctx, which)} · Bugünkü kayıp {lost}.</b> Sınır %{limit}; "
        f"ona varınca yarına dek yeni alım yapılmaz, satışlar ve korumalar sürer.{more}",
        f"<b>⚠️ {mode(ctx, which)} · Today's loss is {lost}.</b> The limit is {limit}%; "
        f"beyond it nothing is bought until tomorrow, sales and stops go on.{more}",
    )


def book(ctx: Ctx, which: str) -> tuple[Account, Record]:
    """Return the account of a user's trades of a mode, and what their sales say."""
    made = account(ctx.db.orders.trades(ctx.user.id, which), worth_of(ctx), bases(ctx))
    return made, record(made.sales)


def worth_of(ctx: Ctx) -> Callable[[str], Decimal | None]:
    """Return what tells an asset's worth in USDT now, None where that is not known."""
    prices = ctx.sources.prices().data

    def worth(asset: str) -> Decimal | None:
        if asset == "USDT":
            return Decimal(1)
        found = prices.get(f"{asset}USDT")
        return None if found is None else Decimal(repr(found))

    return worth


def bases(ctx: Ctx) -> dict[str, str]:
    """Return the asset of every traded pair."""
    return {symbol: pair.base for symbol, pair in ctx.sources.exchange().pairs.items()}
