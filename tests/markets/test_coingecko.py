from contextlib import suppress
from math import isinf, isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import coingecko
from net import GARBAGE
from tests.markets.answers import GONE, answer, leaves, spoiled

MONTH = 30 * 86400
PARSERS = {
    "global": coingecko.market,
    "rows": coingecko.rows,
    "coin": coingecko.coin,
    "trending": coingecko.trending,
    "categories": coingecko.categories,
    "search": coingecko.search,
}


def read(name, body=None):
    body = answer(f"coingecko/{name}.json") if body is None else body
    return PARSERS[name](body, 2e9, {"query": "btc"})


def test_the_whole_market_is_read_field_by_field():
    market = read("global")
    assert market.cap == 2621040321355.0405 and market.volume == 95133256404.37308
    assert market.change == -1.6081983639177684
    assert market.shares == {
        "BTC": 57.9539332566265,
        "ETH": 9.58227145398409,
        "USDT": 7.223241338072757,
    }
    assert (market.coins, market.at) == (17397, 1779878351)


def test_coins_come_by_rank_with_every_field():
    bitcoin, ether, small = read("rows")
    assert bitcoin == (
        *("bitcoin", "BTC", "Bitcoin", 1, 77671, 1555886872303, 33235034316),
        *(0.58, -0.95302, -4.04, 1.94, 126080, -38.39571),
    )
    assert (ether.rank, small.symbol, small.price) == (2, "JLP", 4.11)


def test_what_a_small_coin_lacks_is_nan_and_its_long_name_is_cut():
    small = read("rows")[2]
    assert all(isnan(value) for value in (*small[7:], small.rank, small.cap, small.volume))
    assert small.name == "Jupiter Perpetuals Liquidity Provider To"
    assert small.id == "jupiter-perpetuals-liquidity-provider-token"


def test_one_coin_is_read_in_dollars_and_lira():
    coin = read("coin")
    assert coin[:6] == ("bitcoin", "BTC", "Bitcoin", 1, 77671, 77671 * 45.2)
    assert (coin.cap, coin.diluted, coin.volume) == (1555886872303, 1555914058873, 33235034316)
    assert (coin.high, coin.low) == (78419, 76696)
    assert (coin.hour, coin.day, coin.week, coin.month) == (0.58, -0.95302, -4.04, 1.94)
    assert (coin.year, coin.ath, coin.below_ath) == (-25.13, 126080, -38.39571)
    assert (coin.ath_at, coin.at) == (1759777062.558, 1779108561.599)
    assert (coin.supply, coin.most) == (20030493, 21000000)
    assert coin.categories == ("Smart Contract Platform", "Layer 1 (L1)")


def test_a_coin_without_prices_is_nan_and_not_zero():
    body = answer("coingecko/coin.json")
    data = body["market_data"]
    for field, value in data.items():
        data[field] = {} if isinstance(value, dict) else None
    coin = read("coin", body | {"market_cap_rank": None})
    assert all(isnan(value) for value in (*coin[3:21], coin.at))


def test_trending_reads_amounts_written_with_a_dollar():
    bonk, new = read("trending")
    assert bonk == ("bonk", "BONK", "Bonk", 103, 5.938674704566297e-06, -3.27, 521967819, 31701707)
    assert isnan(new.rank) and isnan(new.cap) and isnan(new.day) and new.volume == 1204


def test_categories_come_by_change_without_those_of_unknown_cap():
    meme, quiet, platform = read("categories")
    assert meme == ("meme-token", "Meme", 38119245102.5, 2.75, 5212345678.9)
    assert (quiet.name, quiet.day, isnan(quiet.volume)) == ("Quiet", 0, True)
    assert platform.day == -0.4907335508040635


def test_a_symbol_is_the_coin_of_the_smallest_rank():
    found = read("search")
    exact = [coin.id for coin in found if coin.exact]
    assert exact == ["bitcoin", "bitcoin-on-base", "batcat"] == [coin.id for coin in found[:3]]
    assert found[0] == ("bitcoin", "BTC", "Bitcoin", 1, True)


@pytest.mark.parametrize("word", ["BITCOIN", "Bitcoin", "bitcoin"])
def test_a_name_or_an_id_is_found_too_and_nothing_is_no_error(word):
    body = answer("coingecko/search.json")
    assert coingecko.search(body, 0, {"query": word})[0].id == "bitcoin"
    others = coingecko.search(body, 0, {"query": "none such"})
    assert others[0].id == "bitcoin" and not any(coin.exact for coin in others)
    assert coingecko.search({"coins": []}, 0, {"query": "none such"}) == ()


FIGURES = [
    *(("global", ("data", field)) for field in ("active_cryptocurrencies", "updated_at")),
    *(("global", ("data", field, "usd")) for field in ("total_market_cap", "total_volume")),
    ("global", ("data", "market_cap_change_percentage_24h_usd")),
    ("global", ("data", "market_cap_percentage", "btc")),
    *(("rows", (0, field)) for field in ("market_cap_rank", "market_cap", "current_price", "ath")),
    *(("rows", (0, f"price_change_percentage_{span}")) for span in ("24h", "7d_in_currency")),
    *(("coin", path) for path in [("market_cap_rank",), ("market_data", "max_supply")]),
    *(("coin", ("market_data", field, "usd")) for field in ("current_price", "ath", "market_cap")),
    ("coin", ("market_data", "price_change_percentage_1y")),
    *(("trending", ("coins", 0, "item", "data", field)) for field in ("price", "market_cap")),
    *(("categories", (0, field)) for field in ("market_cap", "market_cap_change_24h")),
    ("search", ("coins", 0, "market_cap_rank")),
]
TEXTS = [
    *(("rows", (0, field)) for field in ("id", "symbol", "name")),
    *(("coin", (field,)) for field in ("id", "symbol", "name")),
    *(("trending", ("coins", 0, "item", field)) for field in ("id", "symbol", "name")),
    *(("categories", (0, field)) for field in ("id", "name")),
    *(("search", ("coins", 0, field)) for field in ("id", "symbol", "name")),
]
GROUPS = [
    *(("global", path) for path in [("data",), ("data", "market_cap_percentage")]),
    *(("coin", path) for path in [("market_data",), ("market_data", "ath"), ("categories",)]),
    *(("trending", path) for path in [("coins",), ("coins", 0, "item", "data")]),
    ("search", ("coins",)),
]
WRONG = [
    *((case, ([1], {}, True, "abc", float("nan"), 1e300)) for case in FIGURES),
    *((case, (7, ["x"], None, GONE)) for case in TEXTS),
    *((case, (7, None, "x", GONE)) for case in GROUPS),
    *((case, (GONE,)) for case in FIGURES if case[0] != "coin" or "usd" not in case[1]),
]


@pytest.mark.parametrize(("case", "values"), WRONG)
def test_a_half_right_answer_is_refused(case, values):
    name, path = case
    for value in values:
        with pytest.raises(GARBAGE):
            read(name, spoiled(answer(f"coingecko/{name}.json"), path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("data", "total_market_cap", "usd"), 0),
        (("data", "total_market_cap", "usd"), -5),
        (("data", "total_market_cap", "usd"), float("nan")),
        (("data", "total_market_cap", "usd"), float("inf")),
        (("data", "market_cap_percentage", "eth"), 57.9),
        (("data", "market_cap_percentage"), {}),
        (("data", "market_cap_change_percentage_24h_usd"), float("nan")),
        (("data",), None),
    ],
)
def test_a_market_that_cannot_be_is_refused(path, value):
    with pytest.raises(GARBAGE):
        read("global", spoiled(answer("coingecko/global.json"), path, value))


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("body", [None, 5, "x", [], {}, [[]], [{}], {"error": "coin not found"}])
def test_other_answers_are_refused(name, body):
    with pytest.raises(GARBAGE):
        PARSERS[name](body, 0, {"query": "btc"})


@given(
    name=st.sampled_from(list(PARSERS)),
    data=st.data(),
    value=st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.just([]), st.just({})),
)
def test_any_value_anywhere_is_read_or_refused(name, data, value):
    body = answer(f"coingecko/{name}.json")
    path = data.draw(st.sampled_from(leaves(body)))
    with suppress(GARBAGE):
        found = read(name, spoiled(body, path, value))
        rows = found if isinstance(found[0], tuple) else [found]
        assert not any(isinstance(field, float) and isinf(field) for row in rows for field in row)


def test_the_routes_send_what_the_documentation_names():
    assert coingecko.coin_route("a/b").address()[0] == "/api/v3/coins/a%2Fb"
    path, params = coingecko.rows_route().address()
    assert (path, params["per_page"], params["vs_currency"]) == (
        "/api/v3/coins/markets",
        250,
        "usd",
    )
    assert coingecko.search_route("btc").address() == ("/api/v3/search", {"query": "btc"})
    assert coingecko.HOSTS["coingecko"][1:] == (30, "x-cg-demo-api-key")


def test_a_month_of_warm_answers_stays_within_the_warm_threads_share_of_the_budget():
    calls = {row.name: MONTH / (0.7 * row.ttl) for row in coingecko.ENDPOINTS if row.idle}
    assert calls.pop("coingecko_search") < 2 and "coingecko_coin" not in calls
    assert sum(calls.values()) == pytest.approx(5143, abs=1)
    budget = coingecko.MONTHLY["coingecko"]
    assert sum(calls.values()) < 0.6 * budget
    coins_and_searches_a_day = 150
    assert sum(calls.values()) + 30 * coins_and_searches_a_day < budget == 10_000
    assert coingecko.SEARCH.stale > coingecko.SEARCH.ttl >= MONTH
