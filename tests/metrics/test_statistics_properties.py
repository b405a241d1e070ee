"""What must hold of the statistics for any input: no NaN, intervals that hold, comparisons that mirror, shares that add up."""

import math
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metrics.statistics import (
    compare_shares,
    nps,
    nps_difference,
    poisson_rate,
    poisson_rates,
    relative_weights,
    shapley_weights,
    tiers,
    two_proportions,
    wilson,
)

EXAMPLES = 2_000 if os.environ.get("CXMS_NIGHTLY") == "1" else 100
STEADY = settings(max_examples=EXAMPLES, deadline=None)
counts = st.integers(0, 10**6)


def assert_sound(*numbers: float | None) -> None:
    assert all(number is None or math.isfinite(number) for number in numbers)


@STEADY
@given(counts, counts, counts, st.floats(0.01, 0.999))
def test_estimates_are_sound(a: int, b: int, c: int, confidence: float) -> None:
    for estimate in (nps(a, b, c, confidence), wilson(a, a + b, confidence), poisson_rate(a, b, confidence)):
        assert_sound(estimate.value, estimate.low, estimate.high)
        assert (estimate.value is None) == (estimate.n == 0)
        if estimate.low is not None and estimate.high is not None:
            assert estimate.low < estimate.high
    share = wilson(a, a + b, confidence)
    if share.value is not None and share.low is not None and share.high is not None:
        assert 0 <= share.low <= share.value <= share.high <= 1


@STEADY
@given(st.tuples(counts, counts, counts), st.tuples(counts, counts, counts))
def test_comparisons_are_sound_and_mirror(a: tuple[int, int, int], b: tuple[int, int, int]) -> None:
    pairs = [
        (nps_difference(a, b), nps_difference(b, a)),
        (two_proportions(a[0], sum(a), b[0], sum(b)), two_proportions(b[0], sum(b), a[0], sum(a))),
        (compare_shares(a[0], sum(a), b[0], sum(b)), compare_shares(b[0], sum(b), a[0], sum(a))),
        (poisson_rates(a[0], a[1], b[0], b[1]), poisson_rates(b[0], b[1], a[0], a[1])),
    ]
    for one, other in pairs:
        assert_sound(one.difference, one.z, one.p)
        if one.p is not None and one.z is not None:
            assert 0 <= one.p <= 1
            assert (other.z, other.p) == (pytest.approx(-one.z, rel=1e-9, abs=1e-9), pytest.approx(one.p, abs=1e-9))


@STEADY
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60)), max_size=12))
def test_tiers_rank_every_answered_unit_once_by_value(units: list[tuple[int, int, int]]) -> None:
    found = tiers([(index, *unit) for index, unit in enumerate(units)])
    ranked = [key for tier in found for key in tier]
    assert sorted(ranked) == [index for index, unit in enumerate(units) if sum(unit)]
    values = [nps(*units[key]).value for key in ranked]
    assert values == sorted(values, reverse=True)


@STEADY
@given(
    st.integers(2, 12).flatmap(
        lambda n: st.tuples(
            st.lists(st.integers(1, 5), min_size=n, max_size=n),
            st.lists(st.lists(st.integers(1, 5), min_size=n, max_size=n), min_size=1, max_size=4),
        )
    )
)
def test_drivers_add_up(data: tuple[list[int], list[list[int]]]) -> None:
    y, columns = data
    x = {str(index): column for index, column in enumerate(columns)}
    one, other = relative_weights(y, x), shapley_weights(y, x)
    assert (one.r_squared is None) == (other.r_squared is None)
    if one.r_squared is not None:
        assert one.r_squared == pytest.approx(other.r_squared, abs=1e-6)
        assert 0 <= one.r_squared <= 1 + 1e-9
        assert min(one.raw.values()) >= 0
        assert_sound(*one.raw.values(), *one.rescaled.values(), *other.raw.values(), *other.rescaled.values())
