import re
from dataclasses import replace

import numpy as np
import pytest

import chart


def test_areas_are_volumes_and_colours_changes(say, market, drawn):
    (reply,) = say("/harita 30")
    ((only,), tickers) = drawn, market.tickers().data
    assert isinstance(only, chart.Map) and len(only.names) == 30 and reply.photo
    rows = [tickers[f"{name}USDT"] for name in only.names]
    assert np.array_equal(only.sizes, [row.quote for row in rows])
    assert np.array_equal(only.changes, [row.change for row in rows])
    assert list(only.sizes) == sorted(only.sizes, reverse=True)


def test_the_text_counts_and_names_the_ends(say, market, drawn):
    (reply,) = say("/harita", lang="en")
    tickers = market.tickers().data
    changes = np.array([tickers[s].change for s in market.top(60)])
    sizes = np.array([tickers[s].quote for s in market.top(60)])
    up, down = re.search(r"Rising (\d+) · falling (\d+)", reply.text).groups()
    assert (int(up), int(down)) == ((changes > 0).sum(), (changes < 0).sum())
    mean, median = re.search(r"By volume (\S+)% · median (\S+)%", reply.text).groups()
    assert float(mean) == pytest.approx(np.average(changes, weights=sizes), abs=0.0051)
    assert float(median) == pytest.approx(np.median(changes), abs=0.0051)
    best = market.top(60)[int(np.argmax(changes))].removesuffix("USDT")
    assert re.search(rf"🔺 {best} \+", reply.text) and "Comment: " in reply.text
    assert reply.buttons[0] == [("↻", "/harita"), ("30", "/harita 30"), ("100", "/harita 100")]


@pytest.mark.parametrize("line", ["/harita 4", "/harita 121", "/harita btc", "/harita 1.5x"])
def test_no_number_or_too_many_are_refused(say, drawn, line):
    assert say(line)[0].failed == 1 and not drawn


def test_a_market_that_tells_no_changes_leaves_the_mood_unknown(say, market, monkeypatch, drawn):
    read = market.tickers()
    rows = {s: row._replace(change=np.nan) for s, row in read.data.items()}
    monkeypatch.setattr(market, "tickers", lambda: replace(read, data=rows))
    (reply,) = say("/harita 30")
    assert reply.failed == 1 and "söylemiyor" in reply.text and not drawn


@pytest.mark.slow
def test_it_comes_as_a_picture(say):
    assert say("/heatmap")[0].photo[:8] == b"\x89PNG\r\n\x1a\n"
