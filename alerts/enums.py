"""Words of the notices."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class HopState(TextChoices):
    """What became of one attempt to reach somebody."""

    WAITING = "waiting", _("稍候合并")
    DUE = "due", _("正在发送")
    ACCEPTED = "accepted", _("对方已收下")
    REFUSED = "refused", _("对方不收")
    PASSED = "passed", _("两分钟没有收下")
