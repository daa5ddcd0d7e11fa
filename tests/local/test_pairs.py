import re
from decimal import Decimal

import pytest

from local.pairs import LIRA, listing
from local.tape import Tape

PAIRS = Tape().pairs
SCANNED = ("BTC", "ETH", "BNB", "SOL", "TRX", "CAKE", "SUI", "PEPE", "ARPA", "TURBO")
TODAY = 1_795_478_400_000


def dollars(status="TRADING"):
    return [p for p in PAIRS.values() if p.quote == "USDT" and p.status == status]


def test_there_are_enough_pairs_and_the_scanned_ones_are_among_them():
    assert len([p for p in dollars() if p.permissions != ("LEVERAGED",)]) >= 450
    assert {f"{coin}USDT" for coin in SCANNED} <= set(PAIRS)
    for quote, least in (("BTC", 15), ("ETH", 5), ("BNB", 5), ("TRY", 20)):
        assert len([p for p in PAIRS.values() if p.quote == quote]) >= least


def test_names_are_what_a_parser_may_meet():
    for symbol, pair in PAIRS.items():
        assert symbol == pair.symbol == pair.base + pair.quote
        assert re.fullmatch(r"\w{1,50}", symbol) and symbol == symbol.upper()
    assert [p.symbol for p in PAIRS.values() if not p.symbol.isascii()] == ["币安人生USDT"]
    assert len({p.seed for p in PAIRS.values() if not p.parent}) == len(
        [p for p in PAIRS.values() if not p.parent]
    )


def test_only_leveraged_tokens_are_marked_so_whatever_a_name_ends_with():
    marked = {p.base for p in PAIRS.values() if "LEVERAGED" in p.permissions}
    assert marked == {"BTCUP", "BTCDOWN", "ETHUP", "ETHDOWN"}
    assert "SPOT" in PAIRS["JUPUSDT"].permissions and "SPOT" in PAIRS["SUPERUSDT"].permissions


def test_some_pairs_do_not_trade_any_more():
    stopped = dollars("BREAK") + dollars("HALT")
    assert {p.status for p in stopped} == {"BREAK", "HALT"}
    assert all(p.listed_ms < p.stopped_ms < TODAY - 300 * 86_400_000 for p in stopped)
    assert all(p.stopped_ms is None for p in dollars())


def test_most_pairs_are_years_old_and_five_are_young():
    ages = sorted((TODAY - p.listed_ms) // 86_400_000 + 1 for p in dollars())
    assert ages[:5] == [3, 10, 20, 60, 150] and ages[5] > 400
    assert all(p.listed_ms % 3_600_000 == 0 for p in PAIRS.values())


def test_ticks_are_fine_enough_for_the_price():
    for pair in PAIRS.values():
        assert Decimal(pair.tick) == Decimal(1).scaleb(-pair.digits)
        assert Decimal(pair.step) == Decimal(1).scaleb(-pair.lot)
        assert pair.price > 80 * 10.0**-pair.digits and pair.digits <= 8


@pytest.mark.parametrize(
    ("cross", "coin", "against"), [("ETHBTC", "ETH", "BTC"), ("SOLBNB", "SOL", "BNB")]
)
def test_a_cross_costs_the_quotient(cross, coin, against):
    quotient = PAIRS[f"{coin}USDT"].price / PAIRS[f"{against}USDT"].price
    assert PAIRS[cross].price == pytest.approx(quotient)
    assert PAIRS[f"{coin}TRY"].price == pytest.approx(PAIRS[f"{coin}USDT"].price * LIRA)


def test_figures_come_from_names_alone():
    means = {p.base: (p.price, p.turnover) for p in list(PAIRS.values())[:40]}
    assert listing(means) == listing(means) == dict(PAIRS)
