"""Any text and any pressed button: an answer or a polite refusal, never a bug, never silence."""

import html
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bot
import commands

LOADED = commands.load()
NAMES = sorted(LOADED)
OWN = sorted({command.name for command in LOADED.values()})
WORDS = st.one_of(
    st.sampled_from(
        ["btc", "ETH", "30", "0", "-1", "1e9", "%5", "4h", "1d", "ekle", "sil", "kapat"]
    ),
    st.text(max_size=30),
    st.integers().map(str),
    st.floats().map(str),
)
LINES = st.one_of(
    st.text(min_size=1, max_size=4096),
    st.tuples(st.sampled_from(NAMES), st.lists(WORDS, max_size=8)).map(
        lambda pair: f"/{pair[0]} {' '.join(pair[1])}"
    ),
)
TAG = re.compile(r"</?(b|i|u|s|code|pre|blockquote|a)( [^<>]*)?>")


def check(replies, line):
    assert replies, line
    for reply in replies:
        assert reply.failed < 2, (line, reply)
        rest = html.unescape(TAG.sub("", reply.text)) if reply.text else ""
        assert "<" not in TAG.sub("", reply.text), (line, reply.text)
        assert rest or reply.file or reply.photo, line
        for row in reply.buttons:
            assert all(0 < len(data.encode()) <= 64 for _, data in row)


@pytest.mark.parametrize("lang", ["tr", "en"])
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=LINES)
def test_any_line_is_answered(ctx, lang, line):
    check(list(bot.answer(line, ctx(lang=lang))), line)


@pytest.mark.parametrize("word", ["2.5", "0", "btc 2.5", "%5", "²", "١٢", "btc 1w", "btc ethbtc"])
def test_any_number_is_answered_by_every_command(ctx, word):
    for name in NAMES:
        check(list(bot.answer(f"/{name} {word}", ctx())), f"/{name} {word}")


@pytest.mark.parametrize("name", OWN)
def test_a_stranger_reaches_no_command(ctx, name):
    context = ctx(role="")
    silent = {n: bot.replace(c, run=None) for n, c in context.commands.items()}
    (reply,) = bot.answer(f"/{name} btc", bot.replace(context, commands=silent))
    assert "özel" in reply.text and reply.failed == 1


@pytest.mark.parametrize("name", OWN)
def test_every_command_answers_in_both_languages(ctx, name):
    for lang in ("tr", "en"):
        check(list(bot.answer(f"/{name}", ctx(lang=lang))), name)
