"""What topics and kinds of personal data are called on pages and in reports, in the reader's language."""

from django.utils.translation import gettext_lazy as _

from feedback.topics import LABELS
from metrics.definitions.definition import Word

TOPICS: dict[str, Word] = LABELS
PERSONAL_DATA: dict[str, Word] = {
    "mobile": _("手机号"),
    "phone": _("电话号码"),
    "id_card": _("身份证号"),
    "passport": _("护照号"),
    "bank_card": _("银行卡号"),
    "plate": _("车牌号"),
    "email": _("邮箱"),
    "address": _("地址"),
    "name": _("姓名"),
}


def topic(code: str) -> str:
    """A topic's name in the taxonomy; the organisation's own is `feedback.topics.names`."""
    return str(TOPICS.get(code, code))


def personal_data(kind: str) -> str:
    """What a span of personal data is."""
    return str(PERSONAL_DATA.get(kind, kind))
