"""roles.py: the ladder, and whose word counts: the owner's settings, then what was decided."""

import pytest

from member_rows import Member
from roles import (
    ADMIN,
    ASKED,
    LADDER,
    LIVE,
    READER,
    REFUSED,
    SHARED,
    STRANGER,
    TRADER,
    covers,
    held,
)


class Members(dict):
    def find(self, user_id):
        return Member(user_id, self[user_id]) if user_id in self else None


def test_each_role_covers_those_below_it():
    for i, role in enumerate(LADDER):
        assert [covers(role, needed) for needed in LADDER] == [j <= i for j in range(len(LADDER))]


@pytest.mark.parametrize(
    ("user_id", "role"),
    [
        (1, ADMIN),
        (2, TRADER),
        (3, STRANGER),
        (4, READER),
        (5, LIVE),
        (6, STRANGER),
        (7, READER),
        (8, STRANGER),
        (9, TRADER),
        (0, STRANGER),
        (-100, STRANGER),
    ],
)
def test_a_person_s_role(settings, user_id, role):
    config = settings(ADMIN_IDS="1", ALLOWED_IDS="2 7 8 9 -100")
    decided = {1: REFUSED, 4: READER, 5: LIVE, 6: REFUSED, 7: READER, 8: REFUSED, 9: ASKED}
    decided |= {3: ASKED, -100: LIVE}
    assert held(config, Members(decided), user_id) == role


def test_an_id_that_many_write_under_is_nobody_s_whatever_the_settings_say(settings):
    for user_id in SHARED:
        config = settings(ADMIN_IDS=str(user_id), ALLOWED_IDS=str(user_id))
        assert held(config, Members({user_id: ADMIN}), user_id) == STRANGER


def test_the_owner_is_let_in_without_asking_the_database(settings):
    assert held(settings(ADMIN_IDS="1"), None, 1) == ADMIN
    assert held(settings(), None, 1) == ADMIN
