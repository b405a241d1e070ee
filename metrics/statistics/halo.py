"""The halo check: does perceived speed still go with the whole once attitude is held still? Associated with, never caused by."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import special

from metrics.statistics.results import Estimate, finite

LEAST = 50  # as for drivers
LEVEL = 0.05
TINY = 1e-12


@dataclass(frozen=True)
class Halo:
    """plain: r of x and y; partial: r of x and y given z; p: of the partial one, two-sided.

    verdict: too_few (below fifty complete answers), constant (something never varies, or x is z over again), halo (the plain
    one differs from 0, the partial one does not), holds (the partial one differs from 0), none (not even the plain one does).
    """

    n: int
    plain: Estimate
    partial: Estimate
    p: float | None
    verdict: str


def partial_correlation(x: Sequence[float], y: Sequence[float], given: Sequence[float]) -> Halo:
    """Pearson's r of x and y, plain and given a third, with Fisher's z intervals (n − 3 and n − 4); complete rows in, of equal length.

    Below fifty rows nothing is told but their number. ValueError for unequal lengths and what is no number.
    """
    columns = [[finite(value, name) for value in values] for name, values in (("x", x), ("y", y), ("given", given))]
    n = len(columns[0])
    if any(len(column) != n for column in columns):
        raise ValueError("x, y and given need the same number of values")
    nothing = Estimate(None, None, None, n)
    if n < LEAST:
        return Halo(n, nothing, nothing, None, "too_few")
    xy, xz, yz = (_r(columns[a], columns[b]) for a, b in ((0, 1), (0, 2), (1, 2)))
    if xy is None or xz is None or yz is None:
        return Halo(n, nothing, nothing, None, "constant")
    plain, left = _interval(xy, n, 0), (1 - xz * xz) * (1 - yz * yz)
    if left <= TINY:
        return Halo(n, plain, nothing, None, "constant")
    partial = _interval(max(-1.0, min(1.0, (xy - xz * yz) / math.sqrt(left))), n, 1)
    verdict = "holds" if _is_off_zero(partial) else "halo" if _is_off_zero(plain) else "none"
    return Halo(n, plain, partial, _p(partial.value or 0.0, n - 3), verdict)


def _r(a: Sequence[float], b: Sequence[float]) -> float | None:
    mean_a, mean_b = math.fsum(a) / len(a), math.fsum(b) / len(b)
    aa, bb = math.fsum((v - mean_a) ** 2 for v in a), math.fsum((v - mean_b) ** 2 for v in b)
    if min(a) == max(a) or min(b) == max(b) or aa * bb <= 0:
        return None
    return max(-1.0, min(1.0, math.fsum((v - mean_a) * (w - mean_b) for v, w in zip(a, b, strict=True)) / math.sqrt(aa * bb)))


def _interval(r: float, n: int, n_given: int) -> Estimate:
    if abs(r) >= 1:
        return Estimate(r, r, r, n)
    centre, spread = math.atanh(r), 1.959964 / math.sqrt(n - 3 - n_given)
    return Estimate(r, math.tanh(centre - spread), math.tanh(centre + spread), n)


def _is_off_zero(estimate: Estimate) -> bool:
    return (estimate.low or 0.0) > 0 or (estimate.high or 0.0) < 0


def _p(r: float, freedom: int) -> float:
    """Two-sided, of t = r·√(freedom ÷ (1 − r²))."""
    if abs(r) >= 1:
        return 0.0
    return 2 * float(special.stdtr(freedom, -abs(r) * math.sqrt(freedom / (1 - r * r))))
