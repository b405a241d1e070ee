"""Estimates: a figure with the interval that belongs to it. Comparing two of them is for `comparisons`."""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cache

from scipy import special

from metrics.statistics.results import NOTHING, Estimate, count_of, finite, positive
from metrics.statistics.weights import effective_n


@cache
def normal_quantile(confidence: float) -> float:
    """The two-sided normal quantile, 1.959964 for 0.95; ValueError unless 0 < confidence < 1."""
    return float(special.ndtri(0.5 + _checked_confidence(confidence) / 2))


def nps(promoters: int, passives: int, detractors: int, confidence: float = 0.95) -> Estimate:
    """Net promoter score in points, -100..100, with the adjusted Wald interval, clipped.

    The interval adds ¾ promoter, 1½ passives and ¾ detractor (Rocks 2016, Am. Stat.; Lewis & Sauro 2021), so it keeps
    its width when all answers agree; the value is unadjusted.
    """
    p, n_passives, d = (
        count_of(promoters, "promoters"),
        count_of(passives, "passives"),
        count_of(detractors, "detractors"),
    )
    z = normal_quantile(confidence)
    n = p + n_passives + d
    if n == 0:
        return NOTHING
    centre, variance = adjusted_nps(p, n, d)
    return _nps_estimate(100 * (p - d) / n, centre, z * math.sqrt(variance), n)


def weighted_nps(weights: Sequence[float], scores: Sequence[int], confidence: float = 0.95, counts: Sequence[int] | None = None) -> Estimate:
    """NPS of weighted answers: 100·Σw·s/Σw, s = 1 promoter, 0 passive, -1 detractor; n counts the answers.

    The interval is that of `nps` with the effective size (Σw)²/Σw² for n. Σw = 0 gives value None. counts: how many answers
    bear each weight and score, one unless given.
    """
    if any(score not in (1, 0, -1) for score in scores):
        raise ValueError("a score is 1 (promoter), 0 (passive) or -1 (detractor)")
    z, n, effective, shares = normal_quantile(confidence), *_weighted(weights, scores, counts)
    if effective == 0:
        return Estimate(None, None, None, n)
    promoters, detractors = shares.get(1, 0.0), shares.get(-1, 0.0)
    centre, variance = adjusted_nps(promoters * effective, effective, detractors * effective)
    return _nps_estimate(100 * (promoters - detractors), centre, z * math.sqrt(variance), n)


def weighted_share(weights: Sequence[float], hits: Sequence[int], confidence: float = 0.95, counts: Sequence[int] | None = None) -> Estimate:
    """A share (0..1) of weighted answers: Σw·h/Σw, h = 1 or 0, with the Wilson interval of the effective size; n counts the answers.

    Σw = 0 gives value None. counts: how many answers bear each weight, one unless given.
    """
    if any(hit not in (0, 1) for hit in hits):
        raise ValueError("a hit is 1 or 0")
    z, n, effective, shares = normal_quantile(confidence), *_weighted(weights, hits, counts)
    if effective == 0:
        return Estimate(None, None, None, n)
    share = min(shares.get(1, 0.0), 1.0)
    low, high = _score_bounds(share * effective, effective, z)
    return Estimate(share, low, high, n)


def _weighted(weights: Sequence[float], scores: Sequence[int], counts: Sequence[int] | None) -> tuple[int, float, dict[int, float]]:
    """How many answers, their effective size, and the weighted share of each score."""
    each = [1] * len(weights) if counts is None else [count_of(n, "count") for n in counts]
    if not len(weights) == len(scores) == len(each):
        raise ValueError(f"{len(weights)} weights for {len(scores)} scores of {len(each)} counts")
    w = [positive(weight, "weight") for weight in weights]
    largest = max((one for one, n in zip(w, each, strict=True) if n), default=0.0)
    if largest == 0:
        return sum(each), 0.0, {}
    w = [weight / largest for weight in w]  # the scale of weights means nothing, and squares must not overflow
    total = math.fsum(n * weight for weight, n in zip(w, each, strict=True))
    shares = {
        score: math.fsum(n * weight for weight, one, n in zip(w, scores, each, strict=True) if one == score) / total for score in set(scores)
    }
    return sum(each), effective_n(w, each), shares


def adjusted_nps(promoters: float, n: float, detractors: float) -> tuple[float, float]:
    """The adjusted net share (-1..1) and the variance of it: [p + d - (p - d)²]/n' with n' = n + 3."""
    size = n + 3
    p, d = (promoters + 0.75) / size, (detractors + 0.75) / size
    return p - d, (p + d - (p - d) ** 2) / size


def wilson(successes: int, n: int, confidence: float = 0.95) -> Estimate:
    """A share (0..1) with the Wilson score interval (Newcombe 1998, Stat. Med. 17:857, method 3)."""
    x, size, z = count_of(successes, "successes"), count_of(n, "n"), normal_quantile(confidence)
    if x > size:
        raise ValueError(f"{x} successes of {size}")
    if size == 0:
        return NOTHING
    low, high = _score_bounds(x, size, z)
    return Estimate(x / size, low, high, size)


def _score_bounds(x: float, size: float, z: float) -> tuple[float, float]:
    share, z2 = x / size, z * z
    centre = (2 * x + z2) / (2 * (size + z2))
    margin = z * math.sqrt(z2 + 4 * x * (1 - share)) / (2 * (size + z2))
    low = 0.0 if x == 0 else max(centre - margin, 0.0)
    high = 1.0 if x == size else min(centre + margin, 1.0)
    return low, high


def mean_estimate(
    n: int,
    total: float,
    sum_of_squares: float,
    confidence: float = 0.95,
    low_clip: float | None = None,
    high_clip: float | None = None,
) -> Estimate:
    """A mean from the additive n, Σx and Σx², with Student's t interval, clipped to the ends of the scale if given.

    n = 0 has no value, n = 1 no interval, and none where all are equal: nothing tells their spread, and ±0 would claim certainty.
    ValueError when no n numbers can have these sums.
    """
    size = count_of(n, "n")
    _checked_confidence(confidence)
    mean, variance = moments(size, total, sum_of_squares)
    if mean is None or variance is None or all_equal(size, total, sum_of_squares):
        return Estimate(mean, None, None, size)
    margin = float(special.stdtrit(size - 1, 0.5 + confidence / 2)) * math.sqrt(variance / size)
    low, high = mean - margin, mean + margin
    return Estimate(
        mean,
        low if low_clip is None else max(low, low_clip),
        high if high_clip is None else min(high, high_clip),
        size,
    )


def all_equal(n: int, total: float, sum_of_squares: float) -> bool:
    """True when two or more numbers with these sums are one number, up to the rounding of the sums."""
    spread = Fraction(sum_of_squares) - Fraction(total) * Fraction(total) / n if n > 1 else Fraction(1)
    return spread <= abs(Fraction(sum_of_squares)) * Fraction(1, 10**12)


def moments(n: int, total: float, sum_of_squares: float) -> tuple[float | None, float | None]:
    """The mean and the sample variance (n - 1) from additive sums, in exact arithmetic; None where n is too small."""
    finite(total, "total"), finite(sum_of_squares, "sum of squares")
    sum_1, sum_2 = Fraction(total), Fraction(sum_of_squares)
    if n == 0:
        if sum_1 or sum_2:
            raise ValueError("sums without answers")
        return None, None
    spread = sum_2 - sum_1 * sum_1 / n
    # Sums of floats carry rounding; anything beyond it is a mistake of the caller.
    if spread < -abs(sum_2) * Fraction(1, 10**9) or sum_2 < 0:
        raise ValueError(f"no {n} numbers have the sum {total} and the sum of squares {sum_of_squares}")
    return float(sum_1 / n), None if n == 1 else float(max(spread, Fraction(0)) / (n - 1))


def poisson_rate(count: int, exposure: float, confidence: float = 0.95) -> Estimate:
    """Events per unit of exposure with the exact Poisson interval (Garwood 1936); n is the exposure, rounded down.

    Zero exposure gives value None, even with events.
    """
    events, size = count_of(count, "count"), positive(exposure, "exposure")
    tail = (1 - _checked_confidence(confidence)) / 2
    if size == 0:
        return NOTHING
    low = float(special.gammaincinv(events, tail)) if events else 0.0
    high = float(special.gammaincinv(events + 1, 1 - tail))
    rate, low, high = events / size, low / size, high / size
    if not (math.isfinite(rate) and math.isfinite(high)):
        raise ValueError(f"exposure is too small to divide by: {exposure!r}")
    return Estimate(rate, low, high, math.floor(size))


def sample_size(margin: float, variance: float = 1.0, confidence: float = 0.95) -> int:
    """Answers needed for an NPS margin of ±`margin` (a share: 0.05 is 5 points): z²s²/d² - 3, rounded up (measuringu).

    variance: s² of the scores 1, 0, -1, at most 1; margin in (0, 1].
    """
    d, s2, z = finite(margin, "margin"), finite(variance, "variance"), normal_quantile(confidence)
    if not 0 < d <= 1:
        raise ValueError(f"a margin is a share above 0 and up to 1: {margin!r}")
    if not 0 < s2 <= 1:
        raise ValueError(f"the variance of scores 1, 0, -1 is above 0 and at most 1: {variance!r}")
    needed = s2 * (z / d) ** 2 - 3
    if not math.isfinite(needed):
        raise ValueError(f"a margin too small to reach: {margin!r}")
    return max(math.ceil(needed), 1)


def _nps_estimate(value: float, centre: float, margin: float, n: int) -> Estimate:
    return Estimate(value, max(100 * (centre - margin), -100.0), min(100 * (centre + margin), 100.0), n)


def _checked_confidence(confidence: float) -> float:
    if not 0 < finite(confidence, "confidence") < 1:
        raise ValueError(f"confidence lies between 0 and 1: {confidence!r}")
    return float(confidence)
