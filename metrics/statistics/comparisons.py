"""Comparisons: is a difference more than chance, and which units share a tier. Every p is two-sided."""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from scipy import special

from metrics.statistics.intervals import adjusted_nps, moments
from metrics.statistics.results import UNKNOWN, Alike, Estimate, Test, count_of, finite, positive

Key = TypeVar("Key")
Counts = tuple[int, int, int]  # promoters, passives, detractors
Sums = tuple[int, float, float]  # n, sum, sum of squares

SMALL_CELL = 5  # below so many expected in a cell the normal approximation is left for the exact test


def nps_difference(a: Counts, b: Counts) -> Test:
    """NPS of a minus NPS of b in points, tested on the adjusted values (measuringu); None where one has no answers.

    The difference is that of the unadjusted scores, which are the ones shown.
    """
    scores, centres, variance = [], [], 0.0
    for promoters, passives, detractors in (a, b):
        p, d = count_of(promoters, "promoters"), count_of(detractors, "detractors")
        n = p + count_of(passives, "passives") + d
        centre, own_variance = adjusted_nps(p, n, d)
        scores.append(100 * (p - d) / n if n else None)
        centres.append(centre)
        variance += own_variance
    if scores[0] is None or scores[1] is None:
        return UNKNOWN
    z = (centres[0] - centres[1]) / math.sqrt(variance)
    return Test(scores[0] - scores[1], z, two_sided(z))


def two_proportions(x1: int, n1: int, x2: int, n2: int) -> Test:
    """The difference of two independent shares, x1/n1 - x2/n2, by the pooled z test; None where one has no answers."""
    x1, n1, x2, n2 = _checked_shares(x1, n1, x2, n2)
    if n1 == 0 or n2 == 0:
        return UNKNOWN
    pooled = (x1 + x2) / (n1 + n2)
    error = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    difference = (x1 * n2 - x2 * n1) / (n1 * n2)
    z = difference / error if error else 0.0  # all alike in both: no difference, nothing to divide by
    return Test(difference, z, two_sided(z))


def compare_shares(x1: int, n1: int, x2: int, n2: int) -> Test:
    """As `two_proportions`, with Fisher's exact p where a cell expects fewer than five."""
    x1, n1, x2, n2 = _checked_shares(x1, n1, x2, n2)
    test, size, hits = two_proportions(x1, n1, x2, n2), n1 + n2, x1 + x2
    if test.p is None or min(hits, size - hits) * min(n1, n2) >= SMALL_CELL * size:
        return test
    x = np.arange(max(0, hits - n2), min(hits, n1) + 1)
    logs = -sum(special.gammaln(cell + 1) for cell in (x, n1 - x, hits - x, n2 - hits + x))
    ways = np.exp(logs - logs.max())
    as_rare = ways <= ways[x1 - x[0]] * (1 + 1e-7)  # tables as likely as this one count, in spite of rounding
    return Test(test.difference, test.z, min(float(ways[as_rare].sum() / ways.sum()), 1.0))


def same_rate(groups: Sequence[tuple[int, int]]) -> Alike:
    """Pearson's chi-square of successes × group, (successes, n) a group; None with fewer than two groups that hold anything.

    The smallest group is left out while a cell expects fewer than five (Cochran 1954); of the last two p is exact (Fisher).
    """
    checked = [_checked_shares(x, n, 0, 0)[:2] for x, n in groups]
    used = [index for index, (_, n) in enumerate(checked) if n]
    while len(used) > 2 and _least_expected([checked[index] for index in used]) < SMALL_CELL:
        used.remove(min(used, key=lambda index: (checked[index][1], index)))
    if len(used) < 2:
        return Alike(None, 0, None, tuple(used))
    kept = [checked[index] for index in used]
    if len(kept) == 2:
        test = compare_shares(*kept[0], *kept[1])
        return Alike((test.z or 0.0) ** 2, 1, test.p, tuple(used))
    share = sum(x for x, _ in kept) / sum(n for _, n in kept)
    chi_square = math.fsum((x - n * share) ** 2 / (n * share * (1 - share)) for x, n in kept)
    return Alike(chi_square, len(kept) - 1, float(special.chdtrc(len(kept) - 1, chi_square)), tuple(used))


def _least_expected(groups: Sequence[tuple[int, int]]) -> float:
    n, hits = sum(size for _, size in groups), sum(x for x, _ in groups)
    return min(size for _, size in groups) * min(hits, n - hits) / n


def poisson_rates(c1: int, e1: float, c2: int, e2: float) -> Test:
    """The difference of two rates of events, c1/e1 - c2/e2, by the pooled score test; None for zero exposure.

    Where fewer than five events are expected on a side, p is exact: given their sum, the events of the first side are
    binomial with the share e1/(e1 + e2) of the exposure (Przyborowski & Wilenski 1940), the smaller tail doubled.
    """
    c1, c2, e1, e2 = count_of(c1, "count"), count_of(c2, "count"), positive(e1, "exposure"), positive(e2, "exposure")
    if e1 == 0 or e2 == 0:
        return UNKNOWN
    events, share = c1 + c2, e1 / (e1 + e2)
    difference = finite(c1 / e1 - c2 / e2, "rate")
    if events == 0:
        return Test(0.0, 0.0, 1.0)
    spread = math.sqrt(events * share * (1 - share))
    if spread == 0:
        raise ValueError(f"exposures too far apart to compare: {e1}, {e2}")
    z = (c1 - events * share) / spread
    if events * min(share, 1 - share) >= SMALL_CELL:
        return Test(difference, z, two_sided(z))
    lower = float(special.bdtr(c1, events, share))
    upper = float(special.bdtrc(c1 - 1, events, share)) if c1 else 1.0
    return Test(difference, z, min(2 * lower, 2 * upper, 1.0))


def mean_difference(a: Sums, b: Sums) -> Test:
    """The difference of two means from (n, sum, sum of squares), by Welch's t test; `z` holds t.

    z and p are None when one side has fewer than two answers or when neither varies, for then nothing tells its error.
    """
    n_a, n_b = count_of(a[0], "n"), count_of(b[0], "n")
    (mean_a, variance_a), (mean_b, variance_b) = moments(n_a, a[1], a[2]), moments(n_b, b[1], b[2])
    if mean_a is None or mean_b is None:
        return UNKNOWN
    difference = mean_a - mean_b
    if variance_a is None or variance_b is None or variance_a + variance_b == 0:
        return Test(difference, None, None)
    error_a, error_b = variance_a / n_a, variance_b / n_b
    error = error_a + error_b
    freedom = 1 / ((error_a / error) ** 2 / (n_a - 1) + (error_b / error) ** 2 / (n_b - 1))
    t = difference / math.sqrt(error)
    return Test(difference, t, 2 * float(special.stdtr(freedom, -abs(t))))


def mean_gap(a: Sums, b: Sums, confidence: float = 0.95) -> Estimate:
    """The difference of two means from (n, sum, sum of squares) with Welch's interval; n: the answers of both."""
    n_a, n_b = count_of(a[0], "n"), count_of(b[0], "n")
    (mean_a, variance_a), (mean_b, variance_b) = moments(n_a, a[1], a[2]), moments(n_b, b[1], b[2])
    if mean_a is None or mean_b is None:
        return Estimate(None, None, None, n_a + n_b)
    gap = mean_a - mean_b
    if variance_a is None or variance_b is None or variance_a + variance_b == 0:
        return Estimate(gap, None, None, n_a + n_b)
    error_a, error_b = variance_a / n_a, variance_b / n_b
    error = error_a + error_b
    freedom = 1 / ((error_a / error) ** 2 / (n_a - 1) + (error_b / error) ** 2 / (n_b - 1))
    half = float(special.stdtrit(freedom, 0.5 + confidence / 2)) * math.sqrt(error)
    return Estimate(gap, gap - half, gap + half, n_a + n_b)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values adjusted for their number (Holm 1979), in the order given; compare each with the plain level."""
    values = [finite(p, "p") for p in p_values]
    if any(not 0 <= p <= 1 for p in values):
        raise ValueError("a p value lies between 0 and 1")
    adjusted, floor = [0.0] * len(values), 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        floor = max(floor, min((len(values) - rank) * values[index], 1.0))
        adjusted[index] = floor
    return adjusted


def tiers(groups: Sequence[tuple[Key, int, int, int]], level: float = 0.05) -> list[list[Key]]:
    """Rank units fairly by NPS: (key, promoters, passives, detractors) in, tiers of keys out, the best first.

    By value, highest first (ties keep their order), a tier starts with its head and a unit joins while it does not
    differ from the head; the next that differs heads the next tier. The p values of one head against all units below it
    are adjusted together (Holm). Units without answers have no rank and are left out.
    """
    ranked = sorted(
        ((100 * (group[1] - group[3]) / n, group) for group in groups if (n := _answers(group))),
        key=lambda scored: -scored[0],
    )
    below, found = [group for _, group in ranked], []
    while below:
        head, *rest = below
        adjusted = holm([nps_difference(head[1:], group[1:]).p or 0.0 for group in rest])
        n_same = next((index for index, p in enumerate(adjusted) if p < level), len(rest))
        found.append([group[0] for group in below[: n_same + 1]])
        below = rest[n_same:]
    return found


def competition_rank(values: Sequence[float | None]) -> list[int | None]:
    """The place of each value, highest first, equals sharing a place: 1, 2, 2, 4; None has no place."""
    known = sorted((finite(value, "value") for value in values if value is not None), reverse=True)
    places: dict[float, int] = {}
    for place, value in enumerate(known, start=1):
        places.setdefault(value, place)
    return [None if value is None else places[float(value)] for value in values]


def _answers(group: tuple[Key, int, int, int]) -> int:
    return sum(
        count_of(count, name) for count, name in zip(group[1:], ("promoters", "passives", "detractors"), strict=True)
    )


def _checked_shares(x1: int, n1: int, x2: int, n2: int) -> tuple[int, int, int, int]:
    x1, n1, x2, n2 = count_of(x1, "x1"), count_of(n1, "n1"), count_of(x2, "x2"), count_of(n2, "n2")
    if x1 > n1 or x2 > n2:
        raise ValueError(f"more successes than answers: {x1} of {n1}, {x2} of {n2}")
    return x1, n1, x2, n2


def two_sided(z: float) -> float:
    """p of a standard normal z, both tails."""
    return 2 * float(special.ndtr(-abs(z)))
