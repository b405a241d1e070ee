"""What the causes a house starts with are called, in every language; a cause that was renamed keeps the house's own word."""

from functools import cache
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, Any] = {
    "product": _("产品"),
    "product.design": _("设计缺陷"),
    "product.batch": _("批次或来料"),
    "product.inspection": _("检验漏项"),
    "process": _("流程"),
    "process.missing": _("没有规定"),
    "process.not_followed": _("有规定没执行"),
    "process.handover": _("交接断档"),
    "people": _("人员"),
    "people.skill": _("不会做"),
    "people.attitude": _("态度"),
    "people.staffing": _("人手不够"),
    "system": _("系统"),
    "system.fault": _("系统故障"),
    "system.data": _("数据不对"),
    "supplier": _("供应商与物流"),
    "supplier.delivery": _("运输破损或延误"),
    "promise": _("承诺与说明"),
    "promise.unclear": _("说得不清楚"),
    "promise.too_much": _("说了做不到"),
}


@cache
def shipped(code: str) -> str:
    """A ready-made cause's label as it is stored, 简体中文."""
    with translation.override("zh-hans"):
        return str(LABELS[code])


def name_of(code: str, label: str) -> str:
    """A cause's name in the active language, unless the house gave it another."""
    return str(LABELS[code]) if code in LABELS and label == shipped(code) else label
