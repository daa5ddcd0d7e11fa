import re

import pytest

from markets import btcturk


def rows(text):
    found = re.findall(r"^(\w+): (\S+) \| (\S+) \| (\S+) \| (\S+)$", text, re.M)
    return {name: figures for name, *figures in found if name != "Coin"}


def number(word):
    return float(word.replace(".", "").replace(",", ".").strip("%"))


def test_both_markets_side_by_side(say, market):
    (reply,) = say("/try btc eth")
    turkish, other = market.read(btcturk.tickers_route()).data, market.tickers().data
    assert list(rows(reply.text)) == ["USDT", "BTC", "ETH"]
    for base, (here, there, gap, _) in rows(reply.text).items():
        ours, theirs = turkish[f"{base}TRY"].last, other[f"{base}TRY"].last
        assert (number(here), number(there)) == pytest.approx((ours, theirs), rel=1e-4)
        assert number(gap) == pytest.approx(100 * (ours / theirs - 1), abs=0.006)


def test_the_dollar_premium_is_of_three_prices_of_one_market(say, market):
    (reply,) = say("/tl btc", lang="en")
    found = re.search(r"Bitcoin's dollar premium: BtcTurk (\S+)% · Binance (\S+)%", reply.text)
    turkish, other = market.read(btcturk.tickers_route()).data, market.tickers().data
    for shown, data in zip(found.groups(), (turkish, other), strict=True):
        lira, dollars, rate = (data[name].last for name in ("BTCTRY", "BTCUSDT", "USDTTRY"))
        assert float(shown) == pytest.approx(100 * (lira / (dollars * rate) - 1), abs=0.006)


@pytest.mark.parametrize("line", ["/try usdt", "/try USDTTRY", "/try usdt btc BTCTRY btcusdt"])
def test_the_dollar_itself_comes_first_and_once(say, line):
    (reply,) = say(line)
    assert list(rows(reply.text)) == ["USDT", "BTC"][: 1 + ("btc" in line)]


def test_without_words_the_favourites_else_the_list(say, database):
    (reply,) = say("/try")
    assert len(rows(reply.text)) == 11
    database.add_favourites(7, ["AVAXUSDT", "ZRXUSDT"])
    (reply,) = say("/try")
    assert list(rows(reply.text)) == ["USDT", "AVAX"] and "✖️ Verisi yok: ZRX" in reply.text


def test_so_many_and_bad_arguments(say):
    (reply,) = say("/try 5")
    assert {"USDT", "BTC", "ETH"} <= set(rows(reply.text))
    for line in ("/try 99", "/try nosuchcoin"):
        (reply,) = say(line)
        assert reply.failed == 1


def test_one_market_alone_says_that_the_other_is_missing(say, market, clock):
    market.hosts["btcturk"].close("down", clock() + 900)
    (reply,) = say("/try btc")
    here, there, gap, _ = rows(reply.text)["BTC"]
    assert (here, gap) == ("—", "—") and number(there) > 0
    assert "✖️ Verisi yok: BtcTurk" in reply.text and "bilinmiyor" in reply.text


def test_another_market_does_not_stand_in_for_binance(say, market, clock):
    market.exchange()
    for name in ("binance", "binance_data"):
        market.hosts[name].close("region", clock() + 900)
    (reply,) = say("/try btc")
    here, there, *_ = rows(reply.text)["BTC"]
    assert there == "—" and number(here) > 0 and "✖️ Verisi yok: Binance" in reply.text


def test_with_neither_there_is_a_sentence(say, market, clock):
    for host in market.hosts.values():
        host.close("region", clock() + 900)
    (reply,) = say("/try btc")
    assert reply.failed == 1 and "BtcTurk" in reply.text and "451" in reply.text


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1.01, "Binance tarafında %1,00 ucuz"),
        (0.99, "BtcTurk tarafında %1,00 ucuz"),
        (1.0, "komisyonu karş"),
    ],
)
def test_the_comment_says_where_the_dollar_is_cheaper(ctx, market, factor, words):
    prices = market.tickers()
    theirs = prices.data["USDTTRY"]
    read = market.read(btcturk.tickers_route())
    read.data["USDTTRY"] = theirs._replace(last=round(theirs.last * factor, 2))
    context = ctx("btc")
    assert words in context.commands["try"].run(context).text
