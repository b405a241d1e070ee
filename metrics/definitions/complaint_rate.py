"""投诉率: complaints received per ten thousand exposures (orders, visits …: the organisation's choice)."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.definition import Components, Definition, Measures, Read, count, scaled
from metrics.statistics import Estimate

PER = 10_000
UNSTABLE_BELOW = 100


def components(measures: Measures) -> Components:
    """complaints received, exposures."""
    return {"complaints": count(measures["complaints"]), "exposures": count(measures["exposures"])}


def estimate(found: Components) -> Estimate:
    """Per 10,000 exposures, exact Poisson; without exposure there is no rate."""
    return scaled(statistics.poisson_rate(found["complaints"], found["exposures"]), PER)


DEFINITION = Definition(
    code="complaint_rate",
    label=_("投诉率，每万单"),
    unit="per 10,000 exposures",
    direction=-1,
    decimals=1,
    version=2,
    formula=_("10,000 × 投诉数 ÷ 业务量"),
    numerator=_("期内收到的投诉，不论是否成立"),
    denominator=_("同期业务量（订单、到店等，种类与来源由公司选定：按事件自己数，或上传的）；没有业务量则没有数，不足 100 的标为不稳"),
    exclusions=_("已排除、已删除的反馈；渠道和主题没有自己的业务量，按全部业务量算"),
    source="exact Poisson interval (Garwood 1936)",
    reads=(
        Read("tickets", {"complaints": "count(*)"}),
        Read("exposure", {"exposures": "sum(r.n)"}, shared=frozenset({"channel", "topic"})),
    ),
    components=components,
    estimate=estimate,
    is_unstable=lambda found: 0 < int(found["exposures"]) < UNSTABLE_BELOW,
)
