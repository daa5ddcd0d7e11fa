"""Alarms that are offered: shown first, written by a button that works once."""

import html
import json
from collections.abc import Sequence
from decimal import Decimal
from functools import partial

import alarm_charts
import alarm_codes
import alarm_grammar
import alarm_views
from alarm_rows import MAX_ALARMS, Alarm
from alarms import line
from bot import Ctx, Reply, UserError
from orders import said
from roles import LACKING, TRADER

SHOWN = 40
MINE = ("Alarmlarım", "My alarms")
MANUAL = (
    """<b>Ne için</b>: coinler (btc eth), favoriler, ilk 50, hepsi
<b>Koşul</b>
<code>/alarm btc &gt; 70000</code> – fiyat sınırı geçince
<code>/alarm btc %5 15m</code> – 15 dakikada %5 oynayınca; %+5 yükselince, %-5 düşünce
<code>/alarm eth 4h rsi &lt; 30</code> – formül, 4 saatlik mum kapanınca: /formul
<code>/alarm fr btc &gt; 0.05</code> – fonlama oranı, yüzde
<code>/alarm ap &gt; 75</code> – endeks: ap, fg, dom
<b>Sonuna, isterseniz</b>
tekrar 1h – her geçişte, en sık saatte bir; yoksa bir kez çalar
bitiş 7g – 7 gün sonra biter
acil – sessiz saatlerde de çalar; sessiz – hep ses çıkarmadan gelir
onay:kapanış – anlık fiyatla değil, mum sınırın ötesinde kapanınca
seviye – koşul şimdiden doğruysa da çalar
bant %0.5 – yeniden çalması için fiyat bu kadar geri dönmeli
sonra al 100 %5 %2 – çalınca sormadan 100 USDT alır, hedef %5, zarar %2; sonra sat %50
<b>Kurulunca</b>: /alarmlar, sonra numarasıyla <code>/alarm düzelt 3</code> ya da durdur, devam, \
sil, paylaş; <code>/alarm al KOD</code> paylaşılanı kurar; <code>/alarm dışa</code> ve içe dosyayla

Bot kapalıyken olanlara açılınca mumlardan bakılır, çalan alarm zamanıyla söylenir. Bayat \
veri alarm çaldırmaz, o da söylenir.""",
    """<b>For</b>: coins (btc eth), favourites, top 50, all
<b>Condition</b>
<code>/alarm btc &gt; 70000</code> – when the price goes over the line
<code>/alarm btc %5 15m</code> – when it moves 5% in 15 minutes; %+5 rises, %-5 falls
<code>/alarm eth 4h rsi &lt; 30</code> – a formula, when the 4-hour candle closes: /formul
<code>/alarm fr btc &gt; 0.05</code> – the funding rate in percent
<code>/alarm ap &gt; 75</code> – an index: ap, fg, dom
<b>At its end, if you like</b>
repeat 1h – at each crossing, once an hour at most; without it once only
until 7d – it ends in 7 days
urgent – rings in quiet hours too; silent – always comes without a sound
confirm:close – not by the price of a moment but when a candle closes beyond the line
level – fires also if the condition is true already
band %0.5 – how far the price must go back before it fires again
then buy 100 %5 %2 – when it fires buys 100 USDT unasked, target 5%, loss 2%; then sell %50
<b>Once set</b>: /alarms, then by its number <code>/alarm edit 3</code> or pause, resume, delete, \
share; <code>/alarm take CODE</code> sets what was shared; \
<code>/alarm export</code> and import by file

What happened while the bot was off is looked up in the candles when it is on, and what fired is \
told with its time. Stale data fires nothing, and that is told.""",
)
GONE = ("Böyle bir alarmınız yok: /alarmlar", "You have no such alarm: /alarms")


def mine(ctx: Ctx) -> Alarm:
    """Return the alarm of this user whose number is the second word. Raises UserError."""
    if not ctx.arg(1, "").isdecimal():
        raise UserError("Kaç numaralı alarm? /alarmlar", "The alarm of which number? /alarms")
    alarm = ctx.db.alarms.find(ctx.user.id, ctx.count(1, high=2**31 - 1))
    if alarm is None:
        raise UserError(*GONE)
    return alarm


def blank(ctx: Ctx) -> Alarm:
    """Return an alarm of this user and chat that asks for nothing yet."""
    return Alarm(ctx.user.id, ctx.chat.id, "", "", "", made=ctx.now, topic=ctx.chat.topic)


def read(ctx: Ctx, words: Sequence[str], place: Alarm, usual: str = "") -> Alarm:
    """Return the alarm that words ask for in a place, `usual` its band. Raises UserError."""
    mine, span = ctx.db.formulas(ctx.user.id), partial(alarm_views.span, ctx)
    asked = alarm_grammar.read(words, place, mine, ctx.sources, span, usual)
    if asked.follow and not ctx.user.may(TRADER):
        raise UserError(*LACKING[TRADER])
    if asked.follow and ctx.chat.kind != "private":
        raise ctx.wrong(
            "Emir veren alarm yalnız özel sohbette kurulur.",
            "An alarm that makes an order is set in a private chat only.",
        )
    return asked


def band(ctx: Ctx) -> str:
    """Return what a user chose as the band of prices, "" for the usual one."""
    person = ctx.db.person(ctx.user.id)
    return (person and person.band) or ""


def usual(ctx: Ctx) -> str:
    """Return the line that tells it."""
    chosen = band(ctx) or alarm_grammar.band_text(f"%{100 * alarm_grammar.PRICE_BAND:g}")
    size = said(Decimal(chosen.strip("%atr")), ctx.lang)
    shown = f"{size} ATR" if chosen.endswith("atr") else ctx.t(f"%{size}", f"{size}%")
    return ctx.t(f"Fiyat alarmlarının bandı: {shown}", f"Band of price alarms: {shown}")


def manual(ctx: Ctx) -> str:
    """Return how alarms are typed."""
    return ctx.t(*MANUAL)


def one(ctx: Ctx, words: Sequence[str], old: Alarm | None = None, taken: bool = False) -> Reply:
    """Show an alarm in its normal form and what it would have done, and offer to save it.

    With an old one it takes its place and keeps its number; one `taken` from somebody else has
    nothing of the user's own settings. Raises UserError.
    """
    place = old._replace(made=ctx.now, interval="") if old else blank(ctx)
    wanted = read(ctx, words, place, "" if taken else band(ctx))
    others = [alarm for alarm in ctx.db.alarms.of(ctx.user.id) if alarm.id != wanted.id]
    alarm_grammar.affordable([*others, wanted])
    seen = alarm_views.rehearse(ctx, wanted)
    shown = alarm_views.preview(ctx, wanted, seen)
    if old:
        was = html.escape(line(old, ctx.lang), quote=False)
        shown.insert(
            1, ctx.t(f"Alarm {old.id} yerine: {was}", f"In place of alarm {old.id}: {was}")
        )
    twins = [str(alarm.id) for alarm in others if alike(alarm, wanted)]
    if twins:
        named = ", ".join(twins)
        shown.append(ctx.t(f"⚠️ Aynısı zaten var: {named}.", f"⚠️ There is the same: {named}."))
    picture = alarm_charts.rehearsed(ctx, wanted, seen)
    return Reply("\n".join(shown), [[button(ctx, [wanted])]], picture)


def many(ctx: Ctx, text: str) -> Reply:
    """Show the alarms that lines ask for, and which were not understood. Raises UserError."""
    asked, found, wrong = alarm_codes.lines(text), list[Alarm](), list[str]()
    there = {same(alarm) for alarm in ctx.db.alarms.of(ctx.user.id)}
    for words in asked[:MAX_ALARMS]:
        try:
            found.append(read(ctx, alarm_codes.typed(words).split(), blank(ctx)))
        except UserError as error:
            wrong.append(f"✖️ {words[:60]}: {ctx.t(error.tr, error.en).splitlines()[0]}")
    fresh = list({same(alarm): alarm for alarm in found if same(alarm) not in there}.values())
    alarm_grammar.affordable([*ctx.db.alarms.of(ctx.user.id), *fresh])
    lines = [alarm_views.described(ctx, alarm) for alarm in fresh[:SHOWN]]
    counts = len(fresh), len(found) - len(fresh), len(wrong)
    title = ctx.t(
        "{} yeni alarm, {} zaten var, {} anlaşılmadı", "{} new, {} known, {} not understood"
    )
    shown = [
        f"<b>⏰ {title.format(*counts)}</b>",
        *lines,
        *(html.escape(row, quote=False) for row in wrong[:SHOWN]),
    ]
    if unread := len(asked[MAX_ALARMS:]):
        shown.append(ctx.t(f"⚠️ Okunmayan satır: {unread}.", f"⚠️ Lines not read: {unread}."))
    return Reply("\n".join(shown), [[button(ctx, fresh)]] if fresh else [])


def same(alarm: Alarm) -> tuple:
    """Return what two alarms of a user have in common that ask for the same."""
    return (*alarm[2:6], alarm.steady, alarm.cooldown, alarm.severity)


def alike(one: Alarm, other: Alarm) -> bool:
    """Tell whether two alarms of a user ask for the same and make the same order."""
    return same(one) == same(other) and one.follow == other.follow


def button(ctx: Ctx, wanted: Sequence[Alarm]) -> tuple[str, str]:
    """Return the button that saves some alarms, once."""
    token = ctx.db.keep_token(ctx.user.id, json.dumps([alarm._asdict() for alarm in wanted]))
    return ctx.t("✅ Kaydet", "✅ Save"), f"/alarm kaydet {token}"


def save(ctx: Ctx, token: str) -> Reply:
    """Write the alarms of a button. Raises UserError."""
    body = ctx.db.take_token(ctx.user.id, token)
    if body is None:
        raise UserError("Bu düğme kullanıldı ya da eskidi.", "This button is used or too old.")
    wanted = [Alarm(**row)._replace(made=ctx.now) for row in json.loads(body)]
    saved = [alarm for alarm in (kept(ctx, alarm) for alarm in wanted) if alarm]
    if not saved:
        raise ctx.wrong(f"En çok {MAX_ALARMS} alarm.", f"At most {MAX_ALARMS} alarms.")
    ctx.db.save_person(ctx.user.id, lang=ctx.lang)
    if len(wanted) > 1:
        text = ctx.t(f"⏰ {len(saved)} alarm kuruldu.", f"⏰ {len(saved)} alarms are set.")
        if left := len(wanted) - len(saved):
            text += ctx.t(
                f" {left} tanesi sığmadı: en çok {MAX_ALARMS} alarm.",
                f" {left} did not fit: at most {MAX_ALARMS} alarms.",
            )
        return Reply(text, [[(ctx.t(*MINE), "/alarmlar")]])
    return told(
        ctx, saved[0], *(("değişti", "is changed") if wanted[0].id else ("kuruldu", "is set"))
    )


def kept(ctx: Ctx, alarm: Alarm) -> Alarm | None:
    """Write an alarm, in place of its old form where it has a number; None where it cannot be."""
    rows = ctx.db.alarms
    if alarm.id:
        there = rows.revise(alarm, alarm_views.first_states(ctx, alarm))
        return alarm if there else None
    made = alarm._replace(id=rows.add(alarm) or 0)
    if made.id:
        rows.begin_with(alarm_views.first_states(ctx, made))
    return made if made.id else None


def told(ctx: Ctx, alarm: Alarm, tr: str, en: str) -> Reply:
    """Say what happened to an alarm."""
    text = alarm_views.described(ctx, alarm)
    return Reply(f"⏰ Alarm {alarm.id} {ctx.t(tr, en)}: {text}", [[(ctx.t(*MINE), "/alarmlar")]])
