from math import isnan

import pytest

from markets import coinglass
from net import GARBAGE
from shapes import Refusal
from tests.markets.answers import GONE, answer, spoiled


def read(body=None):
    body = answer("coinglass/liquidations.json") if body is None else body
    return coinglass.liquidations(body, 2e9, {})


def test_both_sides_are_read_by_coin_and_span():
    found = read()
    assert list(found) == ["BTC", "ETH"]
    assert found["BTC"].longs == {
        "1h": 3182915.16289,
        "4h": 10921633.272973,
        "12h": 66614158.47451427,
        "24h": 68437447.33734027,
    }
    assert found["BTC"].shorts["24h"] == 13843034.16691298


def test_nothing_liquidated_is_zero_and_not_known_is_nan():
    ether = read()["ETH"]
    assert ether.longs["4h"] == ether.shorts["4h"] == 0
    assert isnan(ether.longs["1h"]) and isnan(ether.shorts["1h"])


@pytest.mark.parametrize(
    ("code", "kind"), [("401", "refused"), (401, "refused"), ("400", "refused"), ("429", "limited")]
)
def test_a_code_is_an_error_with_status_200_too(code, kind):
    with pytest.raises(Refusal, match="key missing") as caught:
        read({"code": code, "msg": "API key missing."})
    assert (caught.value.kind, caught.value.code) == (kind, int(code))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *((("data", 0, "symbol"), value) for value in (5, "", None, GONE)),
        *(
            (("data", 0, f"{side}liquidation_usd_4h"), value)
            for side in ("", "long_", "short_")
            for value in (-1, "x", True, [], float("nan"), 10**9, GONE)
        ),
        *((("data",), value) for value in ([], {}, None, GONE)),
        *((("code",), value) for value in ("x", None, GONE)),
    ],
)
def test_a_half_right_answer_is_refused(path, value):
    with pytest.raises(GARBAGE):
        read(spoiled(answer("coinglass/liquidations.json"), path, value))


@pytest.mark.parametrize("body", [None, 5, "x", [], {}])
def test_other_answers_are_refused(body):
    with pytest.raises(GARBAGE):
        coinglass.liquidations(body, 0, {})


def test_the_route_names_the_exchange_and_the_sentence_the_key():
    path, params = coinglass.liquidations_route().address()
    assert (path, params) == ("/api/futures/liquidation/coin-list", {"exchange": "Binance"})
    assert all("COINGLASS_KEY" in words and "https://" in words for words in coinglass.KEY)
