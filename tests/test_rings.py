"""rings.py: what a person reads when alarms fire, in both languages."""

from dataclasses import replace
from datetime import UTC

import pytest

import rings
from alarm_rows import Alarm, Firing
from backup import RESTORED
from order_rows import MOVED
from watch import BROKEN, FLOOD, FRESH, MISSED, STALE

NOW = 1_795_500_123_000
FIRED = Firing(3, 7, 7, "BTCUSDT", NOW - 5000, 101.0, "> 100", id=9)
SAID = {
    ("> 100", 101.5): "sınırın üstüne çıktı",
    ("< 100", 99.5): "sınırın altına indi",
    ("%5 15m", 5.5): "fiyat 15m içinde bu kadar oynadı",
    ("%+5 15m", 5.5): "fiyat 15m içinde bu kadar yükseldi",
    ("%-5 1h", -5.5): "fiyat 1h içinde bu kadar düştü",
    ("4h rsi(14) < 30", 99.0): "koşul 4h kapanışında sağlandı",
    ("fr > 0.05", 0.06): "sınırın üstüne çıktı",
}


@pytest.mark.parametrize(("text", "value"), SAID)
def test_each_kind_says_what_came_true(ctx, text, value):
    told = rings.reply(ctx(), [FIRED._replace(text=text, value=value)])
    assert told.text.endswith(f"Yorum: {SAID[text, value]}.") and not told.silent
    assert "BTC" in told.text.splitlines()[0] and "<b>" in told.text and " < " not in told.text
    english = rings.reply(ctx(lang="en"), [FIRED._replace(text=text, value=value)])
    assert "Comment: " in english.text and "Yorum" not in english.text


@pytest.mark.parametrize(("text", "value"), SAID)
def test_what_may_have_been_true_from_the_start_is_not_said_to_have_crossed(
    ctx, database, text, value
):
    alarm = Alarm(7, 7, "price", "> 100", "BTCUSDT", band=0.3, steady=True)
    fired = FIRED._replace(alarm_id=database.alarms.add(alarm), text=text, value=value)
    said = (
        SAID[text, value].replace("üstüne çıktı", "üstündeydi").replace("altına indi", "altındaydı")
    )
    assert rings.reply(ctx(), [fired]).text.endswith(f"Yorum: {said}.")


def test_an_index_has_no_coin_and_no_chart(ctx):
    told = rings.reply(ctx(), [FIRED._replace(text="ap > 75", symbol="", value=80.25)])
    assert told.text.startswith("<b>🔔 ap &gt; 75</b>\n80,25 ·")
    assert [[line for _, line in row] for row in told.buttons] == [
        ["/alarm ertele 3", "/alarm kur 3"],
        ["/alarm neden 9", "/alarm sil 3"],
    ]


def test_percent_and_unknown_values_are_written_as_such(ctx):
    assert rings.value(ctx(), FIRED._replace(text="%+5 15m", value=5.5)) == "%+5,50"
    assert rings.value(ctx(), FIRED._replace(text="fr > 0.05", value=0.0612)) == "%0,0612"
    assert rings.value(ctx(), FIRED._replace(value=None)) == "—"


def test_a_notice_is_no_alarm(ctx):
    stale = FIRED._replace(alarm_id=0, symbol="", text=STALE)
    broken = FIRED._replace(alarm_id=0, symbol="btc 1h a < b", text=BROKEN)
    assert "bayatladı" in rings.reply(ctx(), [stale]).text
    assert rings.reply(ctx(), [broken]).text.endswith("durduruldu: btc 1h a &lt; b")
    back = FIRED._replace(alarm_id=0, symbol="", text=RESTORED)
    assert "/canli" in rings.reply(ctx(lang="en"), [back]).text
    flood = rings.reply(ctx(), [stale._replace(text=FLOOD)])
    assert "bir saatte 500 kez" in flood.text and "/alarmlar" in flood.text
    missed = rings.reply(ctx(lang="en"), [stale._replace(text=MISSED)])
    assert "rang no alarm" in missed.text
    both = rings.reply(ctx(), [stale, FIRED])
    assert "1 alarm çaldı" in both.text and "bayatladı" in both.text


def test_those_for_one_ear_are_together_and_silent_ones_apart():
    quiet, other = FIRED._replace(severity="silent"), FIRED._replace(topic=4)
    groups = rings.grouped([FIRED, quiet, FIRED._replace(id=10), other], NOW)
    assert [[f.id for f in group] for group in groups] == [[9, 10], [9], [9]]


def test_what_was_missed_is_together_however_loud_and_with_the_news_of_its_end(ctx):
    old = FIRED._replace(at=NOW - rings.LATE - 1)
    loud, quiet = (old._replace(severity=how, text=f"> {how}") for how in ("urgent", "silent"))
    news = old._replace(alarm_id=0, symbol="", text=FRESH, at=NOW)
    lost = news._replace(text=MISSED)
    missed, live = rings.grouped([old, loud, FIRED, quiet, news, lost], NOW)
    assert missed == [old, loud, quiet, news, lost] and live == [FIRED]
    told = rings.reply(ctx(), missed)
    assert "Bu arada 3 alarm çaldı" in told.text and not told.silent
    assert "🚨 BTC &gt; urgent" in told.text and "yeniden taze" in told.text


def test_many_coins_of_one_cause_share_their_lines(ctx):
    many = [FIRED._replace(symbol=f"C{i}USDT", value=float(i), id=i) for i in range(1, 11)]
    other = FIRED._replace(at=FIRED.at + 1, alarm_id=4, text="< 5")
    lines = rings.reply(ctx(), [*many, other]).text.splitlines()
    assert "11 alarm çaldı" in lines[0] and lines[1].startswith("&gt; 100: 10 coin · ")
    assert [line.count(" · ") for line in lines[2:5]] == [3, 3, 1] and len(lines) == 6
    assert all(f"C{i} {i}" in "\n".join(lines[2:5]) for i in range(1, 11))
    assert lines[5].startswith("BTC &lt; 5: ")


def test_coins_share_lines_from_four_on_of_one_alarm_at_one_instant(ctx):
    four = [FIRED._replace(symbol=f"C{i}USDT") for i in range(4)]
    counted = {4: four, 3: four[:3], 1: [one._replace(alarm_id=i) for i, one in enumerate(four, 1)]}
    counted[2] = [one._replace(at=one.at - i) for i, one in enumerate(four)]
    for n, some in counted.items():
        assert ("4 coin" in rings.reply(ctx(), some).text) == (n == 4), n


def test_what_one_alarm_missed_is_told_with_each_of_its_times(ctx):
    old = [FIRED._replace(at=NOW - i * rings.LATE) for i in (3, 2)]
    told = rings.reply(ctx(), old).text
    assert "Bu arada 2 alarm" in told and told.count("⏳") == 2


def test_not_all_that_was_missed_fired_in_quiet_hours(ctx):
    ctx = ctx()
    ctx = replace(ctx, user=replace(ctx.user, quiet="23:00-07:00", zone=UTC))
    night, day = (NOW // 86_400_000 * 86_400_000 + at * 3_600_000 for at in (3, 8))
    ctx = replace(ctx, now=day + 3_600_000)
    held, missed = (FIRED._replace(at=at, text=f"> {at}") for at in (night, day))
    assert "Sessiz saatlerde 2 alarm" in rings.reply(ctx, [held, held._replace(text="> 1")]).text
    assert "Bu arada 2 alarm" in rings.reply(ctx, [held, missed]).text


def test_many_notices_of_one_instant_are_told_each_by_itself(ctx):
    broken = FIRED._replace(alarm_id=0, value=None, text=BROKEN)
    told = rings.reply(ctx(), [broken._replace(symbol=f"btc 1h a < {i}") for i in range(5)])
    assert [line[-1] for line in told.text.splitlines()[1:]] == list("01234")


def test_what_was_missed_changes_no_message_from_before():
    told = FIRED._replace(message_id=5, delivered=NOW - 1000)
    old = FIRED._replace(at=NOW - rings.LATE - 1)
    assert list(rings.parted([old, FIRED], [told], NOW)) == [([FIRED], [told]), ([old], [])]


def test_only_silent_ones_make_no_sound(ctx):
    quiet = FIRED._replace(severity="silent")
    assert rings.reply(ctx(), [quiet]).silent and rings.reply(ctx(), [quiet, quiet]).silent
    assert not rings.reply(ctx(), [FIRED]).silent


def test_only_news_are_not_called_alarms(ctx):
    stale = FIRED._replace(alarm_id=0, symbol="", text=STALE)
    told = rings.reply(ctx(), [stale, stale._replace(text=FRESH)])
    assert told.text.startswith("<b>🔔 Alarmlarınız için haberler</b>") and "0" not in told.text


def test_a_repeat_counts_what_its_message_told_before_and_is_an_edit(ctx):
    told = rings.reply(ctx(), [FIRED, FIRED._replace(id=10, at=FIRED.at + 1, value=105.0)], 2)
    assert "&gt; 100 ×4</b>" in told.text and "105" in told.text and told.edit
    assert ("Neden?", "/alarm neden 10") in told.buttons[1]


def test_repeats_go_where_their_alarm_was_told_alone_a_moment_ago():
    told = FIRED._replace(message_id=5, delivered=NOW - rings.AGAIN + 1)
    other = FIRED._replace(alarm_id=4)
    assert list(rings.parted([FIRED, other], [told], NOW)) == [([FIRED], [told]), ([other], [])]
    for before in (
        [told._replace(delivered=NOW - rings.AGAIN)],
        [told, told._replace(alarm_id=4)],
        [told._replace(text="> 99")],
    ):
        assert list(rings.parted([FIRED], before, NOW)) == [([FIRED], [])]


def test_another_exchange_is_told_in_both_languages(ctx):
    moved = FIRED._replace(alarm_id=0, symbol="", text=MOVED)
    assert "başka bir borsaya" in rings.reply(ctx(), [moved]).text
    assert "connected to another exchange" in rings.reply(ctx(lang="en"), [moved]).text
