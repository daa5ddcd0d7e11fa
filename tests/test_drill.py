"""drill.py: every fault ends as it must, and a desk that forgets its care is found out."""

import pytest

import drill
import trade
from orders import ACCEPTED, Answer

NOW = 1_795_500_123.0


@pytest.mark.parametrize("script", drill.SCRIPTS, ids=lambda s: s.en)
def test_each_fault_ends_exactly_once(script):
    assert drill.played(script, NOW) == ""


def test_a_desk_that_sends_twice_what_it_is_unsure_of_is_found_out(monkeypatch):
    """It takes the silence for a refusal and places the order again under another number."""

    def again(desk, intent, told):
        desk.broker(intent.user_id, intent.mode).said = None
        draft, mode = intent.draft, intent.mode
        desk.rows.book(intent, "dropped", [])
        return desk.send(desk.rows.add(trade.meant(1, 1, mode, draft, last=intent.last)))

    monkeypatch.setattr(trade.Desk, "_doubted", again)
    assert drill.played(drill.SCRIPTS[0], NOW) == "done ×2"


def test_a_desk_that_sends_what_was_written_before_it_began_is_found_out(monkeypatch):
    monkeypatch.setattr(trade.Desk, "_unsent", lambda desk, intent: desk.send(intent))
    assert drill.played(drill.SCRIPTS[3], NOW) == "done ×1"


def test_a_desk_that_takes_a_lost_order_for_made_is_found_out(monkeypatch):
    def sure(desk, intent, told=False):
        return desk._take(intent, Answer(ACCEPTED, ()), told)

    monkeypatch.setattr(trade.Desk, "_doubted", sure)
    assert drill.played(drill.SCRIPTS[1], NOW) != ""
