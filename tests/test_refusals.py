import pytest

from net import NetError
from refusals import sentence, span


@pytest.mark.parametrize(
    "kind",
    ["region", "banned", "limited", "blocked", "down", "garbage", "busy", "spent", "refused"],
)
def test_every_state_has_its_own_sentence_in_both_languages(kind):
    error = sentence(NetError(kind, "binance", 130.0, -1), 100.0)
    assert error.tr.startswith("Binance ") and error.en.startswith("Binance ")
    assert error.tr != error.en


def test_markets_that_have_no_such_thing_are_named():
    error = NetError("down", "binance")
    error.absent = ("okx", "kraken")
    told = sentence(error, 0.0)
    assert told.en == "Binance does not answer at the moment. Nor is it on OKX, Kraken."
    assert told.tr == "Binance şu anda yanıt vermiyor. Şuralarda da yok: OKX, Kraken."


def test_a_long_wait_is_told_in_hours_and_days():
    waits = {59: ("59 sn", "59 s"), 7200: ("2 sa", "2 h"), 260_000: ("3 gün", "3 days")}
    assert {seconds: span(seconds) for seconds in waits} == waits


def test_to_have_no_such_thing_is_not_for_want_of_a_key():
    for code, advised in ((404, False), (400, False), (403, True), (10005, True)):
        told = sentence(NetError("refused", "coingecko", code=code), 0)
        assert ("COINGECKO_KEY" in told.en) == advised
