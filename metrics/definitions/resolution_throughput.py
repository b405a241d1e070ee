"""解决吞吐: solved in the period of received in the period. Not the cohort form: it may exceed 100 %, and has no interval."""

from django.utils.translation import gettext_lazy as _

from metrics.definitions.definition import Components, Definition, Measures, Part, Read, count
from metrics.statistics import Estimate


def components(measures: Measures) -> Components:
    """resolved and received in the period, whatever came when; their difference is what the backlog grew by."""
    found = {name: count(measures[name]) for name in ("resolved", "received")}
    return {**found, "backlog_change": found["received"] - found["resolved"]}


def estimate(found: Components) -> Estimate:
    """Percent; the ratio of two different sets has no binomial interval."""
    if not found["received"]:
        return Estimate(None, None, None, 0)
    return Estimate(100 * found["resolved"] / found["received"], None, None, found["received"])


DEFINITION = Definition(
    code="resolution_throughput",
    label=_("解决吞吐"),
    unit="%",
    direction=1,
    decimals=1,
    version=1,
    formula=_("100 × 期内解决 ÷ 期内收到"),
    numerator=_("期内第一次解决（没有撤销）的投诉，不论何时收到"),
    denominator=_("期内收到的投诉"),
    exclusions=_("已排除、已删除的反馈；合并到别的投诉的重复件。可以超过 100%，不和解决率混用"),
    source="throughput form: resolved ÷ received, by the local day of each",
    reads=(Read("cases", {"received": "count(*)"}), Read("resolutions", {"resolved": "count(*)"})),
    components=components,
    estimate=estimate,
    parts={"n": Part(), "received": Part(), "resolved": Part(read=1)},
    numerator_part="resolved",
)
