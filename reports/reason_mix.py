"""Are reasons led by the question? What surveys speak of beside what reviews speak of, topic by topic, unasked.

Shares of the analysed voices with words of each channel, of five on. A side below five mentions is hidden, a topic where both
are is left out: nobody is told apart. Associated, no more.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.db.models import Count, Exists, Func, OuterRef, Subquery

from cxms.lib.periods import Period
from feedback.models import Analysis, Feedback
from metrics import statistics
from metrics.series import Where
from metrics.statistics import Estimate
from reports.reasons import LEVEL, MIN_N, NOT_A_REASON, placed
from tenancy.enums import Channel

HIDDEN = Estimate(None, None, None, 0)
SIDES = (Channel.SURVEY.value, Channel.REVIEW.value)


@dataclass(frozen=True)
class Mixed:
    """A topic: its share (0..1) of the voices of surveys and of reviews, and how many voices speak of it; None where hidden.

    is_real: the shares differ, by Holm over all topics, also where one of them is hidden.
    """

    topic: str
    n_survey: int | None
    n_review: int | None
    survey: Estimate
    review: Estimate
    is_real: bool


def mix(*, organisation: int, period: Period, where: Where) -> list[Mixed]:
    """Topics of both, the largest difference first; empty when a side has fewer than five voices with analysed words."""
    survey, review = (_said(organisation, period, replace(where, channel=channel)) for channel in SIDES)
    n_survey, n_review = survey.pop("", 0), review.pop("", 0)
    if min(n_survey, n_review) < MIN_N:
        return []
    names = sorted(code for code in survey | review if code != NOT_A_REASON and max(survey[code], review[code]) >= MIN_N)
    tests = [statistics.compare_shares(survey[code], n_survey, review[code], n_review).p for code in names]
    adjusted = statistics.holm([1.0 if p is None else p for p in tests])
    rows = []
    for code, p in zip(names, adjusted, strict=True):
        (n_one, one), (n_other, other) = _side(survey[code], n_survey), _side(review[code], n_review)
        rows.append(Mixed(code, n_one, n_other, one, other, p < LEVEL))
    # by what is shown: the order tells no more than the rows
    return sorted(rows, key=lambda row: (-abs((row.survey.value or 0) - (row.review.value or 0)), row.topic))


def _side(said: int, n: int) -> tuple[int | None, Estimate]:
    return (None, HIDDEN) if said < MIN_N else (said, statistics.wilson(said, n))


def _said(organisation: int, period: Period, where: Where) -> Counter[str]:
    """How many counted voices with analysed words speak of each topic, nodes below them left out; "" counts them all."""
    rows = Feedback.objects.filter(
        organisation_id=organisation, local_day__gte=period.from_date, local_day__lt=period.to_date, channel=where.channel,
        deleted_at__isnull=True, excluded_at__isnull=True,
    ).exclude(text="")  # fmt: skip
    if where.touchpoint:
        rows = rows.filter(touchpoint__code=where.touchpoint)
    if where.staff:
        rows = rows.filter(staff__employee_no=where.staff)
    if where.tier:
        rows = rows.filter(customer__tier=where.tier)
    rows = placed(rows, where, "feedback_feedback", organisation=organisation)
    read = Analysis.objects.filter(organisation_id=organisation, is_current=True)
    n = rows.filter(Exists(read.filter(feedback_id=OuterRef("id")))).count()
    # the voices stay the outer table: where they hung is asked of it by name
    codes = rows.annotate(code=Func(Subquery(read.filter(feedback_id=OuterRef("id")).values("topic_codes")[:1]), function="unnest"))
    found: Mapping[str, int] = dict(codes.order_by().values_list("code").annotate(n=Count("id", distinct=True)))
    # as everywhere figures are cut by the topics of the house
    return Counter({"": n, **{code: m for code, m in found.items() if "/" not in code}})
