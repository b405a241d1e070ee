"""What a topic does to NPS: the score of all answers minus the score of those that do not speak of it."""

import math

from metrics.statistics.comparisons import two_sided
from metrics.statistics.intervals import normal_quantile
from metrics.statistics.results import Estimate

Counts = tuple[int, int, int]  # promoters, passives, detractors


def nps_impact(mentioners: Counts, everyone: Counts, confidence: float = 0.95) -> Estimate:
    """NPS impact points: NPS − NPS without mentioners, with its interval; n: the mentioners. None where nobody is left.

    It is w·(m − r): the share who mention, times the gap between their score and the others'. The interval is the delta
    method's, the three being independent; half an answer is added to each cell so that zero has a width.
    """
    if min(mentioners) < 0 or any(part > whole for part, whole in zip(mentioners, everyone, strict=True)):
        raise ValueError("mentioners are part of everyone")
    rest = tuple(whole - part for part, whole in zip(mentioners, everyone, strict=True))
    n_mentioners, n_rest = sum(mentioners), sum(rest)
    if not n_mentioners or not n_rest:
        return Estimate(None, None, None, n_mentioners)
    n = n_mentioners + n_rest
    share = n_mentioners / n
    gap = 100 * (mentioners[0] - mentioners[2]) / n_mentioners - 100 * (rest[0] - rest[2]) / n_rest
    (m, var_m), (r, var_r) = _moments(mentioners), _moments((rest[0], rest[1], rest[2]))
    variance = (100 * (m - r)) ** 2 * share * (1 - share) / n + (100 * share) ** 2 * (var_m / n_mentioners + var_r / n_rest)
    spread = normal_quantile(confidence) * math.sqrt(variance)
    return Estimate(share * gap, share * gap - spread, share * gap + spread, n_mentioners)


def nps_impact_p(impact: Estimate, confidence: float = 0.95) -> float:
    """Two-sided p that an impact is nought, from its own interval; 1 where there is none."""
    if impact.value is None or impact.low is None or impact.high is None or impact.high <= impact.low:
        return 1.0
    error = (impact.high - impact.low) / (2 * normal_quantile(confidence))
    return two_sided(impact.value / error)


def _moments(counts: Counts) -> tuple[float, float]:
    """Mean and variance of an answer as +1, 0, −1, with half an answer more in each cell."""
    n = sum(counts) + 1.5
    promoters, detractors = (counts[0] + 0.5) / n, (counts[2] + 0.5) / n
    mean = promoters - detractors
    return mean, promoters + detractors - mean**2
