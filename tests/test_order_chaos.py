"""No order is doubled or lost, whatever the exchange answers and whenever the bot is killed."""

import pytest

import vault
from bench import orders

pytestmark = pytest.mark.slow
COST = dict(vault.COST)


@pytest.fixture(autouse=True)
def as_elsewhere(monkeypatch):
    """Seal keys as the bot's own processes do, which no test hurries."""
    monkeypatch.setattr(vault, "COST", COST)


@pytest.mark.parametrize("seed", [7, 11])
def test_the_journal_and_the_exchange_agree_after_faults_and_kills(tmp_path, seed):
    seen = orders.chaos(str(tmp_path), orders=20, seed=seed)
    assert seen.orders == seen.kills + seen.faults == 20 and seen.kills >= 5 <= seen.faults
    wrong = seen.doubled, seen.lost, seen.unlike, seen.unresolved, seen.unprotected
    assert wrong == (0,) * 5, seen


def test_the_comparison_sees_what_is_wrong(tmp_path):
    begun = orders.time.time()
    orders.prepared(str(tmp_path), begun)
    stray = {"clientOrderId": "d5-9-x", "executedQty": "0", "cummulativeQuoteQty": "0"}
    doubled, lost, *_ = orders.compared(str(tmp_path), [stray, stray], begun)
    assert (doubled, lost) == (2, 0)
