from itertools import pairwise
from math import isnan

import numpy as np
import pytest

from local.coingecko import LIMIT, CoinGecko
from markets import coingecko
from tests.local.aggregators import BASES, COINS, NOW, get, read, session_of

MARKET = COINS.snapshot(NOW * 1000)
URL = BASES["coingecko"] + "/api/v3/"


def told(route, now=NOW):
    return read(CoinGecko, route, now)


def test_the_whole_market_is_the_sum_of_its_coins():
    market = told(coingecko.global_route())
    assert market.cap == pytest.approx(np.nansum(MARKET.cap))
    for symbol in ("BTC", "ETH", "USDT"):
        share = 100 * MARKET.cap[COINS.by_symbol[symbol]] / market.cap
        assert market.shares[symbol] == pytest.approx(share, rel=1e-6)
    before = np.nansum(MARKET.past["24h"] * COINS.supply)
    assert market.change == pytest.approx(100 * (market.cap / before - 1), abs=1e-6)
    assert 40 < market.shares["BTC"] < 65 and sum(market.shares.values()) < 100


def test_the_list_is_by_rank_and_adds_up():
    rows = told(coingecko.rows_route())
    assert len(rows) == 250 and [row.rank for row in rows] == list(range(1, 251))
    assert all(a.cap >= b.cap for a, b in pairwise(rows))
    for row in rows[::30]:
        place = COINS.by_id[row.id]
        assert row.price == MARKET.price[place] and row.symbol == COINS.coins[place].symbol
        assert row.cap == pytest.approx(row.price * COINS.supply[place])
        assert row.below_ath == pytest.approx(100 * (row.price / row.ath - 1), abs=1e-4)


def test_pages_follow_each_other_and_small_coins_have_nulls():
    pages = [
        get(CoinGecko, f"{URL}coins/markets?vs_currency=usd&per_page=250&page={page}")[1]
        for page in (1, 2, 3, 4)
    ]
    rows = [row["id"] for page in pages for row in page]
    assert len(rows) == len(set(rows)) == len(MARKET.order) and pages[3] == []
    small = pages[2][-1]
    assert small["market_cap"] is small["market_cap_rank"] is small["circulating_supply"] is None
    spans = {f"price_change_percentage_{span}_in_currency": None for span in ("1h", "7d", "30d")}
    assert isnan(coingecko.rows([small | spans], 0, {})[0].cap)


def test_one_coin_agrees_with_the_list_in_both_currencies():
    row = told(coingecko.rows_route())[4]
    coin = told(coingecko.coin_route(row.id))
    assert (coin.usd, coin.cap, coin.rank, coin.day) == pytest.approx(
        (row.price, row.cap, row.rank, row.day), rel=1e-5
    )
    assert coin.lira == pytest.approx(coin.usd * COINS.lira(NOW * 1000), rel=1e-6)
    assert coin.low <= coin.usd <= coin.high <= coin.ath


def test_a_coin_of_unknown_supply_has_neither_cap_nor_rank():
    place = int(np.flatnonzero(np.isnan(COINS.supply))[0])
    coin = told(coingecko.coin_route(COINS.coins[place].id))
    assert isnan(coin.cap) and isnan(coin.rank) and coin.usd == MARKET.price[place]


def test_what_trends_moved_most():
    trends = told(coingecko.trending_route())
    moves = [abs(one.day) for one in trends]
    assert len(trends) == 15 and moves == sorted(moves, reverse=True) and moves[-1] > 3
    assert all(one.cap == pytest.approx(MARKET.cap[COINS.by_id[one.id]], abs=1) for one in trends)


def test_categories_are_sums_of_their_coins():
    found = {group.id: group for group in told(coingecko.categories_route())}
    assert len(found) == len(COINS.groups())
    for group, _, places in COINS.groups():
        assert found[group].cap == pytest.approx(np.nansum(MARKET.cap[places]))
    assert abs(found["stablecoins"].day) < 0.2 < abs(found["meme"].day)


def test_a_symbol_several_coins_share_is_the_largest():
    found = told(coingecko.search_route("btc"))
    assert [one.id for one in found if one.exact] == ["bitcoin", "batcat"]
    assert told(coingecko.search_route("nothing of that name")) == ()
    assert told(coingecko.search_route("币安人生"))[0].symbol == "币安人生"


def test_a_simple_price_leaves_out_what_it_does_not_know():
    status, body = get(CoinGecko, f"{URL}simple/price?ids=bitcoin,none&vs_currencies=usd,try,xyz")
    assert status == 200 and set(body) == {"bitcoin"} and set(body["bitcoin"]) == {"usd", "try"}
    assert get(CoinGecko, f"{URL}ping")[0] == 200


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("coins/none", 404, "coin not found"),
        ("coins/markets?vs_currency=xyz", 422, "invalid vs_currency"),
        ("none", 404, "Incorrect path. Please check https://docs.coingecko.com/"),
    ],
)
def test_errors_are_coingeckos_own(path, status, error):
    assert get(CoinGecko, URL + path) == (status, {"error": error})


def test_a_coin_is_not_found_before_its_listing():
    born = COINS.coins[COINS.by_symbol["KOSMA"]].listed_ms
    assert get(CoinGecko, f"{URL}coins/kosma", born / 1000 - 90)[0] == 404
    assert get(CoinGecko, f"{URL}coins/kosma", born / 1000 + 90)[0] == 200


def test_too_many_calls_a_minute_are_told_with_a_wait():
    session = session_of(CoinGecko)
    answers = [session.get(f"{URL}ping") for _ in range(LIMIT + 1)]
    assert [one.status_code for one in answers] == [200] * LIMIT + [429]
    assert answers[-1].json()["status"]["error_code"] == 429
    assert answers[-1].headers["Retry-After"] == "60"


def test_tomorrow_differs():
    first, later = (told(coingecko.global_route(), NOW + k * 86400) for k in (0, 1))
    assert first.cap != later.cap and later.change == pytest.approx(
        100 * (later.cap / first.cap - 1), abs=0.2
    )
