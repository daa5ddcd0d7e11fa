"""What admins are told of the bot itself: words for each thing, and the rows that carry them."""

import html
from collections.abc import Iterable, Sequence

from alarm_rows import Firing
from bot import Ctx, Reply
from lease import PEACE, SILENCE

SYSTEM, DAILY = "system", "daily"
HOST, JOB, OUTBOX, CLOCK, RIVAL, DATABASE = "host", "job", "outbox", "clock", "rival", "database"
BARE = "bare"
BETWEEN, DAY = "|", 86_400_000
WORDS = {
    PEACE: (
        "♻️ Bot el değiştirdi: {0}. Öncekinin elindeki işler bitti, hiçbir şey kaybolmadı.",
        "♻️ The bot changed hands: {0}. The one before finished its work; nothing is lost.",
    ),
    SILENCE: (
        "♻️ Bot el değiştirdi: {0}. Önceki habersiz kesilmişti; yarım kalanlar tamamlanıyor.",
        "♻️ The bot changed hands: {0}. The one before had broken off; its work is being finished.",
    ),
    HOST: (
        "⚠️ {0} {1}. Verisi başka kaynaktan ya da eski gösteriliyor.",
        "⚠️ {0} {1}. Its data comes from elsewhere or is shown as old.",
    ),
    JOB: (
        "⚠️ Bir iş zamanında bitmedi: {0}. Ayrıntı: /ts",
        "⚠️ A job did not end in time: {0}. Details: /ts",
    ),
    OUTBOX: (
        "⚠️ On dakikadır yollanamayan ileti sayısı: {1}. Kaybolmadılar, deneniyor.",
        "⚠️ Messages that could not be sent for ten minutes: {1}. They are kept and tried again.",
    ),
    CLOCK: (
        "⚠️ Bu makinenin saati borsanınkinden {1} sn ayrı; düzeltin (NTP).",
        "⚠️ This machine's clock is {1} s off the exchange's; set it right (NTP).",
    ),
    RIVAL: (
        "⚠️ Bu botun anahtarıyla başka bir program da ileti çekiyor; bir kısmı ona gidiyor. Ona yol "
        "veriyorum. Onu durdurun ya da BotFather'dan yeni anahtar alın.",
        "⚠️ Another program polls with this bot's token and gets some of the messages. I make way "
        "for it. Stop it, or get a new token from BotFather.",
    ),
    BARE: (
        "🚨 {0} numaralı kullanıcıya ulaşılamıyor, oysa pozisyonu KORUMASIZ: emir {1}. "
        "Ona siz haber verin.",
        "🚨 User {0} cannot be reached, and a position of theirs is UNPROTECTED: order {1}. "
        "Please tell them.",
    ),
    DATABASE: (
        "⚠️ Veritabanına yazılamıyor; bot durdu. Düzelince kendiliğinden sürer.",
        "⚠️ The database cannot be written to; the bot has stopped. It goes on by itself.",
    ),
}
OVER = {
    HOST: ("✅ {0} yeniden yanıt veriyor ({1} sonra).", "✅ {0} answers again (after {1})."),
    JOB: (
        "✅ İş yine zamanında: {0} ({1} sonra).",
        "✅ The job is on time again: {0} (after {1}).",
    ),
    OUTBOX: (
        "✅ Bekleyen iletiler gitti ({1} sonra).",
        "✅ The waiting messages went out (after {1}).",
    ),
    CLOCK: ("✅ Saat yeniden doğru ({1} sonra).", "✅ The clock is right again (after {1})."),
    RIVAL: (
        "✅ Öteki program artık ileti çekmiyor ({1} sonra).",
        "✅ The other program no longer polls (after {1}).",
    ),
    DATABASE: (
        "✅ Veritabanına yeniden yazılıyor; bot sürüyor ({1} sonra).",
        "✅ The database can be written to again; the bot goes on (after {1}).",
    ),
}
NAMES = {
    HOST: ("veri kaynağı", "data source"),
    JOB: ("iş", "job"),
    OUTBOX: ("giden kutusu", "outbox"),
    CLOCK: ("saat", "clock"),
    RIVAL: ("aynı anahtarlı program", "program with the same token"),
}
STATES = {
    "down": ("yanıt vermiyor", "does not answer"),
    "banned": ("bu adresi engelledi (418)", "has banned this address (418)"),
    "blocked": ("istekleri reddediyor (403)", "refuses requests (403)"),
    "region": ("bu sunucunun bölgesine kapalı (451)", "is closed to this server's region (451)"),
}


def packed(*parts: object) -> str:
    """Return what an event is about in one text."""
    return BETWEEN.join(map(str, parts))


def rows(admins: Iterable[int], event: str, about: str, now: int) -> list[Firing]:
    """Return the rows that tell every admin of an event."""
    return [
        Firing(0, admin, admin, about, now, None, event, severity=SYSTEM)
        for admin in sorted(admins)
    ]


def told(ctx: Ctx, firings: Sequence[Firing]) -> Reply:
    """Return the message that tells an admin what happened."""
    daily = all(firing.text == DAILY for firing in firings)
    text = "\n".join(line(ctx, firing) for firing in firings)
    return Reply(text, [[("/saglik", "/saglik")]], silent=daily)


def line(ctx: Ctx, firing: Firing) -> str:
    """Return what one event says."""
    kind, _, over = firing.text.partition(" ")
    of, *more = firing.symbol.split(BETWEEN)
    if kind == DAILY:
        return daily(ctx, firing.at, firing.symbol)
    name = ctx.sources.called(of) if kind == HOST else of
    state = more[0] if more else ""
    if over:
        state = ctx.ago(ctx.now - int(state))
    elif state in STATES:
        state = ctx.t(*STATES[state])
    words = (OVER if over else WORDS)[kind]
    return ctx.t(*words).format(html.escape(name, quote=False), html.escape(state, quote=False))


def daily(ctx: Ctx, at: int, wrong: str) -> str:
    """Return the line of every day: whether all is well, and what a day has brought."""
    since, up = at - DAY, ctx.ago(int(ctx.workers.started * 1000))
    fired, meant = ctx.db.alarms.counted(since), ctx.db.orders.meant_since(since)
    day = ctx.t(
        f"Son 24 saat: {fired} alarm, {meant} emir; {up} önce başladı.",
        f"Last 24 hours: {fired} alarms, {meant} orders; started {up} ago.",
    )
    if not wrong:
        return ctx.t(f"☀️ Bot iyi. {day}", f"☀️ The bot is well. {day}")
    kinds = (name.partition(" ") for name in wrong.split(BETWEEN))
    named = ", ".join(f"{ctx.t(*NAMES[kind])} {html.escape(of)}".strip() for kind, _, of in kinds)
    return ctx.t(f"⚠️ Açık sorunlar: {named}. {day}", f"⚠️ Open troubles: {named}. {day}")
