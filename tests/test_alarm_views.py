"""alarm_views.py: what an alarm would have done, counted against the candles by hand."""

import re
from itertools import pairwise

import numpy as np
import pytest

import alarm_views
import history
from alarm_rows import Alarm, Firing
from alarms import Numbers
from bot import UserError
from formula import compile, gather

BTC = Alarm(7, 7, "price", "> 1", "BTCUSDT", made=1)
ETH, DAY = "ETHUSDT", 86_400_000


def test_a_formulas_count_is_how_often_it_came_true_at_the_last_closes(ctx, market):
    alarm = BTC._replace(kind="formula", text="close > sma(20)", interval="1h")
    made = compile(alarm.text)
    context = gather(market, made.needs._replace(bars={"": 999}), ["BTCUSDT"], "1h")
    truth = made.history(context)[-720:, 0]
    seen = alarm_views.rehearse(ctx(), alarm)
    assert seen.count == int((truth[1:] & ~truth[:-1]).sum()) > 5
    assert seen.days == 30 and seen.coins == 1 and seen.holds == bool(truth[-1])


def test_a_prices_count_is_at_least_that_of_its_closes(ctx, market):
    close = market.candles("BTCUSDT", "1h").data.close[-720:]
    level = float(np.median(close))
    seen = alarm_views.rehearse(ctx(), BTC._replace(text=f"> {level}"))
    above = close > level
    assert seen.count >= int((above[1:] & ~above[:-1]).sum()) > 0
    assert seen.holds == (market.tickers().data["BTCUSDT"].last > level)
    assert alarm_views.rehearse(ctx(), BTC._replace(text="> 1e9")).count == 0
    once = alarm_views.rehearse(ctx(), BTC._replace(text=f"> {level}", steady=True))
    assert once.count == seen.count
    hourly = BTC._replace(text="> 1", steady=True, cooldown=3_600_000)
    assert 700 <= alarm_views.rehearse(ctx(), hourly).count <= 720
    wide = alarm_views.rehearse(ctx(), BTC._replace(text=f"> {level}", band=1e9))
    assert wide.count == 1


def test_changes_are_counted_and_indices_have_no_past(ctx):
    moved = BTC._replace(kind="move", text="> 0.5", interval="1h")
    assert alarm_views.rehearse(ctx(), moved._replace(text="> 90")).count == 0
    assert alarm_views.rehearse(ctx(), moved).count > 0
    index = alarm_views.rehearse(ctx(), BTC._replace(kind="ap", text="> 75", targets=""))
    assert np.isnan(index.days)
    assert "sayılamadı" in alarm_views.comment(ctx(), index)


FALLING = BTC._replace(kind="formula", text="close > sma(20)", interval="15m")
MOVED = BTC._replace(kind="move", text="> 0.5", interval="15m")


@pytest.mark.parametrize("alarm", [FALLING, MOVED])
def test_many_coins_are_counted_over_thirty_days_each_as_if_alone(ctx, alarm):
    alone = [alarm_views.rehearse(ctx(), alarm._replace(targets=s)) for s in (BTC.targets, ETH)]
    both = alarm_views.rehearse(ctx(), alarm._replace(targets=f"{BTC.targets} {ETH}"))
    assert both.days == 30 and both.coins == 2
    assert both.count == sum(one.count for one in alone) > 100


def test_what_a_formula_says_of_another_coin_or_timeframe_is_counted_as_far_back(ctx):
    own = alarm_views.rehearse(ctx(), FALLING)
    named = FALLING._replace(text="btc.close > sma(20)")
    assert alarm_views.rehearse(ctx(), named).fired == own.fired
    longer = alarm_views.rehearse(ctx(), FALLING._replace(text="close > sma(20, tf=1h)"))
    hourly = alarm_views.rehearse(ctx(), FALLING._replace(interval="1h"))
    assert longer.days == 30 and longer.fired[0][1] - hourly.fired[0][1] < DAY


def test_of_more_coins_than_can_be_asked_for_those_traded_most_are_counted(
    ctx, market, monkeypatch
):
    asked, together = list[tuple](), market.together
    monkeypatch.setattr(market, "together", lambda asks: asked.extend(asks) or together(asks))
    seen = alarm_views.rehearse(ctx(), FALLING._replace(targets="all"))
    assert seen.days == 30 and {symbol for symbol, _ in asked} <= set(market.top(seen.coins))
    assert 40 < seen.coins < len(market.universe())
    assert len(asked) + seen.coins <= alarm_views.PAGES


def test_days_nobody_tells_are_not_counted(ctx, market, monkeypatch):
    wholes = [alarm_views.rehearse(ctx(), one) for one in (MOVED, FALLING)]
    coin = FALLING._replace(text="eth.close > 1", targets=BTC.targets)

    def refuse(asks):
        raise UserError("yok", "none")

    monkeypatch.setattr(market, "together", refuse)
    for alarm, whole in zip((MOVED, FALLING), wholes, strict=True):
        short = alarm_views.rehearse(ctx(), alarm)
        assert 9 < short.days < 11 and 0 < short.count < whole.count
    assert 9 < alarm_views.rehearse(ctx(), coin).days < 11


def test_an_index_is_counted_by_its_days_or_payments(ctx, market):
    fear = alarm_views.rehearse(ctx(), BTC._replace(kind="fg", text="> 50", targets=""))
    beyond = [mood.value > 50 for mood in market.fear_greed(31).data[::-1]]
    assert fear.count == sum(b and not a for a, b in pairwise(beyond)) > 0
    assert fear.days == 30 and fear.holds == beyond[-1]
    rate, since = BTC._replace(kind="fr", text="> 0.005"), ctx().now - 30 * DAY
    paid = history.payments(market, BTC.targets, since - DAY, ctx().now)
    beyond = 100 * paid.rate > 0.005
    counted = alarm_views.rehearse(ctx(), rate)
    assert counted.days == 30
    assert counted.count == (beyond[1:] & ~beyond[:-1] & (paid.time[1:] >= since)).sum() > 0
    assert np.isnan(alarm_views.rehearse(ctx(), rate._replace(targets="USDCUSDT")).days)


def test_of_many_coins_funding_is_counted_of_the_first(ctx, market):
    several = " ".join(market.top(alarm_views.FUNDED + 5))
    asked, past = [], alarm_views.gauges.past
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(alarm_views.gauges, "past", lambda *a: asked.append(a[2]) or past(*a))
        alarm_views.rehearse(ctx(), BTC._replace(kind="fr", text="> 1", targets=several))
    assert asked == [several.split()[: alarm_views.FUNDED]]


def test_only_bars_on_which_all_is_known_that_a_formula_wants_are_counted(market):
    wanted = compile("close > sma(20) and sma(5, tf=4h) > 1").needs
    assert dict(wanted.bars) == {"": 20, "4h": 5}
    hour, here = 3_600_000, gather(market, wanted, ["BTCUSDT"], "1h")
    first = max(here.bars.time[0] + 20 * hour, here.others["4h"].time[0] + 5 * 4 * hour)
    assert alarm_views.told(here, wanted) == (here.bars.time >= first).sum() > 400
    longer = wanted._replace(bars={"": 300, "4h": 5})
    first = max(here.bars.time[0] + 300 * hour, here.others["4h"].time[0] + 5 * 4 * hour)
    assert alarm_views.told(here, longer) == (here.bars.time >= first).sum() == 200


def test_a_new_alarm_knows_whether_it_may_fire_at_the_next_tick(ctx, market):
    price = market.tickers().data["BTCUSDT"].last
    (state,) = alarm_views.first_states(ctx(), BTC._replace(id=3, text=f"> {price * 1.001}"))
    assert state.armed and state.value == price
    block = Numbers([(BTC._replace(id=3, text="> 5"), "BTCUSDT")], {(3, "BTCUSDT"): state})
    assert block.look(np.array([6.0]), 10)[0]
    for text in (f"> {price * 0.999}", f">= {price!r}"):
        assert alarm_views.first_states(ctx(), BTC._replace(text=text)) == []
    assert alarm_views.first_states(ctx(), BTC._replace(kind="ap")) == []


def test_the_time_between_repeats_is_shown_as_it_is_typed(ctx):
    spans = {60_000: "1dk", 5_400_000: "90dk", 14_400_000: "4sa", 172_800_000: "2g"}
    for span, told in spans.items():
        again = BTC._replace(kind="ap", cooldown=span)
        shown = alarm_views.preview(ctx(), again, alarm_views.rehearse(ctx(), again))
        assert any(f"Tekrar eder ({told})" in row for row in shown)
        assert alarm_views.lasting(ctx(lang="en"), span)[-1] in "mhd"


def test_distances(ctx, market):
    price = market.tickers().data["BTCUSDT"].last
    told = alarm_views.distance(ctx(), BTC._replace(text=f"> {price * 1.1}"))
    assert told.startswith("%+10,00, +") and told.endswith(" ATR")
    rate = alarm_views.distance(ctx(), BTC._replace(kind="fr", text="> 1"))
    assert re.fullmatch(r"şimdi %-?0,\d{4}", rate)
    mood = BTC._replace(kind="fg", targets="", text="> 1")
    assert re.fullmatch(r"şimdi \d+", alarm_views.distance(ctx(), mood))
    rule = BTC._replace(kind="formula", interval="1h")
    assert alarm_views.distance(ctx(), rule._replace(text="close > sma(20)")) == ""
    assert alarm_views.distance(ctx(), rule._replace(text=f"close > {price * 1.1}")) == told
    assert alarm_views.distance(ctx(), BTC._replace(targets="all")) == ""


@pytest.mark.parametrize("lang", ["tr", "en"])
def test_why_shows_the_values_of_the_candle_it_fired_on(ctx, market, lang):
    bars = market.candles("BTCUSDT", "1h").data
    alarm = BTC._replace(kind="formula", text="close > sma(20)", interval="1h")
    at = int(bars.time[-4]) + 3_600_000
    firing = Firing(1, 7, 7, "BTCUSDT", at, 1.0, "1h close > sma(20)", delivered=at + 4500)
    told = list(alarm_views.reasons(ctx(lang=lang), alarm, firing))
    mean = ctx(lang=lang).figure(float(bars.close[-23:-3].mean()))
    assert any(row.strip("└ ") == f"sma(20) = {mean}" for row in told)
    assert any("4,5 s" in row or "4.5 s" in row for row in told)
    assert any("Binance, " in row and "0 s" in row for row in told)
    old = list(alarm_views.reasons(ctx(lang=lang), alarm, firing._replace(at=5)))
    assert not any("sma(20) =" in row for row in old)
    plain = list(alarm_views.reasons(ctx(lang=lang), BTC, firing._replace(text="> 1", value=1.5)))
    assert any("1,50" in row or "1.50" in row for row in plain)
    assert not any("OKX" in row for row in plain)
    seen = firing._replace(text="> 1", value=1.5, source="okx")
    assert any(row.endswith(": OKX") for row in alarm_views.reasons(ctx(lang=lang), BTC, seen))


def test_how_it_rings_is_told_where_that_is_not_the_usual(ctx):
    usual = BTC._replace(text="> 70000", band=210.0)
    assert alarm_views.manner(ctx(), usual) == []
    assert alarm_views.manner(ctx(), usual._replace(severity="urgent", band=7.0)) == [
        "acil",
        "bant %0,01 (7,000)",
    ]
    assert alarm_views.manner(ctx(lang="en"), usual._replace(severity="silent")) == ["silent"]


def test_a_count_of_one_is_one_time(ctx):
    for n, said in ((1, "fired 1 time."), (2, "fired 2 times.")):
        seen = alarm_views.Rehearsal((("BTCUSDT", 1, 1.0),) * n, 1, 30.0, False)
        assert alarm_views.comment(ctx(lang="en"), seen).endswith(said)


@pytest.mark.parametrize(
    ("kind", "text", "steady", "said"),
    [
        ("price", "> 1", False, "koşul şu an doğru. Yeniden sağlanınca çalar."),
        ("price", "> 1", True, "koşul şu an doğru. Kurulunca çalar."),
        ("formula", "close > 1", True, "koşul şu an doğru. Mum böyle kapanırsa çalar."),
        ("price", "> 900000", True, "0 kez çalardı."),
    ],
)
def test_of_what_is_true_already_it_is_said_when_it_fires(ctx, kind, text, steady, said):
    alarm = BTC._replace(kind=kind, text=text, interval="1h", steady=steady)
    shown = alarm_views.preview(ctx(), alarm, alarm_views.rehearse(ctx(), alarm))
    assert shown[-1].endswith(said)
    assert shown[1].startswith("Sınıra: %")


def test_an_alarm_is_described_with_its_options_and_its_order(ctx):
    asked = {"cooldown": 7_200_000, "severity": "urgent", "follow": "BUY 100 - - -"}
    alarm = BTC._replace(text="> 70000", band=210.0, **asked)
    assert alarm_views.described(ctx(), alarm, "x") == (
        "btc &gt; 70000 (x · tekrar 2sa · acil · sonra al 100)"
    )
    plain = BTC._replace(text="> 70000", band=210.0)
    assert alarm_views.described(ctx(), plain) == "btc &gt; 70000"
