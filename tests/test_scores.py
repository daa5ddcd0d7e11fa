"""The scores order as their names say, and say nothing where nothing is known."""

import math
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import metrics
import scores
import stats
from metrics import NO_POSITIONS
from shapes import Candles, FundingHistory, InterestHistory
from tests.bars import BARS, candles, positions, resting, turning, walk

NUMBERS = scores.Analysis._fields[:-3]
SCORES = [name for name in NUMBERS if name not in ("support", "resistance", "atr", "close")]
SIGNED = ("trend", "momentum", "sentiment", "volume", "core", "alpha", "direction")
RECORDED = Path(scores.__file__).parent / "local" / "binance_1h.npz"


def analysed(close, lean, seed, buy=0.5):
    c = candles(close, seed, buy=buy)
    return scores.analyse(c, positions(c, lean, seed))


@pytest.mark.parametrize("seed", range(5))
def test_rising_is_above_resting_is_above_falling(seed):
    up = analysed(turning(0.005, 0.004, seed), 1, seed, 0.55)
    rest = analysed(resting(0.002, seed), 0, seed)
    down = analysed(turning(-0.005, 0.004, seed), -1, seed, 0.45)
    for name in SIGNED:
        high, middle, low = (getattr(one, name) for one in (up, rest, down))
        assert high > middle > low, name
    assert (up.regime, up.verdict) == ("up", "buy")
    assert (down.regime, down.verdict) == ("down", "sell")
    assert rest.regime in ("range", "wild") and abs(rest.trend) < 0.2


@pytest.mark.parametrize("seed", range(5))
def test_what_always_rises_is_above_what_always_falls(seed):
    up, down = (analysed(walk(way * 0.004, 0.004, seed), way, seed) for way in (1, -1))
    assert up.trend > 0 > down.trend and up.momentum > 0 > down.momentum
    assert up.sentiment > down.sentiment and up.alpha > 0 > down.alpha


@pytest.mark.parametrize("seed", range(5))
def test_a_market_gone_wild_is_riskier_than_one_gone_quiet(seed):
    rng = np.random.default_rng(seed)
    sizes = np.geomspace(0.001, 0.03, BARS)
    wild, quiet = (
        scores.analyse(candles(100 * np.exp(np.cumsum(rng.normal(0, size))), seed))
        for size in (sizes, sizes[::-1])
    )
    for name in ("volatility", "unrest", "risk"):
        assert getattr(wild, name) > getattr(quiet, name), name
    assert wild.volatility > 80 and wild.regime != "range"


def test_a_shock_in_interest_and_funding_is_stress():
    c = candles(walk(0, 0.004))
    calm = positions(c, 0)
    base = calm.interest.base.copy()
    base[-1] *= 1.2
    rates = np.append(np.resize([0.0001, 0.00012], 99), 0.01)
    paid = FundingHistory(c.end[-1] - 28_800_000 * np.arange(99, -1, -1.0), rates, rates)
    shocked = calm._replace(interest=InterestHistory(c.end + 1, base, base), funding=paid)
    quiet = calm._replace(funding=FundingHistory(paid.time, np.resize(rates[:2], 100), rates))
    high, low, unknown = scores.work_out([c] * 3, [shocked, quiet, NO_POSITIONS])
    assert high.stress > 66 > low.stress and math.isnan(unknown.stress)


def test_more_taker_buying_is_more_flow_and_sentiment():
    close = walk(0, 0.004)
    late = np.where(np.arange(BARS) > BARS - 30, 0.1, 0)
    bought, sold = (scores.analyse(candles(close, buy=0.5 + way * late)) for way in (1, -1))
    assert bought.volume > sold.volume and bought.momentum > sold.momentum
    c = candles(close)
    long, short = (scores.analyse(candles(close), positions(c, way)) for way in (1, -1))
    assert long.metrics["takers"].score > 0 > short.metrics["takers"].score


def test_oversold_and_worth_buying_fall_as_the_price_recovers():
    low, high = analysed(turning(-0.005, 0.004), -1, 1), analysed(turning(0.005, 0.004), 1, 1)
    assert low.oversold > 70 and high.oversold < 30
    assert high.buying > low.buying and 0 <= low.buying <= 100


@pytest.mark.parametrize("close", [np.full(BARS, 5.0), np.full(10, 5.0), walk(0, 0.01)[:20]])
def test_a_constant_or_short_price_says_nothing(close):
    c = candles(close)
    for known in (NO_POSITIONS, positions(c, 1)):
        found = scores.work_out([c], [known])[0]
        assert (found.verdict, found.regime) == ("unknown", "unknown")
        numbers = [getattr(found, name) for name in NUMBERS if name != "coverage"]
        assert all(map(math.isnan, numbers)) and found.coverage == 0
        assert all(math.isnan(one.score) for one in found.metrics.values())


def test_a_price_that_moves_by_a_tick_now_and_then_is_held():
    price = np.where(np.random.default_rng(1).random(BARS) < 0.95, 1.0, 0.9999)
    found = scores.analyse(candles(price))
    assert found.verdict in ("hold", "unknown") and not abs(found.alpha) > 0.5


def test_a_price_at_rest_for_250_bars_says_nothing():
    close = walk(0, 0.01)
    close[-metrics.WINDOW :] = close[-1]
    assert scores.analyse(candles(close)).verdict == "unknown"


@pytest.mark.parametrize("price", [1e-8, 1e9])
@pytest.mark.parametrize("traded", [0.0, 1.0])
def test_no_trade_and_prices_of_any_size_raise_nothing(price, traded):
    c = candles(walk(0, 0.01), scale=price)
    c.table[[5, 7, 8, 9, 10], -80:] *= traded
    known = positions(c, 1)
    known.interest.base[-40:] *= traded
    found = scores.work_out([c], [known])[0]
    for name in SIGNED:
        assert not abs(getattr(found, name)) > 1, name
    assert math.isfinite(found.trend) and not math.isinf(found.risk)
    assert math.isnan(found.volume) == (traded == 0)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_scale_of_the_price_changes_nothing(scale):
    close = np.round(walk(0.0005, 0.01), 1)
    one, other = (
        scores.analyse(candles(close, scale=s), positions(candles(close), 1)) for s in (1, scale)
    )
    for name in SCORES:
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-6, abs=1e-9), name
    assert (one.verdict, one.regime) == (other.verdict, other.regime)
    assert other.atr == pytest.approx(one.atr * scale)


def test_coins_side_by_side_are_scored_as_one_by_one():
    made = [candles(walk(0.0002 * i, 0.01, i), i) for i in range(4)]
    made.append(Candles(made[0].table[:, -90:]))
    known = [positions(c, i - 1, i) for i, c in enumerate(made)]
    together = scores.work_out(made, known)
    for c, held, found in zip(made, known, together, strict=True):
        alone = scores.work_out([c], [held])[0]
        for name in NUMBERS:
            same = pytest.approx(getattr(alone, name), rel=1e-6, abs=1e-6, nan_ok=True)
            assert getattr(found, name) == same, name
        assert (found.verdict, found.regime) == (alone.verdict, alone.regime)
        assert found.metrics.keys() == alone.metrics.keys()


def test_what_comes_after_the_last_bar_is_not_known():
    c = candles(walk(0, 0.01))
    known = positions(c, 1)
    past = Candles(c.table[:, :-50])
    interest = InterestHistory(
        *(one[:-50] for one in (known.interest.time, *[known.interest.base] * 2))
    )
    early = known._replace(interest=interest)
    assert repr(scores.work_out([past], [known])) == repr(scores.work_out([past], [early]))


def test_scores_stay_in_their_ranges_and_vary(market):
    panel = market.panel(market.top(30), "1h", metrics.BARS)
    every = [read.data for read in panel.reads.values()]
    found = scores.analyse_all(every, [NO_POSITIONS] * len(every))
    for a in found:
        assert all(abs(getattr(a, name)) <= 1 for name in SIGNED if name != "sentiment")
        assert all(0 <= x <= 100 for x in (a.volatility, a.risk, a.unrest, a.oversold))
        assert math.isnan(a.support) or a.support < a.close
        assert math.isnan(a.resistance) or a.resistance > a.close
        assert math.isnan(a.sentiment) and a.coverage == pytest.approx(0.6 / 0.85)
    assert len({a.alpha for a in found}) == 30 and len({a.verdict for a in found}) >= 2


@cache
def recorded():
    """Return the recorded candles of every coin as tables."""
    with np.load(RECORDED) as data:
        time = data["open_time"].astype(float)
        rows = [data[k] for k in ("open", "high", "low", "close", "volume")]
    unknown = np.full(len(time), np.nan)
    return [
        np.array([time, *own, time + 3_599_999, own[3] * own[4], *[unknown] * 3])
        for own in zip(*rows, strict=True)
    ]


def shares(ends):
    """Return the share of every verdict on the recorded candles, by analyses that end there."""
    counts = Counter()
    for end in ends:
        every = [Candles(table[:, end - 500 : end]) for table in recorded()]
        counts.update(a.verdict for a in scores.work_out(every, [NO_POSITIONS] * len(every)))
    return {verdict: count / counts.total() for verdict, count in counts.items()}


def test_buy_hold_and_sell_all_occur_on_the_recorded_candles():
    found = shares((500, 1200, 1900))
    assert found.keys() == {"buy", "hold", "sell"} and min(found.values()) > 0.05


@pytest.mark.slow
def test_buy_hold_and_sell_occur_in_sane_shares_on_the_recorded_candles():
    found = shares(range(500, 2001, 50))
    assert all(0.12 < found[side] < 0.35 for side in ("buy", "sell")), found
    assert 0.4 < found["hold"] < 0.7, found


def test_a_verdict_holds_until_half_of_what_it_took():
    begin, middle, end = 1.01 * scores.BEGIN, 1.01 * scores.HOLD_ON, 0.99 * scores.HOLD_ON
    paths = {
        "buy": [begin, middle],
        "sell": [-begin, -middle],
        "hold": [begin, end, middle],
        "unknown": [begin, math.nan],
    }
    for verdict, path in paths.items():
        assert scores.verdicts(np.array([0.0, *path])[:, None]) == [verdict]
    assert scores.verdicts(np.array([[begin], [math.nan], [middle]])) == ["hold"]
    assert scores.verdicts(np.array([[begin], [-begin]])) == ["sell"]


def test_alpha_is_direction_times_confidence_in_units_of_its_past():
    c = candles(walk(0.0005, 0.01))
    a = scores.analyse(c, positions(c, 1))
    returns = np.diff(np.log(c.close))[-203:]
    assert a.order == pytest.approx(1 - stats.permutation_entropy(returns))
    assert a.confidence == pytest.approx(a.order) and a.coverage == pytest.approx(1)
    mean = 0.35 * a.trend + 0.25 * a.momentum + 0.25 * a.sentiment
    assert a.direction == pytest.approx(mean / 0.85)
    unit = a.direction * a.confidence / 2 / math.atanh(a.alpha)
    assert unit * (1 + 1e-9) >= scores.USUAL / scores.BAND
    assert unit <= scores.USUAL * scores.BAND * (1 + 1e-9)
    core = mean - 0.15 * (a.risk / 50 - 1)
    assert a.core == pytest.approx(core)


def test_the_trend_is_weighed_by_the_adx():
    a = analysed(turning(0.005, 0.004), 1, 1)
    m = a.metrics
    parts = {"ribbon": 0.3, "histogram": 0.3, "rsi": 0.2, "stochastic": 0.2}
    mean = sum(weight * m[name].score for name, weight in parts.items())
    weight = min(1, max(0, (m["adx"].value - 15) / 25))
    assert a.trend == pytest.approx(mean * weight)
    assert m["rsi"].score == pytest.approx((m["rsi"].value - 50) / 50)


def test_too_little_coverage_is_unknown():
    value, share = scores.blend(
        "core", {n: np.array([1.0]) for n in ("trend", "momentum")} | UNKNOWN
    )
    assert value[0] == 1.0 and share[0] == pytest.approx(0.6)
    value, share = scores.blend(
        "core", {"trend": np.array([1.0]), "momentum": np.array([np.nan])} | UNKNOWN
    )
    assert math.isnan(value[0]) and share[0] == pytest.approx(0.35)


UNKNOWN = {"sentiment": np.array([np.nan]), "safety": np.array([np.nan])}


def test_without_takers_and_a_perpetual_the_coverage_falls():
    c = candles(walk(0, 0.01))
    c.table[9:11] = np.nan
    a = scores.analyse(c)
    assert a.coverage == pytest.approx((0.35 + 0.25 * 0.8) / 0.85) and math.isfinite(a.alpha)
    assert a.metrics["cvd"].n == 0 and math.isnan(a.volume + a.sentiment) is True


def test_weights_that_do_not_add_up_are_refused():
    for parts in ({"a": 0.5, "b": 0.4}, {"a": 1.5, "b": -0.5}):
        with pytest.raises(ValueError, match="add up to 1"):
            scores.weights(**parts)


def test_the_same_candles_are_worked_out_once_until_more_is_known_of_the_perpetual():
    c = candles(walk(0, 0.01))
    first = scores.analyse(c)
    assert scores.analyse(c) is first
    assert scores.analyse(c, positions(c, 1)) is not first
    assert scores.analyse_all([], []) == []
