"""Drawing a sample: the same seed and the same candidates give the same voices, on every machine. Pure."""

import hashlib
import uuid
from collections.abc import Sequence
from fractions import Fraction


def draw(candidates: Sequence[tuple[uuid.UUID, str]], n: int, seed: int, *, is_stratified: bool) -> list[uuid.UUID]:
    """`n` of the candidates (key, stratum), or all when there are fewer, in a shuffled order.

    Stratified: each stratum gives its share of n by largest remainder, at least one where n allows; so the sample looks
    like the whole, and figures from it need no weights.
    """
    order = sorted(candidates, key=lambda row: _lot(seed, row[0]))
    if not is_stratified or n >= len(order):
        return [key for key, _ in order[:n]]
    quota = _quota([stratum for _, stratum in order], n)
    taken: dict[str, int] = {}
    found = []
    for key, stratum in order:
        if taken.get(stratum, 0) < quota[stratum]:
            taken[stratum] = taken.get(stratum, 0) + 1
            found.append(key)
    return found


def _lot(seed: int, key: uuid.UUID) -> bytes:
    return hashlib.sha256(f"{seed}:{key}".encode()).digest()


def _quota(strata: Sequence[str], n: int) -> dict[str, int]:
    sizes = {stratum: strata.count(stratum) for stratum in sorted(set(strata))}
    shares = {stratum: Fraction(n * size, len(strata)) for stratum, size in sizes.items()}
    quota = {stratum: max(int(share), 1 if n >= len(sizes) else 0) for stratum, share in shares.items()}
    byrest = sorted(sizes, key=lambda stratum: (int(shares[stratum]) - shares[stratum], stratum))
    while sum(quota.values()) < n:
        for stratum in byrest:
            if sum(quota.values()) < n and quota[stratum] < sizes[stratum]:
                quota[stratum] += 1
    while sum(quota.values()) > n:
        largest = max(quota, key=lambda stratum: (quota[stratum] - shares[stratum], quota[stratum], stratum))
        quota[largest] -= 1
    return quota
