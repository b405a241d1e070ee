"""Words of questionnaires: kinds, states, bands, and why a person was not asked."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    """What one question measures; each kind has one scale."""

    NPS = "nps", _("推荐意愿 NPS")
    CSAT = "csat", _("满意度 CSAT")
    CES = "ces", _("费力度 CES")


class State(TextChoices):
    """A survey's life. A paused one asks nobody new; who was asked before may still answer."""

    DRAFT = "draft", _("草稿")
    PUBLISHED = "published", _("进行中")
    PAUSED = "paused", _("已暂停")
    CLOSED = "closed", _("已结束")


class Band(TextChoices):
    """Where a score lies; the follow-up adapts to it."""

    LOW = "low", _("低分")
    MIDDLE = "middle", _("中间分")
    HIGH = "high", _("高分")


class Decision(TextChoices):
    """What was decided for one event."""

    INVITED = "invited", _("已邀请")
    NOT_ASKED = "not_asked", _("没有问")


class Event(TextChoices):
    """Kinds of events that have a name; a tenant may send others."""

    ORDER = "order", _("下单")
    VISIT = "visit", _("光临")
    DELIVERY = "delivery", _("收货")
    REPAIR = "repair", _("维修")
    CALL = "call", _("来电")
    STAY = "stay", _("入住")
    TRIP = "trip", _("出行")
    RECOVERY = "recovery", _("投诉解决")


class Reason(TextChoices):
    """Why a person was not asked, in the order in which it is looked at."""

    SURVEY_PAUSED = "survey_paused", _("问卷已暂停")
    TOO_LATE = "too_late", _("消息来得太晚")
    NO_CUSTOMER = "no_customer", _("不知道是哪位客户")
    NO_EMAIL = "no_email", _("没有邮箱")
    UNSUBSCRIBED = "unsubscribed", _("客户已退订")
    QUIET_SURVEY = "quiet_survey", _("这份问卷刚问过")
    QUIET_GLOBAL = "quiet_global", _("别的问卷刚问过")
    NOT_SAMPLED = "not_sampled", _("没有抽中")
