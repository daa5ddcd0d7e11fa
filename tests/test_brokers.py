"""brokers.py: every broker has what trade.py asks of one."""

import inspect

import pytest

from brokers import Broker
from paper import Paper
from spot import Spot
from tests.test_trade import Exchange

ASKED = [name for name, _ in inspect.getmembers(Broker, inspect.isfunction) if name[0] != "_"]


def words(made, name):
    return [word.lstrip("_") for word in inspect.signature(getattr(made, name)).parameters]


@pytest.mark.parametrize("made", [Exchange, Paper, Spot])
@pytest.mark.parametrize("name", ASKED)
def test_every_broker_answers_what_is_asked(made, name):
    assert words(made, name) == words(Broker, name)
