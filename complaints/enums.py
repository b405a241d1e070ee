"""Words of the promise desk."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Severity(TextChoices):
    """How grave a complaint is; the only rank there is."""

    LOW = "low", _("轻微")
    NORMAL = "normal", _("一般")
    HIGH = "high", _("严重")
    CRITICAL = "critical", _("重大")


class State(TextChoices):
    """Where a ticket stands. `waiting` is any open state while a hold lasts; it is derived, never stored."""

    NEW = "new", _("待处理")
    HANDLING = "handling", _("处理中")
    PROPOSED = "proposed", _("方案待确认")
    RESOLVED = "resolved", _("已解决")
    CLOSED = "closed", _("已关闭")
    WAITING = "waiting", _("等待中")


class ClockState(TextChoices):
    """What a promise clock shows."""

    WAITING = "waiting", _("未开始")
    RUNNING = "running", _("进行中")
    PAUSED = "paused", _("暂停")
    MET = "met", _("已守约")
    BREACHED = "breached", _("已失约")
    EXCUSED = "excused", _("已免责")
    CANCELLED = "cancelled", _("已取消")


class PauseReason(TextChoices):
    """Why a promise waits."""

    WAITING_CUSTOMER = "waiting_customer", _("等客户")
    WAITING_THIRD_PARTY = "waiting_third_party", _("等第三方")
