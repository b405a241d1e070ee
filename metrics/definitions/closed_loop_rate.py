"""闭环率: of the detractors who can be reached, the share whom a person reached within a day of what they said."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.definition import Components, Definition, Measures, Part, Read, count, scaled
from metrics.statistics import Estimate

IN_TIME = "told_at <= asked_at + interval '24 hours'"
OVER = "asked_at + interval '24 hours' <= %(now)s"
MEASURES = {
    "contacted": f"count(*) filter (where {OVER} and is_reachable and {IN_TIME})",
    "reachable": f"count(*) filter (where {OVER} and is_reachable)",
    "contacted_all": f"count(*) filter (where {OVER} and {IN_TIME})",
    "detractors": f"count(*) filter (where {OVER})",
    "running": f"count(*) filter (where not ({OVER}))",
}


def components(measures: Measures) -> Components:
    """contacted of reachable; contacted_all of detractors is the raw ratio; running apart."""
    return {name: count(measures[name]) for name in MEASURES}


def estimate(found: Components) -> Estimate:
    """Percent, Wilson."""
    return scaled(statistics.wilson(found["contacted"], found["reachable"]), 100)


DEFINITION = Definition(
    code="closed_loop_rate",
    label=_("闭环率"),
    unit="%",
    direction=1,
    decimals=1,
    version=1,
    formula=_("100 × 24 小时内有人联系上的贬损者 ÷ 联系得上的贬损者"),
    numerator=_("收到后 24 小时内，有人回复、提出方案或联系上的"),
    denominator=_("推荐意愿 0 至 6 分、留有电话或邮箱的客户，已满 24 小时"),
    exclusions=_("没有留下联系方式的只进原始比；未满 24 小时的另列"),
    source="limit 24 h; complete windows only; interval: Wilson (Newcombe 1998)",
    reads=(Read("detractors", MEASURES),),
    components=components,
    estimate=estimate,
    parts={
        "n": Part(f"{OVER} and is_reachable"),
        "contacted": Part(f"{OVER} and is_reachable and {IN_TIME}"),
        "reachable": Part(f"{OVER} and is_reachable"),
        "contacted_all": Part(f"{OVER} and {IN_TIME}"),
        "detractors": Part(OVER),
        "running": Part(f"not ({OVER})"),
    },
    numerator_part="contacted",
    shows={"score": "r.value", "told_at": "r.told_at"},
)
