import re

import outlook

KINDS = {"tt": ("up", "down"), "tr": ("range", "wild"), "tc": ("down",)}


def test_each_shows_the_coins_of_its_regimes_and_no_others(say, ctx):
    asked = ctx()
    views = outlook.views(asked, asked.sources.top(20), "1h")
    shown = {}
    for name, regimes in KINDS.items():
        (reply,) = say(f"/{name} 20")
        shown[name] = set(re.findall(r"^(\w+): α=", reply.text, re.M))
        wanted = {v.symbol.removesuffix("USDT") for v in views if v.analysis.regime in regimes}
        assert shown[name] == wanted and f"({len(wanted)}/20)" in reply.text
    assert shown["tc"] <= shown["tt"] and not shown["tt"] & shown["tr"] and shown["tr"]


def test_none_of_a_kind_is_said_in_words(say, ctx):
    views = outlook.views(ctx(), ctx().sources.top(5), "1h")
    calm = next(v.symbol for v in views if v.analysis.regime != "down")
    (reply,) = say(f"/tc {calm}")
    assert "(0/1)" in reply.text and "böyle coin yok" in reply.text
    (reply,) = say(f"/tc {calm}", lang="en")
    assert "Falling coins" in reply.text and "none is so" in reply.text
