"""解决率: of the complaints received in the period, the share that is solved by now."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.definition import Components, Definition, Measures, Part, Read, count, scaled
from metrics.statistics import Estimate

_RESOLVED = "r.state in ('resolved', 'closed') and r.resolved_at <= %(now)s"
MEASURES = {
    "resolved": f"count(*) filter (where {_RESOLVED})",
    "received": "count(*)",
}


def components(measures: Measures) -> Components:
    """resolved by now of received."""
    return {name: count(measures[name]) for name in MEASURES}


def estimate(found: Components) -> Estimate:
    """Percent, Wilson."""
    return scaled(statistics.wilson(found["resolved"], found["received"]), 100)


DEFINITION = Definition(
    code="resolution_rate",
    label=_("解决率"),
    unit="%",
    direction=1,
    decimals=1,
    version=1,
    formula=_("100 × 已解决 ÷ 期内收到"),
    numerator=_("期内收到、到现在已解决且没有重开的投诉"),
    denominator=_("期内收到的投诉"),
    exclusions=_("已排除、已删除的反馈"),
    source="cohort form; interval: Wilson (Newcombe 1998)",
    reads=(Read("cases", MEASURES),),
    components=components,
    estimate=estimate,
    parts={"n": Part(), "resolved": Part(_RESOLVED), "received": Part()},
    numerator_part="resolved",
    shows={"solved_at": "r.resolved_at"},
)
