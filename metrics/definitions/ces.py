"""CES 费力度 2.0: the mean agreement, 1 to 7, that the firm made it easy; higher is easier."""

from django.utils.translation import gettext_lazy as _

from metrics.definitions import means
from metrics.definitions.definition import Definition, Read

DEFINITION = Definition(
    code="ces",
    label=_("费力度 CES"),
    unit="mean 1–7",
    direction=1,
    decimals=2,
    version=1,
    formula=_("1–7 分同意程度的平均值"),
    numerator=_("分数之和"),
    denominator=_("全部已回答的费力度题，1–7 分"),
    exclusions=_("已排除、已删除的反馈；不是 1–7 分的量表"),
    source="CES 2.0 (CEB): the mean is the primary form; interval: Student's t",
    reads=(Read("scores", means.MEASURES, kind="ces", test="r.item = '' and r.scale_min = 1 and r.scale_max = 7"),),
    components=means.components,
    estimate=lambda found: means.estimate(found, 1, 7),
    size=lambda found: int(found["n"]),
)
