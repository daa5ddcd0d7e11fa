import re
from datetime import date, timedelta
from math import nan

import pytest

from markets import etf
from net import Dated

LAST = date(2026, 11, 24)


@pytest.fixture
def told(ctx, market, monkeypatch):
    """Return a way to say /etf of some days' totals in millions, the newest first."""

    def tell(totals, flows=None, complete=True, lang="en"):
        days = tuple(
            etf.EtfDay(LAST - timedelta(i), total * 1e6, {}, complete or i > 0)
            for i, total in enumerate(totals)
        )
        days = (days[0]._replace(flows=flows or {}), *days[1:])
        monkeypatch.setattr(market, "etf", lambda asset: Dated(days, 0))
        context = ctx(lang=lang)
        return context.commands["etf"].run(context).text

    return tell


def millions(word):
    return float(word.replace("$", "").replace("M", "").replace(",", "."))


@pytest.mark.parametrize("line", ["/etf", "/etf btc", "/etf BTCUSDT", "/etf Btc"])
def test_the_last_days_and_the_providers_of_the_newest(say, market, line):
    (reply,) = say(line)
    days = market.etf("btc").data
    shown = re.findall(r"^(\d\d\.\d\d): (\S+) · ", reply.text, re.M)
    assert [day for day, _ in shown] == [f"{day.day:%d.%m}" for day in days[:5]]
    assert [millions(m) for _, m in shown] == [round(day.total / 1e6, 1) for day in days[:5]]
    funds = dict(re.findall(r"^([A-Z][\w ]+): ([-+]?\$\S+)$", reply.text, re.M))
    assert millions(funds["BlackRock"]) == days[0].flows["IBIT"] / 1e6
    assert "Kaynak: " not in reply.text and ("ETH", "/etf eth") in reply.buttons[0]


@pytest.mark.parametrize(
    ("totals", "words"),
    [
        ((5, 3), "Düne göre artış 📈"),
        ((3, 5), "Düne göre azalış ↘️"),
        ((0, 5), "Düne göre azalış ↘️"),
        ((5, -3), "Pozitife döndü 🟢"),
        ((5, 0), "Pozitife döndü 🟢"),
        ((-5, 3), "Negatife döndü 🔴"),
        ((-5, 0), "Negatife döndü 🔴"),
        ((-5, -3), "Düne göre çıkış arttı 📉"),
        ((-3, -5), "Düne göre çıkış azaldı ↗️"),
        ((0, -5), "Düne göre çıkış azaldı ↗️"),
        ((4, 4), "Düne göre değişmedi ➖"),
        ((0, 0), "Düne göre değişmedi ➖"),
    ],
)
def test_every_turn_from_one_day_to_the_next_is_named(told, totals, words):
    text = told(totals, lang="tr")
    assert re.search(rf"^24\.11: \S+ · {re.escape(words)}$", text, re.M)
    assert re.search(r"^23\.11: \S+ · —$", text, re.M)


def test_a_day_still_coming_in_is_not_compared(told):
    text = told((1, 50, -7), complete=False)
    assert re.search(r"^24\.11: \+\$1\.0M · funds still report ⏳$", text, re.M)
    assert "23.11: +$50.0M · Turned positive 🟢" in text
    assert "net inflow, trading days: 1; the last 2: +$43.0M" in text


def test_flows_are_summed_by_provider_and_what_is_not_told_is_a_dash(told):
    flows = {"IBIT": 5e6, "GBTC": -2e6, "BTC": 1e6, "FBTC": nan, "<x>": 0.0}
    text = told((4,), flows)
    assert text.index("BlackRock: +$5.0M") < text.index("Grayscale Mini: +$1.0M")
    assert "Grayscale: -$2.0M\nFidelity: —" in text and "&lt;x&gt;: $0.0" in text


@pytest.mark.parametrize(
    ("totals", "words"),
    [
        ((5, 5, 5, -1), "net inflow, trading days: 3; the last 4: +$14.0M: institutions support"),
        ((-5, -5, 3), "net outflow, trading days: 2; the last 3: -$7.0M: institutions sell"),
        ((1, -9), "net inflow, trading days: 1; the last 2: -$8.0M: institutions sell"),
        ((0, 5), "there is no net flow"),
    ],
)
def test_the_comment_tells_streak_and_sum(told, totals, words):
    assert words in told(totals).rpartition("Comment: ")[2]


def test_the_sources_come_in_order_and_the_next_is_named(keyed):
    for host, source in (("", ""), ("sosovalue", "CoinGlass"), ("coinglass", "Farside")):
        context = keyed("eth", lang="en")
        if host:
            context.sources.door._entries.clear()
            context.sources.hosts[host].close("down", 4e9)
        text = context.commands["etf"].run(context).text
        assert re.search(r"^\d\d\.\d\d: ", text, re.M) and re.search(r"BlackRock: [-+]\$", text)
        assert text.endswith(f"Source: {source}") if source else "Source" not in text


def test_funds_that_are_lost_leave_the_totals(keyed, monkeypatch):
    context = keyed(lang="en")
    context.sources.etf("btc")
    monkeypatch.setattr(etf, "funds_route", lambda asset: etf.routes("sol", False, False)[0])
    context.sources.hosts["farside"].close("down", 4e9)
    text = context.commands["etf"].run(context).text
    assert "Funds" not in text and re.search(r"^\d\d\.\d\d: ", text, re.M)


def test_xrp_needs_a_key_and_other_coins_have_no_fund(say, market, clock):
    (reply,) = say("/etf xrp")
    assert reply.failed == 1 and "SOSOVALUE_KEY" in reply.text and "https://" in reply.text
    (reply,) = say("/etf doge")
    assert reply.failed == 1 and "BTC, ETH, SOL, XRP" in reply.text and "Kullanım" in reply.text


@pytest.mark.parametrize("lang", ["tr", "en"])
def test_with_no_source_it_says_which_key_would_help(say, market, clock, lang):
    market.hosts["farside"].close("blocked", clock() + 900)
    (reply,) = say("/etf", lang=lang)
    assert reply.failed == 1 and "403" in reply.text
    assert "SOSOVALUE_KEY" in reply.text and "https://sosovalue.com/developer" in reply.text


def test_it_shows_its_days_as_a_picture(say, drawn):
    (reply,) = say("/etf eth")
    assert reply.photo and len(drawn) == 1
    assert len(drawn[0].time) > 5
