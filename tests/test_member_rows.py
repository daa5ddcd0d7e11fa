"""member_rows.py: who asked, once, within a cap; what was decided, with what is to be told."""

from alarm_rows import Firing
from member_rows import HOUR, KEEP_ASKED, Member
from roles import ASKED, READER, REFUSED

TOLD = Firing(0, 1, 1, "", 5, None, "knock 9", "gate")


def ask(database, user_id=9, most=10, name="Ayşe"):
    return database.members.ask(Member(user_id, "", name, "en"), [TOLD], most)


def test_who_asks_is_noted_once_with_what_is_to_be_told(database):
    assert database.members.find(9) is None
    assert [ask(database), ask(database, name="Other")] == [ASKED, ASKED]
    member = database.members.find(9)
    assert (member.role, member.name, member.lang, member.asked) == (
        *(ASKED, "Ayşe", "en", database.now()),
    )
    assert [firing.text for firing in database.alarms.outbox()] == ["knock 9"]


def test_only_so_many_may_ask_within_an_hour(database, clock):
    assert [ask(database, i, most=2) for i in (1, 2, 3)] == [ASKED, ASKED, ""]
    assert database.members.find(3) is None and len(database.alarms.outbox()) == 2
    assert ask(database, 1, most=2) == ASKED
    clock.now += HOUR / 1000 + 1
    assert ask(database, 3, most=2) == ASKED


def test_what_is_decided_is_there_at_once_and_remembered(database, clock):
    ask(database)
    assert database.members.find(9).role == ASKED
    database.members.decide(9, REFUSED, 1)
    member = database.members.find(9)
    assert (member.role, member.decider, member.name) == (REFUSED, 1, "Ayşe")
    clock.now += KEEP_ASKED / 1000 + HOUR
    assert ask(database) == REFUSED and database.prune() == 0
    assert len(database.alarms.outbox()) == 1


def test_somebody_who_never_asked_may_be_decided_about(database):
    database.members.decide(5, READER, 1, [TOLD])
    assert database.members.find(5) == Member(5, READER, decided=database.now(), decider=1)
    assert len(database.alarms.outbox()) == 1


def test_who_was_never_answered_is_forgotten_in_time_and_may_ask_again(database, clock):
    ask(database)
    clock.now += KEEP_ASKED / 1000 + 1
    assert database.prune() == 1
    clock.now += 6
    assert database.members.find(9) is None and ask(database) == ASKED


def test_the_latest_come_first(database, clock):
    for user_id in (3, 4, 5):
        ask(database, user_id)
        clock.now += 1
    database.members.decide(3, READER, 1)
    assert [member.user_id for member in database.members.every()] == [3, 5, 4]
