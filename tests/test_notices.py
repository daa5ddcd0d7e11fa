"""notices.py: what admins are told of the bot, each in their language; more in test_incidents."""

import pytest

import notices
import rings


@pytest.mark.parametrize("event", [notices.PEACE, notices.SILENCE])
@pytest.mark.parametrize("lang", ["tr", "en"])
def test_every_event_has_its_words_in_both_languages(ctx, event, lang):
    (row,) = notices.rows({7}, event, "a<b> 1 → b 2", ctx().now)
    reply = rings.reply(ctx(lang=lang), [row])
    assert "a&lt;b&gt; 1" in reply.text and "{" not in reply.text
    assert ("nothing" in reply.text or "broken" in reply.text) == (lang == "en")


def test_every_admin_gets_a_row_that_no_quiet_hours_hold():
    rows = notices.rows({9, 7}, notices.PEACE, "x", 5)
    assert [(one.user_id, one.chat_id, one.alarm_id) for one in rows] == [(7, 7, 0), (9, 9, 0)]
    assert all(one.severity == notices.SYSTEM for one in rows)


def test_several_are_one_message(ctx):
    rows = [*notices.rows({7}, notices.PEACE, "one", 1), *notices.rows({7}, "silence", "two", 2)]
    text = rings.reply(ctx(), rows).text
    assert text.count("\n") == 1 and "one" in text and "two" in text
