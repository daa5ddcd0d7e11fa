import pytest

from local.coingecko import CoinGecko
from local.coinmarketcap import LIMIT, CoinMarketCap
from markets import coingecko, coinmarketcap
from tests.local.aggregators import BASES, COINS, NOW, ask, get, read, session_of

URL = BASES["coinmarketcap"]


@pytest.mark.parametrize("place", [0, 1])
def test_both_ways_give_the_same_market(place):
    market = read(CoinMarketCap, coinmarketcap.global_routes(True)[place])
    gecko = read(CoinGecko, coingecko.global_route())
    assert (market.cap, market.change) == pytest.approx((gecko.cap, gecko.change))
    assert market.bitcoin == pytest.approx(gecko.shares["BTC"])
    assert market.alts == pytest.approx(market.cap * (1 - market.bitcoin / 100))
    assert market.coins == gecko.coins and 0 < market.defi < market.stable < market.alts


def test_yesterdays_share_is_what_was_said_yesterday():
    now = read(CoinMarketCap, coinmarketcap.global_routes(False)[0])
    then = read(CoinMarketCap, coinmarketcap.global_routes(False)[0], NOW - 86400)
    assert now.bitcoin_before == pytest.approx(then.bitcoin, abs=0.1)
    assert now.ether_before == pytest.approx(then.ether, abs=0.1)
    assert 100 * (now.cap / then.cap - 1) == pytest.approx(now.change, abs=0.2)


def test_the_list_is_by_rank_and_shares_are_of_the_whole():
    rows = read(CoinMarketCap, coinmarketcap.rows_routes(False)[0])
    whole = read(CoinMarketCap, coinmarketcap.global_routes(False)[0]).cap
    assert [row.rank for row in rows] == list(range(1, 101))
    for row in rows:
        assert row.share == pytest.approx(100 * row.cap / whole, rel=1e-4)
        assert row.cap == pytest.approx(row.price * COINS.supply[COINS.by_symbol[row.symbol]])


def test_the_third_version_has_a_list_of_quotes_that_is_read_alike():
    path = "/public-api/v{}/cryptocurrency/listings/latest?start=2&limit=3"
    bodies = [get(CoinMarketCap, URL + path.format(version))[1] for version in (1, 3)]
    assert isinstance(bodies[1]["data"][0]["quote"], list)
    first, third = (coinmarketcap.rows(body, 0, {}) for body in bodies)
    assert first == third and first[0].rank == 2


@pytest.mark.parametrize(
    ("path", "key", "status", "code"),
    [
        ("/v1/cryptocurrency/listings/latest", "", 401, 1002),
        ("/v1/none", "x", 404, 404),
        ("/public-api/v1/none", "", 404, "404"),
        ("/v1/cryptocurrency/listings/latest?convert=XYZ", "x", 400, 400),
    ],
)
def test_errors_are_in_the_status(path, key, status, code):
    found, body = get(CoinMarketCap, URL + path, headers={"X-CMC_PRO_API_KEY": key})
    assert (found, body["status"]["error_code"]) == (status, code)
    assert body["status"]["error_message"] and "data" not in body


def test_a_key_is_needed_for_the_keyed_way_alone():
    keyed, free = coinmarketcap.rows_routes(True)
    assert ask(CoinMarketCap, keyed, key="").status_code == 401
    assert ask(CoinMarketCap, free, key="").status_code == 200


def test_too_many_calls_a_minute_are_told():
    session = session_of(CoinMarketCap)
    address = URL + "/public-api/v1/global-metrics/quotes/latest"
    answers = [session.get(address) for _ in range(LIMIT + 1)]
    assert [one.status_code for one in answers] == [200] * LIMIT + [429]
    assert answers[-1].json()["status"]["error_code"] == "1008"
