"""重开率: of the cases whose fourteen days after the solution are over, the share that came back in them."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.definition import Components, Definition, Measures, Part, Read, count, scaled
from metrics.statistics import Estimate

MEASURES = {"reopened": "count(*) filter (where came_back)", "complete": "count(*)"}


def components(measures: Measures) -> Components:
    """reopened within 14 days of complete (those days are over)."""
    return {name: count(measures[name]) for name in MEASURES}


def estimate(found: Components) -> Estimate:
    """Percent, Wilson."""
    return scaled(statistics.wilson(found["reopened"], found["complete"]), 100)


DEFINITION = Definition(
    code="reopen_rate",
    label=_("重开率"),
    unit="%",
    direction=-1,
    decimals=1,
    version=1,
    formula=_("100 × 解决后 14 天内重开 ÷ 已满 14 天的已解决投诉"),
    numerator=_("首次解决后 14 天内至少重开一次的投诉"),
    denominator=_("首次解决已满 14 天的投诉，按收到日归组"),
    exclusions=_("一小时内撤销的误操作；未满 14 天的"),
    source="complete windows only; interval: Wilson (Newcombe 1998)",
    reads=(Read("solutions", MEASURES, test="r.solved_at + interval '14 days' <= %(now)s"),),
    components=components,
    estimate=estimate,
    parts={"n": Part(), "complete": Part(), "reopened": Part("came_back")},
    numerator_part="reopened",
    shows={"solved_at": "r.solved_at", "is_back": "r.came_back"},
)
