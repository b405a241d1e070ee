"""员工 NPS: how likely employees are to recommend working here, by closed rounds of an anonymous question."""

from django.utils.translation import gettext_lazy as _

from metrics.definitions.definition import Definition, Read
from metrics.definitions.nps import components, estimate

MEASURES = {"promoters": "sum(promoters)::bigint", "passives": "sum(passives)::bigint", "detractors": "sum(detractors)::bigint"}

DEFINITION = Definition(
    code="enps",
    label=_("员工 NPS"),
    unit="points",
    direction=1,
    decimals=0,
    version=1,
    formula=_("100 ×（推荐者 − 贬损者）÷ 回答数"),
    numerator=_("“你有多愿意推荐亲友来这里工作”，9–10 分为推荐者，0–6 分为贬损者"),
    denominator=_("一轮里回答了的员工，一人一答；按开轮那天计"),
    exclusions=_("还没结束的一轮；不足 5 个回答的单元一律隐藏，任何密钥也看不到；从不算作客户的声音"),
    source="eNPS as NPS (Reichheld 2003) asked of employees; interval: adjusted Wald; answers kept as counts per unit and round",
    reads=(Read("pulses", MEASURES),),
    components=components,
    estimate=estimate,
    dimensions=("unit",),
    size=lambda found: sum(found[name] for name in MEASURES),
    is_anonymous=True,
)
