import math
import re
from dataclasses import replace

import pytest

from markets import coinglass


def text_of(context):
    return context.commands["liq"].run(context).text


@pytest.mark.parametrize("lang", ["tr", "en"])
def test_without_the_key_it_says_which_where_and_what_for(say, lang):
    (reply,) = say("/liq btc", lang=lang)
    assert reply.failed == 1 and "COINGLASS_KEY" in reply.text
    assert "https://www.coinglass.com/pricing" in reply.text
    assert not re.search(r"\$\d", reply.text)


def test_the_coins_that_lost_most(keyed):
    context = keyed()
    text = text_of(context)
    rows = context.sources.read(coinglass.liquidations_route()).data
    totals = sorted((r.longs["24h"] + r.shorts["24h"] for r in rows.values()), reverse=True)
    names = re.findall(r"^\d+\. (\w+): long \$\S+ \| short \$\S+$", text, re.M)
    assert (
        len(names) == 10
        and names[0] == "BTC"
        and totals[0] == sum(side["24h"] for side in rows["BTC"][1:])
    )
    assert f"24 saatte ${sum(totals) / 1e6:.1f}M".replace(".", ",") in text


def test_one_coin_by_span(keyed):
    text = text_of(keyed("pepe", lang="en"))
    assert "PEPE liquidations (Binance)" in text and "Comment: " in text
    assert re.findall(r"^(\w+): long \$", text, re.M) == ["1h", "4h", "12h", "24h"]


@pytest.mark.parametrize(
    ("longs", "shorts", "words"),
    [
        (7e6, 3e6, "$10,0M likide oldu, longların payı %70: düşüş longları kapattırdı"),
        (3e6, 7e6, "longların payı %30: yükseliş shortları kapattırdı"),
        (5e6, 5e6, "longların payı %50: iki taraf da kaybetti"),
        (0.0, 0.0, "söylenecek bir şey yok"),
        (math.nan, 1e6, "söylenecek bir şey yok"),
    ],
)
def test_the_comment_says_who_lost(keyed, monkeypatch, longs, shorts, words):
    context = keyed()
    known = coinglass.Liquidated("BTC", {"24h": longs}, {"24h": shorts})
    unknown = coinglass.Liquidated("ETH", {"24h": math.nan}, {"24h": 1e9})
    read = replace(
        context.sources.read(coinglass.liquidations_route()), data={"ETH": unknown, "BTC": known}
    )
    monkeypatch.setattr(context.sources, "read", lambda _: read)
    text = text_of(context)
    assert words in text and "ETH" not in text


def test_a_coin_without_data_is_a_sentence(keyed):
    context = keyed("usdc")
    with pytest.raises(Exception, match="no liquidations"):
        context.commands["liq"].run(context)
