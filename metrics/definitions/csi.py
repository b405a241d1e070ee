"""CSI 满意度指数: the mean of each respondent's weighted index, computed when the answer came in."""

from django.utils.translation import gettext_lazy as _

from metrics.definitions import means
from metrics.definitions.definition import Definition, Read

DEFINITION = Definition(
    code="csi",
    label=_("满意度指数 CSI"),
    unit="0–100",
    direction=1,
    decimals=1,
    version=1,
    formula=_("每位受访者 100 × Σ 权重 ×（分 − 最低）÷（最高 − 最低），再取平均"),
    numerator=_("受访者指数之和"),
    denominator=_("答满六成权重的受访者"),
    exclusions=_("已排除、已删除的反馈；答题不足六成权重"),
    source="attribute model; index at write time (feedback.scoring); interval: Student's t",
    reads=(Read("scores", means.MEASURES, kind="csi", test="r.item = ''"),),
    components=means.components,
    estimate=lambda found: means.estimate(found, 0, 100),
    size=lambda found: int(found["n"]),
)
