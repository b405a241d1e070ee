"""Statistics against the published numbers of the definitions page, and against what must hold for any input."""

import math
from typing import Any

import pytest
from scipy import stats

from metrics.statistics import (
    Estimate,
    Test,
    acsi,
    ces,
    compare_shares,
    competition_rank,
    csi,
    csi_of,
    holm,
    mean_difference,
    mean_estimate,
    nps,
    nps_difference,
    poisson_rate,
    poisson_rates,
    revenue_at_risk,
    sample_size,
    tiers,
    two_proportions,
    weighted_nps,
    wilson,
)
from metrics.statistics.intervals import adjusted_nps


def near(value: Any, digits: int) -> Any:
    return pytest.approx(value, abs=0.5 * 10**-digits)


# Estimates


def test_n1_nps() -> None:
    score = nps(291, 476, 395)
    assert (score.value, score.low, score.high) == (near(-8.95, 2), near(-13.31, 2), near(-4.55, 2))
    assert (score.n, near((score.high - score.low) / 2, 2)) == (1162, 4.38)  # ±4.39 is the margin before adjusting


def test_n1_to_n3_variance_of_the_net_share() -> None:
    def plain(promoters: float, n: float, detractors: float) -> float:
        return adjusted_nps(promoters - 0.75, n - 3, detractors - 0.75)[1]

    assert 195.9964 * math.sqrt(plain(291, 1162, 395)) == near(4.39, 2)
    assert nps(162, 108, 54).value == near(33.33, 2)
    assert plain(162, 324, 54) * 324 == pytest.approx(5 / 9)
    assert 100 * math.sqrt(plain(162, 324, 54)) == near(4.141, 3)
    assert 2 * 195.9964 * math.sqrt(plain(1024 / 3, 1024, 1024 / 3)) == near(10.00, 2)
    assert 2 * 195.9964 * math.sqrt(plain(102_400 / 3, 102_400, 102_400 / 3)) == near(1.00, 2)


@pytest.mark.parametrize(("margin", "n"), [(0.05, 1534), (0.10, 382), (0.15, 168), (1, 1)])
def test_n6_sample_size(margin: float, n: int) -> None:
    assert sample_size(margin) == n


def test_n7_unanimous_answers_keep_their_interval() -> None:
    score = nps(5, 0, 0)
    assert (score.value, score.low, score.high, score.n) == (100, near(17.5, 1), 100, 5)


def test_nps_of_no_one_and_of_one() -> None:
    assert nps(0, 0, 0) == Estimate(None, None, None, 0)
    assert (nps(0, 0, 1).value, nps(0, 0, 1).low, nps(0, 0, 1).high) == (-100, near(-98.5, 1), near(48.5, 1))


@pytest.mark.parametrize(
    "wrong", [(-1, 0, 0), (1.5, 0, 0), (None, 0, 0), ("1", 0, 0), (1, 0, 0, 1.0), (1, 0, 0, math.nan)]
)
def test_nps_refuses_what_is_no_count(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError):
        nps(*wrong)


def test_weighted_nps() -> None:
    assert weighted_nps([1, 1, 1, 1], [1, 1, 0, -1]) == nps(2, 1, 1)
    assert weighted_nps([7, 7, 7, 7], [1, 1, 0, -1]).low == pytest.approx(nps(2, 1, 1).low)
    uneven = weighted_nps([3, 1, 0], [1, -1, -1])
    assert (uneven.value, uneven.n) == (50, 3)
    centre, variance = adjusted_nps(0.75 * 1.6, 1.6, 0.25 * 1.6)
    assert uneven.low == pytest.approx(max(100 * (centre - 1.959963985 * math.sqrt(variance)), -100))
    assert weighted_nps([0, 0], [1, 1]) == Estimate(None, None, None, 2)
    assert weighted_nps([], []) == Estimate(None, None, None, 0)
    assert weighted_nps([1e300, 1e300], [1, 0]).value == 50


@pytest.mark.parametrize("wrong", [([-1], [1]), ([1], [2]), ([1, 2], [1]), ([math.inf], [1])])
def test_weighted_nps_refuses(wrong: tuple[list[float], list[int]]) -> None:
    with pytest.raises(ValueError):
        weighted_nps(*wrong)


@pytest.mark.parametrize(
    ("x", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (0, 20, 0, 0.1611), (20, 20, 0.8389, 1)]
)
def test_w1_to_w4_wilson(x: int, n: int, low: float, high: float) -> None:
    share = wilson(x, n)
    assert (share.value, share.low, share.high, share.n) == (x / n, near(low, 4), near(high, 4), n)


def test_wilson_of_no_one_and_of_too_many() -> None:
    assert wilson(0, 0) == Estimate(None, None, None, 0)
    with pytest.raises(ValueError, match="6 successes of 5"):
        wilson(6, 5)


def test_mean_estimate_is_students() -> None:
    answers = [4, 5, 3, 5, 4, 2]
    mean = mean_estimate(6, sum(answers), sum(a * a for a in answers))
    low, high = stats.t.interval(0.95, 5, loc=23 / 6, scale=stats.sem(answers))
    assert (mean.value, mean.low, mean.high, mean.n) == (23 / 6, pytest.approx(low), pytest.approx(high), 6)
    clipped = mean_estimate(2, 9, 41, low_clip=1, high_clip=5)
    assert (clipped.value, clipped.low, clipped.high) == (4.5, 1, 5)


def test_mean_estimate_of_few() -> None:
    assert mean_estimate(0, 0, 0) == Estimate(None, None, None, 0)
    assert mean_estimate(1, 4, 16) == Estimate(4, None, None, 1)
    # all alike: nothing tells the spread, and ±0 is forbidden, whatever the sums were rounded to
    assert mean_estimate(3, 0.3, 0.03) == Estimate(pytest.approx(0.1), None, None, 3)
    assert mean_estimate(9, -9, 9) == Estimate(-1, None, None, 9) and mean_estimate(7, 0, 0) == Estimate(0, None, None, 7)
    # one of a million a point apart is not alike
    assert mean_estimate(1_000_000, 9_999_999, 99_999_981).low is not None


@pytest.mark.parametrize("wrong", [(0, 1, 1), (2, 4, 7), (-1, 0, 0), (2, math.nan, 1), (2, 0, -1), (2, 4, 8, 0)])
def test_mean_estimate_refuses_impossible_sums(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError):
        mean_estimate(*wrong)


def test_poisson_rate_is_garwoods() -> None:
    assert poisson_rate(10, 1) == Estimate(10, near(4.7954, 4), near(18.3904, 4), 1)
    assert poisson_rate(0, 100) == Estimate(0, 0, near(0.036889, 6), 100)
    assert poisson_rate(3, 0) == Estimate(None, None, None, 0)
    for wrong in ((-1, 10), (1, -10), (1, math.inf), (1, 5e-324)):
        with pytest.raises(ValueError):
            poisson_rate(*wrong)


# Comparisons


def test_t1_two_proportions() -> None:
    test = two_proportions(140, 200, 255, 340)
    assert (test.difference, test.z, test.p) == (-0.05, near(-1.2660, 4), near(2 * 0.1028, 3))
    assert test.difference / test.z == near(0.039494, 6)
    assert two_proportions(0, 5, 0, 9) == two_proportions(5, 5, 9, 9) == Test(0, 0, 1)
    assert two_proportions(0, 0, 1, 9) == Test(None, None, None)
    with pytest.raises(ValueError):
        two_proportions(3, 2, 1, 9)


@pytest.mark.parametrize("cells", [(3, 10, 8, 10), (0, 4, 5, 5), (1, 1000, 9, 1200), (2, 3, 400_000, 1_000_000)])
def test_small_cells_are_fishers(cells: tuple[int, int, int, int]) -> None:
    x1, n1, x2, n2 = cells
    exact = stats.fisher_exact([[x1, n1 - x1], [x2, n2 - x2]]).pvalue
    assert compare_shares(*cells).p == pytest.approx(exact, rel=1e-6)
    assert compare_shares(140, 200, 255, 340) == two_proportions(140, 200, 255, 340)


def test_nps_difference() -> None:
    a, b = (291, 476, 395), (400, 400, 300)
    test, (first, var_1), (second, var_2) = (
        nps_difference(a, b),
        adjusted_nps(291, 1162, 395),
        adjusted_nps(400, 1100, 300),
    )
    assert test.difference == pytest.approx(nps(*a).value - nps(*b).value)
    assert test.z == pytest.approx((first - second) / math.sqrt(var_1 + var_2))
    assert test.p == pytest.approx(2 * stats.norm.sf(abs(test.z)))
    assert nps_difference(a, a) == Test(0, 0, 1)
    assert nps_difference(a, (0, 0, 0)) == Test(None, None, None)


def test_poisson_rates() -> None:
    test = poisson_rates(30, 1000, 18, 900)
    assert test.difference == pytest.approx(0.01)
    assert test.z == pytest.approx(0.01 / math.sqrt(48 / 1900 * (1 / 1000 + 1 / 900)))
    assert test.p == pytest.approx(2 * stats.norm.sf(test.z))
    few = poisson_rates(1, 100, 7, 100)
    assert few.p == pytest.approx(stats.binomtest(1, 8, 0.5).pvalue)
    assert poisson_rates(0, 10, 0, 20) == Test(0, 0, 1)
    assert poisson_rates(1, 0, 1, 1) == Test(None, None, None)


def test_mean_difference_is_welchs() -> None:
    a, b = [5, 4, 4, 3, 5, 5], [3, 2, 4, 1]
    test = mean_difference(*((len(x), sum(x), sum(v * v for v in x)) for x in (a, b)))
    expected = stats.ttest_ind(a, b, equal_var=False)
    assert (test.z, test.p) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))
    assert test.difference == pytest.approx(26 / 6 - 2.5)
    assert mean_difference((1, 4, 16), (2, 4, 8)) == Test(2, None, None)
    assert mean_difference((2, 8, 32), (2, 4, 8)) == Test(2, None, None)
    assert mean_difference((0, 0, 0), (2, 4, 8)) == Test(None, None, None)


def test_holm() -> None:
    assert holm([0.01, 0.04, 0.03]) == [pytest.approx(p) for p in (0.03, 0.06, 0.06)]
    assert holm([0.04, 0.01, 0.5, 0.9]) == [pytest.approx(p) for p in (0.12, 0.04, 1.0, 1.0)]
    assert holm([]) == []
    for wrong in ([1.1], [-0.1], [math.nan]):
        with pytest.raises(ValueError):
            holm(wrong)


def test_tiers() -> None:
    groups = [("c", 10, 30, 60), ("a", 60, 25, 15), ("d", 12, 30, 58), ("b", 55, 28, 17), ("none", 0, 0, 0)]
    assert tiers(groups) == [["a", "b"], ["d", "c"]]
    assert tiers([]) == []
    assert tiers([("x", 1, 0, 0), ("y", 0, 0, 1)]) == [["x", "y"]]


def test_tiers_hold_a_unit_to_the_head_and_correct_for_their_number() -> None:
    ladder = [(f"u{n}", 400 - 30 * n, 300, 300 + 30 * n) for n in range(6)]
    assert tiers(ladder) == [["u0", "u1"], ["u2", "u3"], ["u4", "u5"]]
    pair = [("a", 120, 50, 80), ("b", 98, 52, 100)]
    assert nps_difference((120, 50, 80), (98, 52, 100)).p < 0.05
    assert tiers(pair) == [["a"], ["b"]]
    crowd = [(f"a{n}", 120, 50, 80) for n in range(9)]
    assert tiers([*crowd, pair[1]]) == [[key for key, *_ in crowd] + ["b"]]


def test_competition_rank() -> None:
    assert competition_rank([50, 70, 50, None, -3]) == [2, 1, 2, None, 4]
    assert competition_rank([]) == []


# Indices


def test_e1_ces() -> None:
    effort = ces([80, 210, 140, 110, 160, 180, 120])
    assert (effort.value, effort.n) == (4.08, 1000)
    assert effort.high - 4.08 == pytest.approx(4.08 - effort.low) == near(0.1187, 4)
    assert ces({1: 80, 2: 210, 3: 140, 4: 110, 5: 160, 6: 180, 7: 120}) == effort
    assert ces([0] * 7) == Estimate(None, None, None, 0)
    for wrong in ([1] * 5, [1] * 6 + [-1], {0: 1}):
        with pytest.raises(ValueError):
            ces(wrong)


def test_c1_acsi() -> None:
    assert acsi([8, 7, 6], [0.3885, 0.3190, 0.2925]) == near(67.73, 2)
    assert acsi([8, 7, 6], [1, 1, 1]) == near(66.67, 2)
    for wrong in (([8, 7], [1, 1]), ([8, 7, 11], [1, 1, 1]), ([8, 7, 6], [0, 0, 0]), ([8, 7, 6], [1, 1, -1])):
        with pytest.raises(ValueError):
            acsi(*wrong)


def test_c2_csi() -> None:
    weights, means = (7, 5, 9, 3, 6), (8, 4, 8, 3, 4)
    items = {str(n): (mean, weight) for n, (mean, weight) in enumerate(zip(means, weights, strict=True))}
    assert csi(items, (0, 10)) == near(60.33, 2)
    assert csi({"a": (5, 1), "b": (None, 3)}, (1, 5)) == 100
    assert csi({"a": (None, 1)}, (1, 5)) is None
    for wrong in ({"a": (6, 1)}, {"a": (5, -1)}, {"a": (5, 0)}, {"a": (math.nan, 1)}):
        with pytest.raises(ValueError):
            csi(wrong, (1, 5))
    with pytest.raises(ValueError, match="upward"):
        csi({"a": (5, 1)}, (5, 1))


def test_csi_of_renormalises_each_respondent() -> None:
    weights = {"price": 0.5, "staff": 0.3, "place": 0.2}
    responses = [
        {"price": 5, "staff": 3, "place": 1},  # 100·(0.5 + 0.3/2)
        {"price": 3, "place": 5},  # 100·(0.25 + 0.2)/0.7
        {"staff": 5, "place": 5},  # half of the weight: left out
        {"price": None},
    ]
    scores = [65.0, 45 / 0.7]
    index = csi_of(responses, weights, (1, 5))
    assert (index.value, index.n) == (pytest.approx(sum(scores) / 2), 2)
    assert csi_of([responses[2]], weights, (1, 5), min_weight_share=0.5).value == 100
    assert csi_of([], weights, (1, 5)) == Estimate(None, None, None, 0)


def test_csi_of_drops_an_item_that_nobody_answered() -> None:
    assert csi_of([{"a": 1, "b": 5}], {"a": 1, "b": 1, "c": 8}, (1, 5)) == Estimate(50, None, None, 1)
    exactly = {"a": 0.2, "b": 0.2, "c": 0.2, "d": 0.4}
    assert csi_of([{"a": 5, "b": 5, "c": 5}, {"d": 1}], exactly, (1, 5)).n == 1
    with pytest.raises(ValueError, match="no weight for"):
        csi_of([{"z": 1}], {"a": 1}, (1, 5))


def test_r1_revenue_at_risk() -> None:
    assert revenue_at_risk(291, 476, 395, 100) == {"short_term": 19_750, "long_term": 14_280, "growth": 8_730}
    for wrong in ((1, 1, 1, -1), (1, 1, 1, math.inf), (-1, 1, 1, 1), (10**10, 1, 1, 1e308)):
        with pytest.raises(ValueError):
            revenue_at_risk(*wrong)
