"""What does not reach us: how many unhappy customers stay silent, and the money that may leave with them.

Every figure names its basis: the organisation's own data where there are enough, else a published rule, printed as an assumption.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from metrics.statistics.indices import GROWTH_SHARE, LONG_TERM_SHARE, SHORT_TERM_SHARE
from metrics.statistics.intervals import moments, normal_quantile, wilson
from metrics.statistics.results import Estimate, count_of, finite, positive

# one who complains stands for 26 who do not (TARP); from half (front line) to one in 25 (head office, small tickets)
ICEBERG, ICEBERG_LOW, ICEBERG_HIGH = 26.0, 2.0, 25.0
OWN_FROM = 100
LINKED_FROM = 200
RULE_OF_THUMB = {"detractor": float(SHORT_TERM_SHARE), "passive": float(LONG_TERM_SHARE), "promoter": float(GROWTH_SHARE)}


@dataclass(frozen=True)
class Iceberg:
    """How many are unhappy and silent, with a band. multiplier: unhappy customers for each who complains; basis: own, assumed."""

    hidden: float
    low: float | None
    high: float | None
    multiplier: float
    basis: str
    n: int


def iceberg(complaints: int, problems: int = 0, complained: int = 0, multiplier: float = ICEBERG) -> Iceberg:
    """complaints × (m - 1). From 100 respondents who report a problem, m is problems/complained with Wilson's interval.

    problems: respondents of our own surveys who had one; complained: how many of those told us. None complained: no upper end.
    """
    n, hits = count_of(problems, "problems"), count_of(complained, "complained")
    cases, m = count_of(complaints, "complaints"), finite(multiplier, "multiplier")
    if m < 1 or hits > n:
        raise ValueError("a multiplier is 1 or more, and who complained had a problem")
    if n < OWN_FROM or hits == 0:
        return Iceberg(cases * (m - 1), cases * (ICEBERG_LOW - 1), cases * (max(ICEBERG_HIGH, m) - 1), m, "assumed", n)
    share = wilson(hits, n)
    own = n / hits
    low, high = (1 / share.high if share.high else 1.0), (1 / share.low if share.low else None)
    return Iceberg(cases * (own - 1), cases * (low - 1), None if high is None else cases * (high - 1), own, "own", n)


@dataclass(frozen=True)
class Stake:
    """Money that may leave with one kind of customer, in the unit of the values. basis: own or assumed."""

    amount: float
    low: float | None
    high: float | None
    share: float
    basis: str
    n: int


def stakes(values: Mapping[str, float], left: Mapping[str, tuple[int, int]]) -> dict[str, Stake]:
    """Σ value × P(leaves | kind), for detractor, passive and promoter.

    values: what the named customers of each kind are worth a year; left: kind → (how many left, how many linked). P is
    our own where 200 or more are linked, with Wilson's interval; otherwise the published rule of thumb.
    """
    found = {}
    for kind, value in values.items():
        worth, (gone, linked) = positive(value, kind), left.get(kind, (0, 0))
        if linked >= LINKED_FROM:
            own = wilson(gone, linked)
            share = own.value or 0.0
            found[kind] = Stake(worth * share, worth * (own.low or 0.0), worth * (own.high or 0.0), share, "own", linked)
        else:
            share = RULE_OF_THUMB[kind]
            found[kind] = Stake(worth * share, None, None, share, "assumed", linked)
    return found


def lifetime_value(spent: tuple[int, float, float], left: int, linked: int, years: float, confidence: float = 0.95) -> Estimate:
    """What a customer is worth until he leaves: ARPU ÷ churn, both of one window. n: the linked customers.

    spent: (n, Σ, Σ²) of a year's spending; left of linked: who was gone after a window of so many years. The interval is by the
    delta method on the logarithm, var ln = s²/(n·x̄²) + (1 − c)/(m·c), spending and leaving taken as independent. None where nobody
    left or nobody spent: then nothing bounds it.
    """
    gone, m = count_of(left, "left"), count_of(linked, "linked")
    if gone > m or positive(years, "years") == 0:
        raise ValueError(f"{left} of {linked} left in {years} years")
    mean, variance = moments(count_of(spent[0], "n"), spent[1], spent[2])
    if not mean or mean < 0 or variance is None or gone == 0:
        return Estimate(None, None, None, m)
    churn = gone / m
    value = mean * years / churn
    half = normal_quantile(confidence) * math.sqrt(variance / (spent[0] * mean * mean) + (1 - churn) / (m * churn))
    return Estimate(value, value * math.exp(-half), value * math.exp(half), m)
