"""NPS 净推荐值: every answer to the question how likely one is to recommend, 0 to 10."""

from django.utils.translation import gettext_lazy as _

from metrics import statistics
from metrics.definitions.definition import Components, Definition, Measures, Read, count
from metrics.statistics import Estimate

MEASURES = {
    "promoters": "sum(h9 + h10)::bigint",
    "passives": "sum(h7 + h8)::bigint",
    "detractors": "sum(h0 + h1 + h2 + h3 + h4 + h5 + h6)::bigint",
}


def components(measures: Measures) -> Components:
    """promoters (9–10), passives (7–8), detractors (0–6)."""
    return {
        "promoters": count(measures["promoters"]),
        "passives": count(measures["passives"]),
        "detractors": count(measures["detractors"]),
    }


def estimate(found: Components) -> Estimate:
    """Points, -100..100, adjusted Wald."""
    return statistics.nps(found["promoters"], found["passives"], found["detractors"])


DEFINITION = Definition(
    code="nps",
    label=_("NPS"),
    unit="points",
    direction=1,
    decimals=0,
    version=1,
    formula=_("100 ×（推荐者 − 贬损者）÷ 回答数"),
    numerator=_("9–10 分为推荐者，0–6 分为贬损者"),
    denominator=_("全部已回答的推荐意愿，0 分也算"),
    exclusions=_("已排除、已删除的反馈；没有回答的不算；按发生日计"),
    source="Reichheld 2003; interval: Rocks 2016, Lewis & Sauro 2021 (adjusted Wald)",
    reads=(Read("scores", MEASURES, kind="nps", test="r.item = ''"),),
    components=components,
    estimate=estimate,
    size=lambda found: sum(found[name] for name in MEASURES),
)
