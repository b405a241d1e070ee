"""Weighting, shrunk ranks, Laney and u charts, importance, the iceberg: published numbers, hand sums, and what must hold."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from metrics.statistics import (
    bootstrap,
    broken_rules,
    ces,
    cohens_kappa,
    effective_n,
    iceberg,
    inflation,
    ipa,
    laney_p,
    laney_u,
    overdispersion,
    p_chart,
    rake,
    shrink,
    stakes,
    u_chart,
    weighted_nps,
    wilson,
)
from tests.metrics.test_statistics_charts import CARS, MPG


def near(value: Any, digits: int) -> Any:
    return pytest.approx(value, abs=0.5 * 10**-digits)


# 18 batters of 1970 after 45 at bats (Efron & Morris 1977, Scientific American)
BATTERS = [400, 378, 356, 333, 311, 311, 289, 267, 244, 244, 222, 222, 222, 222, 222, 200, 178, 156]


def test_shrunk_ranks_are_efron_and_morris() -> None:
    mean = sum(BATTERS) / 18000
    units = [(f"b{n}", value / 1000, mean * (1 - mean) / 45) for n, value in enumerate(BATTERS)]
    found = {one.key: one for one in shrink(units)}
    assert found["b0"].kept == near(0.212, 2)
    assert (found["b0"].shrunk, found["b16"].shrunk) == (near(0.294, 3), near(0.247, 3))
    assert [found[f"b{n}"].rank for n in (0, 4, 5, 6, 17)] == [1, 5, 5, 7, 18]


def test_a_small_unit_does_not_lead_by_chance() -> None:
    units = [("lucky", 60.0, 400.0), ("sure", 50.0, 4.0), *[(f"u{n}", 10.0 + n * 5, 4.0) for n in range(6)]]
    found = shrink(units)
    assert [one.key for one in found][:2] == ["sure", "lucky"]
    assert shrink([]) == []
    assert {one.shrunk for one in shrink([("a", 1.0, 1.0), ("b", 3.0, 1.0)])} == {2.0}
    assert {one.shrunk for one in shrink([(n, float(n % 2), 9.0) for n in range(6)])} == {0.5}


def test_raking_meets_both_margins() -> None:
    rows = [{"sex": "f", "age": "old"}] * 10 + [{"sex": "f", "age": "young"}] * 30
    rows += [{"sex": "m", "age": "old"}] * 40 + [{"sex": "m", "age": "young"}] * 20
    found = rake(rows, {"sex": {"f": 0.5, "m": 0.5}, "age": {"old": 40, "young": 60}})
    share = {v: sum(w for w, r in zip(found.values, rows, strict=True) if v in r.values()) / 100 for v in ("f", "old")}
    assert (share, found.is_converged) == ({"f": near(0.5, 6), "old": near(0.4, 6)}, True)
    # the odds ratio of the cells is that of the answers (Deming & Stephan)
    cell = {i: found.values[i] for i in (0, 10, 40, 80)}
    assert cell[0] * cell[80] / (cell[10] * cell[40]) == pytest.approx(1)
    assert found.effective_n == pytest.approx(100**2 / sum(w * w for w in found.values))
    one = rake([{"s": "a"}] * 3 + [{"s": "b"}], {"s": {"a": 0.5, "b": 0.5}})
    assert (one.values, one.effective_n) == ([pytest.approx(2 / 3)] * 3 + [2.0], pytest.approx(3.0))
    assert weighted_nps(one.values, [1, 1, 1, -1]).value == pytest.approx(0)


def test_raking_is_capped_and_says_so() -> None:
    found = rake([{"s": "a"}] * 99 + [{"s": "b"}], {"s": {"a": 0.5, "b": 0.5}}, cap=5)
    assert (found.is_converged, found.n_capped) == (False, 1)
    assert max(found.values) / min(found.values) < 11
    for wrong in (({"s": {"a": 1}}, 5), ({"s": {"a": 1, "b": 1, "c": 1}}, 5), ({"s": {"a": 1, "b": -1}}, 5), ({"s": {"a": 1, "b": 1}}, 1)):
        with pytest.raises(ValueError):
            rake([{"s": "a"}, {"s": "b"}], *wrong)
    assert rake([], {}).effective_n == 0


@given(st.lists(st.floats(0, 1e6), max_size=30))
def test_the_effective_n_is_never_more_than_n(weights: list[float]) -> None:
    assert 0 <= effective_n(weights) <= len(weights) * (1 + 1e-9)


# Charts


def test_u_chart_follows_each_exposure() -> None:
    chart = u_chart([10, 12, 30, 0], [1000, 1000, 1000, 0])
    assert chart.centre == pytest.approx(52 / 3000)
    assert chart.upper[:2] == [pytest.approx(52 / 3000 + 3 * math.sqrt(52 / 3000 / 1000))] * 2
    assert (chart.upper[3], chart.signals) == (None, [2])
    assert u_chart([5, 20], [100, 400], u_bar=0.05).lower == [0, pytest.approx(0.05 - 3 * math.sqrt(0.05 / 400))]
    assert u_chart([1], [0]).centre is None


def test_laney_widens_what_large_samples_make_too_narrow() -> None:
    """p limits of 50,000 a period signal nearly every one; p' limits are those of the z scores' moving range."""
    random = np.random.default_rng(7)
    n = [50_000] * 24
    hits = [int(50_000 * share) for share in random.normal(0.10, 0.01, 24)]
    plain, wide = p_chart(hits, n), laney_p(hits, n)
    assert len(plain.signals) > 12 and wide.signals == []
    error = math.sqrt(plain.centre * (1 - plain.centre) / 50_000)
    z = [(hit / 50_000 - plain.centre) / error for hit in hits]
    sigma_z = sum(abs(b - a) for a, b in zip(z, z[1:], strict=False)) / 23 / 1.128
    assert wide.upper[0] == pytest.approx(plain.centre + 3 * error * sigma_z)
    assert laney_p(hits, n, p_bar=0.1, sigma_z=1.0).upper[0] == pytest.approx(p_chart(hits, n, p_bar=0.1).upper[0])
    assert laney_u([5, 9, 4], [100, 100, 100], sigma_z=1.0) == u_chart([5, 9, 4], [100, 100, 100])
    assert laney_u([5], [100]).upper == [None]


def test_overdispersion_is_the_chi_square_of_the_table() -> None:
    hits, n = [40, 44, 22, 34, 24, 32, 28, 32, 34, 30], [200] * 10
    table = np.array([hits, [200 - hit for hit in hits]])
    assert overdispersion(hits, n) == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)
    assert overdispersion([1], [2]) is overdispersion([0, 0], [2, 2]) is None


@pytest.mark.parametrize(
    ("values", "rules", "found"),
    [
        ([0] * 5 + [3.1], ("beyond", "run"), ["beyond"]),
        ([0] * 5 + [3.0], ("beyond", "run"), []),
        ([1] * 7, ("run",), []),
        ([1] * 8, ("run",), ["run"]),
        ([1] * 9, ("run",), []),
        ([1] * 16, ("run",), ["run"]),
        ([-1] + [1] * 4 + [None] + [1] * 4, ("run",), ["run"]),
        ([2.1, 0, 2.1], ("two_of_three",), ["two_of_three"]),
        ([2.1, 2.1, 0], ("two_of_three",), []),
        ([-2.1, 0, 2.1], ("two_of_three",), []),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], ("trend",), ["trend"]),
        ([0.1, 0.2, 0.3, 0.3, 0.5, 0.6], ("trend",), []),
        ([0.2, 0.3, 0.4, 0.5, 0.6], ("trend",), []),
        ([9, 9, None], ("beyond", "run"), []),
        ([0, 0], ("beyond", "run"), []),
    ],
)
def test_rules(values: list[Any], rules: tuple[str, ...], found: list[str]) -> None:
    assert broken_rules(values, 0.0, [1.0] * len(values), rules) == found
    with pytest.raises(ValueError):
        broken_rules([1], 0, [1], ["nelson"])


# Importance

# mean importance and performance of fourteen attributes of car dealers, 284 answers (Martilla & James 1977)
DEALERS = [
    (3.83, 2.63), (3.63, 2.73), (3.60, 3.15), (3.56, 3.00), (3.41, 3.05), (3.41, 3.29), (3.38, 3.03),
    (3.37, 3.11), (3.29, 2.00), (3.27, 3.02), (2.52, 2.25), (2.43, 2.49), (2.37, 2.35), (2.05, 3.33),
]  # fmt: skip


def test_importance_and_performance_of_martilla_and_james() -> None:
    found = ipa({str(n): pair for n, pair in enumerate(DEALERS, start=1)})
    by = {name: [k for k, q in found.quadrants.items() if q == name] for name in set(found.quadrants.values())}
    assert by == {
        "concentrate": ["1", "2", "9"], "keep_up": ["3", "4", "5", "6", "7", "8", "10"], "low_priority": ["11", "12", "13"], "overkill": ["14"],
    }  # fmt: skip
    assert (found.importance, found.performance) == (near(3.1514, 4), near(2.8164, 4))
    line = ipa({"on": (2, 2), "a": (1, 1), "b": (3, 3)})
    assert line.quadrants["on"] == "keep_up"
    assert ipa({"a": (1, 5)}, at=(2, 6)).quadrants == {"a": "low_priority"}
    assert ipa({}).quadrants == {}


def test_bootstrap_covers_the_weight_and_repeats_itself() -> None:
    found = bootstrap(MPG, CARS, n_resamples=200, seed=1)
    assert found == bootstrap(MPG, CARS, n_resamples=200, seed=1)
    assert all(low < weight < high for (low, high), weight in zip(found.values(), (0.2284797, 0.2221469, 0.2321744, 0.0963886), strict=True))
    assert bootstrap([1] * 32, CARS) == {}


def test_inflation_is_one_over_one_minus_r_squared() -> None:
    found = inflation({**CARS, "flat": [1] * 32})
    others = np.column_stack([np.ones(32), *[CARS[name] for name in ("cyl", "hp", "gear")]])
    fit = others @ np.linalg.lstsq(others, np.array(CARS["disp"]), rcond=None)[0]
    r_squared = np.corrcoef(fit, CARS["disp"])[0, 1] ** 2
    assert found["disp"] == pytest.approx(1 / (1 - r_squared))
    assert found["flat"] is None
    assert inflation({"a": [1, 2, 3], "b": [2, 4, 6]}) == {"a": None, "b": None}


# What does not reach us


def test_the_iceberg() -> None:
    assumed = iceberg(40)
    assert (assumed.hidden, assumed.low, assumed.high, assumed.basis) == (1000, 40, 1000, "assumed")
    own = iceberg(40, problems=200, complained=50)
    share = wilson(50, 200)
    assert (own.multiplier, own.hidden, own.basis, own.n) == (4, 120, "own", 200)
    assert (own.low, own.high) == (pytest.approx(40 * (1 / share.high - 1)), pytest.approx(40 * (1 / share.low - 1)))
    assert iceberg(40, problems=99, complained=30).basis == "assumed"
    assert iceberg(40, problems=100, complained=0).basis == "assumed"
    for wrong in ((-1,), (1, 5, 6), (1, 0, 0, 0.5)):
        with pytest.raises(ValueError):
            iceberg(*wrong)


def test_stakes_are_our_own_from_two_hundred_linked() -> None:
    found = stakes({"detractor": 39_500, "passive": 47_600}, {"detractor": (60, 200), "passive": (60, 199)})
    assert (found["detractor"].amount, found["detractor"].basis) == (pytest.approx(11_850), "own")
    assert (found["passive"].amount, found["passive"].low, found["passive"].basis) == (pytest.approx(14_280), None, "assumed")
    assert found["detractor"].low == pytest.approx(39_500 * wilson(60, 200).low)


def test_x1_a_source_whose_counts_and_sums_disagree() -> None:
    """cys.group's 5-point example prints 2820/1000 = 2.82; its own counts sum to 1010 and 3020. Nothing of ours takes it."""
    with pytest.raises(ValueError):
        ces([150, 230, 240, 200, 190])


# two raters, two answers: κ, large-sample error and interval as published by statpsych's ci.kappa (Fleiss & Paik 2003) and by
# Stata's kapci (Statalist 2009-12, message 320)
KAPPAS = [
    ([[31, 12], [4, 58]], 0.6756757, 0.07344761, 0.5317210, 0.8196303),
    ([[1395, 118], [261, 158]], 0.3411969207847029, 0.0262913719660408, 0.2896667786271169, 0.3927270629422889),
]


@pytest.mark.parametrize(("table", "kappa", "error", "low", "high"), KAPPAS)
def test_kappa_is_the_published_one(table, kappa, error, low, high):
    found = cohens_kappa(table)
    assert (found.kappa, found.error, found.low, found.high) == tuple(near(value, 7) for value in (kappa, error, low, high))
    assert found.n == sum(map(sum, table))
    turned = cohens_kappa([list(row) for row in zip(*table, strict=True)])
    assert turned.kappa == pytest.approx(found.kappa, abs=1e-12)


def test_kappa_knows_what_it_cannot_say():
    assert cohens_kappa([]).kappa is None
    assert cohens_kappa([[0, 0], [0, 0]]).n == 0
    same = cohens_kappa([[9, 0], [0, 0]])
    assert (same.kappa, same.observed, same.n) == (None, 1.0, 9)
    perfect = cohens_kappa([[5, 0], [0, 4]])
    assert (perfect.kappa, perfect.high) == (1.0, 1.0)
    assert cohens_kappa([[0, 5], [5, 0]]).kappa == -1.0
    assert cohens_kappa([[25, 25], [25, 25]]).kappa == 0.0
    with pytest.raises(ValueError, match="square"):
        cohens_kappa([[1, 2]])
    with pytest.raises(ValueError, match="cell"):
        cohens_kappa([[1, -1], [0, 1]])


# kappa from Wilson's 95 % interval of the observed agreement by hand: 2 of 2 is .3424 to 1, chance .5 → (.3424 - .5)/.5; 3 of 6
# is .1876 to .8124; 60 of 60 is .9398 to 1
SURE = [([[1, 0], [0, 1]], 1.0, -0.31524, 1.0), ([[3, 3], [0, 0]], 0.0, -0.62478, 0.62478), ([[0, 3], [3, 0]], -1.0, -1.0, -0.21933), ([[30, 0], [0, 30]], 1.0, 0.87966, 1.0)]


@pytest.mark.parametrize(("table", "kappa", "low", "high"), SURE)
def test_few_or_all_alike_are_never_sure(table, kappa, low, high):
    found = cohens_kappa(table)
    assert (found.kappa, found.low, found.high) == (kappa, pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


@given(st.lists(st.lists(st.integers(0, 40), min_size=3, max_size=3), min_size=3, max_size=3))
def test_kappa_is_never_better_than_perfect_nor_nan(table):
    found = cohens_kappa(table)
    if found.kappa is not None:
        assert -1 <= found.low <= found.kappa + 1e-12 and found.kappa - 1e-12 <= found.high <= 1
        assert found.low < found.high
