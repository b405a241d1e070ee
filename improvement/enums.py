"""Words of improvement: actions and huddles."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class State(TextChoices):
    """Where an action stands in the circle."""

    PLAN = "plan", _("计划")
    DO = "do", _("执行")
    CHECK = "check", _("检查")
    ACT = "act", _("处置")
    CLOSED = "closed", _("已结束")


class Source(TextChoices):
    """What an action came from."""

    METRIC = "metric", _("指标")
    TOPIC = "topic", _("主题")
    TOUCHPOINT = "touchpoint", _("触点")
    TICKET = "ticket", _("投诉")
    HUDDLE = "huddle", _("例会")


class Verdict(TextChoices):
    """What the figures say of an action on its due date; nobody can choose it."""

    EFFECTIVE = "effective", pgettext_lazy("verdict", "有效")
    NOT_EFFECTIVE = "not", pgettext_lazy("verdict", "无效")
    INSUFFICIENT = "insufficient", _("数据不足")


class Lesson(TextChoices):
    """What is made of a checked action."""

    STANDARDISE = "standardise", _("定为标准")
    ADJUST = "adjust", _("调整后再试")
    STOP = "stop", _("停止")
