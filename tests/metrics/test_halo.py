"""Partial correlation against R, against residuals, and the verdicts in the order of what can be told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.statistics import partial_correlation
from metrics.statistics.halo import LEAST

# mtcars: mpg, hp, wt
MPG = [21, 21, 22.8, 21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8, 16.4, 17.3, 15.2, 10.4, 10.4, 14.7, 32.4, 30.4, 33.9, 21.5, 15.5, 15.2, 13.3, 19.2, 27.3, 26, 30.4, 15.8, 19.7, 15, 21.4]
HP = [110, 110, 93, 110, 175, 105, 245, 62, 95, 123, 123, 180, 180, 180, 205, 215, 230, 66, 52, 65, 97, 150, 150, 245, 175, 66, 91, 113, 264, 175, 335, 109]
WT = [2.62, 2.875, 2.32, 3.215, 3.44, 3.46, 3.57, 3.19, 3.15, 3.44, 3.44, 4.07, 3.73, 3.78, 5.25, 5.424, 5.345, 2.2, 1.615, 1.835, 2.465, 3.52, 3.435, 3.84, 3.845, 1.935, 2.14, 1.513, 3.17, 2.77, 3.57, 2.78]


def test_mtcars_as_r_prints_it(monkeypatch):
    """lm(mpg ~ wt + hp): t of hp −3.519 on 29 degrees, p 0.00145; partial r = t/√(t² + 29) = −0.547."""
    assert partial_correlation(HP, MPG, WT).verdict == "too_few"  # 32 cars are not fifty answers
    monkeypatch.setattr("metrics.statistics.halo.LEAST", 30)
    found = partial_correlation(HP, MPG, WT)
    assert (round(found.plain.value, 4), round(found.partial.value, 3), round(found.p, 5)) == (-0.7762, -0.547, 0.00145)
    assert (found.verdict, found.n) == ("holds", 32)
    # Fisher z on n − 4
    assert [round(v, 3) for v in (found.partial.low, found.partial.high)] == [-0.755, -0.239]


@settings(max_examples=40)
@given(st.integers(LEAST, 90), st.integers(0, 2**31))
def test_it_is_the_correlation_of_what_the_third_leaves(n, seed):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    x, y = z + rng.normal(size=n), z + rng.normal(size=n)
    found = partial_correlation(x, y, z)
    rest = [v - np.polyval(np.polyfit(z, v, 1), z) for v in (x, y)]
    assert found.partial.value == pytest.approx(float(np.corrcoef(*rest)[0, 1]), abs=1e-9)
    assert found.partial.low <= found.partial.value <= found.partial.high
    assert partial_correlation(y, x, z).partial.value == pytest.approx(found.partial.value)


def test_a_halo_is_seen_and_real_speed_is_not_called_one():
    rng = np.random.default_rng(7)
    attitude, noise = rng.normal(size=400), rng.normal(size=(2, 400))
    only_halo = partial_correlation(attitude + noise[0], attitude + noise[1], attitude)
    assert only_halo.verdict == "halo" and only_halo.plain.low > 0
    speed = rng.normal(size=400)
    assert partial_correlation(speed, speed + attitude + noise[1], attitude).verdict == "holds"
    assert partial_correlation(speed, noise[1], attitude).verdict == "none"


def test_what_cannot_be_told_is_not_told():
    some = [float(i % 7) for i in range(60)]
    assert partial_correlation(some[:49], some[:49], some[:49]).verdict == "too_few"
    assert partial_correlation(some, [3.0] * 60, some).verdict == "constant"
    assert partial_correlation(some, some[::-1], some).verdict == "constant"
    assert partial_correlation([], [], []).n == 0
    with pytest.raises(ValueError):
        partial_correlation(some, some[:-1], some)
    with pytest.raises(ValueError):
        partial_correlation([float("nan"), *some[1:]], some, some)
