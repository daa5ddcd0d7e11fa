import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot
import net
from bot import Chat, Command, Ctx, Reply, User, UserError, answer


def command(run, name="x", **policy):
    return Command(name, run, f"Bir şey: /{name} [a]", f"A thing: /{name} [a]", **policy)


def talk(line, run=lambda ctx: "ok", user=None, kind="private", **policy):
    registry = {"x": command(run, **policy)}
    ctx = Ctx(user=user or User(5), chat=Chat(5, kind), commands=registry, sources=NoCoins())
    return list(answer(line, ctx, me="our_bot"))


class NoCoins:
    def known(self, word):
        return "BTCUSDT" if word.lower() == "btc" else None


@pytest.mark.parametrize(
    ("line", "args"),
    [
        ("/x", ()),
        ("/X a  b", ("a", "b")),
        ("/x30", ("30",)),
        ("/x30 b", ("30", "b")),
        ("/x@our_bot a", ("a",)),
        ("/X@OUR_BOT", ()),
        ("/x\na", ("a",)),
    ],
)
def test_a_line_finds_its_command_and_arguments(line, args):
    assert [r.text for r in talk(line, lambda ctx: repr(ctx.args))] == [repr(args)]


def test_turkish_letters_fold():
    registry = {"yardim": command(lambda ctx: "ok", "yardim")}
    for line in ("/yardım", "/YARDIM", "/YARDİM", "/Yardim"):
        assert bot.find(line, registry).name == "yardim"


def test_a_command_for_another_bot_is_not_ours():
    assert talk("/x@other_bot", kind="group") == []


def test_an_unknown_command_suggests_the_nearest_and_a_group_hears_nothing():
    (reply,) = talk("/xx")
    assert "mu demek istediniz: /x\n" in reply.text and reply.failed == 1
    assert "mu demek istediniz: /t btc\n" in talk("/BTC")[0].text
    assert talk("/qqqq")[0].text == "/qqqq diye bir komut yok.\n/yardim"
    assert talk("/xx", kind="group") == []


def test_plain_words_get_a_hint_in_private_and_silence_in_a_group():
    (reply,) = talk("good morning")
    assert "/yardim" in reply.text
    assert talk("good morning", kind="supergroup") == []


def test_a_command_without_its_slash_is_offered_with_it():
    (reply,) = talk("x <b>")
    assert reply.text == "Komutlar / ile başlar: /x &lt;b&gt;" and reply.failed == 1
    assert reply.buttons == [[("/x <b>", "/x <b>")]]
    assert "anlamadım" in talk(f"x {'y' * 64}")[0].text and talk("x", kind="group") == []


def test_a_bare_coin_is_its_analysis():
    registry = {"t": command(lambda ctx: f"t {ctx.args}", "t")}
    ctx = Ctx(user=User(5), commands=registry, sources=NoCoins())
    assert [r.text for r in answer("btc", ctx)] == ["t ('btc',)"]
    assert [r.text for r in answer("BTC 4H", ctx)] == ["t ('BTC', '4H')"]
    for words in ("nothing", "btc now", "btc 4h 1d"):
        (reply,) = answer(words, ctx)
        assert reply.failed == 1


def test_a_stranger_is_refused_with_their_id_and_no_command_runs():
    ran = []
    (reply,) = talk("/x", ran.append, user=User(42, role=""))
    assert "42" in reply.text and reply.failed == 1 and not ran


def test_an_admin_command_is_for_admins():
    ran = []
    (reply,) = talk("/x", ran.append, role="admin")
    assert reply.failed == 1 and not ran
    assert talk("/x", ran.append, user=User(1, role="admin"), role="admin") == [] and len(ran) == 1


@pytest.mark.parametrize(
    ("more", "runs"), [({}, True), ({"role": "trader"}, False), ({"secret": True}, False)]
)
def test_forwarded_words_read_and_change_no_rights_keys_or_orders(more, runs):
    ran, owner = [], User(5, role="admin")
    ctx = Ctx(user=owner, commands={"x": command(ran.append, **more)}, forwarded=True)
    assert [one.failed for one in answer("/x", ctx)] == ([] if runs else [1])
    assert bool(ran) is runs
    assert list(answer("/x", dataclasses.replace(ctx, forwarded=False))) == [] and ran


def test_a_heavy_command_answers_at_once_and_then_edits():
    first, second, third = talk("/x", lambda ctx: ["a", "b"], heavy=True)
    assert "hazırlanıyor" in first.text and first.passing and not second.passing
    assert (second.text, second.edit) == ("a", True) and (third.text, third.edit) == ("b", False)


def test_a_user_error_is_said_in_the_users_language_and_escaped():
    def fail(ctx):
        raise UserError("olmaz <b>", "no <b>")

    assert [r.text for r in talk("/x", fail)] == ["olmaz &lt;b&gt;"]
    assert [r.text for r in talk("/x", fail, user=User(5, lang="en"))] == ["no &lt;b&gt;"]


def test_a_bug_is_logged_and_answered_without_its_words(caplog):
    def fail(ctx):
        raise RuntimeError("secret inside")

    (reply,) = talk("/x", fail)
    assert reply.failed == 2 and "secret" not in reply.text
    assert "secret inside" in caplog.text


def test_a_bug_after_the_first_message_keeps_that_message():
    def half(ctx):
        yield "first"
        raise RuntimeError

    assert [r.failed for r in talk("/x", half)] == [0, 2]


def test_results_of_every_kind_become_replies():
    made = ["a", Reply("b"), None, ["c", ["d"]], (x for x in ["e"])]
    assert [r.text for r in talk("/x", lambda ctx: made)] == list("abcde")
    assert talk("/x", lambda ctx: None) == []


def test_a_broken_command_says_so():
    registry = {"x": Command("x", None, error="boom")}
    (reply,) = answer("/x", Ctx(commands=registry))
    assert reply.failed == 1 and "boom" not in reply.text


def test_numbers_are_checked_and_wrong_ones_explained():
    ctx = Ctx(args=("7", "3,5", "x", "99"), usage=("/x [n]", "/x [n]"))
    assert ctx.number(0) == 7 and isinstance(ctx.number(0), int)
    assert ctx.number(1) == 3.5 and ctx.number(9, default=4) == 4
    for call in (lambda: ctx.number(2), lambda: ctx.number(3, low=1, high=50), lambda: ctx.arg(9)):
        with pytest.raises(UserError) as caught:
            call()
        assert "/x [n]" in caught.value.tr and "/x [n]" in caught.value.en


@pytest.mark.parametrize(
    ("word", "value"),
    [
        *(("52.028,63", 52028.63), ("52,028.63", 52028.63), ("-1.234.567", -1234567.0)),
        *(("1,234,567.8", 1234567.8), ("52.028", 52.028), ("0.350", 0.35), ("+1.5", 1.5)),
        *((wrong, None) for wrong in ("70.000", "2,800", "1.2.3", "1.234.567.8", "1.23,456", "+")),
    ],
)
def test_thousands_are_read_where_they_can_be_told_from_decimals(word, value):
    if value is not None:
        assert Ctx(args=(word,)).number(0) == value
        return
    with pytest.raises(UserError, match=r"such as 70000 or 0\.5"):
        Ctx(args=(word,)).number(0)


@given(st.text(max_size=40))
def test_number_gives_a_number_or_a_sentence(word):
    ctx = Ctx(args=(word,))
    try:
        assert -1e15 <= ctx.number(0) <= 1e15
    except UserError as error:
        assert error.tr and error.en


def test_the_timeframe_is_found_anywhere():
    ctx = Ctx(args=("btc", "4H", "eth"))
    assert ctx.interval("1h") == "4h" and ctx.words() == ("btc", "eth")
    assert Ctx(args=("btc",)).interval("1h") == "1h"


@pytest.mark.parametrize(
    ("value", "digits", "tr", "en"),
    [
        (4308.17, 2, "4.308,17", "4,308.17"),
        (0.00001234, 8, "0,00001234", "0.00001234"),
        (-1234567.5, 1, "-1.234.567,5", "-1,234,567.5"),
        (-0.001, 2, "0,00", "0.00"),
        (float("nan"), 2, "—", "—"),
        (float("inf"), 2, "—", "—"),
        (None, 2, "—", "—"),
    ],
)
def test_numbers_follow_the_language(value, digits, tr, en):
    assert bot.grouped(value, digits, "tr") == tr
    assert bot.grouped(value, digits, "en") == en


def test_amounts_percentages_and_signs():
    turkish, english = Ctx(), Ctx(user=User(lang="en"))
    assert turkish.short(888.8e6) == "888,8M" and english.short(1.25e9) == "1.2B"
    assert turkish.short(999_990) == "1,0M" and turkish.short(12) == "12,0"
    assert turkish.percent(1.234, sign=True) == "%+1,23" and english.percent(-2) == "-2.00%"
    assert turkish.percent(float("nan")) == "—"


@pytest.mark.parametrize(
    ("value", "sign", "tr", "en"),
    [
        (12_345_678, False, "$12,3M", "$12.3M"),
        (12_345_678, True, "+$12,3M", "+$12.3M"),
        (-4_500, True, "-$4,5K", "-$4.5K"),
        (0, True, "$0,0", "$0.0"),
        (-0.01, False, "$0,0", "$0.0"),
        (float("nan"), True, "—", "—"),
    ],
)
def test_money_has_its_sign_before_the_dollar(value, sign, tr, en):
    for lang, words in (("tr", tr), ("en", en)):
        assert Ctx(user=User(1, "x", lang)).money(value, sign) == words


def test_times_are_local_and_ages_in_words():
    ctx = Ctx(now=1_700_000_000_000)
    assert ctx.clock(1_700_000_000_000, "%H:%M") == "01:13"
    assert [ctx.ago(ctx.now - s * 1000) for s in (5, 65, 7300, 200_000)] == [
        *("5 sn", "1 dk", "2 sa", "2 gün")
    ]


def test_buttons_that_do_not_fit_are_left_out():
    ctx = Ctx(name="p", args=("btc",) * 30)
    assert ctx.buttons([("a", "/a"), ("b", "/" + "b" * 64)]) == [[("a", "/a")]]
    assert Ctx(name="p").buttons() == [[(bot.REFRESH, "/p")]]
    assert Ctx(name="p").buttons([("a", "/a")]) == [[(bot.REFRESH, "/p"), ("a", "/a")]]


def test_the_context_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Ctx().lang2 = "x"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "—"),
        (0, "0,000"),
        (-0.0000123456, "-0,00001235"),
        (54.321, "54,32"),
        (51875.59, "51.876"),
        (2.5e6, "2,5M"),
    ],
)
def test_a_figure_has_four_digits(value, words):
    assert Ctx().figure(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "—"),
        (0, "$0,00"),
        (0.00005418, "$0,000054180"),
        (5.7661, "$5,7661"),
        (2195360.4, "$2.195.360"),
        (1e-30, "$0,0000000000000000"),
    ],
)
def test_a_price_without_a_tick_has_five_figures(value, words):
    assert Ctx().rounded(value, "$") == words


def test_a_move_is_behind_its_arrow():
    words = [Ctx().move(value) for value in (1.234, -1.234, 0, float("nan"), float("inf"))]
    assert words == ["🔺1,23%", "🔻1,23%", "🔺0,00%", "—", "—"]


def test_other_timeframes_are_asked_of_the_same_coins():
    ctx = Ctx(args=("btc", "4H", "eth"), name="kor")
    assert ctx.report(["x"], "y", (), ctx.frames("4h")).buttons == [
        [
            (bot.REFRESH, "/kor btc 4H eth"),
            ("15m", "/kor btc eth 15m"),
            ("1h", "/kor btc eth 1h"),
            ("1d", "/kor btc eth 1d"),
        ]
    ]


def test_a_report_ends_with_what_it_means_and_how_old_it_is():
    read = net.Dated(None, 0, stale=True)
    ctx = Ctx(name="io", now=120_000, user=User(lang="en"))
    told = ctx.report(["<b>t</b>", "row"], "wait", [read], bot.links("t", "ob", of="BTC"))
    assert told.text == "<b>t</b>\nrow\n\nComment: wait.\n⏳ Data is 2 min old"
    assert told.buttons == [[(bot.REFRESH, "/io"), ("/t", "/t BTC"), ("/ob", "/ob BTC")]]
    assert bot.links("p") == [("/p", "/p")]


def test_a_chance_has_three_decimals_and_is_safe_in_html():
    ctx = Ctx(user=User(lang="en"))
    assert [ctx.chance(p) for p in (0.04, 0.0009, 1, float("nan"))] == [
        "0.040",
        "&lt;0.001",
        "1.000",
        bot.UNKNOWN,
    ]


def test_a_long_default_list_is_cut_not_refused(ctx, settings):
    given = ctx()
    long = dataclasses.replace(given, config=settings(SCAN_SYMBOLS="BTC ETH SOL BNB"))
    assert long.coins(2) == ["BTCUSDT", "ETHUSDT"]
    given.db.add_favourites(7, ["SUIUSDT", "TRXUSDT", "CAKEUSDT"])
    assert long.coins(2) == ["SUIUSDT", "TRXUSDT"]
