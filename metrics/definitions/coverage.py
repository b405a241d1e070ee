"""客户覆盖率: of the known customers who met us, the share who was heard in the thirty days from then."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.definition import Components, Definition, Measures, Read, count, scaled
from metrics.statistics import Estimate

OVER = "r.local_day + 30 <= (%(now)s at time zone (select timezone from tenancy_organisation where id = %(org)s))::date"
MEASURES = {
    "heard": f"count(distinct r.customer_id) filter (where {OVER} and is_heard)",
    "customers": f"count(distinct r.customer_id) filter (where {OVER})",
    "running": f"count(distinct r.customer_id) filter (where not ({OVER}))",
}


def components(measures: Measures) -> Components:
    """heard of customers (a person once a point, his 30 days over); running apart."""
    return {name: count(measures[name]) for name in MEASURES}


def estimate(found: Components) -> Estimate:
    """Percent, Wilson."""
    return scaled(statistics.wilson(found["heard"], found["customers"]), 100)


DEFINITION = Definition(
    code="coverage",
    label=_("客户覆盖率"),
    unit="%",
    direction=1,
    decimals=1,
    version=1,
    formula=_("100 × 30 天内有声音的客户 ÷ 期内有订单、到店等事件的客户"),
    numerator=_("事件当天起 30 天内至少有一条声音的客户"),
    denominator=_("期内有业务事件、认得出的客户，一人一期只算一次，已满 30 天"),
    exclusions=_("认不出客户的事件；已排除、已删除的反馈；未满 30 天的另列；各期相加会重复"),
    source="share of customers with a signal; interval: Wilson (Newcombe 1998)",
    reads=(Read("meetings", MEASURES),),
    components=components,
    estimate=estimate,
)
