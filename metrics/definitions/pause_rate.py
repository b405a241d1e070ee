"""暂停率: of the complaints received, the share that was held at least once, and for how many hours."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.definition import Components, Definition, Measures, Part, Read, count, scaled
from metrics.statistics import Estimate

MEASURES = {
    "paused": "count(*) filter (where n_pauses > 0)",
    "received": "count(*)",
    "pauses": "sum(n_pauses)",
    "paused_seconds": "sum(paused_seconds)",
    "near_cap": "count(*) filter (where near_cap)",
}


def components(measures: Measures) -> Components:
    """paused of received; how often, how long, and how many used four of their five days in a cycle."""
    return {name: count(measures[name]) for name in MEASURES}


def estimate(found: Components) -> Estimate:
    """Percent, Wilson."""
    return scaled(statistics.wilson(found["paused"], found["received"]), 100)


DEFINITION = Definition(
    code="pause_rate",
    label=_("暂停率"),
    unit="%",
    direction=-1,
    decimals=1,
    version=1,
    formula=_("100 × 暂停过的投诉 ÷ 期内收到"),
    numerator=_("计时至少暂停过一次的投诉"),
    denominator=_("期内收到的投诉"),
    exclusions=_("已排除、已删除的反馈；合并到别的投诉的重复件"),
    source="interval: Wilson (Newcombe 1998)",
    reads=(Read("holds", MEASURES),),
    components=components,
    estimate=estimate,
    parts={"n": Part(), "paused": Part("n_pauses > 0"), "received": Part(), "near_cap": Part("near_cap")},
    numerator_part="paused",
    shows={"n_pauses": "r.n_pauses", "paused_seconds": "r.paused_seconds"},
)
