import re

import pytest

import metrics
import outlook
from commands.t import comment
from local.tape import Tape

PARTS = ("Trend: ", "Momentum: ", "Hacim/akış: ", "Oynaklık: ", "Risk: ", "Duyarlılık: ")


def test_one_coin_shows_its_parts_and_what_they_rest_on(say):
    (reply,) = say("/t btc 4h")
    places = [reply.text.index(word) for word in PARTS]
    assert places == sorted(places) and "BTC 4h" in reply.text
    for word in ("RSI", "ADX", "CVD", "CMF", "YZ", "ES", "OI", "taker", "Destek", "Stop (2 ATR)"):
        assert word in reply.text
    assert re.search(r"(AL|TUT|SAT)</b> · α=[-+0-9,]+ · güven %[0-9,]+ ", reply.text)
    assert "kapsam %100" in reply.text and "Yorum: " in reply.text and "✖️" not in reply.text
    assert [label for label, _ in reply.buttons[0]] == ["↻", "15m", "1h", "1d"]
    assert ("/tf", "/tf BTC") in reply.buttons[1]


def test_the_numbers_are_those_of_the_analysis(say, ctx):
    (reply,) = say("/t eth", lang="en")
    (view,) = outlook.views(ctx(lang="en"), ["ETHUSDT"], "1h", funding=True)
    a = view.analysis
    assert f"α={a.alpha:+.2f}" in reply.text and f"RSI {a.value('rsi'):.0f}" in reply.text
    assert f"Risk: {ctx(lang='en').light(a.risk, danger=True)}" in reply.text
    assert outlook.VERDICTS[a.verdict][1] in reply.text and "Sentiment: " in reply.text


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (95, "wait for a break (100.00 above, 90.00 below)"),
        (89, "open bar is beyond"),
        (101, "open bar is beyond"),
    ],
)
def test_a_level_that_the_open_bar_broke_is_not_waited_for(ctx, last, words):
    (view,) = outlook.views(ctx(), ["BTCUSDT"], "1h")
    held = view.analysis._replace(verdict="hold", support=90.0, resistance=100.0)
    assert words in comment(ctx(lang="en"), held, "BTCUSDT", last)


def test_a_coin_without_a_perpetual_shows_its_sentiment_as_unknown(say, ctx):
    perps, symbols = ctx().sources.perps, ctx().sources.top(300)
    lone = next(symbol for symbol in symbols if not outlook.tradable(perps, symbol))
    (reply,) = say(f"/t {lone}")
    assert "Duyarlılık: ✖️ — · vadeli verisi yok" in reply.text and "kapsam %71" in reply.text


def test_a_market_of_perpetuals_that_is_down_costs_only_the_sentiment(say, market, clock):
    for name in ("futures", "futures_data", "okx", "bybit"):
        market.hosts[name].close("down", clock() + 900)
    (reply,) = say("/t btc")
    assert not reply.failed and "Duyarlılık: ✖️ —" in reply.text and "Risk: " in reply.text


def test_a_list_is_sorted_by_alpha_and_says_who_to_buy(say):
    (reply,) = say("/t 12")
    values = re.findall(r"α=([-0-9,]+|—)", reply.text)
    known = [float(v.replace(",", ".")) for v in values if v != "—"]
    assert len(values) == 12 and known == sorted(known, reverse=True) and len(known) > 8
    assert re.search(
        r"^BTC: α=-?\d,\d\d \[(LONG|BEKLE|SHORT)\] \| \w+ \| [↑→↓] -?\d,\d\d$", reply.text, re.M
    )
    longs = re.findall(r"^(\w+): .*LONG", reply.text, re.M)
    assert "AL verenler: " + (", ".join(longs[:5]) or "—") in reply.text.splitlines()[-1]


def test_the_default_list_and_english(say, settings):
    (reply,) = say("/t", lang="en")
    assert reply.text.count("α=") == len(settings().scan_symbols) and "Comment: " in reply.text


@pytest.mark.slow
def test_a_hundred_coins_fit_one_message(say):
    (reply,) = say("/t 100")
    assert reply.text.count("α=") == 100 and len(reply.text) <= 4096


def test_a_coin_is_said_the_same_of_alone_and_among_others(ctx):
    asked = ctx()
    (alone,) = outlook.views(asked, ["SOLUSDT"], "1h")
    among = {view.symbol: view for view in outlook.views(asked, asked.sources.top(8), "1h")}
    assert among["SOLUSDT"].analysis is alone.analysis


def test_a_warm_answer_makes_no_request(say, market):
    for line in ("/t btc", "/t", "/tm 6"):
        say(line)
        before = market.door.stats.live
        say(line)
        assert market.door.stats.live == before, line


def test_a_coin_with_a_short_history_shows_dashes_not_numbers(say, market):
    universe, pairs = market.universe(), Tape().pairs
    newest = max(universe, key=lambda symbol: pairs[symbol].listed_ms)
    assert len(market.candles(newest, "1d").data) < metrics.LEAST_BARS
    (reply,) = say(f"/t {newest} 1d")
    assert "veri yetersiz" in reply.text and "Trend: ✖️ —" in reply.text
    assert "Destek — · Direnç —" in reply.text and "0,00" not in reply.text.partition("\n")[2]


@pytest.mark.parametrize("line", ["/t nosuchcoin", "/t 101", "/t 0"])
def test_what_it_cannot_show_is_refused(say, line):
    (reply,) = say(line)
    assert reply.failed == 1


def test_its_chart_is_a_button_away(say, drawn):
    (reply,) = say("/t eth 4h")
    assert ("📈", "/grafik ETH 4h seviye") in reply.buttons[1] and not reply.photo and not drawn
