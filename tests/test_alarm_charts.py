"""alarm_charts.py: what is drawn of an alarm is where its price was."""

import numpy as np

import alarm_charts
import alarm_views
from alarm_rows import Alarm, Firing

BTC = Alarm(7, 7, "price", "> 1", "BTCUSDT", made=1)


def test_a_rehearsal_is_drawn_with_its_line_and_every_crossing(ctx, market, drawn):
    close = market.candles("BTCUSDT", "1h").data.close[-720:]
    alarm = BTC._replace(text=f"> {np.median(close):.2f}")
    seen = alarm_views.rehearse(ctx(), alarm)
    assert alarm_charts.rehearsed(ctx(), alarm, seen)
    (made,) = drawn
    line, *crossings = made.marks
    assert line.price == float(alarm.text[2:]) and np.isnan(line.time)
    assert [(m.time, m.price) for m in crossings] == [(at, seen) for _, at, seen in seen.fired]
    assert 170 <= len(made.time) <= 181


def test_a_change_is_marked_at_the_price_of_its_time(ctx, market, drawn):
    moved = BTC._replace(kind="move", text="> 2", interval="4h")
    seen = alarm_views.rehearse(ctx(), moved)
    alarm_charts.rehearsed(ctx(), moved, seen)
    (made,) = drawn
    assert seen.fired and all(made.low.min() <= m.price <= made.high.max() for m in made.marks)


def test_of_many_coins_the_one_that_fired_most_is_drawn_and_an_index_is_not(ctx, market, drawn):
    many = BTC._replace(targets="top 5", kind="formula", text="rsi(14) < 35", interval="1h")
    seen = alarm_views.rehearse(ctx(), many)
    counts = {symbol: [s for s, _, _ in seen.fired].count(symbol) for symbol in market.top(5)}
    alarm_charts.rehearsed(ctx(), many, seen)
    best = max(counts, key=counts.get)
    assert drawn[0].title.startswith(best.removesuffix("USDT"))
    index = BTC._replace(kind="ap", targets="", text="> 75")
    assert alarm_charts.rehearsed(ctx(), index, alarm_views.rehearse(ctx(), index)) is None


def test_a_firing_is_drawn_among_the_candles_around_it(ctx, market, drawn):
    bars = market.candles("BTCUSDT", "4h").data
    for place in (-3, -300):
        at = int(bars.time[place]) + 4 * 3_600_000
        firing = Firing(1, 7, 7, "BTCUSDT", at, float(bars.close[place]), "4h close > sma(20)")
        assert alarm_charts.fired(ctx(), firing)
        made = drawn[-1]
        assert len(made.time) == 120 and made.time[0] < at <= made.time[-1] + 4 * 3_600_000
        assert [(m.time, m.price) for m in made.marks] == [(at, bars.close[place])]
    old = Firing(1, 7, 7, "BTCUSDT", 5, 9.0, "> 8")
    alarm_charts.fired(ctx(), old)
    assert [m.text for m in drawn[-1].marks] == ["> 8"]


def test_how_far_it_went_since_is_told_where_the_price_was_seen(ctx, market):
    last = market.tickers().data["BTCUSDT"].last
    firing = Firing(1, 7, 7, "BTCUSDT", 5, last / 1.1, "> 8")
    assert "beri %+10,00" in alarm_charts.since(ctx(), firing)
    assert "beri" not in alarm_charts.since(ctx(), firing._replace(text="%5 15m", value=5.0))
    assert alarm_charts.since(ctx(), firing._replace(symbol="NOPEUSDT")) == ""
