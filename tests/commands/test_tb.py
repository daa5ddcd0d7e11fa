import math
import re

import pytest

import outlook
import scores
from commands import tb

LINE = re.compile(
    r"^\w+ (?:[↗→↘] -?\d,\d\d|✖️ —) (?:[✅➖] \d,\d\d) (?:[↗→↘] \d,\d\d) "
    r"(?:[↗→↘] -?\d,\d\d|✖️ —) \d+,\dx [🟢🟡🔴] (\d+,\d) (GÜÇLÜ AL|AL|TUT|SAT)$",
    re.M,
)


def test_a_line_a_coin_ranked_by_its_score(say):
    (reply,) = say("/tb 15")
    rows = LINE.findall(reply.text)
    values = [float(score.replace(",", ".")) for score, _ in rows]
    assert len(rows) > 12 and values == sorted(values, reverse=True)
    assert all(0 <= value <= 10 for value in values) and len(set(values)) > 5


def test_the_score_rests_on_what_the_line_shows(ctx):
    asked = ctx()
    for view in outlook.views(asked, ["BTCUSDT", "ETHUSDT", "SOLUSDT"], "1h"):
        a = view.analysis
        parts = 0.45 * (50 + 50 * a.trend) + 0.2 * (50 + 50 * a.sentiment) + 0.1 * a.oversold
        parts += 0.15 * (100 - a.risk) + 0.1 * a.metrics["turnover"].score
        assert a.buying == pytest.approx(50 + 50 * math.tanh((parts - 50) / 2 / scores.SPREAD))
        shown = asked.num(a.buying / 10, 1)
        assert f" {shown} " in tb.line(asked, "X", a)


def test_the_words_agree_with_the_verdict_of_the_analysis(say, ctx):
    asked = ctx()
    views = {
        v.symbol.removesuffix("USDT"): v for v in outlook.views(asked, asked.sources.top(15), "1h")
    }
    (reply,) = say("/tb 15", lang="en")
    for name, words in re.findall(r"^(\w+) .*?[🟢🟡🔴] [\d.]+ ([A-Z ]+)$", reply.text, re.M):
        strong = views[name].analysis.buying >= tb.STRONG
        wanted = {"buy": "STRONG BUY" if strong else "BUY", "hold": "HOLD", "sell": "SELL"}
        assert words == wanted[views[name].analysis.verdict]


def test_an_unknown_coin_comes_last_with_dashes(say, ctx, market):
    row = market.candles("BTCUSDT", "1h").data
    (view,) = outlook.views(ctx(), ["BTCUSDT"], "1h")
    assert len(row) and view.analysis.buying > 0
    unknown = view._replace(analysis=view.analysis._replace(buying=float("nan")))
    assert outlook.ranked([unknown, view], "buying") == [view, unknown]
    assert "✖️ —" in tb.line(ctx(), "X", unknown.analysis._replace(trend=float("nan")))
