import re

import pytest

from markets import coinmarketcap
from markets.coingecko import Market
from net import Dated

COINS = ("BTC", "ETH", "USDT")


def points(text, coin):
    (row,) = re.findall(rf"^{coin}: \S+ \| (\S+) (\S+) (\S+)$", text, re.M)
    return [float("nan") if word == "—" else float(word.replace(",", ".")) for word in row]


def test_shares_of_the_market_and_what_is_left(say, market):
    (reply,) = say("/dom", lang="en")
    shares = market.market().shares
    for coin in COINS:
        assert f"{coin}: {shares[coin]:.2f}% | " in reply.text
    assert f"Others: {100 - sum(shares[coin] for coin in COINS):.2f}%" in reply.text
    assert "Comment: " in reply.text and "Source" not in reply.text


def test_moves_agree_with_what_another_aggregator_remembers(say, market):
    (reply,) = say("/btcd")
    yesterday = market.read(*coinmarketcap.shares_routes(False))
    for coin in ("BTC", "ETH"):
        move = yesterday.shares[coin] - yesterday.before[coin]
        assert points(reply.text, coin)[0] == pytest.approx(move, abs=0.06)


def test_without_coingecko_the_other_answers_with_its_own_yesterday(say, market, clock):
    market.hosts["coingecko"].close("limited", clock() + 900)
    (reply,) = say("/dom")
    told = market.market()
    assert told.source == "coinmarketcap_free" and "Kaynak: CoinMarketCap" in reply.text
    day, week, month = points(reply.text, "BTC")
    assert day == round(told.shares["BTC"] - told.before["BTC"], 2)
    assert week != week and month != month and "USDT" not in reply.text


def test_with_neither_there_is_a_sentence_that_names_the_key(say, market, clock):
    for name in ("coingecko", "coinmarketcap_free"):
        market.hosts[name].close("limited", clock() + 900)
    (reply,) = say("/dom")
    assert reply.failed == 1 and "COINGECKO_KEY" in reply.text


@pytest.mark.parametrize(
    ("before", "change", "words"),
    [
        (57.0, 2.0, "enters BTC first"),
        (57.0, -2.0, "alts fall faster"),
        (59.0, 2.0, "risk-on"),
        (59.0, -2.0, "BTC falls faster"),
        (58.05, -2.0, "flat"),
        (float("nan"), 2.0, "not known"),
    ],
)
def test_each_quadrant_has_its_words(ctx, market, monkeypatch, before, change, words):
    told = Market(2e12, 9e10, change, {"BTC": 58.0, "ETH": 10.0}, 9000, 0, {"BTC": before})
    monkeypatch.setattr(market, "market", lambda: Dated(told, 0))
    market.hosts["coingecko"].close("region", 2e9)
    context = ctx(lang="en")
    text = context.commands["dom"].run(context).text
    assert words in text.rpartition("Comment: ")[2]
