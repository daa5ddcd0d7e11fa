"""Analyses of coins by way of the sources, and what is said of them."""

import math
from dataclasses import replace

import pytest

import metrics
import outlook
from bot import UserError


@pytest.fixture
def analysis(ctx):
    (view,) = outlook.views(ctx(), ["BTCUSDT"], "1h")
    return view.analysis


def view(analysis, symbol, **changes):
    return outlook.View(symbol, analysis._replace(**changes), ())


def test_views_carry_the_answers_they_rest_on(ctx):
    lone = next(s for s in ctx().sources.top(300) if not outlook.tradable(ctx().sources.perps, s))
    both = outlook.views(ctx(), ["BTCUSDT", lone], "1h", funding=True)
    assert [len(one.reads) for one in both] == [4, 1] and len(outlook.ages(both)) == 5
    assert math.isfinite(both[0].analysis.sentiment) and math.isnan(both[1].analysis.sentiment)
    assert math.isfinite(both[0].analysis.stress)


def test_perpetuals_are_asked_about_for_the_first_twenty_only(ctx, market, clock):
    symbols = [s for s in market.top(200) if outlook.tradable(market.perps, s)][:30]

    def known():
        found = outlook.views(ctx(), symbols, "1h")
        return [math.isfinite(one.analysis.sentiment) for one in found]

    first = [True] * outlook.ASKED + [False] * (30 - outlook.ASKED)
    assert known() == first
    outlook.views(ctx(), symbols[outlook.ASKED :], "1h")
    assert known() == first
    clock.now += outlook.WHILE / 1000
    assert known() == [True] * 30


def test_what_is_kept_for_five_seconds_goes_with_the_next(ctx, clock):
    for coins in ("btc", "eth", "sol"):
        outlook.views(ctx(), [f"{coins.upper()}USDT"], "1h")
        clock.now += outlook.WHILE / 1000
    outlook.views(ctx(), ["BTCUSDT", "ETHUSDT"], "1h")
    assert [symbols for symbols, *_ in outlook._kept[ctx().sources]] == [("BTCUSDT", "ETHUSDT")]


def test_a_frame_perpetuals_do_not_tell_costs_no_request(ctx, market):
    market.panel(["BTCUSDT"], "3d", metrics.BARS)
    before = market.door.stats.live
    (one,) = outlook.views(ctx(), ["BTCUSDT"], "3d")
    assert market.door.stats.live == before and len(one.reads) == 1


def test_a_list_keeps_what_is_known_of_a_coin_asked_about_alone(ctx):
    (alone,) = outlook.views(ctx(), ["ETHUSDT"], "1h", funding=True)
    listed, _ = outlook.views(ctx(), ["ETHUSDT", "BTCUSDT"], "1h")
    assert listed.analysis is alone.analysis and math.isfinite(listed.analysis.stress)


@pytest.mark.parametrize("name", ["t", "tt", "tb", "tf"])
def test_a_coin_no_market_tells_of_is_named(say, market, monkeypatch, name):
    say(f"/{name} btc eth sol")
    whole = market.panel

    def without(symbols, *more):
        panel = whole(symbols, *more)
        return replace(panel, reads={s: r for s, r in panel.reads.items() if s != "ETHUSDT"})

    monkeypatch.setattr(market, "panel", without)
    (reply,) = say(f"/{name} btc eth sol")
    assert "✖️ Verisi yok: ETH\n" in reply.text and "ETH:" not in reply.text


def test_what_is_not_at_hand_is_not_recalled(market):
    with pytest.raises(UserError):
        market.recalled.interest_history("BTCUSDT", "1h")
    market.perps.interest_history("BTCUSDT", "1h")
    assert len(market.recalled.interest_history("BTCUSDT", "1h").time) > 100


def test_ranks_put_the_unknown_last(analysis):
    rows = [view(analysis, s, alpha=a) for s, a in (("A", 0.1), ("B", math.nan), ("C", 0.5))]
    assert [one.symbol for one in outlook.ranked(rows, "alpha")] == ["C", "A", "B"]


def test_the_strongest_are_of_their_verdict_and_by_alpha(analysis, ctx):
    given = (("A", 0.5, "buy"), ("B", 0.9, "buy"), ("C", -0.9, "sell"), ("D", 0.95, "hold"))
    rows = [view(analysis, f"{s}USDT", alpha=a, verdict=v) for s, a, v in given]
    buys, sells = outlook.strongest([*rows, view(analysis, "E", alpha=-0.95, verdict="sell")])
    assert (outlook.names(buys), outlook.names(sells)) == ("B, A", "E, C")
    assert outlook.comment(ctx(), rows) == "AL verenler: B, A; SAT verenler: C"
    assert "bekleyin" in outlook.comment(ctx(), rows[3:])


@pytest.mark.parametrize(
    ("verdict", "regime", "trend", "alpha", "line"),
    [
        ("buy", "up", 0.75, 0.82, "BTC: α=0,82 [LONG] | trend | ↑ 0,75"),
        ("sell", "down", -0.5, -0.9, "BTC: α=-0,90 [SHORT] | trend | ↓ -0,50"),
        ("hold", "range", 0.1, 0, "BTC: α=0,00 [BEKLE] | yatay | → 0,10"),
        ("unknown", "unknown", math.nan, math.nan, "BTC: α=— [—] | — | ✖️ —"),
    ],
)
def test_a_line_says_side_regime_and_trend(analysis, ctx, verdict, regime, trend, alpha, line):
    one = view(analysis, "BTCUSDT", verdict=verdict, regime=regime, trend=trend, alpha=alpha)
    assert outlook.line(ctx(), one) == line


@pytest.mark.parametrize(
    ("value", "unit", "kind", "words"),
    [
        (1.234, "ATR", metrics.DIRECTION, "+1,23 ATR"),
        (61.2, "", metrics.DIRECTION, "61"),
        (-2.5, "%", metrics.DIRECTION, "%-2,50"),
        (48.4, "%/y", metrics.RISK, "%48"),
        (1.5, "×", metrics.MAGNITUDE, "1,50×"),
        (0.0, "ln", metrics.DIRECTION, "1,00"),
        (math.nan, "%", metrics.DIRECTION, "—"),
    ],
)
def test_a_number_is_told_with_its_unit(ctx, value, unit, kind, words):
    assert outlook.number(ctx(), outlook.Metric(value, unit, 250, 0, kind)) == words
