import html

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telebot import formatting

from local.entities import MAX_ENTITIES, finish, inside
from local.markup import ParseError, narrow, parse, utf16, wide

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
MARKUP = st.text(st.sampled_from("abğ😀 \n\r\\`*_~|[]()!<>/&=\"'#;xpre1."), max_size=40)
MODES = ("HTML", "MarkdownV2", "Markdown")


def spans(text, mode="HTML"):
    plain, entities = finish(*parse(text, mode))
    return plain, [(e["type"], plain[e["offset"] :][: e["length"]]) for e in entities]


@pytest.mark.parametrize(
    ("text", "plain", "found"),
    [
        ("<b>a</b> <i>b</i> <u>c</u>", "a b c", ["bold a", "italic b", "underline c"]),
        ("<strong>a</strong><em>b</em>", "ab", ["bold a", "italic b"]),
        ("<s>a</s> <del>b</del>", "a b", ["strikethrough a", "strikethrough b"]),
        ("<strike>a</strike><ins>b</ins>", "ab", ["strikethrough a", "underline b"]),
        ("<tg-spoiler>a</tg-spoiler>", "a", ["spoiler a"]),
        ('<span class="tg-spoiler">a</span>', "a", ["spoiler a"]),
        ("<code>a  b</code>", "a  b", ["code a  b"]),
        ("<pre>x\n y</pre>", "x\n y", ["pre x\n y"]),
        ("<blockquote>q</blockquote>", "q", ["blockquote q"]),
        ("<blockquote expandable>q</blockquote>", "q", ["expandable_blockquote q"]),
        ("a &lt;&amp;&gt;&quot; &#8364;&#x20AC; &yok; & x", 'a <&>" €€ &yok; & x', []),
        ("<B>a</B>", "a", ["bold a"]),
        ("<b>a</>", "a", ["bold a"]),
        ("<b></b>a", "a", []),
        ("<b>a<code>c</code>d</b>", "acd", ["bold a", "code c", "bold d"]),
        ("<b>a<b>b</b></b>", "ab", ["bold ab"]),
        ("  <b> a </b>\n\n", " a", ["bold  a"]),
        ("x\r\n<b>y\tz</b>", "x\ny z", ["bold y z"]),
        ("<a href='yok'>a</a>", "a", []),
    ],
)
def test_html_becomes_text_and_entities(text, plain, found):
    got, entities = spans(text)
    assert (got, [f"{kind} {inner}" for kind, inner in entities]) == (plain, found)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("<x>", 'Unsupported start tag "x" at byte offset 0'),
        ("ğ😀<br/>", 'Unsupported start tag "br/" at byte offset 6'),
        ("rsi < 30", 'Unsupported start tag "" at byte offset 4'),
        ("a <b", "Unclosed start tag at byte offset 2"),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b x", 'Unclosed start tag "b" at byte offset 0'),
        ("<a href='x", "Unclosed start tag at byte offset 0"),
        ("<a =>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=x/y>", "Unexpected end of name token at byte offset 8"),
        ("<b>", 'Can\'t find end tag corresponding to start tag "b"'),
        ("</b>", "Unexpected end tag at byte offset 0"),
        ("<b></b", "Unclosed end tag at byte offset 3"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<tg-emoji>x</tg-emoji>", "Invalid custom emoji identifier specified"),
    ],
)
def test_html_errors_are_the_real_ones(text, error):
    with pytest.raises(ParseError) as caught:
        parse(text, "HTML")
    assert str(caught.value) == f"Can't parse entities: {error}"


def test_code_in_pre_gives_its_language_to_the_pre():
    _, entities = parse('<pre><code class="language-py">x</code></pre>', "HTML")
    assert entities == [{"type": "pre", "offset": 0, "length": 1, "language": "py"}]
    _, entities = parse('<code class="language-py">x</code>', "HTML")
    assert entities == [{"type": "code", "offset": 0, "length": 1}]


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("https://a.co?x=1&amp;y=2", "https://a.co/?x=1&y=2"),
        ("a.co/b", "http://a.co/b"),
        ("tg://resolve?domain=x", "tg://resolve?domain=x"),
    ],
)
def test_links_are_completed(href, url):
    _, entities = parse(f'<a href="{href}">l</a>', "HTML")
    assert entities == [{"type": "text_link", "offset": 0, "length": 1, "url": url}]


@pytest.mark.parametrize("href", ["javascript:alert(1)", "localhost", "http://[", "ftp://a"])
def test_links_that_are_none_are_dropped(href):
    assert parse(f'<a href="{href}">l</a>', "HTML") == ("l", [])


def test_a_link_to_a_user_is_a_mention():
    _, entities = parse("[Ali](tg://user?id=42)", "MarkdownV2")
    assert entities == [{"type": "text_mention", "offset": 0, "length": 3, "user": 42}]


@pytest.mark.parametrize(
    ("text", "plain", "found"),
    [
        ("*a _b_*", "a b", ["bold a b", "italic b"]),
        ("__a__ ~b~ ||c||", "a b c", ["underline a", "strikethrough b", "spoiler c"]),
        ("`a\\`b` x\\.", "a`b x.", ["code a`b"]),
        ("```py\nx=1```", "x=1", ["pre x=1"]),
        (">q\n>w\nx", "q\nw\nx", ["blockquote q\nw\n"]),
        (">q\n>w||\nx", "q\nw\nx", ["expandable_blockquote q\nw\n"]),
        (">q||", "q", ["expandable_blockquote q"]),
        ("[a\\]b](http://x.co/\\))", "a]b", ["text_link a]b"]),
        ("![x](tg://emoji?id=5)", "x", ["custom_emoji x"]),
        ("_a__b__c_", "abc", ["italic abc", "underline b"]),
    ],
)
def test_markdown_v2_becomes_text_and_entities(text, plain, found):
    got, entities = spans(text, "MarkdownV2")
    assert (got, [f"{kind} {inner}" for kind, inner in entities]) == (plain, found)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a.", "Character '.' is reserved and must be escaped with the preceding '\\'"),
        ("a>b", "Character '>' is reserved and must be escaped with the preceding '\\'"),
        ("😀 *a", "Can't find end of Bold entity at byte offset 5"),
        ("```py\nx", "Can't find end of PreCode entity at byte offset 0"),
        (">*a\nb", "Can't find end of Bold entity at byte offset 1"),
        ("[a](b", "Can't find end of a URL at byte offset 4"),
        ("![a]", "The entity must contain a tg://emoji or tg://time URL"),
    ],
)
def test_markdown_v2_errors_are_the_real_ones(text, error):
    with pytest.raises(ParseError) as caught:
        parse(text, "MarkdownV2")
    assert str(caught.value) == f"Can't parse entities: {error}"


def test_legacy_markdown():
    text = "*a* _b_ `c` [d](http://e.co) ```py\nf``` \\_g"
    plain, found = spans(text, "markdown")
    assert plain == "a b c d f _g"
    assert [kind for kind, _ in found] == ["bold", "italic", "code", "text_link", "pre"]
    with pytest.raises(ParseError, match="end of the entity starting at byte offset 5"):
        parse("snake_case", "Markdown")


def test_unknown_mode():
    with pytest.raises(ParseError, match="Unsupported parse_mode"):
        parse("a", "rtf")


def test_links_and_commands_are_found_but_not_inside_code():
    text = "/start $BTC #a @ali_veli https://x.com/y, a@b.co /p@dort5bot_local x/y //z $btc"
    _, found = finish(text, [])
    kinds = ["bot_command", "cashtag", "hashtag", "mention", "url", "email", "bot_command"]
    assert [e["type"] for e in found] == kinds
    assert (found[4]["offset"], found[4]["length"]) == (text.index("https"), len("https://x.com/y"))
    assert spans("<code>/start</code> <pre>$BTC</pre>")[1] == [("code", "/start"), ("pre", "$BTC")]


def test_past_the_hundredth_entities_are_dropped():
    _, entities = finish(*parse("<b>a</b> " * 150, "HTML"))
    assert len(entities) == MAX_ENTITIES == 100


@pytest.mark.parametrize(
    ("offset", "length", "error"),
    [(-1, 1, "incorrect offset -1"), (0, -1, "incorrect length -1"), (1, 9, "after the end")],
)
def test_given_entities_must_lie_inside_the_text(offset, length, error):
    with pytest.raises(ParseError, match=error):
        inside("abc", [{"type": "bold", "offset": offset, "length": length}])


def test_a_lone_surrogate_from_a_reference_is_refused():
    assert parse("&#xD83D;&#xDE00;", "HTML")[0] == "😀"
    with pytest.raises(ParseError, match="unmatched surrogate code units"):
        parse("&#xD83D;", "HTML")


@given(TEXT)
def test_lengths_are_in_utf16_units(text):
    assert utf16(text) == len(text.encode("utf-16-le")) // 2
    assert narrow(wide(text)) == text


@given(TEXT)
def test_escaped_html_comes_back(text):
    assert parse(formatting.escape_html(text), "HTML") == (text, [])
    assert parse(html.escape(text, quote=False), "HTML") == (text, [])


@given(TEXT)
def test_escaped_markdown_comes_back(text):
    if "\\" not in text:
        assert parse(formatting.escape_markdown(text), "MarkdownV2") == (text, [])


@given(st.text("abğ😀\n", min_size=1), st.sampled_from(["b", "i", "u", "s", "code", "tg-spoiler"]))
def test_a_tag_covers_its_text_in_utf16_units(text, tag):
    plain, [entity] = parse(f"😀<{tag}>{text}</{tag}>", "HTML")
    assert (entity["offset"], entity["length"]) == (2, utf16(text))
    assert plain == "😀" + text


@given(MARKUP, st.sampled_from(MODES))
def test_any_markup_is_parsed_or_refused(text, mode):
    try:
        plain, entities = finish(*parse(text, mode))
    except ParseError:
        return
    assert plain == plain.rstrip(" \n")
    for entity in entities:
        assert 0 <= entity["offset"] < entity["offset"] + entity["length"] <= utf16(plain)
    assert finish(plain, entities) == (plain, entities)
