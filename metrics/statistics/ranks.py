"""Fair ranks: each unit pulled towards the whole by as much as its own figure is chance. Tiers are in `comparisons`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from metrics.statistics.comparisons import competition_rank
from metrics.statistics.results import finite, positive

Key = TypeVar("Key")


@dataclass(frozen=True)
class Shrunk(Generic[Key]):
    """A unit's figure and what is left of it: kept is the share (0..1) of its distance from the mean that is believed."""

    key: Key
    value: float
    shrunk: float
    kept: float
    rank: int


def shrink(units: Sequence[tuple[Key, float, float]]) -> list[Shrunk[Key]]:
    """Empirical Bayes (Efron & Morris 1977): (key, value, variance of the value) in; by shrunk value, the best first.

    The spread between units is estimated by moments; with equal variances this is the James-Stein estimator about the
    mean, 1 - (k - 3)·σ²/Σ(y - ȳ)². With three units or fewer nothing is known of the spread, and all go to the mean.
    """
    rows = [(key, finite(value, "value"), positive(variance, "variance")) for key, value, variance in units]
    if not rows:
        return []
    k, mean = len(rows), math.fsum(value for _, value, _ in rows) / len(rows)
    between = _between(rows, mean)
    caution = max(k - 3, 0) / (k - 1) if k > 1 else 0.0
    found = []
    for key, value, variance in rows:
        chance = variance / (variance + between) if variance + between else 0.0
        kept = 1 - caution * chance if k > 3 else 0.0
        kept = 0.0 if between == 0 and k > 3 else kept
        found.append((key, value, mean + kept * (value - mean), kept))
    ranks = competition_rank([shrunk for _, _, shrunk, _ in found])
    made = [Shrunk(key, value, shrunk, kept, rank or 0) for (key, value, shrunk, kept), rank in zip(found, ranks, strict=True)]
    return sorted(made, key=lambda one: one.rank)


def _between(rows: Sequence[tuple[Key, float, float]], mean: float) -> float:
    """The variance between units beyond chance, never below 0."""
    if len(rows) < 2:
        return 0.0
    seen = math.fsum((value - mean) ** 2 for _, value, _ in rows) / (len(rows) - 1)
    return max(seen - math.fsum(variance for _, _, variance in rows) / len(rows), 0.0)
