import pytest

from member_rows import Member
from order_rows import meant
from orders import BUY, LIMIT, LIVE, PAPER, Draft
from roles import READER, REFUSED, SHARED, TRADER, held


@pytest.fixture
def allow(say, ctx, settings, database):
    """Return a way to decide: allow("9 trader") gives what is said and the role after."""

    def decide(words, lang="tr"):
        (reply,) = say(f"/izin {words}", lang=lang)
        return reply, held(settings(), database.members, 9)

    return decide


@pytest.mark.parametrize(
    ("word", "role"),
    [("reader", READER), ("okur", READER), ("TRADER", TRADER), ("canlı", "live"), ("live", "live")],
)
def test_somebody_is_let_in_by_a_word(allow, database, word, role):
    reply, now = allow(f"9 {word}")
    assert reply.failed == 0 and "<code>9</code>" in reply.text and now == role
    assert [one.user_id for one in database.alarms.outbox()] == [9]


def test_who_is_out_is_out_at_once_and_what_waited_is_stopped(allow, database):
    allow("9 live")
    database.orders.save_trader(9, mode=LIVE)
    draft = Draft("BTCUSDT", BUY, LIMIT)
    database.orders.add(meant(9, 9, LIVE, draft))
    reply, role = allow("9 sil")
    trader = database.orders.trader(9)
    assert role == "" and database.members.find(9).role == REFUSED
    assert trader.mode == PAPER and trader.stopped
    assert "1 canlı emri" in reply.text
    (reply, role) = allow("9 del", lang="en")
    assert role == "" and "refused" in reply.text and "live orders" not in reply.text


def test_who_may_no_longer_trade_live_is_back_on_paper_and_not_stopped(allow, database):
    allow("9 live")
    database.orders.save_trader(9, mode=LIVE)
    allow("9 trader")
    assert database.orders.trader(9)[1:3] == (PAPER, None)
    allow("9 reader")
    assert database.orders.trader(9).stopped


def test_who_rises_is_not_stopped(allow, database):
    for word in ("reader", "trader", "live"):
        allow(f"9 {word}")
        assert database.orders.trader(9)[1:] == (PAPER, None, None), word


def test_what_makes_no_sense_is_refused(allow, database):
    for words in ("9", "9 king", "x trader", "-5 trader", "0 trader", "1 sil", "9.5 reader"):
        assert allow(words)[0].failed == 1, words
    for shared in SHARED:
        assert allow(f"{shared} trader")[0].failed == 1
    assert database.members.every() == []


def test_the_list_shows_everybody_and_buttons_for_who_waits(say, allow, database, ctx):
    assert "Yorum: 0 istek" in say("/izin")[0].text
    allow("9 trader")
    database.members.ask(Member(5, "", "<i>Eve"), [], 9)
    (reply,) = say("/roles", lang="en")
    assert "&lt;i&gt;Eve (<code>5</code>): waiting" in reply.text
    assert "(<code>9</code>): trader, on paper" in reply.text
    assert "(<code>1</code>): admin" in reply.text
    lines = [line for _, line in reply.buttons[1]]
    assert lines == ["/izin 5 reader", "/izin 5 trader", "/izin 5 sil"]


def test_it_is_for_admins_in_private(say):
    for role in ("reader", "trader", "live"):
        assert say("/izin", role=role)[0].failed == 1
    (reply,) = say("/izin", kind="supergroup")
    assert "özel sohbette" in reply.text and "<code>" not in reply.text
