"""stats.py beside statsmodels, scipy, arch, antropy, published numbers, and plain loops."""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stats

pytestmark = pytest.mark.filterwarnings("error")

CANDLES = Path(__file__).parent.parent / "local" / "binance_1h.npz"


@cache
def recorded(symbol):
    """The log returns of the first 1000 recorded hours."""
    stored = np.load(CANDLES)
    return np.diff(np.log(stored["close"][stored["symbols"].tolist().index(symbol), :1000]))


def noise(seed, n=999):
    return np.random.default_rng(seed).normal(0, 0.01, n)


def following(leader, lag, strength, seed):
    """A series that takes a part of what another did some bars ago."""
    own = noise(seed, len(leader))
    own[lag:] += strength * leader[:-lag]
    return own


def near(found, wanted, rel=1e-9):
    assert found == pytest.approx(wanted, rel=rel, abs=1e-14)


@pytest.mark.parametrize(
    ("a", "b", "x", "wanted"),
    [  # scipy.special.betainc 1.17
        (0.5, 0.5, 0.01, 0.06376856085851985),
        (2, 3, 0.4, 0.5248),
        (489, 5, 0.97, 0.0008859927557461763),
        (30, 0.5, 0.999, 0.8072373061595369),
        (1, 1, 0.25, 0.25),
        (250, 250, 0.5, 0.5),
        (3, 4, 0, 0),
        (3, 4, 1, 1),
    ],
)
def test_incomplete_beta(a, b, x, wanted):
    near(stats.incomplete_beta(a, b, x), wanted)


@given(st.integers(1, 30), st.integers(1, 30), st.floats(0, 1))
def test_incomplete_beta_is_a_binomial_tail(a, b, x):
    n = a + b - 1
    tail = sum(math.comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))
    assert stats.incomplete_beta(a, b, x) == pytest.approx(tail, abs=1e-12)


@pytest.mark.parametrize("args", [(0, 1, 0.5), (1, -1, 0.5), (1, 1, 1.1), (1, 1, math.nan)])
def test_incomplete_beta_is_unknown_outside_its_domain(args):
    assert math.isnan(stats.incomplete_beta(*args))


def test_tails():
    # scipy.stats 1.17: f.sf; the table's 5 % point of F(3, 20).
    near(stats.f_tail(0.25, 1, 995), 0.617185633528596)
    near(stats.f_tail(4.6967, 3, 989), 0.0029082367302513752)
    near(stats.f_tail(18.7, 1, 995), 1.6838194063968133e-05)
    assert stats.f_tail(3.10, 3, 20) == pytest.approx(0.05, abs=1e-4)
    assert stats.f_tail(math.inf, 2, 30) == 0 and math.isnan(stats.f_tail(math.nan, 2, 30))


def test_holm_by_hand_and_without_the_unknown():
    found = stats.holm([0.01, 0.04, math.nan, 0.03, 0.005])
    near(found[[0, 1, 3, 4]], [0.03, 0.06, 0.06, 0.02])
    assert np.isnan(found[2])
    assert stats.holm([0.5, 0.9]).tolist() == [1, 1] and len(stats.holm([])) == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_only_raises_and_keeps_the_order(p):
    found = stats.holm(p)
    assert (found >= np.array(p)).all() and (found <= 1).all()
    assert (np.diff(found[np.argsort(p, kind="stable")]) >= 0).all()


def test_returns_stand_side_by_side_where_there_are_enough():
    gap = math.nan
    close = np.array(
        [[1, gap, 9], [2, 1, gap], [4, 3, gap], [8, gap, 1], [gap, 9, 2], [16, 27, 4.0]]
    )
    kept, moves = stats.together(close, 2)
    assert kept == [0, 1, 2]
    wanted = np.log([[2, gap, gap], [2, 3, gap], [2, gap, gap], [gap, gap, 2], [gap, 3, 2]])
    assert moves == pytest.approx(wanted, nan_ok=True)
    assert stats.together(close, 3)[0] == [0] and stats.together(close, 4)[1].shape == (5, 0)


def test_comovement_is_correlation_and_beta():
    moves = np.stack([noise(1, 200), noise(2, 200), noise(3, 200)], axis=1)
    moves[:, 1] += 2 * moves[:, 0]
    close = np.full((201, 4), np.nan)
    close[:, :3] = np.exp(np.cumsum(np.vstack([np.zeros(3), moves]), axis=0))
    rho, beta = stats.comovement(close, 150)
    near(rho[:3, :3], np.corrcoef(moves, rowvar=False))
    near(beta[1, 0], np.polyfit(moves[:, 0], moves[:, 1], 1)[0])
    assert np.isnan(rho[3]).all() and np.isnan(beta[:, 3]).all()
    found = stats.pairs(rho)
    assert len(found) == 3 and found[-1] == (pytest.approx(rho[0, 1]), 0, 1)
    assert stats.pairs(stats.comovement(close, 999)[0]) == []


def test_covariance_knows_nothing_of_a_column_that_stands_still():
    moves = np.stack([noise(1), np.full(999, 0.5), noise(2)], axis=1)
    found = stats.covariance(moves)
    assert np.isnan(found[1]).all() and np.isnan(found[:, 1]).all()
    near(found[np.ix_([0, 2], [0, 2])], np.cov(moves[:, 0], moves[:, 2]))
    assert np.isnan(stats.covariance(moves[:20])).all()


@pytest.mark.parametrize(
    ("cause", "effect", "criterion", "lag", "f", "p"),
    [  # statsmodels 0.15: grangercausalitytests' ssr_ftest, the lag by OLS(...).bic and .aic
        ("BTCUSDT", "ETHUSDT", "bic", 1, 0.2473299805844152, 0.6190713025589064),
        ("BTCUSDT", "ETHUSDT", "aic", 7, 3.6249154273101256, 0.0007241626304676792),
        ("ETHUSDT", "BTCUSDT", "bic", 1, 4.298736348925805, 0.03839758227587191),
        ("SOLUSDT", "BTCUSDT", "bic", 1, 18.703103324624674, 1.681131908197362e-05),
        ("BTCUSDT", "PEPEUSDT", "aic", 3, 4.696607509641709, 0.0029086097140130687),
    ],
)
def test_granger_equals_statsmodels(cause, effect, criterion, lag, f, p):
    found = stats.granger(recorded(cause), recorded(effect), 10, criterion)
    assert found.lag == lag and found.bars == 999 - lag
    near((found.f, found.p), (f, p), 1e-10)
    near(found.gain, lag * f / (lag * f + 999 - lag - 2 * lag - 1))


@pytest.mark.parametrize("lag", [1, 3, 6])
def test_granger_finds_the_direction_and_the_lag(lag):
    leader = noise(lag)
    follower = following(leader, lag, 0.5, 50 + lag)
    there, back = stats.granger(leader, follower), stats.granger(follower, leader)
    assert there.lag == lag and there.p < 1e-6 and there.gain > 0.1
    assert back.p > 0.05


@pytest.mark.slow
def test_granger_finds_nothing_in_noise_but_by_chance():
    found = [stats.granger(noise(2 * i), noise(2 * i + 1)).p < 0.05 for i in range(100)]
    assert 0 < sum(found) <= 11


@pytest.mark.parametrize("scale", [1e-8, 1e9])
def test_granger_knows_no_scale_and_no_shift(scale):
    one = stats.granger(recorded("SOLUSDT"), recorded("BTCUSDT"))
    other = stats.granger(scale * recorded("SOLUSDT") + 7 * scale, recorded("BTCUSDT") / scale)
    near(one, other, 1e-6)


def test_granger_leaves_out_what_meets_a_hole():
    x, y = noise(1), noise(2)
    x[500] = np.nan
    found = stats.granger(x, y, 10)
    assert found.bars == 999 - found.lag * 2 and 0 < found.p < 1


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (noise(1, 40), noise(2, 40)),
        (noise(1, 5), noise(2, 5)),
        (np.full(999, 0.1), noise(2)),
        (noise(1), np.zeros(999)),
        (noise(1), noise(1)),
        (noise(1) * np.nan, noise(2)),
    ],
)
def test_granger_is_unknown_of_the_short_the_still_and_the_same(x, y):
    assert math.isnan(stats.granger(x, y).p)


def test_every_pair_is_tested_with_or_without_the_pool():
    moves = np.stack([noise(i, 300) for i in range(stats.POOL_PAYS)], axis=1)
    moves[:, 1] += 0.5 * np.roll(moves[:, 0], 2)
    moves[:, 5] = 0.1
    with ThreadPoolExecutor(1) as pool:
        many = stats.granger_all(moves, pool)
    few = stats.granger_all(moves[:, :3], None)
    assert len(few) == 6 and len(many) == (stats.POOL_PAYS - 1) * (stats.POOL_PAYS - 2)
    assert many[0][:2] == (0, 1) and many[0].test == few[0].test
    assert [one.test.p for one in many] == sorted(one.test.p for one in many)
    for i, j, test, p in few:
        assert test == stats.granger(moves[:, i], moves[:, j]) and p >= test.p
    assert many[0].p == pytest.approx(len(many) * many[0].test.p)


def test_every_pair_says_who_leads():
    moves = np.stack([noise(i, 500) for i in range(4)], axis=1)
    moves[3:, 0] += 0.5 * moves[:-3, 2]
    moves[:, 1] = 0
    best, *others = stats.lead_all(moves)
    assert best[:2] == (2, 0) and best.test.lag == 3 and best.p < 0.001
    assert len(others) == 2 and all(one.test.lag > 0 for one in others)
    back = stats.lead_lag(moves[:, 0], moves[:, 2])
    assert (back.lag, back.r) == (-3, pytest.approx(best.test.r))


@pytest.mark.parametrize("lag", [-4, 2])
def test_lead_lag_finds_who_leads(lag):
    leader = noise(3)
    follower = following(leader, abs(lag), 0.4, 4)
    pair = (leader, follower) if lag > 0 else (follower, leader)
    found = stats.lead_lag(*pair)
    assert found.lag == lag and found.r > found.bound and found.p < 0.001
    near(found.bound, 1.96 / math.sqrt(999), 1e-4)
    near(found.r, np.corrcoef(leader[: -abs(lag)], follower[abs(lag) :])[0, 1])
    near(found.curve[10], np.corrcoef(*pair)[0, 1])


def test_a_lead_against_the_grain_is_negative():
    leader = noise(5)
    found = stats.lead_lag(leader, following(leader, 1, -0.4, 6))
    assert found.lag == 1 and found.r < -0.2 and found.p < 0.001


def stormy(seed, n=999):
    """Returns with a common part whose volatility comes in storms, and parts of their own."""
    rng, v, common = np.random.default_rng(seed), 1.0, []
    for _ in range(n):
        common.append(math.sqrt(v) * rng.normal())
        v = 0.05 + 0.15 * common[-1] ** 2 + 0.8 * v
    return [np.array(common) + rng.normal(0, 0.5, n) for _ in range(2)]


def test_no_lead_is_sure_in_noise_and_storms():
    calm = [stats.lead_lag(noise(2 * i), noise(2 * i + 1)) for i in range(60)]
    storm = [stats.lead_lag(*stormy(i)) for i in range(60)]
    assert sum(abs(one.r) > one.bound for one in calm) > 25
    assert sum(one.p < 0.05 for one in calm) <= 7 and sum(one.p < 0.05 for one in storm) <= 7


def test_lead_lag_is_unknown_of_the_short_and_the_still():
    for x, y in ((noise(1, 30), noise(2, 30)), (np.ones(999), noise(1)), (noise(1), np.zeros(999))):
        found = stats.lead_lag(x, y)
        assert math.isnan(found.lag) and math.isnan(found.p)


@pytest.mark.parametrize("n", [3, 8, 50])
def test_expected_range_is_that_of_normal_noise(n):
    x = np.random.default_rng(n).normal(size=(20_000, n))
    paths = np.cumsum(x - x.mean(axis=1, keepdims=True), axis=1)
    ranges = np.ptp(paths, axis=1) / x.std(axis=1)
    error = ranges.std() / math.sqrt(len(x))
    assert stats.expected_range(n) == pytest.approx(ranges.mean(), abs=4 * error)
    assert stats.expected_range(2) == pytest.approx(1)


def plain_hurst(r):
    """The same by loops, and the line by numpy's polynomials."""
    points = []
    for n in sorted({int(size) for size in np.geomspace(8, len(r) // 4, 12)}):
        ratios = []
        for start in range(len(r) % n, len(r), n):
            block, total, path = r[start : start + n], 0.0, []
            for value in block:
                total += value - block.mean()
                path.append(total)
            ratios.append((max(path) - min(path)) / block.std())
        wanted = sum(math.sqrt((n - i) / i) for i in range(1, n))
        wanted *= math.gamma((n - 1) / 2) / math.gamma(n / 2) / math.sqrt(math.pi)
        points.append((math.log(n), math.log(np.mean(ratios)) - math.log(wanted)))
    return 0.5 + np.polyfit(*zip(*points, strict=True), 1)[0]


def test_hurst_equals_plain_loops():
    near(stats.hurst(recorded("BTCUSDT")).h, plain_hurst(recorded("BTCUSDT")))
    near(stats.hurst(7e9 * recorded("BTCUSDT")).h, stats.hurst(recorded("BTCUSDT")).h)


@pytest.mark.parametrize("n", [256, 999])
def test_hurst_of_a_random_walk_is_a_half_within_its_error(n):
    found = [stats.hurst(noise(i, n)) for i in range(150)]
    spread = np.std([one.h for one in found])
    assert np.mean([one.h for one in found]) == pytest.approx(0.5, abs=4 * spread / math.sqrt(150))
    assert found[0].error == pytest.approx(spread, rel=0.25)


def test_hurst_tells_memory_from_none():
    rng = np.random.default_rng(9)
    spectrum = rng.normal(size=1025) + 1j * rng.normal(size=1025)
    spectrum[1:] *= np.arange(1, 1025) ** -0.3
    spectrum[0] = 0
    long = np.fft.irfft(spectrum)
    assert stats.hurst(long).h > 0.7 and stats.hurst(np.diff(long)).h < 0.3


def test_hurst_is_unknown_of_the_short_and_the_still():
    assert math.isnan(stats.hurst(noise(1, 255)).h) and math.isnan(stats.hurst(np.ones(999)).error)


@pytest.mark.parametrize(
    ("symbol", "q", "ratio", "z"),
    [  # arch 8.0: unitroot.VarianceRatio(robust=True, debiased=True, overlap=True)
        ("BTCUSDT", 2, 0.9899353636574034, -0.15538861316039398),
        ("ETHUSDT", 2, 1.0243305302453272, 0.46858565118500667),
        ("BTCUSDT", 4, 0.9464439561493891, -0.5007644143090263),
        ("BTCUSDT", 8, 0.937905702374866, -0.4191059248023457),
        ("ETHUSDT", 8, 1.0362555092148646, 0.26033262376806166),
    ],
)
def test_variance_ratio_equals_arch(symbol, q, ratio, z):
    near(stats.variance_ratio(recorded(symbol), q), (ratio, z), 1e-9)


def test_variance_ratio_knows_trends_from_swings():
    own = noise(1)
    trend = np.convolve(own, [1, 0.4, 0.2])[:999]
    swing = np.diff(own)
    up, down = stats.variance_ratio(trend, 4), stats.variance_ratio(swing, 4)
    assert up.ratio > 1 and up.z > 1.96 and down.ratio < 1 and down.z < -1.96
    near(stats.variance_ratio(1e6 * trend, 4), up)
    assert math.isnan(stats.variance_ratio(np.ones(500)).z)
    assert math.isnan(stats.variance_ratio(own[:20]).ratio)


@pytest.mark.parametrize(
    ("symbol", "order", "sample", "fractal"),
    [  # antropy 0.2: perm_entropy(normalize), sample_entropy(tolerance = 0.2 s), higuchi_fd(10)
        ("BTCUSDT", 0.9973701655182625, 1.6369543885317561, 1.4987465576468124),
        ("SOLUSDT", 0.9972248361816629, 1.8577408433419011, 1.5221544767296527),
    ],
)
def test_disorder_equals_antropy(symbol, order, sample, fractal):
    r = recorded(symbol)
    near(stats.permutation_entropy(r), order)
    near(stats.sample_entropy(r), sample)
    near(stats.higuchi(np.cumsum(r)), fractal)


DISORDER = (stats.permutation_entropy, stats.sample_entropy, stats.higuchi)


def test_disorder_orders_a_line_a_walk_and_noise():
    line, walk = np.arange(999.0) ** 1.01, np.cumsum(noise(1))
    for measure in DISORDER:
        values = [measure(x) for x in (line, walk, noise(2))]
        assert values[0] < values[1] < values[2]
    assert stats.permutation_entropy(line) == 0 and stats.higuchi(line) == pytest.approx(
        1, abs=0.01
    )
    assert stats.higuchi(walk) == pytest.approx(1.5, abs=0.05)
    assert stats.higuchi(noise(2)) == pytest.approx(2, abs=0.05)


@settings(deadline=None, max_examples=20)
@given(st.sampled_from(DISORDER), st.floats(1e-6, 1e6), st.integers(0, 99))
def test_disorder_knows_no_scale(measure, scale, seed):
    x = noise(seed, 300)
    near(measure(scale * x), measure(x), 1e-6)


def test_disorder_of_the_short_and_the_still_is_unknown():
    for measure in DISORDER:
        assert math.isnan(measure(noise(1, 50))) and math.isnan(measure(np.full(999, 3.0)))


@pytest.mark.parametrize(("m", "bits"), [(2, 0.918), (3, 1.522)])
def test_permutation_entropy_of_the_papers_series(m, bits):
    # Bandt and Pompe (2002): 4 7 9 10 6 11 3; here often, with holes that no window spans.
    x = np.tile([4, 7, 9, 10, 6, 11, 3, math.nan], 6)
    found = stats.permutation_entropy(x, m) * math.log2(math.factorial(m))
    assert found == pytest.approx(bits, abs=5e-4)
