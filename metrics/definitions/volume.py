"""声量: how many voices came, by the day they speak of."""

from django.utils.translation import gettext_lazy as _

from metrics.definitions.definition import Components, Definition, Measures, Read, count
from metrics.statistics import Estimate


def components(measures: Measures) -> Components:
    """count of voices."""
    return {"count": count(measures["count"])}


def estimate(found: Components) -> Estimate:
    """A count is what it is: no interval; none at all is no value."""
    n = found["count"]
    return Estimate(float(n) if n else None, None, None, n)


DEFINITION = Definition(
    code="volume",
    label=_("声量"),
    unit="count",
    direction=1,
    decimals=0,
    version=1,
    formula=_("反馈条数"),
    numerator=_("反馈条数"),
    denominator=_("无"),
    exclusions=_("已排除、已删除的反馈"),
    source="a plain count",
    reads=(Read("voices", {"count": "sum(n)"}, kind="volume"),),
    components=components,
    estimate=estimate,
)
