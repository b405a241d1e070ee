"""关系 NPS: the latest answer of each customer in the period, so that a frequent guest speaks once."""

from django.utils.translation import gettext_lazy as _

from metrics.definitions.definition import Definition, Read
from metrics.definitions.nps import components, estimate

MEASURES = {
    "promoters": "count(*) filter (where value >= 9)",
    "passives": "count(*) filter (where value between 7 and 8)",
    "detractors": "count(*) filter (where value <= 6)",
}

DEFINITION = Definition(
    code="nps_relationship",
    label=_("关系 NPS"),
    unit="points",
    direction=1,
    decimals=0,
    version=1,
    formula=_("100 ×（推荐者 − 贬损者）÷ 客户数"),
    numerator=_("每位客户在每个点内只取最近一次回答"),
    denominator=_("期内回答过的客户"),
    exclusions=_("认不出客户的回答；已排除、已删除的反馈"),
    source="as nps; one answer a customer and point, after all filters",
    reads=(Read("customers", MEASURES),),
    components=components,
    estimate=estimate,
    per_customer=True,
)
