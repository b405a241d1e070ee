"""Indices: scores put together from parts, and the money that hangs on them. Their intervals come from `intervals`."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

from metrics.statistics.intervals import mean_estimate
from metrics.statistics.results import Estimate, count_of, finite, positive

CES_SCALE = 7
ACSI_SCALE = (1.0, 10.0)
# The published rule of thumb (SurveyMonkey): the share of a year's revenue that each kind of customer puts at stake.
SHORT_TERM_SHARE, LONG_TERM_SHARE, GROWTH_SHARE = Fraction(1, 2), Fraction(3, 10), Fraction(3, 10)


def csi(items: Mapping[str, tuple[float | None, float]], scale: tuple[float, float]) -> float | None:
    """Customer satisfaction index, 0..100: 100·Σwᵢ·(x̄ᵢ-min)/(max-min), weights made to sum to 1.

    items: name → (mean, weight); an item whose mean is None had no answers and drops out, never as 0; None when all do.
    """
    weights = {name: positive(weight, f"weight of {name}") for name, (_, weight) in items.items()}
    answered = {name: mean for name, (mean, _) in items.items() if mean is not None}
    _check_weights(weights)
    return _index(answered, weights, _checked_scale(scale))


def csi_of(
    responses: Sequence[Mapping[str, float | None]],
    weights: Mapping[str, float],
    scale: tuple[float, float],
    min_weight_share: float = 0.6,
) -> Estimate:
    """The mean of the respondents' own indices, 0..100, with the interval of a mean; n counts those who have one.

    Each respondent's weights are renormalised over what he or she answered, which must carry at least
    `min_weight_share` of the weight of the items that anyone answered. None is "not answered"; an item without a weight
    is refused.
    """
    bounds, share = _checked_scale(scale), finite(min_weight_share, "min_weight_share")
    if not 0 <= share <= 1:
        raise ValueError(f"min_weight_share lies between 0 and 1: {min_weight_share!r}")
    known = {name: positive(weight, f"weight of {name}") for name, weight in weights.items()}
    _check_weights(known)
    answers = [{name: value for name, value in response.items() if value is not None} for response in responses]
    if unknown := {name for answer in answers for name in answer} - known.keys():
        raise ValueError(f"no weight for {sorted(unknown)}")
    in_use = math.fsum(weight for name, weight in known.items() if any(name in answer for answer in answers))
    scores = []
    for answer in answers:
        score = _index(answer, known, bounds)
        # Weights are declared as decimals: three items of 0.2 are 60 %, whatever binary sums say.
        if score is not None and math.fsum(known[name] for name in answer) >= share * in_use * (1 - 1e-12):
            scores.append(score)
    squares = math.fsum(score * score for score in scores)
    return mean_estimate(len(scores), math.fsum(scores), squares, low_clip=0.0, high_clip=100.0)


def acsi(means: Sequence[float], weights: Sequence[float] = (1.0, 1.0, 1.0)) -> float:
    """ACSI-type index, 0..100, of three 1..10 means (overall, expectation met, near the ideal), weights normalised."""
    if len(means) != 3 or len(weights) != 3:
        raise ValueError("an ACSI-type index has three items")
    known = {str(place): positive(weight, "weight") for place, weight in enumerate(weights)}
    _check_weights(known)
    score = _index({str(place): mean for place, mean in enumerate(means)}, known, ACSI_SCALE)
    if score is None:
        raise ValueError("an ACSI-type index needs all three items")
    return score


def ces(counts: Sequence[int] | Mapping[int, int]) -> Estimate:
    """Customer effort score 2.0: the mean agreement 1..7 from the counts of 1, 2 … 7, with the interval of a mean.

    counts: seven of them in order, or {answer: count} without the answers that nobody gave.
    """
    if isinstance(counts, Mapping):
        if any(score not in range(1, CES_SCALE + 1) for score in counts):
            raise ValueError("an effort answer is 1 to 7")
        counts = [counts.get(score, 0) for score in range(1, CES_SCALE + 1)]
    if len(counts) != CES_SCALE:
        raise ValueError(f"an effort score needs {CES_SCALE} counts, not {len(counts)}")
    known = [(score, count_of(count, "count")) for score, count in enumerate(counts, start=1)]
    return mean_estimate(
        sum(count for _, count in known),
        sum(score * count for score, count in known),
        sum(score * score * count for score, count in known),
        low_clip=1.0,
        high_clip=float(CES_SCALE),
    )


def revenue_at_risk(promoters: int, passives: int, detractors: int, arpu: float) -> dict[str, float]:
    """Money at stake by the published rule of thumb, in the unit of `arpu`; to be printed as an assumption.

    short_term: detractors × 0.5; long_term: passives × 0.3; growth: promoters × 0.3; each × revenue per customer.
    """
    value = Fraction(positive(arpu, "arpu"))  # exact, so that whole amounts stay whole
    stakes = {
        "short_term": count_of(detractors, "detractors") * SHORT_TERM_SHARE * value,
        "long_term": count_of(passives, "passives") * LONG_TERM_SHARE * value,
        "growth": count_of(promoters, "promoters") * GROWTH_SHARE * value,
    }
    return {name: finite(stake, name) for name, stake in stakes.items()}


def _index(answers: Mapping[str, float], weights: Mapping[str, float], scale: tuple[float, float]) -> float | None:
    """100·Σw(x-min)/(max-min)/Σw over the answered items; None when they carry no weight."""
    low, high = scale
    for name, value in answers.items():
        if not low <= finite(value, name) <= high:
            raise ValueError(f"{name} is off the scale: {value!r}")
    weight = math.fsum(weights[name] for name in answers)
    if weight == 0:
        return None
    total = math.fsum(weights[name] * (float(value) - low) for name, value in answers.items())
    return min(100 * total / (weight * (high - low)), 100.0)


def _checked_scale(scale: tuple[float, float]) -> tuple[float, float]:
    low, high = finite(scale[0], "scale minimum"), finite(scale[1], "scale maximum")
    if low >= high:
        raise ValueError(f"a scale runs upward: {scale!r}")
    return low, high


def _check_weights(weights: Mapping[str, float]) -> None:
    if weights and math.fsum(weights.values()) == 0:
        raise ValueError("weights sum to 0")
