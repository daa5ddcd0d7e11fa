import re
from math import nan

import pytest

from markets import coinmarketcap
from net import Dated


def rows(text):
    return re.findall(r"^\d+\. (\S+): (\S+) \| (\S+) \| (\S+) \| (\S+)$", text, re.M)


def test_totals_and_the_ten_largest(say, market):
    (reply,) = say("/cmc", lang="en")
    told = market.read(*coinmarketcap.global_routes(False))
    assert f"BTC: {told.bitcoin:.2f}% (yesterday {told.bitcoin_before:.2f}%)" in reply.text
    assert f"ETH: {told.ether:.2f}% (yesterday {told.ether_before:.2f}%)" in reply.text
    coins = market.read(*coinmarketcap.rows_routes(False)).data
    assert [row[0] for row in rows(reply.text)] == [coin.symbol for coin in coins[:10]]
    first = rows(reply.text)[0]
    assert first[1].replace(",", "") == f"${coins[0].price:.0f}"
    assert first[2] == f"{'🔺' if coins[0].day >= 0 else '🔻'}{abs(coins[0].day):.2f}%"


@pytest.mark.parametrize("line", ["/cmc 25", "/cmc25", "/CMC 25"])
def test_so_many_coins(say, line):
    (reply,) = say(line)
    assert len(rows(reply.text)) == 25 and "Yorum: " in reply.text


@pytest.mark.parametrize("line", ["/cmc 0", "/cmc 51", "/cmc btc"])
def test_bad_arguments_are_refused(say, line):
    (reply,) = say(line)
    assert reply.failed == 1 and "Kullanım: /cmc [N]" in reply.text


def test_half_an_answer_is_told_with_what_it_lacks(ctx, market, monkeypatch):
    read = market.read

    def half(*routes):
        if "global" in routes[0].endpoint.name:
            market.hosts["coinmarketcap_free"].close("limited", 4e9)
        return read(*routes)

    read(*coinmarketcap.rows_routes(False))
    monkeypatch.setattr(market, "read", half)
    context = ctx()
    text = context.commands["cmc"].run(context).text
    assert len(rows(text)) == 10 and "✖️ Verisi yok: toplamlar" in text


def test_without_an_answer_it_says_which_key_would_help(say, market, clock):
    market.hosts["coinmarketcap_free"].close("limited", clock() + 60)
    (reply,) = say("/cmc")
    assert reply.failed == 1 and "COINMARKETCAP_KEY" in reply.text and "https://" in reply.text


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([1, 2, -3], "2 rise, 1 fall; the large ones rise"),
        ([-1, -1, 0], "0 rise, 2 fall; the large ones fall"),
        ([1, -1, nan], "1 rise, 1 fall; no clear direction"),
        ([], "no changes are known"),
        ([nan], "no changes are known"),
    ],
)
def test_the_comment_counts_what_is_known(ctx, market, monkeypatch, days, words):
    coin = coinmarketcap.Row("A<B", "A", 1, nan, nan, nan, nan, nan, nan, nan, nan)
    told = tuple(coin._replace(day=day) for day in days)
    whole = market.read(*coinmarketcap.global_routes(False))
    parts = {"coinmarketcap_free_rows": Dated(told, 0)}
    monkeypatch.setattr(market, "read", lambda way: parts.get(way.endpoint.name, whole))
    context = ctx(lang="en")
    text = context.commands["cmc"].run(context).text
    assert words in text and "A<B" not in text and "nan" not in text and "$—" not in text
