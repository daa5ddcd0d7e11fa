from contextlib import suppress
from math import isinf, isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import coinmarketcap
from net import GARBAGE
from shapes import Refusal
from tests.markets.answers import GONE, answer, leaves, spoiled

PARSERS = {"global": coinmarketcap.market, "rows": coinmarketcap.rows}
USD = ("data", "quote", "USD")


def read(name, body=None):
    body = answer(f"coinmarketcap/{name}.json") if body is None else body
    return PARSERS[name](body, 2e9, {})


def test_the_whole_market_is_read_field_by_field():
    market = read("global")
    assert (market.cap, market.volume, market.change) == (2655097051711.6, 99.4e9, -1.663072)
    assert (market.bitcoin, market.bitcoin_before) == (58.6, 58.4)
    assert (market.ether, market.ether_before) == (9.688652, 9.758652)
    assert (market.alts, market.stable, market.defi) == (1099210179408.6, 301.7e9, 71.5e9)
    assert (market.coins, market.at) == (9120, 1779108599.999)


def test_the_whole_market_is_read_in_the_other_aggregators_shape_too():
    body = answer("coinmarketcap/global.json")
    told = coinmarketcap.shares(body, 2e9, {})
    assert (told.cap, told.volume, told.change) == (2655097051711.6, 99.4e9, -1.663072)
    assert told.shares == {"BTC": 58.6, "ETH": 9.688652}
    assert told.before == {"BTC": 58.4, "ETH": 9.758652}
    path = ("data", "btc_dominance_yesterday")
    unknown = coinmarketcap.shares(spoiled(body, path, None), 2e9, {})
    assert isnan(unknown.before["BTC"]) and unknown.before["ETH"] == 9.758652


def test_coins_come_by_rank_from_a_quote_that_is_an_object_or_a_list():
    bitcoin, ether = read("rows")
    assert bitcoin == (
        *("BTC", "Bitcoin", 1, 77671, 1555886872303, 58.6, 33235034316),
        *(0.58, -0.95, -4.04, 1.94),
    )
    assert ether[:6] == ("ETH", "Ethereum", 2, 2131.5, 257243105121, 9.688652)


def test_what_is_null_is_nan():
    path = ("data", 1, "quote", "USD")
    body = answer("coinmarketcap/rows.json")
    for field in ("market_cap", "market_cap_dominance", "volume_24h", "percent_change_30d"):
        body = spoiled(body, (*path, field), None)
    coin = read("rows", body)[0]
    assert all(map(isnan, (coin.cap, coin.share, coin.volume, coin.month)))
    market = read(
        "global", spoiled(answer("coinmarketcap/global.json"), ("data", "defi_market_cap"), None)
    )
    assert isnan(market.defi)


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize(
    ("code", "kind"),
    [(1002, "refused"), ("1002", "refused"), (1008, "limited"), ("1011", "limited")],
)
def test_an_error_code_is_an_error_even_with_status_200(name, code, kind):
    body = spoiled(answer(f"coinmarketcap/{name}.json"), ("status", "error_code"), code)
    with pytest.raises(Refusal, match=str(code)) as caught:
        read(name, body)
    assert (caught.value.kind, caught.value.code) == (kind, int(code))


FIGURES = [
    *(("global", (*USD, field)) for field in ("total_market_cap", "altcoin_market_cap")),
    ("global", (*USD, "total_market_cap_yesterday_percentage_change")),
    *(("global", ("data", field)) for field in ("btc_dominance", "eth_dominance_yesterday")),
    *(
        ("global", ("data", field))
        for field in ("stablecoin_market_cap", "active_cryptocurrencies")
    ),
    *(("rows", ("data", 1, "quote", "USD", field)) for field in ("price", "percent_change_24h")),
    *(("rows", ("data", 0, "quote", 0, field)) for field in ("market_cap", "volume_24h")),
    ("rows", ("data", 0, "cmc_rank")),
]
OTHERS = [
    *(("rows", ("data", 0, field)) for field in ("name", "symbol", "quote")),
    *(("global", path) for path in [("data",), ("data", "quote"), USD, (*USD, "last_updated")]),
    *((name, ("status",)) for name in PARSERS),
    *((name, ("status", "error_code")) for name in PARSERS),
    ("rows", ("data", 0, "quote", 0, "symbol")),
]
WRONG = [
    *((case, ([1], True, "abc", float("inf"), GONE)) for case in FIGURES),
    *((case, (7, None, [], {}, "", GONE)) for case in OTHERS),
    (("global", ("data", "btc_dominance")), (101, -1, None)),
    (("global", (*USD, "total_market_cap")), (0, -1, None)),
    (("rows", ("data",)), ([], {}, None)),
]


@pytest.mark.parametrize(("case", "values"), WRONG)
def test_a_half_right_answer_is_refused(case, values):
    name, path = case
    for value in values:
        with pytest.raises(GARBAGE):
            read(name, spoiled(answer(f"coinmarketcap/{name}.json"), path, value))


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("body", [None, 5, "x", [], {}, {"status": {"error_code": 0}}])
def test_other_answers_are_refused(name, body):
    with pytest.raises(GARBAGE):
        PARSERS[name](body, 0, {})


@given(
    name=st.sampled_from(list(PARSERS)),
    data=st.data(),
    value=st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.just([]), st.just({})),
)
def test_any_value_anywhere_is_read_or_refused(name, data, value):
    body = answer(f"coinmarketcap/{name}.json")
    path = data.draw(st.sampled_from(leaves(body)))
    with suppress(GARBAGE):
        found = read(name, spoiled(body, path, value))
        rows = found if name == "rows" else [found]
        assert not any(isinstance(field, float) and isinf(field) for row in rows for field in row)


def test_the_keyed_way_comes_first_and_the_keyless_one_stands_in():
    keyed, free = coinmarketcap.global_routes(True)
    assert keyed.address()[0] == "/v1/global-metrics/quotes/latest"
    assert free.address()[0] == "/public-api/v1/global-metrics/quotes/latest"
    assert [route.endpoint.hosts for route in coinmarketcap.rows_routes(False)] == [
        ("coinmarketcap_free",)
    ]
    assert [route.endpoint.hosts[0] for route in coinmarketcap.shares_routes(True)] == [
        "coinmarketcap",
        "coinmarketcap_free",
    ]
    assert (
        coinmarketcap.HOSTS["coinmarketcap"][2] and not coinmarketcap.HOSTS["coinmarketcap_free"][2]
    )


def test_a_month_of_warm_answers_stays_within_the_warm_threads_share_of_the_plan():
    own = [one for one in coinmarketcap.ENDPOINTS if not one.name.endswith("shares")]
    calls = sum(30 * 86400 / (0.7 * one.ttl) for one in own)
    assert calls / 2 < 0.6 * coinmarketcap.MONTHLY["coinmarketcap"]
