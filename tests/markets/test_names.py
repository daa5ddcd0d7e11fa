import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.names import contract, split, unit


@pytest.mark.parametrize(
    ("symbol", "pair"),
    [
        ("BTCUSDT", ("BTC", "USDT")),
        ("ETHBTC", ("ETH", "BTC")),
        ("USDTTRY", ("USDT", "TRY")),
        ("FDUSDUSDT", ("FDUSD", "USDT")),
        ("BTCFDUSD", ("BTC", "FDUSD")),
        ("1000SATSUSDT", ("1000SATS", "USDT")),
        ("币安人生USDT", ("币安人生", "USDT")),
        ("USDT", None),
        ("BTCXYZ", None),
        ("", None),
    ],
)
def test_a_symbol_is_a_base_and_a_quote(symbol, pair):
    assert split(symbol) == pair


@pytest.mark.parametrize(
    ("base", "coin", "count"),
    [
        ("1000PEPE", "PEPE", 1000),
        ("10000SATS", "SATS", 10_000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1MBABYDOGE", "BABYDOGE", 1_000_000),
        ("SHIB1000", "SHIB", 1000),
        *((name, name, 1) for name in ("PEPE", "1INCH", "0G", "2Z", "C98", "BANANAS31", "1000X")),
        *((name, name, 1) for name in ("BROCCOLI714", "HPOS10I", "100000AIDOGE", "币安人生")),
    ],
)
def test_a_thousand_coins_are_told_from_one(base, coin, count):
    assert unit(base) == (coin, count)


CONTRACTS = {"BTCUSDT", "1000PEPEUSDT", "1000SATSUSDT", "1000000MOGUSDT", "1MBABYDOGEUSDT"}
OTHERS = {"SHIB1000USDT", "10000SATSUSDT", "1000000BABYDOGEUSDT", "PEPEUSDT"}


@pytest.mark.parametrize(
    ("symbol", "known", "found"),
    [
        ("BTCUSDT", CONTRACTS, ("BTCUSDT", 1)),
        ("PEPEUSDT", CONTRACTS, ("1000PEPEUSDT", 1000)),
        ("1000SATSUSDT", CONTRACTS, ("1000SATSUSDT", 1)),
        ("SATSUSDT", CONTRACTS, ("1000SATSUSDT", 1000)),
        ("MOGUSDT", CONTRACTS, ("1000000MOGUSDT", 1e6)),
        ("1MBABYDOGEUSDT", CONTRACTS, ("1MBABYDOGEUSDT", 1)),
        ("SHIBUSDT", OTHERS, ("SHIB1000USDT", 1000)),
        ("1000SATSUSDT", OTHERS, ("10000SATSUSDT", 10)),
        ("1MBABYDOGEUSDT", OTHERS, ("1000000BABYDOGEUSDT", 1)),
        ("1000PEPEUSDT", OTHERS, ("PEPEUSDT", 0.001)),
        ("ETHUSDT", CONTRACTS, None),
        ("PEPEBTC", CONTRACTS, None),
        ("", CONTRACTS, None),
    ],
)
def test_the_contract_on_a_coin_is_found_with_the_coins_in_it(symbol, known, found):
    assert contract(symbol, known) == found


@given(st.text(max_size=30))
def test_no_text_breaks_the_names(word):
    coin, count = unit(word)
    assert count >= 1 and coin in word
    found = contract(word, CONTRACTS)
    assert found is None or found[0] in CONTRACTS
