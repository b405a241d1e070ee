"""Words of the outward links: what an endpoint and a delivery may be."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class EndpointState(TextChoices):
    """Whether an endpoint is spoken to."""

    ACTIVE = "active", _("启用")
    DISABLED = "disabled", _("停用")


class DisabledFor(TextChoices):
    """Why an endpoint is not spoken to."""

    BY_HAND = "by_hand", _("由人停用")
    GONE = "gone", _("对方答复 410，不再接收")
    FAILING = "failing", _("连续五天没有送达")


class DeliveryState(TextChoices):
    """What became of one message to one endpoint."""

    DUE = "due", _("待发送")
    DONE = "done", _("已送达")
    DEAD = "dead", _("死信")
