"""levels.py beside published numbers, statsmodels and the plain recursion."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import levels

pytestmark = pytest.mark.filterwarnings("error")

# Annual flow of the Nile at Aswan 1871–1970 (Durbin and Koopman 2001).
NILE = """1120 1160 963 1210 1160 1160 813 1230 1370 1140 995 935 1110 994 1020 960 1180 799
958 1140 1100 1210 1150 1250 1260 1220 1030 1100 774 840 874 694 940 833 701 916
692 1020 1050 969 831 726 456 824 702 1120 1100 832 764 821 768 845 864 862
698 845 744 796 1040 759 781 865 845 944 984 897 822 1010 771 676 649 846
812 742 801 1040 860 874 848 890 744 749 838 1050 918 986 797 923 975 815
1020 906 901 1170 912 746 919 718 714 740"""


def noise(seed, n):
    return np.random.default_rng(seed).normal(0, 0.01, n)


def near(found, wanted, rel):
    assert found == pytest.approx(wanted, rel=rel)


def test_the_nile_has_the_published_level():
    found = levels.local_level(np.array(NILE.split(), float))
    # Durbin and Koopman (2001), section 2.10: 15099 and 1469.1, ψ = ln 0.0973 = −2.33.
    near(found.noise**2, 15099, 1e-4)
    near(found.q * found.noise**2, 1469.1, 1e-3)
    # statsmodels 0.15, UnobservedComponents(use_exact_diffuse), less the first value's ln √2π.
    near(found.likelihood, -632.545625, 1e-8)
    near(found.level[-1], 798.37, 1e-5)


def test_the_nile_has_a_slope():
    found = levels.local_trend(np.array(NILE.split(), float))
    # statsmodels 0.15, UnobservedComponents("strend", use_exact_diffuse): 18973, 1.6255.
    near((found.noise**2, found.q * found.noise**2), (18973.0, 1.6255), 1e-3)
    near((found.level[-1], found.slope), (866.0953, -1.0635), 1e-3)
    near(found.likelihood, -634.02895279 + math.log(2 * math.pi), 1e-7)


@pytest.mark.parametrize("fit", [levels.local_level, levels.local_trend])
def test_hidden_levels_follow_scale_and_know_the_unknown(fit):
    x = np.cumsum(noise(1, 200)) + 3 * noise(2, 200)
    one, other = fit(x), fit(1e6 * x)
    near(other.level[-1], 1e6 * one.level[-1], 1e-6)
    near((other.q, other.slope), (one.q, 1e6 * one.slope), 1e-6)
    assert math.isnan(fit(x[:20]).q) and math.isnan(fit(np.ones(200)).noise)
    assert np.nanstd(np.diff(one.level)) < np.std(np.diff(x))


def test_cusum_is_the_handbook_s():
    # NIST/SEMATECH e-Handbook 6.3.2.3: target 325, k = 0.3175, h = 4.1959; the upper sums.
    x = """324.925 324.675 324.725 324.350 325.350 325.225 324.125 324.525 325.225 324.600 324.625
    325.150 328.325 327.250 327.825 328.500 326.675 327.775 326.875 328.350"""
    found = levels.cusum(np.array(x.split(), float) - 325, 0.3175, 4.1959)
    wanted = [3.01, 4.94, 7.45, 10.63, 11.99, 14.44, 16.00, 19.04]
    assert found.up[12:] == pytest.approx(wanted, abs=0.0101)
    assert found.alarm.tolist() == [False] * 13 + [True] * 7


@given(st.lists(st.floats(-4, 4) | st.just(math.nan), max_size=40))
def test_cusum_equals_the_recursion(z):
    up = down = 0.0
    found = levels.cusum(np.array(z, float))
    for i, value in enumerate(z):
        if not math.isnan(value):
            up, down = max(0, up + value - 0.5), max(0, down - value - 0.5)
        assert found.up[i] == pytest.approx(up, abs=1e-9)
        assert found.down[i] == pytest.approx(down, abs=1e-9)
