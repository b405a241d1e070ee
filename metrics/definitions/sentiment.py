"""情感: the mean feeling of what customers wrote, -1 to 1."""

from django.utils.translation import gettext_lazy as _

from metrics.definitions import means
from metrics.definitions.definition import Definition, Read

MEASURES = {
    "n": "count(*)",
    "sum": "sum(sentiment_score)",
    "sum_of_squares": "sum(sentiment_score * sentiment_score)",
}

DEFINITION = Definition(
    code="sentiment",
    label=_("情感"),
    unit="−1..1",
    direction=1,
    decimals=2,
    version=1,
    formula=_("已分析原话的情感分平均值，−1 到 1"),
    numerator=_("情感分之和"),
    denominator=_("已分析、写了字的反馈"),
    exclusions=_("已排除、已删除的反馈；尚未分析的；没有写字的"),
    source="feedback.nlp, current engine; interval: Student's t",
    reads=(Read("sentiments", MEASURES),),
    components=means.components,
    estimate=lambda found: means.estimate(found, -1, 1),
    size=lambda found: int(found["n"]),
)
