"""What topics and kinds of personal data are called on pages and in reports, in the reader's language."""

from django.utils.translation import gettext_lazy as _

from metrics.definitions.definition import Word

TOPICS: dict[str, Word] = {
    "product_quality": _("产品质量"),
    "product_function": _("产品功能"),
    "price": _("价格"),
    "promotion": _("促销活动"),
    "stock": _("库存与缺货"),
    "delivery_speed": _("配送速度"),
    "delivery_damage": _("配送破损"),
    "staff_attitude": _("服务态度"),
    "staff_skill": _("专业能力"),
    "waiting_time": _("等待时间"),
    "environment": _("环境设施"),
    "hygiene": _("卫生清洁"),
    "safety": _("安全"),
    "refund": _("退款退货"),
    "after_sales": _("售后服务"),
    "billing": _("账单与收费"),
    "app_usability": _("应用易用性"),
    "information": _("信息与告知"),
    "privacy": _("隐私"),
    "reservation": _("预约预订"),
    "loyalty": _("会员与积分"),
    "other": _("其他"),
}
PERSONAL_DATA: dict[str, Word] = {
    "mobile": _("手机号"),
    "id_card": _("身份证号"),
    "bank_card": _("银行卡号"),
    "plate": _("车牌号"),
    "email": _("邮箱"),
    "address": _("地址"),
    "name": _("姓名"),
}


def topic(code: str) -> str:
    """A topic's name; the code where a tenant's own topic has none here."""
    return str(TOPICS.get(code, code))


def personal_data(kind: str) -> str:
    """What a span of personal data is."""
    return str(PERSONAL_DATA.get(kind, kind))
