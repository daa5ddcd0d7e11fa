from datetime import UTC, date, datetime
from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets import coingecko, coinglass, coinmarketcap, etf
from net import GARBAGE
from shapes import Refusal
from tests.markets.answers import GONE, answer, leaves, spoiled

PARSERS = {
    "sosovalue": etf.sosovalue,
    "funds": etf.sosovalue_funds,
    "coinglass": etf.coinglass,
}
LATER = datetime(2026, 11, 24, tzinfo=UTC).timestamp()


def at(*moment):
    return datetime(*moment, tzinfo=UTC).timestamp()


def read(name, body=None, served=LATER):
    return PARSERS[name](answer(f"etf/{name}.json") if body is None else body, served, {})


def page(served=LATER, text=None):
    return etf.farside(answer("etf/farside.html") if text is None else text, served, {})


def test_sosovalues_totals_are_read_and_a_day_without_a_figure_is_left_out():
    assert read("sosovalue") == (
        (date(2025, 3, 3), -74187348.2, {}, True),
        (date(2025, 2, 28), 94340000.0, {}, True),
    )
    body = answer("etf/sosovalue.json")
    assert read("sosovalue", {**body, "data": body["data"]["list"]}) == read("sosovalue")


def test_sosovalues_last_day_comes_by_fund_and_an_older_figure_is_not_taken_for_it():
    day = read("funds")
    assert (day.day, day.total) == (date(2025, 3, 3), -74187348.2)
    assert (day.flows["IBIT"], day.flows["FBTC"]) == (-77990000.0, 3802651.8)
    assert isnan(day.flows["GBTC"]) and isnan(day.flows["BRRR"])
    assert sum(flow for flow in day.flows.values() if not isnan(flow)) == pytest.approx(day.total)


def test_coinglass_comes_newest_first_and_an_absent_flow_is_nan():
    second, first = read("coinglass")
    assert (first.day, first.total) == (date(2024, 1, 11), 655300000)
    assert (first.flows["IBIT"], first.flows["GBTC"]) == (111700000, -95100000)
    assert isnan(first.flows["DEFI"]) and isnan(second.flows["DEFI"])
    assert second.day == date(2024, 1, 12)
    for day in (first, second):
        assert sum(flow for flow in day.flows.values() if not isnan(flow)) == day.total


def test_farsides_page_is_read_in_dollars_with_brackets_below_zero():
    newest, second, first = page()
    assert [day.day.day for day in (newest, second, first)] == [8, 4, 3]
    assert list(first.flows) == [
        *("IBIT", "FBTC", "BITB", "ARKB", "BTCO", "EZBC", "BRRR", "HODL", "BTCW", "MSBT", "GBTC"),
        "BTC",
    ]
    assert (first.flows["IBIT"], first.flows["GBTC"]) == (1_119_900_000, -44_500_000)
    assert (first.total, second.total) == (1_122_900_000, -225_600_000)
    assert second.flows["BITB"] == 0 and isnan(newest.flows["FBTC"])
    assert newest.total == 49_100_000


def test_a_day_no_fund_told_of_is_left_out_and_never_zero():
    assert date(2026, 9, 7) not in {day.day for day in page()}
    assert date(2024, 1, 13) not in {day.day for day in read("coinglass")}


@pytest.mark.parametrize(
    ("served", "complete"),
    [(at(2026, 9, 8, 23), False), (at(2026, 9, 9, 11, 59), False), (at(2026, 9, 9, 12), True)],
)
def test_the_last_day_is_flagged_while_funds_may_still_report(served, complete):
    days = page(served)
    assert [day.complete for day in days] == [complete, True, True]


def test_the_last_day_is_complete_once_every_fund_has_reported():
    told = page(at(2026, 9, 8, 23), answer("etf/farside.html").replace(">-<", ">0.0<"))
    assert told[0].complete and told[1].day == date(2026, 9, 7)
    assert not read("sosovalue", served=at(2025, 3, 3, 22))[0].complete


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *(("655.3", 655.3e6), ("(95.1)", -95.1e6), ("1,119.9", 1119.9e6), ("0.0", 0)),
        *(("(2,313.0)", -2313e6), ("12*", 12e6), ("-", nan), ("", nan), ("–", nan)),
    ],
)
def test_a_cell_is_read(cell, value):
    assert etf.dollars(cell) == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize("cell", ["(1.0", "1.0)", "x", "--", "1.2.3", "-5", "$5", "1e9", "NaN"])
def test_a_cell_that_is_no_amount_is_refused(cell):
    with pytest.raises(ValueError, match="amount"):
        etf.dollars(cell)


@given(st.integers(-99_999, 99_999))
def test_every_amount_is_read_as_it_was_written(tenths):
    text = f"{abs(tenths) / 10:,.1f}"
    assert etf.dollars(f"({text})" if tenths < 0 else text) == tenths * 100_000


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1,119.9", "1,219.9"),
        ("1,119.9", "n/a"),
        ('class="etf"', 'class="other"'),
        ("03 Sep 2026", "33 Sep 2026"),
        ("03 Sep 2026", "04 Sep 2026"),
        ("03 Sep 2026", "03 Sep 2027"),
        (">IBIT<", "><"),
        (">IBIT<", ">FBTC<"),
        ('<td><div><span class="tabletext">1,119.9</span></div></td>', ""),
        ("Sep 2026", "September"),
    ],
)
def test_a_half_right_page_is_refused(old, new):
    text = answer("etf/farside.html")
    assert old in text
    with pytest.raises(GARBAGE):
        page(text=text.replace(old, new))


@pytest.mark.parametrize("text", ["", "x", "<table class='etf'>", "<table class='etf'><tr><td>1"])
def test_other_pages_are_refused(text):
    with pytest.raises(GARBAGE):
        page(text=text)


@given(st.text(st.sampled_from("<>/=tablerdhspn'\"etf 0123456789SepIBT()-."), max_size=300))
def test_any_page_is_read_or_refused(text):
    with pytest.raises(GARBAGE):
        page(text=f"<table class=etf><tr>{text}")


def test_a_page_that_is_too_long_or_no_text_is_refused():
    with pytest.raises(ValueError, match="long"):
        etf.decode_page(b" " * (etf.PAGE_BYTES + 1))
    with pytest.raises(ValueError, match="utf-8"):
        etf.decode_page(b"\xff\xfe")


WRONG = [
    *(("sosovalue", ("data", "list", 1, field)) for field in ("date", "totalNetInflow")),
    *(("funds", path) for path in [("data", "dailyNetInflow", "value"), ("data", "list")]),
    *(("funds", ("data", "dailyNetInflow", field)) for field in ("lastUpdateDate", "value")),
    *(("funds", ("data", "list", 0, field)) for field in ("ticker", "dailyNetInflow")),
    *(("coinglass", ("data", 0, field)) for field in ("timestamp", "flow_usd", "etf_flows")),
    ("coinglass", ("data", 0, "etf_flows", 0, "etf_ticker")),
    *((name, path) for name in PARSERS for path in [("code",), ("data",)]),
]


@pytest.mark.parametrize(("name", "path"), WRONG)
def test_a_half_right_answer_is_refused(name, path):
    for value in ("abc", True, [5], {}, GONE, float("nan")):
        with pytest.raises(GARBAGE):
            read(name, spoiled(answer(f"etf/{name}.json"), path, value))


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize("body", [None, 5, "x", [], {}, {"code": 0, "data": []}])
def test_other_answers_are_refused(name, body):
    with pytest.raises(GARBAGE):
        PARSERS[name](body, LATER, {})


@pytest.mark.parametrize("name", PARSERS)
@pytest.mark.parametrize(("code", "kind"), [("401", "refused"), (1, "refused"), (429, "limited")])
def test_a_code_is_an_error_with_status_200_too(name, code, kind):
    with pytest.raises(Refusal, match="AUTH") as caught:
        read(name, {"code": code, "msg": "AUTH_REQUIRED", "data": None})
    assert caught.value.kind == kind


@given(
    name=st.sampled_from(list(PARSERS)),
    data=st.data(),
    value=st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.just([]), st.just({})),
)
def test_any_value_anywhere_is_read_or_refused(name, data, value):
    body = answer(f"etf/{name}.json")
    path = data.draw(st.sampled_from(leaves(body)))
    try:
        found = read(name, spoiled(body, path, value))
    except GARBAGE:
        return
    days = [found] if name == "funds" else found
    assert all(abs(day.total) < 1e30 for day in days)


def test_the_ways_come_in_order_and_only_where_they_lead_somewhere():
    ways = [
        [route.endpoint.name for route in etf.routes("btc", *keys)]
        for keys in ((True, True), (False, True), (False, False))
    ]
    assert ways == [
        ["etf_sosovalue", "etf_coinglass", "etf_farside"],
        ["etf_coinglass", "etf_farside"],
        ["etf_farside"],
    ]
    assert etf.routes("xrp", False, False) == []
    with pytest.raises(KeyError):
        etf.routes("doge", True, True)
    assert etf.routes("eth", True, True)[1].address() == ("/api/etf/ethereum/flow-history", {})
    assert etf.routes("sol", False, False)[0].address() == ("/sol/", {})
    assert etf.funds_route("btc").address()[1] == {"type": "us-btc-spot"}


def test_every_fund_of_the_answers_has_a_provider():
    told = {ticker for day in (*page(), *read("coinglass")) for ticker in day.flows}
    assert told <= set(etf.PROVIDERS)
    assert (etf.PROVIDERS["IBIT"], etf.PROVIDERS["GBTC"]) == ("BlackRock", "Grayscale")


def test_flows_are_summed_by_who_runs_the_funds_the_largest_first():
    flows = {"GBTC": -3.0, "XRP": 1.0, "BSOL": 2.0, "HODL": nan, "IBIT": 5.0, "NEW": 0.0}
    sums = etf.by_provider(flows)
    assert list(sums) == ["BlackRock", "Bitwise", "NEW", "Grayscale", "VanEck"]
    assert (sums["Bitwise"], sums["Grayscale"]) == (3, -3) and isnan(sums["VanEck"])


def test_a_month_of_warm_answers_stays_within_the_warm_threads_share_of_the_plan():
    calls = 30 * 86400 / (0.7 * etf.SOSOVALUE.ttl)
    assert (
        etf.SOSOVALUE.ttl == etf.SOSOVALUE_FUNDS.ttl and 4 * calls < 0.6 * etf.MONTHLY["sosovalue"]
    )


@pytest.mark.parametrize(
    ("module", "setting"),
    [
        (coingecko, "COINGECKO_KEY"),
        (coinmarketcap, "COINMARKETCAP_KEY"),
        (coinglass, "COINGLASS_KEY"),
        (etf, "SOSOVALUE_KEY"),
    ],
)
def test_a_missing_key_is_named_with_where_it_comes_from_in_both_languages(module, setting):
    tr, en = module.KEY
    assert tr != en and all(setting in words and "https://" in words for words in (tr, en))
