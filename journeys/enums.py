"""Words of journey maps."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Lane(TextChoices):
    """What people write into a column; touchpoint, stage, emotion and metric have lanes of their own."""

    ROLE = "role", _("角色")
    TIME = "time", _("时间")
    SCENE = "scene", _("场景")
    EXPECTATION = "expectation", _("期望")
    PAIN = "pain", _("痛点")
    OPPORTUNITY = "opportunity", _("机会")
