"""Words of the promise desk."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# moves that hold the customer's own words; the others are colleagues'
CUSTOMERS = frozenset({"opened", "message", "rate", "decline"})


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


class HandoverState(TextChoices):
    """What became of a ticket offered to another unit."""

    ASKED = "asked", _("待接收")
    ACCEPTED = "accepted", _("已接手")
    REFUSED = "refused", _("已退回")
    WITHDRAWN = "withdrawn", _("已收回")
    LAPSED = "lapsed", _("已解决，不用再接")


class LinkKind(TextChoices):
    """How a complaint hangs on an earlier one."""

    DUPLICATE = "duplicate", _("重复")
    INCIDENT = "incident", _("群体事件")
    SPLIT = "split", _("拆分")


class ContactWay(TextChoices):
    """How somebody tried to reach the customer."""

    PHONE = "phone", _("电话")
    WECHAT = "wechat", _("微信")
    EMAIL = "email", _("邮件")
    SMS = "sms", _("短信")
    VISIT = "visit", _("当面")


class BulkOutcome(TextChoices):
    """What became of one ticket of a bulk move."""

    WAITING = "waiting", _("等着做")
    DONE = "done", _("已做")
    SAME = "same", _("本来就是")
    REFUSED = "refused", _("没有做")
    UNDOING = "undoing", _("正在撤销")
    UNDONE = "undone", _("已撤销")


class ApprovalState(TextChoices):
    """Where an offer above its maker's authority stands."""

    WAITING = "waiting", _("等批准")
    APPROVED = "approved", _("已批准")
    REFUSED = "refused", _("不批")
    WITHDRAWN = "withdrawn", _("已收回")


class Unmet(TextChoices):
    """First axis of why customers leave: what was not met."""

    EXPECTATION = "expectation", _("期望没有满足")
    NEED = "need", _("需求没有满足")
    NEITHER = "neither", _("都不是")


class LeftWith(TextChoices):
    """Second axis: how much of the problem stayed with the customer."""

    WHOLLY = "wholly", _("全留给了客户")
    PARTLY = "partly", _("留了一部分")
    NOT = "not", _("没有留")


class AxesState(TextChoices):
    """Who says where a case stands on the two axes: a person, the facts of its record, nobody yet."""

    CODED = "coded", _("已编码")
    SUGGESTED = "suggested", _("系统建议")
    OPEN = "open", _("还没编码")


class LeavingReason(TextChoices):
    """Why a customer left: the six names of the folk table, and what it has no name for."""

    DIED = "died", _("去世")
    MOVED = "moved", _("搬走了")
    FRIENDS = "friends", _("受朋友影响")
    COMPETITOR = "competitor", _("被竞争对手吸引")
    PRODUCT = "product", _("对产品不满意")
    INDIFFERENCE = "indifference", _("员工漠不关心")
    PRICE = "price", _("价格")
    UNSOLVED = "unsolved", _("问题没解决")
    NO_NEED = "no_need", _("不再需要")
    OTHER = "other", _("其他原因")
    UNKNOWN = "unknown", _("不知道")


class LeavingSource(TextChoices):
    """How a leaving record came."""

    PERSON = "person", _("人工登记")
    API = "api", _("接口")
    FILE = "file", _("导入")
