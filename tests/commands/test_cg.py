import re
from dataclasses import replace
from math import nan

import pytest

from markets import coingecko
from net import Dated


def blocks(text):
    """Return the numbered lines below each title: (name, move, size)."""
    found, title = {}, ""
    for line in text.splitlines():
        row = re.fullmatch(r"\d\. (.+): (\S+) \| (\S+)", line)
        if row:
            found.setdefault(title, []).append(row.groups())
        title = title if row else line
    return found


def moved(move):
    return f"{'🔺' if move >= 0 else '🔻'}{abs(move):.2f}%"


def test_the_whole_market_trends_movers_and_categories(say, market):
    (reply,) = say("/cg", lang="en")
    found = blocks(reply.text)
    assert [len(rows) for rows in found.values()] == [5, 5, 5, 5]
    trends, gainers, losers, groups = found.values()
    days = {row.symbol: row.day for row in market.read(coingecko.rows_route()).data}
    known = sorted(day for day in days.values() if day == day)
    assert [move for _, move, _ in gainers] == [moved(day) for day in known[:-6:-1]]
    assert [move for _, move, _ in losers] == [moved(day) for day in known[:5]]
    assert all(moved(days[name]) == move for name, move, _ in gainers + losers)
    told = market.read(coingecko.trending_route()).data
    assert [name for name, *_ in trends] == [row.symbol for row in told[:5]]
    best = market.read(coingecko.categories_route()).data[0]
    assert groups[0][:2] == (best.name, moved(best.day))
    rising = sum(day > 0 for day in known)
    assert f"Comment: {rising} of the {len(known)} largest coins rose" in reply.text


def test_small_categories_are_left_out(ctx, market, monkeypatch):
    read = market.read
    tiny = coingecko.Category("x", "Tiny", 9e7, 400.0, 1.0)
    big = tiny._replace(name="<Big>", cap=1e8, day=5.0)
    monkeypatch.setattr(
        market,
        "read",
        lambda *ways: (
            Dated((tiny, big), 0) if ways[0].endpoint is coingecko.CATEGORIES else read(*ways)
        ),
    )
    context = ctx()
    text = context.commands["cg"].run(context).text
    assert "1. &lt;Big&gt;: 🔺5,00% | $100,0M" in text and "Tiny" not in text


@pytest.mark.parametrize(
    "line",
    ["/cg btc", "/cko BTC", "/cgecko bitcoin", "/cg Bitcoin", "/cg btcusdt", "/cg bItcoin"],
)
def test_a_coin_by_its_symbol_id_or_name(say, market, line):
    (reply,) = say(line, lang="en")
    coin = market.read(coingecko.coin_route("bitcoin"))
    assert reply.text.startswith("<b>🦎 Bitcoin (BTC)</b> #1 ")
    assert f"Price: ${coin.usd:,.0f} · ₺{coin.lira:,.0f}" in reply.text
    assert f"24h {moved(coin.day)} | 7d {moved(coin.week)}" in reply.text
    assert "Supply: 19.9M / 21.0M" in reply.text and moved(coin.below_ath) in reply.text
    assert ("/t", "/t BTC") in reply.buttons[0]


@pytest.mark.parametrize("line", ["/cg shiba inu", "/cg Near Protocol", "/cg the graph"])
def test_names_with_spaces(say, line):
    (reply,) = say(line)
    assert not reply.failed
    assert reply.text.splitlines()[0].lower().startswith(f"<b>🦎 {line[4:].lower()} (")


def test_of_many_coins_of_a_symbol_the_largest_and_a_word_on_the_others(market, say, monkeypatch):
    row = market.read(coingecko.rows_route()).data[0]
    clone = row._replace(id="bitcoin-clone", rank=200.0)
    read = market.read
    monkeypatch.setattr(
        market,
        "read",
        lambda *ways: Dated((row, clone), 0) if ways[0].endpoint is coingecko.ROWS else read(*ways),
    )
    (reply,) = say("/cg btc")
    assert "Bitcoin (BTC)" in reply.text and "Aynı adı taşıyanlar: bitcoin-clone" in reply.text


def test_what_is_not_among_the_largest_is_searched_once(say, market):
    listed = {row.symbol for row in market.read(coingecko.rows_route()).data}
    small = next(s for s in ("TURTLE", "TALO", "TWT", "TUT") if s not in listed)
    (reply,) = say(f"/cg {small}")
    assert f"({small})" in reply.text.splitlines()[0]
    live = market.door.stats.live
    say(f"/cg {small.lower()}")
    assert market.door.stats.live == live


def test_an_unknown_coin_is_refused_with_its_neighbours(say):
    (reply,) = say("/cg shiba")
    assert reply.failed == 1 and "Yakınlar: Shiba Inu (SHIB)" in reply.text
    (reply,) = say("/cg no<such>coin")
    assert reply.failed == 1 and "<such>" not in reply.text and "Yakınlar" not in reply.text


@pytest.mark.parametrize("word", ["../../x", "a" * 4000, "%2F..", "btc&x=1", "💥", "İ" * 60])
def test_hostile_names_are_refused_calmly(say, word):
    (reply,) = say(f"/cg {word}")
    assert reply.failed == 1 and len(reply.text) < 400


def test_what_is_not_known_of_a_coin_is_a_dash(ctx, market, monkeypatch):
    read = market.read
    coin = read(coingecko.coin_route("bitcoin")).data
    empty = coin._replace(
        **{name: nan for name, value in coin._asdict().items() if isinstance(value, float | int)}
    )
    monkeypatch.setattr(
        market,
        "read",
        lambda *ways: Dated(empty, 0) if ways[0].endpoint is coingecko.COIN else read(*ways),
    )
    context = ctx("btc", lang="en")
    text = context.commands["cg"].run(context).text
    assert "nan" not in text and "Price: — · —" in text and "ATH: — —" in text
    assert text.endswith("Comment: no clear direction.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"week": 5, "month": 9}, "up on the week and the month"),
        ({"week": -5, "month": -9}, "down on the week and the month"),
        ({"week": 5, "month": -9}, "no clear direction"),
        ({"week": nan, "month": 9}, "no clear direction"),
        ({"below_ath": -71}, "far below its peak"),
        ({"supply": 49, "most": 100}, "half its supply is still to come"),
        ({"supply": 49, "most": 0}, "up on the week and the month."),
    ],
)
def test_the_comment_follows_the_figures(ctx, market, monkeypatch, changes, words):
    read = market.read
    coin = read(coingecko.coin_route("bitcoin")).data
    calm = {"week": 1, "month": 1, "below_ath": -10, "supply": 60, "most": 100}
    told = coin._replace(**{**calm, **changes})
    monkeypatch.setattr(
        market,
        "read",
        lambda *ways: Dated(told, 0) if ways[0].endpoint is coingecko.COIN else read(*ways),
    )
    context = ctx("btc", lang="en")
    assert words in context.commands["cg"].run(context).text.rpartition("Comment: ")[2]


def test_parts_that_are_lost_are_dashes_and_the_rest_is_told(say, market, clock):
    market.market()
    market.hosts["coingecko"].close("limited", clock() + 900)
    (reply,) = say("/cg")
    assert not reply.failed and reply.text.count("\n—") == 4 and "Değer: $" in reply.text
    assert reply.text.splitlines()[-1] == "Yorum: coinlerin değişimi bilinmiyor."


def test_a_market_without_ether_s_share_is_still_told(say, market, monkeypatch):
    read = market.market()
    told = replace(read, data=read.data._replace(shares={"BTC": 55.0}))
    monkeypatch.setattr(market, "market", lambda: told)
    (reply,) = say("/cg", lang="en")
    assert "BTC 55.0% · ETH —" in reply.text


def test_without_an_answer_there_is_a_sentence_with_the_key(say, market, clock):
    for name in ("coingecko", "coinmarketcap_free"):
        market.hosts[name].close("limited", clock() + 60)
    for line in ("/cg", "/cg btc"):
        (reply,) = say(line)
        assert reply.failed == 1 and "COINGECKO_KEY" in reply.text


def test_beyond_the_months_budget_the_past_is_told_with_its_age(say, market, database, clock):
    (first,) = say("/cg btc")
    database.spend("mock coingecko", "2026-11", 9000, 10_000)
    clock.now += 7200
    (reply,) = say("/cg btc")
    assert first.text in reply.text and "⏳ Veri 2 sa önceden" in reply.text
    (reply,) = say("/cg eth")
    assert reply.failed == 1 and "bu ayın istek hakkından" in reply.text
