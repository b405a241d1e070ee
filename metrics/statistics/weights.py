"""Weighting: making the answers speak for those who were asked. What a weight costs in certainty is the effective n."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metrics.statistics.results import count_of, finite, positive

MOST_ROUNDS = 200
CLOSE = 1e-9
CAP = 5.0


@dataclass(frozen=True)
class Weights:
    """A weight per row that stands for an answer, their mean over answers 1. effective_n: (Σw)²/Σw²; n_capped: how many stand at the cap."""

    values: list[float]
    effective_n: float
    n_capped: int
    n_rounds: int
    is_converged: bool


def rake(
    rows: Sequence[Mapping[str, str]], targets: Mapping[str, Mapping[str, float]], cap: float = CAP, counts: Sequence[int] | None = None
) -> Weights:
    """Raking (iterative proportional fitting, Deming & Stephan 1940): weights whose shares meet every target.

    rows: one answer each, {dimension: value}; targets: {dimension: {value: share}}, shares made to sum to 1. One dimension
    is post-stratification. A weight is held within 1/cap..cap; targets that this keeps from being met give
    is_converged False. counts: how many equal answers each row stands for, one unless given; n_capped counts answers.
    ValueError: a value without a target, or a target that nobody answered for.
    """
    if finite(cap, "cap") <= 1:
        raise ValueError(f"a cap lies above 1: {cap!r}")
    each = _counts(counts, len(rows))
    if 0 in each:
        raise ValueError("a row stands for one answer at least")
    if not rows:
        return Weights([], 0.0, 0, 0, True)
    wanted = {name: _shares(name, shares, rows) for name, shares in targets.items()}
    weights, n, n_rounds, off = [1.0] * len(rows), sum(each), 0, math.inf
    while n_rounds < MOST_ROUNDS and off > CLOSE:
        n_rounds += 1
        for name, shares in wanted.items():
            sums = _sums(rows, name, weights, each)
            weights = [w * shares[row[name]] * n / sums[row[name]] for w, row in zip(weights, rows, strict=True)]
        weights = _mean_one([min(max(w, 1 / cap), cap) for w in weights], each)
        off = max((abs(_sums(rows, name, weights, each)[v] / n - share) for name, shares in wanted.items() for v, share in shares.items()), default=0.0)
    n_capped = sum(k for w, k in zip(weights, each, strict=True) if w >= cap * (1 - 1e-9) or w <= (1 + 1e-9) / cap)
    return Weights(weights, effective_n(weights, each), n_capped, n_rounds, off <= CLOSE)


def effective_n(weights: Sequence[float], counts: Sequence[int] | None = None) -> float:
    """(Σw)²/Σw²: how many unweighted answers tell as much (Kish 1965); 0 where the weights sum to 0.

    counts: how many answers bear each weight, one unless given.
    """
    w, each = [positive(weight, "weight") for weight in weights], _counts(counts, len(weights))
    largest = max((one for one, n in zip(w, each, strict=True) if n), default=0.0)
    if largest == 0:
        return 0.0
    w = [one / largest for one in w]
    return math.fsum(n * one for n, one in zip(each, w, strict=True)) ** 2 / math.fsum(n * one * one for n, one in zip(each, w, strict=True))


def _counts(counts: Sequence[int] | None, size: int) -> list[int]:
    if counts is None:
        return [1] * size
    if len(counts) != size:
        raise ValueError(f"{len(counts)} counts for {size} rows")
    return [count_of(n, "count") for n in counts]


def _shares(name: str, shares: Mapping[str, float], rows: Sequence[Mapping[str, str]]) -> dict[str, float]:
    found = {value: positive(share, f"target of {name} {value}") for value, share in shares.items()}
    total, seen = math.fsum(found.values()), {row[name] for row in rows}
    if unknown := seen - found.keys():
        raise ValueError(f"no target for {name} {sorted(unknown)}")
    if missing := {value for value, share in found.items() if share} - seen:
        raise ValueError(f"nobody answered for {name} {sorted(missing)}")
    return {value: share / total for value, share in found.items() if value in seen}


def _sums(rows: Sequence[Mapping[str, str]], name: str, weights: Sequence[float], counts: Sequence[int]) -> dict[str, float]:
    found: dict[str, float] = {}
    for row, weight, n in zip(rows, weights, counts, strict=True):
        found[row[name]] = found.get(row[name], 0.0) + n * weight
    return found


def _mean_one(weights: Sequence[float], counts: Sequence[int]) -> list[float]:
    scale = sum(counts) / math.fsum(n * weight for n, weight in zip(counts, weights, strict=True))
    return [weight * scale for weight in weights]
