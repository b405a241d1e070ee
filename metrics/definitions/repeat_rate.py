"""再次投诉率: of the cases whose thirty days are over, the share whose customer complained again of the same topic."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.definition import Components, Definition, Measures, Part, Read, count, scaled
from metrics.statistics import Estimate

OVER = "r.received_at + interval '30 days' <= %(now)s"
MEASURES = {
    "repeated": f"count(*) filter (where {OVER} and came_again)",
    "complete": f"count(*) filter (where {OVER})",
    "running": f"count(*) filter (where not ({OVER}))",
}


def components(measures: Measures) -> Components:
    """repeated within 30 days of complete (those days are over); running apart."""
    return {name: count(measures[name]) for name in MEASURES}


def estimate(found: Components) -> Estimate:
    """Percent, Wilson."""
    return scaled(statistics.wilson(found["repeated"], found["complete"]), 100)


DEFINITION = Definition(
    code="repeat_rate",
    label=_("再次投诉率"),
    unit="%",
    direction=-1,
    decimals=1,
    version=1,
    formula=_("100 × 30 天内同一客户同一主题再次投诉 ÷ 已满 30 天的投诉"),
    numerator=_("收到后 30 天内，同一客户又为同一主题投诉的"),
    denominator=_("认得出客户、有主题的投诉，已满 30 天，按收到日归组"),
    exclusions=_("合并掉的重复投诉；认不出客户的；没有主题的；未满 30 天的另列"),
    source="complete windows only; interval: Wilson (Newcombe 1998)",
    reads=(Read("repeats", MEASURES),),
    components=components,
    estimate=estimate,
    parts={"n": Part(OVER), "complete": Part(OVER), "repeated": Part(f"{OVER} and came_again")},
    numerator_part="repeated",
    shows={"is_back": "r.came_again"},
)
