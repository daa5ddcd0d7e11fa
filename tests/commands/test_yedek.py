import io
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

import backup
import bot
import db
import keeper
from bot import answer

WORD = "the master password"


@pytest.fixture
def ask(ctx, settings):
    """Return a way to ask with a password set: the replies, each file's bytes read in time."""

    def talk(line="/yedek", owner=7, **who):
        base = replace(ctx(**who), config=settings(MASTER_KEY=WORD, ADMIN_IDS=f"{owner} 8"))
        return [(one, one.file and one.file[1].read()) for one in answer(line, base)]

    return talk


def test_a_backup_that_opens_with_the_password_is_sent(ask, database, clock):
    database.add_favourites(7, ["BTCUSDT"])
    (begun, _), (reply, body) = ask()
    assert begun.passing and reply.edit and reply.pinned and not reply.failed
    assert reply.file[0] == "dort5bot-20261124-060203.d5b" and "1 satır" in reply.text
    other = db.Db("sqlite://", clock)
    backup.restore(other, io.BytesIO(body), WORD, ZoneInfo("UTC"))
    assert other.favourites(7) == ("BTCUSDT",)
    other.close()
    assert reply.file[1].closed
    assert database.note(backup.LAST) == database.note(keeper.TRIED) == str(int(clock() * 1000))


def test_another_admins_is_neither_pinned_nor_the_days(ask, database):
    database.save_person(7, name="A")
    reply, _ = ask("/backup", owner=9, lang="en")[-1]
    assert not reply.pinned and database.note(backup.LAST) == "" and "rows" in reply.text


def test_it_is_for_admins_in_private_and_needs_a_password(ask, say):
    ((refused, _),) = ask(kind="group")
    assert refused.failed == 1 and "özel sohbet" in refused.text
    (refused,) = [one for one in say("/yedek", lang="en") if one.failed]
    assert "secrets.token_urlsafe" in refused.text and "MASTER_KEY" in refused.text
    assert say("/yedek", role="reader")[0].failed == 1


def test_one_over_telegrams_limit_is_refused(ask, monkeypatch):
    plain = backup.write
    monkeypatch.setattr(backup, "write", lambda *told: plain(*told, most=10))
    reply, _ = ask()[-1]
    assert reply.failed == 1 and "50 MB" in reply.text and bot.Reply().file is None
