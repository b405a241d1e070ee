"""CSAT 满意率: the share of the top boxes; which boxes depends on the scale that was asked."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.definition import Components, Definition, Measures, Read, count, scaled
from metrics.statistics import Estimate

_BINS = "(array[h0, h1, h2, h3, h4, h5, h6, h7, h8, h9, h10])"
_POINTS = "(scale_max - scale_min + 1)"
# a scale of 3 → top 1; 4 to 7 → top 2; above → top 3
_TOP = (
    f"{_BINS}[scale_max + 1]"
    f" + case when {_POINTS} > 3 then {_BINS}[scale_max] else 0 end"
    f" + case when {_POINTS} > 7 then {_BINS}[scale_max - 1] else 0 end"
)
MEASURES = {"satisfied": f"sum({_TOP})", "answered": "sum(n)"}


def components(measures: Measures) -> Components:
    """satisfied (top boxes) of answered."""
    return {name: count(measures[name]) for name in MEASURES}


def estimate(found: Components) -> Estimate:
    """Percent, Wilson."""
    return scaled(statistics.wilson(found["satisfied"], found["answered"]), 100)


DEFINITION = Definition(
    code="csat",
    label=_("满意率 CSAT"),
    unit="%",
    direction=1,
    decimals=1,
    version=1,
    formula=_("100 × 满意 ÷ 回答数"),
    numerator=_("最高的格子：3 级取 1 格，4–7 级取 2 格，更多取 3 格"),
    denominator=_("全部已回答的满意度总评"),
    exclusions=_("已排除、已删除的反馈；分项评分"),
    source="top boxes by scale as Formbricks; interval: Wilson (Newcombe 1998)",
    reads=(Read("scores", MEASURES, kind="csat", test="r.item = '' and r.scale_max <= 10"),),
    components=components,
    estimate=estimate,
    size=lambda found: int(found["answered"]),
)
