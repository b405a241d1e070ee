"""触点覆盖率: of customers × touchpoints where they met us, the share that left a signal there within thirty days."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.coverage import OVER
from metrics.definitions.definition import Components, Definition, Measures, Part, Read, count, scaled
from metrics.statistics import Estimate

PAIR = "count(distinct (r.customer_id, r.touchpoint_id))"
_PAIR, _HEARD_FIRST = "r.customer_id, r.touchpoint_id", "is_heard_here desc"
MEASURES = {
    "heard": f"{PAIR} filter (where {OVER} and is_heard_here)",
    "pairs": f"{PAIR} filter (where {OVER})",
    "running": f"{PAIR} filter (where not ({OVER}))",
}


def components(measures: Measures) -> Components:
    """heard of pairs (a customer at a touchpoint once a point, his 30 days over); running apart."""
    return {name: count(measures[name]) for name in MEASURES}


def estimate(found: Components) -> Estimate:
    """Percent, Wilson."""
    return scaled(statistics.wilson(found["heard"], found["pairs"]), 100)


DEFINITION = Definition(
    code="touchpoint_coverage",
    label=_("触点覆盖率"),
    unit="%",
    direction=1,
    decimals=1,
    version=1,
    formula=_("100 × 30 天内在那个触点留下声音的（客户 × 触点）÷ 期内遇到过的（客户 × 触点）"),
    numerator=_("事件当天起 30 天内，这位客户在这个触点至少有一条声音"),
    denominator=_("期内有业务事件、认得出客户也认得出触点；一人一触点一期只算一次，已满 30 天"),
    exclusions=_("认不出客户或触点的事件；已排除、已删除的反馈；未满 30 天的另列；各期相加会重复"),
    source="customers × touchpoints with a signal (moment-of-truth coverage); interval: Wilson (Newcombe 1998)",
    reads=(Read("meetings", MEASURES, test="r.touchpoint_id is not null"),),
    components=components,
    estimate=estimate,
    parts={"n": Part(OVER, distinct=_PAIR, prefer=_HEARD_FIRST), "heard": Part(f"{OVER} and is_heard_here", distinct=_PAIR, prefer=_HEARD_FIRST)},
    shows={
        "event": "r.kind || ' ' || r.external_id",
        "place": "(select u.name from tenancy_unit u where u.organisation_id = r.organisation_id and u.id = r.unit_id)",
        "is_heard": "is_heard_here",
    },
)
