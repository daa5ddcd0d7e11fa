from itertools import pairwise
from math import isnan

import numpy as np
import pytest

from local import etf
from local.coinglass import CoinGlass
from local.etf import ASSETS, Farside, SoSoValue, flows
from local.faults import Faulty
from local.markets import Markets
from markets import etf as translator
from tests.local.aggregators import BASES, COINS, NOW, ask, read, session_of

pytestmark = pytest.mark.slow

KINDS = (SoSoValue, CoinGlass, Farside)
HOUR, DAY = 3600, 86400
NOON = NOW - NOW % DAY + 12 * HOUR
EVENING = NOON + 11 * HOUR


def all_ways(asset, now=NOON):
    """Return what each source says of an asset."""
    routes = translator.routes(asset, True, True)
    return [read(kind, route, now) for kind, route in zip(KINDS, routes, strict=False)]


def known(day):
    return {ticker: flow for ticker, flow in day.flows.items() if not isnan(flow)}


@pytest.mark.parametrize("asset", ASSETS)
@pytest.mark.parametrize("now", [NOON, EVENING, NOW])
def test_every_source_tells_the_same(asset, now):
    sosovalue, coinglass, *farside = all_ways(asset, now)
    for days in (coinglass, *farside):
        for one, other in zip(sosovalue[:15], days, strict=False):
            assert (one.day, one.total) == (other.day, other.total)
    for pages in farside:
        assert [known(day) for day in pages] == [known(day) for day in coinglass[: len(pages)]]
    assert len(farside) == (asset != "xrp")


@pytest.mark.parametrize("asset", ASSETS)
def test_funds_make_the_total_on_weekdays_only(asset):
    _, days, *_ = all_ways(asset)
    assert len(days) > 200 and all(day.day.weekday() < 5 for day in days)
    for day in days:
        assert sum(known(day).values()) == day.total and set(day.flows) <= set(translator.PROVIDERS)
    assert days[-1].day.toordinal() >= ASSETS[asset].first_day


def test_the_totals_lean_to_the_coins_day_and_have_both_signs():
    found = flows(COINS, "btc", NOON * 1000)
    closes = COINS.closes("BTC", (found.days[:, None] - [1, 0]) * 24 + etf.CLOSE_HOUR - 1)
    moves = np.log(closes[:, 1] / closes[:, 0])
    assert np.corrcoef(moves, found.totals)[0, 1] > 0.6
    assert (found.totals > 0).mean() > 0.4 and (found.totals < 0).mean() > 0.25
    assert np.nanmean(found.table[:, 9]) < 0 < np.nanmean(found.table[:, 0])


def test_what_was_settled_stays_and_does_not_hang_on_how_much_is_asked():
    early, late = (flows(COINS, "eth", ms) for ms in (NOON * 1000, (NOON + 40 * DAY) * 1000))
    assert np.array_equal(early.table, late.table[: len(early.table)])
    some = flows(COINS, "eth", NOON * 1000, 20)
    assert np.array_equal(some.table, early.table[-20:]) and len(some.days) == 20


def test_the_last_day_fills_up_fund_by_fund():
    def told(hours):
        first = all_ways("btc", NOON - 12 * HOUR - 5 * DAY + hours * HOUR)[2][0]
        return first.day, len(known(first)), first.complete

    shown = [told(hours) for hours in (20, 25, 30, 35)]
    assert shown[0][2] and shown[1][0] == shown[3][0] > shown[0][0]
    assert [count for _, count, _ in shown[1:]] == sorted({count for _, count, _ in shown[1:]})
    assert [complete for _, _, complete in shown] == [True, False, False, True]


def test_sosovalues_last_day_comes_by_fund():
    for now in (NOW, NOON):
        day = read(SoSoValue, translator.funds_route("btc"), now)
        newest = all_ways("btc", now)[1][0]
        assert (day.day, day.total, known(day)) == (newest.day, newest.total, known(newest))


def test_sosovalue_tells_300_days_and_sums_that_run():
    rows = ask(SoSoValue, translator.routes("btc", True, False)[0], NOON).json()["data"]["list"]
    assert len(rows) == 300
    for newer, older in pairwise(rows):
        assert newer["cumNetInflow"] - older["cumNetInflow"] == pytest.approx(
            newer["totalNetInflow"], abs=1
        )


def test_sosovalue_refuses_without_a_key_or_by_another_method():
    route = translator.funds_route("btc")
    response = ask(SoSoValue, route, key="")
    assert response.status_code == 401 and response.json()["code"] == 401
    assert session_of(SoSoValue).get(BASES["sosovalue"] + route.endpoint.path).status_code == 404
    other = session_of(SoSoValue).post(
        BASES["sosovalue"] + route.endpoint.path,
        json={"type": "us-doge-spot"},
        headers={"x-soso-api-key": "x"},
    )
    assert other.json()["code"] == 1


def test_too_many_calls_a_minute_are_told():
    session, path = session_of(SoSoValue), translator.funds_route("btc").endpoint.path
    answers = [
        session.post(
            BASES["sosovalue"] + path, json={"type": "us-sol-spot"}, headers={"x-soso-api-key": "x"}
        ).status_code
        for _ in range(etf.LIMIT + 1)
    ]
    assert answers == [200] * etf.LIMIT + [429]


def test_farside_shows_the_last_days_and_skips_what_is_not_a_day():
    text = ask(Farside, translator.routes("btc", False, False)[0], NOON).text
    assert text.count("<td><span class='tabletext'>") == etf.DAYS_SHOWN + 4
    assert all(f">{label}<" in text for label in ("Total", "Average", "Maximum", "Minimum", "Fee"))


def test_a_page_that_is_not_there_is_not_found():
    assert session_of(Farside).get(BASES["farside"] + "/xrp/").status_code == 404


def test_farside_can_be_blocked_as_cloudflare_does():
    faulty = Faulty(Markets(Farside(COINS, lambda: NOON).faces()))
    faulty.on("farside", 403)
    session = session_of(Farside)
    session.mount("https://", faulty)
    response = session.get(BASES["farside"] + "/btc/")
    assert response.status_code == 403 and response.text.startswith("<!DOCTYPE html>")
